"""Pairs of an answer and its citation: what is read, what is kept apart, and how well a check tells them apart."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.errors import UsageError
from evals.bench.pairs import Pair, by_overlap, by_reader, load_pairs, told_apart
from evals.cases.held_out import is_held_out
from evals.cli import app

HELD = next(name for name in map(str, range(100)) if is_held_out(name))
TRAINED = next(name for name in map(str, range(100)) if not is_held_out(name))
ROW = {
    "id": "1",
    "lang": "en",
    "article_id": HELD,
    "question": "Who designed the bridge?",
    "answer": "Elena Ruiz",
    "cited": "Elena Ruiz designed it. It opened in 1931.",
    "kind": "supported",
    "label": 1,
}
PAIR = Pair("1", "en", HELD, "Who?", "Elena Ruiz", ("Elena Ruiz designed it.",), "supported", supported=True)


def written(folder: Path, *rows: object) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_becomes_a_pair_of_an_answer_and_cited_sentences(tmp_path: Path) -> None:
    (pair,) = load_pairs(written(tmp_path, ROW))
    assert pair == Pair(
        "1", "en", HELD, "Who designed the bridge?", "Elena Ruiz",
        ("Elena Ruiz designed it.", "It opened in 1931."), "supported", supported=True,
    )  # fmt: skip


def test_pairs_on_articles_the_reader_was_trained_on_are_left_out(tmp_path: Path) -> None:
    assert load_pairs(written(tmp_path, {**ROW, "article_id": TRAINED})) == ()


def test_a_limit_holds_for_each_kind_and_language(tmp_path: Path) -> None:
    rows = [
        {**ROW, "id": f"{lang}{kind}{n}", "lang": lang, "kind": kind} for lang in "ab" for kind in "xy" for n in "123"
    ]
    assert [pair.id for pair in load_pairs(written(tmp_path, *rows), limit=2)] == [
        "ax1", "ax2", "ay1", "ay2", "bx1", "bx2", "by1", "by2",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["{", "[]", json.dumps({"id": "1"})])
def test_what_is_no_pair_is_refused_naming_its_line(tmp_path: Path, broken: str) -> None:
    path = written(tmp_path, ROW, broken)
    with pytest.raises(UsageError, match=rf"{path.name}:2 is no pair"):
        load_pairs(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_pairs(tmp_path / "none.jsonl")


def test_each_kind_of_wrong_one_is_compared_with_the_right_ones_of_its_language() -> None:
    wrong = replace(PAIR, supported=False, kind="near")
    far = replace(PAIR, supported=False, kind="far", article="b")
    japanese = replace(PAIR, language="ja")  # no wrong one in Japanese: nothing to tell apart
    found = list(told_apart([PAIR, PAIR, wrong, far, japanese], [0.9, 0.4, 0.5, 0.1, 0.0]))
    assert [(one.language, one.kind, one.auroc, one.right, one.wrong) for one in found] == [
        ("en", "far", 1.0, 2, 1),
        ("en", "near", 0.5, 2, 1),
    ]


def test_overlap_is_the_share_of_the_answers_words_that_are_cited() -> None:
    assert by_overlap(PAIR) == 1.0
    assert by_overlap(replace(PAIR, answer="Elena Weber")) == 0.5
    assert by_overlap(replace(PAIR, answer="…")) == 0.0


def test_without_a_reader_the_way_to_get_one_is_named() -> None:
    with pytest.raises(UsageError, match="assistant models pull"):
        by_reader(None)


@pytest.mark.slow
@pytest.mark.usefixtures("reader_home")
def test_the_command_prints_a_line_for_each_language_and_kind(tmp_path: Path) -> None:
    wrong = {"kind": "same_text", "label": 0, "answer": "1931"}
    rows = [ROW, {**ROW, **wrong}, {**ROW, "kind": "other_text", "label": 0, "cited": "The mill is old."}]
    rows += [{**row, "lang": "de"} for row in rows[:2]]
    arguments = ["pairs", str(written(tmp_path, *rows)), "--kept", str(tmp_path / "kept")]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    assert [line.split()[:2] for line in first.stdout.splitlines()] == [
        ["de", "same_text"], ["en", "other_text"], ["en", "same_text"],
    ]  # fmt: skip
    assert CliRunner().invoke(app, arguments).stdout == first.stdout
