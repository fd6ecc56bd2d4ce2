"""What numbers are called: the words for scales in a dozen languages, and English numbers spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ORDINALS = {
    word: value
    for value, word in enumerate(
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split()
    )
} | {f"{word[:-1]}ieth": value for word, value in UNITS.items() if value >= 20}

_SCALE_WORDS = {
    10**3: "thousand thousands thsd tausend tsd mille mil mila duizend tusen tusind tuhat tys тысяча тысячи тысяч тыс "
    "тисяча тисячі тисяч тис",
    10**5: "lakh lakhs",
    10**6: "million millions mio mill mn mln millionen millones millón millon milioni milione milhões milhão miljoen "
    "miljoner millioner milion miliony milionów миллион миллиона миллионов млн мільйон мільйона мільйонів",
    10**7: "crore crores",
    10**9: "bn milliarde milliarden mrd milliard milliards miliardi miliardo miliard miljard miljarder milliarder "
    "bilhões bilhão миллиард миллиарда миллиардов млрд мільярд мільярда мільярдів",
    10**12: "tn trn trillion trillions billionen billón billones bilione bilioni biljoen триллион триллиона триллионов "
    "трлн",
}
SCALE_OF = {word: value for value, words in _SCALE_WORDS.items() for word in words.split()}
_LONG_SCALE = frozenset("de fr es it nl pl sv da nb nn no fi cs hu".split())


def scale_of(word: str, language: str) -> int:
    """Return the power of ten a word stands for beside figures, 0 for others; a German Billion is a trillion."""
    word = word.casefold().rstrip(".")
    if word in {"billion", "billions"}:
        return 10**12 if language in _LONG_SCALE else 10**9
    return 100 if word == "hundred" else SCALE_OF.get(word, 0)


_SPOKEN = "|".join([*UNITS, *SCALES])
# "Two and three" are two numbers; so are "one hundred and two hundred", but not "one hundred and two thousand".
_AND = "|".join(
    rf"(?<={scale}) and (?!(?:{_SPOKEN})(?:[ -](?:{_SPOKEN}))?[ -](?:{again})\b)"
    for scale, again in zip(
        SCALES,
        [
            "hundred",
            "thousand|million|billion|trillion",
            "million|billion|trillion",
            "billion|trillion",
            "trillion",
        ],
        strict=True,
    )
)
_ORDINAL_WORDS = "|".join([*list(ORDINALS)[1:], "hundredth", "thousandth", "millionth"])
# Words one after another: "three hundred and six", "twenty-sixth"; the last may be an ordinal.
SPELLED = re.compile(
    rf"\b(?:(?P<words>(?:{_SPOKEN})\b(?:(?:[ -]|{_AND})(?:{_SPOKEN})\b)*)(?:[ -](?P<last>{_ORDINAL_WORDS})\b)?"
    rf"|(?P<ordinal>{_ORDINAL_WORDS})\b)",
    re.IGNORECASE,
)
_TOKEN = re.compile("[a-z]+", re.IGNORECASE)
_CENTURIES = frozenset({17, 18, 19, 20})

Spoken = tuple[Fraction, int, int, int]
"""A value, where its words begin and end, and how many there are."""


def spelled(text: str, start: int, end: int, figures: Fraction | None = None, scale: int = 1) -> Iterator[Spoken]:
    """Yield the numbers that the number words between two offsets spell, one after another.

    ``figures`` times ``scale`` stand before the first: "2 million" before "five hundred thousand".
    """
    whole, part = Fraction(0), None if figures is None else figures
    if figures is not None and scale > 100:
        whole, part = figures * scale, None
    elif figures is not None:
        part = figures * scale
    spoken, begins, ends = (0 if figures is None else 1), start, start
    for match in _TOKEN.finditer(text, start, end):
        word = match[0].casefold()
        if word == "and":
            continue
        of_scale, unit = SCALES.get(word, 0), UNITS.get(word, 0)
        if spoken and not _goes_on(whole, part, of_scale, unit):
            yield whole + (part or 0), begins, ends, spoken
            whole, part, spoken = Fraction(0), None, 0
        if not spoken:
            begins = match.start()
        if of_scale > 100:
            whole, part = whole + (Fraction(1) if part is None else part) * of_scale, None
        elif of_scale:
            part = (Fraction(1) if part is None else part) * of_scale
        else:
            part = (part or Fraction(0)) + unit
        spoken, ends = spoken + 1, match.end()
    yield whole + (part or 0), begins, ends, spoken


def as_years(found: list[Spoken], text: str) -> list[Spoken]:
    """Return spoken numbers with "nineteen" and "eighty-four" as the year they are."""
    joined: list[Spoken] = []
    for value, begins, ends, spoken in found:
        before = joined[-1] if joined else None
        if (
            before
            and before[0] in _CENTURIES
            and before[3] == 1
            and 10 <= value < 100
            and text[before[2] : begins] == " "
        ):
            joined[-1] = before[0] * 100 + value, before[1], ends, before[3] + spoken
        else:
            joined.append((value, begins, ends, spoken))
    return joined


def _goes_on(whole: Fraction, part: Fraction | None, scale: int, unit: int) -> bool:
    """Tell whether the next word is of the same number; ``part`` is what stands before its next scale."""
    if part is None:
        return not (whole and scale)
    if scale == 100:
        return part < 100
    if scale:
        return not whole or part * scale < _lowest(whole)
    if part % 100 == 0:
        return part > 0
    return part % 10 == 0 and part % 100 >= 20 and 0 < unit < 10


def _lowest(whole: Fraction) -> int:
    """Return the least scale that was spoken."""
    return next((scale for scale in (10**12, 10**9, 10**6, 10**3) if whole % scale == 0), 1)
