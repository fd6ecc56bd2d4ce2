"""Files that a page sends wait here: raw bytes come in by POST, and leave as sources to add, by an unguessable token.

A file's name, after the folders it came with, is only what its user calls it: nothing here opens a path of this
machine.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from typing import IO
from urllib.parse import parse_qs

from assistant.app.http import App, Message, Receive, Scope, Send, header, refuse
from assistant.library.intake import Source
from index.reading.load import MAX_BYTES

PLACE = "/articles/upload"
MOST = 50
"""Files that may wait at once."""
MOST_BYTES = 200_000_000
"""Of all that wait; they are held in memory once they are added."""
_LONGEST_NAME = 255
"""Of a file or a folder, as on most disks."""
_LONGEST_PATH = 1000
"""Characters of a file's name with its folders."""
_FORGOTTEN_S = 600.0
"""After this a file that no page asked to add is dropped, and one that has not come whole is given up."""
_IN_MEMORY = 1_000_000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_NAME = re.compile(r"\.{0,2}|[A-Za-z]:")
"""A part of a path that names neither a file nor a folder: an empty one, this folder, the one above, a drive."""


class TooLargeError(Exception):
    """More bytes came than an upload may have."""


class FullError(Exception):
    """As much waits as may."""


@dataclass(slots=True)
class _Kept:
    name: str
    file: IO[bytes]
    since: float
    size: int = 0
    whole: bool = False


class Uploads:
    """The files that wait to be added, in memory or, the larger ones, in temporary files without a name."""

    def __init__(
        self,
        *,
        largest: int = MAX_BYTES,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.largest = largest
        self._most, self._most_bytes, self._clock = most, most_bytes, clock
        self._kept: dict[str, _Kept] = {}
        self._guard = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many files wait, those that are still coming among them."""
        with self._guard:
            return len(self._kept)

    def begin(self, name: str) -> str:
        """Make room for a file and return its token; raise FullError where as many wait as may."""
        with self._guard:
            for token in [token for token, kept in self._kept.items() if self._clock() - kept.since > _FORGOTTEN_S]:
                self._kept.pop(token).file.close()
            if len(self._kept) >= self._most:
                raise FullError
            token = secrets.token_urlsafe(24)
            file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 it is closed when it is taken
            self._kept[token] = _Kept(name, file, self._clock())
            return token

    def write(self, token: str, data: bytes) -> None:
        """Append to a file; raise TooLargeError or FullError once it is too much, OSError where there is no room."""
        with self._guard:
            kept = self._kept.get(token)
            if kept is None or sum(one.size for one in self._kept.values()) + len(data) > self._most_bytes:
                raise FullError
            if kept.size + len(data) > self.largest:
                raise TooLargeError
            kept.size += len(data)
            kept.file.write(data)

    def end(self, token: str) -> None:
        """Say that a file has come whole."""
        with self._guard:
            if token in self._kept:
                self._kept[token].whole = True

    def drop(self, token: str) -> None:
        """Forget a file."""
        with self._guard:
            kept = self._kept.pop(token, None)
        if kept is not None:
            kept.file.close()

    def take(self, tokens: Iterable[object]) -> list[Source]:
        """Hand over the files of these tokens, once each; a token that names none is passed over."""
        found = []
        with self._guard, ExitStack() as closing:
            for token in tokens:
                kept = self._kept.get(token) if isinstance(token, str) else None
                if kept is None or not kept.whole:
                    continue
                del self._kept[str(token)]
                closing.callback(kept.file.close)
                kept.file.seek(0)
                found.append(Source("upload", kept.name, kept.file.read()))
        return found

    def close(self) -> None:
        """Forget everything."""
        with self._guard:
            for kept in self._kept.values():
                kept.file.close()
            self._kept.clear()


class TakeUploads:
    """Answer ``POST /articles/upload?name=NAME`` with a token for the body that came; hand anything else on.

    It stands behind the guards of host and origin, and before that of the size: a file may be larger than a question.
    """

    def __init__(self, app: App, uploads: Uploads) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the body as it comes, and refuse it as soon as it is too large."""
        if scope["type"] != "http" or scope["path"] != PLACE:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":
            await refuse(send, 405, "Only POST is answered here.")
            return
        name = file_name(scope)
        if not name:
            await refuse(send, 400, "The file has no name.")
            return
        await self._keep(name, scope, receive, send)

    async def _keep(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        too_large = f"It has more than {self._uploads.largest / 1e6:g} MB, the most that can be added."
        declared = header(scope, b"content-length") or ""
        if declared.isdecimal() and int(declared) > self._uploads.largest:
            await refuse(send, 413, too_large)
            return
        token = ""
        try:
            token = self._uploads.begin(name)
            async with asyncio.timeout(_FORGOTTEN_S):
                whole = await self._receive(token, receive)
            if whole:
                await _answer(send, token)
                token = ""
        except TooLargeError:
            await refuse(send, 413, too_large)
        except FullError:
            await refuse(send, 503, "Too many files wait already: add those first.")
        except OSError as failure:  # a timeout is one too
            await refuse(send, 507, f"It could not be kept ({failure.strerror or 'it took too long'}).")
        finally:
            self._uploads.drop(token)

    async def _receive(self, token: str, receive: Receive) -> bool:
        """Write the body as it comes; return whether its end came."""
        while True:
            message: Message = await receive()
            if message["type"] != "http.request":
                return False
            self._uploads.write(token, message.get("body", b""))
            if not message.get("more_body", False):
                self._uploads.end(token)
                return True


def file_name(scope: Scope) -> str:
    """Return the name a file was sent under, after its folders: ``notes/may/plan.md``; nothing where there is none.

    It is a label: relative, printable and short, without a part that would lead out of a folder. Of a path that is too
    long, the folders next to the file stay.
    """
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("name", [""])[0]
    parts = _UNPRINTABLE.sub("", given).replace("\\", "/").split("/")
    short = [part.strip()[-_LONGEST_NAME:].strip() for part in parts]
    named = [part for part in short if not _NO_NAME.fullmatch(part)]
    lengths = accumulate(len(part) + 1 for part in reversed(named))  # with a slash each
    fitting = sum(length <= _LONGEST_PATH for length in lengths)
    return "/".join(named[len(named) - fitting :])


async def _answer(send: Send, token: str) -> None:
    body = json.dumps({"upload": token}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
