"""The address of a proxy, as its user gives it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.app.password import Password
from assistant.app.public import Public, parse_public
from assistant.app.ui import _exposed, _hosts, start
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
        ("https://", "its host or its port is not valid"),
        ("https://chat.example.org:port", "its host or its port is not valid"),
        ("https://chat.example.org:0", "its host or its port is not valid"),
        ("https://*.example.org", "its host or its port is not valid"),
        ("https://a.example,https://b.example", "its host or its port is not valid"),
        ("https://[::1", "its host or its port is not valid"),
        ("https://reader:word@chat.example.org", "a user name or a password"),
        ("https://chat.example.org/?a=1", r"contains \? or #"),
        ("https://chät.example.org", "a character that no address may contain"),
        ("https://chat.example.org\nX: y", "a character that no address may contain"),
    ],
)
def test_what_is_none_is_one_line(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"--public-url is not a page's address: .*{why}.*") as caught:
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


SHOWN = parse_public("https://chat.example.org")


def test_without_a_password_only_the_public_name_and_this_machine_s_own_are_answered() -> None:
    hosts = _hosts("127.0.0.1", None, SHOWN)
    assert all(host in hosts for host in ("chat.example.org", "127.0.0.1", "localhost"))
    assert not any(host in hosts for host in ("evil.example", "example.org", "", None))
    assert "chat.example.org" not in _hosts("127.0.0.1", None, None)


def test_what_others_can_reach_through_a_proxy_is_not_opened_by_an_oversight() -> None:
    with pytest.raises(UsageError, match="found no password"):
        start(None, public=SHOWN)  # type: ignore[arg-type]


def test_the_user_is_told_what_others_can_do_and_read() -> None:
    password = Password("a red gate by the sea", made=False)
    assert _exposed("127.0.0.1", password, SHOWN) == _exposed("127.0.0.1", None, None) == []
    assert "asks for no password" in _exposed("127.0.0.1", None, SHOWN)[0]
    assert "plain http" in _exposed("127.0.0.1", password, parse_public("http://nas"))[0]
