"""Home folders for the commands: bare, with the small weights, and with an article."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fixtures.commands import BRIDGE, run

from assistant.cli.exits import ANSWERED
from assistant.models.embedders import Embedders
from index.library import Library
from index.reading.load import load

if TYPE_CHECKING:
    from index.vectors.embed import SentenceTransformerEmbedder


@pytest.fixture(scope="session")
def embedder(minilm: Path) -> SentenceTransformerEmbedder:
    """The real embedder, loaded once: it takes seconds."""
    from index.vectors.embed import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without weights and articles, and a folder to work in beside it."""
    home, work = tmp_path / "home", tmp_path / "work"
    (home / "articles").mkdir(parents=True)
    (home / "articles" / ".seeded").touch()
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    return home


@pytest.fixture
def home(
    bare_home: Path, small_models: Path, embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home with verified weights but the reader's, and no articles; commands of this process share one embedder."""
    (bare_home / "models").symlink_to(small_models)
    monkeypatch.setattr(Embedders, "load", lambda _self, _name: embedder)
    return bare_home


@pytest.fixture
def bridge(home: Path) -> None:
    """An article that the library holds as ``bridge``."""
    (home.parent / "work" / "bridge.md").write_text(BRIDGE)
    assert run("add", "bridge.md").exit_code == ANSWERED


@pytest.fixture
def shared_home(bare_home: Path, models_folder: Path) -> Path:
    """A home folder with the verified weights, for commands in processes of their own; the library holds a bridge."""
    (bare_home / "models").symlink_to(models_folder)
    Path("bridge.md").write_text(BRIDGE)
    Library(bare_home / "articles").add(load(Path("bridge.md")))
    return bare_home
