"""Carry out what a reader does at the app: an action comes in, and what changes on the screen leaves, part by part.

Nothing about a reader is held here but which answers are running: a conversation is found again in the workbench
by its own id, which the reader's browser keeps.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from assistant import render, render_article
from assistant.citing import source_spans
from assistant.errors import AssistantError
from assistant.live import Live
from assistant.render_article import Span
from assistant.types import Answer, Event, Statement, Turn
from assistant.workbench import Exchange, Opinion, Workbench
from index.errors import IndexingError
from index.types import Document

QUESTION_LIMIT = 4000
"""Most characters of a question or a search."""

STOPPED = "You stopped it."
LEFT = "The page was closed before the end."

Part = Literal["conversation", "history", "note", "head", "body", "status", "article", "typed", "running", "receipt"]
Screen = dict[Part, Any]
"""New values by part: HTML, but for ``conversation`` (its id), ``typed`` (the question box) and ``running`` (bool)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as the reader sends it."""

    question: str
    conversation: str
    session: str
    """The browser page's own id: it says whose running answer Stop means, and opens nothing."""
    model: str | None = None
    article: str | None = None
    """The one article to ask; None asks the whole library."""
    strict: bool = True
    searched: str | None = None
    draft: str = ""
    """The page's own name for this sending, given back on its receipt."""
    again: bool = False
    """Whether the new answer takes the place of the last one."""


class Desk:
    """The reader's side of one workbench, shared by every open page."""

    def __init__(self, workbench: Workbench, *, feedback: str | None = None) -> None:
        """``feedback`` labels the button by an answer that the reader called poor; None shows none."""
        self._workbench = workbench
        self._feedback = feedback
        self._running: dict[tuple[str, str], threading.Event] = {}
        self._lock = threading.Lock()

    @property
    def default_model(self) -> str:
        """The model that answers unless another is chosen."""
        return self._workbench.default_model

    def open(self, conversation: str, article: str | None) -> Screen:
        """Return the whole screen for a page that was just opened or reloaded."""
        conversation = known_id(conversation)
        blank: Screen = {
            "conversation": conversation,
            "note": "",
            "head": "",
            "body": "",
            "status": "",
            "running": False,
        }
        try:
            exchanges = self._workbench.exchanges(conversation)
            return {**blank, "history": self._history(exchanges), "article": self._first_article(exchanges, article)}
        except (AssistantError, IndexingError) as failure:
            return {**blank, "history": "", "note": render.notices([str(failure)])}

    def new(self, article: str | None) -> Screen:
        """Return the screen of a new, empty conversation."""
        return {**self.open("", article), "typed": ""}

    def ask(self, request: Ask) -> Iterator[Screen]:
        """Answer a question, yielding what changes as it changes; closing this stops the model.

        The first thing yielded is a receipt: the page keeps a question until it is taken. An empty one is refused, as
        is one asked while another still runs on the same page. The next one is taken from the last screen on.
        """
        question = request.question.strip()
        refused: Screen = {"receipt": render.receipt(request.draft, "refused")}
        too_long = max(len(question), len(request.searched or ""))
        if too_long > QUESTION_LIMIT:
            line = f"The question has {too_long:,} characters; at most {QUESTION_LIMIT:,} can be asked. Shorten it."
            yield {"note": render.notices([line]), **refused}
            return
        conversation = known_id(request.conversation)
        key = (conversation, request.session)
        stop = self._begin(key) if question else None
        if stop is None:
            yield refused
            return
        try:
            taken = render.receipt(request.draft, "taken")
            yield {"conversation": conversation, "running": True, "note": "", "receipt": taken}
            last = yield from self._answer(request, question, conversation, stop)
        finally:
            self._end(key)
        # Only now: a reader who sees the end may ask at once, and must not be refused.
        yield last

    def stop(self, conversation: str, session: str) -> None:
        """Stop the answer running on one page, at its next event."""
        with self._lock:
            stop = self._running.get((conversation, session))
        if stop is not None:
            stop.set()

    def rate(self, conversation: str, position: object, opinion: object) -> Screen:
        """Keep an opinion, or take it back when it is the one already given."""
        try:
            exchanges = self._workbench.exchanges(known_id(conversation))
            if not isinstance(position, int) or not 0 <= position < len(exchanges) or opinion not in {"up", "down"}:
                return {}
            given: Opinion = "up" if opinion == "up" else "down"
            self._workbench.rate(conversation, position, None if exchanges[position].opinion == given else given)
            return {"history": self._history(self._workbench.exchanges(conversation))}
        except AssistantError as failure:
            return {"note": render.notices([str(failure)])}

    def show(self, place: Mapping[str, Any]) -> Screen:
        """Return the article that holds a citation, its answer's sources marked.

        ``place`` is the page's (document, answer, active, spans); a span that does not hold its quote stays unmarked.
        """
        try:
            document = self._workbench.document(str(place.get("document", "")))
        except IndexingError as failure:
            return {"note": render.notices([str(failure)])}
        spans = tuple(_spans(document.id, place.get("spans")))
        answer, active = str(place.get("answer", "")), str(place.get("active", ""))
        return {"article": render_article.article(document, spans, answer=answer, active=active)}

    def read(self, conversation: str, article: str | None) -> Screen:
        """Return an article picked by hand, with the last answer's sources in it marked."""
        try:
            exchanges = self._workbench.exchanges(known_id(conversation))
            return {"article": self._first_article(exchanges, article), "history": self._history(exchanges, article)}
        except (AssistantError, IndexingError) as failure:
            return {"note": render.notices([str(failure)])}

    def broken(self) -> Screen:
        """Return the screen after a fault of ours: the answer is gone, the page goes on."""
        line = "Something broke inside the assistant; the terminal it runs in shows what. You can ask again."
        lost = render.receipt("", "broken")
        return {"head": "", "body": "", "status": "", "running": False, "note": render.notices([line]), "receipt": lost}

    def line(self, text: str) -> str:
        """Return a thin line for the reader; empty for no text."""
        return render.notices([text] if text else [])

    def loading(self) -> str:
        """Return the line that says the default model is not ready yet; empty when it is."""
        for choice in self._workbench.models():
            if choice.name == self._workbench.default_model and not choice.ready:
                reason = choice.reason.rstrip(".")
                return render.notices([f"{choice.label}: {reason}. Answers are quoted from the article meanwhile."])
        return ""

    def refusal(self, model: str) -> str:
        """Return why a model cannot be chosen now; empty when it can."""
        for choice in self._workbench.models():
            if choice.name == model:
                return "" if choice.ready else f"{choice.label} cannot answer now: {choice.reason}"
        return "This model is no longer known; reload the page."

    def _begin(self, key: tuple[str, str]) -> threading.Event | None:
        with self._lock:
            if key in self._running:
                return None
            self._running[key] = threading.Event()
            return self._running[key]

    def _end(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._running.pop(key, None)

    def _answer(
        self, request: Ask, question: str, conversation: str, stop: threading.Event
    ) -> Generator[Screen, None, Screen]:
        """Follow an answer to its end and keep it; return the last screen."""
        before: tuple[Exchange, ...] = ()
        try:
            before = self._workbench.exchanges(conversation)
            earlier = before[:-1] if request.again else before
            live = Live(question, len(earlier))
            yield {"history": self._exchanges(earlier)}
            answer = yield from self._listen(request, live, conversation, earlier, stop)
            if answer is None:
                return self._failed("Stopped before anything was said.", question, before)
            return self._whole(answer, earlier, conversation, replacing=request.again and bool(before))
        except (AssistantError, IndexingError) as failure:
            return self._failed(str(failure), question, before)

    def _listen(
        self, request: Ask, live: Live, conversation: str, earlier: Sequence[Exchange], stop: threading.Event
    ) -> Generator[Screen, None, Answer | None]:
        """Follow the events to their end; return the answer, cut short if stopped, None if nothing was said."""
        began = time.monotonic()
        model = request.model or self._workbench.default_model

        def so_far(reason: str) -> Answer | None:
            spent = round(1000 * (time.monotonic() - began))
            return live.broken_off(reason, model=model, milliseconds=spent) if live.statements else None

        shown: Screen = {}
        events = self._events(request, live.question, earlier)
        try:
            shown = self._running_screen(live, None)
            yield shown
            for event in events:
                previous, live = live, live.after(event)
                if stop.is_set() and live.answer is None:
                    return so_far(STOPPED)
                now = self._running_screen(live, previous)
                changes: Screen = {part: value for part, value in now.items() if shown.get(part) != value}
                shown |= now
                if changes and live.answer is None:
                    yield changes
        except GeneratorExit:
            partial = so_far(LEFT)
            if partial is not None and not request.again:
                with suppress(AssistantError):  # the reader is gone: nobody is left to tell, and the log has it
                    self._workbench.save(conversation, partial)
            raise
        finally:
            _close(events)
        return live.answer

    def _events(self, request: Ask, question: str, earlier: Sequence[Exchange]) -> Iterator[Event]:
        return self._workbench.ask(
            question,
            model=request.model,
            articles=(request.article,) if request.article else None,
            turns=_turns(earlier),
            strict=request.strict,
            searched=request.searched,
        )

    def _running_screen(self, live: Live, previous: Live | None) -> Screen:
        screen: Screen = {"status": render.live_status(live), "body": render.live_body(live)}
        screen["head"] = render.live_head(live, self._titles())
        if live.notices:
            screen["note"] = render.notices(live.notices)
        if previous is not None and live.statements != previous.statements:
            screen |= self._cited_article(live.statements, live.position)
        return screen

    def _whole(self, answer: Answer, earlier: Sequence[Exchange], conversation: str, *, replacing: bool) -> Screen:
        """Keep a finished answer and return the screen that shows it; one that cannot be kept is shown all the same."""
        screen: Screen = {"head": "", "body": "", "status": "", "running": False}
        try:
            if replacing:
                self._workbench.replace_last(conversation, answer)
            else:
                self._workbench.save(conversation, answer)
        except AssistantError as failure:
            screen["note"] = render.notices([f"This answer is shown but not kept: {failure}"])
        screen["history"] = self._history((*earlier, Exchange(answer)))
        return screen | self._cited_article(answer.statements, len(earlier))

    def _failed(self, message: str, question: str, before: Sequence[Exchange]) -> Screen:
        return {
            "history": self._exchanges(before),
            "head": render.error(message, question),
            "body": "",
            "status": "",
            "running": False,
        }

    def _cited_article(self, statements: Sequence[Statement], position: int) -> Screen:
        """Return the article of the first citation, this answer's sources marked; nothing where nothing is cited."""
        spans = source_spans(statements, position)
        if not spans:
            return {}
        document = self._workbench.document(spans[0].document)
        return {"article": render_article.article(document, spans, answer=f"m{position}")}

    def _first_article(self, exchanges: Sequence[Exchange], article: str | None) -> str:
        """Return the picked article, else the last cited, else the first; the last answer's sources marked."""
        position = len(exchanges) - 1
        spans = source_spans(exchanges[-1].answer.statements, position) if exchanges else ()
        known = [card.id for card in self._workbench.articles()]
        wanted = [article, *(span.document for span in spans), *known]
        shown = next((one for one in wanted if one in known), None)
        if shown is None:
            return ""
        return render_article.article(self._workbench.document(shown), spans, answer=f"m{position}" if spans else "")

    def _history(self, exchanges: Sequence[Exchange], article: str | None = None) -> str:
        return self._exchanges(exchanges) if exchanges else render.welcome(self._library(article))

    def _exchanges(self, exchanges: Sequence[Exchange]) -> str:
        return render.conversation(exchanges, self._titles(), feedback=self._feedback)

    def _library(self, article: str | None) -> tuple[Document, ...]:
        known = [card.id for card in self._workbench.articles()]
        ids = [article] if article in known else known
        return tuple(self._workbench.document(one) for one in ids)

    def _titles(self) -> dict[str, str]:
        return {card.id: card.title for card in self._workbench.articles()}


_ID = re.compile(r"[0-9a-f]{32}")


def known_id(conversation: object) -> str:
    """Return a conversation id as it is, or a new random one for anything that is not an id of ours."""
    if isinstance(conversation, str) and _ID.fullmatch(conversation):
        return conversation
    return secrets.token_hex(16)


def _turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    pairs = ((Turn("user", e.answer.question), Turn("assistant", e.answer.text)) for e in exchanges)
    return tuple(turn for pair in pairs for turn in pair)


def _spans(document: str, given: object) -> Iterator[Span]:
    """Read spans as the page sends them; what is not a span is passed over, and marking checks each quote again."""
    for one in given[:200] if isinstance(given, list) else []:
        match one:
            case {"name": str(name), "start": int(start), "end": int(end), "quote": str(quote), "number": int(number)}:
                yield Span(name, document, start, end, quote, number)


def _close(events: Iterator[Event]) -> None:
    """Close an event stream, so that the model behind it stops; a plain iterator has nothing to stop."""
    close = getattr(events, "close", None)
    if close is not None:
        close()
