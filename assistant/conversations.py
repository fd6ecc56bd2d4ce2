"""Keep conversations on disk with their resolved citations, so that they survive a reload."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.answer.compare import SIDES, Side
from assistant.contract import from_json, to_json
from assistant.errors import HomeError, UsageError
from assistant.types import Answer
from index.files import WriteLock, write_whole

Opinion = Literal["up", "down"]
logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_OPINIONS = (None, *get_args(Opinion))
_TORN = (ValueError, KeyError, TypeError)
"""What reading a file raises that is no conversation."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as saved, with what the user thought of it."""

    answer: Answer
    opinion: Opinion | None = None
    beside: Answer | None = None
    """What a second model said to the same question over the same evidence, where two were asked."""
    better: Side | None = None
    """Which of the two the user found better: ``answer`` is the left one, ``beside`` the right one."""

    @property
    def told(self) -> Answer:
        """Return the answer that the conversation goes on from: the better one of two."""
        return self.beside if self.beside is not None and self.better == "right" else self.answer


class Conversations:
    """One file a conversation, written whole; ids are made by the front and are the only key to a conversation.

    Writers take turns, those of other processes too: each one adds to what the last one wrote.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = WriteLock(folder, f"the folder of conversations {folder}", HomeError)

    def exchanges(self, conversation: str) -> tuple[Exchange, ...]:
        """Return a conversation, oldest first; empty when there is none of that id.

        A file that cannot be understood is moved aside, so that nothing is written over it, and the log says why.
        Raises UsageError for what is no id, and HomeError when the file cannot be read.
        """
        path = self._path(conversation)
        try:
            return _read(path)
        except _TORN:
            with self._lock.held():
                return self._held(path)

    def save(self, conversation: str, exchange: Exchange) -> None:
        """Append an exchange; raise HomeError when it cannot be written."""
        path = self._path(conversation)
        with self._lock.held():
            _write(path, (*self._held(path), exchange))

    def replace(self, conversation: str, position: int, exchange: Exchange) -> None:
        """Put an exchange in the place of the one at ``position``, or behind the last where there is none."""
        path = self._path(conversation)
        with self._lock.held():
            held = self._held(path)
            _write(path, (*held[:position], exchange, *held[position + 1 :]))

    def rate(self, conversation: str, position: int, opinion: Opinion | None) -> None:
        """Keep what the user thought of the answer at ``position``; raise UsageError when there is none."""
        self._change(conversation, position, opinion=opinion)

    def prefer(self, conversation: str, position: int, better: Side | None) -> None:
        """Keep which of the two answers at ``position`` the user found better; raise UsageError as ``rate``."""
        self._change(conversation, position, better=better)

    def _change(self, conversation: str, position: int, **given: Any) -> None:
        path = self._path(conversation)
        with self._lock.held():
            exchanges = list(self._held(path))
            if not 0 <= position < len(exchanges):
                raise UsageError(f"there is no answer {position + 1} to rate: this conversation has {len(exchanges)}.")
            exchanges[position] = replace(exchanges[position], **given)
            _write(path, exchanges)

    def _held(self, path: Path) -> tuple[Exchange, ...]:
        """Return what a file holds, to its writer: one that cannot be understood is moved aside."""
        try:
            return _read(path)
        except _TORN:
            aside = path.with_name(f"{path.name}.unreadable-{uuid.uuid4().hex}")
            logger.exception("The conversation %s cannot be understood; it is kept as %s", path, aside.name)
            path.replace(aside)
            return ()

    def _path(self, conversation: str) -> Path:
        if not _ID.fullmatch(conversation):
            raise UsageError("a conversation's id is 8 to 64 letters, digits, - or _.")
        return self._folder / f"{conversation}.json"


def _read(path: Path) -> tuple[Exchange, ...]:
    """Return what a file holds, nothing where there is none. Raises HomeError, and one of _TORN."""
    try:
        saved = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise HomeError(f"the conversation {path} cannot be read ({error.strerror}). Check its permissions.") from error
    return tuple(_exchange(entry) for entry in json.loads(saved))


def _write(path: Path, exchanges: Sequence[Exchange]) -> None:
    # In ASCII: a browser may send half of a surrogate pair, which UTF-8 cannot hold.
    write_whole(path, json.dumps([_entry(exchange) for exchange in exchanges]))


def _entry(exchange: Exchange) -> dict[str, Any]:
    entry: dict[str, Any] = {"answer": to_json(exchange.answer), "opinion": exchange.opinion}
    if exchange.beside is not None:
        entry |= {"beside": to_json(exchange.beside), "better": exchange.better}
    return entry


def _exchange(entry: dict[str, Any]) -> Exchange:
    if entry["opinion"] not in _OPINIONS:
        raise ValueError(f"found the opinion {entry['opinion']!r}; expected one of {_OPINIONS}")
    if "beside" not in entry:
        return Exchange(from_json(entry["answer"]), entry["opinion"])
    if entry["better"] not in (None, *SIDES):
        raise ValueError(f"found {entry['better']!r} as the better side; expected one of {SIDES} or null")
    return Exchange(from_json(entry["answer"]), entry["opinion"], from_json(entry["beside"]), entry["better"])
