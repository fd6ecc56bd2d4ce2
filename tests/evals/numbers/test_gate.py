"""Thresholds for a build: how they are written, and which metrics fall short."""

from __future__ import annotations

import pytest

from assistant.errors import UsageError
from evals.numbers.gate import Failing, Threshold, as_text, failing, parse_threshold
from evals.numbers.metrics import METRICS
from evals.numbers.summary import summarise
from evals.types import CaseResult, EvalCase


@pytest.fixture
def summary():
    cases = {("demo", str(n)): EvalCase("demo", str(n), "?", True, (f"a{n}",), answers=("x",)) for n in range(4)}
    scores = dict.fromkeys(METRICS) | {"over_refused": 0.25, "ms_total": 900.0}
    rows = [
        CaseResult("demo", id, {"abstained": False}, scores | {"grounded_accuracy": float(id != "0")})
        for _, id in cases
    ]
    return summarise(rows, cases)


def test_a_threshold_is_a_metric_and_a_number():
    assert parse_threshold(" hit@5 = .9 ") == Threshold("hit@5", 0.9)
    assert parse_threshold("points=-0.5") == Threshold("points", -0.5)
    assert parse_threshold("ms_total=5e3") == Threshold("ms_total", 5000)


def test_an_unknown_metric_is_named_with_the_known_ones():
    with pytest.raises(UsageError) as caught:
        parse_threshold("acuracy=0.7")
    assert "'acuracy'" in str(caught.value)
    assert all(name in str(caught.value) for name in METRICS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy", "Found threshold 'accuracy'; expected metric=value"),
        ("accuracy=high", "Found 'high' as threshold of accuracy; expected a number, for example accuracy=0.7."),
        ("accuracy=", "Found '' as threshold"),
        ("ms_total=nan", "Found 'nan' as threshold of ms_total; expected a number, for example ms_total=5000."),
        ("accuracy=90", "Found 90 as threshold of accuracy; expected 0 to 1."),
        ("points=-2", "expected -1 to 1."),
    ],
)
def test_a_threshold_that_cannot_be_used_says_what_was_expected(text, said):
    with pytest.raises(UsageError) as caught:
        parse_threshold(text)
    assert str(caught.value).startswith(said) or said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_reaches_its_threshold_passes_and_equal_is_enough(summary):
    met = [Threshold("grounded_accuracy", 0.75), Threshold("over_refused", 0.25), Threshold("ms_total", 901)]
    assert failing(summary, met) == ()
    assert as_text(()) == "Every threshold was met."


def test_less_than_the_threshold_fails_and_more_does_where_less_is_better(summary):
    failed = failing(summary, [Threshold("over_refused", 0.2), Threshold("grounded_accuracy", 0.8)])
    assert [(one.metric, one.value, one.threshold) for one in failed] == [
        ("over_refused", 0.25, 0.2),
        ("grounded_accuracy", 0.75, 0.8),
    ]
    assert as_text(failed).splitlines()[0].startswith("over_refused is 0.25, above 0.2 (4 scored, 95 % ")
    assert as_text(failed).splitlines()[1].startswith("grounded_accuracy is 0.75, below 0.8 (4 scored, 95 % ")


def test_a_metric_that_was_not_scored_never_passes(summary):
    assert failing(summary, [Threshold("refused", 0.0)]) == (Failing("refused", None, 0.0, "was not scored"),)


def test_the_reason_for_no_score_is_said():
    case = EvalCase("demo", "1", "?", True, ("a",))
    row = CaseResult(
        "demo", "1", {"abstained": False}, {"grounded_accuracy": None}, why={"accuracy": "no accepted answer"}
    )
    failed = failing(summarise([row], {case.key: case}), [Threshold("accuracy", 0.5)])
    assert as_text(failed) == "accuracy was not scored: no accepted answer"


def test_what_is_printed_cannot_steer_a_terminal():
    with pytest.raises(UsageError) as caught:
        parse_threshold("\x1b[31m=1")
    assert str(caught.value).isprintable()
