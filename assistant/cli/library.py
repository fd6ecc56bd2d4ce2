"""The library at the terminal: articles are added, listed, renamed, removed and brought back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.exits import ANSWERED, USER_ERROR, complain
from assistant.cli.opened import Id, indexing, opened

if TYPE_CHECKING:  # --help needs none of it
    from assistant.wiring import Application

_CHANGES = ("added", "updated", "unchanged", "failed")
"""In the order in which they are counted up."""


def add(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL",
            help="Files (web pages, MHTML, PDF, Word, EPUB, Markdown, text), batches of articles (.jsonl, .csv), "
            "folders of these, or addresses of pages.",
        ),
    ],
) -> None:
    """Add articles to the library, or update those that came from the same place.

    Articles that are there already stay as they are, so after an interruption the same command continues. If one
    cannot be added, the others still are, and the exit status is 1. Only addresses that you name are fetched, and only
    from the public internet.
    """
    from collections import Counter

    from assistant.cli.terminal import Status
    from assistant.library.intake import named
    from assistant.text import visible

    changes: Counter[str] = Counter()
    with opened() as application:
        with Status() as status:
            for taken in application.shelf.take(
                map(named, sources), progress=lambda done, total: status.show(f"adding… {done} of {total}")
            ):
                changes[taken.change] += 1
                status.clear()
                if taken.change == "failed":
                    complain(taken.why)
                    continue
                why = f" ({taken.why})" if taken.why else ""
                typer.echo(f"{taken.change:<9}  {taken.id}  {visible(f'{taken.title}{why}')}")
        if changes["added"] or changes["updated"]:
            _index_now(application)
        if changes.total() > 1:
            typer.echo(", ".join(f"{changes[kind]:,} {kind}" for kind in _CHANGES if changes[kind]), err=True)
        elif not changes:
            complain(
                "nothing to add was found: the folders hold no articles. `assistant add --help` names the formats."
            )
        raise typer.Exit(USER_ERROR if changes["failed"] or not changes else ANSWERED)


def articles(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Only articles with these words in title, author or site."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List the articles of the library, by title: the id, the title, and what is known of author, date and length."""
    from dataclasses import asdict

    from assistant.cli.terminal import json_line
    from assistant.text import visible

    with opened() as application:
        listing = application.shelf.search(" ".join(words or ()), count=sys.maxsize)
        cards = listing.cards
        if as_json:
            typer.echo(json_line([asdict(card) for card in cards], out=sys.stdout, indent=1))
            return
        width = max((len(card.id) for card in cards), default=0)
        for card in cards:
            known = (card.author, card.site, card.published, _words(card.words))
            about = ", ".join(part for part in known if part)
            typer.echo(f"{card.id:<{width}}  {visible(f'{card.title} ({about})')}")
        if not cards:
            none = f"None of {listing.of:,} articles has these words." if listing.of else "The library is empty; "
            typer.echo(none if listing.of else f"{none}`assistant add FILE` adds an article.", err=True)


def rename(id: Id, title: Annotated[str, typer.Argument(metavar="TITLE")]) -> None:
    """Give an article another title; it stays when the article is updated."""
    from assistant.text import visible

    with opened() as application:
        card = application.shelf.rename(id, title)
        typer.echo(f"renamed    {card.id}  {visible(card.title)}")


def remove(id: Id) -> None:
    """Take an article out of the library; `restore` undoes this for a month. Its file stays where it is."""
    from assistant.text import visible

    with opened() as application:
        card = application.shelf.remove(id)
        typer.echo(f"removed    {card.id}  {visible(card.title)}")


def restore(id: Id) -> None:
    """Bring an article back that was removed in the last month."""
    from assistant.text import visible

    with opened() as application:
        card = application.shelf.restore(id)
        typer.echo(f"restored   {card.id}  {visible(card.title)}")


def _index_now(application: Application) -> None:
    """Make what was added searchable now, so that no question waits for it; without an embedder that comes later."""
    from assistant.cli.terminal import Status
    from index.errors import EmbedderError

    with Status() as status:
        status.show("indexing…")
        try:
            application.index(indexing(status))
        except EmbedderError as error:
            status.say(f"assistant: added, but not searchable yet: {error}")


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"
