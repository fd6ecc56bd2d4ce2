"""Turn an answer into Markdown with its quotes, for pasting elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.app.citing import NumberedSource, numbers, sources
from assistant.types import Answer


def markdown(answer: Answer) -> str:
    """Return an answer as Markdown: its sentences with numbers, and the quotes they rest on."""
    known = sources(answer.statements)
    lines = [f"**{_plain(answer.question)}**", "", _cited_text(answer, known)]
    if answer.interrupted:
        lines += ["", f"*Ends early: {_plain(answer.interrupted)}*"]
    if answer.aside and answer.statements:
        lines += ["", f"*{_plain(answer.aside)}*"]
    if known:
        lines += ["", *(_footnote(source) for source in known)]
    return "\n".join(lines) + "\n"


def _cited_text(answer: Answer, known: Sequence[NumberedSource]) -> str:
    if not answer.statements:
        return f"*{_plain(answer.aside)}*" if answer.aside else _plain(answer.text)
    parts = [_plain(answer.text)] if answer.abstained else []
    for statement in answer.statements:
        marks = "".join(f"[{source.number}]" for source in numbers(statement, known))
        doubt = "" if statement.verdict == "supported" else " (not proven by the article)"
        parts.append(_plain(statement.text) + (f" {marks}" if marks else "") + doubt)
    return "\n".join(f"- {part}" for part in parts) if answer.listed else " ".join(parts)


def _footnote(source: NumberedSource) -> str:
    citation = source.citation
    place = f"*{_plain(citation.title)}*, characters {citation.start}–{citation.end}"
    return f"{source.number}. “{_plain(citation.quote)}” — {place}"


_ACTIVE_IN_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")


def _plain(text: str) -> str:
    """Return text on one line, Markdown's signs taken literally: a pasted quote cannot become a link or an image."""
    return _ACTIVE_IN_MARKDOWN.sub(r"\\\1", " ".join(text.split()))
