"""Runs and their progress in the terminal, and their report as a file: what the command line and the app share."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli.terminal import ERASED
from assistant.text import bare, harmless
from evals.numbers.metrics import METRICS
from evals.numbers.summary import Estimate

if TYPE_CHECKING:
    from evals.run.progress import RunProgress
    from evals.run.runs import OpenRun, RunCard
    from evals.types import EvalSet

_COLUMNS = ("grounded_accuracy", "points", "accuracy", "refused", "over_refused", "citation_precision", "hit@5")
_TELL_S = 10.0
"""Seconds between lines of progress where the output is no terminal."""


def report_of(runs: Sequence[OpenRun], path: Path, read: dict[str, EvalSet]) -> None:
    """Write one HTML report over runs; ``read`` keeps the sets that were read, for the next report."""
    from evals.numbers.summary import to_json
    from evals.report.page import ReportRun, write_report

    write_report(
        [
            ReportRun(
                name=run.name,
                model=run.info["settings"]["model"],
                embedder=run.info["settings"]["embedder"],
                info=run.info,
                summary=to_json(run.summary()),
                rows=run.folder,
                cases=run.cases,
                documents=run.documents(read),
                notes=[run.info["judge"]["line"]] if run.info.get("judge") else [],
            )
            for run in runs
        ],
        path,
    )


def headline(runs: Sequence[OpenRun]) -> str:
    """Return the headline of runs as a table: value, 95 % interval, and the number of cases behind it."""
    lines = [["", *(run.name for run in runs)]]
    summaries = [run.summary() for run in runs]
    for name in _COLUMNS:
        estimates = [summary.metrics[name] for summary in summaries]
        if any(one.n for one in estimates):
            lines.append([METRICS[name].label, *map(estimate_text, estimates)])
        if name == "grounded_accuracy" and len(lines) > 1:
            lines.append(["  of the answerable", *(estimate_text(one.grounded_answerable) for one in summaries)])
    seconds = [summary.metrics["ms_total"] for summary in summaries]
    if any(one.n for one in seconds):
        cells = [f"{one.p50 / 1000:.1f} / {one.p95 / 1000:.1f}" if one.p50 and one.p95 else "" for one in seconds]
        lines.append(["Seconds per answer, p50 / p95", *cells])
    lines.append(["Cases (failed)", *(f"{summary.cases} ({summary.errors})" for summary in summaries)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def estimate_text(estimate: Estimate) -> str:
    """Return a value with its interval and n; the reason where there is no value."""
    if estimate.value is None:
        return "not scored"
    interval = "" if estimate.low is None else f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return f"{estimate.value:.3f}{interval} n={estimate.n}"


def card_line(card: RunCard) -> str:
    """Return one line about a saved run."""
    value = (card.headline or {}).get("value")
    number = "" if value is None else f"  {value:.3f}"
    state = "" if card.complete else f"  unfinished: {card.done} of {card.cases}"
    return f"{card.name:<44}  {card.model.removeprefix('local:'):<28}  {'+'.join(card.sets)}{number}{state}"


def progress_line(progress: RunProgress) -> str:
    """Return how far a run is, in one line: cases, rate, time left, running headline, failures."""
    rate = f", {progress.seconds / done:.1f} s a case" if (done := progress.done_now) and progress.seconds else ""
    left = "" if progress.left_seconds is None else f", {_clock(progress.left_seconds)} left"
    so_far = "" if progress.headline is None else f", grounded accuracy so far {progress.headline:.2f}"
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"{progress.model.removeprefix('local:')}: {progress.done} of {progress.total}{rate}{left}{so_far}{failed}"


@contextmanager
def progress_bar() -> Iterator[Callable[[RunProgress], None]]:
    """Show progress on standard error: one line rewritten on a terminal, a line now and then elsewhere."""
    err = sys.stderr
    live, told = err.isatty(), 0.0

    def show(progress: RunProgress) -> None:
        nonlocal told
        last = progress.done == progress.total
        if not last and time.monotonic() - told < (0.2 if live else _TELL_S):
            return
        told = time.monotonic()
        line = progress_line(progress)
        erased = ERASED if live else ""
        print(f"{erased}{harmless(line)}", end="" if live and not last else "\n", file=bare(err), flush=True)

    yield show


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
