"""An answer's events become lines as they come, or one JSON object: plain text, safe for the terminal it goes to."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, TextIO

from assistant.answer.replies import offer
from assistant.contract import as_text, to_contract
from assistant.text import bare, visible
from assistant.types import (
    Answer,
    Citation,
    Event,
    EvidenceFound,
    Finished,
    Notice,
    Searched,
    Statement,
    StatementReady,
    Waiting,
)
from index.text.language import script_language

ERASED = "\r\x1b[2K"
"""Takes a terminal's line away."""
_WIDEST = 100
"""Columns: longer lines are hard to read."""
OWN_WORDS = "The assistant’s own words"
"""Before a line that no article proves, and that is none of an article's."""


def print_json(events: Iterable[Event], *, out: TextIO | None = None, err: TextIO | None = None) -> Answer:
    """Print the finished answer as the contract's JSON object, on one line; return it. Progress goes to ``err``."""
    out = out or sys.stdout
    with Status(err) as status:
        for event in events:
            if isinstance(event, Finished):
                status.clear()
                print(json_line(to_contract(event.answer), out=out), file=out, flush=True)
                return event.answer
            _tell(event, status)
    raise AssertionError("a stream ends with Finished")


def print_answer(
    events: Iterable[Event], *, anyway: bool = False, out: TextIO | None = None, err: TextIO | None = None
) -> Answer:
    """Print statements with their markers as they come, then the sources; return the answer.

    Notices go to ``err``; so does progress, when that is a terminal. ``anyway`` tells that a model answers also where
    the article does not: then all is printed at the end, for an abstention stands first.
    """
    out = out or sys.stdout
    page = _Page(_columns(out))
    with Status(err) as status:
        for event in events:
            if isinstance(event, StatementReady):
                if anyway:
                    continue
                status.clear()
                # One write: a Ctrl-C between a line and its end would leave the next word on that line.
                print(f"{page.statement(event.statement)}\n", end="", file=out, flush=True)
            elif isinstance(event, Finished):
                status.clear()
                answer = event.answer
                held = map(page.statement, answer.statements) if anyway and not answer.abstained else ()
                if lines := [*held, *page.end(answer)]:
                    print("\n".join([*lines, ""]), end="", file=out, flush=True)
                return answer
            else:
                _tell(event, status)
    raise AssertionError("a stream ends with Finished")


def json_line(value: object, *, out: TextIO, indent: int | None = None) -> str:
    """Return a value as JSON that ``out`` can take, whatever its encoding."""
    encoding = (getattr(out, "encoding", None) or "utf-8").lower().replace("_", "-")
    return as_text(value, indent=indent, ascii_only=encoding not in {"utf-8", "utf8"})


class Status:
    """One line on a terminal that is rewritten while something works, and gone afterwards; nothing elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Take the stream, standard error by default."""
        self._stream = stream or sys.stderr
        self._shown = ""

    def show(self, text: str) -> None:
        """Put text in the line's place, cut to the terminal's width: a line that wraps could not be taken back."""
        columns = _columns(self._stream)
        line = visible(text)[: columns - 1] if columns else ""
        if line != self._shown:
            # Noted first: a Ctrl-C may come as soon as the line is written, and what was not noted is not taken away.
            self._shown = line
            bare(self._stream).write(f"{ERASED}{line}")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Print a line that stays, also where no terminal listens."""
        self.clear()
        print(visible(text), file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            bare(self._stream).write(ERASED)
            self._stream.flush()
            self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


class _Page:
    """The text of an answer: sentences with numbers, then what the numbers stand for."""

    def __init__(self, columns: int | None) -> None:
        self._columns = columns
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._sources: list[Citation] = []

    def statement(self, statement: Statement) -> str:
        """Return a sentence with the numbers of its sources, and why when it is not wholly supported."""
        marks = "".join(f"[{self._number(citation)}]" for citation in statement.citations)
        why = f": {statement.why}" if statement.why else ""
        doubt = "" if statement.verdict == "supported" else f"({statement.verdict}{why})"
        return self._wrapped(" ".join(part for part in (statement.text, marks, doubt) if part), indent="")

    def end(self, answer: Answer) -> list[str]:
        """Return what follows the sentences: the sources, or the refusal and what is offered beside it."""
        lines: list[str] = []
        if answer.abstained:
            words = offer(script_language(answer.question) or "en")
            lines.append(visible(answer.text))
            made = [self.statement(statement) for statement in answer.statements]
            lines += self._under(words.made, made or [words.made_nothing]) if answer.anyway else []
            lines += self._under(words.nearest, [citation.quote for citation in answer.nearest])
        if answer.aside:
            lines.append(self._wrapped(f"{OWN_WORDS}: {answer.aside}", indent=""))
        several = len({citation.document for citation in self._sources}) > 1
        lines += [""] if self._sources else []
        for number, citation in enumerate(self._sources, start=1):
            title = f" ({citation.title})" if several else ""
            lines.append(self._wrapped(f"[{number}] “{citation.quote}”{title}", indent="    "))
        return lines

    def _under(self, heading: str, texts: Sequence[str]) -> list[str]:
        listed = [self._wrapped(f"- {text}", indent="  ") for text in texts]
        return ["", f"{heading}:", *listed] if listed else []

    def _number(self, citation: Citation) -> int:
        key = (citation.document, citation.start, citation.end)
        if key not in self._numbers:
            self._sources.append(citation)
        return self._numbers.setdefault(key, len(self._sources))

    def _wrapped(self, text: str, *, indent: str) -> str:
        if not self._columns:
            return visible(text)
        width = max(20, min(_WIDEST, self._columns - 1))
        return textwrap.fill(
            visible(text), width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )


def _tell(event: Event, status: Status) -> None:
    """Show how far things are, or what the user should know besides the answer."""
    if isinstance(event, Waiting):
        status.show(f"{event.phase}{event.pace}… {event.seconds:.0f} s")
    elif isinstance(event, EvidenceFound):
        found = len(event.evidence)
        status.show(f"found {found} passage{'s' * (found != 1)} in {event.milliseconds} ms; reading…")
    elif isinstance(event, Searched) and event.rewritten:
        status.say(f"searched for: {event.query}")
    elif isinstance(event, Notice):
        status.say(event.text)


def _columns(stream: TextIO) -> int | None:
    """Return the width of a terminal, None for anything else."""
    return shutil.get_terminal_size().columns if stream.isatty() else None
