"""Paths, URLs, uploads and pasted texts enter, articles of the library leave: one outcome for each article or failure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from index.errors import FetchError, LoadError
from index.fetch import fetch
from index.library import Library
from index.load import MAX_BYTES, SUFFIXES, document_id, is_batch
from index.parser import Parser
from index.types import Document

# Part of what says that bytes need not be read again: raise it when they would be read otherwise.
_READ_BY = 1

Given = Literal["path", "url", "upload", "text"]


@dataclass(frozen=True, slots=True)
class Source:
    """Something to add."""

    given: Given
    name: str
    """A path, a URL, the name of an uploaded file, or the title of a pasted text ("" where it has none)."""
    data: bytes = b""
    """Of an upload, or of a text in UTF-8; paths and URLs are read when it is their turn."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one article, or of what should have been one."""

    source: str
    """As it was given."""
    change: Literal["added", "updated", "unchanged", "failed"]
    id: str = ""
    title: str = ""
    why: str = ""
    """Of a failure, or of an article that is there already under another name: one line."""


def named(text: str) -> Source:
    """Return what a word of the command line names: a URL or a path."""
    return Source("url" if text.lower().startswith(("http://", "https://")) else "path", text)


def expanded(sources: Iterable[Source]) -> list[Source]:
    """Return the sources with the files of each folder in its place, by path; hidden ones and links are left out."""
    found = []
    for source in sources:
        if source.given == "path" and Path(source.name).is_dir():
            found += [Source("path", str(path)) for path in _files(Path(source.name))]
        else:
            found.append(source)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path


class Intake:
    """Takes articles into one library. An article that is there already is left as it is, a changed one is updated."""

    def __init__(self, library: Library, parser: Parser) -> None:
        self._library = library
        self._parser = parser

    def take(self, sources: Sequence[Source], *, stop_if_cancelled: Callable[[], None] = lambda: None) -> Iterator[Taken]:
        """Take each source in, and yield what became of it; no failure stops the next.

        Whatever ``stop_if_cancelled`` raises ends it; what was taken until then stays. Raises StoreError when the
        library cannot be written.
        """
        held = _Held(self._library.documents())
        for source in sources:
            stop_if_cancelled()
            yield from self._taken(source, held, stop_if_cancelled)

    def _taken(self, source: Source, held: _Held, stop_if_cancelled: Callable[[], None]) -> Iterator[Taken]:
        shown = source.name or "pasted text"
        try:
            data, name, origin, media_type = _read(source, stop_if_cancelled)
        except LoadError as error:
            yield Taken(shown, "failed", why=str(error))
            return
        taken = f"{_READ_BY}:{hashlib.sha256(data).hexdigest()}"
        if known := held.taken(origin, taken, media_type):
            yield from (Taken(shown, "unchanged", one.id, one.title) for one in known)
            return
        url = origin if source.given == "url" else None
        read = self._parser.parse(data, name=name, media_type=media_type, url=url)
        stop_if_cancelled()  # a parse that was ended so is no failure of the file
        for found in read:
            if isinstance(found, LoadError):
                yield Taken(shown, "failed", why=str(found))
                continue
            many = is_batch(name)
            place = f"{origin}#{found.id}" if many else origin
            document = replace(found, source=place, taken=taken)
            if source.given == "text" and source.name:
                document = replace(document, title=source.name)
            yield self._added(shown, document, held)

    def _added(self, shown: str, document: Document, held: _Held) -> Taken:
        twin = held.same_text(document)
        if twin is not None:
            return Taken(shown, "unchanged", twin.id, twin.title, why=f"the library has it as '{twin.id}'")
        document = held.fitted(document)
        change = self._library.add(document)
        held.note(document)
        return Taken(shown, change, document.id, document.title)


class _Held:
    """What the library holds, by what tells whether something is in it already."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_id: dict[str, Document] = {}
        self._by_source: dict[str, str] = {}
        self._by_text: dict[str, str] = {}
        for document in documents:
            self.note(document)

    def note(self, document: Document) -> None:
        former = self._by_id.get(document.id)
        if former is not None and self._by_text.get(_text_key(former)) == former.id:
            del self._by_text[_text_key(former)]
        self._by_id[document.id] = document
        self._by_text.setdefault(_text_key(document), document.id)
        if document.source:
            self._by_source[document.source] = document.id

    ...
