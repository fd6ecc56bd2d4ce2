"""A document enters; the sentences that together stand best for the whole of it leave, in their order.

They are quotes. What makes them shorter takes what ``chosen`` returns, sentence by sentence, and leaves their places.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.proof.anchors import content
from assistant.proof.meaning import Meaning
from index.embed import Embedder
from index.language import script_language
from index.sentences import sentences
from index.types import Document, Sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

_MOST_EMBEDDED = 160
"""Sentences whose meaning is compared: a second of two cores. Of a longer article, those whose words are its own."""
_SPACELESS = frozenset({"ja", "zh"})
_SHORTEST, _LONGEST = 6, 45
"""Words of a sentence that can stand alone, and of one that is read in a breath."""
_A_WORD = 2.2
"""Characters a word, where none are told apart."""
_COVERS, _OWN, _PLACE, _READS = 1.0, 0.5, 0.25, 0.35
"""Weights: of what a sentence stands for that none before it does; of being near title and headings; of leading; of
standing alone."""
_LEANS = re.compile(
    r"^(?:[“\"‘(]\s*)?(?:this|that|these|those|it|its|he|she|they|their|his|her|such|both|however|yet|but|and|also|still|then|thus"
    r"|second|third|finally|meanwhile|additionally|moreover|furthermore|instead|therefore|as a result|in addition|that is"
    r"|from there|building on this|compounding this|for example|for instance|on the other hand|even so|nevertheless)\b"
    r"|^(?:これ|それ|この|その|あれ|彼|彼女|しかし|また|だが|ただ|一方|さらに|そして|そこで|こうし|そのため|なお|つまり|例えば|同)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.。!！…”\"』」)]\s*$")
_LIST_ITEM = re.compile(r"^\s*(?:[-–•*‣]|\(?\d{1,2}[.)])\s")


def chosen(
    document: Document, embedder: Embedder, *, count: int, ending: bool = False, beside: Sequence[Document] = ()
) -> tuple[Sentence, ...]:
    """Return at most ``count`` sentences, in article order, chosen over the whole of a document.

    Greedily, ties to the earlier one: what a sentence adds to what those before it stand for, and how well it stands
    alone. ``ending`` prefers the article's end, where it concludes. ``beside`` holds other articles: what they say too
    is of no interest.
    """
    import numpy as np

    candidates = _candidates(document)
    if not candidates:
        return ()
    alike, own = _likeness(document, candidates, embedder)
    worth = _OWN * own + np.array(_standing(document, candidates, ending=ending), dtype=np.float32)
    if beside:
        worth = worth - 2 * _told(candidates, beside, embedder)
    covered = np.zeros(len(candidates), dtype=np.float32)
    taken: list[int] = []
    while len(taken) < min(count, len(candidates)):
        gains = np.maximum(alike - covered[:, None], 0.0).mean(axis=0)
        scores = _COVERS * gains / max(float(gains.max()), 1e-6) + worth
        # What is said already is not said again.
        scores = scores - (alike[taken].max(axis=0) if taken else 0.0)
        scores[taken] = -np.inf
        best = int(scores.argmax())
        taken.append(best)
        covered = np.maximum(covered, alike[best])
    return tuple(candidates[place] for place in sorted(taken))


def shared(one: Document, other: Document, embedder: Embedder, *, count: int) -> tuple[tuple[Sentence, Sentence], ...]:
    """Return pairs of sentences of two documents that say the most alike, the likest first, no sentence twice."""
    ones, others = _candidates(one), _candidates(other)
    if not ones or not others:
        return ()
    near = _compared(ones, others, embedder, _language(one))
    order = sorted(
        ((-float(near[i, j]), i, j) for i in range(len(ones)) for j in range(len(others))), key=lambda pair: pair
    )
    pairs: list[tuple[Sentence, Sentence]] = []
    used: set[tuple[str, int]] = set()
    for negative, i, j in order:
        if len(pairs) == count or -negative < _ALIKE:
            break
        if ("one", i) in used or ("other", j) in used:
            continue
        used |= {("one", i), ("other", j)}
        pairs.append((ones[i], others[j]))
    return tuple(pairs)


_ALIKE = 0.45
"""On the common scale of likeness: below it two sentences speak of different things."""


def _candidates(document: Document) -> list[Sentence]:
    """Return the sentences that can stand for something, at most `_MOST_EMBEDDED`: whole ones, of a usual length."""
    every = [sentence for sentence in sentences(document) if not _LIST_ITEM.match(sentence.text)]
    whole = [s for s in every if _ENDS.search(s.text) and _words(s.text) >= _SHORTEST and not _is_question(s.text)]
    found = whole or every or list(sentences(document))
    if len(found) <= _MOST_EMBEDDED:
        return found
    language = _language(document)
    often = Counter(term for s in found for term in set(content(s.text, language)))

    def typical(sentence: Sentence) -> float:
        terms = content(sentence.text, language)
        return sum(math.log(1 + often[term]) for term in terms) / (3 + len(terms))

    kept = sorted(found, key=lambda sentence: (-typical(sentence), sentence.start))[:_MOST_EMBEDDED]
    return sorted(kept, key=lambda sentence: sentence.start)


def _is_question(text: str) -> bool:
    return text.rstrip("”\"』」").endswith(("?", "？"))


def _words(text: str) -> float:
    return len(text) / _A_WORD if script_language(text) in _SPACELESS else len(text.split())


def _language(document: Document) -> str:
    return document.language


def _standing(document: Document, candidates: Sequence[Sentence], *, ending: bool) -> list[float]:
    """Return what each sentence is worth for its place and for how well it stands alone."""
    first, last = candidates[0].start, candidates[-1].start
    opening = {block.start for block in document.blocks if block.kind == "paragraph"}
    worth = []
    for place, sentence in enumerate(candidates):
        far = (sentence.start - first) / max(1, last - first)
        lead = far**2 * 4 if ending else (1.0 / (1 + place) + 0.3 * (sentence.start in opening))
        words = _words(sentence.text)
        alone = (0.0 if _LEANS.match(sentence.text) else 1.0) - max(0.0, words - _LONGEST) / _LONGEST
        worth.append(_PLACE * lead + _READS * alone)
    return worth


def _likeness(document: Document, candidates: Sequence[Sentence], embedder: Embedder) -> tuple[Numbers, Numbers]:
    """Return how alike each two sentences are, and how near each is to the title and the headings, 0 to 1."""
    heads = [document.title] + [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]
    both = _vectors([s.text for s in candidates] + heads[:30], embedder, _language(document))
    slope, offset = both[1]
    vectors, named = both[0][: len(candidates)], both[0][len(candidates) :]
    alike = _held(slope * (vectors @ vectors.T) + offset)
    return alike, _held(slope * (vectors @ named.T) + offset).mean(axis=1)


def _told(candidates: Sequence[Sentence], beside: Sequence[Document], embedder: Embedder) -> Numbers:
    """Return how much of each sentence the likest one of other documents says too, 0 to 1."""
    others = [sentence for document in beside for sentence in _candidates(document)]
    if not others:
        import numpy as np

        return np.zeros(len(candidates), dtype=np.float32)
    told: Numbers = _compared(candidates, others, embedder, _language(beside[0])).max(axis=1)
    return told


def _compared(ones: Sequence[Sentence], others: Sequence[Sentence], embedder: Embedder, language: str) -> Numbers:
    vectors, (slope, offset) = _vectors([s.text for s in (*ones, *others)], embedder, language)
    return _held(slope * (vectors[: len(ones)] @ vectors[len(ones) :].T) + offset)


def _held(values: Numbers) -> Numbers:
    import numpy as np

    return np.clip(values, 0.0, 1.0)


def _vectors(texts: Sequence[str], embedder: Embedder, language: str) -> tuple[Numbers, tuple[float, float]]:
    """Return a vector of length 1 a text, and slope and offset that put their products on the common scale.

    Of a language the embedder does not read, the words are counted instead.
    """
    if embedder.languages is None or language in embedder.languages:
        meaning = Meaning(embedder)
        offset = meaning.scaled(0.0)
        return embedder.embed_documents(list(texts)), (meaning.scaled(1.0) - offset, offset)
    return _counted(texts, language), (1.0, 0.0)


def _counted(texts: Sequence[str], language: str) -> Numbers:
    import numpy as np

    said = [content(text, language) for text in texts]
    often = Counter(term for terms in said for term in terms)
    column = {term: place for place, term in enumerate(often)}
    vectors = np.zeros((len(texts), len(column) + 1), dtype=np.float32)
    for row, terms in enumerate(said):
        for term in terms:
            vectors[row, column[term]] = math.log(1 + len(texts) / often[term])
        vectors[row, -1] = 1e-3  # a text without words has a length, too
    lengths: Numbers = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths
