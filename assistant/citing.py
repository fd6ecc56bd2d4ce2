"""Number the sources of an answer: statements come in, and each cited place gets the number it is met under."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.render_article import Span
from assistant.types import Citation, Statement
from index.types import ScoredChunk


@dataclass(frozen=True, slots=True)
class Source:
    """One cited place of an answer, under the number of its first appearance."""

    number: int
    citation: Citation
    """With the highest support any statement found in it."""


def sources(statements: Iterable[Statement]) -> tuple[Source, ...]:
    """Return every place the statements cite, once each, numbered from 1 in order of first appearance."""
    found: dict[tuple[str, int, int], Source] = {}
    for statement in statements:
        for citation in statement.citations:
            place = (citation.document, citation.start, citation.end)
            known = found.get(place)
            if known is None:
                found[place] = Source(len(found) + 1, citation)
            elif citation.support > known.citation.support:
                found[place] = replace(known, citation=citation)
    return tuple(found.values())


def numbers(statement: Statement, known: Sequence[Source]) -> tuple[Source, ...]:
    """Return the sources one statement cites, in its own order, once each."""
    by_place = {(s.citation.document, s.citation.start, s.citation.end): s for s in known}
    places = dict.fromkeys((c.document, c.start, c.end) for c in statement.citations)
    return tuple(by_place[place] for place in places)


def source_spans(statements: Iterable[Statement], position: int) -> tuple[Span, ...]:
    """Return the places to mark for the answer at ``position`` of a conversation."""
    return tuple(
        Span(source_name(position, s.number), c.document, c.start, c.end, c.quote, s.number)
        for s in sources(statements)
        for c in [s.citation]
    )


def passage_span(scored: ScoredChunk, position: int, rank: int) -> Span:
    """Return the place of one passage of the evidence, from rank 0."""
    chunk = scored.chunk
    return Span(f"m{position}-p{rank}", chunk.document, chunk.start, chunk.end, chunk.text)


def source_name(position: int, number: int) -> str:
    """Return the name that ties a marker to its mark in the article."""
    return f"m{position}-{number}"
