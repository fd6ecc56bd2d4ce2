"""A PDF enters; its lines as they stand on its pages, or a picture of one of its pages, leave.

No file of the user's is opened, no script of the PDF is run.
"""

from __future__ import annotations

import ctypes
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import pi
from statistics import median
from typing import Any

from index.errors import LoadError
from index.reading.canonical import MAX_CHARACTERS, clean_line, raised
from index.reading.pdf_lines import Field, Line, filled_in
from index.reading.picture import png, size_of_picture

MAX_PAGES = 2_000

_LINE = re.compile("(?P<text>[^\r\n\ufffe]*)(?P<end>\r\n|\r|\n|\ufffe|\\Z)")
_HYPHEN = "\ufffe"  # pdfium's, for a hyphen at a line's end
# Shapes that stand for letters: ligatures, and the radicals some Japanese fonts give for whole characters.
_SHAPES = re.compile("[\ufb00-\ufb06\u2f00-\u2fd5]")
_MEANINGLESS = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_MAY_RAISE = re.compile(r"[A-Za-z\d)][\d]*[+−–-]?\d+")
_Box = tuple[float, float, float, float]
_TINY = 1.5  # points: no user sees it


@dataclass(frozen=True, slots=True)
class PdfText:
    """What a PDF says."""

    lines: list[Line]
    """In the file's own order; none where its pages are pictures."""
    pages: int
    about: dict[str, str]
    """What the file says of itself: Title, Author."""
    left_out: Counter[str]
    """How many there are of each kind of thing that stands beside its text."""


def warm() -> None:
    """Load the library now."""
    import pypdfium2

    pypdfium2.PdfDocument.new().close()


def read_pdf(data: bytes) -> PdfText:
    """Return what a PDF says. LoadError for one that is locked, damaged or too long."""
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
            return PdfText(_read_lines(document, count, left_out), count, document.get_metadata_dict(), left_out)
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        raise _unopened(error) from error
    except RecursionError as error:
        raise _damaged("it is nested too deep") from error


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


def _read_lines(document: Any, count: int, left_out: Counter[str]) -> list[Line]:
    """Return the lines of all pages, what stands beside them counted in ``left_out``."""
    import pypdfium2

    lines: list[Line] = []
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


def _page_lines(document: Any, page: Any, number: int) -> list[Line]:
    lines: list[Line] = []
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
        return filled_in(lines, _fields(document, page, see), number)
    finally:
        text_page.close()


def _placed(text: str, page: int, see: _Eye, begin: int, *, hyphenated: bool) -> Line | None:
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
    return Line(text, page, left, max(right, last[1] if last else right), bottom, size, hyphenated)


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


def _fields(document: Any, page: Any, see: _Eye) -> Iterator[Field]:
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
                yield Field(name, value, *place, is_mark=kind in ticked)
        finally:
            pdfium.FPDFPage_CloseAnnot(note)


def _said(ask: Any, form: Any, note: Any) -> str:
    size = ask(form, note, None, 0)
    buffer = ctypes.create_string_buffer(size)
    ask(form, note, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", "ignore").rstrip("\0")
