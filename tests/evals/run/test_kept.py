"""A kept run: what was read and said once is not asked again, and nothing else is mistaken for it."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.pump import Usage
from assistant.proof.reader import Probes, Prompt, Reader
from evals.run.kept import Kept
from prompts import Message


class CountingReader(Reader):
    """Reads numbers out of the words, and counts how often it is asked."""

    def __init__(self, log: Path, model: str = "m") -> None:
        super().__init__(log, probes=Probes(model, 3, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, 0.0)), log=log)
        self.asked = 0

    def rows(self, prompt: Prompt) -> np.ndarray:
        self.asked += 1
        return np.array([[len(text) / 7, text.count("e")] for text, mark in prompt if mark], dtype=np.float32)


class CountingWriter:
    """Says how many messages it was given, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, messages: Sequence[Message]) -> Generator[str | Usage | None]:
        self.asked += 1
        yield None
        yield f"{len(messages)} "
        yield "messages."
        yield Usage(7, 3)


def outcome(generator: Generator[None, None, object]) -> object:
    while True:
        try:
            next(generator)
        except StopIteration as finished:
            return finished.value


prompts = st.lists(st.tuples(st.text(max_size=20), st.booleans()), min_size=1, max_size=5).map(
    lambda pairs: [*pairs, ("end", True)]
)


@given(prompts)
def test_what_was_read_is_read_again_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, prompt: Prompt) -> None:
    folder = tmp_path_factory.mktemp("kept")
    reader = CountingReader(folder / "log")
    first = Kept(folder).reader(reader).rows(prompt)
    again = Kept(folder).reader(reader).rows(prompt)
    assert reader.asked == 1
    assert first.dtype == again.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, reader.rows(prompt), rtol=1e-3)


def test_a_reading_and_a_check_come_out_alike_kept_or_not(tmp_path: Path) -> None:
    reader = CountingReader(tmp_path / "log")
    kept = Kept(tmp_path).reader(reader)
    first = outcome(kept.read("Who?", ["Elena did.", "Nobody knows."]))
    assert outcome(kept.read("Who?", ["Elena did.", "Nobody knows."])) == first
    outcome(kept.check("Who?", ["Elena did."], "Elena"))
    assert reader.asked == 2


def test_another_model_reads_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    one, other = CountingReader(tmp_path / "log"), CountingReader(tmp_path / "log", model="n")
    for reader in (one, other):
        kept.reader(reader).rows([("end", True)])
    assert (one.asked, other.asked) == (1, 1)


def test_a_voice_says_the_same_again_without_being_asked(tmp_path: Path) -> None:
    writer = CountingWriter()
    write = Kept(tmp_path).writer("m", writer)
    asked = [Message("user", "Who?")]
    first = [piece for piece in write(asked) if piece is not None]
    assert [piece for piece in write(asked) if piece is not None] == first == ["1 ", "messages.", Usage(7, 3)]
    assert writer.asked == 1
    list(write([*asked, *asked]))
    list(Kept(tmp_path).writer("another", writer)(asked))
    assert writer.asked == 3


def test_a_reply_that_was_left_is_not_kept(tmp_path: Path) -> None:
    writer = CountingWriter()
    write = Kept(tmp_path).writer("m", writer)
    left = write([Message("user", "Who?")])
    next(left)
    next(left)
    left.close()
    assert [piece for piece in write([Message("user", "Who?")]) if isinstance(piece, str)] == ["1 ", "messages."]
    assert writer.asked == 2
