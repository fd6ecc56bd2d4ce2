"""Say how near two texts are in meaning, with an article's sentences embedded once a question."""

from __future__ import annotations

from collections.abc import Sequence

from index.embed import Embedder
from index.language import script_language


class Meaning:
    """Cosine similarities by the index's own embedder; all 0 for languages it was not trained for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._texts: tuple[str, ...] | None = None
        self._vectors = embedder.embed_documents(())

    def __call__(self, text: str, others: Sequence[str]) -> list[float]:
        """Return the similarity of a text with each of the others, in their order."""
        if not others or not all(self._reads(some) for some in (text, others[0])):
            return [0.0] * len(others)
        if self._texts != tuple(others):
            self._texts, self._vectors = tuple(others), self._embedder.embed_documents(others)
        similar = self._vectors @ self._embedder.embed_documents([text])[0]
        return [float(value) for value in similar]

    def _reads(self, text: str) -> bool:
        # A Latin script says too little about its language to turn a text away.
        language = script_language(text)
        return language is None or self._embedder.languages is None or language in self._embedder.languages
