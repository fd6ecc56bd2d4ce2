"""Fixtures of the article side's tests: small articles, and an embedder one can check by eye."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from index.build import Index
from index.reading.load import document_from_text
from index.settings import IndexSettings
from index.vectors.cache import Cache

WORDS = ("bridge", "ferry", "coal", "harbor")


class CountingEmbedder:
    """A vector counts four words, and has a little of a fifth direction, so that no text is without one."""

    name = "counting"
    identity = "counting"
    dimension = len(WORDS) + 1
    most_tokens = 256

    def __init__(self, languages: frozenset[str] | None = None) -> None:
        self.languages = languages
        self.embedded: list[str] = []
        """Every document text that was asked for, in order."""
        self.queries: list[str] = []

    def count_tokens(self, text: str) -> int:
        return 2 + len(text.split())

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded.extend(texts)
        return np.stack([_counts(text) for text in texts])

    def embed_query(self, text: str) -> np.ndarray:
        self.queries.append(text)
        return _counts(text)


def _counts(text: str) -> np.ndarray:
    vector = np.array([*(text.lower().count(word) for word in WORDS), 0.1], dtype=np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture(scope="session")
def make_embedder() -> type[CountingEmbedder]:
    return CountingEmbedder


@pytest.fixture(scope="session")
def article():
    """Make a document of plain text; its title is its id."""

    def make(id, text, *, language="en", title=None):
        return document_from_text(text, id=id, title=title or id, language=language)

    return make


@pytest.fixture
def open_index(embedder) -> Iterator[Callable[..., Index]]:
    """Open an index, in memory unless a folder is given; it is closed with the test."""
    with ExitStack() as closing:

        def make(folder: Path | None = None, *, by=embedder, cache: Cache | None = None, **settings) -> Index:
            if folder:
                folder.mkdir(exist_ok=True)
            index = Index(
                embedder=by,
                settings=IndexSettings(**settings),
                cache=cache or Cache(folder / "cache.sqlite" if folder else None),
                folder=folder,
            )
            closing.callback(index._cache.close)
            closing.callback(index.close)
            return index

        yield make


@pytest.fixture
def library(article):
    return [
        article("bridge", "The bridge opened in 1931. " * 30),
        article("ferry", "A ferry carried coal. " * 30),
        article("sea", "The sea is red. " * 30),
    ]
