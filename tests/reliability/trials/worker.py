"""A process that works on a home folder, can be killed at any step or moment, and says what became of each call."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

# In its forks only: the process that runs the trials never opens a home.
_PRELOADED = (
    "pytest", "chromadb.api.rust", "chromadb.telemetry.product.posthog", "bm25s", "sentencex", "Stemmer", "filelock",
    "multiprocessing.synchronize", "trials.sides", "assistant.wiring", "assistant.app.desk", "index.reading.load",
    "evals.cases.casemaker", "evals.tab.engine",
)  # fmt: skip
_SEARCH_PATH = (Path(__file__).parent.parent, Path(__file__).parent.parent.parent.parent)
_FILE_EVENTS = frozenset(
    ("open os.rename os.remove os.mkdir os.rmdir os.link os.truncate os.listdir os.scandir shutil.rmtree"
     " tempfile.mkstemp sqlite3.connect").split()
)  # fmt: skip


class DiedError(Exception):
    """The process ended: by itself (a crash of native code), or because it was killed."""


class RefusedError(Exception):
    """It said one clear line."""


class BrokenError(Exception):
    """It raised what no user should see."""


class StuckError(Exception):
    """It did not answer in time."""


class Worker:
    """A child process with one side of the trials open in it; a context manager that leaves no process behind."""

    def __init__(self, side: str, root: Path, **options: Any) -> None:
        """Start the process; it opens the home with the first call, not before."""
        with _searching():
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(_PRELOADED))
            self._connection, theirs = context.Pipe()
            self.process = context.Process(target=serve, args=(theirs, side, str(root), options), daemon=True)
            self.process.start()
            theirs.close()

    def call(self, name: str, *arguments: Any, timeout: float = 120) -> Any:
        """Return what a method of the side returns. The first raises what opening does."""
        self.send(name, *arguments)
        return self.result(timeout)

    def send(self, name: str, *arguments: Any) -> None:
        """Have a method run; ``result`` awaits its end."""
        with suppress(BrokenPipeError, ConnectionResetError):  # dead: result() says so
            self._connection.send((name, arguments))

    def result(self, timeout: float = 120) -> Any:
        """Return what the method that was sent returned, or raise what became of it."""
        try:
            if not self._connection.poll(timeout):
                self.kill()
                raise StuckError(f"no reply in {timeout:.0f} s")
            outcome, value = self._connection.recv()
        except (EOFError, ConnectionResetError) as error:
            self.process.join(30)
            raise DiedError(f"exit status {self.process.exitcode}") from error
        if outcome == "refused":
            raise RefusedError(value)
        if outcome == "broken":
            raise BrokenError(value)
        return value

    def steps(self) -> int:
        """Return how many steps were taken since this or ``arm`` was first called."""
        return int(self.call("!steps"))

    def arm(self, step: int, *, fault: int | None = None) -> None:
        """Have it killed at the n-th step from now; or have that step fail with an error of the system's."""
        self.call("!arm", step, fault)

    def kill(self) -> None:
        """Kill it, as nothing can prevent."""
        self.process.kill()
        self.process.join(30)
        self._connection.close()

    def close(self) -> None:
        """Close the home and end."""
        with suppress(DiedError, BrokenError, RefusedError, StuckError):
            self.call("!close")
        self.process.join(30)
        self.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.is_alive():
            self.kill()
        self._connection.close()


class Steps:
    """Counts the file operations that Python makes under a folder, and each way into and out of Chroma and SQLite.

    And of `write_whole` each way into and out of a write, a flush and a sync.
    """

    def __init__(self, root: str) -> None:
        self.taken = 0
        self._root = root
        self._at = 0
        self._fault: int | None = None
        self._watching = False

    def arm(self, step: int, fault: int | None) -> None:
        """Die (or fail) at the n-th step from now; 0 disarms."""
        self._at = self.taken + step if step else 0
        self._fault = fault

    def watch(self) -> None:
        """Count from now on, in every thread: it is slow, and not begun before somebody asks."""
        if self._watching:
            return
        self._watching = True
        sys.addaudithook(self._audited)
        sys.setprofile(self._profiled)
        threading.setprofile(self._profiled)

    def _step(self, *, may_fail: bool) -> None:
        self.taken += 1
        if not self._at or self.taken < self._at or not (may_fail or self._fault is None):
            return
        if self._fault is None:
            os.kill(os.getpid(), signal.SIGKILL)
        self._at = 0
        raise OSError(self._fault, os.strerror(self._fault))

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILE_EVENTS and arguments:
            path = os.fsdecode(arguments[0]) if isinstance(arguments[0], (str, bytes, os.PathLike)) else ""
            # Relative to an open folder: rmtree's.
            if path.startswith(self._root) or (event in {"os.remove", "os.rmdir"} and not path.startswith("/")):
                self._step(may_fail=True)

    def _profiled(self, frame: Any, event: str, argument: Any) -> None:
        module = frame.f_globals.get("__name__")
        if (event in {"call", "return"} and module == "chromadb.api.rust") or (
            event in {"c_call", "c_return"}
            and (
                (module == "index.vectors.cache" and argument.__name__.startswith("exec"))
                or (module == "index.files" and argument.__name__ in {"write", "flush", "fsync"})
            )
        ):
            self._step(may_fail=False)


def serve(connection: Connection, side: str, root: str, options: dict[str, Any]) -> None:
    """Be the child: open the side, do what is asked, say what became of it."""
    warnings.simplefilter("ignore")
    logging.disable()
    from tqdm.std import TqdmDefaultWriteLock

    from trials.sides import SIDES

    TqdmDefaultWriteLock.mp_lock = None  # a semaphore that nobody would take away after a kill
    steps, opened = Steps(root), None
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        if name in {"!steps", "!arm"}:
            steps.watch()
        if name == "!steps":
            connection.send(("done", steps.taken))
            continue
        if name == "!arm":
            steps.arm(*arguments)
            connection.send(("done", None))
            continue
        try:
            if name == "!close":
                if opened is not None:
                    opened.close()
                connection.send(("done", None))
                return
            if opened is None:
                opened = SIDES[side](Path(root), **options)
            value = getattr(opened, name)(*arguments) if name != "open" else None
            connection.send(("done", value))
        except BaseException as error:  # noqa: BLE001 - Chroma's native code raises what is no Exception
            line = f"{type(error).__name__}: {error}"
            known = _refusals(side)
            connection.send(("refused" if isinstance(error, known) and "\n" not in str(error) else "broken", line))


def _refusals(side: str) -> tuple[type[Exception], ...]:
    if side == "ours":
        from assistant.errors import AssistantError
        from index.errors import IndexingError

        return (AssistantError, IndexingError)
    from chromadb.errors import ChromaError

    return (ChromaError,)


@contextmanager
def _searching() -> Iterator[None]:
    """Let the server that forks the children find what it preloads."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, _SEARCH_PATH), *filter(None, [before])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
