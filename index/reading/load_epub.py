"""An EPUB enters, a Draft leaves: its chapters in the order of its spine, and what its package says about the book."""

from __future__ import annotations

import posixpath
from typing import Any
from urllib.parse import unquote

from index.errors import LoadError
from index.reading.archive import Archive
from index.reading.canonical import MAX_CHARACTERS, Draft, Piece, clean_block, clean_line, without_title
from index.reading.decode import decode
from index.reading.load_html import html_pieces
from index.reading.metadata import iso_date, language_code, web_address

_Element = Any  # lxml ships no types
_CONTAINER, _LOCKS = "META-INF/container.xml", "META-INF/encryption.xml"
_CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"})


def parse_epub(data: bytes) -> Draft:
    """Return the Draft of a book; LoadError where it is damaged, locked (DRM), too large, or has no chapters."""
    archive = Archive(data, "an EPUB")
    package = _package(archive)
    root = archive.xml(package)
    draft = Draft()
    _read_metadata(root, draft)
    chapters = _chapters(root, package)
    _check_locks(archive, chapters)
    draft.pieces, draft.left_out["chapter{s}"] = _pieces(archive, chapters)
    draft.left_out["picture{s}"] = _pictures(root)
    if not draft.title:
        draft.title = next((clean_line(piece.text) for piece in draft.pieces if piece.level), None)
    if draft.title:
        draft.pieces = without_title(draft.pieces, draft.title)
    return draft


def _package(archive: Archive) -> str:
    if _CONTAINER in archive:
        for element in archive.xml(_CONTAINER).iter():
            if _name(element) == "rootfile" and (path := unquote(element.get("full-path") or "")) in archive:
                return path
    found = next((name for name in archive.names() if name.lower().endswith(".opf")), None)
    if found is None:
        raise LoadError("Found an EPUB without a list of its chapters; expected all of it. Save or fetch it again.")
    return found


def _read_metadata(root: _Element, draft: Draft) -> None:
    facts: dict[str, list[str]] = {}
    for element in root.iter():
        if "purl.org/dc/" in str(element.tag) and (text := clean_line("".join(element.itertext()))):
            facts.setdefault(_name(element), []).append(text)
    draft.title = next(iter(facts.get("title", [])), None)
    draft.author = ", ".join(facts.get("creator", [])[:6]) or None
    draft.published = next(filter(None, map(iso_date, facts.get("date", []))), None)
    draft.language = next(filter(None, map(language_code, facts.get("language", []))), None)
    draft.url = next(filter(None, map(web_address, facts.get("source", []))), None)


def _chapters(root: _Element, package: str) -> list[str]:
    """Return the paths of the chapters in reading order, each once; a table of contents is none."""
    folder = posixpath.dirname(package)
    items: dict[str, str] = {}
    for element in root.iter():
        if _name(element) == "item" and "nav" not in (element.get("properties") or "").split():
            media_type = (element.get("media-type") or "").lower()
            if media_type in _CHAPTERS:
                href = unquote((element.get("href") or "").partition("#")[0])
                items[element.get("id") or ""] = posixpath.normpath(posixpath.join(folder, href))
    spine = [element.get("idref") or "" for element in root.iter() if _name(element) == "itemref"]
    return list(dict.fromkeys(items[id] for id in spine or items if id in items))


def _check_locks(archive: Archive, chapters: list[str]) -> None:
    if _LOCKS not in archive:
        return
    # Fonts may be scrambled in a book that is open.
    locked = {unquote(e.get("URI") or "") for e in archive.xml(_LOCKS).iter() if _name(e) == "CipherReference"}
    if locked & set(chapters):
        raise LoadError("Found an EPUB locked by its seller (DRM); expected an open one. Get a copy without the lock.")


def _pictures(root: _Element) -> int:
    """Return how many pictures a book lists, its cover aside."""
    items = [element for element in root.iter() if _name(element) == "item"]
    return sum(
        (item.get("media-type") or "").lower().startswith("image/")
        and "cover" not in f"{item.get('properties')} {item.get('id')}"
        for item in items
    )


def _pieces(archive: Archive, chapters: list[str]) -> tuple[list[Piece], int]:
    """Return the pieces of the chapters that are there, and how many are not."""
    pieces: list[Piece] = []
    length = missing = 0
    for chapter in chapters:
        if chapter not in archive:  # a chapter that was left out does not take the others with it
            missing += 1
            continue
        text = decode(archive.read(chapter)) or ""
        found = html_pieces(text)
        pieces += found
        length += sum(len(clean_block(piece.text)) for piece in found)
        if length > MAX_CHARACTERS:
            raise LoadError(f"Found an EPUB of more than {MAX_CHARACTERS:,} characters; expected fewer. Split it.")
    if missing == len(chapters):
        raise LoadError("Found an EPUB without any of its chapters; expected all of it. Save or fetch it again.")
    return pieces, missing


def _name(element: _Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
