"""What a server says of a page enters, a name for it as a file leaves: no folder, never empty, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from pathlib import PurePath
from urllib.parse import unquote

from index.web.page_url import PageUrl

SUFFIX_OF = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "application/epub+zip": ".epub",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "multipart/related": ".mhtml",
    "message/rfc822": ".mhtml",
}
"""The suffix of a file of each media type that an article may have."""

_SAME = {".htm": ".html", ".xhtml": ".html", ".markdown": ".md", ".mht": ".mhtml"}
_KNOWN = frozenset(SUFFIX_OF.values()) | frozenset(_SAME)
_LONGEST = 100  # characters
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)  # devices, on Windows


def page_name(page: PageUrl, *, media_type: str | None, disposition: str) -> str:
    """Return the name that the Content-Disposition header gives, else that of the URL's last part, else the host.

    Its suffix is that of ``media_type``, which is added where the name has another.
    """
    named = next((name for name in map(_safe, _proposed(page, disposition)) if name), "page")
    expected = SUFFIX_OF.get(media_type or "")
    found = PurePath(named).suffix.lower()
    # Markdown, and the source of a web page, are served as plain text too.
    if expected is None or _same(found) == _same(expected) or (expected == ".txt" and is_known(named)):
        return named
    return named + expected


def is_known(name: str) -> bool:
    """Tell whether a file of this name may be an article, by its suffix."""
    return PurePath(name).suffix.lower() in _KNOWN


def _same(suffix: str) -> str:
    return _SAME.get(suffix, suffix)


def _proposed(page: PageUrl, disposition: str) -> list[str]:
    parts = [unquote(part) for part in page.path.split("/") if part]
    return [_filename(disposition), *reversed(parts), page.host]


def _filename(disposition: str) -> str:
    header = Message()
    try:
        header["Content-Disposition"] = disposition
        return header.get_filename("")
    except (ValueError, LookupError, TypeError):  # the header is what a stranger wrote
        return ""


def _safe(name: str) -> str:
    """Return the last part of a name without what has a meaning to a file system or cannot be seen."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = "".join("-" if c in '<>:"|?*' else c for c in name if c.isprintable()).strip(" .")
    if len(name) > _LONGEST:
        suffix = PurePath(name).suffix[:10]
        name = name[: _LONGEST - len(suffix)] + suffix
    return f"_{name}" if _RESERVED.match(name) else name
