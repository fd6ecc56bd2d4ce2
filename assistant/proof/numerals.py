"""A text enters; the numbers in it leave, each a value however it is written, and where it stands.

Digits of any script, groups of thousands, decimals as the article's language writes them, scales ("1.5m", "40k",
"150万", "1,5 Mio."), English words, characters for numbers, Roman numerals behind a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from assistant.proof.number_words import (
    ORDINALS,
    SCALE_OF,
    SCALES,
    SPELLED,
    UNITS,
    Spoken,
    as_years,
    scale_of,
    spelled,
)
from assistant.proof.number_words_of import spelled_in
from assistant.proof.units import is_money, money_before, unit_after

_COMMA_DECIMAL = frozenset(
    "de fr es it pt nl ru uk be bg pl cs sk sl hr sr sv da nb nn no fi et lv lt hu ro tr el".split()
)
_FIGURES = r"(?:[1-9]\d{0,2}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
_FIGURE = re.compile(rf"(?P<figures>{_FIGURES})(?P<vulgar>[½⅓⅔¼¾⅕⅛⅜⅝⅞])?|(?P<lone>[½⅓⅔¼¾⅕⅛⅜⅝⅞])")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|ère|ème|e|º|ª|-й|-я|-е)(?![\w])", re.IGNORECASE)
_SCALE = re.compile(r"[ -]?([^\W\d_]+)\.?(?![^\W\d_])")
_LETTER = re.compile(r"(?:(?P<thousand>k)|(?P<million>m)|(?P<billion>b))(?=[^\w]|$)", re.IGNORECASE)
_BEFORE_SIGN = re.compile(r"\s?([kKM])(?=[€$£])")
_MANY = re.compile(r"\s(?:people\b|[a-z]{3,}s\b)")
_RANGE = re.compile(r"\s?(?:[-–—~]|\bto\b|\band\b|\bbis\b|から)\s?")
_WORD = re.compile("[a-z]+")
_MULTIPLES = {
    word: value
    for value, words in {
        2: "double doubles doubled doubling twice twofold",
        3: "triple triples tripled tripling treble trebles trebled trebling thrice threefold",
        4: "quadruple quadruples quadrupled quadrupling fourfold",
        5: "quintuple quintuples quintupled quintupling fivefold",
        10: "tenfold",
    }.items()
    for word in words.split()
}
_MULTIPLE = re.compile(rf"\b(?:{'|'.join(_MULTIPLES)})\b", re.IGNORECASE)
_NAMES = frozenset([*UNITS, *SCALES, *ORDINALS, *_MULTIPLES, "hundredth", "thousandth", "millionth", "dozen"])
_ROMAN = re.compile(r"[^\W\d_IVX] (?P<roman>(?:X{1,3}(?:IX|IV|V?I{0,3})|IX|IV|V|VI{1,3}|I{2,3}))\b(?!\.[A-Z])")
_CAPITALS = re.compile(" [IVX]")
_PARTS = {
    "half": Fraction(1, 2),
    "a third": Fraction(1, 3),
    "two thirds": Fraction(2, 3),
    "a quarter": Fraction(1, 4),
    "three quarters": Fraction(3, 4),
} | {"a half": Fraction(1, 2), "one third": Fraction(1, 3), "one quarter": Fraction(1, 4)}
_MIXED = re.compile(
    rf"(?<![\w.,/])(?:(?P<whole>\d{{1,4}}|{'|'.join(UNITS)}) and (?P<part>{'|'.join(_PARTS)})\b"
    r"|(?P<figures>\d{1,4}) (?P<over>[1-9])/(?P<under>[2-9]|1[0-6])(?![\d/])"
    rf"|(?P<share>{'|'.join(_PARTS)})(?: of)? an? (?P<scale>{'|'.join(SCALES)})\b)",
    re.IGNORECASE,
)
_SQUARES = re.compile("(?<=[^\\W\\d_])[²³]")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile(
    r"(?<![\w.,^])(?:(?:(?P<times>\d+(?:[.,]\d+)?)\s?[×x·⋅*]\s?)?10"
    r"(?:\^\(?(?P<power>[-+]?\d{1,2})\)?|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))"
    r"|(?P<figures>\d+(?:\.\d+)?)e(?P<exponent>[-+]?\d{1,2}))(?!\w)",
    re.IGNORECASE,
)
_DOZEN = re.compile(r"\b(?:a )?(?P<half>half a )?dozen\b", re.IGNORECASE)

_KANJI = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000, "십": 10, "백": 100, "천": 1000}
_LARGE = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12, "만": 10**4, "억": 10**8, "조": 10**12}
_IN_RUN = "".join([*_KANJI, *_SMALL, *_LARGE])
_SCALED = re.compile(
    rf"(?<!제)(?<!第)(?<![\d.,])(?:\d+(?:,\d{{3}})*(?:\.\d+)?\s?[{''.join(_SMALL)}{''.join(_LARGE)}]+\s?)"
    rf"(?:\d+(?:,\d{{3}})*\s?[{''.join(_SMALL)}{''.join(_LARGE)}]+\s?)*(?:\d+(?:,\d{{3}})*(?![\d.,:年月]))?"
)
_COUNTERS = "年月日人名件カヶか国個つ社党回歳円時分秒%台隻本頭枚冊軒店度倍元次天号米公里个位艘座辆岁点ドメキトポフ番世"
_KANJI_RUN = re.compile(
    rf"(?<!第)[{''.join(_KANJI)}十百千万億亿兆]+(?=[{_COUNTERS}])(?!つ星)|(?<=第)[{''.join(_KANJI)}十百千]+"
)
_TOKEN = re.compile(rf"\d+(?:,\d{{3}})*(?:\.\d+)?|[{_IN_RUN}]")
_NOT_TEN_MINUTES = re.compile(r"十分(?![間間後前ほ頃]|钟|鐘)")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text: its figures or words and its scale, without sign or unit."""

    value: Fraction | None
    """None for what is no number for all its digits: "3.2.1"; ``written`` tells such codes apart."""
    start: int
    end: int
    written: str
    ordinal: bool = False
    roman: bool = False
    weak: bool = False
    """"One" and "first", which rarely count anything."""
    scale: int = 1
    """The last scale word or letter that follows figures: what "10 to 12 million" lends its ten."""


def flat(text: str) -> str:
    """Return a text of the same length: digits, signs and spaces of every script as ASCII has them, "m²" as "m2"."""
    return text if text.isascii() else _SQUARES.sub(_square, text.translate(_PLAIN))


def _square(found: re.Match[str]) -> str:
    return "2" if found[0] == "²" else "3"


def comma_decimal(language: str) -> bool:
    """Tell whether a language writes a comma before decimals, and points between thousands."""
    return language in _COMMA_DECIMAL


def numerals(text: str, language: str = "en") -> tuple[Numeral, ...]:
    """Return the numbers of a text in order; ``language`` decides what "1.500" is."""
    return numerals_in(flat(text), language)


def numerals_in(text: str, language: str) -> tuple[Numeral, ...]:
    """Return the numbers of a text that is ``flat`` already."""
    found: list[Numeral] = []
    taken = text
    for match in _SCALED.finditer(text) if not text.isascii() else ():
        run = match[0].rstrip()
        found.append(Numeral(_run_value(run), match.start(), match.start() + len(run), run, scale=_run_scale(run)))
    if not text.isascii():
        found += _kanji(text)
        taken = _blanked(text, found)
    found += _powers(taken)
    taken = _blanked(text, found)
    for match in _FIGURE.finditer(taken):
        found += _figure(taken, match, language)
    taken = _blanked(text, found)
    found += _words(taken)
    for value, start, end in spelled_in(taken, language):
        found.append(Numeral(value, start, end, taken[start:end]))
    if _CAPITALS.search(taken):
        found += [
            Numeral(Fraction(_roman(m["roman"])), m.start("roman"), m.end("roman"), m["roman"], roman=True)
            for m in _ROMAN.finditer(taken)
        ]
    found.sort(key=lambda numeral: numeral.start)
    return tuple(_with_ranges(text, found))


def mixed(text: str) -> Iterator[Numeral]:
    """Yield the numbers that hold a fraction: "two and a half", "1 1/2", "half a million"."""
    for match in _MIXED.finditer(text):
        if match["scale"]:
            value = _PARTS[match["share"].casefold()] * SCALES[match["scale"].casefold()]
        elif match["under"]:
            value = int(match["figures"]) + Fraction(int(match["over"]), int(match["under"]))
        else:
            whole = match["whole"].casefold()
            value = (UNITS[whole] if whole in UNITS else int(whole)) + _PARTS[match["part"].casefold()]
        yield Numeral(Fraction(value), match.start(), match.end(), match[0])


def _powers(text: str) -> Iterator[Numeral]:
    """Yield the numbers written with powers of ten: "5 × 10⁶", "10^6", "1.5e6"."""
    for match in _POWER.finditer(text):
        power = int((match["power"] or match["raised"] or match["exponent"]).translate(_RAISED))
        times = Fraction((match["times"] or match["figures"] or "1").replace(",", "."))
        yield Numeral(times * Fraction(10) ** power, match.start(), match.end(), match[0])


def _figure(text: str, match: re.Match[str], language: str) -> Iterator[Numeral]:
    """Yield what a run of figures says: one number with its scale, or several with commas between."""
    start, end = match.span()
    if match["lone"]:
        yield Numeral(_vulgar(match["lone"]), start, end, match[0])
        return
    figures = match["figures"]
    value = (
        Fraction(int(figures))
        if len(figures) <= 9 and figures.isdecimal()
        else figures_value(figures, comma_decimal(language))
    )
    if value is None and "." not in figures:
        for part in re.finditer(r"\d+", figures):
            yield Numeral(Fraction(_whole(part[0])), start + part.start(), start + part.end(), part[0])
        return
    if value is None:
        yield Numeral(None, start, end, match[0])
        return
    if match["vulgar"]:
        value += _vulgar(match["vulgar"])
    if ordinal := _ORDINAL.match(text, end):
        # Digits before "e" or "m" may be a code: only what ends the word is an ordinal.
        yield Numeral(value, start, ordinal.end(), match[0], ordinal=True)
        return
    scale, scaled_end = _scale_after(text, start, end, language)
    spoken = SPELLED.match(text, end + 1) if text[end : end + 1] in {" ", "-"} else None
    if spoken and spoken["words"] and spoken["words"].split()[0].split("-")[0].casefold() in SCALES and scale < 10**12:
        spans = list(spelled(text, spoken.start("words"), spoken.end("words"), value))
        last = SCALES.get(text[: spans[0][2]].rpartition(" ")[2].casefold(), 1)
        yield Numeral(spans[0][0], start, spans[0][2], text[start : spans[0][2]], scale=last)
        for more, begins, ends, count in spans[1:]:
            yield Numeral(more, begins, ends, text[begins:ends], weak=count == 1 and more == 1)
        return
    yield Numeral(value * scale if scale > 1 else value, start, scaled_end, match[0], scale=scale)


def figures_value(figures: str, comma: bool) -> Fraction | None:
    """Return what figures with points, commas, spaces or apostrophes say; None for a code ("3.2.1") or a list.

    ``comma`` says that a comma stands before decimals where nothing else tells.
    """
    bare = figures.replace(" ", "").replace("'", "")
    kinds = {char for char in bare if char in ".,"}
    if not kinds:
        return Fraction(_whole(bare))
    if len(kinds) == 2:
        last = max(kinds, key=bare.rindex)
        whole, _, part = bare.rpartition(last)
        other = "," if last == "." else "."
        return _decimal(whole.replace(other, ""), part) if last not in whole and _grouped(whole.split(other)) else None
    sign = kinds.pop()
    parts = bare.split(sign)
    if bare == figures and _grouped(parts) and (len(parts) > 2 or (sign == ",") != comma):
        return Fraction(_whole("".join(parts)))
    if len(parts) == 2 and not (sign == "," and len(parts[0]) == 4 and len(parts[1]) == 4):
        return _decimal(*parts)
    indian = sign == "," and len(parts[-1]) == 3 and all(len(part) == 2 for part in parts[1:-1]) and len(parts[0]) <= 2
    return Fraction(_whole("".join(parts))) if indian else None


def _grouped(parts: list[str]) -> bool:
    first, *rest = parts
    return bool(rest) and 1 <= len(first) <= 3 and first[0] != "0" and all(len(part) == 3 for part in rest)


def _decimal(whole: str, part: str) -> Fraction:
    return Fraction(_whole(whole + part), 10 ** min(len(part), 300))


def _whole(digits: str) -> int:
    # Longer figures than these nobody says; Python refuses to read some thousand digits.
    return int(digits) if len(digits) <= 300 else hash(digits)


def _scale_after(text: str, start: int, end: int, language: str) -> tuple[int, int]:
    """Return the scale that stands behind figures, 1 for none, and where it ends."""
    if letter := _LETTER.match(text, end):
        if letter["thousand"]:
            return 1000, letter.end()
        many = letter[0].isupper() or _MANY.match(text, letter.end())
        if (letter["million"] and many) or _beside_money(text, start, letter.end()):
            return (10**6 if letter["million"] else 10**9), letter.end()
    if letter := _BEFORE_SIGN.match(text, end):
        return (10**6 if letter[1] == "M" else 1000), letter.end()
    scale = 1
    while (word := _SCALE.match(text, end)) and (more := scale_of(word[1], language)):
        scale, end = scale * more, word.end(1)
        if text[end : end + 1] == "." and word[1].casefold() in _SHORT:
            end += 1
    return scale, end


_SHORT = frozenset(word for word in SCALE_OF if len(word) <= 4)


def _beside_money(text: str, start: int, end: int) -> bool:
    return bool(money_before(text, start)[0]) or is_money(unit_after(text, end)[0])


def _words(text: str) -> Iterator[Numeral]:
    spoken: list[Spoken] = []
    if _NAMES.isdisjoint(_WORD.findall(text.casefold())):
        return
    for match in SPELLED.finditer(text):
        if match["ordinal"]:
            yield _ordinal(Fraction(0), match["ordinal"], match.start(), match.end())
            continue
        several = list(spelled(text, match.start("words"), match.end("words")))
        if match["last"]:
            value, begins, _, _ = several.pop()
            yield _ordinal(value, match["last"], begins, match.end())
        spoken += several
    for value, begins, ends, count in as_years(spoken, text):
        yield Numeral(value, begins, ends, text[begins:ends], weak=count == 1 and value == 1)
    for match in _MULTIPLE.finditer(text):
        yield Numeral(Fraction(_MULTIPLES[match[0].casefold()]), match.start(), match.end(), match[0])
    for match in _DOZEN.finditer(text) if "dozen" in text.casefold() else ():
        yield Numeral(Fraction(6 if match["half"] else 12), match.start(), match.end(), match[0])


def _ordinal(before: Fraction, word: str, start: int, end: int) -> Numeral:
    word = word.casefold()
    scale = SCALES.get(word.removesuffix("th"), 0)
    value = (before or Fraction(1)) * scale if scale else before + ORDINALS[word]
    return Numeral(value, start, end, word, ordinal=True, weak=value == 1)


def _kanji(text: str) -> Iterator[Numeral]:
    for match in _KANJI_RUN.finditer(text):
        if text[match.start() - 1 : match.start()].isdigit() or _NOT_TEN_MINUTES.match(text, match.start()):
            continue
        value = _run_value(match[0])
        first = text[match.start() - 1 : match.start()] == "第"
        yield Numeral(value, match.start(), match.end(), match[0], ordinal=first, weak=value == 1 and not first)


def _run_value(run: str) -> Fraction:
    """Return what figures and characters for scales say together: "1億5000万", "三百五十", "二〇二四"."""
    total, section = Fraction(0), Fraction(0)
    number: Fraction | int | None = None
    for token in _TOKEN.findall(run):
        if token in _SMALL:
            section, number = section + (1 if number is None else number) * _SMALL[token], None
        elif token in _LARGE:
            total, section, number = total + ((section + (number or 0)) or 1) * _LARGE[token], Fraction(0), None
        elif token in _KANJI:
            number = (number or 0) * 10 + _KANJI[token]
        else:
            number = figures_value(token, comma=False)
    return total + section + (number or 0)


def _run_scale(run: str) -> int:
    scales = [_LARGE[char] for char in run if char in _LARGE]
    return scales[0] if len(scales) == 1 and run[-1] in _LARGE else 1


def _with_ranges(text: str, found: list[Numeral]) -> Iterator[Numeral]:
    """Yield numerals, the first of a range with the scale its second has: "10 to 12 million", "1914–18"."""
    for place, numeral in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        before = found[place - 1] if place else None
        if numeral.scale == 1 and after and after.scale > 1 and _RANGE.fullmatch(text, numeral.end, after.start):
            value = (numeral.value or Fraction(0)) * after.scale
            if 0 < value <= (after.value or 0):
                yield replace(numeral, value=value)
                continue
        short = numeral.written.isdigit() and len(numeral.written) == 2
        if (
            short
            and before
            and len(before.written) == 4
            and before.written.isdigit()
            and text[before.end : numeral.start] in {"-", "–"}
        ):
            yield replace(numeral, value=Fraction(int(before.written) // 100 * 100 + int(numeral.written)))
            continue
        yield numeral


def _vulgar(char: str) -> Fraction:
    return Fraction(unicodedata.numeric(char)).limit_denominator(100)


def _roman(word: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[char] for char in word]
    return sum(-one if after > one else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _blanked(text: str, found: list[Numeral]) -> str:
    for numeral in found:
        text = text[: numeral.start] + "\ufffc" * (numeral.end - numeral.start) + text[numeral.end :]
    return text


class _PlainCharacters(dict[int, str | int]):
    """The ASCII character that another one means to a number; what was looked up once is kept."""

    def __missing__(self, point: int) -> str | int:
        digit = unicodedata.decimal(chr(point), None)
        wide = 0xFF01 <= point <= 0xFF5E
        self[point] = made = chr(point - 0xFEE0) if wide else point if digit is None else str(digit)
        return made


_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_PLAIN = _PlainCharacters(
    {
        ord(char): plain
        for plain, chars in {
            " ": _SPACES, "-": "\u2010\u2011\u2212\ufe63", "'": "’ʼ＇", ".": "٫", ",": "٬،", "%": "٪", "~": "〜",
        }.items()
        for char in chars
    }
)  # fmt: skip
