"""Give a model's name a voice: messages in, its words out as they come, a local server loaded, watched and restarted underneath."""

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

    from assistant.chain import Piece, Speak

_BEAT_S = 0.2
_LOAD_S = 300.0


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
    return lambda messages: _say(model, messages, settings)


def _say(model: BaseChatModel, messages: Sequence[Message], settings: Settings) -> Generator[Piece]:
    return pump(
        model,
        _as_langchain(messages),
        first_token_s=settings.first_token_s,
        idle_s=settings.idle_s,
        total_s=settings.total_s,
        beat_s=_BEAT_S,
    )


def _local_voice(
    name: ModelName, file: Path, *, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
) -> Speak:
    def speak(messages: Sequence[Message]) -> Generator[Piece]:
        server = servers.get(file)
        if server.ensure():
            yield Notice("The local model had stopped; it was started again.")
        for last_try in (False, True):
            yield from _loading(server)
            spoke = False
            try:
                model = chat_model(name, weights_path=weights_path, servers=servers)
                for piece in _say(model, messages, settings):
                    spoke = spoke or isinstance(piece, str | Usage)
                    yield piece
                return
            except ModelError as error:
                if server.state == "ready" and server.healthy():
                    raise
                # Dead or hanging: the next question finds it loaded again, and so does this one if nothing was said yet.
                server.restart(str(error))
                if spoke or last_try:
                    raise
                yield Notice("The local model stopped answering; it was restarted and is asked again.")

    return speak


def _loading(server: LocalServer) -> Generator[None]:
    """Yield heartbeats until the server is ready or has failed; ``chat_model`` then says why."""
    waited = 0.0
    while server.state == "loading" and waited < _LOAD_S:
        try:
            server.wait_ready(_BEAT_S)
        except ModelError:
            waited += _BEAT_S
            yield None


def _as_langchain(messages: Sequence[Message]) -> list[object]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[message.role](message.content) for message in messages]
