"""The lists of a Word document and its paragraphs in order enter, the number Word prints before each leaves.

Word keeps no number in a paragraph: it counts, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from index.reading.counting import MOST_ROMAN, letter, roman
from index.reading.word_xml import Element, attribute, child, is_on, local_name, setting

_LEVELS = 9
_LONGEST = 200  # characters around a number


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    """With "%1" for the number of the first level, as Word writes it."""
    after: str = " "
    restart: int | None = None
    """It begins again after a paragraph of this level (from 1) or one above; 0 never, None after any above it."""
    style: str | None = None
    is_plain: bool = False
    """Numbers of other formats, too, stand in digits."""


@dataclass(slots=True)
class _List:
    """What paragraphs are counted in; lists made from one another go on from each other."""

    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts the paragraphs of one document: each is given once, in order."""

    def __init__(self, root: Iterable[Element] = (), styles: Mapping[str, Element] | None = None) -> None:
        """Read the lists under ``root`` (numbering.xml); ``styles`` are the numPr of the styles that have one."""
        self._styles = styles or {}
        made: dict[str, _List] = {}
        links: dict[str, str] = {}
        self._lists: dict[str, tuple[_List, dict[int, _Level], set[int]]] = {}
        self._begun: set[str] = set()
        numbers = []
        for element in root:
            if local_name(element) == "abstractNum":
                id = str(attribute(element, "abstractNumId"))
                made[id] = _List(_levels(element))
                if (link := setting(element, "styleLink")) is not None:
                    links[link] = id
                elif (link := setting(element, "numStyleLink")) is not None:
                    links[f"of {id}"] = link
            elif local_name(element) == "num":
                numbers.append(element)
        for number in numbers:
            of = str(setting(number, "abstractNumId"))
            of = links.get(links.get(f"of {of}", ""), of)
            if of in made:
                self._lists[str(attribute(number, "numId"))] = (made[of], *_overrides(number, made[of].levels))

    def label(self, paragraph: Element) -> str:
        """Return the number Word prints before a paragraph, a space behind it; "" where it has none or a bullet."""
        number, at = self._place(paragraph)
        if number not in self._lists:
            return ""
        counted, levels, begin = self._lists[number]
        if number not in self._begun:
            self._begun.add(number)
            for anew in begin:
                counted.counts.pop(anew, None)
        level = levels.get(at)
        if level is None:
            return ""
        counts = counted.counts
        counts[at] = counts.get(at, level.start - 1) + 1
        for deeper in [deeper for deeper in counts if deeper > at]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or at < restart:
                del counts[deeper]
        if level.format in {"bullet", "none"}:
            return ""
        text = re.sub(r"%([1-9])", lambda found: _shown(int(found[1]) - 1, counts, levels, level.is_plain), level.text)
        return f"{text}{level.after}" if text.strip() else ""

    def _place(self, paragraph: Element) -> tuple[str, int]:
        """Return a paragraph's list and its level in it (from 0)."""
        about = child(paragraph, "pPr")
        own = None if about is None else child(about, "numPr")
        style = None if about is None else setting(about, "pStyle")
        styled = self._styles.get(str(style))
        number = next((found for of in (own, styled) if of is not None and (found := setting(of, "numId"))), "")
        at = next((found for of in (own, styled) if of is not None and (found := setting(of, "ilvl"))), "0")
        if (own is None or child(own, "ilvl") is None) and number in self._lists:
            levels = self._lists[number][1]
            at = next((str(place) for place, level in levels.items() if level.style == style is not None), at)
        return number, _whole(at, 0)


def _levels(abstract: Element) -> dict[int, _Level]:
    levels = {_whole(attribute(found, "ilvl"), 0): _level(found) for found in abstract if local_name(found) == "lvl"}
    return {at: level for at, level in levels.items() if at < _LEVELS}


def _level(element: Element) -> _Level:
    text = setting(element, "lvlText") or ""
    restart = setting(element, "lvlRestart")
    plain, hidden = child(element, "isLgl"), child(element, "rPr")
    hidden = None if hidden is None else child(hidden, "vanish")
    return _Level(
        start=_whole(setting(element, "start"), 0),
        format="none" if hidden is not None and is_on(hidden) else setting(element, "numFmt") or "decimal",
        text=text if len(text) <= _LONGEST else "",
        after="" if setting(element, "suff") == "nothing" else " ",
        restart=None if restart is None else _whole(restart, 0),
        style=setting(element, "pStyle"),
        is_plain=plain is not None and is_on(plain),
    )


def _overrides(number: Element, levels: dict[int, _Level]) -> tuple[dict[int, _Level], set[int]]:
    """Return the levels as one list of several has them, and those that it begins anew."""
    levels = dict(levels)
    begin = set()
    for element in number:
        at = _whole(attribute(element, "ilvl"), 0)
        if local_name(element) != "lvlOverride" or at >= _LEVELS:
            continue
        if (own := child(element, "lvl")) is not None:
            levels[at] = _level(own)
        if (start := setting(element, "startOverride")) is not None:
            levels[at] = replace(levels.get(at, _Level()), start=_whole(start, 1))
            begin.add(at)
    return levels, begin


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else otherwise


def _shown(at: int, counts: Mapping[int, int], levels: Mapping[int, _Level], is_plain: bool) -> str:
    level = levels.get(at, _Level())
    number = counts.get(at, level.start)
    if level.format in {"bullet", "none"}:
        return ""
    if level.format not in _FORMATS or (is_plain and level.format != "decimalZero") or not 0 < number <= MOST_ROMAN:
        return str(number)
    return _FORMATS[level.format](number)


def _kanji(number: int) -> str:
    """Return a number of Chinese characters: 二十一; digits from a hundred on."""
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    if number >= 100:
        return str(number)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ends.get(number % 10, 'th')}"


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimalZero": "{:02}".format,
    "lowerLetter": letter,
    "upperLetter": lambda number: letter(number).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "ordinal": _ordinal,
    "decimalFullWidth": lambda number: str(number).translate({ord("0") + n: ord("０") + n for n in range(10)}),
    "decimalEnclosedCircle": lambda number: chr(ord("①") + number - 1) if number <= 20 else str(number),
    "japaneseCounting": _kanji,
    "chineseCounting": _kanji,
    "chineseCountingThousand": _kanji,
}
