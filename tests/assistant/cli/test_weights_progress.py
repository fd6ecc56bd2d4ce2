import io
import re

from assistant.cli.weights_progress import rich_progress
from assistant.models.weights import PullProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_line_every_tenth() -> None:
    screen = io.StringIO()
    with rich_progress(screen) as show:
        show(PullProgress("tiny", "waiting", 0, 50_000_000))
        show(PullProgress("tiny", "waiting", 0, 50_000_000))
        for done in range(0, 50_000_001, 1_000_000):
            show(PullProgress("tiny", "downloading", done, 50_000_000))
        show(PullProgress("tiny", "verifying", 25_000_000, 50_000_000))
        show(PullProgress("tiny", "verifying", 50_000_000, 50_000_000))
        show(PullProgress("tiny", "done", 50_000_000, 50_000_000))
    assert screen.getvalue().splitlines() == [
        "Waiting for another pull of tiny",
        *(f"Downloading tiny: {tenth}0% of 50 MB".replace(" 00%", " 0%") for tenth in range(11)),
        "Verifying tiny",
        "Ready: tiny",
    ]


def test_what_is_unpacked_is_said_to_be() -> None:
    screen = io.StringIO()
    with rich_progress(screen) as show:
        show(PullProgress("tiny", "downloading", 1_000_000, 1_000_000))
        show(PullProgress("tiny", "verifying", 1_000_000, 1_000_000))
        show(PullProgress("tiny", "unpacking", 1_000_000, 3_000_000))
        show(PullProgress("tiny", "unpacking", 3_000_000, 3_000_000))
        show(PullProgress("tiny", "verifying", 3_000_000, 3_000_000))
        show(PullProgress("tiny", "done", 3_000_000, 3_000_000))
    assert screen.getvalue().splitlines() == [
        "Downloading tiny: 100% of 1 MB", "Verifying tiny", "Unpacking tiny", "Ready: tiny"
    ]  # fmt: skip


def test_weights_that_were_there_already_are_not_spoken_of() -> None:
    for screen in (io.StringIO(), Terminal()):
        with rich_progress(screen) as show:
            show(PullProgress("tiny", "done", 5, 5))
        assert "tiny" not in screen.getvalue()


def test_two_pulls_in_a_row_are_told_apart() -> None:
    screen = io.StringIO()
    with rich_progress(screen) as show:
        show(PullProgress("one", "downloading", 1_000_000, 1_000_000))
        show(PullProgress("one", "done", 1_000_000, 1_000_000))
        show(PullProgress("two", "done", 2_000_000, 2_000_000))
    assert screen.getvalue() == "Downloading one: 100% of 1 MB\nReady: one\n"


def test_a_terminal_gets_a_bar_with_the_amount(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    screen = Terminal()
    with rich_progress(screen) as show:
        show(PullProgress("tiny", "waiting", 0, 50_000_000))
        show(PullProgress("tiny", "downloading", 20_000_000, 50_000_000))
        show(PullProgress("tiny", "verifying", 50_000_000, 50_000_000))
        show(PullProgress("tiny", "done", 50_000_000, 50_000_000))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    drawn = [line.split()[0] for line in re.split("[\r\n]+", text) if line.strip()]
    assert list(dict.fromkeys(drawn)) == ["Waiting", "Downloading", "Verifying", "Ready:"]
    assert "━" in text
    assert "20.0/50.0 MB" in text
    assert text.strip().endswith("Ready: tiny")
