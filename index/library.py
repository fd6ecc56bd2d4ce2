"""The articles on disk, one JSON file each: the truth that every index is derived from."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from index.errors import StoreError, UnknownArticleError
from index.files import sync_folder, write_whole
from index.types import Block, Document

Change = Literal["added", "updated", "unchanged"]
Stamp = tuple[tuple[str, int, int], ...]


class Library:
    """A folder of articles. Every write is whole or not there, also after a kill; writers take turns by a file lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[str, tuple[tuple[int, int], Document]] = {}
        self._guard = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the library folder {folder} cannot be made: {error.strerror}. Choose a folder you can write."
            ) from error

    def stamp(self) -> Stamp:
        """Return a value that changes whenever an article is added, updated or removed, by any process."""
        entries = []
        with os.scandir(self.folder) as found:
            for entry in found:
                if entry.name.endswith(".json"):
                    status = entry.stat()
                    entries.append((entry.name, status.st_mtime_ns, status.st_size))
        return tuple(sorted(entries))

    def documents(self) -> tuple[Document, ...]:
        """Return every article, by title and then id. A file that cannot be read is an error naming it."""
        with self._guard:
            kept: dict[str, tuple[tuple[int, int], Document]] = {}
            for name, modified, size in self.stamp():
                known = self._kept.get(name)
                if known is None or known[0] != (modified, size):
                    known = ((modified, size), _read(self.folder / name))
                kept[name] = known
            self._kept = kept
        return tuple(sorted((document for _, document in kept.values()), key=lambda d: (d.title.casefold(), d.id)))

    def get(self, id: str) -> Document:
        """Return one article; raise UnknownArticleError naming the known ones."""
        documents = self.documents()
        for document in documents:
            if document.id == id:
                return document
        raise unknown_article(id, documents)

    def add(self, document: Document) -> Change:
        """Save an article, in the place of one with the same id."""
        with self._writing():
            path = self._path(document.id)
            held = _read(path) if path.exists() else None
            if held == document:
                return "unchanged"
            write_whole(path, json.dumps(asdict(document), ensure_ascii=False, indent=1))
        return "updated" if held else "added"

    def remove(self, id: str) -> Document:
        """Take an article out of the library and return it; raise UnknownArticleError naming the known ones."""
        with self._writing():
            document = self.get(id)
            self._path(id).unlink()
            sync_folder(self.folder)
        return document

    def _path(self, id: str) -> Path:
        # Ids may hold any character; file names may not.
        return self.folder / f"{hashlib.sha256(id.encode()).hexdigest()[:32]}.json"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / ".lock", timeout=10):
                yield
        except Timeout as error:
            raise StoreError(
                f"another program has been writing to {self.folder} for 10 s. Wait for it, or end it."
            ) from error
        except OSError as error:
            raise StoreError(
                f"the library folder {self.folder} cannot be written: {error.strerror or error}. Free space, or check its permissions."
            ) from error


def unknown_article(id: str, documents: tuple[Document, ...]) -> UnknownArticleError:
    """Return the error that names the articles there are."""
    known = ", ".join(document.id for document in documents[:10]) or "none; `assistant add FILE` adds one"
    more = f" and {len(documents) - 10} more" if len(documents) > 10 else ""
    return UnknownArticleError(f"no article '{id}' in the library. Known: {known}{more}.")


def _read(path: Path) -> Document:
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields["blocks"] = tuple(Block(**block) for block in fields["blocks"])
        fields["questions"] = tuple(fields["questions"])
        return Document(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the saved article {path} cannot be read ({error}). Move it away and add the article again."
        ) from error
