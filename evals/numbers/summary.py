"""The rows of a run enter, one at a time; its numbers leave, each with an interval and with what it could not judge.

A refusal never lifts a mean by what it leaves unscored, and a case that failed is never dropped: it counts as an answer
that is not right.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from evals.numbers.counting import HEADLINE, MIXED, Key, case_of, cluster_of, counted, misleading, tags_of
from evals.numbers.metrics import METRICS
from evals.numbers.statistics import SHARE, Over, cluster_interval, percentile, wilson
from evals.types import CaseResult, EvalCase, Failure, Metric

FIRST, FOLLOW_UP = "first", "follow-up"
"""Names of the slice ``turn``."""
ANSWERABLE, NOT_ANSWERABLE = "answerable", "not answerable"
"""Names of the slice ``answerable``."""
NOT_SCORABLE = "no answerable case could be scored"
"""Why a headline has no value although refusals could be counted."""
NOT_MEASURED = "not measured in this run"
SLICED = (*HEADLINE, "hit@5", "citation_recall")
"""The metrics that every slice has."""

_SLICE_DRAWS = 500
_DIGITS = 6
"""Rows in another order give the same sums only so far."""
_POINTS = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over many cases: the mean of those it could judge, with its 95 % interval."""

    value: float | None
    """None when no case could be judged, or when the ones that could would mislead (``why``)."""
    low: float | None
    high: float | None
    """Bounds are None with fewer than two scored cases."""
    n: int
    """Cases scored."""
    unscored: int
    over: Over = "cases"
    """What the interval takes as independent."""
    clusters: int = 0
    """How many of them."""
    p50: float | None = None
    """Costs only, as ``p95``: nearest rank."""
    p95: float | None = None
    why: str = ""
    """The commonest reason for the unscored."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who was answered and who was refused. The six counts add up to the cases of the run."""

    answerable_answered: int
    answerable_abstained: int
    answerable_failed: int
    """Ended in an error: neither answered nor refused."""
    unanswerable_answered: int
    unanswerable_abstained: int
    unanswerable_failed: int
    recall: Estimate
    """Of the cases without an answer, the share that was refused."""
    precision: Estimate
    """Of the refusals, the share that was right."""
    over_refusal: Estimate
    """Of the answerable cases whose evidence retrieval found, the share that was refused all the same."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers."""

    cases: int
    errors: int
    clusters: int
    """Articles or conversations that the cases are about: fewer than there are cases, and what intervals count in."""
    seed: int
    metrics: Mapping[str, Estimate]
    """Every name of ``METRICS``, in its order."""
    grounded_answerable: Estimate
    """Grounded accuracy of the answerable cases alone: with ``refused``, the two halves of the headline."""
    refusal: Refusal | None
    """None for a run that only retrieved."""
    failures: Mapping[str, int]
    """Kind of failure to count, in the order of ``Failure``; kinds that did not happen are absent."""
    slices: Mapping[str, Mapping[str, Mapping[str, Estimate]]]
    """``tag``, ``lang``, ``set``, ``turn``, ``answerable`` to name to metric (``SLICED``) to estimate."""


def summarise(rows: Iterable[CaseResult], cases: Mapping[Key, EvalCase], *, seed: int = 0) -> Summary:
    """Return the numbers of a run; read each row once and keep only numbers of it.

    The order of the rows does not matter, and the same rows and seed give the same summary. Raise UsageError for a row
    whose case is not among ``cases``.
    """
    sheet = _Sheet()
    for row in rows:
        sheet.add(row, case_of(row, cases))
    return sheet.summary(seed)


def to_json(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON values; what an estimate does not have (percentiles, a reason) is left out."""
    fields = asdict(summary)
    return {name: _lean(value) for name, value in fields.items()}


def from_json(fields: Mapping[str, Any]) -> Summary:
    """Return the summary that ``to_json`` wrote; raise KeyError or TypeError for anything else."""
    return Summary(
        **{
            **fields,
            "metrics": _estimates(fields["metrics"]),
            "grounded_answerable": Estimate(**fields["grounded_answerable"]),
            "refusal": None if fields["refusal"] is None else _refusal(fields["refusal"]),
            "failures": dict(fields["failures"]),
            "slices": {
                kind: {name: _estimates(estimates) for name, estimates in names.items()}
                for kind, names in fields["slices"].items()
            },
        }
    )


def _refusal(fields: Mapping[str, Any]) -> Refusal:
    rates = {name: Estimate(**fields[name]) for name in ("recall", "precision", "over_refusal")}
    return Refusal(**{**fields, **rates})


def _estimates(fields: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**estimate) for name, estimate in fields.items()}


def _lean(value: Any) -> Any:
    """Return nested fields without the parts of estimates that are not there."""
    if not isinstance(value, Mapping):
        return value
    if "unscored" not in value:
        return {name: _lean(part) for name, part in value.items()}
    optional = {"p50": None, "p95": None, "why": ""}
    return {name: part for name, part in value.items() if name not in optional or part != optional[name]}


class _Sheet:
    """The numbers of many rows in columns: a few hundred bytes a case, whatever the answers' length."""

    def __init__(self) -> None:
        self._columns = {name: array("d") for name in METRICS}
        self._answerable = array("b")
        self._answering = False
        self._clusters: dict[str, int] = {}
        self._cluster = array("q")
        self._slices: dict[str, dict[str, array[int]]] = {
            kind: {} for kind in ("tag", "lang", "set", "turn", "answerable")
        }
        self._why: dict[str, Counter[str]] = {name: Counter() for name in METRICS}
        self._failures: Counter[str] = Counter()
        self._table: Counter[tuple[bool, str]] = Counter()
        self._succeeded = 0

    def add(self, row: CaseResult, case: EvalCase) -> None:
        """Take a row."""
        place = len(self._cluster)
        self._cluster.append(self._clusters.setdefault(cluster_of(case), len(self._clusters)))
        self._answerable.append(case.answerable)
        scores = counted(row, case)
        for name, column in self._columns.items():
            value = scores.get(name)
            scored = value is not None and math.isfinite(value)
            column.append(float(value) if value is not None and scored else math.nan)
            if not scored and (reason := _reason(row, name)):
                self._why[name][reason] += 1
        for kind, name in _slices(case):
            self._slices[kind].setdefault(name, array("q")).append(place)
        failure = "error" if row.error is not None else row.failure
        if failure:
            self._failures[failure] += 1
        self._table[case.answerable, _outcome(row)] += 1
        if row.error is None:
            self._succeeded += 1
            self._answering |= "grounded_accuracy" in row.scores

    def summary(self, seed: int) -> Summary:
        """Return the numbers of the rows taken so far."""
        answering = self._answering or not self._succeeded
        sums = _Sums(self._arrays(answering), self._ranks(), np.array(self._answerable, dtype=bool), seed)
        everything = np.arange(len(self._cluster))
        metrics = {name: self._because(name, sums.estimate(metric, everything)) for name, metric in METRICS.items()}
        answerable = everything[sums.answerable]
        return Summary(
            cases=len(everything),
            errors=self._failures["error"],
            clusters=len(self._clusters),
            seed=seed,
            metrics=metrics,
            grounded_answerable=self._because(
                "grounded_accuracy", sums.estimate(METRICS["grounded_accuracy"], answerable)
            ),
            refusal=self._refusal(sums) if answering else None,
            failures={kind: self._failures[kind] for kind in get_args(Failure) if self._failures[kind]},
            slices={
                kind: {
                    name: {
                        metric: sums.estimate(METRICS[metric], np.array(places), draws=_SLICE_DRAWS)
                        for metric in SLICED
                    }
                    for name, places in sorted(names.items())
                }
                for kind, names in self._slices.items()
            },
        )

    def _arrays(self, answering: bool) -> dict[str, NDArray[np.float64]]:
        """Return the columns; in a run that only retrieved an error is no wrong answer."""
        columns = {name: np.array(column, dtype=np.float64) for name, column in self._columns.items()}
        if not answering:
            for name in HEADLINE:
                columns[name][:] = math.nan
        return columns

    def _ranks(self) -> NDArray[np.int64]:
        """Return each row's cluster as its place among the sorted names: the order of rows must change no draw."""
        rank = {cluster: place for place, cluster in enumerate(sorted(self._clusters))}
        by_code = np.array([rank[cluster] for cluster in self._clusters], dtype=np.int64)
        return by_code[np.array(self._cluster, dtype=np.int64)]

    def _because(self, name: str, estimate: Estimate) -> Estimate:
        """Return the estimate with the commonest reason for what it could not judge."""
        reasons = self._why[name]
        if estimate.why or not reasons:
            return estimate
        return replace(estimate, why=min(reasons, key=lambda why: (-reasons[why], why)))

    def _refusal(self, sums: _Sums) -> Refusal:
        table = self._table
        right, wrong = table[False, "abstained"], table[True, "abstained"]
        unanswerable = right + table[False, "answered"] + table[False, "failed"]
        over_refused = sums.columns["over_refused"]
        judged = over_refused[~np.isnan(over_refused)]
        return Refusal(
            answerable_answered=table[True, "answered"],
            answerable_abstained=wrong,
            answerable_failed=table[True, "failed"],
            unanswerable_answered=table[False, "answered"],
            unanswerable_abstained=right,
            unanswerable_failed=table[False, "failed"],
            recall=_rate(right, unanswerable),
            precision=_rate(right, right + wrong),
            over_refusal=_rate(float(judged.sum()), len(judged), unscored=len(over_refused) - len(judged)),
        )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Columns of scores (not a number: unscored), and what turns a part of them into an estimate."""

    columns: Mapping[str, NDArray[np.float64]]
    clusters: NDArray[np.int64]
    answerable: NDArray[np.bool_]
    seed: int

    def estimate(self, metric: Metric, places: NDArray[np.int64], *, draws: int = 2000) -> Estimate:
        """Return a metric's estimate over some rows."""
        column = self.columns[metric.name][places]
        scored = ~np.isnan(column)
        values, n = column[scored], int(scored.sum())
        unscored = len(column) - n
        if n == 0:
            return Estimate(None, None, None, 0, unscored)
        if metric.name in MIXED and misleading(self.answerable[places], scored):
            return Estimate(None, None, None, 0, len(column), why=NOT_SCORABLE)
        interval = cluster_interval(
            values, self.clusters[places][scored], seed=self.seed, draws=draws, bounds=bounds_of(metric)
        )
        cost = metric.group == "cost"
        return Estimate(
            value=_rounded(float(values.mean())),
            low=_rounded(interval.low),
            high=_rounded(interval.high),
            n=n,
            unscored=unscored,
            over=interval.over,
            clusters=interval.clusters,
            p50=_rounded(percentile(values, 50)) if cost else None,
            p95=_rounded(percentile(values, 95)) if cost else None,
        )


def bounds_of(metric: Metric) -> tuple[float, float] | None:
    """Return the least and greatest value a score of this metric can have; None for costs."""
    return {"share": SHARE, "points": _POINTS}.get(metric.unit)


def _rate(successes: float, n: int, *, unscored: int = 0) -> Estimate:
    """Return a share of cases with Wilson's interval."""
    interval = wilson(successes, n)
    return Estimate(
        value=_rounded(successes / n) if n else None,
        low=_rounded(interval.low),
        high=_rounded(interval.high),
        n=n,
        unscored=unscored,
        clusters=n,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _reason(row: CaseResult, name: str) -> str:
    """Return why a row has no such score, empty where it does not say."""
    if row.error is not None:
        return "the case ended in an error"
    return row.why.get(name) or ("" if name in row.scores else NOT_MEASURED)


def _outcome(row: CaseResult) -> str:
    """Return what became of a case, as the refusal table counts it."""
    if row.error is not None or row.result is None:
        return "failed"
    return "abstained" if row.result.get("abstained") else "answered"


def _slices(case: EvalCase) -> Iterator[tuple[str, str]]:
    """Yield the slices a case is in: kind and name."""
    for tag in tags_of(case):
        yield "tag", tag
    yield "lang", case.lang
    yield "set", case.set
    yield "turn", FOLLOW_UP if case.history else FIRST
    yield "answerable", ANSWERABLE if case.answerable else NOT_ANSWERABLE
