"""A child process ends with its parent, however that goes, and says why it ended before."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from index.child import OUT_OF_MEMORY, Child

WORK = {
    "waits for its input": "import sys; print(flush=True); sys.stdin.read()",
    "holds Python's lock": "print(flush=True); sum(range(10**12))",
    "sleeps and ignores the usual signal": (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    ),
}
PARENT = """
import os, sys, time
from pathlib import Path
from index.child import Child
child = Child(Path(sys.argv[1]))
child.output.readline()
print(child.process_id, flush=True)
if sys.argv[2] == "killed":
    time.sleep(60)
if sys.argv[2] == "left at once":
    os._exit(0)
"""


def file(folder: Path, code: str) -> Path:
    path = folder / "child.py"
    path.write_text(code, encoding="utf-8")
    return path


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("how", ["killed", "left at once", "ended properly"])
@pytest.mark.parametrize("work", WORK)
def test_a_child_ends_with_its_parent_whatever_either_does(tmp_path: Path, work: str, how: str) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PARENT, str(file(tmp_path, WORK[work])), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if how == "killed":
            assert is_running(child)
            parent.kill()
        assert parent.communicate()[1] == ""
    until = time.monotonic() + 2
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(child)


def test_a_child_that_stands_still_is_ended_by_force(tmp_path: Path) -> None:
    child = Child(file(tmp_path, WORK["waits for its input"]), patience_s=0.1)
    child.output.readline()
    os.kill(child.process_id, signal.SIGSTOP)
    child.end()
    assert not child.alive


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.kill(os.getpid(), 9)", OUT_OF_MEMORY),
        ("import os; os.kill(os.getpid(), 11)", "crashed (signal 11)"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("pass", "ended with status 0"),
    ],
)
def test_why_a_child_ended_is_said_in_words(tmp_path: Path, code: str, how: str) -> None:
    child = Child(file(tmp_path, code))
    assert child.output.read() == b""
    assert child.how_it_ended() == how
    child.end()


def test_a_late_child_is_ended_and_one_in_time_lives_on(tmp_path: Path) -> None:
    child = Child(file(tmp_path, "import sys\nfor line in sys.stdin: print(line, flush=True)\nprint()"))
    with child.within(30):
        child.send({"say": "橋"})
        assert child.output.readline() == b'{"say": "\\u6a4b"}\n'
    assert child.alive
    with child.within(0.05):
        assert child.output.read() == b"\n"
    assert (child.is_late, child.how_it_ended()) == (True, "did not answer within 0.05 s")
    child.end()


def test_a_program_that_is_not_there_leaves_nothing_open(tmp_path: Path) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    with pytest.raises(FileNotFoundError):
        Child(tmp_path / "child.py", python=str(tmp_path / "no-such-python"))
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_a_clock_that_is_stopped_a_moment_too_late_does_not_end_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks: list[threading.Timer] = []

    class Late(threading.Timer):
        def start(self) -> None:
            clocks.append(self)

    monkeypatch.setattr("index.child.threading.Timer", Late)
    child = Child(file(tmp_path, WORK["waits for its input"]))
    with child.within(60):
        child.output.readline()
    for clock in clocks:
        clock.function()
    assert clocks
    assert (child.wait(0.2), child.is_late) == (None, False)
    child.end()
