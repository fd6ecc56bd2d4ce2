"""The reader's training: what it learns from, what it keeps apart, and the command as a whole."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.proof.reader import load_probes, unpacked
from assistant.wiring import Application
from evals.cases.sets import load_set
from evals.training.reader_examples import Example, chosen, claims, example, is_held_out, quotes
from evals.training.train_reader import _fit, _Table, app
from evals.types import EvalCase, EvalSet
from index.types import ScoredChunk


def count(text: str) -> int:
    return len(text.split())


@pytest.fixture(scope="module")
def article() -> EvalSet:
    """The project's own set."""
    return load_set(Path(__file__).parents[3] / "evals" / "cases" / "article")


@pytest.fixture(scope="module")
def asked(article: EvalSet, application: Application) -> list[tuple[EvalCase, Example]]:
    """Every case with its example, evidence as the index finds it."""
    with application.index_of(list(article.documents.values())) as index:

        def find(case: EvalCase, most: int) -> Sequence[ScoredChunk]:
            return index.retrieve(case.question, k=most, documents=case.articles)

        made = [
            (case, example(article.documents, case, find, count=count, deleted=deleted))
            for case, deleted in chosen(article, each=40)
        ]
    return [(case, one) for case, one in made if one is not None]


def test_an_example_whose_gold_was_taken_away_holds_no_accepted_answer(asked: list[tuple[EvalCase, Example]]) -> None:
    taken = [(case, one) for case, one in asked if one.answered is False and case.answerable]
    assert len(taken) >= 20
    for case, one in taken:
        assert not any(answer.casefold() in " ".join(one.sentences).casefold() for answer in case.answers)
        assert not any(one.bearing)


def test_an_answered_example_marks_the_sentences_that_say_so(asked: list[tuple[EvalCase, Example]]) -> None:
    answered = [(case, one) for case, one in asked if one.answered]
    assert len(answered) >= 20
    for case, one in answered:
        assert len(one.bearing) == len(one.sentences)
        for sentence, bears in zip(one.sentences, one.bearing, strict=True):
            said = any(answer.casefold() in sentence.casefold() for answer in case.answers)
            gold = any(sentence in gold.quote or gold.quote in sentence for gold in case.evidence)
            if bears:
                assert said or gold
            if bears is False:
                assert not said


def test_quotes_are_the_surest_sentence_that_bears_the_answer_and_the_surest_that_does_not() -> None:
    one = Example("s", "q?", ("a", "b", "c", "d", "e", "f"), True, (False, None, True, True, False, True), False)
    made = list(quotes(one, [0.1, 0.9, 0.2, 0.3, 0.15, 0.0]))
    assert [(claim.answer, claim.supported) for claim in made] == [("d", True), ("e", False)]
    # Nobody would quote what is not among the first few.
    assert [claim.answer for claim in quotes(one, [0.1, 0.9, 0.8, 0.7, 0.0, 0.6])] == ["c"]


def test_the_same_seed_makes_the_same_sample_and_more_hold_the_fewer(article: EvalSet) -> None:
    few, many = ({(case.id, deleted) for case, deleted in chosen(article, each=each)} for each in (5, 20))
    assert few < many
    assert chosen(article, each=9) == chosen(article, each=9)
    assert list(claims(article, each=9)) == list(claims(article, each=9))


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


@pytest.mark.parametrize("named", ["squad2", "squad2=many", "=4"])
def test_a_set_without_a_number_is_one_plain_line(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_HOME", str(tmp_path))
    ran = CliRunner().invoke(app, [named, "--kept", str(tmp_path / "kept")])
    assert ran.exit_code == 1
    assert f"found '{named}'; expected a set's folder and a number of examples" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("reader_home")
def test_the_command_trains_on_a_set_and_goes_on_from_what_it_read(small_set: Path, tmp_path: Path) -> None:
    arguments = [f"{small_set}=4", "--kept", str(tmp_path / "kept"), "--out", str(tmp_path / "out.json")]
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
