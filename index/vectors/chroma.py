"""Chroma: chunk ids and their vectors in, nearest ids out; this room and ``index.vectors.server`` alone know it."""

from __future__ import annotations

import errno
import json
import re
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DamagedIndexError, StoreError
from index.files import is_unwritable_format, write_whole
from index.vectors.collections import About, note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 5000  # Chroma's own limit for one call is 5461.
_NAMED = 30_000
"""Ids that one call may name. SQLite takes 32,766 values; what Chroma then says would be taken for damage."""
CONFIGURATION = {
    "hnsw": {
        "space": "cosine",
        "ef_construction": 200,
        "max_neighbors": 32,
        "ef_search": 200,
        # Changes after which Chroma writes its graph of vectors to disk. Until then every opening makes it anew, in one
        # second for each thousand chunks.
        "sync_threshold": 5_000,
    }
}
_SEAL = "graph.json"
_FLUSHED = "index_metadata.pickle"
"""Stands in a collection's folder once its graph was written there."""
# Chroma keeps one client a path in a registry of its own, which is not made for threads.
_REGISTRY = threading.Lock()
# What a full disk, a folder without permission or a busy file say: the index is as good as it was.
_SYSTEM_ERRORS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
)
_SQLITE_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)


class ChromaStore:
    """One collection of one embedder's vectors, in a folder, or in memory when ``folder`` is None.

    One process at a time may have a folder open (two lose vectors without an error): the caller holds the lock. Every
    method raises DamagedIndexError for an index that is not what was put into it, StoreError for any other trouble.

    Chroma opens a graph that a kill left half written, or a torn one, with wrong answers or a crash. So each graph it
    writes is sealed, and one that does not bear its seal counts as damaged before Chroma sees it.
    """

    def __init__(self, folder: Path | None, *, name: str) -> None:
        self._folder = folder
        self._closed = False
        self._sealed: dict[str, tuple[int, int]] = {}
        with self._said_plainly(), _REGISTRY:
            if folder is not None:
                self._sealed = _require_sealed(folder)
            self._client = _client(folder)
            try:
                self._collection = self._client.get_or_create_collection(
                    # All in-memory clients of a process share one database.
                    name if folder else f"{name}-{uuid.uuid4().hex}",
                    embedding_function=None,  # the default one downloads a model
                    configuration=CONFIGURATION,
                )
            except BaseException:
                self._client.close()
                raise
        self._seal()

    def ids(self) -> set[str]:
        """Return every id held."""
        held: set[str] = set()
        with self._said_plainly():
            for offset in range(0, self._collection.count(), _BATCH):
                held.update(self._collection.get(limit=_BATCH, offset=offset, include=[])["ids"])
        return held

    def put(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add or replace vectors, each under its chunk's id."""
        with self._said_plainly():
            for start in range(0, len(ids), _BATCH):
                part = slice(start, start + _BATCH)
                self._collection.upsert(ids=list(ids[part]), embeddings=vectors[part])
        self._seal()

    def drop(self, ids: Sequence[str]) -> None:
        """Forget vectors."""
        with self._said_plainly():
            for part in _parts(ids, _BATCH):
                self._collection.delete(ids=part)
        self._seal()

    def require(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Raise DamagedIndexError unless each id is held with this vector."""
        for start in range(0, len(ids), _BATCH):
            part = slice(start, start + _BATCH)
            self._require(list(ids[part]), vectors[part])

    def _require(self, ids: list[str], vectors: NDArray[np.float32]) -> None:
        import numpy as np

        with self._said_plainly():
            found = self._collection.get(ids=ids, include=["embeddings"])
        places = {id: place for place, id in enumerate(found["ids"])}
        if places.keys() != set(ids):
            raise DamagedIndexError(f"{self.place} is damaged (it lost chunks)")
        order = [places[id] for id in ids]
        # Chroma makes the vectors unit length once more: the last digits differ.
        if not np.allclose(np.asarray(found["embeddings"])[order], vectors, atol=1e-5):
            raise DamagedIndexError(f"{self.place} is damaged (it holds other vectors)")

    def nearest(self, vector: NDArray[np.float32], *, k: int, within: Sequence[str] | None = None) -> list[str]:
        """Return up to k ids of vectors near this one, nearest first: of all, or of ``within``.

        The graph of the vectors is searched, not each of them: the larger k, the fewer of the nearest are missed.
        Raises DamagedIndexError where one of ``within`` is not held.
        """
        if k < 1:  # Chroma refuses it
            return []
        found: list[tuple[float, str]] = []
        with self._said_plainly():
            for part in [None] if within is None else _parts(within, _NAMED):
                hits = self._collection.query(
                    query_embeddings=vector.reshape(1, -1), n_results=k, ids=part, include=["distances"]
                )
                found += zip(hits["distances"][0], hits["ids"][0], strict=True)
        return [id for _, id in sorted(found)[:k]]

    def similarities(self, vector: NDArray[np.float32], ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine similarity of each of these ids that is held; their vectors are looked up, not searched."""
        similar: dict[str, float] = {}
        with self._said_plainly():
            for part in _parts(ids, _NAMED):
                found = self._collection.get(ids=part, include=["embeddings"])
                similar |= _similarities(found["ids"], found["embeddings"], vector)
        return similar

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Keep other writers out, and say whether the collection is still the one it was when last asked."""
        yield True  # the folder is ours alone

    def note(self, about: About) -> str:
        """Keep what the collection now is, before what is stale is dropped; return its new ``stamp``."""
        if self._folder is not None:
            note(self._folder, about)
        return self.stamp()

    def stamp(self) -> str:
        """Return a value that changes before another program takes anything out of the collection, or replaces it."""
        return ""  # no other program does

    def close(self) -> None:
        """Release the folder; a store in memory is gone. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        with self._said_plainly(), _REGISTRY:
            try:
                if self._folder is None:
                    self._client.delete_collection(self._collection.name)
            finally:
                self._client.close()

    def _seal(self) -> None:
        """Have Chroma take in all that was put, and seal the graph if it has written one since."""
        if self._folder is None:
            return
        with self._said_plainly():
            self._collection.count()  # it takes in what was put before it answers anything
            if (now := _graph(self._folder)) != self._sealed:
                write_whole(self._folder / _SEAL, json.dumps(_sums(self._folder, now)))
                self._sealed = now

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"the index at {self._folder}" if self._folder else "the index in memory"

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        """Turn what Chroma and the system raise into one line."""
        try:
            yield
        except BaseException as error:
            if not self._is_known(error):
                raise
            raise self._told(error) from error

    def _is_known(self, error: BaseException) -> bool:
        """Return whether an error is one that Chroma and the system raise, and no mistake of ours."""
        # A panic of Chroma's native code is no Exception, and its class cannot be imported.
        if not isinstance(error, Exception) or isinstance(error, StoreError):
            return type(error).__name__ == "PanicException"
        if isinstance(error, AttributeError):
            return self._closed  # what Chroma meets when another thread closed its client
        from chromadb.errors import ChromaError

        return isinstance(error, (ChromaError, OSError, ValueError))

    def _told(self, error: BaseException) -> StoreError:
        if self._closed:
            return StoreError(f"{self.place} is closed")
        line = (str(error).splitlines() or [type(error).__name__])[0]
        if is_damage(error):
            return DamagedIndexError(f"{self.place} is damaged ({line})")
        return StoreError(f"{self.place} cannot be used ({line}). Free space, or check that its folder can be written.")


def _parts(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """Yield ids, so many at a time."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def _similarities(ids: Sequence[str], vectors: Any, vector: NDArray[np.float32]) -> dict[str, float]:
    """Return the cosine similarity of each id's vector with another one."""
    import numpy as np

    if not ids:
        return {}
    # Chroma's own distances differ in the last digit from build to build, which would decide between equals.
    # A server writes the numbers it holds, of 32 bits, in decimals: they are made those again first.
    held = np.asarray(vectors, dtype=np.float32).astype(np.float64)
    similarities = (held * vector.astype(np.float64)).sum(axis=1).round(9)
    return dict(zip(ids, similarities.tolist(), strict=True))


def chroma_settings(**named: Any) -> Any:
    """Return Chroma's settings: those named, and nothing of the environment or of .env but how TLS is verified.

    What else stands there under names as common as MIGRATIONS would make a sound index look damaged, or report on it.
    StoreError where Chroma refuses what it reads there all the same, at its import.
    """
    try:
        from chromadb.config import Settings

        verify = Settings().chroma_server_ssl_verify
        return Settings.model_construct(anonymized_telemetry=False, chroma_server_ssl_verify=verify, **named)
    except ValueError as error:  # pydantic's, at import already
        line = " ".join(str(error).split())
        raise StoreError(
            f"Chroma refuses its settings ({line}). Check the environment, and the file .env in this folder."
        ) from error


def _client(folder: Path | None) -> Any:  # Chroma's declared type lacks close()
    settings = chroma_settings(chroma_api_impl="chromadb.api.rust.RustBindingsAPI")
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient

    if folder is None:
        return chromadb.EphemeralClient(settings=settings)
    folder.mkdir(parents=True, exist_ok=True)
    _require_sound(folder / "chroma.sqlite3")
    try:
        return chromadb.PersistentClient(path=str(folder), settings=settings)
    except BaseException:
        # Chroma leaves the half-made client in its registry and would hand it to the next opening of this path.
        if str(folder) not in SharedSystemClient._identifier_to_refcount:  # noqa: SLF001
            SharedSystemClient._identifier_to_system.pop(str(folder), None)  # noqa: SLF001
        raise


def _require_sound(database: Path) -> None:
    """Raise DamagedIndexError for a torn database: Chroma's native code ends the process on some of them."""
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database, timeout=10)) as connection:
            connection.text_factory = bytes  # a torn text need not be UTF-8
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    # UnicodeDecodeError: the message about a torn schema need not be UTF-8 either.
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.Error) and not is_damage(error):
            raise StoreError(f"{database} cannot be read ({error}). Check its permissions.") from error
        raise DamagedIndexError(f"{database} is damaged ({error})") from error
    if is_unwritable_format(database):
        raise DamagedIndexError(f"{database} is damaged (no known format)")
    if found != b"ok":
        raise DamagedIndexError(f"{database} is damaged ({found.decode(errors='replace').splitlines()[0]})")


def _graph(folder: Path) -> dict[str, tuple[int, int]]:
    """Return (size, time of the last write) of each file of the graphs that were written, by its path in the folder."""
    files = [file for mark in folder.glob(f"*/{_FLUSHED}") for file in mark.parent.iterdir()]
    stats = [(file, file.stat()) for file in sorted(files)]
    return {str(file.relative_to(folder)): (stat.st_size, stat.st_mtime_ns) for file, stat in stats}


def _sums(folder: Path, graph: Iterable[str]) -> dict[str, int]:
    """Return the checksum of each file of a graph."""
    return {path: zlib.crc32((folder / path).read_bytes()) for path in graph}


def _require_sealed(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the graph that a folder holds; raise DamagedIndexError for another than was sealed there."""
    graph = _graph(folder)
    try:
        seal = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        seal = {}
    except ValueError:
        seal = None
    if seal != _sums(folder, graph):
        raise DamagedIndexError(f"the index at {folder} is damaged (its graph is not the one that was sealed)")
    return graph


def is_damage(error: BaseException) -> bool:
    """Return whether an error tells of a damaged index, and not of a full disk, permissions or a busy file."""
    if isinstance(error, OSError):
        return error.errno not in _SYSTEM_ERRORS
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SQLITE_ERRORS
    # Chroma hands on the codes of SQLite and of the system in words only.
    sqlite_code = re.search(r"\(code: (\d+)\)", str(error))
    system_code = re.search(r"\(os error (\d+)\)", str(error))
    return not (
        (sqlite_code and int(sqlite_code[1]) & 0xFF in _SQLITE_ERRORS)
        or (system_code and int(system_code[1]) in _SYSTEM_ERRORS)
    )
