"""A model's name becomes a voice: messages in, words out as they come, over a server that is started and revived."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import ModelError
from assistant.llm import ModelName, chat_model, model_file
from assistant.local import LocalServer, LocalServers
from assistant.pump import Usage, pump
from assistant.settings import Settings
from assistant.types import Notice
from prompts import Message

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from assistant.chain import Piece, Speak

_BEAT_S = 0.2
_LOAD_S = 300.0
_RETRIES = 2


def voice(
    name: ModelName, *, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
) -> Speak | None:
    """Return the voice of a model, None for ``extractive``. Nothing is loaded until it speaks.

    Raises UsageError at once when the model's file, package or key is missing.
    """
    if name.kind == "extractive":
        return None
    if name.kind == "local":
        file = model_file(name, weights_path)
        return _local_voice(name, file, weights_path=weights_path, servers=servers, settings=settings)
    model = chat_model(name, weights_path=weights_path, servers=servers)
    # Where the provider's own client asks again by itself, twice is enough.
    retries = 0 if name.kind == "scripted" or getattr(model, "max_retries", None) else _RETRIES
    return lambda messages: _say(model, messages, settings, retries=retries)


def _say(
    model: BaseChatModel, messages: Sequence[Message], settings: Settings, *, retries: int = 0
) -> Generator[Piece]:
    return pump(
        model,
        _as_langchain(messages),
        first_token_s=settings.first_token_s,
        idle_s=settings.idle_s,
        total_s=settings.total_s,
        beat_s=_BEAT_S,
        retries=retries,
    )


def _local_voice(
    name: ModelName, file: Path, *, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
) -> Speak:
    def say(messages: Sequence[Message]) -> Generator[Piece]:
        # Address and key are new after every restart, so the client is too.
        model = chat_model(name, weights_path=weights_path, servers=servers)
        yield from _say(model, messages, settings)

    def speak(messages: Sequence[Message]) -> Generator[Piece]:
        server = servers.get(file)
        died = server.ensure()
        yield from _loading(server)
        if died:
            yield Notice("The local model had stopped; it was started again.")
        spoke = False
        try:
            for piece in say(messages):
                spoke = spoke or isinstance(piece, str | Usage)
                yield piece
        except ModelError as error:
            if server.state == "ready" and server.healthy():
                raise
            # Dead or hanging: the next question finds it loading again, and so does this one if nothing was said yet.
            # One that is stopped had to make room for another model, and is no longer ours to start.
            if server.state != "stopped":
                server.restart(str(error))
            if spoke:
                raise
        else:
            return
        yield Notice("The local model stopped answering; it was restarted and is asked again.")
        server = servers.get(file)
        server.ensure()
        yield from _loading(server)
        yield from say(messages)

    return speak


def _loading(server: LocalServer) -> Generator[None]:
    """Yield heartbeats until the server is ready; raise ModelError when it cannot load: a second try would not help."""
    waited = 0.0
    while server.state == "loading":
        try:
            server.wait_ready(_BEAT_S)
        except ModelError:
            if waited > _LOAD_S:
                raise ModelError(
                    f"The local model {server.model_path.name} has been loading for {_LOAD_S:.0f} s. "
                    "Choose a smaller model, or ask again later."
                ) from None
            waited += _BEAT_S
            yield None
    server.wait_ready(0)


def _as_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](content=message.content) for message in messages]
