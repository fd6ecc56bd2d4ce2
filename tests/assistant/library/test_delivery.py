"""What a page sends in rounds is one adding: it ends when all came, when a reader cancels, or when the page is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.library.delivery import Delivery
from assistant.library.intake import Source, Taken
from assistant.library.shelf import Shelf
from index.library import Library


class Indexes:
    """Counts how often the index is brought up to the library."""

    def __init__(self) -> None:
        self.made = 0

    def current(self, tell: Callable[[int, int], None]) -> None:
        tell(1, 1)
        self.made += 1


@pytest.fixture
def indexes() -> Indexes:
    return Indexes()


@pytest.fixture
def shelf(tmp_path: Path, indexes: Any) -> Iterator[Shelf]:
    with closing(Shelf(Library(tmp_path / "articles"), indexes)) as made:
        yield made


def notes(first: int, last: int) -> list[Source]:
    return [Source("upload", f"f/{n}.md", f"# Note {n}\n\nNumber {n} is here.\n".encode()) for n in range(first, last)]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def changes(taken: tuple[Taken, ...]) -> list[str]:
    return [one.change for one in taken]


def test_rounds_are_one_adding_and_indexed_once(shelf: Shelf, indexes: Indexes) -> None:
    delivery = Delivery(5, name="d")
    delivery.give(notes(0, 2), 2)
    assert shelf.receive(delivery) == ""
    until(lambda: delivery.done == 2)
    job = shelf.adding
    assert job is not None
    assert (job.is_running, indexes.made) == (True, 0)
    assert shelf.add(notes(0, 1)) != ""  # another adding waits
    shelf.give("another", notes(9, 10), 5)
    shelf.give("d", notes(2, 3), 4)  # one of these two could not be sent
    until(lambda: delivery.done == 4)
    shelf.give("d", notes(4, 5), 5)
    assert shelf.wait(30)
    job = shelf.adding
    assert job is not None
    assert (job.state, indexes.made) == ("done", 1)
    assert [one.source for one in shelf.taken] == ["f/0.md", "f/1.md", "f/2.md", "f/4.md"]
    assert changes(shelf.taken) == ["added"] * 4


def test_how_far_it_is_counts_through_all_rounds(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    take = Shelf.take

    def watched(self: Shelf, sources: Any, *, progress: Any) -> Iterator[Taken]:
        def tell(done: int, total: int) -> None:
            progress(done, total)
            job = self.adding
            assert job is not None
            seen.append((job.done, job.total))

        yield from take(self, sources, progress=tell)

    monkeypatch.setattr(Shelf, "take", watched)
    delivery = Delivery(4, name="d")
    delivery.give(notes(0, 2), 2)
    delivery.give(notes(2, 4), 4)
    shelf.receive(delivery)
    assert shelf.wait(30)
    assert sorted(set(seen)) == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_cancelling_ends_it_between_rounds_and_what_comes_late_is_not_taken(shelf: Shelf, indexes: Indexes) -> None:
    delivery = Delivery(3, name="d")
    delivery.give(notes(0, 1), 1)
    shelf.receive(delivery)
    until(lambda: delivery.done == 1)
    shelf.cancel()
    assert shelf.wait(30)
    shelf.give("d", notes(1, 3), 3)
    job = shelf.adding
    assert job is not None
    assert (job.state, changes(shelf.taken), indexes.made) == ("cancelled", ["added"], 0)
    assert shelf.add(notes(1, 2)) == ""
    assert shelf.wait(30)
    assert changes(shelf.taken) == ["added"]


def test_a_page_that_is_gone_ends_it_and_what_came_can_be_asked(shelf: Shelf, indexes: Indexes) -> None:
    delivery = Delivery(3, name="d", silent_s=0.1)
    delivery.give(notes(0, 1), 1)
    shelf.receive(delivery)
    assert shelf.wait(30)
    assert shelf.taken[0].change == "added"
    assert shelf.taken[1:] == (Taken("2 files", "failed", why="Not sent: the page was closed."),)
    assert indexes.made == 1
