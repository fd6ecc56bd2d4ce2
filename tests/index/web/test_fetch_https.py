"""Whom a page is fetched from: the name a certificate proves, through few redirects, telling nothing of the reader."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme
from fixtures.guarded import FIRST, OTHER, PAGE, SITE, Site, line_of, port_of

from index.web.connect import Network
from index.web.fetch import FetchLimits, fetch

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
        assert "that does not prove that it is article.example.com" in line_of(
            "https://article.example.com/good", Network(look_up=secured.site.names, **authorities)
        )


def test_no_variable_of_the_environment_makes_an_authority_trusted(
    secured: Secured, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    assert "that does not prove that it is article.example.com" in line_of(
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
