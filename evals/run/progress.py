"""The rows of a run enter as they end; how far it is leaves: counts, pace, time left, the headline so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evals.types import CaseResult


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    model: str
    done: int
    total: int
    done_now: int
    """Of them, those of this sitting."""
    failed: int
    seconds: float
    """Of this sitting."""
    left_seconds: float | None
    """None until a case of this sitting is done."""
    headline: float | None
    """Grounded accuracy so far; None where nothing is scored."""


class Tally:
    """Counts rows, failures and the running headline."""

    def __init__(self, rows: Iterable[CaseResult]) -> None:
        self.rows = self.failed = self._scored = 0
        self._sum = 0.0
        for row in rows:
            self.count(row)

    def count(self, row: CaseResult) -> None:
        """Take a row."""
        self.rows += 1
        self.failed += row.error is not None
        value = row.scores.get("grounded_accuracy")
        if value is not None:
            self._scored += 1
            self._sum += value

    @property
    def mean(self) -> float | None:
        """Grounded accuracy so far; None where nothing is scored."""
        return self._sum / self._scored if self._scored else None


class Pace:
    """Tells how far a run is, at the pace of this sitting."""

    def __init__(self, model: str, total: int, before: int, on_progress: Callable[[RunProgress], None]) -> None:
        """``before`` is how many of the ``total`` cases were done when this sitting began."""
        self._model, self._total, self._before, self._on_progress = model, total, before, on_progress
        self._began = time.monotonic()

    def tell(self, tally: Tally) -> None:
        """Tell how far the tally is."""
        seconds, now = time.monotonic() - self._began, tally.rows - self._before
        left = seconds / now * (self._total - tally.rows) if now else None
        self._on_progress(
            RunProgress(self._model, tally.rows, self._total, now, tally.failed, seconds, left, tally.mean)
        )
