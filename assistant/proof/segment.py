"""Cut a model's stream into sentences and take its markers off: text pieces in, whole sentences with their hints out.

However the stream is cut into pieces, the sentences are those of the whole text: every decision waits until the
characters it
depends on have arrived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARKER = re.compile(r"\s*[\[【]\s*\d{1,4}(?:\s*[,，、;–-]\s*\d{1,4})*\s*[\]】]")
_OPEN_MARKER = re.compile(r"\s*[\[【][\s\d,，、;–-]*$")
_NUMBERS = re.compile(r"\d+")
_BULLET = re.compile(r"^\s*(?:[-*•‣]\s+|\d{1,2}[.)]\s+|#{1,6}\s+)")
_EMPHASIS = re.compile(r"\*\*|__|`+")
_LABEL = re.compile(r"^(?:answer|回答|答え)\s*[:：]\s*", re.IGNORECASE)
_WIDE_END = "。！？"
_NARROW_END = ".!?"
_CLOSERS = "\"'”’»)）」』】"
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "sen",
        "rep",
        "gov",
        "gen",
        "col",
        "lt",
        "sgt",
        "st",
        "no",
        "vs",
        "etc",
        "inc",
        "ltd",
        "co",
        "corp",
        "jr",
        "sr",
        "e.g",
        "i.e",
        "u.s",
        "u.k",
        "u.n",
        "a.m",
        "p.m",
        "approx",
        "fig",
        "vol",
        "dept",
    ]
)
_LAST_WORD = re.compile(r"([^\s(\[\"“‘']+)$")


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence as a model wrote it, without markers, bullets or emphasis; ``hints`` are the numbers it cited."""

    text: str
    hints: tuple[int, ...] = ()


class Segmenter:
    """Collects pieces of a stream and gives back each sentence once its end is certain."""

    def __init__(self) -> None:
        self._text = ""
        self._from = 0

    def push(self, piece: str) -> Iterator[Segment]:
        """Take a piece of the stream; yield the sentences that are now certain to be whole."""
        self._text += piece
        yield from self._ready(final=False)

    def finish(self) -> Iterator[Segment]:
        """Yield what is left when the stream has ended."""
        yield from self._ready(final=True)
        rest, self._text, self._from = self._text, "", 0
        segment = _segment(rest)
        if segment:
            yield segment

    def _ready(self, *, final: bool) -> Iterator[Segment]:
        while self._from < len(self._text):
            end = _end_at(self._text, self._from, final=final)
            if end is None:
                return
            if end == 0:
                self._from += 1
                continue
            whole, self._text, self._from = self._text[:end], self._text[end:], 0
            segment = _segment(whole)
            if segment:
                yield segment


def _end_at(text: str, at: int, *, final: bool) -> int | None:
    """Return where the sentence that ``text[at]`` may end has its end, 0 when it ends none, None when too early."""
    char = text[at]
    if char == "\n":
        return at + 1
    if char not in _WIDE_END and char not in _NARROW_END:
        return 0
    end = at + 1
    while end < len(text) and text[end] in _CLOSERS + _WIDE_END + _NARROW_END:
        end += 1
    if end == len(text) and not final:
        return None
    after = _after_markers(text, end, final=final)
    if after is None:
        return None
    if char in _WIDE_END:
        return after
    return _narrow_end(text, at, end, after, final=final)


def _after_markers(text: str, end: int, *, final: bool) -> int | None:
    """Return the place after the markers that follow ``end``; None when one may still be coming."""
    while match := _MARKER.match(text, end):
        end = match.end()
    tail = text[end:]
    if not final and (not tail.strip(" ") or _OPEN_MARKER.fullmatch(tail)):
        return None
    return end


def _narrow_end(text: str, at: int, end: int, after: int, *, final: bool) -> int | None:
    rest = text[after:].lstrip(" ")
    if not rest:
        return after if final else None
    if after == end and text[end] not in " \n":
        return 0  # 3.5, example.com
    if text[at] == "." and rest[0] != "\n" and _is_abbreviation(text[:at]):
        return 0
    starts = rest[0]
    return after if starts == "\n" or not starts.islower() else 0


def _is_abbreviation(before: str) -> bool:
    match = _LAST_WORD.search(before)
    if not match:
        return False
    word = match.group(1)
    if word.isdigit():
        return before[: match.start()].rsplit("\n", 1)[-1].strip() == ""  # "1. " opens a list item
    return word.casefold() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())


def _segment(raw: str) -> Segment | None:
    hints = tuple(int(n) for marker in _MARKER.findall(raw) for n in _NUMBERS.findall(marker))
    text = _OPEN_MARKER.sub("", _MARKER.sub("", raw))
    text = _EMPHASIS.sub("", _BULLET.sub("", text))
    text = " ".join(_LABEL.sub("", text.strip()).split())
    if not any(char.isalnum() for char in text):
        return None
    return Segment(text, tuple(dict.fromkeys(hints)))
