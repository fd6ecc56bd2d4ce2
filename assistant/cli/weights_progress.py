"""Show a pull on standard error: a bar on a terminal, a line every tenth elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from assistant.models.weights import PullProgress
from assistant.text import bare

_WORDS = {
    "waiting": "Waiting for another pull of",
    "downloading": "Downloading",
    "verifying": "Verifying",
    "unpacking": "Unpacking",
    "done": "Ready:",
}


@contextlib.contextmanager
def rich_progress(stream: TextIO | None = None) -> Iterator[Callable[[PullProgress], None]]:
    """Yield a callback for ``WeightsFolder.pull``; ``stream`` is standard error unless given.

    A terminal gets a bar with rate and time left, anything else plain lines. Weights that were there already are not
    spoken of.
    """
    stream = sys.stderr if stream is None else stream
    if stream.isatty():
        with _bar(stream) as show:
            yield show
    else:
        yield _plain_lines(stream)


def _plain_lines(stream: TextIO) -> Callable[[PullProgress], None]:
    said: set[tuple[str, str, int]] = set()

    def show(progress: PullProgress) -> None:
        tenths = 10 * progress.done_bytes // max(progress.total_bytes, 1) if progress.phase == "downloading" else 0
        line = (progress.name, progress.phase, tenths)
        started = any(name == progress.name for name, _, _ in said)
        if line in said or (progress.phase == "done" and not started):
            return
        said.add(line)
        amount = f": {10 * tenths}% of {progress.total_bytes / 1e6:,.0f} MB" if progress.phase == "downloading" else ""
        stream.write(f"{_WORDS[progress.phase]} {progress.name}{amount}\n")
        stream.flush()

    return show


@contextlib.contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[PullProgress], None]]:
    # Imported here: only a pull on a terminal draws.
    from rich import progress as draw
    from rich.console import Console

    columns = (
        draw.TextColumn("{task.description}"),
        draw.BarColumn(),
        draw.DownloadColumn(),
        draw.TransferSpeedColumn(),
        draw.TimeRemainingColumn(),
    )
    tasks: dict[str, tuple[str, draw.TaskID]] = {}

    def show(progress: PullProgress) -> None:
        phase, task = tasks.get(progress.name, (None, None))
        if phase != progress.phase:
            if task is not None:
                bars.remove_task(task)
            if progress.phase == "done":
                tasks.pop(progress.name, None)
                bars.refresh()
                if phase is not None:
                    bars.console.print(f"{_WORDS[progress.phase]} {progress.name}", highlight=False)
                return
            # A task a phase, begun where a resumed pull stands: the rate counts only what really came over the wire.
            words = f"{_WORDS[progress.phase]} {progress.name}"
            total = None if progress.phase == "waiting" else progress.total_bytes
            task = bars.add_task(words, total=total, completed=progress.done_bytes)
            tasks[progress.name] = (progress.phase, task)
        if task is not None:
            bars.update(task, completed=progress.done_bytes)

    with draw.Progress(*columns, console=Console(file=bare(stream))) as bars:
        yield show
