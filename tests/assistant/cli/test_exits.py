"""What ends a command is one line, whatever else fails meanwhile."""

from __future__ import annotations

import io
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from assistant.cli.exits import INTERRUPTED, told
from assistant.cli.terminal import ERASED, Status
from assistant.models.local import open_log
from index.errors import StoreError


def test_a_log_that_cannot_be_written_adds_nothing_to_the_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    (tmp_path / "logs" / "assistant.log").mkdir(parents=True)
    with pytest.raises(typer.Exit), told():
        raise StoreError("the disk is full")
    assert capsys.readouterr().err == "assistant: the disk is full\n"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ValueError("no number: 'a few'"), "SOME_TIMEOUT_S in the environment cannot be used"),
        (FileNotFoundError(2, "No such file", "a few"), "SOME_TIMEOUT_S in the environment cannot be used"),
        (ValueError("a few"), "unexpected error"),
        (KeyError("a few"), "unexpected error"),
        (ValueError("''"), "unexpected error"),
    ],
)  # fmt: skip
def test_a_variable_that_some_library_cannot_read_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: Exception,
    said: str,
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    monkeypatch.setenv("SOME_TIMEOUT_S", "a few")
    monkeypatch.setenv("SOME_OTHER", "")
    with pytest.raises(typer.Exit) as ended, told():
        raise failure
    err = capsys.readouterr().err
    assert (ended.value.exit_code, err.count("\n")) == (1, 1)
    assert err.startswith(f"assistant: {said} ({type(failure).__name__}: ")
    assert err.endswith(f"details in {tmp_path}/logs/assistant.log\n")


def test_warnings_stay_warnings_whatever_the_environment_says_of_them() -> None:
    program = (
        "import os, warnings; from assistant.cli.quiet import keep_quiet; keep_quiet()\n"
        "warnings.warn('old', DeprecationWarning); warnings.warn('odd'); print(os.environ.get('PYTHONWARNINGS'))"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout == "None\n"
    assert "old" not in ran.stderr


def test_the_log_of_a_model_that_cannot_be_written_stops_no_model(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with open_log(tmp_path / "logs" / "model.log") as log:
        assert log.write(b"loaded") == 6


def test_a_log_can_be_shown_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    with pytest.raises(typer.Exit), told():
        raise StoreError("\x1b]0;title\x07\x9b2J")
    log = (tmp_path / "logs" / "assistant.log").read_text()
    assert "StoreError:  ]0;title  2J\n" in log
    assert all(char.isprintable() or char == "\n" for char in log)


def test_logs_are_not_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    theirs = tmp_path / "theirs"
    theirs.write_text("")
    (tmp_path / "logs").mkdir()
    for name in ("assistant.log", "model.log"):
        (tmp_path / "logs" / name).symlink_to(theirs)
    with pytest.raises(typer.Exit), told():
        raise StoreError("the disk is full")
    with open_log(tmp_path / "logs" / "model.log") as log:
        log.write(b"loaded")
    assert theirs.read_text() == ""


class Interrupting(io.StringIO):
    """A terminal whose user presses Ctrl-C at given moments, before and after what is done to it."""

    def __init__(self, moments: set[int]) -> None:
        super().__init__()
        self.moments = moments
        self.passed = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._moment()
        written = super().write(text)
        self._moment()
        return written

    def flush(self) -> None:
        self._moment()
        super().flush()
        self._moment()

    def _moment(self) -> None:
        self.passed += 1
        if self.passed in self.moments and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            raise KeyboardInterrupt


@pytest.fixture
def _interruptible() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_once_or_twice_at_any_moment_leaves_one_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    handler = signal.default_int_handler  # whoever starts the tests may ignore Ctrl-C
    ends = []
    for first, second in itertools.combinations_with_replacement(range(1, 16), 2):
        terminal = Interrupting({first, second})
        monkeypatch.setattr(sys, "stderr", terminal)
        signal.signal(signal.SIGINT, handler)
        ends.append(_end_of_a_command_with_progress())
        if ends[-1] == INTERRUPTED:
            assert terminal.getvalue().rpartition(ERASED)[2] == "stopped\n"
        else:
            assert terminal.getvalue().endswith(ERASED)
            assert terminal.passed < first
    assert {INTERRUPTED, 0} == set(ends)


def _end_of_a_command_with_progress() -> int:
    try:
        with told(), Status() as status:
            status.show("reading… 1 s")
            status.show("writing… 2 s")
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_that_a_loading_module_reports_as_its_own_failure_is_still_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    with pytest.raises(typer.Exit) as ended, told():
        raise ImportError("initialization failed") from KeyboardInterrupt()
    assert (ended.value.exit_code, capsys.readouterr().err) == (INTERRUPTED, "stopped\n")
