"""A folder keeps what a reader read and a model said: asked the same again, a run costs seconds instead of minutes.

With it a threshold is tried on a hundred cases in a minute, and the reader's training finds its rows read already.
What was kept is found by the whole of what was read or said to the model, so another prompt is never mistaken for it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.answer.chain import Assistant
from assistant.models.pump import Usage
from assistant.proof.reader import Reader

if TYPE_CHECKING:
    from assistant.answer.prompter import Write
    from assistant.models.writer import Piece
    from assistant.proof.reader import Prompt, Rows
    from prompts import Message

FILE = "kept.sqlite"


class Kept:
    """What was read and said, in one SQLite file; any thread, and several processes, may share it."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, made if it is new."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / FILE
        self._lock = threading.Lock()
        with closing(self._open()) as held, held:
            held.execute("PRAGMA journal_mode = WAL")
            held.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB NOT NULL)")

    def reader(self, reader: Reader) -> Reader:
        """Return the same reader, which reads only what it has not read before."""
        return _KeptReader(reader, self)

    def writer(self, model: str, write: Write) -> Write:
        """Return the same writer: what it said to the same messages it says again, at once. Only whole replies stay."""

        def again(messages: Sequence[Message]) -> Generator[Piece]:
            key = _key("said", model, [(message.role, message.content) for message in messages])
            held = self.get(key)
            if held is not None:
                for piece in json.loads(held):
                    yield piece if isinstance(piece, str) else Usage(**piece)
                return
            pieces: list[str | Usage] = []
            stream = write(messages)
            try:
                for piece in stream:
                    if isinstance(piece, str | Usage):
                        pieces.append(piece)
                    yield piece
            finally:
                stream.close()
            whole = [piece if isinstance(piece, str) else asdict(piece) for piece in pieces]
            self.put(key, json.dumps(whole).encode())

        return again

    def assistant(self, given: Assistant) -> Assistant:
        """Return the same assistant, its readings and its model's replies kept."""
        return Assistant(
            given.index,
            model=given.model,
            write=self.writer(given.model, given.write) if given.write else None,
            window=given.window,
            settings=given.settings,
            reader=self.reader(given.reader) if given.reader else None,
            small_reader=given.small_reader,
        )

    def rows(self, reader: Reader, prompt: Prompt) -> Rows | None:
        """Return what was kept of a reading, None where there is nothing."""
        import numpy as np

        held = self.get(rows_key(reader, prompt))
        if held is None:
            return None
        return np.frombuffer(held, dtype="<f2").astype(np.float32).reshape(sum(mark for _, mark in prompt), -1)

    def get(self, key: str) -> bytes | None:
        """Return the value under a key, None where there is none."""
        with self._lock, closing(self._open()) as held:
            found = held.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        return None if found is None else bytes(found[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep a value."""
        with self._lock, closing(self._open()) as held, held:
            held.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, value))

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=60)


class _KeptReader(Reader):
    """A reader in front of another one: same probes, same readings."""

    def __init__(self, reader: Reader, kept: Kept) -> None:
        super().__init__(reader.folder, probes=reader.probes, log=reader.log)
        self._reader = reader
        self._kept = kept

    def rows(self, prompt: Prompt) -> Rows:
        import numpy as np

        held = self._kept.rows(self, prompt)
        if held is None:
            # Kept in half the size; the first asking must see what later ones will.
            held = self._reader.rows(prompt).astype("<f2")
            self._kept.put(rows_key(self, prompt), held.tobytes())
        return np.asarray(held, dtype=np.float32)


def rows_key(reader: Reader, prompt: Prompt) -> str:
    """Return what a reading is kept under: the probes have no part in it."""
    return _key("read", f"{reader.probes.model}-layer{reader.probes.layer}", prompt)


def _key(*what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
