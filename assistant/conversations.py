"""Keep conversations on disk with their resolved citations, so that they survive a reload."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from assistant.compare import SIDES, Side
from assistant.contract import from_json, to_json
from assistant.errors import HomeError, UsageError
from assistant.workbench import Exchange, Opinion
from index.files import write_whole

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_OPINIONS = (None, *get_args(Opinion))


class Conversations:
    """One file a conversation, written whole; ids are made by the front and are the only key to a conversation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()

    def exchanges(self, conversation: str) -> tuple[Exchange, ...]:
        """Return a conversation, oldest first; empty when there is none of that id.

        A file that cannot be understood is moved aside, so that nothing is written over it, and the log says why.
        Raises UsageError for what is no id, and HomeError when the file cannot be read.
        """
        with self._guard:
            return self._read(conversation)

    def save(self, conversation: str, exchange: Exchange) -> None:
        """Append an exchange; raise HomeError when it cannot be written."""
        with self._guard:
            self._write(conversation, (*self._read(conversation), exchange))

    def replace_last(self, conversation: str, exchange: Exchange) -> None:
        """Put an exchange in the place of the last one, or first where there is none."""
        with self._guard:
            self._write(conversation, (*self._read(conversation)[:-1], exchange))

    def rate(self, conversation: str, position: int, opinion: Opinion | None) -> None:
        """Keep what the reader thought of the answer at ``position``; raise UsageError when there is none."""
        self._change(conversation, position, opinion=opinion)

    def prefer(self, conversation: str, position: int, better: Side | None) -> None:
        """Keep which of the two answers at ``position`` the reader found better; raise UsageError as ``rate``."""
        self._change(conversation, position, better=better)

    def _change(self, conversation: str, position: int, **given: Any) -> None:
        with self._guard:
            exchanges = list(self._read(conversation))
            if not 0 <= position < len(exchanges):
                raise UsageError(f"there is no answer {position + 1} to rate: this conversation has {len(exchanges)}.")
            exchanges[position] = replace(exchanges[position], **given)
            self._write(conversation, tuple(exchanges))

    def _read(self, conversation: str) -> tuple[Exchange, ...]:
        path = self._path(conversation)
        try:
            saved = path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise HomeError(
                f"the conversation {path} cannot be read ({error.strerror}). Check its permissions."
            ) from error
        try:
            return tuple(_exchange(entry) for entry in json.loads(saved))
        except (ValueError, KeyError, TypeError):
            aside = path.with_name(f"{path.name}.unreadable-{time.time_ns()}")
            logger.exception("The conversation %s cannot be understood; it is kept as %s", path, aside.name)
            path.replace(aside)
            return ()

    def _write(self, conversation: str, exchanges: tuple[Exchange, ...]) -> None:
        entries = [_entry(exchange) for exchange in exchanges]
        path = self._path(conversation)
        try:
            # In ASCII: a browser may send half of a surrogate pair, which UTF-8 cannot hold.
            write_whole(path, json.dumps(entries))
        except OSError as error:
            raise HomeError(
                f"the conversation {path} cannot be written ({error.strerror}). Free space, or check its permissions."
            ) from error

    def _path(self, conversation: str) -> Path:
        if not _ID.fullmatch(conversation):
            raise UsageError("a conversation's id is 8 to 64 letters, digits, - or _.")
        return self._folder / f"{conversation}.json"


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
