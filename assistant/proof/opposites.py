"""Words of which one excludes another, in English and Japanese: what rose did not fall, and spring is not autumn."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.proof.denials import is_negated
from index.text.words import terms

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
# Of each kind only one can be meant; each word with its forms is one.
_KINDS_EN = [
    [frozenset(terms(one)) for one in kind.split("|")]
    for kind in (
        "spring|summer|autumn|winter",
        "north northern|south southern|east eastern|west western",
        "dozens|hundreds|thousands|millions|billions|trillions",
        "morning|afternoon|evening|night",
        "monday|tuesday|wednesday|thursday|friday|saturday|sunday",
        "fifties|sixties|seventies|eighties|nineties",
        "ago earlier|later",
        "early|late",
        "male men man|female women woman",
    )
]
_KINDS_JA = [
    kind.split() for kind in ("月曜 火曜 水曜 木曜 金曜 土曜 日曜", "数十 数百 数千 数万", "上旬 中旬 下旬", "初頭 末")
]
_NO_EVENT = re.compile(r"\bthe (?:end|start|beginning)\b", re.IGNORECASE)


def says_opposite(statement: str, sentence: str, language: str) -> bool:
    """Tell whether a statement has the opposite of a sentence's word, or another of its kind, that stands not there.

    Of what one of them denies that cannot be told, nor in a language other than English and Japanese.
    """
    if language not in {"en", "ja"} or is_negated(statement, language) or is_negated(sentence, language):
        return False
    if language == "ja":
        pairs = [pair for both in OPPOSITES_JA for pair in (both, both[::-1])]
        said = [(any_of(one, statement), any_of(other, statement)) for one, other in pairs]
        held = [(any_of(one, sentence), any_of(other, sentence)) for one, other in pairs]
        kinds = [[(word in statement, word in sentence) for word in kind] for kind in _KINDS_JA]
    else:
        ours, theirs = (set(terms(_NO_EVENT.sub(" ", text))) for text in (statement, sentence))
        sides = [pair for both in OPPOSITES_EN for pair in (both, both[::-1])]
        said = [(bool(ours & one), bool(ours & other)) for one, other in sides]
        held = [(bool(theirs & one), bool(theirs & other)) for one, other in sides]
        kinds = [[(bool(ours & word), bool(theirs & word)) for word in kind] for kind in _KINDS_EN]
    if any((True, False) in kind and (False, True) in kind for kind in kinds):
        return True
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
