"""Text enters a stream, text leaves: whoever prints it, no character of it steers the user's terminal."""

from __future__ import annotations

import unicodedata
from typing import Any, TextIO, cast

_JOINERS = "\u200c\u200d"
"""Invisible, but parts of words (Persian, Hindi) and of emoji."""
_KEPT = f"\n\t{_JOINERS}"


def harmless(text: str) -> str:
    """Return text without what a terminal would obey: a space for each such character, nothing for an invisible one.

    Lines and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _KEPT else _stand_in(char) for char in text)


def visible(text: str) -> str:
    """Return text on one line and without control characters: an article must not steer the user's terminal."""
    return " ".join(harmless(text).split())


class Guarded:
    """An output stream for text of anybody; what is to steer the terminal goes to the stream below it, ``bare``."""

    def __init__(self, bare: TextIO) -> None:
        self.bare = bare

    def write(self, text: str) -> int:
        """Write text, harmless."""
        return self.bare.write(harmless(text))

    def writelines(self, lines: list[str]) -> None:
        """Write texts, harmless."""
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bare, name)


def guarded(stream: TextIO) -> TextIO:
    """Return a stream that is safe to write anybody's text to."""
    return stream if isinstance(stream, Guarded) else cast("TextIO", Guarded(stream))


def bare(stream: TextIO) -> TextIO:
    """Return the stream that obeys: for what erases or draws, never for text that was not made here."""
    return cast("TextIO", getattr(stream, "bare", stream))


def _stand_in(char: str) -> str:
    """Return what stands for a character that must not be printed: nothing for an invisible mark, otherwise a space."""
    return "" if unicodedata.category(char) == "Cf" else " "
