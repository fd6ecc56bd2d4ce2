"""The nouns of the conversation: what an answer is made of, and the events it arrives as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from index.types import ScoredChunk

Verdict = Literal["supported", "partly", "not supported"]
_SLOW_S = 60.0  # four times what a reading or an answer takes on two cores
Phase = Literal["queued", "loading", "searching", "reading", "writing"]
"""``queued``: the model waits for another one on this machine to finish."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in an article. Invariant, checked before anything is shown: ``document.text[start:end] == quote``."""

    document: str
    title: str
    start: int
    end: int
    quote: str
    support: float
    """How much of the statement this place carries, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer, with the places that prove it."""

    text: str
    """Without markers."""
    verdict: Verdict
    citations: tuple[Citation, ...] = ()
    why: str = ""
    """For a statement that is not supported: what was not found, in words for the user."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as it is saved: everything a front needs to show it again."""

    question: str
    searched: str
    """The query that was searched for: the question itself, or its standalone rewrite."""
    text: str
    """The statements that are shown, in order, without markers; the abstention sentence; or the aside alone."""
    abstained: bool
    model: str
    embedder: str
    statements: tuple[Statement, ...] = ()
    """In strict mode the supported ones only; the dropped ones stand in ``dropped``.

    Of an abstention: what the model made of the nearest sentences, where it was asked ``anyway``; all of it unproven.
    """
    dropped: tuple[Statement, ...] = ()
    evidence: tuple[ScoredChunk, ...] = ()
    """What retrieval kept, best first."""
    nearest: tuple[Citation, ...] = ()
    """Of an abstention: the few sentences that come nearest to the question, nearest first. They prove nothing."""
    anyway: bool = False
    """Whether the model was to answer also where the article does not."""
    interrupted: str | None = None
    """Why the answer ends before its end (stopped, model broke off), in one line; None when it is whole."""
    timings_ms: Mapping[str, int] = field(default_factory=dict)
    """``evidence``, ``read``, ``first_token``, ``first_sentence``, ``total``; a step that did not happen is absent."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """``prompt`` and ``completion``, where the model counts them."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Prompt name to digest."""
    aside: str = ""
    """What the assistant says itself beside the statements, in one line: small talk, how many words an article has.

    No statement of an article, and never shown as one."""
    listed: bool = False
    """Whether the statements are items or points, shown one a line."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The query that is searched for; ``rewritten`` when it is not the question itself."""

    query: str
    rewritten: bool


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """What retrieval kept, best first: shown before any model speaks."""

    evidence: tuple[ScoredChunk, ...]
    milliseconds: int
    """What the search itself took; ``timings_ms["evidence"]`` counts from the question, a rewrite included."""


@dataclass(frozen=True, slots=True)
class LikelyFound:
    """The sentence that most likely bears the answer, the moment the reader has spoken: a guess, never a proof."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Waiting:
    """A heartbeat, at least four a second while a model works: a front may redraw, or stop listening, here."""

    phase: Phase
    seconds: float

    @property
    def pace(self) -> str:
        """What to say of a phase that goes on for long: a busy machine is slow, and not broken."""
        return ", slower than usual" if self.seconds >= _SLOW_S else ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line the user should see: another model answers, a server was restarted."""

    text: str


@dataclass(frozen=True, slots=True)
class StatementReady:
    """A sentence of the answer, aligned and judged. In strict mode unsupported ones are never sent."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event, always sent unless the listener left."""

    answer: Answer


Event = Searched | EvidenceFound | LikelyFound | Waiting | Notice | StatementReady | Finished
