"""A text enters; the places of its dates and of its other numbers leave, told by rule."""

from __future__ import annotations

import re
from functools import cache

from assistant.about.world import months
from index.text.language import SPACELESS

Span = tuple[int, int]

_D = r"[0-9０-９]"
_KANJI = "〇一二三四五六七八九十"
_ERA = "令和|平成|昭和|大正|明治|慶応|安政"
_ERA_YEAR = rf"(?:{_ERA})(?:元|{_D}{{1,2}}|[{_KANJI}]{{1,3}})年"
_CJK_DATES = (
    rf"(?:{_ERA_YEAR}|(?:西暦|紀元前?)?(?:{_D}{{3,4}}|[{_KANJI}]{{4}})年(?![間代]))"
    rf"(?:\s?(?:{_D}{{1,2}}|[{_KANJI}]{{1,3}})月(?:\s?(?:{_D}{{1,2}}|[{_KANJI}]{{1,3}})日)?)?"
    rf"|(?:{_D}{{1,2}}|[{_KANJI}]{{1,2}})月\s?(?:{_D}{{1,2}}|[{_KANJI}]{{1,3}})日"
    rf"|(?<!{_D}){_D}{{1,2}}月(?!間)"
    rf"|(?:西暦|紀元前?)?{_D}{{2,4}}年代|(?:紀元前)?(?:{_D}{{1,2}}|[{_KANJI}]{{1,3}})世紀"
)
_NUMERIC = (
    r"(?<![\d.,/-])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}-\d{2}(?![\d-]))(?![\d/]|[.,-]\d)"
    r"|\b(?:1\d{3}|20\d{2})s\b|[’']\d0s\b|\b\d{1,2}(?:st|nd|rd|th)(?:-| )century\b(?:\s(?:BC|AD|BCE|CE)\b)?"
    r"|\b\d{1,4}\s?(?:BC|BCE|CE|AD)\b|\bAD\s?\d{1,4}\b"
)
# A year alone; 2013 people, $1990 and 1,999 are none.
_YEAR = (
    r"(?<![\w.,:/$€£¥#%-])(?<!\bNo )(?:1[0-9]\d{2}|20\d{2}|21\d{2})"
    r"(?:[-–](?:\d{4}|\d{2})\b)?(?![\w%])(?![.,:]\d)(?!-\d)"
)
_COUNTED_BEFORE = re.compile(
    r"(?:\b(?:in|since|by|from|to|until|till|of|the|during|before|after|early|late|mid|between|and|or|year|circa|around|about"
    r"|en|de|im|seit|bis|von|depuis)|[(–—-])\s?$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(r"\s(?!(?:was|is|as|has|his|its|this|elections|olympics|games|talks)\b)[a-z]{2,}s\b")
_SEASON = r"(?:[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)"
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? )"


@cache
def _dates(language: str) -> re.Pattern[str]:
    """Return what a date looks like in a language; the names of the months are the one's and English."""
    named = sorted({*months(language), *months("en")} - {""}, key=lambda name: (-len(name), name))
    month = rf"(?:{'|'.join(re.escape(name) for name in named)})\b\.?"
    day = r"(?:\d{1,2}(?:st|nd|rd|th|er|º|\.)?)"
    days = rf"{day}(?:(?:\s?[-–]\s?| and | & ){day})?"
    year = r"(?:1\d{3}|2[01]\d{2}|\d{3})"
    of = r"(?:of |de |del |di |den )?"
    western = (
        rf"{_WEEKDAY}?\b{days}[ -]{of}{month}(?:,? {of}(?:the year )?{year}\b)?(?!\d)"
        rf"|{_WEEKDAY}?\b{month} {days}(?!\d|[.,]\d|:)(?:,? {year}\b(?!\d|,\d))?(?! (?:percent|per cent|%))"
        rf"|\b{month},? {of}{year}\b"
        rf"|(?<=\b[Ii]n ){month}|(?<=\b[Bb]y ){month}|(?<=\b[Ss]ince ){month}|(?<=\b[Uu]ntil ){month}"
        rf"|(?<=\b[Ll]ast ){month}|(?<=\b[Nn]ext ){month}|(?<=\b[Ee]arly ){month}|(?<=\b[Ll]ate ){month}"
        rf"|\b{_SEASON} (?:of )?{year}\b|\b{year} {_SEASON}\b"
    )
    return re.compile(f"{_CJK_DATES}|{western}|{_NUMERIC}|{_YEAR}")


def dates(text: str, language: str) -> list[Span]:
    """Return the places of the dates, in order: days, months and years, decades, centuries, seasons of a year."""
    return [found.span() for found in _dates(language).finditer(text) if not _counts_things(text, *found.span())]


def _counts_things(text: str, start: int, end: int) -> bool:
    """Tell whether a year alone is a number of something: "1500 people" is, "in 1500 people" is not."""
    if not text[start:end].isdecimal():
        return False
    before = text[max(0, start - 12) : start]
    return bool(_COUNTED_AFTER.match(text, end)) and not _COUNTED_BEFORE.search(before)


_SPOKEN = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen"
)
_SPELLED = "|".join(sorted(_SPOKEN.split(), key=lambda word: (-len(word), word)))
_FIGURES = rf"{_D}+(?:[,.，．]{_D}+)*"
_NUMBER = re.compile(
    rf"(?:[$€£¥₹]|US\$|A\$|C\$|NT\$)?\s?(?<![\w.])(?:{_FIGURES})(?:\s?(?:million|billion|trillion|thousand|bn|mn))?"
    rf"(?:\s?(?:%|％|percent|per cent)|(?:st|nd|rd|th)\b)?"
    rf"|\b(?:(?:a|one) (?=hundred|thousand|million|billion|dozen))?(?:{_SPELLED})(?:[- ](?:and )?(?:{_SPELLED}|one))*\b",
    re.IGNORECASE,
)
_CJK_NUMBER = re.compile(
    rf"(?:約|およそ)?(?:[$€£¥￥]|第)?{_FIGURES}(?:[万億兆千百]+{_D}*)*[万億兆]?"
    r"(?:年間|年度|年ぶり|年|か月|カ月|ヶ月|週間|日間|時間|分間|秒|人|名|件|個|つ|回|円|ドル|ユーロ|ポンド|％|%|パーセント|割|歳|才|社|か国"
    r"|カ国|ヶ国|か所|カ所|ヶ所|本|台|棟|戸|世帯|万|キロメートル|メートル|センチ|ミリ|キロ|トン|グラム|km|cm|mm|kg|m|t|g|倍|位|点|票|党|校|章|条|種|頭|匹"
    r"|冊|号|度|階|便|隻|機|両|軒|曲|作|代|分)?"
    r"|(?:[一二三四五六七八九十百千]+(?:年間|人|名|件|個|つ|回|社|か国|カ国|ヶ国|倍|割|歳|種類|か所|カ所|日間|週間|か月|カ月|ヶ月))"
)
_UNIT = re.compile(r"\s([a-z][a-z’'-]+(?:\s(?:square|cubic|metric|of)\s[a-z]+)?)\b")
_NO_UNIT = frozenset(
    "a about after against also an and are as at be before between but by can could for from had has have he her his if "
    "in into is it its just may might more not of off on or other out over per she should so some such than that the "
    "their them then there these they this those through to too under until up was we were what when where which while "
    "who will with would yet you".split()
)


def numbers(text: str, language: str) -> list[Span]:
    """Return the places of the numbers that are no dates, in order, each with the word it counts."""
    dated = dates(text, language)
    pattern = _CJK_NUMBER if language in SPACELESS else _NUMBER
    found: list[Span] = []
    for match in pattern.finditer(text):
        start, end = match.span()
        start += len(match[0]) - len(match[0].lstrip())
        if any(start < date_end and date_start < end for date_start, date_end in dated):
            continue
        if language not in SPACELESS and (unit := _UNIT.match(text, end)) and unit[1] not in _NO_UNIT:
            end = unit.end(1)
        found.append((start, end))
    return found
