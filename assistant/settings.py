"""The names and numbers a conversation is run with; the values stand here once, and are passed, never fetched."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.settings import IndexSettings

DEFAULT_MODEL = "local:qwen2.5-coder-1.5b-instruct"
EXTRACTIVE = "extractive"


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
    answerable: float = 0.15
    """Least probability, by the reader, that the evidence answers the question: below it, no model is asked."""
    supported: float = 0.6
    """How sure its two readings together must be that a sentence a model wrote is the answer (``bearing.agreed``)."""
    quotable: float = 0.65
    """The same for a sentence of the article that is quoted because no model wrote, or nothing it wrote holds.

    At 1 none is quoted.
    """
    longest_question: int = 4000
    """Characters."""
    first_token_s: float = 90.0
    idle_s: float = 30.0
    total_s: float = 180.0
    index: IndexSettings = field(default_factory=IndexSettings)
