"""Two articles that disagree are both cited, and it is said; two that tell of two things are not."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from assistant.answer.chain import Assistant
from assistant.answer.question import Question
from assistant.proof.context import Numbered
from assistant.proof.disagree import disagreement
from assistant.proof.reader import Reading
from assistant.settings import Settings
from assistant.types import Answer, Citation
from index.build import Index
from index.reading.load import document_from_text
from index.types import Sentence
from index.vectors.cache import Cache
from index.vectors.embed import SentenceTransformerEmbedder


def found(
    one: str, other: str, *, question: str = "?", language: str = "en", bearing: tuple[float, float] = (0.9, 0.8)
) -> bool:
    documents = {
        id: document_from_text(text, id=id, title=id, language=language) for id, text in (("a", one), ("b", other))
    }
    cited = Citation("a", "a", 0, len(one), one, 1.0)
    numbered = [
        Numbered(place + 1, id, Sentence(0, len(text), text))
        for place, (id, text) in enumerate((("a", one), ("b", other)))
    ]
    disagreeing = disagreement([cited], numbered, bearing, documents, question=question)
    assert disagreeing is None or disagreeing.otherwise.document == "b"
    return disagreeing is not None


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("The valley bridge opened in 1931.", "The bridge in the valley opened in 1934.", "en"),
        ("The bell weighs 3.2 tonnes.", "The bell weighs 4 tonnes.", "en"),
        ("Some 1,200 people lost their homes in the fire.", "In the fire 900 people lost their homes.", "en"),
        ("The board wanted a tunnel under the harbor.", "The board never wanted a tunnel under the harbor.", "en"),
        ("They decided to keep the train, because no road is open.", "They decided not to keep the train.", "en"),
        ("The clock was wound by hand for eighty-six years.", "For fifty-two years the clock was wound by me.", "en"),
        ("The board kept the train for the winter.", "A clerk said that the board had not kept the train.", "en"),
        (
            "About three hundred people joined the strike.",
            "According to the office 200 people joined the strike.",
            "en",
        ),
        ("岬の灯台は1923年に建てられた。", "岬の灯台が建てられたのは1932年である。", "ja"),
    ],
)
def test_another_number_or_a_denial_of_the_same_is_a_disagreement(one: str, other: str, language: str) -> None:
    assert found(one, other, language=language)
    assert found(other, one, language=language)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The valley bridge opened in 1931.", "The valley bridge opened in May 1931."),
        ("The valley bridge opened in 1931.", "The valley bridge cost 400 crowns."),  # a year and a price
        ("The valley bridge opened in 1931.", "The school opened with 31 pupils in 1884."),
        ("The bridge opened in 1931.", "A ferry carried coal for sixty years."),
        ("The valley bridge opened in 1931.", "The valley bridge opened in the spring."),
        ("Three old people came.", "3 old people came."),
        ("About three hundred people joined the strike.", "According to the office 300 people joined the strike."),
        # It denies something else.
        ("The pupils make the boxes.", "The boxes are made by the pupils from wood that nobody can sell."),
        ("The bridge was closed in winter.", "The bridge was closed in winter, but nobody complained."),
    ],
)
def test_two_articles_that_agree_or_tell_of_two_things_do_not_disagree(one: str, other: str) -> None:
    assert not found(one, other)
    assert not found(other, one)


def test_what_hardly_bears_the_answer_is_no_second_voice() -> None:
    pair = "The bridge opened in 1931.", "The bridge opened in 1934."
    assert found(*pair)
    assert not found(*pair, bearing=(0.9, 0.1))


def test_the_year_that_was_asked_about_is_no_difference() -> None:
    assert not found(
        "In 1931 the bridge carried 40 carts.",
        "The bridge carried carts in 1934.",
        question="How many carts did the bridge carry in 1931?",
    )


class Sure:
    """A reader to whom every sentence with a number bears the answer."""

    def read(self, question: str, sentences: Sequence[str]) -> Generator[None, None, Reading]:  # noqa: ARG002
        yield None
        return Reading(0.95, tuple(0.9 if any(c.isdigit() for c in text) else 0.1 for text in sentences))

    def check(self, question: str, sentences: Sequence[str], answer: str) -> Generator[None, None, float]:  # noqa: ARG002
        yield None
        return 0.95


@pytest.fixture(scope="module")
def index(minilm: Path) -> Iterator[Index]:
    embedder = SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))
    with (
        closing(Cache(None)) as cache,
        closing(Index(embedder=embedder, settings=Settings().index, cache=cache)) as made,
    ):
        made.update(
            [
                document_from_text(
                    "The valley bridge opened in 1931. It is of oak.", id="a", title="Town news", language="en"
                ),
                document_from_text(
                    "The valley bridge opened in 1934. It rained.", id="b", title="A history", language="en"
                ),
            ]
        )
        yield made


def asked(index: Index, articles: Sequence[str] | None = None) -> Answer:
    def write(_: object) -> Generator[str]:
        yield "The valley bridge opened in 1931 [1]."

    assistant = Assistant(index, model="scripted:test", write=write, settings=Settings(), reader=Sure())  # type: ignore[arg-type]
    return assistant.ask(Question("When did the valley bridge open?", articles=articles))


def test_both_articles_are_cited_and_that_they_disagree_is_said(index: Index) -> None:
    answer = asked(index)
    assert answer.text == (
        "The valley bridge opened in 1931. “A history” says otherwise: The valley bridge opened in 1934."
    )
    assert [[citation.document for citation in statement.citations] for statement in answer.statements] == [
        ["a"],
        ["b"],
    ]


def test_an_article_that_may_not_be_used_disagrees_with_nobody(index: Index) -> None:
    assert asked(index, ["a"]).text == "The valley bridge opened in 1931."
