"""A document enters; what it says about itself leaves: its author, date, place, title, length and language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.reading.metadata import iso_date
from index.text.language import SPACELESS
from index.text.sentences import sentences
from index.types import Block, Document

_HEAD, _TAIL = 6, 5
"""Blocks from the beginning and from the end among which a line about the article stands."""
_NAME = r"[^\W\d_a-z][\w.’'-]*(?: (?:de|van|von|der|den|la|al|bin|[^\W\d_a-z][\w.’'-]*)){0,4}"
_BYLINES = (
    re.compile(
        r"(?i:by|author|authors|written by|words by|text by|story by|reported by|reporter|writer)\s*[:：]?\s+"
        rf"(?P<name>{_NAME}(?:(?:,| and|, and| &) {_NAME}){{0,4}})",
    ),
    re.compile(
        r"(?:文|著者|筆者|執筆|執筆者|記者|作者|作成者|取材・文|文・写真|著)\s*[:：/／=＝]\s*(?P<name>[^\W\d_][^\n:：/／。]{1,24})"
    ),
)
_DATELINE = re.compile(
    r"(?:(?:first |last )?(?:published|posted|updated|date|dated|publication date)(?: on)?|公開日?|掲載日?|発行日?|投稿日?|日付|更新日?)"
    r"\s*[:：]?\s*(?P<date>.+)",
    re.IGNORECASE,
)
_WORDS_A_MINUTE, _CHARACTERS_A_MINUTE = 230, 500


@dataclass(frozen=True, slots=True)
class Length:
    """How long an article is."""

    words: int | None
    """None where words are not told apart by spaces."""
    characters: int
    """Without white space."""
    sentences: int
    pages: int
    """0 where it has none."""

    @property
    def minutes(self) -> int:
        """Return how long reading it takes, at least one minute."""
        pace = (self.words / _WORDS_A_MINUTE) if self.words is not None else self.characters / _CHARACTERS_A_MINUTE
        return max(1, round(pace))


def length(document: Document) -> Length:
    """Return how long an article is."""
    words = None if document.language in SPACELESS else len(document.text.split())
    return Length(words, len("".join(document.text.split())), len(sentences(document)), len(document.pages))


def byline(document: Document) -> Block | None:
    """Return the line that names the author and nothing else; where he is known, one that names him."""
    for block in _edges(document):
        line = document.text[block.start : block.end].strip("() \n")
        found = next((match for pattern in _BYLINES if (match := pattern.fullmatch(line))), None)
        if found and (document.author is None or _same(found["name"], document.author)):
            return block
    return None


def dateline(document: Document) -> Block | None:
    """Return the line that holds the date and nothing else; where that is known, one that holds the same."""
    for block in _edges(document):
        line = document.text[block.start : block.end].strip("() \n")
        labelled = _DATELINE.fullmatch(line)
        date = iso_date(labelled["date"] if labelled else line)
        known = document.published
        # A year alone may be a heading; a whole day is when the article is of.
        if date and (known == date or (known is None and (labelled or date.count("-") > 1))):
            return block
    return None


def titled(document: Document) -> Block | None:
    """Return the heading that is the title, as the text has it."""
    for block in document.blocks[:_HEAD]:
        if document.text[block.start : block.end].strip() == document.title:
            return block
    return None


def _edges(document: Document) -> Iterator[Block]:
    blocks = document.blocks
    yield from blocks[:_HEAD]
    yield from blocks[max(_HEAD, len(blocks) - _TAIL) :]


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() in " ".join(other.split()).casefold()
