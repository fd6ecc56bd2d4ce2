"""A file of replies becomes a chat model that gives them one after the other: a real provider, and our tests' fake.

The file is a JSON list, or one JSON value a line. A value is the reply itself, or an object::

    {"reply": "Opened in 1812 [1].", "match": "harbour", "repeat": true, "chunks": ["Opened in ", "1812 [1]."],
     "delay_s": 0.05, "error": "the model broke off", "usage": {"prompt": 40, "completion": 6}}

Each question takes the first item that is unused (or ``repeat``) and whose ``match``, if any, is part of the last user
message. ``chunks`` says how the reply is cut (else a word at a time), ``delay_s`` waits before each chunk, and
``error`` is raised as a ``ModelError`` after the last one.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from assistant.errors import ModelError, UsageError


@dataclass(frozen=True, slots=True)
class Reply:
    """One item of a script."""

    reply: str = ""
    match: str | None = None
    """Must be part of the last user message; None fits every message."""
    repeat: bool = False
    """Whether it may be given again and again."""
    chunks: tuple[str, ...] = ()
    """How the reply is cut; a word at a time where empty."""
    delay_s: float = 0.0
    """Seconds before each chunk."""
    error: str | None = None
    """What goes wrong after the last chunk, in one line."""
    usage: tuple[int, int] | None = None
    """Prompt and completion tokens to report; words are counted where None."""

    def pieces(self) -> tuple[str, ...]:
        """Return the chunks; joined they are the reply."""
        return self.chunks or tuple(re.findall(r"\S+\s*|\s+", self.reply))


class ScriptedChatModel(BaseChatModel):
    """Give the replies of a script, and remember every question. Running out is an error."""

    script: tuple[Reply, ...]
    name_of_script: str = "the script"
    asked: list[list[BaseMessage]] = []  # noqa: RUF012  pydantic copies it for every instance
    """Every list of messages this model was given, in order."""

    _used: set[int] = PrivateAttr(default_factory=set)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def of(cls, *replies: str | Reply) -> Self:
        """Build a model from replies, in order."""
        return cls(script=tuple(Reply(item) if isinstance(item, str) else item for item in replies))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Build a model from a script file; UsageError names the item that cannot be read."""
        return cls(script=read_script(path), name_of_script=str(path))

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"script": self.name_of_script}

    def _take(self, messages: list[BaseMessage]) -> tuple[Reply, UsageMetadata]:
        """Choose the reply to these messages and mark it as used."""
        last = next((message.text for message in reversed(messages) if message.type == "human"), "")
        with self._lock:
            self.asked.append(list(messages))
            for number, item in enumerate(self.script):
                if (item.repeat or number not in self._used) and (item.match is None or item.match in last):
                    self._used.add(number)
                    return item, _usage(item, messages)
            raise ModelError(
                f"{self.name_of_script} has no reply left for {_short(last)!r}: "
                f"{len(self._used)} of its {len(self.script)} items are used. Add an item, or set repeat."
            )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  a script knows where it ends
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  langchain reports the whole reply itself
        **_: Any,
    ) -> ChatResult:
        item, usage = self._take(messages)
        time.sleep(item.delay_s * len(item.pieces()))
        if item.error is not None:
            raise ModelError(item.error)
        text = "".join(item.pieces())
        message = AIMessage(content=text, usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        item, usage = self._take(messages)
        for piece in item.pieces():
            time.sleep(item.delay_s)
            yield _chunk(piece)
        yield _last_chunk(item, usage)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        item, usage = self._take(messages)
        for piece in item.pieces():
            await asyncio.sleep(item.delay_s)
            yield _chunk(piece)
        yield _last_chunk(item, usage)


def read_script(path: Path) -> tuple[Reply, ...]:
    """Return the items of a script file in order; UsageError names the file, the item and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The script {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The script {path} is not UTF-8 text.") from error
    if text.lstrip().startswith("["):
        items = _parse(text, f"The script {path}")
    else:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        items = [_parse(line, f"Line {number} of the script {path}") for number, line in lines]
    if not items:
        raise UsageError(f"The script {path} is empty; expected a JSON list of replies, or one JSON value per line.")
    return tuple(_reply(item, f"Item {number} of the script {path}") for number, item in enumerate(items, start=1))


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where} is not JSON: {error}.") from error


_KINDS: dict[str, tuple[type, ...]] = {
    "reply": (str,),
    "match": (str, type(None)),
    "repeat": (bool,),
    "chunks": (list,),
    "delay_s": (int, float),
    "error": (str, type(None)),
    "usage": (dict, type(None)),
}


def _reply(item: object, where: str) -> Reply:
    if isinstance(item, str):
        return Reply(item)
    if not isinstance(item, dict):
        raise UsageError(f"{where} is of type {type(item).__name__}; expected a string or an object.")
    known = [field.name for field in fields(Reply)]
    for key, value in item.items():
        if key not in known:
            raise UsageError(f"{where} has the unknown key '{key}'. Known: {', '.join(known)}.")
        if not isinstance(value, _KINDS[key]):
            raise UsageError(f"{where} has a value of type {type(value).__name__} as '{key}'.")
    return _reply_of_known_keys(item, where)


def _reply_of_known_keys(item: dict[str, Any], where: str) -> Reply:
    chunks = tuple(str(chunk) for chunk in item.get("chunks", ()))
    reply = item.get("reply", "".join(chunks))
    if chunks and "".join(chunks) != reply:
        raise UsageError(f"{where} has chunks that do not add up to its reply.")
    if not {"reply", "chunks", "error"} & item.keys():
        raise UsageError(f"{where} has no 'reply'; expected a reply, chunks or an error.")
    counts = item.get("usage")
    usage = (int(counts.get("prompt", 0)), int(counts.get("completion", 0))) if counts is not None else None
    return Reply(**{**item, "reply": reply, "chunks": chunks, "usage": usage})


def _usage(item: Reply, messages: Sequence[BaseMessage]) -> UsageMetadata:
    prompt, completion = item.usage or (
        sum(len(message.text.split()) for message in messages),
        len("".join(item.pieces()).split()),
    )
    return UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)


def _chunk(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _last_chunk(item: Reply, usage: UsageMetadata) -> ChatGenerationChunk:
    if item.error is not None:
        raise ModelError(item.error)
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"}, chunk_position="last"
        )
    )


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
