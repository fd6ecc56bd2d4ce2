"""Keyword search over chunks: BM25 on stems, and on character bigrams where words have no spaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from index.types import Chunk
from index.words import terms

if TYPE_CHECKING:  # numpy is not for --help
    import numpy as np
    from numpy.typing import NDArray


class KeywordIndex:
    """BM25 (k1 = 1.2, b = 0.75, Lucene's variant) over the search texts of chunks.

    Built once, then read by any thread.
    """

    def __init__(self, chunks: Sequence[Chunk], *, languages: Sequence[str]) -> None:
        """Build from chunks and, in the same order, the language of each one's document."""
        self._chunks = tuple(chunks)
        self._languages = tuple(languages)
        self._place_of = {chunk.id: place for place, chunk in enumerate(self._chunks)}
        self._places: dict[str, NDArray[np.int64]] = {}
        """Language to the places of its chunks."""
        self._places_of: dict[str, dict[str, NDArray[np.int64]]] = {}
        """Language to document id to the places of its chunks."""
        self._model = None
        corpus = [terms(chunk.search_text, language) for chunk, language in zip(chunks, languages, strict=True)]
        if any(corpus):
            import bm25s  # brings numpy: not for --help

            self._place(languages)
            self._model = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend="numpy")
            self._model.index(corpus, show_progress=False)

    def search(
        self, query: str, *, k: int, documents: Collection[str] | None = None, also: Collection[str] = ()
    ) -> list[tuple[str, float]]:
        """Return up to k (chunk id, score above 0), best first, ties by id; then the others of ``also``, by id.

        ``documents`` limits the search to theirs; the chunks named in ``also`` are scored whatever their rank.

        The query is stemmed as each document was: whoever asks need not know the languages of a library.
        """
        if self._model is None or k < 1:
            return []
        import numpy as np

        hits: list[tuple[str, float]] = []
        asked: dict[str, float] = {}
        for language, places in sorted(self._places.items()):
            words = terms(query, language)
            if documents is not None:
                places_of = self._places_of[language]
                wanted = [places_of[id] for id in dict.fromkeys(documents) if id in places_of]
                places = np.concatenate(wanted) if wanted else places[:0]
            if not words or not len(places):
                continue
            scores = self._model.get_scores(words)
            found = scores[places]
            # No more than can be among the k best, ties with the last of them included.
            least = np.partition(found, -k)[-k] if len(found) > k else 0.0
            hits.extend(
                (self._chunks[place].id, float(scores[place])) for place in places[(found > 0) & (found >= least)]
            )
            for id in also:
                place = self._place_of.get(id)
                if place is not None and self._languages[place] == language and scores[place] > 0:
                    asked[id] = float(scores[place])
        best = sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
        return [*best, *sorted(asked.items() - set(best))]

    def _place(self, languages: Sequence[str]) -> None:
        """Note where the chunks of each language, and of each document in it, stand among all chunks."""
        import numpy as np

        places: dict[str, dict[str, list[int]]] = {}
        for place, (chunk, language) in enumerate(zip(self._chunks, languages, strict=True)):
            places.setdefault(language, {}).setdefault(chunk.document, []).append(place)
        for language, of_document in places.items():
            self._places_of[language] = {id: np.array(held, dtype=np.int64) for id, held in of_document.items()}
            self._places[language] = np.concatenate(list(self._places_of[language].values()))
