"""Words and their opposites, in English and Japanese: what rose did not fall, and "at least" is not "at most"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.proof.denials import is_negated
from index.words import terms

OPPOSITES_EN = [
    (frozenset(terms(one)), frozenset(terms(other)))
    for one, other in (
        (
            "increase increased rise rose risen grow grew grown higher gain",
            "decrease decreased fall fell fallen decline drop lower shrink shrank reduce",
        ),
        ("before earlier", "after later"),
        ("more", "less fewer"),
        ("accept approve agree", "reject refuse decline veto oppose dismiss deny"),
        ("allow permit legal", "forbid forbade forbidden ban prohibit illegal"),
        ("succeed success successful successfully", "fail failure unsuccessful unsuccessfully"),
        ("win won", "lose lost"),
        ("same", "different"),
        ("open opened", "close closed"),
        ("begin began begun start", "end finish stop"),
        ("alive", "dead"),
        ("possible", "impossible"),
        ("largest biggest most", "smallest least fewest"),
        ("guilty", "innocent acquitted"),
    )
]
OPPOSITES_JA = [
    (("増加", "増え", "増や", "上昇", "上が"), ("減少", "減っ", "減る", "減り", "低下", "下落", "下が")),
    (("賛成", "支持", "承認", "可決", "採択", "受け入れ"), ("反対", "拒否", "却下", "否決", "拒ん", "断っ")),
    (("成功",), ("失敗",)),
    (("勝っ", "勝利"), ("負け", "敗れ", "敗北")),
    (("許可", "合法", "認め"), ("禁止", "違法", "禁じ")),
    (("より前", "以前"), ("より後", "以後", "以降")),
    (("多い", "多か"), ("少な",)),
    (("可能",), ("不可能",)),
]
_NO_EVENT = re.compile(r"\bthe (?:end|start|beginning)\b", re.IGNORECASE)


def says_opposite(statement: str, sentence: str, language: str) -> bool:
    """Tell whether a statement says the opposite of a word in a sentence that holds neither the word nor its like.

    Of what one of them denies that cannot be told, nor in a language other than English and Japanese.
    """
    if language not in {"en", "ja"} or is_negated(statement, language) or is_negated(sentence, language):
        return False
    if language == "ja":
        pairs = [pair for both in OPPOSITES_JA for pair in (both, both[::-1])]
        said = [(any_of(one, statement), any_of(other, statement)) for one, other in pairs]
        held = [(any_of(one, sentence), any_of(other, sentence)) for one, other in pairs]
    else:
        ours, theirs = (set(terms(_NO_EVENT.sub(" ", text))) for text in (statement, sentence))
        sides = [pair for both in OPPOSITES_EN for pair in (both, both[::-1])]
        said = [(bool(ours & one), bool(ours & other)) for one, other in sides]
        held = [(bool(theirs & one), bool(theirs & other)) for one, other in sides]
    return any(a == (True, False) and b == (False, True) for a, b in zip(said, held, strict=True))


def both_sides(text: str) -> bool:
    """Whether a text holds a word and its opposite: which of them is meant cannot be told."""
    held = set(terms(text))
    return any(held & one and held & other for one, other in OPPOSITES_EN)


def opposed(term: str) -> list[frozenset[str]]:
    """Return the words, each set of one kind, that are opposites of a term."""
    return [other for pair in OPPOSITES_EN for one, other in (pair, pair[::-1]) if term in one]


def any_of(words: Sequence[str], text: str) -> bool:
    """Tell whether one of some Japanese words stands in a text; "impossible" does not hold "possible"."""
    if words == ("可能",):
        text = text.replace("不可能", "")
    return any(word in text for word in words)
