"""Turns files into articles, articles into a searchable index, and a query into the chunks that bear on it.

- `build`, `parts`: the index, and the part of one article in it
- `library`: the articles on disk
- `search`: vectors and keywords, fused
- `vectors`: embedding, the cache, and Chroma
- `web`, `reading`: fetches a page, and turns a file into an article
- `text`: language, sentences, chunks and words
- `files`, `types`, `settings`, `errors`: safe writing, the nouns, the numbers, what goes wrong

The names below are light to import; take ``Index`` and ``Library`` from their modules.
"""

from index.errors import (
    DamagedIndexError,
    EmbedderError,
    FetchError,
    IndexingError,
    LoadError,
    StoreError,
    UnknownArticleError,
)
from index.settings import IndexSettings
from index.types import Block, Chunk, Document, ScoredChunk, Sentence

__all__ = [  # noqa: RUF022 - grouped: a table of contents
    # The nouns
    "Block",
    "Chunk",
    "Document",
    "ScoredChunk",
    "Sentence",
    # The numbers
    "IndexSettings",
    # What can go wrong
    "DamagedIndexError",
    "EmbedderError",
    "FetchError",
    "IndexingError",
    "LoadError",
    "StoreError",
    "UnknownArticleError",
]
