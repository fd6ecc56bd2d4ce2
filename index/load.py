"""A file or its bytes enter, a Document with canonical text leaves; what is no article is a LoadError saying why.

load ── load_bytes ── decode ── parse_plain | parse_markdown | parse_html ── assemble
"""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath

from index.batch import MAX_ROWS, Row, csv_rows, json_rows
from index.canonical import Draft, assemble, clean_line
from index.errors import LoadError
from index.language import detect_language, script_language
from index.load_html import parse_html
from index.load_markdown import parse_markdown
from index.load_plain import parse_plain
from index.types import Document

MAX_BYTES = 20_000_000
"""The largest file taken for an article: some seven thousand pages."""

FORMATS = (
    "a web page (.html, .htm, .xhtml, .mhtml, .mht), PDF, Word (.docx), EPUB, Markdown (.md, .markdown) or text (.txt)"
)
_MARKDOWN = frozenset({".md", ".markdown"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
BATCHES = frozenset({".jsonl", ".csv"})
"""Files of many articles, a line or a row each."""
SUFFIXES = _HTML | _MARKDOWN | BATCHES | {".mhtml", ".mht", ".pdf", ".docx", ".epub", ".txt"}
"""What is taken for an article, or for a batch of them, where a whole folder is given."""
_WESTERN = frozenset({"ca", "da", "de", "en", "es", "fi", "fr", "gl", "is", "it", "nb", "nl", "no", "pt", "sv"})
_LONGEST_ID = 100  # characters; an id also names a file, and file systems stop at 255 bytes
_BINARY_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a Rich Text document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "an image, sound or film"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"GGUF", "model weights"),
    (b"SQLite format 3", "a database"),
)
# UTF-32 before UTF-16: its mark begins with the other's.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})|<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE
)
_LOOKS_LIKE_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)


def load(path: Path, *, id: str | None = None) -> Document:
    """Return the article in a file; ``id`` defaults to `document_id` of the file's name.

    Raises LoadError for a file that is missing, a folder, unreadable, empty, binary, over `MAX_BYTES`, or without text.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise LoadError(f"Found a folder at {path}; expected a file. Name one file in it.")
        if not stat.S_ISREG(found.st_mode):
            raise LoadError(f"Found a device or pipe at {path}; expected a file. Save its contents to a file first.")
        if found.st_size > MAX_BYTES:
            raise _too_large(str(path), found.st_size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise LoadError(f"Found no file at {path}; expected an article. Check the path.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(
            f"Found {path} unreadable ({reason}); expected a readable file. Check its permissions."
        ) from error
    return _load(data, name=path.name, shown=str(path), id=id)


def load_bytes(
    data: bytes, *, name: str, id: str | None = None, media_type: str | None = None, url: str | None = None
) -> Document:
    """Return the article in ``data``, as `load` would from a file called ``name``; the same errors.

    ``media_type``, a response's Content-Type, decides the format where the name does not. ``url`` is where the article
    came from; it stays unless the article states its own address on the same host.
    """
    short = PurePath(name.replace("\\", "/")).name
    return _load(data, name=short, shown=name, id=id, media_type=media_type, url=url)


def is_batch(name: str) -> bool:
    """Say whether a file of this name holds many articles, to be read by `load_batch`."""
    return PurePath(name).suffix.lower() in BATCHES


def load_batch(data: bytes, *, name: str) -> Iterator[Document | LoadError]:
    """Yield the articles of a batch in order, and a LoadError with its line for each row that is none.

    An article without an id gets the file's, its line behind it: "news.csv" gives "news-2". Raises nothing.
    """
    try:
        text = _decode(_checked(data, name), name)
    except LoadError as error:
        yield error
        return
    rows = json_rows if PurePath(name).suffix.lower() == ".jsonl" else csv_rows
    lines: dict[str, int] = {}
    for count, row in enumerate(rows(re.sub("\r\n?", "\n", text), name)):
        if count == MAX_ROWS:
            yield LoadError(f"Found more than {MAX_ROWS:,} rows in {name}; the rest is left out. Split it into files.")
            return
        if isinstance(row, LoadError):
            yield row
            continue
        id = _slug(row.id or "") or f"{document_id(name)}-{row.line}"
        if id in lines:
            yield LoadError(
                f"{name}, line {row.line}: Found the id {id} again, as in line {lines[id]}; "
                "expected one article an id. Change one of them."
            )
            continue
        lines[id] = row.line
        try:
            yield _from_row(row, id)
        except LoadError as error:
            yield LoadError(f"{name}, line {row.line}: {error}")


def _from_row(row: Row, id: str) -> Document:
    draft = parse_plain(row.text, titled=row.title is not None)
    draft.title = row.title or draft.title
    draft.author = row.author or draft.author
    draft.published = row.published or draft.published
    draft.language = row.language
    draft.url = row.url or draft.url
    draft.site = row.site
    return _assembled(draft, id=id, title=_readable(id), shown=id)


def document_from_text(text: str, *, id: str, title: str, language: str | None = None) -> Document:
    """Return the article with plain ``text`` and a title known from elsewhere ("" stays ""); LoadError without text."""
    draft = parse_plain(text, titled=True)
    draft.title, draft.language = None, language
    document = assemble(draft, id=id, title=title, language="en")
    if not document.text:
        raise LoadError(f"Found no text in article {id}; expected at least a word. Add its text, or leave it out.")
    return document if language else dataclasses.replace(document, language=detect_language(document.text))


def document_id(name: str) -> str:
    """Return the id for an article in a file called ``name``: its stem with anything but letters of any script, digits,
    ".", "_", ":" and "-" replaced by "-"; never empty, never a name with a meaning to a file system.
    """  # noqa: D205  one sentence that does not fit a line
    name = unicodedata.normalize("NFC", PurePath(name.replace("\\", "/")).name)
    stem = re.sub(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,8}\Z", "", name)
    return _slug(stem) or "article"


def _slug(text: str) -> str:
    slug = "".join(c if c in "._:-" or unicodedata.category(c)[0] in "LMN" else "-" for c in text)
    slug = re.sub("-{2,}", "-", slug).strip("-.")
    if len(slug) > _LONGEST_ID:
        slug = f"{slug[: _LONGEST_ID - 9]}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"
    return slug


def _load(
    data: bytes, *, name: str, shown: str, id: str | None, media_type: str | None = None, url: str | None = None
) -> Document:
    suffix = PurePath(name).suffix.lower()
    text = _decode(_checked(data, shown), shown)
    if not suffix and media_type and media_type.startswith("text/html"):
        suffix = ".html"
    try:
        if suffix in _HTML or (suffix not in _MARKDOWN | {".txt"} and _LOOKS_LIKE_HTML.match(text[:4096])):
            draft = parse_html(text)
        elif suffix in _MARKDOWN:
            draft = parse_markdown(text)
        else:
            draft = parse_plain(text)
    except LoadError as error:
        raise LoadError(f"{shown}: {error}") from error
    draft.url = draft.url or url
    return _assembled(draft, id=id or document_id(name), title=_readable(name), shown=shown)


def _checked(data: bytes, shown: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise _too_large(shown, len(data))
    if not data:
        raise LoadError(f"Found {shown} empty; expected {FORMATS}. Check that it was saved.")
    return data


def _assembled(draft: Draft, *, id: str, title: str, shown: str) -> Document:
    document = assemble(draft, id=id, title=title, language="en")
    if not document.text:
        raise LoadError(
            f"Found no text in {shown}; expected at least a word of an article. Check that it was saved whole."
        )
    return document if draft.language else dataclasses.replace(document, language=detect_language(document.text))


def _too_large(shown: str, size: int) -> LoadError:
    return LoadError(
        f"Found {shown} with {size / 1e6:.1f} MB; expected at most {MAX_BYTES // 1_000_000} MB. "
        "Split it into several articles."
    )


def _readable(name: str) -> str:
    """Return a file name's stem as a title: "the-tay_bridge.txt" gives "The tay bridge"."""
    words = clean_line(document_id(name).replace("_", " ").replace("-", " ")) or "Article"
    return words[0].upper() + words[1:]


def _decode(data: bytes, shown: str) -> str:
    """Return the text in ``data``: by its mark, as UTF-8, as it declares itself, or as charset-normalizer finds it."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    kind = next((kind for magic, kind in _BINARY_KINDS if data.startswith(magic)), None)
    if kind or b"\x00" in data:
        raise _not_text(shown, kind or "a binary file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = _damaged_utf8(data) or _declared(data) or _guessed(data)
    if text is None:
        raise _not_text(shown, "a binary file")
    return text


def _not_text(shown: str, kind: str) -> LoadError:
    return LoadError(f"Found {kind} at {shown}; expected {FORMATS}. Save or export it as one of these.")


def _damaged_utf8(data: bytes) -> str | None:
    """Return UTF-8 text with a few wrong bytes replaced, None where the wrong ones are not few."""
    text = data.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return text if sum(not c.isascii() for c in text) >= 10 * wrong else None


def _declared(data: bytes) -> str | None:
    found = _CHARSET.search(data[:4096])
    try:
        return data.decode((found[1] or found[2]).decode("ascii")) if found else None
    except (LookupError, UnicodeError):
        return None


def _guessed(data: bytes) -> str | None:
    # Imported here: nearly every article is UTF-8.
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    text = str(best) if best is not None else None
    # It takes French for cp1250 as readily as for cp1252 ("ŕ midi"): a western language was written in the western one.
    if (
        text
        and script_language(text) is None
        and detect_language(western := data.decode("cp1252", "replace")) in _WESTERN
    ):
        text = western
    if text is None or sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f" for c in text) * 100 > len(text):
        return None
    return text
