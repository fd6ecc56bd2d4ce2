"""Fuse the scores that several searches gave the same candidates into one order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping


def fuse(legs: Iterable[tuple[Mapping[str, float], float]]) -> list[tuple[str, float]]:
    """Return ids with their fused score, best first; ties by id.

    A leg is the scores it gave, and its weight. Each leg's scores are standardised (mean 0, deviation 1) and the
    weighted sums squashed to 0..1 (z-scores: Montague and Aslam, "Relevance score normalization for metasearch", CIKM
    2001). So a leg is heard as far as it tells the candidates apart: one that scores all alike has no say, and an id
    that a leg did not score has that leg's mean. Ranks, which forget the scores, let a leg that guesses drown one that
    knows.
    """
    standard = [(_standardised(scores), weight) for scores, weight in legs]
    ids = {id for scores, _ in standard for id in scores}
    sums = {id: math.fsum(weight * scores.get(id, 0.0) for scores, weight in standard) for id in ids}
    return sorted(((id, _squashed(total)) for id, total in sums.items()), key=lambda scored: (-scored[1], scored[0]))


def _standardised(scores: Mapping[str, float]) -> dict[str, float]:
    if not scores:
        return {}
    mean = math.fsum(scores.values()) / len(scores)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores.values()) / len(scores))
    # Equal scores differ from their mean in the last digit.
    if deviation <= 1e-9 * max(1.0, abs(mean)):
        return dict.fromkeys(scores, 0.0)
    return {id: (score - mean) / deviation for id, score in scores.items()}


def _squashed(value: float) -> float:
    # Sums stay within some ten deviations: far from where the logistic rounds two of them to a tie.
    return round(1 / (1 + math.exp(-value)), 12)
