"""The recipe of the framework's own tutorial, to measure against: top 4 by vectors, one stuffed prompt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

_PROMPT = (
    "You are an assistant that answers questions. Use the pieces of retrieved context below to answer the question. "
    "If you don't know the answer, say that you don't know. Use three sentences at most and keep the answer concise."
    "\n\nQuestion: {question}\n\nContext:\n{context}\n\nAnswer:"
)


@dataclass(frozen=True, slots=True)
class TutorialAnswer:
    """What the recipe says, and when: milliseconds from the question."""

    text: str
    evidence_ms: int
    first_token_ms: int
    total_ms: int


class Tutorial:
    """Recursive splitting at 1000 characters with 200 overlap, Chroma, top 4, no citations."""

    def __init__(self, text: str, *, embeddings: Embeddings, model: Callable[[], BaseChatModel]) -> None:
        from langchain_chroma import Chroma
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self._store = Chroma.from_texts(splitter.split_text(text), embeddings, collection_name="tutorial")
        self._model = model

    def ask(self, question: str) -> TutorialAnswer:
        """Return the answer with its timings."""
        started = time.perf_counter()
        found = self._store.similarity_search(question, k=4)
        evidence = _since(started)
        context = "\n\n".join(document.page_content for document in found)
        pieces: list[str] = []
        first = 0
        for chunk in self._model().stream(_PROMPT.format(question=question, context=context)):
            if chunk.text and not first:
                first = _since(started)
            pieces.append(chunk.text)
        return TutorialAnswer("".join(pieces), evidence, first, _since(started))


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
