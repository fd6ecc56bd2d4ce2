"""The library's indexes, one an embedder: which one is in use, another built beside it, those not in use deleted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.home import Home
from assistant.models.embedders import Embedders
from assistant.settings import Settings
from index.build import Index, fingerprint
from index.files import size_on_disk
from index.library import Library
from index.types import Progress
from index.vectors.cache import CACHE, Cache
from index.vectors.collections import Collection, collections, delete, held, in_use
from index.vectors.server import ChromaServer

if TYPE_CHECKING:
    from index.vectors.embed import Embedder


@dataclass(frozen=True, slots=True)
class Pruned:
    """What ``Indexes.prune`` did."""

    deleted: tuple[Collection, ...]
    stayed: tuple[Collection, ...]
    """Those that another program has open."""
    vectors: int
    """Kept vectors that are gone."""
    freed: int
    """Bytes of the disk."""


class Indexes:
    """The indexes of one library. Any thread may ask; what was opened stays open until ``close``."""

    def __init__(self, home: Home, library: Library, embedders: Embedders, settings: Settings) -> None:
        self._folder = home.index
        self._server = (
            ChromaServer(home.server, library=library.identity(), locks=home.index) if home.server is not None else None
        )
        self._library = library
        self._embedders = embedders
        self._settings = settings
        self._named = settings.embedder
        self._opened: dict[str, Index] = {}
        self._closing: dict[Index, ExitStack] = {}
        """Every open index, with what closes it."""
        self._stamps: dict[str, object] = {}
        """By fingerprint: what the library was like when its index was last made equal to it."""
        self._opening = threading.Lock()
        self._switching = threading.Lock()

    @property
    def embedder(self) -> str:
        """The embedder the library is searched with: the settings' own, or the one last chosen for this home folder."""
        return self._named or self._embedders.chosen()

    def current(self, progress: Progress | None = None) -> Index:
        """Return the library's index, equal to the articles on disk; the first call loads the embedder (seconds).

        It follows the choice of an embedder that another process makes (``switch``).
        """
        with self._opening:
            name = self.embedder
            index = self._opened.get(name) or self._open(name)
            self._opened[name] = index
            self._bring_up(index, progress)
            return index

    def switch(self, name: str, progress: Progress | None = None) -> Index:
        """Build the library's index for another embedder, and search with it from now on.

        The one in use serves meanwhile: only an index that is whole, and finds what it holds, takes its place. One that
        was built before is there at once. What ``progress`` raises stops it, and changes nothing.
        """
        name = self._embedders.spelled(name)
        if name == self.embedder:
            return self.current(progress)
        with self._switching:
            index = self._opened.get(name) or self._open(name)
            try:
                self._bring_up(index, progress)
                self._embedders.choose(name)
            except BaseException:
                if name not in self._opened:
                    self._release(index)  # else the next try would find its folder in use
                raise
            self._opened[name] = index
            self._named = None
            return index

    @contextmanager
    def apart(self, embedder: Embedder) -> Iterator[Index]:
        """Lend an empty index in memory, for articles that are not in the library; vectors are kept all the same."""
        with ExitStack() as opened:
            yield self._made(embedder, None, opened)

    def vectors(self) -> int:
        """Return how many vectors are kept, of all embedders."""
        with closing(self._cache()) as cache:
            return cache.count()

    def collections(self) -> tuple[Collection, ...]:
        """Return what stands of this library: on its server, if it has one, and then in its folder."""
        return (*(self._server.collections() if self._server else ()), *collections(self._folder))

    def in_use(self, found: Sequence[Collection], embedder: str | None = None) -> Collection | None:
        """Return the one of these that an embedder searches (by default the one in use); None before there is one."""
        here = [one for one in found if (one.folder is None) == (self._server is not None)]
        return in_use(here, embedder or self.embedder)

    def prune(self) -> Pruned:
        """Delete the indexes that are not in use, and the vectors kept for other embedders.

        UsageError, and nothing deleted, before the embedder in use has an index.
        """
        before, found = size_on_disk(self._folder), self.collections()
        used = self.in_use(found)
        if used is None and self.embedder in self._opened:
            # What it says of itself was torn under us: an update says it anew.
            self._stamps.clear()
            self.current()
            found = self.collections()
            used = self.in_use(found)
        if used is None or used.about is None:
            raise UsageError(f"the library has no index for {self.embedder} yet. Run `assistant reindex`, then prune.")
        with self._switching, self._opening:
            for name in self._opened.keys() - {self.embedder}:
                self._release(self._opened.pop(name))
        gone = {one: self._delete(one) for one in found if one != used}
        with closing(self._cache()) as cache:
            vectors = cache.forget(all_but=used.about.identity)
        return Pruned(
            tuple(one for one, deleted in gone.items() if deleted),
            tuple(one for one, deleted in gone.items() if not deleted),
            vectors,
            max(0, before - size_on_disk(self._folder)),
        )

    def close(self) -> None:
        """Release every index."""
        self._opened.clear()
        for index in list(self._closing):
            self._release(index)

    def _bring_up(self, index: Index, progress: Progress | None) -> None:
        """Make an index equal to the articles on disk, if they changed since it was."""
        stamp = self._library.stamp()
        if stamp != self._stamps.get(index.fingerprint):
            index.update(self._library.documents(), progress=progress)
            self._stamps[index.fingerprint] = stamp

    def _open(self, name: str) -> Index:
        """Open an embedder's index; where another process has its folder open, ours stays in memory."""
        embedder = self._embedders.load(name)
        with ExitStack() as opened:
            if self._server is not None:
                index = self._made(embedder, None, opened, server=self._server)
            else:
                mine = opened.enter_context(held(self._folder, fingerprint(embedder, self._settings.index)))
                index = self._made(embedder, self._folder if mine else None, opened)
            self._closing[index] = opened.pop_all()
        return index

    def _release(self, index: Index) -> None:
        """Close an index, and leave its folder to whoever wants it."""
        self._stamps.pop(index.fingerprint, None)
        self._closing.pop(index).close()

    def _made(
        self, embedder: Embedder, folder: Path | None, opened: ExitStack, *, server: ChromaServer | None = None
    ) -> Index:
        cache = self._cache()
        opened.callback(cache.close)
        index = Index(embedder=embedder, settings=self._settings.index, cache=cache, folder=folder, server=server)
        opened.callback(index.close)
        return index

    def _delete(self, one: Collection) -> bool:
        if one.folder is not None:
            return delete(one.folder)
        return self._server is not None and self._server.delete(one)

    def _cache(self) -> Cache:
        return Cache(self._folder / CACHE)
