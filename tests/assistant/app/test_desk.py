"""What a reader does at a page becomes what the page shows and what is kept, whatever other pages and programs send."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.answer.question import Question
from assistant.app.desk import Ask, Desk
from assistant.home import Home
from assistant.settings import EXTRACTIVE, Settings
from assistant.types import Answer, Event, Finished
from assistant.wiring import Application
from index.reading.load import load_bytes

CONVERSATION = "0123456789abcdef" * 2
EXTRACTIVE_ALONE = Settings(model=EXTRACTIVE, reader=False)


def opened(root: Path) -> Home:
    home = Home(root)
    for folder in (home.articles, home.index, home.models, home.conversations, home.logs):
        folder.mkdir()
    (home.articles / ".seeded").touch()
    return home


@pytest.mark.parametrize("model", ["scripted:replies.json", "local:./any.gguf", "openai:gpt-4.1"])
def test_a_page_cannot_ask_a_model_that_is_not_offered(tmp_path: Path, model: str) -> None:
    with closing(Application(opened(tmp_path), EXTRACTIVE_ALONE)) as application:
        for ask in (Ask("Why?", "", "page", model=model), Ask("Why?", "", "page", beside=model)):
            [screen] = Desk(application).ask(ask)
            assert "This model is no longer known; reload the page." in screen["note"]
            assert "refused" in screen["receipt"]


def test_articles_that_suggest_nothing_do_not_keep_others_from_it(tmp_path: Path) -> None:
    with closing(Application(opened(tmp_path), EXTRACTIVE_ALONE)) as application:
        for name in ("a", "b", "c", "d"):
            application.library.add(load_bytes(f"A line of {name}.".encode(), name=f"{name}.txt"))
        text = b"# The valley\n\nWords.\n\n## The ferry\n\nMore words.\n"
        application.library.add(load_bytes(text, name="valley.md"))
        desk = Desk(application)
        assert "What does the article say about the ferry?" in str(desk.open("", (), "")["history"])
        assert "The ferry?" not in str(desk.open("", ("a",), "")["history"])


class Echo(Application):
    """An app that needs no index to answer."""

    def ask(self, question: Question | str, **_: Any) -> Generator[Event]:
        """Answer at once."""
        assert isinstance(question, Question)
        text = question.text
        yield Finished(Answer(text, text, f"On {text}", abstained=False, model="extractive", embedder=""))


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    """Two apps of one home."""
    home = opened(tmp_path)
    with closing(Echo(home, EXTRACTIVE_ALONE)) as one, closing(Echo(home, EXTRACTIVE_ALONE)) as other:
        yield Desk(one), Desk(other)


def kept(desk: Desk) -> list[str]:
    return [exchange.answer.text for exchange in desk._workbench.conversations.exchanges(CONVERSATION)]


def test_an_answer_that_is_given_anew_takes_no_others_place(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    list(one.ask(Ask("one?", CONVERSATION, "page 1")))
    anew = one.ask(Ask("one?", CONVERSATION, "page 1", again=True))
    assert next(anew)["running"]
    next(anew)  # it has read the conversation
    list(other.ask(Ask("two?", CONVERSATION, "page 2")))
    assert "On one?" in str(list(anew)[-1]["history"])
    assert kept(one) == ["On one?", "On two?"]
    # A page that has not seen the second answer yet has the first one given anew: not in the second one's place.
    list(one.ask(Ask("one?", CONVERSATION, "page 1", again=True)))
    assert kept(other) == ["On one?", "On two?", "On one?"]


def test_an_answer_that_cannot_be_kept_is_shown_with_one_line(
    desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = desks
    list(desk.ask(Ask("one?", CONVERSATION, "page")))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("index.files.os.fsync", full)
        last = list(desk.ask(Ask("two?", CONVERSATION, "page")))[-1]
        rated = desk.rate(CONVERSATION, 0, "up")
    assert "On one?" in last["history"]
    assert "On two?" in last["history"]
    assert "This answer is shown but could not be saved: the folder of conversations" in last["note"]
    assert "No space left on device. Free space, or check its permissions." in last["note"]
    assert list(rated) == ["note"]
    assert "No space left on device" in rated["note"]
    assert kept(desk) == ["On one?"]
    list(desk.ask(Ask("three?", CONVERSATION, "page")))
    assert kept(desk) == ["On one?", "On three?"]
