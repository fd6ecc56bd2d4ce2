"""Runs, cases and articles enter; what the page holds leaves: verdicts counted, and one JSON value for its script.

Offsets in the JSON count UTF-16 units, as the page's script does; ours count characters.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from evals.numbers.metrics import METRICS
from evals.types import CaseResult, EvalCase
from index.types import Document

EMBED_ALL = 3000
"""A run of more cases than this shows the failed ones and a sample of the others."""
FAILED_AT_MOST = 2500
SAMPLE = 500

RIGHT, UNSCORED, FOUND, MISSED, WRONG, ERROR = "right", "not scored", "found", "missed", "wrong", "error"
_GOOD = frozenset({RIGHT, FOUND, UNSCORED})

Key = tuple[str, str]
# What HTML's parser could take for markup, what JavaScript once took for a line end, and what UTF-8 cannot write.
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ReportRun:
    """One model's run, as the report takes it."""

    name: str
    """As tables call it."""
    model: str
    embedder: str
    info: Mapping[str, Any]
    """The object of run.json."""
    summary: Mapping[str, Any]
    """As ``evals.numbers.summary.to_json`` writes it."""
    rows: Iterable[CaseResult]
    """Read twice; an iterator, which can be read only once, is kept in memory instead."""
    cases: Mapping[Key, EvalCase]
    documents: Mapping[str, Document]
    """By article id."""
    notes: Sequence[str] = ()
    """Lines the user must see before the numbers."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What became of every case, and which cases the page shows."""

    verdicts: tuple[Mapping[Key, str], ...]
    """One mapping a run: a failure kind, "right" or "not scored"; for a retrieval-only run "found" or "missed"."""
    retrieval_only: tuple[bool, ...]
    cases: Mapping[Key, EvalCase]
    """Every case that some run has a row of, in the order of the sets."""
    shown: frozenset[Key]
    failed: int
    """Cases that went wrong in some run; ``failed_shown`` of them are on the page."""
    failed_shown: int
    unknown: int
    """Rows whose case stands in none of the sets."""

    def counts(self, run: int) -> Counter[str]:
        """Return how many rows of a run have each verdict."""
        return Counter(self.verdicts[run].values())


def kept(run: ReportRun) -> Iterable[CaseResult]:
    """Return rows that can be read twice."""
    return tuple(run.rows) if isinstance(run.rows, Iterator) else run.rows


def select(
    runs: Sequence[ReportRun],
    rows: Sequence[Iterable[CaseResult]],
    *,
    embed_all: int = EMBED_ALL,
    failed_at_most: int = FAILED_AT_MOST,
    sample: int = SAMPLE,
) -> Selection:
    """Read every row once and choose what is shown: everything, or failed cases and a sample, in a fixed hash order."""
    read = [_read(of_run) for of_run in rows]
    verdicts = tuple(verdict for verdict, _ in read)
    known = {key: case for run in runs for key, case in run.cases.items()}
    asked = set(chain.from_iterable(verdicts))
    cases = {key: case for key, case in known.items() if key in asked}
    failed = {key for key in cases if any(of_run.get(key, RIGHT) not in _GOOD for of_run in verdicts)}
    if len(cases) <= embed_all:
        shown, failed_shown = frozenset(cases), len(failed)
    else:
        kept_failed = sorted(failed, key=_hash)[:failed_at_most]
        others = sorted(cases.keys() - failed, key=_hash)[:sample]
        shown, failed_shown = frozenset(kept_failed) | frozenset(others), len(kept_failed)
    return Selection(
        verdicts, tuple(only for _, only in read), cases, shown, len(failed), failed_shown, len(asked - known.keys())
    )


def page_data(runs: Sequence[ReportRun], rows: Sequence[Iterable[CaseResult]], selection: Selection) -> dict[str, Any]:
    """Return what the page's script shows: models, cases with each model's answer, each article they touch once."""
    shelf = _Shelf(chain.from_iterable(run.documents.items() for run in runs))
    order = [key for key in selection.cases if key in selection.shown]
    answers: list[list[dict[str, Any] | None]] = []
    for of_run, verdicts in zip(rows, selection.verdicts, strict=True):
        found = {
            row.key: _answer(row, selection.cases[row.key].question, verdicts[row.key], shelf)
            for row in of_run
            if row.key in selection.shown
        }
        answers.append([found.get(key) for key in order])
    cases = [_case(selection.cases[key], shelf) for key in order]
    return {
        "models": [run.name for run in runs],
        "metrics": {
            metric.name: [metric.label, metric.means, metric.unit, metric.group] for metric in METRICS.values()
        },
        "slices": [run.summary.get("slices", {}) for run in runs],
        "cases": cases,
        "answers": answers,
        "articles": shelf.articles,  # last: cases and answers put their articles there
    }


def script_json(value: object) -> str:
    r"""Return a value as JSON for a ``<script type="application/json">``: no character of it can end the element.

    ``json.loads`` gives the value back; NaN and infinities raise ValueError.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _read(rows: Iterable[CaseResult]) -> tuple[dict[Key, str], bool]:
    """Return the verdict of every row, and whether the run only retrieved."""
    seen: dict[Key, tuple[str | None, str | None]] = {}
    answered = False
    for row in rows:
        answered = answered or (row.error is None and "grounded_accuracy" in row.scores)
        seen[row.key] = _verdict(row), _retrieval_verdict(row)
    only = not answered and any(retrieved for _, retrieved in seen.values())
    return {key: (retrieved if only else verdict) or UNSCORED for key, (verdict, retrieved) in seen.items()}, only


def _verdict(row: CaseResult) -> str | None:
    if row.error is not None:
        return ERROR
    if row.failure is not None:
        return row.failure
    grounded = row.scores.get("grounded_accuracy")
    if grounded is None:
        return None
    return RIGHT if grounded == 1 else WRONG


def _retrieval_verdict(row: CaseResult) -> str | None:
    if row.error is not None:
        return ERROR
    hit = row.scores.get("hit@5")
    return None if hit is None else FOUND if hit else MISSED


def _hash(key: Key) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()


class _Shelf:
    """The articles the page needs, each once, in the order they are first asked for."""

    def __init__(self, documents: Iterable[tuple[str, Document]]) -> None:
        self._documents = dict(documents)
        self._places: dict[str, int] = {}
        self._wide: dict[str, list[int]] = {}
        self.articles: list[dict[str, Any]] = []

    def span(self, document: str, start: int, end: int) -> list[int] | None:
        """Return [article, start, end] in UTF-16 units; None for an article or place that is not there."""
        found = self._documents.get(document)
        if found is None or not 0 <= start <= end <= len(found.text):
            return None
        if document not in self._places:
            self._put(document, found)
        wide = self._wide[document]
        return [self._places[document], start + bisect_left(wide, start), end + bisect_left(wide, end)]

    def text(self, document: str, start: int, end: int) -> str | None:
        """Return what stands at a place, None where there is no such article."""
        found = self._documents.get(document)
        return None if found is None else found.text[start:end]

    def _put(self, id: str, document: Document) -> None:
        # Characters beyond U+FFFF take two units: an offset moves by their number before it.
        wide = [] if document.text.isascii() else [n for n, char in enumerate(document.text) if char > "\uffff"]
        self._wide[id] = wide
        self._places[id] = len(self.articles)
        blocks = [
            value
            for block in document.blocks
            for value in (
                block.start + bisect_left(wide, block.start),
                block.end + bisect_left(wide, block.end),
                block.level,
            )
        ]
        self.articles.append(
            {"id": id, "title": document.title, "lang": document.language, "text": document.text, "blocks": blocks}
        )


def _case(case: EvalCase, shelf: _Shelf) -> dict[str, Any]:
    places = [shelf.span(gold.article, gold.start, gold.end) for gold in case.evidence]
    return {
        "set": case.set,
        "id": case.id,
        "question": case.question,
        "answerable": case.answerable,
        "lang": case.lang,
        "tags": list(case.tags),
        "history": [[turn.role, turn.content] for turn in case.history],
        "answers": list(case.answers),
        "nuggets": [list(group) for group in case.nuggets],
        "forbidden": list(case.forbidden),
        "gold": [place for place in places if place],
    }


def _answer(row: CaseResult, question: str, verdict: str, shelf: _Shelf) -> dict[str, Any]:
    """Return what one model made of one case; what is absent, empty or null is left out."""
    result = row.result or {}
    searched = result.get("searched")
    whole = {
        "verdict": verdict,
        "error": row.error,
        "text": result.get("answer"),
        "abstained": result.get("abstained"),
        "interrupted": result.get("interrupted"),
        "searched": None if searched == question else searched,
        "statements": [
            [said.get("text", ""), said.get("verdict", ""), [_citation(c, shelf) for c in said.get("citations", ())]]
            for said in result.get("statements", ())
        ],
        "evidence": [_evidence(passage, shelf) for passage in result.get("evidence", ())],
        "scores": {name: _number(value) for name, value in row.scores.items()},
        "why": {name: why for name, why in row.why.items() if row.scores.get(name) is None},
        "ms": {name: ms for name, ms in (result.get("timings_ms") or {}).items() if ms is not None},
        "tokens": {name: count for name, count in (result.get("tokens") or {}).items() if count is not None},
    }
    return {name: value for name, value in whole.items() if value or name == "verdict"}


def _citation(citation: Mapping[str, Any], shelf: _Shelf) -> dict[str, Any]:
    """Return a place to highlight only where the quote stands there: nothing is highlighted on a guess."""
    document, start, end, quote = (citation[name] for name in ("document", "start", "end", "quote"))
    verified = shelf.text(document, start, end) == quote
    place = shelf.span(document, start, end) if verified else None
    support = _number(citation.get("support"))
    if place is None:
        return {"quote": quote, "title": citation.get("title", document), "support": support}
    return {"at": place, "support": support}


def _evidence(passage: Mapping[str, Any], shelf: _Shelf) -> dict[str, Any]:
    place = shelf.span(passage["document"], passage["start"], passage["end"])
    return {"at": place, "score": _number(passage.get("score")), **({} if place else {"title": passage["document"]})}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)
