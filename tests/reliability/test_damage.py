"""Whichever file of the index is torn, and however: the answers are right, or one line says what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from campaign import tried
from trials.damage import Damages


@pytest.fixture(scope="module")
def damages() -> Iterator[Damages]:
    with Damages("ours", articles=2, count=12) as made:
        yield made


def test_of_a_home_at_rest(damages: Damages) -> None:
    every = damages.all()
    assert {"index/cache.sqlite", "articles/.lock"} <= {file for file, _ in every}
    assert {file.rpartition("/")[2] for file, _ in every} >= {"about.json", "chroma.sqlite3", "header.bin"}
    found = {(file, how): damages.cold(file, how) for file, how in every[:: tried(1, 4)]}
    assert {what: one for what, one in found.items() if one.kind != "right"} == {}


def test_under_a_running_app(damages: Damages) -> None:
    torn = [
        (file, how)
        for file, how in damages.all()
        if file.endswith(("chroma.sqlite3", "cache.sqlite", "about.json")) or (how == "deleted" and "." not in file)
    ]
    found = {(file, how): damages.running(file, how) for file, how in torn[:: tried(1, 3)]}
    assert {what: one for what, one in found.items() if one.kind != "right"} == {}


def test_of_the_choice_of_an_embedder(damages: Damages) -> None:
    for name in ("", "\x00", "~nobody-of-this-name/x", "x" * 5000, "a/b/c", "two\nlines", "\ud800"):
        found = damages.chosen(name.encode(errors="surrogatepass"))
        assert found.kind in {"right", "refused"}, (name, found)
        assert "\n" not in found.detail
