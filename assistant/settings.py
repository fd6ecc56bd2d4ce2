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
    evidence: int = 10
    """Chunks kept from retrieval: as many as its measures look at; a prompt holds the first few."""
    prompt_tokens: int = 250
    """Most tokens of article sentences in a prompt: reading costs a local model some 15 ms a token on two cores."""
    longest_question: int = 4000
    """Characters."""
    first_token_s: float = 90.0
    idle_s: float = 30.0
    total_s: float = 180.0
    index: IndexSettings = field(default_factory=IndexSettings)
