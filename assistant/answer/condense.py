"""Tell whether a follow-up leans on the conversation, and make it searchable where no model can rewrite it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.proof.anchors import content, names
from assistant.types import Turn

_LEANS = re.compile(
    r"\b(?:he|she|it|they|them|him|hers|theirs|these|those|former|latter)\b"
    r"|\b(?:about|of|for|after|before|by|with|is|was|did|does|do|why|how)\s+(?:that|this)\b|\b(?:that|this|there|then)\s*\?"
    r"|^\s*(?:and|but|or|so|also|then|what about|how about|why not|what else|who else)\b"
    r"|^\s*(?:why|when|how|who|where|which)\s*\?"
    r"|それ|これ|あれ|その|この|あの|そこ|彼|彼女|同じ|^では|^じゃあ|なぜですか|いつですか",
    re.IGNORECASE,
)
# "Why did Komeito leave its coalition?" names the owner itself.
_POSSESSIVE = re.compile(r"\b(?:his|her|its|their)\b", re.IGNORECASE)
_ASKS = re.compile(r"(?:[?？]|か。?)\s*$")
_FEW_WORDS = 3
_LAST_TURNS = 4
_LONGEST_TURN = 400


def leans_on_conversation(question: str) -> bool:
    """Return whether a question points back (a pronoun, "and …?"), or is too short to be searched for alone."""
    owner = _POSSESSIVE.search(question)
    unowned = owner is not None and not names(question[: owner.start()])
    return bool(_LEANS.search(question)) or unowned or len(content(question, "en")) < _FEW_WORDS


def last(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Return the turns that a rewrite needs: what "it" stands for was said a moment ago."""
    return turns[-_LAST_TURNS:]


def conversation(turns: Sequence[Turn]) -> str:
    """Return turns as the condense prompt shows them, each cut to a few hundred characters."""
    speakers = {"user": "Reader", "assistant": "Assistant"}
    return "\n".join(f"{speakers[turn.role]}: {' '.join(turn.content.split())[:_LONGEST_TURN]}" for turn in turns)


def with_last_question(question: str, turns: Sequence[Turn]) -> str:
    """Return the follow-up behind the user's previous question: what is searched for when no model can rewrite it."""
    previous = [turn.content for turn in turns if turn.role == "user"]
    return f"{previous[-1][:_LONGEST_TURN]} {question}" if previous else question


def usable_rewrite(rewrite: str, question: str) -> str:
    """Return a model's rewrite when it looks like one question of sensible length, otherwise the question as asked.

    Of a question a small model sometimes makes a statement, and so answers it.
    """
    lines = [line.strip().strip("\"'“”") for line in rewrite.splitlines() if line.strip()]
    if len(lines) != 1 or not 3 <= len(lines[0]) <= 3 * len(question) + 200:
        return question
    return lines[0] if _ASKS.search(lines[0]) or not _ASKS.search(question) else question
