"""What a home keeps of its user beside the index: killed while it is saved, it is as before or as after, and all there.

A conversation, an opinion on an answer, a case of the user's own set, an article's title, a removed article.
"""

from __future__ import annotations

import copy
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from trials.articles import sentences, text
from trials.judge import Verdict
from trials.kills import CHANGING, QUICK, Call, calls_in, home, traced
from trials.worker import BrokenError, DiedError, RefusedError, StuckError, Worker

TALK, OTHER = f"{1:032x}", f"{2:032x}"
Belongings = dict[str, Any]

ACTS: dict[str, Call] = {
    "an exchange": ("chat", (TALK, "third")),
    "a rating": ("rate", (TALK, 0, "up")),
    "an eval case": ("case", ("Who steers?",)),
    "another title": ("rename", ("ada", "The sea")),
    "a removed article": ("restore", ("pdf",)),
}


def before() -> Belongings:
    """Return what the home of these trials holds."""
    return {
        "articles": {id: (id, text(sentences(id)), False) for id in ("ada", "bea")},
        "conversations": {TALK: [("first", None), ("second", "down")], OTHER: [("other", None)]},
        "cases": ["Who rows?"],
    }


def after(*acts: str) -> Belongings:
    """Return what it holds after some acts."""
    held = copy.deepcopy(before())
    talk = held["conversations"][TALK]
    for act in acts:
        if act == "an exchange":
            talk.append(("third", None))
        elif act == "a rating":
            talk[0] = ("first", "up")
        elif act == "an eval case":
            held["cases"].append("Who steers?")
        elif act == "another title":
            held["articles"]["ada"] = ("The sea", *held["articles"]["ada"][1:])
        else:
            held["articles"]["pdf"] = ("pdf", text(sentences("pdf")), True)
    return held


def furnished(root: Path) -> Path:
    """Make a home that holds what ``before`` says, and an article with its PDF among the removed."""
    with Worker("ours", home(root)) as worker:
        for id in ("ada", "bea"):
            worker.call("save", id, sentences(id))
        worker.call("save_pdf", "pdf", sentences("pdf"))
        worker.call("take_out", "pdf")
        for talk, words in ((TALK, "first"), (TALK, "second"), (OTHER, "other")):
            worker.call("chat", talk, words)
        worker.call("rate", TALK, 1, "down")
        worker.call("case", "Who rows?")
        worker.close()
    return root


class BelongingsKills:
    """Kill trials of each act over one home; a context manager that cleans up behind it."""

    def __init__(self) -> None:
        """Make the home that every trial begins with."""
        self._folder = Path(tempfile.mkdtemp(prefix="reliability-", dir=QUICK))
        self._template = furnished(self._folder / "template")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def steps(self, act: str) -> int:
        """Return how many steps an act takes in a process that has the home open."""
        name, arguments = ACTS[act]
        with self._begun() as (worker, _):
            worker.steps()
            worker.call(name, *arguments)
            return worker.steps()

    def at_step(self, act: str, step: int, *, then: Callable[[Path], object] = lambda _: None) -> Verdict:
        """Kill at the n-th step; ``then`` is what else befalls the home."""
        with self._begun() as (worker, root):
            worker.arm(step)
            return self._judged(worker, root, act, then)

    def at_system_call(self, act: str, name: str, number: int) -> Verdict:
        """Kill at the n-th call of the system of this name, before it is done."""
        with self._begun() as (worker, root):
            inject = ("-e", f"inject={name}:signal=KILL:when={number}")
            with traced(worker.process.pid or 0, "-e", f"trace={name}", *inject, log=root / "calls"):
                return self._judged(worker, root, act)

    def system_calls(self, act: str) -> list[tuple[str, int]]:
        """Return each call that changes a file, with its number: (name, n-th of its thread)."""
        name, arguments = ACTS[act]
        with self._begun() as (worker, root):
            with traced(worker.process.pid or 0, "-e", f"trace={CHANGING}", log=root / "calls") as log:
                worker.call(name, *arguments)
            return calls_in(log)

    def random_moments(self, act: str, number: int, *, seed: int) -> Iterator[tuple[str, Callable[[], Verdict]]]:
        """Yield so many trials killed at random moments of an act."""
        name, arguments = ACTS[act]
        with self._begun() as (worker, _):
            began = time.perf_counter()
            worker.call(name, *arguments)
            longest = time.perf_counter() - began
        chance = random.Random(seed)  # noqa: S311 - no secret
        for _ in range(number):
            moment = chance.uniform(0, longest)
            yield f"{act} after {moment * 1000:.1f} ms", lambda moment=moment: self._at_moment(act, moment)

    def _at_moment(self, act: str, seconds: float) -> Verdict:
        with self._begun() as (worker, root):
            timer = threading.Timer(seconds, worker.process.kill)
            timer.start()
            try:
                return self._judged(worker, root, act)
            finally:
                timer.cancel()

    def _judged(self, worker: Worker, root: Path, act: str, then: Callable[[Path], object] = lambda _: None) -> Verdict:
        """Do the act in a process that dies of it; return what the next one finds, and whether it can go on."""
        name, arguments = ACTS[act]
        allowed = [before(), after(act)]
        try:
            worker.call(name, *arguments)
            allowed = [after(act)]
        except DiedError:
            pass
        except (BrokenError, RefusedError, StuckError) as error:
            return Verdict("broken", f"before the kill: {error}")
        worker.kill()
        then(root)
        try:
            with Worker("ours", root) as again:
                return self._looked_into(again, root, act, allowed)
        except (BrokenError, RefusedError, StuckError, DiedError) as error:
            return Verdict("broken", f"after the kill: {error}")

    def _looked_into(self, worker: Worker, root: Path, act: str, allowed: list[Belongings]) -> Verdict:
        held = worker.call("belongings", [TALK, OTHER])
        if held not in allowed:
            return Verdict("lost", f"{act}: {held}")
        if held == before():
            name, arguments = ACTS[act]
            worker.call(name, *arguments)
            if worker.call("belongings", [TALK, OTHER]) != after(act):
                return Verdict("half", f"{act}: it could not be done again")
        for left in root.rglob(".writing-*"):
            os.utime(left, (0, 0))
        # What a kill left goes with a later write into its folder.
        worker.call("chat", OTHER, "more")
        worker.call("case", "Who swims?")
        worker.call("rename", "bea", "Bea")
        worker.call("take_out", "bea")
        stays = [*root.rglob(".writing-*"), *list(root.rglob("*.pdf"))[1:]]
        return Verdict("half", f"{act}: {stays[0].name} stays") if stays else Verdict("right")

    @contextmanager
    def _begun(self) -> Iterator[tuple[Worker, Path]]:
        root = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(self._template, root, dirs_exist_ok=True)
        try:
            with Worker("ours", root) as worker:
                worker.call("belongings", [TALK, OTHER])  # open, and all imported
                yield worker, root
        finally:
            shutil.rmtree(root, ignore_errors=True)
