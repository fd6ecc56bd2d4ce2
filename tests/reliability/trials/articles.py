"""Made-up articles whose every sentence is unlike any other, and an embedder that costs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

DIMENSION = 256
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va")

Sentences = tuple[str, ...]


def sentences(id: str, *, version: int = 1, count: int = 12) -> Sentences:
    """Return the sentences of one version of an article: eight words each, that no other sentence has."""
    return tuple(_sentence(f"{id}/{version}/{number}") for number in range(count))


def text(sentences: Sentences) -> str:
    """Return an article's text, one paragraph."""
    return " ".join(sentences)


def _sentence(seed: str) -> str:
    digits = hashlib.sha512(seed.encode()).hexdigest()
    words = ["".join(_SYLLABLES[int(digit, 16)] for digit in digits[n : n + 4]) for n in range(0, 32, 4)]
    return " ".join(words).capitalize() + "."


class TinyEmbedder:
    """A real embedder that needs no weights: each word has a direction of its own, which ``salt`` decides."""

    most_tokens = 256
    languages = None
    dimension = DIMENSION

    def __init__(self, name: str, *, salt: str) -> None:
        self.name = name
        self.identity = f"tiny-{salt}"
        self._salt = salt

    def count_tokens(self, text: str) -> int:
        """Return the words of a text, and two more."""
        return 2 + len(text.split())

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Return a unit vector for each text."""
        return np.array([self.embed_query(text) for text in texts], dtype=np.float32).reshape(-1, DIMENSION)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return a unit vector for each text."""
        return self.embed_documents(texts)

    def embed_query(self, text: str) -> np.ndarray:
        """Return the unit vector of a text."""
        vector = np.zeros(DIMENSION, dtype=np.float32)
        vector[0] = 1e-3  # no text is without a vector
        for word in text.lower().replace(".", " ").split():
            digest = hashlib.blake2b(f"{self._salt}{word}".encode(), digest_size=8).digest()
            for place in range(0, 8, 2):
                vector[int.from_bytes(digest[place : place + 2], "little") % DIMENSION] += (-1) ** (digest[place] >> 7)
        return vector / np.linalg.norm(vector)
