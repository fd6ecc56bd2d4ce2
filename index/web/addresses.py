"""An IP address enters, what is not public about it leaves: articles come from public ones alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address

# By IANA's special-purpose registry, not by `ipaddress.is_global`: that knows neither the relays of 6to4 nor multicast,
# and its answers change between Python's patch releases.
_SPECIAL_4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "an unspecified"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier's inner"),
        ("127.0.0.0/8", "this machine's own"),
        ("168.63.129.16/32", "a cloud host's inner"),
        ("169.254.0.0/16", "a link-local"),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a protocol's own"),
        ("192.0.2.0/24", "a documentation"),
        ("192.31.196.0/24", "a protocol's own"),
        ("192.52.193.0/24", "a protocol's own"),
        ("192.88.99.0/24", "a relay's"),
        ("192.168.0.0/16", "a private"),
        ("192.175.48.0/24", "a protocol's own"),
        ("198.18.0.0/15", "a benchmarking"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
    )
)
# Public IPv6 addresses are given out of 2000::/3 alone, so everything else is refused without a list of it.
_GIVEN_OUT_6 = IPv6Network("2000::/3")
_SPECIAL_6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("2001::/23", "a protocol's own"),  # Teredo, benchmarking and ORCHID among them
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a tunnel's (6to4)"),
        ("2620:4f:8000::/48", "a protocol's own"),
        ("3fff::/20", "a documentation"),
    )
)
_INNER_6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "an unspecified"),
        ("::1/128", "this machine's own"),
        ("fc00::/7", "a private"),
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a private"),
        ("ff00::/8", "a multicast"),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"})  # then the IPv4 address that the tunnel leads to
_NEIGHBOURS = 64  # bits in which the addresses of one IPv6 network agree


def not_public(address: IPAddress) -> str | None:
    """Return what kind of address this is, with its article ("a private"), or None for a public one.

    Public is what the internet at large routes to one machine. An IPv6 address that carries an IPv4 one (NAT64, ISATAP)
    is what that one is: on a network that speaks only IPv6, every IPv4 site is reached through NAT64.
    """
    if isinstance(address, IPv4Address):
        return _kind(address, _SPECIAL_4)
    if address in _NAT64:
        return not_public(IPv4Address(address.packed[12:]))
    if address not in _GIVEN_OUT_6:
        return next((kind for network, kind in _INNER_6 if address in network), "a reserved")
    if address.packed[8:12] in _ISATAP and (kind := not_public(IPv4Address(address.packed[12:]))):
        return kind
    return next((kind for network, kind in _SPECIAL_6 if address in network), None)


def is_neighbour(address: IPAddress, ours: IPAddress) -> bool:
    """Tell whether a public address is this machine's own or, in IPv6, one of the same local network.

    A router or printer at home has a public IPv6 address too; ``ours`` is the one this machine speaks from.
    """
    if isinstance(address, IPv6Address) and isinstance(ours, IPv6Address):
        return address.packed[: _NEIGHBOURS // 8] == ours.packed[: _NEIGHBOURS // 8]
    return address == ours


def _kind(address: IPv4Address, networks: tuple[tuple[IPv4Network, str], ...]) -> str | None:
    return next((kind for network, kind in networks if address in network), None)
