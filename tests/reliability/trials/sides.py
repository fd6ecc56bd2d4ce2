"""The two that are put to the same trials, each in a child process: this app, and Chroma as its tutorials use it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from trials.articles import Sentences, TinyEmbedder, text

Found = tuple[str, str]
"""The id of an article, and the passage of it that answers a question best."""
TINY, TWIN = "e5-multilingual", "twin"
"""The default embedder's name, and another: two tiny embedders of equal dimension."""


class Side(Protocol):
    """What a trial asks of either."""

    def put(self, id: str, sentences: Sentences) -> None:
        """Add an article, or put it in the place of the one with its id; returning acknowledges it."""

    def remove(self, id: str) -> None:
        """Take an article out."""

    def held(self) -> dict[str, str]:
        """Return the text of every article, by id."""

    def ask(self, questions: Sequence[str]) -> list[Found]:
        """Return the best passage for each question."""

    def close(self) -> None:
        """Let go of the folder."""


class Ours:
    """The application over a home folder, as the app and the command line open it."""

    def __init__(self, root: Path, *, embedder: str | None = None, tiny: bool = True) -> None:
        from assistant.home import Home
        from assistant.settings import Settings
        from assistant.wiring import Application
        from index.settings import IndexSettings
        from index.vectors.chroma import CONFIGURATION

        CONFIGURATION["hnsw"]["sync_threshold"] = 100  # so that small libraries, too, have a graph on disk
        self.application = Application(Home(root), Settings(embedder=embedder, index=IndexSettings(chunk_tokens=32)))
        if tiny:
            self.application.embedders._loaded.update(
                {name: TinyEmbedder(name, salt=salt) for name, salt in ((TINY, "a"), (TWIN, "b"))}
            )

    def put(self, id: str, sentences: Sentences) -> None:
        """Add an article and make it searchable, as `assistant add` does."""
        self.save(id, sentences)
        self.application.index()

    def save(self, id: str, sentences: Sentences) -> str:
        """Keep an article in the library; who asks next makes it searchable."""
        from index.reading.load import document_from_text

        return self.application.library.add(document_from_text(text(sentences), id=id, title=id, language="en"))

    def remove(self, id: str) -> None:
        """Take an article out, as `assistant remove` does."""
        self.application.library.remove(id)
        self.application.index()

    def switch(self, name: str) -> None:
        """Search with another embedder from now on, as `assistant reindex --embedder` does."""
        self.application.indexes.switch(name)

    def reindex(self) -> None:
        """Bring the index up to the library, as `assistant reindex` does."""
        self.application.indexes.switch(self.application.indexes.embedder)

    def prune(self) -> None:
        """Delete the indexes that are not in use."""
        self.application.index()
        self.application.indexes.prune()

    def held(self) -> dict[str, str]:
        """Return the text of every article; the library, the index and its store must be of one mind."""
        from index.errors import DamagedIndexError

        index = self.application.index()
        library = self.application.documents()
        if index.documents() != library:
            raise AssertionError("the index lists other articles than the library")
        try:
            stored = index._snapshot.store.ids()
        except DamagedIndexError:  # torn under it a moment ago: the next question notices, and mends it
            for document in library[:1]:
                index.retrieve(document.text, k=1)
            stored = index._snapshot.store.ids() if library else set()
        if stored != set(index._snapshot.chunks):
            raise AssertionError("the store holds other chunks than the articles have")
        return {document.id: document.text for document in library}

    def ask(self, questions: Sequence[str]) -> list[Found]:
        """Return the best passage for each question."""
        found = []
        for question in questions:
            best = self.application.index().retrieve(question, k=1)
            found.append((best[0].chunk.document, best[0].chunk.text) if best else ("", ""))
        return found

    def answer(self, question: str) -> Found:
        """Return the first citation of what the app answers in the conversation, no language model asked."""
        answer = [event for event in self.application.ask(question, model="extractive") if hasattr(event, "answer")]
        citation = answer[-1].answer.statements[0].citations[0]
        return citation.document, citation.quote

    # What else a home keeps of its user

    def save_pdf(self, id: str, sentences: Sentences) -> None:
        """Keep an article that was made of a PDF, and its PDF."""
        from index.reading.load import document_from_text

        original = f"%PDF {id}".encode()
        document = document_from_text(text(sentences), id=id, title=id, language="en")
        taken = f"trial:{hashlib.sha256(original).hexdigest()}"
        self.application.library.add(replace(document, pages=(0,), taken=taken), original)

    def take_out(self, id: str) -> None:
        """Remove an article without making an index."""
        self.application.shelf.remove(id)

    def take(self, name: str, words: str) -> list[str]:
        """Add a file as a page uploads it; return what became of it."""
        from assistant.library.intake import Source

        return [taken.change for taken in self.application.shelf.take([Source("upload", name, words.encode())])]

    def rename(self, id: str, title: str) -> None:
        """Give an article a title."""
        self.application.shelf.rename(id, title)

    def restore(self, id: str) -> None:
        """Bring a removed article back."""
        self.application.shelf.restore(id)

    def chat(self, conversation: str, words: str) -> None:
        """Keep an exchange."""
        from assistant.conversations import Exchange
        from assistant.types import Answer

        answer = Answer(words, words, words, abstained=False, model="extractive", embedder=TINY)
        self.application.conversations.save(conversation, Exchange(answer))

    def rate(self, conversation: str, position: int, opinion: str) -> None:
        """Keep an opinion on an answer."""
        self.application.conversations.rate(conversation, position, opinion)

    def case(self, question: str) -> None:
        """Keep a case of the user's own set."""
        from evals.cases.casemaker import save_case

        save_case(self._own_set, question=question, answerable=False, documents=self.application.documents())

    def page(self, conversation: str, question: str) -> dict[str, Any]:
        """Return what a page shows at last that asked a question: ``history`` and ``note``."""
        from assistant.app.desk import Ask, Desk

        shown: dict[str, Any] = {}
        for screen in Desk(self.application).ask(Ask(question, conversation, "page", model="extractive")):
            shown |= screen
        return shown

    def belongings(self, conversations: Sequence[str]) -> dict[str, Any]:
        """Return all that the user has here, each thing read by the code that reads it for the user."""
        from evals.cases.sets import load_set

        library = self.application.library
        cases = load_set(self._own_set).cases if self._own_set.exists() else ()
        return {
            "articles": {one.id: (one.title, one.text, library.has_original(one)) for one in library.documents()},
            "conversations": {
                name: [(one.answer.text, one.opinion) for one in self.application.conversations.exchanges(name)]
                for name in conversations
            },
            "cases": [case.question for case in cases],
        }

    @property
    def _own_set(self) -> Path:
        from evals.cases.sets import sets_folder
        from evals.tab.engine import OWN_SET

        return sets_folder(self.application.home) / OWN_SET

    def state(self) -> dict[str, Any]:
        """Return what the user would be told, and which embedder is in use."""
        index = self.application.index()
        return {"notice": index.notice, "embedder": index.embedder.name}

    def close(self) -> None:
        """Let go of the home folder."""
        self.application.close()


class PlainChroma:
    """Chroma by its tutorials: a persistent client, one collection with default settings, one call an article."""

    def __init__(self, root: Path, *, embedder: str | None = None, **_: object) -> None:
        import chromadb

        self._embedder = TinyEmbedder("tiny", salt="b" if embedder == TWIN else "a")
        self._closing = ExitStack()
        client = chromadb.PersistentClient(path=str(root / "chroma"))
        self._closing.callback(client.close)
        self._collection = client.get_or_create_collection("articles", embedding_function=None)

    def put(self, id: str, sentences: Sentences) -> None:
        """Upsert an article's passages, three sentences each, in one call."""
        passages = [text(sentences[n : n + 3]) for n in range(0, len(sentences), 3)]
        self._collection.upsert(
            ids=[f"{id}-{n}" for n in range(len(passages))],
            embeddings=self._embedder.embed_documents(passages),
            documents=passages,
            metadatas=[{"article": id, "place": n} for n in range(len(passages))],
        )

    def remove(self, id: str) -> None:
        """Delete an article's passages."""
        self._collection.delete(where={"article": id})

    def held(self) -> dict[str, str]:
        """Return the text of every article, its passages put together."""
        everything = self._collection.get(include=["documents", "metadatas"])
        passages: dict[str, list[tuple[int, str]]] = {}
        for passage, about in zip(everything["documents"], everything["metadatas"], strict=True):
            passages.setdefault(about["article"], []).append((about["place"], passage))
        return {id: text(tuple(passage for _, passage in sorted(found))) for id, found in passages.items()}

    def ask(self, questions: Sequence[str]) -> list[Found]:
        """Return the nearest passage for each question."""
        return list(self._nearest(questions))

    def _nearest(self, questions: Iterable[str]) -> Iterable[Found]:
        for question in questions:
            found = self._collection.query(
                query_embeddings=[self._embedder.embed_query(question)], n_results=1, include=["documents", "metadatas"]
            )
            if found["ids"][0]:
                yield found["metadatas"][0][0]["article"], found["documents"][0][0]
            else:
                yield "", ""

    def close(self) -> None:
        """Let go of the folder."""
        self._closing.close()


SIDES = {"ours": Ours, "chroma": PlainChroma}
