"""The reader: a real one where its model is here, and what becomes of an answer by what it finds."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.errors import ReaderError
from assistant.proof.small_reader import EMBEDDER, HEADS, Reading, SmallReader, best_span, packed, unpacked

BRIDGE = [
    "The valley bridge was designed by Elena Ruiz and opened in May 1931.",
    "It replaced a ferry that had carried coal and timber for sixty years.",
    "The harbor board did not want a tunnel, because a tunnel would have cost twice as much.",
    "Repairs after the flood of 1964 cost two million euros.",
]


@pytest.fixture(scope="module")
def reader(models_folder: Path) -> Iterator[SmallReader]:
    reader = SmallReader(models_folder / EMBEDDER)
    yield reader
    reader.close()


def _read(reader: SmallReader, question: str, sentences: Sequence[str] = BRIDGE) -> Reading:
    reading = reader.read(question, sentences)
    while True:
        try:
            next(reading)
        except StopIteration as finished:
            found: Reading = finished.value
            return found


@pytest.mark.parametrize(
    ("question", "bears"),
    [
        ("Who designed the valley bridge?", 0),
        ("What did the ferry carry?", 1),
        ("How much did the repairs after the flood cost?", 3),
    ],
)
def test_a_question_that_is_answered_is_told_from_one_that_is_not(
    reader: SmallReader, question: str, bears: int
) -> None:
    whole = _read(reader, question)
    without = _read(reader, question, [text for place, text in enumerate(BRIDGE) if place != bears])
    assert whole.bearing.index(max(whole.bearing)) == bears
    assert whole.answerable > without.answerable


def test_the_same_question_is_read_the_same_twice(reader: SmallReader) -> None:
    first = _read(reader, "Who designed the valley bridge?")
    _read(reader, "When was it opened?")
    assert _read(reader, "Who designed the valley bridge?") == first


def test_a_reader_that_was_closed_says_so(models_folder: Path) -> None:
    reader = SmallReader(models_folder / EMBEDDER)
    reader.close()
    with pytest.raises(ReaderError, match="closed"):
        _read(reader, "Who designed the valley bridge?")


@pytest.mark.parametrize("torn", [b"", b"torn", (8).to_bytes(8, "little") + b"{}      "])
def test_torn_weights_are_one_plain_line(models_folder: Path, tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "small_reader.safetensors").write_bytes(torn)
    reader = SmallReader(models_folder / EMBEDDER, weights=tmp_path / "small_reader.safetensors")
    with pytest.raises(ReaderError) as caught:
        reader.open()
    assert "\n" not in str(caught.value)
    reader.close()


def test_a_folder_without_an_embedder_is_one_plain_line(tmp_path: Path) -> None:
    reader = SmallReader(tmp_path / "nothing")
    with pytest.raises(ReaderError) as caught:
        reader.open()
    assert "\n" not in str(caught.value)
    reader.close()


def test_the_short_answer_stands_in_a_sentence_of_those_read(reader: SmallReader) -> None:
    short = _read(reader, "Who designed the valley bridge?").short
    assert short is not None
    assert BRIDGE[short.place][short.start : short.end] == "Elena Ruiz"


def test_an_answer_that_stands_far_back_is_found(reader: SmallReader) -> None:
    many = [*(f"{text} That was {number} years ago." for number in range(20) for text in BRIDGE[1:]), BRIDGE[0]]
    reading = _read(reader, "Who designed the valley bridge?", many)
    assert len(reading.bearing) == len(many)
    assert reading.bearing.index(max(reading.bearing)) == len(many) - 1
    assert reading.short is not None
    assert reading.short.place == len(many) - 1


@settings(deadline=None)  # the first one imports
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_weights_survive_being_packed(rows: int, columns: int, seed: int) -> None:
    drawn = np.random.default_rng(seed)
    held = {
        "layer": drawn.normal(size=(rows, columns)).astype(np.float32),
        "bias": drawn.normal(size=columns).astype(np.float32),
    }
    again = unpacked(packed(held))
    assert again.keys() == held.keys()
    np.testing.assert_array_equal(again["bias"], held["bias"])
    widest = np.abs(held["layer"]).max(axis=1, keepdims=True)
    assert (np.abs(again["layer"] - held["layer"]) <= widest / 127 / 2 + 1e-6).all()


def _drawn(seed: int, lengths: Sequence[int]) -> tuple[NDArray[np.float32], list[range]]:
    """Return heads at tokens, of a question of three tokens and sentences of so many, each with its end mark."""
    stops = np.cumsum([3, *(length + 1 for length in lengths)]).tolist()
    ranges = [range(start, stop) for start, stop in pairwise(stops)]
    return np.random.default_rng(seed).normal(size=(len(HEADS), stops[-1])).astype(np.float32), ranges


@given(st.integers(0, 10_000), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_the_short_answer_is_the_likeliest_of_those_that_begin_where_one_likely_does(
    seed: int, lengths: list[int]
) -> None:
    found, ranges = _drawn(seed, lengths)
    start, end = found[HEADS.index("start")], found[HEADS.index("end")]
    score, place, tokens = best_span(found, ranges)
    assert set(tokens) <= set(ranges[place][:-1])
    assert score == pytest.approx(float(start[tokens[0]] + end[tokens[-1]]))
    for sentence in ranges:
        likely = sorted(sentence[:-1], key=lambda token: -start[token])[:8]
        for first in likely:
            for last in range(first, min(first + 24, sentence.stop - 1)):
                assert start[first] + end[last] <= score + 1e-6
