"""Models at the terminal: they are listed, tried out and pulled."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from assistant.cli.exits import ANSWERED, USER_ERROR, complain, told
from assistant.cli.opened import indexing, opened

models_app = typer.Typer(rich_markup_mode=None)


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models that answer (* marks the default) and the embedders, and say why one cannot run here.

    `assistant models` alone is `assistant models list`.
    """
    if context.invoked_subcommand is None:
        list_models()


@models_app.command("list", short_help="List the models, and say why one cannot run here.")
def list_models() -> None:
    """List the models that answer (* marks the default) and the embedders, and say why one cannot run here."""
    from assistant.models.catalogue import CATALOGUE
    from assistant.text import visible

    with opened() as application:
        own = application.roster.configured.models()
        rows = []
        for choice in application.roster.choices():
            about = f" ({own[choice.name].where})" if choice.name in own else ""
            mark = "*" if choice.name == application.default_model else " "
            rows.append((mark, choice.name, f"{choice.reason or 'ready'}{about}"))
        for name in (name for name, weights in CATALOGUE.items() if weights.kind == "embedder"):
            here = application.weights.is_complete(name)
            rows.append(
                (" ", name, f"embedder, {'ready' if here else f'not downloaded: assistant models pull {name}'}")
            )
        width = max(len(name) for _, name, _ in rows)
        for mark, name, state in rows:
            typer.echo(f"{mark} {name:<{width}}  {visible(state)}")
        for line in application.roster.left_out():
            complain(line)


@models_app.command("check", short_help="Try models out: reach, speed, and three questions with citations.")
def check_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="As `assistant ask -m` takes it. Default: every model that is here or configured."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """Try out each model, and print one row for it.

    The row gives the time to the first token, whether a reply streams, how many tokens the model holds and how many it
    reads and writes per second, and how many of three questions about the bundled article it answered, cited and got
    right. Nothing is downloaded, and no row takes more than five minutes. Exit status: 0 when every model can answer,
    1 when one cannot; its row says why.
    """
    from assistant.cli import checkup
    from assistant.cli.terminal import Status, json_line

    with opened() as application, Status() as status:
        chosen = checkup.chosen(application, names or [])
        status.show("opening the bundled article…")
        rows = []
        with application.index_of([checkup.article()], progress=indexing(status)) as index:
            if not as_json:
                status.clear()
                typer.echo(checkup.head(chosen))
            for name in chosen:
                status.show(f"trying {name}…")
                rows.append(checkup.check(name, application, index))
                status.clear()
                if not as_json:
                    typer.echo(checkup.line(rows[-1], chosen))
        if as_json:
            typer.echo(json_line([row.record() for row in rows], out=sys.stdout, indent=1))
        raise typer.Exit(USER_ERROR if any(row.trouble for row in rows) else ANSWERED)


@models_app.command("pull", short_help="Download a model's weights, or verify those that are here.")
def pull_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A catalogue name, with or without local:.")],
) -> None:
    """Download a model's weights, verify every byte, put them in place, and print where.

    An interrupted pull continues where it stopped. Weights that are here already are read and verified again. Once the
    default model is here, the reader is extracted from it (half a minute, 730 MB more).
    """
    from assistant.cli.terminal import Status
    from assistant.cli.weights_progress import rich_progress
    from assistant.models.weights import WeightsFolder
    from assistant.proof.reader import ensure_cut

    with told() as home:
        name = name.removeprefix("local:")
        weights = WeightsFolder(home.models)
        if weights.is_complete(name):
            with Status() as status:
                status.show(f"verifying {name}…")
                weights.verify(name)
        with rich_progress() as progress:
            path = weights.pull(name, progress=progress)
        with Status() as status:
            # So that no question waits for it.
            status.show("extracting the reader from the model (half a minute, once)…")
            ensure_cut(home, weights)
        typer.echo(str(path))
