"""A URL enters, the bytes of the one page it names leave; what may not be fetched is a FetchError saying why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from index.errors import FetchError

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have come and how many there will be (None: not said); it raises to stop the fetch."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much, how long and how far a fetch may go."""

    raw_bytes: int = 20_000_000
    """Most bytes of a body as it comes."""
    decoded_bytes: int = 50_000_000
    """Most bytes of a body once it is unpacked."""
    header_bytes: int = 64 * 1024
    """Most bytes of the headers of one reply."""
    connect_s: float = 10.0
    """Longest wait for a name's address, and again for a connection to it, TLS included."""
    total_s: float = 30.0
    """Longest fetch in all, redirects included."""
    redirects: int = 5
    """Most redirects followed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came."""

    url: str = field(repr=False)
    """Where it was in the end, after redirects, without user, password or fragment; its query may be a secret."""
    media_type: str | None
    """Its type in small letters without parameters, such as "text/html"; None where the server does not say."""
    content_type: str
    """The Content-Type header as it came, "" without one: the loader finds the character set in it."""
    data: bytes = field(repr=False)
    """The body, unpacked."""
    name: str
    """A name for it as a file: no folder, never empty, its suffix that of its type."""


def fetch(url: str, *, progress: Progress | None = None, limits: FetchLimits = FetchLimits()) -> Fetched:
    """Return the page at an http or https URL on the public internet; it blocks, and any thread may call it.

    What ``progress`` raises passes through; the connection is closed first. Raises FetchError for all else.
    """
    raise FetchError("Found no way to fetch a page yet.")
