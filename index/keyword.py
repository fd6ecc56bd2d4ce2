"""Keyword search over chunks: BM25 on stems, and on character bigrams where words have no spaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from index.types import Chunk
from index.words import terms


class KeywordIndex:
    """BM25 (k1 = 1.2, b = 0.75, Lucene's variant) over the search texts of chunks.

    Built once, then read by any thread.
    """

    def __init__(self, chunks: Sequence[Chunk], *, languages: Sequence[str]) -> None:
        """Build from chunks and, in the same order, the language of each one's document."""
        self._chunks = tuple(chunks)
        self._places: dict[str, dict[str, list[int]]] = {}
        """Language to document id to the places of its chunks."""
        for place, (chunk, language) in enumerate(zip(chunks, languages, strict=True)):
            self._places.setdefault(language, {}).setdefault(chunk.document, []).append(place)
        self._model = None
        corpus = [terms(chunk.search_text, language) for chunk, language in zip(chunks, languages, strict=True)]
        if any(corpus):
            import bm25s  # brings numpy: not for --help

            self._model = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend="numpy")
            self._model.index(corpus, show_progress=False)

    def search(self, query: str, *, k: int, documents: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to k (chunk id, score above 0), best first, ties by id; ``documents`` limits the search to theirs.

        The query is stemmed as each document was: whoever asks need not know the languages of a library.
        """
        if self._model is None or k < 1:
            return []
        import numpy as np

        hits: list[tuple[str, float]] = []
        for language, places_of in sorted(self._places.items()):
            words = terms(query, language)
            wanted = places_of if documents is None else [id for id in dict.fromkeys(documents) if id in places_of]
            if not words or not wanted:
                continue
            scores = self._model.get_scores(words)
            places = np.fromiter((place for id in wanted for place in places_of[id]), dtype=np.int64)
            found = scores[places]
            # No more than can be among the k best, ties with the last of them included.
            least = np.partition(found, -k)[-k] if len(found) > k else 0.0
            hits.extend(
                (self._chunks[place].id, float(scores[place])) for place in places[(found > 0) & (found >= least)]
            )
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
