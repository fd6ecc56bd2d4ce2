"""A word as typed and the words that are known enter; the one that was meant leaves, or None."""

from __future__ import annotations

from collections.abc import Collection

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {letter: (row, column + row / 3) for row, keys in enumerate(_ROWS) for column, letter in enumerate(keys)}
_SWAPPED = 0.9
"""Of one slip: letters change places more often than they turn into others."""
_SHORT, _LONG, _LONGER = 5, 7, 8
"""Letters: below the first a wrong letter makes another word; from the second on any one may be wrong, from the third
on two slips still leave the word in sight."""


def meant(typed: str, known: Collection[str]) -> str | None:
    """Return the known word that ``typed`` is a slip of: letters swapped, left out, doubled, or hit beside the key.

    Both are small letters; ties go to the word that stands first in the alphabet. Words under three letters are taken
    as typed.
    """
    if typed in known:
        return typed
    if len(typed) < 3:
        return None
    most = 2 if len(typed) >= _LONGER else 1
    near = [(slips, word) for word in known if (slips := _slips(typed, word, most)) <= most]
    return min(near)[1] if near else None


def _slips(typed: str, word: str, most: int) -> float:
    """Return how many slips make ``typed`` of ``word``; more than ``most`` where it is another word."""
    beyond = most + 1.0
    if len(word) < 3 or abs(len(typed) - len(word)) > most or (typed[0] != word[0] and typed[:2] != word[1::-1]):
        return beyond
    before: list[float] = []
    row: list[float] = [float(place) for place in range(len(word) + 1)]
    for i, letter in enumerate(typed, start=1):
        earlier, before = before, row
        row = [float(i)]
        for j, wanted in enumerate(word, start=1):
            cost = 0.0 if letter == wanted else _wrong_letter(letter, wanted, len(typed))
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + cost)
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == wanted:
                best = min(best, earlier[j - 2] + _SWAPPED)
            row.append(best)
    return row[-1]


def _wrong_letter(letter: str, wanted: str, length: int) -> float:
    """Return 1 for a letter that is easily hit or heard for another in a word of this length, else far more."""
    heard = letter in "aeiouy" and wanted in "aeiouy"
    return 1.0 if length >= _LONG or (length >= _SHORT and heard) or (length > 3 and _beside(letter, wanted)) else 9.0


def _beside(letter: str, other: str) -> bool:
    one, two = _PLACES.get(letter), _PLACES.get(other)
    return one is not None and two is not None and abs(one[0] - two[0]) <= 1 and abs(one[1] - two[1]) <= 1.01
