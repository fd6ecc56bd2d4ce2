"""The library as its user handles it: articles go in, are found by title, renamed, removed and brought back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assistant.errors import UsageError
from assistant.jobs import Job, Jobs, Ticket
from assistant.library.delivery import Delivery
from assistant.library.indexes import Indexes
from assistant.library.intake import Intake, Source, Taken, expanded
from assistant.library.originals import Originals
from assistant.library.starters import starters
from index.library import Library
from index.reading.sandbox import Parser
from index.text.words import fold
from index.types import Document, Progress

LONGEST_TITLE = 300
"""Characters."""
_JOB = "articles"


@dataclass(frozen=True, slots=True)
class ArticleCard:
    """One line of the library."""

    id: str
    title: str
    author: str | None
    published: str | None
    language: str
    words: int
    site: str | None = None
    pages: int = 0
    """0 where it has no pages."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of the library, in title order."""

    cards: tuple[ArticleCard, ...]
    found: int
    """How many articles the search found, of which ``cards`` are some."""
    of: int
    """How many articles there are."""


class Shelf:
    """The articles of one home folder. Any thread may ask; one adding in the background at a time."""

    def __init__(self, library: Library, indexes: Indexes) -> None:
        self.originals = Originals(library)
        """The PDFs that articles were made of."""
        self._library = library
        self._indexes = indexes
        self._jobs = Jobs()
        self._parser = Parser()
        self._guard = threading.Lock()
        self._taken: list[Taken] = []
        self._delivery: Delivery | None = None
        self._made: dict[str, tuple[Document, ArticleCard]] = {}
        """The cards by id, for a card counts its article's words: an article is the same object until it changes."""

    # Reading the library

    def cards(self) -> tuple[ArticleCard, ...]:
        """Return every article, by title."""
        cards = tuple(map(self._card, self._library.documents()))
        if len(self._made) > len(cards):
            self._made = {card.id: made for card in cards if (made := self._made.get(card.id))}
        return cards

    def search(self, words: str = "", *, start: int = 0, count: int = 50) -> Listing:
        """Return some of the articles whose title, author or site holds every one of these words, by title."""
        documents = self._library.documents()
        wanted = fold(words).split()
        found = [document for document in documents if all(word in _findable(document) for word in wanted)]
        return Listing(tuple(map(self._card, found[start : start + count])), len(found), len(documents))

    def _card(self, document: Document) -> ArticleCard:
        made = self._made.get(document.id)
        if made is None or made[0] is not document:
            made = self._made[document.id] = document, _card(document)
        return made[1]

    def questions(self, article: str) -> tuple[str, ...]:
        """Return questions to begin with: the author's own, or such as the headings and names in it suggest."""
        return starters(self._library.get(article))

    # Changing it

    def rename(self, article: str, title: str) -> ArticleCard:
        """Give an article another title; it stays when the article is updated. UsageError for one that is none."""
        title = " ".join(title.split())
        if not 0 < len(title) <= LONGEST_TITLE:
            raise UsageError(f"found a title of {len(title)} characters; expected 1 to {LONGEST_TITLE}.")
        return _card(self._library.rename(article, title))

    def remove(self, article: str) -> ArticleCard:
        """Take an article out of the library; ``restore`` brings it back for a month."""
        return _card(self._library.remove(article))

    def restore(self, article: str) -> ArticleCard:
        """Bring a removed article back."""
        return _card(self._library.restore(article))

    def take(self, sources: Iterable[Source], *, progress: Progress = lambda _done, _total: None) -> Iterator[Taken]:
        """Take sources into the library in the calling thread, folders with all they hold (see ``Intake.take``).

        They can be asked once an index was brought up to the library (``Indexes.current``).
        """
        yield from Intake(self._library, self._parser).take(expanded(sources), progress=progress)

    def one(self, source: Source) -> Document:
        """Return the article of one source, which stays out of the library; LoadError where there is none, or many."""
        return Intake(self._library, self._parser).one(source)

    # Adding in the background

    def add(self, sources: Sequence[Source]) -> str:
        """Begin to take sources in and return nothing; or return in one line why that cannot be.

        What becomes of them is told by ``taken``, how far it is by ``adding``; they can be asked once it has ended.
        """
        if not sources:
            return "Found nothing to add. Name a file, page or text."
        whole = Delivery(len(sources))
        whole.give(sources, len(sources))
        return self.receive(whole)

    def receive(self, delivery: Delivery) -> str:
        """Begin to take in what is delivered, round by round, as ``add`` does."""

        def work(ticket: Ticket) -> None:
            with self._guard:
                self._taken, self._delivery = [], delivery
            for taken in self._received(delivery, ticket):
                with self._guard:
                    self._taken.append(taken)

            def tell(done: int, total: int) -> None:
                ticket.tell("indexing", done, total)
                ticket.stop_if_cancelled()

            ticket.tell("loading")
            self._indexes.current(tell)

        return self._jobs.start("add", _JOB, work)

    def _received(self, delivery: Delivery, ticket: Ticket) -> Iterator[Taken]:
        def tell(done: int, total: int) -> None:
            # One source of a round may be a folder of this machine, and many files.
            ticket.tell("adding", delivery.done + done, max(delivery.done + total, delivery.of))
            ticket.stop_if_cancelled()

        for sources in delivery.rounds(lambda: tell(0, 0)):
            yield from self.take(sources, progress=tell)
        missing = delivery.of - delivery.done
        if missing > 0:
            files = "1 file" if missing == 1 else f"{missing:,} files"
            yield Taken(files, "failed", why="Not sent: the page was closed.")

    def give(self, name: str, sources: Sequence[Source], done: int) -> None:
        """Give the next round of the delivery of this name; one that has ended takes no more."""
        with self._guard:
            delivery = self._delivery
        job = self.adding
        if delivery is not None and delivery.name == name and job is not None and job.is_running:
            delivery.give(sources, done)

    @property
    def delivery(self) -> Delivery | None:
        """What is, or was last, taken in in the background; None before anything was."""
        with self._guard:
            return self._delivery

    @property
    def adding(self) -> Job | None:
        """The last word on adding; None before anything was added."""
        return next(iter(self._jobs.known), None)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What became of each source that was last added in the background, so far."""
        with self._guard:
            return tuple(self._taken)

    def cancel(self) -> None:
        """Ask the adding under way to end; what was taken in stays."""
        self._jobs.cancel("add", _JOB)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the adding under way to end; return whether none is."""
        return self._jobs.wait(seconds)

    def close(self) -> None:
        """End what is under way."""
        self._jobs.close(0)
        self._parser.close()
        self.originals.close()
        self._jobs.close()


def _card(document: Document) -> ArticleCard:
    return ArticleCard(
        document.id,
        document.title,
        document.author,
        document.published,
        document.language,
        _words(document),
        document.site,
        len(document.pages),
    )


def _words(document: Document) -> int:
    spaceless = document.language in {"ja", "zh"}
    return len(document.text) // 2 if spaceless else len(document.text.split())


def _findable(document: Document) -> str:
    return fold(" ".join(part for part in (document.title, document.author, document.site, document.id) if part))
