"""Tell pages whether there is news: a workbench is looked at, and a word for each tab leaves, a new one for new things.

A page that asks through Gradio keeps its browser busy for a tenth of a second, news or none. This it reads in a
millisecond, and the processor stays the model's.
"""

from __future__ import annotations

from collections.abc import Callable

from assistant.app import render_library
from assistant.app.http import App, Receive, Scope, Send, refuse
from assistant.errors import AssistantError
from assistant.workbench import Workbench
from index.errors import IndexingError

PLACE = "/news"


def news(workbench: Workbench) -> str:
    """Return a word on the articles and one on the models, each the same as before where nothing is new."""
    return f"{_word(_articles, workbench)} {_word(_models, workbench)}"


def _word(look: Callable[[Workbench], object], workbench: Workbench) -> str:
    try:
        return f"{hash(look(workbench)):x}"
    except (AssistantError, IndexingError) as failure:
        return f"{hash(str(failure)):x}"


def _articles(workbench: Workbench) -> object:
    shelf = workbench.shelf
    received = render_library.received(shelf.delivery, shelf.adding)
    return workbench.articles(), shelf.adding, shelf.taken, received


def _models(workbench: Workbench) -> object:
    stock = workbench.stock
    return workbench.roster.choices(), workbench.roster.left_out(), stock.jobs, stock.embedders(), stock.unused_bytes()


class TellNews:
    """Answer ``GET /news`` with the words of ``news``; hand anything else on.

    It stands behind the guards of host and origin.
    """

    def __init__(self, app: App, workbench: Workbench) -> None:
        self._app = app
        self._workbench = workbench

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look in a thread: it reads the disk."""
        if scope["type"] != "http" or scope["path"] != PLACE:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "GET":
            await refuse(send, 405, "Only GET is answered here.")
            return
        from starlette.concurrency import run_in_threadpool

        words = (await run_in_threadpool(news, self._workbench)).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(words)).encode())]
        headers.append((b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": words})
