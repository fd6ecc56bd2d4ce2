"""The library in the terminal: articles are added, listed, updated, renamed, removed and brought back."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from fixtures.commands import BRIDGE, FORMATS, TOWER, run, screen

from assistant.cli.exits import ABSTAINED, ANSWERED, USER_ERROR

UNKNOWN = {"author": None, "published": None, "language": "en", "site": None, "pages": 0}


@pytest.mark.usefixtures("home")
def test_files_are_added_listed_updated_and_removed() -> None:
    for folder, text in (("a", BRIDGE), ("b", TOWER)):
        Path(folder).mkdir()
        Path(folder, "note.md").write_text(text)
    Path("c.txt").touch()
    assert screen(run("add", "a/note.md", "c.txt", "missing.md", "b/note.md")) == (
        USER_ERROR,
        "added      note  The valley bridge\nadded      note-2  The tower\n",
        (
            f"assistant: found c.txt empty; expected {FORMATS}. Check that it was saved.\n"
            "assistant: found no file at missing.md; expected an article. Check the path.\n"
            "2 added, 2 failed\n"
        ),
    )
    assert screen(run("add", "b/note.md", "./a/note.md")) == (
        ANSWERED,
        "unchanged  note-2  The tower\nunchanged  note  The valley bridge\n",
        "2 unchanged\n",
    )
    Path("b", "note.md").write_text(TOWER.replace("oak", "stone"))
    assert screen(run("add", "b/note.md")) == (ANSWERED, "updated    note-2  The tower\n", "")
    asked = run("ask", "What was the tower built of?", "-m", "extractive")
    assert asked.stdout.startswith("The tower was built of stone in 1888. [1]\n")
    assert screen(run("articles")) == (
        ANSWERED,
        "note-2  The tower (8 words)\nnote    The valley bridge (27 words)\n",
        "",
    )
    assert json.loads(run("articles", "--json").stdout) == [
        {**UNKNOWN, "id": "note-2", "title": "The tower", "words": 8},
        {**UNKNOWN, "id": "note", "title": "The valley bridge", "words": 27},
    ]
    assert screen(run("articles", "VALLEY")) == (ANSWERED, "note  The valley bridge (27 words)\n", "")
    assert screen(run("remove", "note-2")) == (ANSWERED, "removed    note-2  The tower\n", "")
    assert screen(run("remove", "note-2")) == (
        USER_ERROR,
        "",
        "assistant: no article 'note-2' in the library. Known: note.\n",
    )
    assert Path("b", "note.md").exists()
    assert run("ask", "What was the tower built of?", "-m", "extractive").exit_code == ABSTAINED
    assert screen(run("restore", "note-2")) == (ANSWERED, "restored   note-2  The tower\n", "")
    assert screen(run("rename", "note-2", "Our  tower")) == (ANSWERED, "renamed    note-2  Our tower\n", "")
    assert screen(run("restore", "note-2")) == (
        USER_ERROR,
        "",
        "assistant: no removed article 'note-2'. Removed in the last month: none.\n",
    )
    asked = run("ask", "What was the tower built of?", "-m", "extractive")
    assert asked.stdout.startswith("The tower was built of stone in 1888. [1]\n")


@pytest.mark.usefixtures("bare_home")
def test_an_empty_library_says_how_to_fill_it() -> None:
    hint = "The library is empty; `assistant add FILE` adds an article.\n"
    assert screen(run("articles")) == (ANSWERED, "", hint)
    assert screen(run("articles", "--json")) == (ANSWERED, "[]\n", "")


def test_a_new_home_holds_the_bundled_article_once(bare_home: Path) -> None:
    (bare_home / "articles" / ".seeded").unlink()
    id = "japan-national-intelligence-secretariat"
    assert [card["id"] for card in json.loads(run("articles", "--json").stdout)] == [id]
    assert run("remove", id).exit_code == ANSWERED
    assert run("articles", "--json").stdout == "[]\n"


@pytest.mark.usefixtures("bare_home")
def test_an_article_can_be_added_before_the_embedder_is_downloaded() -> None:
    Path("tower.md").write_text(TOWER)
    assert screen(run("add", "tower.md")) == (
        ANSWERED,
        "added      tower  The tower\n",
        (
            "assistant: added, but not searchable yet: the weights of embedder 'e5-multilingual' are not here yet. "
            "Run `assistant models pull e5-multilingual`.\n"
        ),
    )
    assert screen(run("ask", "Q", "-m", "extractive")) == (
        USER_ERROR,
        "",
        (
            "assistant: the weights of embedder 'e5-multilingual' are not here yet. "
            "Run `assistant models pull e5-multilingual`.\n"
        ),
    )


@pytest.mark.usefixtures("home")
def test_a_file_name_of_odd_bytes_is_no_trouble() -> None:
    name = os.fsdecode(b"caf\xe9 \x1b[31m.md")
    Path(name).write_text(TOWER)
    assert screen(run("add", name)) == (ANSWERED, "added      caf-31m  The tower\n", "")
    assert screen(run("add", name)) == (ANSWERED, "unchanged  caf-31m  The tower\n", "")
    Path(name).unlink()
    code, out, err = screen(run("add", name))
    assert (code, out) == (USER_ERROR, "")
    assert re.fullmatch(r"assistant: found no file at caf\S* \[31m\.md; expected an article\. Check the path\.\n", err)
