"""Turn questions, evidence and answers into ready, escaped HTML."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

from assistant import icons
from assistant.citing import Source, numbers, passage_span, source_name, sources
from assistant.live import Live
from assistant.render_markdown import markdown
from assistant.types import Answer, Statement
from assistant.workbench import Exchange
from index.types import Document, ScoredChunk

Titles = Mapping[str, str]
"""Article id to title."""

NEAREST = 3
"""Passages offered when the article does not answer."""


def conversation(exchanges: Sequence[Exchange], titles: Titles, *, feedback: str | None = None) -> str:
    """Return every saved exchange, oldest first; only the last can be asked again or its search edited.

    ``feedback`` labels the button by every answer that was called poor; None shows none.
    """
    last = len(exchanges) - 1
    return "".join(
        exchange(one, position, titles, last=position == last, feedback=feedback)
        for position, one in enumerate(exchanges)
    )


def exchange(one: Exchange, position: int, titles: Titles, *, last: bool, feedback: str | None = None) -> str:
    """Return one question with its whole answer, sources, figures and buttons."""
    answer = one.answer
    found = _evidence(answer.evidence, answer.timings_ms.get("evidence"), position, titles)
    rewritten = answer.searched if answer.searched != answer.question else None
    body = _abstained(answer, position, titles) if answer.abstained else _answered(answer, position, titles)
    return (
        f'<section class="exchange" id="m{position}" aria-label="Question {position + 1}">'
        f"{_question(answer.question)}"
        f"{_searched(rewritten, answer.question, editable=last)}"
        f"{found}{body}{_interrupted(answer.interrupted)}{_dropped(answer.dropped, position)}"
        f"{_footer(one, position, last=last)}{_feedback(one, position, feedback)}</section>"
    )


def _answered(answer: Answer, position: int, titles: Titles) -> str:
    known = sources(answer.statements)
    text = _statements(answer.statements, known, position) or escape(answer.text)
    return f'<div class="answer">{text}</div>{_sources(known, position, titles)}'


def _question(question: str) -> str:
    return f'<h2 class="question">{escape(question)}</h2>'


def _searched(query: str | None, question: str, *, editable: bool) -> str:
    """Return the line that says what a follow-up was searched as, with a form to correct it."""
    if query is None:
        return ""
    line = f'<span class="label">Searched for</span> <q>{escape(query)}</q>'
    if not editable:
        return f'<p class="searched">{line}</p>'
    return (
        f'<details class="searched" data-keep="searched"><summary>{line} <span class="edit">Edit</span></summary>'
        f'<form data-action="search" data-question="{escape(question)}">'
        f'<input name="searched" value="{escape(query)}" maxlength="4000" aria-label="Search for" autocomplete="off">'
        '<button type="submit" class="small">Search again</button></form></details>'
    )


def _evidence(evidence: Sequence[ScoredChunk], milliseconds: int | None, position: int, titles: Titles) -> str:
    """Return the compact line of what was found, which opens to the passages."""
    passages = f"{len(evidence)} passage{'' if len(evidence) == 1 else 's'}" if evidence else "no passage"
    line = f"Found {passages}" + ("" if milliseconds is None else f" in {duration(milliseconds)}")
    if not evidence:
        return f'<p class="found">{icons.SEARCH}{line}</p>'
    return (
        f'<details class="found" data-keep="found-{position}"><summary>{icons.SEARCH}{line}</summary>'
        f"{_passages(evidence, position, titles)}</details>"
    )


def _passages(evidence: Sequence[ScoredChunk], position: int, titles: Titles) -> str:
    items = []
    for rank, scored in enumerate(evidence):
        where = scored.chunk.heading or titles.get(scored.chunk.document, "")
        if len(titles) > 1 and titles.get(scored.chunk.document, where) != where:
            where = f"{titles[scored.chunk.document]} — {where}"
        span = passage_span(scored, position, rank)
        label = f'<span class="where">{escape(where)}</span>' if where else ""
        items.append(
            f'<li><button type="button" class="passage" {_place(span.name, span.document, span.start, span.end)} '
            f'data-quote="{escape(span.quote)}">{label}<span class="excerpt">{escape(span.quote)}</span></button></li>'
        )
    return f'<ol class="passages">{"".join(items)}</ol>'


def _place(name: str, document: str, start: int, end: int) -> str:
    return f'data-cite="{escape(name)}" data-document="{escape(document)}" data-start="{start}" data-end="{end}"'


def _statements(statements: Iterable[Statement], known: Sequence[Source], position: int) -> str:
    return " ".join(_statement(one, index, known, position) for index, one in enumerate(statements))


def _statement(statement: Statement, index: int, known: Sequence[Source], position: int) -> str:
    """Return a sentence with its markers; one the article does not fully prove says so in words."""
    text = escape(statement.text)
    markers = "".join(_marker(source, index, position) for source in numbers(statement, known))
    if statement.verdict == "supported":
        return f'<span class="sentence">{text}{markers}</span>'
    label = "Partly proven" if statement.verdict == "partly" else "Not proven"
    why = f": {escape(statement.why)}" if statement.why else ""
    return (
        f'<span class="sentence unproven"><span class="claim">{text}</span>{markers}'
        f'<span class="why">{icons.WARNING}<span><strong>{label} by the article</strong>{why}</span></span></span>'
    )


def _marker(source: Source, index: int, position: int) -> str:
    citation = source.citation
    place = _place(source_name(position, source.number), citation.document, citation.start, citation.end)
    return (
        f'<button type="button" class="cite" id="cite-m{position}-{source.number}-s{index}" {place} '
        f'data-quote="{escape(citation.quote)}" data-title="{escape(citation.title)}" '
        f'data-support="{percent(citation.support)}" '
        f'aria-label="Source {source.number}: {escape(citation.quote)}">{source.number}</button>'
    )


def _sources(known: Sequence[Source], position: int, titles: Titles) -> str:
    """Return the numbered sources with quote and support."""
    if not known:
        return ""
    several = len(titles) > 1 or len({source.citation.document for source in known}) > 1
    items = []
    for source in known:
        citation = source.citation
        place = _place(source_name(position, source.number), citation.document, citation.start, citation.end)
        title = f'<span class="where">{escape(citation.title)}</span>' if several else ""
        items.append(
            f'<li><button type="button" class="source" {place} data-quote="{escape(citation.quote)}">'
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
    """Return a time as a reader says it: ``41 ms``, ``1.2 s``."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _abstained(answer: Answer, position: int, titles: Titles) -> str:
    nearest = answer.evidence[:NEAREST]
    passages = f"<h3>Nearest passages</h3>{_passages(nearest, position, titles)}" if nearest else ""
    return (
        f'<div class="abstained">{icons.BOOK}<div><p class="verdict">{escape(answer.text)}</p>'
        '<p class="hint">Nothing here proves an answer, so none is given.</p></div></div>'
        f'<div class="nearest">{passages}</div>'
    )


def _interrupted(reason: str | None) -> str:
    if reason is None:
        return ""
    return f'<p class="interrupted">{icons.WARNING}<span><strong>Ends early.</strong> {escape(reason)}</span></p>'


def _dropped(dropped: Sequence[Statement], position: int) -> str:
    if not dropped:
        return ""
    one = len(dropped) == 1
    count = "1 sentence was" if one else f"{len(dropped)} sentences were"
    line = f"{count} left out: the article does not prove {'it' if one else 'them'}"
    items = "".join(
        f"<li><q>{escape(s.text)}</q>" + (f' <span class="reason">{escape(s.why)}</span>' if s.why else "") + "</li>"
        for s in dropped
    )
    return (
        f'<details class="dropped" data-keep="dropped-{position}"><summary>{line}</summary><ul>{items}</ul></details>'
    )


def _footer(one: Exchange, position: int, *, last: bool) -> str:
    """Return who answered and how fast, and what can be done with the answer."""
    timings = one.answer.timings_ms
    names = [("evidence", "evidence"), ("first_sentence", "first sentence"), ("total", "total")]
    figures = [f"{label} {duration(timings[name])}" for name, label in names if name in timings]
    facts = " · ".join([f'<span class="model">{escape(one.answer.model)}</span>', *map(escape, figures)])
    buttons = [_button("copy", "Copy with citations", icons.COPY, f' data-markdown="{escape(markdown(one.answer))}"')]
    buttons += [_opinion(one, position, "up"), _opinion(one, position, "down")]
    if last:
        data = f' data-question="{escape(one.answer.question)}"'
        buttons.append(_button("again", "Regenerate", icons.AGAIN, data))
    return (
        f'<footer><p class="facts">{facts}</p>'
        f'<div class="actions" role="group" aria-label="Answer {position + 1}">{"".join(buttons)}</div></footer>'
    )


def _feedback(one: Exchange, position: int, label: str | None) -> str:
    if label is None or one.opinion != "down":
        return ""
    return (
        f'<p class="feedback"><button type="button" class="small" id="feedback-{position}" data-action="feedback" '
        f'data-position="{position}">{escape(label)}</button></p>'
    )


def _button(action: str, label: str, icon: str, data: str) -> str:
    return (
        f'<button type="button" class="icon" data-action="{action}" aria-label="{label}" title="{label}"{data}>'
        f"{icon}</button>"
    )


def _opinion(one: Exchange, position: int, opinion: str) -> str:
    pressed = one.opinion == opinion
    label = "Good answer" if opinion == "up" else "Poor answer"
    icon = icons.UP if opinion == "up" else icons.DOWN
    data = f' data-position="{position}" data-opinion="{opinion}" aria-pressed="{str(pressed).lower()}"'
    return _button("rate", label, icon, data)


def live_head(live: Live, titles: Titles) -> str:
    """Return the running question and what was found for it."""
    found = "" if live.evidence is None else _evidence(live.evidence, live.milliseconds, live.position, titles)
    return (
        f'<section class="exchange live" data-running="{live.position}">{_question(live.question)}'
        f"{_searched(live.searched, live.question, editable=False)}{found}</section>"
    )


def live_body(live: Live) -> str:
    """Return the sentences that have come so far, in a region a screen reader follows."""
    text = _statements(live.statements, sources(live.statements), live.position)
    return f'<div class="exchange live" role="log" aria-live="polite"><div class="answer">{text}</div></div>'


_PHASES = {"loading": "Loading the model…", "searching": "Searching…", "reading": "Reading…", "writing": "Writing…"}


def live_status(live: Live) -> str:
    """Return the heartbeat: what happens now, and for how many whole seconds once there is one."""
    waiting = live.waiting
    phase = _PHASES[waiting.phase] if waiting else _PHASES["searching"]
    seconds = f" {int(waiting.seconds)} s" if waiting and waiting.seconds >= 1 else ""
    return f'<p class="heartbeat"><span class="pulse" aria-hidden="true"></span>{phase}{seconds}</p>'


def receipt(draft: str, fate: Literal["taken", "refused", "broken"]) -> str:
    """Return the hidden word to the page on what became of a question it sent; no two are equal, so none is missed."""
    return f'<i data-draft="{escape(draft)}" data-fate="{fate}" data-receipt="{secrets.token_hex(8)}"></i>'


def notices(lines: Iterable[str]) -> str:
    """Return thin lines the reader should see; empty for none."""
    return "".join(f'<p class="notice" role="status">{icons.INFO}<span>{escape(line)}</span></p>' for line in lines)


def error(message: str, question: str) -> str:
    """Return a failure as one clear line, with a way to try again."""
    return (
        f'<section class="exchange failed">{_question(question)}'
        f'<div class="error" role="alert">{icons.WARNING}<p>{escape(message)}</p>'
        f'<button type="button" class="small" data-action="ask" data-question="{escape(question)}">Retry</button>'
        "</div></section>"
    )


def welcome(documents: Sequence[Document]) -> str:
    """Return the empty state: what this is, and questions to begin with."""
    if not documents:
        return (
            f'<div class="welcome">{icons.BOOK}<h2>No article yet</h2>'
            "<p>Add one in the terminal with <code>assistant add FILE</code>, then reload this page.</p></div>"
        )
    subject = f"“{escape(documents[0].title)}”" if len(documents) == 1 else f"{len(documents)} articles"
    chips = "".join(
        f'<li><button type="button" class="suggestion" data-action="ask" data-question="{escape(question)}">'
        f"{escape(question)}</button></li>"
        for question in suggestions(documents)
    )
    return (
        f'<div class="welcome"><h2>Ask {subject}</h2>'
        "<p>Every sentence of an answer opens the sentence that proves it. "
        "What the article does not say, is not said.</p>"
        f'<ul class="suggestions" aria-label="Suggested questions">{chips}</ul></div>'
    )


def suggestions(documents: Sequence[Document], *, most: int = 5) -> tuple[str, ...]:
    """Return the questions the articles suggest, taken in turn; from headings where an article suggests none."""
    own = [list(document.questions) or _from_headings(document) for document in documents]
    turns = [questions[turn] for turn in range(most) for questions in own if turn < len(questions)]
    return tuple(dict.fromkeys(turns))[:most]


def _from_headings(document: Document) -> list[str]:
    headings = [document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"]
    return [f"What does the article say about “{heading}”?" for heading in headings if heading != document.title]
