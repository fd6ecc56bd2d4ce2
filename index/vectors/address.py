"""Where a Chroma server is: a URL in, its address out; the password or token in it is sent, and never shown."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 8000, "https": 443}  # `chroma run` listens on 8000


@dataclass(frozen=True, slots=True)
class Address:
    """A Chroma server's address."""

    url: str
    """Scheme, host, port and path, without user or password: what may be shown."""
    is_loopback: bool
    """Whether it is this very machine: no proxy is asked for the way there."""
    authorization: str = field(default="", repr=False)
    """The value of the header of that name, or nothing."""

    def __str__(self) -> str:
        return self.url


def parse_address(url: str) -> Address:
    """Return the address that a URL names.

    ``http://HOST[:PORT]`` (8000) or ``https://HOST[:PORT]`` (443), with a path where a proxy wants one. ``TOKEN@``
    before the host is sent as a bearer token, ``USER:PASSWORD@`` as those. Raises ValueError saying what is wrong, and
    nothing of the URL: any part of one that is mistyped may be the secret.
    """
    parts = split_address(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    path = "" if parts.path == "/" else parts.path.rstrip("/")
    return Address(
        f"{parts.scheme}://{host}:{parts.port or _PORTS[parts.scheme]}{path}",
        is_loopback=is_loopback(parts.hostname or ""),
        authorization=_authorization(parts),
    )


def split_address(url: str) -> SplitResult:
    """Return the parts of ``http[s]://…`` with a host; ValueError saying what is wrong, and nothing of the URL."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("it contains a character that no address may contain")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("its host or its port is not valid") from None
    if parts.scheme not in _PORTS:
        raise ValueError("it does not begin with http:// or https://")
    if not parts.hostname or port == 0:
        raise ValueError("its host or its port is not valid")
    if parts.query or parts.fragment:
        raise ValueError("it contains ? or #; in a password, write these as %3F and %23")
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host is this very machine, which no other can reach; of names but localhost's it is not known."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _authorization(parts: SplitResult) -> str:
    user = unquote(parts.username or "")
    if parts.password is None:
        if not user.isascii() or not user.isprintable() or " " in user:  # no header's value; the client would print it
            raise ValueError("its token contains a character that no token may contain")
        return f"Bearer {user}" if user else ""
    pair = f"{user}:{unquote(parts.password)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
