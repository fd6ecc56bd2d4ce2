"""A reader who opens the page sees what to begin with, whatever the articles at the top of the library are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from assistant.app.desk import Desk
from assistant.home import Home
from assistant.settings import EXTRACTIVE, Settings
from assistant.wiring import Application
from index.reading.load import load_bytes


def test_articles_that_suggest_nothing_do_not_keep_others_from_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for folder in (home.articles, home.index, home.models, home.conversations, home.logs):
        folder.mkdir()
    (home.articles / ".seeded").touch()
    with closing(Application(home, Settings(model=EXTRACTIVE, reader=False))) as application:
        for name in ("a", "b", "c", "d"):
            application.library.add(load_bytes(f"A line of {name}.".encode(), name=f"{name}.txt"))
        text = b"# The valley\n\nWords.\n\n## The ferry\n\nMore words.\n"
        application.library.add(load_bytes(text, name="valley.md"))
        desk = Desk(application)
        assert "What does the article say about the ferry?" in str(desk.open("", (), "")["history"])
        assert "The ferry?" not in str(desk.open("", ("a",), "")["history"])
