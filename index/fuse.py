"""Fuse rankings of ids into one by reciprocal rank."""

from __future__ import annotations

from collections.abc import Sequence


def fuse(rankings: Sequence[Sequence[str]], *, constant: int = 60) -> list[tuple[str, float]]:
    """Return ids with their fused score, best first; ties by id.

    Score of an id: the sum over rankings of 1 / (constant + rank), rank from 1, scaled so that an id that is first in
    every non-empty ranking scores 1 (Cormack, Clarke and Büttcher, SIGIR 2009). An empty ranking has no say; no rankings, no ids.
    """
    voting = [ranking for ranking in rankings if ranking]
    if not voting:
        return []
    scores: dict[str, float] = {}
    for ranking in voting:
        for rank, id in enumerate(dict.fromkeys(ranking), start=1):
            scores[id] = scores.get(id, 0.0) + (constant + 1) / (constant + rank) / len(voting)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
