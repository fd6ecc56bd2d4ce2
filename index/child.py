"""One of our own files becomes a child process, which is spoken to, ended, and never left behind.

It ends with this process, however this one ends (see ``lifeline.py``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

OUT_OF_MEMORY = "was ended, most likely because memory ran out"


class Child:
    """One run of a file. Any thread may ask it, and any other end it."""

    def __init__(
        self,
        file: Path,
        *arguments: str,
        python: str | None = None,
        stdout: IO[bytes] | int = subprocess.PIPE,
        stderr: IO[bytes] | int = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
        patience_s: float = 0,
    ) -> None:
        """Start the file; raises OSError where ``python``, by default our own, cannot be started.

        ``environment`` is ours unless given. ``patience_s`` is what it gets, once told to end, before it is killed.
        """
        theirs, lifeline = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own files; what they are told comes from us
                # -P, and the path rather than -m: nothing in the folder we happen to run in can stand in for a module.
                [python or sys.executable, "-P", _LIFELINE, str(theirs), str(file), *arguments],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env=environment,
                pass_fds=[theirs],
                start_new_session=True,  # Ctrl-C in the terminal reaches us alone
            )
        except OSError:
            os.close(lifeline)
            raise
        finally:
            os.close(theirs)
        self.output = cast("IO[bytes]", self._process.stdout)
        """What it says, where ``stdout`` is a pipe."""
        self.end = weakref.finalize(self, _end, self._process, lifeline, patience_s)
        """End it; returns when it is gone. Also called when nobody holds this object any more, and at our own exit."""
        self._late_s: float | None = None
        self._guard = threading.Lock()

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def is_late(self) -> bool:
        """Whether it was ended because it took too long (see ``within``)."""
        return self._late_s is not None

    def wait(self, within_s: float | None = None) -> int | None:
        """Return its exit status, minus the signal where one ended it; None where it runs on after so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(within_s)
        return None

    def send(self, head: Mapping[str, Any], data: bytes = b"") -> None:
        """Write a line of JSON, then ``data``; raises OSError or ValueError where the child is gone."""
        stdin = cast("IO[bytes]", self._process.stdin)
        stdin.write(json.dumps(head).encode("ascii") + b"\n")
        stdin.write(data)
        stdin.flush()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Kill the child where the body takes longer than ``seconds``, which ends what is read from it."""
        is_waiting = True

        def end_late() -> None:
            # A timer that is cancelled a moment too late must not end what comes next.
            with self._guard:
                if is_waiting:
                    self._late_s = seconds
                    self._process.kill()

        timer = threading.Timer(seconds, end_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._guard:
                is_waiting = False

    def how_it_ended(self) -> str:
        """Say why it gives no more, in words that follow its name."""
        if self._late_s is not None:
            return f"did not answer within {self._late_s:g} s"
        code = self.wait(2)
        if code is None:
            return "closed its output"
        if code == -signal.SIGKILL:
            return OUT_OF_MEMORY
        return f"crashed (signal {-code})" if code < 0 else f"ended with status {code}"


_LIFELINE = str(Path(__file__).with_name("lifeline.py"))


def _end(process: subprocess.Popen[bytes], lifeline: int, patience_s: float) -> None:
    os.close(lifeline)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not sent yet
                pipe.close()
