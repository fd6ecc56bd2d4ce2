"""A PDF enters, a Draft leaves: its lines joined to paragraphs, in the file's own order, each page's beginning kept.

A page of it can also leave as a picture.

What a PDF holds is places of characters: paragraphs are told by gaps, indents and short lines, headings by their size,
and running heads by standing on page after page. No file of the user's is opened, no script of the PDF is run.
"""

from __future__ import annotations

import ctypes
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import pi
from statistics import median
from typing import Any

from index.errors import LoadError
from index.reading.canonical import MAX_CHARACTERS, Draft, Piece, clean_line, join_lines, raised, without_title
from index.reading.load_plain import LIST_ITEM, SENTENCE_END, read_about
from index.reading.picture import png, size_of_picture

MAX_PAGES = 2_000

_LINE = re.compile("(?P<text>[^\r\n\ufffe]*)(?P<end>\r\n|\r|\n|\ufffe|\\Z)")
_HYPHEN = "\ufffe"  # pdfium's, for a hyphen at a line's end
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|p\.|seite|第)\s*)?\d{1,4}(?:\s*(?:頁|ページ))?(?:\s*(?:/|of|von|de)\s*\d{1,4})?\W*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+|\b[ivxl]+\b")
_FILE_NAME = re.compile(
    r"untitled|microsoft (?:word|powerpoint)|document\d*\Z|slide \d"
    r"|.*\.(?:docx?|pdf|indd|tex|dvi|pptx?|xlsx?|odt|rtf|qxd)\Z",
    re.IGNORECASE | re.DOTALL,
)
_COMPOUNDS = frozenset(
    "self well non ex all half cross high low long short twenty thirty forty fifty sixty seventy eighty ninety".split()
)
# Shapes that stand for letters: ligatures, and the radicals some Japanese fonts give for whole characters.
_SHAPES = re.compile("[\ufb00-\ufb06\u2f00-\u2fd5]")
_MEANINGLESS = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_HEADING_RATIO = 1.12
_LONGEST_HEADING = 200
_MAY_RAISE = re.compile(r"[A-Za-z\d)][\d]*[+−–-]?\d+")
_Box = tuple[float, float, float, float]
_TINY = 1.5  # points: no user sees it


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int
    """From 0."""
    left: float
    right: float
    bottom: float
    """Points from the page's foot."""
    size: float
    """Height of its letters' boxes, in points."""
    hyphenated: bool
    """A hyphen stands at its end, not in ``text``."""
    is_filled: bool = False
    """It is the label of a form's field with what was filled in."""


def warm() -> None:
    """Load the library now."""
    import pypdfium2

    pypdfium2.PdfDocument.new().close()


def parse_pdf(data: bytes) -> Draft:
    """Return the Draft of a PDF. LoadError for one that is locked, damaged, too long, or only pictures of pages."""
    # Imported here: it loads a library of its own, for PDFs alone.
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        try:
            count = len(document)
            if count > MAX_PAGES:
                raise LoadError(f"Found a PDF of {count:,} pages; expected at most {MAX_PAGES:,}. Split it.")
            if document.get_formtype():
                with suppress(pypdfium2.PdfiumError):  # a broken form does not take the pages with it
                    document.init_forms()  # what was filled in is read: nothing of it runs by itself
            left_out = Counter[str]()
            lines = _read_lines(document, count, left_out)
            about = document.get_metadata_dict()
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        raise _unopened(error) from error
    except RecursionError as error:
        raise _damaged("it is nested too deep") from error
    if not lines:
        raise LoadError(
            "Found a PDF without text: its pages are pictures (a scan?), or empty. Expected text that can be marked. "
            "Run text recognition (OCR) over it first."
        )
    left_out["page{s} without text"] = count - len({line.page for line in lines})
    draft = Draft(pieces=_pieces(_without_running(lines), count), left_out=left_out)
    _read_about(draft, about)
    return draft


def picture_of_page(data: bytes, number: int) -> bytes:
    """Return page ``number`` (from 1) of a PDF as a PNG (see `size_of_picture`), on white.

    What was laid over it (notes, the fields of a form) is not drawn: much code of the library's would run for it.
    LoadError for a PDF that does not open, or a page that is none.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        try:
            page = document[number - 1]
            try:
                return _picture(page)
            finally:
                page.close()
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        raise _unopened(error) from error
    except (IndexError, ValueError) as error:
        raise _damaged(f"its page {number} is none") from error


def _picture(page: Any) -> bytes:
    import pypdfium2
    import pypdfium2.raw as pdfium

    width, height = size_of_picture(*page.get_size())
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGR)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_REVERSE_BYTE_ORDER)
        return png(bytes(bitmap.buffer), width, height, bitmap.stride)
    finally:
        bitmap.close()


def _unopened(error: Exception) -> LoadError:
    import pypdfium2.raw as pdfium

    code = getattr(error, "err_code", None)
    if code == pdfium.FPDF_ERR_PASSWORD:
        return LoadError("Found a PDF locked with a password; expected an open one. Save it without a password.")
    if code == pdfium.FPDF_ERR_SECURITY:
        return LoadError("Found a PDF locked in an unknown way; expected an open one. Print it to a new PDF.")
    return _damaged(" ".join(str(error).split())[:100])


def _damaged(reason: str) -> LoadError:
    return LoadError(f"Found a PDF that is damaged ({reason}); expected a whole one. Save or fetch it again.")


# --- lines


def _read_lines(document: Any, count: int, left_out: Counter[str]) -> list[_Line]:
    """Return the lines of all pages, what stands beside them counted in ``left_out``."""
    import pypdfium2

    lines: list[_Line] = []
    length = meaningless = broken = 0
    for number in range(count):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:  # one page that is none does not take the others with it
            broken += 1
            continue
        try:
            found = _page_lines(document, page, number)
            left_out.update(_shown(page))
        except (pypdfium2.PdfiumError, ValueError):  # ValueError: half a character
            broken += 1
            found = []
        finally:
            page.close()
        lines += found
        length += sum(len(line.text) for line in found)
        meaningless += sum(len(_MEANINGLESS.findall(line.text)) for line in found)
        if length > MAX_CHARACTERS:
            raise LoadError(f"Found a PDF of more than {MAX_CHARACTERS:,} characters; expected fewer. Split it.")
    if broken and broken == count:
        raise _damaged("none of its pages can be read")
    if length and meaningless > 0.3 * length:
        raise LoadError(
            "Found a PDF whose letters have no meaning but their shape; expected text that can be copied. "
            "Run text recognition (OCR) over it first."
        )
    return lines


def _page_lines(document: Any, page: Any, number: int) -> list[_Line]:
    lines: list[_Line] = []
    text_page = page.get_textpage()
    try:
        text = text_page.get_text_range()
        see = _Eye(page, text_page)
        left, foot, right, head = page.get_bbox()
        left, right, foot, head = see.upright(left, right, foot, head)
        position = 0  # counts UTF-16 units, as pdfium does
        for found in _LINE.finditer(text):
            shown = found["text"]
            begin, position = position, position + _units(shown)
            line = _placed(shown, number, see, begin, hyphenated=found["end"] == _HYPHEN)
            position += len(found["end"])
            if line is None or line.size < _TINY or see.is_invisible(begin):
                continue
            # Beside the page no user sees it.
            if left <= line.right and line.left <= right and foot <= line.bottom + line.size and line.bottom <= head:
                lines.append(line)
        # pdfium gives the lines of some sideways pages from the last to the first.
        climbs = sum(before.bottom < line.bottom for before, line in itertools.pairwise(lines))
        if see.turns and 2 * climbs > len(lines) - 1:
            lines.reverse()
        return _filled_in(lines, _fields(document, page, see), number)
    finally:
        text_page.close()


def _placed(text: str, page: int, see: _Eye, begin: int, *, hyphenated: bool) -> _Line | None:
    """Return a line whose text begins at this UTF-16 unit of its page, None where nothing of it can be seen."""
    seen = [at for at, c in enumerate(text) if not c.isspace()]
    if not seen:
        return None
    # A bullet or a bracket may be of another font than its line: the middle one of five tells the line's size.
    five = [seen[(len(seen) - 1) * step // 4] for step in range(5)]
    boxes = [see.box(begin + _units(text[:at])) for at in five]
    first, last = boxes[0], boxes[-1]
    if first is None:
        return None
    size = median(abs(top - bottom) for _, _, bottom, top in filter(None, boxes))
    left, right, bottom, _ = first
    text = _MAY_RAISE.sub(lambda run: _with_raised(run[0], begin + _units(text[: run.start()]), see), text)
    text = _SHAPES.sub(lambda shape: unicodedata.normalize("NFKC", shape[0]), text.strip())
    return _Line(text, page, left, max(right, last[1] if last else right), bottom, size, hyphenated)


def _with_raised(run: str, begin: int, see: _Eye) -> str:
    """Return a run of digits that begins at this UTF-16 unit with those raised that stand smaller and above."""
    first, last = see.box(begin), see.box(begin + len(run) - 1)
    if first is None or last is None or not _stands_above(last, first):
        return run
    boxes = [see.box(begin + at) for at in range(len(run))]
    at = next(at for at, box in enumerate(boxes) if box is not None and _stands_above(box, first))
    return run[:at] + raised(run[at:])


def _stands_above(box: _Box, other: _Box) -> bool:
    size = other[3] - other[2]
    return box[3] - box[2] < 0.85 * size and box[2] > other[2] + 0.1 * size


def _shown(page: Any) -> Iterator[str]:
    """Yield the kind of each thing that a page shows besides its text and its form."""
    import pypdfium2.raw as pdfium

    for index in range(pdfium.FPDFPage_CountObjects(page)):
        if pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, index)) == pdfium.FPDF_PAGEOBJ_IMAGE:
            yield "picture{s}"
    silent = {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_POPUP}
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if pdfium.FPDFAnnot_GetSubtype(note) not in silent:
            yield "note{s}"
        pdfium.FPDFPage_CloseAnnot(note)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class _Eye:
    """Where the characters of one page stand, and whether they are drawn."""

    def __init__(self, page: Any, text_page: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._page, self._text_page = page, text_page
        self._rect = pdfium.FS_RECTF()
        self._has_picture: bool | None = None
        self.turns = self._turns_of_text()

    def _turns_of_text(self) -> int:
        """Return by how many quarters most of the text must be turned to stand upright."""
        count = self._pdfium.FPDFText_CountChars(self._text_page)
        some = range(0, count, max(1, count // 100))
        angles = Counter(round(self._pdfium.FPDFText_GetCharAngle(self._text_page, at) / (-pi / 2)) % 4 for at in some)
        return max(angles, key=angles.__getitem__, default=0)

    def upright(self, left: float, right: float, bottom: float, top: float) -> tuple[float, float, float, float]:
        """Return where these edges are when the page is turned so that its text stands upright."""
        for _ in range(self.turns):
            left, right, bottom, top = bottom, top, -right, -left
        return left, right, bottom, top

    def box(self, unit: int) -> _Box | None:
        """Return left, right, bottom and top of the character at a UTF-16 unit, in points."""
        index = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._text_page, unit)
        if index < 0 or not self._pdfium.FPDFText_GetLooseCharBox(self._text_page, index, ctypes.byref(self._rect)):
            return None
        rect = self._rect
        return self.upright(rect.left, rect.right, rect.bottom, rect.top)

    def is_invisible(self, unit: int) -> bool:
        """Say whether a text is not drawn at all. Above a scan that is how its recognised text is kept: it is read."""
        index = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._text_page, unit)
        shape = self._pdfium.FPDFText_GetTextObject(self._text_page, index) if index >= 0 else None
        if not shape or self._pdfium.FPDFTextObj_GetTextRenderMode(shape) != self._pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
            return False
        if self._has_picture is None:
            pictures = self._page.get_objects(filter=[self._pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3)
            self._has_picture = next(iter(pictures), None) is not None
        return not self._has_picture


# --- forms


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    """What it says when it is pointed at, or else what the form calls it."""
    value: str
    left: float
    right: float
    bottom: float
    top: float
    is_mark: bool
    """A box that is ticked: its label may stand at its right."""


def _fields(document: Any, page: Any, see: _Eye) -> Iterator[_Field]:
    """Yield the fields of a page's form that are seen and filled in; no passwords, no buttons."""
    import pypdfium2.raw as pdfium

    if not (form := document.formenv):
        return
    written = {pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX}
    ticked = {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        try:
            kind = pdfium.FPDFAnnot_GetFormFieldType(form, note)
            hidden = pdfium.FPDFAnnot_GetFlags(note) & (pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW)
            secret = kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and (
                pdfium.FPDFAnnot_GetFormFieldFlags(form, note) & pdfium.FPDF_FORMFLAG_TEXT_PASSWORD
            )
            rect = pdfium.FS_RECTF()
            if hidden or secret or not pdfium.FPDFAnnot_GetRect(note, ctypes.byref(rect)):
                continue
            if kind in written:
                value = clean_line(_said(pdfium.FPDFAnnot_GetFormFieldValue, form, note)) or ""
            else:
                value = "☒" if kind in ticked and pdfium.FPDFAnnot_IsChecked(form, note) else ""
            if value:
                name = _said(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, note)
                name = clean_line(name or _said(pdfium.FPDFAnnot_GetFormFieldName, form, note)) or ""
                place = see.upright(rect.left, rect.right, rect.bottom, rect.top)
                yield _Field(name, value, *place, is_mark=kind in ticked)
        finally:
            pdfium.FPDFPage_CloseAnnot(note)


def _said(ask: Any, form: Any, note: Any) -> str:
    size = ask(form, note, None, 0)
    buffer = ctypes.create_string_buffer(size)
    ask(form, note, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", "ignore").rstrip("\0")


def _filled_in(lines: list[_Line], fields: Iterable[_Field], page: int) -> list[_Line]:
    """Return a page's lines, what was filled in behind its label; where none is beside it, by its name at the end."""
    unlabelled: list[_Line] = []
    size = median(line.size for line in lines) if lines else 10.0
    for field in fields:
        at = _label(lines, field)
        if at is None:
            text = f"{field.name.removesuffix(':')}: {field.value}" if field.name else field.value
            bottom = min((line.bottom for line in [*lines, *unlabelled]), default=0.0) - 2 * size
            unlabelled.append(
                _Line(text, page, field.left, field.right, bottom, size, hyphenated=False, is_filled=True)
            )
            continue
        line = lines[at]
        before = field.right <= line.left
        text = f"{field.value} {line.text}" if before else f"{line.text} {field.value}"
        left, right = min(line.left, field.left), max(line.right, field.right)
        lines[at] = replace(line, text=text, left=left, right=right, is_filled=True)
    return lines + unlabelled


def _label(lines: Sequence[_Line], field: _Field) -> int | None:
    """Return the place of the line nearest a field, of those in its row that end before it or begin after a box."""
    near: list[tuple[float, int]] = []
    for at, line in enumerate(lines):
        middle = line.bottom + line.size / 2
        if not (field.bottom <= middle <= field.top or line.bottom <= (field.bottom + field.top) / 2 <= middle):
            continue
        if line.right <= field.left + line.size:
            near.append((abs(field.left - line.right), at))
        elif field.is_mark and field.right <= line.left + line.size:
            near.append((abs(line.left - field.right), at))
    return min(near, default=(0.0, None))[1]


# --- running heads


def _without_running(lines: list[_Line]) -> list[_Line]:
    """Return the lines without those at a page's edge that stand on page after page, and without page numbers."""
    body = _body_size(lines)
    edges: dict[tuple[str, int, bool], set[int]] = {}
    places: dict[int, tuple[str, int, bool]] = {}
    numbers: Counter[int] = Counter()
    by_page = {page: list(group) for page, group in itertools.groupby(range(len(lines)), key=lambda i: lines[i].page)}
    for page, group in by_page.items():
        from_top = sorted(group, key=lambda i: -lines[i].bottom)
        for at, is_head in [*_set_apart(lines, from_top), *_set_apart(lines, from_top[::-1])]:
            # "Part 1", "Part 2" in large letters are headings; "Page 1 | The ferry" in small ones is not.
            small = lines[at].size < _HEADING_RATIO * body
            text = _DIGITS.sub("#", lines[at].text.lower()) if small else lines[at].text
            key = (text, round(lines[at].size), is_head)
            edges.setdefault(key, set()).add(page)
            places[at] = key
            if _PAGE_NUMBER.fullmatch(lines[at].text):
                numbers.update(int(number) - page for number in re.findall(r"\d+", lines[at].text)[:1])
    counted = max(numbers.values(), default=0) >= 2  # numbers that grow with the pages
    running = {
        at for at, key in places.items() if len(edges[key]) >= 3 or (counted and _is_page_number(lines[at], numbers))
    }
    # A page of nothing else has its say in these lines.
    for group in by_page.values():
        if running.issuperset(group):
            running.difference_update(group)
    return [line for at, line in enumerate(lines) if at not in running]


def _set_apart(lines: list[_Line], inward: list[int]) -> Iterator[tuple[int, bool]]:
    """Yield up to two lines at one edge of a page that do not run on into the text, and whether that is its head."""
    for at, after in itertools.pairwise(inward[:3]):
        line, other = lines[at], lines[after]
        if abs(line.bottom - other.bottom) < 1.6 * max(line.size, other.size) and round(line.size) == round(other.size):
            return
        yield at, line.bottom > other.bottom


def _body_size(lines: Sequence[_Line]) -> float:
    """Return the size that most characters have."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0]


def _is_page_number(line: _Line, numbers: Counter[int]) -> bool:
    found = re.findall(r"\d+", line.text)[:1] if _PAGE_NUMBER.fullmatch(line.text) else []
    return any(numbers[int(number) - line.page] >= 2 for number in found)


# --- paragraphs


def _pieces(lines: list[_Line], count: int) -> list[Piece]:
    body = _body_size(lines)
    larger = sorted({round(line.size) for line in lines if line.size >= _HEADING_RATIO * body}, reverse=True)
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
        if group[0].size >= _HEADING_RATIO * body and len(text) <= _LONGEST_HEADING and not text.endswith((".", "。")):
            level = min(6, larger.index(round(group[0].size)) + 1)
        pieces.append(Piece(text.removesuffix(_HYPHEN), level, tuple(begins)))
    pieces.append(Piece("", pages=(0,) * (count - 1 - page)))  # the empty pages at the end
    return pieces


def _joined(text: str, line: _Line, hyphens: Iterable[str]) -> str:
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


def _before(text: str, line: _Line) -> int:
    return len(text) - len(line.text) - line.hyphenated


def _paragraphs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    pitches = [
        before.bottom - line.bottom
        for before, line in itertools.pairwise(lines)
        if before.page == line.page and 0 < before.bottom - line.bottom < 3 * line.size
    ]
    pitch = median(pitches) / median(line.size for line in lines) if pitches else 1.25  # in heights of a line
    group: list[_Line] = []
    for at, line in enumerate(lines):
        if group and _begins(lines, at, pitch):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins(lines: Sequence[_Line], at: int, pitch: float) -> bool:
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


def _had_room(lines: Sequence[_Line], at: int) -> bool:
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
