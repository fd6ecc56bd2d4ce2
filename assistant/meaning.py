"""Say how near two texts are in meaning, each text embedded once a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index.embed import Embedder
from index.language import script_language


class Meaning:
    """Cosine similarities by the index's own embedder; all 0 for languages it was not trained for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Any] = {}

    def __call__(self, text: str, others: Sequence[str]) -> list[float]:
        """Return the similarity of a text with each of the others, in their order."""
        if not others or not all(self._reads(some) for some in (text, others[0])):
            return [0.0] * len(others)
        new = [some for some in dict.fromkeys((text, *others)) if some not in self._vectors]
        self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))
        return [float(self._vectors[other] @ self._vectors[text]) for other in others]

    def _reads(self, text: str) -> bool:
        # A Latin script says too little about its language to turn a text away.
        language = script_language(text)
        return language is None or self._embedder.languages is None or language in self._embedder.languages
