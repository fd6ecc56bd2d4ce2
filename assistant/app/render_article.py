"""Turn an article and places cited from it into escaped HTML that reads as the article, character for character."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from assistant.answer.replies import offer
from assistant.app.pages import address
from index.types import Block, Document


@dataclass(frozen=True, slots=True)
class Span:
    """A place to mark in an article, named so that a marker in the conversation can find it."""

    name: str
    """``m2-1``: the third answer's first source; ``m2-p0``: its best passage."""
    document: str
    start: int
    end: int
    quote: str
    number: int = 0
    """The marker's number, shown after the sentence; 0 shows none."""


def verified(document: Document, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans whose place holds exactly their quote: nothing is ever highlighted on a guess."""
    return tuple(
        span
        for span in spans
        if span.document == document.id
        and 0 <= span.start < span.end <= len(document.text)
        and document.text[span.start : span.end] == span.quote
    )


def article(
    document: Document, spans: Sequence[Span] = (), *, answer: str = "", active: str = "", original: str = ""
) -> str:
    """Return the article as a user would want it, verified spans marked.

    ``answer`` names the answer whose sources are marked (``m2``), ``active`` the span to bring into view. Spans may
    overlap and may cross blocks: each marked piece lists every span it belongs to. ``original`` is the key of its
    original (see ``Originals``), whose pages can be opened where they begin; "" where none is kept.
    """
    marked = verified(document, spans)
    sought = next((span for span in spans if span.name == active), None)
    changed = "" if sought is None or sought in marked else _cited_before(sought, document.title, _CHANGED)
    title_inside = bool(document.blocks) and _is_title(document, document.blocks[0])
    data = f'data-document="{escape(document.id)}" data-answer="{escape(answer)}" data-active="{escape(active)}"'
    parts = [
        f'<article class="article" lang="{escape(document.language)}" {data}>{changed}',
        "" if title_inside else f'<h1 class="article-title">{escape(document.title)}</h1>',
        _byline(document),
        '<div class="article-text">',
    ]
    position = 0
    pages = _page_starts(document, original)
    for index, block in enumerate(document.blocks):
        parts.append(escape(document.text[position : block.start]))
        parts += [border for start, border in pages.items() if position <= start <= block.start]
        tag, attributes = _tag(document, block, first=index == 0)
        within = {start: border for start, border in pages.items() if block.start < start < block.end}
        parts.append(f"<{tag}{attributes}>{_marked_text(document, block, marked, within)}</{tag}>")
        position = block.end
    parts.append(escape(document.text[position:]))
    parts += [border for start, border in pages.items() if start >= len(document.text)]
    parts.append("</div></article>")
    return "".join(parts)


def gone(span: Span, title: str, *, answer: str = "") -> str:
    """Return what stands in the place of an article that is no longer in the library: the sentence cited from it."""
    data = f'data-document="{escape(span.document)}" data-answer="{escape(answer)}" data-active="{escape(span.name)}"'
    return f'<article class="article gone" {data}>{_cited_before(span, title or span.document, _GONE)}</article>'


_CHANGED = "The article has changed since."
_GONE = "The article is no longer in the library."


def _cited_before(span: Span, title: str, why: str) -> str:
    return (
        f'<aside class="cited-before" tabindex="-1"><p><strong>{why}</strong> This is the sentence that was cited:</p>'
        f'<blockquote>{escape(span.quote)}</blockquote><p class="facts">{escape(title)}</p></aside>'
    )


def _is_title(document: Document, block: Block) -> bool:
    return block.kind == "heading" and document.text[block.start : block.end] == document.title


def _tag(document: Document, block: Block, *, first: bool) -> tuple[str, str]:
    if block.kind == "paragraph":
        return "p", ""
    if first and _is_title(document, block):
        return "h1", ' class="article-title"'
    return f"h{min(max(block.level, 2), 6)}", ""


def _byline(document: Document) -> str:
    author = escape(document.author) if document.author else ""
    date = (
        f'<time datetime="{escape(document.published)}">{escape(document.published)}</time>'
        if document.published
        else ""
    )
    line = " · ".join(part for part in (author, date) if part)
    return f'<p class="byline">{line}</p>' if line else ""


def _page_starts(document: Document, original: str) -> dict[int, str]:
    """Return the border at each place where pages begin. It holds no text: the one on the screen stays the one cited.

    Of pages without text the next one that has some is named; where there is an original they can all be opened.
    """
    numbers: dict[int, list[int]] = {}
    for number, start in enumerate(document.pages, 1):
        numbers.setdefault(start, []).append(number)
    if original:
        return {start: _openable(document.id, begin, original) for start, begin in numbers.items()}
    return {start: _border(begin[-1]) for start, begin in numbers.items() if start < len(document.text)}


def _border(number: int) -> str:
    return f'<span class="page-start" role="separator" aria-label="Page {number}" data-page="{number}"></span>'


def _openable(article: str, numbers: Sequence[int], original: str) -> str:
    buttons = "".join(
        f'<button type="button" id="page-{number}" data-action="page" data-page="{number}" aria-expanded="false" '
        f'aria-label="Page {number} of the original" data-address="{escape(address(article, number, original))}">'
        "</button>"
        for number in numbers
    )
    return f'<span class="page-start">{buttons}</span>'


def _marked_text(document: Document, block: Block, spans: Sequence[Span], pages: Mapping[int, str]) -> str:
    """Return a block's escaped text, cut at every span's edges and page; each covered piece becomes one mark."""
    text, near = document.text, offer(document.language).near
    here = [span for span in spans if span.start < block.end and span.end > block.start]
    edges = {block.start, block.end, *pages}
    for span in here:
        edges |= {max(span.start, block.start), min(span.end, block.end)}
    cuts = sorted(edges)
    pieces = []
    for start, end in pairwise(cuts):
        if start in pages:
            pieces.append(pages[start])
        covering = [span for span in here if span.start <= start and span.end >= end]
        pieces.append(_mark(text[start:end], covering, end, near) if covering else escape(text[start:end]))
    return "".join(pieces)


def _mark(piece: str, covering: Sequence[Span], end: int, near: str) -> str:
    """Return a piece that is marked; what is no source, but only ``near``, says so where it ends."""
    names = " ".join(escape(span.name) for span in covering)
    ending = sorted({span.number for span in covering if span.end == end and span.number})
    numbers = f' data-numbers="{" ".join(map(str, ending))}"' if ending else ""
    kind = "cited" if any(span.number for span in covering) else "nearby"
    if kind == "nearby" and any(span.end == end for span in covering):
        numbers = f' data-says="{escape(near)}"'
    return f'<mark class="{kind}" tabindex="-1" data-names="{names}"{numbers}>{escape(piece)}</mark>'
