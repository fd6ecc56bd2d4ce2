"""A home folder whose index stands on a Chroma server: its commands, its app, and what they say without the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.cli.exits import ANSWERED, USER_ERROR
from assistant.errors import UsageError
from assistant.home import Home, open_home
from assistant.types import Finished
from assistant.wiring import Application
from index.errors import StoreError
from index.reading.load import load_bytes

ARTICLES = {
    "bridge": b"# The bridge\n\nThe bridge opened in 1931. It replaced a ferry.\n\nA toll has never been charged.\n",
    "tower": b"# The tower\n\nThe tower was built of oak in 1888.\n\nIt burned down in 1950, and was built again.\n",
}
QUESTION = "What did the bridge replace?"


@pytest.fixture
def home(small_models: Path, tmp_path: Path, chroma: Any, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home folder with two articles, none indexed yet, minilm in use, and a Chroma server."""
    monkeypatch.setenv("CHROMA_URL", chroma.url)
    return made(tmp_path / "home", small_models, monkeypatch)


def made(root: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("ASSISTANT_HOME", str(root))
    root.mkdir()
    (root / "models").symlink_to(models)
    home = open_home()
    (home.index / "embedder").write_text("minilm\n")
    (home.articles / ".seeded").touch()
    with closing(Application(home)) as application:
        for name, text in ARTICLES.items():
            application.library.add(load_bytes(text, name=f"{name}.md"))
    return home


@pytest.fixture
def twin(minilm: Path, tmp_path: Path) -> str:
    """Another embedder: minilm with a word more among the files that decide."""
    shutil.copytree(minilm, tmp_path / "twin")
    (tmp_path / "twin" / "more.txt").write_text("more")
    return str(tmp_path / "twin")


def typed(*arguments: str) -> tuple[int, list[str], str]:
    ran = CliRunner().invoke(app, list(arguments))
    return ran.exit_code, ran.stdout.splitlines(), ran.stderr


def answer(application: Application) -> str:
    *_, last = application.ask(QUESTION, model="extractive")
    assert isinstance(last, Finished)
    return last.answer.text


def test_the_commands_work_on_the_server_and_leave_other_libraries_alone(
    home: Home, twin: str, small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, lines, said = typed("index")
    assert (code, lines) == (ANSWERED, ["0 vectors are kept, so that nothing is embedded twice"])
    assert "no index for minilm yet" in said
    with closing(Application(home)) as application:
        first = application.index().retrieve(QUESTION, k=1)[0].chunk
        assert application.indexes.switch(twin).retrieve(QUESTION, k=1)[0].chunk == first
        assert application.index().embedder.name == twin
        assert application.indexes.switch("minilm", lambda *_: pytest.fail("embedded again")).size == (2, 2)
    listed = sorted(typed("index", "status")[1][:2])
    assert [line[0] for line in listed] == [" ", "*"]
    assert listed[0].endswith(f"  on server  {twin}: 2 articles, 2 passages of 384 numbers")
    assert listed[1].endswith("  on server  minilm: 2 articles, 2 passages of 384 numbers")
    assert [entry for entry in home.index.iterdir() if entry.is_dir()] == []

    made(tmp_path / "other", small_models, monkeypatch)
    assert typed("remove", "tower")[0] == ANSWERED
    assert typed("reindex")[1] == ["minilm searches 1 articles in 1 passages"]
    assert typed("index", "prune")[1] == ["0 indexes and 0 kept vectors deleted"]
    monkeypatch.setenv("ASSISTANT_HOME", str(home.root))
    code, lines, _ = typed("index", "prune")
    assert lines[0].startswith("deleted    article-assistant-")
    assert lines[1:] == ["1 indexes and 2 kept vectors deleted"]
    assert [line.partition("on server")[2] for line in typed("index")[1][:-1]] == [
        "  minilm: 2 articles, 2 passages of 384 numbers"
    ]

    # Without a server the same library is searched in its folder, and with it again as before.
    monkeypatch.delenv("CHROMA_URL")
    assert typed("reindex")[1] == ["minilm searches 2 articles in 2 passages"]
    assert [(line[0], "on server" in line) for line in typed("index")[1][:-1]] == [("*", False)]
    monkeypatch.setenv("CHROMA_URL", str(home.server))
    assert [(line[0], "on server" in line) for line in typed("index")[1][:-1]] == [("*", True), (" ", False)]


@pytest.fixture
def running(home: Home) -> Iterator[Application]:
    with closing(Application(home)) as application:
        yield application


def test_an_app_outlives_its_server(running: Application, chroma: Any) -> None:
    first = answer(running)
    assert "ferry" in first
    for wipe in (False, True):
        chroma.kill(wipe=wipe)
        with pytest.raises(
            StoreError, match=r"^the Chroma server at http://127.0.0.1:\d+ does not answer \(.*\)\. Start"
        ):
            answer(running)
        code, _, said = typed("ask", QUESTION, "-m", "extractive")
        assert (code, len(said.splitlines())) == (USER_ERROR, 1)
        chroma.start()
        assert answer(running) == first


def test_an_app_that_starts_before_its_server_finds_it_later(running: Application, chroma: Any) -> None:
    chroma.kill()
    for _ in range(2):
        with pytest.raises(StoreError, match="does not answer"):
            answer(running)
    chroma.start()
    assert "ferry" in answer(running)


def test_a_file_can_be_asked_without_the_server(home: Home, chroma: Any) -> None:
    chroma.kill()
    article = home.root / "bridge.md"
    article.write_bytes(ARTICLES["bridge"])
    assert typed("ask", QUESTION, "--article", str(article), "-m", "extractive")[0] == ANSWERED


def test_two_apps_of_one_home_both_search_what_one_of_them_added(running: Application, home: Home) -> None:
    with closing(Application(home)) as other:
        assert answer(running) == answer(other)
        other.library.add(load_bytes(b"The lighthouse was lit in 1902.", name="light.md"))
        for application in (other, running):
            found = application.index().retrieve("When was the lighthouse lit?", k=1)
            assert found[0].chunk.document == "light"
        (held,) = running.indexes.collections()
        assert held.about is not None
        assert held.about.articles == len(ARTICLES) + 1


@pytest.mark.usefixtures("home")
def test_what_is_no_address_is_one_line_that_shows_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_URL", "http://me:hush@127.0.0.1:port")
    line = (
        "CHROMA_URL is not a Chroma server's address: its host or its port is not valid. "
        "Set it to one (http://127.0.0.1:8000), or unset it."
    )
    with pytest.raises(UsageError) as caught:
        open_home()
    assert str(caught.value) == line
    assert typed("ask", QUESTION) == (USER_ERROR, [], f"assistant: {line}\n")


def test_a_token_is_in_no_line_and_no_log(home: Home, chroma: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_URL", chroma.url.replace("http://", "http://hush-token@"))
    assert typed("ask", QUESTION, "-m", "extractive")[0] == ANSWERED
    chroma.kill()
    code, lines, said = typed("ask", QUESTION, "-m", "extractive")
    assert (code, len(said.splitlines())) == (USER_ERROR, 1)
    logs = "".join(log.read_text() for log in home.logs.iterdir())
    assert chroma.url in logs
    assert "hush" not in f"{lines} {said} {logs}"
