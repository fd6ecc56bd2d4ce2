"""Find the chunks that bear on a query: nearest vectors and keywords, fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from index.embed import Embedder
from index.fuse import fuse
from index.keyword import KeywordIndex
from index.language import script_language
from index.settings import IndexSettings
from index.types import Chunk, Document, ScoredChunk

if TYPE_CHECKING:
    Nearest = Callable[..., list[tuple[str, float]]]


def retrieve(
    query: str,
    *,
    k: int,
    embedder: Embedder,
    nearest: Nearest,
    keyword: KeywordIndex,
    chunks: Mapping[str, Chunk],
    library: Sequence[Document],
    settings: IndexSettings,
) -> tuple[ScoredChunk, ...]:
    """Return up to k chunks of the library's documents, best first, ties by chunk id; nothing for an empty library or query."""
    if not library or not query.strip() or k < 1:
        return ()
    ids = [document.id for document in library]
    documents = None if {chunk.document for chunk in chunks.values()} <= set(ids) else ids
    languages = {document.language for document in library}
    query_language = script_language(query) or next(iter(sorted(languages)))
    candidates = max(k, settings.candidates)
    by_keyword = keyword.search(query, k=candidates, language=query_language, documents=documents)
    by_vector: list[tuple[str, float]] = []
    if _reads(embedder, languages | {query_language}):
        by_vector = nearest(embedder.embed_query(query), k=candidates, documents=documents)
        # The store may hold chunks of an update that is under way.
        by_vector = [(id, similarity) for id, similarity in by_vector if id in chunks]
    fused = fuse([[id for id, _ in by_vector], [id for id, _ in by_keyword]], constant=settings.rrf_constant)
    dense, words = dict(by_vector), dict(by_keyword)
    return tuple(ScoredChunk(chunks[id], score, dense.get(id), words.get(id)) for id, score in fused[:k])


def _reads(embedder: Embedder, languages: set[str]) -> bool:
    """Whether the embedder knows these languages: a blind leg would only drown the other one."""
    return embedder.languages is None or languages <= embedder.languages
