"""A file's name, media type and bytes enter, its format leaves; what no parser reads is named for what it is."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from index.errors import LoadError

Format = Literal["html", "mhtml", "pdf", "docx", "epub", "markdown", "text"]

FORMATS = (
    "a web page (.html, .htm, .xhtml, .mhtml, .mht), PDF, Word (.docx), EPUB, Markdown (.md, .markdown) or text (.txt)"
)
BATCHES = frozenset({".jsonl", ".csv"})
"""Files of many articles, a line or a row each."""
_BY_SUFFIX: dict[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".mhtml": "mhtml",
    ".mht": "mhtml",
    ".pdf": "pdf",
    ".docx": "docx",
    ".epub": "epub",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
}
SUFFIXES = BATCHES | frozenset(_BY_SUFFIX)
"""What is taken for an article, or for a batch of them, where a whole folder is given."""
_BY_MEDIA_TYPE: dict[str, Format] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "multipart/related": "mhtml",
    "application/pdf": "pdf",
    "application/epub+zip": "epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
}
_OTHER_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document, or a new one locked with a password"),
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
_LOOKS_LIKE_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*){0,8}<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_LOOKS_LIKE_MHTML = re.compile(
    rb"(?=.{0,4000}?^Content-Type:\s*multipart/related)[A-Z][\w-]+:\s", re.IGNORECASE | re.MULTILINE | re.DOTALL
)


def is_batch(name: str) -> bool:
    """Say whether a file of this name holds many articles, to be read by `load_batch`."""
    return PurePath(name).suffix.lower() in BATCHES


def format_of(data: bytes, *, name: str, media_type: str | None, shown: str) -> Format:
    """Return the format of ``data``: what its first bytes say, then its name, its media type, and its looks.

    Raises LoadError for a kind of file that holds no article.
    """
    by_name = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    by_type = _BY_MEDIA_TYPE.get((media_type or "").partition(";")[0].strip().lower())
    expected = by_name or by_type
    # Some PDFs have a little before it; a text that has it is an article about PDFs.
    if data[:1024].lstrip().startswith(b"%PDF-") or (expected == "pdf" and b"%PDF-" in data[:1024]):
        return "pdf"
    if data.startswith(b"PK\x03\x04") and (found := _zip_format(data, expected)):
        return found
    kind = next((kind for magic, kind in _OTHER_KINDS if data.startswith(magic)), None)
    if kind:
        raise LoadError(f"Found {kind} at {shown}; expected {FORMATS}. Save or export it as one of these.")
    if expected in {"html", "markdown", "text"}:
        return expected
    # A page behind a wrong name: "report.pdf" of a site that has lost the report is its page about that.
    if _LOOKS_LIKE_HTML.match(data[:4096]):
        return "html"
    if _LOOKS_LIKE_MHTML.match(data[:4096].replace(b"\r\n", b"\n")):
        return "mhtml"
    return expected or "text"


def _zip_format(data: bytes, expected: Format | None) -> Format | None:
    if b"mimetypeapplication/epub+zip" in data[:200]:
        return "epub"
    if expected in {"docx", "epub"}:
        return expected
    tail = data[-65_536:]  # the list of its members
    if b"word/document.xml" in tail:
        return "docx"
    return "epub" if b"META-INF/container.xml" in tail else None
