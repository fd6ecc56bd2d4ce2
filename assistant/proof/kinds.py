"""A question enters; the kind of answer that it asks for leaves: a person, a time, a number, a name, a reason.

English and Japanese alone; of any other language, and of any question whose kind is not plain, nothing is demanded.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Wanted = Literal["who", "when", "how many", "how long", "where", "name", "why", "yes or no", "anything"]

_COUNTS = {
    word: value for value, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), 2)
} | {word: value for value, word in enumerate("二三四五六七八九十", 2)}


@dataclass(frozen=True, slots=True)
class Kind:
    """What an answer must hold to be one."""

    wanted: Wanted
    noun: str = ""
    """What a name is asked of: "country", "国"."""
    several: bool = False
    """Whether a list is asked for."""
    count: int | None = None
    """How many its list must hold, where the question says."""


ANYTHING = Kind("anything")

_TIME_NOUNS = "year|years|month|date|dates|day|days|century|centuries|decade|decades|era|time of "
"(?:day|year)|time period|season of the year"
_NUMBER_NOUNS = "percentage|percent|proportion|fraction"
# What is written with a capital: where the question names one of these, the answer holds a name.
_NAMED = (
    "country|countries|nation|nations|state|states|city|cities|town|towns|village|villages|province|provinces|county"
    "|counties|continent|continents|island|islands|river|rivers|company|companies|university|universities|college"
    "|newspaper|newspapers|airline|airlines|club|clubs|president|presidents|king|kings|queen|queens|emperor|emperors"
    "|actor|actors|actress|actresses|author|authors|singer|singers|writer|writers|artist|artists|band|bands|composer"
    "|architect|astronaut|politician|governor|senator|general|pope|player|players|scientist|scientists"
)
_LEAD = (
    r"^(?:(?:so|and|but|also|then|or|exactly|roughly|approximately|about|according to [^,]{1,60},"
    r"|(?:can|could|do) you (?:please )?(?:tell|know|say)(?: me)?|please (?:tell|say)(?: me)?|tell me)\s+)*"
    r"(?:(?:in|on|at|by|for|from|to|of|with|until|since|during|under|through|into|near|around|after|before)\s+)?"
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)(?:n[’']t)?"
)
_ENGLISH_ASKED: tuple[tuple[Wanted, str], ...] = (
    ("how long", r"how (?:long|often|frequently)\b(?! ago)"),
    (
        "how many",
        (
            r"how (?:many|much(?= (?:\w+ )?(?:did|does|do|was|were|is|are|of|money|has|have|had|will"
            r"|would))|old|tall|far|high|big|deep|wide|large|heavy)\b"
        ),
    ),
    ("how many", rf"(?:what|which) (?:{_NUMBER_NOUNS})\b"),
    ("when", r"when\b|how long ago\b"),
    (
        "when",
        (
            rf"(?:what|which) (?!present)(?:\w+ )?(?:{_TIME_NOUNS})\b(?! (?:name|county"
            rf"|country))(?! of the (?:week|month)s?\b)"
        ),
    ),
    (
        "name",
        (
            rf"(?:what|which) (?:two |three |four |five |other |european |african |asian |american "
            rf"|foreign )?(?:{_NAMED})\b"
        ),
    ),
    ("where", r"where\b(?!.*\b(?:come|comes|came|coming|originate[sd]?|stands?|draw|get|got|gets)\b)"),
    ("why", r"why\b|(?:for )?what reasons?\b"),
    # "Who is Mary Cole?" asks for what she is, not for her name.
    ("who", r"(?:who|whom)\b"),
    ("yes or no", rf"{_AUXILIARY}\b(?! not\b$)"),
)
_ENGLISH = tuple((wanted, re.compile(_LEAD + pattern)) for wanted, pattern in _ENGLISH_ASKED)
_YES_OR_NO = dict(_ENGLISH)["yes or no"]
_ASKED_ONE = re.compile(
    _LEAD + r"who(?:[’']s| (?:is|was|are|were))\s+(?!the\b|a\b|an\b|in\b|on\b|at\b|to\b|by\b|his\b|her\b|their\b)"
)
_ALSO_ASKED = re.compile(r"\b(?:who|when|where|why|how|what|which)\b")
_TWO = re.compile(r"\b(?:and|or),? (?:who|when|where|why|how|what|which)\b")
_SEVERAL = re.compile(
    _LEAD + r"(?:(?:what|which) (?:are|were) (?:the |some |all )?(?P<count>\w+)|(?:what"
    r"|which) (?P<of>\w+)? ?(?P<plural>\w+s|people|countries) (?!is\b|was\b)"
    r"|(?:name|list) (?:the |all )?(?P<named>\w+)|who (?:are|were) the (?P<who>\w+))"
)

_JAPANESE_ASKED: tuple[tuple[Wanted, str], ...] = (
    ("who", r"誰|だれ(?!も)|どなた|どの(?:人物|人(?!気|口))|何という(?:人物|人(?!気|口))"),
    (
        "how long",
        (
            r"(?:何|なん)(?:年|時|日|週|か月|ヶ月|カ月|ヵ月)間|どれ(?:くらい|ぐらい|ほど|だけ)の(?:期間"
            r"|時間)|何年(?:にわた|かか|続|ぶり)"
        ),
    ),
    (
        "when",
        (
            r"いつ(?!も|か(?!ら|\?|？|$))|何(?:年|月|日|世紀)(?!間|後|前|目|齢|ぶり|以上|生|にわた|かか|続"
            r"|分|も)|(?:どの|何)(?:時代|時期|年代)|何時(?!間|代|期)"
        ),
    ),
    (
        "how many",
        (
            r"(?:何|なん)(?:人|名|個|本|枚|冊|匹|頭|台|隻|回|度|歳|才|件|点|階(?!級)|倍|%|％|パーセント|割"
            r"|メートル|キロ|円|ドル|種類|万|千|百|[a-zA-Z°℃㎡])(?!目|か)"
        ),
    ),
    ("how many", r"いくつ|いくら|どれ(?:くらい|ぐらい|ほど)|どのくらい|どのぐらい"),
    ("name", r"どの国|何という国|どこの国|どの都市|何州|どの州|どの会社|何社"),
    ("where", r"どこ(?!か|も|ま)|どちらの(?:国|市|町)"),
    ("why", r"なぜ|何故|どうして|理由は|何のため"),
)
_JAPANESE = tuple((wanted, re.compile(pattern)) for wanted, pattern in _JAPANESE_ASKED)
# One of those that the question names itself.
_CHOICE = re.compile(
    r"[、・と][^、。]{1,30}(?:のうち|の中で|の中では|では|で)(?:、|は|、?[^、。]{0,30}(?:どれ"
    r"|どちら|誰|どこ|いつ|何|どの))"
    r"|どちら|(?:のうち|の中で|の中では)"
)
_CHOICE_ENGLISH = re.compile(r",? [\w’' -]{1,40} or [\w’' -]{1,40}\?*$")
_JAPANESE_ASKS = re.compile(r"何|誰|だれ|いつ|どこ|どの|どれ|どん|どう|なぜ|なに|いく[つら]|どちら|どなた|なん")
_JAPANESE_SEVERAL = re.compile(
    r"([二三四五六七八九十2-9])つの[^、。]{1,20}は(?:何|なん|どれ|どこ)|すべて(?:挙|あ)げ"
    r"|全て(?:挙|あ)げ|(?:何|どれ)と何"
)


def is_choice(question: str, language: str) -> bool:
    """Return whether a question names itself what may be its answer ("Who came first, Ann or Bo?")."""
    asked = _folded(question)
    if language == "ja":
        return bool(_CHOICE.search(asked))
    return not _YES_OR_NO.match(asked) and bool(_CHOICE_ENGLISH.search(asked))


def asked_for(question: str, language: str) -> Kind:
    """Return the kind of answer a question asks for; ``ANYTHING`` where that is not plain.

    ``language`` is the question's, ISO 639-1; "en" and "ja" are read. A question of two parts asks for anything
    (``two_part.parts`` takes it apart).
    """
    asked = _folded(question)
    if is_choice(question, language):
        return ANYTHING
    if language == "ja":
        return _asked_in_japanese(asked)
    return _asked_in_english(asked) if language == "en" else ANYTHING


def _folded(question: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split())


def _asked_in_english(asked: str) -> Kind:
    for wanted, pattern in _ENGLISH:
        match = pattern.match(asked)
        if match is None:
            continue
        if wanted == "who" and _ASKED_ONE.match(asked):
            return ANYTHING
        # "When the river rises, who closes the bridge?" asks who; "who opened it and when" asks two things.
        if _ALSO_ASKED.search(asked, match.end()) and (wanted in {"when", "where"} or _TWO.search(asked, match.end())):
            return ANYTHING
        several, count = _several(asked)
        noun = match.group().split()[-1] if wanted == "name" else ""
        return Kind(wanted, noun, several, count)
    several, count = _several(asked)
    return Kind("anything", "", several, count)


def _several(asked: str) -> tuple[bool, int | None]:
    match = _SEVERAL.match(asked)
    if match is None:
        return False, None
    said = next((word for word in match.groups() if word), "")
    return True, int(said) if said.isdigit() and int(said) < 20 else _COUNTS.get(said)


def _asked_in_japanese(asked: str) -> Kind:
    found = [(match.start(), wanted, match) for wanted, pattern in _JAPANESE if (match := pattern.search(asked))]
    several = _JAPANESE_SEVERAL.search(asked)
    count = several and several[1] and (_COUNTS.get(several[1]) or int(several[1]))
    if len(list(_JAPANESE_ASKS.finditer(asked))) > 1 and not several:
        return ANYTHING
    if found:
        _, wanted, match = min(found, key=lambda one: one[0])
        return Kind(wanted, match.group()[-1:] if wanted == "name" else "", bool(several), count or None)
    if not _JAPANESE_ASKS.search(asked) and re.search(r"(?:か|の)[?？。]?$", asked):
        return Kind("yes or no")
    return Kind("anything", "", bool(several), count or None)
