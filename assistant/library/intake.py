"""Paths, URLs, uploads and pasted texts enter, articles of the library leave: one outcome an article or failure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from index.errors import LoadError, UnknownArticleError
from index.library import Library
from index.reading.formats import SUFFIXES, is_batch
from index.reading.load import read_file
from index.reading.sandbox import Parser
from index.types import Document, Progress
from index.web.fetch import fetch

# Part of what says that bytes need not be read again: raise it when they would be read otherwise.
_READ_BY = 3

# How names begin that no user gave: hidden ones, Word's locks, and what systems leave where they show or pack files.
_LITTER = (".", "~$", "__MACOSX", "$RECYCLE.BIN", "@eaDir")

Given = Literal["path", "url", "upload", "text"]


@dataclass(frozen=True, slots=True)
class Source:
    """Something to add."""

    given: Given
    name: str
    """A path, a URL, an upload's name after its folders, or the title of a pasted text ("" where it has none)."""
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
    """Of a failure, of an article that is there already under another name, or of what is not in its text: one line."""


def named(text: str) -> Source:
    """Return what a word of the command line names: a URL or a path."""
    return Source("url" if text.lower().startswith(("http://", "https://")) else "path", text)


def expanded(sources: Iterable[Source]) -> list[Source]:
    """Return the sources with the files of each folder in its place, by path; hidden ones, litter and links not."""
    found = []
    for source in sources:
        if source.given == "path" and Path(source.name).is_dir():
            found += [Source("path", str(path)) for path in _files(Path(source.name))]
        else:
            found.append(source)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_LITTER))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(_LITTER) and path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path


class Intake:
    """Takes articles into one library. An article that is there already is left as it is, a changed one is updated."""

    def __init__(self, library: Library, parser: Parser) -> None:
        self._library = library
        self._parser = parser

    def take(self, sources: Sequence[Source], *, progress: Progress = lambda _done, _total: None) -> Iterator[Taken]:
        """Take each source in, and yield what became of it; no failure stops the next.

        Whatever ``progress`` raises ends it; what was taken until then stays. Raises StoreError when the library cannot
        be written.
        """
        held = _Held(self._library.documents())
        for done, source in enumerate(sources):
            beat = partial(progress, done, len(sources))
            beat()
            yield from self._taken(source, held, beat)

    def one(self, source: Source) -> Document:
        """Return the article of one source, which stays out of the library; LoadError where there is none, or many."""
        data, name, origin, media_type = _read(source, lambda: None)
        if is_batch(name):
            raise LoadError(
                f"Found a batch of articles at {name}; expected one article. Add it to the library to ask it."
            )
        url = origin if source.given == "url" else None
        (found,) = self._parser.parse(data, name=name, media_type=media_type, url=url)
        if isinstance(found, LoadError):
            raise found
        return replace(found, source=origin)

    def _taken(self, source: Source, held: _Held, beat: Callable[[], None]) -> Iterator[Taken]:
        shown = source.name or "pasted text"
        try:
            data, name, origin, media_type = _read(source, beat)
        except LoadError as error:
            yield Taken(shown, "failed", why=str(error))
            return
        taken = f"{_READ_BY}:{hashlib.sha256(data).hexdigest()}"
        many = is_batch(name)
        known = None if many else held.taken(origin, taken)  # of a batch, the rows that failed are told again
        if known is not None:
            self._keep_original(known, data)
            yield Taken(shown, "unchanged", known.id, known.title, why=_not_read(known))
            return
        url = origin if source.given == "url" else None
        read = self._parser.parse(data, name=name, media_type=media_type, url=url)
        beat()  # a parse that was ended so is no failure of the file
        for found in read:
            if isinstance(found, LoadError):
                yield Taken(shown, "failed", why=str(found))
                continue
            place = f"{origin}#{found.id}" if many else origin
            document = replace(found, source=place, taken=None if many else taken)
            if source.given == "text" and source.name:
                document = replace(document, title=source.name)
            yield self._added(shown, document, data, held)

    def _added(self, shown: str, document: Document, data: bytes, held: _Held) -> Taken:
        twin = held.same_text(document)
        if twin is not None:
            self._keep_original(twin, data)
            return Taken(shown, "unchanged", twin.id, twin.title, why=f"the library has it as '{twin.id}'")
        with self._library.writing():
            document = self._fitted(document, held)
            change = self._library.add(document, data if document.pages else None)
        held.note(document)
        return Taken(shown, change, document.id, document.title, why=_not_read(document))

    def _fitted(self, document: Document, held: _Held) -> Document:
        """Return the article under its id and title, also where another program has added or renamed one meanwhile."""
        while True:
            fitted = held.fitted(document)
            now = self._library.find(fitted.id)
            if now is None or now == held.get(fitted.id):
                return fitted
            held.note(now)

    def _keep_original(self, document: Document, data: bytes) -> None:
        """Keep the PDF that an article was made of, where it was added before PDFs were kept: only they have pages."""
        if document.pages:
            with suppress(UnknownArticleError):  # it was removed just now
                self._library.keep_original(document.id, data)


class _Held:
    """What the library holds, by what tells whether something is in it already."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_id: dict[str, Document] = {}
        self._by_source: dict[str, str] = {}
        self._by_text: dict[str, str] = {}
        for document in documents:
            self.note(document)

    def note(self, document: Document) -> None:
        """Take in that the library holds this now."""
        former = self._by_id.get(document.id)
        if former is not None:
            self._by_text.pop(_text_key(former), None)
        self._by_id[document.id] = document
        self._by_text[_text_key(document)] = document.id
        if document.source:
            self._by_source[document.source] = document.id

    def get(self, id: str) -> Document | None:
        """Return what it holds under an id."""
        return self._by_id.get(id)

    def taken(self, origin: str, taken: str) -> Document | None:
        """Return the article that was made of these very bytes from this place."""
        document = self._by_id.get(self._by_source.get(origin, ""))
        return document if document is not None and document.taken == taken else None

    def same_text(self, document: Document) -> Document | None:
        """Return the article of another source that has this one's text, unless this source has one already."""
        twin = self._by_text.get(_text_key(document))
        return None if twin is None or document.source in self._by_source else self._by_id[twin]

    def fitted(self, document: Document) -> Document:
        """Return the article under its id: that of its source, or one of its own; a title of its user's stays."""
        id = self._by_source.get(document.source or "")
        if id is None:
            id, number = document.id, 2
            while id in self._by_id:
                id, number = f"{document.id}-{number}", number + 1
            return replace(document, id=id)
        held = self._by_id[id]
        if held.renamed:
            return replace(document, id=id, title=held.title, renamed=True)
        return replace(document, id=id)


def _not_read(document: Document) -> str:
    return f"{document.left_out} not read" if document.left_out else ""


def _text_key(document: Document) -> str:
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def _read(source: Source, beat: Callable[[], None]) -> tuple[bytes, str, str, str | None]:
    """Return a source's bytes, the name to read them by, where they are from, and their media type where it is said."""
    match source.given:
        case "url":
            page = fetch(source.name, progress=lambda *_: beat())
            return page.data, page.name, page.url, page.media_type
        case "path":
            path = Path(source.name)
            return read_file(path), path.name, str(path.resolve()), None
        case "upload":
            # The whole tells files of one name apart; it is a label, and no place of this machine.
            return source.data, source.name.rsplit("/", 1)[-1], f"upload:{source.name}", None
        case "text":
            return source.data, "text.txt", f"text:{hashlib.sha256(source.data).hexdigest()[:16]}", None
