"""The seams for LangChain: the index as a retriever, the embedder as Embeddings, the assistant as a Runnable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.content import create_citation, create_text_block
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import ConfigDict

from assistant.answer.chain import Assistant
from assistant.answer.question import Question
from assistant.types import Answer, Citation, Finished, Statement, StatementReady, Turn
from index.build import Index
from index.vectors.embed import Embedder


class ArticleEmbeddings(Embeddings):
    """Our embedder as LangChain's Embeddings."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector a text, in order."""
        vectors: list[list[float]] = self._embedder.embed_documents(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return one unit vector."""
        vector: list[float] = self._embedder.embed_query(text).tolist()
        return vector


class ArticleRetriever(BaseRetriever):
    """The index as a LangChain retriever: chunks with their offsets in the article, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    k: int = 5
    articles: tuple[str, ...] | None = None
    """Ids to keep to; None searches every article."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        del run_manager  # nothing below reports to it
        found = self.index.retrieve(query, k=self.k, documents=self.articles)
        return [
            LangChainDocument(
                id=scored.chunk.id,
                page_content=scored.chunk.text,
                metadata={
                    "document": scored.chunk.document,
                    "title": self.index.document(scored.chunk.document).title,
                    "start": scored.chunk.start,
                    "end": scored.chunk.end,
                    "score": scored.fused,
                },
            )
            for scored in found
        ]


class AssistantRunnable(Runnable[str | dict[str, Any], AIMessage]):
    """The assistant as a Runnable: a question in, an AIMessage with standard citation annotations out.

    The question is a string, or a mapping with ``question`` and, if wanted, ``articles`` (ids), ``history`` (mappings
    with ``role`` and ``content``) and ``strict``. An annotation's indices count in its text block; the place in the
    article stands in its ``extras``: ``document``, ``start``, ``end``, ``support``. The message's
    ``response_metadata`` tells ``abstained``, ``model_name``, ``searched`` and ``timings_ms``.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def invoke(self, input: str | dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> AIMessage:  # noqa: A002 - LangChain's name
        """Return the whole answer as one message."""
        return self._call_with_config(self._answer, input, config, run_type="chain", **kwargs)

    def stream(
        self,
        input: str | dict[str, Any],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessage]:
        """Yield a message chunk per proven sentence, the last one with the metadata; their sum is the whole answer."""
        yield from self._transform_stream_with_config(
            iter([input]), self._sentences, config, run_type="chain", **kwargs
        )

    def _answer(self, question: str | dict[str, Any]) -> AIMessage:
        answer = self._assistant.ask(_question(question))
        blocks = [_block(statement.text, statement) for statement in answer.statements]
        if own := _own_words(answer):
            blocks.append(create_text_block(own))
        return AIMessage(content_blocks=blocks, response_metadata=_metadata(answer))

    def _sentences(self, questions: Iterator[str | dict[str, Any]]) -> Iterator[AIMessage]:
        for question in questions:
            for event in self._assistant.stream(_question(question)):
                if isinstance(event, StatementReady):
                    yield AIMessageChunk(content=[{**_block(event.statement.text, event.statement)}])
                elif isinstance(event, Finished):
                    own = _own_words(event.answer)
                    rest: list[str | dict[Any, Any]] = [{**create_text_block(own)}] if own else []
                    yield AIMessageChunk(content=rest, response_metadata=_metadata(event.answer))


def _own_words(answer: Answer) -> str:
    """Return what the assistant says itself: that the article does not say, or what is no statement of an article."""
    return answer.text if answer.abstained else answer.aside


def _question(asked: str | Mapping[str, Any]) -> Question:
    if isinstance(asked, str):
        return Question(asked)
    turns: Sequence[Mapping[str, Any]] = asked.get("history", ())
    return Question(
        asked["question"],
        turns=[Turn(turn["role"], turn["content"]) for turn in turns],
        articles=asked.get("articles"),
        strict=asked.get("strict", True),
    )


def _block(text: str, statement: Statement) -> Any:
    return create_text_block(text, annotations=[_annotation(citation, len(text)) for citation in statement.citations])


def _annotation(citation: Citation, length: int) -> Any:
    return create_citation(
        title=citation.title,
        start_index=0,
        end_index=length,
        cited_text=citation.quote,
        document=citation.document,
        start=citation.start,
        end=citation.end,
        support=citation.support,
    )


def _metadata(answer: Answer) -> dict[str, Any]:
    return {
        "abstained": answer.abstained,
        "model_name": answer.model,
        "searched": answer.searched,
        "timings_ms": dict(answer.timings_ms),
    }
