"""A URL as people and servers write it enters, the parts a page is asked for by leave; an odd one is a ValueError.

The only place where a URL is taken apart: what is checked is what is connected to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from index.web.addresses import IPAddress

LONGEST = 4000
"""Characters of the longest URL taken: servers refuse those beyond 8,000 bytes, and browsers' own are shorter."""
PORTS = {"http": 80, "https": 443}
# An article's site is found at the usual ports; a request to any other might speak to something that is no web server.

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_LONGEST_SHOWN = 100
# What RFC 3986 allows in a path and in a query, and "%", so that what is encoded already stays as it is.
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_QUERY_SAFE = _PATH_SAFE + "?"
# RFC 6761, 6762, 7686, 8375, 9476 and ICANN's: none is a name on the internet, so no name server need hear of it.
_INNER_NAMES = ("localhost", "local", "internal", "home.arpa", "invalid", "test", "example", "onion", "alt")


@dataclass(frozen=True, slots=True)
class PageUrl:
    """Where a page is."""

    scheme: str
    host: str
    """A name in small ASCII letters, or an IP address without brackets, in its one canonical form."""
    target: str = field(repr=False)
    """Path and query, as they are sent; the query may be a secret."""

    @property
    def port(self) -> int:
        """The usual one: no other is taken."""
        return PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """The host as it stands in a URL and in the Host header."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def address(self) -> IPAddress | None:
        """The IP address that the host is, None for a name."""
        return _literal(self.host)

    @property
    def path(self) -> str:
        """The path alone, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def shown(self) -> str:
        """The URL as it may be shown: without its query, and not too long."""
        url = f"{self.scheme}://{self.authority}{self.path}"
        return url if len(url) <= _LONGEST_SHOWN else f"{url[: _LONGEST_SHOWN - 1]}…"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_page_url(url: str) -> PageUrl:
    """Return the parts of an http or https URL; its fragment is dropped.

    Raises ValueError saying what is wrong and what to do, and nothing of the URL: any part of one that is mistyped may
    be a secret.
    """
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its words may hold the user and password
        raise ValueError("its host or its port is not valid. Check the URL.") from None
    if parts.scheme not in PORTS or not url[len(parts.scheme) :].startswith("://"):
        raise ValueError("it does not begin with https:// or http://. Write the whole URL.")
    if "@" in parts.netloc:
        raise ValueError("it contains a user name or a password, which are never sent. Remove everything before the @.")
    if port is not None and port != PORTS[parts.scheme]:
        raise ValueError(
            f"it names port {port}, but pages are fetched from the usual port only ({PORTS[parts.scheme]} for "
            f"{parts.scheme}). Save the page and add the file."
        )
    target = quote(parts.path, safe=_PATH_SAFE) or "/"
    if parts.query:
        target += "?" + quote(parts.query, safe=_QUERY_SAFE)
    return PageUrl(parts.scheme, _host(parts.netloc), target)


def follow(page: PageUrl, location: str) -> PageUrl:
    """Return where a redirect from ``page`` leads; the same errors as `parse_page_url`."""
    # Servers write spaces into a Location that belong encoded; in a host even "%20" is refused.
    location = location.strip(" \t").replace(" ", "%20")
    _check_characters(location)  # before urljoin, which drops tabs and line ends in silence
    if _SCHEME.match(location):  # whole, or none: urljoin would make something of "http:///x" too
        return parse_page_url(location)
    try:
        joined = urljoin(str(page), location)
    except ValueError:
        raise ValueError("its host or its port is not valid. Check the URL.") from None
    return parse_page_url(joined)


def _check_characters(url: str) -> None:
    if len(url) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters. Save the page and add the file.")
    if any(not c.isprintable() or c.isspace() or c == "\\" for c in url):
        raise ValueError("it contains a space, a backslash or an invisible character. Copy it again.")


def _host(netloc: str) -> str:
    """Return the host of ``host[:port]`` in its one form."""
    if netloc.startswith("["):
        return _ipv6(netloc[1 : netloc.index("]")], rest=netloc[netloc.index("]") + 1 :])
    host = netloc.partition(":")[0]
    if not host:
        raise ValueError("it names no host. Write the whole URL.")
    host = host.lower() if host.isascii() else _to_ascii(host)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("its host is not a name that a site can have. Check the URL.")
    if any(label.startswith("xn--") for label in labels):
        _check_encoded(host)
    if len(labels) == 1 or host.endswith(tuple(f".{name}" for name in _INNER_NAMES)):
        raise ValueError("its host is not a name on the public internet. Save the page and add the file.")
    return host


def _ipv6(host: str, *, rest: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        address = None
    if address is None or address.scope_id or (rest and not rest.startswith(":")):
        raise ValueError("its host is not an IPv6 address. Check the URL.")
    return str(address)


def _ipv4(host: str) -> str:
    # Programs read 0177.1, 0x7f000001 and 2130706433 each in its own way; only four plain numbers have one meaning.
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError("its host ends in a number but is not an IPv4 address. Write four plain numbers.") from None


def _literal(host: str) -> IPAddress | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except AddressValueError:
            continue
    return None


def _to_ascii(host: str) -> str:
    # Imported here: nearly every host is ASCII, and its tables are large.
    import idna

    try:
        found = idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise ValueError("its host is not a name that a site can have. Check the URL.") from None
    # Digits of other shapes become plain ones here: a person who means an address writes it in plain ones.
    if _NUMBER.fullmatch(found.rpartition(".")[2]):
        raise ValueError("its host is a number in unusual digits. Write it in plain digits.")
    return found


def _check_encoded(host: str) -> None:
    """Raise ValueError for a name in Punycode that no registry gives out."""
    import idna

    try:
        for label in host.split("."):
            if label.startswith("xn--"):
                idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        raise ValueError("its host is not a name that a site can have. Check the URL.") from None
