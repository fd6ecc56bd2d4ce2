"""Markdown enters, a Draft of what its reader sees leaves: no syntax, no tags, front matter read as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from textwrap import dedent
from typing import TYPE_CHECKING

from index.reading.canonical import Draft, Piece, clean_characters, join_lines, without_title
from index.reading.hidden import STRUCK_TAGS, is_struck_style
from index.reading.load_html import html_pieces, table_row
from index.reading.markdown_dialects import teach_dialects
from index.reading.metadata import iso_date, language_code, one_text, web_address

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>[ \t]*[\w-]+[ \t]*:.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_BREAK_TAG = re.compile(r"<br\b", re.IGNORECASE)
_TAG = re.compile(r"<(?P<closing>/?)(?P<name>[a-z][a-z0-9-]*)", re.IGNORECASE)
_STYLE = re.compile(r"\sstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_UNSEEN_TAGS = frozenset({"script", "style", "template", "rt", "rp", "rtc"}) | STRUCK_TAGS


def parse_markdown(text: str) -> Draft:
    """Return the Draft of a Markdown text, each list item and table row a paragraph of its own.

    Images go with their alternative text, which the reader of the page does not see. A title the front matter does
    not give is the first level-1 heading; an opening heading that is the title is not repeated among the pieces.
    Front matter keys with values of a wrong type are ignored, and so is what is wrong in it: the article is read.
    """
    text = clean_characters(text).lstrip("\n")
    draft = Draft()
    if found := _FRONT_MATTER.match(text):
        _read_front_matter(found["yaml"], draft)
        text = text[found.end() :]
    draft.pieces = _pieces(text)
    if not draft.title:
        draft.title = next((piece.text for piece in draft.pieces if piece.level == 1), None)
    if draft.title:
        draft.pieces = without_title(draft.pieces, draft.title)
    return draft


def _read_front_matter(text: str, draft: Draft) -> None:
    fields = _yaml(text)
    if not isinstance(fields, Mapping):
        fields = _loose_fields(text)
    draft.title = one_text(fields.get("title"))
    draft.author = one_text(fields.get("author", fields.get("authors")))
    draft.published = iso_date(fields.get("date", fields.get("published")))
    draft.language = language_code(fields.get("language", fields.get("lang")))
    draft.url = web_address(fields.get("url"))
    draft.site = one_text(fields.get("site"))
    questions = fields.get("questions")
    if isinstance(questions, list):
        draft.questions = tuple(question for question in questions if isinstance(question, str))


def _yaml(text: str) -> object:
    """Return what a YAML text says, None where it is not YAML."""
    # Imported here: only an article with front matter needs it.
    import yaml

    with suppress(yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2024-13-45
        return yaml.safe_load(text)
    return None


def _loose_fields(text: str) -> dict[str, object]:
    """Return the fields of front matter that is not YAML as a whole, each read alone.

    One that is not YAML either is the words behind its colon: titles are typed with colons and stray quotes.
    """
    fields: dict[str, object] = {}
    for field in re.split(r"\n(?=[\w-]+[ \t]*:)", dedent(text)):
        name, _, words = field.partition("\n")[0].partition(":")
        known = _yaml(field)
        # A quote that is opened and never closed belongs to the typing and not to the words.
        value = re.sub(r"""\A(["'])(?!.*\1)""", "", words.strip())
        fields |= known if isinstance(known, dict) else {name.strip(): value}
    return fields


def _tame(text: str) -> str:
    """Escape opening brackets where a thousand more open than close: the parser takes time in their square."""
    stretches = re.split(r"(\n[ \t]*\n)", text)
    return "".join(s.replace("[", "\\[") if s.count("[") - s.count("]") > 1_000 else s for s in stretches)


def _pieces(text: str) -> list[Piece]:
    # Imported here: a text file needs no Markdown parser.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    tokens = teach_dialects(parser).parse(_tame(text))
    pieces: list[Piece] = []
    level = 0
    row: list[str] | None = None
    for token in tokens:
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
            pieces.extend(_token_pieces(token, level))
    return pieces


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
    for child in token.children or []:
        if child.type in {"html_inline", "s_open", "s_close"}:
            unseen.read(child.content or ("<s>" if child.nesting > 0 else "</s>"))
        if unseen:
            continue
        if child.type == "hardbreak" or (child.type == "html_inline" and _BREAK_TAG.match(child.content)):
            lines.append([[]])
        elif child.type == "softbreak":
            lines[-1].append([])
        elif child.type in {"text", "code_inline", "text_special"}:
            lines[-1][-1].append(child.content)
    return "\n".join(join_lines(map("".join, line)) for line in lines)


class _Unseen:
    """Keeps count of a paragraph's tags, to know what stands in one whose words no reader is to take for said."""

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
