"""What a front may ask of the assistant: the one interface that the app and the terminal are built on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from assistant.answer.compare import Sided
from assistant.answer.question import Question
from assistant.conversations import Conversations
from assistant.library.shelf import ArticleCard, Shelf
from assistant.library.stock import Stock
from assistant.models.roster import Roster
from assistant.settings import Caution
from assistant.types import Event
from index.types import Document


class Workbench(Protocol):
    """The library, the models and the conversations of one home folder."""

    default_model: str
    default_caution: Caution
    stock: Stock
    """The weights, embedders and indexes, and the work on them that goes on in the background."""

    shelf: Shelf
    """The library: adding to it, searching, renaming, removing and bringing back."""

    roster: Roster
    """The models this installation knows of."""

    conversations: Conversations
    """What was asked and answered, saved."""

    def articles(self) -> tuple[ArticleCard, ...]:
        """Return the library in title order."""

    def document(self, article: str) -> Document:
        """Return one article; raise UnknownArticleError naming the known ones."""

    def ask(
        self, question: Question | str, *, model: str | None = None, caution: Caution | None = None
    ) -> Iterator[Event]:
        """Stream the answer; the one code path of every front.

        ``model`` None is the default; a local one that still loads is stood in for by ``extractive``, with a Notice.
        ``caution`` None is the settings' own. Closing the iterator stops it. Ends with Finished, or raises
        AssistantError or IndexingError (one line for the user) before anything was said; a model that breaks off in
        mid-answer ends in Finished with ``answer.interrupted`` set.
        """

    def compare(
        self, question: Question | str, *, models: tuple[str, str], caution: Caution | None = None
    ) -> Iterator[Sided]:
        """Stream two models' answers over the same evidence, as ``ask`` does one; each side ends with Finished."""

    def close(self) -> None:
        """Stop the local model and release the index."""
