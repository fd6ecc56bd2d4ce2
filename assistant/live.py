"""The answer that is still being given: events come in one by one, and what the screen shows now comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assistant.types import Answer, Event, EvidenceFound, Finished, Notice, Searched, Statement, StatementReady, Waiting
from index.types import ScoredChunk


@dataclass(frozen=True, slots=True)
class Live:
    """A question under way, as far as its events have told."""

    question: str
    position: int
    """Where the answer will stand in the conversation, from 0: its citations are named by it."""
    searched: str | None = None
    """The query searched for, when it is not the question itself."""
    evidence: tuple[ScoredChunk, ...] | None = None
    milliseconds: int = 0
    statements: tuple[Statement, ...] = ()
    waiting: Waiting | None = None
    notices: tuple[str, ...] = ()
    answer: Answer | None = None
    """The whole answer, once finished."""

    def after(self, event: Event) -> Live:
        """Return what is known after ``event``."""
        match event:
            case Searched(query=query, rewritten=rewritten):
                return replace(self, searched=query if rewritten else None)
            case EvidenceFound(evidence=evidence, milliseconds=milliseconds):
                return replace(self, evidence=evidence, milliseconds=milliseconds)
            case Waiting():
                return replace(self, waiting=event)
            case Notice(text=text):
                return replace(self, notices=(*self.notices, text))
            case StatementReady(statement=statement):
                return replace(self, statements=(*self.statements, statement))
            case Finished(answer=answer):
                return replace(self, answer=answer, waiting=None)

    def broken_off(self, reason: str, *, model: str, milliseconds: int) -> Answer:
        """Return what was said so far as an answer that ends early, for ``reason``."""
        timings = {"total": milliseconds}
        if self.evidence is not None:
            timings["evidence"] = self.milliseconds
        return Answer(
            question=self.question,
            searched=self.searched or self.question,
            text=joined(statement.text for statement in self.statements),
            abstained=False,
            model=model,
            embedder="",
            statements=self.statements,
            evidence=self.evidence or (),
            interrupted=reason,
            timings_ms=timings,
        )


_WIDE_ENDS = "。！？」』）"


def joined(sentences: Iterable[str]) -> str:
    """Join sentences as their language does: with a space, or without one after a full-width ending."""
    text = ""
    for sentence in sentences:
        text += ("" if not text or text[-1] in _WIDE_ENDS else " ") + sentence
    return text
