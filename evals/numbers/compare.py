"""Two runs over the same cases enter; what differs leaves: by metric, by tag, and case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evals.numbers.counting import (
    HEADLINE,
    MIXED,
    Key,
    asks_for_answers,
    case_of,
    cluster_of,
    counted,
    misleading,
    tags_of,
)
from evals.numbers.metrics import METRICS
from evals.numbers.statistics import Difference, holm, mcnemar, paired_difference
from evals.types import CaseResult, EvalCase, Metric

Verdict = Literal["better", "worse", "no difference shown"]
Direction = Literal["worse", "better", "other"]

_ALPHA = 0.05
_TAG_DRAWS = 500
_WORST_FIRST: tuple[Direction, ...] = ("worse", "better", "other")


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a comparison reads it."""

    name: str
    rows: Mapping[Key, CaseResult]
    cases: Mapping[Key, EvalCase]


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric, before and after, over the cases that both runs could score."""

    metric: str
    before: float
    """Means over the same cases."""
    after: float
    difference: Difference
    """``after - before``."""
    changed: int
    """Cases whose score differs."""
    one_sided: int
    """Cases that only one of the runs could score: left out."""
    adjusted: float | None = None
    """Holm's p over the headline metrics; None for an exploratory metric, which is not adjusted."""
    lost: int | None = None
    """Cases that went from 1 to 0; None, as the two below, where a score is neither."""
    gained: int | None = None
    mcnemar: float | None = None
    """Exact p-value that takes every case as independent."""

    @property
    def verdict(self) -> Verdict:
        """Which way it went, if p < 0.05: the adjusted p where there is one."""
        p = self.difference.p if self.adjusted is None else self.adjusted
        if p >= _ALPHA or not self.difference.mean:
            return "no difference shown"
        return "better" if (self.difference.mean > 0) == METRICS[self.metric].higher_is_better else "worse"


@dataclass(frozen=True, slots=True)
class Changed:
    """A case with another outcome in the second run."""

    key: Key
    question: str
    before: CaseResult
    after: CaseResult
    what: tuple[str, ...]
    """Which of points, grounded_accuracy, abstained and failure changed; where only retrieval ran, hit@5 and error."""
    direction: Direction


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs."""

    before: str
    after: str
    pairs: int
    """Cases that both runs asked."""
    only_before: int
    only_after: int
    asked_otherwise: int
    """Cases of one key whose question, history, articles or gold differ between the runs: left out."""
    clusters: int
    """Articles or conversations the pairs are about."""
    differences: tuple[MetricDifference, ...]
    """Metrics with at least two pairs, in the order of ``METRICS``: the headline comes first."""
    tags: Mapping[str, tuple[MetricDifference, ...]]
    """Tag to its headline metrics (hit@5 where only retrieval ran), not adjusted. Tags of every pair are left out."""
    changed: tuple[Changed, ...]
    """Worse first, then better, then other; by key."""

    @property
    def alike(self) -> bool:
        """Whether the runs asked the same cases, no outcome changed, and every score is the same."""
        unequal = self.only_before or self.only_after or self.asked_otherwise or self.changed
        return not unequal and not any(found.changed or found.one_sided for found in self.differences)


@dataclass(frozen=True, slots=True)
class _Pair:
    case: EvalCase
    cluster: str
    rows: tuple[CaseResult, CaseResult]
    scores: tuple[Mapping[str, float | None], Mapping[str, float | None]]


def compare(a: RunView, b: RunView, *, seed: int = 0) -> Comparison:
    """Return how ``b`` differs from ``a``, over the cases that both asked.

    A failed case counts as in a summary: as an answer that is not right. Raise UsageError for a row whose case is not
    in its run's cases.
    """
    answering = asks_for_answers(a.rows.values()) and asks_for_answers(b.rows.values())
    shared = [key for key in a.rows if key in b.rows]
    pairs = [_pair(a, b, key, answering) for key in shared]
    alike = [pair for pair in pairs if pair is not None]
    return Comparison(
        before=a.name,
        after=b.name,
        pairs=len(alike),
        only_before=len(a.rows) - len(shared),
        only_after=len(b.rows) - len(shared),
        asked_otherwise=len(pairs) - len(alike),
        clusters=len({pair.cluster for pair in alike}),
        differences=_adjusted(_differences(METRICS, alike, seed=seed, draws=2000)),
        tags=_by_tag(alike, HEADLINE if answering else ("hit@5",), seed=seed),
        changed=_changes(alike, answering),
    )


def _pair(a: RunView, b: RunView, key: Key, answering: bool) -> _Pair | None:
    """Return a case's two rows, None when the runs did not ask the same."""
    rows = a.rows[key], b.rows[key]
    case, other = case_of(rows[0], a.cases), case_of(rows[1], b.cases)
    if case is not other and replace(case, tags=()) != replace(other, tags=()):
        return None
    scores = tuple(counted(row, other) if answering or row.error is None else {} for row in rows)
    return _Pair(other, cluster_of(other), rows, (scores[0], scores[1]))


def _differences(
    names: Iterable[str], pairs: Sequence[_Pair], *, seed: int, draws: int
) -> tuple[MetricDifference, ...]:
    found = (_difference(METRICS[name], pairs, seed=seed, draws=draws) for name in names)
    return tuple(one for one in found if one is not None)


def _difference(metric: Metric, pairs: Sequence[_Pair], *, seed: int, draws: int) -> MetricDifference | None:
    """Return a metric's difference, None with fewer than two pairs or where refusals alone would make it."""
    values = [(pair.scores[0].get(metric.name), pair.scores[1].get(metric.name)) for pair in pairs]
    both = [(x, y) for x, y in values if x is not None and y is not None]
    scored = [x is not None and y is not None for x, y in values]
    if len(both) < 2 or (metric.name in MIXED and misleading([pair.case.answerable for pair in pairs], scored)):
        return None
    clusters = [pair.cluster for pair, is_scored in zip(pairs, scored, strict=True) if is_scored]
    before, after = [x for x, _ in both], [y for _, y in both]
    binary = metric.unit == "share" and {*before, *after} <= {0.0, 1.0}
    lost, gained = both.count((1.0, 0.0)), both.count((0.0, 1.0))
    return MetricDifference(
        metric=metric.name,
        before=sum(before) / len(both),
        after=sum(after) / len(both),
        difference=paired_difference(before, after, clusters, seed=seed, draws=draws, binary=binary),
        changed=sum(x != y for x, y in both),
        one_sided=sum((x is None) != (y is None) for x, y in values),
        lost=lost if binary else None,
        gained=gained if binary else None,
        mcnemar=mcnemar(lost, gained) if binary else None,
    )


def _adjusted(found: Sequence[MetricDifference]) -> tuple[MetricDifference, ...]:
    adjusted = holm({one.metric: one.difference.p for one in found if one.metric in HEADLINE})
    return tuple(replace(one, adjusted=adjusted.get(one.metric)) for one in found)


def _by_tag(pairs: Sequence[_Pair], names: Sequence[str], *, seed: int) -> dict[str, tuple[MetricDifference, ...]]:
    tagged: dict[str, list[_Pair]] = {}
    for pair in pairs:
        for tag in tags_of(pair.case):
            tagged.setdefault(tag, []).append(pair)
    parts = {tag: part for tag, part in sorted(tagged.items()) if len(part) < len(pairs)}
    found = {tag: _differences(names, part, seed=seed, draws=_TAG_DRAWS) for tag, part in parts.items()}
    return {tag: differences for tag, differences in found.items() if differences}


def _changes(pairs: Sequence[_Pair], answering: bool) -> tuple[Changed, ...]:
    found = (_change(pair, _outcome if answering else _hit) for pair in pairs)
    return tuple(sorted((one for one in found if one), key=lambda one: (_WORST_FIRST.index(one.direction), one.key)))


def _change(
    pair: _Pair, outcome: Callable[[CaseResult, Mapping[str, float | None]], dict[str, object]]
) -> Changed | None:
    before, after = (outcome(row, scores) for row, scores in zip(pair.rows, pair.scores, strict=True))
    what = tuple(name for name in before if before[name] != after[name])
    if not what:
        return None
    return Changed(pair.case.key, pair.case.question, *pair.rows, what, _direction(pair))


def _outcome(row: CaseResult, scores: Mapping[str, float | None]) -> dict[str, object]:
    """Return what is compared of an answer."""
    return {
        "points": scores.get("points"),
        "grounded_accuracy": scores.get("grounded_accuracy"),
        "abstained": bool((row.result or {}).get("abstained")),
        "failure": "error" if row.error is not None else row.failure,
    }


def _hit(row: CaseResult, scores: Mapping[str, float | None]) -> dict[str, object]:
    """Return what is compared where nothing was answered."""
    return {"hit@5": scores.get("hit@5"), "error": row.error is not None}


def _direction(pair: _Pair) -> Direction:
    """Return the way the first score that tells went; without one, whether a failure came or went."""
    for name in ("points", "grounded_accuracy", "hit@5"):
        before, after = (scores.get(name) for scores in pair.scores)
        if before is not None and after is not None and before != after:
            return "better" if after > before else "worse"
    failed = [row.error is not None or row.failure is not None for row in pair.rows]
    if failed[0] == failed[1]:
        return "other"
    return "worse" if failed[1] else "better"
