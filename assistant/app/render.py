"""Turn questions, evidence and answers into ready, escaped HTML."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Literal

from assistant.answer.compare import Side
from assistant.app import icons, render_answer
from assistant.app.citing import answer_name, sources
from assistant.app.live import Live
from assistant.app.render_answer import Pages, Titles, duration, no_pages
from assistant.app.render_markdown import markdown
from assistant.conversations import Exchange
from assistant.models.roster import ModelChoice
from assistant.types import Answer


def conversation(
    exchanges: Sequence[Exchange],
    titles: Titles,
    *,
    feedback: str | None = None,
    models: Sequence[ModelChoice] = (),
    pages: Pages = no_pages,
) -> str:
    """Return every saved exchange, oldest first; only the last can be asked again or its search edited.

    ``feedback`` labels the button by every answer that was called poor; None shows none. ``models`` are those that can
    answer the last question anew.
    """
    last = len(exchanges) - 1
    return "".join(
        exchange(one, position, titles, last=position == last, feedback=feedback, models=models, pages=pages)
        for position, one in enumerate(exchanges)
    )


def exchange(
    one: Exchange,
    position: int,
    titles: Titles,
    *,
    last: bool,
    feedback: str | None = None,
    models: Sequence[ModelChoice] = (),
    pages: Pages = no_pages,
) -> str:
    """Return one question with its answer, or its two answers side by side, sources, figures and buttons."""
    answer, name = one.answer, answer_name(position)
    # What the articles say of themselves is not searched for.
    searched = answer.evidence or "evidence" in answer.timings_ms
    found = render_answer.found(answer.evidence, answer.timings_ms.get("evidence"), name, titles) if searched else ""
    rewritten = answer.searched if answer.searched != answer.question else None
    again = _again(answer.question, models) if last else ""
    if one.beside is None:
        body = render_answer.body(answer, name, titles, last=last, pages=pages)
        footer = f"{_footer(one, position, again)}{_feedback(one, position, feedback)}"
    else:
        body = _side_by_side([_side(one, said, position, side, titles, pages) for side, said in _sides(one)])
        footer = f'<footer><p class="facts"></p>{_actions(position, again)}</footer>' if again else ""
    return (
        f'<section class="exchange" id="m{position}" aria-label="Question {position + 1}">'
        f"{_question(answer.question)}"
        f"{_searched(rewritten, answer.question, editable=last)}"
        f"{found}{body}{footer}</section>"
    )


def _sides(one: Exchange) -> Iterator[tuple[Side, Answer]]:
    yield "left", one.answer
    if one.beside is not None:
        yield "right", one.beside


def _side_by_side(columns: Iterable[str]) -> str:
    return f'<div class="sides">{"".join(columns)}</div>'


def _side(one: Exchange, answer: Answer, position: int, side: Side, titles: Titles, pages: Pages) -> str:
    """Return one of two answers, with the button that says it was the better one."""
    chosen = one.better == side
    data = f' data-position="{position}" data-side="{side}" aria-pressed="{str(chosen).lower()}"'
    better = (
        f'<button type="button" class="small better" data-action="prefer"{data}>{icons.UP}This one was better</button>'
    )
    return (
        f'<section class="side" aria-label="{escape(label(answer.model))}">{_who(answer.model)}'
        f"{render_answer.body(answer, answer_name(position, side), titles, offers=False, pages=pages)}"
        f'<footer><p class="facts">{_figures(answer)}</p>'
        f'<div class="actions">{better}{_copy(answer)}</div></footer></section>'
    )


def _who(model: str) -> str:
    return f'<h3 class="who">{escape(label(model))}</h3>'


def label(model: str) -> str:
    """Return a model's name as it is shown where room is scarce."""
    return "Quotes alone" if model == "extractive" else model.removeprefix("local:")


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


def _footer(one: Exchange, position: int, again: str) -> str:
    """Return who answered and how fast, and what can be done with the answer."""
    buttons = [_copy(one.answer), _opinion(one, position, "up"), _opinion(one, position, "down"), again]
    facts = f'<span class="model">{escape(one.answer.model)}</span>'
    if figures := _figures(one.answer):
        facts += f" · {figures}"
    return f'<footer><p class="facts">{facts}</p>{_actions(position, *buttons)}</footer>'


def _figures(answer: Answer) -> str:
    timings = answer.timings_ms
    names = [("evidence", "evidence"), ("first_sentence", "first sentence"), ("total", "total")]
    return " · ".join(f"{figure} {duration(timings[name])}" for name, figure in names if name in timings)


def _actions(position: int, *buttons: str) -> str:
    return f'<div class="actions" role="group" aria-label="Answer {position + 1}">{"".join(buttons)}</div>'


def _copy(answer: Answer) -> str:
    return _button("copy", "Copy with citations", icons.COPY, f' data-markdown="{escape(markdown(answer))}"')


def _again(question: str, models: Sequence[ModelChoice]) -> str:
    """Return the ways to have a question answered anew: by the picker's model, or by another one."""
    data = f' data-question="{escape(question)}"'
    options = "".join(
        f'<option value="{escape(choice.name)}">{escape(choice.label)}</option>' for choice in models if choice.ready
    )
    others = (
        f'<select class="with" data-action="again-with" aria-label="Regenerate with another model"{data}>'
        f'<option value="">with…</option>{options}</select>'
    )
    return _button("again", "Regenerate", icons.AGAIN, data) + (others if options else "")


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
    # What the articles say of themselves is not searched for: nothing was found, in no time.
    searched = live.evidence is not None and bool(live.evidence or live.milliseconds)
    found = render_answer.found(live.evidence or (), live.milliseconds, live.name, titles) if searched else ""
    return (
        f'<section class="exchange live" data-running="{live.name}">{_question(live.question)}'
        f"{_searched(live.searched, live.question, editable=False)}{found}</section>"
    )


def live_body(lives: Sequence[tuple[str, Live]], pages: Pages = no_pages) -> str:
    """Return the sentences that have come so far, by model and answer, in a region a screen reader follows."""
    answers = [f'<div class="answer">{_said(live, pages)}</div>' for _, live in lives]
    if len(lives) > 1:
        parts = zip(lives, answers, strict=True)
        answers = [
            _side_by_side(
                f'<section class="side">{_who(model)}{said}{_pace(live)}</section>' for (model, live), said in parts
            )
        ]
    return f'<div class="exchange live" role="log" aria-live="polite">{"".join(answers)}</div>'


def _said(live: Live, pages: Pages) -> str:
    statements = live.answer.statements if live.answer else live.statements
    if not statements and live.likely is not None and live.answer is None:
        return render_answer.likely(live.likely, live.name)
    return render_answer.statements(statements, sources(statements), live.name, pages)


def _pace(live: Live) -> str:
    """Return a column's heartbeat; once its answer is there, how it ended."""
    if live.answer is None:
        return live_status(live)
    if live.answer.abstained or live.answer.interrupted:
        return f'<p class="ended">{escape(live.answer.interrupted or live.answer.text)}</p>'
    return ""


_PHASES = {
    "queued": "Waits for the other model",
    "loading": "Loading the model",
    "searching": "Searching",
    "reading": "Reading",
    "writing": "Writing",
}


def live_status(live: Live) -> str:
    """Return the heartbeat: what happens now, and for how many whole seconds once there is one; app.js counts on."""
    waiting = live.waiting
    phase = f"{_PHASES[waiting.phase]}{waiting.pace}…" if waiting else f"{_PHASES['searching']}…"
    since = waiting.seconds if waiting else 0.0
    seconds = f" {int(since)} s" if since >= 1 else ""
    pulse = '<span class="pulse" aria-hidden="true"></span>'
    return (
        f'<p class="heartbeat" data-seconds="{since:.1f}" data-phase="{phase}">{pulse}<span>{phase}{seconds}</span></p>'
    )


def receipt(draft: str, fate: Literal["taken", "refused", "broken", "new"]) -> str:
    """Return the hidden word to the page on what became of a question it sent; no two are equal, so none is missed.

    ``new``: of no question; the new conversation has begun.
    """
    return f'<i data-draft="{escape(draft)}" data-fate="{fate}" data-receipt="{secrets.token_hex(8)}"></i>'


def notices(lines: Iterable[str]) -> str:
    """Return thin lines the user should see; empty for none."""
    return "".join(f'<p class="notice" role="status">{icons.INFO}<span>{escape(line)}</span></p>' for line in lines)


def error(message: str, question: str, found: str = "") -> str:
    """Return a failure as one clear line below what was ``found``, with a way to try again."""
    return (
        f'<section class="exchange failed">{_question(question)}{found}'
        f'<div class="error" role="alert">{icons.WARNING}<p>{escape(message)}</p>'
        f'<button type="button" class="small" data-action="ask" data-question="{escape(question)}">Retry</button>'
        "</div></section>"
    )


def welcome(titles: Sequence[str], questions: Sequence[str]) -> str:
    """Return the empty state: what this is, by the titles of the articles that can be asked, and first questions."""
    if not titles:
        return (
            f'<div class="welcome">{icons.BOOK}<h2>No article yet</h2>'
            "<p>Add one in the tab “Articles”, or in the terminal with <code>assistant add FILE</code>.</p></div>"
        )
    subject = f"“{escape(titles[0])}”" if len(titles) == 1 else f"{len(titles):,} articles"
    chips = "".join(
        f'<li><button type="button" class="suggestion" data-action="ask" data-question="{escape(question)}">'
        f"{escape(question)}</button></li>"
        for question in questions
    )
    return (
        f'<div class="welcome"><h2>Ask {subject}</h2>'
        "<p>Every sentence of an answer opens the sentence that proves it. "
        "What the article does not say, is not said.</p>"
        f'<ul class="suggestions" aria-label="Suggested questions">{chips}</ul></div>'
    )


def suggestions(own: Sequence[Sequence[str]], *, most: int = 5) -> tuple[str, ...]:
    """Return the questions that each of some articles suggests, taken in turn."""
    turns = [questions[turn] for turn in range(most) for questions in own if turn < len(questions)]
    return tuple(dict.fromkeys(turns))[:most]
