"""Turn questions, evidence and answers into HTML."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from assistant.answer.compare import Side
from assistant.app import icons, render_answer
from assistant.app.citing import answer_name, sources
from assistant.app.html import Html, button, element, join
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
) -> Html:
    """Return every saved exchange, oldest first; only the last can be asked again or its search edited.

    ``feedback`` labels the button by every answer that was called poor; None shows none. ``models`` are those that can
    answer the last question anew.
    """
    last = len(exchanges) - 1
    return join(
        *(
            exchange(one, position, titles, last=position == last, feedback=feedback, models=models, pages=pages)
            for position, one in enumerate(exchanges)
        )
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
) -> Html:
    """Return one question with its answer, or its two answers side by side, sources, figures and buttons."""
    answer, name = one.answer, answer_name(position)
    # What the articles say of themselves is not searched for.
    searched = answer.evidence or "evidence" in answer.timings_ms
    again = _again(answer.question, models) if last else Html()
    if one.beside is None:
        body = render_answer.body(answer, name, titles, last=last, pages=pages)
        footer = join(_footer(one, position, again), _feedback(one, position, feedback))
    else:
        body = _side_by_side(_side(one, said, position, side, titles, pages) for side, said in _sides(one))
        footer = element("footer", _facts(), _actions(position, again)) if again else Html()
    return element(
        "section",
        _question(answer.question),
        _searched(answer.searched if answer.searched != answer.question else None, answer.question, editable=last),
        render_answer.found(answer.evidence, answer.timings_ms.get("evidence"), name, titles) if searched else "",
        body,
        footer,
        class_="exchange",
        id=f"m{position}",
        aria_label=f"Question {position + 1}",
    )


def _sides(one: Exchange) -> Iterator[tuple[Side, Answer]]:
    yield "left", one.answer
    if one.beside is not None:
        yield "right", one.beside


def _side_by_side(columns: Iterable[Html]) -> Html:
    return element("div", *columns, class_="sides")


def _side(one: Exchange, answer: Answer, position: int, side: Side, titles: Titles, pages: Pages) -> Html:
    """Return one of two answers, with the button that says it was the better one."""
    better = button(
        icons.UP,
        "This one was better",
        class_="small better",
        data_action="prefer",
        data_position=position,
        data_side=side,
        aria_pressed=_pressed(one.better == side),
    )
    return element(
        "section",
        _who(answer.model),
        render_answer.body(answer, answer_name(position, side), titles, offers=False, pages=pages),
        element("footer", _facts(_figures(answer)), element("div", better, _copy(answer), class_="actions")),
        class_="side",
        aria_label=label(answer.model),
    )


def _pressed(pressed: bool) -> str:
    return str(pressed).lower()


def _who(model: str) -> Html:
    return element("h3", label(model), class_="who")


def label(model: str) -> str:
    """Return a model's name as it is shown where room is scarce."""
    return "Quotes alone" if model == "extractive" else model.removeprefix("local:")


def _question(question: str) -> Html:
    return element("h2", question, class_="question")


def _searched(query: str | None, question: str, *, editable: bool) -> Html:
    """Return the line that says what a follow-up was searched as, with a form to correct it."""
    if query is None:
        return Html()
    line = join(element("span", "Searched for", class_="label"), " ", element("q", query))
    if not editable:
        return element("p", line, class_="searched")
    corrected = element(
        "input", name="searched", value=query, maxlength=4000, aria_label="Search for", autocomplete="off"
    )
    again = element("button", "Search again", type="submit", class_="small")
    return element(
        "details",
        element("summary", line, " ", element("span", "Edit", class_="edit")),
        element("form", corrected, again, data_action="search", data_question=question),
        class_="searched",
        data_keep="searched",
    )


def _footer(one: Exchange, position: int, again: Html) -> Html:
    """Return who answered and how fast, and what can be done with the answer."""
    facts = join(element("span", one.answer.model, class_="model"), _figures(one.answer), by=" · ")
    opinions = _opinion(one, position, "up"), _opinion(one, position, "down")
    return element("footer", _facts(facts), _actions(position, _copy(one.answer), *opinions, again))


def _facts(facts: str = "") -> Html:
    return element("p", facts, class_="facts")


def _figures(answer: Answer) -> str:
    timings = answer.timings_ms
    names = [("evidence", "evidence"), ("first_sentence", "first sentence"), ("total", "total")]
    return " · ".join(f"{figure} {duration(timings[name])}" for name, figure in names if name in timings)


def _actions(position: int, *buttons: Html) -> Html:
    return element("div", *buttons, class_="actions", role="group", aria_label=f"Answer {position + 1}")


def _copy(answer: Answer) -> Html:
    return _button("copy", "Copy with citations", icons.COPY, data_markdown=markdown(answer))


def _again(question: str, models: Sequence[ModelChoice]) -> Html:
    """Return the ways to have a question answered anew: by the picker's model, or by another one."""
    again = _button("again", "Regenerate", icons.AGAIN, data_question=question)
    options = [element("option", choice.label, value=choice.name) for choice in models if choice.ready]
    if not options:
        return again
    others = element(
        "select",
        element("option", "with…", value=""),
        *options,
        class_="with",
        data_action="again-with",
        aria_label="Regenerate with another model",
        data_question=question,
    )
    return join(again, others)


def _feedback(one: Exchange, position: int, label: str | None) -> Html:
    if label is None or one.opinion != "down":
        return Html()
    opens = button(label, class_="small", id=f"feedback-{position}", data_action="feedback", data_position=position)
    return element("p", opens, class_="feedback")


def _button(action: str, label: str, icon: Html, **data: object) -> Html:
    return button(icon, class_="icon", data_action=action, aria_label=label, title=label, **data)


def _opinion(one: Exchange, position: int, opinion: Literal["up", "down"]) -> Html:
    label, icon = ("Good answer", icons.UP) if opinion == "up" else ("Poor answer", icons.DOWN)
    pressed = _pressed(one.opinion == opinion)
    return _button("rate", label, icon, data_position=position, data_opinion=opinion, aria_pressed=pressed)


def live_head(live: Live, titles: Titles) -> Html:
    """Return the running question and what was found for it."""
    # What the articles say of themselves is not searched for: nothing was found, in no time.
    searched = live.evidence is not None and bool(live.evidence or live.milliseconds)
    return element(
        "section",
        _question(live.question),
        _searched(live.searched, live.question, editable=False),
        render_answer.found(live.evidence or (), live.milliseconds, live.name, titles) if searched else "",
        class_="exchange live",
        data_running=live.name,
    )


def live_body(lives: Sequence[tuple[str, Live]], pages: Pages = no_pages) -> Html:
    """Return the sentences that have come so far, by model and answer, in a region a screen reader follows."""
    answers = [element("div", _said(live, pages), class_="answer") for _, live in lives]
    if len(lives) > 1:
        parts = zip(lives, answers, strict=True)
        answers = [
            _side_by_side(
                element("section", _who(model), said, _pace(live), class_="side") for (model, live), said in parts
            )
        ]
    return element("div", *answers, class_="exchange live", role="log", aria_live="polite")


def _said(live: Live, pages: Pages) -> Html:
    statements = live.answer.statements if live.answer else live.statements
    if not statements and live.likely is not None and live.answer is None:
        return render_answer.likely(live.likely, live.name)
    return render_answer.statements(statements, sources(statements), live.name, pages)


def _pace(live: Live) -> Html:
    """Return a column's heartbeat; once its answer is there, how it ended."""
    if live.answer is None:
        return live_status(live)
    if live.answer.abstained or live.answer.interrupted:
        return element("p", live.answer.interrupted or live.answer.text, class_="ended")
    return Html()


_PHASES = {
    "queued": "Waits for the other model",
    "loading": "Loading the model",
    "searching": "Searching",
    "reading": "Reading",
    "writing": "Writing",
}


def live_status(live: Live) -> Html:
    """Return the heartbeat: what happens now, and for how many whole seconds once there is one; app.js counts on."""
    waiting = live.waiting
    phase = f"{_PHASES[waiting.phase]}{waiting.pace}…" if waiting else f"{_PHASES['searching']}…"
    since = waiting.seconds if waiting else 0.0
    pulse = element("span", class_="pulse", aria_hidden="true")
    words = element("span", phase, f" {int(since)} s" if since >= 1 else "")
    return element("p", pulse, words, class_="heartbeat", data_seconds=f"{since:.1f}", data_phase=phase)


def receipt(draft: str, fate: Literal["taken", "refused", "broken", "new"]) -> Html:
    """Return the hidden word to the page on what became of a question it sent; no two are equal, so none is missed.

    ``new``: of no question; the new conversation has begun.
    """
    return element("i", data_draft=draft, data_fate=fate, data_receipt=secrets.token_hex(8))


def notices(lines: Iterable[str]) -> Html:
    """Return thin lines the user should see; empty for none."""
    return join(*(element("p", icons.INFO, element("span", line), class_="notice", role="status") for line in lines))


def error(message: str, question: str, found: Html | None = None) -> Html:
    """Return a failure as one clear line below what was ``found``, with a way to try again."""
    retry = button("Retry", class_="small", data_action="ask", data_question=question)
    failed = element("div", icons.WARNING, element("p", message), retry, class_="error", role="alert")
    return element("section", _question(question), found or "", failed, class_="exchange failed")


def welcome(titles: Sequence[str], questions: Sequence[str]) -> Html:
    """Return the empty state: what this is, by the titles of the articles that can be asked, and first questions."""
    if not titles:
        how = element("code", "assistant add FILE")
        add = element("p", "Add one in the tab “Articles”, or in the terminal with ", how, ".")
        return element("div", icons.BOOK, element("h2", "No article yet"), add, class_="welcome")
    subject = f"“{titles[0]}”" if len(titles) == 1 else f"{len(titles):,} articles"
    promise = (
        "Every sentence of an answer opens the sentence that proves it. What the article does not say, is not said."
    )
    chips = (
        element("li", button(question, class_="suggestion", data_action="ask", data_question=question))
        for question in questions
    )
    return element(
        "div",
        element("h2", f"Ask {subject}"),
        element("p", promise),
        element("ul", *chips, class_="suggestions", aria_label="Suggested questions"),
        class_="welcome",
    )


def suggestions(own: Sequence[Sequence[str]], *, most: int = 5) -> tuple[str, ...]:
    """Return the questions that each of some articles suggests, taken in turn."""
    turns = [questions[turn] for turn in range(most) for questions in own if turn < len(questions)]
    return tuple(dict.fromkeys(turns))[:most]
