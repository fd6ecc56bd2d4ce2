"""What a front may ask of the assistant: the one interface that the app and the terminal are built on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.answer.compare import Side, Sided
from assistant.library.shelf import ArticleCard, Shelf
from assistant.library.stock import Stock
from assistant.settings import Caution
from assistant.types import Answer, Event, Turn
from index.types import Document

Opinion = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One line of the model picker."""

    name: str
    """As commands spell it: ``extractive``, ``local:…``, ``openai:…``."""
    label: str
    ready: bool
    """Whether it can answer now. A local model that is still loading is not ready, and ``reason`` says so."""
    reason: str = ""
    """Why it cannot answer now, and what would help; empty when ready."""
    origin: Literal["built in", "catalogue", "configured"] = "configured"
    """``catalogue``: its weights can be fetched by name, and it runs on this machine."""
    pullable: bool = False
    """Whether its weights are not here and can be fetched (``Stock.pull``, by the name after ``local:``)."""
    size_bytes: int | None = None
    """Of its weights on this machine, here or to be fetched; None where there are none, or that is not known."""
    licence: str = ""
    """Empty where it is not known."""
    languages: str = ""
    """What it reads and writes, in words for the user; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as saved, with what the user thought of it."""

    answer: Answer
    opinion: Opinion | None = None
    beside: Answer | None = None
    """What a second model said to the same question over the same evidence, where two were asked."""
    better: Side | None = None
    """Which of the two the user found better: ``answer`` is the left one, ``beside`` the right one."""

    @property
    def told(self) -> Answer:
        """Return the answer that the conversation goes on from: the better one of two."""
        return self.beside if self.beside is not None and self.better == "right" else self.answer


class Workbench(Protocol):
    """The library, the models and the conversations of one home folder."""

    default_model: str
    default_caution: Caution
    stock: Stock
    """The weights, embedders and indexes, and the work on them that goes on in the background."""

    shelf: Shelf
    """The library: adding to it, searching, renaming, removing and bringing back."""

    def articles(self) -> tuple[ArticleCard, ...]:
        """Return the library in title order."""

    def document(self, article: str) -> Document:
        """Return one article; raise UnknownArticleError naming the known ones."""

    def models(self) -> tuple[ModelChoice, ...]:
        """Return every model this installation knows of, ready ones first."""

    def left_out(self) -> tuple[str, ...]:
        """Return why models that the user configured are not among ``models``, a line each."""

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
    ) -> Iterator[Event]:
        """Stream the answer; the one code path of every front.

        ``model`` None is the default; a local one that still loads is stood in for by ``extractive``, with a Notice.
        ``articles`` None searches the whole library. ``searched`` replaces the rewrite of a follow-up, when the user
        edited it. ``strict`` drops unsupported statements; otherwise they arrive marked. ``anyway`` has the
        model answer also where the article does not, unproven (see ``Assistant.stream``). ``caution`` None is the
        settings' own. Closing the iterator stops it. Ends with Finished, or raises AssistantError or IndexingError
        (one line for the user) before anything was said; a model that breaks off in mid-answer ends in Finished with
        ``answer.interrupted`` set.
        """

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
    ) -> Iterator[Sided]:
        """Stream two models' answers over the same evidence, as ``ask`` does one; each side ends with Finished."""

    def exchanges(self, conversation: str) -> tuple[Exchange, ...]:
        """Return a saved conversation, oldest first; empty when there is none of that id."""

    def save(self, conversation: str, exchange: Exchange) -> None:
        """Append an exchange to a conversation on disk."""

    def replace(self, conversation: str, position: int, exchange: Exchange) -> None:
        """Put a regenerated exchange in the place of the one at ``position``."""

    def rate(self, conversation: str, position: int, opinion: Opinion | None) -> None:
        """Keep (or take back) what the user thought of the answer at ``position``."""

    def prefer(self, conversation: str, position: int, better: Side | None) -> None:
        """Keep (or take back) which of two answers at ``position`` the user found better."""

    def close(self) -> None:
        """Stop the local model and release the index."""
