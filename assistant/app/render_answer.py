"""Turn one answer into ready, escaped HTML: its sentences with markers, its sources, and what was left out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from assistant.answer.replies import Offer, offer
from assistant.app import icons
from assistant.app.citing import NumberedSource, nearest_span, numbers, passage_span, source_name, sources
from assistant.settings import EXTRACTIVE
from assistant.types import Answer, Citation, Statement
from index.text.language import script_language
from index.types import ScoredChunk

Titles = Mapping[str, str]
"""Article id to title."""
Pages = Callable[[str, int], int | None]
"""The page that a place of an article (its id, an offset) stands on; None where it has no pages."""


def no_pages(_document: str, _offset: int) -> None:
    """Return the page of a place of articles that have none."""


def body(
    answer: Answer, name: str, titles: Titles, *, offers: bool = True, last: bool = False, pages: Pages = no_pages
) -> str:
    """Return an answer without its question: what it says, its sources, where it ended early, what was left out.

    ``name`` is that of the answer on the page; where it says nothing it ``offers`` the nearest sentences, and the
    ``last`` one of a conversation to answer anyway.
    """
    if answer.abstained:
        said = _abstained(answer) + (_offered(answer, name, titles, last=last) if offers else _made(answer))
    else:
        said = _answered(answer, name, titles, pages)
    return f"{said}{_interrupted(answer.interrupted)}{_dropped(answer.dropped, name)}"


def _answered(answer: Answer, name: str, titles: Titles, pages: Pages) -> str:
    known = sources(answer.statements)
    text = statements(answer.statements, known, name, pages, listed=answer.listed)
    if not text and not answer.aside:
        text = escape(answer.text)
    several = len(titles) > 1 or len({source.citation.document for source in known}) > 1
    cited = _cited_articles(known, name) if several else ""
    said = f'<div class="answer">{text}</div>' if text else ""
    return f"{said}{aside(answer.aside)}{cited}{_sources(known, name, pages, several=several)}"


def aside(said: str) -> str:
    """Return what the assistant says itself, marked as no statement of an article; empty for nothing."""
    return (
        f'<p class="aside">{icons.INFO}<span><strong>The assistant’s own words.</strong> {escape(said)}</span></p>'
        if said
        else ""
    )


def _cited_articles(known: Sequence[NumberedSource], name: str) -> str:
    """Return the line that names the articles an answer cites, each with the numbers of its sources."""
    by_article: dict[str, list[NumberedSource]] = {}
    for source in known:
        by_article.setdefault(source.citation.document, []).append(source)
    named = []
    for cited in by_article.values():
        first = cited[0].citation
        place = _place(source_name(name, cited[0].number), first.document, first.start, first.end)
        numbered = "".join(f"[{source.number}]" for source in cited)
        named.append(
            f'<button type="button" class="opens" {place} data-quote="{escape(first.quote)}" '
            f'data-title="{escape(first.title)}">{escape(first.title)}</button> '
            f'<span class="numbers">{numbered}</span>'
        )
    return f'<p class="from-articles">From: {", ".join(named)}</p>' if named else ""


def found(evidence: Sequence[ScoredChunk], milliseconds: int | None, name: str, titles: Titles) -> str:
    """Return the compact line of what was found, which opens to the passages."""
    count = f"{len(evidence)} passage{'' if len(evidence) == 1 else 's'}" if evidence else "no passage"
    line = f"Found {count}" + ("" if milliseconds is None else f" in {duration(milliseconds)}")
    if not evidence:
        return f'<p class="found">{icons.SEARCH}{line}</p>'
    return (
        f'<details class="found" data-keep="found-{name}"><summary>{icons.SEARCH}{line}</summary>'
        f"{passages(evidence, name, titles)}</details>"
    )


def passages(evidence: Sequence[ScoredChunk], name: str, titles: Titles) -> str:
    """Return a list of passages, each of which opens in the article."""
    items = []
    for rank, scored in enumerate(evidence):
        where = scored.chunk.heading or titles.get(scored.chunk.document, "")
        if len(titles) > 1 and titles.get(scored.chunk.document, where) != where:
            where = f"{titles[scored.chunk.document]} — {where}"
        span = passage_span(scored, name, rank)
        label = f'<span class="where">{escape(where)}</span>' if where else ""
        items.append(
            f'<li><button type="button" class="passage" {_place(span.name, span.document, span.start, span.end)} '
            f'data-quote="{escape(span.quote)}">{label}<span class="excerpt">{escape(span.quote)}</span></button></li>'
        )
    return f'<ol class="passages">{"".join(items)}</ol>'


def _place(name: str, document: str, start: int, end: int) -> str:
    return f'data-cite="{escape(name)}" data-document="{escape(document)}" data-start="{start}" data-end="{end}"'


def likely(citation: Citation, name: str) -> str:
    """Return the sentence that most likely bears the answer, said to be no more than that."""
    span = nearest_span(citation, name, 0)
    place = _place(span.name, span.document, span.start, span.end)
    return (
        '<p class="likely"><span class="label">Likely here, not checked yet</span> '
        f'<button type="button" class="passage" {place} data-quote="{escape(span.quote)}">'
        f"<q>{escape(span.quote)}</q></button></p>"
    )


def statements(
    said: Iterable[Statement],
    known: Sequence[NumberedSource],
    name: str,
    pages: Pages = no_pages,
    *,
    listed: bool = False,
) -> str:
    """Return sentences with the markers of their sources; ``listed`` puts each on a line of its own."""
    shown = [_statement(one, index, known, name, pages) for index, one in enumerate(said)]
    if listed and shown:
        return f'<ul class="items">{"".join(f"<li>{one}</li>" for one in shown)}</ul>'
    return " ".join(shown)


def _statement(statement: Statement, index: int, known: Sequence[NumberedSource], name: str, pages: Pages) -> str:
    """Return a sentence with its markers; one the article does not fully prove says so in words."""
    text = escape(statement.text)
    markers = "".join(_marker(source, index, name, pages) for source in numbers(statement, known))
    if statement.verdict == "supported":
        return f'<span class="sentence">{text}{markers}</span>'
    label = "Partly proven" if statement.verdict == "partly" else "Not proven"
    why = f": {escape(statement.why)}" if statement.why else ""
    return (
        f'<span class="sentence unproven"><span class="claim">{text}</span>{markers}'
        f'<span class="why">{icons.WARNING}<span><strong>{label} by the article</strong>{why}</span></span></span>'
    )


def _marker(source: NumberedSource, index: int, name: str, pages: Pages) -> str:
    citation = source.citation
    page = pages(citation.document, citation.start)
    on_page, label = ("", "") if page is None else (f'data-page="{page}" ', f", page {page}")
    place = _place(source_name(name, source.number), citation.document, citation.start, citation.end)
    return (
        f'<button type="button" class="cite" id="cite-{name}-{source.number}-s{index}" {place} '
        f'data-quote="{escape(citation.quote)}" data-title="{escape(citation.title)}" '
        f'data-support="{percent(citation.support)}" {on_page}'
        f'aria-label="Source {source.number}{label}: {escape(citation.quote)}">{source.number}</button>'
    )


def _sources(known: Sequence[NumberedSource], name: str, pages: Pages, *, several: bool) -> str:
    """Return the numbered sources with quote, support, page and, of ``several`` articles, title."""
    if not known:
        return ""
    items = []
    for source in known:
        citation = source.citation
        place = _place(source_name(name, source.number), citation.document, citation.start, citation.end)
        page = pages(citation.document, citation.start)
        where = [citation.title if several else "", "" if page is None else f"page {page}"]
        line = " · ".join(part for part in where if part)
        title = f'<span class="where">{escape(line)}</span>' if line else ""
        items.append(
            f'<li><button type="button" class="source" {place} data-quote="{escape(citation.quote)}" '
            f'data-title="{escape(citation.title)}">'
            f'<span class="number">{source.number}</span>'
            f'<span class="cited-text">{title}<q>{escape(citation.quote)}</q></span>'
            f"{_meter(citation.support)}</button></li>"
        )
    return f'<ol class="sources" aria-label="Sources">{"".join(items)}</ol>'


def _meter(support: float) -> str:
    share = percent(support)
    return (
        f'<span class="support" title="How much of the sentence this source carries">'
        f'<svg viewBox="0 0 40 4" aria-hidden="true"><rect class="track" width="40" height="4" rx="2"/>'
        f'<rect class="level" width="{share * 0.4:.1f}" height="4" rx="2"/></svg>{share}% support</span>'
    )


def percent(support: float) -> int:
    """Return a support of 0 to 1 as whole per cent; values beyond are held at the ends."""
    return round(100 * min(max(support, 0.0), 1.0))


def duration(milliseconds: int) -> str:
    """Return a time as a user says it: ``41 ms``, ``1.2 s``."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _abstained(answer: Answer) -> str:
    return (
        f'<div class="abstained">{icons.BOOK}<div><p class="verdict">{escape(answer.text)}</p>'
        f'<p class="hint">{escape(_words(answer).none_given)}</p></div></div>'
    )


def _words(answer: Answer) -> Offer:
    return offer(script_language(answer.question) or "en")


def _offered(answer: Answer, name: str, titles: Titles, *, last: bool) -> str:
    """Return the sentences nearest to a question without an answer, and what a model makes of them or may make."""
    if not answer.nearest:
        return _made(answer)
    words, items = _words(answer), []
    for rank, citation in enumerate(answer.nearest):
        span = nearest_span(citation, name, rank)
        title = f'<span class="where">{escape(citation.title)}</span>' if len(titles) > 1 else ""
        items.append(
            f'<li><button type="button" class="near" {_place(span.name, span.document, span.start, span.end)} '
            f'data-quote="{escape(span.quote)}" data-title="{escape(citation.title)}">'
            f'{title}<span class="excerpt">{escape(span.quote)}</span></button></li>'
        )
    near = f"<h3>{escape(words.nearest)}</h3><ul>{''.join(items)}</ul>"
    return f'<div class="nearest">{_made(answer)}{near}{_ask_anyway(answer, words) if last else ""}</div>'


def _made(answer: Answer) -> str:
    """Return what a model said that was asked anyway: in a look of its own, without markers."""
    if not answer.anyway:
        return ""
    words = _words(answer)
    said = "".join(f"<p>{escape(statement.text)}</p>" for statement in answer.statements)
    made = said or f'<p class="hint">{escape(words.made_nothing)}</p>'
    return f'<div class="made">{icons.WARNING}<div><h3>{escape(words.made)}</h3>{made}</div></div>'


def _ask_anyway(answer: Answer, words: Offer) -> str:
    """Return the button that has a model answer all the same; none where it did, or where no model was asked."""
    if answer.anyway or answer.model == EXTRACTIVE:
        return ""
    searched = f' data-searched="{escape(answer.searched)}"' if answer.searched != answer.question else ""
    return (
        f'<p class="offer"><button type="button" class="small" data-action="anyway" '
        f'data-question="{escape(answer.question)}"{searched}>{escape(words.anyway)}</button> '
        f'<span class="hint">{escape(words.why_anyway)}</span></p>'
    )


def _interrupted(reason: str | None) -> str:
    if reason is None:
        return ""
    return f'<p class="interrupted">{icons.WARNING}<span><strong>Ends early.</strong> {escape(reason)}</span></p>'


def _dropped(dropped: Sequence[Statement], name: str) -> str:
    if not dropped:
        return ""
    one = len(dropped) == 1
    count = "1 sentence was" if one else f"{len(dropped)} sentences were"
    line = f"{count} left out: the article does not prove {'it' if one else 'them'}"
    items = "".join(
        f"<li><q>{escape(s.text)}</q>" + (f' <span class="reason">{escape(s.why)}</span>' if s.why else "") + "</li>"
        for s in dropped
    )
    return f'<details class="dropped" data-keep="dropped-{name}"><summary>{line}</summary><ul>{items}</ul></details>'
