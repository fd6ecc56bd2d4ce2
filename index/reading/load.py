"""A file or its bytes enter, a Document with canonical text leaves; what is no article is a LoadError saying why.

load ── load_bytes ── format_of ── decode ── parse_plain | parse_markdown | parse_html ── assemble
                                └─ parse_mhtml | parse_pdf | parse_docx | parse_epub ───┘

Strangers' files are better read by `index.reading.sandbox`, which does all this where it can be stopped.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from index.errors import LoadError
from index.reading.batch import MAX_ROWS, BatchRow, csv_rows, json_rows
from index.reading.canonical import MAX_CHARACTERS, Draft, assemble, clean_line
from index.reading.decode import decode
from index.reading.formats import FORMATS, SUFFIXES, Format, format_of, is_batch
from index.reading.load_html import parse_html
from index.reading.load_markdown import parse_markdown
from index.reading.load_plain import parse_plain
from index.reading.metadata import web_address
from index.text.language import detect_language
from index.types import Document

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "SUFFIXES",
    "document_from_text",
    "document_id",
    "is_batch",
    "load",
    "load_batch",
    "load_bytes",
]

MAX_BYTES = 20_000_000
"""The largest file taken for an article: some seven thousand pages."""

_RESERVED = re.compile(r"\A(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|\Z)", re.IGNORECASE)  # devices, to Windows
_LONGEST_ID = 100  # characters; an id also names a file, and file systems stop at 255 bytes
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)


def load(path: Path, *, id: str | None = None) -> Document:
    """Return the article in a file; ``id`` defaults to `document_id` of the file's name.

    Raises LoadError as `read_file` does, and for a file that is empty, binary or without text.
    """
    return _load(read_file(path), name=path.name, shown=str(path), id=id)


def read_file(path: Path) -> bytes:
    """Return a file's bytes; LoadError for one that is missing, a folder, no file, unreadable, or over `MAX_BYTES`."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise LoadError(f"Found a folder at {path}; expected a file. Name one file in it.")
        if not stat.S_ISREG(found.st_mode):
            raise LoadError(f"Found a device or pipe at {path}; expected a file. Save its contents to a file first.")
        if found.st_size > MAX_BYTES:
            raise _too_large(str(path), found.st_size)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise LoadError(f"Found no file at {path}; expected an article. Check the path.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(
            f"Found {path} unreadable ({reason}); expected a readable file. Check its permissions."
        ) from error


def load_bytes(
    data: bytes, *, name: str, id: str | None = None, media_type: str | None = None, url: str | None = None
) -> Document:
    """Return the article in ``data``, as `load` would from a file called ``name``; the same errors.

    ``media_type``, a response's Content-Type, decides the format where the name does not. ``url`` is where the article
    came from; it stays unless the article states its own address on the same host.
    """
    short = PurePath(name.replace("\\", "/")).name
    return _load(data, name=short, shown=name, id=id, media_type=media_type, url=url)


def load_batch(data: bytes, *, name: str) -> Iterator[Document | LoadError]:
    """Yield the articles of a batch in order, and a LoadError with its line for each row that is none.

    An article without an id gets the file's, its line behind it: "news.csv" gives "news-2". Raises nothing.
    """
    try:
        text = _text(_checked(data, name), name)
    except LoadError as error:
        yield error
        return
    rows = json_rows if PurePath(name).suffix.lower() == ".jsonl" else csv_rows
    lines: dict[str, int] = {}
    for count, row in enumerate(rows(re.sub("\r\n?", "\n", text), name)):
        if count == MAX_ROWS:
            yield LoadError(f"Found more than {MAX_ROWS:,} rows in {name}; the rest is left out. Split the file.")
            return
        if isinstance(row, LoadError):
            yield row
            continue
        id = _slug(row.id or "") or f"{document_id(name)}-{row.line}"
        if id in lines:
            yield LoadError(
                f"{name}, line {row.line}: Found the id {id} again, as in line {lines[id]}; "
                "expected a different id for each article. Change one of them."
            )
            continue
        lines[id] = row.line
        try:
            yield _from_row(row, id)
        except LoadError as error:
            yield LoadError(f"{name}, line {row.line}: {error}")


def _from_row(row: BatchRow, id: str) -> Document:
    if len(row.text) > MAX_CHARACTERS:
        raise _too_long(id)
    draft = parse_plain(row.text, titled=row.title is not None)
    draft.title = row.title or draft.title
    draft.author = row.author or draft.author
    draft.published = row.published or draft.published
    draft.language = row.language
    draft.url = row.url or draft.url
    draft.site = row.site
    draft.left_out["field{s}"] = row.others
    return _assembled(draft, id=id, title=_readable(id), shown=id)


def document_from_text(text: str, *, id: str, title: str, language: str | None = None) -> Document:
    """Return the article with plain ``text`` and a title known from elsewhere ("" stays ""); LoadError without text."""
    draft = parse_plain(text, titled=True)
    draft.title, draft.language = None, language
    document = assemble(draft, id=id, title=title, language="en")
    if not document.text:
        raise LoadError(f"Found no text in article {id}; expected at least one word. Add its text, or leave it out.")
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
    slug = _RESERVED.sub(lambda device: f"{device[0]}-article", re.sub("-{2,}", "-", slug).strip("-."), count=1)
    if len(slug) > _LONGEST_ID:
        slug = f"{slug[: _LONGEST_ID - 9]}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"
    return slug


def _load(
    data: bytes, *, name: str, shown: str, id: str | None, media_type: str | None = None, url: str | None = None
) -> Document:
    if is_batch(name):
        raise LoadError(
            f"Found a batch of articles at {shown}; expected one article. Add the batch, or name one of its articles."
        )
    kind = format_of(_checked(data, shown), name=name, media_type=media_type, shown=shown)
    # Words first: what is no text says so before a parser sees it.
    text = _text(data, shown, media_type) if kind in {"html", "markdown", "text"} else ""
    # Of a page's source hardly a quarter is text.
    if len(text) > MAX_CHARACTERS * (4 if kind == "html" else 1):
        raise _too_long(shown)
    try:
        draft = _parse(data, text, kind)
    except LoadError as error:
        raise LoadError(f"{shown}: {error}") from error
    except RecursionError as error:
        raise LoadError(f"Found {shown} nested too deeply to be read; expected less. Save it as plain text.") from error
    draft.url = _address(draft.url, url)
    return _assembled(draft, id=id or document_id(name), title=_readable(name), shown=shown)


def _parse(data: bytes, text: str, kind: Format) -> Draft:
    """Return the Draft of ``text``, or of ``data`` where the format is more than text."""
    # A format's parser is imported with the first file of it: what it needs is not light.
    if kind == "pdf":
        from index.reading.load_pdf import parse_pdf

        return parse_pdf(data)
    if kind == "docx":
        from index.reading.load_docx import parse_docx

        return parse_docx(data)
    if kind == "epub":
        from index.reading.load_epub import parse_epub

        return parse_epub(data)
    if kind == "mhtml":
        from index.reading.load_mhtml import parse_mhtml

        page = parse_mhtml(data)
        draft = parse_html(page.html)
        draft.url = _address(draft.url, page.url)
        return draft
    return parse_html(text) if kind == "html" else parse_markdown(text) if kind == "markdown" else parse_plain(text)


def _text(data: bytes, shown: str, media_type: str | None = None) -> str:
    declared = _CHARSET.search(media_type or "")
    text = decode(data, declared=declared[1] if declared else None)
    if text is None:
        raise LoadError(f"Found a binary file at {shown}; expected {FORMATS}. Save or export it as one of these.")
    return text


def _too_long(shown: str) -> LoadError:
    return LoadError(f"Found more than {MAX_CHARACTERS:,} characters in {shown}; expected fewer. Split it.")


def _address(stated: str | None, url: str | None) -> str | None:
    """Return the address an article states; the one it came from where it states none, or one of another host."""
    if url is None or (stated and urlsplit(stated).hostname == urlsplit(url).hostname):
        return stated
    return web_address(url) or stated


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
            f"Found no text in {shown}; expected at least one word of an article. Check that it was saved completely."
        )
    if len(document.text) > MAX_CHARACTERS:
        raise _too_long(shown)
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
