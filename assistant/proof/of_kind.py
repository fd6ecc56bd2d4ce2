"""A kind of answer and a statement enter; whether the statement holds an answer of that kind leaves.

Wherever that is not plain it does: a true answer turned away costs as much as a wrong one shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.proof.anchors import names, small_words
from assistant.proof.kinds import Kind, Wanted
from assistant.proof.quantities import figures
from assistant.proof.reasons import only_follows
from index.text.language import script_language
from index.text.words import fold

_TIME = re.compile(
    r"\b(?:1\d{3}|20\d{2})(?:s|\b)|[’']\d0s\b|\b\d{1,2} ?: ?\d{2}\b|\b\d+(?:st|nd|rd|th)\b"
    r"|\b[ap]\.?m\b\.?|\b(?:bc|bce|ad|ce)\b"
    r"|\b(?:in|from|circa|around|about|by|reigned|until|till|to|c\.) ?\d{1,4}\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
    r"|\b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:spring|summer|autumn|winter|fall of|christmas|easter|ramadan|new year|thanksgiving"
    r"|halloween|antiquity|prehistor\w+)\b"
    r"|\b(?:\w+ )?(?:centur(?:y|ies)|decades?|eras?|years?|months?|weeks?|days?|hours?|minutes?"
    r"|nights?|mornings?|evenings?"
    r"|afternoons?|noon|midnight|dawn|dusk|weekends?|seasons?|episodes?|finale|premiere|chapters?"
    r"|ages?|aged|reign(?:ed)?|period|quarter)\b"
    r"|\b(?:today|yesterday|tomorrow|tonight|now|presently|currently|recently|soon|later|earlier|ago|since|until|till"
    r"|after|before|when|whenever|while|during|once|upon|following|afterwards?|previously|prior|annually|daily"
    r"|weekly|monthly|yearly|early|late|mid|again|immediately|initially|originally|beginning|end"
    r"|ends|start|under [a-z]+)\b",
)
# When something happens as a rule may be told by a condition.
_OCCASION = re.compile(
    r"\b(?:in|on|at|if|where|as|then|first|last|next|always|never|times?|for|most|between|would|no|not)\b"
)
_RULE = re.compile(r"\bwhen (?:do|does|is|are|can|may|should|must|would|could|a|an|the|you|to)\b")
_TIME_JA = re.compile(
    r"\d+|[^、。はがをにのへで「」『』・ ]{1,8}(?:時代|(?<!世)紀(?=[、。にはのかで]|$)|朝)"
    r"|[一二三四五六七八九十百元](?:年|月|日|世紀|時|週|代)|世紀|時期|年代|年間|当時|現在|今日"
    r"|今(?:年|月|週|後)|昨年|昨日|明日"
    r"|来年|前年|翌|同年|近年|最近|戦前|戦後|戦時|古代|中世|近代|幼少|晩年|生前|死後|直後|直前"
    r"|以降|以後|以前|以来|頃|ころ|ごろ"
    r"|とき|時(?=[、にはのも期])|際|後(?=[、にはのも])|前(?=[、にはのも])|中(?=[、にはのも])"
    r"|たあと|てから|まで|ながら|春|夏|秋|冬|昼|夜|夕方|深夜|明け方|曜|祭|休み|正月|初め|末|終わり"
    r"|うち|間(?=[、にはのも])|期(?=[、にはのも])|[年月日](?=[、にはの])|毎|同時|最中|最初|最後"
    r"|やがて|ついに|同月|同日|次|のち|一旦|たび"
)
_AMOUNT = re.compile(
    r"\d|\b(?:one|once|twice|thrice|single|no|none|both|half|halves|dozens?|several|few|many|much"
    r"|most|all|every|each|pair|couple"
    r"|double[ds]?|tripled?|triple|quarters?|thirds?|third|fourth|hundreds?|thousands?|millions?"
    r"|billions?|trillions?|majority|minority"
    r"|percent|percentage|only|sole|first|second|fifth|sixth|seventh|eighth|ninth|tenth|lakhs?"
    r"|crores?|nil|score|multiple|various"
    r"|numerous|less|more|least|free|large|largest|small|entire|whole|i{1,3}|iv|vi{0,3}|ix|xi{0,3}|an?)\b",
)
_DURATION = re.compile(
    r"\b(?:centur(?:y|ies)|decades?|years?|months?|weeks?|days?|hours?|minutes?|seconds?|nights?"
    r"|since|until|till|from|between"
    r"|life|lifetime|forever|daily|weekly|monthly|annual|annually|yearly|hourly|every|each|always|frequently|often|long"
    r"|short|brief|briefly|throughout|during|after|before|periodic\w*|regularly|permanent\w*"
    r"|temporar\w*|rarely|never|indefinite\w*|bi\w+ly|quarterly|centuries-old|kilomet\w+|miles?"
    r"|feet|met(?:er|re)s?)\b",
)
_NUMERAL_JA = re.compile(
    r"[ァ-ヺー国]人|[\d〇一二三四五六七八九十百千万億兆数半両全倍]|複数|多く|すべて|大半|ほとんど"
    r"|ひと|ふた|無料|なし|いない|ない|のみ"
)
_PERSON = re.compile(
    r"\b(?:\w+(?:ers?|ors?|ists?|ians?|ants?|ents?|ees?|men|man|ess|esses|[ao]ns|eers?|kings?|ics"
    r"|ates?)|people|persons?|king|queen|prince|princess"
    r"|wife|wives|husband|son|sons|daughter|children|child|boys?|girls?|army|armies|council"
    r"|committee|board|company|companies"
    r"|congress|court|states?|church|public|police|press|team|group|family|families|tribes?|couple"
    r"|pair|crew|band|staff|poor|rich|slaves"
    r"|nobles?|clergy|monks?|bishops?|popes?|judges?|jury|senate|house|cabinet|union|class"
    r"|majority|anyone|everyone|someone"
    r"|no one|nobody|none|all|those|both|many|others?|party|parties|authority|authorities|industry|nations?|body|office"
    r"|department|agency|bank|schools?|society|societies|federation|assembly|adults?|males?"
    r"|females?|users?|individuals?|humans?|animals?)\b",
)
# Where something is as a rule, or in a body or a building, may be told as what it is a part of.
_PART = re.compile(r"\bwhere (?:do|does|is|are|can|would|in)\b")
_PLACE = re.compile(
    r"\b(?:in|at|on|near|from|into|through|between|along|across|around|within|under|inside|outside"
    r"|behind|above|below|throughout"
    r"|beneath|beside|north|south|east|west|northern|southern|eastern|western|home|here|abroad"
    r"|everywhere|nowhere|overseas|via|onto|off|among|toward|towards|opposite)\b"
)
_RUN_JA = re.compile(r"[ァ-ヺー]{2,}|[a-z][a-z0-9.&-]*|[\u3005\u3400-\u9fff]{2,}")
_COUNTRY_JA = re.compile(
    r"[^、。はがをにのでと「」『』・ ]{1,12}国|ソ連|[ァ-ヺー]{2,}|[a-z]{2,}|日本|中国|韓国|朝鮮"
    r"|台湾|香港|[米英仏独伊露豪加蘭印西葡墺]|国|[漢唐宋元明清隋秦魏呉蜀]|高麗|新羅|百済|琉球|満州"
    r"|海外"
)

WHY: dict[Wanted, str] = {
    "who": "it does not say who",
    "when": "it does not say when",
    "how many": "it does not say how many or how much",
    "how long": "it does not say how long or how often",
    "where": "it does not say where",
    "name": "it does not say which",
    "why": "it says what followed, not why",
}
"""For the user: what a statement lacks that is not of the kind."""


def is_of_kind(kind: Kind, statement: str, cited: Sequence[str], question: str, *, language: str | None = None) -> bool:
    """Return whether a statement holds an answer of a kind, besides what the question says itself.

    ``cited`` are the article sentences it rests on: they tell names from words that open a sentence. ``language`` is
    the statement's, by its script where it is not given. What is neither English nor Japanese is let pass.
    """
    language = script_language(statement) or language or "en"
    holds = _HOLDS.get((kind.wanted, language))
    return holds is None or holds(_Said(statement, question, cited, kind))


def lacks(kind: Kind) -> str:
    """Return what a statement that is not of the kind lacks, in words for the user."""
    return WHY.get(kind.wanted, "it is not what was asked for")


# Written with a capital, and the name of nobody and nowhere.
_CALENDAR = frozenset(
    "january february march april june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement beside what it was asked with and what it rests on."""

    statement: str
    question: str
    cited: Sequence[str]
    kind: Kind


_Holds = Callable[[_Said], bool]


def _beside(pattern: re.Pattern[str]) -> _Holds:
    """Return a test for an expression in a statement that the question does not hold itself."""

    def holds(said: _Said) -> bool:
        asked = set(pattern.findall(fold(said.question)))
        return any(found not in asked for found in pattern.findall(fold(said.statement)))

    return holds


def _of_name(said: _Said) -> bool:
    common = frozenset().union(*(small_words(text) for text in (*said.cited, said.question)))
    asked = set(re.findall(r"[\w’'.-]+", fold(said.question)))
    return bool(names(said.statement, common=common) - names(said.question) - asked - _CALENDAR)


def _of_time(said: _Said) -> bool:
    if _beside(_TIME)(said):
        return True
    return bool(_RULE.search(fold(said.question)) and _OCCASION.search(fold(said.statement)))


def _of_number(said: _Said) -> bool:
    return bool(figures(said.statement) - figures(said.question)) or _beside(_AMOUNT)(said)


def _of_duration(said: _Said) -> bool:
    return _of_number(said) or bool(_DURATION.search(fold(said.statement)))


def _of_person(said: _Said) -> bool:
    return _of_name(said) or _beside(_PERSON)(said)


def _of_place(said: _Said) -> bool:
    if _PART.search(fold(said.question)) and re.search(r"\b(?:of|to|by|over)\b", fold(said.statement)):
        return True
    return _of_name(said) or bool(_PLACE.search(fold(said.statement)))


def _of_reason(said: _Said) -> bool:
    return not only_follows(said.statement)


def _of_run_ja(said: _Said) -> bool:
    asked = fold(said.question)
    return any(run not in asked for run in _RUN_JA.findall(fold(said.statement)))


def _of_numeral_ja(said: _Said) -> bool:
    return bool(_NUMERAL_JA.search(unicodedata.normalize("NFKC", said.statement)))


def _of_name_ja(said: _Said) -> bool:
    if said.kind.noun != "国":
        return _of_run_ja(said)
    asked = fold(said.question)
    return any(run not in asked for run in _COUNTRY_JA.findall(fold(said.statement)))


_HOLDS: dict[tuple[str, str], _Holds] = {
    ("who", "en"): _of_person,
    ("when", "en"): _of_time,
    ("how many", "en"): _of_number,
    ("how long", "en"): _of_duration,
    ("where", "en"): _of_place,
    ("name", "en"): _of_name,
    ("why", "en"): _of_reason,
    ("who", "ja"): _of_run_ja,
    ("when", "ja"): _beside(_TIME_JA),
    ("how many", "ja"): _of_numeral_ja,
    ("how long", "ja"): _of_numeral_ja,
    ("where", "ja"): _of_run_ja,
    ("name", "ja"): _of_name_ja,
    ("why", "ja"): _of_reason,
}
