"""The terminal: ask, add, list, rename and remove articles, list and pull models, start the app.

Every command imports what it needs when it runs: ``--help`` answers at once, and ``ask`` never loads the browser app.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from assistant.exits import ABSTAINED, ANSWERED, USER_ERROR, complain, told
from assistant.quiet import keep_quiet
from assistant.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from assistant.terminal import Status
    from assistant.wiring import Application
    from index.build import Progress
    from index.types import Document

_LONGEST_STDIN = 1_000_000
"""Bytes."""
_CHANGES = ("added", "updated", "unchanged", "failed")
"""In the order in which they are counted up."""

app = typer.Typer(
    name="assistant",
    help="Ask an article; every sentence of the answer opens the sentence that proves it.",
    epilog="Articles, index, weights and conversations stand in one folder: ASSISTANT_HOME, if that is set. "
    "CHROMA_URL, if that is set, is the Chroma server that has the index.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(rich_markup_mode=None)
index_app = typer.Typer(rich_markup_mode=None)
app.add_typer(index_app, name="index", short_help="List the library's indexes, or delete those not in use.")
app.add_typer(models_app, name="models", short_help="List the models, try them out, or pull one.")

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="extractive, local:NAME (see `assistant models`), local:/path/to.gguf, PROVIDER:MODEL, scripted:FILE, or "
        "a name of your own from models.toml in the home folder.",
    ),
]
EmbedderName = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
        help="e5-multilingual, minilm, a sentence-transformers folder, or a hub id fetched before. "
        "Default: the one the library is indexed with (`assistant index status`).",
    ),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="An article's id, as `assistant articles` lists it.")]


def main() -> None:
    """Run the command line."""
    keep_quiet()
    app(prog_name="assistant")


@app.command(short_help="Answer a question.")
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question; - reads it from standard input.")],
    article: Annotated[
        str | None,
        typer.Option(
            "--article",
            "-a",
            metavar="FILE|URL|ID",
            help="A file or page, asked alone and not added to the library, or an article's id. "
            "Default: the whole library.",
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    unproven: Annotated[
        bool, typer.Option("--unproven", help="Show sentences the article does not prove too, marked.")
    ] = False,
) -> None:
    """Answer a question; every sentence cites the article sentence that proves it.

    Exit status: 0 answered, 3 the article does not say, 1 an error you can mend, 2 wrong usage.
    """
    from assistant.question import checked_question
    from assistant.terminal import Status, print_answer, print_json

    with _application(model, embedder) as application:
        asked = checked_question(_typed(question), longest=application.settings.longest_question)
        document, articles = _scope(application, article)
        application.check(model)
        # A local model loads while the embedder does.
        application.prepare(model, pull=_not_here)
        with ExitStack() as opened:
            with Status() as status:
                status.show("opening the articles…")
                if document:
                    index = opened.enter_context(application.index_of([document]))
                else:
                    index = application.index(_progress(status))
            events = application.assistant(model, index).stream(asked, articles=articles, strict=not unproven)
            opened.callback(events.close)
            answer = print_json(events) if as_json else print_answer(events)
        if answer.interrupted:
            complain(answer.interrupted)
            raise typer.Exit(USER_ERROR)
        raise typer.Exit(ABSTAINED if answer.abstained else ANSWERED)


@app.command(short_help="Add articles to the library.")
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

    What is there already is left as it is: after an interruption the same command goes on. What cannot be added does
    not stop the others; the exit status is then 1. Only an address you name is fetched, from the public internet alone.
    """
    from collections import Counter

    from assistant.intake import named
    from assistant.terminal import Status, visible

    changes: Counter[str] = Counter()
    with _application() as application:
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


@app.command(short_help="List the library.")
def articles(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORD", help="Only articles with these in title, author or site.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List the articles of the library, by title: the id, the title, and what is known of author, date and length."""
    from dataclasses import asdict

    from assistant.terminal import json_line, visible

    with _application() as application:
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


@app.command(short_help="Give an article another title.")
def rename(id: Id, title: Annotated[str, typer.Argument(metavar="TITLE")]) -> None:
    """Give an article another title; it stays when the article is updated."""
    from assistant.terminal import visible

    with _application() as application:
        card = application.shelf.rename(id, title)
        typer.echo(f"renamed    {card.id}  {visible(card.title)}")


@app.command(short_help="Take an article out of the library.")
def remove(id: Id) -> None:
    """Take an article out of the library; `restore` undoes this for a month. Its file stays where it is."""
    from assistant.terminal import visible

    with _application() as application:
        card = application.shelf.remove(id)
        typer.echo(f"removed    {card.id}  {visible(card.title)}")


@app.command(short_help="Bring a removed article back.")
def restore(id: Id) -> None:
    """Bring an article back that was removed in the last month."""
    from assistant.terminal import visible

    with _application() as application:
        card = application.shelf.restore(id)
        typer.echo(f"restored   {card.id}  {visible(card.title)}")


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
    from assistant.catalogue import CATALOGUE
    from assistant.terminal import visible

    with _application() as application:
        own = application.configured.models()
        rows = []
        for choice in application.models():
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
        for line in application.left_out():
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
    """Try models out, a row each.

    It tells the time to the first token, whether a reply streams, the tokens the model holds, those it reads and writes
    a second, and how many of three questions about the bundled article it answered, cited and had right. Nothing is
    downloaded, and no row takes more than five minutes. Exit status: 0 when every model can answer, 1 when one cannot;
    its row says why.
    """
    from assistant import checkup
    from assistant.terminal import Status, json_line

    with _application() as application, Status() as status:
        chosen = checkup.chosen(application, names or [])
        status.show("opening the bundled article…")
        rows = []
        with application.index_of([checkup.article()], progress=_progress(status)) as index:
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

    An interrupted pull goes on where it stopped. Weights that are here already are read and verified again. Once the
    default model is here, the reader is cut out of it (half a minute, 730 MB more).
    """
    from assistant.reader import ensure_cut
    from assistant.terminal import Status
    from assistant.weights import WeightsFolder
    from assistant.weights_progress import rich_progress

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
            status.show("cutting the reader out of the model (half a minute, once)…")
            ensure_cut(home, weights)
        typer.echo(str(path))


@app.command(short_help="Search the library with another embedder.")
def reindex(
    embedder: Annotated[
        str | None,
        typer.Option("--embedder", metavar="NAME", help="As `assistant ask` takes it. Default: the one in use."),
    ] = None,
) -> None:
    """Build the library's index for an embedder, beside the one in use, and search with it from then on.

    The one in use answers meanwhile, also in a running app, which takes the new one at its next question. Ctrl-C
    changes nothing; what was embedded until then is kept. An embedder that was used before is there at once.
    """
    from assistant.terminal import Status

    with _application() as application:
        name = embedder or application.indexes.embedder
        with Status() as status:
            status.show(f"loading {name}…")
            index = application.indexes.switch(name, _progress(status))
        articles, chunks = index.size
        typer.echo(f"{name} searches {articles:,} articles in {chunks:,} passages")


@index_app.callback(invoke_without_command=True)
def index(context: typer.Context) -> None:
    """List the indexes of the library, one an embedder; `assistant index` alone is `assistant index status`."""
    if context.invoked_subcommand is None:
        status()


@index_app.command("status", short_help="List the indexes of the library.")
def status() -> None:
    """List the indexes of the library (* marks the one in use), with what they hold and their size on disk."""
    with _application() as application:
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
            typer.echo(f"no index for {indexes.embedder} yet; the next question makes it", err=True)
        typer.echo(f"{indexes.vectors():,} vectors are kept: what was embedded once is not embedded again")


@index_app.command("prune", short_help="Delete the indexes that are not in use.")
def prune() -> None:
    """Delete the indexes of embedders that are not in use, damaged ones, and the vectors kept for them.

    No article is touched. An index that another program has open stays.
    """
    with _application() as application:
        pruned = application.indexes.prune()
        for one in pruned.deleted:
            typer.echo(f"deleted    {one.name}  {_bytes(one.size)}")
        for one in pruned.stayed:
            typer.echo(f"stays      {one.name}  another program has it open")
        typer.echo(f"{len(pruned.deleted)} indexes and {pruned.vectors:,} kept vectors deleted")


@app.command(short_help="Start the app in the browser.")
def chat(
    model: Model = DEFAULT_MODEL,
    embedder: EmbedderName = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen. Where others can reach it, the app asks for a password: that in ASSISTANT_PASSWORD, "
            "or one made for this run.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The app's port; 0 takes a free one.", min=0, max=65535)
    ] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the app in the browser.")] = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Ask for none, whoever can reach the app.")
    ] = False,
) -> None:
    """Start the app in the browser; Ctrl-C ends it.

    It answers at once, by quoting, while the model still downloads or loads.
    """
    import os

    own = os.environ.pop("ASSISTANT_PASSWORD", None)  # no child needs it
    with _application(model, embedder) as application:
        from assistant.password import password_for
        from assistant.ui import free_port, serve

        asked = password_for(host, own=own, wanted=not no_password)
        application.check(model)
        free_port(host, port)  # before anything is loaded or downloaded
        with application.preparing():
            serve(
                application,
                host=host,
                port=port,
                open_browser=open_browser,
                password=asked,
                unguarded=no_password,
            )


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
    from assistant.intake import named
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


def _index_now(application: Application) -> None:
    """Make what was added searchable now, so that no question waits for it; without an embedder that comes later."""
    from assistant.terminal import Status
    from index.errors import EmbedderError

    with Status() as status:
        status.show("indexing…")
        try:
            application.index(_progress(status))
        except EmbedderError as error:
            status.say(f"assistant: added, but not searchable yet: {error}")


def _progress(status: Status) -> Progress:
    return lambda done, total: status.show(f"indexing… {done} of {total} passages")


@contextmanager
def _application(model: str = DEFAULT_MODEL, embedder: str | None = None) -> Iterator[Application]:
    """Open the home folder at work, and close it whatever happens."""
    with told() as home:
        from assistant.settings import Settings
        from assistant.wiring import Application

        application = Application(home, Settings(model=model, embedder=embedder))
        try:
            yield application
        finally:
            application.close()


def _bytes(size: int | None) -> str:
    return "on server" if size is None else f"{size / 1e6:.1f} MB"


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count:,} words"
