"""Whatever moment a process is killed at: nothing acknowledged is lost, nothing is half visible, nobody need help."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign import IS_CAMPAIGN, tried
from trials.articles import sentences
from trials.judge import Model, verdict
from trials.kills import Kills, filled, home, looked_into, random_moments
from trials.worker import DiedError, Worker


@pytest.fixture(scope="module")
def kills() -> Iterator[Kills]:
    with Kills("ours", articles=3, count=6) as made:
        yield made


def test_at_any_step(kills: Kills) -> None:
    steps = kills.steps()
    assert steps > 300  # file operations, and ways into and out of Chroma and SQLite
    found = {step: kills.at_step(step) for step in range(1, steps, steps // tried(16, 5))}
    assert {step: one for step, one in found.items() if one.kind != "right"} == {}


def test_at_any_moment(kills: Kills) -> None:
    found = {name: trial() for name, trial in random_moments(kills, tried(10, 3), seed=7)}
    assert {name: one for name, one in found.items() if one.kind != "right"} == {}


def test_while_chroma_writes_its_graph() -> None:
    with Kills("ours", articles=8, count=60) as large:
        found = {wait: large.at_flush(wait / 1000) for wait in ((0, 1, 3, 8) if IS_CAMPAIGN else (1,))}
    assert {wait: one for wait, one in found.items() if one is None or one.kind != "right"} == {}


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to kill inside Chroma and SQLite")
def test_inside_chroma_and_sqlite(kills: Kills) -> None:
    calls = kills.system_calls()
    assert {"pwrite64", "fsync", "rename"} <= {name for name, _ in calls}
    found = {call: kills.at_system_call(*call) for call in calls[:: len(calls) // tried(6, 3)]}
    assert {call: one for call, one in found.items() if one.kind != "right"} == {}


def test_during_the_first_start_of_all(tmp_path: Path) -> None:
    def never_started(name: str) -> Path:
        root = home(tmp_path / name)
        (root / "articles" / ".seeded").unlink()
        return root

    with Worker("ours", never_started("whole")) as worker:
        worker.steps()
        worker.call("held")
        steps = worker.steps()
    assert steps > 70
    for step in range(1, steps, steps // tried(7, 3)):
        root = never_started(str(step))
        with Worker("ours", root) as worker:
            worker.arm(step)
            with pytest.raises(DiedError):
                worker.call("held")
        with Worker("ours", root) as worker:
            (bundled,) = worker.call("held")
            worker.call("remove", bundled)
            worker.close()
        with Worker("ours", root) as worker:
            assert worker.call("held") == {}  # removed once, it stays away


@pytest.mark.skipif(not IS_CAMPAIGN, reason="a campaign's: torch is imported twice")
@pytest.mark.timeout(600)
def test_with_the_real_embedder(minilm: Path, tmp_path: Path) -> None:
    bridge, oven = ("The bridge opened in 1931.",), ("Bread is baked in the morning.",)
    root = home(tmp_path)
    (root / "models").rmdir()
    (root / "models").symlink_to(minilm.parent)
    (root / "index" / "embedder").write_text("minilm\n")
    with Worker("ours", root, tiny=False) as worker:
        worker.call("put", "bridge", bridge, timeout=400)  # imports torch, and loads it
        worker.arm(40)
        with pytest.raises(DiedError):
            worker.call("put", "oven", oven)
    before = Model({"bridge": bridge})
    with Worker("ours", root, tiny=False) as worker:
        worker.call("held", timeout=400)
        assert verdict(worker, before, before.put("oven", oven)).kind == "right"


def test_what_killed_writers_left_behind_is_cleared_away(tmp_path: Path) -> None:
    # Killed in the middle of a write: a second Index, and the choice of it, stand unfinished.
    model = Model({"one": sentences("one")})
    root = filled("ours", tmp_path, model)
    for step in range(10, 250, tried(45, 110)):
        with Worker("ours", root) as worker:
            worker.call("held")
            worker.arm(step)
            try:
                worker.call("switch", "twin")
                worker.call("switch", "e5-multilingual")
                worker.call("put", "two", sentences("two"))
                worker.call("remove", "two")
            except DiedError:
                pass
    with Worker("ours", root) as worker:
        held = worker.call("held")
        if "two" in held:
            worker.call("remove", "two")
        worker.call("switch", "e5-multilingual")
        worker.call("prune")
        worker.close()
    assert looked_into("ours", root, model).kind == "right"
    folders = [path.name for path in (root / "index").iterdir() if path.is_dir()]
    assert len(folders) == 1
    # At most one unfinished write a kill, and those go with a later write once they are old.
    assert len(list(root.rglob(".writing-*"))) <= 6


def test_the_judge_is_not_blind(tmp_path: Path) -> None:
    model = Model({"one": sentences("one"), "two": sentences("two")})
    root = filled("ours", tmp_path / "ours", model)
    more = model.put("three", sentences("three"))
    assert looked_into("ours", root, more).kind == "lost"
    assert looked_into("ours", root, model.put("one", sentences("one", version=2))).kind == "half"
    # An embedder of equal dimension that did not make the vectors: Chroma alone says nothing.
    root = filled("chroma", tmp_path / "chroma", model)
    with Worker("chroma", root, embedder="twin") as worker:
        assert verdict(worker, model).kind == "wrong"
