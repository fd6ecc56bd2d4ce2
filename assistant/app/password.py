"""Beyond this machine the app asks for a password: an address to listen on comes in, and a guard for every request.

HTTP Basic authentication (RFC 7617), because it stands before everything that is served, whoever serves it: the page,
its events, uploads, the pages of tabs. The user name may be any. One password is one household: whoever has it may ask,
add and remove.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import secrets
import unicodedata
from dataclasses import dataclass

from assistant.app.http import App, Receive, Scope, Send, header, refuse
from assistant.errors import UsageError
from assistant.redact import note_key
from index.vectors.address import is_loopback

logger = logging.getLogger(__name__)

VARIABLE = "ASSISTANT_PASSWORD"
SHORTEST = 12
"""Characters of a password of the user's own."""
# Together: eight guesses a second at most, from however many machines, and nobody who knows it ever waits.
_WRONG_S = 1.0
_AT_ONCE = 8

_CHALLENGE = (b"www-authenticate", b'Basic realm="Article Assistant", charset="UTF-8"')
# Gradio asks itself for this once, before it says that it is up.
_STARTING = "/gradio_api/startup-events"


@dataclass(slots=True)
class Password:
    """What an app asks for, and whether it is up."""

    text: str
    made: bool
    """Made for this run, so that its user has to be told."""
    up: bool = False
    """Until the app is up it may ask itself whether it is."""


def password_for(host: str, *, own: str | None, wanted: bool = True, shown: bool = False) -> Password | None:
    """Return the password for an app that listens on ``host``, None where it asks for none.

    ``own`` is the user's, asked for on loopback too; where there is none and others reach the address, or are ``shown``
    it by a proxy, one is made. Raises UsageError where it is too short to stand against guesses.
    """
    if not wanted or not (own or shown or not is_loopback(host)):
        return None
    if own and len(own) < SHORTEST:
        raise UsageError(
            f"the password in {VARIABLE} has {len(own)} characters; expected at least {SHORTEST}. Set a longer one, "
            "or unset it to have one made."
        )
    password = Password(own or secrets.token_urlsafe(15), made=not own)
    note_key(password.text)
    return password


class AskPassword:
    """Answer 401 to whatever comes without the password, before anything else sees it."""

    def __init__(self, app: App, password: Password) -> None:
        self._app = app
        self._password = password
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what brings the password. A wrong one is answered slowly, and few of them at once."""
        if scope["type"] == "lifespan" or self._is_its_own(scope):
            await self._app(scope, receive, send)
            return
        given = _given(header(scope, b"authorization") or "")
        if given is not None and hmac.compare_digest(given, _bytes(self._password.text)):
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif given is None:
            await refuse(send, 401, "This app asks for a password.", _CHALLENGE)
        elif self._waiting >= _AT_ONCE:
            await refuse(send, 429, "Too many wrong passwords at once. Try again in a moment.", (b"retry-after", b"2"))
        else:
            await self._refuse_slowly(scope, send)

    async def _refuse_slowly(self, scope: Scope, send: Send) -> None:
        logger.warning("a wrong password came from %s", (scope.get("client") or ("nobody knows where",))[0])
        self._waiting += 1
        try:
            await asyncio.sleep(_WRONG_S)
        finally:
            self._waiting -= 1
        await refuse(send, 401, "This is not the password.", _CHALLENGE)

    def _is_its_own(self, scope: Scope) -> bool:
        return not self._password.up and scope["type"] == "http" and scope["path"] == _STARTING


def _given(authorization: str) -> bytes | None:
    """Return the password of an Authorization header; None where it brings none that can be read."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    _, colon, password = decoded.partition(":")
    return _bytes(password) if colon else None


def _bytes(password: str) -> bytes:
    """Return a password as it is compared: one spelling of what looks the same, whichever keyboard it came from."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
