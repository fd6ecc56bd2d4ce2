"""The reader: a real one where its model is here, and what becomes of an answer by what it finds."""

import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.chain import Assistant
from assistant.errors import ReaderError
from assistant.proof.bearing import agreed, chosen
from assistant.proof.context import Numbered
from assistant.proof.reader import Probes, Reader, Reading, cut_folder, load_probes, packed, prompt_for, unpacked
from assistant.proof.small_reader import SmallReader
from assistant.settings import Settings
from assistant.types import EvidenceFound, Finished, Notice, StatementReady, Waiting
from index.build import Index
from index.reading.load import load_bytes
from index.types import Sentence
from index.vectors.cache import Cache
from index.vectors.embed import SentenceTransformerEmbedder
from prompts import Message

BRIDGE = [
    "The valley bridge was designed by Elena Ruiz and opened in May 1931.",
    "It replaced a ferry that had carried coal and timber for sixty years.",
    "The harbor board did not want a tunnel, because a tunnel would have cost twice as much.",
    "Repairs after the flood of 1964 cost two million euros.",
]


@pytest.fixture(scope="module")
def reader(models_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    probes = load_probes()
    folder = cut_folder(models_folder, probes)
    if not folder.is_dir():
        pytest.fail(f"The reader is not in {models_folder}: run `make setup`.")
    reader = Reader(folder, probes=probes, log=tmp_path_factory.mktemp("logs") / "reader.log")
    yield reader
    reader.close()


def _read(reader: Reader, question: str, sentences: Sequence[str] = BRIDGE) -> Reading:
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
        ("Why was no tunnel built?", 2),
        ("How much did the repairs after the flood cost?", 3),
    ],
)
def test_a_question_that_is_answered_is_told_from_one_that_is_not(reader: Reader, question: str, bears: int) -> None:
    whole = _read(reader, question)
    without = _read(reader, question, [text for place, text in enumerate(BRIDGE) if place != bears])
    assert whole.bearing.index(max(whole.bearing)) == bears
    assert whole.answerable > without.answerable


def test_the_same_question_is_read_the_same_twice(reader: Reader) -> None:
    first = _read(reader, "Who designed the valley bridge?")
    _read(reader, "When was it opened?")
    assert _read(reader, "Who designed the valley bridge?") == first


def test_the_latest_reading_is_kept_and_a_killed_reader_says_so_once(reader: Reader) -> None:
    first = _read(reader, "Who designed the valley bridge?")
    assert reader.process_id is not None
    os.kill(reader.process_id, signal.SIGKILL)
    assert _read(reader, "Who designed the valley bridge?") == first
    with pytest.raises(ReaderError, match="reader"):
        _read(reader, "When was it opened?")
    assert _read(reader, "When was it opened?").answerable > 0


def test_a_reader_that_takes_too_long_is_not_called_killed(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.open()
    monkeypatch.setattr("assistant.proof.reader._READ_S", 0.01)
    with pytest.raises(ReaderError, match=r"did not answer within 0\.01 s"):
        _read(reader, "What did the ferry carry?", BRIDGE * 10)


def test_a_reader_that_still_loads_is_ended_at_once(models_folder: Path, tmp_path: Path) -> None:
    probes = load_probes()
    loading = Reader(cut_folder(models_folder, probes), probes=probes, log=tmp_path / "log")
    loading.open_soon()
    while (process_id := loading.process_id) is None:
        time.sleep(0.01)
    loading.close()
    assert not Path(f"/proc/{process_id}/exe").exists()
    with pytest.raises(ReaderError, match="closed"):
        loading.open()


def test_a_closed_reader_loads_nothing_more_and_says_nothing(tmp_path: Path) -> None:
    for closed in (Reader(tmp_path, probes=load_probes(), log=tmp_path / "log"), SmallReader(tmp_path)):
        closed.close()
        closed.open_soon()


def test_a_folder_that_holds_no_model_is_one_plain_line(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "nothing", probes=load_probes(), log=tmp_path / "log")
    with pytest.raises(ReaderError) as caught:
        reader.open()
    assert "\n" not in str(caught.value)
    reader.close()


def test_the_prompt_marks_every_sentence_and_its_own_end() -> None:
    prompt = prompt_for("Who?", BRIDGE)
    assert [text for text, marked in prompt if marked][:-1] == [f"[{n}] {text}" for n, text in enumerate(BRIDGE, 1)]
    assert prompt[-1][1]
    assert "Question: Who?" in prompt[0][0]
    assert "Question: Who?" in prompt[-1][0]


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=20))
def test_probes_survive_being_written(weights: list[float]) -> None:
    assert list(unpacked(packed(weights))) == weights


def _numbered(texts: Sequence[str]) -> list[Numbered]:
    return [Numbered(n, "bridge", Sentence(n * 1000, n * 1000 + len(t), t)) for n, t in enumerate(texts, 1)]


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=30), st.floats(0, 1)), min_size=1, max_size=12), st.integers(0, 200)
)
def test_the_sentences_shown_keep_order_budget_and_the_surest(held: list[tuple[str, float]], budget: int) -> None:
    numbered = _numbered([text for text, _ in held])
    bearing = [probability for _, probability in held]
    shown = chosen(numbered, bearing, budget=budget, count=len)
    assert [item.number for item in shown] == sorted({item.number for item in shown})
    assert numbered[bearing.index(max(bearing))] in shown
    assert len(shown) == 1 or sum(len(item.sentence.text) for item in shown) <= budget


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=4), st.randoms())
def test_readings_agree_somewhere_between_them_whatever_their_order(held: list[float], random: Random) -> None:
    together = agreed(*held)
    assert min(held) - 1e-9 <= together <= max(held) + 1e-9
    assert together == pytest.approx(agreed(*random.sample(held, len(held))))


@pytest.mark.parametrize(
    ("held", "together"), [((0.3,), 0.3), ((0.2, 0.8), 0.5), ((0.5, 0.9), 0.75), ((0.0, 1.0), 0.5)]
)
def test_two_readings_meet_at_the_mean_of_their_log_odds(held: tuple[float, ...], together: float) -> None:
    # log-odds of 0.5 and 0.9: 0 and ln 9; half of ln 9 is ln 3, the log-odds of 0.75
    assert agreed(*held) == pytest.approx(together)


class Told:
    """A reader that finds what it was told to find; what becomes of that is what is tested."""

    def __init__(
        self, answerable: float, best: str = "", error: str = "", supported: float = 1.0, doubted: str = ""
    ) -> None:
        self._answerable, self._best, self._error = answerable, best, error
        self._supported, self._doubted = supported, doubted

    def check(self, question: str, sentences: Sequence[str], answer: str) -> Generator[None, None, float]:  # noqa: ARG002
        yield None
        return 0.01 if self._doubted and self._doubted in answer else self._supported

    def read(self, question: str, sentences: Sequence[str]) -> Generator[None, None, Reading]:  # noqa: ARG002
        yield None
        if self._error:
            raise ReaderError(self._error)
        return Reading(self._answerable, tuple(0.9 if self._best and self._best in s else 0.1 for s in sentences))


Asking = Callable[..., tuple[list[object], list[Sequence[Message]]]]


@pytest.fixture(scope="module")
def asking(minilm: Path) -> Iterator[Asking]:
    cache = Cache(None)
    embedder = SentenceTransformerEmbedder(minilm, name="minilm", languages=frozenset({"en"}))
    index = Index(embedder=embedder, settings=Settings().index, cache=cache)

    def ask(
        question: str,
        told: Told | None,
        reply: str | None,
        settings: Settings | None = None,
        text: Sequence[str] = BRIDGE,
    ) -> tuple[list[object], list[Sequence[Message]]]:
        index.update([load_bytes(" ".join(text).encode(), name="bridge.txt")])
        asked: list[Sequence[Message]] = []

        def write(messages: Sequence[Message]) -> Generator[str]:
            asked.append(messages)
            yield reply or ""

        assistant = Assistant(
            index,
            model="scripted:test",
            write=None if reply is None else write,
            settings=settings or Settings(),
            reader=told,  # type: ignore[arg-type]
        )
        return list(assistant.stream(question)), asked

    yield ask
    index.close()
    cache.close()


def _answer(events: Sequence[object]) -> str | None:
    last = events[-1]
    assert isinstance(last, Finished)
    return None if last.answer.abstained else last.answer.text


def test_a_model_is_shown_the_sentences_that_bear_the_answer_and_no_more_than_its_budget(asking: Asking) -> None:
    settings = Settings(writer_tokens=20)
    _, asked = asking("How much were the repairs?", Told(0.9, BRIDGE[3]), f"{BRIDGE[3]} [4].", settings)
    shown = asked[0][-1].content
    assert [sentence for sentence in BRIDGE if sentence in shown] == [BRIDGE[3]]


def test_what_the_reader_does_not_find_is_never_written(asking: Asking) -> None:
    events, asked = asking("Who designed the bridge?", Told(0.05), "Elena Ruiz designed the bridge [1].")
    assert _answer(events) is None
    assert asked == []
    assert any(isinstance(event, EvidenceFound) for event in events)
    assert any(isinstance(event, Waiting) for event in events)


def test_what_it_finds_is_written_by_the_model(asking: Asking) -> None:
    events, _ = asking("Who designed the bridge?", Told(0.95, "Elena"), "The bridge was designed by Elena Ruiz [1].")
    assert _answer(events) == "The bridge was designed by Elena Ruiz."


@pytest.mark.parametrize("reply", ["NOT IN THE ARTICLE", "It was designed by Gustave Eiffel in Paris [1].", ""])
def test_where_the_model_says_nothing_that_holds_the_article_is_quoted(asking: Asking, reply: str) -> None:
    events, _ = asking("Who designed the bridge?", Told(0.95, "Elena"), reply)
    assert _answer(events) == BRIDGE[0]
    statements = [event.statement for event in events if isinstance(event, StatementReady)]
    assert [citation.quote for citation in statements[0].citations] == [BRIDGE[0]]


def test_a_wrong_answer_in_the_articles_own_words_is_left_out(asking: Asking) -> None:
    told = Told(0.95, "Elena", doubted="ferry")
    events, _ = asking("Who designed the bridge?", told, "The bridge replaced a ferry [2].")
    assert _answer(events) == BRIDGE[0]
    last = events[-1]
    assert isinstance(last, Finished)
    assert ["ferry" in statement.text for statement in last.answer.dropped] == [True]


def test_a_reader_that_doubts_the_question_and_hardly_believes_the_answer_is_silent(asking: Asking) -> None:
    reply, doubt = "Elena Ruiz designed the bridge [1].", Settings().answerable + 0.01
    believed, _ = asking("Who designed the bridge?", Told(doubt, "Elena", supported=0.999), reply)
    doubted, _ = asking("Who designed the bridge?", Told(doubt, "Elena", supported=0.3), reply)
    assert (_answer(believed), _answer(doubted)) == ("Elena Ruiz designed the bridge.", None)


def test_a_sentence_that_no_model_wrote_must_be_surer_than_one_that_it_did(asking: Asking) -> None:
    between = (Settings().supported + Settings().quotable) / 2
    told = Told(between, "Elena", supported=between)
    written, _ = asking("Who designed the bridge?", told, "Elena Ruiz designed the bridge [1].")
    unwritten, _ = asking("Who designed the bridge?", told, "NOT IN THE ARTICLE")
    without, _ = asking("Who designed the bridge?", told, None)
    assert (_answer(written), _answer(unwritten), _answer(without)) == ("Elena Ruiz designed the bridge.", None, None)


COUNTED = [
    "The valley was hit by two shocks.",
    "The first shock was the flood of 1964.",
    "The second shock was the fire at the mill.",
]


def test_what_the_article_counts_off_is_said_whole_and_no_model_is_asked(asking: Asking) -> None:
    told = Told(0.9, "flood", supported=0.99)
    events, asked = asking("What were the two shocks?", told, "The flood [2].", text=COUNTED)
    statements = [event.statement for event in events if isinstance(event, StatementReady)]
    assert [[citation.quote for citation in one.citations] for one in statements] == [[text] for text in COUNTED[1:]]
    assert asked == []


def test_what_the_article_counts_off_is_left_to_the_model_where_nobody_checks_it(asking: Asking) -> None:
    _, asked = asking("What were the two shocks?", None, "The first shock was the flood of 1964 [2].", text=COUNTED)
    assert len(asked) == 1


def test_what_the_article_counts_off_is_checked_like_any_answer(asking: Asking) -> None:
    told = Told(0.9, "flood", doubted="mill")
    events, asked = asking("What were the two shocks?", told, "The first shock was the flood [2].", text=COUNTED)
    assert _answer(events) == "The first shock was the flood."
    assert len(asked) == 1


def test_without_a_model_the_sentence_that_bears_the_answer_is_quoted(asking: Asking) -> None:
    events, _ = asking("Why was no tunnel built?", Told(0.9, "tunnel"), None)
    assert _answer(events) == BRIDGE[2]


def test_where_the_reader_fails_nothing_is_shown_as_proven(asking: Asking) -> None:
    events, _ = asking("Who designed the bridge?", Told(0, error="gone"), "The bridge was designed by Elena Ruiz [1].")
    assert any(isinstance(event, Notice) for event in events)
    assert _answer(events) is None


def test_probes_fit_the_model_they_name(reader: Reader) -> None:
    probes = load_probes()
    rows = reader.rows([("Ready.", True)])
    assert rows.shape == (1, len(probes.answerable) - 1)
    assert len(probes.bearing) == len(probes.answerable)
    assert isinstance(probes, Probes)
