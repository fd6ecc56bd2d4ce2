"""How sure the reader must be, in one word."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from assistant.home import Home
from assistant.proof.reader import Reading
from assistant.settings import CAUTIONS, DEFAULT_CAUTION, EXTRACTIVE, Caution, Settings
from assistant.types import Finished
from assistant.wiring import Application
from index.reading.load import load_bytes


def test_each_caution_asks_for_more_than_the_bolder_one() -> None:
    for cautious, bolder in pairwise(Settings().at(caution) for caution in CAUTIONS):
        assert cautious.answerable > bolder.answerable
        assert cautious.supported > bolder.supported
        assert cautious.quotable > bolder.quotable


def test_settings_that_name_no_caution_are_the_default_ones() -> None:
    assert Settings() == Settings().at(DEFAULT_CAUTION)


def test_a_quoted_sentence_must_always_be_surer_than_one_a_model_wrote() -> None:
    assert all(Settings().at(caution).quotable > Settings().at(caution).supported for caution in CAUTIONS)


class FairlySure:
    """A reader that finds every question and every answer fairly likely."""

    def read(self, question: str, sentences: Sequence[str]) -> Generator[None, None, Reading]:  # noqa: ARG002
        yield None
        return Reading(0.57, tuple(0.57 for _ in sentences))

    def check(self, question: str, cited: Sequence[str], statement: str) -> Generator[None, None, float]:  # noqa: ARG002
        yield None
        return 0.57


@pytest.fixture
def fairly_sure(small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    home = Home(tmp_path)
    (tmp_path / "models").symlink_to(small_models)
    for folder in (home.articles, home.index, home.conversations, home.logs):
        folder.mkdir()
    (home.articles / ".seeded").touch()
    with closing(Application(home, Settings(model=EXTRACTIVE, embedder="minilm"))) as application:
        monkeypatch.setattr(application.readers, "large", FairlySure)
        application.library.add(load_bytes(b"The bridge opened in 1931. It replaced a ferry.", name="bridge.txt"))
        yield application


@pytest.mark.parametrize(("caution", "silent"), [("cautious", True), (None, True), ("balanced", True), ("bold", False)])
def test_whoever_asks_says_how_sure_the_answer_must_be(
    fairly_sure: Application, caution: Caution | None, silent: bool
) -> None:
    question = "When did the bridge open?"
    ends = [event for event in fairly_sure.ask(question, caution=caution) if isinstance(event, Finished)]
    sides = fairly_sure.compare(question, models=(EXTRACTIVE, EXTRACTIVE), caution=caution)
    ends += [one.event for one in sides if isinstance(one.event, Finished)]
    assert [end.answer.abstained for end in ends] == [silent] * 3
