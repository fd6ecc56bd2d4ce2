"""Indexes at the terminal: another embedder is switched to, and indexes are listed and deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.cli.opened import indexing, opened

index_app = typer.Typer(rich_markup_mode=None)


def reindex(
    embedder: Annotated[
        str | None,
        typer.Option("--embedder", metavar="NAME", help="As `assistant ask` takes it. Default: the one in use."),
    ] = None,
) -> None:
    """Build the library's index for an embedder, beside the one in use, and search with it from then on.

    Meanwhile the index in use answers, also in a running app, which switches at its next question. Ctrl-C changes
    nothing and keeps what was embedded so far. Switching to an embedder that was used before takes no time.
    """
    from assistant.cli.terminal import Status

    with opened() as application:
        name = embedder or application.indexes.embedder
        with Status() as status:
            status.show(f"loading {name}…")
            index = application.indexes.switch(name, indexing(status))
        articles, chunks = index.size
        typer.echo(f"{name} searches {articles:,} articles in {chunks:,} passages")


@index_app.callback(invoke_without_command=True)
def index(context: typer.Context) -> None:
    """List the indexes of the library, one for each embedder; `assistant index` alone is `assistant index status`."""
    if context.invoked_subcommand is None:
        status()


@index_app.command("status", short_help="List the indexes of the library.")
def status() -> None:
    """List the indexes of the library (* marks the one in use), with what they hold and their size on disk."""
    with opened() as application:
        indexes = application.indexes
        found = indexes.collections()
        used = indexes.in_use(found)
        for one in found:
            what = "set aside as damaged, or unfinished"
            if about := one.about:
                held = f"{about.articles:,} articles, {about.chunks:,} passages of {about.dimension} numbers"
                what = f"{about.embedder}: {held}"
            typer.echo(f"{'*' if one == used else ' '} {one.name}  {_bytes(one.size):>9}  {what}")
        if used is None:
            typer.echo(f"no index for {indexes.embedder} yet; the next question builds it", err=True)
        typer.echo(f"{indexes.vectors():,} vectors are kept, so that nothing is embedded twice")


@index_app.command("prune", short_help="Delete the indexes that are not in use.")
def prune() -> None:
    """Delete the indexes of embedders that are not in use, damaged ones, and the vectors kept for them.

    No article is touched. An index that another program has open stays.
    """
    with opened() as application:
        pruned = application.indexes.prune()
        for one in pruned.deleted:
            typer.echo(f"deleted    {one.name}  {_bytes(one.size)}")
        for one in pruned.stayed:
            typer.echo(f"stays      {one.name}  another program has it open")
        typer.echo(f"{len(pruned.deleted)} indexes and {pruned.vectors:,} kept vectors deleted")


def _bytes(size: int | None) -> str:
    return "on server" if size is None else f"{size / 1e6:.1f} MB"
