"""A question as typed enters; what it asks of the article itself leaves, or None where it is to be looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.about.english import english
from assistant.about.japanese import japanese
from assistant.about.request import Request
from index.text.language import script_language

# "What does the article say about the ferry?": what stands after it is what to look for.
_ABOUT = (
    re.compile(
        r"(?:(?:please |can you |could you )?(?:tell|show) (?:me |us )?)?what (?:(?:does|do|did) )?(?:it|this|that|they|the (?:articles?|texts?|"
        r"authors?|story|piece)|this (?:article|text|piece|story|page|document)) "
        r"(?:says?|tells?(?: us)?|writes?|mentions?|states?|reports?) (?:about|on|of|regarding|concerning) (?P<of>.+?)[\s?.!]*",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:(?:この|その|本)?(?:記事|文章|本文|テキスト)(?:では|には|は|で|の中で)[、,]?)?(?P<of>.+?)(?:について|に関して)(?:は)?"
        r"(?:何|なん|なに|どう|どのよう)(?:と|に|て|を)?(?:書|述べ|言|い|語|説明|触れ).*"
    ),
)
_POINTS_BACK = re.compile(
    r"(?:it|this|that|them|these|those|he|him|she|her|これ|それ|この記事|その記事|記事)", re.IGNORECASE
)


def kind_of(question: str, *, after: Sequence[str] = ()) -> Request | None:
    """Return what a question asks of the article as a whole, or as small talk; None for one that is to be looked up.

    English and Japanese are read, slips of the keys included; a question that names anything but the article is never
    taken. ``after`` holds the user's questions before this one, oldest first: "who wrote it?" is about the article
    only where the one before was. No model is asked.
    """
    found = japanese(question) if script_language(question) in {"ja", "zh"} else english(question)
    if found is None or not found.points_back or not after:
        return found
    return None if kind_of(after[-1], after=after[:-1]) is None else found


def asked_about(question: str) -> str | None:
    """Return X of "what does the article say about X?", as it is written there; None for any other question."""
    for pattern in _ABOUT:
        if (found := pattern.fullmatch(question.strip())) and not _POINTS_BACK.fullmatch(found["of"]):
            return found["of"]
    return None
