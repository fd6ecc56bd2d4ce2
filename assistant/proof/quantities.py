"""A text enters; its quantities leave: numbers with unit and sign, dates and times, the same however they are written.

150万円 and ¥1,500,000 are one quantity, as are "7 pm" and 19:00, 昭和6年 and 1931, "half of" and 50 %. Which one
``supports`` another is decided here too, for proofs, for articles that disagree and for the measurement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from assistant.proof.dates import When, dates, times
from assistant.proof.numerals import Numeral, flat, mixed, numerals_in
from assistant.proof.units import SHARE, STRICT, money_before, unit_after, units_named

_MINUS = re.compile(
    r"(?:(?<![\w.,)%°])[-–]|\b(?:minus|moins|menos|meno|минус)\s|マイナス|零下|氷点下|영하\s?|负|負)$", re.IGNORECASE
)
_BELOW = re.compile(r"(?:\s(?:degrees?|°\s?[cf]?))?\s(?:below\s(?:zero|freezing)|unter\snull)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_DECADE = re.compile(r"['’]?s\b")
_FRACTIONS = {
    "half": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "tenth": 10,
}
_TOPS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
_SHARES = re.compile(
    r"(?<![\d/.,])(?P<over>\d{1,3})/(?P<under>[1-9]\d{0,2})(?![\d/])"
    rf"|\b(?:(?P<top>{'|'.join(_TOPS)})[ -])(?:(?P<parts>thirds|quarters|fourths|fifths|sixths|sevenths|"
    r"eighths|tenths)\b"
    r"|(?P<part>third|quarter|fourth|fifth|sixth|seventh|eighth|tenth)(?=\s(?:of|as)\b))"
    r"|(?P<half>\b(?:(?:one|a) half|half(?= (?:of|the|its|their|his|her|our|all)\b)"
    r"|die hälfte|der hälfte|la moitié|la mitad|la metà|a metade|de helft|половин[аыуе])\b"
    r"|半分|半数|一半|절반)"
    r"|(?P<under2>[\d〇一二三四五六七八九十]{1,3})(?:分の|分之|분의\s?)(?P<over2>[\d〇一二三四五六七八九十]{1,3})"
    r"|百分之(?P<hundredths>[\d.〇一二三四五六七八九十]{1,5})|(?P<tenths>\d|[一二三四五六七八九])割(?!引)",
    re.IGNORECASE,
)
# A look for a few letters first: most sentences hold no share, and all are read.
_MAY_SHARE = re.compile(
    r"\d/\d|[Hh]al[fv]|third|quarter|f(?:our|if)th|s(?:ix|even)th|eighth|tenth|hälfte|m[oi]ti[ée]|mit?ad|metà|metade|"
    r"helft|полови|[分割半반]|절반",
    re.IGNORECASE,
)
_YEARS = range(1000, 2100)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a text; two are equal when they say the same, wherever they stand."""

    value: Fraction | None = None
    """Of a number, its sign, scale and percent reckoned in; None for a date, a time and a code."""
    unit: str = ""
    """One name a unit, "" for none; ``SHARE`` for percentages and fractions, "code" for "3.2.1"."""
    date: tuple[int | None, int | None, int | None] | None = None
    """Year, month and day, None where not said."""
    swapped: bool = False
    minutes: int | None = None
    """Since midnight."""
    halfday: str = ""
    code: str = ""
    roman: bool = field(default=False, compare=False)
    weak: bool = field(default=False, compare=False)
    """"One" and "first": they support a number, but need no support."""
    since: Fraction | None = field(default=None, compare=False)
    to: Fraction | None = field(default=None, compare=False)
    """The other number of a pair ("from 4 to 6", "52 to 48", "3-1"), before it or after it."""
    written: str = field(default="", compare=False)
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    @property
    def year(self) -> int | None:
        """The year a date names, or that a number may well be; None for all else."""
        if self.date:
            return self.date[0]
        bare = self.value is not None and not self.unit and self.written.strip().isdecimal() and len(self.written) == 4
        return int(self.value) if bare and self.value is not None and int(self.value) in _YEARS else None


@lru_cache(maxsize=4096)  # a sentence is looked at once for each statement; an answer's evidence is some hundred
def quantities(text: str, language: str = "en") -> tuple[Quantity, ...]:
    """Return the quantities of a text in order; ``language``, the article's, decides what "1.500" is."""
    plain = flat(text)
    found: list[Quantity] = []
    if _DIGIT.search(plain) or not plain.isascii():
        plain = _take(plain, [_of_date(when, text) for when in dates(plain, language)], found)
    plain = _take(plain, [_of_time(when, text) for when in times(plain)], found)
    if _MAY_SHARE.search(plain):
        plain = _take(plain, [_with_unit(numeral, plain, text) for numeral in mixed(plain)], found)
        plain = _take(plain, [share for match in _SHARES.finditer(plain) if (share := _share(match))], found)
    found += _numbers(plain, text, language)
    return tuple(sorted(found, key=lambda quantity: quantity.start))


def required(text: str, language: str = "en") -> tuple[Quantity, ...]:
    """Return the quantities of a statement that need support, in order: all but "one" and "first"."""
    return tuple(quantity for quantity in quantities(text, language) if not quantity.weak)


def figures(text: str, language: str = "en") -> frozenset[str]:
    """Return a text's numbers as plain figures, units left out: "1500000", "2.5"; of a date its year and its day."""
    found: set[str] = set()
    for one in required(text, language):
        if one.value is not None:
            found.add(str(one.value) if one.value.denominator == 1 else f"{float(one.value):g}")
        found |= {str(part) for part in (one.date[::2] if one.date else ()) if part is not None}
        found |= {part for part in (one.code, "" if one.minutes is None else str(one.minutes)) if part}
    return frozenset(found)


def without_quantities(text: str, language: str = "en", *, but_weak: bool = False) -> str:
    """Return a text of the same length with spaces where its quantities stand; ``but_weak`` leaves "one", "first"."""
    for quantity in quantities(text, language):
        if not (but_weak and quantity.weak) or quantity.roman:
            text = text[: quantity.start] + " " * (quantity.end - quantity.start) + text[quantity.end :]
    return text


def lacking(stated: Iterable[Quantity], sentence: str, language: str = "en") -> tuple[Quantity, ...]:
    """Return the quantities that a sentence does not hold, in order.

    What is stated may leave out a unit, or be a date less precise; it may not have another scale, sign, unit or day.
    """
    found = quantities(sentence, language)
    return tuple(one for one in stated if not is_supported(one, found, sentence))


def is_supported(stated: Quantity, found: Sequence[Quantity], sentence: str) -> bool:
    """Tell whether one of the quantities found in a sentence, or two that make a date, say what is stated."""
    found = [one for one in found if not _turned_round(one, stated)]
    if any(supports(one, stated) for one in found):
        return True
    if stated.date and stated.date[0]:
        day = replace(stated, date=(None, *stated.date[1:]))
        years = {one.year for one in found}
        return stated.date[0] in years and any(one.date and not one.date[0] and supports(one, day) for one in found)
    # The unit may stand elsewhere: "the length, in metres, is 40".
    bare = replace(stated, unit="")
    named = bool(stated.unit) and any(not one.unit and supports(one, bare) for one in found)
    return named and stated.unit in units_named(sentence)


def _turned_round(found: Quantity, stated: Quantity) -> bool:
    """Tell whether two numbers are the same end of one pair turned round: 52 to 48, and 48 to 52."""
    pairs = ((found.since, stated.to), (found.to, stated.since))
    return any(one is not None and one == other and one != stated.value for one, other in pairs)


def supports(found: Quantity, stated: Quantity) -> bool:
    """Tell whether one quantity proves another: equal, or the same said more precisely."""
    if stated.date or found.date:
        return _supports_date(found, stated)
    if stated.minutes is not None or found.minutes is not None:
        return _supports_time(found, stated)
    if stated.value is None or found.value is None:
        return bool(stated.code) and stated.code == found.code
    if stated.value != found.value:
        return False
    if found.roman or stated.roman:
        return {found.unit, stated.unit} <= {"", "ordinal"}
    kilo = {found.unit, stated.unit}
    return (
        found.unit == stated.unit
        or (not stated.unit and found.unit not in STRICT)
        or ("kilo" in kilo and bool(kilo & {"km", "kg"}))
        or kilo == {"year", "age"}
    )


def agree(one: Quantity, other: Quantity) -> bool:
    """Tell whether two quantities can both be true of one thing: one says no other than the other, or less."""
    return supports(one, other) or supports(other, one)


def comparable(one: Quantity, other: Quantity) -> bool:
    """Tell whether two quantities measure the same: then they must agree. Five kilometres and three miles do not."""
    if (one.year or one.date) and (other.year or other.date):
        return True
    if one.minutes is not None or other.minutes is not None:
        return one.minutes is not None and other.minutes is not None
    if one.value is None or other.value is None or one.year or other.year:
        return bool(one.code) and bool(other.code)
    return one.unit == other.unit or (not (one.unit and other.unit) and not {one.unit, other.unit} & STRICT)


def _supports_date(found: Quantity, stated: Quantity) -> bool:
    if stated.date is None:
        year = found.date[0] if found.date else None
        nth = found.date is not None and stated.unit == "ordinal" and stated.value == found.date[2]
        return nth or (year is not None and stated.year == year)
    if found.date is None:
        return stated.date == (found.year, None, None)
    readings = [found.date] if not found.swapped else [found.date, (found.date[0], found.date[2], found.date[1])]
    wanted = [stated.date] if not stated.swapped else [stated.date, (stated.date[0], stated.date[2], stated.date[1])]
    return any(
        all(say is None or say == said for say, said in zip(want, reading, strict=True))
        for reading in readings
        for want in wanted
    )


def _supports_time(found: Quantity, stated: Quantity) -> bool:
    if found.minutes is None:
        return False
    if stated.minutes is None:
        hour = found.minutes // 60
        bare = stated.value is not None and not stated.unit and found.minutes % 60 == 0
        return bare and stated.value in {hour, (hour - 1) % 12 + 1}
    if found.minutes == stated.minutes:
        return not stated.halfday or bool(found.halfday)
    # "At 7:30" of what happens at "7.30 pm" is said less precisely; of what happens at 19:30 it is another time.
    return not stated.halfday and found.halfday in {"am", "pm"} and (found.minutes - stated.minutes) % 720 == 0


def _take(plain: str, quantities: Iterable[Quantity], found: list[Quantity]) -> str:
    """Add quantities that lie apart from those found before; return the text with their places blotted out."""
    for quantity in quantities:
        here = [one for one in found if one.start < quantity.end and quantity.start < one.end]
        # Of one place only two days of one month are told: "4–6 February".
        same = all((one.start, one.end) == (quantity.start, quantity.end) for one in here)
        if same and quantity not in here:
            found.append(quantity)
            gap = "\ufffc" * (quantity.end - quantity.start)
            plain = plain[: quantity.start] + gap + plain[quantity.end :]
    return plain


def _of_date(when: When, text: str) -> Quantity:
    return Quantity(
        date=(when.year, when.month, when.day),
        swapped=when.swapped,
        start=when.start,
        end=when.end,
        written=text[when.start : when.end],
    )


def _of_time(when: When, text: str) -> Quantity:
    return Quantity(
        minutes=when.minutes,
        halfday=when.halfday,
        start=when.start,
        end=when.end,
        written=text[when.start : when.end],
    )


def _share(match: re.Match[str]) -> Quantity | None:
    said = {name: value.casefold() for name, value in match.groupdict().items() if value}
    if "half" in said:
        value = Fraction(1, 2)
    elif "top" in said:
        part = said.get("part") or said["parts"].removesuffix("s")
        value = Fraction(_TOPS[said["top"]], _FRACTIONS[part])
    else:
        over = said.get("over") or said.get("over2") or said.get("hundredths") or said["tenths"]
        under = said.get("under") or said.get("under2") or ("100" if "hundredths" in said else "10")
        read = [numerals_in(f"第{count}" if not count[0].isdigit() else count, "en") for count in (over, under)]
        tops = [found[0].value for found in read if found]
        if len(tops) < 2 or None in tops or not tops[1]:
            return None
        value = (tops[0] or Fraction(0)) / tops[1]
    if "over" in said and value >= 1:
        return Quantity(unit="code", code=match[0], start=match.start(), end=match.end(), written=match[0])
    return Quantity(value, SHARE, start=match.start(), end=match.end(), written=match[0])


def _numbers(plain: str, text: str, language: str) -> list[Quantity]:
    found: list[Quantity] = []
    for numeral in numerals_in(plain, language):
        if found and numeral.start < found[-1].end:
            continue  # "12 degrees below zero" holds no second number
        if numeral.value is None:
            found.append(Quantity(unit="code", code=numeral.written, **_place(numeral.start, numeral.end, text)))
            continue
        found.append(_with_unit(numeral, plain, text))
    return _paired(_sharing_units(found, plain), plain)


def _with_unit(numeral: Numeral, plain: str, text: str) -> Quantity:
    value, start, end = numeral.value or Fraction(0), numeral.start, numeral.end
    unit, start = money_before(plain, start)
    minus = _MINUS.search(plain, max(0, start - 8), start)
    if minus and not unit:
        unit, start = money_before(plain, minus.start())
    decade = None if unit else _DECADE.match(plain, end)
    if decade and plain[end - 1] == "0":
        unit, end = "decade", decade.end()
    elif not unit and not numeral.roman:
        unit, end = unit_after(plain, end)
    elif unit:
        # "US$5 dollars" and "$5 million dollars" say it twice.
        again, after = unit_after(plain, end)
        end = after if again == unit else end
    if unit in {"century", "fold"} and numeral.ordinal:
        pass
    elif numeral.ordinal:
        unit, end = ("ordinal", numeral.end) if unit != "time" else (unit, end)
    if minus:
        value, start = -value, min(start, minus.start())
    elif below := _BELOW.match(plain, end):
        value, end, unit = -value, below.end(), unit or "degree"
    if unit == SHARE:
        value /= 100
    kept = numeral.weak and unit not in STRICT - {"ordinal"}
    return Quantity(value, unit, roman=numeral.roman, weak=kept, **_place(start, end, text))


_JOINED = re.compile(
    r"\s?(?:[-–—~,、]|,?\s?\b(?:to|and|or|und|bis|oder|et|ou|à|y|o|a|e|и|или|до|en|of)\b|から|と|や|または)\s?"
)


def _sharing_units(found: list[Quantity], plain: str) -> list[Quantity]:
    """Return numbers, those in a row with the unit that the last of them has: "10–12 km", "10 and 12 percent"."""
    for place in range(len(found) - 2, -1, -1):
        one, after = found[place], found[place + 1]
        lent = (
            plain[after.start : after.start + 1].isalnum()
            and after.unit not in {"", "ordinal", "decade", "code"}
            and not one.unit
            and one.value is not None
            and not one.roman
        )
        if lent and _JOINED.fullmatch(plain, one.end, after.start) and not (one.year and not after.year):
            value = one.value / 100 if after.unit == SHARE and one.value is not None else one.value
            found[place] = replace(one, value=value, unit=after.unit)
    return found


_PAIR = re.compile(r"\s?(?:[-–—~〜:]|\b(?:to|bis|à|a|до|till|til)\b|から|至|에서)\s?", re.IGNORECASE)


def _paired(found: list[Quantity], plain: str) -> list[Quantity]:
    """Return numbers, two that make a pair each with the other."""
    for place, (one, after) in enumerate(pairwise(tuple(found))):
        if one.value is not None and after.value is not None and _PAIR.fullmatch(plain, one.end, after.start):
            found[place] = replace(found[place], to=after.value)
            found[place + 1] = replace(after, since=one.value)
    return found


def _place(start: int, end: int, text: str) -> dict[str, Any]:
    return {"start": start, "end": end, "written": text[start:end]}
