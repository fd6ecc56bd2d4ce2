"""Floors and ceilings: bots in the assistant's place, so that every score is seen to punish or to reward them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assistant.answer.chain import Assistant, Searchable
from assistant.answer.question import Question
from assistant.answer.replies import abstention, says_not_stated
from assistant.errors import UsageError
from assistant.proof.context import plain
from assistant.proof.segment import Segmenter
from assistant.types import Answer, Citation, Statement
from evals.types import EvalCase
from index.text.sentences import block_sentences
from index.types import Chunk, Document, ScoredChunk, Sentence
from index.vectors.embed import Embedder
from prompts import load

Bot = Callable[[EvalCase], Answer]
Over = Callable[[Searchable], Assistant]
"""The assistant over what it is to search."""


def closed_book(index: Searchable, over: Over, seed: int) -> Bot:
    """Return the model without the article: what it knows by heart, or makes up."""
    del seed
    assistant = over(index)
    if assistant.write is None:
        raise UsageError("found the bot 'closed-book' with a model that has no words; name one, as local:NAME.")
    write, prompt = assistant.write, load("closed_book")

    def answer(case: EvalCase) -> Answer:
        started = time.perf_counter()
        segmenter = Segmenter()
        sentences: list[str] = []
        for piece in write(prompt.render(question=plain(case.question))):
            if isinstance(piece, str):
                sentences += [segment.text for segment in segmenter.push(piece)]
        sentences += [segment.text for segment in segmenter.finish()]
        statements = [Statement(text, "not supported") for text in sentences if not says_not_stated(text)]
        timings = {"total": round((time.perf_counter() - started) * 1000)}
        whole = _answer(case, statements, assistant)
        return replace(whole, timings_ms=timings, prompts={"closed_book": prompt.digest})

    return answer


def gold_context(index: Searchable, over: Over, seed: int) -> Bot:
    """Return the assistant with perfect retrieval; a case without gold evidence is searched for as ever."""
    del seed

    def answer(case: EvalCase) -> Answer:
        found = _Gold(index, case) if case.evidence else index
        return over(found).ask(Question(case.question, case.history, case.articles))

    return answer


def always_abstain(index: Searchable, over: Over, seed: int) -> Bot:
    """Return a bot that never answers."""
    del seed
    assistant = over(index)
    return lambda case: _answer(case, [], assistant)


def never_abstain(index: Searchable, over: Over, seed: int) -> Bot:
    """Return the assistant with every check off; where it still says nothing, the nearest sentence answers."""
    del seed
    assistant = over(index)

    def answer(case: EvalCase) -> Answer:
        given = assistant.ask(Question(case.question, case.history, case.articles, strict=False))
        if not given.abstained:
            return given
        for scored in (*given.evidence, *_first_chunks(index, case)):
            document = index.document(scored.chunk.document)
            sentences = [s for s in _sentences(document) if s.start >= scored.chunk.start] or _sentences(document)
            if sentences:
                cited = _statement(document, sentences[0])
                return replace(given, abstained=False, text=cited.text, statements=(cited,))
        return given

    return answer


def lead_paragraph(index: Searchable, over: Over, seed: int) -> Bot:
    """Return a bot that answers everything with the first paragraph, cited sentence by sentence."""
    del seed
    assistant = over(index)

    def answer(case: EvalCase) -> Answer:
        document = index.document(case.articles[0])
        first = next(block for block in document.blocks if block.kind == "paragraph" or len(document.blocks) == 1)
        lead = [s for s in _sentences(document) if first.start <= s.start < first.end]
        return _answer(case, [_statement(document, sentence) for sentence in lead], assistant)

    return answer


def random_citation(index: Searchable, over: Over, seed: int) -> Bot:
    """Return the assistant with each citation replaced by a random sentence of its article."""
    assistant = over(index)

    def answer(case: EvalCase) -> Answer:
        given = assistant.ask(Question(case.question, case.history, case.articles))
        statements = tuple(
            replace(statement, citations=tuple(elsewhere(case, place, citation) for citation in statement.citations))
            for place, statement in enumerate(given.statements)
        )
        return replace(given, statements=statements)

    def elsewhere(case: EvalCase, place: int, citation: Citation) -> Citation:
        document = index.document(citation.document)
        sentences = _sentences(document)
        key = f"{seed}\x00{case.set}\x00{case.id}\x00{place}\x00{citation.start}"
        sentence = sentences[int(hashlib.sha256(key.encode()).hexdigest(), 16) % len(sentences)]
        return replace(citation, start=sentence.start, end=sentence.end, quote=sentence.text)

    return answer


BOTS: dict[str, Callable[[Searchable, Over, int], Bot]] = {
    "closed-book": closed_book,
    "gold-context": gold_context,
    "always-abstain": always_abstain,
    "never-abstain": never_abstain,
    "lead-paragraph": lead_paragraph,
    "random-citation": random_citation,
}


class _Gold:
    """An index that finds a case's gold evidence, and nothing else."""

    def __init__(self, index: Searchable, case: EvalCase) -> None:
        self.embedder: Embedder = index.embedder
        self._index, self._case = index, case

    def documents(self) -> tuple[Document, ...]:
        return self._index.documents()

    def document(self, id: str) -> Document:
        return self._index.document(id)

    def retrieve(
        self, query: str, *, k: int, documents: Sequence[str] | None = None, wordings: Sequence[str] = ()
    ) -> tuple[ScoredChunk, ...]:
        del query, documents, wordings
        chunks = [Chunk(span.article, span.start, span.end, span.quote) for span in self._case.evidence]
        return tuple(ScoredChunk(chunk, 1.0, keyword=1.0) for chunk in dict.fromkeys(chunks))[:k]

    def mended(self) -> str | None:
        return self._index.mended()


def _answer(case: EvalCase, statements: Sequence[Statement], assistant: Assistant) -> Answer:
    return Answer(
        question=case.question,
        searched=case.question,
        text=" ".join(statement.text for statement in statements) if statements else abstention(case.lang),
        abstained=not statements,
        model=assistant.model,
        embedder=assistant.index.embedder.name,
        statements=tuple(statements),
        evidence=assistant.index.retrieve(case.question, k=10, documents=case.articles),
    )


def _statement(document: Document, sentence: Sentence) -> Statement:
    citation = Citation(document.id, document.title, sentence.start, sentence.end, sentence.text, 1.0)
    return Statement(sentence.text, "supported", (citation,))


def _sentences(document: Document) -> list[Sentence]:
    return [sentence for block in document.blocks for sentence in block_sentences(document, block)]


def _first_chunks(index: Searchable, case: EvalCase) -> Iterator[ScoredChunk]:
    for id in case.articles:
        document = index.document(id)
        yield ScoredChunk(Chunk(id, 0, len(document.text), document.text), 0.0)
