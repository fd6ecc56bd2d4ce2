"""The PDFs that articles were made of, page by page: an article and a page come in, by GET, and its picture leaves.

The app itself never opens a PDF: a child process draws it, as another one reads it. They are two, so that neither what
is added nor what is looked at waits for the other.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from urllib.parse import parse_qs, urlencode

from assistant.http import App, Receive, Scope, Send, refuse
from index.errors import IndexingError, UnknownArticleError
from index.library import Library
from index.reading.parser import Parser
from index.types import Document

PLACE = "/articles/page"
AT_ONCE = 2
"""Pictures that are made at once: one is drawn while another's file is read. The others take no thread to wait in."""
_KEPT = 8
_KEY_LENGTH = 16
_PAGE = re.compile(r"[1-9][0-9]{0,5}")


class Originals:
    """The originals of one library. Any thread may ask."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._parser = Parser(pictures_only=True)
        self._drawn = lru_cache(_KEPT)(self._draw)

    def key(self, document: Document) -> str:
        """Return what tells the original of an article from an earlier one's, in letters; "" where none is kept."""
        return document.made_of[:_KEY_LENGTH] if document.pages and self._library.has_original(document) else ""

    def picture(self, article: str, page: int, key: str) -> bytes | None:
        """Return a page (from 1) as a PNG; None where the article, its original of this key or the page is not there.

        Raises LoadError for a page that cannot be drawn, StoreError for a library that cannot be read.
        """
        try:
            document = self._library.get(article)
            if not key or self.key(document) != key or not 1 <= page <= len(document.pages):
                return None
            return self._drawn(article, page, document.made_of)
        except UnknownArticleError:
            return None

    def _draw(self, article: str, page: int, made_of: str) -> bytes:
        document = self._library.get(article)
        original = self._library.original_of(document)
        if original is None or document.made_of != made_of:
            raise UnknownArticleError("It was changed or removed just now.")
        return self._parser.picture(original, page)

    def close(self) -> None:
        """End what is being drawn; nothing is drawn any more."""
        self._parser.close()


def address(article: str, page: int, key: str) -> str:
    """Return where a picture is had; the key stands in it, so that none that a browser keeps is shown for another's."""
    return f"{PLACE}?{urlencode({'article': article, 'page': page, 'of': key}, errors='replace')}"


class ShowPages:
    """Answer ``GET /articles/page?article=ID&page=N&of=KEY`` with a picture; hand anything else on.

    It stands behind the guards of host and origin.
    """

    def __init__(self, app: App, originals: Originals) -> None:
        self._app = app
        self._originals = originals
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Draw the page in a thread, or say in one line why there is none."""
        if scope["type"] != "http" or scope["path"] != PLACE:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "GET":
            await refuse(send, 405, "Only GET is answered here.")
            return
        from starlette.concurrency import run_in_threadpool

        article, page, key = _asked(scope)
        try:
            async with self._turns:
                picture = await run_in_threadpool(self._originals.picture, article, page, key)
        except IndexingError as failure:
            await refuse(send, 422, str(failure))
            return
        if picture is None:
            await refuse(send, 404, "There is no such page: the article has changed, or is gone.")
            return
        await _answer(send, picture)


def _asked(scope: Scope) -> tuple[str, int, str]:
    """Return what a request names; a page that is no number is page 0, which no article has."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    article, page, key = (query.get(name, [""])[0] for name in ("article", "page", "of"))
    return article, int(page) if _PAGE.fullmatch(page) else 0, key


async def _answer(send: Send, picture: bytes) -> None:
    headers = [(b"content-type", b"image/png"), (b"content-length", str(len(picture)).encode())]
    headers.append((b"cache-control", b"private, max-age=3600"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": picture})
