"""Eval sets enter; examples for the reader's training leave: a question, numbered sentences, and what is true of them.

Evidence is found by keywords alone, so that a reader does not learn one embedder's ways. Of some answerable questions
the gold passages, and every passage that holds an accepted answer, are taken away: a near miss must be called one.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.context import Numbered, fair, number_sentences
from evals.types import EvalCase, EvalSet, GoldSpan
from index.keyword import KeywordIndex
from index.sentences import block_sentences
from index.split import split
from index.types import Chunk, Document, ScoredChunk
from index.words import terms

_BUDGET = 300
"""Tokens of evidence in one example."""
_CHUNK_TOKENS = 64
_LONG_ANSWERS = frozenset({"clapnq", "mtrag"})
"""Sets whose accepted answer is a paragraph of its own words: a sentence of the gold passage bears it."""

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Example:
    """One question with the sentences shown for it."""

    set: str
    question: str
    sentences: tuple[str, ...]
    answered: bool | None
    """Whether the sentences answer it; None where only a part of what it takes is among them."""
    bearing: tuple[bool | None, ...]
    """Per sentence: whether it states the answer; None where the set does not tell."""
    held_out: bool
    """Whether its article belongs to the half that is never trained on."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer to a question, with the sentences cited for it."""

    set: str
    question: str
    sentences: tuple[str, ...]
    answer: str
    supported: bool
    held_out: bool


def is_held_out(article: str) -> bool:
    """Return whether an article is kept for measuring: every second one, by a hash of its id.

    What stands before a colon names the set: an article that two sets ask about is on one side for both.
    """
    return hashlib.sha256(article.rpartition(":")[2].encode(errors="surrogatepass")).digest()[0] % 2 == 1


def examples(one: EvalSet, *, each: int, count: Count, seed: int = 0) -> Iterator[Example]:
    """Yield up to ``each`` examples of a kind: answerable, unanswerable, and answerable with its gold taken away."""
    rng = random.Random(f"{seed}:{one.name}")  # noqa: S311  a sample, no secret
    cases = sorted(one.cases, key=lambda case: case.id)
    rng.shuffle(cases)
    answerable = [case for case in cases if case.answerable]
    shelf = _Shelf(one, fair(count))
    for case in answerable[:each]:
        yield from shelf.example(case, deleted=False)
    for case in [case for case in cases if not case.answerable][:each]:
        yield from shelf.example(case, deleted=False)
    for case in [case for case in reversed(answerable) if case.evidence and case.answers][:each]:
        yield from shelf.example(case, deleted=True)


def claims(one: EvalSet, *, each: int, seed: int = 0) -> Iterator[Claim]:
    """Yield up to ``each`` right answers with their passage, and as many wrong ones of several kinds.

    Wrong is another question's answer from the same passage, the right answer with another passage of the article, and
    a sentence of the article that is put forward as the answer to a question it does not answer.
    """
    rng = random.Random(f"{seed}:{one.name}:claims")  # noqa: S311  a sample, no secret
    cases = [case for case in one.cases if case.set not in _LONG_ANSWERS and len(case.articles) == 1]
    cases.sort(key=lambda case: case.id)
    rng.shuffle(cases)
    told = [case for case in cases if len(case.evidence) == 1 and case.answers]
    for case in told[:each]:
        yield from _short_claims(one, case, told, rng)
    for case in cases[:each]:
        yield from _sentence_claims(one, case, rng)


def _short_claims(one: EvalSet, case: EvalCase, told: Sequence[EvalCase], rng: random.Random) -> Iterator[Claim]:
    passage, held_out = _passage(one, case.evidence[0]), is_held_out(case.articles[0])
    yield Claim(case.set, case.question, passage, case.answers[0], supported=True, held_out=held_out)
    near = [other for other in told if other.evidence == case.evidence and not _alike(other, case)]
    if near:
        answer = rng.choice(near).answers[0]
        yield Claim(case.set, case.question, passage, answer, supported=False, held_out=held_out)
    apart = [other for other in told if other.articles == case.articles and other.evidence != case.evidence]
    far = [held for other in apart[:8] if not _holds(case, " ".join(held := _passage(one, other.evidence[0])))]
    if far:
        yield Claim(case.set, case.question, rng.choice(far), case.answers[0], supported=False, held_out=held_out)


def _sentence_claims(one: EvalSet, case: EvalCase, rng: random.Random) -> Iterator[Claim]:
    """Yield the sentence that answers, put forward with itself as its proof, and the best one of those that do not."""
    document = one.documents[case.articles[0]]
    held_out = is_held_out(case.articles[0])
    numbered = [
        Numbered(0, document.id, sentence)
        for block in document.blocks
        if block.kind != "heading"
        for sentence in block_sentences(document, block)
    ]
    right = [
        item for item in numbered if _is_gold(case, item) and (_holds(case, item.sentence.text) or "why" in case.tags)
    ]
    if case.answerable and right:
        text = " ".join(rng.choice(right).sentence.text.split())
        yield Claim(case.set, case.question, (text,), text, supported=True, held_out=held_out)
    wrong = [item for item in numbered if not _touches(case, document.id, item.sentence.start, item.sentence.end)]
    wanted = set(terms(case.question, document.language))
    shared = [len(wanted & set(terms(item.sentence.text, document.language))) for item in wrong]
    if wrong and not _holds(case, wrong[shared.index(max(shared))].sentence.text):
        text = " ".join(wrong[shared.index(max(shared))].sentence.text.split())
        yield Claim(case.set, case.question, (text,), text, supported=False, held_out=held_out)


def _passage(one: EvalSet, gold: GoldSpan) -> tuple[str, ...]:
    document = one.documents[gold.article]
    return tuple(
        " ".join(sentence.text.split())
        for block in document.blocks
        if block.end > gold.start and block.start < gold.end and block.kind != "heading"
        for sentence in block_sentences(document, block)
        if sentence.end > gold.start and sentence.start < gold.end
    )


def _alike(one: EvalCase, other: EvalCase) -> bool:
    """Return whether an answer of one holds an answer of the other, or is held by it."""
    return any(a.casefold() in b.casefold() or b.casefold() in a.casefold() for a in one.answers for b in other.answers)


class _Shelf:
    """The articles of a set, searchable by keywords; the last few libraries asked are kept."""

    def __init__(self, one: EvalSet, count: Count) -> None:
        self._set = one
        self._count = count
        self._kept: dict[tuple[str, ...], tuple[KeywordIndex, dict[str, Chunk]]] = {}

    def example(self, case: EvalCase, *, deleted: bool) -> Iterator[Example]:
        keyword, chunks = self._library(case.articles)
        found = [chunks[id] for id, _ in keyword.search(case.question, k=40)] or list(chunks.values())
        if deleted:
            found = [chunk for chunk in found if not self._tells(chunk, case)]
        documents = {id: self._set.documents[id] for id in case.articles}
        evidence = [ScoredChunk(chunk, 1.0, None, None) for chunk in found[:10]]
        shown = number_sentences(evidence, documents, budget=_BUDGET, count=self._count) if evidence else ()
        if shown:
            yield Example(
                case.set,
                case.question,
                tuple(item.sentence.text for item in shown),
                False if deleted else self._answered(case, shown),
                tuple(self._bears(case, item) for item in shown),
                is_held_out(case.articles[0]),
            )

    def _library(self, articles: tuple[str, ...]) -> tuple[KeywordIndex, dict[str, Chunk]]:
        if articles not in self._kept:
            if len(self._kept) >= 40:
                self._kept.clear()
            held = [self._set.documents[id] for id in articles]
            chunks = [chunk for document in held for chunk in self._split(document)]
            languages = [self._set.documents[chunk.document].language for chunk in chunks]
            self._kept[articles] = KeywordIndex(chunks, languages=languages), {chunk.id: chunk for chunk in chunks}
        return self._kept[articles]

    def _split(self, document: Document) -> Sequence[Chunk]:
        return split(document, count_tokens=self._count, chunk_tokens=_CHUNK_TOKENS)

    @staticmethod
    def _tells(chunk: Chunk, case: EvalCase) -> bool:
        return _touches(case, chunk.document, chunk.start, chunk.end) or _holds(case, chunk.text)

    def _answered(self, case: EvalCase, shown: Sequence[Numbered]) -> bool | None:
        if not case.answerable:
            return False
        if not case.evidence:
            return True
        if len(case.evidence) > 1:
            whole = all(any(_overlap(gold, item) for item in shown) for gold in case.evidence)
            return True if whole else None
        return any(self._bears(case, item) for item in shown)

    def _bears(self, case: EvalCase, item: Numbered) -> bool | None:
        if not case.answerable:
            return False
        if not case.evidence:
            return None
        if not _touches(case, item.document, item.sentence.start, item.sentence.end):
            return False
        if case.set in _LONG_ANSWERS or _holds(case, item.sentence.text) or _is_gold(case, item):
            return True
        # In the gold passage, but without an accepted answer: it may say it in other words.
        return None


def _overlap(gold: GoldSpan, item: Numbered) -> bool:
    return item.document == gold.article and item.sentence.start < gold.end and item.sentence.end > gold.start


def _touches(case: EvalCase, document: str, start: int, end: int) -> bool:
    return any(gold.article == document and gold.start < end and gold.end > start for gold in case.evidence)


def _is_gold(case: EvalCase, item: Numbered) -> bool:
    """Return whether a sentence is at least half of a gold span: the set points at sentences, not at passages."""
    length = item.sentence.end - item.sentence.start
    return any(_overlap(gold, item) and 2 * length >= gold.end - gold.start for gold in case.evidence)


def _holds(case: EvalCase, text: str) -> bool:
    low = text.casefold()
    return any(answer.casefold() in low for answer in case.answers)
