"""The PDFs that articles were made of, kept beside them: an article and a page enter, and the page's picture leaves.

The app itself never opens a PDF: a child process draws it, as another one reads it. They are two, so that neither what
is added nor what is looked at waits for the other.
"""

from __future__ import annotations

from functools import lru_cache

from index.errors import UnknownArticleError
from index.library import Library
from index.reading.sandbox import Parser
from index.types import Document

_KEPT = 8
_KEY_LENGTH = 16


class Originals:
    """The originals of one library. Any thread may ask."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._parser = Parser(pictures_only=True)
        self._drawn = lru_cache(_KEPT)(self._draw)

    def key(self, document: Document) -> str:
        """Return what tells the original of an article from an earlier one's, in letters; "" where none is kept."""
        return document.made_of[:_KEY_LENGTH] if document.pages and self._library.has_original(document) else ""

    def picture(self, article: str, page: int, key: str) -> bytes | None:
        """Return a page (from 1) as a PNG; None where the article, its original of this key or the page is not there.

        Raises LoadError for a page that cannot be drawn, StoreError for a library that cannot be read.
        """
        try:
            document = self._library.get(article)
            if not key or self.key(document) != key or not 1 <= page <= len(document.pages):
                return None
            return self._drawn(article, page, document.made_of)
        except UnknownArticleError:
            return None

    def _draw(self, article: str, page: int, made_of: str) -> bytes:
        document = self._library.get(article)
        original = self._library.original_of(document)
        if original is None or document.made_of != made_of:
            raise UnknownArticleError("It was changed or removed just now.")
        return self._parser.picture(original, page)

    def close(self) -> None:
        """End what is being drawn; nothing is drawn any more."""
        self._parser.close()
