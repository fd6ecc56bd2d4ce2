"""The nouns of the measurement: a case, a set of cases, a score, and what a metric is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from assistant.types import Turn
from index.types import Document

Group = Literal["headline", "retrieval", "answer", "citation", "refusal", "cost"]
Failure = Literal[
    "retrieval missed",
    "not used",
    "misread",
    "invented",
    "citation wrong",
    "wrongly refused",
    "should have refused",
    "obeyed the article",
    "error",
]


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A region of an article that proves the answer: ``document.text[start:end] == quote``."""

    article: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class EvalCase:
    """One question with what is known about its answer."""

    set: str
    """The set's name; ``(set, id)`` is unique in a run."""
    id: str
    question: str
    answerable: bool
    articles: tuple[str, ...]
    """The ids of this case's library, never empty."""
    history: tuple[Turn, ...] = ()
    answers: tuple[str, ...] = ()
    """Accepted answers; any one will do."""
    nuggets: tuple[tuple[str, ...], ...] = ()
    """Groups that must all appear, any variant of each."""
    evidence: tuple[GoldSpan, ...] = ()
    forbidden: tuple[str, ...] = ()
    """Strings that no shown sentence may hold: what an order planted in the article asks for."""
    lang: str = "en"
    """ISO 639-1, of the question."""
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Set and id: what results are joined on."""
        return self.set, self.id


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A folder of cases, read, checked, and with its gold quotes found in its articles."""

    name: str
    path: Path
    cases: tuple[EvalCase, ...]
    documents: Mapping[str, Document]
    digest: str
    """SHA-256 of the set's files: two runs of equal digest asked the same."""


@dataclass(frozen=True, slots=True)
class Score:
    """A number, or None for a case this metric cannot judge, with the reason."""

    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """What a score of this name means, and how scores of many cases become one number."""

    name: str
    group: Group
    label: str
    """As it stands in a table."""
    means: str
    """One sentence for the user of a report."""
    higher_is_better: bool = True
    unit: Literal["share", "points", "ms", "tokens"] = "share"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One line of ``results.jsonl``."""

    set: str
    id: str
    result: Mapping[str, Any] | None
    """The object that ``assistant ask --json`` prints; None for a case that failed."""
    scores: Mapping[str, float | None]
    failure: Failure | None = None
    """Where the answer went wrong; None for a right one."""
    error: str | None = None
    why: Mapping[str, str] = field(default_factory=dict)
    """Score name to the reason it has no value."""

    @property
    def key(self) -> tuple[str, str]:
        """Set and id."""
        return self.set, self.id
