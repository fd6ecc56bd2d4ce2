"""A question that asks for several things enters; the sentences of the article that number them leave, all or none.

"What were the three shocks?" is answered by no one sentence where the article says "First, …", "Second, …" and "Third,
…". Such a run is the answer where it is counted from one without a gap, holds as many items as the question or the
sentence before it says, and counts what the question asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.proof.anchors import content
from assistant.proof.context import cited
from assistant.proof.kinds import asked_for
from assistant.proof.number_words import ORDINALS, UNITS
from assistant.proof.two_part import parts
from assistant.types import Citation
from index.text.language import script_language
from index.text.sentences import block_sentences
from index.text.words import fold
from index.types import Document, ScoredChunk, Sentence

_BEFORE, _AFTER = 1, 3
"""Blocks looked at before and after those that a chunk touches: each item may have its paragraph."""
_APART = 3
"""Sentences from one item to the next, at most: an item may be explained."""
_KIND = 3
"""Words after a count ("three large shocks") that may say of what it is."""
_GROUPS = {"double": 2, "dual": 2, "twin": 2, "triple": 3, "threefold": 3, "quadruple": 4, "fourfold": 4}
_COUNTS = {word: value for word, value in UNITS.items() if 2 <= value <= 12} | _GROUPS
_KANJI = {digit: value for value, digit in enumerate("一二三四五六七八九", 1)}
_ORDINAL = re.compile(
    r"^(?:(?:and|but|then|the|a|an|its|their|his|her|our)\s+)*"
    rf"(?:(?P<nth>{'|'.join(word for word, value in ORDINALS.items() if 1 <= value <= 12)})(?:ly)?\b"
    r"|(?P<one>one)(?=\s+(?:is|was|are|were|of)\b)|(?P<other>other|another)\b)(?:\s+(?P<noun>[a-z-]+))?"
)
_ORDINAL_JA = re.compile(
    r"^(?:そして|また)?(?:第(?P<nth>[一二三四五六七八九1-9])(?P<noun>の[^、はがで]{1,12}|に|は)|(?P<place>[一二三四五六七八九1-9])(?:つ目|点目|番目))"
)
_COUNTED_JA = re.compile(r"(?P<count>[二三四五六七八九2-9])(?:つ|点|大|重)の?(?P<kind>[^、はがをにで。]{1,8})")


@dataclass(frozen=True, slots=True)
class _Mark:
    """What opens a numbered sentence: its number, and the terms of what is numbered."""

    number: int
    of: frozenset[str]


def counted_off(
    question: str, evidence: Sequence[ScoredChunk], documents: Mapping[str, Document]
) -> tuple[Citation, ...]:
    """Return the sentences that number what a question asks for, in order; none where no whole run is near.

    A run is whole where somebody says how many there are: "First, …", "Second, …" may go on with "Finally, …".
    """
    kinds = [asked_for(part, script_language(part) or "en") for part in parts(question)]
    said = frozenset(_content(question))
    several = next((kind for kind in kinds if kind.several), None)
    # "Which of them came second?" asks for one.
    if several is None or ORDINALS.keys() & set(_words(question)):
        return ()
    for scored in evidence:
        document = documents[scored.chunk.document]
        around = _around(document, scored.chunk.start, scored.chunk.end)
        for place, run in _runs(around):
            counts, of = _announced(around[place - 1]) if place else (frozenset[int](), frozenset[str]())
            wanted = counts if several.count is None else counts | {several.count}
            if said & (of | _numbered_of(run)) and wanted == {len(run)}:
                return tuple(cited(document, sentence) for sentence in run)
    return ()


def _around(document: Document, start: int, end: int) -> list[Sentence]:
    blocks = [block for block in document.blocks if block.kind != "heading"]
    touched = [place for place, block in enumerate(blocks) if block.end > start and block.start < end]
    if not touched:
        return []
    near = blocks[max(0, touched[0] - _BEFORE) : touched[-1] + _AFTER + 1]
    return [sentence for block in near for sentence in block_sentences(document, block)]


def _runs(sentences: Sequence[Sentence]) -> Iterator[tuple[int, list[Sentence]]]:
    """Yield each run of two or more sentences counted from one, with the place of its first."""
    for first, sentence in enumerate(sentences):
        mark = _mark(sentence.text)
        if mark is None or mark.number != 1:
            continue
        run, last = [sentence], first
        for place in range(first + 1, len(sentences)):
            found = _mark(sentences[place].text)
            if place - last > _APART or (found is not None and found.number == 1):
                break
            if found is not None and found.number == len(run) + 1:
                run.append(sentences[place])
                last = place
        if len(run) > 1:
            yield first, run


def _mark(text: str) -> _Mark | None:
    folded = fold(text)
    if match := _ORDINAL.match(folded):
        number = ORDINALS[match["nth"]] if match["nth"] else 1 if match["one"] else 2
        return _Mark(number, frozenset(_content(match["noun"] or "")))
    if match := _ORDINAL_JA.match(folded):
        digit = match["nth"] or match["place"]
        return _Mark(_KANJI.get(digit) or int(digit), frozenset(_content((match["noun"] or "")[1:])))
    return None


def _numbered_of(run: Sequence[Sentence]) -> frozenset[str]:
    """Return the terms of what every sentence of a run numbers: "shock" in "The first shock", "The second shock"."""
    marks = [mark for sentence in run if (mark := _mark(sentence.text)) is not None]
    return frozenset.intersection(*(mark.of for mark in marks))


def _announced(sentence: Sentence) -> tuple[frozenset[int], frozenset[str]]:
    """Return the counts that a sentence names, and the terms of what is counted."""
    folded = fold(sentence.text)
    counts, of = set[int](), set[str]()
    words = _words(folded)
    for place, word in enumerate(words):
        if word in _COUNTS:
            counts.add(_COUNTS[word])
            of.update(term for near in words[place + 1 : place + 1 + _KIND] for term in _content(near))
    for match in _COUNTED_JA.finditer(folded):
        counts.add(_KANJI.get(match["count"]) or int(match["count"]))
        of.update(_content(match["kind"]))
    return frozenset(counts), frozenset(of)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", fold(text))


def _content(text: str) -> list[str]:
    return content(text, script_language(text) or "en")
