"""Carry out what a user does at the app: an action comes in, and what changes on the screen leaves, part by part.

Nothing about a user is held here but which answers are running: a conversation is found again in the workbench
by its own id, which the user's browser keeps.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from assistant.answer.compare import SIDES, Side, Sided
from assistant.answer.question import Question
from assistant.app import render, render_answer, render_article
from assistant.app.citing import answer_name, nearest_span, source_spans
from assistant.app.live import Lives
from assistant.app.render_answer import Pages, Titles
from assistant.app.render_article import Span
from assistant.conversations import Exchange, Opinion
from assistant.errors import AssistantError
from assistant.settings import Caution
from assistant.types import Statement, Turn
from assistant.workbench import Workbench
from index.errors import IndexingError, UnknownArticleError
from index.types import Document

QUESTION_LIMIT = 4000
"""Most characters of a question or a search."""

_SUGGESTING = 3
"""Of a whole library, so many articles suggest the first questions:"""
_LOOKED_AT = 20
"""those of the first so many that can."""

STOPPED = "You stopped it."
LEFT = "The page was closed before the end."
_UNKNOWN_MODEL = "This model is no longer known; reload the page."

Part = Literal[
    "conversation", "history", "note", "head", "body", "status", "article", "typed", "running", "receipt", "reading"
]
Screen = dict[Part, Any]
"""New values by part: HTML, but for ``conversation`` (its id), ``typed`` (the question box), ``running`` (bool) and
``reading`` (the article that the user opened last, "" for none)."""
Scope = Sequence[str]
"""The ids of the articles to ask; empty for the whole library."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as the user sends it."""

    question: str
    conversation: str
    session: str
    """The browser page's own id: it says whose running answer Stop means, and opens nothing."""
    model: str | None = None
    beside: str | None = None
    """A second model to ask the same, if it is another one."""
    articles: tuple[str, ...] | None = None
    """The articles to ask; None asks the whole library."""
    strict: bool = True
    searched: str | None = None
    draft: str = ""
    """The page's own name for this sending, given back on its receipt."""
    again: bool = False
    """Whether the new answer takes the place of the last one."""
    anyway: bool = False
    """Whether the model is to answer also where the article does not."""
    caution: Caution | None = None
    """How sure the reader must be; None: as the app was started."""


class Desk:
    """The user's side of one workbench, shared by every open page."""

    def __init__(self, workbench: Workbench, *, feedback: str | None = None) -> None:
        """``feedback`` labels the button by an answer that the user called poor; None shows none."""
        self._workbench = workbench
        self._feedback = feedback
        self._running: dict[tuple[str, str], threading.Event] = {}
        self._lock = threading.Lock()

    @property
    def default_model(self) -> str:
        """The model that answers unless another is chosen."""
        return self._workbench.default_model

    def open(self, conversation: str, scope: Scope = (), reading: str = "") -> Screen:
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
            exchanges = self._workbench.conversations.exchanges(conversation)
            article = self._first_article(exchanges, scope, reading)
            return {**blank, "history": self._history(exchanges, scope), "article": article}
        except (AssistantError, IndexingError) as failure:
            return {**blank, "history": "", "note": render.notices([str(failure)])}

    def new(self, scope: Scope = (), reading: str = "") -> Screen:
        """Return the screen of a new, empty conversation; its receipt lets go what the page asked meanwhile."""
        return {**self.open("", scope, reading), "receipt": render.receipt("", "new")}

    def fresh(self, conversation: str, session: str, scope: Scope = (), reading: str = "") -> Screen:
        """Return what an empty conversation begins with, for the library may have changed; else nothing changes."""
        try:
            with self._lock:
                busy = (conversation, session) in self._running
            if busy or self._workbench.conversations.exchanges(known_id(conversation)):
                return {}
            return {"history": self._history((), scope), "article": self._first_article((), scope, reading)}
        except (AssistantError, IndexingError) as failure:
            return {"note": render.notices([str(failure)])}

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
        # A name that is not offered could be a file of this machine, or a service that costs.
        if not {choice.name for choice in self._workbench.roster.choices()}.issuperset(self._asked(request)):
            yield {"note": render.notices([_UNKNOWN_MODEL]), **refused}
            return
        conversation = known_id(request.conversation)
        key = (conversation, request.session)
        stop = self._begin(key) if question else None
        if stop is None:
            yield refused
            return
        try:
            taken = render.receipt(request.draft, "taken")
            yield {"conversation": conversation, "running": True, "note": "", "receipt": taken, "reading": ""}
            last = yield from self._answer(request, question, conversation, stop)
        finally:
            self._end(key)
        # Only now: a user who sees the end may ask at once, and must not be refused.
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
            exchanges = self._workbench.conversations.exchanges(known_id(conversation))
            if not isinstance(position, int) or not 0 <= position < len(exchanges) or opinion not in {"up", "down"}:
                return {}
            given: Opinion = "up" if opinion == "up" else "down"
            self._workbench.conversations.rate(
                conversation, position, None if exchanges[position].opinion == given else given
            )
            return {"history": self._exchanges(self._workbench.conversations.exchanges(conversation))}
        except AssistantError as failure:
            return {"note": render.notices([str(failure)])}

    def prefer(self, conversation: str, position: object, better: object) -> Screen:
        """Keep which of two answers was better, or take it back when that is already kept."""
        try:
            exchanges = self._workbench.conversations.exchanges(known_id(conversation))
            if not isinstance(position, int) or not 0 <= position < len(exchanges) or better not in SIDES:
                return {}
            side: Side = "left" if better == "left" else "right"
            self._workbench.conversations.prefer(
                conversation, position, None if exchanges[position].better == side else side
            )
            return {"history": self._exchanges(self._workbench.conversations.exchanges(conversation))}
        except AssistantError as failure:
            return {"note": render.notices([str(failure)])}

    def show(self, place: Mapping[str, Any]) -> Screen:
        """Return the article that holds a citation, its answer's sources marked.

        ``place`` is the page's (document, answer, active, spans, title); a span that does not hold its quote stays
        unmarked. Where that is the one to be opened, or the article is gone, what it cited is shown as it was saved.
        """
        id = str(place.get("document", ""))
        spans = tuple(_spans(id, place.get("spans")))
        answer, active = str(place.get("answer", "")), str(place.get("active", ""))
        sought = next((span for span in spans if span.name == active), None)
        try:
            document = self._workbench.document(id)
        except UnknownArticleError as failure:
            if sought is None:
                return {"note": render.notices([str(failure)])}
            return {"article": render_article.gone(sought, str(place.get("title", "")), answer=answer)}
        except IndexingError as failure:
            return {"note": render.notices([str(failure)])}
        shown = self._article(document, spans, answer=answer, active=active)
        return {"article": shown, "reading": document.id}

    def choose(self, conversation: str, session: str, scope: Scope, reading: str = "") -> Screen:
        """Return what changes when other articles are to be asked: a single one is opened, as the user's own."""
        if len(scope) == 1:
            reading = scope[0]
        try:
            exchanges = self._workbench.conversations.exchanges(known_id(conversation))
            screen: Screen = {"article": self._first_article(exchanges, scope, reading), "reading": reading}
            return screen | self.fresh(conversation, session, scope, reading)
        except (AssistantError, IndexingError) as failure:
            return {"note": render.notices([str(failure)])}

    def broken(self) -> Screen:
        """Return the screen after a fault of ours: the answer is gone, the page goes on."""
        line = "Something broke inside the assistant; the terminal it runs in shows what. You can ask again."
        lost = render.receipt("", "broken")
        return {"head": "", "body": "", "status": "", "running": False, "note": render.notices([line]), "receipt": lost}

    def line(self, text: str) -> str:
        """Return a thin line for the user; empty for no text."""
        return render.notices([text] if text else [])

    def loading(self) -> str:
        """Return the line that says the default model is not ready yet; empty when it is."""
        for choice in self._workbench.roster.choices():
            if choice.name == self._workbench.default_model and not choice.ready:
                reason = choice.reason.rstrip(".")
                return render.notices([f"{choice.label}: {reason}. Answers are quoted from the article meanwhile."])
        return ""

    def refusal(self, model: str) -> str:
        """Return why a model cannot be chosen now; empty when it can."""
        for choice in self._workbench.roster.choices():
            if choice.name == model:
                return "" if choice.ready else f"{choice.label} cannot answer now: {choice.reason}"
        return _UNKNOWN_MODEL

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
        lives = Lives.begin(question, 0, self._asked(request))
        try:
            before = self._workbench.conversations.exchanges(conversation)
            # Another page of the conversation may have gone on: its question is not the one to be answered anew.
            again = request.again and bool(before) and before[-1].answer.question.split() == question.split()
            earlier = before[:-1] if again else before
            lives = Lives.begin(question, len(earlier), lives.models)
            yield {"history": self._exchanges(earlier)}
            lives, given = yield from self._listen(request, lives, conversation, earlier, stop)
            if isinstance(given, str):
                return self._failed(given, lives, before)
            return self._whole(given, earlier, conversation, replacing=again)
        except (AssistantError, IndexingError) as failure:
            return self._failed(str(failure), lives, before)

    def _asked(self, request: Ask) -> tuple[str, ...]:
        """Return the model that is asked, and the one beside it."""
        model = request.model or self._workbench.default_model
        return (model, request.beside) if request.beside and request.beside != model else (model,)

    def _listen(
        self, request: Ask, lives: Lives, conversation: str, earlier: Sequence[Exchange], stop: threading.Event
    ) -> Generator[Screen, None, tuple[Lives, Exchange | str]]:
        """Follow the events to their end; return what is known then, and the answers, or why there are none."""
        began = time.monotonic()

        def so_far(reason: str) -> Exchange | None:
            return lives.broken_off(reason, milliseconds=round(1000 * (time.monotonic() - began)))

        events = self._events(request, lives, earlier)
        try:
            known = self._titles(), self._pages()
            shown = self._running_screen(lives, None, *known)
            yield shown
            for event in events:
                previous, lives = lives, lives.after(event)
                if stop.is_set() and lives.exchange is None:
                    return lives, so_far(STOPPED) or "Stopped before the answer began."
                now = self._running_screen(lives, previous, *known)
                changes: Screen = {part: value for part, value in now.items() if shown.get(part) != value}
                shown |= now
                if changes and lives.exchange is None:
                    yield changes
        except GeneratorExit:
            partial = so_far(LEFT)
            if partial is not None and not request.again:
                with suppress(AssistantError):  # the user is gone: nobody is left to tell, and the log has it
                    self._workbench.conversations.save(conversation, partial)
            raise
        except (AssistantError, IndexingError) as failure:
            return lives, str(failure)
        finally:
            _close(events)
        return lives, lives.exchange or "The model ended without an answer; ask again."

    def _events(self, request: Ask, lives: Lives, earlier: Sequence[Exchange]) -> Iterator[Sided]:
        question, models = lives.answers[0].question, lives.models
        whole = Question(
            question,
            turns=_turns(earlier),
            articles=request.articles or None,
            searched=request.searched,
            strict=request.strict,
            anyway=request.anyway and len(models) == 1,
        )
        if len(models) > 1:
            yield from self._workbench.compare(whole, models=(models[0], models[1]), caution=request.caution)
            return
        events = self._workbench.ask(whole, model=request.model, caution=request.caution)
        try:
            for event in events:
                yield Sided("left", event)
        finally:
            _close(events)

    def _running_screen(self, lives: Lives, previous: Lives | None, titles: Titles, pages: Pages) -> Screen:
        first = lives.answers[0]
        screen: Screen = {
            "status": render.live_status(first) if len(lives.answers) == 1 else "",
            "body": render.live_body(list(zip(lives.models, lives.answers, strict=True)), pages),
            "head": render.live_head(first, titles),
        }
        if lives.notices:
            screen["note"] = render.notices(lives.notices)
        for live in lives.answers if previous is not None else ():
            # The article follows the first answer that cites something, and until then the likely sentence.
            if live.statements:
                return screen | self._cited_article(live.statements, live.name)
        if first.likely is not None and previous is not None and previous.answers[0].likely is None:
            document = self._workbench.document(first.likely.document)
            spans = [nearest_span(first.likely, first.name, 0)]
            screen["article"] = self._article(document, spans, answer=first.name)
        return screen

    def _whole(self, given: Exchange, earlier: Sequence[Exchange], conversation: str, *, replacing: bool) -> Screen:
        """Keep a finished exchange and return the screen that shows it; what cannot be kept is shown all the same."""
        screen: Screen = {"head": "", "body": "", "status": "", "running": False}
        try:
            if replacing:
                self._workbench.conversations.replace(conversation, len(earlier), given)
            else:
                self._workbench.conversations.save(conversation, given)
        except AssistantError as failure:
            screen["note"] = render.notices([f"This answer is shown but could not be saved: {failure}"])
        screen["history"] = self._history((*earlier, given))
        return screen | self._cited_article(*_cited(given, len(earlier)))

    def _failed(self, message: str, lives: Lives, before: Sequence[Exchange]) -> Screen:
        """Return the screen of a failure: the question, what was found for it, and why nobody answered."""
        live = lives.answers[0]
        found = (
            None
            if live.evidence is None
            else render_answer.found(live.evidence, live.milliseconds, live.name, self._titles())
        )
        return {
            "history": self._exchanges(before),
            "head": render.error(message, live.question, found),
            "body": "",
            "status": "",
            "running": False,
        }

    def _cited_article(self, statements: Sequence[Statement], name: str) -> Screen:
        """Return the article of the first citation, this answer's sources marked; nothing where nothing is cited."""
        spans = source_spans(statements, name)
        if not spans:
            return {}
        document = self._workbench.document(spans[0].document)
        return {"article": self._article(document, spans, answer=name)}

    def _first_article(self, exchanges: Sequence[Exchange], scope: Scope, reading: str) -> str:
        """Return the article opened last, else the only one asked, else the last cited, else the first of those asked.

        The last answer's sources are marked.
        """
        statements, name = _cited(exchanges[-1], len(exchanges) - 1) if exchanges else ((), "")
        spans = source_spans(statements, name)
        known = [card.id for card in self._workbench.articles()]
        alone = scope if len(scope) == 1 else ()
        wanted = [reading, *alone, *(span.document for span in spans), *scope, *known]
        shown = next((one for one in wanted if one in known), None)
        if shown is None:
            return ""
        return self._article(self._workbench.document(shown), spans, answer=name if spans else "")

    def _article(self, document: Document, spans: Sequence[Span], *, answer: str, active: str = "") -> str:
        original = self._workbench.shelf.originals.key(document)
        return render_article.article(document, spans, answer=answer, active=active, original=original)

    def _history(self, exchanges: Sequence[Exchange], scope: Scope = ()) -> str:
        return self._exchanges(exchanges) if exchanges else self._welcome(scope)

    def _welcome(self, scope: Scope) -> str:
        """Return the start of a conversation, with questions that the first of the articles suggest."""
        cards = self._workbench.articles()
        asked = [card for card in cards if card.id in scope] or cards
        suggested = (self._workbench.shelf.questions(card.id) for card in asked[:_LOOKED_AT])
        questions = islice(filter(None, suggested), _SUGGESTING)
        return render.welcome([card.title for card in asked], render.suggestions(list(questions)))

    def _exchanges(self, exchanges: Sequence[Exchange]) -> str:
        return render.conversation(
            exchanges,
            self._titles(),
            feedback=self._feedback,
            models=self._workbench.roster.choices(),
            pages=self._pages(),
        )

    def _pages(self) -> Pages:
        """Return what knows the pages of the library's articles; an article is read only if it has some."""
        paged = {card.id for card in self._workbench.articles() if card.pages}

        def page(document: str, offset: int) -> int | None:
            if document not in paged:
                return None
            with suppress(IndexingError):  # it was removed just now
                return self._workbench.document(document).page_at(offset)
            return None

        return page

    def _titles(self) -> dict[str, str]:
        return {card.id: card.title for card in self._workbench.articles()}


_ID = re.compile(r"[0-9a-f]{32}")


def known_id(conversation: object) -> str:
    """Return a conversation id as it is, or a new random one for anything that is not an id of ours."""
    if isinstance(conversation, str) and _ID.fullmatch(conversation):
        return conversation
    return secrets.token_hex(16)


def _turns(exchanges: Sequence[Exchange]) -> tuple[Turn, ...]:
    pairs = ((Turn("user", e.told.question), Turn("assistant", e.told.text)) for e in exchanges)
    return tuple(turn for pair in pairs for turn in pair)


def _cited(given: Exchange, position: int) -> tuple[tuple[Statement, ...], str]:
    """Return the statements whose sources the article shows, and the name of their answer: the first that cites."""
    if given.beside is not None and (given.better == "right" or not source_spans(given.answer.statements, "")):
        return given.beside.statements, answer_name(position, "right")
    return given.answer.statements, answer_name(position)


def _spans(document: str, given: object) -> Iterator[Span]:
    """Read spans as the page sends them; what is not a span is passed over, and marking checks each quote again."""
    for one in given[:200] if isinstance(given, list) else []:
        match one:
            case {"name": str(name), "start": int(start), "end": int(end), "quote": str(quote), "number": int(number)}:
                yield Span(name, document, start, end, quote, number)


def _close(events: Iterator[Any]) -> None:
    """Close an event stream, so that the model behind it stops; a plain iterator has nothing to stop."""
    close = getattr(events, "close", None)
    if close is not None:
        close()
