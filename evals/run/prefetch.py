"""Query vectors for many questions at once: embedded in batches, kept by text, and handed out one by one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from index.text.language import script_language
from index.vectors.cache import Cache, text_key
from index.vectors.embed import Embedder

if TYPE_CHECKING:
    from index.vectors.embed import Vectors

_BATCH = 512


class Prefetched:
    """An embedder that has read its questions before they are asked; everything else is the embedder's own."""

    def __init__(self, embedder: Embedder, questions: Sequence[str], cache: Path) -> None:
        """Embed the questions this embedder can read and the cache does not hold."""
        self._embedder = embedder
        self.name, self.identity, self.dimension = embedder.name, embedder.identity, embedder.dimension
        self.most_tokens, self.languages = embedder.most_tokens, embedder.languages
        readable = [
            question
            for question in dict.fromkeys(questions)
            if embedder.languages is None or (script_language(question) or "en") in embedder.languages
        ]
        # A query's vector is not a document's: many embedders put other words before each.
        kept_as = f"{embedder.identity}:query"
        with closing(Cache(cache)) as kept:
            found = dict(kept.vectors(kept_as, [text_key(question) for question in readable]))
            missing = [question for question in readable if text_key(question) not in found]
            for start in range(0, len(missing), _BATCH):
                batch = missing[start : start + _BATCH]
                fresh = dict(zip(map(text_key, batch), embedder.embed_queries(batch), strict=True))
                kept.keep_vectors(kept_as, fresh)
                found |= fresh
        self._vectors = found

    def count_tokens(self, text: str) -> int:
        """Return the tokens of a text, special tokens included."""
        return self._embedder.count_tokens(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""
        return self._embedder.embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), rows in order, each of length 1."""
        return self._embedder.embed_queries(texts)

    def embed_query(self, text: str) -> Vectors:
        """Return an array of shape (dimension,), of length 1."""
        known = self._vectors.get(text_key(text))
        return self._embedder.embed_query(text) if known is None else known
