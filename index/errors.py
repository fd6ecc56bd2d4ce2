"""What can go wrong on the article side, said for the person who can mend it.

IndexingError              the base: one line that says what was found, what was expected and what to do
├── LoadError              a file is missing, empty, binary, unreadable, too large or holds no text
│   └── FetchError         a URL that may not be fetched, or that gave no article
├── UnknownArticleError    an article id that the library does not hold (the message names those it does)
├── EmbedderError          an embedder that is not there, or is not an embedder
└── StoreError             the library, its index or its cache cannot be read, written or locked
    └── DamagedIndexError  the index does not hold what was put into it; it can be built again from the articles
"""


class IndexingError(Exception):
    """Base of every error the article side raises on purpose."""


class LoadError(IndexingError):
    """A file cannot become an article."""


class FetchError(LoadError):
    """A URL may not be fetched, or gave no article; the line never holds its query, user or password."""


class UnknownArticleError(IndexingError):
    """No article has this id."""


class EmbedderError(IndexingError):
    """The embedder cannot be used."""


class StoreError(IndexingError):
    """The library, its index or its cache cannot be used."""


class DamagedIndexError(StoreError):
    """The index does not hold what was put into it."""
