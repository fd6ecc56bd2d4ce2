"""Keyword search over chunks: BM25 on stems, and on character bigrams where words have no spaces.

An article's terms are counted once (``Counts``) and kept; an index is put together from the counts of its articles.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

from index.text.words import terms
from index.types import Chunk

if TYPE_CHECKING:  # numpy is not for --help
    import numpy as np
    from numpy.typing import NDArray

_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each term stands in each chunk of an article, as a matrix of chunks by terms in compressed rows."""

    terms: tuple[str, ...]
    """The columns."""
    ends: NDArray[np.int32]
    """For each chunk, where its entries end."""
    columns: NDArray[np.int32]
    """For each entry, its term."""
    numbers: NDArray[np.int32]
    """For each entry, how often; 1 at least."""

    @classmethod
    def of(cls, chunks: Iterable[Chunk], language: str) -> Self:
        """Count the terms of chunks' search texts, in their order."""
        import numpy as np

        column_of: dict[str, int] = {}
        ends, columns, numbers = [], list[int](), list[int]()
        for chunk in chunks:
            counted = Counter(terms(chunk.search_text, language))
            columns.extend(column_of.setdefault(term, len(column_of)) for term in counted)
            numbers.extend(counted.values())
            ends.append(len(columns))
        return cls(tuple(column_of), *(np.array(part, dtype=np.int32) for part in (ends, columns, numbers)))

    def packed(self) -> bytes:
        """Return these counts as bytes, for ``unpacked``."""
        words = "\n".join(self.terms).encode()
        sizes = struct.pack("<3i", len(words), len(self.ends), len(self.columns))
        return b"".join(
            [sizes, words, *(part.astype("<i4").tobytes() for part in (self.ends, self.columns, self.numbers))]
        )

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Return what ``packed`` gave."""
        import numpy as np

        width, chunks, entries = struct.unpack_from("<3i", data)
        numbers = np.frombuffer(data[12 + width :], dtype="<i4")
        words = data[12 : 12 + width].decode()
        return cls(
            tuple(words.split("\n")) if words else (),
            numbers[:chunks],
            numbers[chunks : chunks + entries],
            numbers[chunks + entries :],
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """An article's part in a keyword index."""

    document: str
    language: str
    chunks: tuple[str, ...]
    """The ids of its chunks."""
    counts: Counts
    """Of these chunks, in this order."""


class Vocabulary:
    """The terms that indexes share, each with its column; it only grows, so that what was laid out once stays right."""

    def __init__(self) -> None:
        self.column_of: dict[str, int] = {}
        self._columns: dict[int, tuple[Counts, NDArray[np.int32]]] = {}
        """By the identity of an article's counts, which stand beside so that no others get it."""

    def columns(self, articles: Sequence[Counted]) -> NDArray[np.int32]:
        """Return the column of each entry of the articles' counts; those of the last call are not laid out again."""
        import numpy as np

        known, self._columns = self._columns, {}
        for counts in (article.counts for article in articles):
            if (held := known.get(id(counts))) is None:
                of_term = [self.column_of.setdefault(term, len(self.column_of)) for term in counts.terms]
                held = counts, np.array(of_term, dtype=np.int32)[counts.columns]
            self._columns[id(counts)] = held
        return np.concatenate([columns for _, columns in (self._columns[id(article.counts)] for article in articles)])


class KeywordIndex:
    """BM25 (k1 = 1.2, b = 0.75) over the search texts of chunks, in Lucene's variant (Kamphuis et al., "Which BM25 do
    you mean?", ECIR 2020): of N chunks n hold the term, this one f times among its l terms, l_ being the mean:
    ln(1 + (N - n + 1/2) / (n + 1/2)) f / (f + k1 (1 - b + b l / l_)), summed over the terms of the query.

    Built once, then read by any thread.
    """  # noqa: D205  one sentence that does not fit a line

    def __init__(self, articles: Sequence[Counted], vocabulary: Vocabulary | None = None) -> None:
        """Put the articles' counts together; with the vocabulary of a former index, quickly."""
        self._chunks = tuple(id for article in articles for id in article.chunks)
        self._place_of = {id: place for place, id in enumerate(self._chunks)}
        self._languages = [article.language for article in articles for _ in article.chunks]
        self._ranges: dict[str, dict[str, list[range]]] = {}
        """Language to document id to the places of its chunks."""
        place = 0
        for article in articles:
            places = range(place, place := place + len(article.chunks))
            self._ranges.setdefault(article.language, {}).setdefault(article.document, []).append(places)
        self._whole = {language: _places(chain(*ranges.values())) for language, ranges in self._ranges.items()}
        """Language to the places of all its chunks."""
        self._vocabulary = vocabulary or Vocabulary()
        self._starts: NDArray[np.int32] | None = None
        if any(article.counts.terms for article in articles):
            self._weigh(articles)

    def search(
        self, query: str, *, k: int, documents: Collection[str] | None = None, also: Collection[str] = ()
    ) -> list[tuple[str, float]]:
        """Return up to k (chunk id, score above 0), best first, ties by id; then the others of ``also``, by id.

        ``documents`` limits the search to theirs; the chunks named in ``also`` are scored whatever their rank.

        The query is stemmed as each document was: whoever asks need not know the languages of a library.
        """
        if self._starts is None or k < 1:
            return []
        import numpy as np

        hits: list[tuple[str, float]] = []
        asked: dict[str, float] = {}
        for language in sorted(self._ranges):
            words = terms(query, language)
            places = self._whole[language]
            if documents is not None:
                ranges = self._ranges[language]
                places = _places(chain(*(ranges.get(id, ()) for id in dict.fromkeys(documents))))
            if not words or not len(places):
                continue
            scores = self._scores(words)
            found = scores[places]
            # No more than can be among the k best, ties with the last of them included.
            least = np.partition(found, -k)[-k] if len(found) > k else 0.0
            hits.extend((self._chunks[place], float(scores[place])) for place in places[(found > 0) & (found >= least)])
            for id in also:
                place = self._place_of.get(id)
                if place is not None and self._languages[place] == language and scores[place] > 0:
                    asked[id] = float(scores[place])
        best = sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
        return [*best, *sorted(asked.items() - set(best))]

    def chunks_of(self, documents: Iterable[str]) -> list[str]:
        """Return the ids of some documents' chunks."""
        known = (
            ranges for of_language in self._ranges.values() for ranges in map(of_language.get, documents) if ranges
        )
        return [self._chunks[place] for ranges in known for places in ranges for place in places]

    def _weigh(self, articles: Sequence[Counted]) -> None:
        """Lay out, for each term, the chunks that hold it and what it adds to the score of each."""
        import numpy as np
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

        columns = self._vocabulary.columns(articles)
        counts = [article.counts for article in articles]
        ends, last = [np.zeros(1, dtype=np.int64)], 0
        for one in counts:
            ends.append(one.ends.astype(np.int64) + last)
            last += len(one.columns)
        numbers = np.concatenate([one.numbers for one in counts]).astype(np.float64)
        shape = (len(self._chunks), len(self._vocabulary.column_of))
        rows = csr_matrix((numbers, columns, np.concatenate(ends)), shape=shape)
        lengths = np.asarray(rows.sum(axis=1)).ravel()
        usual = _K1 * (1 - _B + _B * lengths / lengths.mean())
        held = rows.tocsc()
        self._starts = held.indptr
        self._rows = held.indices
        holding = np.diff(held.indptr)
        rarity = np.log1p((len(self._chunks) - holding + 0.5) / (holding + 0.5))
        self._weights = np.repeat(rarity, holding) * held.data / (held.data + usual[held.indices])

    def _scores(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of every chunk, by its place."""
        import numpy as np

        scores = np.zeros(len(self._chunks))
        for word in words:
            column = self._vocabulary.column_of.get(word)
            # A later index may have brought the word into the vocabulary.
            if column is not None and self._starts is not None and column + 1 < len(self._starts):
                span = slice(self._starts[column], self._starts[column + 1])
                scores[self._rows[span]] += self._weights[span]
        return scores


def _places(ranges: Iterable[range]) -> NDArray[np.int64]:
    import numpy as np

    return np.concatenate([np.zeros(0, dtype=np.int64), *(np.arange(part.start, part.stop) for part in ranges)])
