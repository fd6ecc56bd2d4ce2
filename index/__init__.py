"""The article side: a file becomes an article, articles become a searchable index, a query the chunks that bear on it.

Two rooms bring articles in: `web` fetches a page, `reading` makes an article of a file. Then a module each: find its
`sentences` (what is cited), `split` it into chunks (what is found), keep it in the `library`, `embed` and `store` its
chunks, `build` the index, `retrieve` from it.
The names below are light to import; for ``Index``, ``Library`` and the verbs name their module.
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
