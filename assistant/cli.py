"""The terminal: ask, add, list and remove articles, list and pull models, start the app.

Every command imports what it needs when it runs: ``--help`` answers at once, and ``ask`` never loads the browser app.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from assistant.home import Home
    from assistant.wiring import Application

ANSWERED, USER_ERROR, ABSTAINED = 0, 1, 3
_INTERRUPTED = 130

app = typer.Typer(
    name="assistant",
    help="Ask an article; every sentence of the answer opens the sentence that proves it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="List the models, or pull one.", invoke_without_command=True, rich_markup_mode=None)
app.add_typer(models_app, name="models")

Model = Annotated[
    str, typer.Option("--model", "-m", help="extractive, local:NAME, local:/path.gguf, PROVIDER:MODEL, scripted:FILE.")
]
EmbedderName = Annotated[
    str, typer.Option("--embedder", help="minilm, a sentence-transformers folder, or a hub id fetched before.")
]


def main() -> None:
    """Run the command line; known errors are one line on stderr, a traceback goes to the log in the home folder."""
    # Nothing leaves the machine: these are read when the libraries are imported.
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        ANONYMIZED_TELEMETRY="False",
        GRADIO_ANALYTICS_ENABLED="False",
        TOKENIZERS_PARALLELISM="false",
    )
    app()


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    article: Annotated[
        str | None,
        typer.Option(
            "--article", "-a", help="A file to ask alone, or the id of a library article. Default: the whole library."
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = "minilm",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Show sentences the article does not prove, marked.")
    ] = False,
) -> None:
    """Answer a question; exit 0 when answered, 3 when the article does not say, 1 on an error you can mend."""
    from assistant.terminal import print_answer, print_json

    with _application(model, embedder) as application:
        text = sys.stdin.read() if question == "-" else question
        index, articles = _scope(application, article)
        assistant = application.assistant(model, index)
        events = assistant.stream(text, articles=articles, strict=not unproven)
        answer = print_json(events) if as_json else print_answer(events)
        if answer.interrupted:
            typer.echo(answer.interrupted, err=True)
            raise typer.Exit(USER_ERROR)
        raise typer.Exit(ABSTAINED if answer.abstained else ANSWERED)


@app.command()
def add(files: Annotated[list[Path], typer.Argument(help="Articles: .txt, .md or .html files.")]) -> None:
    """Add articles to the library. One that fails does not stop the others."""
    from index.errors import LoadError
    from index.load import load

    failed = 0
    with _application() as application:
        for file in files:
            try:
                document = application.fit_id(load(file), file)
            except LoadError as error:
                failed += 1
                typer.echo(str(error), err=True)
                continue
            typer.echo(f"{application.library.add(document):<9}  {document.id}  {document.title}")
        application.index()
    raise typer.Exit(USER_ERROR if failed else ANSWERED)


@app.command()
def articles(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List the library."""
    with _application() as application:
        cards = application.articles()
        if as_json:
            from dataclasses import asdict

            typer.echo(json.dumps([asdict(card) for card in cards], ensure_ascii=False, indent=1))
            return
        width = max((len(card.id) for card in cards), default=0)
        for card in cards:
            about = ", ".join(part for part in (card.author, card.published, f"{card.words:,} words") if part)
            typer.echo(f"{card.id:<{width}}  {card.title} ({about})")
        if not cards:
            typer.echo("The library is empty; `assistant add FILE` adds an article.", err=True)


@app.command()
def remove(id: Annotated[str, typer.Argument(help="An article's id, as `assistant articles` lists it.")]) -> None:
    """Take an article out of the library."""
    with _application() as application:
        document = application.library.remove(id)
        typer.echo(f"removed    {document.id}  {document.title}")


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the models and say which can run here, and why another cannot."""
    if context.invoked_subcommand is None:
        list_models()


@models_app.command("list")
def list_models() -> None:
    """List the models and say which can run here, and why another cannot."""
    with _application() as application:
        for choice in application.models():
            mark = "*" if choice.name == application.default_model else " "
            typer.echo(f"{mark} {choice.name:<38}  {'ready' if choice.ready else choice.reason}")


@models_app.command("pull")
def pull_model(name: Annotated[str, typer.Argument(help="A catalogue name, with or without local:.")]) -> None:
    """Download a model's weights, verify every byte, and put them in place; an interrupted pull goes on where it stopped."""
    from assistant.weights import WeightsFolder
    from assistant.weights_progress import rich_progress

    with _errors() as home, rich_progress() as progress:
        typer.echo(str(WeightsFolder(home.models).pull(name.removeprefix("local:"), progress=progress)))


@app.command()
def chat(
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = "minilm",
    host: Annotated[str, typer.Option(help="Only loopback addresses are served.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The app's port.", min=0, max=65535)] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the app in the browser.")] = False,
) -> None:
    """Start the app in the browser. It answers at once, by quoting, while the model still downloads or loads."""
    with _application(model, embedder) as application:
        from assistant.ui import serve

        application.check(model)
        with application.preparing():
            serve(application, host=host, port=port, open_browser=open_browser)


def _scope(application: Application, article: str | None) -> tuple[object, tuple[str, ...] | None]:
    """Return the index to ask and the articles to keep to: a file alone, one article of the library, or all of it."""
    from assistant.errors import UsageError
    from index.load import load

    if article is None:
        return application.index(), None
    if article.startswith(("http://", "https://")):
        raise UsageError(
            f"'{article}' is an address; expected a file or an article's id. Save the page and name the file."
        )
    known = {card.id for card in application.articles()}
    if article in known and not Path(article).is_file():
        return application.index(), (article,)
    looks_like_file = (
        Path(article).exists() or "/" in article or Path(article).suffix in {".txt", ".md", ".html", ".htm"}
    )
    if not looks_like_file:
        application.library.get(article)  # raises, naming the known ones
    return application.index_of(load(Path(article))), None


@contextmanager
def _application(model: str = DEFAULT_MODEL, embedder: str = "minilm") -> Iterator[Application]:
    """Open the home folder at work, and close it whatever happens."""
    with _errors() as home:
        from assistant.settings import Settings
        from assistant.wiring import Application
        from index.settings import IndexSettings

        application = Application(home, Settings(model=model, index=IndexSettings(embedder=embedder)))
        try:
            yield application
        finally:
            application.close()


@contextmanager
def _errors() -> Iterator[Home]:
    """Open the home folder, and turn known errors into one line and exit 1; a traceback goes to the log."""
    from assistant.errors import AssistantError
    from assistant.home import open_home
    from index.errors import IndexingError

    try:
        home = open_home()
        logging.basicConfig(
            filename=home.logs / "assistant.log",
            level=logging.WARNING,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        yield home
    except (AssistantError, IndexingError) as error:
        logging.getLogger(__name__).info("stopped by", exc_info=error)
        typer.echo(f"assistant: {error}", err=True)
        raise typer.Exit(USER_ERROR) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of our output left (`… | head`); nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(USER_ERROR) from None
