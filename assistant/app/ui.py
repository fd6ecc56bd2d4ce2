"""Serve the app: a workbench comes in, and its page is open in the browser on this machine until it is stopped."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from assistant.app.environment import check_environment
from assistant.app.extensions import NO_EXTENSIONS, Extensions, TabPages, load_extensions
from assistant.app.http import (
    ROOT,
    AnyHost,
    BodyLimit,
    NoFileData,
    NoFiles,
    OwnHostOnly,
    OwnHosts,
    OwnOriginOnly,
    StrictHeaders,
)
from assistant.app.news import TellNews
from assistant.app.pages import ShowPages
from assistant.app.password import VARIABLE, AskPassword, Password
from assistant.app.public import Public
from assistant.app.uploads import TakeUploads, Uploads
from assistant.errors import UsageError
from assistant.text import visible
from assistant.workbench import Workbench
from index.vectors.address import is_loopback

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGES = 500
"""Opened pages that are kept in mind, those closed long ago among them: a quarter of a megabyte each, and more."""


@dataclass(frozen=True, slots=True)
class RunningApp:
    """An app that is being served."""

    url: str
    blocks: Any
    extensions: Extensions = NO_EXTENSIONS
    uploads: Uploads = field(default_factory=Uploads)

    def stop(self) -> None:
        """End what tabs run, then the server, free its port, and forget the files that wait."""
        self.extensions.close()
        self.blocks.close(verbose=False)
        self.uploads.close()


def serve(
    workbench: Workbench,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = False,
    password: Password | None = None,
    unguarded: bool = False,
    public: Public | None = None,
) -> None:
    """Serve the app until Ctrl-C; print its address once, and the password where one was made."""
    app = start(
        workbench,
        host=host,
        port=port,
        open_browser=open_browser,
        password=password,
        unguarded=unguarded,
        public=public,
    )
    where = f"{app.url}, and for its users at {public.url}" if public else app.url
    try:
        for line in (*app.extensions.left_out, *_exposed(host, password, public)):
            print(f"assistant: {visible(line)}", file=sys.stderr)  # noqa: T201 likewise
        print(f"The app is open at {where} (Ctrl-C ends it)", flush=True)  # noqa: T201 the address is its one output
        if password:
            which = f"the password {password.text}" if password.made else f"the password in {VARIABLE}"
            print(f"To open it, type any user name and {which}", flush=True)  # noqa: T201 likewise
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        app.stop()


def _exposed(host: str, password: Password | None, public: Public | None) -> list[str]:
    """Return what the user should know of an address that others reach."""
    if is_loopback(host) and not public:
        return []
    if password is None:
        return ["the app asks for no password: anyone who reaches this address can ask, add and remove articles."]
    if is_loopback(host) and public and public.url.startswith("https:"):
        return []
    line = (
        "the app speaks plain http: others on the network can read everything, the password too. Outside a network you "
        "trust, put a proxy with TLS in front of it, or forward its port with ssh -L."
    )
    return [line]


def start(
    workbench: Workbench,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    open_browser: bool = False,
    extensions: Extensions | None = None,
    password: Password | None = None,
    unguarded: bool = False,
    public: Public | None = None,
) -> RunningApp:
    """Serve the app from a thread and return at once; port 0 takes a free one.

    ``extensions`` None takes the installed ones. ``password`` None asks for none, which must be told, ``unguarded``,
    where others can reach the address. ``public`` is where a proxy shows it. Raises UsageError when it is not, when the
    port is taken, or where the environment names no usable proxy or authorities.
    """
    if not (password or unguarded or (is_loopback(host) and not public)):
        raise UsageError(
            f"found no password for {host!r}, which others can reach; expected one. Set a password, or listen on "
            "127.0.0.1 without a proxy."
        )
    check_environment(os.environ)
    port = free_port(host, port)
    _keep_to_ourselves(host)
    from starlette.middleware import Middleware

    # After the environment is clean: Gradio reads its settings as it is imported, which takes seconds.
    from assistant.app import ui_page

    if extensions is None:
        extensions = load_extensions(workbench)
    uploads = Uploads()
    hosts = _hosts(host, password, public)
    blocks = ui_page.build(workbench, extensions, uploads)
    blocks.launch(
        server_name=_spelled(host),
        server_port=port,
        inbrowser=open_browser,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        show_error=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        num_workers=0,
        root_path=ROOT,
        allowed_paths=[],
        max_file_size="1kb",
        state_session_capacity=_PAGES,
        app_kwargs={
            "lifespan": _unshared,
            "middleware": [
                *([Middleware(AskPassword, password=password)] if password else []),
                # Before the headers of the app's own page: a saved page brings its own, stricter ones.
                Middleware(TabPages, tabs=extensions.tabs, hosts=hosts),
                Middleware(StrictHeaders, first=ui_page.asset("frames.js")),
                Middleware(OwnHostOnly, hosts=hosts),
                Middleware(OwnOriginOnly, public=public.origin if public else "", alone=is_loopback(host)),
                Middleware(NoFiles),
                Middleware(TakeUploads, uploads=uploads),
                Middleware(ShowPages, originals=workbench.shelf.originals),
                Middleware(TellNews, workbench=workbench),
                Middleware(BodyLimit),
                Middleware(NoFileData),
            ],
        },
        theme=ui_page.theme(),
        css=ui_page.asset("app.css"),
        favicon_path=str(files("assistant.app") / "assets" / "favicon.svg"),
    )
    if password:
        password.up = True
    return RunningApp(f"http://{_shown(host)}:{port}/", blocks, extensions, uploads)


@asynccontextmanager
async def _unshared(app: Any) -> AsyncIterator[None]:
    """Take out what Gradio puts before our guards: it lets other sites' pages read whatever is answered."""
    app.user_middleware = [one for one in app.user_middleware if one.cls.__name__ != "CustomCORSMiddleware"]
    app.middleware_stack = None  # it is made anew for the first request
    yield


def _hosts(host: str, password: Password | None, public: Public | None) -> Container[object]:
    """Return the hosts that requests may name."""
    if password:
        return AnyHost()
    shown = {public.host} if public else set()
    if is_loopback(host):
        return LOOPBACK | {host.lower()} | shown
    name = socket.gethostname()
    return OwnHosts(*LOOPBACK, host, name, f"{name}.local", socket.getfqdn(), *shown)


def _shown(host: str) -> str:
    """Return a host as an address spells it; where it listens on all, the one that others are likely to reach."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - where it listens was decided before
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which way it would go
                host = str(probe.getsockname()[0])
            except OSError:
                host = socket.gethostname()
    return _spelled(host)


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def free_port(host: str, port: int) -> int:
    """Return ``port`` if it can be bound on a ``host`` of this machine, a free one for 0; else raise UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as failure:
            raise UsageError(
                f"port {port} on {host} cannot be used ({failure}). Choose another one with --port."
            ) from failure
        return int(probe.getsockname()[1])


# Of Gradio, of the hub's own machines, of FastAPI's reports, and of uvicorn.
_SERVERS_OWN = ("GRADIO_", "SPACE", "FASTAPI_", "OTEL_", "UVICORN_", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


def _keep_to_ourselves(host: str) -> None:
    """Take the server's settings out of the environment: sharing, tools, paths and reports are not its to switch on."""
    for name in [name for name in os.environ if name.startswith(_SERVERS_OWN)]:
        del os.environ[name]
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Gradio asks its own server whether it is up; a proxy in the environment must not answer for it.
    for name in ("no_proxy", "NO_PROXY"):
        known = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join(dict.fromkeys([*known, "127.0.0.1", "localhost", "::1", host]))
