"""The answering model as a question meets it: how much it holds, what it says, and what was left out for its size."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from assistant.answer.fit import LeftOut
from assistant.answer.run import Run
from assistant.models.context_window import ContextWindow
from assistant.types import Event, Notice
from prompts import Message, load

if TYPE_CHECKING:
    from assistant.models.writer import Piece

    Write = Callable[[Sequence[Message]], Generator[Piece]]
    """A model's writer: messages in, pieces of its reply out."""
    AskWindow = Callable[[], Generator[Notice | None, None, ContextWindow]]
    """How much a model holds: Nones until that is known, and notices."""


class Prompter:
    """A model's name, writer and size, for the questions put to it; each keeps what it took in its Run."""

    def __init__(self, model: str, write: Write, window: AskWindow | None) -> None:
        """Take the model's name, its writer, and how to learn its size (None: assumed)."""
        self.name = model.removeprefix("local:")
        self._write = write
        self._window = window

    def window(self, run: Run) -> Generator[Event, None, ContextWindow]:
        """Return how much the model holds, with heartbeats until that is known."""
        if self._window is None:
            run.context = ContextWindow().context
            return ContextWindow()
        asking = self._window()
        try:
            while True:
                told = next(asking)
                yield run.beat("loading") if told is None else told
        except StopIteration as finished:
            window: ContextWindow = finished.value
            run.context = window.context
            return window

    def left_out(self, run: Run) -> Generator[Notice]:
        """Say what the model's size kept out of its prompts since this was last said."""
        line = run.left.line(self.name, run.context)
        run.left = LeftOut()
        if line:
            yield Notice(line)

    def tell(self, run: Run, prompt: str, messages: Sequence[Message]) -> Generator[Event, None, str]:
        """Return a model's whole reply to a prompt, with heartbeats meanwhile."""
        words: list[str] = []
        for piece in self.say(run, prompt, messages):
            if isinstance(piece, str):
                words.append(piece)
            elif piece is None:
                yield run.beat("searching")
            elif isinstance(piece, Notice):
                yield piece
        return "".join(words)

    def say(self, run: Run, prompt: str, messages: Sequence[Message]) -> Generator[str | Notice | None]:
        """Yield what the model says to a rendered prompt; keep its token counts and the prompt's digest."""
        run.prompts[prompt] = load(prompt).digest
        stream = self._write(messages)
        try:
            for piece in stream:
                if piece is None or isinstance(piece, str | Notice):
                    yield piece
                else:
                    run.count(piece)
        finally:
            stream.close()
