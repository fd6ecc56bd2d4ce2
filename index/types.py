"""The nouns of the article side: what loading, splitting and retrieving hand to one another.

All offsets count characters (Python ``str`` indices) in ``Document.text``, half open: ``text[start:end]``.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph"]
Progress = Callable[[int, int], None]
"""Called often with how many are done and how many there are. It may raise, to stop the work."""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading or a paragraph (a list item counts as a paragraph) of a document, by its place in the text."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """1 to 6 for a heading, 0 for a paragraph."""


@dataclass(frozen=True, slots=True)
class Document:
    """An article as loaded.

    Invariants: blocks are in order, do not overlap, are not empty, carry no white space at their ends,
    and the text between two blocks is white space only.
    """

    id: str
    title: str
    text: str
    """The canonical text: NFC, "\\n" line ends, blocks separated by a blank line. What every offset counts in."""
    blocks: tuple[Block, ...]
    author: str | None = None
    published: str | None = None
    """ISO date (YYYY, YYYY-MM or YYYY-MM-DD) where the article states one."""
    language: str = "en"
    """ISO 639-1."""
    url: str | None = None
    questions: tuple[str, ...] = ()
    """Questions the author suggests."""
    source: str | None = None
    """The file or page it was added from: adding that again updates this article."""
    site: str | None = None
    """The name of the site, journal or book it is part of."""
    pages: tuple[int, ...] = ()
    """Where each page begins in ``text``, ascending; a page without text begins where the next one does.
    Empty for an article that has no pages."""
    taken: str | None = None
    """What its bytes were when it was added, and who read them: equal ones need not be read again."""
    renamed: bool = False
    """Whether the title is its user's own; it stays when the article is updated."""
    left_out: str = ""
    """What of its file is not in the text, counted: "2 pictures, 1 comment"."""

    @property
    def made_of(self) -> str:
        """SHA-256 of the bytes it was made of, "" where that is not known."""
        return (self.taken or "").rpartition(":")[2]

    @property
    def digest(self) -> str:
        """SHA-256 of what a user sees: two documents with equal digests need no new indexing."""
        content = "\x00".join([self.title, self.author or "", self.published or "", self.language, self.text])
        shape = ",".join(f"{b.kind}:{b.start}:{b.end}:{b.level}" for b in self.blocks)
        pages = "\x00" + ",".join(map(str, self.pages)) if self.pages else ""  # none: the digest it always had
        return hashlib.sha256(f"{content}\x00{shape}{pages}".encode()).hexdigest()

    def heading_before(self, offset: int) -> str | None:
        """Return the text of the nearest heading that starts at or before ``offset``, or None."""
        heading = None
        for block in self.blocks:
            if block.start > offset:
                break
            if block.kind == "heading":
                heading = self.text[block.start : block.end]
        return heading

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page, from 1, that the character at ``offset`` stands on; None without pages."""
        return max(1, bisect_right(self.pages, offset)) if self.pages else None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit of citation: ``document.text[start:end] == text``, within one block."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit of retrieval: whole sentences of one section, ``document.text[start:end] == text``."""

    document: str
    """The document's id."""
    start: int
    end: int
    text: str
    heading: str = ""
    """The section's heading, or the title: searched with the chunk, not part of its text."""

    @property
    def id(self) -> str:
        """Hash of document id, offsets, text and heading: equal ids, equal vectors; two builds give equal ids."""
        key = f"{self.document}\x00{self.start}\x00{self.end}\x00{self.text}\x00{self.heading}"
        return hashlib.sha256(key.encode()).hexdigest()[:32]

    @property
    def search_text(self) -> str:
        """What is embedded and keyword-indexed: the heading, then the text."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk with its scores by leg; None where a leg did not return it."""

    chunk: Chunk
    fused: float
    dense: float | None = None
    """Cosine similarity, -1 to 1."""
    keyword: float | None = None
    """BM25, 0 upwards."""
