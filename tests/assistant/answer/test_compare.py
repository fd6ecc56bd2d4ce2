"""Two models side by side: one search, two answers, and neither holds up or takes down the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest

from assistant.answer.chain import Assistant
from assistant.answer.compare import Sided, side_by_side
from assistant.answer.question import Question
from assistant.errors import ModelError, UsageError
from assistant.settings import Settings
from assistant.types import EvidenceFound, Finished, Searched, StatementReady, Turn, Waiting
from index.build import Index
from index.reading.load import load_bytes
from index.vectors.cache import Cache
from index.vectors.embed import SentenceTransformerEmbedder
from prompts import Message

ARTICLE = """# The valley bridge

The bridge opened on 4 May 1931. Elena Ruiz was the engineer. Repairs cost 2 million euros.
"""


class Writer:
    """A writer that says one thing, perhaps when it is allowed to, and knows whether it was heard to the end."""

    def __init__(self, reply: str | Exception, *, wait_for: threading.Event | None = None) -> None:
        self.reply = reply
        self.wait_for = wait_for
        self.begun = threading.Event()
        self.closed = threading.Event()

    def __call__(self, messages: Sequence[Message]) -> Generator[str | None]:
        assert messages
        self.begun.set()
        try:
            while self.wait_for is not None and not self.wait_for.wait(0.02):
                yield None
            if isinstance(self.reply, Exception):
                raise self.reply
            yield self.reply
        finally:
            self.closed.set()


@pytest.fixture(scope="module")
def index(minilm: Path) -> Iterator[Index]:
    cache = Cache(None)
    settings = Settings()
    embedder = SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))
    whole = Index(embedder=embedder, settings=settings.index, cache=cache)
    whole.update([load_bytes(ARTICLE.encode(), name="bridge.md")])
    yield whole
    whole.close()
    cache.close()


Pair = Callable[..., tuple[Assistant, Assistant]]


@pytest.fixture
def pair(index: Index) -> Pair:
    def made(left: Writer | None, right: Writer | None) -> tuple[Assistant, Assistant]:
        first, second = (
            Assistant(index, model=name, write=writer, settings=Settings())
            for name, writer in (("left", left), ("right", right))
        )
        return first, second

    return made


QUESTION = "Who was the engineer of the bridge?"
ANSWER = "Elena Ruiz was the engineer [1]."


def ends(events: Sequence[Sided]) -> dict[str | None, str]:
    return {
        e.side: e.event.answer.text or f"! {e.event.answer.interrupted}"
        for e in events
        if isinstance(e.event, Finished)
    }


@pytest.mark.parametrize("in_turn", [True, False])
def test_both_answer_over_one_search(
    pair: Pair, index: Index, monkeypatch: pytest.MonkeyPatch, *, in_turn: bool
) -> None:
    searches: list[str] = []
    retrieve = index.retrieve
    monkeypatch.setattr(index, "retrieve", lambda query, **how: searches.append(query) or retrieve(query, **how))
    both = pair(Writer(ANSWER), Writer("It opened on 4 May 1931 [1]."))
    events = list(side_by_side(both, QUESTION, in_turn=in_turn))
    assert searches == [QUESTION]
    assert [type(e.event) for e in events if e.side is None] == [Searched, EvidenceFound]
    assert ends(events) == {"left": "Elena Ruiz was the engineer.", "right": "It opened on 4 May 1931."}
    found = {e.event.answer.evidence for e in events if isinstance(e.event, Finished)}
    assert len(found) == 1
    models = [e.event.answer.model for e in events if isinstance(e.event, Finished)]
    assert sorted(models) == ["left", "right"]


def test_in_turn_the_right_one_waits_for_the_left_one(pair: Pair) -> None:
    events = list(side_by_side(pair(Writer(ANSWER), Writer(ANSWER)), QUESTION, in_turn=True))
    end = next(i for i, e in enumerate(events) if e.side == "left" and isinstance(e.event, Finished))
    before = [e.event for e in events[:end] if e.side == "right"]
    assert before == [Waiting("queued", 0.0)]
    assert any(isinstance(e.event, StatementReady) for e in events[end:])


def test_at_once_neither_waits_for_the_other(pair: Pair) -> None:
    right = Writer(ANSWER)
    left = Writer(ANSWER, wait_for=right.closed)
    assert len(ends(list(side_by_side(pair(left, right), QUESTION, in_turn=False)))) == 2


@pytest.mark.parametrize("in_turn", [True, False])
def test_a_model_that_fails_ends_its_own_side_only(pair: Pair, *, in_turn: bool) -> None:
    both = pair(Writer(ModelError("The server refused the connection; is it running?")), Writer(ANSWER))
    events = list(side_by_side(both, QUESTION, in_turn=in_turn))
    assert ends(events) == {
        "left": "! The server refused the connection; is it running?",
        "right": "Elena Ruiz was the engineer.",
    }


def test_a_model_that_cannot_even_rewrite_the_question_leaves_the_other_one_to_answer(pair: Pair) -> None:
    both = pair(Writer(ModelError("It is not running.")), Writer(ANSWER))
    turns = [Turn("user", "Who built the bridge?"), Turn("assistant", "The article does not say.")]
    events = list(side_by_side(both, Question("And who was its engineer?", turns=turns), in_turn=True))
    assert ends(events) == {"left": "! It is not running.", "right": "Elena Ruiz was the engineer."}


def test_a_fault_of_ours_is_not_hidden(pair: Pair) -> None:
    with pytest.raises(RuntimeError, match="ours"):
        list(side_by_side(pair(Writer(RuntimeError("ours")), Writer(ANSWER)), QUESTION, in_turn=False))


def test_leaving_stops_both(pair: Pair) -> None:
    never = threading.Event()
    left, right = Writer(ANSWER, wait_for=never), Writer(ANSWER, wait_for=never)
    events = side_by_side(pair(left, right), QUESTION, in_turn=False)
    for sided in events:
        if left.begun.is_set() and right.begun.is_set() and isinstance(sided.event, Waiting):
            break
    events.close()
    assert left.closed.is_set()
    assert right.closed.is_set()


def test_quoting_beside_a_model_needs_no_model(pair: Pair) -> None:
    events = list(side_by_side(pair(None, Writer(ANSWER)), QUESTION, in_turn=False))
    assert ends(events) == {"left": "Elena Ruiz was the engineer.", "right": "Elena Ruiz was the engineer."}


def test_what_cannot_be_asked_is_refused_before_anything(pair: Pair) -> None:
    with pytest.raises(UsageError):
        list(side_by_side(pair(None, None), "  ", in_turn=False))
