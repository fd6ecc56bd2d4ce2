"""A reader who does not know what to ask is shown questions that the article can answer, in its language."""

from __future__ import annotations

import dataclasses

import pytest

from assistant.library.starters import starters
from index.reading.load import document_from_text, load_bytes


def of(text: str, **about: str) -> tuple[str, ...]:
    return starters(load_bytes(text.encode(), name=about.get("name", "a.md")))


def test_its_headings_are_asked_about_then_the_names_it_says_often_each_once() -> None:
    text = "# The valley\n\nWords.\n\n## The ferry\n\nElena Ruiz sold it.\n\n## The ferry\n\nElena Ruiz left.\n"
    assert of(text) == (
        "What does the article say about the ferry?",
        "What does the article say about Elena Ruiz?",
    )


@pytest.mark.parametrize(
    "heading",
    [
        *("Introduction", "1. Introduction", "REFERENCES", "はじめに", "Who paid for it?", "tal at example.org", "A"),
        *("mail@example.org", "Desktop Group (http://www.example.org)", "long " * 20),
    ],
)
def test_what_says_nothing_of_the_article_is_not_asked_about(heading: str) -> None:
    assert of(f"# The valley\n\nWords.\n\n## {heading}\n\nMore words.\n") == ()


@pytest.mark.parametrize(
    ("heading", "subject"),
    [
        ("2.1 The old mill", "the old mill"),
        ("3) The old mill.", "the old mill"),
        ("IV. An old mill", "an old mill"),
        ("4 A. Finch", "4 A. Finch"),
        ("The Hague", "The Hague"),
        ("1931 and after", "1931 and after"),
        ("第二章 水車", "水車"),
        ("I think of mills", "I think of mills"),
    ],
)
def test_a_heading_is_asked_about_without_its_number(heading: str, subject: str) -> None:
    text = f"Title here\n\n{heading}\n\nWords of the article stand here."
    document = document_from_text(text, id="a", title="Title here", language="en")
    block = document.blocks[1]
    document = dataclasses.replace(
        document, blocks=(document.blocks[0], dataclasses.replace(block, kind="heading", level=2), *document.blocks[2:])
    )
    assert starters(document) == (f"What does the article say about {subject}?",)


def test_at_most_four_and_those_of_its_author_before_all() -> None:
    headings = "".join(f"## The {name}\n\nWords.\n\n" for name in ("ferry", "mill", "tower", "bridge", "lock"))
    document = load_bytes(f"# The valley\n\nWords.\n\n{headings}".encode(), name="a.md")
    assert len(starters(document)) == 4
    own = dataclasses.replace(document, questions=("Who pays?", "Who rows?"))
    assert starters(own) == ("Who pays?", "Who rows?")


def test_a_japanese_article_is_asked_in_japanese_and_one_without_a_subject_not_at_all() -> None:
    assert of("# 谷\n\n文章です。\n\n## 古い水車\n\nここにも文章があります。\n") == (
        "古い水車について何と書かれていますか。",
    )
    assert of("Only a line of words.", name="a.txt") == ()
