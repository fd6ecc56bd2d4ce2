"""Whether there is news for a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from assistant.app.news import news
from assistant.jobs import Job
from assistant.workbench import Workbench
from index.errors import UnknownArticleError


class Home:
    """What the pages show of a home folder, as a test wants it."""

    def __init__(self) -> None:
        self.cards: tuple[str, ...] = ("bridge",)
        self.shelf = SimpleNamespace(adding=None, taken=(), delivery=None)
        self.stock = SimpleNamespace(jobs=(), embedders=lambda: ("minilm",), unused_bytes=lambda: 0)
        self.roster = SimpleNamespace(choices=lambda: ("extractive",), left_out=lambda: ())
        self.broken = False

    def articles(self) -> tuple[str, ...]:
        if self.broken:
            raise UnknownArticleError("the library cannot be read")
        return self.cards


def words(home: Any) -> list[str]:
    return news(cast("Workbench", home)).split(" ")


def test_nothing_new_is_the_same_word() -> None:
    home = Home()
    assert words(home) == words(home)


def test_another_article_is_news_of_the_articles_alone() -> None:
    home = Home()
    articles, models = words(home)
    home.cards = ("bridge", "tower")
    assert words(home)[0] != articles
    assert words(home)[1] == models


def test_a_job_that_goes_on_is_news_of_the_models_alone() -> None:
    home = Home()
    articles, models = words(home)
    home.stock.jobs = (Job("pull", "small", done=1, total=9),)
    begun = words(home)
    home.stock.jobs = (Job("pull", "small", done=2, total=9),)
    assert len({models, begun[1], words(home)[1]}) == 3
    assert words(home)[0] == articles


def test_a_library_that_cannot_be_read_is_news_and_no_failure() -> None:
    home = Home()
    before = words(home)
    home.broken = True
    assert words(home)[0] != before[0]
    assert words(home)[1] == before[1]
