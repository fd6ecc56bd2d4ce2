"""Keep a searchable index equal to a set of articles: documents in, an Index that answers queries out."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.cache import Cache, text_key
from index.embed import Embedder
from index.errors import StoreError
from index.keyword import KeywordIndex
from index.library import unknown_article
from index.retrieve import retrieve
from index.settings import IndexSettings
from index.split import split
from index.store import ChromaStore
from index.types import Chunk, Document, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

# Part of the fingerprint: raise it when split() changes its boundaries.
_SPLITTER = 1
_EMBED_BATCH = 256
_CANARIES = 16

Progress = Callable[[int, int], None]
"""Called with (chunks embedded, chunks to embed)."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What queries read; replaced whole, so that no query sees half an update."""

    documents: dict[str, Document]
    chunks: dict[str, Chunk]
    keyword: KeywordIndex


def fingerprint(embedder: Embedder, settings: IndexSettings) -> str:
    """Return the name of the collection that only this embedder with these splitter settings may read or write."""
    identity = [embedder.identity, embedder.dimension, settings.chunk_tokens, _SPLITTER]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


class Index:
    """A set of articles, searchable. One writer at a time; any number of threads may query meanwhile.

    The vectors stand in Chroma (in ``folder``, or in memory when None) and are derived: what is damaged or missing is put
    right from the articles and the cache.
    """

    def __init__(
        self, *, embedder: Embedder, settings: IndexSettings, cache: Cache, folder: Path | None = None
    ) -> None:
        self.embedder = embedder
        self.settings = settings
        self.fingerprint = fingerprint(embedder, settings)
        self.notice: str | None = None
        """What the user should know about the last opening or update, in one line."""
        self._cache = cache
        self._folder = folder / self.fingerprint if folder else None
        self._writing = threading.Lock()
        self._snapshot = _Snapshot({}, {}, KeywordIndex([], languages=[]))
        try:
            self._store = ChromaStore(self._folder, name=self.fingerprint)
        except StoreError as error:
            self._store = self._set_aside(error)

    def update(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Make exactly these documents searchable. Embeds only chunks whose text was never embedded before.

        Queries see the former set until this one is complete. An index that proves damaged is set aside and put up again.
        """
        with self._writing:
            chunks = {chunk.id: chunk for document in documents for chunk in self._split(document)}
            self._embed(list(chunks.values()), progress)
            try:
                self._reconcile(chunks)
                self._check(chunks)
            except StoreError as error:
                if self._folder is None:
                    raise
                self._store.close()
                self._store = self._set_aside(error)
                self._reconcile(chunks)
                self._check(chunks)
            languages = {document.id: document.language for document in documents}
            keyword = KeywordIndex(list(chunks.values()), languages=[languages[c.document] for c in chunks.values()])
            self._snapshot = _Snapshot({document.id: document for document in documents}, chunks, keyword)

    def documents(self) -> tuple[Document, ...]:
        """Return the documents that are searchable now, in the order given to ``update``."""
        return tuple(self._snapshot.documents.values())

    def document(self, id: str) -> Document:
        """Return a searchable document; raise UnknownArticleError naming the known ones."""
        snapshot = self._snapshot
        if id not in snapshot.documents:
            raise unknown_article(id, tuple(snapshot.documents.values()))
        return snapshot.documents[id]

    def retrieve(self, query: str, *, k: int, documents: Sequence[str] | None = None) -> tuple[ScoredChunk, ...]:
        """Return the k best chunks for a query, best first; ``documents`` limits the search to theirs."""
        snapshot = self._snapshot
        return retrieve(
            query,
            k=k,
            embedder=self.embedder,
            nearest=self._store.nearest,
            keyword=snapshot.keyword,
            chunks=snapshot.chunks,
            library=[snapshot.documents[id] for id in (documents or snapshot.documents) if id in snapshot.documents],
            settings=self.settings,
        )

    def close(self) -> None:
        """Release the index's folder."""
        with self._writing:
            self._store.close()

    def _split(self, document: Document) -> list[Chunk]:
        key = f"{document.id}\x00{document.digest}"
        kept = self._cache.split(self.fingerprint, key)
        if kept is None:
            limit = min(self.settings.chunk_tokens, self.embedder.most_tokens)
            chunks = split(document, count_tokens=self.embedder.count_tokens, chunk_tokens=limit)
            kept = [(chunk.start, chunk.end, chunk.heading) for chunk in chunks]
            self._cache.keep_split(self.fingerprint, key, kept)
        return [Chunk(document.id, start, end, document.text[start:end], heading) for start, end, heading in kept]

    def _embed(self, chunks: Sequence[Chunk], progress: Progress | None) -> None:
        """See to it that every chunk's vector is in the cache; a kill here loses at most one batch of work."""
        texts = {text_key(chunk.search_text): chunk.search_text for chunk in chunks}
        kept = self._cache.vectors(self.embedder.identity, texts)
        # Like lengths together: a batch is padded to its longest text.
        missing = sorted(texts.keys() - kept.keys(), key=lambda key: (-len(texts[key]), key))
        for start in range(0, len(missing), _EMBED_BATCH):
            batch = missing[start : start + _EMBED_BATCH]
            vectors = self.embedder.embed_documents([texts[key] for key in batch])
            self._cache.keep_vectors(self.embedder.identity, dict(zip(batch, vectors, strict=True)))
            if progress:
                progress(start + len(batch), len(missing))

    def _vectors(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        import numpy as np

        keys = [text_key(chunk.search_text) for chunk in chunks]
        kept = self._cache.vectors(self.embedder.identity, keys)
        return np.stack([kept[key] for key in keys])

    def _reconcile(self, chunks: dict[str, Chunk]) -> None:
        held = self._store.ids()
        missing = [chunk for id, chunk in chunks.items() if id not in held]
        if missing:
            self._store.put(
                [chunk.id for chunk in missing], self._vectors(missing), [chunk.document for chunk in missing]
            )
        stale = sorted(held - chunks.keys())
        if stale:
            self._store.drop(stale)

    def _check(self, chunks: dict[str, Chunk]) -> None:
        """Ask the store for chunks we know it holds, spread over the index; raise StoreError if it does not find them."""
        every = list(chunks.values())
        canaries = every[:: max(1, len(every) // _CANARIES)][:_CANARIES]
        if not canaries:
            return
        for chunk, vector in zip(canaries, self._vectors(canaries), strict=True):
            found = self._store.nearest(vector, k=1, documents=[chunk.document])
            # Another chunk may hold the same text; a chunk's own vector is always found at similarity 1.
            if not found or found[0][1] < 0.999:
                raise StoreError(f"the index at {self._folder} does not find a chunk it holds")

    def _set_aside(self, error: StoreError) -> ChromaStore:
        """Move a damaged index out of the way and return an empty one in its place."""
        if self._folder is None:
            raise error
        logger.warning("index set aside: %s", error)
        self.notice = "The search index was damaged; it was set aside and built again from the saved articles."
        if self._folder.exists():
            self._folder.rename(self._folder.with_name(f"damaged-{time.time_ns()}-{self._folder.name}"))
        return ChromaStore(self._folder, name=self.fingerprint)
