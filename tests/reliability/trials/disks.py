"""A home on a small disk of memory: filled to the last bytes, given room again, or made read-only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trials.articles import sentences
from trials.judge import Model, Verdict, library, verdict
from trials.kills import filled, looked_into
from trials.sides import TWIN
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker

_SIZE_MB = 48
_FILLER = "filler"


def can_mount() -> bool:
    """Return whether this machine lets us mount a disk of memory."""
    try:
        with small_disk():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def small_disk() -> Iterator[Path]:
    """Lend a disk of 48 MB."""
    place = Path(tempfile.mkdtemp(prefix="reliability-disk-"))
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "none", str(place))
        try:
            yield place
        finally:
            _run("umount", "-l", str(place))
    finally:
        place.rmdir()


def fill(disk: Path, *, but: int) -> None:
    """Fill a disk so that ``but`` bytes are free."""
    free = shutil.disk_usage(disk).free
    with (disk / _FILLER).open("wb") as file:
        file.write(b"\x00" * max(0, free - but))


def full_disk(side: str, *, but: int, name: str) -> Verdict:
    """Run one call with so many bytes free, and then with room; what was acknowledged must be there all along."""
    model = library(3, count=60)
    with small_disk() as disk:
        root = filled(side, disk / "home", model)
        new = sentences("new", count=400)
        with Worker(side, root) as worker:
            worker.call("open")
            if name != "opening":
                worker.call("held")
            fill(disk, but=but)
            after = model.put("new", new) if name == "put" else model
            arguments = {"put": ("new", new), "switch": (TWIN,), "opening": ()}[name]
            allowed: tuple[Model, ...] = (model, after)
            try:
                worker.call("held" if name == "opening" else name, *arguments)
                allowed = (after,)
            except RefusedError:
                pass
            except (BrokenError, DiedError, StuckError) as error:
                return Verdict("broken", f"on the full disk: {error}")
            for found in (verdict(worker, *allowed), looked_into(side, root, *allowed)):
                if found.kind not in {"right", "refused"}:
                    return Verdict(found.kind, f"on the full disk: {found.detail}")
            (disk / _FILLER).unlink()
            try:
                worker.call("put", "later", sentences("later"))
            except (RefusedError, BrokenError, DiedError, StuckError) as error:
                return Verdict("broken", f"with room again: {error}")
            allowed = tuple(one.put("later", sentences("later")) for one in allowed)
            found = verdict(worker, *allowed)
            worker.close()
        return found if found.kind != "right" else looked_into(side, root, *allowed)


def read_only(side: str, *, killed: bool) -> Verdict:
    """Ask a home that cannot be written, left in peace or killed before."""
    model = library(3, count=60)
    with small_disk() as disk:
        root = filled(side, disk / "home", model)
        if killed:
            with Worker(side, root) as worker:
                worker.call("put", "new", sentences("new"))
                worker.kill()
            model = model.put("new", sentences("new"))
        with remounted_read_only(disk):
            return looked_into(side, root, model)


@contextmanager
def remounted_read_only(disk: Path) -> Iterator[None]:
    """Let nothing be written on a disk, by root neither."""
    _run("mount", "-o", "remount,ro", str(disk))
    try:
        yield
    finally:
        _run("mount", "-o", "remount,rw", str(disk))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
