"""A model's name becomes a chat model: a local one on its server, a script, or any provider LangChain speaks."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.errors import UsageError
from assistant.local import LocalServers

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel

Kind = Literal["extractive", "local", "scripted", "provider"]


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model's name, taken apart."""

    kind: Kind
    value: str = ""
    """A catalogue name or the path of a GGUF file; a script's path; ``provider:model``; empty for extractive."""

    def __str__(self) -> str:
        """Return the name as DESIGN spells it, which ``parse_model_name`` reads back."""
        if self.kind in ("local", "scripted"):
            return f"{self.kind}:{self.value}"
        return self.value or self.kind

    @property
    def is_file(self) -> bool:
        """Return whether a local model is named by the path of its file rather than by a catalogue name."""
        return self.kind == "local" and _looks_like_a_path(self.value)


@dataclass(frozen=True, slots=True)
class _Provider:
    """Who serves models for ``name:``, and what it takes."""

    name: str
    package: str
    """The pip package; its module is spelled the same with underscores."""
    keys: tuple[str, ...] = ()
    """Environment variables one of which must hold a key; none where a key is not the only way in."""
    extra: str = ""
    """The extra of this project that installs it."""


_PROVIDERS = {
    provider.name: provider
    for provider in (
        _Provider("openai", "langchain-openai", ("OPENAI_API_KEY",)),
        _Provider("anthropic", "langchain-anthropic", ("ANTHROPIC_API_KEY",), extra="anthropic"),
        _Provider("google_genai", "langchain-google-genai", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), extra="google"),
        _Provider("ollama", "langchain-ollama", extra="ollama"),
        _Provider("azure_openai", "langchain-openai"),
        _Provider("bedrock_converse", "langchain-aws"),
        _Provider("cohere", "langchain-cohere", ("COHERE_API_KEY",)),
        _Provider("deepseek", "langchain-deepseek", ("DEEPSEEK_API_KEY",)),
        _Provider("fireworks", "langchain-fireworks", ("FIREWORKS_API_KEY",)),
        _Provider("google_vertexai", "langchain-google-vertexai"),
        _Provider("groq", "langchain-groq", ("GROQ_API_KEY",)),
        _Provider("litellm", "langchain-litellm"),
        _Provider("mistralai", "langchain-mistralai", ("MISTRAL_API_KEY",)),
        _Provider("nvidia", "langchain-nvidia-ai-endpoints"),
        _Provider("openrouter", "langchain-openrouter", ("OPENROUTER_API_KEY",)),
        _Provider("perplexity", "langchain-perplexity"),
        _Provider("together", "langchain-together", ("TOGETHER_API_KEY",)),
        _Provider("xai", "langchain-xai", ("XAI_API_KEY",)),
    )
}


def parse_model_name(name: str) -> ModelName:
    """Return the parts of a model's name; a catalogue name may stand without its ``local:``.

    UsageError names the known forms. Nothing is looked up on disk.
    """
    spelled = name.strip()
    if spelled == "extractive":
        return ModelName("extractive")
    head, colon, rest = spelled.partition(":")
    if colon and rest:
        if head == "scripted":
            return ModelName("scripted", rest)
        if head == "local" and (_looks_like_a_path(rest) or rest in _local_names()):
            return ModelName("local", rest)
        if head in _PROVIDERS:
            return ModelName("provider", spelled)
    if spelled in _local_names():
        return ModelName("local", spelled)
    raise UsageError(
        f"Unknown model '{name}'. Known: extractive; {', '.join(f'local:{known}' for known in _local_names())}; "
        f"local:/path/to/any.gguf; scripted:FILE; PROVIDER:MODEL, where PROVIDER is one of {', '.join(_PROVIDERS)}."
    )


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
    max_tokens: int = 300,
    seed: int = 0,
    load_s: float = 120,
) -> BaseChatModel:
    """Return the chat model of this name, at temperature 0.

    A local one waits up to ``load_s`` seconds for its server (start it earlier to show progress meanwhile); ask for the
    model again after a restart, because address and key are new. ``max_tokens`` limits the answers of local models, and
    of ``openai:`` and ``ollama:`` ones. Raises UsageError for what the user can mend, ModelError when the local server
    fails.
    """
    parsed = parse_model_name(name) if isinstance(name, str) else name
    if parsed.kind == "local":
        server = servers.get(model_file(parsed, weights_path))
        server.ensure()
        return _on_server(server.wait_ready(load_s), server.api_key, max_tokens=max_tokens, seed=seed)
    if parsed.kind == "scripted":
        from assistant.scripted import ScriptedChatModel  # imports langchain_core

        return ScriptedChatModel.from_file(Path(parsed.value).expanduser())
    if parsed.kind == "provider":
        return _of_provider(parsed.value, max_tokens=max_tokens, seed=seed)
    raise UsageError("'extractive' answers without a language model; choose another model for this.")


def _on_server(base_url: str, api_key: str, *, max_tokens: int, seed: int) -> BaseChatModel:
    """Return the client of a local server. No proxy, no retry: it is on loopback, and a failure is shown at once."""
    return _init(
        "openai:local",
        base_url=base_url,
        api_key=api_key,
        use_responses_api=False,
        stream_usage=True,
        max_retries=0,
        temperature=0,
        max_tokens=max_tokens,
        seed=seed,
        **_http_clients(trust_env=False),
    )


def _of_provider(spelled: str, *, max_tokens: int, seed: int) -> BaseChatModel:
    provider = _PROVIDERS[spelled.partition(":")[0]]
    if importlib.util.find_spec(provider.package.replace("-", "_")) is None:
        extra = f", or install this project with the extra '{provider.extra}'" if provider.extra else ""
        raise UsageError(f"'{spelled}' needs a package that is not installed: `pip install {provider.package}`{extra}.")
    options: dict[str, Any] = {"temperature": 0}
    elsewhere = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
    if provider.name == "openai":
        # The pump asks again itself: openai would sit out a Retry-After of two minutes.
        options |= {"stream_usage": True, "max_retries": 0, "max_tokens": max_tokens, "seed": seed}
        options |= _http_clients(trust_env=True)
        if elsewhere:
            # vLLM, llama-server, LM Studio: they speak chat completions, and many of them ask for no key.
            options |= {"base_url": elsewhere, "use_responses_api": False}
            options |= {} if os.environ.get("OPENAI_API_KEY") else {"api_key": "none"}
    if provider.name == "ollama":
        options |= _ollama_options(max_tokens=max_tokens, seed=seed)
    if provider.keys and not any(os.environ.get(key) for key in provider.keys) and "api_key" not in options:
        raise UsageError(f"'{spelled}' needs an API key: set the environment variable {' or '.join(provider.keys)}.")
    return _init(spelled, **options)


def _init(spelled: str, **options: Any) -> BaseChatModel:
    # Half a second to a second, and only for those who talk to a model.
    from langchain.chat_models import init_chat_model
    from openai import OpenAIError

    try:
        model: BaseChatModel = init_chat_model(spelled, **options)
    except (ValueError, ImportError, OpenAIError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UsageError(f"The model '{spelled}' cannot be set up: {reason}") from error
    return model


def _ollama_options(*, max_tokens: int, seed: int) -> dict[str, Any]:
    """Return what bounds an answer: on its own, ollama writes until its context is full, and waits for ever."""
    import httpx  # the client ollama itself uses

    clients = {"timeout": httpx.Timeout(120, connect=5), "limits": httpx.Limits(max_keepalive_connections=0)}
    return {"num_predict": max_tokens, "seed": seed, "client_kwargs": clients}


def _http_clients(*, trust_env: bool) -> dict[str, Any]:
    """Return clients that give up connecting after 5 s and close their connection after each reply.

    A kept connection would belong to one event loop and to one run of a server, and outlive both.
    """
    import httpx2  # the client openai itself uses

    settings: dict[str, Any] = {
        "timeout": httpx2.Timeout(120, connect=5),  # the pump's own limits are shorter; this one is the last resort
        "limits": httpx2.Limits(max_keepalive_connections=0),
        "trust_env": trust_env,
        "follow_redirects": True,
    }
    return {"http_client": httpx2.Client(**settings), "http_async_client": httpx2.AsyncClient(**settings)}


def _local_names() -> tuple[str, ...]:
    from assistant.catalogue import CATALOGUE

    return tuple(name for name, weights in CATALOGUE.items() if weights.kind == "chat")


def _looks_like_a_path(value: str) -> bool:
    return value.endswith(".gguf") or "/" in value or os.sep in value
