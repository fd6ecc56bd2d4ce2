"""A page is fetched from the public internet and from nowhere else, whatever URL, name server or redirect leads there.

What was connected to is told by a guard on the sockets themselves, not by the code under test: it lets connections to
the public addresses of the tests go to a website on loopback, and refuses and records all others.
"""

import ipaddress
import json
import logging
import re
import socket
import ssl
import sys
import threading
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from index.errors import FetchError, LoadError
from index.web.connect import Network
from index.web.fetch import Fetched, FetchLimits, fetch

SITE, OTHER, FIRST, SITE_6 = "93.184.215.14", "93.184.215.15", "93.184.215.16", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
PAGE = b"<!doctype html><title>The Tay Bridge</title><p>The bridge was opened in 1887.</p>\n"
LOOK_UPS = {
    "article.example.com": [SITE],
    "other.example.com": [OTHER],
    "first.example.com": [FIRST],
}

Where = tuple[str, int]


@dataclass
class Guard:
    """Who was connected to, and which names the system itself was asked for."""

    routes: dict[Where, Where] = field(default_factory=dict)
    """The few that may be connected to, and where on loopback they really are."""
    attempts: list[Where] = field(default_factory=list)
    system_look_ups: list[object] = field(default_factory=list)
    refused: list[object] = field(default_factory=list)
    """What reached the operating system, and must not."""


_on_duty: list[Guard] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    # Python's own hook, beneath every way to use a socket; one that is set can never be taken off.
    if not _on_duty:
        return
    guard = _on_duty[0]
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        if arguments[1] not in guard.routes.values():
            guard.refused.append(arguments[1])
            raise ConnectionRefusedError(111, "refused by the test's guard")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}:
        guard.system_look_ups.append(arguments[0])


sys.addaudithook(_audit)


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """A guard on duty, with no route."""
    guard = Guard()
    really = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        guard.attempts.append(address[:2])
        if address[:2] not in guard.routes:
            raise ConnectionRefusedError(111, "refused by the test's guard")
        really(self, guard.routes[address[:2]])

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: pytest.fail("a way around the guard"))
    _on_duty.append(guard)
    yield guard
    _on_duty.clear()
    assert guard.refused == []
    assert guard.system_look_ups == []


@dataclass
class Names:
    """A name server that follows a script; the last answer of a name is its answer for good. Others are ``SITE``."""

    script: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        answers = self.script.get(host) or [LOOK_UPS.get(host, [SITE])]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def line_of(url: str, network: Network, **more: Any) -> str:
    """Return the line of the error that fetching ends in."""
    with pytest.raises(FetchError) as caught:
        fetch(url, _network=network, **more)
    line = str(caught.value)
    assert line.startswith("Found ")
    assert line.endswith(".")
    assert "\n" not in line
    return line


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@dataclass
class Site:
    """The website on loopback, as ``article.example.com``."""

    party: Any
    guard: Guard
    names: Names
    network: Network

    def get(self, path: str, **more: Any) -> Fetched:
        return fetch(f"http://article.example.com/{path}", _network=self.network, **more)

    def line(self, path: str, **more: Any) -> str:
        """Return the line of the error that fetching ends in."""
        return line_of(f"http://article.example.com/{path}", self.network, **more)

    def seen(self, target: str, *, url: str | None = None, context: ssl.SSLContext | None = None) -> dict[str, Any]:
        _on_duty.clear()
        request = f"{url or self.party.url}/seen?{quote(target, safe='')}"
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect", _connect_itself)
            with opener.open(request, timeout=5) as reply:
                facts = json.loads(reply.read())
        _on_duty.append(self.guard)
        assert isinstance(facts, dict)
        return facts


_connect_itself = socket.socket.connect


@pytest.fixture
def site(web: Any, guard: Guard) -> Site:
    where = ("127.0.0.1", port_of(web.url))
    guard.routes = {(SITE, 80): where, (FIRST, 80): where}
    names = Names()
    return Site(web, guard, names, Network(look_up=names))


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# ----------------------------------------------------------------------------------------------- addresses

INNER = """
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200 100.127.255.255
127.0.0.0 127.0.0.1 127.1.2.3 127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.253 169.254.169.254 169.254.170.2
172.16.0.0 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1
192.88.99.2 192.168.0.0 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
224.0.0.251 239.255.255.250 240.0.0.1 255.255.255.254 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8
::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::100.64.0.1
64:ff9b::168.63.129.16 64:ff9b::192.88.99.1 64:ff9b:1::1 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff:a:b:c:d 64:ff9b:0:1::1 100::1
200::1 1000::1 2001::1 2001:0:5ef5:79fb:0:59d:a0e5:a0e5 2001::f7f7:f7f7 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1
2001:db8::1 2002::1 2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 2620:4f:8000::1 3fff::1 4000::1
5f00::1 8000::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe00::1 fe80::1 fe80::ffff fec0::1 feff::1 ff01::1 ff02::1
ff0e::1 2606:4700::5efe:127.0.0.1 2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1 fe80::5efe:8.8.8.8
""".split()
PUBLIC = f"""
1.1.1.1 8.8.8.8 9.9.9.9 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15 168.63.129.17 169.253.1.1
172.15.255.255 172.32.0.0 192.167.1.1 192.169.1.1 198.17.1.1 198.20.1.1 223.255.255.255 {SITE} {SITE_6}
2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1 64:ff9b::8.8.8.8
""".split()
ADDRESSES = [(address, False) for address in INNER] + [(address, True) for address in PUBLIC]


def canonical(address: str) -> str:
    return str(ipaddress.ip_address(address))


@pytest.mark.parametrize(("address", "is_public"), ADDRESSES)
def test_an_address_in_a_url_is_connected_to_only_if_it_is_public(address: str, is_public: bool, guard: Guard):
    line = line_of(f"http://{in_url(address)}/", Network(look_up=Names()))
    assert guard.attempts == ([(canonical(address), 80)] if is_public else [])
    assert ("no answer" in line) == is_public


@pytest.mark.parametrize(("address", "is_public"), ADDRESSES)
def test_an_address_by_name_is_connected_to_only_if_it_is_public(address: str, is_public: bool, guard: Guard):
    names = Names({"name.example.com": [[address]]})
    line = line_of("https://name.example.com/", Network(look_up=names))
    assert guard.attempts == ([(canonical(address), 443)] if is_public else [])
    assert ("no answer" in line) == is_public
    assert names.asked == ["name.example.com"]


@pytest.mark.parametrize("host", ["literal", "name"])
@pytest.mark.parametrize(("address", "is_public"), ADDRESSES)
def test_an_address_by_redirect_is_connected_to_only_if_it_is_public(
    address: str, is_public: bool, host: str, site: Site
):
    site.guard.routes.pop((SITE, 80))
    site.names.script["name.example.com"] = [[address]]
    target = f"http://{in_url(address) if host == 'literal' else 'name.example.com'}/"
    line_of(f"http://first.example.com/to?{quote(target, safe='')}", site.network)
    assert site.guard.attempts == [(FIRST, 80), *([(canonical(address), 80)] if is_public else [])]


# --------------------------------------------------------------------------------------------- forms of URLs

WHOLE = "http://article.example.com"


def _forms(text: str) -> list[str]:
    return re.split(r"[ \n]+", text.strip("\n"))  # not split(): other spaces are a part of some


FORMS = {
    "no page of the web": """
file:///etc/passwd file://article.example.com/x FILE:///etc/passwd ftp://article.example.com/x
gopher://article.example.com/1 data:text/html,hello javascript:alert(1) about:blank urn:isbn:1
jar:http://article.example.com!/x blob:https://article.example.com/x mailto:a@article.example.com
view-source:http://article.example.com/ ws://article.example.com/ wss://article.example.com/
dict://article.example.com:2628/ ldap://article.example.com/ tftp://article.example.com/x sftp://article.example.com/x
smb://article.example.com/x chrome://settings netdoc:///etc/passwd http+unix://%2Fvar%2Frun%2Fdocker.sock/x
unix:/var/run/docker.sock httpx://article.example.com/ httphttp://article.example.com/ url:http://article.example.com/
""",
    "no host": """
http:// https:// http:/// http:///etc/passwd http://?x http://#x http://:80/
""",
    "a user, or what looks like one": """
http://user@article.example.com/ http://user:secret@article.example.com/ http://@article.example.com/
http://:@article.example.com/ http://article.example.com@127.0.0.1/ http://127.0.0.1@article.example.com/
http://article.example.com:80@127.0.0.1/ http://127.0.0.1:80@article.example.com:80/ http://a@b@article.example.com/
http://article.example.com%40127.0.0.1/
""",
    "ports": """
http://article.example.com:22/ http://article.example.com:25/ http://article.example.com:0/
http://article.example.com:65536/ http://article.example.com:99999/ http://article.example.com:-1/
http://article.example.com:+80/ http://article.example.com:443/ http://article.example.com:80:80/
http://article.example.com:x/ http://article.example.com:80x/ http://article.example.com:8080/
http://article.example.com:8443/ http://article.example.com:8000/ http://article.example.com:6379/
http://article.example.com:11211/ http://article.example.com:\u0668\u0660/ http://article.example.com:8_0/
http://article.example.com:%380/ https://article.example.com:80/ https://article.example.com:8443/
""",
    "characters that parsers split on": """
http://article.example.com\\@127.0.0.1/ http:\\\\article.example.com\\ http://127.0.0.1\\.article.example.com/
http://article.example.com/a\\b http://article.example.com/\\@127.0.0.1/ http://article.example.com?\\
http://article.example.com\t/ http://127.0.0.1\t.example.com/ http://article.example.com/a\tb
http://article.example.com/\x7f http://article.example.com/a\x0bb http://exa\u00admple.com/ http://exa\u200bmple.com/
http://exa\u00a0mple.com/ http://article.example.com/\u202egnp.exe http://article.example.com\u3000/
\ufeffhttp://article.example.com/ http://article.example.com/a\u2028b http://article.example.com/\ue000
http://%6c%6f%63alhost/ http://127%2e0%2e0%2e1/ http://article.example.com%00.evil.example.com/
http://article.example.com%2f@127.0.0.1/ http://article%2eexample.com/ http://[::1%25lo]/ http://[fe80::1%25eth0]/
http://[fe80::1%eth0]/ http://[2606:4700::1%251]/ http://a|b.example.com/
""",
    "numbers for hosts": """
http://2130706433/ http://0x7f000001/ http://017700000001/ http://0177.0.0.1/ http://0x7f.0.0.1/ http://127.1/
http://127.0.1/ http://127.0.0.01/ http://127.0.0.1./ http://0127.0.0.1/ http://0/ http://00000127.0.0.1/
http://127.0.0.1.1/ http://256.0.0.1/ http://1.2.3/ http://1.2.3.4.5/ http://0x/ http://1.2.3.0x4/
http://1.2.3.4.0x7F/ http://0X7F000001/ http://93.184.215.014/ http://0x5db8d70e/ http://1572394766/
http://93.184.55054/ http://.127.0.0.1/ http://127..0.0.1/ http://\uff11\uff12\uff17.0.0.1/
http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/ http://127\u30020\u30020\u30021/ http://127\uff0e0\uff0e0\uff0e1/
http://\u0661\u0662\u0667.0.0.1/ http://\uff10\uff58\uff17\uff46.1/ http://93.184.215.\uff11\uff14/
http://127.0.0.1:80:80/ http://127.0.0.1\uff1a80/
""",
    "brackets": """
http://[::1 http://::1/ http://[::1]]/ http://[[::1]]/ http://[::1]x/ http://[::1].example.com/ http://[1::2::3]/
http://[v1.x]/ http://[]/ http://[127.0.0.1]/ http://[::ffff:0177.0.0.1]/ http://[::127.0.0.1]/
http://[0:0:0:0:0:ffff:7f00:1]/ http://[0000::0001]/ http://a[::1]/ http://[::FFFF:127.0.0.1]:80/
http://[0:0:0:0:0:0:0:1]/ http://2606:4700::1111/
""",
    "names that are none of the internet": """
http://localhost/ http://LOCALHOST/ http://localhost./ http://a.localhost/ http://router.local/
http://printer.home.arpa/ http://metadata.google.internal/ http://x.test/ http://x.invalid/ http://x.example/
http://x.onion/ http://x.alt/ http://intranet/ http://com/ http://article.example.com./ http://LOCAL\u029cost/
http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/ http://a.\uff4cocal/
""",
    "names that are none at all": """
http://a..example.com/ http://.example.com/ http://-a.example.com/ http://a-.example.com/
http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com/ http://exa*mple.com/
http://exa'mple.com/ http://exa,mple.com/ http://exa;mple.com/ http://exa$mple.com/ http://xn--/
http://xn--a.example.com/ http://xn--zzzzzz9.example.com/ http://\u2603.example.com/ http://\u2100.example.com/
http://\u0301a.example.com/ http://article.example.com\u2044x.com/ http://article.example.com\uff0fx.com/
http://article.example.com\uff03x/ http://article.example.com\uff1fx/ http://article.example.com\uff20127.0.0.1/
http://\u05d0a.example.com/
""",
}
"""Never taken, by what is wrong with them."""

REFUSED = [form for forms in FORMS.values() for form in _forms(forms)]
REFUSED += [f"http://{'a' * 64}.example.com/", f"http://{'a.' * 124}example.com/"]
# As a Location these lead elsewhere on the site that sends them, or cannot be sent whole.
REFUSED_AS_TYPED = _forms("""
http http: article.example.com article.example.com/x www.example.com 127.0.0.1 ::1 /x ?x #x //article.example.com/
//127.0.0.1/ http:/article.example.com/ http:article.example.com \thttp://article.example.com/
http://article.example.com/\x00 http://article.example.com/\ud800 h\u0442tp://article.example.com/
""")
REFUSED_AS_TYPED += [
    "",
    " ",
    f" {WHOLE}/",
    f"{WHOLE}/ ",
    f"{WHOLE}/a b",
    "http://exa mple.com/",
    f"{WHOLE}/{'a' * 4000}",
]
REFUSED_AS_TYPED += [f"{WHOLE}/\r\nX: y", f"{WHOLE}\r\n.example.com/", "ht\ntp://example.com/", "http://exa\nmple.com/"]
TAKEN = _forms("""
http://article.example.com HTTP://article.example.com/ hTtP://ARTICLE.Example.COM/x http://article.example.com:80/
http://article.example.com:/ http://article.example.com:080/ http://article.example.com?q=1
http://article.example.com#part http://article.example.com/#@127.0.0.1 http://article.example.com?@127.0.0.1/
http://article.example.com/x@127.0.0.1 http://article.example.com/http://127.0.0.1/
http://article.example.com/?u=http://127.0.0.1:22/ http://article.example.com/:22 http://article.example.com/a/../../b
http://article.example.com/%2e%2e/ http://article.example.com/%00 http://article.example.com//127.0.0.1/
http://article.example.com/;x=1 http://article.example.com/\u65e5\u672c http://article.example.com/?\u65e5=\u672c
http://article.example.com/a|b^c`d{e}<f>\"g http://article.example.com/%zz http://article.example.com/'
http://article.example.com/?a[]=1 http://m\u00fcnchen.example.com/ http://M\u00dcNCHEN.example.com/
http://fa\u00df.example.com/ http://\u4f8b\u3048.example.com/ http://\u4f8b\u3048\u3002example.com/
http://\uff41rticle.example.com/ http://xn--mnchen-3ya.example.com/ http://my_site.example.com/ http://1.example.com/
http://a--b.example.com/ http://127.0.0.1.example.com/ http://localhost.example.com/ http://test.example.com/
http://0x7f.example.com/ http://93.184.215.14/ http://93.184.215.14:80/x
http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com/ http://article.example.co/
""")


@pytest.mark.parametrize("url", REFUSED + REFUSED_AS_TYPED)
def test_a_url_of_an_odd_form_reaches_neither_a_host_nor_a_name_server(url: str, guard: Guard):
    names = Names()
    line_of(url, Network(look_up=names))
    assert guard.attempts == []
    assert names.asked == []


@pytest.mark.parametrize("url", REFUSED)
def test_a_redirect_to_a_url_of_an_odd_form_reaches_nobody(url: str, site: Site):
    site.guard.routes.pop((SITE, 80))
    line_of(f"http://first.example.com/to?{quote(url, safe='')}", site.network)
    assert site.guard.attempts == [(FIRST, 80)]
    assert site.names.asked == ["first.example.com"]


@pytest.mark.parametrize("url", TAKEN)
@pytest.mark.parametrize("way", ["typed", "typed with https", "by redirect", "by redirect to https"])
def test_a_url_of_a_usual_form_reaches_its_host_and_no_other(url: str, way: str, site: Site):
    site.guard.routes.pop((SITE, 80))
    port = 80
    if "https" in way:
        url, port = re.sub(r"(?i)^http", "https", url).replace(":80/", ":443/").replace(":080/", ":0443/"), 443
    redirect = f"http://first.example.com/to?{quote(url, safe='')}"
    line = line_of(redirect if "redirect" in way else url, site.network)
    assert site.guard.attempts == [(FIRST, 80)] * ("redirect" in way) + [(SITE, port)]
    assert "no answer" in line


def test_there_are_enough_forms_and_addresses():
    forms = {*REFUSED, *REFUSED_AS_TYPED, *TAKEN}
    assert len(forms) >= 120
    assert len(forms) + len(ADDRESSES) >= 300


def test_the_guard_sees_what_the_code_under_test_lets_through(guard: Guard, monkeypatch: pytest.MonkeyPatch):
    """Whoever judges is judged as well: with the check gone, the guard has something to tell."""
    monkeypatch.setattr("index.web.connect.not_public", lambda _: None)
    line_of("http://10.0.0.1/", Network(look_up=Names()))
    line_of("http://name.example.com/", Network(look_up=Names({"name.example.com": [["127.0.0.1"]]})))
    assert guard.attempts == [("10.0.0.1", 80), ("127.0.0.1", 80)]


# ---------------------------------------------------------------------------------------------- name servers


@pytest.mark.parametrize(
    "answer",
    [[SITE, "10.0.0.1"], ["10.0.0.1", SITE], [SITE_6, "::1"], [SITE, "::ffff:127.0.0.1"], [SITE] * 9 + ["127.0.0.1"]],
)
def test_one_inner_address_among_the_answers_refuses_them_all(answer: list[str], site: Site):
    site.names.script["article.example.com"] = [answer]
    assert "address (" in site.line("good")
    assert site.guard.attempts == []


def test_a_name_is_asked_for_once_and_what_was_checked_is_connected_to(site: Site):
    site.names.script["article.example.com"] = [[SITE], ["127.0.0.1"]]
    assert site.get("good").data == PAGE
    assert site.names.asked == ["article.example.com"]
    assert site.guard.attempts == [(SITE, 80)]
    assert "this machine's own address (127.0.0.1)" in site.line("good")  # the second answer
    assert site.guard.attempts == [(SITE, 80)]


def test_a_name_that_is_rebound_between_two_redirects_is_refused(site: Site):
    site.names.script["article.example.com"] = [[SITE], ["169.254.169.254"]]
    assert "a link-local address" in site.line("to?/latest/meta-data/")
    assert site.guard.attempts == [(SITE, 80)]


@pytest.mark.parametrize("answer", [["not an address"], ["127.1"], [SITE, ""], ["0x7f000001"], ["fe80::1%eth0"], []])
def test_an_odd_answer_of_the_name_server_is_refused(answer: list[str], site: Site):
    site.names.script["article.example.com"] = [answer]
    site.line("good")
    assert site.guard.attempts == []


def test_an_unknown_name_is_one_line(guard: Guard):
    def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "Found no address for article.example.com; expected a site. Check the URL, " in line_of(
        f"{WHOLE}/", Network(look_up=unknown)
    )
    assert guard.attempts == []


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site):
    site.names.script["article.example.com"] = [[SITE_6, OTHER, SITE]]
    assert site.get("good").data == PAGE
    assert site.guard.attempts == [(SITE_6, 80), (OTHER, 80), (SITE, 80)]


def test_a_neighbour_with_a_public_address_hears_nothing(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket.socket, "getsockname", lambda _: ("93.184.215.14", 50000))
    assert "in this machine's own network (93.184.215.14)" in site.line("good?neighbour")
    assert site.seen("/good?neighbour")["heads"] == []


def test_a_test_may_dial_elsewhere_after_the_check_alone(web: Any):
    """The seam for tests of other rooms: a public address that is a server on loopback."""
    dialled: list[tuple[str, int]] = []

    def dial(address: object, port: int) -> tuple[str, int]:
        dialled.append((str(address), port))
        return "127.0.0.1", port_of(web.url)

    network = Network(look_up=Names({"inner.example.com": [["10.0.0.1"]]}), dial=dial)
    assert fetch(f"{WHOLE}/good", _network=network).data == PAGE
    with pytest.raises(FetchError):
        fetch("http://inner.example.com/good", _network=network)
    assert dialled == [(SITE, 80)]


# ------------------------------------------------------------------------------------------------------ https


@dataclass
class Secured:
    """The website under https, with a certificate for ``article.example.com`` alone, by an authority of the test's."""

    site: Site
    url: str
    network: Network
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def secured_web(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory, start_party: Callable[..., Any]
) -> Iterator[Any]:
    pem = tmp_path_factory.mktemp("certificate") / "article.pem"
    authority.issue_cert("article.example.com").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with start_party("web_server.py", certificate=str(pem)) as party:
        yield party


@pytest.fixture
def secured(secured_web: Any, authority: trustme.CA, site: Site) -> Secured:
    where = ("127.0.0.1", port_of(secured_web.url))
    site.guard.routes.update({(address, 443): where for address in (SITE, OTHER, FIRST)})
    context = ssl.create_default_context()
    authority.configure_trust(context)
    unnamed = ssl.create_default_context()
    authority.configure_trust(unnamed)
    unnamed.check_hostname = False
    return Secured(site, secured_web.url, Network(look_up=site.names, authorities=lambda: context), unnamed)


def test_https_asks_the_checked_address_for_the_name(secured: Secured):
    page = fetch("https://article.example.com/good?named", _network=secured.network)
    assert (page.data, page.url) == (PAGE, "https://article.example.com/good?named")
    assert secured.site.guard.attempts == [(SITE, 443)]
    seen = secured.site.seen("/good?named", url=secured.url, context=secured.context)
    assert "article.example.com" in seen["names"]  # SNI
    assert "Host: article.example.com\r\n" in seen["heads"][0]


def test_a_rebound_name_reaches_nobody_under_https(secured: Secured):
    secured.site.names.script["article.example.com"] = [[SITE], ["127.0.0.1"]]
    assert fetch("https://article.example.com/good", _network=secured.network).data == PAGE
    assert "this machine's own address" in line_of("https://article.example.com/good", secured.network)
    secured.site.names.script["article.example.com"] = [[SITE], ["10.0.0.1"]]
    assert "a private address" in line_of("https://article.example.com/to?/good", secured.network)
    secured.site.names.script["article.example.com"] = [[SITE, "10.0.0.1"]]
    assert "a private address" in line_of("https://article.example.com/good", secured.network)
    assert secured.site.guard.attempts == [(SITE, 443)] * 2


@pytest.mark.parametrize("url", [f"https://{host}/good?wrong" for host in ("other.example.com", SITE, "example.com")])
def test_a_certificate_for_another_name_is_refused(url: str, secured: Secured):
    line = line_of(url, secured.network)
    assert "Found a certificate at https://" in line
    assert "mismatch, certificate is not valid for" in line
    assert secured.site.seen("/good?wrong", url=secured.url, context=secured.context)["heads"] == []


def test_a_certificate_of_an_unknown_authority_is_refused(secured: Secured):
    stranger = trustme.CA()
    context = ssl.create_default_context()
    stranger.configure_trust(context)
    for authorities in ({}, {"authorities": lambda: context}):
        assert "that does not prove it to be article.example.com" in line_of(
            "https://article.example.com/good", Network(look_up=secured.site.names, **authorities)
        )


def test_no_variable_of_the_environment_makes_an_authority_trusted(
    secured: Secured, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    assert "that does not prove it to be article.example.com" in line_of(
        "https://article.example.com/good", Network(look_up=secured.site.names)
    )


def test_a_redirect_from_https_to_http_is_refused_and_from_http_to_https_taken(secured: Secured):
    down = quote("http://article.example.com/good", safe="")
    assert "redirecting from https to http, where anyone on the way may change it" in line_of(
        f"https://article.example.com/to?{down}", secured.network
    )
    assert secured.site.guard.attempts == [(SITE, 443)]
    up = quote("https://article.example.com/good", safe="")
    page = fetch(f"http://article.example.com/to?{up}", _network=secured.network)
    assert page.url == "https://article.example.com/good"


def test_what_is_no_tls_is_one_line(site: Site):
    with socket.create_server(("127.0.0.1", 0)) as mail:
        site.guard.routes[SITE, 443] = mail.getsockname()

        def greet() -> None:
            with mail.accept()[0] as asker:
                asker.sendall(b"220 mail.example.com ESMTP\r\n")
                asker.recv(1000)

        greeter = threading.Thread(target=greet)
        greeter.start()
        assert "Found no secure connection to https://article.example.com/" in line_of(
            "https://article.example.com/", site.network
        )
        greeter.join()


# -------------------------------------------------------------------------------------------------- redirects


def test_five_redirects_are_followed_and_no_sixth(site: Site):
    assert site.get("chain/5").url == "http://article.example.com/chain/0"
    assert "Found more than 5 redirects" in site.line("chain/6")
    assert "Found more than 0 redirects" in site.line("chain/1", limits=FetchLimits(redirects=0))


def test_a_redirect_in_a_circle_or_to_nowhere_is_one_line(site: Site):
    assert "redirecting in a circle" in site.line("circle")
    assert "redirecting to nowhere" in site.line("nowhere")


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_a_request_says_who_asks_and_nothing_about_the_reader(
    status: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".netrc").write_text("default login reader password netrc-secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    first = f"/to?{quote(f'/to?/good%3F{status}', safe='')}"
    page = site.get(first[1:])
    assert page.url == f"http://article.example.com/good?{status}"
    heads = [site.seen(target)["heads"][-1] for target in (first, f"/to?/good%3F{status}", f"/good?{status}")]
    for head in heads:
        lines = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        assert lines == {
            "Host": "article.example.com",
            "User-Agent": "ArticleAssistant/0.1 (one page, asked for by its reader)",
            "Accept": "text/html, application/xhtml+xml, application/pdf, text/plain, text/markdown, */*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }


def test_the_proxies_of_the_environment_are_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        for spelled in (name, name.lower()):
            monkeypatch.setenv(spelled, "http://10.9.8.7:3128")
    assert site.get("good").data == PAGE
    assert site.guard.attempts == [(SITE, 80)]


# --------------------------------------------------------------------------------------------- bodies and time

QUICK = FetchLimits(connect_s=0.4, total_s=0.6)


@pytest.mark.parametrize("path", ["drips", "drips-head", "mute", "stalls", "continues", "bombs", "crumbs"])
def test_what_takes_too_long_is_left(path: str, site: Site):
    begun = time.monotonic()
    assert "not whole after 0.6 s" in site.line(f"{path}?{time.time_ns()}", limits=QUICK)
    assert time.monotonic() - begun < 3


def test_a_redirect_does_not_start_the_clock_again(site: Site):
    begun = time.monotonic()
    target = quote("/to?/drips", safe="")
    assert "not whole after 0.6 s" in site.line(f"to?{target}", limits=QUICK)
    assert time.monotonic() - begun < 3


def test_a_name_server_that_does_not_answer_is_left(guard: Guard):
    release = threading.Event()

    def hang(_: str, __: int) -> list[str]:
        release.wait(10)
        return [SITE]

    begun = time.monotonic()
    assert "Found no answer from article.example.com in 0.4 s" in line_of(
        f"{WHOLE}/good", Network(look_up=hang), limits=QUICK
    )
    assert time.monotonic() - begun < 3
    release.set()
    assert guard.attempts == []


def test_a_site_that_does_not_answer_is_left(site: Site):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        _on_duty.clear()
        queued = [socket.socket() for _ in range(3)]
        for waiting in queued:  # the queue is full: the system answers nobody else
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                _connect_itself(waiting, deaf.getsockname())
        _on_duty.append(site.guard)
        time.sleep(0.1)
        site.guard.routes[SITE, 80] = site.guard.routes[SITE, 443] = deaf.getsockname()
        begun = time.monotonic()
        assert "Found no answer from article.example.com in 0.4 s" in site.line("good", limits=QUICK)
        assert time.monotonic() - begun < 3
        for waiting in queued:
            waiting.close()


def test_a_site_that_is_mute_under_https_is_left(site: Site):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        site.guard.routes[SITE, 443] = mute.getsockname()
        begun = time.monotonic()
        assert "Found no answer from article.example.com in 0.4 s" in line_of(
            "https://article.example.com/", site.network, limits=QUICK
        )
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("path", ["endless", "endless-chunks", "raw/huge"])
def test_more_than_the_limit_is_not_read(path: str, site: Site):
    assert "Found more than 1 MB at" in site.line(path, limits=FetchLimits(raw_bytes=1_000_000))


def test_a_bomb_is_stopped_while_it_unpacks(site: Site):
    tracemalloc.start()
    try:
        assert "Found more than 5 MB at" in site.line("bomb", limits=FetchLimits(decoded_bytes=5_000_000))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["flood", "long-line"])
def test_headers_without_end_are_not_read(path: str, site: Site):
    assert "Found headers without end" in site.line(path)


WHOLE_PAGES = """
packed/gzip packed/x-gzip packed/two-gzips packed/padded-gzip packed/deflate packed/raw-deflate packed/identity
packed/capitals packed/gzip?1 packed/two-gzips?1 packed/deflate?1 packed/raw-deflate?1 packed/padded-gzip?3 early
raw/no-length raw/longer raw/both raw/long-head untyped
""".split()


@pytest.mark.parametrize("path", WHOLE_PAGES)
def test_a_page_comes_whole_however_it_is_sent(path: str, site: Site):
    assert site.get(path).data == PAGE


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("packed/torn", "packed in a way that fails (it ends too soon)"),
        ("packed/none", "packed in a way that fails"),
        ("packed/brotli", "packed in a way that fails (unknown packing 'br')"),
        ("packed/twice", "packed in a way that fails (unknown packing 'gzip, gzip')"),
        ("raw/short", "broken off before its end"),
        ("raw/chunk", "broken off before its end"),
        ("raw/no-last-chunk", "broken off before its end"),
        ("raw/half-head", "broken off before its end"),
        ("raw/nothing", "broken off before its end"),
        ("raw/two-lengths", "an answer at http://article.example.com/raw/two-lengths that is not HTTP"),
        ("raw/negative", "that is not HTTP"),
        ("raw/switch", "that is not HTTP"),
        ("raw/mail", "that is not HTTP"),
        ("empty", "Found nothing at http://article.example.com/empty; expected a page"),
    ],
)
def test_a_body_that_is_no_page_is_one_line(path: str, said: str, site: Site):
    assert said in site.line(path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("status/401", "Found a page that asks for a password (HTTP 401) at http://article.example.com/status/401; "),
        ("status/403", "that is not given to programs, or not to everyone (HTTP 403)"),
        ("status/404", "that does not exist (HTTP 404)"),
        ("status/410", "that is gone (HTTP 410)"),
        ("status/418", "that is not given out (HTTP 418)"),
        ("status/429?120", "asked for too often (HTTP 429) at http://article.example.com/status/429; expected "),
        ("status/429?120", "expected an article. Try again in 120 seconds."),
        ("status/429?3600", "Try again in 60 minutes."),
        ("status/429?soon", "Try again later."),
        ("status/429?" + "9" * 30, "Try again later."),
        ("status/503?Fri,%2031%20Dec%201999%2023:59:59%20GMT", "that is not there just now (HTTP 503)"),
        ("status/500", "that its server fails to make (HTTP 500)"),
        ("status/502", "Try again later."),
        ("status/204", "that is not given out (HTTP 204)"),
        ("status/206", "that is not given out (HTTP 206)"),
        ("status/300", "that is not given out (HTTP 300)"),
        ("status/304", "that is not given out (HTTP 304)"),
    ],
)  # fmt: skip
def test_a_status_that_is_no_success_is_one_line(path: str, said: str, site: Site):
    assert said in site.line(path)


NO_ARTICLES = """
image/png image/svg+xml video/mp4 audio/mpeg font/woff2 application/zip application/json application/octet-stream
application/javascript text/css text/javascript application/x-tar application/gzip application/wasm model/gltf nonsense
""".split()


@pytest.mark.parametrize("kind", NO_ARTICLES)
def test_a_type_that_no_article_has_is_refused_before_the_body(kind: str, site: Site):
    headers = quote(f"Content-Type: {kind}; charset=x")
    assert f"to be of type '{kind}'; expected a web page, a PDF or another document" in site.line(f"typed?{headers}")


@pytest.mark.parametrize(
    ("headers", "media_type", "name"),
    [
        ("Content-Type: text/html", "text/html", "typed.html"),
        ("Content-Type: TEXT/HTML ;Charset=Shift_JIS", "text/html", "typed.html"),
        ("Content-Type: application/xhtml+xml", "application/xhtml+xml", "typed.xhtml"),
        ("Content-Type: application/pdf", "application/pdf", "typed.pdf"),
        ("Content-Type: text/plain", "text/plain", "typed.txt"),
        ("Content-Type: text/x-rst", "text/x-rst", "typed"),
        ("Content-Type: application/rss+xml", "application/rss+xml", "typed"),
        (
            "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=a.pdf",
            "application/octet-stream",
            "a.pdf",
        ),
    ],
)
def test_a_page_carries_its_type_and_a_name_to_match(headers: str, media_type: str, name: str, site: Site):
    page = site.get(f"typed?{quote(headers, safe='')}")
    assert (page.media_type, page.name) == (media_type, name)
    assert page.content_type == headers.split("\n")[0].removeprefix("Content-Type: ")


def test_a_page_without_a_type_is_the_loaders_to_look_at(site: Site):
    page = site.get("untyped?q=1#part")
    assert (page.media_type, page.content_type, page.name) == (None, "", "untyped")
    assert page.url == "http://article.example.com/untyped?q=1"


# ---------------------------------------------------------------------------------------- leaving, and secrets


class EnoughError(Exception):
    """What a progress raises to stop the fetch."""


def left(site: Site, target: str) -> int:
    """Return how many left the server before the end, waiting for it to notice."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if count := site.seen(target)["left"]:
            return int(count)
        time.sleep(0.05)
    return 0


def test_progress_counts_to_the_end(site: Site):
    calls: list[tuple[int, int | None]] = []
    site.get("good", progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, None)
    assert calls[-1] == (len(PAGE), len(PAGE))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


@pytest.mark.parametrize("path", ["drips", "stalls"])
def test_who_stops_a_fetch_in_its_midst_leaves_at_once_and_the_server_sees_it(path: str, site: Site):
    def progress(done: int, _: int | None) -> None:
        if done > 10:
            raise EnoughError

    target = f"{path}?{time.time_ns()}"
    begun = time.monotonic()
    with pytest.raises(EnoughError):
        site.get(target, progress=progress)
    assert time.monotonic() - begun < 2
    assert left(site, f"/{target}") == 1


def test_a_fetch_can_be_stopped_while_nothing_comes(site: Site):
    begun = time.monotonic()

    def progress(_: int, __: int | None) -> None:
        if time.monotonic() - begun > 0.3:
            raise EnoughError

    with pytest.raises(EnoughError):
        site.get("mute", progress=progress)
    release = threading.Event()

    def hang(_: str, __: int) -> list[str]:
        release.wait(10)
        return [SITE]

    with pytest.raises(EnoughError):
        fetch(f"{WHOLE}/good", progress=progress, _network=Network(look_up=hang))
    release.set()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        site.guard.routes[SITE, 443] = mute.getsockname()
        with pytest.raises(EnoughError):
            fetch("https://article.example.com/", progress=progress, _network=site.network)
    assert time.monotonic() - begun < 3


LEAKS = """
good status/404 status/500 raw/short raw/mail packed/none typed circle nowhere endless empty mute flood chain/9
to?ftp://x.example.com/%3Fkey=SECRET to?http://user:SECRET@x.example.com/ to?http://10.0.0.1/%3Fkey=SECRET
to?http://other.example.com/%3Fkey=SECRET
""".split()


@pytest.mark.parametrize("path", LEAKS)
def test_no_line_and_no_log_holds_a_secret(path: str, site: Site, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    url = f"http://article.example.com/{path}{'&' if '?' in path else '?'}key=SECRET#SECRET"
    try:
        page = fetch(url, limits=FetchLimits(raw_bytes=100_000, total_s=0.5), _network=site.network)
        assert "SECRET" not in repr(page)
    except FetchError as error:
        chain: BaseException | None = error
        while chain is not None:
            assert "SECRET" not in f"{chain} {chain!r}"
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    assert "SECRET" not in caplog.text


ODD_SECRETS = """
http://SECRET@example.com/ http://a:SECRET@example.com/ http://example.com:SECRET/ SECRET://x/ http://[SECRET]/
http://SECRET\\x/ http://SECRET.123/ http://-SECRET.com/
""".split()


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize("url", [*ODD_SECRETS, "http:// SECRET/"])
def test_the_line_about_an_odd_url_holds_nothing_of_it(url: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FetchError) as caught:
        fetch(url, _network=Network(look_up=Names()))
    assert "secret" not in f"{caught.value} {caught.value.__cause__} {caplog.text}".lower()


def test_a_fetch_error_is_a_load_error():
    assert issubclass(FetchError, LoadError)


def test_many_threads_fetch_at_once(site: Site):
    pages: list[bytes] = []
    threads = [threading.Thread(target=lambda: pages.append(site.get("packed/gzip?5").data)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pages == [PAGE] * 12


@pytest.mark.skipif(sys.platform != "linux", reason="counts in Linux's own list")
def test_no_socket_stays_open(site: Site):
    def sockets() -> list[Path]:
        return [file for file in Path("/proc/self/fd").iterdir() if file.is_socket()]

    before = len(sockets())
    for path in ("good", "status/404", "raw/short", "circle", "flood"):
        with suppress(FetchError):
            site.get(path)
    assert len(sockets()) == before
