"""Ask at the terminal: a question enters, its answer with sources leaves, as lines or as one JSON object."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from assistant.cli.exits import ABSTAINED, ANSWERED, USER_ERROR, complain
from assistant.cli.opened import CautionName, EmbedderName, Model, indexing, opened
from assistant.settings import DEFAULT_CAUTION, DEFAULT_MODEL

if TYPE_CHECKING:  # --help needs none of it
    from assistant.wiring import Application
    from index.types import Document

_LONGEST_STDIN = 1_000_000
"""Bytes."""


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question; - reads it from standard input.")],
    article: Annotated[
        str | None,
        typer.Option(
            "--article",
            "-a",
            metavar="FILE|URL|ID",
            help="A file or page to ask alone, without adding it to the library, or an article's id. "
            "Default: the whole library.",
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = None,
    caution: CautionName = DEFAULT_CAUTION,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Also show sentences that the article does not prove, marked.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="If the article does not say, show what the model makes of the nearest sentences, marked as "
            "unproven; the exit status is still 3 unless something is proven.",
        ),
    ] = False,
) -> None:
    """Answer a question; every sentence cites the article sentence that proves it.

    If the article does not say, the answer says so, and the sentences nearest to the question follow.

    Exit status: 0 answered, 3 the article does not say, 1 an error you can fix, 2 wrong usage.
    """
    from assistant.answer.question import Question, checked_question
    from assistant.cli.terminal import Status, print_answer, print_json

    with opened(model, embedder, caution) as application:
        asked = checked_question(_typed(question), longest=application.settings.longest_question)
        document, articles = _scope(application, article)
        application.check(model)
        # A local model loads while the embedder does.
        application.startup.make_ready(model, pull=_not_here)
        with ExitStack() as held:
            with Status() as status:
                status.show("opening the articles…")
                if document:
                    index = held.enter_context(application.index_of([document]))
                else:
                    index = application.index(indexing(status))
            events = application.assistant(model, index).stream(
                Question(asked, articles=articles, strict=not unproven, anyway=anyway)
            )
            held.callback(events.close)
            answer = print_json(events) if as_json else print_answer(events, anyway=anyway)
        if answer.interrupted:
            complain(answer.interrupted)
            raise typer.Exit(USER_ERROR)
        raise typer.Exit(ABSTAINED if answer.abstained else ANSWERED)


def _typed(question: str) -> str:
    """Return the question of the command line, or the one on standard input for ``-``."""
    if question != "-":
        return question
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        typer.echo("Type the question, then Ctrl-D on an empty line.", err=True)
    return sys.stdin.buffer.read(_LONGEST_STDIN).decode(errors="replace")


def _scope(application: Application, article: str | None) -> tuple[Document | None, tuple[str, ...] | None]:
    """Return what to ask: a file's or page's article alone, or the ids of the library's to keep to, None for all."""
    from assistant.library.intake import named
    from index.reading.formats import SUFFIXES

    if article is None:
        return None, None
    source = named(article)
    if source.given == "url" or _exists(article):
        return application.shelf.one(source), None
    known = {card.id for card in application.articles()}
    if article not in known and ("/" in article or Path(article).suffix.lower() in SUFFIXES):
        application.shelf.one(source)  # raises, saying what it found
    return None, (application.document(article).id,)


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):  # too long for a file's name, or no name at all
        return False


def _not_here(name: str) -> NoReturn:
    from assistant.errors import UsageError

    raise UsageError(
        f"the weights of {name} are not here yet. Run `assistant models pull {name}`, or ask with --model extractive."
    )
