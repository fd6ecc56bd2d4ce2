"""Markdown enters, a Draft of what its user sees leaves: no syntax, no tags, front matter read as data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.reading.canonical import Draft, Piece, clean_characters, join_lines, raised, without_title
from index.reading.front_matter import read_front_matter
from index.reading.hidden import STRUCK_TAGS, is_struck_style
from index.reading.load_html import html_pieces
from index.reading.markdown_dialects import teach_dialects
from index.reading.tables import table_row

if TYPE_CHECKING:
    from markdown_it.token import Token

_BREAK_TAG = re.compile(r"<br\b", re.IGNORECASE)
_TAG = re.compile(r"<(?P<closing>/?)(?P<name>[a-z][a-z0-9-]*)", re.IGNORECASE)
_RAISED = re.compile(r"<(/?)sup\b", re.IGNORECASE)
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_UNSEEN_TAGS = frozenset({"script", "style", "template", "rt", "rp", "rtc"}) | STRUCK_TAGS


def parse_markdown(text: str) -> Draft:
    """Return the Draft of a Markdown text, each list item and table row a paragraph of its own.

    Pictures are left out with their alternative text, which the user of the page does not see. A title the front
    matter does not give is the first level-1 heading; an opening heading that is the title is not repeated.
    Front matter keys with values of a wrong type are ignored, and so is what is wrong in it: the article is read.
    """
    text = clean_characters(text).lstrip("\n")
    draft = Draft()
    text = read_front_matter(text, draft)
    draft.pieces, draft.left_out["picture{s}"] = _pieces(text)
    if not draft.title:
        draft.title = next((piece.text for piece in draft.pieces if piece.level == 1), None)
    if draft.title:
        draft.pieces = without_title(draft.pieces, draft.title)
    return draft


def _tame(text: str) -> str:
    """Escape opening brackets where a thousand more open than close: the parser takes time in their square."""
    stretches = re.split(r"(\n[ \t]*\n)", text)
    return "".join(s.replace("[", "\\[") if s.count("[") - s.count("]") > 1_000 else s for s in stretches)


def _pieces(text: str) -> tuple[list[Piece], int]:
    """Return the pieces, and how many pictures stand among them."""
    # Imported here: a text file needs no Markdown parser.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    tokens = teach_dialects(parser).parse(_tame(text))
    pieces: list[Piece] = []
    level = 0
    row: list[str] | None = None
    pictures = 0
    items = _Items()
    for token in tokens:
        pictures += sum(child.type == "image" for child in token.children or ())
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            pieces.append(Piece(table_row(row or [])))
            row = None
        elif token.type == "inline" and row is not None:
            row.append(join_lines(_inline_text(token).split("\n")))
        else:
            items.read(token)
            pieces.extend(map(items.labelled, _token_pieces(token, level)))
    return pieces, pictures


class _Items:
    """Counts the items of the lists that are open, as a browser does."""

    def __init__(self) -> None:
        self._next: list[int | None] = []
        """The number of each list's next item, None of one with bullets."""
        self._label = ""

    def read(self, token: Token) -> None:
        """Take in the next token."""
        if token.type in {"ordered_list_open", "bullet_list_open"}:
            self._next.append(int(token.attrs.get("start", 1)) if token.tag == "ol" else None)
        elif token.type in {"ordered_list_close", "bullet_list_close"}:
            self._next.pop()
        elif token.type == "list_item_open":
            number = self._next[-1]
            self._label = "" if number is None else f"{number}. "
            self._next[-1] = None if number is None else number + 1

    def labelled(self, piece: Piece) -> Piece:
        """Return the next piece, its number before it where it opens an item."""
        label, self._label = self._label, ""
        return replace(piece, text=label + piece.text) if label else piece


def _token_pieces(token: Token, level: int) -> list[Piece]:
    if token.type == "inline":
        return [Piece(_inline_text(token), level)]
    if token.type in {"fence", "code_block"}:
        return [Piece(token.content)]
    return html_pieces(token.content) if token.type == "html_block" else []


def _inline_text(token: Token) -> str:
    """Return the words of an inline token that are not struck out; a hard break is a line end, a soft one wrapping."""
    lines: list[list[list[str]]] = [[[]]]  # lines, each of the wrapped ones it was joined of, in pieces
    unseen = _Unseen()
    is_raised = False
    for child in token.children or []:
        if child.type in {"html_inline", "s_open", "s_close"}:
            unseen.read(child.content or ("<s>" if child.nesting > 0 else "</s>"))
        if child.type == "html_inline" and (tag := _RAISED.match(child.content)):
            is_raised = not tag[1]
        if unseen:
            continue
        if child.type == "hardbreak" or (child.type == "html_inline" and _BREAK_TAG.match(child.content)):
            lines.append([[]])
        elif child.type == "softbreak":
            lines[-1].append([])
        elif child.type in {"text", "code_inline", "text_special"}:
            lines[-1][-1].append(raised(child.content) if is_raised else child.content)
    return "\n".join(join_lines(map("".join, line)) for line in lines)


class _Unseen:
    """Keeps count of a paragraph's tags, to know what stands in one whose words no user is to take for said."""

    def __init__(self) -> None:
        self._name = ""
        self._depth = 0

    def __bool__(self) -> bool:
        return self._depth > 0

    def read(self, tag: str) -> None:
        """Take in the next tag; inside an unseen one only its own name counts."""
        found = _TAG.match(tag)
        name = found["name"].lower() if found else ""
        if found and self._depth:
            if name == self._name:
                self._depth += -1 if found["closing"] else 1
        elif found and not found["closing"]:
            style = _STYLE.search(tag)
            if name in _UNSEEN_TAGS or (style and is_struck_style(style[1] or style[2])):
                self._name, self._depth = name, 1
