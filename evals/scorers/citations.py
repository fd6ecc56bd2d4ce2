"""An answer's citations and the gold regions enter; whether they are true, and stand where the proof is, leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.scorers.retrieval import Span, stands_on
from evals.scorers.text import present_any
from evals.types import EvalCase, Score
from index.types import Document


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation as a result names it, with what became of the check against its article."""

    span: Span
    quote: str
    valid: bool
    """Not empty, and ``document.text[start:end] == quote``."""


def citation_scores(
    case: EvalCase,
    result: Mapping[str, Any],
    gold: Sequence[Span],
    answers: Sequence[str],
    documents: Mapping[str, Document],
) -> dict[str, Score]:
    """Return every score of the citations; ``answers`` are the short accepted ones."""
    cited = citations(result, documents)
    abstained = bool(result["abstained"])
    why = _why_not_scored(case, abstained=abstained)
    no_gold = why or ("" if gold else "no gold evidence")
    no_answer = why or ("" if answers else "no short answer known")
    return {
        "citation_validity": validity(cited),
        "citation_precision": Score(None, no_gold) if no_gold else Score(precision(cited, gold)),
        "citation_recall": Score(None, no_gold) if no_gold else Score(recall(cited, gold)),
        "answer_in_citation": Score(None, no_answer) if no_answer else Score(answer_in_citation(cited, answers)),
        "uncited": Score(None, "abstained") if abstained else uncited(result),
    }


def citations(result: Mapping[str, Any], documents: Mapping[str, Document]) -> tuple[Cited, ...]:
    """Return all citations of all statements in order, each checked against its article."""
    return tuple(
        _checked(citation, documents)
        for statement in result.get("statements") or ()
        for citation in statement["citations"]
    )


def validity(cited: Sequence[Cited]) -> Score:
    """Return the share of the citations whose quote stands in the article at their offsets; unscored with none."""
    if not cited:
        return Score(None, "no citation")
    return Score(sum(citation.valid for citation in cited) / len(cited))


def precision(cited: Sequence[Cited], gold: Sequence[Span]) -> float:
    """Return the share of the citations that are valid and stand on a gold region (``stands_on``); 0 with none."""
    standing = sum(c.valid and any(stands_on(c.span, region) for region in gold) for c in cited)
    return standing / len(cited) if cited else 0.0


def recall(cited: Sequence[Cited], gold: Sequence[Span]) -> float:
    """Return the share of the gold regions on which a valid citation stands; 0 without gold regions."""
    met = sum(any(c.valid and stands_on(c.span, region) for c in cited) for region in gold)
    return met / len(gold) if gold else 0.0


def answer_in_citation(cited: Sequence[Cited], answers: Sequence[str]) -> float:
    """Return 1 when an accepted answer is present in a valid citation's quote, else 0."""
    return float(any(c.valid and present_any(answers, c.quote) for c in cited))


def uncited(result: Mapping[str, Any]) -> Score:
    """Return the share of the shown statements that carry no citation; unscored where nothing is shown."""
    statements = result.get("statements") or ()
    if not statements:
        return Score(None, "no statement shown")
    return Score(sum(not statement["citations"] for statement in statements) / len(statements))


def _why_not_scored(case: EvalCase, *, abstained: bool) -> str:
    if not case.answerable:
        return "not answerable"
    return "abstained" if abstained else ""


def _checked(citation: Mapping[str, Any], documents: Mapping[str, Document]) -> Cited:
    span = Span(citation["document"], citation["start"], citation["end"])
    document = documents.get(span.document)
    # Negative offsets would count from the end, and an empty quote stands anywhere: neither proves a thing.
    valid = (
        document is not None
        and 0 <= span.start < span.end <= len(document.text)
        and document.text[span.start : span.end] == citation["quote"]
    )
    return Cited(span, citation["quote"], valid)
