"""Sources that a page sends in rounds enter, and leave in rounds: a folder may have more files than may wait at once.

The page sends the next round once the last one was taken in, so that no more is held in memory than one round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

from assistant.library.intake import Source

SILENT_S = 300.0
"""After this a page that sends no next round is taken to be gone. (One in the background may wake once a minute.)"""
_BEAT_S = 0.2

Round = tuple[Sequence[Source], int]
"""Sources, and how many of all have been dealt with after them."""


class Delivery:
    """All that one adding takes in. One thread takes the rounds; any may give them."""

    def __init__(self, of: int, *, name: str = "", silent_s: float = SILENT_S) -> None:
        self.name, self.of = name, of
        """What the page calls it, and how many sources it has in all."""
        self.done = 0
        """How many were dealt with, those that could not be sent among them."""
        self._silent_s = silent_s
        self._rounds: SimpleQueue[Round] = SimpleQueue()

    def give(self, sources: Sequence[Source], done: int) -> None:
        """Give the next round; ``done`` of all are dealt with after it."""
        self._rounds.put((sources, done))

    def rounds(self, beat: Callable[[], None]) -> Iterator[Sequence[Source]]:
        """Yield each round as it comes, until all have or the page is silent.

        ``beat`` is called several times a second while a round is waited for; what it raises ends it.
        """
        while self.done < self.of:
            try:
                sources, done = self._next(beat)
            except Empty:
                return
            yield sources
            self.done = done

    def _next(self, beat: Callable[[], None]) -> Round:
        until = time.monotonic() + self._silent_s
        while True:
            beat()
            try:
                return self._rounds.get(timeout=_BEAT_S)
            except Empty:
                if time.monotonic() > until:
                    raise
