"""Guard the app's HTTP: requests come in, and only those of its own page go on; replies leave with strict headers.

Plain ASGI, because the server streams: nothing here waits for the end of a reply, except for the one HTML page.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Container, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
"""Most bytes of a request body: a question has at most 4,000 characters, so a megabyte is already generous."""

BODY_S = 60.0
"""Seconds for a body to come whole."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

ROOT = "http://here.invalid"
"""Where Gradio is told that it stands. In the page a dot takes its place: the folder that the user's browser opened,
whatever proxies stand between, is the right one."""


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
            await refuse(send, 400, "This app answers only under the address it printed at its start, or --public-url.")
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
    """Refuse state-changing requests that another site's page sends with the user's browser.

    ``public`` is the origin under which a proxy shows the app, "" where none was told. ``alone`` says that only this
    machine reaches the app: then X-Forwarded-Host is a proxy's word. A page elsewhere cannot send one: its browser asks
    for leave first, and nothing here gives it.
    """

    def __init__(self, app: App, public: str = "", *, alone: bool = False) -> None:
        self._app = app
        self._public = public
        self._alone = alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a POST (or any unsafe method) whose Origin is not where it was sent to."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._is_own(scope):
            line = _foreign(scope)
            logger.warning("%s", line)
            await refuse(send, 403, line)
            return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        """Tell whether a request comes from our page; programs that are no browser send neither header."""
        site, page = header(scope, b"sec-fetch-site"), header(scope, b"origin")
        if site in _ELSEWHERE:
            return False
        # The browser's own word, by the address that it opened; over plain http to another machine it gives none.
        return page is None or site == "same-origin" or page.lower() in self._ours(scope)

    def _ours(self, scope: Scope) -> set[str]:
        ours = {_sent_to(scope), self._public or _sent_to(scope)}
        if self._alone and (host := _first(scope, b"x-forwarded-host")):
            ours.add(origin_of(_first(scope, b"x-forwarded-proto") or scope.get("scheme", "http"), host))
        return ours


_ELSEWHERE = frozenset({"cross-site", "same-site"})
_PORTS = {"http": ":80", "https": ":443"}


def origin_of(scheme: str, authority: str) -> str:
    """Return the origin of ``scheme://host[:port]`` as browsers spell it: without the port that the scheme implies."""
    return f"{scheme}://{authority.removesuffix(_PORTS.get(scheme, ''))}".lower()


def _sent_to(scope: Scope) -> str:
    return origin_of(scope.get("scheme", "http"), header(scope, b"host") or "")


def _first(scope: Scope, name: bytes) -> str:
    """Return the first value of a header that every proxy on the way may have added to; "" where there is none."""
    return (header(scope, name) or "").split(",")[0].strip()


def _foreign(scope: Scope) -> str:
    """Say whose page sent a request and to which address; and what a proxy between them, if it was one, left out."""
    page, ours = header(scope, b"origin") or "another site", _sent_to(scope)
    line = f"Found a page of {page} sending this to {ours}; expected one of the same address."
    scheme, _, authority = page.partition("://")
    if header(scope, b"sec-fetch-site") in _ELSEWHERE or scheme not in _PORTS:
        return line
    lost = [] if ours.endswith(f"://{authority}") else [f"“Host: {authority}”"]
    lost += [] if ours.startswith(f"{scheme}:") else [f"“X-Forwarded-Proto: {scheme}”"]
    return f"{line} If a proxy stands between, have it send {' and '.join(lost)}, or start with --public-url {page}."


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
            await refuse(
                send, 408, f"The request was not complete after {self._within_s:g} s.", (b"connection", b"close")
            )
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

    The nonce goes to script tags of the served HTML alone. That page holds nothing from articles, models or users:
    those arrive later as data, so no text of theirs can ever carry a nonce. ``first`` is a script of ours that runs
    before the page's own.
    """

    def __init__(self, app: App, first: str = "") -> None:
        self._app = app
        # Without the link browsers look for an icon at the root of the site, which under a path is not ours.
        self._head = (
            f'<head><link rel="icon" href="favicon.ico"><script>{first}</script>'.encode() if first else b"<head>"
        )

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
                message = {**message, "headers": _strict(list(message["headers"]), nonce)}
                if _is(b"text/html", message["headers"]):
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                page.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                whole = bytes(page).replace(b"<head>", self._head, 1).replace(ROOT.encode(), b".")
                whole = _SCRIPT_TAG.sub(b'<script nonce="' + nonce.encode() + b'"', whole)
                await send({**start, "headers": _with_length(start["headers"], len(whole))})
                message = {"type": "http.response.body", "body": whole}
            await send(message)

        await self._app(scope, receive, strict_send)


Headers = list[tuple[bytes, bytes]]


def _strict(headers: Headers, nonce: str) -> Headers:
    ours: Headers = [
        (b"content-security-policy", content_security_policy(nonce).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]
    if _is(b"text/event-stream", headers):
        ours.append((b"x-accel-buffering", b"no"))  # nginx would hold a stream back until it has a page of it
    names = {name for name, _ in ours}
    return [(name, value) for name, value in headers if name.lower() not in names] + ours


def _is(kind: bytes, headers: Headers) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(kind) for name, value in headers)


def _with_length(headers: Headers, length: int) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]
