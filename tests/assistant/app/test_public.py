"""The address of a proxy, as its user gives it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.public import Public, parse_public
from assistant.errors import UsageError


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://c.example", Public("https://c.example/", "https://c.example", "c.example")),
        ("HTTPS://C.Example:443/", Public("https://c.example/", "https://c.example", "c.example")),
        ("https://c.example:8443/chat", Public("https://c.example:8443/chat/", "https://c.example:8443", "c.example")),
        ("http://nas/Chat/", Public("http://nas/Chat/", "http://nas", "nas")),
        ("http://[FD00::5]:80", Public("http://[fd00::5]/", "http://[fd00::5]", "fd00::5")),
    ],
)  # fmt: skip
def test_an_address_is_read_as_browsers_spell_it(url: str, public: Public) -> None:
    assert parse_public(url) == public


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("chat.example.org", "does not begin with http"),
        ("ftp://chat.example.org", "does not begin with http"),
        ("https://", "its host or its port is none"),
        ("https://chat.example.org:port", "its host or its port is none"),
        ("https://chat.example.org:0", "its host or its port is none"),
        ("https://*.example.org", "its host or its port is none"),
        ("https://a.example,https://b.example", "its host or its port is none"),
        ("https://[::1", "its host or its port is none"),
        ("https://reader:word@chat.example.org", "a user or a password"),
        ("https://chat.example.org/?a=1", r"goes on after \?"),
        ("https://chät.example.org", "a character that no address has"),
        ("https://chat.example.org\nX: y", "a character that no address has"),
    ],
)
def test_what_is_none_is_one_line(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"--public-url is no address of a page: .*{why}.*") as caught:
        parse_public(url)
    assert "\n" not in str(caught.value)
    assert "word" not in str(caught.value).replace("password", "")


@given(st.one_of(st.text(), st.text().map("https://{}".format)))
def test_whatever_is_given_is_an_address_or_a_line(url: str) -> None:
    try:
        public = parse_public(url)
    except UsageError:
        return
    assert parse_public(public.url) == public
    assert public.url.startswith(f"{public.origin}/")
