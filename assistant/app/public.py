"""Where a proxy shows the app: the address that users open comes in, what the guards compare with leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.app.http import origin_of
from assistant.errors import UsageError
from index.vectors.address import split_address

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Public:
    """The address under which users open an app that stands behind a proxy."""

    url: str
    """With a slash at its end."""
    origin: str
    """As browsers spell it."""
    host: str
    """In lower case, without a port."""


def parse_public(url: str) -> Public:
    """Return what ``http[s]://HOST[:PORT][/PATH]`` names; raise UsageError where it is no such address."""
    try:
        parts = split_address(url)
        wrong = "it contains a user name or a password" if "@" in parts.netloc else ""
        wrong = wrong or ("" if _HOST.fullmatch(parts.hostname or "") else "its host or its port is not valid")
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise UsageError(
            f"--public-url is not a page's address: {wrong}. Give the one that users open, as https://chat.example.org."
        )
    origin = origin_of(parts.scheme, parts.netloc)
    return Public(f"{origin}{parts.path.rstrip('/')}/", origin, parts.hostname or "")
