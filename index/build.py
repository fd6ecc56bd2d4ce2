"""Keep a searchable index equal to a set of articles: documents in, an Index that answers queries out."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DamagedIndexError, StoreError
from index.library import unknown_article
from index.parts import Part, parts
from index.search.keyword import KeywordIndex, Vocabulary
from index.search.retrieve import retrieve
from index.settings import IndexSettings
from index.text.split import split
from index.types import Chunk, Document, Progress, ScoredChunk
from index.vectors.cache import Cache, text_key
from index.vectors.chroma import ChromaStore
from index.vectors.collections import About
from index.vectors.embed import Embedder
from index.vectors.server import ChromaServer, ServerStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

# Part of the fingerprint: raise it when split() changes its boundaries.
_SPLITTER = 1
_EMBED_BATCH = 128
_CANARIES = 16
_CHECKED = 10_000
"""Vectors that an opening compares with those that were put in: a second or two."""
# Chroma's graph leaves a few of many chunks where no search comes, the more the less a vector tells them apart: seen of
# vectors of sums of words, 1 in 80. Of a damaged graph it finds nothing.
_UNREACHABLE = 4


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What queries read; replaced whole, so that no query sees half an update."""

    parts: Mapping[str, Part]
    documents: Mapping[str, Document]
    chunks: Mapping[str, Chunk]
    keyword: KeywordIndex
    store: ChromaStore
    stamp: str = ""
    """The store's, when all of these chunks were in it."""


def fingerprint(embedder: Embedder, settings: IndexSettings) -> str:
    """Return the name of the collection that only this embedder with these splitter settings may read or write."""
    identity = [embedder.identity, embedder.dimension, settings.chunk_tokens, _SPLITTER]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]


def _texts(chunks: Iterable[Chunk]) -> dict[str, str]:
    """Return what is embedded of chunks, by the key its vector is kept under."""
    return {text_key(chunk.search_text): chunk.search_text for chunk in chunks}


def _newest(folder: Path, name: str) -> Path:
    """Return the folder of a fingerprint's collection: the last one made after damage, else the plain one."""
    try:
        return max(folder.glob(f"{name}.*"), key=lambda path: path.name, default=folder / name)
    except OSError as error:
        raise StoreError(
            f"the index folder {folder} cannot be read ({error.strerror}). Check its permissions."
        ) from error


class Index:
    """A set of articles, searchable. One writer at a time; any number of threads may query meanwhile.

    The vectors stand in Chroma (on ``server``, in ``folder``, or in memory when both are None) and are derived: what is
    damaged or missing is put right from the articles and the cache.
    """

    def __init__(
        self,
        *,
        embedder: Embedder,
        settings: IndexSettings,
        cache: Cache,
        folder: Path | None = None,
        server: ChromaServer | None = None,
    ) -> None:
        self.embedder = embedder
        self.settings = settings
        self.fingerprint = fingerprint(embedder, settings)
        self.notice: str | None = None
        """What was put right since ``mended`` was last asked, in one line for the user."""
        self._cache = cache
        self._folder = _newest(folder, self.fingerprint) if folder else None
        self._server = server
        self._writing = threading.Lock()
        self._closed = False
        self._verified = False
        """Whether all that the store holds is known to be what was once put in."""
        self._store: ChromaStore | None = None
        try:
            store = self._opened()
        except DamagedIndexError as error:
            store = self._set_aside(error)
        self._vocabulary = Vocabulary()
        self._whole = False
        """Whether the store is known to hold the snapshot's chunks and no others."""
        self._snapshot = _Snapshot({}, {}, {}, KeywordIndex([]), store)

    def update(self, documents: Sequence[Document], *, progress: Progress | None = None) -> None:
        """Make exactly these documents searchable. Embeds only chunks whose text was never embedded before.

        Queries see the former set until this one is complete. An index that proves damaged is set aside and put up
        again. Of two documents with one id the later counts. Raises StoreError when index or cache cannot be written.
        """
        with self._writing:
            self._update(documents, progress)

    def documents(self) -> tuple[Document, ...]:
        """Return the documents that are searchable now, in the order given to ``update``."""
        return tuple(self._snapshot.documents.values())

    @property
    def size(self) -> tuple[int, int]:
        """How many documents are searchable now, and how many chunks."""
        snapshot = self._snapshot
        return len(snapshot.documents), len(snapshot.chunks)

    def document(self, id: str) -> Document:
        """Return a searchable document; raise UnknownArticleError naming the known ones."""
        snapshot = self._snapshot
        if id not in snapshot.documents:
            raise unknown_article(id, tuple(snapshot.documents.values()))
        return snapshot.documents[id]

    def retrieve(
        self, query: str, *, k: int, documents: Sequence[str] | None = None, wordings: Sequence[str] = ()
    ) -> tuple[ScoredChunk, ...]:
        """Return the k best chunks for a query, best first, ties by chunk id.

        ``documents`` limits the search to theirs; ``wordings`` are other ways to put the query, searched for too. An
        index that proves damaged is put up again first.
        """
        mended = False
        while True:
            snapshot = self._snapshot
            try:
                if snapshot.store.stamp() != snapshot.stamp:
                    self._restore(snapshot)
                    continue
                found = self._found(snapshot, query, k=k, wordings=wordings, documents=documents)
                if found is not None:
                    return found
            except StoreError as error:
                # A writer that replaced the store under this query is done when the lock is ours.
                with self._writing:
                    if self._snapshot is snapshot:
                        if mended or not isinstance(error, DamagedIndexError):
                            raise
                        self._set_aside(error)
                        self._update(tuple(snapshot.documents.values()), None)
                        mended = True

    def _found(
        self, snapshot: _Snapshot, query: str, *, k: int, wordings: Sequence[str], documents: Sequence[str] | None
    ) -> tuple[ScoredChunk, ...] | None:
        """Return what a query finds; None where an update, also another program's, may have taken chunks from it."""
        store = snapshot.store
        try:
            found = retrieve(
                query,
                k=k,
                wordings=wordings,
                embedder=self.embedder,
                store=store,
                keyword=snapshot.keyword,
                chunks=snapshot.chunks,
                library=snapshot.documents,
                documents=documents,
                settings=self.settings,
            )
        except DamagedIndexError:
            if store.stamp() == snapshot.stamp:
                raise
            return None
        return found if self._snapshot is snapshot and store.stamp() == snapshot.stamp else None

    def mended(self) -> str | None:
        """Return what was put right since this was last asked, in one line for the user."""
        line, self.notice = self.notice, None
        return line

    def close(self) -> None:
        """Release the index's folder. Queries and updates then raise StoreError."""
        with self._writing:
            self._closed = True
            if self._store is not None:
                self._store.close()

    def _update(self, documents: Sequence[Document], progress: Progress | None) -> None:
        made = parts(
            documents, former=self._snapshot.parts, split=self._split, splitter=self.fingerprint, cache=self._cache
        )
        chunks = {id: chunk for part in made.values() for id, chunk in part.chunks.items()}
        texts = _texts(chunk for id, chunk in chunks.items() if id not in self._snapshot.chunks)
        known = self._cache.known(self.embedder.identity, texts)
        self._embed({key: text for key, text in texts.items() if key not in known}, progress)
        library = {id: part.document for id, part in made.items()}
        keyword = KeywordIndex([part.counted for part in made.values()], self._vocabulary)
        try:
            self._publish(_Snapshot(made, library, chunks, keyword, self._opened()))
        except DamagedIndexError as error:
            self._publish(_Snapshot(made, library, chunks, keyword, self._set_aside(error)))

    def _restore(self, snapshot: _Snapshot) -> None:
        """Put back what another program may have taken from under the queries; what it put in is its own and stays."""
        with self._writing:
            if self._snapshot is snapshot:
                store = snapshot.store
                with store.writing() as same:
                    self._fill(snapshot, same=same)
                    stamp = store.stamp() if same else store.note(self._about(snapshot))
                    self._snapshot = replace(snapshot, stamp=stamp)

    def _publish(self, snapshot: _Snapshot) -> None:
        """Bring the store up to a snapshot and show it to queries.

        What is new goes in before, what is stale goes out after: both sets can be searched at the moment of change.
        """
        store, former = snapshot.store, self._snapshot
        with store.writing() as same:
            same = same and store is former.store and store.stamp() == former.stamp
            held = self._fill(snapshot, same=same, held=set(former.chunks) if same and self._whole else None)
            self._snapshot = replace(snapshot, stamp=store.note(self._about(snapshot)))
            store.drop(sorted(held - snapshot.chunks.keys()))
            self._whole = True

    def _fill(self, snapshot: _Snapshot, *, same: bool, held: set[str] | None = None) -> set[str]:
        """Put in what the store lacks of a snapshot, and return the ids it held before (None: it is asked)."""
        self._whole = False  # until all is done
        self._verified = self._verified and same
        if held is None:
            held = snapshot.store.ids()
        self._put([chunk for id, chunk in snapshot.chunks.items() if id not in held], snapshot.store)
        self._verify([chunk for id, chunk in snapshot.chunks.items() if id in held], snapshot)
        return held

    def _about(self, snapshot: _Snapshot) -> About:
        return About(
            self.embedder.name,
            self.embedder.identity,
            self.embedder.dimension,
            articles=len(snapshot.documents),
            chunks=len(snapshot.chunks),
            written=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )

    def _put(self, chunks: Sequence[Chunk], store: ChromaStore) -> None:
        if chunks:
            store.put([chunk.id for chunk in chunks], self._vectors(chunks))

    def _verify(self, held: Sequence[Chunk], snapshot: _Snapshot) -> None:
        """Raise DamagedIndexError unless the store holds what it should, and finds it.

        Of very many chunks some are looked at, spread over them: the vectors of the others stand in a sealed graph.
        """
        if held and not self._verified:
            some = held[:: -(-len(held) // _CHECKED)]
            snapshot.store.require([chunk.id for chunk in some], self._vectors(some))
        self._verified = True
        # Ask for some chunks, spread over the index.
        every = list(snapshot.chunks.values())
        canaries = every[:: max(1, len(every) // _CANARIES)][:_CANARIES]
        # Another chunk may hold the same text; a chunk's own vector is found at similarity 1.
        nearest = [
            max(snapshot.store.similarities(vector, snapshot.store.nearest(vector, k=1)).values(), default=0.0)
            for vector in self._vectors(canaries)
        ]
        lost = sum(similarity < 0.999 for similarity in nearest)
        if lost > len(canaries) // _UNREACHABLE:
            raise DamagedIndexError(f"{snapshot.store.place} does not find {lost} of {len(canaries)} chunks it holds")

    def _split(self, document: Document) -> tuple[Chunk, ...]:
        limit = min(self.settings.chunk_tokens, self.embedder.most_tokens)
        return split(document, count_tokens=self.embedder.count_tokens, chunk_tokens=limit)

    def _embed(self, texts: Mapping[str, str], progress: Progress | None) -> None:
        """Put the vectors of texts, by their keys, into the cache; a kill here loses at most one batch of work."""
        # Like lengths together: the embedder pads them to the longest of a batch.
        missing = sorted(texts, key=lambda key: (-len(texts[key]), key))
        for start in range(0, len(missing), _EMBED_BATCH):
            batch = missing[start : start + _EMBED_BATCH]
            vectors = self.embedder.embed_documents([texts[key] for key in batch])
            self._cache.keep_vectors(self.embedder.identity, dict(zip(batch, vectors, strict=True)))
            if progress:
                progress(start + len(batch), len(missing))

    def _vectors(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        import numpy as np

        keys, texts = [text_key(chunk.search_text) for chunk in chunks], _texts(chunks)
        kept = self._cache.vectors(self.embedder.identity, keys)
        # The cache was damaged since _embed(); or its file is torn so that it does not give back what it takes.
        for anew in (False, True):
            if missing := texts.keys() - kept.keys():
                if anew:
                    self._cache.start_over()
                self._embed({key: texts[key] for key in (texts if anew else missing)}, None)
                kept = self._cache.vectors(self.embedder.identity, keys)
        vectors = np.zeros((len(keys), self.embedder.dimension), dtype=np.float32)
        for place, key in enumerate(keys):
            vectors[place] = kept[key]
        return vectors

    def _opened(self) -> ChromaStore:
        if self._closed:
            raise StoreError("the index is closed")
        if self._store is None:
            self._verified = False
            self._store = (
                self._server.store(self.fingerprint)
                if self._server
                else ChromaStore(self._folder, name=self.fingerprint)
            )
        return self._store

    def _set_aside(self, error: DamagedIndexError) -> ChromaStore:
        """Move a damaged index out of the way and return an empty one in its place."""
        logger.warning("index set aside: %s", error)
        if isinstance(self._store, ServerStore):
            self._store.renew()
            self.notice = "The search index on the server was damaged; it was rebuilt from the saved articles."
            return self._store
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._folder is not None and self._folder.exists():
            try:
                for former in self._folder.parent.glob(f"damaged-*-{self.fingerprint}"):
                    shutil.rmtree(former)  # one is enough to look into
                self._folder.rename(self._folder.with_name(f"damaged-{time.time_ns()}-{self.fingerprint}"))
            except OSError as trouble:
                raise StoreError(
                    f"the index at {self._folder} is damaged and cannot be moved away ({trouble.strerror}). "
                    "Delete that folder; it will be rebuilt from the saved articles."
                ) from trouble
            # Never the same path again: a query that still holds the old database may, as it lets go, delete the
            # journal it knows by its path, and would take that of the new one.
            self._folder = self._folder.with_name(f"{self.fingerprint}.{time.time_ns()}")
        self.notice = "The search index was damaged; it was set aside and rebuilt from the saved articles."
        return self._opened()
