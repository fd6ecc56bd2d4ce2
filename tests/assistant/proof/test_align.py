"""Statements are judged: what the article says is cited at its place, what it does not say is not supported."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.proof.align import Aligner
from assistant.proof.anchors import names
from assistant.proof.context import number_sentences
from index.reading.load import load_bytes
from index.types import Chunk, Document, ScoredChunk

ARTICLE = """
## A bridge for the valley

The harbor board chose Elena Ruiz as the engineer in March 1929. She had built two smaller bridges in Portugal. \
The board did not want a tunnel, because a tunnel would have cost twice as much. \
The bridge opened on 4 May 1931 and replaced a ferry that had carried coal, timber and salt.

The first problem was rust, which weakened the cables. The second problem was fog, which hid the lights. \
The third problem was money, which ran out in 1935.

## Later years

Repairs after the flood of 1964 cost 2 million euros. A toll has never been charged. \
The valley's council, chaired by Tomas Lind, wants a second bridge by 2030.
"""


def nothing_similar(_: str, others: Sequence[str]) -> list[float]:
    return [0.0] * len(others)


def aligner(question: str, document: Document | None = None) -> tuple[Aligner, Document]:
    document = document or load_bytes(ARTICLE.encode(), name="bridge.md")
    chunk = Chunk(document.id, 0, len(document.text), document.text)
    documents = {document.id: document}
    numbered = number_sentences([ScoredChunk(chunk, 1.0)], documents, budget=10_000, count=len)
    return Aligner(numbered, documents, question=question, similarity=nothing_similar), document


@pytest.mark.parametrize(
    ("statement", "quoted"),
    [
        ("The bridge opened on 4 May 1931.", ["The bridge opened on 4 May 1931 and replaced a ferry"]),
        ("Elena Ruiz was chosen as the engineer by the harbor board.", ["The harbor board chose Elena Ruiz"]),
        ("A tunnel would have cost twice as much.", ["The board did not want a tunnel"]),
        ("Yes, the ferry carried coal, timber and salt.", ["The bridge opened on 4 May 1931 and replaced a ferry"]),
        ("No, a toll has never been charged.", ["A toll has never been charged."]),
        ("Repairs cost €2 million after the 1964 flood.", ["Repairs after the flood of 1964"]),
        (
            "Elena Ruiz had built two smaller bridges in Portugal.",
            ["She had built two smaller", "The harbor board chose Elena"],
        ),
        ("1931.", ["The bridge opened on 4 May 1931 and replaced a ferry"]),
    ],
)
def test_what_the_article_says_is_cited_at_its_place(statement: str, quoted: list[str]) -> None:
    judge, document = aligner("What about the bridge?")
    judged = judge.judge(statement)
    assert judged.verdict == "supported", judged.why
    assert [any(c.quote.startswith(start) for c in judged.citations) for start in quoted] == [True] * len(quoted)
    assert all(document.text[c.start : c.end] == c.quote for c in judged.citations)


def test_a_list_drawn_from_three_sentences_cites_all_three() -> None:
    judge, _ = aligner("What were the three problems?")
    judged = judge.judge("Rust weakened the cables, fog hid the lights, and money ran out in 1935.")
    assert judged.verdict == "supported"
    assert [c.quote[:17] for c in judged.citations] == ["The first problem", "The second proble", "The third problem"]


@pytest.mark.parametrize(
    "statement",
    [
        "The bridge opened on 4 May 1932.",
        "The bridge opened on 14 May 1931.",
        "The harbor board chose Maria Ruiz as the engineer.",
        "Tomas Lind was chosen as the engineer by the harbor board in March 1929.",
        "Portugal was chosen as the engineer by the harbor board.",
        "Repairs after the flood of 1964 cost 2030 million euros.",
        "A toll has been charged.",
        "The board wanted a tunnel.",
        "The ferry did not carry coal, timber and salt.",
        "Repairs after the flood of 1964 cost 2 billion euros.",
        "Elena Ruiz chairs the valley's council.",
        "The bridge was painted green by volunteers from the village school.",
        "Paris is the capital of France.",
        "",
        "Yes.",
    ],
)
def test_what_the_article_does_not_say_is_not_supported(statement: str) -> None:
    judge, _ = aligner("What about the bridge?")
    judged = judge.judge(statement)
    assert judged.verdict != "supported", judged.citations
    assert judged.why


def test_a_models_own_marker_is_a_hint_and_no_proof() -> None:
    judge, _ = aligner("What about the bridge?")
    assert judge.judge("The bridge collapsed in 1958.", hints=[1, 2, 3, 99]).verdict == "not supported"


def test_repeating_the_question_says_nothing_new() -> None:
    judge, _ = aligner("Why did the harbor board want no tunnel?")
    assert not judge.says_something_new("The harbor board wanted no tunnel.")
    assert judge.says_something_new("The harbor board wanted no tunnel in 1929.")
    assert judge.says_something_new("Yes, the harbor board wanted no tunnel.")


def test_japanese_statements_are_judged_by_the_same_rules() -> None:
    text = "港湾局は1929年3月にエレナ・ルイスを技師に選んだ。橋は1931年に開通した。通行料は一度も徴収されていない。"
    judge, document = aligner("橋はいつ開通しましたか。", load_bytes(text.encode(), name="橋.txt"))
    good = judge.judge("橋は1931年に開通しました。")
    assert good.verdict == "supported", good.why
    assert [c.quote for c in good.citations] == ["橋は1931年に開通した。"]
    assert [document.text[c.start : c.end] for c in good.citations] == [c.quote for c in good.citations]
    assert judge.judge("橋は1932年に開通しました。").verdict == "not supported"
    assert judge.judge("通行料は徴収されている。").verdict == "not supported"


@given(st.text(max_size=120), st.lists(st.integers(-5, 50), max_size=5))
def test_every_citation_quotes_the_article_whatever_a_model_says(statement: str, hints: list[int]) -> None:
    judge, document = aligner("What about the bridge?")
    judged = judge.judge(statement, hints)
    assert all(document.text[c.start : c.end] == c.quote for c in judged.citations)
    assert all(0 <= c.support <= 1 for c in judged.citations)
    assert (judged.verdict == "supported") == (not judged.why)


@given(st.integers(0, 8), st.integers(1940, 2020))
def test_a_changed_year_is_never_supported(which: int, year: int) -> None:
    judge, document = aligner("What about the bridge?")
    dated = [
        s
        for s in document.text.replace("\n", " ").split(". ")
        if any(n in s for n in ("1929", "1931", "1935", "1964", "2030"))
    ]
    sentence = dated[which % len(dated)]
    number = next(n for n in ("1929", "1931", "1935", "1964", "2030") if n in sentence)
    if str(year) == number:
        return
    assert judge.judge(sentence.replace(number, str(year))).verdict != "supported"


def test_names_are_words_with_a_capital_that_the_article_does_not_also_write_small() -> None:
    assert names("The Valley of Elena Ruiz", common=frozenset({"valley"})) == {"valley", "elena", "ruiz"}
    assert names("Valley people met.", common=frozenset({"valley"})) == frozenset()
    assert names("エレナがNATOを訪れた") == {"エレナ", "nato"}
