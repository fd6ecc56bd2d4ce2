"""A PDF enters, a Draft leaves: its lines joined to paragraphs, in the file's own order, each page's beginning kept.

What a PDF holds is places of characters: paragraphs are told by gaps, indents and short lines, headings by their size,
and running heads by standing on page after page.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from index.errors import LoadError
from index.reading.canonical import Draft, Piece, clean_line, join_lines, without_title
from index.reading.load_plain import LIST_ITEM, SENTENCE_END, read_about
from index.reading.pdf_file import read_pdf
from index.reading.pdf_lines import HEADING_RATIO, Line, body_size, without_running

_HYPHEN = "\ufffe"  # stands where a line ended with a hyphen, until it is known whether that stays
_FILE_NAME = re.compile(
    r"untitled|microsoft (?:word|powerpoint)|document\d*\Z|slide \d"
    r"|.*\.(?:docx?|pdf|indd|tex|dvi|pptx?|xlsx?|odt|rtf|qxd)\Z",
    re.IGNORECASE | re.DOTALL,
)
_COMPOUNDS = frozenset(
    "self well non ex all half cross high low long short twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_LONGEST_HEADING = 200


def parse_pdf(data: bytes) -> Draft:
    """Return the Draft of a PDF. LoadError for one that is locked, damaged, too long, or only pictures of pages."""
    found = read_pdf(data)
    if not found.lines:
        raise LoadError(
            "Found a PDF without text: its pages are pictures (a scan?), or empty. Expected text that can be marked. "
            "Run text recognition (OCR) over it first."
        )
    found.left_out["page{s} without text"] = found.pages - len({line.page for line in found.lines})
    draft = Draft(pieces=_pieces(without_running(found.lines), found.pages), left_out=found.left_out)
    _read_about(draft, found.about)
    return draft


def _pieces(lines: list[Line], count: int) -> list[Piece]:
    body = body_size(lines)
    larger = sorted({round(line.size) for line in lines if line.size >= HEADING_RATIO * body}, reverse=True)
    hyphens = {word.lower() for line in lines for word in re.findall(r"\w+-\w+", line.text)}
    pieces: list[Piece] = []
    page = -1  # the last whose beginning is marked
    for group in _paragraphs(lines):
        text, begins = "", []
        for line in group:
            text = _joined(text, line, hyphens)
            begins += [_before(text, line)] * (line.page - page)
            page = line.page
        level = 0
        if group[0].size >= HEADING_RATIO * body and len(text) <= _LONGEST_HEADING and not text.endswith((".", "。")):
            level = min(6, larger.index(round(group[0].size)) + 1)
        pieces.append(Piece(text.removesuffix(_HYPHEN), level, tuple(begins)))
    pieces.append(Piece("", pages=(0,) * (count - 1 - page)))  # the empty pages at the end
    return pieces


def _joined(text: str, line: Line, hyphens: Iterable[str]) -> str:
    """Return ``text`` with a line behind it; a hyphen stands at its end as `_HYPHEN` until the next line is known."""
    own = line.text + (_HYPHEN if line.hyphenated else "")
    if not text.endswith(_HYPHEN):
        return join_lines([text, own]) if text else own
    first = re.search(r"[^\W\d_]+\Z", text[:-1])
    then = re.match(r"\w+", own)
    if not first or not then:
        return f"{text[:-1]}-{own}"
    is_compound = (
        not then[0][0].islower() or first[0].lower() in _COMPOUNDS or f"{first[0]}-{then[0]}".lower() in hyphens
    )
    return f"{text[:-1]}{'-' if is_compound else ''}{own}"


def _before(text: str, line: Line) -> int:
    return len(text) - len(line.text) - line.hyphenated


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    pitches = [
        before.bottom - line.bottom
        for before, line in itertools.pairwise(lines)
        if before.page == line.page and 0 < before.bottom - line.bottom < 3 * line.size
    ]
    pitch = median(pitches) / median(line.size for line in lines) if pitches else 1.25  # in heights of a line
    group: list[Line] = []
    for at, line in enumerate(lines):
        if group and _begins(lines, at, pitch):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins(lines: Sequence[Line], at: int, pitch: float) -> bool:
    """Say whether a paragraph begins with this line."""
    before, line = lines[at - 1], lines[at]
    if before.is_filled or line.is_filled:
        return True
    if abs(before.size - line.size) > 0.08 * max(before.size, line.size):
        return True
    if before.hyphenated:
        return False
    down = before.bottom - line.bottom
    ended = bool(SENTENCE_END.search(before.text))
    if before.page != line.page or down < -0.5 * line.size:  # another column or page
        return ended or not (line.text[0].islower() or ord(line.text[0]) > 0x2E80) or _had_room(lines, at)
    if LIST_ITEM.match(line.text) or down > 1.35 * pitch * line.size:
        return True
    if down < 0.3 * line.size:  # beside it: a cell, a number
        return False
    indented = line.left > before.left + 0.8 * line.size and not LIST_ITEM.match(before.text)
    return _had_room(lines, at) or (indented and ended)


def _had_room(lines: Sequence[Line], at: int) -> bool:
    """Say whether the line before ended though this line's first word would have fitted behind it."""
    before, line = lines[at - 1], lines[at]
    beside = [
        other.right
        for other in lines[max(0, at - 20) : at + 20]
        if other.page == before.page and abs(other.left - before.left) < 1.5 * before.size
    ]
    word = line.text.split()[0]
    # Chinese and Japanese break at any character; two may be pushed over so that no line begins with a full stop.
    letters = 2 if ord(word[0]) > 0x2E80 else min(len(word), 24) + 1
    needed = letters * (before.right - before.left) / len(before.text)
    return before.right + needed < max(beside, default=0.0) - 0.5 * line.size


def _read_about(draft: Draft, about: dict[str, str]) -> None:
    title = clean_line(about.get("Title"))
    if title and not _FILE_NAME.match(title):
        draft.title = title
    draft.author = clean_line(about.get("Author"))
    read_about(draft)
    first = next((piece for piece in draft.pieces if piece.text), None)
    if not draft.title:
        draft.title = next((piece.text for piece in draft.pieces[:8] if piece.level == 1), None)
    if draft.title and first is not None and first.level:
        draft.pieces = without_title(draft.pieces, draft.title)
