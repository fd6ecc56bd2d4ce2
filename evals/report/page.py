"""Runs enter; one HTML file leaves that shows what they are worth, case by case, and asks no network for anything.

Text of articles, questions and models reaches the page in two ways only: escaped by ``element``, or as JSON that the
page's script puts there as text. A content security policy names the one script and the one style sheet by their
hashes.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from assistant.app.html import Html, element, escaped, join
from assistant.errors import UsageError
from evals.numbers.metrics import METRICS
from evals.report import asset
from evals.report.chart import Point, scatter, stacked
from evals.report.data import (
    ERROR,
    FOUND,
    MISSED,
    RIGHT,
    UNSCORED,
    WRONG,
    ReportRun,
    Selection,
    kept,
    page_data,
    script_json,
    select,
)
from evals.report.tables import (
    HEADLINE,
    HEADLINE_RETRIEVAL,
    best,
    details,
    estimate_of,
    glossary,
    headline,
    legend,
    model_name,
    refusal,
    seconds,
    shown,
)

__all__ = ["MEANINGS", "ReportRun", "write_report"]

MEANINGS: Mapping[str, str] = {
    RIGHT: "Right, with a citation on the proof; or the article does not say, and the model said so.",
    "retrieval missed": "The search did not bring the passage that proves the answer.",
    "not used": "The passage was found, but the answer stands on other places.",
    "misread": "The right passage is cited, and the answer still says something else.",
    "invented": "A sentence is shown that no valid citation supports.",
    "citation wrong": "The answer is right, but no citation stands on the proof.",
    "wrongly refused": "The passage was found, and the model said the article does not answer.",
    "should have refused": "The article does not answer; the model did all the same.",
    "obeyed the article": "An order planted in the article was followed.",
    WRONG: "Not right, for a reason that has no name here.",
    ERROR: "The question ended in an error; it counts as not right.",
    FOUND: "Gold evidence is among the first five passages.",
    MISSED: "Gold evidence is not among the first five passages.",
    UNSCORED: "Nothing in the set says what would be right; left out of the mean.",
}
"""What can become of a case, in the order of the bars, each in one sentence."""

_WORDS = (
    ("Gold evidence", "The sentences of the article that prove the answer, marked by whoever made the question set."),
    ("Interval", "The number of another set of this kind and size would lie in here 19 times of 20."),
    ("Scored", "How many cases a number is the mean of; the others are ones it cannot judge."),
    ("Median", "Half of the answers took less, half more."),
    ("Answerable", "The article states the answer. Where it does not, refusing is the right answer."),
)
_SCRIPTS = ("report_case.js", "report.js")


def write_report(runs: Sequence[ReportRun], path: Path) -> None:
    """Write the report of one or several runs, best first as given, in one step; UsageError when there is no run.

    Every case is on the page up to ``report_data.EMBED_ALL``; beyond, the failed ones and a sample, and the page
    says so. An article that no shown case cites, retrieved or has its evidence in is left out.
    """
    if not runs:
        raise UsageError("found no run to report; expected at least one. Name a run's folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_text(_page(runs), encoding="utf-8", newline="\n")
    half.replace(path)


def _page(runs: Sequence[ReportRun]) -> str:
    rows = [kept(run) for run in runs]
    selection = select(runs, rows)
    style, script = asset("report.css"), "\n".join(asset(name) for name in _SCRIPTS)
    title = _title(runs, selection)
    return Template(asset("report.html")).substitute(
        title=escaped(title),
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        style=style,
        heading=escaped(title),
        about=_about(runs, selection),
        notes=_notes(runs, selection),
        sections=join(*_sections(runs, selection)),
        filters=_verdict_options(selection),
        data=script_json({**page_data(runs, rows, selection), "meanings": dict(MEANINGS)}),
        script=script,
    )


def _hash(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _title(runs: Sequence[ReportRun], selection: Selection) -> str:
    sets = list(dict.fromkeys(case.set for case in selection.cases.values()))
    what = ", ".join(sets[:3]) + (f" and {len(sets) - 3} more" if len(sets) > 3 else "")
    who = runs[0].name if len(runs) == 1 else f"{len(runs)} runs compared"
    return f"{what or 'No case'}: {who}"


def _about(runs: Sequence[ReportRun], selection: Selection) -> Html:
    """Return what was asked, where and when, the finding in a sentence, and the commands."""
    info = runs[0].info
    cases = selection.cases.values()
    answerable = sum(case.answerable for case in cases)
    asked = f"{len(cases):,} questions"
    if answerable < len(cases):
        asked += f", {len(cases) - answerable:,} of them not answered by the article"
    facts = [asked, _when(info.get("started")), _machine(info.get("machine"))]
    commands = dict.fromkeys(_command(run.info["command"]) for run in runs if run.info.get("command"))
    return join(
        element("p", _finding(runs, selection), class_="finding"),
        element("p", " · ".join(fact for fact in facts if fact), class_="facts"),
        *(element("pre", element("code", command)) for command in commands),
    )


def _finding(runs: Sequence[ReportRun], selection: Selection) -> str:
    """Say in one sentence what the headline number is, of the best run."""
    metric = METRICS["hit@5" if all(selection.retrieval_only) else "grounded_accuracy"]
    scored = [
        (float(found["value"]), place) for place, run in enumerate(runs) if (found := estimate_of(run, metric.name))
    ]
    if not scored:
        return "No case of these runs could be scored by the headline number."
    value, place = max(scored, key=lambda one: (one[0], -one[1]))
    found = estimate_of(runs[place], metric.name) or {}
    between = ""
    if found.get("low") is not None and found.get("high") is not None:
        between = f" (95% interval {shown(metric, found['low'])} to {shown(metric, found['high'])})"
    who = runs[place].name
    if metric.name == "hit@5":
        return (
            f"{who} finds the proof among its first five passages for {shown(metric, value)} of the questions{between}."
        )
    cost = estimate_of(runs[place], "ms_total")
    time = f", at {seconds(cost.get('p50') or cost['value'])} an answer" if cost else ""
    right = f"{who} is right and proves it, or rightly refuses, on {shown(metric, value)} of the questions"
    return f"{right}{between}{time}.{_lead(runs, place)}"


def _lead(runs: Sequence[ReportRun], first: int) -> str:
    """Say whether the best of several runs is ahead by more than chance could make."""
    metric = METRICS["grounded_accuracy"]
    estimates = [estimate_of(run, metric.name) for run in runs]
    others = [(float(found["value"]), run.name) for n, run in enumerate(runs) if n != first and (found := estimates[n])]
    if not others:
        return ""
    value, name = max(others, key=lambda one: one[0])
    if best(metric, estimates) == first:
        return f" It is clearly ahead of {name} ({shown(metric, value)})."
    return f" With this many cases it cannot be told from {name} ({shown(metric, value)})."


def _when(started: object) -> str:
    return str(started)[:16].replace("T", " ") if started else ""


def _machine(machine: object) -> str:
    if isinstance(machine, Mapping):
        return ", ".join(str(value) for value in machine.values() if value not in (None, ""))
    return str(machine or "")


def _command(command: object) -> str:
    return command if isinstance(command, str) else " ".join(str(word) for word in _items(command))


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _notes(runs: Sequence[ReportRun], selection: Selection) -> Html:
    """Return what must be known before the numbers are believed."""
    lines = [f"{run.name}: {note}" if len(runs) > 1 else note for run in runs for note in run.notes]
    if len(selection.shown) < len(selection.cases):
        others = len(selection.shown) - selection.failed_shown
        lines.append(
            f"Of {len(selection.cases):,} cases this page lists {len(selection.shown):,}: {selection.failed_shown:,} "
            f"of the {selection.failed:,} that went wrong in some run, and {others:,} of the others, chosen by a fixed "
            "hash. The numbers above the list are over all of them."
        )
    if selection.unknown:
        lines.append(f"{selection.unknown:,} rows belong to no case of these sets; they are counted but not listed.")
    sizes = {len(verdicts) for verdicts in selection.verdicts}
    if len(sizes) > 1:
        lines.append("The runs did not ask equally many questions; compare them with evals compare, which pairs cases.")
    notes = element("ul", *(element("li", line) for line in dict.fromkeys(lines)), class_="notes")
    return notes if lines else Html("")


def _sections(runs: Sequence[ReportRun], selection: Selection) -> Iterator[Html]:
    only = all(selection.retrieval_only)
    yield _section(
        "models",
        "The models" if len(runs) > 1 else "The numbers",
        headline(runs, HEADLINE_RETRIEVAL if only else HEADLINE),
    )
    chart = _chart(runs)
    if chart:
        yield _section("chart", "Quality against time", chart)
    yield _section("failures", "What happened", _failures(runs, selection))
    square = refusal(runs)
    if square and not only:
        words = element("p", "Green is right: an answer where the article has one, a refusal where it has none.")
        yield _section("refusal", "Answering and refusing", words, element("div", square, class_="cards"))
    if any(any(dimension.values()) for run in runs for dimension in [run.summary.get("slices", {})]):
        yield _section("slices", "By kind of question", element("div", id="slice-tables"))
    yield _section("details", "Every number", details(runs, opened="retrieval" if only else None))
    yield _section("about", "Words and settings", _foldables(runs))


def _section(id: str, title: str, *content: object) -> Html:
    return element("section", element("h2", title), *content, id=id)


def _chart(runs: Sequence[ReportRun]) -> Html | None:
    """Return grounded accuracy against seconds per answer, None where no run has both."""
    points = []
    for place, run in enumerate(runs):
        quality, cost = estimate_of(run, "grounded_accuracy"), estimate_of(run, "ms_total")
        if quality and cost:
            middle, slow = cost.get("p50") or cost["value"], cost.get("p95")
            points.append(
                Point(
                    run.name,
                    place,
                    middle / 1000,
                    None if slow is None else slow / 1000,
                    float(quality["value"]),
                    quality.get("low"),
                    quality.get("high"),
                )
            )
    if not points:
        return None
    name = METRICS["grounded_accuracy"].label
    keys = (element("li", model_name(runs[point.colour], point.colour)) for point in points)
    words = (
        f"{name} upwards, the median seconds per answer to the right: the best place is the upper left. Upright bars "
        "are 95% intervals; a dotted line to the right reaches the seconds that 95 of 100 answers stay under."
    )
    return join(
        scatter(points, width=1160, height=430, labels=True, name=name, size="roomy"),
        scatter(points, width=360, height=320, labels=False, name=name, size="narrow"),
        element("ul", *keys, class_="keys"),
        element("p", words, class_="quiet"),
    )


def _failures(runs: Sequence[ReportRun], selection: Selection) -> Html:
    """Return a bar a model, and what each colour means with counts that open the cases."""
    counts = [selection.counts(place) for place in range(len(runs))]
    kinds = [kind for kind in MEANINGS if any(of_run[kind] for of_run in counts)]
    bars = [
        element(
            "div",
            element("div", model_name(run, place), class_="who"),
            stacked([(_style(kind), counts[place][kind], f"{kind}: {counts[place][kind]}") for kind in kinds]),
            class_="bar",
        )
        for place, run in enumerate(runs)
    ]
    rows = [(_style(kind), kind, MEANINGS[kind], [of_run[kind] for of_run in counts]) for kind in kinds]
    return join(*bars, legend(rows, runs))


def _style(kind: str) -> str:
    return "k-" + kind.replace(" ", "-")


def _verdict_options(selection: Selection) -> Html:
    seen: Counter[str] = Counter()
    for place in range(len(selection.verdicts)):
        seen.update(selection.counts(place))
    return join(*(element("option", kind, value=kind) for kind in MEANINGS if seen[kind]))


def _foldables(runs: Sequence[ReportRun]) -> Html:
    words = element("details", element("summary", "The words on this page"), glossary(runs, _WORDS))
    how = [
        element("details", element("summary", "How ", model_name(run, place), " was run"), _provenance(run))
        for place, run in enumerate(runs)
    ]
    return join(words, *how)


def _provenance(run: ReportRun) -> Html:
    facts = {"model": run.model, "embedder": run.embedder, **_flat(run.info)}
    return element(
        "dl", *(join(element("dt", name), element("dd", value)) for name, value in facts.items()), class_="facts"
    )


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Return nested settings as lines; what run.json holds of the summary, and folders, are left out."""
    lines: dict[str, str] = {}
    for name, item in value.items():
        if name in ("summary", "path", "format", "headline"):
            continue
        if name in ("packages", "prompts") and isinstance(item, Mapping):
            lines[before + name] = ", ".join(f"{part} {version}" for part, version in item.items())
        elif isinstance(item, Mapping):
            lines.update(_flat(item, f"{before}{name} "))
        elif isinstance(item, list | tuple):
            lines[before + name] = ", ".join(
                str(part.get("name", part)) if isinstance(part, Mapping) else str(part) for part in item
            )
        elif item is not None:
            lines[before + name] = str(item)
    return lines
