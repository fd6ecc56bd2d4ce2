"""Find the chunks that bear on a query: nearest vectors and keywords, fused by their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from index.embed import Embedder
from index.fuse import fuse
from index.keyword import KeywordIndex
from index.language import script_language
from index.settings import IndexSettings
from index.types import Chunk, Document, ScoredChunk

if TYPE_CHECKING:
    from index.embed import Vectors


class Store(Protocol):
    """What retrieval needs of a vector store: ``ChromaStore`` is one."""

    def nearest(self, vector: Vectors, *, k: int, documents: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Return up to k (id, cosine similarity), most similar first, ties by id."""

    def similarities(self, vector: Vectors, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine similarity of each id that is held."""


# Languages not written in Latin script.
_OTHER_SCRIPTS = frozenset(
    "am ar be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne pa ru si sr ta te th uk ur zh".split()
)


def retrieve(
    query: str,
    *,
    k: int,
    embedder: Embedder,
    store: Store,
    keyword: KeywordIndex,
    chunks: Mapping[str, Chunk],
    library: Mapping[str, Document],
    documents: Sequence[str] | None,
    settings: IndexSettings,
) -> tuple[ScoredChunk, ...]:
    """Return up to k chunks, best first, ties by chunk id; nothing for an empty library or query.

    ``documents`` limits the search to theirs; ids the library does not hold are passed over.
    """
    # A command line may hold bytes that are no text; tokenizers refuse them.
    query = query.encode(errors="replace").decode()
    scope = [library[id] for id in (library if documents is None else dict.fromkeys(documents)) if id in library]
    if not scope or not query.strip() or k < 1:
        return ()
    candidates = max(k, settings.candidates)
    dense: dict[str, float] = {}
    readable = _readable(query, scope, embedder)
    vector = embedder.embed_query(query) if readable else None
    if vector is not None:
        dense = dict(_known(store, vector, candidates, _within(readable, library), chunks))
    words = dict(keyword.search(query, k=candidates, documents=_within(scope, library), also=dense))
    if vector is not None:
        # What one leg alone proposed is scored by the other too: a score that is missing says nothing.
        within = {document.id for document in readable}
        unscored = [id for id in words if id not in dense and chunks[id].document in within]
        dense |= store.similarities(vector, unscored)
    # A chunk that shares no word with the query scores 0, as BM25 has it.
    shared = {id: words.get(id, 0.0) for id in (*dense, *words)}
    fused = fuse([(dense, 1.0), (shared, settings.keyword_weight)])
    return tuple(ScoredChunk(chunks[id], score, dense.get(id), words.get(id)) for id, score in fused[:k])


def _within(documents: Sequence[Document], library: Mapping[str, Document]) -> list[str] | None:
    """Return the ids to limit a search to, None where that is the whole library: a search without limits is quicker."""
    return None if len(documents) == len(library) else [document.id for document in documents]


def _readable(query: str, scope: Sequence[Document], embedder: Embedder) -> list[Document]:
    """Return the documents whose vectors can be compared with the query's: none where the embedder cannot read it.

    A blind leg would drown the other one.
    """
    if embedder.languages is None:
        return list(scope)
    if _language(query, (document.language for document in scope)) not in embedder.languages:
        return []
    return [document for document in scope if document.language in embedder.languages]


def _language(query: str, languages: Iterable[str]) -> str:
    """Return a query's language: as its script tells, else the Latin-script one of ``languages``, English first."""
    latin = sorted({language for language in languages if language not in _OTHER_SCRIPTS})
    return script_language(query) or ("en" if "en" in latin or not latin else latin[0])


def _known(
    store: Store, vector: Vectors, k: int, documents: list[str] | None, chunks: Mapping[str, Chunk]
) -> list[tuple[str, float]]:
    """Return the k nearest of ``chunks``: the store may also hold chunks of an update that is under way."""
    asked = k
    while True:
        found = store.nearest(vector, k=asked, documents=documents)
        known = [(id, similarity) for id, similarity in found if id in chunks]
        if len(known) >= k or len(found) < asked:
            return known[:k]
        asked *= 2
