"""Keep what is dear to compute: vectors by embedder and text, and chunk boundaries by splitter and article.

One SQLite file, safe for several processes. Losing it costs time, never an article.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (embedder TEXT, text TEXT, vector BLOB NOT NULL, PRIMARY KEY (embedder, text)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS splits (splitter TEXT, article TEXT, chunks TEXT NOT NULL, PRIMARY KEY (splitter, article)) WITHOUT ROWID;
"""


def text_key(text: str) -> str:
    """Return the key a text's vector is kept under: its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Vectors and chunk boundaries on disk; ``path`` None keeps them in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if path is None or isinstance(error, sqlite3.OperationalError):
                raise StoreError(
                    f"the vector cache {path} cannot be opened: {error}. Check the folder's permissions."
                ) from error
            # Damaged: it is a cache, so start a new one and compute again.
            path.unlink()
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path or ":memory:", timeout=30, check_same_thread=False)
        if self._path is not None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SCHEMA)
        return connection

    def vectors(self, embedder: str, keys: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vectors that are kept, by key; absent keys are absent."""
        import numpy as np

        found: dict[str, NDArray[np.float32]] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), 500):
            batch = wanted[start : start + 500]
            marks = ",".join("?" * len(batch))
            query = f"SELECT text, vector FROM vectors WHERE embedder = ? AND text IN ({marks})"  # noqa: S608 - question marks only
            with closing(self._connection.execute(query, [embedder, *batch])) as rows:
                found.update((key, np.frombuffer(blob, dtype=np.float32)) for key, blob in rows)
        return found

    def keep_vectors(self, embedder: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors under their keys."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(embedder, key, vector.tobytes()) for key, vector in vectors.items()],
            )

    def split(self, splitter: str, article: str) -> list[tuple[int, int, str]] | None:
        """Return the kept (start, end, heading) of an article's chunks, or None."""
        with closing(
            self._connection.execute(
                "SELECT chunks FROM splits WHERE splitter = ? AND article = ?", [splitter, article]
            )
        ) as rows:
            row = rows.fetchone()
        return [(start, end, heading) for start, end, heading in json.loads(row[0])] if row else None

    def keep_split(self, splitter: str, article: str, chunks: Sequence[tuple[int, int, str]]) -> None:
        """Keep the (start, end, heading) of an article's chunks."""
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO splits VALUES (?, ?, ?)", [splitter, article, json.dumps(chunks)]
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
