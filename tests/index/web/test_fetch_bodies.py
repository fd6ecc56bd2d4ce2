"""A page comes whole or as one line, within limits of time and size, however it is packed; no line holds a secret."""

import logging
import socket
import sys
import threading
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from fixtures.guarded import PAGE, SITE, WHOLE, Guard, Names, Site, connect_itself, line_of, on_duty

from index.errors import FetchError, LoadError
from index.web.connect import Network
from index.web.fetch import FetchLimits, fetch

# --------------------------------------------------------------------------------------------- bodies and time

QUICK = FetchLimits(connect_s=0.4, total_s=0.6)


@pytest.mark.parametrize("path", ["drips", "drips-head", "mute", "stalls", "continues", "bombs", "crumbs"])
def test_what_takes_too_long_is_left(path: str, site: Site):
    begun = time.monotonic()
    assert "incomplete after 0.6 s" in site.line(f"{path}?{time.time_ns()}", limits=QUICK)
    assert time.monotonic() - begun < 3


def test_a_redirect_does_not_start_the_clock_again(site: Site):
    begun = time.monotonic()
    target = quote("/to?/drips", safe="")
    assert "incomplete after 0.6 s" in site.line(f"to?{target}", limits=QUICK)
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
        on_duty.clear()
        queued = [socket.socket() for _ in range(3)]
        for waiting in queued:  # the queue is full: the system answers nobody else
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                connect_itself(waiting, deaf.getsockname())
        on_duty.append(site.guard)
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
    assert "Found endless headers" in site.line(path)


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
        ("packed/torn", "packed in an unreadable way (it ends too early)"),
        ("packed/none", "packed in an unreadable way"),
        ("packed/brotli", "packed in an unreadable way (unknown packing 'br')"),
        ("packed/twice", "packed in an unreadable way (unknown packing 'gzip, gzip')"),
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
        ("status/403", "that is closed to programs, or not open to everyone (HTTP 403)"),
        ("status/404", "that does not exist (HTTP 404)"),
        ("status/410", "that is gone (HTTP 410)"),
        ("status/418", "that is not available (HTTP 418)"),
        ("status/429?120", "requested too often (HTTP 429) at http://article.example.com/status/429; expected "),
        ("status/429?120", "expected an article. Try again in 120 seconds."),
        ("status/429?3600", "Try again in 60 minutes."),
        ("status/429?soon", "Try again later."),
        ("status/429?" + "9" * 30, "Try again later."),
        ("status/503?Fri,%2031%20Dec%201999%2023:59:59%20GMT", "that is not available at the moment (HTTP 503)"),
        ("status/500", "that its server failed to make (HTTP 500)"),
        ("status/502", "Try again later."),
        ("status/204", "that is not available (HTTP 204)"),
        ("status/206", "that is not available (HTTP 206)"),
        ("status/300", "that is not available (HTTP 300)"),
        ("status/304", "that is not available (HTTP 304)"),
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
