"""What a home folder searches with, and what it can fetch: embedders and their indexes come out, wishes go in.

A wish is a job (``assistant.jobs``): it goes on in the background, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.errors import AssistantError, UsageError
from assistant.jobs import Job, Jobs, Task, Ticket, Work
from assistant.library.indexes import Indexes, Pruned
from assistant.models.catalogue import CATALOGUE, lookup
from assistant.models.embedders import Embedders
from assistant.models.weights import PullProgress, WeightsFolder
from index.errors import IndexingError
from index.files import size_on_disk
from index.vectors.collections import Collection

_OWN_LANGUAGES = "languages: see its maker"


@dataclass(frozen=True, slots=True)
class BuiltIndex:
    """An embedder's index."""

    passages: int
    size_bytes: int | None
    """On disk; None on a Chroma server, which does not tell."""


@dataclass(frozen=True, slots=True)
class EmbedderChoice:
    """One line of the list of embedders."""

    name: str
    """A catalogue name, a folder, or a hub id."""
    languages: str
    """In words for the user."""
    size_bytes: int | None
    """Of its weights; None where that is not known."""
    licence: str
    """Empty where it is not known."""
    here: bool
    """Whether its weights are on this machine."""
    in_use: bool
    """Whether the library is searched with it."""
    index: BuiltIndex | None
    """None before it was first used."""


class Stock:
    """The weights, embedders and indexes of one home folder. Any thread may ask."""

    def __init__(
        self,
        weights: WeightsFolder,
        embedders: Embedders,
        indexes: Indexes,
        jobs: Jobs,
        *,
        pulled: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Call ``pulled`` in the background with the name of weights that a user fetched, once they are here."""
        self._weights = weights
        self._embedders = embedders
        self._indexes = indexes
        self._jobs = jobs
        self._pulled = pulled

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The last word on every job, the newest first; at most one is under way."""
        return self._jobs.known

    def embedders(self) -> tuple[EmbedderChoice, ...]:
        """Return the embedders that are known here: the catalogue's, and those the library was searched with."""
        found = self._indexes.collections()
        named = [one.about.embedder for one in found if one.about]
        own = sorted({*named, self._indexes.embedder} - CATALOGUE.keys())
        listed = [name for name, weights in CATALOGUE.items() if weights.kind == "embedder"]
        return tuple(self._choice(name, found) for name in (*listed, *own))

    def unused_bytes(self) -> int:
        """Return the size on disk of the indexes that are not in use; 0 before the one in use is built."""
        found = self._indexes.collections()
        used = self._indexes.in_use(found)
        return sum(one.size or 0 for one in found if one != used) if used else 0

    def pull(self, name: str) -> str:
        """Begin to fetch weights and return nothing; or return in one line why that cannot be."""
        try:
            lookup(name)
        except AssistantError as error:
            return str(error)
        return self._jobs.start("pull", name, self._fetching(name), then=partial(self._pulled, name))

    def use(self, name: str) -> str:
        """Begin to search with another embedder and return nothing; or return in one line why that cannot be.

        Its weights are fetched and its index is built if need be; until that is whole the one in use serves.
        """
        if not name.strip():
            return "Name a sentence-transformers folder, or a hub id that was fetched before."
        name = self._embedders.spelled(name.strip())
        try:
            self._embedders.check(name)
        except IndexingError as error:
            return str(error)
        return self._jobs.start("use", name, self._switching(name))

    def cancel(self, task: Task, name: str) -> None:
        """Ask a job to end, if it is under way. What was fetched or embedded so far is kept for the next time."""
        self._jobs.cancel(task, name)

    def wait(self, seconds: float) -> None:
        """Wait at most so long for the job under way to end."""
        self._jobs.wait(seconds)

    def prune(self) -> Pruned:
        """Delete the indexes that are not in use (see ``Indexes.prune``); UsageError while a job is under way."""
        if self._jobs.running is not None:
            raise UsageError("Something is still being made ready: wait for it, or cancel it; then delete.")
        return self._indexes.prune()

    def is_fetching(self, name: str) -> bool:
        """Return whether a job under way is about these weights."""
        job = self._jobs.running
        return job is not None and job.name == name

    def fetch(
        self, name: str, *, given_up: Callable[[], bool], show: Callable[[PullProgress], None] = lambda _: None
    ) -> None:
        """Fetch weights in the calling thread, as a job; raise what stopped it."""
        self._jobs.run("pull", name, self._fetching(name, show), given_up=given_up)

    def ready(self, *, given_up: Callable[[], bool], show: Callable[[PullProgress], None] = lambda _: None) -> None:
        """Have the embedder in use and its index ready, in the calling thread, as a job; raise what stopped it."""
        name = self._indexes.embedder
        self._jobs.run("use", name, self._switching(name, show), given_up=given_up)

    def _choice(self, name: str, found: Sequence[Collection]) -> EmbedderChoice:
        used = self._indexes.in_use(found, name)
        index = BuiltIndex(used.about.chunks, used.size) if used and used.about else None
        using = name == self._indexes.embedder
        if name in CATALOGUE:
            entry = CATALOGUE[name]
            here = self._weights.is_complete(name)
            return EmbedderChoice(name, entry.languages, entry.size_bytes, entry.licence, here, using, index)
        here = Path(name).is_dir()
        # A hub id stands in the hub's own cache.
        size = size_on_disk(Path(name)) if here else None
        return EmbedderChoice(name, _OWN_LANGUAGES, size, "", here or not Path(name).is_absolute(), using, index)

    def _fetching(self, name: str, show: Callable[[PullProgress], None] = lambda _: None) -> Work:
        def work(ticket: Ticket) -> None:
            def tell(progress: PullProgress) -> None:
                ticket.tell(progress.phase, progress.done_bytes, progress.total_bytes)
                show(progress)

            self._weights.pull(name, progress=tell, cancelled=lambda: ticket.cancelled)

        return work

    def _switching(self, name: str, show: Callable[[PullProgress], None] = lambda _: None) -> Work:
        def work(ticket: Ticket) -> None:
            if name in CATALOGUE and not self._weights.is_complete(name):
                self._fetching(name, show)(ticket)

            def tell(done: int, total: int) -> None:
                ticket.tell("indexing", done, total)
                ticket.stop_if_cancelled()

            ticket.tell("loading")
            ticket.stop_if_cancelled()
            self._indexes.switch(name, tell)

        return work
