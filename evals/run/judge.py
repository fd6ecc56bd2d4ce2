"""A case and an answer enter, a model's grade leaves; hand-labelled answers enter, how far its grades can be trusted.

A judge is optional: no score of `evals.scorers` needs one. What it cannot be read to say is no grade, and its balanced
accuracy on labelled answers stands beside every number it gives.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.errors import UsageError
from assistant.proof.context import plain
from evals.numbers.statistics import wilson
from evals.scorers.text import present_any
from evals.types import EvalCase
from prompts import load

if TYPE_CHECKING:
    from assistant.answer.prompter import Write

PROMPT = "judge_answer"
CHECKS = Path(__file__).parents[1] / "cases" / "checks.jsonl"
"""The project's own labelled answers."""

_GRADE = re.compile(
    r"[\s*_\"'`#.-]*(?:(?:the )?grade(?: is)?\s*[:：]?\s*)?[*_\"'`]*(RIGHT|WRONG)[\s*_\"'`.!]*", re.IGNORECASE
)
_LONGEST = 200
"""Characters of a reply after which it cannot be a grade any more, and the model is stopped."""
_FENCES = re.compile("<{2,}|>{2,}")

Value = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class Grade:
    """What a judge said of one answer."""

    value: Value | None
    """1 right, 0 wrong, None where the reply could not be read or there was nothing to grade by."""
    raw: str = ""
    """The model's own words."""


@dataclass(frozen=True, slots=True)
class Check:
    """An answer that a person labelled."""

    id: str
    question: str
    expected: tuple[str, ...]
    answer: str
    label: Value


@dataclass(frozen=True, slots=True)
class Calibration:
    """How often a judge's grades agree with a person's."""

    balanced_accuracy: float
    """Mean of the share of right answers graded right and the share of wrong ones graded wrong; an unreadable grade
    counts as a wrong grade."""
    low: float
    high: float
    """95 % interval: Wilson's of the two shares, put together as independent ones (Newcombe's method)."""
    n: int
    unreadable: int
    overlap_baseline: float
    """The balanced accuracy of looking for an expected answer in the answer, without any model."""


class Judge:
    """Grades answers with one model's writer. Keeps nothing between grades."""

    def __init__(self, name: str, write: Write) -> None:
        """Take the model's name and its writer."""
        self.name = name
        self._write = write

    def grade(self, case: EvalCase, answer_text: str) -> Grade:
        """Return the grade of an answer; none, and no model call, for a case without answers or nuggets.

        Raises ModelError when the model cannot be reached or breaks off.
        """
        accepted = accepted_text(case.nuggets or ((case.answers,) if case.answers else ()))
        return self._ask(case.question, accepted, answer_text) if accepted else Grade(None)

    def check(self, check: Check) -> Grade:
        """Return the grade of a labelled answer, its label unseen."""
        return self._ask(check.question, accepted_text([check.expected]), check.answer)

    def _ask(self, question: str, accepted: str, answer: str) -> Grade:
        messages = load(PROMPT).render(question=plain(question), accepted=accepted, answer=_fenced(answer))
        said: list[str] = []
        # Closing the writer stops the model.
        with closing(self._write(messages)) as pieces:
            for piece in pieces:
                if isinstance(piece, str):
                    said.append(piece)
                    if sum(map(len, said)) > _LONGEST:
                        break
        raw = "".join(said)
        return Grade(read_grade(raw), raw)


def read_grade(reply: str) -> Value | None:
    """Return 1 for a reply that is the word RIGHT, 0 for WRONG, None for one that is anything else or more."""
    found = _GRADE.fullmatch(reply)
    if not found:
        return None
    return 1 if found[1].upper() == "RIGHT" else 0


def accepted_text(groups: Iterable[Sequence[str]]) -> str:
    """Return what a right answer says, in one line: all groups, any variant of each; "" for no groups."""
    return ", and also: ".join(", or: ".join(map(plain, group)) for group in groups)


def calibrate(judge: Judge, checks: Path | None = None) -> Calibration:
    """Return how a judge grades the labelled answers of a file (the project's own where none is named).

    Raises UsageError for a file that cannot be read or lacks one of the two labels, and ModelError from the judge.
    """
    rows = read_checks(checks or CHECKS)
    grades = [judge.check(row).value for row in rows]
    by_overlap: list[Value] = [1 if present_any(row.expected, row.answer) else 0 for row in rows]
    accuracy, low, high = balanced_accuracy([row.label for row in rows], grades)
    return Calibration(
        balanced_accuracy=accuracy,
        low=low,
        high=high,
        n=len(rows),
        unreadable=grades.count(None),
        overlap_baseline=balanced_accuracy([row.label for row in rows], by_overlap)[0],
    )


def balanced_accuracy(labels: Sequence[Value], grades: Sequence[Value | None]) -> tuple[float, float, float]:
    """Return the mean of the two labels' recalls, and its 95 % interval; both labels must be there.

    With recalls p1, p0 and their Wilson intervals (l1, u1), (l0, u0): the mean m = (p1 + p0) / 2, from
    m - sqrt((p1 - l1)² + (p0 - l0)²) / 2 to m + sqrt((u1 - p1)² + (u0 - p0)²) / 2.
    """
    shares: list[tuple[float, float, float]] = []
    for label in (1, 0):
        given = [grade for of, grade in zip(labels, grades, strict=True) if of == label]
        share = given.count(label) / len(given)
        interval = wilson(given.count(label), len(given))
        shares.append((share, share - (interval.low or 0.0), (1.0 if interval.high is None else interval.high) - share))
    mean = sum(share for share, _, _ in shares) / 2
    below = math.hypot(*(down for _, down, _ in shares)) / 2
    above = math.hypot(*(up for _, _, up in shares)) / 2
    return mean, max(0.0, mean - below), min(1.0, mean + above)


def line(calibration: Calibration, judge: str, judged_models: Iterable[str]) -> str:
    """Return what stands beside every number of a judge: how far to trust it, with a warning where it judged itself."""
    said = (
        f"Judged by {judge}: balanced accuracy {calibration.balanced_accuracy:.2f} "
        f"({calibration.low:.2f} to {calibration.high:.2f}) on {calibration.n} hand-labelled answers, "
        f"{calibration.unreadable} of its grades unreadable; looking for the accepted words alone reaches "
        f"{calibration.overlap_baseline:.2f}."
    )
    if calibration.low <= 0.5:
        said += " Not shown to be better than a coin."
    if judge in set(judged_models):
        said += f" Warning: {judge} judged its own answers; let another model judge them."
    return said


def read_checks(path: Path) -> tuple[Check, ...]:
    """Return the labelled answers of a JSON Lines file; UsageError names the wrong line or the missing label."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); expected labelled answers. Check the path.") from error
    checks = tuple(_check(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip())
    for label in (1, 0):
        if not any(check.label == label for check in checks):
            raise UsageError(f"found no answer labelled {label} in {path}; expected right and wrong ones. Add some.")
    return checks


def _check(line: str, where: str) -> Check:
    expected = '{"id", "question", "expected": [text], "answer", "label": 1 or 0}'
    try:
        row: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{where}: found no JSON ({error}); expected {expected}. Correct the line.") from error
    match row:
        case {
            "id": str(id),
            "question": str(question),
            "expected": [str(), *_] as answers,
            "answer": str(answer),
            "label": (0 | 1) as label,
        } if all(isinstance(one, str) for one in answers):
            return Check(id, question, tuple(answers), answer, 1 if label else 0)
        case _:
            raise UsageError(f"{where}: found {line:.80}; expected {expected}. Correct the line.")


def _fenced(answer: str) -> str:
    """Return an answer that cannot leave the fence it stands in, nor speak as another role."""
    before, text = None, answer
    while before != text:
        before, text = text, _FENCES.sub(" ", plain(text))
    return text
