"""A question, and how it is asked; what was typed is checked, or an error says why it cannot be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.errors import UsageError
from assistant.types import Turn


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which articles, after what was said before."""

    text: str
    turns: Sequence[Turn] = ()
    """The conversation before it, oldest first."""
    articles: Sequence[str] | None = None
    """Ids of the articles to search; None for all."""
    searched: str | None = None
    """What is searched for in place of the rewrite of a follow-up."""
    strict: bool = True
    """Whether statements that are not supported are dropped; otherwise they arrive marked."""
    anyway: bool = False
    """Whether the model answers from the nearest sentences also where they seem to hold no answer.

    What it says is judged as ever, and what is not proven is marked, without citations."""


def checked_question(typed: str, *, longest: int) -> str:
    """Return a question without white space at its ends; raise UsageError when that is empty or too long.

    ``longest`` counts characters. What is no text turns into "?": an odd byte on a command line, for one.
    """
    question = typed.encode(errors="replace").decode().strip()
    if not question:
        raise UsageError("the question is empty; write one.")
    if len(question) > longest:
        raise UsageError(f"the question has {len(question):,} characters; expected at most {longest:,}. Shorten it.")
    return question
