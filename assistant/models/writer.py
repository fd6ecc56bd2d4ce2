"""A model's name becomes a writer: messages in, words out as they come, over a server that is started and revived."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import wait
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import ModelError
from assistant.models.context_window import ASSUMED_CONTEXT, LONGEST_ANSWER, ContextWindow, estimate
from assistant.models.llm import ModelName, chat_model, model_file, server_of
from assistant.models.local import LocalServer, LocalServers
from assistant.models.pump import UnawaitedThreads, Usage, pump
from assistant.models.served import known_context
from assistant.settings import Settings
from assistant.types import Notice
from prompts import Message

if TYPE_CHECKING:  # langchain_core takes half a second to import
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    Piece = str | Usage | Notice | None
    """Text as it arrives, None four times a second, notices, and last the tokens used."""

_BEAT_S = 0.2
_LOAD_S = 300.0
_PATIENCE = 5
"""Times as long as a server elsewhere is waited for: ours is looked after, and slow only where its machine is busy."""
_RETRIES = 2
_SIZE_S = 5.0
"""For a server to say how much its model holds."""


def writer_of(
    name: ModelName, *, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
) -> Writer | None:
    """Return the writer of a model, None for ``extractive``. Nothing is loaded until it speaks.

    Raises UsageError at once when the model's file, package or key is missing.
    """
    if name.kind == "extractive":
        return None
    if name.kind == "local":
        model_file(name, weights_path)
        return _LocalVoice(name, weights_path, servers, settings)
    return _HostedVoice(name, weights_path, servers, settings)


class Writer(ABC):
    """One model: messages in; out come text as it arrives, heartbeats, notices, and last the tokens used."""

    def __init__(
        self, name: ModelName, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
    ) -> None:
        self._name, self._weights_path, self._servers, self._settings = name, weights_path, servers, settings
        options = name.configured.options if name.configured else {}
        self._longest = int(options.get("max_tokens", LONGEST_ANSWER))

    @abstractmethod
    def __call__(self, messages: Sequence[Message]) -> Generator[Piece]:
        """Yield the reply; closing the generator stops the model."""

    @abstractmethod
    def window(self) -> Generator[Notice | None, None, ContextWindow]:
        """Return how much the model holds, with heartbeats until that is known; raise ModelError when it cannot be."""

    def _model(self, window: ContextWindow) -> BaseChatModel:
        return chat_model(
            self._name,
            weights_path=self._weights_path,
            servers=self._servers,
            max_tokens=window.answer,
            context=window.context,
        )

    def _say(self, model: BaseChatModel, messages: Sequence[Message], patience: int = 1) -> Generator[Piece]:
        # Where the provider's own client asks again by itself, that is enough.
        asks_again = self._name.kind != "provider" or getattr(model, "max_retries", None)
        return pump(
            model,
            _as_langchain(messages),
            first_token_s=self._settings.first_token_s * patience,
            idle_s=self._settings.idle_s * patience,
            total_s=self._settings.total_s * patience,
            beat_s=_BEAT_S,
            retries=0 if asks_again else _RETRIES,
        )


class _HostedVoice(Writer):
    """A model somewhere else, or a script. Its server is asked once how much it holds, and again after an error."""

    def __init__(
        self, name: ModelName, weights_path: Callable[[str], Path], servers: LocalServers, settings: Settings
    ) -> None:
        super().__init__(name, weights_path, servers, settings)
        self._window = ContextWindow(longest=self._longest)
        self._is_known = name.kind == "scripted"
        self._client: BaseChatModel | None = self._model(self._window)

    def window(self) -> Generator[Notice | None, None, ContextWindow]:
        if not self._is_known:
            asking = UnawaitedThreads().submit(known_context, self._name)
            give_up = time.monotonic() + _SIZE_S
            while not wait([asking], _BEAT_S).done:
                if time.monotonic() > give_up:  # its name may be looked up for half a minute: whoever asks it will say
                    return self._window
                yield None
            window = ContextWindow(asking.result() or ASSUMED_CONTEXT, self._longest)
            if window != self._window:
                self._window, self._client = window, None
            self._is_known = True
        return self._window

    def __call__(self, messages: Sequence[Message]) -> Generator[Piece]:
        client = self._client = self._client or self._model(self._window)
        try:
            yield from self._say(client, messages)
        except ModelError:
            # The server may come back with another size, and a key be mended meanwhile. A script would begin again.
            if self._name.kind != "scripted":
                self._is_known, self._client = False, None
            raise


class _LocalVoice(Writer):
    """A model on a server of ours, which is started when first needed, watched, and revived."""

    def window(self) -> Generator[Notice | None, None, ContextWindow]:
        server = self._server()
        yield from _ready(server)
        return self._room_of(server)

    def __call__(self, messages: Sequence[Message]) -> Generator[Piece]:
        server = self._server()
        yield from _ready(server)
        spoke = False
        try:
            for piece in self._on(server, messages):
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
        server = self._server()
        server.ensure()
        yield from _loading(server)
        yield from self._on(server, messages)

    def _server(self) -> LocalServer:
        return server_of(self._name, self._weights_path, self._servers)

    def _on(self, server: LocalServer, messages: Sequence[Message]) -> Generator[Piece]:
        # Address and key are new after every restart, so the client is too.
        yield from self._say(self._model(self._room_of(server)), messages, _PATIENCE)

    def _room_of(self, server: LocalServer) -> ContextWindow:
        @lru_cache(maxsize=1_000)
        def count(text: str) -> int:
            counted = server.count_tokens(text)
            return estimate(text) if counted is None else counted

        return ContextWindow(server.holds, self._longest, count)


def _ready(server: LocalServer) -> Generator[Notice | None]:
    """Start a server that is not running, tell of one that had died, and wait until it is ready."""
    died = server.ensure()
    yield from _loading(server)
    if died:
        yield Notice("The local model had stopped; it was started again.")


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
