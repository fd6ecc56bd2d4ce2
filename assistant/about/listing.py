"""A document and what is to be listed of it enter; the places of every such thing leave, in order, none twice."""

from __future__ import annotations

import re

from assistant.about import names
from assistant.about.dates import Span, dates, numbers
from assistant.about.request import Listing
from index.text.words import fold
from index.types import Document

_FEWEST_WORDS, _FEWEST_CHARACTERS = 2, 4
_QUOTED = re.compile(
    "“[^“”\n]{2,900}”|「[^「」\n]{2,900}」|『[^『』\n]{2,900}』|«[^«»\n]{2,900}»|„[^„“\n]{2,900}“"
    '|(?<!\\w)"[^"\n]{2,900}"(?!\\w)|(?<!\\w)‘[^‘\n]{2,900}?’(?!\\w)'
)


def listed(what: Listing, document: Document) -> list[Span]:
    """Return the places of all that a rule tells to be of a kind; the first of those that read the same.

    Dates and numbers are looked for in headings too, names in sentences alone. Where names have capitals, no rule is
    sure of people and places: all are returned but those that are surely something else. In Japanese their endings tell.
    """
    text = document.text
    if what == "headings":
        return [(block.start, block.end) for block in document.blocks if block.kind == "heading"]
    if what == "quotes":
        return _once(text, [match.span() for match in _QUOTED.finditer(text) if _is_quote(match[0])])
    if what in {"dates", "numbers"}:
        find = dates if what == "dates" else numbers
        return _once(text, find(text, document.language))
    if what == "countries":
        return names.countries(document)
    if what == "organisations":
        return names.organisations(document)
    every = names.names(document)
    if what == "names":
        return every
    told = names.told(document, "person" if what == "people" else "place")
    if told is not None:
        return told if what == "people" else sorted({*told, *names.countries(document)})
    organised = set(names.organisations(document))
    lands = {_read(text, span) for span in names.countries(document)} if what == "people" else set()
    return [span for span in every if span not in organised and _read(text, span) not in lands]


def _once(text: str, spans: list[Span]) -> list[Span]:
    first: dict[str, Span] = {}
    for span in spans:
        first.setdefault(_read(text, span), span)
    return list(first.values())


def _read(text: str, span: Span) -> str:
    return " ".join(fold(text[span[0] : span[1]]).split())


def _is_quote(quoted: str) -> bool:
    """Tell whether somebody's words stand in the marks, not one word in doubt."""
    inside = quoted[1:-1].strip()
    spaced = quoted[0] not in "「『"
    return len(inside.split()) >= _FEWEST_WORDS if spaced else len(inside) >= _FEWEST_CHARACTERS
