"""Retrieved spans and gold spans enter, by their characters; how well the search did leaves.

Nothing here knows how an article was split. The retrieved spans become a ranking of *passages*: a passage is the gold
regions a span stands on or, where it stands on none, the paragraph it lies in; what was seen before does not count
again. The ranking is written as numbers, one a passage: how many gold regions it is the first to reveal.
``(0, 2, 0, 1)`` has two gold regions in its second passage and one in its fourth.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from evals.scorers.text import present_any
from evals.types import EvalCase, Score
from index.types import Document

IOU_SPANS = 5


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a document."""

    document: str
    start: int
    end: int


def retrieval_scores(ranking: Sequence[int], spans: Sequence[Span], gold: Sequence[Span]) -> dict[str, Score]:
    """Return every score of the search that needs gold evidence; all unscored where a case has none."""
    total = len(gold)
    values: dict[str, float] = {
        **{f"hit@{k}": hit_at(ranking, k) for k in (1, 3, 5)},
        "recall@5": recall_at(ranking, 5, total=total),
        "full_set@5": full_set_at(ranking, 5, total=total),
        "mrr@10": reciprocal_rank(ranking, 10),
        "ndcg@10": ndcg_at(ranking, 10, total=total),
        "iou": iou(spans[:IOU_SPANS], gold),
    }
    if not gold:
        return dict.fromkeys(values, Score(None, "no gold evidence"))
    return {name: Score(value) for name, value in values.items()}


def answer_in_evidence(
    answers: Sequence[str], case: EvalCase, spans: Sequence[Span], documents: Mapping[str, Document]
) -> Score:
    """Return 1 when a short accepted answer is present in what was retrieved, else 0; overlapping spans read as one."""
    if not case.answerable:
        return Score(None, "not answerable")
    if not answers:
        return Score(None, "no short answer known")
    texts = (documents[s.document].text[s.start : s.end] for s in merged(spans) if s.document in documents)
    return Score(float(any(present_any(answers, text) for text in texts)))


def retrieved(result: Mapping[str, Any]) -> tuple[Span, ...]:
    """Return the spans a result names as evidence, best first."""
    return tuple(Span(e["document"], e["start"], e["end"]) for e in result.get("evidence") or ())


def gold_regions(case: EvalCase) -> tuple[Span, ...]:
    """Return a case's gold evidence by article and place; spans that overlap are one region."""
    return merged(Span(span.article, span.start, span.end) for span in case.evidence)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans by document and place, those that overlap joined, empty ones left out."""
    joined: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        last = joined[-1] if joined else None
        if last and last.document == span.document and span.start < last.end:
            joined[-1] = last._replace(end=max(last.end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def stands_on(span: Span, region: Span) -> bool:
    """Tell whether a span shares at least half the characters of the shorter of the two."""
    if span.document != region.document:
        return False
    shared = min(span.end, region.end) - max(span.start, region.start)
    return shared > 0 and 2 * shared >= min(span.end - span.start, region.end - region.start)


def passages(spans: Iterable[Span], gold: Sequence[Span], documents: Mapping[str, Document]) -> tuple[int, ...]:
    """Return the ranking of passages (see the module): for each, how many gold regions it is the first to reveal.

    A span that stands on several regions reveals them all, at one rank. Its paragraph counts as seen from then on: the
    rest of a paragraph whose gold sentence was found is no passage of its own.
    """
    found: set[Span] = set()
    seen: set[Span] = set()
    ranking: list[int] = []
    for span in spans:
        standing = {region for region in gold if stands_on(span, region)}
        paragraph = _paragraph(span, documents)
        new = len(standing - found)
        if new or not (standing or paragraph in seen):
            ranking.append(new)
        found |= standing
        seen.add(paragraph)
    return tuple(ranking)


def hit_at(ranking: Sequence[int], k: int) -> float:
    """Return 1 when any of the first k passages holds gold evidence, else 0 (ir-measures: ``Success@k``)."""
    return float(any(ranking[:k]))


def recall_at(ranking: Sequence[int], k: int, *, total: int) -> float:
    """Return the share of the gold regions among the first k passages (``R@k``); 0 when there are none."""
    return sum(ranking[:k]) / total if total else 0.0


def full_set_at(ranking: Sequence[int], k: int, *, total: int) -> float:
    """Return 1 when all gold regions are among the first k passages, else 0: what a question of two hops needs."""
    return float(0 < total <= sum(ranking[:k]))


def reciprocal_rank(ranking: Sequence[int], k: int) -> float:
    """Return one over the rank of the first passage with gold evidence, 0 when that is beyond k (``RR@k``)."""
    return next((1 / rank for rank, new in enumerate(ranking[:k], 1) if new), 0.0)


def ndcg_at(ranking: Sequence[int], k: int, *, total: int) -> float:
    """Return binary nDCG@k: the sum of 1 / log2(1 + place) of the gold regions, over that of the best order.

    The best order has the regions at places 1, 2, … A region's place is the rank of its passage, but the n-th region
    found never stands above place n: regions that share a passage take the places after it, so the score stays within 1
    and a search that leads with all gold regions has exactly 1, in however few passages. With one region a passage this
    is the usual nDCG (ir-measures: ``nDCG@k``).
    """
    places: list[int] = []
    for rank, new in enumerate(ranking[:k], 1):
        places += [max(rank, len(places) + nth) for nth in range(1, new + 1)]
    best = sum(_discount(place) for place in range(1, min(total, k) + 1))
    return sum(_discount(place) for place in places if place <= k) / best if best else 0.0


def iou(spans: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the characters both retrieved and gold over the characters retrieved or gold; 0 for nothing at all."""
    ours, theirs = merged(spans), merged(gold)
    # Both are free of overlaps within, so shared lengths add up.
    shared = sum(
        max(0, min(a.end, b.end) - max(a.start, b.start)) for a in ours for b in theirs if a.document == b.document
    )
    either = sum(span.end - span.start for span in (*ours, *theirs)) - shared
    return shared / either if either else 0.0


def _discount(place: int) -> float:
    return 1 / math.log2(1 + place)


def _paragraph(span: Span, documents: Mapping[str, Document]) -> Span:
    """Return the block a span shares most characters with, the first of equals; the span itself where it meets none."""
    document = documents.get(span.document)
    if document is None:
        return span
    best, most = span, 0
    # Blocks are in order and do not overlap: none before the last one that starts at or before the span can meet it.
    first = max(0, bisect_right(document.blocks, span.start, key=lambda block: block.start) - 1)
    for number in range(first, len(document.blocks)):
        block = document.blocks[number]
        if block.start >= span.end:
            break
        shared = min(span.end, block.end) - max(span.start, block.start)
        if shared > most:
            best, most = Span(span.document, block.start, block.end), shared
    return best
