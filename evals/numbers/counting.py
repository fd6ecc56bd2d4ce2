"""A row and its case enter; what they count as leaves: for a summary of one run, and for a comparison of two alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.errors import UsageError
from evals.numbers.metrics import METRICS
from evals.scorers.answer import accuracy
from evals.types import CaseResult, EvalCase

Key = tuple[str, str]
"""Set and id of a case."""

HEADLINE = tuple(name for name, metric in METRICS.items() if metric.group == "headline")
MIXED = ("grounded_accuracy", "points")
"""Metrics of answers and refusals together."""

_TWIN_OF = "twin-of:"
"""Tags of this beginning name a case: a slice each would be a list of cases."""
_TWIN_ARTICLE = re.compile(r"~[0-9a-f]{6,}$")
"""What the id of a changed copy adds to its article's."""
_TURN_ID = re.compile(r"(.+)<::>\d+")
"""Conversation and turn."""


def cluster_of(case: EvalCase) -> str:
    """Return what a case is not independent of: its article, or else its conversation.

    - One article: that article; a changed copy of it counts as it.
    - Several articles: the conversation, by the id ``<conversation><::><turn>`` or by the first thing the user said.
      A question with nothing said before is its own beginning, so it stands alone unless it is asked again.
    """
    if len(case.articles) == 1:
        return f"article:{_TWIN_ARTICLE.sub('', case.articles[0])}"
    turn = _TURN_ID.match(case.id)
    if turn:
        return f"conversation:{turn[1]}"
    begun = next((turn.content for turn in case.history if turn.role == "user"), case.question)
    return f"conversation:{hashlib.sha256(begun.encode(errors='surrogatepass')).hexdigest()[:16]}"


def tags_of(case: EvalCase) -> tuple[str, ...]:
    """Return the tags that many cases can share, each once: not those that name the case a twin was made from."""
    return tuple(tag for tag in dict.fromkeys(case.tags) if not tag.startswith(_TWIN_OF))


def case_of(row: CaseResult, cases: Mapping[Key, EvalCase]) -> EvalCase:
    """Return the case a row answers; raise UsageError when the sets do not hold it."""
    case = cases.get(row.key)
    if case is None:
        raise UsageError(
            f"The results hold case {row.id!r} of set {row.set!r}, which is not among the {len(cases)} cases read; "
            "expected only those. Run the evaluation again, or bring back the set it was made with."
        )
    return case


def asks_for_answers(rows: Iterable[CaseResult]) -> bool:
    """Return False for rows of a run that only retrieved: no row that succeeded was judged as an answer."""
    succeeded = [row for row in rows if row.error is None]
    return not succeeded or any("grounded_accuracy" in row.scores for row in succeeded)


def counted(row: CaseResult, case: EvalCase) -> Mapping[str, float | None]:
    """Return a row's scores as they count: an error stands as an answer that is not right, and earns no points.

    An error counts where an abstention could have been scored, so that it never makes a metric appear for a case that
    metric cannot judge.
    """
    if row.error is None:
        return row.scores
    if not case.answerable:
        return {"grounded_accuracy": 0.0, "points": 0.0, "refused": 0.0}
    if accuracy(case, "").value is None:
        return {}
    return {"grounded_accuracy": 0.0, "points": 0.0, "accuracy": 0.0}


def misleading(answerable: Sequence[bool] | NDArray[np.bool_], scored: Sequence[bool] | NDArray[np.bool_]) -> bool:
    """Return whether there are answerable cases but none was scored: refusals alone must not make the headline."""
    known = np.asarray(answerable, dtype=bool)
    return bool(known.any() and not (known & np.asarray(scored, dtype=bool)).any())
