"""A page is fetched from the public internet and nowhere else, whatever URL, name server or redirect leads there."""

import ipaddress
import re
import socket
from typing import Any
from urllib.parse import quote

import pytest
from fixtures.guarded import FIRST, OTHER, PAGE, SITE, SITE_6, WHOLE, Guard, Names, Site, line_of, port_of

from index.errors import FetchError
from index.web.connect import Network
from index.web.fetch import fetch


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
