"""The reader's training: what it learns from, what it keeps apart, and the command as a whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.reader import cut_folder, load_probes, unpacked
from evals.reader_examples import claims, examples, is_held_out
from evals.sets import load_set
from evals.train_reader import _fit, _Table, app
from evals.types import EvalSet


def count(text: str) -> int:
    return len(text.split())


@pytest.fixture(scope="module")
def article() -> EvalSet:
    """The project's own set."""
    return load_set(Path(__file__).parents[2] / "evals" / "cases" / "article")


def test_an_example_whose_gold_was_taken_away_holds_no_accepted_answer(article: EvalSet) -> None:
    made = list(examples(article, each=40, count=count))
    by_question = {case.question: case for case in article.cases}
    taken = [one for one in made if one.answered is False and by_question[one.question].answerable]
    assert len(taken) >= 20
    for one in taken:
        answers = by_question[one.question].answers
        assert not any(answer.casefold() in " ".join(one.sentences).casefold() for answer in answers)
        assert not any(one.bearing)


def test_an_answered_example_marks_the_sentences_that_say_so(article: EvalSet) -> None:
    by_question = {case.question: case for case in article.cases}
    answered = [one for one in examples(article, each=40, count=count) if one.answered]
    assert len(answered) >= 20
    for one in answered:
        assert len(one.bearing) == len(one.sentences)
        for sentence, bears in zip(one.sentences, one.bearing, strict=True):
            if bears:
                case = by_question[one.question]
                said = any(answer.casefold() in sentence.casefold() for answer in case.answers)
                assert said or any(sentence in gold.quote or gold.quote in sentence for gold in case.evidence)


def test_the_same_seed_makes_the_same_examples(article: EvalSet) -> None:
    assert list(examples(article, each=9, count=count)) == list(examples(article, each=9, count=count))
    assert list(claims(article, each=9)) == list(claims(article, each=9))


def test_more_examples_hold_the_fewer(article: EvalSet) -> None:
    few, many = (set(examples(article, each=each, count=count)) for each in (5, 20))
    assert few < many


def test_wrong_claims_are_wrong(small_set: Path) -> None:
    one = load_set(small_set)
    accepted = {case.question: case.answers for case in one.cases}
    made = list(claims(one, each=20))
    assert {claim.supported for claim in made} == {True, False}
    for claim in made:
        right = any(answer.casefold() in claim.answer.casefold() for answer in accepted[claim.question])
        proven = claim.answer.casefold() in " ".join(claim.sentences).casefold()
        assert claim.supported == (right and proven)


@given(st.text(alphabet=st.characters(exclude_characters=":"), min_size=1, max_size=20))
def test_an_article_of_two_sets_is_on_the_same_side(id: str) -> None:
    assert is_held_out(f"one:{id}") == is_held_out(f"other:{id}") == is_held_out(id)


def test_about_half_of_all_articles_are_held_out() -> None:
    assert 400 < sum(is_held_out(f"article {number}") for number in range(1000)) < 600


def test_weights_are_of_the_raw_features_and_learn_from_the_training_half_alone() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(3, 5, (400, 6)).astype(np.float32)
    labels = features[:, 2] > 3
    held_out = np.arange(400) % 2 == 1
    # What is held out is labelled the other way round: whoever learned from it would do badly on the rest.
    table = _Table(features, np.where(held_out, ~labels, labels), np.array(["s"] * 400), held_out)
    *weights, bias = _fit(table, 1.0)
    said = features @ np.array(weights) + bias > 0
    assert (said == labels)[~held_out].mean() > 0.95


@pytest.mark.slow
def test_the_command_trains_on_a_set_and_goes_on_from_what_it_read(
    small_set: Path, models_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not cut_folder(models_folder, load_probes()).is_dir():
        pytest.fail(f"The reader is not in {models_folder}: run `make setup`.")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "models").symlink_to(models_folder)
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path / "home"))
    arguments = [str(small_set), "--each", "4", "--rows", str(tmp_path / "rows"), "--out", str(tmp_path / "out.json")]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    written = json.loads((tmp_path / "out.json").read_text())
    width = len(load_probes().answerable)
    assert {name: len(unpacked(written[name])) for name in ("answerable", "bearing", "supported")} == dict.fromkeys(
        ("answerable", "bearing", "supported"), width
    )
    again = CliRunner().invoke(app, [*arguments, "--kept-only"])
    assert again.exit_code == 0, again.output
    assert json.loads((tmp_path / "out.json").read_text()) == written
