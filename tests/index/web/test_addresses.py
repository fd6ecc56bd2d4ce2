"""Which addresses are public, by a second list, written from IANA's registries and the RFCs."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.web.addresses import is_neighbour, not_public

NOT_GLOBAL_4 = [
    "0.0.0.0/8",  # RFC 791: this network
    "10.0.0.0/8",  # RFC 1918
    "100.64.0.0/10",  # RFC 6598: carriers
    "127.0.0.0/8",  # RFC 1122: loopback
    "168.63.129.16/32",  # Azure: its machines' wire server
    "169.254.0.0/16",  # RFC 3927: link-local, clouds' metadata
    "172.16.0.0/12",  # RFC 1918
    "192.0.0.0/24",  # RFC 6890: protocol assignments, Oracle's metadata
    "192.0.2.0/24",  # RFC 5737: documentation
    "192.88.99.0/24",  # RFC 7526: relays of 6to4
    "192.168.0.0/16",  # RFC 1918
    "198.18.0.0/15",  # RFC 2544: benchmarks
    "198.51.100.0/24",  # RFC 5737
    "203.0.113.0/24",  # RFC 5737
    "224.0.0.0/4",  # RFC 5771: multicast
    "240.0.0.0/4",  # RFC 1112: reserved, and broadcast
]
NOT_GLOBAL_6 = [
    "::/128",  # RFC 4291: unspecified
    "::1/128",  # RFC 4291: loopback
    "::/96",  # RFC 4291: IPv4-compatible
    "::ffff:0:0/96",  # RFC 4291: IPv4-mapped
    "::ffff:0:0:0/96",  # RFC 2765: IPv4-translated
    "64:ff9b:1::/48",  # RFC 8215: local NAT64
    "100::/64",  # RFC 6666: discard
    "200::/7",  # RFC 4048: once NSAP
    "2001::/32",  # RFC 4380: Teredo
    "2001:2::/48",  # RFC 5180: benchmarks
    "2001:10::/28",  # RFC 4843: ORCHID
    "2001:20::/28",  # RFC 7343: ORCHIDv2
    "2001:db8::/32",  # RFC 3849: documentation
    "2002::/16",  # RFC 3056: 6to4
    "3fff::/20",  # RFC 9637: documentation
    "4000::/3",  # never given out, and so on
    "5f00::/16",  # RFC 9602: segment routing
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fc00::/7",  # RFC 4193: unique local
    "fe00::/9",
    "fe80::/10",  # RFC 4291: link-local
    "fec0::/10",  # RFC 3879: site-local
    "ff00::/8",  # RFC 4291: multicast
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "2001:200::1",
    "2001:4860:4860::8888",
    "64:ff9b::808:808",
    "2606:4700::5efe:808:808",
]


def inside(network: IPv4Network | IPv6Network) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.integers(int(network[0]), int(network[-1])).map(type(network[0]))


inner_4 = st.sampled_from(NOT_GLOBAL_4).flatmap(lambda network: inside(IPv4Network(network)))


@settings(max_examples=500, deadline=None)
@given(inner_4)
def test_no_ipv4_address_of_a_network_that_is_not_global_is_public(address):
    assert not_public(address)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(NOT_GLOBAL_6).flatmap(lambda network: inside(IPv6Network(network))))
def test_no_ipv6_address_of_a_network_that_is_not_global_is_public(address):
    assert not_public(address)


@pytest.mark.parametrize("text", NOT_GLOBAL_4 + NOT_GLOBAL_6)
def test_the_first_and_the_last_address_of_a_network_that_is_not_global_are_not_public(text):
    network = ip_network(text)
    assert not_public(network[0])
    assert not_public(network[-1])


@settings(max_examples=500, deadline=None)
@given(inner_4, st.integers(0, 2**32 - 1))
def test_an_inner_address_in_the_clothes_of_ipv6_is_not_public(inner, prefix):
    number = int(inner)
    for clothed in (
        number,  # compatible
        0xFFFF << 32 | number,  # mapped
        0xFFFF << 48 | number,  # translated
        0x64FF9B << 96 | number,  # NAT64
        0x64FF9B_0001 << 80 | number,  # NAT64 of a network of one's own
        0x2002 << 112 | number << 80,  # 6to4
        0x20010000 << 96 | ~number & 0xFFFFFFFF,  # Teredo
        (0x20000000 | prefix >> 3) << 96 | 0x5EFE << 32 | number,  # ISATAP
        (0x20000000 | prefix >> 3) << 96 | 0x02005EFE << 32 | number,  # ISATAP, of a global IPv4 address as it says
    ):
        assert not_public(IPv6Address(clothed)), IPv6Address(clothed)


@settings(max_examples=500, deadline=None)
@given(st.ip_addresses())
def test_what_python_takes_for_not_global_is_not_public(address):
    if not address.is_global or address.is_multicast:
        assert not_public(address)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_public(text):
    assert not_public(ip_address(text)) is None


def test_the_kind_of_an_address_is_said_in_words():
    kinds = [not_public(ip_address(text)) for text in ("10.1.2.3", "::1", "fe80::1", "64:ff9b::7f00:1", "4000::1")]
    assert kinds == ["a private", "this machine's own", "a link-local", "this machine's own", "a reserved"]


def test_a_neighbour_is_this_machine_or_one_of_its_ipv6_network():
    def neighbours(address: str, ours: str) -> bool:
        return is_neighbour(ip_address(address), ip_address(ours))

    assert neighbours("8.8.8.8", "8.8.8.8")
    assert not neighbours("8.8.8.9", "8.8.8.8")
    assert neighbours("2606:1:2:3::1", "2606:1:2:3:ffff::9")
    assert not neighbours("2606:1:2:4::1", "2606:1:2:3:ffff::9")
    assert not neighbours("2606:1:2:3::1", "192.168.1.2")
