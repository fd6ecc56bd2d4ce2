"""The names and numbers a conversation is run with; the values stand here once, and are passed, never fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, get_args

from index.settings import IndexSettings

DEFAULT_MODEL = "local:qwen2.5-coder-1.5b-instruct"
EXTRACTIVE = "extractive"


Caution = Literal["cautious", "balanced", "bold"]
"""How sure the reader must be before anything is said, in one word."""
CAUTIONS: tuple[Caution, ...] = get_args(Caution)
DEFAULT_CAUTION: Caution = "balanced"


class _Thresholds(NamedTuple):
    """Of ``Settings``, under the same names."""

    answerable: float
    supported: float
    quotable: float


_THRESHOLDS: Mapping[Caution, _Thresholds] = {  # what each is worth: docs/quality.md
    "cautious": _Thresholds(0.3, 0.75, 0.8),
    "balanced": _Thresholds(0.1, 0.55, 0.6),
    "bold": _Thresholds(0.05, 0.5, 0.55),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How questions are answered."""

    model: str = DEFAULT_MODEL
    embedder: str | None = None
    """A catalogue name, a sentence-transformers folder, or a hub id; None for the one the home folder's index uses."""
    evidence: int = 10
    """Chunks kept from retrieval: as many as its measures look at; a prompt holds the first few."""
    prompt_tokens: int = 300
    """Most tokens of article sentences that are read: some 5 ms a token for the reader on two cores, 15 for a model."""
    reader: bool = True
    """Whether the reader, where it is here, decides if the evidence answers a question."""
    writer_tokens: int = 80
    """Of these, most tokens shown to a model that writes, where a reader has chosen them."""
    caution: Caution = DEFAULT_CAUTION
    """What the three thresholds below are called together; ``at`` sets all four."""
    answerable: float = _THRESHOLDS[DEFAULT_CAUTION].answerable
    """Least probability, by the reader, that the evidence answers the question: below it, no model is asked."""
    supported: float = _THRESHOLDS[DEFAULT_CAUTION].supported
    """How sure its two readings together must be that a sentence a model wrote is the answer (``bearing.agreed``)."""
    quotable: float = _THRESHOLDS[DEFAULT_CAUTION].quotable
    """The same for a sentence of the article that is quoted because no model wrote, or nothing it wrote holds.

    At 1 none is quoted.
    """
    longest_question: int = 4000
    """Characters."""
    first_token_s: float = 90.0
    idle_s: float = 30.0
    total_s: float = 180.0
    index: IndexSettings = field(default_factory=IndexSettings)

    def at(self, caution: Caution) -> Settings:
        """Return these settings with the thresholds of a caution."""
        return replace(self, caution=caution, **_THRESHOLDS[caution]._asdict())
