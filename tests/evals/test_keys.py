"""A key that is planted in the environment or in its file is in nothing that leaves: log, line, record, page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from assistant.cli import app as assistant_app
from assistant.home import Home
from assistant.models.embedders import Embedders
from assistant.wiring import Application
from evals.cli import app as evals_app

if TYPE_CHECKING:
    from fixtures.hosted import HostedModel

    from index.vectors.embed import SentenceTransformerEmbedder

KEY = 'sk-canary"7b31\\ee90'
"""With signs that JSON spells another way."""
QUESTION = "Who designed the harbor bridge?"


@pytest.fixture(scope="module")
def embedder(minilm: Path) -> SentenceTransformerEmbedder:
    """The real small embedder, loaded once: it takes seconds."""
    from index.vectors.embed import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))


@pytest.fixture(params=["environment", "file"])
def keyed_home(
    request: pytest.FixtureRequest,
    small_models: Path,
    hosted: HostedModel,
    embedder: SentenceTransformerEmbedder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A home whose model ``mine`` is given the key."""
    monkeypatch.setattr(Embedders, "load", lambda _self, _name: embedder)
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(small_models)
    (home / "key").write_text(KEY)
    (home / "key").chmod(0o600)
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-canary")
    monkeypatch.setenv("MY_KEY", KEY)
    source = 'key_env = "MY_KEY"' if request.param == "environment" else 'key_file = "key"'
    table = f'[mine]\nprovider = "openai"\nmodel = "qwen2.5"\nbase_url = "{hosted.url}"\n{source}\n'
    (home / "models.toml").write_text(table + '[another]\nprovider = "openai"\nmodel = "m"\n')
    return home


def run(app: Any, *arguments: str) -> str:
    """Run a command; return everything it printed."""
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.output


def left_behind(home: Path) -> str:
    """Return all that stands in files of the home, but for the key's own and the weights."""
    files = [path for path in home.rglob("*") if path.is_file() and path.name not in {"key", "models.toml"}]
    kept = [path for path in files if "models" not in path.relative_to(home).parts]
    assert any(path.name == "assistant.log" for path in kept)
    return "".join(path.read_bytes().decode(errors="replace") for path in kept)


def test_a_key_leaves_in_nothing_but_the_request(
    keyed_home: Path, hosted: HostedModel, small_set: Path, tmp_path: Path
) -> None:
    article = tmp_path / "bridge.md"
    article.write_text("# The bridge\n\nElena Ruiz designed the harbor bridge, and it opened in 1931.\n")
    ask = ("ask", QUESTION, "-a", str(article), "-m", "mine")
    printed = run(assistant_app, *ask, "--json")
    assert json.loads(printed)["answer"] == "Elena Ruiz designed the harbor bridge."
    assert json.loads(printed)["model"] == "mine"
    assert hosted.keys[-1] == f"Bearer {KEY}"
    printed += run(evals_app, "run", str(small_set), "-m", "mine", "--limit", "2", "--out", str(keyed_home / "run"))
    hosted.refuses = True  # and says the key back
    refused = run(assistant_app, *ask)
    source = "MY_KEY" if "key_env" in (keyed_home / "models.toml").read_text() else "the key_file of 'mine'"
    assert f"refused the API key (401); check {source}." in refused
    printed += refused + run(assistant_app, "models", "list")
    printed += run(evals_app, "run", str(small_set), "-m", "mine", "--limit", "2", "--out", str(keyed_home / "run2"))
    application = Application(Home(keyed_home))
    page = repr(application.roster.choices())
    application.close()
    behind = left_behind(keyed_home)
    assert "(the key)" in behind  # it would have been in the log
    spelled = {KEY, json.dumps(KEY)[1:-1], repr(KEY)[1:-1], "7b31", "sk-another-canary"}
    assert [form for form in spelled for text in (printed, page, behind) if form in text] == []


def test_a_run_record_says_what_served_the_model(keyed_home: Path, hosted: HostedModel, small_set: Path) -> None:
    run(evals_app, "run", str(small_set), "-m", "mine", "--limit", "1", "--out", str(keyed_home / "run"))
    settings = json.loads((keyed_home / "run" / "run.json").read_text())["settings"]
    host = hosted.url.removeprefix("http://").removesuffix("/v1")
    assert settings["model"] == "mine"
    assert settings["served"] == {"model": "openai:qwen2.5", "host": host, "context": None, "options": {}}
