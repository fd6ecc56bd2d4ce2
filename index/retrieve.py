"""Find the chunks that bear on a query: nearest vectors and keywords, fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from index.embed import Embedder
from index.fuse import fuse
from index.keyword import KeywordIndex
from index.language import script_language
from index.settings import IndexSettings
from index.types import Chunk, Document, ScoredChunk

Nearest = Callable[..., list[tuple[str, float]]]
"""``ChromaStore.nearest``."""

# Languages not written in Latin script.
_OTHER_SCRIPTS = frozenset(
    "am ar be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne pa ru si sr ta te th uk ur zh".split()
)


def retrieve(
    query: str,
    *,
    k: int,
    embedder: Embedder,
    nearest: Nearest,
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
    asked = _within(scope, library)
    by_keyword = keyword.search(query, k=candidates, documents=asked)
    by_vector: list[tuple[str, float]] = []
    readable = _readable(query, scope, embedder)
    if readable:
        by_vector = _known(nearest, embedder.embed_query(query), candidates, _within(readable, library), chunks)
    fused = fuse([[id for id, _ in by_vector], [id for id, _ in by_keyword]], constant=settings.rrf_constant)
    dense, words = dict(by_vector), dict(by_keyword)
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
    nearest: Nearest, vector: object, k: int, documents: list[str] | None, chunks: Mapping[str, Chunk]
) -> list[tuple[str, float]]:
    """Return the k nearest of ``chunks``: the store may also hold chunks of an update that is under way."""
    asked = k
    while True:
        found = nearest(vector, k=asked, documents=documents)
        known = [(id, similarity) for id, similarity in found if id in chunks]
        if len(known) >= k or len(found) < asked:
            return known[:k]
        asked *= 2
