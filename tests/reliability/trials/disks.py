"""A home on a small disk of memory: filled to the last bytes, given room again, or made read-only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trials.articles import sentences
from trials.belongings import ACTS, OTHER, TALK, Belongings, after, furnished
from trials.judge import Model, Verdict, library, verdict
from trials.kills import filled, looked_into
from trials.sides import TWIN
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker

_SIZE_MB = 48
_FILLER = "filler"
_ASKED = "Who is it?"


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


def full_under_a_talk(*, but: int) -> Verdict:
    """Ask in the app, rate, save a case and rename with so many bytes free, and then with room."""
    acts = [act for act in ACTS if act != "a removed article"]  # to bring one back takes no room
    with small_disk() as disk:
        root = furnished(disk / "home")
        with Worker("ours", root) as worker:
            worker.call("page", OTHER, "What is there?")  # all is loaded, and the index made
            fill(disk, but=but)
            try:
                done = [act for act in acts if _is_done(worker, act)]
                found = _belongings(worker)
                (disk / _FILLER).unlink()
                undone = [act for act in acts if act not in done and not _is_done(worker, act)]
            except (RefusedError, BrokenError, DiedError, StuckError) as error:
                return Verdict("broken", str(error))
            worker.close()
        with Worker("ours", root) as worker:
            last = _belongings(worker)
    if but == 0 and done:
        return Verdict("wrong", f"done on a full disk: {done}")
    if undone or found != after(*done) or last != after(*acts):
        return Verdict("lost", f"done: {done}; with room: all but {undone}; then {found}; at last {last}")
    return Verdict("right")


def _is_done(worker: Worker, act: str) -> bool:
    """Do an act as a page does, and return whether it is kept; BrokenError where that is not said in a clear line."""
    name, arguments = ("page", (TALK, _ASKED)) if act == "an exchange" else ACTS[act]
    line = ""
    try:
        shown = worker.call(name, *arguments)
        if act == "an exchange":
            line = shown.get("note", "") if "shown but not kept" in shown.get("note", "") else ""
            if not all(words in shown["history"] for words in ("first", "second", _ASKED)):
                raise BrokenError("the answer is not shown")
    except RefusedError as error:
        line = str(error)
    if line and "No space left on device. Free space, or check its permissions." not in line:
        raise BrokenError(f"{act}: {line}")
    return not line


def _belongings(worker: Worker) -> Belongings:
    """Return what the user has; an answer's words are the app's own, and stand as the trial knows them."""
    held: Belongings = worker.call("belongings", [TALK, OTHER])
    talks = held["conversations"]
    talks[TALK] = [*talks[TALK][:2], *[("third", opinion) for _, opinion in talks[TALK][2:]]]
    talks[OTHER] = talks[OTHER][:1]
    return held


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
