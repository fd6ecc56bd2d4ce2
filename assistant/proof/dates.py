"""A text enters; its dates and times of day leave, each alike however it is written, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assistant.proof.number_words import UNITS

_MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
januari februari mars april maj juni juli augusti september oktober november december
januar februar mars april mai juni juli august september oktober november desember
jan feb mar apr may jun jul aug sep oct nov dec
jan febr mär avr mai jun juil aug sept okt nov dez
jän fév mrz abr mai juin juil août set out nov déc
ene feb mar abr may jun jul ago sept oct nov dic
gen feb mar apr mag giu lug ago set ott nov dic
"""
_MONTH_OF = {name: place % 12 + 1 for line in _MONTHS.split("\n") for place, name in enumerate(line.split())}
_WORD = re.compile(r"[^\W\d_]+")
_WORDS_TOO = frozenset({"may", "march", "mar", "set", "mars", "out", "mai", "mag"})
"""Names of months that are other words when written small."""

_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0}
_UP_TO_99 = r"(?:\d{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_ISO = re.compile(r"(?<![\d.,/-])(?P<year>[12]\d{3})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?![\d]|[-/]\d)")
_NUMERIC = re.compile(
    r"(?<![\d.,/-])(?P<one>\d{1,2})(?:\s?(?P<sign>\.)\s?|[/-])(?P<two>\d{1,2})(?(sign)\.\s?|[/-])(?P<year>[12]\d{3})(?!\d)"
)
_YEAR_MONTH = re.compile(r"(?<![\d.,/-])(?P<year>[12]\d{3})-(?P<month>0[1-9]|1[0-2])(?![\d-])")
# Around the name of a month: "4–6 " and "4th of " before it, ", 2024", " 4, 2024" and " 4–6" behind it.
_DAY_BEFORE = re.compile(
    r"(?<![\d.,:])(?:(?P<first>\d{1,2})\.?\s?(?:[-–]|\b(?:to|and|bis|und|et|au|al|y|e|en|и)\b)\s?)?"
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|°|ª|\.)?\s(?:of\s|de\s)?$",
    re.IGNORECASE,
)
_YEAR_BEHIND = re.compile(r"\.?,?\s(?:of\s|del?\s)?(?P<year>[12]\d{3})(?!\d|[.,:]\d|\s?%)", re.IGNORECASE)
_DAY_BEHIND = re.compile(
    r"\.?\s(?:the\s)?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d%]|[.,:]\d|st|\s?[-–]\s?\d{3})"
    r"(?:\s?[-–]\s?(?P<last>\d{1,2})(?!\d))?(?:,?\s(?P<year>[12]\d{3})(?!\d|[.,:]\d))?",
    re.IGNORECASE,
)
_EAST = re.compile(
    rf"(?:(?<!\d)(?P<year>[12]\d{{3}}|[一二三四五六七八九][〇零一二三四五六七八九]{{3}})|(?P<era>{'|'.join(_ERAS)})(?P<count>元|{_UP_TO_99}))"
    rf"\s?(?:年(?![間间代])|년(?![간대]))(?:\s?(?:\([^)]{{1,8}}年\)\s?)?(?P<month>{_UP_TO_99})(?:月(?![間间])|월)(?:\s?(?P<day>{_UP_TO_99})(?:日(?![間间])|[号號]|일))?)?"
    rf"|(?<!\d)(?P<month2>{_UP_TO_99})(?:月(?![間间])|월)(?:\s?(?P<day2>{_UP_TO_99})(?:日(?![間间])|[号號]|일))?"
)

_HAS_DIGIT = re.compile(r"\d")
_MERIDIEM = r"(?P<half>[ap])\.?\s?m\b\.?"
_CLOCK = re.compile(
    rf"(?<![\d.,:/])(?P<hour>\d{{1,2}})(?:[:.h](?P<minute>[0-5]\d))?\s?{_MERIDIEM}"
    r"|(?<![\d.,:/])(?P<hour2>[01]?\d|2[0-4]):(?P<minute2>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?:\s?(?:uhr|uur|h)\b)?"
    r"|(?<![\d.,:/])(?P<hour3>\d{1,2})(?:[.:](?P<minute3>[0-5]\d))?\s(?:uhr|uur)(?:\s(?P<minute4>[0-5]?\d)(?!\d))?\b"
    r"|(?<![\d.,:/])(?P<hour5>\d{1,2})\s?h\s?(?P<minute5>[0-5]\d)(?!\d)"
    r"|(?<=\bat )(?P<hour6>\d{1,2})\.(?P<minute6>[0-5]\d)(?![\d%]|\.\d|\s?(?:million|percent|per))"
    r"|\b(?:ore|klo|kl\.|om|às|a las|в)\s(?P<hour7>\d{1,2})[.:](?P<minute7>[0-5]\d)(?!\d|\.\d)",
    re.IGNORECASE,
)
_SMALL_HOURS = "|".join(word for word, value in UNITS.items() if 1 <= value <= 12)
_SPOKEN_CLOCK = re.compile(
    rf"\b(?:(?P<part>half|quarter|a quarter)\s(?P<side>past|to)\s)?(?P<hour>\d{{1,2}}|{_SMALL_HOURS})"
    r"(?P<clock>\so'clock)?\b"
    rf"(?:\s?{_MERIDIEM})?|\b(?:12\s)?(?P<named>noon|midnight)\b",
    re.IGNORECASE,
)
_MAY_BE_SPOKEN = re.compile(r"o'clock|half|quarter|noon|midnight|\d ?[ap]\.? ?m|[a-z] [ap]\.? ?m\b", re.IGNORECASE)
_LATE = r"午後|下午|晚上|오후|저녁"
_EAST_CLOCK = re.compile(
    rf"(?:(?P<late>{_LATE})|(?P<early>午前|上午|早上|凌晨|오전|새벽))\s?(?P<hour>{_UP_TO_99})(?:[時时点點]|시)"
    rf"(?:(?P<half>半|\s?반)|\s?(?P<minute>{_UP_TO_99})(?:分|분))?"
    rf"|(?<!\d)(?P<hour2>\d{{1,2}})(?:[時时](?![間间])|시(?!간))(?:(?P<half2>半|\s?반)|\s?(?P<minute2>{_UP_TO_99})(?:分|분))?|正午"
)


@dataclass(frozen=True, slots=True)
class When:
    """A date, or a time of day, and where it stands; a part that is not said is None."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    swapped: bool = False
    """Day and month may as well be the other way round: "2/4/2024"."""
    minutes: int | None = None
    """Since midnight."""
    halfday: Literal["", "am", "pm", "24"] = ""
    """Which half of the day was said, or 24 where the clock counts that far; "" where neither is known."""


def dates(text: str, language: str) -> Iterator[When]:
    """Yield the dates of a text that is ``flat``, in no order; a thirteenth month or a 32nd day is none."""
    yield from _in_figures(text, language)
    if not text.isascii():
        for match in _EAST.finditer(text):
            yield from _eastern(match)
    for match in _WORD.finditer(text):
        if month := _MONTH_OF.get(match[0].casefold()):
            yield from _named(text, match, month)


def _in_figures(text: str, language: str) -> Iterator[When]:
    for match in _ISO.finditer(text):
        yield from _date(*match.span(), int(match["year"]), int(match["month"]), int(match["day"]))
    for match in _NUMERIC.finditer(text):
        one, two, year = int(match["one"]), int(match["two"]), int(match["year"])
        if match["sign"] or language != "en":
            yield from _date(*match.span(), year, two, one)
        elif one <= 12 or two <= 12:
            month, day = (one, two) if one <= 12 else (two, one)
            either = one <= 12 and two <= 12 and one != two
            yield from _date(*match.span(), year, month, day, swapped=either)
    for match in _YEAR_MONTH.finditer(text):
        # "2001-05" is a range of years, as "1914-18" is.
        if int(match["month"]) <= int(match["year"][2:]):
            yield from _date(*match.span(), int(match["year"]), int(match["month"]), None)


def _named(text: str, name: re.Match[str], month: int) -> Iterator[When]:
    """Yield the dates around the name of a month; "4–6 February" is two days."""
    start, end = name.span()
    before = _DAY_BEFORE.search(text, max(0, start - 20), start)
    behind = _YEAR_BEHIND.match(text, end) or (None if before else _DAY_BEHIND.match(text, end))
    said = {**(before.groupdict() if before else {}), **(behind.groupdict() if behind else {})}
    small = name[0].islower() and name[0] in _WORDS_TOO and not before and not said.get("year")
    if not said or small:
        return
    days: list[int | None] = [int(said[day]) for day in ("first", "day", "last") if said.get(day)]
    for day in days or [None]:
        year = int(said["year"]) if said.get("year") else None
        yield from _date(before.start() if before else start, behind.end() if behind else end, year, month, day)


def _eastern(match: re.Match[str]) -> Iterator[When]:
    year = None
    if match["year"]:
        year = int(match["year"]) if match["year"].isdigit() and match["year"].isascii() else _count(match["year"])
    elif match["era"]:
        year = _ERAS[match["era"]] + (1 if match["count"] == "元" else _count(match["count"]))
    month, day = match["month"] or match["month2"], match["day"] or match["day2"]
    yield from _date(*match.span(), year, _count(month) if month else None, _count(day) if day else None)


def _date(
    start: int, end: int, year: int | None, month: int | None, day: int | None, *, swapped: bool = False
) -> Iterator[When]:
    if (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31):
        yield When(start, end, year, month, day, swapped)


def times(text: str) -> Iterator[When]:
    """Yield the times of day of a text that is ``flat`` and bare of its dates."""
    for match in _CLOCK.finditer(text) if _HAS_DIGIT.search(text) else ():
        groups = match.groupdict()
        hour = next(int(value) for name, value in groups.items() if name.startswith("hour") and value)
        minute = next((int(value) for name, value in groups.items() if name.startswith("minute") and value), 0)
        yield from _time(match, hour, minute, groups["half"])
    for match in _SPOKEN_CLOCK.finditer(text) if _MAY_BE_SPOKEN.search(text) else ():
        if match["named"]:
            late = match["named"].casefold() == "noon"
            yield When(*match.span(), minutes=720 if late else 0, halfday="pm" if late else "am")
        elif match["part"] or match["clock"] or match["half"]:
            hour = UNITS.get(match["hour"].casefold()) or int(match["hour"])
            part = 0 if not match["part"] else 30 if match["part"].casefold() == "half" else 15
            late = (match["side"] or "").casefold() == "to"
            yield from _time(match, hour - late, 60 - part if late else part, match["half"])
    if not text.isascii():
        for match in _EAST_CLOCK.finditer(text):
            if match[0] == "正午":
                yield When(*match.span(), minutes=720, halfday="pm")
                continue
            half = match["half"] or match["half2"]
            minutes = 30 if half else _count(match["minute"] or match["minute2"] or "0")
            said = "p" if match["late"] else "a" if match["early"] else None
            yield from _time(match, _count(match["hour"] or match["hour2"]), minutes, said)


def _time(match: re.Match[str], hour: int, minute: int, half: str | None) -> Iterator[When]:
    if hour > 24:
        return
    if half:
        late = half.casefold() == "p"
        hour = hour % 12 + 12 * late if hour <= 12 else hour
        yield When(*match.span(), minutes=hour * 60 + minute, halfday="pm" if late else "am")
    else:
        yield When(*match.span(), minutes=hour % 24 * 60 + minute, halfday="24" if hour > 12 else "")


def _count(run: str) -> int:
    """Return a number up to 99, or a year digit by digit, in figures or in Chinese characters."""
    if run.isascii():
        return int(run)
    if "十" in run:
        tens, _, ones = run.partition("十")
        return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
    value = 0
    for char in run:
        value = value * 10 + _DIGITS[char]
    return value
