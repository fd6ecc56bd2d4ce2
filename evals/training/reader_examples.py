"""Eval sets enter; examples for the reader's training leave: a question, numbered sentences, and what is true of them.

Evidence is what the index finds, as when a question is asked. Of some answerable questions the gold passages, and every
passage that holds an accepted answer, are taken away: a near miss must be called one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.proof.context import Numbered, fair, number_sentences, plain
from evals.cases.held_out import is_held_out
from evals.types import EvalCase, EvalSet, GoldSpan
from index.text.sentences import block_sentences
from index.types import Document, ScoredChunk

_BUDGET = 300
"""Tokens of evidence in one example: ``Settings.prompt_tokens``."""
_SHOWN = 10
_FOUND = 40
"""Chunks asked of the index, so that enough are left where some are taken away."""
_SUREST = 4
"""Of so many sentences that seem to bear the answer, claims are made."""
_LONG_ANSWERS = frozenset({"clapnq", "mtrag"})
"""Sets whose accepted answer is a paragraph of its own words: a sentence of the gold passage bears it."""

Count = Callable[[str], int]
Find = Callable[[EvalCase, int], Sequence[ScoredChunk]]
"""The chunks, best first and so many at most, that are found for a case in its own articles."""


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


def chosen(one: EvalSet, *, each: int, seed: int = 0) -> list[tuple[EvalCase, bool]]:
    """Return up to ``each`` cases of a kind, and whether their gold is to be taken away.

    Kinds are answerable, unanswerable, and answerable with the gold taken away. Follow-ups are left out.
    """
    rng = random.Random(f"{seed}:{one.name}")  # noqa: S311  a sample, no secret
    cases = sorted((case for case in one.cases if not case.history), key=lambda case: case.id)
    rng.shuffle(cases)
    answerable = [case for case in cases if case.answerable]
    unanswerable = [case for case in cases if not case.answerable]
    told = [case for case in reversed(answerable) if case.evidence and case.answers]
    return [
        (case, deleted)
        for kind, deleted in ((answerable, False), (unanswerable, False), (told, True))
        for case in kind[:each]
    ]


def example(
    documents: Mapping[str, Document], case: EvalCase, find: Find, *, count: Count, deleted: bool
) -> Example | None:
    """Return a case as an example; None where nothing is found for it, or nothing left."""
    found = find(case, _FOUND)
    if deleted:
        found = [scored for scored in found if not _tells(scored, case)]
    if not found:
        return None
    articles = {id: documents[id] for id in case.articles}
    shown = number_sentences(found[:_SHOWN], articles, budget=_BUDGET, count=fair(count))
    if not shown:
        return None
    return Example(
        case.set,
        plain(case.question),
        tuple(plain(item.sentence.text) for item in shown),
        False if deleted else _answered(case, shown),
        tuple(_bears(case, item) for item in shown),
        is_held_out(case.articles[0]),
    )


def quotes(one: Example, bearing: Sequence[float]) -> Iterator[Claim]:
    """Yield what might be quoted as the answer, given how surely each sentence seems to bear it.

    The surest sentence that does bear it, and the surest one that does not, if they are among the first few.
    """
    surest = sorted(range(len(one.sentences)), key=lambda place: -bearing[place])[:_SUREST]
    for label in (True, False):
        place = next((place for place in surest if one.bearing[place] is label), None)
        if place is not None:
            text = one.sentences[place]
            yield Claim(one.set, one.question, (text,), text, supported=label, held_out=one.held_out)


def claims(one: EvalSet, *, each: int, seed: int = 0) -> Iterator[Claim]:
    """Yield up to ``each`` right short answers with their passage, and as many wrong ones of two kinds.

    Wrong is another question's answer from the same passage, and the right answer with another passage of the article.
    """
    rng = random.Random(f"{seed}:{one.name}:claims")  # noqa: S311  a sample, no secret
    cases = [case for case in one.cases if case.set not in _LONG_ANSWERS and len(case.articles) == 1]
    cases.sort(key=lambda case: case.id)
    rng.shuffle(cases)
    told = [case for case in cases if len(case.evidence) == 1 and case.answers and not case.history]
    for case in told[:each]:
        yield from _short_claims(one, case, told, rng)


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


def _tells(scored: ScoredChunk, case: EvalCase) -> bool:
    chunk = scored.chunk
    return _touches(case, chunk.document, chunk.start, chunk.end) or _holds(case, chunk.text)


def _answered(case: EvalCase, shown: Sequence[Numbered]) -> bool | None:
    if not case.answerable:
        return False
    if not case.evidence:
        return True
    if len(case.evidence) > 1:
        whole = all(any(_overlap(gold, item) for item in shown) for gold in case.evidence)
        return True if whole else None
    return any(_bears(case, item) for item in shown)


def _bears(case: EvalCase, item: Numbered) -> bool | None:
    if not case.answerable:
        return False
    if not case.evidence:
        return None
    if not _touches(case, item.document, item.sentence.start, item.sentence.end):
        # It may say the same: then nothing is known of it.
        return None if _holds(case, item.sentence.text) else False
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
