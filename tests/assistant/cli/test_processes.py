"""The commands as processes of their own: pipes, closed outputs, terminals, Ctrl-C, kills, and a real small model."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fixtures.commands import OPENED, command, script

from assistant.cli.exits import ABSTAINED, ANSWERED, INTERRUPTED, READER_LEFT
from index.library import Library
from index.reading.load import load


@pytest.mark.usefixtures("shared_home")
def test_a_piped_answer_is_plain_and_the_browser_app_is_not_loaded() -> None:
    program = (
        "import sys\nfrom assistant.cli import main\n"
        "try: main()\nexcept SystemExit as exit: print(exit.code, 'gradio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ask", "When did the bridge open?", "-m", "extractive"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{OPENED} [1]\n\n[1] “{OPENED}”\n0 False\n", "")


def test_a_reader_that_leaves_ends_the_command_quietly(bare_home: Path) -> None:
    Library(bare_home / "articles").add(load_of("x " * 200_000))
    process = subprocess.Popen(command("articles", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert (process.returncode, said) == (READER_LEFT, "")


def load_of(title: str) -> Any:
    from index.reading.load import document_from_text

    return document_from_text("Text.", id="long", title=title)


@pytest.mark.usefixtures("bare_home")
def test_closed_outputs_are_no_trouble() -> None:
    for closing in (">&-", "2>&-", ">&- 2>&-", "<&-"):
        done = subprocess.run(  # noqa: S602  a shell can close them
            f"{sys.executable} -m assistant articles --json {closing}",
            shell=True,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "" if closing.startswith(">") else "[]\n", "")


def test_an_output_of_few_characters_gets_a_stand_in(bare_home: Path) -> None:
    Library(bare_home / "articles").add(load_of("東京 café"))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    lines = [
        subprocess.run(command("articles", *as_json), env=environment, capture_output=True, check=True).stdout
        for as_json in ([], ["--json"])
    ]
    assert lines[0].decode("latin-1") == "long  ?? café (1 word)\n"
    assert (lines[1].isascii(), json.loads(lines[1])[0]["title"]) == (True, "東京 café")


class Terminal:
    """A command in a terminal of its own, 50 columns wide."""

    def __init__(self, *arguments: str) -> None:
        self.output = b""
        self.pid, self._stream = pty.fork()
        if self.pid == 0:
            os.execve(  # noqa: S606  what a shell would do
                sys.executable, command(*arguments), {**os.environ, "COLUMNS": "50", "TERM": "xterm"}
            )

    def read_until(self, text: str, *, seconds: float = 120) -> None:
        """Read until the text was shown, or the command has ended."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.output or not text:
            if select.select([self._stream], [], [], 0.1)[0]:
                try:
                    data = os.read(self._stream, 65536)
                except OSError:  # Linux's way to say that the command has ended
                    data = b""
                if not data:
                    assert not text, self.output
                    return
                self.output += data
            assert time.monotonic() < deadline, self.output

    def type(self, keys: bytes) -> None:
        os.write(self._stream, keys)

    def end(self) -> int:
        """Wait for the command to end, and return its status as a shell would give it."""
        self.read_until("")
        os.close(self._stream)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return 128 - status if status < 0 else status

    def screen(self) -> str:
        """What is seen at the end: an erased line is gone."""
        *erased, last = self.output.decode().replace("\r\n", "\n").split("\r\x1b[2K")
        return "".join(text.rpartition("\n")[0] + "\n" * ("\n" in text) for text in erased) + last


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home")
def test_a_terminal_shows_progress_that_is_gone_at_the_end() -> None:
    terminal = Terminal("ask", "When did the bridge open?", "-m", "extractive")
    terminal.read_until("opening the articles…")
    assert terminal.end() == ANSWERED
    assert (
        terminal.screen()
        == """\
The bridge opened on 4 May 1931 and replaced a
ferry. [1]

[1] “The bridge opened on 4 May 1931 and replaced
    a ferry.”
"""
    )


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home")
def test_ctrl_c_stops_a_model_in_mid_answer_in_one_word() -> None:
    terminal = Terminal(
        "ask",
        "When did the bridge open?",
        "-m",
        script({"reply": f"{OPENED} [1] " + "And so on. " * 99, "delay_s": 0.05}),
    )
    terminal.read_until("[1]")
    terminal.type(b"\x03\x03")
    assert (terminal.end(), terminal.screen().replace("^C", "")) == (
        INTERRUPTED,
        "The bridge opened on 4 May 1931 and replaced a\nferry. [1]\nstopped\n",
    )


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
@pytest.mark.parametrize("moment", ["opening the articles…", "reading…"])
def test_ctrl_c_while_a_model_loads_or_reads_leaves_one_word_and_no_server(moment: str) -> None:
    terminal = Terminal("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct")
    terminal.read_until(moment)
    children = children_of(terminal.pid)
    terminal.type(b"\x03")
    assert (terminal.end(), terminal.screen().replace("^C", "")) == (INTERRUPTED, "stopped\n")
    assert children
    assert [child for child in children if is_running(child)] == []


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in listed.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
def test_a_killed_command_leaves_no_server_behind() -> None:
    process = subprocess.Popen(command("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct"))
    deadline = time.monotonic() + 60
    while not (children := children_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while (left := [child for child in children if is_running(child)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    assert left == []


@pytest.mark.slow
@pytest.mark.usefixtures("shared_home", "smollm2")
def test_a_local_model_answers_by_its_short_name() -> None:
    done = subprocess.run(
        command("ask", "When did the bridge open?", "-m", "smollm2-135m-instruct", "--json"),
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (ABSTAINED if answer["abstained"] else ANSWERED, "")
    assert answer["model"] == "local:smollm2-135m-instruct"
    assert answer["tokens"]["prompt"] > 0
    document = load(Path("bridge.md"))
    for citation in (citation for statement in answer["statements"] for citation in statement["citations"]):
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]
