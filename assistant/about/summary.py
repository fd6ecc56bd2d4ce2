"""A document enters; the sentences that together stand best for the whole of it leave, in their order.

They are quotes. What makes them shorter takes what ``chosen`` returns, sentence by sentence, and leaves their places.
Words are counted, and no text is embedded: that takes an embedder a second for every twenty sentences.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.proof.anchors import content
from assistant.proof.meaning import Meaning
from index.text.language import SPACELESS, script_language
from index.text.sentences import sentences
from index.types import Document, Sentence
from index.vectors.embed import Embedder

_FEWEST, _FEW, _MANY = 6, 11, 40
"""Words of a sentence that says anything, of one that says enough, and of one that is read in a breath."""
_A_WORD = 2.2
"""Characters a word, where none are told apart."""
_TYPICAL, _TITLED, _LEADS, _ALONE, _SUMS_UP = 1.0, 0.4, 0.3, 0.5, 0.2
"""Weights: of the article's own words in a sentence, of those of its title and headings, of standing first, of standing
alone, of saying that it sums up."""
_ENDING = 1.2
"""Weight of standing last, where the conclusion is asked for."""
_SAID, _SAME_PART, _TOLD = 1.2, 0.35, 2.0
"""What is taken off: for saying what a chosen one says, for standing in the same part, for what another article says."""
_LEANS = re.compile(
    r"^(?:[“\"‘(]\s*)?(?:this|that|these|those|it|its|he|she|they|their|his|her|such|both|however|yet|but|and|also|still|then"
    r"|thus|so|second|third|finally|meanwhile|additionally|moreover|furthermore|instead|therefore|as a result|in addition"
    r"|from there|building on|compounding|behind|another|a further|for example|for instance|on the other|even so"
    r"|nevertheless|nonetheless|otherwise|similarly|likewise|the other|one is|the two|the former|the latter|here|there)\b"
    r"|^(?:これ|それ|この|その|こう|そう|あれ|彼|しかし|また|だが|ただ|一方|さらに|そして|そこで|そのため|なお|例えば|たとえば|同[^盟]|でも|ところが)|, (?:however|though|too)[.”\"]*$",
    re.IGNORECASE,
)
_CONCLUDES = re.compile(
    r"^(?:in short|in sum|in summary|in conclusion|in other words|overall|to sum up|ultimately|all in all)\b"
    r"|^(?:要するに|つまり|結局|結論|以上|このように)|\b(?:concludes?|in the end)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.。!！…”\"』」)]\s*$")
_LIST_ITEM = re.compile(r"^\s*(?:[-–•*‣]|\(?\d{1,2}[.)])\s")
_ALIKE = 0.3
"""How alike two sentences are that say the same, as the cosine of their words."""
_ALIKE_IN_MEANING = 0.55
"""The same on the scale of meaning, for articles in two languages."""
_EMBEDDED, _COMPARED = 16, 200
"""Sentences of each article whose meaning, and whose words, are compared with another's."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A sentence that may be chosen, and how alike it is to others."""

    sentence: Sentence
    vector: Mapping[str, float]
    """Terms to weights; of length 1, or empty."""


def chosen(
    document: Document, *, count: int, ending: bool = False, beside: Sequence[Document] = ()
) -> tuple[Sentence, ...]:
    """Return at most ``count`` sentences, in article order, chosen over the whole of a document.

    One after another, ties to the earlier one: what is worth most, less what was said already, and from another part of
    the article where there is one. ``ending`` prefers the end, where an article concludes. ``beside`` holds other
    articles: what they say too is worth less.
    """
    candidates = _foremost(document, most=_COMPARED) if beside else _candidates(document)
    worth = _worth(document, candidates, ending=ending)
    if beside:
        others = [one.vector for other in beside for one in _foremost(other, most=_COMPARED)]
        worth = [
            one - _TOLD * max((_cosine(weighed.vector, other) for other in others), default=0.0)
            for one, weighed in zip(worth, candidates, strict=True)
        ]
    parts = [0 if ending else _part(document, one.sentence, count) for one in candidates]
    taken: list[int] = []
    while len(taken) < min(count, len(candidates)):

        def left(place: int) -> float:
            said = max((_cosine(candidates[place].vector, candidates[one].vector) for one in taken), default=0.0)
            same = not ending and parts[place] in {parts[one] for one in taken}
            return worth[place] - _SAID * said - _SAME_PART * same

        free = [place for place in range(len(candidates)) if place not in taken]
        taken.append(max(free, key=lambda place: (left(place), -place)))
    return tuple(candidates[place].sentence for place in sorted(taken))


def shared(one: Document, other: Document, embedder: Embedder, *, count: int) -> tuple[tuple[Sentence, Sentence], ...]:
    """Return pairs of sentences of two documents that say the most alike, the likest first, no sentence twice.

    Of articles in two languages the meanings of the likeliest sentences are compared.
    """
    alike = one.language == other.language
    ones, others = (_foremost(document, most=_COMPARED if alike else _EMBEDDED) for document in (one, other))
    if alike:
        near = [[_cosine(a.vector, b.vector) for b in others] for a in ones]
        least = _ALIKE
    else:
        meaning = Meaning(embedder)
        near = [meaning(a.sentence.text, [b.sentence.text for b in others]) for a in ones]
        least = _ALIKE_IN_MEANING
    order = sorted((-near[i][j], i, j) for i in range(len(ones)) for j in range(len(others)) if near[i][j] >= least)
    pairs: dict[int, int] = {}
    for _, i, j in order:
        if len(pairs) < count and i not in pairs and j not in pairs.values():
            pairs[i] = j
    return tuple((ones[i].sentence, others[j].sentence) for i, j in pairs.items())


def _foremost(document: Document, *, most: int) -> list[_Weighed]:
    """Return the sentences of a document that are worth most, in its order."""
    candidates = _candidates(document)
    if len(candidates) <= most:
        return candidates
    worth = _worth(document, candidates, ending=False)
    places = sorted(range(len(candidates)), key=lambda place: (-worth[place], place))[:most]
    return [candidates[place] for place in sorted(places)]


def _candidates(document: Document) -> list[_Weighed]:
    """Return the sentences that can stand for something: whole ones that ask nothing; all, where there are none."""
    every = [sentence for sentence in sentences(document) if not _LIST_ITEM.match(sentence.text)]
    whole = [s for s in every if _ENDS.search(s.text) and _words(s.text) >= _FEWEST and not _asks(s.text)]
    found = whole or every or list(sentences(document))
    said = [content(sentence.text, document.language) for sentence in found]
    often = Counter(term for terms in said for term in terms)
    return [
        _Weighed(sentence, _unit({term: math.log(1 + len(found) / often[term]) for term in terms}))
        for sentence, terms in zip(found, said, strict=True)
    ]


def _worth(document: Document, candidates: Sequence[_Weighed], *, ending: bool) -> list[float]:
    """Return what each sentence is worth by itself: its words, its place, and how well it stands alone."""
    if not candidates:
        return []
    often = Counter(term for one in candidates for term in one.vector)
    typical = [sum(math.log(often[term]) for term in one.vector) / (3 + len(one.vector)) for one in candidates]
    most = max(typical) or 1.0
    heads = [document.title, *(document.text[b.start : b.end] for b in document.blocks if b.kind == "heading")]
    named = {term for head in heads for term in content(head, document.language)}
    first, last = candidates[0].sentence.start, candidates[-1].sentence.start
    worth = []
    for place, (one, own) in enumerate(zip(candidates, typical, strict=True)):
        far = (one.sentence.start - first) / max(1, last - first)
        text = one.sentence.text
        titled = sum(term in named for term in one.vector) / (2 + len(one.vector))
        placed = _ENDING * far**4 if ending else _LEADS / (1 + place)
        worth.append(
            _TYPICAL * own / most + _TITLED * titled + placed + _ALONE * _standing(text) + _SUMS_UP * _sums_up(text)
        )
    return worth


def _standing(text: str) -> float:
    """Return -1 to 1: how well a sentence is understood by itself, of a usual length and leaning on none before it."""
    words = _words(text)
    usual = min(1.0, words / _FEW) - min(1.0, max(0.0, words - _MANY) / _MANY)
    return usual - (1.0 if _LEANS.search(text) else 0.0)


def _sums_up(text: str) -> bool:
    return bool(_CONCLUDES.search(text))


def _part(document: Document, sentence: Sentence, count: int) -> int:
    """Return which of ``count`` equal parts of a document a sentence stands in."""
    return sentence.start * count // max(1, len(document.text))


def _asks(text: str) -> bool:
    return text.rstrip('”"』」').endswith(("?", "？"))


def _words(text: str) -> float:
    return len(text) / _A_WORD if script_language(text) in SPACELESS else len(text.split())


def _unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    few, many = sorted((one, other), key=len)
    return sum(weight * many.get(term, 0.0) for term, weight in few.items())
