"""Plain text enters, a Draft leaves: wrapped lines joined, headings told from paragraphs by where they stand."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from index.reading.canonical import Draft, Piece, clean_block, clean_characters, join_lines
from index.reading.metadata import iso_date, web_address

_UNDERLINE = re.compile(r"\s*([=\-~])\1{2,}\s*")
LIST_ITEM = re.compile(r"\s*(?:[-*+•‣・●○■□◆]\s|[-*•・]|\(?\d{1,3}[.)]\s|[a-z]\)\s)")
SENTENCE_END = re.compile(r"[.!?…。！？｡．:：;；,、，][\"'”’»」』)）\]】]*$")
_PARENTHESISED = re.compile(r"[(（\[].*[)）\]]")
_EAST_ASIAN = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_ABOUT = re.compile(
    r"(?:(?P<title>title|題名|タイトル)|(?P<author>authors?|written by|著者|筆者|執筆者?|文)"
    r"|(?P<published>date|published|posted|updated|公開日?|掲載日?|日付|更新日?)|(?P<url>url|source|出典))\s*[:：]\s*(?P<value>\S.*)",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"[Bb]y (?P<author>[A-Z][\w.’'-]*(?: (?:[A-Z][\w.’'-]*|and|de|van|von|der|la)){0,6})")
_HEAD_LINES, _TAIL_LINES = 6, 4  # a by-line stands this near the top or the end
_TITLE_COLUMNS = 90


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    after_blank: bool
    """A blank line, or nothing, stands before it."""
    underlined: bool = False


def parse_plain(text: str, *, titled: bool = False) -> Draft:
    """Return the Draft of a plain text; every line stays in it, by-lines and the title too.

    A paragraph is a line, or the lines up to a blank one where the text was wrapped at 40 to 120 columns.
    With ``titled`` the title is known from elsewhere and no heading is taken for it.
    """
    paragraphs = _paragraphs(clean_characters(text).split("\n"))
    draft = Draft()
    about = read_about(draft, [paragraph.text for paragraph in paragraphs])
    headings = _headings(paragraphs, about)
    first = next((i for i in range(len(paragraphs)) if i not in about), None)
    title_at = first if first in headings and not titled and not draft.title else None
    for i, paragraph in enumerate(paragraphs):
        level = (1 if i == title_at else 2) if i in headings else 0
        draft.pieces.append(Piece(paragraph.text, level))
    if title_at is not None:
        draft.title = paragraphs[title_at].text
    return draft


def _paragraphs(lines: list[str]) -> list[_Paragraph]:
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    width = _wrap_width(groups)
    paragraphs: list[_Paragraph] = []
    for group in groups:
        paragraphs.extend(_group_paragraphs(group, width))
    return [p for p in paragraphs if p.text]


def _group_paragraphs(group: list[str], width: int | None) -> list[_Paragraph]:
    paragraphs: list[_Paragraph] = []
    run: list[str] = []
    for i, line in enumerate(group):
        if paragraphs and not run and _UNDERLINE.fullmatch(line):
            last = paragraphs.pop()
            paragraphs.append(_Paragraph(last.text, last.after_blank, underlined=True))
            continue
        run.append(line)
        following = group[i + 1] if i + 1 < len(group) else None
        if following is None or width is None or not _is_wrapped(line, following, width):
            paragraphs.append(_Paragraph(clean_block(join_lines(run)), after_blank=not paragraphs))
            run = []
    return paragraphs


def _wrap_width(groups: list[list[str]]) -> int | None:
    """Return the columns a text was wrapped at, or None when its lines end where its author ended them."""
    breaks = [pair for group in groups for pair in itertools.pairwise(group)]
    breaks = [(line, after) for line, after in breaks if not LIST_ITEM.match(after) and not _UNDERLINE.fullmatch(after)]
    if len(breaks) < 2:
        return None
    width = sorted(_columns(line.rstrip()) for line, _ in breaks)[int((len(breaks) - 1) * 0.95)]
    if not 40 <= width <= 120:
        return None
    wrapped = [after.lstrip() for line, after in breaks if _is_wrapped(line, after, width)]
    # A poem's lines are as even as wrapped prose, but begin with capitals.
    mid_sentence = [after for after in wrapped if not after[0].isupper()]
    return width if len(wrapped) >= 0.6 * len(breaks) and len(mid_sentence) >= 0.5 * len(wrapped) else None


def _is_wrapped(line: str, following: str, width: int) -> bool:
    """Say whether ``line`` broke because the next word would not have fitted."""
    if LIST_ITEM.match(following) or _UNDERLINE.fullmatch(following):
        return False
    if len(following) - len(following.lstrip()) > len(line) - len(line.lstrip()) and not LIST_ITEM.match(line):
        return False  # an indented line opens a paragraph
    word = following.split()[0]
    # East Asian lines break at any character; up to two may be pushed over so that no line begins with a full stop.
    needed = 5 if _EAST_ASIAN.match(word) else 1 + min(_columns(word), 24)
    return _columns(line.rstrip()) + needed > width * 0.97


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) if not text.isascii() else len(text)


def read_about(draft: Draft, paragraphs: Sequence[str] | None = None) -> set[int]:
    """Fill ``draft`` from lines such as "Author: …" near the top or the end; return where they stand."""
    about: set[int] = set()
    texts = [piece.text for piece in draft.pieces] if paragraphs is None else paragraphs
    count = len(texts)
    for i in [*range(min(count, _HEAD_LINES)), *range(max(count - _TAIL_LINES, _HEAD_LINES), count)]:
        text = texts[i]
        if len(text) > 200 or count == 1:
            continue
        if byline := _BYLINE.fullmatch(text):
            draft.author = draft.author or byline["author"]
        elif found := _ABOUT.fullmatch(text):
            _set_about(draft, found)
        else:
            continue
        about.add(i)
    return about


def _set_about(draft: Draft, found: re.Match[str]) -> None:
    value = found["value"].strip()
    if found["title"]:
        draft.title = draft.title or value
    elif found["author"]:
        draft.author = draft.author or value
    elif found["published"]:
        draft.published = draft.published or iso_date(value)
    else:
        draft.url = draft.url or web_address(value)


def _headings(paragraphs: list[_Paragraph], about: set[int]) -> set[int]:
    """Return which paragraphs are headings: short, unfinished, and standing right above what they head."""
    headings: set[int] = set()
    heads: _Paragraph | None = None  # what follows
    run = 0  # headings in a row below
    for i in range(len(paragraphs) - 1, -1, -1):
        paragraph = paragraphs[i]
        if i in about:
            continue
        stands = heads is not None and _heads(paragraph, heads)
        nested = run == 1 and heads is not None and _looks_like_heading(paragraph) and not _foreign(paragraph, heads)
        if paragraph.underlined or (run == 0 and stands) or nested:
            headings.add(i)
            run += 1
        else:
            run = 0
        heads = paragraph
    return headings


def _heads(paragraph: _Paragraph, below: _Paragraph) -> bool:
    if LIST_ITEM.match(below.text) and paragraph.text.endswith((":", "：")):
        return paragraph.text.isupper() or (paragraph.after_blank and len(paragraph.text.split()) <= 4)
    long = _columns(below.text) > 80 or bool(SENTENCE_END.search(below.text))
    longer = _columns(below.text) > _columns(paragraph.text)
    return long and longer and _looks_like_heading(paragraph) and not _foreign(paragraph, below)


def _looks_like_heading(paragraph: _Paragraph) -> bool:
    text = paragraph.text
    return (
        _columns(text) <= _TITLE_COLUMNS
        and any(c.isalpha() for c in text)
        and not SENTENCE_END.search(text)
        and not (LIST_ITEM.match(text) and not text[0].isdigit())
        and not _PARENTHESISED.fullmatch(text)
    )


def _foreign(paragraph: _Paragraph, below: _Paragraph) -> bool:
    """Say whether a line is East Asian above a text that is not: a link to a translation, not a heading."""
    return bool(_EAST_ASIAN.search(paragraph.text)) and not _EAST_ASIAN.search(below.text)
