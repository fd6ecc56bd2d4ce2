"""The commands of the terminal: one module for each group of commands.

Every command imports what it needs when it runs: ``--help`` answers at once, and ``ask`` never loads the browser app.
"""

from __future__ import annotations

import typer

from assistant.cli.ask import ask
from assistant.cli.chat import chat
from assistant.cli.indexes import index_app, reindex
from assistant.cli.library import add, articles, remove, rename, restore
from assistant.cli.models import models_app
from assistant.cli.quiet import keep_quiet

app = typer.Typer(
    name="assistant",
    help="Ask an article a question; every sentence of the answer cites the sentence that proves it.",
    epilog="ASSISTANT_HOME names the one folder for articles, index, weights and conversations. "
    "CHROMA_URL names a Chroma server for the index.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(index_app, name="index", short_help="List the library's indexes, or delete those not in use.")
app.add_typer(models_app, name="models", short_help="List the models, try them out, or pull one.")
app.command(short_help="Answer a question.")(ask)
app.command(short_help="Add articles to the library.")(add)
app.command(short_help="List the library.")(articles)
app.command(short_help="Give an article another title.")(rename)
app.command(short_help="Take an article out of the library.")(remove)
app.command(short_help="Bring a removed article back.")(restore)
app.command(short_help="Search the library with another embedder.")(reindex)
app.command(short_help="Start the app in the browser.")(chat)


def main() -> None:
    """Run the command line."""
    keep_quiet()
    app(prog_name="assistant")
