"""Whatever a provider's library raised becomes one plain line for the person who asked.

Nothing is imported from any provider: the facts (HTTP status, headers, causes) are looked for on the error itself.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import ContextTooLongError, ModelError
from assistant.redact import redacted

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel

KEY_FROM = "key_from"
"""Under this name a model's metadata says where its key comes from, where a user chose that."""

_TOO_LONG = (
    "exceed_context_size",  # llama.cpp
    "context_length_exceeded",  # OpenAI
    "maximum context length",  # vLLM and others that follow OpenAI's words
    "prompt is too long",  # Anthropic
)
_BROKEN_REPLY = (json.JSONDecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, AttributeError, ValueError)
_BROKEN_LINK = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
_LONGEST_PAUSE_S = 10.0
"""A user waits this long for a busy server; for a longer pause they are told to come back."""


def explain(error: Exception, model: BaseChatModel) -> ModelError:
    """Return the error to show in place of ``error``: who failed, how, and what can be done, in one line."""
    causes = list(_causes(error))
    who = _server(model)
    said = f"{error} {getattr(error, 'body', '')}"
    if any(mark in said for mark in _TOO_LONG):
        return ContextTooLongError(f"The question and its passages are longer than {who} can hold{_sizes(error)}.")
    if (status := _status(error)) is not None:
        return ModelError(_by_status(status, error, who, model))
    return ModelError(_by_cause(error, causes, who))


def pause_before_retry(error: Exception, attempt: int) -> float | None:
    """Return the seconds to wait before asking again, None where that is no use; ``attempt`` counts from 0.

    Only a server that is busy or failing is worth it (429, 5xx). Its own Retry-After is kept to, but not a long one.
    """
    status = _status(error)
    if status is None or (status != 429 and status < 500):
        return None
    jitter = random.random() / 4  # noqa: S311  so that many who were refused together do not come back together
    asked = _retry_after(error)
    if asked is not None:
        return asked + jitter if asked <= _LONGEST_PAUSE_S else None
    return 0.5 * 2.0**attempt * (1 + jitter)


def _by_status(status: int, error: Exception, who: str, model: BaseChatModel) -> str:
    """Say what an HTTP status means; a server's own words are shown only where they help and hold no key."""
    if status in (401, 403):
        names = (model.metadata or {}).get(KEY_FROM) or " or ".join(sorted(model.lc_secrets.values()))
        return f"{_capital(who)} refused the API key ({status}); check {names or 'the key'}."
    if status == 404:
        name = getattr(model, "model_name", None) or getattr(model, "model", None)
        return f"{_capital(who)} does not know the model {name!r} (404); check its name and the server's address."
    if status == 429:
        return f"{_capital(who)} takes no more requests for now (429); {_when(error)}."
    if status >= 500:
        return f"{_capital(who)} failed ({status}); try again in a moment."
    return f"{_capital(who)} refused the request ({status}): {_line(error)}"


def _by_cause(error: Exception, causes: list[BaseException], who: str) -> str:
    """Say what went wrong below HTTP, or in the reply itself."""
    names = " ".join(type(cause).__name__ for cause in causes)
    if _any(causes, socket.gaierror):
        return f"{_capital(who)} cannot be found: its name does not resolve. Check the address and the network."
    if _any(causes, ConnectionRefusedError):
        return f"{_capital(who)} refused the connection; is it running?"
    if _any(causes, TimeoutError) or "Timeout" in names:
        return f"{_capital(who)} did not answer in time."
    if _any(causes, *_BROKEN_LINK) or "ProtocolError" in names or "ReadError" in names:
        return f"{_capital(who)} closed the connection before the answer was complete."
    if "Connect" in names:
        return f"{_capital(who)} cannot be reached: {_line(causes[-1])}"
    if isinstance(error, _BROKEN_REPLY):
        return f"{_capital(who)} sent something that is not a chat completion; check the server's address."
    return f"{_capital(who)} reported an error: {_line(error)}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything behind it, outermost first; members of a group count as causes."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        behind = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        waiting.extend(cause for cause in (*behind, current.__cause__, current.__context__) if cause is not None)


def _any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _status(error: Exception) -> int | None:
    """Return the HTTP status an error carries, under any of the names the providers' libraries give it."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "code")):
        value = getattr(holder, name, None)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _retry_after(error: Exception) -> float | None:
    """Return the seconds a server asks to wait, None where it does not say: given as a number, or as a date."""
    responses: list[Any] = [getattr(cause, "response", None) for cause in _causes(error)]
    waits = [one.headers.get("retry-after") for one in responses if hasattr(one, "headers")]
    wait = next((wait for wait in waits if wait), "")
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", wait):
        return float(wait)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        until = parsedate_to_datetime(wait)
        return max(0.0, round((until - datetime.now(UTC)).total_seconds()))
    return None


def _when(error: Exception) -> str:
    wait = _retry_after(error)
    return "try again later, or check the account's quota" if wait is None else f"try again in {wait:g} s"


def _sizes(error: Exception) -> str:
    """Return the two numbers llama.cpp gives with its error, in words, where they are there."""
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict) and {"n_prompt_tokens", "n_ctx"} <= body.keys():
        return f" ({body['n_prompt_tokens']} tokens; it holds {body['n_ctx']})"
    return ""


def _server(model: BaseChatModel) -> str:
    """Name the other side: the host and port where known, never user names, keys or paths."""
    client: Any = getattr(model, "root_async_client", None)  # openai's
    client = client or getattr(getattr(model, "_async_client", None), "_client", None)  # ollama's
    address = getattr(client, "base_url", None) or getattr(model, "base_url", None)
    with contextlib.suppress(ValueError):
        parts = urlsplit(str(address or ""))
        if parts.hostname:
            return f"the model's server at {parts.hostname}{f':{parts.port}' if parts.port else ''}"
    return "the model's server"


def _line(error: BaseException, limit: int = 200) -> str:
    """Return an error's own words in one short line."""
    said = getattr(error, "error", None)  # ollama adds a status of its own to the rest
    text = redacted(" ".join((said if isinstance(said, str) else str(error)).split())) or type(error).__name__
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
