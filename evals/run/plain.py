"""Plain BM25 over paragraphs, each case's library an index of its own: what any retrieval must beat."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from index.library import unknown_article
from index.text.words import CJK
from index.types import Chunk, Document, ScoredChunk

if TYPE_CHECKING:
    from bm25s import BM25

    from index.vectors.embed import Embedder

_TOKEN = re.compile(rf"[{CJK}]+|[^\W{CJK}]+")
_KEPT = 64
"""Libraries whose index stays in memory."""


class PlainBM25:
    """BM25 (k1 = 1.2, b = 0.75) on lower-cased words, character bigrams for Han and kana; no stems.

    An article's title counts where it tells articles apart: not in a library of one.

    Stands where an Index does: the same questions go the same way, only what is found differs.
    """

    def __init__(self, documents: Mapping[str, Document], *, embedder: Embedder) -> None:
        """Take the articles; the embedder only counts tokens, and compares sentences once they are found."""
        self.embedder = embedder
        self._documents = documents
        self._built: OrderedDict[tuple[str, ...], tuple[tuple[Chunk, ...], BM25]] = OrderedDict()

    def documents(self) -> tuple[Document, ...]:
        """Return every article."""
        return tuple(self._documents.values())

    def document(self, id: str) -> Document:
        """Return an article; raise UnknownArticleError naming the known ones."""
        if id not in self._documents:
            raise unknown_article(id, self.documents())
        return self._documents[id]

    def retrieve(
        self, query: str, *, k: int, documents: Sequence[str] | None = None, wordings: Sequence[str] = ()
    ) -> tuple[ScoredChunk, ...]:
        """Return the k best paragraphs, best first, ties in reading order; those that share no word are left out.

        A plain search knows the query alone: other ``wordings`` are passed over.
        """
        del wordings
        chunks, model = self._index(tuple(self._documents if documents is None else dict.fromkeys(documents)))
        words = [word for word in _words(query) if word in model.vocab_dict]
        if not words:
            return ()
        scores = model.get_scores(words)
        best = sorted(range(len(chunks)), key=lambda place: (-scores[place], place))[:k]
        return tuple(
            ScoredChunk(chunks[place], float(scores[place]), keyword=float(scores[place]))
            for place in best
            if scores[place] > 0
        )

    def mended(self) -> None:
        """Return nothing: what stands in memory alone needs no mending."""

    def _index(self, scope: tuple[str, ...]) -> tuple[tuple[Chunk, ...], BM25]:
        if scope not in self._built:
            import bm25s  # brings numpy: not for --help

            def title(document: Document) -> str:
                return document.title if len(scope) > 1 else ""

            chunks = tuple(
                Chunk(id, block.start, block.end, document.text[block.start : block.end], title(document))
                for id, document in ((id, self._documents[id]) for id in scope)
                for block in document.blocks
                if block.kind == "paragraph"
            )
            model = bm25s.BM25(k1=1.2, b=0.75, method="lucene", backend="numpy")
            model.index([_words(chunk.search_text) for chunk in chunks], show_progress=False)
            self._built[scope] = chunks, model
            if len(self._built) > _KEPT:
                self._built.popitem(last=False)
        self._built.move_to_end(scope)
        return self._built[scope]


def _words(text: str) -> list[str]:
    found: list[str] = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text).lower()):
        run = match.group()
        if re.match(rf"[{CJK}]", run):
            found.extend(run[place : place + 2] for place in range(max(1, len(run) - 1)))
        else:
            found.append(run)
    return found
