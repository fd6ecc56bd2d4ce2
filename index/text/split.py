"""A Document enters, Chunks leave: whole sentences of one section, as many as fit, in order, without overlap."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.text.sentences import block_sentences, sentences
from index.types import Chunk, Document

_Span = tuple[int, int]

# Where a sentence too long for a chunk is cut, the best place first.
_CUT_AFTER = ("。！？!?;；\n", "、，,:：", " \u3000")
_CHARACTERS_PER_TOKEN = 4  # a first guess at how much text fits; only speed depends on it


@dataclass(frozen=True, slots=True)
class _Section:
    heading: str
    spans: list[_Span]


def split(document: Document, *, count_tokens: Callable[[str], int], chunk_tokens: int) -> tuple[Chunk, ...]:
    """Return the chunks of ``document``: in order, disjoint, together every character of its paragraphs but spaces.

    A chunk holds whole sentences under one heading, across paragraphs, while ``count_tokens(chunk.search_text)`` is at
    most ``chunk_tokens``; a sentence too long for that is cut at a clause, a space, or any character. A heading that
    takes more than half of the tokens is shortened. Headings are chunks only where a document has nothing else.
    """
    budget = _Budget(count_tokens, chunk_tokens)
    chunks: list[Chunk] = []
    for section in _sections(document):
        heading = budget.shorten(section.heading)
        for start, end in _pack(document.text, section.spans, budget, heading):
            chunks.append(Chunk(document.id, start, end, document.text[start:end], heading))
    return tuple(chunks)


class _Budget:
    """Counts tokens, and remembers what a tokenizer adds to any text and what each heading costs."""

    def __init__(self, count_tokens: Callable[[str], int], limit: int) -> None:
        self.count = count_tokens
        self.limit = limit
        self._frame = count_tokens("")  # [CLS] and [SEP], counted with every text but present once in a chunk
        self._headings: dict[str, str] = {}

    def cost(self, text: str) -> int:
        return max(1, self.count(text) - self._frame)

    def room(self, heading: str) -> int:
        return self.limit - self._frame - (self.cost(heading + "\n") if heading else 0)

    def fits(self, text: str, heading: str) -> bool:
        return self.count(f"{heading}\n{text}" if heading else text) <= self.limit

    def shorten(self, heading: str) -> str:
        """Return ``heading``, or first words (or characters) of it that take at most half of the tokens."""
        if heading not in self._headings:
            short = heading[: self.limit * 16]
            while short and self.count(short + "\n") > self.limit // 2:
                kept = short[: len(short) * 3 // 4]
                short = (kept.rsplit(" ", 1)[0] if " " in kept else kept).strip()
            self._headings[heading] = short
        return self._headings[heading]


def _sections(document: Document) -> Iterator[_Section]:
    section = _Section(document.title, [])
    for block in document.blocks:
        if block.kind == "heading":
            yield section
            section = _Section(document.text[block.start : block.end], [])
        else:
            section.spans.extend((s.start, s.end) for s in block_sentences(document, block))
    yield section
    if all(block.kind == "heading" for block in document.blocks):
        yield _Section(document.title, [(s.start, s.end) for s in sentences(document)])


def _pack(text: str, spans: list[_Span], budget: _Budget, heading: str) -> Iterator[_Span]:
    """Yield the bounds of chunks: sentences are gathered while the sum of their tokens has room."""
    room = budget.room(heading)
    pending: list[_Span] = []
    used = 0
    for span, cost in _costed(text, spans, budget, heading):
        if pending and used + cost > room:
            yield from _fitting(text, pending, budget, heading)
            pending, used = [], 0
        pending.append(span)
        used += cost
    if pending:
        yield from _fitting(text, pending, budget, heading)


def _costed(text: str, spans: list[_Span], budget: _Budget, heading: str) -> Iterator[tuple[_Span, int]]:
    """Yield the spans with their tokens, each span that does not fit a chunk of its own in parts that do."""
    room = budget.room(heading)
    for start, end in spans:
        # So long a sentence is not counted whole: a tokenizer takes its time over a megabyte.
        cost = budget.cost(text[start:end]) if end - start <= 16 * budget.limit else room + 1
        if cost <= room:
            yield (start, end), cost
            continue
        for part in _parts(text, start, end, budget, heading):
            yield part, budget.cost(text[slice(*part)])


def _fitting(text: str, spans: list[_Span], budget: _Budget, heading: str) -> Iterator[_Span]:
    """Yield ``spans`` as one chunk, or as its halves: a tokenizer may cut text into more tokens together than apart."""
    start, end = spans[0][0], spans[-1][1]
    if budget.fits(text[start:end], heading):
        yield start, end
    elif len(spans) == 1:
        yield from _parts(text, start, end, budget, heading)
    else:
        middle = len(spans) // 2
        yield from _fitting(text, spans[:middle], budget, heading)
        yield from _fitting(text, spans[middle:], budget, heading)


def _parts(text: str, start: int, end: int, budget: _Budget, heading: str) -> Iterator[_Span]:
    size = budget.limit * _CHARACTERS_PER_TOKEN
    while start < end:
        stop = _cut(text, start, min(start + size, end), end)
        while not budget.fits(text[start:stop], heading) and stop - start > 1:
            # Shrink in proportion to what is too much, and by a tenth at least.
            tokens = budget.cost(text[start:stop])
            size = max(1, int((stop - start) * min(0.9, max(1, budget.room(heading)) / tokens)))
            stop = _cut(text, start, start + size, end)
        yield start, start + len(text[start:stop].rstrip())
        size = max(size, (stop - start) * 5 // 4)  # the next part may be lighter
        while stop < end and text[stop].isspace():
            stop += 1
        start = stop


def _cut(text: str, start: int, stop: int, end: int) -> int:
    """Return the best place to end a part of ``text`` after ``start`` and at most at ``stop``."""
    if stop >= end:
        return end
    for marks in _CUT_AFTER:
        place = max(text.rfind(mark, start, stop) for mark in marks)
        if place > start + (stop - start) // 3:
            return place + 1
    place = stop
    while place > start + 1 and _joined(text[place]):  # an accent or an emoji's second half stays with its first
        place -= 1
    return place if not _joined(text[place]) else stop


def _joined(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character == "\u200d"
