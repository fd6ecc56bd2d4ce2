"""Whether citations are true, and stand where the proof is: worked by hand."""

import pytest

from evals.scorers.citations import citation_scores, citations
from evals.scorers.retrieval import Span
from evals.types import EvalCase, Score
from index.types import Block, Document

TEXT = "The bridge opened in 1931. It replaced a ferry.\n\nThe toll ended in 1950. Nobody missed it."
DOCUMENTS = {"a": Document("a", "Bridge", TEXT, (Block("paragraph", 0, 47), Block("paragraph", 49, 91)))}
OPENED = Span("a", 0, 26)
FERRY = Span("a", 27, 47)
TOLL = Span("a", 49, 72)


def case(answerable: bool = True) -> EvalCase:
    return EvalCase("set", "1", "When?", answerable, ("a",), answers=("1931",))


def cite(span: Span, quote: str | None = None) -> dict:
    document, start, end = span
    quote = TEXT[start:end] if quote is None else quote
    return {"document": document, "title": "Bridge", "start": start, "end": end, "quote": quote, "support": 0.9}


def result(*statements: list, abstained: bool = False) -> dict:
    return {
        "answer": "It opened in 1931.",
        "abstained": abstained,
        "statements": [{"text": "It opened.", "verdict": "supported", "citations": cited} for cited in statements],
        "evidence": [],
    }


def values(answered: dict, gold=(OPENED,), answers=("1931",), answerable: bool = True) -> dict:
    return citation_scores(case(answerable), answered, gold, answers, DOCUMENTS)


def test_numbers_of_one_answer_worked_by_hand():
    """Three statements, three citations: two on gold, one beside it; one statement bare; two of three regions met."""
    scores = values(result([cite(OPENED), cite(TOLL)], [cite(OPENED)], []), gold=(OPENED, FERRY))
    assert scores == {
        "citation_validity": Score(1.0),
        "citation_precision": Score(2 / 3),
        "citation_recall": Score(1 / 2),
        "answer_in_citation": Score(1.0),
        "uncited": Score(1 / 3),
    }


@pytest.mark.parametrize(
    ("span", "quote"),
    [
        (OPENED, "The bridge opened in 1932."),
        (Span("a", 1, 26), TEXT[0:26]),
        (Span("gone", 0, 26), TEXT[0:26]),
        (Span("a", 5, 5), ""),
        (Span("a", -13, -1), TEXT[-13:-1]),
        (Span("a", 9000, 9001), ""),
    ],
)
def test_a_citation_that_does_not_stand_in_the_article_proves_nothing(span, quote):
    scores = values(result([cite(span, quote)]))
    assert scores == {
        "citation_validity": Score(0.0),
        "citation_precision": Score(0.0),
        "citation_recall": Score(0.0),
        "answer_in_citation": Score(0.0),
        "uncited": Score(0.0),
    }


def test_a_citation_of_a_sentence_stands_on_the_paragraph_that_is_gold():
    assert values(result([cite(FERRY)]), gold=(Span("a", 0, 47),))["citation_precision"] == Score(1.0)


def test_a_citation_that_only_touches_gold_does_not_stand_on_it():
    # 6 characters shared of 26 and 26.
    assert values(result([cite(Span("a", 20, 46))]), gold=(OPENED,))["citation_precision"] == Score(0.0)


def test_an_answer_without_citations_has_precision_zero_and_no_validity():
    assert values(result([], [])) == {
        "citation_validity": Score(None, "no citation"),
        "citation_precision": Score(0.0),
        "citation_recall": Score(0.0),
        "answer_in_citation": Score(0.0),
        "uncited": Score(1.0),
    }


def test_an_answer_without_statements_has_no_uncited_ones():
    assert values(result())["uncited"] == Score(None, "no statement shown")


def test_an_abstention_is_not_scored():
    assert set(values(result(abstained=True)).values()) == {Score(None, "abstained"), Score(None, "no citation")}


def test_an_unanswerable_question_has_no_right_citation_but_valid_ones_all_the_same():
    scores = values(result([cite(OPENED)], []), answerable=False)
    off = Score(None, "not answerable")
    assert scores == {
        "citation_validity": Score(1.0),
        "citation_precision": off,
        "citation_recall": off,
        "answer_in_citation": off,
        "uncited": Score(1 / 2),
    }


def test_what_is_not_known_is_not_scored():
    scores = values(result([cite(OPENED)]), gold=(), answers=())
    no_gold = Score(None, "no gold evidence")
    assert (scores["citation_precision"], scores["citation_recall"]) == (no_gold, no_gold)
    assert scores["answer_in_citation"] == Score(None, "no short answer known")


def test_citations_come_in_the_order_of_the_statements():
    found = citations(result([cite(TOLL)], [cite(OPENED), cite(FERRY, "x")]), DOCUMENTS)
    assert [(c.span, c.valid) for c in found] == [(TOLL, True), (OPENED, True), (FERRY, False)]
