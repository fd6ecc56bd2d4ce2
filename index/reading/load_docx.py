"""A Word document (.docx) enters, a Draft of what its user sees leaves: insertions too, no hidden or struck words.

Its XML is walked here: a library's idea of a paragraph leaves out insertions, content controls and text boxes.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from index.errors import LoadError
from index.reading.archive import Archive
from index.reading.canonical import Draft, Piece, clean_line, join_lines, raised, without_title
from index.reading.load_plain import read_about
from index.reading.tables import label, table_row
from index.reading.word_equation import EQUATIONS, equation_text
from index.reading.word_numbering import Numbering
from index.reading.word_xml import Element, attribute, is_on, local_name, marks, properties, setting

_RELATIONS = "_rels/.rels"
# Around paragraphs, or around runs of text, without a word of their own.
_AROUND = frozenset(
    {"sdt", "sdtContent", "ins", "moveTo", "hyperlink", "smartTag", "fldSimple", "customXml", "dir", "bdo", "r", "ruby"}
    | {"rubyBase", "AlternateContent", "Choice", "drawing", "inline", "anchor", "graphic", "graphicData", "wsp", "txbx"}
    | {"pict", "shape", "rect", "textbox", "group", "wgp", "object"}
)
_MOST_COLUMNS = 63  # as in Word
_SHOWN = {"blip": "picture{s}", "imagedata": "picture{s}", "chart": "chart{s}", "relIds": "diagram{s}"}
_ASIDE = re.compile(r"(header|footer|comments)\d*\.xml")
# Of the font Symbol, what stands in sentences: https://www.unicode.org/Public/MAPPINGS/VENDORS/ADOBE/symbol.txt
_SYMBOLS = {
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(zip(range(0xA2, 0xAF), "′≤⁄∞ƒ♣♦♥♠↔←↑→", strict=True)),
    **dict(zip(range(0xAF, 0xBD), "↓°±″≥×∝∂•÷≠≡≈…", strict=True)),
    **dict(zip((0x2D, 0xC6, 0xCE, 0xD5, 0xD6, 0xD7, 0xE5, 0xF2), "−∅∈∏√⋅∑∫", strict=True)),
}
_BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "ptab": "\t"}


def parse_docx(data: bytes) -> Draft:
    """Return the Draft of a Word document, footnotes at its end; LoadError where it is damaged, locked or too large."""
    archive = Archive(data, "a Word document")
    main = _main_part(archive)
    folder = posixpath.dirname(main)
    styles = _read_styles(archive, posixpath.join(folder, "styles.xml"))
    lists = posixpath.join(folder, "numbering.xml")
    numbering = Numbering(archive.xml(lists) if lists in archive else (), styles.numbers)
    writer = _Writer(styles, numbering)
    root = archive.xml(main)
    writer.blocks(root)
    for notes in ("footnotes.xml", "endnotes.xml"):
        if (name := posixpath.join(folder, notes)) in archive:
            writer.blocks(archive.xml(name))
    draft = Draft(pieces=writer.pieces, title=writer.title)
    draft.left_out = _left_out(root, archive, folder)
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


def _left_out(root: Element, archive: Archive, folder: str) -> Counter[str]:
    """Count what a document shows besides the text that is read."""
    left_out = Counter[str]()
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if kind := _SHOWN.get(local_name(element)):
            left_out[kind] += 1
        elif local_name(element) != "Fallback":  # the same once more, for an older Word
            waiting.extend(element)
    for name in archive.names():
        aside = _ASIDE.fullmatch(posixpath.basename(name)) if posixpath.dirname(name) == folder else None
        # What is only counted does not take the document with it where it is damaged.
        with suppress(LoadError):
            if aside and aside[1] == "comments":
                left_out["comment{s}"] += sum(local_name(element) == "comment" for element in archive.xml(name))
            elif aside:
                words = (element.text or "" for element in archive.xml(name).iter() if local_name(element) == "t")
                left_out[f"{aside[1]}{{s}}"] += bool("".join(words).strip())
    return left_out


def _read_properties(archive: Archive, draft: Draft) -> None:
    if "docProps/core.xml" not in archive:
        return
    facts = {local_name(element): clean_line(element.text) for element in archive.xml("docProps/core.xml")}
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
    numbers: dict[str, Element] = field(default_factory=dict)
    """Of the styles that number their paragraphs, how."""


def _read_styles(archive: Archive, name: str) -> _Styles:
    styles = _Styles()
    parents: dict[str, str] = {}
    for style in archive.xml(name) if name in archive else ():
        if local_name(style) != "style":
            continue
        id = str(attribute(style, "styleId") or "")
        if (level := _heading_level(style)) is not None:
            styles.levels[id] = level
        styles.unseen[id] = marks(style)
        if (number := next((found for found in properties(style) if local_name(found) == "numPr"), None)) is not None:
            styles.numbers[id] = number
        parents[id] = next((str(attribute(child)) for child in style if local_name(child) == "basedOn"), "")
    own = _Styles(dict(styles.levels), dict(styles.unseen), dict(styles.numbers))
    for id in parents:
        for above in _ancestors(id, parents):
            if above in own.levels:
                styles.levels.setdefault(id, own.levels[above])
            if above in own.numbers:
                styles.numbers.setdefault(id, own.numbers[above])
            styles.unseen[id] = own.unseen[above] | styles.unseen[id]
    return styles


def _ancestors(id: str, parents: dict[str, str]) -> Iterator[str]:
    """Yield the styles that one is based on, the nearest first."""
    for _ in range(12):
        id = parents[id]
        if id not in parents:
            return
        yield id


def _heading_level(style: Element) -> int | None:
    title = next((str(attribute(child) or "") for child in style if local_name(child) == "name"), "").lower()
    outline = next((attribute(found) for found in _descend(style) if local_name(found) == "outlineLvl"), None)
    if title == "title":
        return 0
    if found := re.fullmatch(r"heading ([1-9])", title):
        return min(6, int(found[1]))
    return min(6, int(outline) + 1) if outline and outline.isdigit() and int(outline) < 9 else None


class _Writer:
    """Gathers pieces; paragraphs inside paragraphs (text boxes) stand behind the one they hang on."""

    def __init__(self, styles: _Styles, numbering: Numbering) -> None:
        self.pieces: list[Piece] = []
        self.title: str | None = None
        self._styles = styles
        self._numbering = numbering

    def blocks(self, root: Element) -> None:
        """Write the paragraphs and tables under ``root``, in order."""
        waiting = [root]
        while waiting:
            element = waiting.pop()
            name = local_name(element)
            if name == "p":
                self._paragraph(element)
            elif name in EQUATIONS:
                self.pieces.append(Piece(equation_text(element)))
            elif name == "tbl":
                self.pieces += [Piece(table_row(row)) for row in self._rows(element)]
            elif name in _AROUND or element is root or name in {"body", "footnote", "endnote"}:
                waiting.extend(reversed(element))

    def _paragraph(self, element: Element) -> None:
        boxes: list[Element] = []
        text = self._text(element, boxes)
        if text.strip() or not _ends_unseen(element):  # an empty paragraph is counted too
            number = self._numbering.label(element)
            text = f"{number}{text}" if text.strip() else ""
        level = self._level(element)
        if level == 0 and self.title is None and text.strip():
            self.title = text
        if text.strip():
            self.pieces.append(Piece(text, 1 if level == 0 else level or 0))
        for box in boxes:
            self.blocks(box)

    def _level(self, paragraph: Element) -> int | None:
        for found in properties(paragraph):
            if local_name(found) == "pStyle" and (style := str(attribute(found))) in self._styles.levels:
                return self._styles.levels[style]
            if local_name(found) == "outlineLvl" and (outline := str(attribute(found))).isdigit():
                return int(outline) + 1 if int(outline) < 6 else None
        return None

    def _text(self, paragraph: Element, boxes: list[Element]) -> str:
        """Return a paragraph's own words; text boxes in it go to ``boxes``."""
        words: list[str] = []
        styled = self._styled(paragraph, "pStyle")
        waiting = list(reversed(paragraph))
        while waiting:
            element = waiting.pop()
            name = local_name(element)
            if name == "t":
                words.append(raised(element.text or "") if _is_raised(element.getparent()) else element.text or "")
            elif name == "sym":
                words.append(_symbol(element))
            elif name in _BREAKS:
                words.append(_BREAKS[name])
            elif name in EQUATIONS:
                words.append(equation_text(element))
            elif name == "txbxContent":
                boxes.append(element)
            elif name == "r" and any((styled | self._styled(element, "rStyle") | marks(element)).values()):
                continue
            elif name in _AROUND:
                waiting.extend(reversed(element))
        return "".join(words)

    def _styled(self, element: Element, kind: str) -> dict[str, bool]:
        """Return the marks that the style of a paragraph or run sets."""
        style = next((attribute(found) for found in properties(element) if local_name(found) == kind), None)
        return self._styles.unseen.get(str(style), {})

    def _rows(self, table: Element) -> Iterator[list[str]]:
        """Yield the rows, a cell for each column: one merged over rows says its words in each."""
        above: dict[int, str] = {}
        for row in _children(table, "tr"):
            cells = [""] * _columns(setting(row, "trPr", "gridBefore"))
            for cell in _children(row, "tc"):
                column = len(cells)
                words = label(above.get(column, "")) if _goes_on(cell) else self._cell(cell)
                above[column] = words
                cells += [words, *[""] * (_columns(setting(cell, "tcPr", "gridSpan")) - 1)]
            yield cells

    def _cell(self, cell: Element) -> str:
        inner = _Writer(self._styles, self._numbering)
        inner.blocks(cell)
        return clean_line(join_lines(line for piece in inner.pieces for line in piece.text.split("\n"))) or ""


def _symbol(element: Element) -> str:
    """Return the character that a font of symbols draws for a code; nothing for an ornament."""
    code = attribute(element, "char") or ""
    is_known = attribute(element, "font") == "Symbol" and re.fullmatch("[0-9A-Fa-f]{2,4}", code)
    return _SYMBOLS.get(int(code, 16) & 0xFF, "") if is_known else ""


def _is_raised(run: Element) -> bool:
    return setting(run, "rPr", "vertAlign") == "superscript"


def _ends_unseen(paragraph: Element) -> bool:
    """Say whether a paragraph's end was deleted or hidden: without words it is none."""
    ends = (mark for found in properties(paragraph) if local_name(found) == "rPr" for mark in found)
    return any(
        local_name(mark) in {"del", "moveFrom"} or (local_name(mark) == "vanish" and is_on(mark)) for mark in ends
    )


def _columns(value: str | None) -> int:
    """Return a number of columns, 0 where none is said."""
    return min(int(value), _MOST_COLUMNS) if value and value.isdecimal() else 0


def _goes_on(cell: Element) -> bool:
    """Say whether a cell is the lower part of one that spans rows."""
    merges = [mark for mark in _descend(cell, deep=2) if local_name(mark) == "vMerge"]
    return any(attribute(mark) in (None, "continue") for mark in merges)


def _children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of this name, also those inside content controls and insertions."""
    waiting = list(reversed(element))
    while waiting:
        child = waiting.pop()
        if local_name(child) == name:
            yield child
        elif local_name(child) in _AROUND:
            waiting.extend(reversed(child))


def _descend(element: Element, deep: int = 3) -> Iterator[Element]:
    for child in element:
        yield child
        if deep > 1:
            yield from _descend(child, deep - 1)
