"""A question and sentences enter; the token ids that the reader reads leave, and where in them each sentence stands.

A reading is ``<s> question </s></s> sentence </s> sentence </s> …``; a check begins with ``<s><mask>`` and has the
statement before the sentences it cites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MOST = 512
"""Tokens the encoder has places for."""
WINDOW = 320
"""Tokens of one reading: as many as the reader was trained on."""
_BEGIN, _END, _CHECK = 0, 2, 250001
_LONGEST_QUESTION = 96
_LEAST = 12
"""A sentence that does not fit whole is cut, but not below so many tokens."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What one pass reads."""

    ids: tuple[int, ...]
    ranges: tuple[range, ...]
    """Per sentence that fits: its tokens, and the end mark after them."""
    offsets: tuple[tuple[tuple[int, int], ...], ...]
    """Per sentence that fits: where each of its tokens stands in it, in characters."""


def in_windows(
    tokenizer: Tokenizer, question: str, sentences: Sequence[str], *, most: int = WINDOW
) -> tuple[Laid, ...]:
    """Return readings that together hold every sentence, in order; one that is too long alone is cut."""
    asked = [_BEGIN, *_ids(tokenizer, question)[:_LONGEST_QUESTION], _END, _END]
    windows: list[list[Encoding]] = []
    room = 0
    for encoding in _encoded(tokenizer, sentences):
        length = len(encoding.ids) + 1
        if length > room:
            windows.append([])
            room = most - len(asked)
        windows[-1].append(encoding)
        room -= length
    return tuple(_with_sentences(list(asked), window, most) for window in windows)


def for_check(tokenizer: Tokenizer, question: str, statement: str, cited: Sequence[str], *, most: int = MOST) -> Laid:
    """Return a check of a statement against the sentences it cites."""
    said = _ids(tokenizer, statement)[: most // 2 - _LONGEST_QUESTION]
    ids = [_BEGIN, _CHECK, *_ids(tokenizer, question)[:_LONGEST_QUESTION], _END, _END, *said, _END, _END]
    return _with_sentences(ids, _encoded(tokenizer, cited), most)


def _encoded(tokenizer: Tokenizer, sentences: Sequence[str]) -> list[Encoding]:
    found: list[Encoding] = tokenizer.encode_batch(list(sentences), add_special_tokens=False)
    return found


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    found: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return found


def _with_sentences(ids: list[int], sentences: Sequence[Encoding], most: int) -> Laid:
    """Return the tokens that stand first with those of the sentences that fit after them."""
    ranges: list[range] = []
    offsets: list[tuple[tuple[int, int], ...]] = []
    for encoding in sentences:
        room = most - len(ids) - 1
        if len(encoding.ids) > room and room < _LEAST:
            break
        kept = encoding.ids[:room]
        ranges.append(range(len(ids), len(ids) + len(kept) + 1))
        offsets.append(tuple(encoding.offsets[: len(kept)]))
        ids += [*kept, _END]
        if len(kept) < len(encoding.ids):
            break
    return Laid(tuple(ids), tuple(ranges), tuple(offsets))
