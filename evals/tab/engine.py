"""What the app's tab needs of the measurement: sets, runs and comparisons of one home folder, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from assistant.errors import UsageError
from assistant.wiring import Application
from evals.cases.sets import SetChoice, known_sets, sets_folder
from evals.numbers.compare import Comparison, compare
from evals.report.show import report_of
from evals.run.engine import run_sets
from evals.run.jobs import Plan
from evals.run.progress import RunProgress
from evals.run.runs import REPORT, RUN, RunCard, list_runs, open_run, runs_folder

OWN_SET = "mine"
"""The user's own set: what the chat's cases are saved into."""


class Engine(Protocol):
    """The measurement, as the tab sees it; every method may be called from any thread."""

    def sets(self) -> tuple[SetChoice, ...]:
        """Return the sets that have a name: the project's, then the user's."""

    def runs(self) -> tuple[RunCard, ...]:
        """Return the saved runs, newest first."""

    def run(
        self, plan: Plan, on_progress: Callable[[RunProgress], None], stopped: Callable[[], bool]
    ) -> tuple[Path, ...]:
        """Run a plan to its end, or until ``stopped``; raise an error of one line for the user."""

    def compare(self, before: str, after: str) -> Comparison:
        """Compare two runs by their names; raise UsageError for runs that are not there or whose set has changed."""

    def report(self, name: str) -> bytes | None:
        """Return the report of a run, or of several side by side, by its folder's name; None when there is none."""


class HomeEngine:
    """The measurement over the home folder of a running app, and with its models: none is loaded a second time."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._sets = sets_folder(application.home)
        self._runs = runs_folder(application.home)

    def sets(self) -> tuple[SetChoice, ...]:
        """Return the sets that have a name: the project's, then the user's."""
        return known_sets(self._sets)

    def runs(self) -> tuple[RunCard, ...]:
        """Return the saved runs, newest first."""
        return list_runs(self._runs)

    def run(
        self, plan: Plan, on_progress: Callable[[RunProgress], None], stopped: Callable[[], bool]
    ) -> tuple[Path, ...]:
        """Run a plan with the app's own models."""
        return run_sets(plan, application=self._application, on_progress=on_progress, stopped=stopped, report=report_of)

    def compare(self, before: str, after: str) -> Comparison:
        """Compare two runs by their names."""
        known = {card.name: card.path for card in self.runs()}
        for name in (before, after):
            if name not in known:
                raise UsageError(f"found no run '{name}'; it may have been removed. Choose another.")
        return compare(open_run(known[before]).view(), open_run(known[after]).view())

    def report(self, name: str) -> bytes | None:
        """Return the report of a run by its folder's name."""
        return report_file(self._runs, name)


def report_file(runs: Path, name: str) -> bytes | None:
    """Return the report in the folder of a name among the runs; None for any other file and any other place."""
    parts = name.split("/")
    if not 1 <= len(parts) <= 2 or any(not part or part.startswith(".") or "\\" in part for part in parts):
        return None
    root = runs.resolve()
    folder = (root / name).resolve()
    file = (folder / REPORT).resolve()
    # Resolved: a link in the folder leads nowhere else.
    if not folder.is_relative_to(root) or file.parent != folder:
        return None
    if not (folder / RUN).is_file() and not any(folder.glob(f"*/{RUN}")):
        return None
    try:
        return file.read_bytes()
    except OSError:
        return None
