"""What one question gathers on its way, from being asked to being answered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.about.request import Request
from assistant.answer.fit import LeftOut
from assistant.errors import ModelError
from assistant.types import Citation, Phase, Statement, Waiting
from index.types import Document, ScoredChunk

if TYPE_CHECKING:
    from assistant.models.pump import Usage


@dataclass(slots=True)
class Run:
    """What one question gathers on its way: ``Assistant.find`` begins it, ``Assistant.answer`` ends it."""

    question: str
    searched: str
    documents: Mapping[str, Document]
    """The articles that are asked, by id."""
    started: float = field(default_factory=time.perf_counter)
    evidence: tuple[ScoredChunk, ...] = ()
    shown: list[Statement] = field(default_factory=list)
    dropped: list[Statement] = field(default_factory=list)
    nearest: tuple[Citation, ...] = ()
    """The sentences that come nearest to the question, should none answer it."""
    strict: bool = True
    anyway: bool = False
    """These two as in the ``Question``."""
    timings: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    failure: ModelError | None = None
    """What the model failed with before the search; whoever found this cannot answer."""
    request: Request | None = None
    """What the question asks of the articles themselves; None where it is looked up."""
    left: LeftOut = field(default_factory=LeftOut)
    context: int = 0
    """Tokens the model holds, once it was asked something."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing is said so far; asked anyway, whether nothing that is proven."""
        if self.anyway:
            return all(statement.verdict != "supported" for statement in self.shown)
        return not self.shown

    def gone_on(self) -> Run:
        """Return a copy to answer with, its clock standing where this one was last read."""
        spent = max(self.timings.values(), default=0) / 1000
        return Run(
            self.question,
            self.searched,
            self.documents,
            started=time.perf_counter() - spent,
            evidence=self.evidence,
            strict=self.strict,
            anyway=self.anyway,
            timings=dict(self.timings),
            tokens=dict(self.tokens),
            prompts=dict(self.prompts),
            request=self.request,
        )

    def clock(self, name: str) -> int:
        """Note the milliseconds since the question, once a name, and return them."""
        return self.timings.setdefault(name, round((time.perf_counter() - self.started) * 1000))

    def count(self, usage: Usage) -> None:
        """Add the tokens of one reply."""
        if usage.prompt or usage.completion:
            self.tokens["prompt"] = self.tokens.get("prompt", 0) + usage.prompt
            self.tokens["completion"] = self.tokens.get("completion", 0) + usage.completion

    def beat(self, phase: Phase) -> Waiting:
        """Return the heartbeat that says what is being waited for, and for how long."""
        return Waiting(phase, round(time.perf_counter() - self.started, 1))
