"""Kill a process that adds, updates, removes and reindexes, at every step or at random moments; then look in."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from trials.articles import sentences
from trials.judge import Model, Verdict, library, verdict
from trials.sides import TINY, TWIN
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker

Call = tuple[str, tuple[Any, ...]]
# A kill does not ask whether a disk had written: in memory the same trials take a third of the time.
QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own in it


def home(root: Path) -> Path:
    """Make the rooms of a home folder without the bundled article."""
    for room in ("articles", "index", "models", "conversations", "logs"):
        (root / room).mkdir(parents=True, exist_ok=True)
    (root / "articles" / ".seeded").touch()
    return root


def filled(side: str, root: Path, model: Model) -> Path:
    """Make a home that holds a model's articles, its process ended in peace."""
    with Worker(side, home(root)) as worker:
        for id, held in model.articles.items():
            worker.call("save" if side == "ours" else "put", id, held)
        worker.call("held")
        worker.close()
    return root


def program(side: str, *, count: int) -> list[Call]:
    """Return what a process does until it is killed: three articles added, two replaced, two removed; ours switches."""
    new = [("put", (f"new{n}", sentences(f"new{n}", count=count))) for n in range(3)]
    again = [("put", (f"old{n}", sentences(f"old{n}", version=2, count=count))) for n in (1, 2)]
    calls: list[Call] = [new[0], again[0], ("remove", ("old0",)), new[1], again[1], ("remove", ("new0",)), new[2]]
    if side == "ours":
        calls[2:2] = [("switch", (TWIN,))]
        calls += [("reindex", ()), ("switch", (TINY,)), ("prune", ())]
    return calls


def worked(worker: Worker, model: Model, calls: Sequence[Call]) -> tuple[Model, ...]:
    """Have a process work until it dies; return what was acknowledged, and what it was to become."""
    for name, arguments in calls:
        after = model.after(name, arguments)
        try:
            worker.call(name, *arguments)
        except DiedError:
            return model, after
        model = after
    worker.kill()
    return (model,)


def looked_into(side: str, root: Path, *allowed: Model, times: int = 2) -> Verdict:
    """Return what a new process finds in a home, and the next one: what was mended must be found as well."""
    for _ in range(times):
        with Worker(side, root) as worker:
            found = verdict(worker, *allowed)
            worker.close()
        if found.kind != "right":
            break
    return found


class Kills:
    """Kill trials of one side over one library; a context manager that cleans up behind it."""

    def __init__(self, side: str, *, articles: int = 3, count: int = 6) -> None:
        """Make the home that every trial begins with."""
        self.side = side
        self._folder = Path(tempfile.mkdtemp(prefix="reliability-", dir=QUICK))
        self._model = library(articles, count=count)
        self._calls = program(side, count=count)
        self._template = filled(side, self._folder / "template", self._model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def steps(self) -> int:
        """Return how many steps the whole program takes, the opening included."""
        with self._begun() as (worker, _):
            worker.steps()
            for name, arguments in self._calls:
                worker.call(name, *arguments)
            return worker.steps()

    def at_step(self, step: int) -> Verdict:
        """Kill at the n-th step."""
        with self._begun() as (worker, root):
            worker.arm(step)
            return self._judged(worker, root)

    def seconds(self) -> float:
        """Return how long the whole program takes."""
        with self._begun() as (worker, _):
            began = time.perf_counter()
            for name, arguments in self._calls:
                worker.call(name, *arguments)
            return time.perf_counter() - began

    def at_moment(self, seconds: float) -> Verdict:
        """Kill so long after the beginning."""
        with self._begun() as (worker, root):
            timer = threading.Timer(seconds, worker.process.kill)
            timer.start()
            try:
                return self._judged(worker, root)
            finally:
                timer.cancel()

    def at_flush(self, wait: float) -> Verdict | None:
        """Kill so long after the process begins to write the files of its graph of vectors; None if it never did."""
        with self._begun() as (worker, root):
            before = {path: path.stat().st_mtime_ns for path in root.rglob("*.bin")}
            flushed = threading.Event()

            def watch() -> None:
                while worker.process.is_alive() and not flushed.is_set():
                    if any(path.stat().st_mtime_ns != at for path, at in before.items() if path.exists()):
                        flushed.set()
                        time.sleep(wait)
                        worker.process.kill()

            watching = threading.Thread(target=watch)
            watching.start()
            found = self._judged(worker, root)
            watching.join()
            return found if flushed.is_set() else None

    def system_calls(self) -> list[tuple[str, int]]:
        """Return each call that changes a file, with its number: (name, n-th of its thread)."""
        with self._begun() as (worker, root):
            worker.call("open")
            with traced(worker.process.pid or 0, "-e", f"trace={CHANGING}", log=root / "calls") as log:
                for name, arguments in self._calls:
                    worker.call(name, *arguments)
            return calls_in(log)

    def at_system_call(self, name: str, number: int) -> Verdict:
        """Kill at the n-th call of the system that a thread makes to change a file, before it is done."""
        with self._begun() as (worker, root):
            worker.call("open")
            inject = ("-e", f"inject={name}:signal=KILL:when={number}")
            with traced(worker.process.pid or 0, "-e", f"trace={name}", *inject, log=root / "calls"):
                return self._judged(worker, root)

    def _judged(self, worker: Worker, root: Path) -> Verdict:
        try:
            allowed = worked(worker, self._model, self._calls)
        except (BrokenError, RefusedError, StuckError) as error:
            return Verdict("broken", f"before the kill: {error}")
        return looked_into(self.side, root, *allowed, times=1)

    @contextmanager
    def _begun(self) -> Iterator[tuple[Worker, Path]]:
        root = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(self._template, root, dirs_exist_ok=True, symlinks=True)
        try:
            with Worker(self.side, root) as worker:
                yield worker, root
        finally:
            shutil.rmtree(root, ignore_errors=True)


CHANGING = "pwrite64,write,writev,fsync,fdatasync,ftruncate,rename,unlink,unlinkat,mkdir,rmdir"


def calls_in(log: Path) -> list[tuple[str, int]]:
    """Return each call that strace saw: (name, n-th of its thread)."""
    most: dict[str, int] = {}
    counts: dict[tuple[str, str], int] = {}
    for thread, name in re.findall(r"^(\d+) +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE):
        counts[thread, name] = counts.get((thread, name), 0) + 1
        most[name] = max(most.get(name, 0), counts[thread, name])
    return [(name, n) for name, number in sorted(most.items()) for n in range(1, number + 1)]


@contextmanager
def traced(pid: int, *options: str, log: Path) -> Iterator[Path]:
    """Follow a process and its threads with strace, from before the block to its end."""
    command = ["strace", "-f", "-o", str(log), *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        for line in strace.stderr or ():
            if "attached" in line:
                break
        try:
            yield log
        finally:
            strace.terminate()
            strace.wait()


def random_moments(kills: Kills, number: int, *, seed: int) -> Iterator[tuple[str, Callable[[], Verdict]]]:
    """Yield so many trials at random moments of the program."""
    longest, chance = kills.seconds(), random.Random(seed)  # noqa: S311 - no secret
    for _ in range(number):
        moment = chance.uniform(0, longest)
        yield f"after {moment * 1000:.0f} ms", lambda moment=moment: kills.at_moment(moment)
