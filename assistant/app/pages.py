"""Pictures of the pages that articles were made of: an article and a page come in, by GET, and its picture leaves."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs, urlencode

from assistant.app.http import App, Receive, Scope, Send, refuse
from assistant.library.originals import Originals
from index.errors import IndexingError

PLACE = "/articles/page"
AT_ONCE = 2
"""Pictures that are made at once: one is drawn while another's file is read. The others take no thread to wait in."""
_PAGE = re.compile(r"[1-9][0-9]{0,5}")


def address(article: str, page: int, key: str) -> str:
    """Return where a picture is had, from the app's page; the key keeps a browser from showing another's.

    No slash stands before it: behind a proxy the page may have a path of its own.
    """
    return f"{PLACE[1:]}?{urlencode({'article': article, 'page': page, 'of': key}, errors='replace')}"


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
