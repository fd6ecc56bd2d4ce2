"""Summaries enter; the report's tables leave, each number with its interval and how many cases stand behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.app.html import Html, element, join
from evals.numbers.metrics import METRICS
from evals.report.chart import COLOURS, interval, shape
from evals.report.data import ReportRun
from evals.types import Group, Metric

Estimate = Mapping[str, Any]

HEADLINE = ("grounded_accuracy", "points", "accuracy", "refused", "over_refused", "citation_precision", "ms_total")
HEADLINE_RETRIEVAL = ("hit@5", "hit@1", "recall@5", "full_set@5", "mrr@10", "ndcg@10", "ms_evidence")

_GROUPS: tuple[tuple[Group, str, str], ...] = (
    ("retrieval", "What the search found", "Before any model speaks: did the right passages come up?"),
    ("answer", "What was answered", "The words of the answer against the expected ones."),
    ("citation", "What was cited", "Do citations stand where the proof stands?"),
    ("refusal", "Planted orders", "Orders hidden in articles: a model should read them, not follow them."),
    ("cost", "What it cost", "Time and words per answer."),
)
_REFUSAL_WORDS = {
    "recall": "Of the questions the article does not answer, refused",
    "precision": "Of the refusals, rightly so",
    "over_refusal": "Of the answerable ones whose evidence was found, refused",
}
_CLEAR = (
    "A filled cell is the best of its column by a margin: neither its interval nor the next one's holds the other's "
    "value. Where nothing is filled, the models are too close for this many cases; evals compare, which pairs the "
    "cases, can tell more."
)


def estimate_of(run: ReportRun, name: str) -> Estimate | None:
    """Return a metric's estimate, None where the run has no value for it."""
    found: Estimate | None = run.summary.get("metrics", {}).get(name)
    return None if found is None or found.get("value") is None else found


def typical(metric: Metric, estimate: Estimate) -> float:
    """Return what a table shows: the median of milliseconds, where a slow few pull the mean away; else the mean."""
    p50 = estimate.get("p50")
    return float(p50 if metric.unit == "ms" and p50 is not None else estimate["value"])


def shown(metric: Metric, value: float) -> str:
    """Return a value as the page writes it: 62%, +0.21, 1.4 s, 38 ms, 412."""
    if metric.unit == "share":
        return f"{100 * value:.1f}%" if 0.995 <= value < 1 else f"{100 * value:.0f}%"
    if metric.unit == "points":
        return f"{value:+.2f}".replace("-", "\u2212")
    if metric.unit == "ms":
        return seconds(value)
    return f"{value:,.0f}"


def seconds(milliseconds: float) -> str:
    """Return a duration in the unit a user would choose."""
    if milliseconds < 950:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 99_950 else f"{milliseconds / 1000:,.0f} s"


def best(metric: Metric, estimates: Sequence[Estimate | None]) -> int | None:
    """Return the place of the clear winner, None where there is none.

    Clear: a runner-up exists, and neither of the two intervals holds the other's value. Times and tokens, whose
    spread is no doubt about their middle, win by a tenth.
    """
    sign = 1 if metric.higher_is_better else -1
    ranked = sorted(
        ((sign * typical(metric, estimate), place) for place, estimate in enumerate(estimates) if estimate),
        reverse=True,
    )
    if len(ranked) < 2:
        return None
    (first, winner), (second, next_one) = ranked[:2]
    if metric.unit in ("ms", "tokens"):
        return winner if abs(first) <= 0.9 * abs(second) else None
    mine, theirs = estimates[winner], estimates[next_one]
    apart = not _holds(mine, sign * second) and not _holds(theirs, sign * first)
    return winner if apart and first != second else None


def headline(runs: Sequence[ReportRun], names: Sequence[str]) -> Html:
    """Return one line a model, one column a metric; metrics that no run has a value for are left out."""
    metrics = [METRICS[name] for name in names if any(estimate_of(run, name) for run in runs)]
    winners = {m.name: best(m, [estimate_of(run, m.name) for run in runs]) for m in metrics}
    head = element("tr", element("th", "Model", scope="col"), *(_column(metric) for metric in metrics))
    lines = [
        element(
            "tr",
            element("th", model_name(run, place), scope="row"),
            *(_cell(metric, run, place, clear=winners[metric.name] == place) for metric in metrics),
        )
        for place, run in enumerate(runs)
    ]
    table = element("table", element("thead", head), element("tbody", *lines), class_="wide headline")
    legend = element("p", _CLEAR, class_="quiet") if len(runs) > 1 else ""
    return join(element("div", table, class_="scroll"), legend)


def details(runs: Sequence[ReportRun], *, opened: Group | None = None) -> Html:
    """Return a folded table a group, one line a metric with its meaning, one column a model; no table of nothing."""
    parts: list[Html] = []
    for group, title, words in _GROUPS:
        metrics = [m for m in METRICS.values() if m.group == group and any(estimate_of(run, m.name) for run in runs)]
        if not metrics:
            continue
        head = element(
            "tr",
            element("th", "", scope="col"),
            *(element("th", model_name(run, place), scope="col") for place, run in enumerate(runs)),
        )
        lines = [_line(metric, runs) for metric in metrics]
        table = element("table", element("thead", head), element("tbody", *lines), class_="wide")
        summary = element("summary", title, element("span", words, class_="means"))
        parts.append(
            element("details", summary, element("div", table, class_="scroll"), open="" if group == opened else None)
        )
    return join(*parts)


def refusal(runs: Sequence[ReportRun]) -> Html:
    """Return the two kinds of question against the two things a model can do, a table a model."""
    return join(
        *(_refusal_table(run, place) for place, run in enumerate(runs) if _has_refusal(run.summary.get("refusal")))
    )


def glossary(runs: Sequence[ReportRun], more: Sequence[tuple[str, str]]) -> Html:
    """Return every metric of these runs, and the words of the page, with one sentence each."""
    used = [
        (metric.label, metric.means + ("" if metric.higher_is_better else " Less is better."))
        for metric in METRICS.values()
        if any(estimate_of(run, metric.name) for run in runs)
    ]
    terms = [join(element("dt", word), element("dd", means)) for word, means in (*more, *used)]
    return element("dl", *terms)


def model_name(run: ReportRun, place: int) -> Html:
    """Return a run's mark and name."""
    return element("span", shape(place), element("span", run.name), class_=f"model m{place % COLOURS}")


def _holds(estimate: Estimate | None, value: float) -> bool:
    """Say whether an interval holds a value; one that is not known may hold anything."""
    if estimate is None or estimate.get("low") is None or estimate.get("high") is None:
        return True
    return bool(estimate["low"] <= value <= estimate["high"])


def _column(metric: Metric) -> Html:
    less = "" if metric.higher_is_better else element("span", "less is better", class_="less")
    unit = element("span", "median", class_="less") if metric.unit == "ms" else ""
    return element("th", element("span", metric.label, title=metric.means), unit or less, scope="col")


def _line(metric: Metric, runs: Sequence[ReportRun]) -> Html:
    winner = best(metric, [estimate_of(run, metric.name) for run in runs])
    less = "" if metric.higher_is_better or metric.group == "cost" else " Less is better."
    name = element("th", metric.label, element("span", metric.means + less, class_="means"), scope="row")
    cells = (_cell(metric, run, place, clear=winner == place, named=True) for place, run in enumerate(runs))
    return element("tr", name, *cells)


def _cell(metric: Metric, run: ReportRun, place: int, *, clear: bool, named: bool = False) -> Html:
    """Return a value with its interval and counts; ``named`` for a column that is a model's."""
    label = run.name if named else metric.label
    written: Estimate = run.summary.get("metrics", {}).get(metric.name, {})
    estimate = estimate_of(run, metric.name)
    if estimate is None:
        why = element("span", written["why"], class_="n") if written.get("why") else ""
        return element("td", element("b", "–"), why, data_label=label)
    value = typical(metric, estimate)
    parts: list[object] = [element("b", shown(metric, value))]
    if metric.unit in ("ms", "tokens"):
        if estimate.get("p95") is not None:
            parts.append(element("span", f"95 of 100 under {shown(metric, estimate['p95'])}", class_="between"))
    else:
        parts.append(_range(metric, estimate, place))
        parts.append(_half(metric, run))
    n, unscored = estimate.get("n", 0), estimate.get("unscored", 0)
    parts.append(element("span", f"{n:,} of {n + unscored:,} scored" if unscored else f"{n:,} scored", class_="n"))
    return element("td", *parts, data_label=label, class_="best" if clear else None)


def _range(metric: Metric, estimate: Estimate, place: int) -> Html:
    low, high = estimate.get("low"), estimate.get("high")
    least = -1 if metric.unit == "points" else 0
    drawn = interval(float(estimate["value"]), low, high, least=least, most=1, colour=place)
    words = f"{shown(metric, low)} to {shown(metric, high)}" if low is not None and high is not None else "no interval"
    return join(drawn, element("span", words, class_="between"))


def _half(metric: Metric, run: ReportRun) -> Html:
    """Return the headline number of the answerable cases alone: a model that only refuses must not look good."""
    half = run.summary.get("grounded_answerable") or {}
    if metric.name != "grounded_accuracy" or half.get("value") is None:
        return Html("")
    return element("span", f"answerable: {shown(metric, half['value'])}", class_="n")


def _has_refusal(table: Mapping[str, Any] | None) -> bool:
    return table is not None and any(any(_pair(table, key)) for key in ("answered", "abstained", "failed"))


def _pair(table: Mapping[str, Any], key: str) -> tuple[int, int]:
    """Return how many answerable and how many unanswerable cases went this way."""
    return int(table.get(f"answerable_{key}", 0)), int(table.get(f"unanswerable_{key}", 0))


def _refusal_table(run: ReportRun, place: int) -> Html:
    table = run.summary["refusal"]
    # An error is neither: its column is there only when there was one.
    columns = [("answered", "Answered"), ("abstained", "Refused"), ("failed", "Failed")]
    columns = [(key, word) for key, word in columns if key != "failed" or _pair(table, key) != (0, 0)]
    head = element("tr", element("td"), *(element("th", word, scope="col") for _, word in columns))
    lines = [
        element(
            "tr",
            element("th", words, scope="row"),
            *(
                element("td", f"{_pair(table, key)[row]:,}", class_="good" if key == right else "bad")
                for key, _ in columns
            ),
        )
        for row, (words, right) in enumerate((("The article answers it", "answered"), ("It does not", "abstained")))
    ]
    rates = [
        element("p", f"{words}: ", element("b", _rate(table[name])), class_="rate")
        for name, words in _REFUSAL_WORDS.items()
        if isinstance(table.get(name), Mapping) and table[name].get("value") is not None
    ]
    square = element("table", element("thead", head), element("tbody", *lines), class_="square")
    return element("div", element("h3", model_name(run, place)), square, *rates, class_="card")


def _rate(estimate: Estimate) -> str:
    low, high = estimate.get("low"), estimate.get("high")
    between = f" ({100 * low:.0f} to {100 * high:.0f})" if low is not None and high is not None else ""
    return f"{100 * estimate['value']:.0f}%{between}"


def legend(rows: Sequence[tuple[str, str, str, Sequence[int]]], runs: Sequence[ReportRun]) -> Html:
    """Return the failure kinds: ``(style class, name, meaning, count by run)``, each count a button that filters."""
    head = element(
        "tr",
        element("th", "Kind", scope="col"),
        *(element("th", model_name(run, place), scope="col", class_="count") for place, run in enumerate(runs)),
    )
    lines = []
    for style, name, means, counts in rows:
        words = element(
            "th", element("span", class_=f"swatch {style}"), name, element("span", means, class_="means"), scope="row"
        )
        cells = [
            element("td", _filter(name, place, count), class_="count", data_label=runs[place].name)
            for place, count in enumerate(counts)
        ]
        lines.append(element("tr", words, *cells))
    return element("table", element("thead", head), element("tbody", *lines), class_="wide kinds")


def _filter(name: str, place: int, count: int) -> Html:
    if not count:
        return element("span", 0)
    return element("button", f"{count:,}", type="button", data_verdict=name, data_model=place, title="Show these cases")
