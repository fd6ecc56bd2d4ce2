"""What the commands share: the options that several take, and the home folder opened for the time of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.exits import told
from assistant.settings import DEFAULT_CAUTION, DEFAULT_MODEL, Caution

if TYPE_CHECKING:  # --help needs none of it
    from assistant.cli.terminal import Status
    from assistant.wiring import Application
    from index.types import Progress

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
CautionName = Annotated[
    Caution,
    typer.Option(
        "--caution",
        metavar="WORD",
        help="cautious, balanced or bold: how sure the reader must be before the assistant answers. Of 74 questions "
        "that the article answers, the three get 43, 69 or 70 % right and 3, 4 or 9 % wrong; of 26 that it does not "
        "answer, they answer none (docs/quality.md).",
    ),
]
Id = Annotated[str, typer.Argument(metavar="ID", help="An article's id, as `assistant articles` lists it.")]


@contextmanager
def opened(
    model: str = DEFAULT_MODEL, embedder: str | None = None, caution: Caution = DEFAULT_CAUTION
) -> Iterator[Application]:
    """Open the home folder at work, and close it whatever happens."""
    with told() as home:
        from assistant.settings import Settings
        from assistant.wiring import Application

        application = Application(home, Settings(model=model, embedder=embedder).at(caution))
        try:
            yield application
        finally:
            application.close()


def indexing(status: Status) -> Progress:
    """Return what shows how far an index is built."""
    return lambda done, total: status.show(f"indexing… {done} of {total} passages")
