"""An accepted answer with numbers, dates or weekdays in it enters; other values of the same shape leave.

"July 1977" becomes "March 1969", "26年" becomes "31年", "twenty-six" becomes "forty", "19th" becomes "14th": a value
keeps its number of digits, its trailing zeros, its commas and its spelling, and stays inside what its unit allows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.proof.number_words import ORDINALS, UNITS

_MONTHS = "January February March April May June July August September October November December".split()
_SHORT_MONTHS = [month[:3] for month in _MONTHS]
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_SMALL = [word for word, value in UNITS.items() if value < 20]
_TENS = [word for word, value in UNITS.items() if value >= 20]
_WORDS = [*_SMALL, *(f"{ten}-{one}" if i else ten for ten in _TENS for i, one in enumerate(["", *_SMALL[1:10]]))]
_ORDINALS = [word for word, value in ORDINALS.items() if value <= 20]
_NUMBER_OF = {word: value for value, word in enumerate(_WORDS)}
_ORDINAL_OF = {word: value for value, word in enumerate(_ORDINALS)}
_NAMED = {word: names for names in (_MONTHS, _SHORT_MONTHS, _WEEKDAYS) for word in names}


def _any_of(words: Sequence[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# "five-year" holds a five; "twenty-five" does not.
_ALONE, _ENDED = r"(?<!\w)(?<!ty-)", rf"(?!\w|-(?:{_any_of([*_SMALL[1:10], *_ORDINALS[1:10]])})\b)"
_UNITS = "km|cm|mm|m|kg|g|t|ha|kW|MW|GW|GB|MB|Hz|kHz|MHz"
_TOKEN = re.compile(
    rf"(?<![A-Za-z\d])(?<!\d[.,:/])(?P<digits>\d{{1,3}}(?:[,，]\d{{3}})+|\d+)(?P<part>\.\d+)?(?![\d]|[.,:/，]\d)"
    rf"(?P<suffix>st|nd|rd|th|s)?(?=(?:{_UNITS})?(?![A-Za-z]))"
    rf"|{_ALONE}(?P<word>(?i:{_any_of(_WORDS)})){_ENDED}"
    rf"|{_ALONE}(?<!per )(?P<ordinal>{_any_of(_ORDINALS)}){_ENDED}"
    rf"|(?<!\w)(?P<name>{_any_of([*_NAMED])})(?!\w)"
)
# Shapes whose parts hang together: a range "1914-18", a date "2001-05-03", "10:30", "1/3".
_TANGLED = re.compile(r"\d{4}[-–‒~〜]\d{1,2}(?!\d)|\d[:/]\d")
_AFTER = re.compile(r"\s*(%|％|percent|per\s+cent|パーセント|centur|世紀|月|日|時|分|秒|a\.?m|p\.?m)", re.IGNORECASE)
_MOST = {"centur": 20, "世紀": 20, "月": 12, "日": 28, "時": 23, "分": 59, "秒": 59, "a": 12, "p": 12}
_PERCENT = frozenset({"%", "％", "percent", "パーセント"})
_ERAS = {"明治": 44, "大正": 14, "昭和": 63, "平成": 30, "令和": 7}
_SCALES = re.compile(r"\s*(?:hundred|thousand|million|billion|trillion|万|億|兆|dozen)")
_LAST_YEAR = 2026  # fixed: a clock would give other twins every year
_YEARS = (1000, 2100)

Kind = Literal["number", "year", "decade", "name"]


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or the name of a month or weekday, as its place in an answer tells what it may become."""

    key: str
    """The number in plain digits, or the name."""
    kind: Kind
    least: int = 0
    most: int | None = None
    spelled: bool = False


class Dice:
    """Rolls that depend on a key alone, the same on every machine."""

    def __init__(self, *key: object) -> None:
        self._key = "\x00".join(map(str, key))
        self._count = 0

    def __call__(self, least: int, most: int) -> int:
        """Return a whole number from ``least`` to ``most``, both included."""
        self._count += 1
        digest = hashlib.sha256(f"{self._key}\x00{self._count}".encode()).digest()
        return least + int.from_bytes(digest[:8], "big") % (most - least + 1)


def values_in(answers: Sequence[str]) -> dict[str, Value] | None:
    """Return the values of some answers by their key; None where an answer holds none, or one of an unknown shape.

    "zero", "one" and their digits are of no known shape unless a scale follows ("1 million"): the words beside them
    stand in the singular.
    """
    found: dict[str, Value] = {}
    for answer in answers:
        matches = list(_TOKEN.finditer(answer))
        if not matches or _TANGLED.search(answer) or not _reads_as_values(answer, matches):
            return None
        for match in matches:
            value = _value(answer, match)
            if value is None:
                return None
            found.setdefault(value.key, value)
    return found


def other_values(values: Mapping[str, Value], dice: Dice) -> dict[str, str] | None:
    """Return another key for every key, all years moved by one step; None where a roll gave no usable one."""
    step = dice(1, 3) * 10 if any(value.kind == "decade" for value in values.values()) else dice(1, 30)
    step = -step if dice(0, 1) else step
    drawn = {key: _draw(value, step, dice) for key, value in values.items()}
    usable = all(new not in (None, old) and new not in values for old, new in drawn.items())
    distinct = len(set(drawn.values())) == len(drawn)
    return {old: new for old, new in drawn.items() if new} if usable and distinct else None


def rewritten(text: str, keys: Mapping[str, str]) -> str:
    """Return ``text`` with every value that ``keys`` names in the other one's place, each as it was written."""
    return _TOKEN.sub(lambda match: _written(match, keys.get(_key(match), "")), text)


def pattern_of(answer: str) -> str:
    """Return a regular expression for an answer however its numbers are written: "2,500", "2500", "twenty", "20"."""
    parts: list[str] = []
    at = 0
    for match in _TOKEN.finditer(answer):
        parts += [spaced(answer[at : match.start()]), _forms(match)]
        at = match.end()
    parts.append(spaced(answer[at:]))
    before = r"(?<![A-Za-z\d])(?<!\d[.,])" if answer[0].isalnum() else ""
    after = r"(?!\d|[.,]\d)(?![A-Za-z])" if answer[-1].isalnum() else ""
    return f"{before}(?i:{''.join(parts)}){after}"


def spaced(literal: str) -> str:
    """Return a regular expression for some words with any white space between them."""
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", literal))


def _reads_as_values(answer: str, matches: Sequence[re.Match[str]]) -> bool:
    """Say whether capitalised number words are numbers here: not in "Seven Years' War"."""
    written_large = [match for match in matches if match["word"] and match["word"][0].isupper()]
    rest = _TOKEN.sub(" ", answer)
    return not (written_large and re.search(r"\b[A-Z]", rest))


def _key(match: re.Match[str]) -> str:
    if match["digits"]:
        whole = re.sub("[,，]", "", match["digits"])
        return whole.translate(_NARROW) + (match["part"] or "").translate(_NARROW)
    if match["word"]:
        return str(_NUMBER_OF[match["word"].lower()])
    return str(_ORDINAL_OF[match["ordinal"]]) if match["ordinal"] else match["name"]


_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def _value(answer: str, match: re.Match[str]) -> Value | None:
    key = _key(match)
    if match["name"]:
        return Value(key, "name")
    spelled = not match["digits"]
    if match["part"]:
        return Value(key, "number")
    number, suffix = int(key), match["suffix"]
    if suffix == "s":
        return Value(key, "decade") if number % 10 == 0 and _YEARS[0] <= number <= _YEARS[1] else None
    least, most = _limits(answer, match)
    singular = not suffix and not match["ordinal"] and not most and not _SCALES.match(answer, match.end())
    if str(number) != key or number == 0 or (number == 1 and singular and answer.isascii()):
        return None
    commas = bool(match["digits"]) and len(match["digits"]) > len(key)
    if _YEARS[0] <= number <= _YEARS[1] and not (suffix or spelled or commas or most) and len(key) == 4:
        return Value(key, "year")
    return Value(key, "number", least, most, spelled)


def _limits(answer: str, match: re.Match[str]) -> tuple[int, int | None]:
    """Return the least and the most that the words around a number allow; (0, None) where they say nothing."""
    before, after = answer[: match.start()].rstrip(" ,"), answer[match.end() :].lstrip(" ,")
    beside = {*before.rpartition(" ")[2:], *after.partition(" ")[:1]}
    if not match["part"] and beside & {*_MONTHS, *_SHORT_MONTHS} and int(_key(match)) <= 31:
        return 1, 28
    for era, years in _ERAS.items():
        if before.endswith(era):
            return 1, years
    found = _AFTER.match(answer, match.end())
    if not found:
        return 0, None
    unit = re.sub(r"\s+|(?<=[ap])\.?m$", "", found[1].lower())
    return (2, 99) if unit in _PERCENT else (1, _MOST[unit])


def _draw(value: Value, step: int, dice: Dice) -> str | None:
    if value.kind == "name":
        names = _NAMED[value.key]
        return names[(names.index(value.key) + dice(1, len(names) - 1)) % len(names)]
    if "." in value.key:
        return _other_decimal(value.key, dice)
    number = int(value.key)
    if value.kind in ("year", "decade"):
        moved = number + step
        return str(moved) if _YEARS[0] <= moved <= max(_LAST_YEAR, number) else None
    if value.most is not None:
        return str(dice(value.least, value.most))
    if value.spelled and number <= 20:
        return str(dice(2, 20))
    zeros = len(value.key) - len(value.key.rstrip("0")) if len(value.key) > 2 or value.spelled else 0
    digits = len(value.key) - zeros
    return str(dice(max(2, 10 ** (digits - 1)), 10**digits - 1) * 10**zeros)


def _other_decimal(key: str, dice: Dice) -> str:
    whole, _, part = key.partition(".")
    new = "0" if whole == "0" else str(dice(max(1, 10 ** (len(whole) - 1)), 10 ** len(whole) - 1))
    return f"{new}.{''.join(str(dice(0, 9)) for _ in part[1:])}{dice(1, 9)}"


def _forms(match: re.Match[str]) -> str:
    """Return a regular expression for all ways to write the value of a token."""
    key = _key(match)
    if match["name"]:
        return f"(?-i:{re.escape(key)})"  # "May" is not "may"
    digits = _digit_forms(key)
    if match["suffix"] == "s":
        return f"{digits}s"
    if match["ordinal"] or match["suffix"]:
        word = f"|{_ALONE}{_ORDINALS[int(key)]}{_ENDED}" if int(key) < len(_ORDINALS) else ""
        return f"(?:{digits}(?:st|nd|rd|th){word})"
    word = f"|{_ALONE}{_WORDS[int(key)]}{_ENDED}" if "." not in key and int(key) < len(_WORDS) else ""
    return f"(?:{digits}{word})"


def _digit_forms(key: str) -> str:
    whole, dot, part = key.partition(".")
    written = [f"[{digit}{digit.translate(_WIDE)}]" for digit in whole]
    for place in range(len(written) - 3, 0, -3):
        written[place - 1] += "[,，]?"
    return "".join(written) + (re.escape(dot) + "".join(part) if dot else "")


def _written(match: re.Match[str], key: str) -> str:
    """Return ``key`` as the token it replaces was written; the token itself where key is empty."""
    old = match.group()
    if not key or match["name"]:
        return key or old
    if match["ordinal"] or match["suffix"] in ("st", "nd", "rd", "th"):
        return _as_ordinal(int(key), spelled=bool(match["ordinal"]))
    if match["word"] and "." not in key and int(key) < len(_WORDS):
        word = _WORDS[int(key)]
        return word.capitalize() if old[0].isupper() else word
    whole, dot, part = key.partition(".")
    if "," in old or "，" in old:
        whole = f"{int(whole):,}".replace(",", "," if "," in old else "，")
    new = f"{whole}{dot}{part}"
    if not old.isascii():
        new = new.translate(_WIDE)
    return new + (match["suffix"] or "")


def _as_ordinal(number: int, *, spelled: bool) -> str:
    if spelled and number < len(_ORDINALS):
        return _ORDINALS[number]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
