"""What was cited and the sentences of other articles enter; one that answers the same otherwise leaves, or None."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.proof.anchors import content
from assistant.proof.context import Numbered
from assistant.proof.denials import clauses, is_negated
from assistant.proof.quantities import Quantity, agree, comparable, quantities, without_quantities
from assistant.types import Citation
from index.types import Document

_AS_SURELY = 0.15
"""It bears the answer at least so surely, against the sentence that bears it most: the reader spreads one certainty."""
_SAME = 0.5
"""The share of the shorter one's words that both have: they speak of the same."""
_FEWEST = 2
_THAT = re.compile(r"\bthat\b")


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
    Two articles that tell of two things need not disagree, so half of the words must be shared. ``bearing`` is that of
    each numbered sentence.
    """
    ranked = sorted(zip(bearing, numbered, strict=True), key=lambda pair: (-pair[0], pair[1].number))
    sure = [item for probability, item in ranked if probability >= _AS_SURELY * ranked[0][0]]
    for citation in cited:
        language = documents[citation.document].language
        asked = quantities(question, language)
        for item in sure:
            if item.document != citation.document and _otherwise(citation.quote, item.sentence.text, language, asked):
                return Disagreement(citation, item)
    return None


def _otherwise(one: str, other: str, language: str, asked: Sequence[Quantity]) -> bool:
    if any(
        is_negated(part, language) != is_negated(counterpart, language) and _same(part, counterpart, language)
        for part in _parts(one, language)
        for counterpart in _parts(other, language)
    ):
        return True
    if not _same(one, other, language):
        return False
    ours, theirs = quantities(one, language), quantities(other, language)
    own = _beyond(ours, [*theirs, *asked])
    foreign = _beyond(theirs, [*ours, *asked])
    # The years of two events differ, and so does all that is counted in them.
    years = [[quantity for quantity in found if quantity.year] for found in (own, foreign)]
    if any(years):
        return all(years)
    return any(comparable(here, there) for here in own for there in foreign)


def _beyond(some: Sequence[Quantity], others: Sequence[Quantity]) -> list[Quantity]:
    """Return the quantities that say other than all others; "one" and "first" rarely count anything."""
    return [quantity for quantity in some if not quantity.weak and not any(agree(quantity, one) for one in others)]


def _same(one: str, other: str, language: str) -> bool:
    """Tell whether two texts speak of the same: half of the words of the shorter one are in both."""
    words, others = _words(one, language), _words(other, language)
    shared = words & others
    return len(shared) >= max(_FEWEST, _SAME * min(len(words), len(others)))


def _parts(text: str, language: str) -> list[str]:
    """Return the clauses of a sentence: what is denied in one is not denied in the next."""
    return [part for clause in clauses(text, language) for part in _THAT.split(clause)]


def _words(text: str, language: str) -> set[str]:
    """Return the terms of a text that carry meaning, but its numbers."""
    return set(content(without_quantities(text, language), language))
