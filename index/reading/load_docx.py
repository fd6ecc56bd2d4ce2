"""A Word document (.docx) enters, a Draft of what its reader sees leaves: insertions too, no hidden or struck words.

Its XML is walked here: a library's idea of a paragraph leaves out insertions, content controls and text boxes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from index.reading.archive import Archive
from index.reading.canonical import Draft, Piece, clean_line, join_lines, without_title
from index.reading.load_html import table_row
from index.reading.load_plain import read_about

_Element = Any  # lxml ships no types
_RELATIONS = "_rels/.rels"
# Around paragraphs, or around runs of text, without a word of their own.
_AROUND = frozenset(
    {"sdt", "sdtContent", "ins", "moveTo", "hyperlink", "smartTag", "fldSimple", "customXml", "dir", "bdo", "r", "ruby"}
    | {"rubyBase", "AlternateContent", "Choice", "drawing", "inline", "anchor", "graphic", "graphicData", "wsp", "txbx"}
    | {"pict", "shape", "rect", "textbox", "group", "wgp", "object"}
)
_BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "ptab": "\t"}
_UNSEEN = frozenset({"vanish", "webHidden", "strike", "dstrike"})  # struck out: no longer meant, as what is deleted
_OFF = frozenset({"0", "false", "off"})


def parse_docx(data: bytes) -> Draft:
    """Return the Draft of a Word document, footnotes at its end; LoadError where it is damaged, locked or too large."""
    archive = Archive(data, "a Word document")
    main = _main_part(archive)
    folder = posixpath.dirname(main)
    writer = _Writer(_read_styles(archive, posixpath.join(folder, "styles.xml")))
    writer.blocks(archive.xml(main))
    for notes in ("footnotes.xml", "endnotes.xml"):
        if (name := posixpath.join(folder, notes)) in archive:
            writer.blocks(archive.xml(name))
    draft = Draft(pieces=writer.pieces, title=writer.title)
    _read_properties(archive, draft)
    read_about(draft)
    if not draft.title:
        draft.title = next((piece.text for piece in draft.pieces[:4] if piece.level == 1), None)
    if draft.title:
        draft.pieces = without_title(draft.pieces, draft.title)
    return draft


def _main_part(archive: Archive) -> str:
    if _RELATIONS in archive:
        for relation in archive.xml(_RELATIONS):
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                name = str(relation.get("Target", "")).lstrip("/")
                if name in archive:
                    return name
    return "word/document.xml"


def _read_properties(archive: Archive, draft: Draft) -> None:
    if "docProps/core.xml" not in archive:
        return
    facts = {_name(element): clean_line(element.text) for element in archive.xml("docProps/core.xml")}
    # The document's own title where it has one: the property is often that of a template.
    draft.title = draft.title or facts.get("title")
    author = facts.get("creator")
    draft.author = None if author == "python-docx" else author


@dataclass(frozen=True, slots=True)
class _Styles:
    levels: dict[str, int] = field(default_factory=dict)
    """Of the styles that make headings; 0 is the title's."""
    unseen: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Of the styles that hide or strike out words, or do so no more, the marks they turn on and off."""


def _read_styles(archive: Archive, name: str) -> _Styles:
    styles = _Styles()
    parents: dict[str, str] = {}
    for style in archive.xml(name) if name in archive else ():
        if _name(style) != "style":
            continue
        id = str(_value(style, "styleId") or "")
        if (level := _heading_level(style)) is not None:
            styles.levels[id] = level
        styles.unseen[id] = _marks(style)
        parents[id] = next((str(_value(child, "val")) for child in style if _name(child) == "basedOn"), "")
    own = _Styles(dict(styles.levels), dict(styles.unseen))
    for id in parents:
        for above in _ancestors(id, parents):
            if above in own.levels:
                styles.levels.setdefault(id, own.levels[above])
            styles.unseen[id] = own.unseen[above] | styles.unseen[id]
    return styles


def _ancestors(id: str, parents: dict[str, str]) -> Iterator[str]:
    """Yield the styles that one is based on, the nearest first."""
    for _ in range(12):
        id = parents[id]
        if id not in parents:
            return
        yield id


def _heading_level(style: _Element) -> int | None:
    title = next((str(_value(child, "val") or "") for child in style if _name(child) == "name"), "").lower()
    outline = next((_value(found, "val") for found in _descend(style) if _name(found) == "outlineLvl"), None)
    if title == "title":
        return 0
    if found := re.fullmatch(r"heading ([1-9])", title):
        return min(6, int(found[1]))
    return min(6, int(outline) + 1) if outline and outline.isdigit() and int(outline) < 9 else None


class _Writer:
    """Gathers pieces; paragraphs inside paragraphs (text boxes) stand behind the one they hang on."""

    def __init__(self, styles: _Styles) -> None:
        self.pieces: list[Piece] = []
        self.title: str | None = None
        self._styles = styles

    def blocks(self, root: _Element) -> None:
        """Write the paragraphs and tables under ``root``, in order."""
        waiting = [root]
        while waiting:
            element = waiting.pop()
            name = _name(element)
            if name == "p":
                self._paragraph(element)
            elif name == "tbl":
                for row in _rows(element):
                    self.pieces.append(Piece(table_row([self._cell(cell) for cell in row])))
            elif name in _AROUND or element is root or name in {"body", "footnote", "endnote"}:
                waiting.extend(reversed(element))

    def _paragraph(self, element: _Element) -> None:
        boxes: list[_Element] = []
        text = self._text(element, boxes)
        level = self._level(element)
        if level == 0 and self.title is None and text.strip():
            self.title = text
        if text.strip():
            self.pieces.append(Piece(text, 1 if level == 0 else level or 0))
        for box in boxes:
            self.blocks(box)

    def _level(self, paragraph: _Element) -> int | None:
        for found in _properties(paragraph):
            if _name(found) == "pStyle" and (style := str(_value(found, "val"))) in self._styles.levels:
                return self._styles.levels[style]
            if _name(found) == "outlineLvl" and (outline := str(_value(found, "val"))).isdigit():
                return int(outline) + 1 if int(outline) < 6 else None
        return None

    def _text(self, paragraph: _Element, boxes: list[_Element]) -> str:
        """Return a paragraph's own words; text boxes in it go to ``boxes``."""
        words: list[str] = []
        marks = self._styled(paragraph, "pStyle")
        waiting = list(reversed(paragraph))
        while waiting:
            element = waiting.pop()
            name = _name(element)
            if name == "t":
                words.append(element.text or "")
            elif name in _BREAKS:
                words.append(_BREAKS[name])
            elif name == "txbxContent":
                boxes.append(element)
            elif name == "r" and any((marks | self._styled(element, "rStyle") | _marks(element)).values()):
                continue
            elif name in _AROUND:
                waiting.extend(reversed(element))
        return "".join(words)

    def _styled(self, element: _Element, kind: str) -> dict[str, bool]:
        """Return the marks that the style of a paragraph or run sets."""
        style = next((_value(found, "val") for found in _properties(element) if _name(found) == kind), None)
        return self._styles.unseen.get(str(style), {})

    def _cell(self, cell: _Element) -> str:
        inner = _Writer(self._styles)
        inner.blocks(cell)
        return clean_line(join_lines(line for piece in inner.pieces for line in piece.text.split("\n"))) or ""


def _properties(element: _Element) -> Iterator[_Element]:
    """Yield the properties of a paragraph or run."""
    for child in element:
        if _name(child) in {"pPr", "rPr"}:
            yield from child


def _marks(element: _Element) -> dict[str, bool]:
    """Return what the properties of a run or style say of marks under which its words are not seen: on, or off."""
    return {_name(mark): _value(mark, "val") not in _OFF for mark in _properties(element) if _name(mark) in _UNSEEN}


def _rows(table: _Element) -> Iterator[list[_Element]]:
    for row in _children(table, "tr"):
        yield [cell for cell in _children(row, "tc") if not _goes_on(cell)]


def _goes_on(cell: _Element) -> bool:
    """Say whether a cell is the lower part of one that spans rows."""
    merges = [mark for mark in _descend(cell, deep=2) if _name(mark) == "vMerge"]
    return any(_value(mark, "val") in (None, "continue") for mark in merges)


def _children(element: _Element, name: str) -> Iterator[_Element]:
    """Yield the children of this name, also those inside content controls and insertions."""
    waiting = list(reversed(element))
    while waiting:
        child = waiting.pop()
        if _name(child) == name:
            yield child
        elif _name(child) in _AROUND:
            waiting.extend(reversed(child))


def _descend(element: _Element, deep: int = 3) -> Iterator[_Element]:
    for child in element:
        yield child
        if deep > 1:
            yield from _descend(child, deep - 1)


def _name(element: _Element) -> str:
    """Return an element's name without its namespace, of which the format has two; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _value(element: _Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)
