"""No text steers the reader's terminal, whoever prints it."""

from __future__ import annotations

import io
import subprocess
import sys

from hypothesis import example, given
from hypothesis import strategies as st

from assistant.cli.terminal import ERASED, Status
from assistant.text import guarded

STEERING = "\x1b]0;title\x07 \x1b[2J \x9b2J \x08\r \u202e"


def written(text: str) -> str:
    below = io.StringIO(newline="")
    print(text, end="", file=guarded(below))
    return below.getvalue()


@given(st.text())
@example(STEERING)
def test_what_comes_out_can_be_shown(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t\u200c\u200d" for char in written(text))


@given(st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" \n\t")))
def test_text_that_a_terminal_shows_is_left_as_it_is(text: str) -> None:
    assert written(text) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_still_drawn_and_taken_away() -> None:
    below = Terminal(newline="")
    with Status(guarded(below)) as status:
        status.show("reading")
    assert below.getvalue() == f"{ERASED}reading{ERASED}"


PRINTING = f"""
import logging, sys, traceback, typer
from assistant.cli.quiet import keep_quiet
keep_quiet()
text = {STEERING!r}
print(text)
typer.echo(text, err=True)
logging.getLogger("theirs").warning(text)
try:
    raise ValueError(text)
except ValueError:
    traceback.print_exc()
raise ValueError(text)
"""
EVERY_COMMAND = f"""
import sys
import assistant.cli, evals.cli
from typer.main import get_command

def ways(command):
    yield []
    for name, one in getattr(command, "commands", {{}}).items():
        yield from ([name, *rest] for rest in ways(one))

for module in (assistant.cli, evals.cli):
    for words in ways(get_command(module.app)):
        sys.argv = ["program", *words, "--" + {STEERING!r}]
        try:
            module.main()
        except SystemExit as end:
            print(end.code)
"""


def _said(program: str) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    return done.stdout.decode(), done.stderr.decode()


def _can_be_shown(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


def test_neither_a_library_nor_a_traceback_steers_the_terminal() -> None:
    out, err = _said(PRINTING)
    assert "title" in out
    assert err.count("title") == 4
    assert _can_be_shown(out + err)


def test_every_command_names_a_wrong_option_without_obeying_it() -> None:
    out, err = _said(EVERY_COMMAND)
    assert set(out.split()) == {"2"}
    assert err.count("No such option") == len(out.split()) > 20
    assert _can_be_shown(out + err)
