"""A disk that is full, or may not be written: one clear line, the old library whole, and on it goes with room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaign import IS_CAMPAIGN
from trials.disks import can_mount, full_disk, full_under_a_talk, read_only, remounted_read_only, small_disk

pytestmark = pytest.mark.skipif(not can_mount(), reason="needs the right to mount a small disk of memory")


FULL = [("put", 64_000), ("opening", 0)]


@pytest.mark.parametrize(("name", "but"), [*FULL, ("put", 0), ("switch", 100_000)] if IS_CAMPAIGN else FULL)
def test_a_full_disk(name: str, but: int) -> None:
    found = full_disk("ours", but=but, name=name)
    assert found.kind == "right", found


@pytest.mark.parametrize("but", [0, 4096] if IS_CAMPAIGN else [4096])
def test_a_full_disk_under_a_talk(but: int) -> None:
    found = full_under_a_talk(but=but)
    assert found.kind == "right", found


@pytest.mark.parametrize("killed", [False, True])
def test_a_home_that_may_not_be_written_can_be_asked(killed: bool) -> None:
    found = read_only("ours", killed=killed)
    assert found.kind == "right", found


@pytest.mark.timeout(600)
def test_the_command_line_on_a_home_that_may_not_be_written(small_models: Path) -> None:
    def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant", *arguments],
            env=os.environ | {"ASSISTANT_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

    with small_disk() as disk:
        (disk / "home").mkdir()
        (disk / "home" / "models").symlink_to(small_models)
        asked = ("ask", "What is the Central Bridge?", "--model", "extractive", "--embedder", "e5-multilingual")
        first = run(disk / "home", *asked)
        (disk / "a.md").write_text("# A\n\nThe sea is red.\n")
        with remounted_read_only(disk):
            again = run(disk / "home", *asked)
            added = run(disk / "home", "add", str(disk / "a.md"))
            pruned = run(disk / "home", "index", "prune")
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert again.stderr == ""
    assert (added.returncode, len(added.stderr.splitlines())) == (1, 1)
    assert "cannot be written: Read-only file system. Free space, or check its permissions." in added.stderr
    assert (pruned.returncode, len(pruned.stderr.splitlines())) == (1, 1)
