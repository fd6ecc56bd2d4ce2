"""The one folder that holds everything a user has here: articles, index, weights, conversations, logs.

And, for an index that stands elsewhere, the address of the Chroma server that has it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import HomeError, UsageError
from index.vectors.address import Address, parse_address


@dataclass(frozen=True, slots=True)
class Home:
    """Where things stand in the home folder."""

    root: Path
    server: Address | None = None
    """The Chroma server that holds the vectors; None where they stand in ``index``."""

    @property
    def articles(self) -> Path:
        """One JSON file an article: the truth."""
        return self.root / "articles"

    @property
    def index(self) -> Path:
        """Derived from the articles; may be deleted while nothing runs."""
        return self.root / "index"

    @property
    def models(self) -> Path:
        """Verified weights."""
        return self.root / "models"

    @property
    def conversations(self) -> Path:
        """One JSON file a conversation."""
        return self.root / "conversations"

    @property
    def logs(self) -> Path:
        """Tracebacks and the local server's own log."""
        return self.root / "logs"


def open_home() -> Home:
    """Return the home folder, made if it was not there: ASSISTANT_HOME, or the system's place for user data.

    Raises HomeError when it cannot be made, UsageError when CHROMA_URL is no address of a server. One that may not be
    written can still be asked.
    """
    home = Home(_root(), _server())
    try:
        # Questions and articles are the user's own: a new folder is for nobody else's eyes.
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home.articles, home.index, home.models, home.conversations, home.logs):
            folder.mkdir(exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"the home folder {home.root} cannot be used ({error.strerror}: {error.filename}). "
            "Set ASSISTANT_HOME to a folder you can write."
        ) from error
    return home


def _root() -> Path:
    named = os.environ.get("ASSISTANT_HOME")
    if not named:
        from platformdirs import user_data_path

        return user_data_path("article-assistant", appauthor=False)
    try:
        return Path(named).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # an unknown ~user, or links that run in a circle
        raise HomeError(
            f"ASSISTANT_HOME is '{named}', which is no place for a folder ({error}). Set it to a folder you can write."
        ) from error


def _server() -> Address | None:
    named = os.environ.get("CHROMA_URL")
    if not named:
        return None
    try:
        return parse_address(named)
    except ValueError as error:
        raise UsageError(
            f"CHROMA_URL is not a Chroma server's address: {error}. Set it to one (http://127.0.0.1:8000), or unset it."
        ) from None
