"""What a reader does at the app, and what a page that is not ours could send in their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.app.desk import Ask, Desk
from assistant.home import Home
from assistant.settings import EXTRACTIVE, Settings
from assistant.wiring import Application
from index.reading.load import load_bytes


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    home = Home(tmp_path)
    for folder in (home.articles, home.index, home.models, home.conversations, home.logs):
        folder.mkdir()
    (home.articles / ".seeded").touch()
    with closing(Application(home, Settings(model=EXTRACTIVE, reader=False))) as application:
        yield application


@pytest.mark.parametrize("model", ["scripted:replies.json", "local:./any.gguf", "openai:gpt-4.1"])
def test_a_page_cannot_ask_a_model_that_is_not_offered(application: Application, model: str) -> None:
    for ask in (Ask("Why?", "", "page", model=model), Ask("Why?", "", "page", beside=model)):
        [screen] = Desk(application).ask(ask)
        assert "This model is no longer known; reload the page." in screen["note"]
        assert "refused" in screen["receipt"]


def test_articles_that_suggest_nothing_do_not_keep_others_from_it(application: Application) -> None:
    for name in ("a", "b", "c", "d"):
        application.library.add(load_bytes(f"A line of {name}.".encode(), name=f"{name}.txt"))
    text = b"# The valley\n\nWords.\n\n## The ferry\n\nMore words.\n"
    application.library.add(load_bytes(text, name="valley.md"))
    desk = Desk(application)
    assert "What does the article say about the ferry?" in str(desk.open("", (), "")["history"])
    assert "The ferry?" not in str(desk.open("", ("a",), "")["history"])
