"""Turn one answer into HTML: its sentences with markers, its sources, and what was left out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from assistant.answer.replies import Offer, offer
from assistant.app import icons
from assistant.app.citing import NumberedSource, nearest_span, numbers, passage_span, source_span, sources
from assistant.app.html import Html, button, element, join
from assistant.app.render_article import Span
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
) -> Html:
    """Return an answer without its question: what it says, its sources, where it ended early, what was left out.

    ``name`` is that of the answer on the page; where it says nothing it ``offers`` the nearest sentences, and the
    ``last`` one of a conversation to answer anyway.
    """
    if answer.abstained:
        said = join(_abstained(answer), _offered(answer, name, titles, last=last) if offers else _made(answer))
    else:
        said = _answered(answer, name, titles, pages)
    return join(said, _interrupted(answer.interrupted), _dropped(answer.dropped, name))


def _answered(answer: Answer, name: str, titles: Titles, pages: Pages) -> Html:
    known = sources(answer.statements)
    text = statements(answer.statements, known, name, pages, listed=answer.listed)
    if not text and not answer.aside:
        text = join(answer.text)
    several = len(titles) > 1 or len({source.citation.document for source in known}) > 1
    return join(
        element("div", text, class_="answer") if text else "",
        aside(answer.aside),
        _cited_articles(known, name) if several else "",
        _sources(known, name, pages, several=several),
    )


def aside(said: str) -> Html:
    """Return what the assistant says itself, marked as no statement of an article; empty for nothing."""
    return _remark("aside", icons.INFO, "The assistant’s own words.", said) if said else Html()


def _remark(kind: str, icon: Html, what: str, text: str) -> Html:
    return element("p", icon, element("span", element("strong", what), " ", text), class_=kind)


def _cited_articles(known: Sequence[NumberedSource], name: str) -> Html:
    """Return the line that names the articles an answer cites, each with the numbers of its sources."""
    by_article: dict[str, list[NumberedSource]] = {}
    for source in known:
        by_article.setdefault(source.citation.document, []).append(source)
    named = []
    for cited in by_article.values():
        title = cited[0].citation.title
        opens = _opens(source_span(cited[0], name), title, class_="opens", data_title=title)
        numbered = "".join(f"[{source.number}]" for source in cited)
        named.append(join(opens, " ", element("span", numbered, class_="numbers")))
    return element("p", "From: ", join(*named, by=", "), class_="from-articles") if named else Html()


def found(evidence: Sequence[ScoredChunk], milliseconds: int | None, name: str, titles: Titles) -> Html:
    """Return the compact line of what was found, which opens to the passages."""
    count = f"{len(evidence)} passage{'' if len(evidence) == 1 else 's'}" if evidence else "no passage"
    line = f"Found {count}" + ("" if milliseconds is None else f" in {duration(milliseconds)}")
    if not evidence:
        return element("p", icons.SEARCH, line, class_="found")
    summary = element("summary", icons.SEARCH, line)
    return element("details", summary, passages(evidence, name, titles), class_="found", data_keep=f"found-{name}")


def passages(evidence: Sequence[ScoredChunk], name: str, titles: Titles) -> Html:
    """Return a list of passages, each of which opens in the article."""
    items = []
    for rank, scored in enumerate(evidence):
        where = scored.chunk.heading or titles.get(scored.chunk.document, "")
        if len(titles) > 1 and titles.get(scored.chunk.document, where) != where:
            where = f"{titles[scored.chunk.document]} — {where}"
        span = passage_span(scored, name, rank)
        items.append(element("li", _opens(span, _where(where), _excerpt(span), class_="passage")))
    return element("ol", *items, class_="passages")


def _opens(span: Span, *children: object, **attributes: object) -> Html:
    """Return a button that opens a place in its article."""
    place = {"data_document": span.document, "data_start": span.start, "data_end": span.end, "data_quote": span.quote}
    return button(*children, **attributes, data_cite=span.name, **place)


def _where(line: str) -> Html:
    return element("span", line, class_="where") if line else Html()


def _excerpt(span: Span) -> Html:
    return element("span", span.quote, class_="excerpt")


def likely(citation: Citation, name: str) -> Html:
    """Return the sentence that most likely bears the answer, said to be no more than that."""
    span = nearest_span(citation, name, 0)
    label = element("span", "Likely here, not checked yet", class_="label")
    return element("p", label, " ", _opens(span, element("q", span.quote), class_="passage"), class_="likely")


def statements(
    said: Iterable[Statement],
    known: Sequence[NumberedSource],
    name: str,
    pages: Pages = no_pages,
    *,
    listed: bool = False,
) -> Html:
    """Return sentences with the markers of their sources; ``listed`` puts each on a line of its own."""
    shown = [_statement(one, index, known, name, pages) for index, one in enumerate(said)]
    if listed and shown:
        return element("ul", *(element("li", one) for one in shown), class_="items")
    return join(*shown, by=" ")


def _statement(statement: Statement, index: int, known: Sequence[NumberedSource], name: str, pages: Pages) -> Html:
    """Return a sentence with its markers; one the article does not fully prove says so in words."""
    markers = join(*(_marker(source, index, name, pages) for source in numbers(statement, known)))
    if statement.verdict == "supported":
        return element("span", statement.text, markers, class_="sentence")
    label = "Partly proven" if statement.verdict == "partly" else "Not proven"
    why = f": {statement.why}" if statement.why else ""
    doubt = element("span", element("strong", f"{label} by the article"), why)
    return element(
        "span",
        element("span", statement.text, class_="claim"),
        markers,
        element("span", icons.WARNING, doubt, class_="why"),
        class_="sentence unproven",
    )


def _marker(source: NumberedSource, index: int, name: str, pages: Pages) -> Html:
    citation = source.citation
    page = pages(citation.document, citation.start)
    on_page = "" if page is None else f", page {page}"
    return _opens(
        source_span(source, name),
        source.number,
        class_="cite",
        id=f"cite-{name}-{source.number}-s{index}",
        data_title=citation.title,
        data_support=percent(citation.support),
        data_page=page,
        aria_label=f"Source {source.number}{on_page}: {citation.quote}",
    )


def _sources(known: Sequence[NumberedSource], name: str, pages: Pages, *, several: bool) -> Html:
    """Return the numbered sources with quote, support, page and, of ``several`` articles, title."""
    items = []
    for source in known:
        citation = source.citation
        page = pages(citation.document, citation.start)
        where = [citation.title if several else "", "" if page is None else f"page {page}"]
        line = _where(" · ".join(part for part in where if part))
        opens = _opens(
            source_span(source, name),
            element("span", source.number, class_="number"),
            element("span", line, element("q", citation.quote), class_="cited-text"),
            _meter(citation.support),
            class_="source",
            data_title=citation.title,
        )
        items.append(element("li", opens))
    return element("ol", *items, class_="sources", aria_label="Sources") if items else Html()


def _meter(support: float) -> Html:
    share = percent(support)
    track = element("rect", class_="track", width=40, height=4, rx=2)
    level = element("rect", class_="level", width=f"{share * 0.4:.1f}", height=4, rx=2)
    drawn = element("svg", track, level, viewBox="0 0 40 4", aria_hidden="true")
    title = "How much of the sentence this source carries"
    return element("span", drawn, f"{share}% support", class_="support", title=title)


def percent(support: float) -> int:
    """Return a support of 0 to 1 as whole per cent; values beyond are held at the ends."""
    return round(100 * min(max(support, 0.0), 1.0))


def duration(milliseconds: int) -> str:
    """Return a time as a user says it: ``41 ms``, ``1.2 s``."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _abstained(answer: Answer) -> Html:
    verdict = element("p", answer.text, class_="verdict")
    hint = element("p", _words(answer).none_given, class_="hint")
    return element("div", icons.BOOK, element("div", verdict, hint), class_="abstained")


def _words(answer: Answer) -> Offer:
    return offer(script_language(answer.question) or "en")


def _offered(answer: Answer, name: str, titles: Titles, *, last: bool) -> Html:
    """Return the sentences nearest to a question without an answer, and what a model makes of them or may make."""
    if not answer.nearest:
        return _made(answer)
    words, items = _words(answer), []
    for rank, citation in enumerate(answer.nearest):
        span = nearest_span(citation, name, rank)
        title = element("span", citation.title, class_="where") if len(titles) > 1 else ""
        items.append(element("li", _opens(span, title, _excerpt(span), class_="near", data_title=citation.title)))
    asks = _ask_anyway(answer, words) if last else ""
    return element("div", _made(answer), element("h3", words.nearest), element("ul", *items), asks, class_="nearest")


def _made(answer: Answer) -> Html:
    """Return what a model said that was asked anyway: in a look of its own, without markers."""
    if not answer.anyway:
        return Html()
    words = _words(answer)
    said = [element("p", statement.text) for statement in answer.statements]
    made = said or [element("p", words.made_nothing, class_="hint")]
    return element("div", icons.WARNING, element("div", element("h3", words.made), *made), class_="made")


def _ask_anyway(answer: Answer, words: Offer) -> Html:
    """Return the button that has a model answer all the same; none where it did, or where no model was asked."""
    if answer.anyway or answer.model == EXTRACTIVE:
        return Html()
    asks = button(
        words.anyway,
        class_="small",
        data_action="anyway",
        data_question=answer.question,
        data_searched=answer.searched if answer.searched != answer.question else None,
    )
    return element("p", asks, " ", element("span", words.why_anyway, class_="hint"), class_="offer")


def _interrupted(reason: str | None) -> Html:
    return Html() if reason is None else _remark("interrupted", icons.WARNING, "Ends early.", reason)


def _dropped(dropped: Sequence[Statement], name: str) -> Html:
    if not dropped:
        return Html()
    one = len(dropped) == 1
    count = "1 sentence was" if one else f"{len(dropped)} sentences were"
    line = element("summary", f"{count} left out: the article does not prove {'it' if one else 'them'}")
    items = (
        element("li", join(element("q", s.text), element("span", s.why, class_="reason") if s.why else "", by=" "))
        for s in dropped
    )
    return element("details", line, element("ul", *items), class_="dropped", data_keep=f"dropped-{name}")
