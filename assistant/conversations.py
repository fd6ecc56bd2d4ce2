"""Keep conversations on disk with their resolved citations, so that they survive a reload."""

from __future__ import annotations

import json
import logging
import re
import threading
from dataclasses import replace
from pathlib import Path

from assistant.contract import from_json, to_json
from assistant.errors import UsageError
from assistant.types import Answer
from assistant.workbench import Exchange, Opinion
from index.files import write_whole

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Conversations:
    """One file a conversation, written whole; ids are made by the front and are the only key to a conversation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()

    def exchanges(self, conversation: str) -> tuple[Exchange, ...]:
        """Return a conversation, oldest first; empty when there is none, or when its file cannot be read (the log says why)."""
        path = self._path(conversation)
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            return tuple(Exchange(from_json(entry["answer"]), entry["opinion"]) for entry in saved)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError):
            logger.exception("conversation %s cannot be read; it is kept as it is", path)
            path.replace(path.with_suffix(".unreadable"))
            return ()

    def save(self, conversation: str, answer: Answer) -> None:
        """Append an answer."""
        with self._guard:
            self._write(conversation, (*self.exchanges(conversation), Exchange(answer)))

    def replace_last(self, conversation: str, answer: Answer) -> None:
        """Put an answer in the place of the last one."""
        with self._guard:
            self._write(conversation, (*self.exchanges(conversation)[:-1], Exchange(answer)))

    def rate(self, conversation: str, position: int, opinion: Opinion | None) -> None:
        """Keep what the reader thought of the answer at ``position``; raise UsageError when there is none."""
        with self._guard:
            exchanges = list(self.exchanges(conversation))
            if not 0 <= position < len(exchanges):
                raise UsageError(
                    f"this conversation has {len(exchanges)} answers; there is no answer {position + 1} to rate."
                )
            exchanges[position] = replace(exchanges[position], opinion=opinion)
            self._write(conversation, tuple(exchanges))

    def _write(self, conversation: str, exchanges: tuple[Exchange, ...]) -> None:
        entries = [{"answer": to_json(exchange.answer), "opinion": exchange.opinion} for exchange in exchanges]
        write_whole(self._path(conversation), json.dumps(entries, ensure_ascii=False))

    def _path(self, conversation: str) -> Path:
        if not _ID.fullmatch(conversation):
            raise UsageError("a conversation's id is 8 to 64 letters, digits, - or _.")
        return self._folder / f"{conversation}.json"
