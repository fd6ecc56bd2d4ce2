"""A page's URL and a connection enter, the head of the reply and then its body, piece by piece, leave.

HTTP is spoken through h11 alone, the parser under our HTTP client: it keeps no cookies, reads no .netrc, knows no
proxy, follows nothing and logs nothing, so none of this need be turned off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import FetchError
from index.web.page_url import PageUrl
from index.web.wire import Connection, Watch

if TYPE_CHECKING:
    import h11

_TOO_LARGE = 431  # h11's hint for a head that outgrows its limit


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answers."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters; of several of a name, the first."""
    body: Iterator[bytes]
    """As it comes, never more than a block at a time; FetchError where it breaks off."""


def get(page: PageUrl, connection: Connection, *, headers: Mapping[str, str], header_bytes: int, watch: Watch) -> Reply:
    """Ask for a page and return the reply once its head has come; the caller closes the connection.

    Raises FetchError for what is no HTTP, and for a head of more than ``header_bytes``.
    """
    import h11  # imported here: the app starts without it

    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=header_bytes)
    request = h11.Request(
        method="GET", target=page.target, headers=[("Host", page.authority), *headers.items(), ("Connection", "close")]
    )
    with contextlib.suppress(OSError):  # one who hangs up on the question may have answered before
        connection.write((state.send(request) or b"") + (state.send(h11.EndOfMessage()) or b""), watch)
    events = _events(page, state, connection, watch)
    head = next(event for event in events if isinstance(event, h11.Response))  # after any number of 1xx
    found: dict[str, str] = {}
    for name, value in head.headers:
        found.setdefault(name.decode("ascii"), _text(value))
    return Reply(head.status_code, found, (bytes(event.data) for event in events if isinstance(event, h11.Data)))


def _events(page: PageUrl, state: h11.Connection, connection: Connection, watch: Watch) -> Iterator[h11.Event]:
    """Yield what the server says until its message ends; FetchError where it ends before that."""
    import h11

    while True:
        try:
            event = state.next_event()
            if event is h11.NEED_DATA:
                state.receive_data(connection.read(watch))
                continue
        except h11.RemoteProtocolError as error:
            raise _unreadable(page, state, error) from None  # its words are the server's, and may be without end
        except OSError as error:
            raise _broken(page) from error
        if not isinstance(event, h11.Event):
            return
        yield event
        if isinstance(event, h11.EndOfMessage):
            return


def _unreadable(page: PageUrl, state: h11.Connection, error: h11.RemoteProtocolError) -> FetchError:
    if error.error_status_hint == _TOO_LARGE:
        return FetchError(f"Found endless headers at {page.shown}; expected a page. Save the page and add the file.")
    _, ended = state.trailing_data
    if ended:
        return _broken(page)
    return FetchError(f"Found an answer at {page.shown} that is not HTTP; expected a page. Check the URL.")


def _broken(page: PageUrl) -> FetchError:
    return FetchError(f"Found {page.shown} broken off before its end; expected all of it. Try again later.")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
