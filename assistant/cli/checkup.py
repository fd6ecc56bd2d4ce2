"""A model's name enters, one row of facts leaves: reach, stream, size, speed, and three questions with citations.

Everything runs through the same path as the chat. Whatever goes wrong is the row's one line, and every row is done in
its time.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from typing import Any, TypeVar

from assistant.answer.chain import Searchable
from assistant.errors import AssistantError, ModelError, ReaderError, UsageError
from assistant.models.context_window import ContextWindow
from assistant.models.llm import ModelName
from assistant.models.pump import Usage
from assistant.models.served import known_context
from assistant.models.writer import Writer
from assistant.settings import EXTRACTIVE
from assistant.text import visible
from assistant.types import Answer, Finished, Notice
from assistant.wiring import Application
from index.errors import IndexingError
from index.reading.load import load
from index.types import Document
from prompts import Message

QUESTIONS = (
    ("Who chaired the LDP's Research Commission on Public Security?", "Onodera"),
    ("Which organizations gather intelligence for Japan?", "Ministry of Defense"),
    ("When is the Cabinet Intelligence and Research Office to be upgraded?", "2026"),
)
"""Questions about the article that comes with this program, each with what a right answer holds."""
PATIENCE_S = 300.0
"""Seconds that one model's check may take, its loading included."""
_SPREAD_S = 0.02
"""A reply whose pieces all come within this time was written before it was sent."""
_PROBE_CHARACTERS = 1200
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Checkup:
    """One row; None where a thing does not apply, or could not be found out."""

    model: str
    trouble: str = ""
    """Why it cannot answer, in one line; empty when it can."""
    first_token_s: float | None = None
    """Seconds until the first piece of a reply to a prompt of some 300 tokens: it was reached."""
    streams: bool | None = None
    context: int | None = None
    """Tokens, prompt and answer together; None where neither settings nor server tell."""
    reads: float | None = None
    """Tokens a second, of a prompt that no cache knows; the way to the server and back is part of it."""
    writes: float | None = None
    """Tokens a second."""
    answered: int | None = None
    """Of the three questions; so are the next two."""
    cited: int | None = None
    right: int | None = None
    seconds: float = 0.0
    """What the check took."""

    def record(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {**asdict(self), "can_answer": not self.trouble, "questions": len(QUESTIONS)}


def chosen(application: Application, names: Sequence[str]) -> tuple[str, ...]:
    """Return the models to check: those named, or every one that is here or configured."""
    own = application.roster.configured
    here = (choice.name for choice in application.roster.choices() if choice.ready or choice.name in own.models())
    return tuple(dict.fromkeys(names or (*here, *(name for name in own.trouble if name))))


def article() -> Document:
    """Return the article that comes with this program."""
    (entry,) = resources.files("assistant").joinpath("data").iterdir()
    with resources.as_file(entry) as path:
        return load(path)


def check(model: str, application: Application, index: Searchable, *, patience_s: float = PATIENCE_S) -> Checkup:
    """Return one model's row; ``index`` holds ``article()``."""
    run = _Check(model, application, index, patience_s)
    try:
        run.work()
    except (AssistantError, IndexingError) as error:
        run.note(trouble=str(error))
    return replace(run.row, seconds=round(time.monotonic() - run.started, 1))


@dataclass(slots=True)
class _Check:
    """What the check of one model gathers on its way: what was found before trouble came stays."""

    model: str
    application: Application
    index: Searchable
    patience_s: float
    started: float = field(default_factory=time.monotonic)
    row: Checkup = field(init=False)

    def __post_init__(self) -> None:
        self.row = Checkup(self.model)

    def note(self, **found: Any) -> None:
        self.row = replace(self.row, **found)

    def work(self) -> None:
        name = self.application.roster.named(self.model)
        self.application.startup.make_ready(self.model, pull=_not_here)
        writer = self.application.roster.writer(self.model)
        self._settle()
        if writer is not None:
            window = _result(self._in_time(writer.window()))
            self.note(context=_known(name, window))
            self._probe(writer)
        self._ask()

    def _settle(self) -> None:
        """Wait for the reader to load: beside that, a model on this machine would look slow."""
        reader = self.application.readers.large()
        if reader is not None:
            with suppress(ReaderError):  # whoever asks it says so
                reader.open()

    def _probe(self, writer: Writer) -> None:
        """Have the model read a prompt of its own, and write a little."""
        began = time.monotonic()
        arrived: list[float] = []
        usage = Usage(0, 0)
        for piece in self._in_time(writer(_probe(self.index.documents()[0]))):
            if isinstance(piece, str):
                arrived.append(time.monotonic())
            elif isinstance(piece, Usage):
                usage = piece
        if not arrived:
            raise ModelError("it said nothing.")
        spread = arrived[-1] - arrived[0]
        written = (usage.completion or len(arrived)) - 1
        self.note(
            first_token_s=round(arrived[0] - began, 2),
            streams=len(arrived) > 1 and spread >= _SPREAD_S,
            reads=round(usage.prompt / (arrived[0] - began), 1) if usage.prompt else None,
            writes=round(written / spread, 1) if written and spread >= _SPREAD_S else None,
        )

    def _ask(self) -> None:
        """Ask the three questions."""
        assistant = self.application.assistant(self.model, self.index)
        answered = cited = right = 0
        self.note(answered=0, cited=0, right=0)
        for question, fact in QUESTIONS:
            answer = self._answer(assistant.stream(question))
            if answer.interrupted:
                raise ModelError(answer.interrupted)
            answered += not answer.abstained
            cited += any(statement.citations for statement in answer.statements)
            right += not answer.abstained and fact.casefold() in answer.text.casefold()
            self.note(answered=answered, cited=cited, right=right)
        if not answered:
            raise ModelError("it answered none of the questions.")

    def _answer(self, events: Generator[Any]) -> Answer:
        for event in self._in_time(events):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream ends with Finished")

    def _in_time(self, stream: Generator[Any, None, _T]) -> Generator[Any, None, _T]:
        """Yield what a stream does, which beats at least four times a second; ModelError when the time is over."""
        with closing(stream):
            while True:
                try:
                    piece = next(stream)
                except StopIteration as finished:
                    result: _T = finished.value
                    return result
                if time.monotonic() - self.started > self.patience_s:
                    raise ModelError(f"the check had not finished after {self.patience_s:g} s.")
                yield piece


def _not_here(name: str) -> None:
    raise UsageError(f"the weights are not here: run `assistant models pull {name}`.")


def _result(stream: Generator[Notice | None, None, _T]) -> _T:
    while True:
        try:
            next(stream)
        except StopIteration as finished:
            result: _T = finished.value
            return result


def _known(name: ModelName, window: ContextWindow) -> int | None:
    """Return how much a model holds where that is known rather than assumed."""
    return window.context if name.kind == "local" else known_context(name)


def _probe(document: Document) -> tuple[Message, ...]:
    """Return a prompt that no cache has seen, from its first word on."""
    opening = document.text[:_PROBE_CHARACTERS]
    return (
        Message("system", f"[{secrets.token_hex(4)}] You count aloud, in words. Pay no heed to the text."),
        Message("user", f"{opening}\n\nCount from one to twenty, in words."),
    )


# The table


_HEAD = ("model", "first token", "streams", "holds", "reads", "writes", "answered", "cited", "right")


def head(names: Sequence[str]) -> str:
    """Return the table's first line, for rows of these models."""
    return _line(_HEAD, names)


def line(row: Checkup, names: Sequence[str]) -> str:
    """Return one row of the table."""
    cells = (
        visible(row.model),
        "–" if row.first_token_s is None else f"{row.first_token_s:.2f} s",
        {None: "–", True: "yes", False: "no"}[row.streams],
        "–" if row.context is None else f"{row.context:,}",
        "–" if row.reads is None else f"{row.reads:,.0f}/s",
        "–" if row.writes is None else f"{row.writes:,.1f}/s",
        *("–" if count is None else f"{count} of {len(QUESTIONS)}" for count in (row.answered, row.cited, row.right)),
    )
    return f"{_line(cells, names)}{f'  {visible(row.trouble)}' if row.trouble else ''}"


def _line(cells: Sequence[str], names: Sequence[str]) -> str:
    width = max(map(len, [*names, EXTRACTIVE]))
    rest = (f"{cell:>{max(len(top), 8)}}" for cell, top in zip(cells[1:], _HEAD[1:], strict=True))
    return "  ".join([f"{cells[0]:<{width}}", *rest])
