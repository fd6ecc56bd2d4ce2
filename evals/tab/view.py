"""The state of a run, the list of runs, a comparison and a draft's evidence enter; HTML for the tab leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from assistant.app.html import Html, button, element, join
from evals.numbers.metrics import METRICS
from evals.report.tables import shown
from evals.run.runs import REPORT, RunCard

if TYPE_CHECKING:
    from evals.numbers.compare import Changed, Comparison, MetricDifference
    from evals.run.progress import RunProgress
    from evals.tab.case import Quoted
    from evals.tab.runner import Status
    from evals.types import CaseResult, Metric

Address = Callable[[str], str]
"""A run's name to where its report is served."""

LISTED = 50
"""Most runs and changed cases shown."""
_MODEL = "local:"
_ONE_LOCAL = (
    "The chat goes on meanwhile. Ask there with the same local model or with none: only one is loaded at a time, and "
    "taking turns costs both."
)
_HEADINGS = ("Metric", "Before", "After", "Difference", "95% interval", "p", "Cases", "")


def line(text: str, *, kind: str = "said") -> Html:
    """Return a line to the user; nothing for no text."""
    return element("p", text, class_=kind, role="status") if text else Html()


def status(now: Status, reports: Sequence[tuple[str, str]] = ()) -> Html:
    """Return how far the run is, or how the last one ended; ``reports`` are (label, address) of what it wrote."""
    if now.plan is None:
        return line("Nothing has been run yet. The chat goes on while a set runs.", kind="quiet")
    bars = join(*(_bar(one) for one in now.progress))
    if now.running:
        waiting = "" if now.progress else "Getting ready: reading the set and searching its articles…"
        stopping = "Stopping…" if now.stopping else ""
        local = any(model.startswith(_MODEL) for model in now.plan.models)
        lines = [line(words, kind="quiet") for words in (waiting or stopping, _ONE_LOCAL if local else "")]
        return element("div", lines[0], bars, lines[1], class_="run")
    links = [_link(label, address) for label, address in reports]
    opened = element("p", join(*links, by=" · "), class_="links") if links else ""
    return element("div", line(now.trouble, kind="trouble"), line(_ended(now)), bars, opened, class_="run")


def _link(label: str, address: str) -> Html:
    return element("a", label, href=address, target="_blank", rel="noopener")


def _ended(now: Status) -> str:
    if now.trouble:
        return ""
    done, total = sum(one.done for one in now.progress), sum(one.total for one in now.progress)
    if now.stopping and done < total:
        return f"Stopped after {done:,} of {total:,} cases; the same run again goes on from there."
    return "Done."


def _bar(progress: RunProgress) -> Html:
    share = progress.done / progress.total if progress.total else 1.0
    facts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.done_now and progress.seconds:
        facts.append(_rate(progress.done_now / progress.seconds))
    if progress.left_seconds and progress.done < progress.total:
        facts.append(f"{_clock(progress.left_seconds)} left")
    if progress.headline is not None:
        so_far = " so far" if progress.done < progress.total else ""
        facts.append(f"grounded accuracy{so_far} {shown(METRICS['grounded_accuracy'], progress.headline)}")
    if progress.failed:
        facts.append(f"{progress.failed:,} failed")
    return element(
        "div",
        element("p", element("strong", progress.model.removeprefix(_MODEL)), " ", " · ".join(facts), class_="facts"),
        element(
            "div",
            element("span", style=f"width: {100 * share:.1f}%"),
            class_="bar",
            role="progressbar",
            aria_label=progress.model,
            aria_valuemin=0,
            aria_valuemax=progress.total,
            aria_valuenow=progress.done,
        ),
    )


def _rate(per_second: float) -> str:
    return f"{per_second:,.1f} cases a second" if per_second >= 1 else f"{1 / per_second:,.1f} s a case"


def _clock(seconds: float) -> str:
    """Return a rough time to wait in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def runs(cards: Sequence[RunCard], address: Address) -> Html:
    """Return the list of past runs, newest first as given."""
    if not cards:
        return line("No run yet.", kind="quiet")
    rows = [_run(card, address) for card in cards[:LISTED]]
    more = line(f"… and {len(cards) - LISTED:,} older ones." if len(cards) > LISTED else "", kind="quiet")
    return join(_table("runs", ("Run", "Set", "Cases", "Headline", "Report"), rows), more)


def _table(kind: str, headings: Iterable[str], rows: Iterable[Html]) -> Html:
    head = element("tr", *(element("th", name, scope="col") for name in headings))
    return element("table", element("thead", head), element("tbody", *rows), class_=kind)


def _run(card: RunCard, address: Address) -> Html:
    model = "search alone" if card.retrieval_only else card.model.removeprefix(_MODEL)
    who = join(element("strong", model), element("span", _when(card.started), class_="quiet"))
    cases = f"{card.cases:,}" if card.complete else f"{card.done:,} of {card.cases:,}"
    cells = [
        element("th", who, scope="row"),
        element("td", " + ".join(card.sets)),
        element("td", cases, "" if card.complete else element("span", "unfinished", class_="quiet"), class_="number"),
        element("td", _headline(card, METRICS["hit@5" if card.retrieval_only else "grounded_accuracy"])),
        element("td", _link("Open report", address(card.name)) if (card.path / REPORT).is_file() else ""),
    ]
    return element("tr", *cells)


def _headline(card: RunCard, metric: Metric) -> Html:
    found = card.headline or {}
    if found.get("value") is None:
        return element("span", "not scored", class_="quiet")
    between = ""
    if found.get("low") is not None and found.get("high") is not None:
        between = f" {shown(metric, found['low'])}–{shown(metric, found['high'])}"
    words = join(metric.label, between, f", n = {found.get('n', 0):,}")
    return join(element("strong", shown(metric, found["value"])), element("span", words, class_="quiet"))


def run_label(card: RunCard) -> str:
    """Return a run as a picker's line."""
    state = "" if card.complete else f" (unfinished: {card.done:,})"
    model, sets = card.model.removeprefix(_MODEL), " + ".join(card.sets)
    return f"{model} on {sets}, {card.cases:,} cases, {_when(card.started, seconds=True)}{state}"


def _when(started: str, *, seconds: bool = False) -> str:
    """Return when a run began, in the clock of this machine."""
    try:
        return datetime.fromisoformat(started).astimezone().strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''}")
    except ValueError:
        return started[:16]


def comparison(found: Comparison) -> Html:
    """Return what differs between two runs: the metrics, then the cases that changed, worst first."""
    if not found.pairs:
        return line("The runs share no case that was asked alike: run both on the same set and limit.", kind="trouble")
    title = element("h3", found.before, element("span", " → "), found.after)
    facts = [f"{found.pairs:,} cases in both"]
    if found.only_before or found.only_after:
        facts.append(f"{found.only_before:,} only in the first, {found.only_after:,} only in the second")
    if found.asked_otherwise:
        facts.append(f"{found.asked_otherwise:,} left out, changed between the runs")
    parts: list[Html] = [title, line("; ".join(facts) + ".", kind="quiet")]
    if found.alike:
        parts.append(line("The runs are alike: no case changed, and every score is the same."))
        return join(*parts)
    first = [one for one in found.differences if one.adjusted is not None]
    others = [one for one in found.differences if one.adjusted is None]
    if first:
        parts += [_differences(_difference(one) for one in first), _least(first[0])]
    tags = [(tag, differences[0]) for tag, differences in found.tags.items() if differences[0].changed]
    if tags:
        label = METRICS[tags[0][1].metric].label
        rows = _differences(_difference(one, tag) for tag, one in tags)
        parts.append(element("details", element("summary", f"{label} by tag"), rows))
    if others:
        rest = line("p not adjusted: of twenty such lines one looks different by chance.", kind="quiet")
        rows = _differences(_difference(one) for one in others)
        parts.append(element("details", element("summary", "Every other metric"), rest, rows))
    parts.append(_changes(found))
    return join(*parts)


def _differences(rows: Iterable[Html]) -> Html:
    return element("div", _table("differences", _HEADINGS, rows), class_="wide")


def _least(one: MetricDifference) -> Html:
    """Return what so many cases could have shown."""
    smallest, metric = one.difference.smallest_detectable, METRICS[one.metric]
    if smallest is None:
        return Html()
    words = f"These {one.difference.n:,} cases would show a true difference in {metric.label.lower()} of "
    return line(f"{words}{shown(metric, smallest).lstrip('+')} or more, four times in five.", kind="quiet")


def _difference(one: MetricDifference, label: str = "") -> Html:
    metric, difference = METRICS[one.metric], one.difference
    p = difference.p if one.adjusted is None else one.adjusted
    between = [_signed(metric, bound) for bound in (difference.low, difference.high) if bound is not None]
    cells = [
        shown(metric, one.before),
        shown(metric, one.after),
        "" if difference.mean is None else _signed(metric, difference.mean),
        " to ".join(between),
        "< 0.001" if p < 0.001 else f"{p:.3f}",
        f"{difference.n:,}",
    ]
    kind = {"better": "better", "worse": "worse"}.get(one.verdict, "same")
    return element(
        "tr",
        element("th", label or metric.label, scope="row", title=metric.means),
        *(element("td", cell, class_="number") for cell in cells),
        element("td", one.verdict, class_=kind),
    )


def _signed(metric: Metric, value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{shown(metric, abs(value)).lstrip('+')}"


def _changes(found: Comparison) -> Html:
    if not found.changed:
        return line("No case changed.", kind="quiet")
    title = element("h3", f"{len(found.changed):,} of {found.pairs:,} cases changed")
    items = [_change(one) for one in found.changed[:LISTED]]
    more = line(f"… and {len(found.changed) - LISTED:,} more." if len(found.changed) > LISTED else "", kind="quiet")
    return join(title, element("ul", *items, class_="changes"), more)


def _change(one: Changed) -> Html:
    turned = element("span", one.direction, class_=f"turn {one.direction}")
    became = element("span", f"{_became(one.before)} → {_became(one.after)}", class_="quiet")
    sides = [
        element("div", element("span", name, class_="quiet"), element("p", _said(row)))
        for name, row in (("Before", one.before), ("After", one.after))
    ]
    return element("li", element("details", element("summary", turned, " ", one.question, " ", became), *sides))


def _became(row: CaseResult) -> str:
    if row.error is not None:
        return "error"
    if row.failure is not None:
        return row.failure
    return "refused" if (row.result or {}).get("abstained") else "right"


def _said(row: CaseResult) -> str:
    return row.error or str((row.result or {}).get("answer") or "") or "Nothing was answered."


def evidence(quoted: Sequence[Quoted]) -> Html:
    """Return a draft's evidence, each piece with a button that removes it."""
    several = len({one.title for one in quoted}) > 1
    items = []
    for place, one in enumerate(quoted):
        title = element("span", one.title, class_="quiet") if several else ""
        label = f"Remove: {one.quote[:80]}"
        drop = button("Remove", class_="small", data_case="drop", data_place=place, aria_label=label)
        items.append(element("li", element("q", one.quote), title, drop))
    return element("ol", *items, class_="evidence") if items else Html()
