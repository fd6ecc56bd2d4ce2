"""Say how near two texts are in meaning, on one scale for every embedder, each text embedded once a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index.text.language import script_language
from index.vectors.embed import Embedder

# Sentences of different matters, each with another that says the same. Embedders differ in where "unrelated" and "the
# same" lie (unrelated sentences stand near 0.05 for one, near 0.75 for another): these tell where, for any of them.
_ANCHORS = (
    ("The bridge was opened in the spring of 1931.", "In spring 1931 the bridge was opened to traffic."),
    ("Bread dough should rise for about two hours.", "Let the dough of the bread rise for roughly two hours."),
    ("The minister resigned after the vote.", "Following the vote, the minister stepped down."),
    ("Whales breathe air through a hole in their heads.", "A hole in the head is what whales breathe air through."),
    ("The company sold half of its shops last year.", "Last year half of the company's stores were sold."),
    ("Her first novel was written in prison.", "She wrote her first novel while she was in jail."),
    ("Iron rusts when it is wet.", "When iron gets wet, it rusts."),
    ("The orchestra rehearses on Tuesday evenings.", "On Tuesday evenings the orchestra holds its rehearsals."),
)
# Where all-MiniLM-L6-v2, on which every threshold was set, puts them (medians).
_UNRELATED = 0.0421
_SAME = 0.9088

_scales: dict[str, tuple[float, float]] = {}


class Meaning:
    """Cosine similarities as all-MiniLM-L6-v2 would give them; all 0 for languages an embedder was not trained for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Any] = {}

    def __call__(self, text: str, others: Sequence[str]) -> list[float]:
        """Return the similarity of a text with each of the others, in their order."""
        if not others or not all(self._reads(some) for some in (text, others[0])):
            return [0.0] * len(others)
        new = [some for some in dict.fromkeys((text, *others)) if some not in self._vectors]
        self._vectors.update(zip(new, self._embedder.embed_documents(new), strict=True))
        return [self.scaled(float(self._vectors[other] @ self._vectors[text])) for other in others]

    def scaled(self, cosine: float) -> float:
        """Return a cosine of this embedder on the common scale."""
        slope, offset = _scale(self._embedder)
        return slope * cosine + offset

    def _reads(self, text: str) -> bool:
        # A Latin script says too little about its language to turn a text away.
        language = script_language(text)
        return language is None or self._embedder.languages is None or language in self._embedder.languages


def anchors(embedder: Embedder) -> tuple[float, float]:
    """Return the median cosine of unrelated sentences, and of sentences that say the same, by an embedder."""
    import numpy as np

    ones, others = (embedder.embed_documents(list(side)) for side in zip(*_ANCHORS, strict=True))
    every = ones @ others.T
    apart = ~np.eye(len(_ANCHORS), dtype=bool)
    return float(np.median(every[apart])), float(np.median(every[~apart]))


def _scale(embedder: Embedder) -> tuple[float, float]:
    """Return slope and offset from an embedder's cosines to the common scale; worked out once for each."""
    if embedder.identity not in _scales:
        unrelated, same = anchors(embedder)
        # One that cannot tell them apart gets no say.
        slope = (_SAME - _UNRELATED) / (same - unrelated) if same - unrelated > 0.02 else 0.0
        _scales[embedder.identity] = slope, _UNRELATED - slope * unrelated
    return _scales[embedder.identity]
