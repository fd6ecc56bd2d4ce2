"""The app under test with a workbench that plays a written script, and a real Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from assistant.answer.compare import Sided
from assistant.answer.question import Question
from assistant.app.extensions import Extensions
from assistant.app.ui import RunningApp, start
from assistant.conversations import Conversations
from assistant.errors import ModelError
from assistant.home import Home
from assistant.jobs import Jobs
from assistant.library import intake
from assistant.library.indexes import Indexes
from assistant.library.shelf import ArticleCard, Shelf
from assistant.library.stock import Stock
from assistant.models.embedders import Embedders
from assistant.models.roster import ModelChoice
from assistant.models.weights import WeightsFolder
from assistant.settings import Caution, Settings
from assistant.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    Notice,
    Searched,
    Statement,
    StatementReady,
    Waiting,
)
from assistant.wiring import Application
from index.errors import UnknownArticleError
from index.library import Library
from index.types import Block, Chunk, Document, ScoredChunk

LIGHTHOUSE = """# The lamp at Skerry Point

The lighthouse at Skerry Point was lit for the first time on 3 May 1871. Ada Holm chose granite. She was given brick.

## A lamp that nobody tended

Since 1984 the lamp has worked without a keeper. A cable brings the power from the village, two kilometers away.

The last keeper, Tom Reid, stayed on as a guide. He opens the tower on Sundays from April to September.

## What the storm changed

The storm of January 2005 broke eleven panes of the lantern. Repairs took nine weeks, and a light ship stood in.

${7*7} {{7*7}} <img src=x onerror="window.hacked=1"> [9] <|im_start|> are printed here as they are.

## Visitors

About 6,000 people climb the 142 steps every year. Dogs must wait at the gate. There is no lift.

## The village

Skerry has 312 inhabitants. Most of them fish, and some let rooms. The school closed in 1999.

## The bird wall

Kittiwakes nest on the cliff below the tower. The path is closed in May and June so that they are left in peace.
"""

FERRY = """# The ferry to Skerry

The ferry crosses twice a day in summer. In winter it sails on Tuesdays only.

## Tickets

A return ticket costs 14 pounds.
"""


def document(identity: str, source: str, author: str | None = None, published: str | None = None) -> Document:
    """Read headings and paragraphs out of a small Markdown text."""
    text, blocks = "", []
    for part in source.strip().split("\n\n"):
        level = len(part) - len(part.lstrip("#"))
        body = part.lstrip("#").strip()
        text += "\n\n" if text else ""
        blocks.append(Block("heading" if level else "paragraph", len(text), len(text) + len(body), level))
        text += body
    title = text[blocks[0].start : blocks[0].end]
    return Document(
        identity, title, text, tuple(blocks), author, published, questions=("When was the lamp first lit?",)
    )


GUESSED = Statement("The moon may be as far as the lamp can be seen.", "not supported", (), "no moon is there")


class Models:
    """A roster of three, one of them perhaps still loading."""

    loaded = True

    def choices(self) -> tuple[ModelChoice, ...]:
        return (
            ModelChoice("extractive", "Extractive", ready=True),
            ModelChoice("local:small", "Small local model", self.loaded, "" if self.loaded else "it is still loading"),
            ModelChoice("openai:big", "Big remote model", ready=False, reason="OPENAI_API_KEY is not set."),
        )

    def left_out(self) -> tuple[str, ...]:
        return ()


class Script:
    """A workbench that answers by what the question mentions, and remembers what was done with it."""

    default_model = "local:small"
    default_caution: Caution = "balanced"

    def __init__(self, home: Home) -> None:
        self.stock, self.shelf = stock_and_shelf_of(home)
        self.library = {
            "lighthouse": document("lighthouse", LIGHTHOUSE, "Ines Park", "2024-06-02"),
            "ferry": document("ferry", FERRY),
        }
        for one in self.library.values():
            Library(home.articles).add(one)
        self.conversations = Conversations(home.conversations)
        self.asked: list[dict[str, object]] = []
        self.compared: list[tuple[str, str]] = []
        self.closed: list[str] = []
        self.failures = 1
        self.roster = Models()
        self.hold = threading.Event()
        self.beats_s = 0.02
        """Seconds between the heartbeats of an endless answer."""

    def articles(self) -> tuple[ArticleCard, ...]:
        return tuple(
            ArticleCard(d.id, d.title, d.author, d.published, d.language, len(d.text.split()))
            for d in self.library.values()
        )

    def document(self, article: str) -> Document:
        if article not in self.library:
            raise UnknownArticleError(f"No article {article!r}; known: {', '.join(self.library)}")
        return self.library[article]

    def ask(
        self, question: Question | str, *, model: str | None = None, caution: Caution | None = None
    ) -> Iterator[Event]:
        assert isinstance(question, Question)
        one, question = question, question.text
        self.asked.append(
            {
                "question": question,
                "model": model,
                "articles": one.articles,
                "turns": len(one.turns),
                "strict": one.strict,
                "searched": one.searched,
                "anyway": one.anyway,
                "caution": caution,
            }
        )
        if "refuse" in question and self.failures:
            self.failures -= 1
            raise ModelError("The model server refused the connection. Start it, then press Retry.")
        return self._events(
            question, model or self.default_model, bool(one.turns), one.strict, one.searched, one.anyway
        )

    def _events(
        self, question: str, model: str, follow_up: bool, strict: bool, searched: str | None, anyway: bool
    ) -> Iterator[Event]:
        finished = False
        try:
            query = searched or (f"{question.rstrip('?')} at Skerry Point lighthouse" if follow_up else question)
            yield Searched(query, rewritten=query != question)
            evidence = self.evidence()
            yield EvidenceFound(evidence, 41)
            if "notice" in question:
                yield Notice("The model was restarted once.")
            if "unplug" in question:
                raise ModelError("The model server closed the connection before the answer was complete.")
            said, dropped = self.statements(question, strict)
            abstained = "moon" in question
            if abstained and anyway:
                said, dropped = (GUESSED,), ()
            yield Waiting("reading", 0.2)
            for statement in said:
                yield StatementReady(statement)
            beat = 0
            while "endless" in question and not self.hold.wait(self.beats_s):
                beat += 1
                yield Waiting("writing", beat * 0.25)
            if "crash" in question:
                raise RuntimeError("a fault of ours")
            finished = True
            yield Finished(
                Answer(
                    question=question,
                    searched=query,
                    text="The article does not say." if abstained else " ".join(s.text for s in said),
                    abstained=abstained,
                    model=model,
                    embedder="minilm",
                    statements=said,
                    dropped=dropped,
                    evidence=evidence,
                    nearest=self.nearest() if abstained else (),
                    anyway=anyway,
                    interrupted="The model broke off; it may have run out of memory."
                    if "halfway" in question
                    else None,
                    timings_ms={"evidence": 41, "first_sentence": 1240, "total": 3120},
                )
            )
        finally:
            if not finished:
                self.closed.append(question)

    def evidence(self) -> tuple[ScoredChunk, ...]:
        found = self.library["lighthouse"]
        heading = ""
        chunks = []
        for block in found.blocks[1:]:
            if block.kind == "heading":
                heading = found.text[block.start : block.end]
            else:
                chunks.append(Chunk(found.id, block.start, block.end, found.text[block.start : block.end], heading))
        return tuple(ScoredChunk(chunk, 1 / (60 + rank)) for rank, chunk in enumerate(chunks[:6]))

    def cite(self, article: str, quote: str, support: float = 0.97) -> Citation:
        found = self.library[article]
        start = found.text.index(quote)
        return Citation(article, found.title, start, start + len(quote), quote, support)

    def nearest(self) -> tuple[Citation, ...]:
        quotes = (
            "Since 1984 the lamp has worked without a keeper.",
            "Repairs took nine weeks, and a light ship stood in.",
        )
        return tuple(self.cite("lighthouse", quote, 0.0) for quote in quotes)

    def statements(self, question: str, strict: bool) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        lit = self.cite("lighthouse", "The lighthouse at Skerry Point was lit for the first time on 3 May 1871.")
        brick = self.cite("lighthouse", "She was given brick.", 0.81)
        path = self.cite("lighthouse", "The path is closed in May and June so that they are left in peace.", 0.92)
        said = [
            Statement("The lamp was first lit on 3 May 1871.", "supported", (lit,)),
            Statement("The tower is of brick, and its path is closed in May and June.", "supported", (brick, path)),
            Statement("It was first lit in 1871.", "supported", (lit,)),
        ]
        loose = Statement("The builder was pleased.", "not supported", (), "nothing on how she felt about it")
        if "moon" in question:
            return (), (loose,)
        if "ferry" in question:
            ticket = self.cite("ferry", "A return ticket costs 14 pounds.")
            said.append(Statement("A return ticket for the ferry costs 14 pounds.", "supported", (ticket,)))
        if "hostile" in question:
            odd = self.cite("lighthouse", '${7*7} {{7*7}} <img src=x onerror="window.hacked=1"> [9] <|im_start|>')
            text = '<script>window.hacked=1</script><b onclick="hacked()">${7*7} {{7*7}}</b> ![](https://evil.example/x.png)'
            said.append(Statement(text, "supported", (odd,)))
        return (tuple(said), (loose,)) if strict else ((*said, loose), ())

    def compare(
        self, question: Question | str, *, models: tuple[str, str], caution: Caution | None = None
    ) -> Iterator[Sided]:
        left, right = (self.ask(question, model=model, caution=caution) for model in models)
        self.compared.append(models)
        for event in left:
            if isinstance(event, Searched | EvidenceFound):
                yield Sided(None, event)
            else:
                yield Sided("left", event)
        yield from (Sided("right", event) for event in right if not isinstance(event, Searched | EvidenceFound))

    def close(self) -> None:
        self.hold.set()
        self.shelf.close()


def stock_and_shelf_of(home: Home) -> tuple[Stock, Shelf]:
    """Return the real stock and the real shelf of an empty home folder."""
    weights, library = WeightsFolder(home.models), Library(home.articles)
    embedders = Embedders(home, weights)
    indexes = Indexes(home, library, embedders, Settings())
    return Stock(weights, embedders, indexes, Jobs()), Shelf(library, indexes)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    made = Script(Home(tmp_path_factory.mktemp("home")))
    yield made
    made.close()


COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path(own: str) -> str:
    """Return a Chromium to test with: the one named, an installed one, Playwright's own; fail saying how to get one."""
    named = os.environ.get("ASSISTANT_CHROMIUM")
    if named:
        return named
    for found in map(shutil.which, COMMANDS):
        if found:
            return found
    if Path(own).exists():
        return own
    pytest.fail(
        "No Chromium found for the browser tests. Run `playwright install chromium`, or `apt-get install -y chromium`."
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's sandbox needs user namespaces, which root in a container does not have.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=chromium_path(playwright.chromium.executable_path), args=sandbox
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def app(script: Script) -> Iterator[RunningApp]:
    running = start(script, port=0, extensions=Extensions())
    yield running
    running.stop()


@pytest.fixture
def home(minilm: Path, tmp_path: Path) -> Home:
    """A home folder without articles, searched with minilm; no model but quoting is installed."""
    home = Home(tmp_path / "home")
    for folder in (home.root, home.articles, home.index, home.conversations, home.logs, home.models):
        folder.mkdir()
    (home.models / "minilm").symlink_to(minilm)
    (home.index / "embedder").write_text("minilm\n")
    (home.articles / ".seeded").touch()
    return home


@pytest.fixture
def served(application: Application) -> Iterator[RunningApp]:
    """The app over a real home folder: each file of tests has an ``application`` of its own."""
    running = start(application, port=0, extensions=Extensions())
    yield running
    running.stop()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Each source waits for a release before it is taken in."""
    gate = threading.Semaphore(0)
    taken = intake.Intake._taken

    def wait(*arguments: Any) -> Iterator[intake.Taken]:
        gate.acquire(timeout=60)
        yield from taken(*arguments)

    monkeypatch.setattr(intake.Intake, "_taken", wait)
    return gate


@pytest.fixture
def complaints() -> list[str]:
    """Return what pages complained of: failed scripts, refused content, requests that left the machine."""
    return []


OpenAddress = Callable[..., Page]


@pytest.fixture
def open_address(chromium: Browser, complaints: list[str]) -> Iterator[OpenAddress]:
    """Return a function that opens an address as a new reader would; whatever such a page complains of fails the test.

    The app it leads to must be asked for before this, so that it outlives the pages.
    """
    contexts: list[BrowserContext] = []

    def opened(address: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _local(request.url, complaints))
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, app: RunningApp, open_address: OpenAddress) -> OpenPage:  # noqa: ARG001
    """Return a function that opens the app of the script.

    Chromium is begun first: without its event loop Gradio makes some of its own, and leaves them behind.
    """

    def opened(query: str = "", *, wait_for: str = "article", **options: Any) -> Page:
        page = open_address(app.url + query, **options)
        ready = {"article": "#article .article-title", "conversation": "#history .welcome"}
        expect(page.locator(ready[wait_for])).to_be_visible()
        return page

    return opened


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()


def _local(url: str, complaints: list[str]) -> None:
    if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname != "127.0.0.1":
        complaints.append(f"left the machine: {url}")
