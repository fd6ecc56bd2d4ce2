"""Fuse rankings of ids into one by reciprocal rank."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum


def fuse(rankings: Sequence[Sequence[str]], *, constant: int = 60) -> list[tuple[str, float]]:
    """Return ids with their fused score, best first; ties by id.

    Score of an id: the mean over rankings of (constant + 1) / (constant + rank), rank from 1, 0 where it is absent: an
    id that is first in every ranking scores 1 (Cormack, Clarke and Büttcher, SIGIR 2009). An empty ranking has no say;
    no rankings, no ids.
    """
    voting = [ranking for ranking in rankings if ranking]
    votes: dict[str, list[float]] = {}
    for ranking in voting:
        for rank, id in enumerate(dict.fromkeys(ranking), start=1):
            votes.setdefault(id, []).append((constant + 1) / (constant + rank))
    # A plain sum depends on the order of the rankings in its last digit, which is enough to undo a tie.
    scores = [(id, fsum(given) / len(voting)) for id, given in votes.items()]
    return sorted(scores, key=lambda scored: (-scored[1], scored[0]))
