"""Two runs over the same cases enter; what differs leaves: by metric, by tag, and case by case."""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.terminal import visible
from evals.metrics import METRICS
from evals.statistics import Difference, holm, mcnemar, paired_difference
from evals.summary import HEADLINE, MIXED, Key, asks_for_answers, case_of, cluster_of, counted, misleading, tags_of
from evals.types import EvalCase, Metric, Row

Verdict = Literal["better", "worse", "no difference shown"]
Direction = Literal["worse", "better", "other"]

_ALPHA = 0.05
_TAG_DRAWS = 500
_FEWEST = 6
"""Clusters below which no difference can be shown: were all of 5 to change one way, p would be 2 / 2^5 = 0.06."""
_WIDTH = 110
_LABEL = 21
"""Columns of a table's first cell."""
_HEADINGS = ("before", "after", "change", "95 %", "p", "n", "smallest", "")
_WIDTHS = (8, 8, 8, 19, 7, 7, 9)
_BEST_FIRST: tuple[Verdict, ...] = ("better", "no difference shown", "worse")
_WORST_FIRST: tuple[Direction, ...] = ("worse", "better", "other")


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a comparison reads it."""

    name: str
    rows: Mapping[Key, Row]
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
    before: Row
    after: Row
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
    rows: tuple[Row, Row]
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


def as_text(comparison: Comparison, *, width: int = _WIDTH, longest: int = 20) -> str:
    """Return a comparison for a terminal: tables best first, then the cases that changed, worst first.

    No line is longer than ``width`` (from 100 on); lists of tags and cases stop at ``longest`` and say how many more
    there are. Nothing that a question, an id or a name holds can steer the terminal.
    """
    lines = [f"{visible(comparison.before)} -> {visible(comparison.after)}", _coverage(comparison)]
    if comparison.alike and comparison.pairs:
        lines.append(f"The runs are alike: no case changed, and every difference is 0 over {comparison.pairs} cases.")
        lines += _least(comparison)
        return _folded(lines, width)
    if not comparison.differences:
        lines.append("Fewer than two cases were scored in both runs, so nothing can be compared.")
    headline = [found for found in comparison.differences if found.adjusted is not None]
    others = [found for found in comparison.differences if found.adjusted is None]
    lines += _table(headline, f"Headline; p adjusted for {len(headline)} looks (Holm)")
    lines += _turned(headline)
    lines += _table(others, "Exploratory; p not adjusted: of twenty such lines one looks different by chance")
    lines += _tag_table(comparison, longest)
    lines += _caution(comparison)
    lines += _changed_lines(comparison, longest)
    return _folded(lines, width)


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


def _change(pair: _Pair, outcome: Callable[[Row, Mapping[str, float | None]], dict[str, object]]) -> Changed | None:
    before, after = (outcome(row, scores) for row, scores in zip(pair.rows, pair.scores, strict=True))
    what = tuple(name for name in before if before[name] != after[name])
    if not what:
        return None
    return Changed(pair.case.key, pair.case.question, *pair.rows, what, _direction(pair))


def _outcome(row: Row, scores: Mapping[str, float | None]) -> dict[str, object]:
    """Return what is compared of an answer."""
    return {
        "points": scores.get("points"),
        "grounded_accuracy": scores.get("grounded_accuracy"),
        "abstained": bool((row.result or {}).get("abstained")),
        "failure": "error" if row.error is not None else row.failure,
    }


def _hit(row: Row, scores: Mapping[str, float | None]) -> dict[str, object]:
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


def _coverage(comparison: Comparison) -> str:
    """Return how many cases are compared, and how many are not and why."""
    if not comparison.pairs:
        return "The runs share no case that was asked alike. Run both on the same sets, limit and seed."
    parts = [f"{comparison.pairs} cases in both, about {comparison.clusters} articles or conversations"]
    if comparison.only_before or comparison.only_after:
        parts.append(f"{comparison.only_before} only in the first, {comparison.only_after} only in the second")
    if comparison.asked_otherwise:
        parts.append(f"{comparison.asked_otherwise} left out: the set changed them between the runs")
    return "; ".join(parts) + "."


def _least(comparison: Comparison) -> list[str]:
    """Return what the first metric of two equal runs could have shown."""
    return [
        f"{found.difference.n} cases would show a difference in {METRICS[found.metric].label.lower()} "
        f"of {found.difference.smallest_detectable:.3f} or more, four times in five."
        for found in comparison.differences[:1]
    ]


def _table(found: Sequence[MetricDifference], title: str) -> list[str]:
    """Return a title, a head and a line for each metric, best first; nothing without metrics."""
    ordered = sorted(found, key=lambda one: _BEST_FIRST.index(one.verdict))
    lines = [_line(METRICS[one.metric].label, one) for one in ordered]
    return ["", title, _cells("", *_HEADINGS), *lines] if lines else []


def _cells(label: str, *cells: str) -> str:
    padded = "".join(cell.rjust(width) for cell, width in zip(cells[:-1], _WIDTHS, strict=True))
    label = _cut(label, _LABEL)
    return f"{label}{' ' * (_LABEL - _columns(label))}{padded}  {cells[-1]}".rstrip()


def _line(label: str, found: MetricDifference) -> str:
    shown = "{:.3f}" if METRICS[found.metric].unit in ("share", "points") else "{:.0f}"
    signed = shown.replace(":", ":+")
    difference = found.difference
    p = difference.p if found.adjusted is None else found.adjusted
    bounds = (difference.low, difference.high)
    return _cells(
        label,
        shown.format(found.before),
        shown.format(found.after),
        signed.format(difference.mean),
        " to ".join(signed.format(bound) for bound in bounds if bound is not None),
        "<0.001" if p < 0.001 else f"{p:.3f}",
        str(difference.n),
        shown.format(difference.smallest_detectable),
        found.verdict,
    )


def _turned(found: Sequence[MetricDifference]) -> list[str]:
    """Return how many cases turned, for the metrics where a case is right or not."""
    parts = [
        f"{METRICS[one.metric].label} 0 to 1: {one.gained}, 1 to 0: {one.lost} (McNemar p {one.mcnemar:.3f})"
        for one in found
        if one.changed and one.mcnemar is not None
    ]
    return [f"Cases that turned. {'; '.join(parts)}."] if parts else []


def _tag_table(comparison: Comparison, longest: int) -> list[str]:
    """Return a line for each tag where something changed, by its first metric."""
    first = [(tag, found[0]) for tag, found in comparison.tags.items() if found[0].changed]
    if not first:
        return []
    first.sort(key=lambda one: (_BEST_FIRST.index(one[1].verdict), one[1].difference.p, one[0]))
    names = dict.fromkeys(METRICS[found.metric].label for _, found in first)
    lines = [_line(visible(tag), found) for tag, found in first[:longest]]
    return [
        "",
        f"By tag: {', '.join(names)}; p not adjusted",
        _cells("", *_HEADINGS),
        *lines,
        *_more(len(first) - longest, "tags"),
    ]


def _caution(comparison: Comparison) -> list[str]:
    """Return how to read the tables, and what so few articles cannot show."""
    if not comparison.differences:
        return []
    lines = ["", "Smallest: the true difference that this many cases would show four times in five."]
    if comparison.clusters == 1:
        lines.append("All cases are about one article: the intervals take them as independent and speak of it alone.")
    elif comparison.clusters < _FEWEST:
        lines.append(f"{comparison.clusters} articles or conversations cannot show a difference at p < 0.05; 6 could.")
    return lines


def _changed_lines(comparison: Comparison, longest: int) -> list[str]:
    changed = comparison.changed
    if not changed:
        return ["", "No case changed."] if comparison.pairs else []
    count = Counter(one.direction for one in changed)
    lines = [f"{one.direction:<7}{_side_by_side(one)}" for one in changed[:longest]]
    head = f"Changed: {len(changed)} of {comparison.pairs} cases"
    head += f" ({count['worse']} worse, {count['better']} better, {count['other']} other)"
    return ["", head, *lines, *_more(len(changed) - longest, "cases")]


def _side_by_side(one: Changed) -> str:
    before, after = _became(one.before), _became(one.after)
    return visible(f"{before} -> {after} | {'/'.join(one.key)} | {one.question}")


def _became(row: Row) -> str:
    """Return what became of a case in a word or two."""
    if row.error is not None:
        return "error"
    if row.failure:
        return row.failure
    if "grounded_accuracy" not in row.scores:
        hit = row.scores.get("hit@5")
        return "not scored" if hit is None else "found" if hit else "not found"
    verdict = "not scored" if row.scores["grounded_accuracy"] is None else "right"
    return f"refused, {verdict}" if (row.result or {}).get("abstained") else f"answered, {verdict}"


def _more(count: int, what: str) -> list[str]:
    return [f"… and {count} more {what}"] if count > 0 else []


def _folded(lines: Iterable[str], width: int) -> str:
    """Return lines that are not wider than the terminal: rows of a table are cut, prose is wrapped."""
    return "\n".join(part for line in lines for part in _fold(line, width))


def _fold(line: str, width: int) -> Sequence[str]:
    if "  " in line or " | " in line:
        return [_cut(line, width)]
    return [_cut(part, width) for part in textwrap.wrap(line, width, break_on_hyphens=False)] or [""]


def _cut(text: str, columns: int) -> str:
    """Return text, or as much of it as the columns hold and an ellipsis; Chinese and kana take two columns each."""
    if _columns(text) <= columns:
        return text
    room = columns - 1
    while _columns(text[:room]) > columns - 1:
        room -= 1
    return f"{text[:room].rstrip()}…"


def _columns(text: str) -> int:
    return len(text) + sum(unicodedata.east_asian_width(char) in "WF" for char in text)
