"""Guard the app's HTTP: requests come in, and only those of its own page go on; replies leave with strict headers.

Plain ASGI, because the server streams: nothing here waits for the end of a reply, except for the one HTML page.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Container, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 1024 * 1024
"""Most bytes of a request body: a question has at most 4,000 characters, so a megabyte is already generous."""

BODY_S = 60.0
"""Seconds for a body to come whole."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def content_security_policy(nonce: str) -> str:
    """Return the policy of a page whose script tags carry ``nonce``.

    Inline handlers and foreign scripts, images, forms and connections are refused. Two allowances are Gradio's:
    it compiles its constant HTML template with ``Function`` ('unsafe-eval') and writes styles into the page.
    """
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "media-src 'self'",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "frame-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def header(scope: Scope, name: bytes) -> str | None:
    """Return a header of a request by its name in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


async def refuse(send: Send, status: int, reason: str, *more: tuple[bytes, bytes]) -> None:
    """Answer with a status and one line that says why; ``more`` are headers."""
    body = reason.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class OwnHostOnly:
    """Refuse requests that name another host: a page elsewhere cannot reach the app through a rebound name.

    ``hosts`` are in lower case.
    """

    def __init__(self, app: App, hosts: Container[object]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what names one of our hosts; answer anything else with 400."""
        if scope["type"] == "http" and _host_name(header(scope, b"host") or "") not in self._hosts:
            await refuse(send, 400, "This app answers only under the address it printed at its start.")
            return
        await self._app(scope, receive, send)


class AnyHost(Container[object]):
    """Every host: what asks for a password is told apart by that, and a page elsewhere does not have it."""

    def __contains__(self, host: object) -> bool:
        """Tell that it may be asked for."""
        return True


class OwnHosts(Container[object]):
    """Names of this machine, and every address: a rebound name is neither."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(name.lower() for name in names)

    def __contains__(self, host: object) -> bool:
        """Tell whether a request's host is a name or an address."""
        return host in self._names or (isinstance(host, str) and _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _host_name(authority: str) -> str | None:
    """Return the host of ``host[:port]`` in lower case, None when it is not one."""
    try:
        return urlsplit(f"//{authority}").hostname
    except ValueError:
        return None


class OwnOriginOnly:
    """Refuse state-changing requests that another site's page sends with the reader's browser."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a POST (or any unsafe method) whose Origin is not the host it is sent to."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not _is_own(scope):
            await refuse(send, 403, "This request came from another site's page.")
            return
        await self._app(scope, receive, send)


def _is_own(scope: Scope) -> bool:
    """Tell whether a request comes from our page; programs that are no browser send neither header."""
    if header(scope, b"sec-fetch-site") in {"cross-site", "same-site"}:
        return False
    origin = header(scope, b"origin")
    return origin is None or origin.lower() == f"{scope.get('scheme', 'http')}://{header(scope, b'host')}".lower()


class OwnReadersOnly:
    """Refuse what another site's page asks for so that it could read the reply: beyond loopback Gradio lets every one.

    Its link to the app still leads there: for that a browser names no origin.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to what names another origin, whatever the method."""
        if scope["type"] == "http" and header(scope, b"origin") is not None and not _is_own(scope):
            await refuse(send, 403, "This request came from another site's page.")
            return
        await self._app(scope, receive, send)


# Ours takes no file in this way, and hands none out; nor does it stream media, relay, or let a page edit its code.
_CLOSED = re.compile(
    r"(?:/gradio_api)?/(?:upload|file|proxy|stream|process_recording|component_server|custom_component|deep_link|vibe-|"
    r"undo-vibe|run-history|runs|profiling|dev/)"
)


class NoFiles:
    """Answer 404 for those of Gradio's routes that take in, hand out or relay files: the app has no use for any."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what asks for none of them."""
        if scope["type"] == "http" and _CLOSED.match(re.sub("/+", "/", scope["path"])):
            await refuse(send, 404, "There is nothing here.")
            return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuse request bodies over a limit, declared or not, and endless ones, before the app sees any of them."""

    def __init__(self, app: App, limit: int = BODY_LIMIT, within_s: float = BODY_S) -> None:
        self._app = app
        self._limit = limit
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, at most ``limit`` bytes, then hand it on whole; answer 413 to more, 408 to a slow one."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within_s):
                body = await self._read(scope, receive)
        except TimeoutError:
            await refuse(send, 408, f"The request was not whole after {self._within_s:g} s.", (b"connection", b"close"))
            return
        if body is None:
            await refuse(send, 413, f"The request is larger than {self._limit} bytes.")
            return
        first = True

        async def replay() -> Message:
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = header(scope, b"content-length") or ""
        if declared.isdecimal() and int(declared) > self._limit:
            return None
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._limit:
                return None
            if message["type"] != "http.request" or not message.get("more_body", False):
                return bytes(body)


class NoFileData:
    """Refuse bodies that name a file as Gradio does: it would open it, or fetch it from wherever it is said to be.

    It stands behind the limit of the size, which hands on a body whole.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what names none; answer 400 to the others."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        first: Message | None = await receive()
        if first and _names_file(first.get("body", b"")):
            await refuse(send, 400, "No file is taken in this way.")
            return

        async def replay() -> Message:
            nonlocal first
            message, first = first, None
            return message or await receive()

        await self._app(scope, replay, send)


class _FileNamedError(Exception):
    """A JSON object names a file."""


def _names_file(body: bytes) -> bool:
    def look(found: dict[str, Any]) -> dict[str, Any]:
        if {"path", "meta"} <= found.keys():
            raise _FileNamedError
        return found

    try:
        json.loads(body, object_hook=look)
    except _FileNamedError:
        return True
    except (ValueError, RecursionError):  # Gradio reads it no better
        return False
    return False


_SCRIPT_TAG = re.compile(rb"<script(?=[\s>])")


class StrictHeaders:
    """Send every reply with the content policy and its companions; give the page's own scripts their nonce.

    The nonce goes to script tags of the served HTML alone. That page holds nothing from articles, models or readers:
    those arrive later as data, so no text of theirs can ever carry a nonce. ``first`` is a script of ours that runs
    before the page's own.
    """

    def __init__(self, app: App, first: str = "") -> None:
        self._app = app
        self._head = f"<head><script>{first}</script>".encode() if first else b"<head>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers; hold back only HTML, to write the nonce into it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        start: Message | None = None
        page = bytearray()

        async def strict_send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                message = {**message, "headers": _strict(message["headers"], nonce)}
                if _is_html(message["headers"]):
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                page.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                whole = bytes(page).replace(b"<head>", self._head, 1)
                whole = _SCRIPT_TAG.sub(b'<script nonce="' + nonce.encode() + b'"', whole)
                await send({**start, "headers": _with_length(start["headers"], len(whole))})
                message = {"type": "http.response.body", "body": whole}
            await send(message)

        await self._app(scope, receive, strict_send)


Headers = list[tuple[bytes, bytes]]


def _strict(headers: Iterable[tuple[bytes, bytes]], nonce: str) -> Headers:
    ours: Headers = [
        (b"content-security-policy", content_security_policy(nonce).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]
    names = {name for name, _ in ours}
    return [(name, value) for name, value in headers if name.lower() not in names] + ours


def _is_html(headers: Headers) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)


def _with_length(headers: Headers, length: int) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]
