"""A comparison of two runs enters; the lines that a terminal shows of it leave."""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from assistant.text import visible
from evals.numbers.compare import Changed, Comparison, MetricDifference, Verdict
from evals.numbers.metrics import METRICS
from evals.types import CaseResult

_FEWEST = 6
"""Clusters below which no difference can be shown: were all of 5 to change one way, p would be 2 / 2^5 = 0.06."""
_WIDTH = 110
_LABEL = 21
"""Columns of a table's first cell."""
_HEADINGS = ("before", "after", "change", "95 %", "p", "n", "smallest", "")
_WIDTHS = (8, 8, 8, 19, 7, 7, 9)
_BEST_FIRST: tuple[Verdict, ...] = ("better", "no difference shown", "worse")


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


def _became(row: CaseResult) -> str:
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
