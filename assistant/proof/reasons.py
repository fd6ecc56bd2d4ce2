"""A sentence enters; whether it gives a reason, or only what followed from the one before it, leaves."""

from __future__ import annotations

import re

from index.text.words import fold

_CONSEQUENCE = re.compile(
    r"^(?:(?:and|so) )?(?:(?:that|this|which) (?:is|was) (?:the reason )?why\b|as a (?:result"
    r"|consequence)\b(?! of)|therefore\b|consequently\b|thus\b|hence\b"
    r"|accordingly\b|for (?:this|that|these) reasons?\b|because of (?:this|that|these)\b(?! \w)"
    r"|そのため|したがって|従って|それゆえ|その結果|よって"
    r"|このため|だから|こうして)"
)
_REASON = re.compile(
    r"\b(?:because|since|due to|in order to|so that|owing to|thanks to|on account of"
    r"|as a result of|reason (?:is|was|for)|caused by"
    r"|for fear|given that|to avoid)\b"
    r"|(?<![そこ])のため(?!の)|(?:[たるいな]|する)ため(?!の)|[たるいだ]から(?:[、。だで]|$)|ので"
    r"|(?:が|の)理由|せいで|おかげで"
)


def gives_reason(sentence: str) -> bool:
    """Return whether a sentence says why in so many words: because, due to, in order to, ため, から, ので."""
    folded = fold(sentence)
    return bool(_REASON.search(_CONSEQUENCE.sub("", folded.strip(' “"「'))))


def only_follows(sentence: str) -> bool:
    """Return whether a sentence tells what followed from the one before it, and no reason of its own.

    "That is why …", "As a result, …", そのため、…: the reason is what stands before it.
    """
    return _CONSEQUENCE.match(fold(sentence).strip(' “"「')) is not None and not gives_reason(sentence)
