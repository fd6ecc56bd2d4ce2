"""Chroma: chunk ids and their vectors in, nearest ids out; the only room that knows it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 5000  # Chroma's own limit for one call is 5461.


class ChromaStore:
    """One collection of one embedder's vectors, in a folder, or in memory when ``folder`` is None.

    One process at a time may have a folder open (two lose vectors without an error): the caller holds the lock.
    """

    def __init__(self, folder: Path | None, *, name: str) -> None:
        # Chroma brings some 200 packages: not for --help.
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        try:
            if folder is None:
                self._client = chromadb.EphemeralClient(settings=settings)
                name = f"{name}-{uuid.uuid4().hex}"  # all in-memory clients of a process share one database
            else:
                folder.mkdir(parents=True, exist_ok=True)
                self._client = chromadb.PersistentClient(path=str(folder), settings=settings)
            self._collection = self._client.get_or_create_collection(
                name,
                embedding_function=None,  # the default one downloads a model
                configuration={
                    "hnsw": {
                        "space": "cosine",
                        "ef_construction": 200,
                        "max_neighbors": 32,
                        "ef_search": 200,
                        # Never flush in the background: a kill inside a flush leaves an index that cannot be opened again.
                        "sync_threshold": 1_000_000,
                    }
                },
            )
        except (OSError, ValueError, chromadb.errors.ChromaError, chromadb.errors.InternalError) as error:
            raise StoreError(f"the index at {folder} cannot be opened: {_first_line(error)}") from error
        self._in_memory = folder is None

    def ids(self) -> set[str]:
        """Return every id held."""
        held: set[str] = set()
        for offset in range(0, self._collection.count(), _BATCH):
            held.update(self._collection.get(limit=_BATCH, offset=offset, include=[])["ids"])
        return held

    def put(self, ids: Sequence[str], vectors: NDArray[np.float32], documents: Sequence[str]) -> None:
        """Add or replace vectors, each under its chunk's id, with the id of its document."""
        for start in range(0, len(ids), _BATCH):
            part = slice(start, start + _BATCH)
            self._collection.upsert(
                ids=list(ids[part]),
                embeddings=vectors[part],
                metadatas=[{"document": document} for document in documents[part]],
            )

    def drop(self, ids: Sequence[str]) -> None:
        """Forget vectors."""
        for start in range(0, len(ids), _BATCH):
            self._collection.delete(ids=list(ids[start : start + _BATCH]))

    def nearest(
        self, vector: NDArray[np.float32], *, k: int, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to k (id, cosine similarity), most similar first; ``documents`` limits the search to theirs."""
        held = self._collection.count()
        if held == 0 or k < 1:
            return []
        where: Any = None if documents is None else {"document": {"$in": list(documents)}}
        found = self._collection.query(
            query_embeddings=vector.reshape(1, -1), n_results=min(k, held), where=where, include=["distances"]
        )
        distances = found["distances"]
        return [
            (id, 1.0 - float(distance))
            for id, distance in zip(found["ids"][0], distances[0] if distances else [], strict=True)
        ]

    def close(self) -> None:
        """Release the folder; a store in memory is gone."""
        if self._in_memory:
            with suppress(ValueError):
                self._client.delete_collection(self._collection.name)
        self._client.close()


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
