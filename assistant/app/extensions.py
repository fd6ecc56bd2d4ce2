"""What other packages add to the app: entry points of the group ``assistant.tabs`` come in, tabs leave.

The assistant imports no extension. An entry point names a function that takes the running workbench and returns a
``Tab``; the entry point's own name is the tab's, and its saved pages are served under ``/tabs/NAME/``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol
from urllib.parse import quote

from assistant.app.http import App, OwnHostOnly, Receive, Scope, Send
from assistant.workbench import Workbench

GROUP = "assistant.tabs"

logger = logging.getLogger(__name__)


class Feedback(Protocol):
    """What can be done about an answer that the user called poor."""

    label: str
    """Of the button by the answer. It carries ``data-action="feedback"`` and the answer's ``data-position``."""

    def build(self, conversation: Any) -> None:
        """Lay out what the button opens; called inside the conversation's pane, between the answers and the question.

        ``conversation`` is the Gradio component whose value is the open conversation's id. Catching the button's click
        is the part's own business.
        """


class Tab(Protocol):
    """A tab beside the conversation."""

    label: str
    feedback: Feedback | None
    """Also adds something to the conversation; None for a tab that does not."""

    def build(self, blocks: Any, tab: Any) -> None:
        """Lay out the tab; called once, inside ``with gr.Tab(label)``.

        ``blocks`` is the page (its ``load`` event: a user opened it) and ``tab`` the tab (its ``select`` event).
        """

    def page(self, name: str) -> bytes | None:
        """Return the saved HTML page of a name, None when there is none; called from any thread.

        It is shown as a document of its own that may run its inline script, but reaches neither the app nor a network.
        """

    def close(self) -> None:
        """End what the tab started; the app is closing."""


class TabMaker(Protocol):
    """What an entry point of the group names."""

    def __call__(self, workbench: Workbench) -> Tab:
        """Return the tab of one running app."""


@dataclass(frozen=True, slots=True)
class NamedTab:
    """A tab under its entry point's name."""

    name: str
    tab: Tab


@dataclass(frozen=True, slots=True)
class Extensions:
    """The tabs of one app."""

    tabs: tuple[NamedTab, ...] = ()
    left_out: tuple[str, ...] = ()
    """Why a tab is not there, a line each."""

    @property
    def feedback(self) -> Feedback | None:
        """The first tab's that has one."""
        return next((named.tab.feedback for named in self.tabs if named.tab.feedback is not None), None)

    def close(self) -> None:
        """Close every tab; one that fails does not keep the others open."""
        for named in self.tabs:
            try:
                named.tab.close()
            except Exception:
                logger.exception("The tab '%s' did not close", named.name)


NO_EXTENSIONS = Extensions()


def load_extensions(workbench: Workbench, *, group: str = GROUP) -> Extensions:
    """Return the tabs of every installed entry point, by name. One that fails is logged, left out, and named."""
    tabs: list[NamedTab] = []
    left_out: list[str] = []
    for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
        try:
            make: TabMaker = entry.load()
            tabs.append(NamedTab(entry.name, make(workbench)))
        # Foreign code, which may fail in any way; the app goes on without it.
        except Exception as failure:
            logger.exception("The tab '%s' (%s) is left out", entry.name, entry.value)
            reason = f"{type(failure).__name__}: {failure}" if str(failure) else type(failure).__name__
            left_out.append(f"the tab '{entry.name}' ({entry.value}) is left out: {reason}".splitlines()[0])
    return Extensions(tuple(tabs), tuple(left_out))


def page_address(tab: str, page: str) -> str:
    """Return where a tab's saved page is served, from the app's page, which may stand under a path."""
    return f"tabs/{quote(tab)}/{quote(page)}"


# "sandbox": an origin of its own, so that no cookie or storage is in reach and its requests are not the app's page's.
_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NAME = re.compile(r"[A-Za-z0-9_~+.-]+(?:/[A-Za-z0-9_~+.-]+)*")


class TabPages:
    """Serve the saved pages of tabs, and pass everything else on."""

    def __init__(self, app: App, tabs: Sequence[NamedTab], hosts: Container[object]) -> None:
        self._app = app
        self._tabs = {named.name: named.tab for named in tabs}
        self._own = OwnHostOnly(self._serve, hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what lies under ``/tabs/``."""
        ours = scope["type"] == "http" and scope["path"].startswith("/tabs/")
        await (self._own if ours else self._app)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of ASGI
        page = await self._page(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
        kind, body = (b"text/html", page) if page is not None else (b"text/plain", b"There is no such page.")
        headers = [
            (b"content-type", kind + b"; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", _POLICY.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        await send({"type": "http.response.start", "status": 404 if page is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _page(self, path: str) -> bytes | None:
        from starlette.concurrency import run_in_threadpool  # only a served app has it loaded already

        tab, _, name = path.removeprefix("/tabs/").partition("/")
        if tab not in self._tabs or not _NAME.fullmatch(name) or ".." in name.split("/"):
            return None
        return await run_in_threadpool(self._tabs[tab].page, name)
