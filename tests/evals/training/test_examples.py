"""What the reader learns from: right answers stand where they are said to, and wrong ones are wrong."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.training.examples import changed_number, checks, denied, reading, stated
from evals.training.rows import Pool, TrainingRow, rows_of

BRIDGE = (
    "The valley bridge was designed by Elena Ruiz. It opened in May 1931. "
    "Its deck is 420 metres long. The city paid two million euros for the repairs of 1964."
)
FERRY = "The ferry carried coal and timber for sixty years. Its last captain kept a diary."
MILL = "The old mill stands above the valley. Nobody knows who designed it. It ground rye until the war."


def drawn(seed: int) -> Random:
    return Random(seed)  # noqa: S311  a sample, no secret


def row(
    question: str = "How long is the deck of the bridge?", answer: str = "420 metres", **values: object
) -> TrainingRow:
    given: dict[str, object] = {
        "set": "made", "lang": "en", "group": "bridge", "question": question, "golds": (BRIDGE,), "answers": (answer,),
        "references": (), "answerable": True, "pool": Pool((BRIDGE, FERRY, MILL), "en"), "learned": True, "starts": (),
    }  # fmt: skip
    return TrainingRow(**{**given, **values})  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.sampled_from([150, 300, 600]))
def test_a_whole_reading_marks_the_sentence_and_the_place_of_the_answer(seed: int, budget: int) -> None:
    made = reading(row(), drawn(seed), kind="whole", budget=budget)
    assert made is not None
    assert made.answered
    for sentence, bears, span in zip(made.sentences, made.bearing, made.spans, strict=True):
        assert bool(bears) == ("420" in sentence)
        assert (sentence[slice(*span)] if span else None) == ("420 metres" if bears else None)


@given(st.integers(0, 10_000), st.sampled_from(["deleted", "cut"]))
def test_a_reading_without_its_gold_holds_the_answer_nowhere(seed: int, kind: str) -> None:
    made = reading(row(), drawn(seed), kind=kind, budget=600)
    assert made is not None
    assert not made.answered
    assert not any("420" in sentence for sentence in made.sentences)
    assert not any(made.bearing)


@given(st.integers(0, 10_000))
def test_of_two_checks_the_first_is_right_and_the_second_is_not(seed: int) -> None:
    other = row("Who designed the bridge?", "Elena Ruiz")
    right, wrong = checks(row(), [other], drawn(seed))
    assert right.supported
    assert any("420" in sentence for sentence in right.cited)
    assert not wrong.supported
    says_it = "420 metres" in wrong.statement and not wrong.statement.count(" not ")
    assert not (says_it and any("420 metres" in sentence for sentence in wrong.cited))


def test_an_unanswerable_question_has_one_check_which_is_wrong() -> None:
    [check] = checks(row(answerable=False, answers=()), [], drawn(0))
    assert not check.supported


@pytest.mark.parametrize(
    ("question", "answer", "lang", "statement"),
    [
        ("Who chaired the board?", "Elena Ruiz", "en", "Elena Ruiz chaired the board."),
        ("What is the height of the tower?", "40 m", "en", "The height of the tower is 40 m."),
        ("Which city paid for it?", "Norvik", "en", "Norvik paid for it."),
        ("橋を設計したのは誰ですか。", "ルイス", "ja", "橋を設計したのはルイスです。"),
        ("When did it open?", "1931", "en", None),
    ],
)
def test_a_question_becomes_a_statement_where_a_rule_fits(
    question: str, answer: str, lang: str, statement: str | None
) -> None:
    assert stated(question, answer, lang) == statement


@given(st.from_regex(r"[A-Za-z ]{0,5}\d{1,4}[A-Za-z ]{0,5}", fullmatch=True), st.integers(0, 1000))
def test_a_changed_number_is_another_one(answer: str, seed: int) -> None:
    changed = changed_number(answer, drawn(seed))
    assert changed is None or changed != answer


@pytest.mark.parametrize(
    ("statement", "lang", "other"),
    [
        ("The bridge was opened in May.", "en", "The bridge was not opened in May."),
        ("The bridge was not opened in May.", "en", "The bridge was opened in May."),
        ("橋は五月に開通した。", "ja", "橋は五月に開通しなかった。"),
        ("Bridges everywhere.", "en", None),
    ],
)
def test_a_denial_is_put_in_or_taken_out(statement: str, lang: str, other: str | None) -> None:
    assert denied(statement, lang) == other


def test_near_misses_come_nearest_first_and_never_run_out() -> None:
    pool = Pool((BRIDGE, FERRY, MILL), "en")
    assert pool.nearest("Who was the captain of the ferry?", 3)[0] == FERRY
    assert sorted(pool.nearest("誰ですか", 3)) == sorted((BRIDGE, FERRY, MILL))


def test_a_file_of_rows_keeps_its_offsets_and_its_articles(tmp_path: Path) -> None:
    start = BRIDGE.index("420")
    rows = [
        {
            "id": f"x:{n}", "set": "made", "title": f"title {n}", "lang": "en", "question": "How long?",
            "context": BRIDGE, "answers": [{"text": "420 metres", "start": start}], "answerable": True, "kind": "fact",
        }
        for n in range(40)
    ]  # fmt: skip
    file = tmp_path / "made.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in rows))
    found = rows_of(file)
    assert [one.golds[0][one.starts[0] :][:10] for one in found] == ["420 metres"] * 40
    assert {one.held_out for one in found} == {True, False}
