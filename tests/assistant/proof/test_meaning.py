"""One scale for every embedder: thresholds set with one hold with another."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.proof.meaning import Meaning, anchors
from index.vectors.embed import SentenceTransformerEmbedder


class Squeezed:
    """The real embedder with every vector pulled towards one direction, as some models' are: cosines start high."""

    def __init__(self, inner: SentenceTransformerEmbedder) -> None:
        self._inner = inner
        self.name, self.identity = "squeezed", f"squeezed:{inner.identity}"
        self.dimension, self.most_tokens, self.languages = inner.dimension + 1, inner.most_tokens, None

    def count_tokens(self, text: str) -> int:
        return self._inner.count_tokens(text)

    def embed_documents(self, texts: list[str]) -> Any:
        vectors = self._inner.embed_documents(texts)
        pulled = np.hstack([vectors * 0.5, np.full((len(texts), 1), 0.75**0.5, np.float32)])
        return pulled / np.linalg.norm(pulled, axis=1, keepdims=True)

    embed_queries = embed_documents

    def embed_query(self, text: str) -> Any:
        return self.embed_documents([text])[0]


@pytest.fixture(scope="module")
def real(minilm: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


TEXTS = ["The mayor opened the museum in 1990.", "In 1990 the museum was opened by the mayor.", "Cats sleep all day."]


def test_the_embedder_of_the_thresholds_is_left_as_it_is(real: SentenceTransformerEmbedder) -> None:
    first, *others = real.embed_documents(TEXTS)
    assert Meaning(real)(TEXTS[0], TEXTS[1:]) == pytest.approx([float(first @ other) for other in others], abs=2e-3)


def test_another_embedders_cosines_land_on_the_same_scale(real: SentenceTransformerEmbedder) -> None:
    squeezed = Squeezed(real)
    unrelated, _ = anchors(squeezed)
    assert unrelated > 0.7
    same, other = Meaning(squeezed)(TEXTS[0], TEXTS[1:])
    assert Meaning(real)(TEXTS[0], TEXTS[1:]) == pytest.approx([same, other], abs=0.05)


def test_a_language_the_embedder_does_not_know_scores_nothing(real: SentenceTransformerEmbedder) -> None:
    assert Meaning(real)("橋は1931年に開通した。", ["橋は赤い。"]) == [0.0]
