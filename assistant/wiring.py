"""Where concrete classes meet: a home folder becomes a library, an index, models and a workbench."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import resources
from typing import TYPE_CHECKING

from assistant.answer.chain import Assistant, Searchable
from assistant.answer.compare import SIDES, Sided, side_by_side
from assistant.answer.question import Question
from assistant.conversations import Conversations
from assistant.home import Home
from assistant.jobs import Jobs
from assistant.library.indexes import Indexes
from assistant.library.shelf import ArticleCard, Shelf
from assistant.library.stock import Stock
from assistant.models.configured import ConfiguredModels
from assistant.models.embedders import Embedders
from assistant.models.local import LocalServers
from assistant.models.roster import Roster
from assistant.models.weights import WeightsFolder
from assistant.proof.readers import Readers
from assistant.settings import Caution, Settings
from assistant.startup import Startup
from assistant.types import Event
from index.build import Index
from index.library import Library
from index.reading.load import load
from index.types import Document, Progress

if TYPE_CHECKING:
    from index.vectors.embed import Embedder


class Application:
    """One home folder at work: the ``Workbench`` of the app, and what the terminal is built on."""

    def __init__(self, home: Home, settings: Settings | None = None) -> None:
        """Open the home folder, with the bundled article if it is new. Embedder and models load when first needed."""
        self.home = home
        self.settings = settings or Settings()
        self.default_model = self.settings.model
        self.default_caution = self.settings.caution
        self.library = Library(home.articles)
        self.conversations = Conversations(home.conversations)
        self.weights = WeightsFolder(home.models)
        self.servers = LocalServers(home.logs / "local-server.log")
        self.embedders = Embedders(home, self.weights)
        self.indexes = Indexes(home, self.library, self.embedders, self.settings)
        self.shelf = Shelf(self.library, self.indexes)
        jobs = Jobs()
        self.stock = Stock(
            self.weights, self.embedders, self.indexes, jobs, pulled=lambda name: self.startup.pulled(name)
        )
        configured = ConfiguredModels(home.root)
        is_fetching = self.stock.is_fetching
        self.roster = Roster(self.weights, configured, self.servers, self.settings, is_fetching=is_fetching)
        self.readers = Readers(home, self.weights)
        self.startup = Startup(self.roster, self.readers, self.stock, self.indexes, self.settings)
        self._closing = ExitStack()  # the last one first
        for close in (self.servers.stop, self.indexes.close, self.shelf.close, jobs.close, self.readers.close):
            self._closing.callback(close)
        self._seed()

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

    def assistant(
        self, model: str | None = None, index: Searchable | None = None, *, settings: Settings | None = None
    ) -> Assistant:
        """Return an assistant over an index (the library's by default); raise UsageError naming the known models."""
        name = str(self.roster.named(model or self.default_model))
        chosen = settings or self.settings
        write = self.roster.writer(name)
        return Assistant(
            index or self.index(),
            model=name,
            write=write,
            window=write.window if write else None,
            settings=chosen,
            reader=self.readers.large() if chosen.reader else None,
            small_reader=self.readers.small() if chosen.reader else None,
        )

    def check(self, model: str) -> None:
        """Raise UsageError when a model cannot be used as named, EmbedderError when the settings' embedder cannot.

        Weights that are not downloaded yet are fine.
        """
        self.embedders.check(self.indexes.embedder)
        self.roster.check(model)

    def ask(
        self, question: Question | str, *, model: str | None = None, caution: Caution | None = None
    ) -> Generator[Event]:
        """Stream the answer (see ``Workbench.ask``)."""
        yield from self.startup.index_ready()
        chosen, notice = self.startup.standing_in(model or self.default_model)
        if notice is not None:
            yield notice
        yield from self.assistant(chosen, settings=self._at(caution)).stream(question)

    def compare(
        self, question: Question | str, *, models: tuple[str, str], caution: Caution | None = None
    ) -> Generator[Sided]:
        """Stream two models' answers (see ``Workbench.compare``). Two local ones answer in turn."""
        for beat in self.startup.index_ready():
            yield Sided(None, beat)
        chosen = [self.startup.standing_in(model) for model in models]
        for side, (_, notice) in zip(SIDES, chosen, strict=True):
            if notice is not None:
                yield Sided(side, notice)
        left, right = (self.assistant(name, settings=self._at(caution)) for name, _ in chosen)
        in_turn = all(self.roster.named(one.model).kind == "local" for one in (left, right))
        yield from side_by_side((left, right), question, in_turn=in_turn)

    def close(self) -> None:
        """Stop the local model and release the index."""
        self._closing.close()

    def _at(self, caution: Caution | None) -> Settings:
        return self.settings.at(caution) if caution else self.settings

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
