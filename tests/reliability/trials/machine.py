"""A state machine: add, update, remove, reindex, switch, ask, restart, kill, fail and corrupt, in any order."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from trials.articles import sentences
from trials.damage import HOWS, tear
from trials.judge import Model, verdict
from trials.kills import QUICK, home
from trials.sides import TINY, TWIN
from trials.worker import DiedError, RefusedError, Worker

IDS = st.sampled_from(["ada", "bea", "cyd", "dot", "eve"])
VERSIONS = st.integers(1, 3)
COUNTS = st.sampled_from([1, 4, 12, 30])
EMBEDDERS = st.sampled_from([TINY, TWIN])
STEPS = st.integers(1, 160)
# One of however many there are: what is on disk is no business of hypothesis', and not the same twice.
PICKS = st.integers(0, 9999)
FAULTS = st.sampled_from([errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES, errno.EROFS])
CALLS = st.one_of(
    st.tuples(st.just("put"), IDS, VERSIONS, COUNTS),
    st.tuples(st.just("remove"), IDS),
    st.tuples(st.just("switch"), EMBEDDERS),
    st.tuples(st.just("reindex")),
    st.tuples(st.just("prune")),
)


class HomeMachine(RuleBasedStateMachine):
    """One home folder, one process at work in it, a second now and then, and a dict of what should be there."""

    histories = 0
    """Those that ended right."""

    def __init__(self) -> None:
        super().__init__()
        self.root = home(Path(tempfile.mkdtemp(prefix="reliability-", dir=QUICK)))
        self.model = Model()
        self.worker: Worker | None = None

    @initialize()
    def open(self) -> None:
        """Begin with an empty home."""
        self._worker()

    @rule(id=IDS, version=VERSIONS, count=COUNTS)
    def put(self, id: str, version: int, count: int) -> None:
        """Add or update."""
        self._do(("put", id, version, count))

    @precondition(lambda self: self.model.articles)
    @rule(pick=PICKS)
    def remove(self, pick: int) -> None:
        """Remove one of those there are."""
        self._do(("remove", sorted(self.model.articles)[pick % len(self.model.articles)]))

    @rule(embedder=EMBEDDERS)
    def switch(self, embedder: str) -> None:
        """Search with an embedder."""
        self._do(("switch", embedder))
        assert self._worker().call("state")["embedder"] == embedder

    @rule(call=st.sampled_from([("reindex",), ("prune",)]))
    def tend(self, call: tuple[str]) -> None:
        """Reindex, or prune."""
        self._do(call)

    @rule()
    def query(self) -> None:
        """Ask for every sentence that is there, and some that are gone."""
        self._right(self._worker(), self.model)

    @rule()
    def restart(self) -> None:
        """End in peace, and begin again."""
        self._end()

    @rule()
    def kill(self) -> None:
        """Be killed at rest."""
        self._worker().kill()
        self.worker = None

    @rule(call=CALLS, step=STEPS, fresh=st.booleans())
    def kill_amid(self, call: tuple[Any, ...], step: int, fresh: bool) -> None:
        """Be killed at the n-th step of a call, the opening included where the process is ``fresh``."""
        self._amid(call, step, fresh=fresh, fault=None)

    @rule(call=CALLS, step=STEPS, fresh=st.booleans(), fault=FAULTS)
    def fail_amid(self, call: tuple[Any, ...], step: int, fresh: bool, fault: int) -> None:
        """Have the n-th file operation of a call fail, in the way of a full disk or a lost permission."""
        self._amid(call, step, fresh=fresh, fault=fault)

    @rule(pick=PICKS, how=st.sampled_from(HOWS), seed=st.integers(0, 99), running=st.booleans())
    def corrupt(self, pick: int, how: str, seed: int, running: bool) -> None:
        """Damage a file of the index (not the choice of an embedder: a name cannot be guessed)."""
        if not running:
            self._end()
        index = self.root / "index"
        files = sorted(path for path in index.rglob("*") if path.is_file() and path.name != "embedder")
        if files:
            tear(files[pick % len(files)], how, seed=seed)

    @rule(id=IDS, version=VERSIONS)
    def second_process(self, id: str, version: int) -> None:
        """Have another process add an article, while this one has the home open."""
        self._worker().call("held")
        with Worker("ours", self.root) as other:
            new = sentences(id, version=version, count=5)
            other.call("put", id, new)
            self.model = self.model.put(id, new)
            self._right(other, self.model)
            other.close()

    @invariant()
    def holds_what_was_acknowledged(self) -> None:
        """Nothing lost, nothing half visible, after every step."""
        assert self._worker().call("held") == self.model.texts()

    def teardown(self) -> None:
        """Look in once more, with a new process."""
        try:
            self._end()
            self._right(self._worker(), self.model)
            HomeMachine.histories += 1
        finally:
            if self.worker is not None:
                self.worker.close()
            shutil.rmtree(self.root, ignore_errors=True)

    def _do(self, call: tuple[Any, ...]) -> None:
        name, arguments = self._as_call(call)
        self._worker().call(name, *arguments)
        self.model = self.model.after(name, arguments)

    def _amid(self, call: tuple[Any, ...], step: int, *, fresh: bool, fault: int | None) -> None:
        name, arguments = self._as_call(call)
        if name == "remove" and arguments[0] not in self.model.articles:
            return
        if fresh:
            self._end()
        after = self.model.after(name, arguments)
        worker = self._worker()
        worker.arm(step, fault=fault)
        try:
            worker.call(name, *arguments)
            self.model = after
            worker.arm(0)
        except RefusedError:  # a fault, or nothing to prune
            worker.arm(0)
        except DiedError:
            assert fault is None
            self.worker = None
        if self.model != after:
            held = self._worker().call("held")
            assert held in (self.model.texts(), after.texts())
            self.model = after if held == after.texts() else self.model

    def _as_call(self, call: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        if call[0] == "put":
            _, id, version, count = call
            return "put", (id, sentences(id, version=version, count=count))
        return call[0], tuple(call[1:])

    def _right(self, worker: Worker, *allowed: Model) -> None:
        found = verdict(worker, *allowed)
        assert found.kind == "right", f"{found.kind}: {found.detail}"

    def _worker(self) -> Worker:
        if self.worker is None:
            self.worker = Worker("ours", self.root)
        return self.worker

    def _end(self) -> None:
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def run(*, examples: int, steps: int, derandomize: bool = False) -> None:
    """Run the machine (always the same histories where ``derandomize``); raise what hypothesis raises."""
    run_state_machine_as_test(
        HomeMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
