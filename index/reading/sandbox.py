"""A stranger's file enters, its articles or one clear line leave: it is read in a child process that can be stopped.

So is a page of a PDF drawn.

Whatever a file does to its parser (hang, crash, eat memory) happens to the child (``sandbox_child.py``), and the next
file finds another. What the child says is checked like any stranger's word.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath
from typing import Any, Self, TypeVar

from index.child import OUT_OF_MEMORY, Child
from index.errors import LoadError
from index.reading import picture
from index.reading.canonical import MAX_CHARACTERS
from index.reading.formats import is_batch
from index.reading.load import MAX_BYTES, document_id
from index.reading.metadata import web_address
from index.types import Block, Document

MEMORY = 512 * 2**20
"""Bytes a child may map, and so hold at most: a quarter of a gigabyte for its libraries, the rest for a file."""
FILES_A_CHILD = 500
_WORN = 400 * 2**20  # mapped after a file: what is left would be too little for the next
_START_S = 60.0
_OUT_OF_WORK = getattr(signal, "SIGPROF", None)  # how a child ends that has used up its processor time
_HEAD_LIMIT = 1_000_000  # bytes of a line
_BLOCK, _PAGE = struct.Struct("<III"), struct.Struct("<I")
_SIZES = {
    "text": 4 * MAX_CHARACTERS,
    "blocks": 1_000_000 * _BLOCK.size,
    "pages": 1_000_000 * _PAGE.size,
    "picture": picture.MAX_BYTES,
}
# Nothing else of the app's environment is a file's business: it holds keys.
_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "LANG",
    "LC_ALL",
)
_Checked = TypeVar("_Checked")


class Parser:
    """Reads files of any format, one at a time. Any thread may ask; files wait for each other."""

    def __init__(self, *, work_s: float = 20.0, wait_s: float = 120.0, pictures_only: bool = False) -> None:
        """Describe a parser; the child starts with the first file.

        Each article has ``work_s`` seconds of processor time, so that a busy machine refuses no honest file, and
        ``wait_s`` on the clock, for a child that hangs. With ``pictures_only`` the child loads what draws pages and
        no more: a quarter of the time and of the memory.
        """
        self._work_s, self._wait_s = work_s, wait_s
        self._pictures_only = pictures_only
        self._child: _Child | None = None
        self._closed = False
        self._turn = threading.Lock()
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The child's process id, None while there is none."""
        child = self._child
        return None if child is None else child.process_id

    def open(self) -> None:
        """Start the child (a second or two), so that the first file need not wait for that. Raises LoadError."""
        with self._turn:
            self._ready_child()

    def parse(
        self, data: bytes, *, name: str, id: str | None = None, media_type: str | None = None, url: str | None = None
    ) -> tuple[Document | LoadError, ...]:
        """Return the article in ``data`` (see `load_bytes`), or those of a batch in order; an error in place of each
        that cannot be read. Never raises LoadError.
        """  # noqa: D205  one sentence that does not fit a line
        if len(data) > MAX_BYTES:  # said by the child too, but it need not be carried there
            return (_failed(name, f"has {len(data) / 1e6:.1f} MB; expected at most {MAX_BYTES // 1_000_000} MB"),)
        request = {"name": name, "id": id, "media_type": media_type, "url": url, "size": len(data)}
        found: list[Document | LoadError] = []
        with self._turn:
            try:
                child = self._ready_child()
                # One by one: those before the one that ends the child are good.
                found.extend(child.ask(request, data, _checked))
            except LoadError as error:
                found.append(error)
            except _Ended as ended:
                found.append(_failed(name, self._why(ended)))
                child.end()
        if is_batch(name):
            return tuple(found)
        # One file is one article, by the id it was given: nothing a file says puts it in another's place.
        only = found[0] if found else _failed(name, "gave no article")
        own = id or document_id(PurePath(name.replace("\\", "/")).name)
        return (only if isinstance(only, LoadError) else replace(only, id=own),)

    def picture(self, data: bytes, page: int) -> bytes:
        """Return a page (from 1) of a PDF as a PNG (see ``picture.py``); LoadError where it cannot be drawn."""
        request = {"page": page, "size": len(data)}
        with self._turn:
            child = self._ready_child()
            try:
                (found,) = islice(child.ask(request, data, _checked_picture), 2)
            except (_Ended, ValueError) as error:  # ValueError: there is none, or more than one
                child.end()
                raise self._not_drawn(page, error.limit if isinstance(error, _Ended) else "") from error
        if isinstance(found, LoadError):
            raise found
        return found

    def _not_drawn(self, page: int, limit: str) -> LoadError:
        if self._closed:
            return LoadError("Reading was stopped.")
        why = f"takes more than {limit} to draw" if limit else "needs too much memory, or is damaged"
        return LoadError(f"Page {page} cannot be shown: it {why}. Open the file itself to see it.")

    def close(self) -> None:
        """End what is being read, at once; every later file is refused."""
        with self._guard:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _ready_child(self) -> _Child:
        with self._guard:
            if self._closed:
                raise LoadError("Reading was stopped.")
            if self._child is None or not self._child.alive:
                self._child = _Child(self._work_s, self._wait_s, pictures_only=self._pictures_only)
            child = self._child
        try:
            child.wait_ready()
        except _Ended as ended:
            how = child.how_it_ended()
            child.end()
            raise LoadError(
                f"The program that reads files does not start (it {how}). Run `make setup` again, and free some memory."
            ) from ended
        return child

    def _why(self, ended: _Ended) -> str:
        if self._closed:
            return "was not read to its end: reading was stopped"
        if ended.limit:
            return f"took more than {ended.limit} to read; expected less. Split it, or save it as plain text"
        return ended.how


class _Ended(Exception):  # noqa: N818  what happened, not what a caller did wrong
    """The child is gone, or says what it should not."""

    def __init__(self, how: str, *, limit: str = "") -> None:
        super().__init__(how)
        self.how = how
        self.limit = limit
        """The time it had, in words, where it took more."""


_NO_ARTICLE = "could not be read: the program that reads it gave no article"
_MEMORY_SPENT = f"needs more than {MEMORY // 2**20} MB of memory to read; expected less. Split it"


class _Child(Child):
    """One run of ``sandbox_child.py``."""

    def __init__(self, work_s: float, wait_s: float, *, pictures_only: bool) -> None:
        self._work_s, self._wait_s = work_s, wait_s
        limits = {"memory": MEMORY, "worn": _WORN, "files": FILES_A_CHILD, "seconds": work_s}
        limits["pictures_only"] = pictures_only
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # One thread: those of the linear algebra, which only tells languages apart, take 8 MB each.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        # It finds this very package, not another of its name.
        root = str(Path(__file__).parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
        file = Path(__file__).with_name("sandbox_child.py")
        super().__init__(file, json.dumps(limits), environment=environment)
        self._is_ready = self._is_spent = False

    @property
    def alive(self) -> bool:
        return not self._is_spent and super().alive

    def wait_ready(self) -> None:
        """Return when the child has loaded its libraries; raises _Ended."""
        if not self._is_ready:
            self._is_ready = self._head(_START_S).get("ready") is True
            if not self._is_ready:
                raise _Ended("it says something else")

    def ask(
        self, request: dict[str, Any], data: bytes, checked: Callable[[dict[str, Any]], _Checked]
    ) -> Iterator[_Checked | LoadError]:
        """Yield what the child finds in a file, once it is ``checked``; raises _Ended, also between two articles."""
        sender = threading.Thread(target=self._send, args=(request, data), daemon=True)
        sender.start()
        while "end" not in (head := self._head(self._wait_s)):
            if "error" in head:
                error = " ".join(str(head["error"]).split())[:2_000]
                if error == "memory":
                    raise _Ended(_MEMORY_SPENT)
                yield LoadError(error)
            else:
                yield _sound(head, checked)
        sender.join()
        self._is_spent = bool(head.get("spent"))
        if self._is_spent:
            self.end()

    def _send(self, request: dict[str, Any], data: bytes) -> None:
        with suppress(OSError, ValueError):  # ended meanwhile: who waits for its answer says so
            self.send(request, data)

    def _head(self, within_s: float) -> dict[str, Any]:
        """Return the next line of the child, with the bytes it announces."""
        try:
            with self.within(within_s):
                return self._read_head()
        except (OSError, ValueError, RecursionError) as error:
            raise _Ended(self._how(), limit=self._limit()) from error
        except _Ended as ended:
            ended.limit = self._limit()
            raise

    def _read_head(self) -> dict[str, Any]:
        line = self.output.readline(_HEAD_LIMIT)
        if not line.endswith(b"\n"):
            raise _Ended(_NO_ARTICLE if line else self._how())
        head = json.loads(line)
        if not isinstance(head, dict):
            raise _Ended(_NO_ARTICLE)
        for name in filter(head.__contains__, _SIZES):  # in their order
            size = head[name]
            if type(size) is not int or not 0 <= size <= _SIZES[name]:
                raise _Ended(_NO_ARTICLE)
            head[name] = self.output.read(size)
            if len(head[name]) < size:
                raise _Ended(self._how())
        return head

    def _limit(self) -> str:
        if self.is_late:
            return f"{self._wait_s:g} s on the clock"
        code = self.wait(0)
        return f"{self._work_s:g} s of processor time" if code is not None and -code == _OUT_OF_WORK else ""

    def _how(self) -> str:
        how = self.how_it_ended()
        if how == OUT_OF_MEMORY:
            return f"was not read to its end: the program that reads it {how}"
        return f"could not be read: the program that reads it {how}. It may be damaged: save it again, or as plain text"


def _sound(head: dict[str, Any], checked: Callable[[dict[str, Any]], _Checked]) -> _Checked:
    try:
        return checked(head)
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise _Ended(_NO_ARTICLE) from error


def _checked_picture(head: dict[str, Any]) -> bytes:
    """Return the picture a child sends; an error where it is none that ours could be."""
    return picture.checked_png(head["picture"])


def _checked(head: dict[str, Any]) -> Document:
    """Return the Document a child describes; an error of any kind where it breaks what a Document promises."""
    text = head["text"].decode("utf-8")
    blocks, end = [], 0
    for level, start, stop in _BLOCK.iter_unpack(head["blocks"]):
        if not (level <= 6 and end <= start < stop <= len(text)):
            raise ValueError("a block out of its place")
        blocks.append(Block("heading" if level else "paragraph", start, stop, level))
        end = stop
    pages = tuple(page for (page,) in _PAGE.iter_unpack(head["pages"]))
    if not blocks or list(pages) != sorted(pages) or (pages and pages[-1] > len(text)):
        raise ValueError("no blocks, or pages out of order")
    return Document(
        id=str(head["id"]),
        title=_words(head["title"]) or "",
        text=text,
        blocks=tuple(blocks),
        author=_words(head["author"]),
        published=_words(head["published"]),
        language=_words(head["language"]) or "en",
        url=web_address(head["url"]),
        questions=tuple(filter(None, map(_words, head["questions"]))),
        site=_words(head["site"]),
        pages=pages,
        left_out=_words(head["left_out"]) or "",
    )


def _words(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("no text")
    if value:
        value.encode("utf-8")  # half a character is none
    return value


def _failed(name: str, why: str) -> LoadError:
    return LoadError(f"{name} {why}.")
