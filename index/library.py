"""The articles on disk, one JSON file each: the truth that every index is derived from. A link is no article.

Beside an article may stand its original, the PDF it was made of, which shows what no text can hold. It counts only
while its bytes are those that the article was made of. An article is removed before its original, and comes back after
it: one that a kill leaves alone in the folder comes back with its article, or goes where that is gone for good.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
import uuid
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from index.errors import StoreError, UnknownArticleError
from index.files import WriteLock, sync_folder, write_whole
from index.types import Block, Document

Change = Literal["added", "updated", "unchanged"]

_DAY_S = 86_400
_KEPT_S = 30 * _DAY_S
"""How long what was removed can be brought back."""
_LONGEST_S = 3_650 * _DAY_S
"""Older than this, or younger than now, is a file only where a clock was wrong."""
_TICK_NS = 3 * 10**9
"""Nanoseconds: more than any file system's clock takes for a tick."""
_SAVED, _ORIGINAL = ".json", ".pdf"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class FileStamp(NamedTuple):
    """What tells one version of an article's file from another."""

    name: str
    modified_ns: int
    size: int
    inode: int
    """Every write makes a new file: two in one tick of the clock differ in this."""


Stamp = tuple[FileStamp, ...]


class Library:
    """A folder of articles. Every write is whole or not there, also after a kill; writers take turns by a file lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[FileStamp, Document] = {}
        self._looked: tuple[int, Stamp] = 0, ()
        """When the folder was last changed as it was last listed, and what was found."""
        self._hashed: dict[str, tuple[FileStamp, str]] = {}
        """The SHA-256 of originals by their file's name, as of when."""
        self._guard = threading.Lock()
        self._lock = WriteLock(folder, f"the library folder {folder}", StoreError)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the library folder {folder} cannot be made: {error.strerror}. Choose a folder you can write."
            ) from error

    def identity(self) -> str:
        """Return what tells this library from every other, also from a copy of it at another place: 16 letters."""
        kept = self.folder / ".identity"
        with self.writing():
            if not kept.exists():
                write_whole(kept, uuid.uuid4().hex)
            made = kept.read_bytes()
        return hashlib.sha256(made + b"\x00" + os.fsencode(self.folder.resolve())).hexdigest()[:16]

    def stamp(self) -> Stamp:
        """Return a value that changes whenever an article is added, updated or removed, by any process."""
        try:
            # Every write puts a new file into the folder, whose time tells of it: of several in one tick, of one alone.
            now = self.folder.stat().st_mtime_ns
            looked, held = self._looked
            if now == looked and time.time_ns() - now > _TICK_NS:
                return held
            with os.scandir(self.folder) as entries:
                found = []
                for entry in entries:
                    # Another process may remove a file between listing and looking.
                    with suppress(FileNotFoundError):
                        if entry.name.endswith(_SAVED) and not entry.is_symlink():
                            found.append(_stamp(entry.name, entry.stat()))
        except OSError as error:
            raise StoreError(
                f"the library folder {self.folder} cannot be read: {error.strerror}. Check its permissions."
            ) from error
        stamp = tuple(sorted(found))
        self._looked = now, stamp
        return stamp

    def documents(self) -> tuple[Document, ...]:
        """Return every article, by title and then id. A file that cannot be read is an error naming it."""
        with self._guard:
            kept: dict[FileStamp, Document] = {}
            for stamp in self.stamp():
                document = self._current(stamp)
                if document is not None:
                    kept[stamp] = document
            self._kept = kept
            return tuple(sorted(kept.values(), key=lambda document: (document.title.casefold(), document.id)))

    def get(self, id: str) -> Document:
        """Return one article; raise UnknownArticleError naming the known ones."""
        document = self.find(id)
        if document is None:
            raise unknown_article(id, self.documents())
        return document

    def find(self, id: str) -> Document | None:
        """Return one article, None where there is none of that id."""
        path = self._path(id)
        try:
            return None if path.is_symlink() else self._current(_stamp(path.name, path.stat()))
        except OSError:
            return None

    def writing(self) -> AbstractContextManager[None]:
        """Keep other writers out: what is read meanwhile still holds when it is written. StoreError as ``add``."""
        return self._lock.held()

    def add(self, document: Document, original: bytes | None = None) -> Change:
        """Save an article, in the place of one with the same id; with it its ``original``, where one is given.

        An original that was kept stays where it still is the article's; any other goes.
        """
        path = self._path(document.id)
        # A file name that is not text (Linux allows it) may stand in `source`; JSON can carry it escaped.
        fields = asdict(document)
        # Not saved where there is none: an article of before stays as it was saved.
        for late in ("site", "pages", "taken", "renamed", "left_out"):
            if not fields[late]:
                del fields[late]
        text = json.dumps(fields, ensure_ascii=False, indent=1)
        text = _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        with self.writing():
            try:
                held = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                held = None
            except ValueError:
                held = ""  # damaged: adding the article again is the cure
            if held != text:
                write_whole(path, text)
            # Behind the article: after a kill in between it has none, and adding the same again brings it.
            self._keep(document, original)
        if held is None:
            return "added"
        if held == text:
            return "unchanged"
        return "unchanged" if _but_taken(held) == _but_taken(text) else "updated"

    def original_of(self, document: Document) -> bytes | None:
        """Return the original of an article; None where none is kept, or where it is not the one it was made of."""
        try:
            data = self._path(document.id).with_suffix(_ORIGINAL).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == document.made_of else None

    def has_original(self, document: Document) -> bool:
        """Say whether ``original_of`` returns one; a file that did not change is read once for that."""
        return bool(document.made_of) and self._hash(self._path(document.id).with_suffix(_ORIGINAL)) == document.made_of

    def keep_original(self, id: str, original: bytes) -> None:
        """Keep the original of an article that has none yet; bytes that it was not made of are passed over.

        Raises UnknownArticleError naming the known ones.
        """
        if not self.has_original(self.get(id)):
            with self.writing():
                self._keep(self.get(id), original)

    def remove(self, id: str) -> Document:
        """Take an article out of the library and return it; ``restore`` brings it back for a month.

        Raises UnknownArticleError naming the known ones.
        """
        with self.writing():
            document = self.get(id)
            removed = self._removed
            if removed.is_symlink():  # what is old there is deleted
                raise StoreError(f"{removed} is a link; expected a real folder. Delete the link.")
            removed.mkdir(exist_ok=True)
            self._clear_removed()
            path = self._path(id)
            for each in (path, path.with_suffix(_ORIGINAL)):  # a kill in between leaves it to `restore`
                with suppress(FileNotFoundError):  # most have no original
                    os.utime(each)  # when it was removed
                    each.replace(removed / each.name)
            sync_folder(removed)
            sync_folder(self.folder)
        return document

    def restore(self, id: str) -> Document:
        """Bring a removed article back and return it.

        Raises UnknownArticleError where none of that id was removed, StoreError where the library holds one again.
        """
        with self.writing():
            path = self._path(id)
            document = _read(self._removed / path.name)
            if document is None:
                known = ", ".join(self._removed_ids()) or "none"
                raise UnknownArticleError(f"no removed article '{id}'. Removed in the last month: {known}.")
            if path.exists():
                raise StoreError(f"the library already has an article '{id}'. Remove that one first.")
            original = path.with_suffix(_ORIGINAL)
            if not self.has_original(document):  # else a kill left it there
                with suppress(FileNotFoundError):
                    (self._removed / original.name).replace(original)
            (self._removed / path.name).replace(path)
            self._keep(document, None)  # an earlier one's may have been left there
            sync_folder(self._removed)
            sync_folder(self.folder)
        return document

    def rename(self, id: str, title: str) -> Document:
        """Give an article a title of its user's own, and return it; UnknownArticleError names the known ones."""
        with self.writing():
            renamed = replace(self.get(id), title=title, renamed=True)
            self.add(renamed)
        return renamed

    @property
    def _removed(self) -> Path:
        return self.folder / ".removed"

    def _clear_removed(self) -> None:
        """Delete what was removed a month ago, and originals whose article is neither here nor there."""
        for path in (*self._removed.glob(f"*{_SAVED}"), *self._removed.glob(f"*{_ORIGINAL}")):
            age = time.time() - path.stat().st_mtime
            if not -_DAY_S < age < _LONGEST_S:
                os.utime(path)  # the clock was wrong then, or is now: its month begins anew
            elif age > _KEPT_S:
                path.unlink()
        for original in self.folder.glob(f"*{_ORIGINAL}"):
            saved = original.with_suffix(_SAVED)
            if not saved.exists() and not (self._removed / saved.name).exists():
                original.unlink()

    def _removed_ids(self) -> list[str]:
        paths = sorted(self._removed.glob(f"*{_SAVED}"), key=lambda path: -path.stat().st_mtime)
        return [document.id for document in map(_read, paths[:10]) if document is not None]

    def _current(self, stamp: FileStamp) -> Document | None:
        return self._kept.get(stamp) or _read(self.folder / stamp.name)

    def _keep(self, document: Document, original: bytes | None) -> None:
        """Leave beside an article its original, that which is there or this one, and nothing else."""
        place = self._path(document.id).with_suffix(_ORIGINAL)
        if self.has_original(document):
            return
        if original is not None and hashlib.sha256(original).hexdigest() == document.made_of:
            write_whole(place, original)
        else:
            place.unlink(missing_ok=True)

    def _hash(self, path: Path) -> str:
        """Return the SHA-256 of a file, "" where there is none that can be read."""
        try:
            stamp = _stamp(path.name, path.stat())
            known, digest = self._hashed.get(path.name, (None, ""))
            if known != stamp:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                self._hashed[path.name] = stamp, digest
        except OSError:
            return ""
        return digest

    def _path(self, id: str) -> Path:
        # Ids may hold any character; file names may not.
        return self.folder / f"{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}{_SAVED}"


def unknown_article(id: str, documents: tuple[Document, ...]) -> UnknownArticleError:
    """Return the error that names the articles there are."""
    known = ", ".join(document.id for document in documents[:10]) or "none; `assistant add FILE` adds one"
    more = f" and {len(documents) - 10} more" if len(documents) > 10 else ""
    return UnknownArticleError(f"no article '{id}' in the library. Known: {known}{more}.")


def _but_taken(text: str) -> dict[str, Any] | None:
    """Return the fields of a saved article but what its bytes were, which its user does not see; None where torn."""
    try:
        fields: dict[str, Any] = json.loads(text)
        return {name: value for name, value in fields.items() if name != "taken"}
    except (ValueError, AttributeError):
        return None


def _stamp(name: str, status: os.stat_result) -> FileStamp:
    return FileStamp(name, status.st_mtime_ns, status.st_size, status.st_ino)


def _read(path: Path) -> Document | None:
    """Return the article in a file, None where there is no file."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields["blocks"] = tuple(Block(**block) for block in fields["blocks"])
        fields["questions"] = tuple(fields["questions"])
        fields["pages"] = tuple(fields.get("pages", ()))
        return Document(**fields)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"the saved article {path} cannot be read ({error}). Move it away and add the article again."
        ) from error
