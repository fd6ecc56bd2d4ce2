"""Find the chunks that bear on a query: nearest vectors and keywords, fused by their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from index.search.fuse import fuse
from index.search.keyword import KeywordIndex
from index.settings import IndexSettings
from index.text.language import script_language
from index.types import Chunk, Document, ScoredChunk
from index.vectors.embed import Embedder

if TYPE_CHECKING:
    from index.vectors.embed import Vectors


class Store(Protocol):
    """What retrieval needs of a vector store: ``ChromaStore`` is one."""

    def nearest(self, vector: Vectors, *, k: int, within: Sequence[str] | None = None) -> list[str]:
        """Return up to k ids, all or those of ``within``, nearest first; the larger k, the fewer are missed."""

    def similarities(self, vector: Vectors, ids: Sequence[str]) -> dict[str, float]:
        """Return the cosine similarity of each id that is held."""


# Up to so many chunks are all compared: a graph of all articles is searched badly for those of one.
_FEW = 500
# The search is asked for a fiftieth of the chunks, up to so many, or it misses some of the nearest: of 100,000 chunks,
# 7 of 100 where it is asked for 30, and 1 where it is asked for 1,000.
_WIDEST = 1000
# Languages not written in Latin script.
_OTHER_SCRIPTS = frozenset(
    "am ar be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne pa ru si sr ta te th uk ur zh".split()
)


def retrieve(
    query: str,
    *,
    k: int,
    wordings: Sequence[str] = (),
    embedder: Embedder,
    store: Store,
    keyword: KeywordIndex,
    chunks: Mapping[str, Chunk],
    library: Mapping[str, Document],
    documents: Sequence[str] | None,
    settings: IndexSettings,
) -> tuple[ScoredChunk, ...]:
    """Return up to k chunks, best first, ties by chunk id; nothing for an empty library or query.

    ``wordings`` are other ways to put the same question, searched for too, each with the say of the query itself.
    ``documents`` limits the search to theirs; ids the library does not hold are passed over. The scores by leg are
    those of the query.
    """
    if documents is None:
        scope = list(library.values())
    else:
        scope = [library[id] for id in dict.fromkeys(documents) if id in library]
    if not scope or not query.strip() or k < 1:
        return ()
    # A command line may hold bytes that are no text; tokenizers refuse them.
    asked = [text.encode(errors="replace").decode() for text in dict.fromkeys((query, *wordings)) if text.strip()]
    candidates = max(k, settings.candidates)
    # What one search alone proposed is scored by the others too: a score that is missing says nothing.
    readable = [_readable(text, scope, embedder) for text in asked]
    vectors = [embedder.embed_query(text) if read else None for text, read in zip(asked, readable, strict=True)]
    dense = [
        {} if vector is None else _known(store, keyword, vector, candidates, _within(read, library), chunks)
        for vector, read in zip(vectors, readable, strict=True)
    ]
    near = dict.fromkeys(id for scores in dense for id in scores)
    within = _within(scope, library)
    words = [dict(keyword.search(text, k=candidates, documents=within, also=near)) for text in asked]
    found = dict.fromkeys((*near, *(id for scores in words for id in scores)))
    for place, (text, vector, read) in enumerate(zip(asked, vectors, readable, strict=True)):
        if vector is not None:
            titles = None if len(read) == len(library) else {document.id for document in read}
            missing = [
                id for id in found if id not in dense[place] and (titles is None or chunks[id].document in titles)
            ]
            dense[place] |= store.similarities(vector, missing)
        # Another wording's keywords: with one wording there are none.
        if others := found.keys() - near.keys() - words[place].keys():
            words[place] |= dict(keyword.search(text, k=1, documents=within, also=others))
    legs: list[tuple[Mapping[str, float], float]] = []
    for similar, shared in zip(dense, words, strict=True):
        # A chunk that shares no word with the query scores 0, as BM25 has it.
        legs += [(similar, 1.0), ({id: shared.get(id, 0.0) for id in found}, settings.keyword_weight)]
    return tuple(ScoredChunk(chunks[id], score, dense[0].get(id), words[0].get(id)) for id, score in fuse(legs)[:k])


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
    store: Store,
    keyword: KeywordIndex,
    vector: Vectors,
    k: int,
    documents: list[str] | None,
    chunks: Mapping[str, Chunk],
) -> dict[str, float]:
    """Return the k nearest chunks, nearest first, of all or of these documents."""
    among = None if documents is None else keyword.chunks_of(documents)
    if among is None or len(among) > _FEW:
        among = _searched(store, vector, k, among, chunks)
    similar = store.similarities(vector, among)
    return dict(sorted(similar.items(), key=lambda hit: (-hit[1], hit[0]))[:k])


def _searched(
    store: Store, vector: Vectors, k: int, among: Sequence[str] | None, chunks: Mapping[str, Chunk]
) -> list[str]:
    """Return about the k nearest of ``chunks``, or of some of them: the store may also hold an update's under way."""
    wanted = chunks.keys() if among is None else set(among)
    # Where most chunks are wanted, it is quicker to leave out the others afterwards.
    within = among if 2 * len(wanted) < len(chunks) else None
    asked = max(k, min(_WIDEST, len(wanted) // 50))
    while True:
        found = store.nearest(vector, k=asked, within=within)
        known = [id for id in found if id in wanted][:k]
        if len(known) == k or len(found) < asked:
            return known
        asked *= 2
