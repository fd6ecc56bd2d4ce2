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
        self._languages = tuple(languages)
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
        hits: list[tuple[str, float]] = []
        for language in sorted(set(self._languages)):
            scores = self._scores(terms(query, language))
            hits.extend(
                (self._chunks[place].id, score)
                for place, score in scores.items()
                if self._languages[place] == language
                and (documents is None or self._chunks[place].document in documents)
            )
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]

    def _scores(self, words: list[str]) -> dict[int, float]:
        """Return the scores above 0, by place of the chunk."""
        if self._model is None or not words:
            return {}
        scores = self._model.get_scores(words)
        return {int(place): float(scores[place]) for place in scores.nonzero()[0] if scores[place] > 0}
