"""Fixtures of the measurement's tests: a home folder with the real embedder, and a small set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.home import Home
from assistant.proof.reader import cut_folder, load_probes
from assistant.wiring import Application

BRIDGE = """Elena Ruiz designed the harbor bridge, and it opened in 1931.

The bridge replaced a ferry that had carried coal and timber for sixty years.

The harbor board wanted a tunnel, but a tunnel would have cost twice as much."""
MILL = """The paper mill at Orrin was founded in 1874 by two brothers from Leith.

Flooding closed the mill for most of 1913.

It now employs 140 people and makes labels for bottles."""
QUESTIONS = (
    ("designer", "Who designed the harbor bridge?", ["Elena Ruiz"], "bridge", 0),
    ("opening", "When did the harbor bridge open?", ["1931"], "bridge", 0),
    ("ferry", "What did the ferry carry?", ["coal and timber"], "bridge", 1),
    ("tunnel", "Why was no tunnel built?", ["twice as much"], "bridge", 2),
    ("founding", "When was the paper mill founded?", ["1874"], "mill", 0),
    ("flood", "What closed the mill in 1913?", ["Flooding"], "mill", 1),
    ("staff", "How many people does the mill employ?", ["140"], "mill", 2),
)
OFF_TOPIC = (
    ("moon", "How far away is the moon?", "bridge"),
    ("recipe", "How long should rye bread rise?", "mill"),
    ("piano", "Who tuned the conductor's grand piano?", "mill"),
)


@pytest.fixture(scope="session")
def home(small_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A new home folder that shares the weights, but for the reader."""
    root = tmp_path_factory.mktemp("home")
    (root / "models").symlink_to(small_models)
    for name in ("articles", "index", "conversations", "logs"):
        (root / name).mkdir()
    return Home(root)


@pytest.fixture
def reader_home(models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home folder with the reader, for a command that opens it itself."""
    if not cut_folder(models_folder, load_probes()).is_dir():
        pytest.fail(f"The reader is not in {models_folder}: run `make setup`.")
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(models_folder)
    monkeypatch.setenv("ASSISTANT_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def application(home: Home) -> Iterator[Application]:
    """An application with the real embedder."""
    with closing(Application(home)) as application:
        yield application


@pytest.fixture(scope="session")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of ten cases on two short articles: seven answerable, three not."""
    folder = tmp_path_factory.mktemp("sets") / "small"
    folder.mkdir()
    articles = {"bridge": BRIDGE, "mill": MILL}
    rows = [
        {
            "id": id,
            "question": question,
            "answerable": True,
            "answers": answers,
            "evidence": [{"article": article, "quote": articles[article].split("\n\n")[paragraph]}],
            "articles": [article],
            "lang": "en",
            "tags": ["fact"],
        }
        for id, question, answers, article, paragraph in QUESTIONS
    ]
    rows += [
        {"id": id, "question": question, "answerable": False, "articles": [article], "tags": ["off-topic"]}
        for id, question, article in OFF_TOPIC
    ]
    texts = [{"id": id, "title": id.title(), "lang": "en", "text": text} for id, text in articles.items()]
    for name, lines in (("cases.jsonl", rows), ("articles.jsonl", texts)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder
