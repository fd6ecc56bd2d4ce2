"""Several processes have the home open at once, and every one of them answers right."""

from __future__ import annotations

import pytest
from campaign import tried
from trials.several import another_place, swapped_embedder, two_apps, two_indexers_and_an_app


def test_two_that_add_and_one_that_is_asked() -> None:
    found = two_indexers_and_an_app("ours", each=tried(4, 2), count=12)
    assert found.kind == "right", found


def test_two_apps_that_chat_add_and_rename() -> None:
    found = two_apps(each=tried(4, 2))
    assert found.kind == "right", found


@pytest.mark.parametrize("copied", [True, False])
def test_a_home_that_is_copied_or_moved_while_it_is_in_use(copied: bool) -> None:
    found = another_place(copied=copied, each=tried(4, 2))
    assert found.kind == "right", found


def test_an_embedder_of_equal_dimension_taken_under_a_running_app() -> None:
    found = swapped_embedder("ours")
    assert found.kind == "right", found
