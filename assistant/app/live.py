"""Answers that are still being given: events come in one by one, and what the screen shows now comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.answer.compare import SIDES, Sided
from assistant.app.citing import answer_name
from assistant.conversations import Exchange
from assistant.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    LikelyFound,
    Notice,
    Searched,
    Statement,
    StatementReady,
    Waiting,
)
from index.types import ScoredChunk

WORD_S = 5.0
"""Between two words on one wait, for a word costs a page some work, and a processor is what the wait is for: in
between the page counts the seconds itself."""


@dataclass(frozen=True, slots=True)
class Live:
    """A question under way, as far as its events have told."""

    question: str
    name: str
    """Of the answer: its citations are named by it (``citing.answer_name``)."""
    searched: str | None = None
    """The query searched for, when it is not the question itself."""
    evidence: tuple[ScoredChunk, ...] | None = None
    milliseconds: int = 0
    statements: tuple[Statement, ...] = ()
    waiting: Waiting | None = None
    """What was last told of waiting: a heartbeat of the same phase is told again after ``WORD_S``."""
    notices: tuple[str, ...] = ()
    answer: Answer | None = None
    """The whole answer, once finished."""
    likely: Citation | None = None
    """The sentence that most likely bears the answer: shown as such until there is one that is proven."""

    def after(self, event: Event) -> Live:
        """Return what is known after ``event``."""
        match event:
            case Searched(query=query, rewritten=rewritten):
                return replace(self, searched=query if rewritten else None)
            case EvidenceFound(evidence=evidence, milliseconds=milliseconds):
                return replace(self, evidence=evidence, milliseconds=milliseconds)
            case LikelyFound(citation=citation):
                return replace(self, likely=citation)
            case Waiting(phase=phase, seconds=seconds):
                told = self.waiting
                fresh = told is not None and told.phase == phase and 0 <= seconds - told.seconds < WORD_S
                return self if fresh else replace(self, waiting=event)
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


@dataclass(frozen=True, slots=True)
class Lives:
    """The answers to one question under way: one, or two side by side."""

    models: tuple[str, ...]
    """Who answers, the left one first."""
    answers: tuple[Live, ...]

    @classmethod
    def begin(cls, question: str, position: int, models: Sequence[str]) -> Lives:
        """Return what is known before the first event of a question at ``position`` of a conversation."""
        names = [answer_name(position, side) for side in SIDES[: len(models)]]
        return cls(tuple(models), tuple(Live(question, name) for name in names))

    def after(self, sided: Sided) -> Lives:
        """Return what is known after an event."""
        sides = SIDES[: len(self.answers)]
        answers = [
            live.after(sided.event) if sided.side in (None, side) else live
            for side, live in zip(sides, self.answers, strict=True)
        ]
        return replace(self, answers=tuple(answers))

    @property
    def notices(self) -> tuple[str, ...]:
        """Return every notice so far, once each."""
        return tuple(dict.fromkeys(notice for live in self.answers for notice in live.notices))

    @property
    def exchange(self) -> Exchange | None:
        """Return the question with its answers, once all are finished."""
        given = [live.answer for live in self.answers if live.answer is not None]
        return (
            Exchange(given[0], beside=given[1] if len(given) > 1 else None) if len(given) == len(self.answers) else None
        )

    def broken_off(self, reason: str, *, milliseconds: int) -> Exchange | None:
        """Return what was said so far, ending early for ``reason``; None where nothing was."""
        if not any(live.statements or live.answer for live in self.answers):
            return None
        ended = [
            live.answer or live.broken_off(reason, model=model, milliseconds=milliseconds)
            for model, live in zip(self.models, self.answers, strict=True)
        ]
        return Exchange(ended[0], beside=ended[1] if len(ended) > 1 else None)


_WIDE_ENDS = "。！？」』）"


def joined(sentences: Iterable[str]) -> str:
    """Join sentences as their language does: with a space, or without one after a full-width ending."""
    text = ""
    for sentence in sentences:
        text += ("" if not text or text[-1] in _WIDE_ENDS else " ") + sentence
    return text
