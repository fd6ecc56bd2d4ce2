"""Where concrete classes meet: a home folder becomes a library, an index, models and a workbench."""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.answer.chain import Assistant, Searchable
from assistant.answer.compare import SIDES, Side, Sided, side_by_side
from assistant.conversations import Conversations
from assistant.errors import AssistantError, UsageError
from assistant.home import Home
from assistant.jobs import Jobs
from assistant.library.indexes import Indexes
from assistant.library.shelf import ArticleCard, Shelf
from assistant.library.stock import Stock
from assistant.models.catalogue import CATALOGUE
from assistant.models.configured import Configured, ConfiguredModels
from assistant.models.embedders import Embedders
from assistant.models.llm import ModelName, missing, parse_model_name, server_of
from assistant.models.local import LocalServers, State
from assistant.models.weights import PullProgress, WeightsFolder
from assistant.models.writer import Writer, writer_of
from assistant.proof.reader import LOG, Reader, cut_folder, ensure_cut, is_installed, load_probes
from assistant.proof.small_reader import EMBEDDER as READS_WITH
from assistant.proof.small_reader import SmallReader
from assistant.settings import EXTRACTIVE, Caution, Settings
from assistant.types import Event, Notice, Turn, Waiting
from assistant.workbench import Exchange, ModelChoice, Opinion
from index.build import Index
from index.errors import IndexingError
from index.library import Library
from index.reading.load import load
from index.types import Document, Progress
from prompts import load as load_prompt

if TYPE_CHECKING:
    from index.vectors.embed import Embedder

logger = logging.getLogger(__name__)

_GIB = 1024**3
_BEAT_S = 0.2


class Application:
    """One home folder at work: the ``Workbench`` of the app, and what the terminal is built on."""

    def __init__(self, home: Home, settings: Settings | None = None) -> None:
        """Open the home folder, with the bundled article if it is new. Embedder and models load when first needed."""
        self.home = home
        self.settings = settings or Settings()
        self.default_model = self.settings.model
        self.default_caution = self.settings.caution
        self.weights = WeightsFolder(home.models)
        self.library = Library(home.articles)
        self.configured = ConfiguredModels(home.root)
        self.servers = LocalServers(home.logs / "local-server.log")
        self._conversations = Conversations(home.conversations)
        self._closing = ExitStack()
        self._closing.callback(self.servers.stop)
        self.embedders = Embedders(home, self.weights)
        self.indexes = Indexes(home, self.library, self.embedders, self.settings)
        self._closing.callback(self.indexes.close)
        self.shelf = Shelf(self.library, self.indexes)
        self._closing.callback(self.shelf.close)
        jobs = Jobs()
        self._closing.callback(jobs.close)
        self.stock = Stock(self.weights, self.embedders, self.indexes, jobs, pulled=self._pulled)
        self._loading = threading.Lock()
        self._preparing = False
        self._loaded_once: set[str] = set()
        self._writers: dict[str, tuple[ModelName, Writer | None]] = {}
        self._reader: Reader | None = None
        self._small_reader: SmallReader | None = None
        self.trouble: str | None = None
        """Why getting ready in the background stopped, in one line."""
        self._seed()

    # The library

    def articles(self) -> tuple[ArticleCard, ...]:
        """Return the library in title order."""
        return self.shelf.cards()

    def document(self, article: str) -> Document:
        """Return one article; raise UnknownArticleError naming the known ones."""
        return self.library.get(article)

    def documents(self) -> tuple[Document, ...]:
        """Return the library's articles in title order."""
        return self.library.documents()

    def index(self, progress: Progress | None = None) -> Index:
        """Return the library's index, equal to the articles on disk (see ``Indexes.current``)."""
        return self.indexes.current(progress)

    @contextmanager
    def index_of(
        self, documents: Sequence[Document], *, embedder: Embedder | None = None, progress: Progress | None = None
    ) -> Iterator[Index]:
        """Lend an index of articles that are not in the library, and do not enter it; their vectors are kept."""
        with self.indexes.apart(embedder or self.embedder()) as index:
            index.update(documents, progress=progress)
            yield index

    def embedder(self, name: str | None = None) -> Embedder:
        """Return an embedder (by default the one in use), loaded; EmbedderError says how to get it."""
        return self.embedders.load(name or self.indexes.embedder)

    def _seed(self) -> None:
        """Put the bundled article into a new library, once: a user who removed it does not get it back."""
        mark = self.home.articles / ".seeded"
        if mark.exists():
            return
        for entry in resources.files("assistant").joinpath("data").iterdir():
            with resources.as_file(entry) as path:
                self.library.add(load(path))
        with suppress(OSError):
            mark.touch()

    # The models

    def models(self) -> tuple[ModelChoice, ...]:
        """Return every model this installation knows of, ready ones first (see ``left_out`` for the rest)."""
        choices = [ModelChoice(EXTRACTIVE, "Quote the article (no model)", ready=True, origin="built in")]
        named = [f"local:{name}" for name, weights in CATALOGUE.items() if weights.kind == "chat"]
        own = self.configured.models()
        if self.default_model not in (*named, *own, EXTRACTIVE):
            named.insert(0, self.default_model)
        choices.extend(self._choice(name, own.get(name)) for name in (*named, *own))
        return tuple(sorted(choices, key=lambda choice: (not choice.ready, choice.name != self.default_model)))

    def left_out(self) -> tuple[str, ...]:
        """Return why models of ``models.toml`` are not among ``models``, a line each."""
        return tuple(self.configured.trouble.values())

    def _choice(self, name: str, own: Configured | None) -> ModelChoice:
        reason = self._why_not(name)
        if own is not None:
            return ModelChoice(name, own.label, ready=not reason, reason=reason)
        choice = ModelChoice(name, name.removeprefix("local:"), ready=not reason, reason=reason)
        weights = CATALOGUE.get(name.removeprefix("local:"))
        if weights is None:
            return choice
        return replace(
            choice,
            origin="catalogue",
            pullable=_can_run_local() and not self.weights.is_complete(weights.name),
            size_bytes=weights.size_bytes,
            licence=weights.licence,
            languages=weights.languages,
        )

    def _why_not(self, model: str) -> str:
        """Return why a model cannot answer now, or nothing."""
        try:
            name = self.model_name(model)
        except UsageError as error:  # it stood in the file of configured models when the app started
            return str(error)
        if name.kind != "local":
            return missing(name)
        if not _can_run_local():
            return "the llama.cpp package is not installed: pip install xllamacpp"
        if name.is_file:
            return "" if Path(name.value).expanduser().is_file() else f"there is no file {name.value}"
        weights = CATALOGUE[name.value]
        if self.stock.is_fetching(name.value):
            return "its weights are being downloaded"
        if not self.weights.is_complete(name.value):
            return f"not downloaded ({weights.size_bytes / 1e9:.1f} GB): assistant models pull {name.value}"
        state = self._state(name)
        if state == "loading":
            return "is loading"
        free = _free_memory()
        if free is not None and free < weights.size_bytes * 0.5 and state != "ready":
            return f"needs about {weights.size_bytes * 1.3 / _GIB:.1f} GiB of memory; {free / _GIB:.1f} GiB is free"
        return ""

    def _file(self, name: ModelName) -> Path:
        return Path(name.value).expanduser() if name.is_file else self.weights.path(name.value)

    def _state(self, name: ModelName) -> State:
        """Return the state of a local model's server, without starting one."""
        return self.servers.state(self._file(name), context=name.configured.context if name.configured else None)

    def model_name(self, model: str) -> ModelName:
        """Return what a model's name means in this home folder; raise UsageError naming the known ones."""
        try:
            return parse_model_name(model, self.configured.models())
        except UsageError:
            trouble = self.configured.trouble
            if line := trouble.get(model.strip()) or trouble.get(""):
                raise UsageError(line) from None
            raise

    def assistant(
        self, model: str | None = None, index: Searchable | None = None, *, settings: Settings | None = None
    ) -> Assistant:
        """Return an assistant over an index (the library's by default); raise UsageError naming the known models."""
        name = str(self.model_name(model or self.default_model))
        chosen = settings or self.settings
        write = self.writer(name)
        return Assistant(
            index or self.index(),
            model=name,
            write=write,
            window=write.window if write else None,
            settings=chosen,
            reader=self.reader() if chosen.reader else None,
            small_reader=self.small_reader() if chosen.reader else None,
        )

    def reader(self) -> Reader | None:
        """Return the reader, not necessarily loaded; None where its model or package is not here, or not cut yet."""
        with self._loading:
            if self._reader is None and is_installed():
                probes = load_probes()
                folder = cut_folder(self.home.models, probes)
                if folder.is_dir():
                    self._reader = Reader(folder, probes=probes, log=self.home.logs / LOG)
                    self._closing.callback(self._reader.close)
            return self._reader

    def small_reader(self) -> SmallReader | None:
        """Return what points at the likely sentence before the reader has read; None where either is not here."""
        reader = self.reader()
        with self._loading:
            if self._small_reader is None and reader is not None and self.weights.is_complete(READS_WITH):
                self._small_reader = SmallReader(self.weights.path(READS_WITH))
                self._closing.callback(self._small_reader.close)
            return self._small_reader

    def build_reader(self) -> None:
        """Cut the reader out of its model, once (half a minute), where that model is here. Raises ReaderError."""
        ensure_cut(self.home, self.weights)

    def open_reader(self) -> None:
        """Have the reader load in the background: the first question then finds it ready."""
        if not self.settings.reader:
            return
        for reader in (self.small_reader(), self.reader()):
            if reader is not None:
                reader.open_soon()

    def writer(self, model: str) -> Writer | None:
        """Return a model's writer, None for ``extractive``; raise UsageError naming the known models."""
        name = self.model_name(model)
        made = self._writers.get(str(name))
        if made is None or made[0] != name:  # a configured model may have been changed in its file
            write = writer_of(name, weights_path=self.weights.path, servers=self.servers, settings=self.settings)
            self._writers[str(name)] = made = name, write
        return made[1]

    def check(self, model: str) -> None:
        """Raise UsageError when a model cannot be used as named, EmbedderError when the settings' embedder cannot.

        Weights that are not downloaded yet are fine.
        """
        self.embedders.check(self.indexes.embedder)
        name = self.model_name(model)
        if name.kind != "local" or name.is_file:
            writer_of(name, weights_path=self.weights.path, servers=self.servers, settings=self.settings)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Get embedder, index, weights and local model ready in the background, while the app already answers."""
        stop = threading.Event()

        def work() -> None:
            with self._shown(self.indexes.embedder) as show:
                self.stock.ready(given_up=stop.is_set, show=show)
            self._make_ready(stop.is_set)

        worker = threading.Thread(target=self._prepare, args=(work, stop), name="preparing", daemon=True)
        worker.start()
        try:
            yield
        finally:
            stop.set()
            worker.join(2)

    def _prepare(self, work: Callable[[], None], stop: threading.Event) -> None:
        """Do some of getting ready, and keep why it stopped."""
        self._preparing, self.trouble = True, None
        try:
            work()
        except (AssistantError, IndexingError) as error:
            if not stop.is_set():
                self.trouble = str(error)
                logger.warning("preparing stopped: %s", error)
        finally:
            self._preparing = False

    def _make_ready(self, given_up: Callable[[], bool]) -> None:
        """Get the default model ready, its weights fetched if need be, and the reader."""

        def fetch(name: str) -> None:
            with self._shown(name) as show:
                self.stock.fetch(name, given_up=given_up, show=show)

        self.prepare(self.default_model, pull=fetch)
        self._warm_up()
        self._make_reader_ready()

    def _make_reader_ready(self) -> None:
        self.build_reader()
        self.open_reader()

    def _pulled(self, name: str) -> None:
        """Go on with getting ready, where what a user fetched is what that lacked."""
        if self._preparing:
            return
        stop = threading.Event()
        if f"local:{name}" == self.default_model:
            self._prepare(lambda: self._make_ready(stop.is_set), stop)
        else:
            self._prepare(self._make_reader_ready, stop)

    @contextmanager
    def _shown(self, name: str) -> Iterator[Callable[[PullProgress], None]]:
        """Lend what shows in the terminal how weights come in, if they are not here."""
        if name not in CATALOGUE or self.weights.is_complete(name):
            yield lambda _: None
            return
        from assistant.models.weights_progress import rich_progress

        with rich_progress() as show:
            yield show

    def _warm_up(self) -> None:
        """Have the local model read the part of the prompt that never changes: the first question finds it cached."""
        write = self.assistant(self.default_model).write
        if write is None or self.model_name(self.default_model).kind != "local":
            return
        stream = write(load_prompt("answer").render(sentences="[1] .", question="?"))
        for piece in stream:
            if piece is not None:
                break
        stream.close()

    def prepare(self, model: str, *, pull: Callable[[str], object]) -> None:
        """Make a model ready to answer, and the reader: load it, its weights pulled with ``pull`` if need be."""
        self.open_reader()
        name = self.model_name(model)
        if name.kind != "local":
            return
        if not name.is_file and not self.weights.is_complete(name.value):
            pull(name.value)
        server_of(name, self.weights.path, self.servers).ensure()

    def ask(
        self,
        question: str,
        *,
        model: str | None = None,
        articles: tuple[str, ...] | None = None,
        turns: tuple[Turn, ...] = (),
        strict: bool = True,
        searched: str | None = None,
        anyway: bool = False,
        caution: Caution | None = None,
    ) -> Generator[Event]:
        """Stream the answer (see ``Workbench.ask``)."""
        yield from self._index_ready()
        chosen, notice = self._standing_in(model or self.default_model)
        if notice is not None:
            yield notice
        yield from self.assistant(chosen, settings=self._at(caution)).stream(
            question, turns=turns, articles=articles, strict=strict, searched=searched, anyway=anyway
        )

    def compare(
        self,
        question: str,
        *,
        models: tuple[str, str],
        articles: tuple[str, ...] | None = None,
        turns: tuple[Turn, ...] = (),
        strict: bool = True,
        searched: str | None = None,
        caution: Caution | None = None,
    ) -> Generator[Sided]:
        """Stream two models' answers (see ``Workbench.compare``). Two local ones answer in turn."""
        for beat in self._index_ready():
            yield Sided(None, beat)
        chosen = [self._standing_in(model) for model in models]
        for side, (_, notice) in zip(SIDES, chosen, strict=True):
            if notice is not None:
                yield Sided(side, notice)
        left, right = (self.assistant(name, settings=self._at(caution)) for name, _ in chosen)
        yield from side_by_side(
            (left, right),
            question,
            in_turn=all(self.model_name(one.model).kind == "local" for one in (left, right)),
            turns=turns,
            articles=articles,
            strict=strict,
            searched=searched,
        )

    def _at(self, caution: Caution | None) -> Settings:
        return self.settings.at(caution) if caution else self.settings

    def _standing_in(self, model: str) -> tuple[str, Notice | None]:
        """Return the model that answers now, and what to say where it is not the one that was asked."""
        reason = self._why_stand_in(self.model_name(model))
        if not reason:
            return model, None
        label = model.removeprefix("local:")
        return EXTRACTIVE, Notice(f"{label} {reason}. Meanwhile the article itself is quoted.")

    def _index_ready(self) -> Generator[Waiting]:
        """Yield heartbeats until the index can be asked; raise what stopped it."""
        started = time.monotonic()
        while self.stock.is_fetching(self.indexes.embedder):
            time.sleep(_BEAT_S)
            yield Waiting("loading", round(time.monotonic() - started, 1))
        with ThreadPoolExecutor(1, "opening-index") as pool:
            opening = pool.submit(self.index)
            while not wait([opening], _BEAT_S).done:
                yield Waiting("loading", round(time.monotonic() - started, 1))
            opening.result()

    def _why_stand_in(self, name: ModelName) -> str:
        """Return why ``extractive`` answers in this model's place: only for the default one, until it is loaded."""
        if name.kind != "local" or str(name) != self.default_model or str(name) in self._loaded_once:
            return ""
        if not name.is_file and not self.weights.is_complete(name.value):
            return (
                "is still being downloaded"
                if self._preparing or self.stock.is_fetching(name.value)
                else f"is not downloaded ({self.trouble or 'assistant models pull ' + name.value})"
            )
        state = self._state(name)
        if state == "loading" or (state == "stopped" and self._preparing):
            return "is still loading"
        self._loaded_once.add(str(name))
        return ""

    # Conversations

    def exchanges(self, conversation: str) -> tuple[Exchange, ...]:
        """Return a saved conversation, oldest first; empty when there is none of that id."""
        return self._conversations.exchanges(conversation)

    def save(self, conversation: str, exchange: Exchange) -> None:
        """Append an exchange to a conversation on disk."""
        self._conversations.save(conversation, exchange)

    def replace(self, conversation: str, position: int, exchange: Exchange) -> None:
        """Put a regenerated exchange in the place of the one at ``position``."""
        self._conversations.replace(conversation, position, exchange)

    def rate(self, conversation: str, position: int, opinion: Opinion | None) -> None:
        """Keep (or take back) what the user thought of the answer at ``position``."""
        self._conversations.rate(conversation, position, opinion)

    def prefer(self, conversation: str, position: int, better: Side | None) -> None:
        """Keep (or take back) which of two answers at ``position`` the user found better."""
        self._conversations.prefer(conversation, position, better)

    def close(self) -> None:
        """Stop the local model and release the index."""
        self._closing.close()


def _can_run_local() -> bool:
    return importlib.util.find_spec("xllamacpp") is not None


def _free_memory() -> int | None:
    """Return the bytes of memory that could be used now, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
