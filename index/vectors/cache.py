"""Keep what is dear to compute: vectors by embedder and text; chunk boundaries and counts by splitter and article.

One SQLite file, safe for several threads and processes. Losing it costs time, never an article.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from index.errors import StoreError
from index.files import is_unwritable_format

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_T = TypeVar("_T")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    embedder TEXT, text TEXT, vector BLOB NOT NULL, PRIMARY KEY (embedder, text)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    splitter TEXT, article TEXT, chunks BLOB NOT NULL, counts BLOB NOT NULL, PRIMARY KEY (splitter, article)
) WITHOUT ROWID;
DROP TABLE IF EXISTS splits;
"""
# SQLITE_ERROR: our statements are sound, so the tables are not ours.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_CRC_BYTES = 4
# A vector of 384 numbers stands in its row: on smaller pages each takes a page of its own.
_PAGE_BYTES = 16384
# SQLite's question marks in one statement.
_ASKED = 500
Bounds = Sequence[tuple[int, int, str]]
"""(start, end, heading) of an article's chunks."""
CACHE = "cache.sqlite"
"""Its name in an index folder."""


def text_key(text: str) -> str:
    """Return the key a text's vector is kept under: its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """Vectors and chunk boundaries on disk; ``path`` None keeps them in memory.

    Every value carries a checksum: a damaged one counts as absent, a damaged file is replaced by an empty one. In a
    folder that may not be written, a copy in memory serves. Methods raise StoreError when the file cannot be read or
    written for another reason.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._use(lambda _: None)

    def vectors(self, embedder: str, keys: Iterable[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vectors that are kept, by key; absent keys are absent."""
        import numpy as np

        found: dict[str, NDArray[np.float32]] = {}
        for key, blob in self._look_up("SELECT text, vector FROM vectors WHERE embedder = ? AND text", embedder, keys):
            if (data := _unsealed(blob)) is not None:
                found[key] = np.frombuffer(data, dtype=np.float32)
        return found

    def known(self, embedder: str, keys: Iterable[str]) -> set[str]:
        """Return which of the keys have a vector, sound or not."""
        rows = self._look_up("SELECT text FROM vectors WHERE embedder = ? AND text", embedder, keys)
        return {key for (key,) in rows}

    def keep_vectors(self, embedder: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors under their keys."""
        rows = [(embedder, key, _sealed(vector.tobytes())) for key, vector in vectors.items()]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

        self._use(write)

    def count(self) -> int:
        """Return how many vectors are kept, of all embedders."""
        return self._use(lambda connection: int(connection.execute("SELECT COUNT(*) FROM vectors").fetchone()[0]))

    def forget(self, *, all_but: str) -> int:
        """Drop the vectors of every embedder but the one of this identity, give their room back, return how many."""

        def write(connection: sqlite3.Connection) -> int:
            if self._path is not None and _is_read_only(self._path.parent):
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            with connection:
                gone = connection.execute("DELETE FROM vectors WHERE embedder <> ?", [all_but]).rowcount
            if gone:
                connection.execute("VACUUM")
            return gone

        return self._use(write)

    def splits(self, splitter: str, articles: Iterable[str]) -> Mapping[str, tuple[Bounds, bytes]]:
        """Return what ``keep_splits`` was given, by article; absent articles are absent."""
        query = "SELECT article, chunks, counts FROM parts WHERE splitter = ? AND article"
        found = {}
        for article, chunks, counts in self._look_up(query, splitter, articles):
            bounds, packed = _unsealed(chunks), _unsealed(counts)
            if bounds is not None and packed is not None:
                found[article] = [(start, end, heading) for start, end, heading in json.loads(bounds)], packed
        return found

    def keep_splits(self, splitter: str, splits: Mapping[str, tuple[Bounds, bytes]]) -> None:
        """Keep the boundaries of articles' chunks, and their counts as bytes."""
        rows = [
            (splitter, article, _sealed(json.dumps(bounds).encode()), _sealed(counts))
            for article, (bounds, counts) in splits.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", rows)

        if rows:
            self._use(write)

    def start_over(self) -> None:
        """Forget everything: for a file that is damaged in a way that only who uses it can notice."""
        self._use(lambda _: self._start_over())

    def close(self) -> None:
        """Close the file; using the cache again opens it again."""
        with self._guard:
            self._disconnect()

    def _look_up(self, query: str, owner: str, keys: Iterable[str]) -> list[tuple[Any, ...]]:
        """Return the rows of a query that ends in a column, for which the keys are asked."""
        wanted = list(dict.fromkeys(keys))

        def read(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = []
            for start in range(0, len(wanted), _ASKED):
                batch = wanted[start : start + _ASKED]
                with closing(connection.execute(f"{query} IN ({','.join('?' * len(batch))})", [owner, *batch])) as rows:
                    found.extend(rows)
            return found

        return self._use(read)

    def _use(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Return what ``work`` returns, on an empty cache where the file proves damaged."""
        with self._guard:
            try:
                try:
                    return work(self._connected())
                # Python cannot even decode the message about a torn schema.
                except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                    if isinstance(error, sqlite3.DatabaseError) and _code(error) not in _DAMAGE:
                        raise
                    self._start_over()
                    return work(self._connected())
            except (sqlite3.OperationalError, OSError) as error:
                self._disconnect()
                raise StoreError(
                    f"the vector cache {self._path} cannot be used ({error}). "
                    "Free space, or check that its folder can be written."
                ) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._path is not None and is_unwritable_format(self._path):
                self._start_over()
            path = None if self._path is None or _is_read_only(self._path.parent) else self._path
            self._connection = sqlite3.connect(path or ":memory:", timeout=30, check_same_thread=False)
            if path is None and self._path is not None and self._path.exists():
                _copy(self._path, self._connection)
            # A torn key need not be UTF-8; it is then the key of nothing.
            self._connection.text_factory = lambda data: data.decode(errors="replace")
            if path is not None:
                self._connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
                _without_log(self._connection)
            self._connection.executescript(_SCHEMA)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _start_over(self) -> None:
        self._disconnect()
        if self._path is not None:
            # What stands beside it too: SQLite would play it into the new file.
            for suffix in ("", "-journal", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _is_read_only(folder: Path) -> bool:
    return folder.is_dir() and not os.access(folder, os.W_OK)


def _without_log(connection: sqlite3.Connection) -> None:
    """Have SQLite keep a journal, not a log: it maps the log's index into memory, and cut short that ends the process.

    Files of versions that kept a log are changed over, by whoever first has them alone.
    """
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if _code(error) != sqlite3.SQLITE_BUSY:
            raise


def _copy(path: Path, connection: sqlite3.Connection) -> None:
    """Copy a database that may not be written: SQLite writes beside it even to read it, after a kill."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-journal", "-wal"):
            file = path.with_name(path.name + suffix)
            if file.exists():
                shutil.copyfile(file, Path(folder, file.name))
        with closing(sqlite3.connect(Path(folder, path.name))) as copied:
            copied.backup(connection)


def _code(error: sqlite3.DatabaseError) -> int:
    """Return SQLite's primary code, 0 for an error that is not SQLite's but its module's."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(_CRC_BYTES, "little")


def _unsealed(blob: bytes) -> bytes | None:
    """Return what was sealed, None for anything that was not, or was damaged since."""
    data = blob[:-_CRC_BYTES] if isinstance(blob, bytes) else b""
    return data if data and _sealed(data) == blob else None
