"""What was cited and the sentences of other articles enter; one that answers the same otherwise leaves, or None."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.anchors import content, is_negated, numbers
from assistant.context import Numbered
from assistant.types import Citation
from index.types import Document

_AS_SURELY = 0.5
"""It bears the answer at least so surely, against the sentence that bears it most."""
_SAME = 0.6
"""The share of the shorter one's words that both have: they speak of the same."""
_FEWEST = 2
_YEAR = re.compile(r"1[5-9]\d{2}|20\d{2}")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two articles that do not say the same of one thing."""

    cited: Citation
    otherwise: Numbered


def disagreement(
    cited: Iterable[Citation],
    numbered: Sequence[Numbered],
    bearing: Sequence[float],
    documents: Mapping[str, Document],
    *,
    question: str,
) -> Disagreement | None:
    """Return the surest sentence of another article that speaks of the same as a cited one and says otherwise.

    Otherwise is: another number where the cited one has its own, years against years, or a denial of what it affirms.
    Two articles that tell of two things need not disagree, so most of the words must be shared. ``bearing`` is that of
    each numbered sentence.
    """
    ranked = sorted(zip(bearing, numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number))
    sure = [item for probability, item in ranked if probability >= _AS_SURELY * ranked[0][0]]
    asked = numbers(question)
    for citation in cited:
        language = documents[citation.document].language
        for item in sure:
            if item.document != citation.document and _otherwise(citation.quote, item.sentence.text, language, asked):
                return Disagreement(citation, item)
    return None


def _otherwise(one: str, other: str, language: str, asked: frozenset[str]) -> bool:
    words, others = _words(one, language), _words(other, language)
    shared = words & others
    if len(shared) < _FEWEST or len(shared) < _SAME * min(len(words), len(others)):
        return False
    if is_negated(one) != is_negated(other):
        return True
    ours, theirs = numbers(one) - asked, numbers(other) - asked
    own, foreign = ours - theirs, theirs - ours
    years = [{number for number in found if _YEAR.fullmatch(number)} for found in (own, foreign)]
    return all(years) or (bool(own and foreign) and not any(years))


def _words(text: str, language: str) -> set[str]:
    """Return the terms of a text that carry meaning, but its numbers."""
    return {term for term in content(text, language) if not any(character.isdigit() for character in term)}
