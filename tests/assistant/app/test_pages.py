"""A page of the PDF that an article was made of is shown as it is, and nothing else of this machine is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from articles_of_every_format import pdf

from assistant.app.pages import AT_ONCE, ShowPages, address
from assistant.library.intake import Intake, Source
from assistant.library.originals import Originals
from index.errors import LoadError
from index.library import Library
from index.reading.sandbox import Parser
from index.types import Document

REPORT = pdf([["The lock was dug in 1820."], [], ["It was closed in 1931."]], title="The lock")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "articles")


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with closing(Parser()) as made:
        yield made


@pytest.fixture
def originals(library: Library, parser: Parser) -> Iterator[Originals]:
    with closing(Originals(library)) as made:
        add(library, parser, REPORT)
        yield made


def add(library: Library, parser: Parser, data: bytes, name: str = "report.pdf") -> Document:
    (taken,) = Intake(library, parser).take([Source("upload", name, data)])
    return library.get(taken.id)


def ask(originals: Originals, place: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    """Ask for a place; return what came: 0 where the request was handed on."""
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    async def nobody(*_: Any) -> None:
        told.extend(({"status": 0, "headers": []}, {"body": b""}))

    path, _, query = urljoin("/", place).partition("?")  # as a browser does
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": []}
    asyncio.run(ShowPages(nobody, originals)(scope, receive, send))
    return told[0]["status"], dict(told[0]["headers"]), told[1]["body"]


def test_a_page_is_shown_as_a_picture_that_this_browser_may_keep(originals: Originals, library: Library) -> None:
    key = originals.key(library.get("report"))
    status, headers, first = ask(originals, address("report", 1, key))
    assert (status, first[:8]) == (200, b"\x89PNG\r\n\x1a\n")
    assert headers == {
        b"content-type": b"image/png",
        b"content-length": str(len(first)).encode(),
        b"cache-control": b"private, max-age=3600",
    }
    assert len({ask(originals, address("report", page, key))[2] for page in (1, 2, 3)}) == 3


def test_a_page_that_was_just_drawn_is_not_drawn_again(
    originals: Originals, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = originals.key(library.get("report"))
    shown = originals.picture("report", 1, key)
    monkeypatch.setattr(Parser, "picture", None)
    assert originals.picture("report", 1, key) == shown
    library.remove("report")
    assert originals.picture("report", 1, key) is None


@pytest.mark.parametrize(
    "query",
    [
        "article=report&page=1&of=",
        "article=report&page=1",
        "article=report&page=1&of=0123456789abcdef",
        "article=report&page=0&of=KEY",
        "article=report&page=4&of=KEY",
        "article=report&page=-1&of=KEY",
        "article=report&page=1.0&of=KEY",
        "article=report&page=%D9%A1&of=KEY",
        "article=report&page=" + "9" * 5_000 + "&of=KEY",
        "article=report&page=&of=KEY",
        "article=&page=1&of=KEY",
        "article=another&page=1&of=KEY",
        "article=note&page=1&of=KEY",
        "article=note&page=1&of=",
        "article=..%2Farticles%2Freport&page=1&of=KEY",
        "article=..%2F..%2F..%2Fetc%2Fpasswd&page=1&of=KEY",
        "article=%2Fetc%2Fpasswd&page=1&of=",
        "article=report%00&page=1&of=KEY",
        "article=%FF%ED%A0%80&page=1&of=KEY",
        "",
    ],
)
def test_whatever_is_no_page_of_an_original_is_not_there(
    originals: Originals, library: Library, parser: Parser, query: str
) -> None:
    add(library, parser, b"# A note\n\nThe weir was built in 1750.\n", "note.md")
    place = "/articles/page?" + query.replace("KEY", originals.key(library.get("report")))
    status, headers, body = ask(originals, place)
    assert (status, headers[b"content-type"]) == (404, b"text/plain; charset=utf-8")
    assert body == b"There is no such page: the article has changed, or is gone."


def test_an_updated_article_shows_the_new_page_under_another_address_and_the_old_one_is_gone(
    originals: Originals, library: Library, parser: Parser
) -> None:
    old = originals.key(library.get("report"))
    before = ask(originals, address("report", 1, old))[2]
    new = originals.key(add(library, parser, pdf([["The lock was dug in 1821."]])))
    assert ask(originals, address("report", 1, old))[0] == 404
    status, _, after = ask(originals, address("report", 1, new))
    assert (status, after != before) == (200, True)


def test_an_original_that_was_damaged_or_lost_is_not_shown(originals: Originals, library: Library) -> None:
    place = address("report", 1, originals.key(library.get("report")))
    (kept,) = library.folder.glob("*.pdf")
    kept.write_bytes(REPORT.replace(b"/Count 3", b"/Count 1"))
    assert originals.key(library.get("report")) == ""
    assert ask(originals, place)[0] == 404
    kept.unlink()
    assert ask(originals, place)[0] == 404
    kept.write_bytes(REPORT)
    assert ask(originals, place)[0] == 200


def test_a_page_that_cannot_be_drawn_says_why_in_one_line(
    originals: Originals, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = address("report", 1, originals.key(library.get("report")))

    def fail(*_: object) -> bytes:
        raise LoadError("Page 1 cannot be shown: it is a “test”.")

    with monkeypatch.context() as patch:
        patch.setattr(Parser, "picture", fail)
        status, headers, body = ask(originals, place)
    assert (status, body.decode()) == (422, "Page 1 cannot be shown: it is a “test”.")
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert ask(originals, place)[0] == 200  # it is tried again
    next(library.folder.glob("*.json")).write_bytes(b"torn")
    status, _, body = ask(originals, place)
    assert (status, body.startswith(b"the saved article "), b"\n" in body) == (422, True, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_looking_is_answered(originals: Originals, library: Library, method: str) -> None:
    place = address("report", 1, originals.key(library.get("report")))
    assert ask(originals, place, method)[0] == 405
    assert ask(originals, place.replace("/page?", "/pages?"), method)[0] == 0  # another's to answer


def test_pages_are_drawn_by_another_child_than_the_one_that_files_are_added_by(
    originals: Originals, library: Library, parser: Parser
) -> None:
    key = originals.key(library.get("report"))
    assert originals._parser.process_id is None  # nobody has looked yet
    with parser._turn:  # a file is being read that takes its time
        assert originals.picture("report", 1, key)
    with originals._parser._turn:
        assert add(library, parser, b"# A note\n\nThe weir was built in 1750.\n", "note.md").id == "note"


def test_few_pages_are_drawn_at_once(originals: Originals, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, now, most = threading.Lock(), 0, 0
    meeting = threading.Barrier(AT_ONCE)

    def draw(*_: object) -> bytes:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(5)
        with guard:
            now -= 1
        return b"a picture"

    monkeypatch.setattr(originals, "picture", draw)
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def ask_often() -> None:
        app = ShowPages(None, originals)  # type: ignore[arg-type]
        scope = {"type": "http", "method": "GET", "path": "/articles/page", "query_string": b"", "headers": []}
        await asyncio.gather(*(app(dict(scope), None, send) for _ in range(3 * AT_ONCE)))  # type: ignore[arg-type]

    asyncio.run(ask_often())
    assert (most, statuses) == (AT_ONCE, [200] * 3 * AT_ONCE)


def test_nothing_is_drawn_once_the_app_was_closed(originals: Originals, library: Library) -> None:
    key = originals.key(library.get("report"))
    originals.close()
    with pytest.raises(LoadError, match=r"^Reading was stopped\.$"):
        originals.picture("report", 1, key)
