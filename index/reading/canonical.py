"""Turn any text into the canonical text of a Document: characters a user sees, in blocks parted by a blank line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from index.types import Block, BlockKind, Document

MAX_CHARACTERS = 5_000_000
"""Of an article's text: some two thousand pages."""

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x85\u2028]")
_PARAGRAPH_ENDS = re.compile("[\x0c\u2029]")
# Everything that is in the text and not on the page: controls, soft hyphens, zero widths, bidi overrides, invisible
# fillers, Unicode tags (a known way to smuggle orders to a model), lone surrogates, noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
# Joiners shape words in Arabic, Hebrew and Indic scripts and hold emoji together; anywhere else they are invisible.
_JOINED = "\u0590-\u08ff\u0900-\u0fff\u1000-\u109f\u1780-\u17ff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_LOOSE_JOINERS = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![\u200c\u200d{_JOINED}])")
_JOINER_RUNS = re.compile("([\u200c\u200d])[\u200c\u200d]+")
# One variation selector picks a glyph; a run of them carries hidden bytes.
_SELECTOR_RUNS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_LOOSE_SELECTORS = re.compile("(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]")
_NUMBER = re.compile("[+−–-]?[0-9]{1,4}")
_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_NO_PLAIN_SPACE = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f"
_SPACES = re.compile(f"[ {_NO_PLAIN_SPACE}]{{2,}}|[{_NO_PLAIN_SPACE}]")
_WIDE_SPACES = re.compile(" *\u3000[ \u3000]*")  # an ideographic space is seen: it stays, once
_CJK = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"  # scripts written without spaces
_ENDS_CJK = re.compile(f"[{_CJK}]$")
_STARTS_CJK = re.compile(f"^[{_CJK}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A heading or a paragraph as a parser met it, before its place in the text is known."""

    text: str
    level: int = 0
    """1 to 6 for a heading, 0 for a paragraph."""
    pages: tuple[int, ...] = ()
    """Offsets in ``text`` at which a page begins, ascending: 0 where the piece opens one, twice where one is empty."""


@dataclass(slots=True)
class Draft:
    """What a parser found in a file: the pieces in reading order, and what the file says about itself."""

    pieces: list[Piece] = field(default_factory=list)
    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    url: str | None = None
    site: str | None = None
    questions: tuple[str, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    """How many things of each kind in the file are not in the pieces; "{s}" in a kind's name makes it many."""


def clean_characters(text: str) -> str:
    r"""Return ``text`` in NFC with "\n" line ends and without characters no user can see; tabs and spaces stay."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text  # so are most, and what follows takes its time
    text = _PARAGRAPH_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text))
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    text = _JOINER_RUNS.sub(r"\1", _LOOSE_JOINERS.sub("", text))
    text = _LOOSE_SELECTORS.sub("", _SELECTOR_RUNS.sub(r"\1", text))
    return unicodedata.normalize("NFC", text)


def clean_block(text: str) -> str:
    r"""Return ``text`` as it stands inside one block: clean, single spaces, no empty lines; "" when nothing is left."""
    lines = (_WIDE_SPACES.sub("\u3000", _SPACES.sub(" ", line)) for line in clean_characters(text).split("\n"))
    return "\n".join(filter(None, (line.strip(" \u3000") for line in lines)))


def raised(text: str) -> str:
    """Return a number as it stands raised: "10" and "6" side by side would be another number."""
    return text.translate(_RAISED) if _NUMBER.fullmatch(text) else text


def clean_line(text: str | None) -> str | None:
    """Return ``text`` clean and on one line (a title, a name), or None when nothing is left."""
    return join_lines(clean_block(text or "").split("\n")) or None


def join_lines(lines: Iterable[str]) -> str:
    """Join lines that were only wrapped: with a space, or with nothing between Chinese or Japanese characters."""
    joined: list[str] = []
    for line in filter(None, (line.strip() for line in lines)):
        hyphenated = joined and re.search(r"[^\W\d_]-$", joined[-1]) and line[0].islower()
        unspaced = joined and _ENDS_CJK.search(joined[-1]) and _STARTS_CJK.search(line)
        if joined and not hyphenated and not unspaced:
            joined.append(" ")
        joined.append(line)
    return "".join(joined)


def assemble(draft: Draft, *, id: str, title: str, language: str) -> Document:
    """Return the Document of ``draft``, its pieces cleaned, joined by blank lines, and placed; empty pieces vanish.

    ``title`` and ``language`` stand in where the draft names none.
    """
    texts: list[str] = []
    blocks: list[Block] = []
    pages: list[int] = []
    position = 0
    for piece in draft.pieces:
        text = _clean_piece(piece, piece.text)
        # A page that begins within a piece begins after the words before it; with no words left, at the next piece.
        pages += [position + _begin(text, len(_clean_piece(piece, piece.text[:page]))) for page in piece.pages]
        if not text:
            continue
        kind: BlockKind = "heading" if piece.level else "paragraph"
        blocks.append(Block(kind=kind, start=position, end=position + len(text), level=piece.level))
        texts.append(text)
        position += len(text) + 2
    whole = "\n\n".join(texts)
    return Document(
        id=id,
        title=clean_line(draft.title) or clean_line(title) or "",
        text=whole,
        blocks=tuple(blocks),
        author=clean_line(draft.author),
        published=draft.published,
        language=draft.language or language,
        url=draft.url,
        questions=tuple(filter(None, map(clean_line, draft.questions))),
        site=clean_line(draft.site),
        pages=tuple(min(page, len(whole)) for page in accumulate(pages, max)),
        left_out=", ".join(
            f"{count:,} {kind.format(s='' if count == 1 else 's')}" for kind, count in draft.left_out.items() if count
        ),
    )


def _clean_piece(piece: Piece, text: str) -> str:
    return (clean_line(text) or "") if piece.level else clean_block(text)


def _begin(text: str, offset: int) -> int:
    """Return the first offset from ``offset`` on that holds no space."""
    return len(text) - len(text[offset:].lstrip())


def without_title(pieces: Sequence[Piece], title: str) -> list[Piece]:
    """Return ``pieces`` without an opening heading that only repeats ``title``, unless nothing else would be left."""
    if len(pieces) > 1 and pieces[0].level and clean_line(pieces[0].text) == clean_line(title):
        first = replace(pieces[1], pages=(0,) * len(pieces[0].pages) + pieces[1].pages)
        return [first, *pieces[2:]]
    return list(pieces)
