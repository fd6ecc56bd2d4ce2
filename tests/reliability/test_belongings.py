"""What the user has here beside the index: killed while it is saved, it is as before or as after, and all there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from campaign import tried
from trials.belongings import ACTS, OTHER, BelongingsKills
from trials.judge import Verdict


@pytest.fixture(scope="module")
def kills() -> Iterator[BelongingsKills]:
    with BelongingsKills() as made:
        yield made


def wrong(found: Mapping[Any, Verdict]) -> dict[Any, Verdict]:
    return {what: one for what, one in found.items() if one.kind != "right"}


@pytest.mark.parametrize("act", ACTS)
def test_killed_at_a_step(kills: BelongingsKills, act: str) -> None:
    steps = kills.steps(act)
    assert steps >= 4  # a file opened, the temporary one written and synced, or names changed
    assert wrong({step: kills.at_step(act, step) for step in range(1, steps + 1, max(1, steps // tried(4, 2)))}) == {}


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to kill at a call of the system")
def test_killed_at_a_rename(kills: BelongingsKills) -> None:
    calls = {act: [call for call in kills.system_calls(act) if call[0] == "rename"] for act in ACTS}
    assert all(calls.values())
    assert wrong({(act, call): kills.at_system_call(act, *call) for act in ACTS for call in calls[act]}) == {}


def test_killed_at_any_moment(kills: BelongingsKills) -> None:
    found = {name: trial() for act in ACTS for name, trial in islice(kills.random_moments(act, 2, seed=7), 2)}
    assert wrong(found) == {}


@pytest.mark.parametrize(
    ("file", "kind"),
    [(f"conversations/{OTHER}.json", "lost"), ("sets/mine/cases.jsonl", "broken"), ("articles/.removed/*.pdf", "half")],
)
def test_the_judge_is_not_blind(kills: BelongingsKills, file: str, kind: str) -> None:
    def lose(root: Path) -> None:
        next(root.glob(file)).unlink()

    assert kills.at_step("a removed article", 1, then=lose).kind == kind
