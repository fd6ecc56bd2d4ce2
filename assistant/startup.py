"""What is not ready yet is made ready, in the background or while a caller waits; until then something stands in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext

from assistant.errors import AssistantError
from assistant.library.indexes import Indexes
from assistant.library.stock import Stock
from assistant.models.catalogue import CATALOGUE
from assistant.models.llm import ModelName
from assistant.models.roster import Roster
from assistant.models.weights import PullProgress
from assistant.proof.readers import Readers
from assistant.settings import EXTRACTIVE, Settings
from assistant.types import Notice, Waiting
from index.errors import IndexingError
from prompts import load as load_prompt

Show = Callable[[PullProgress], None]
"""Shows how weights come in."""
logger = logging.getLogger(__name__)
_BEAT_S = 0.2


class Startup:
    """Makes an index, a model and the readers of one home folder ready."""

    def __init__(self, roster: Roster, readers: Readers, stock: Stock, indexes: Indexes, settings: Settings) -> None:
        self._roster = roster
        self._readers = readers
        self._stock = stock
        self._indexes = indexes
        self._settings = settings
        self._busy = False
        self._loaded_once: set[str] = set()
        self.trouble: str | None = None
        """Why getting ready in the background stopped, in one line."""

    @contextmanager
    def in_background(self, progress_bar: Callable[[], AbstractContextManager[Show]]) -> Iterator[None]:
        """Get embedder, index, weights and the default model ready while the app already answers.

        ``progress_bar`` lends what shows how weights come in; it is asked for one only where they are not here.
        """
        stop = threading.Event()

        def lent(name: str) -> AbstractContextManager[Show]:
            is_missing = name in CATALOGUE and not self._roster.weights.is_complete(name)
            return progress_bar() if is_missing else nullcontext(lambda _: None)

        def fetch(name: str) -> None:
            with lent(name) as show:
                self._stock.fetch(name, given_up=stop.is_set, show=show)

        def work() -> None:
            with lent(self._indexes.embedder) as show:
                self._stock.ready(given_up=stop.is_set, show=show)
            self._make_ready(fetch)

        worker = threading.Thread(target=self._kept_from, args=(work, stop), name="preparing", daemon=True)
        worker.start()
        try:
            yield
        finally:
            stop.set()
            worker.join(2)

    def make_ready(self, model: str, *, pull: Callable[[str], object]) -> None:
        """Make a model ready to answer, and the readers: load it, its weights pulled with ``pull`` if need be."""
        self._open_readers()
        name = self._roster.named(model)
        if name.kind != "local":
            return
        if not self._roster.is_here(name):
            pull(name.value)
        self._roster.load(name)

    def pulled(self, name: str) -> None:
        """Go on with getting ready, where what a user fetched is what that lacked."""
        if self._busy:
            return
        stop = threading.Event()
        is_default = f"local:{name}" == self._settings.model
        work = (lambda: self._make_ready(lambda _: None)) if is_default else self._make_readers_ready
        self._kept_from(work, stop)

    def standing_in(self, model: str) -> tuple[str, Notice | None]:
        """Return the model that answers now, and what to say where it is not the one that was asked."""
        reason = self._why_stand_in(self._roster.named(model))
        if not reason:
            return model, None
        label = model.removeprefix("local:")
        return EXTRACTIVE, Notice(f"{label} {reason}. Meanwhile the article itself is quoted.")

    def index_ready(self) -> Generator[Waiting]:
        """Yield heartbeats until the index can be asked; raise what stopped it."""
        started = time.monotonic()
        while self._stock.is_fetching(self._indexes.embedder):
            time.sleep(_BEAT_S)
            yield Waiting("loading", round(time.monotonic() - started, 1))
        with ThreadPoolExecutor(1, "opening-index") as pool:
            opening = pool.submit(self._indexes.current)
            while not wait([opening], _BEAT_S).done:
                yield Waiting("loading", round(time.monotonic() - started, 1))
            opening.result()

    def _kept_from(self, work: Callable[[], None], stop: threading.Event) -> None:
        """Do some of getting ready, and keep why it stopped."""
        self._busy, self.trouble = True, None
        try:
            work()
        except (AssistantError, IndexingError) as error:
            if not stop.is_set():
                self.trouble = str(error)
                logger.warning("preparing stopped: %s", error)
        finally:
            self._busy = False

    def _make_ready(self, fetch: Callable[[str], object]) -> None:
        self.make_ready(self._settings.model, pull=fetch)
        self._warm_up()
        self._make_readers_ready()

    def _make_readers_ready(self) -> None:
        self._readers.build()
        self._open_readers()

    def _open_readers(self) -> None:
        if self._settings.reader:
            self._readers.open_soon()

    def _warm_up(self) -> None:
        """Have the local model read the part of the prompt that never changes: the first question finds it cached."""
        write = self._roster.writer(self._settings.model)
        if write is None or self._roster.named(self._settings.model).kind != "local":
            return
        stream = write(load_prompt("answer").render(sentences="[1] .", question="?"))
        for piece in stream:
            if piece is not None:
                break
        stream.close()

    def _why_stand_in(self, name: ModelName) -> str:
        """Return why ``extractive`` answers in this model's place: only for the default one, until it is loaded."""
        if name.kind != "local" or str(name) != self._settings.model or str(name) in self._loaded_once:
            return ""
        if not self._roster.is_here(name):
            return (
                "is still being downloaded"
                if self._busy or self._stock.is_fetching(name.value)
                else f"is not downloaded ({self.trouble or 'assistant models pull ' + name.value})"
            )
        state = self._roster.state(name)
        if state == "loading" or (state == "stopped" and self._busy):
            return "is still loading"
        self._loaded_once.add(str(name))
        return ""
