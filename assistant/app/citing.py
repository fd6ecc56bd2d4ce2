"""Number the sources of an answer: statements come in, and each cited place gets the number it is met under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.answer.compare import Side
from assistant.app.render_article import Span
from assistant.types import Citation, Statement
from index.types import ScoredChunk


@dataclass(frozen=True, slots=True)
class NumberedSource:
    """One cited place of an answer, under the number of its first appearance."""

    number: int
    citation: Citation
    """With the highest support any statement found in it."""


def sources(statements: Iterable[Statement]) -> tuple[NumberedSource, ...]:
    """Return every place the statements cite, once each, numbered from 1 in order of first appearance."""
    found: dict[tuple[str, int, int], NumberedSource] = {}
    for statement in statements:
        for citation in statement.citations:
            place = (citation.document, citation.start, citation.end)
            known = found.get(place)
            if known is None:
                found[place] = NumberedSource(len(found) + 1, citation)
            elif citation.support > known.citation.support:
                found[place] = replace(known, citation=citation)
    return tuple(found.values())


def numbers(statement: Statement, known: Sequence[NumberedSource]) -> tuple[NumberedSource, ...]:
    """Return the sources one statement cites, in its own order, once each."""
    by_place = {(s.citation.document, s.citation.start, s.citation.end): s for s in known}
    places = dict.fromkeys((c.document, c.start, c.end) for c in statement.citations)
    return tuple(by_place[place] for place in places)


def answer_name(position: int, side: Side = "left") -> str:
    """Return the name of the answer at ``position`` of a conversation: its markers and marks begin with it."""
    return f"m{position}" if side == "left" else f"m{position}b"


def source_span(source: NumberedSource, answer: str) -> Span:
    """Return the place of a source of the answer of this name; its own name ties a marker to its mark."""
    c = source.citation
    return Span(f"{answer}-{source.number}", c.document, c.start, c.end, c.quote, source.number)


def source_spans(statements: Iterable[Statement], answer: str) -> tuple[Span, ...]:
    """Return the places to mark for the answer of this name."""
    return tuple(source_span(source, answer) for source in sources(statements))


def nearest_span(citation: Citation, answer: str, rank: int) -> Span:
    """Return the place of one of the sentences nearest to a question, from rank 0: no source, and numbered as none."""
    c = citation
    return Span(f"{answer}-n{rank}", c.document, c.start, c.end, c.quote)


def passage_span(scored: ScoredChunk, answer: str, rank: int) -> Span:
    """Return the place of one passage of the evidence, from rank 0."""
    chunk = scored.chunk
    return Span(f"{answer}-p{rank}", chunk.document, chunk.start, chunk.end, chunk.text)
