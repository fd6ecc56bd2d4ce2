"""What the reader found becomes a choice: sentences for a model, sentences to quote, one probability of two readings.

``bearing`` is, per numbered sentence and in their order, the probability that it states (part of) the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from assistant.proof.context import Numbered, cited
from assistant.proof.segment import Segment
from assistant.types import Citation
from index.types import Document

_SECOND = 0.8
"""A second sentence is quoted when it bears the answer this nearly as surely as the first."""
_NEAREST = 3
"""Sentences offered where none answers the question."""


def agreed(*probabilities: float) -> float:
    """Return the probability whose log-odds are the mean of those of the given ones."""
    odds = [math.log(held / (1 - held)) for held in (min(max(p, 1e-6), 1 - 1e-6) for p in probabilities)]
    return 1 / (1 + math.exp(-math.fsum(odds) / len(odds)))


def most_bearing(numbered: Sequence[Numbered], bearing: Sequence[float]) -> Iterator[Segment]:
    """Yield the sentence that bears the answer most surely, and a second one that bears it nearly as surely."""
    ranked = sorted(zip(bearing, numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number))
    best = ranked[0][0]
    for probability, item in ranked[:2]:
        if probability >= best * _SECOND:
            yield Segment(item.sentence.text, (item.number,))


def chosen(
    numbered: Sequence[Numbered], bearing: Sequence[float], *, budget: int, count: Callable[[str], int]
) -> tuple[Numbered, ...]:
    """Return the sentences that bear an answer most surely, in their order and under their numbers.

    Taken while they fit ``budget`` as counted by ``count``, each with the one before it in its article if that fits
    too: it often says who "she" is. The surest one always stays.
    """
    taken: set[int] = set()
    spent = 0
    for place in sorted(range(len(numbered)), key=lambda i: (-bearing[i], i)):
        before = place - 1
        joined = before >= 0 and numbered[before].document == numbered[place].document
        for wanted in (place, before) if joined else (place,):
            cost = count(numbered[wanted].sentence.text)
            if wanted not in taken and (not taken or spent + cost <= budget):
                taken.add(wanted)
                spent += cost
    return tuple(numbered[place] for place in sorted(taken))


def nearest(
    numbered: Sequence[Numbered],
    bearing: Sequence[float],
    documents: Mapping[str, Document],
    *,
    most: int = _NEAREST,
) -> tuple[Citation, ...]:
    """Return the few sentences that come nearest to bearing an answer, nearest first, each wording once.

    They are places to read on, and prove nothing: their support is 0.
    """
    found: dict[str, Citation] = {}
    for _, item in sorted(zip(bearing, numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number)):
        found.setdefault(item.sentence.text, cited(documents[item.document], item.sentence, support=0.0))
    return tuple(found.values())[:most]
