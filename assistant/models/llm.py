"""A model's name becomes a chat model: a local one on its server, a script, or any provider LangChain speaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from assistant.errors import UsageError
from assistant.models.configured import LOCAL, Configured
from assistant.models.context_window import ASSUMED_CONTEXT, LONGEST_ANSWER
from assistant.models.local import LocalServer, LocalServers
from assistant.models.model_errors import KEY_FROM
from assistant.models.providers import PROVIDERS
from assistant.redact import note_key, redacted
from index.vectors.address import is_loopback

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel

Kind = Literal["extractive", "local", "scripted", "provider"]


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model's name, taken apart."""

    kind: Kind
    value: str = ""
    """A catalogue name or the path of a GGUF file; a script's path; ``provider:model``; empty for extractive."""
    configured: Configured | None = None
    """What the home folder's file says of it, where it is named there."""

    def __str__(self) -> str:
        """Return the name as commands spell it, which ``parse_model_name`` reads back."""
        if self.configured is not None:
            return self.configured.name
        if self.kind in ("local", "scripted"):
            return f"{self.kind}:{self.value}"
        return self.value or self.kind

    @property
    def is_file(self) -> bool:
        """Return whether a local model is named by the path of its file rather than by a catalogue name."""
        return self.kind == "local" and _looks_like_a_path(self.value)


def parse_model_name(name: str, configured: Mapping[str, Configured] | None = None) -> ModelName:
    """Return the parts of a model's name; a catalogue name may stand without its ``local:``.

    ``configured`` are the models of the home folder's file, by name. UsageError names the known forms. Nothing is
    looked up on disk.
    """
    spelled = name.strip()
    if spelled == "extractive":
        return ModelName("extractive")
    if configured and (entry := configured.get(spelled)) is not None:
        return (
            ModelName("local", entry.model, entry)
            if entry.provider == LOCAL
            else ModelName("provider", entry.served, entry)
        )
    head, colon, rest = spelled.partition(":")
    if colon and rest:
        if head == "scripted":
            return ModelName("scripted", rest)
        if head == "local" and (_looks_like_a_path(rest) or rest in _local_names()):
            return ModelName("local", rest)
        if head in PROVIDERS:
            return ModelName("provider", spelled)
    if spelled in _local_names():
        return ModelName("local", spelled)
    own = f"{', '.join(configured)}; " if configured else ""
    raise UsageError(
        f"Unknown model '{name}'. Known: extractive; {own}{', '.join(f'local:{known}' for known in _local_names())}; "
        f"local:/path/to/any.gguf; scripted:FILE; PROVIDER:MODEL, where PROVIDER is one of {', '.join(PROVIDERS)}."
    )


def missing(name: ModelName) -> str:
    """Return what a provider's model lacks here, its package or its key, in one line; empty when nothing."""
    if name.kind != "provider":
        return ""
    provider = PROVIDERS[name.value.partition(":")[0]]
    if lacks := provider.missing_package():
        return f"'{name}' {lacks}"
    try:
        key = key_of(name)
    except UsageError as error:
        return str(error)
    if key is None and provider.keys and not any(os.environ.get(variable) for variable in provider.keys):
        return f"'{name}' needs an API key: set the environment variable {' or '.join(provider.keys)}."
    return ""


def server_of(name: ModelName, weights_path: Callable[[str], Path], servers: LocalServers) -> LocalServer:
    """Return the server of a local model, not necessarily started; UsageError when its file is not here."""
    return servers.get(model_file(name, weights_path), context=name.configured.context if name.configured else None)


def model_file(name: ModelName, weights_path: Callable[[str], Path]) -> Path:
    """Return the GGUF file of a local model; UsageError when there is none, with what to do."""
    path = Path(name.value).expanduser() if name.is_file else weights_path(name.value)
    if path.is_file():
        return path
    if name.is_file:
        raise UsageError(f"There is no model file {path}; give the path of a .gguf file.")
    raise UsageError(f"The weights of {name.value} are not here yet; run `assistant models pull {name.value}`.")


def chat_model(
    name: str | ModelName,
    *,
    weights_path: Callable[[str], Path],
    servers: LocalServers,
    max_tokens: int = LONGEST_ANSWER,
    context: int | None = None,
    seed: int = 0,
    load_s: float = 120,
) -> BaseChatModel:
    """Return the chat model of this name, at temperature 0 where its own options do not say otherwise.

    A local one waits up to ``load_s`` seconds for its server (start it earlier to show progress meanwhile); ask for the
    model again after a restart, because address and key are new. ``max_tokens`` limits the answers of local models, of
    ``openai:`` and of ``ollama:`` ones; the last are told to hold ``context`` tokens too: beyond what they hold they
    forget the beginning of a prompt, and do not say so. Raises UsageError for what the user can mend, ModelError when
    the local server fails.
    """
    parsed = parse_model_name(name) if isinstance(name, str) else name
    own = dict(parsed.configured.options) if parsed.configured else {}
    if parsed.kind == "local" or parsed.value.startswith(("openai:", "ollama:")):
        own.pop("max_tokens", None)  # who asks knows it, and what fits
    if parsed.kind == "local":
        server = server_of(parsed, weights_path, servers)
        server.ensure()
        return _on_server(server.wait_ready(load_s), server.api_key, max_tokens=max_tokens, seed=seed, own=own)
    if parsed.kind == "scripted":
        from assistant.models.scripted import ScriptedChatModel  # imports langchain_core

        return ScriptedChatModel.from_file(Path(parsed.value).expanduser())
    if parsed.kind == "provider":
        return _of_provider(parsed, own, max_tokens=max_tokens, context=context, seed=seed)
    raise UsageError("'extractive' has no language model; choose another model for this.")


def _on_server(
    base_url: str, api_key: str, *, max_tokens: int, seed: int, own: Mapping[str, Any] | None = None
) -> BaseChatModel:
    """Return the client of a local server. No proxy, no retry: it is on loopback, and a failure is shown at once."""
    options = {
        "base_url": base_url,
        "api_key": api_key,
        "use_responses_api": False,
        "stream_usage": True,
        "max_retries": 0,
        "temperature": 0,
        "max_tokens": max_tokens,
        "seed": seed,
        **_http_clients(trust_env=False),
    }
    return _init("local", "openai:local", options, own or {})


def _of_provider(
    name: ModelName, own: Mapping[str, Any], *, max_tokens: int, context: int | None, seed: int
) -> BaseChatModel:
    if lacks := missing(name):
        raise UsageError(lacks)
    provider = PROVIDERS[name.value.partition(":")[0]]
    base_url = name.configured.base_url if name.configured else None
    options: dict[str, Any] = {"temperature": 0}
    if provider.name == "openai":
        # The pump asks again itself: openai would sit out a Retry-After of two minutes.
        options |= {"stream_usage": True, "max_retries": 0, "max_tokens": max_tokens, "seed": seed}
        base_url = base_url or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
        options |= _http_clients(trust_env=not is_own_machine(base_url))
        # vLLM, llama-server, LM Studio: they speak chat completions.
        options |= {"use_responses_api": False} if base_url else {}
    if provider.name == "ollama":
        options |= _ollama_options(max_tokens=max_tokens, context=context or ASSUMED_CONTEXT, seed=seed)
    if base_url:
        options["base_url"] = base_url
    if (key := key_of(name)) is not None:
        options["api_key"] = key
    model = _init(str(name), name.value, options, own)
    if name.configured and name.configured.key_from:
        model.metadata = {KEY_FROM: name.configured.key_from}
    return model


_NO_KEY = "none"
"""Said to servers that ask for no key, to clients that want one."""


def key_of(name: ModelName) -> str | None:
    """Return the key to give to a provider's model; None for what its own environment variables hold.

    A server of one's own gets the key that is named for it, or none: never the provider's.
    """
    entry = name.configured
    key = entry.key() if entry else None
    if key is not None:
        note_key(key)
        return key
    if entry and entry.base_url and PROVIDERS[entry.provider].takes_key:
        return _NO_KEY
    for variable in PROVIDERS[name.value.partition(":")[0]].keys:
        note_key(os.environ.get(variable, ""))
    elsewhere = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
    is_openai = name.value.startswith("openai:")
    return _NO_KEY if is_openai and elsewhere and not os.environ.get("OPENAI_API_KEY") else None


def is_own_machine(base_url: str | None) -> bool:
    """Return whether an address is this machine's own, which no proxy leads to."""
    with suppress(ValueError):
        return is_loopback(urlsplit(base_url or "").hostname or "")
    return False


def _init(name: str, served: str, options: Mapping[str, Any], own: Mapping[str, Any]) -> BaseChatModel:
    """Return LangChain's model of ``provider:model``, a user's ``own`` options last.

    UsageError, without keys, says why there is none.
    """
    # Half a second to a second, and only for those who talk to a model.
    from langchain.chat_models import init_chat_model
    from openai import OpenAIError
    from pydantic import SecretStr

    provider, _, value = served.partition(":")
    try:
        model: BaseChatModel = init_chat_model(value, model_provider=provider, **options)
        for held in vars(model).values():
            if isinstance(held, SecretStr):
                note_key(held.get_secret_value())
        if own:
            _check_options(name, own, type(model))
            model = init_chat_model(value, model_provider=provider, **{**options, **own})
    except (ValueError, TypeError, ImportError, OpenAIError) as error:
        reason = redacted(" ".join(str(error).split()))[:300]
        raise UsageError(f"The model '{name}' cannot be set up: {reason}") from None
    return model


def _check_options(name: str, own: Mapping[str, Any], kind: type[BaseChatModel]) -> None:
    """Raise UsageError for an option that a provider's class does not know: it would fail at every question."""
    known = {*kind.model_fields, *(field.alias for field in kind.model_fields.values() if field.alias)}
    for option in own:
        if option not in known:
            raise UsageError(
                f"'{name}' has the option '{option}', which {kind.__name__} does not take. Put the server's own "
                "options under extra_body, if the provider has that."
            )


def _ollama_options(*, max_tokens: int, context: int, seed: int) -> dict[str, Any]:
    """Return what bounds an answer: on its own, ollama writes until its context is full, and waits for ever."""
    import httpx  # the client ollama itself uses

    clients = {"timeout": httpx.Timeout(120, connect=5), "limits": httpx.Limits(max_keepalive_connections=0)}
    return {"num_predict": max_tokens, "num_ctx": context, "seed": seed, "client_kwargs": clients}


def _http_clients(*, trust_env: bool) -> dict[str, Any]:
    """Return clients that give up connecting after 5 s and close their connection after each reply.

    A kept connection would belong to one event loop and to one run of a server, and outlive both.
    """
    import httpx2  # the client openai itself uses

    # The pump's own limits are shorter; this one is the last resort. LangChain would hand openai no limit at all.
    timeout = httpx2.Timeout(120, connect=5)
    settings: dict[str, Any] = {
        "timeout": timeout,
        "limits": httpx2.Limits(max_keepalive_connections=0),
        "trust_env": trust_env,
        "follow_redirects": True,
    }
    clients = {"http_client": httpx2.Client(**settings), "http_async_client": httpx2.AsyncClient(**settings)}
    return {"timeout": timeout, **clients}


def _local_names() -> tuple[str, ...]:
    from assistant.models.catalogue import CATALOGUE

    return tuple(name for name, weights in CATALOGUE.items() if weights.kind == "chat")


def _looks_like_a_path(value: str) -> bool:
    return value.endswith(".gguf") or "/" in value or os.sep in value
