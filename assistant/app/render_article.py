"""Turn an article and places cited from it into HTML that reads as the article, character for character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.answer.replies import offer
from assistant.app.html import Html, button, element, join
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
) -> Html:
    """Return the article as a user would want it, verified spans marked.

    ``answer`` names the answer whose sources are marked (``m2``), ``active`` the span to bring into view. Spans may
    overlap and may cross blocks: each marked piece lists every span it belongs to. ``original`` is the key of its
    original (see ``Originals``), whose pages can be opened where they begin; "" where none is kept.
    """
    marked = verified(document, spans)
    sought = next((span for span in spans if span.name == active), None)
    changed = "" if sought is None or sought in marked else _cited_before(sought, document.title, _CHANGED)
    title_inside = bool(document.blocks) and _is_title(document, document.blocks[0])
    return element(
        "article",
        changed,
        "" if title_inside else element("h1", document.title, class_="article-title"),
        _byline(document),
        element("div", *_text(document, marked, _page_starts(document, original)), class_="article-text"),
        class_="article",
        lang=document.language,
        data_document=document.id,
        data_answer=answer,
        data_active=active,
    )


def gone(span: Span, title: str, *, answer: str = "") -> Html:
    """Return what stands in the place of an article that is no longer in the library: the sentence cited from it."""
    return element(
        "article",
        _cited_before(span, title or span.document, _GONE),
        class_="article gone",
        data_document=span.document,
        data_answer=answer,
        data_active=span.name,
    )


_CHANGED = "The article has changed since."
_GONE = "The article is no longer in the library."


def _cited_before(span: Span, title: str, why: str) -> Html:
    said = element("p", element("strong", why), " This is the sentence that was cited:")
    quoted = element("blockquote", span.quote)
    return element("aside", said, quoted, element("p", title, class_="facts"), class_="cited-before", tabindex=-1)


def _text(document: Document, marked: Sequence[Span], pages: Mapping[int, Html]) -> Iterator[str]:
    """Yield the text block by block, with the border of each of the ``pages`` at the place where it begins."""
    position = 0
    for index, block in enumerate(document.blocks):
        yield document.text[position : block.start]
        yield from (border for start, border in pages.items() if position <= start <= block.start)
        within = {start: border for start, border in pages.items() if block.start < start < block.end}
        is_title = index == 0 and _is_title(document, block)
        tag = "p" if block.kind == "paragraph" else "h1" if is_title else f"h{min(max(block.level, 2), 6)}"
        pieces = _marked_text(document, block, marked, within)
        yield element(tag, *pieces, class_="article-title" if is_title else None)
        position = block.end
    yield document.text[position:]
    yield from (border for start, border in pages.items() if start >= len(document.text))


def _is_title(document: Document, block: Block) -> bool:
    return block.kind == "heading" and document.text[block.start : block.end] == document.title


def _byline(document: Document) -> Html:
    date = element("time", document.published, datetime=document.published) if document.published else ""
    line = join(document.author or "", date, by=" · ")
    return element("p", line, class_="byline") if line else Html()


def _page_starts(document: Document, original: str) -> dict[int, Html]:
    """Return the border at each place where pages begin. It holds no text: the one on the screen stays the one cited.

    Of pages without text the next one that has some is named; where there is an original they can all be opened.
    """
    numbers: dict[int, list[int]] = {}
    for number, start in enumerate(document.pages, 1):
        numbers.setdefault(start, []).append(number)
    if original:
        return {start: _openable(document.id, begin, original) for start, begin in numbers.items()}
    return {start: _border(begin[-1]) for start, begin in numbers.items() if start < len(document.text)}


def _border(number: int) -> Html:
    return element("span", class_="page-start", role="separator", aria_label=f"Page {number}", data_page=number)


def _openable(article: str, numbers: Sequence[int], original: str) -> Html:
    buttons = (
        button(
            id=f"page-{number}",
            data_action="page",
            data_page=number,
            aria_expanded="false",
            aria_label=f"Page {number} of the original",
            data_address=address(article, number, original),
        )
        for number in numbers
    )
    return element("span", *buttons, class_="page-start")


def _marked_text(document: Document, block: Block, spans: Sequence[Span], pages: Mapping[int, Html]) -> Iterator[str]:
    """Yield a block's text, cut at every span's edges and page; each covered piece becomes one mark."""
    text, near = document.text, offer(document.language).near
    here = [span for span in spans if span.start < block.end and span.end > block.start]
    edges = {block.start, block.end, *pages}
    for span in here:
        edges |= {max(span.start, block.start), min(span.end, block.end)}
    for start, end in pairwise(sorted(edges)):
        yield pages.get(start, "")
        covering = [span for span in here if span.start <= start and span.end >= end]
        yield _mark(text[start:end], covering, end, near) if covering else text[start:end]


def _mark(piece: str, covering: Sequence[Span], end: int, near: str) -> Html:
    """Return a piece that is marked; what is no source, but only ``near``, says so where it ends."""
    ending = [span.number for span in covering if span.end == end]
    cited = any(span.number for span in covering)
    return element(
        "mark",
        piece,
        class_="cited" if cited else "nearby",
        tabindex=-1,
        data_names=" ".join(span.name for span in covering),
        data_numbers=" ".join(map(str, sorted({number for number in ending if number}))) or None,
        data_says=near if ending and not cited else None,
    )
