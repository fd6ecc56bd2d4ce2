"""A model on a server enters; the tokens it holds leave, as its server tells, or None where it does not."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from assistant.models.context_window import ASSUMED_CONTEXT
from assistant.models.llm import ModelName, is_own_machine, key_of

_PATIENCE_S = 2.0
_OLLAMA = "http://127.0.0.1:11434"


def known_context(name: ModelName) -> int | None:
    """Return the tokens that a provider's model is said to hold: by its settings, else by its server; None for neither.

    Asked are servers at addresses of their own (llama.cpp, vLLM) and Ollama. It may take a few seconds.
    """
    entry = name.configured
    if entry is not None and entry.context is not None:
        return entry.context
    provider, _, model = name.value.partition(":")
    base_url = entry.base_url if entry else None
    if provider == "ollama":
        wanted = entry.options.get("num_ctx") if entry else None
        return wanted if isinstance(wanted, int) else _of_ollama(base_url or _ollama(), model)
    if provider == "openai":
        base_url = base_url or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
        if base_url:
            return _of_openai_like(base_url, model, key_of(name))
    return None


def _of_openai_like(base_url: str, model: str, key: str | None) -> int | None:
    """Ask llama.cpp (``/props``: what it allotted), then vLLM (``max_model_len`` of its list of models)."""
    root = base_url.rstrip("/").removesuffix("/v1")
    props = _asked("GET", f"{root}/props", key=key)
    if size := _whole(_inner(props, "default_generation_settings").get("n_ctx")):
        return size
    listed = _asked("GET", f"{base_url.rstrip('/')}/models", key=key).get("data")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("id") == model:
            return _whole(one.get("max_model_len"))
    return None


def _of_ollama(base_url: str, model: str) -> int | None:
    """Return what we then ask Ollama to allot: what the model's file says, else the usual, at most what it learned."""
    shown = _asked("POST", f"{base_url.rstrip('/')}/api/show", json={"model": model})
    learned = [_whole(value) for name, value in _inner(shown, "model_info").items() if name.endswith(".context_length")]
    own = re.search(r"^num_ctx\s+([0-9]+)", str(shown.get("parameters", "")), re.MULTILINE)
    sizes = [size for size in learned if size]
    return min([int(own[1]) if own else ASSUMED_CONTEXT, *sizes]) if own or sizes else None


def _asked(method: str, url: str, *, key: str | None = None, json: object = None) -> Mapping[str, Any]:
    """Return the JSON object that an address answers with, empty for anything else."""
    import httpx2  # a quarter of a second, and only for models on servers

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with (
        suppress(httpx2.HTTPError, httpx2.InvalidURL, ValueError),
        httpx2.Client(timeout=_PATIENCE_S, trust_env=not is_own_machine(url)) as client,
    ):
        answer = client.request(method, url, headers=headers, json=json)
        value = answer.json() if answer.is_success else {}
        return value if isinstance(value, dict) else {}
    return {}


def _ollama() -> str:
    host = os.environ.get("OLLAMA_HOST", "")
    return host if host.startswith(("http://", "https://")) else f"http://{host}" if host else _OLLAMA


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
