"""A question as typed enters; the question to ask leaves, or an error that says why it cannot be asked."""

from __future__ import annotations

from assistant.errors import UsageError


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
