"""A run's summary and the least it must reach enter; what falls short leaves, for a build that must not pass then.

"Fail below" means worse than: a metric of which less is better (``over_refused``, ``ms_total``) fails *above* its
threshold. A metric that equals its threshold passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.errors import UsageError
from assistant.text import visible
from evals.numbers.metrics import METRICS
from evals.numbers.summary import Estimate, Summary, bounds_of


@dataclass(frozen=True, slots=True)
class Threshold:
    """The worst mean of a metric that passes."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Failing:
    """A metric that does not reach its threshold."""

    metric: str
    value: float | None
    """None when it was not scored."""
    threshold: float
    reason: str
    """In words, with the numbers."""


def parse_threshold(text: str) -> Threshold:
    """Return the threshold that ``metric=value`` names, spaces around either allowed.

    Raise UsageError for another shape, an unknown metric, a value that is no finite number, or one that no mean of the
    metric could have (90 for a share).
    """
    name, equals, number = (part.strip() for part in text.partition("="))
    if not equals:
        raise UsageError(
            f"Found threshold '{visible(text)}'; expected metric=value, for example grounded_accuracy=0.7."
        )
    metric = METRICS.get(name)
    if metric is None:
        raise UsageError(f"Found unknown metric '{visible(name)}'; expected one of: {', '.join(METRICS)}.")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"Found '{visible(number)}' as threshold of {name}; expected a number, for example {name}={_example(name)}."
        )
    bounds = bounds_of(metric)
    if bounds and not bounds[0] <= value <= bounds[1]:
        raise UsageError(
            f"Found {number} as threshold of {name}; expected {bounds[0]:g} to {bounds[1]:g}. "
            f"Write it like {name}={_example(name)}."
        )
    return Threshold(name, value)


def failing(summary: Summary, thresholds: Iterable[Threshold]) -> tuple[Failing, ...]:
    """Return the thresholds a run does not reach, in the order given; a metric without a value never passes."""
    checked = ((threshold, summary.metrics.get(threshold.metric)) for threshold in thresholds)
    return tuple(
        Failing(threshold.metric, estimate.value if estimate else None, threshold.value, reason)
        for threshold, estimate in checked
        if (reason := _reason(threshold, estimate))
    )


def as_text(failed: Sequence[Failing]) -> str:
    """Return a line for each failing metric, or one line that says that every threshold was met."""
    if not failed:
        return "Every threshold was met."
    return "\n".join(f"{visible(one.metric)} {visible(one.reason)}" for one in failed)


def _reason(threshold: Threshold, estimate: Estimate | None) -> str:
    """Return why a threshold is not met, an empty string when it is."""
    if estimate is None or estimate.value is None:
        why = f": {estimate.why}" if estimate and estimate.why else ""
        return f"was not scored{why}"
    higher = METRICS[threshold.metric].higher_is_better
    if estimate.value >= threshold.value if higher else estimate.value <= threshold.value:
        return ""
    side = "below" if higher else "above"
    interval = "" if estimate.low is None else f", 95 % {estimate.low:g} to {estimate.high:g}"
    return f"is {estimate.value:g}, {side} {threshold.value:g} ({estimate.n} scored{interval})"


def _example(name: str) -> str:
    return "0.7" if bounds_of(METRICS[name]) else "5000"
