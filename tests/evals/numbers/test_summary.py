"""The numbers of a run: what counts, what is unscored, and what a refusal or an error may not do."""

from __future__ import annotations

import json
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import UsageError
from assistant.types import Turn
from evals.numbers.metrics import METRICS
from evals.numbers.statistics import wilson
from evals.numbers.summary import NOT_SCORABLE, SLICED, Estimate, from_json, summarise, to_json
from evals.types import CaseResult, EvalCase


def case(id="1", *, answerable=True, articles=("a",), **fields):
    fields.setdefault("answers", ("blue",) if answerable else ())
    return EvalCase("demo", id, fields.pop("question", f"What is {id}?"), answerable, articles, **fields)


def row(of, *, abstained=False, failure=None, why=None, **scores):
    every = dict.fromkeys(METRICS) | {name.replace("_at_", "@"): value for name, value in scores.items()}
    return CaseResult(of.set, of.id, {"abstained": abstained}, every, failure=failure, why=why or {})


def failed(of):
    return CaseResult(of.set, of.id, None, {}, failure="error", error="ModelError: gone")


def summary_of(*pairs, seed=0):
    return summarise([row for _, row in pairs], {case.key: case for case, _ in pairs}, seed=seed)


def answered(id, right, **fields):
    one = case(id, **fields)
    value = float(right)
    return one, row(one, failure=None if right else "misread", accuracy=value, grounded_accuracy=value,
                    points=2 * value - 1, over_refused=0.0)  # fmt: skip


def refused(id, *, answerable=False, **fields):
    one = case(id, answerable=answerable, **fields)
    if answerable:
        return one, row(one, abstained=True, failure="wrongly refused", accuracy=0.0, grounded_accuracy=0.0,
                        points=0.0, over_refused=1.0)  # fmt: skip
    return one, row(one, abstained=True, grounded_accuracy=1.0, points=1.0, refused=1.0)


def made_up(id):
    one = case(id, answerable=False)
    return one, row(one, failure="should have refused", grounded_accuracy=0.0, points=-1.0, refused=0.0)


def test_every_metric_has_an_estimate_in_the_reports_order():
    summary = summary_of(answered("1", True), answered("2", False))
    assert list(summary.metrics) == list(METRICS)
    assert summary.metrics["ndcg@10"] == Estimate(None, None, None, 0, 2)


def test_an_estimate_is_the_mean_of_the_scored_with_what_was_left_out_beside_it():
    pairs = [answered("1", True), answered("2", False), answered("3", True), refused("4")]
    unscored = case("5", answers=("a word " * 40,))
    pairs.append((unscored, row(unscored, why={"accuracy": "only a long reference answer"})))
    summary = summary_of(*pairs)
    found = summary.metrics["accuracy"]
    assert (found.value, found.n, found.unscored) == (pytest.approx(2 / 3, abs=1e-6), 3, 2)
    assert (found.over, found.clusters, found.why) == ("cases", 3, "only a long reference answer")
    assert (summary.cases, summary.errors, summary.clusters) == (5, 0, 1)


def test_a_score_that_is_no_number_is_unscored():
    one, good = answered("1", True)
    assert summary_of((one, replace(good, scores={**good.scores, "f1": float("nan")}))).metrics["f1"].n == 0


def test_costs_also_have_percentiles():
    pairs = [(one := case(str(n)), row(one, ms_total=n * 100.0, grounded_accuracy=1.0)) for n in range(1, 21)]
    found = summary_of(*pairs).metrics["ms_total"]
    assert (found.value, found.p50, found.p95) == (1050, 1000, 1900)
    assert summary_of(*pairs).metrics["grounded_accuracy"].p50 is None


def test_an_error_counts_as_not_right_and_is_never_dropped():
    known, unknown, beyond = case("2"), case("3", answers=()), case("4", answerable=False)
    summary = summary_of(answered("1", True), *((one, failed(one)) for one in (known, unknown, beyond)))
    assert summary.errors == summary.failures["error"] == 3
    value = {name: (summary.metrics[name].value, summary.metrics[name].n) for name in
             ("grounded_accuracy", "points", "accuracy", "refused", "over_refused")}  # fmt: skip
    assert value == {
        "grounded_accuracy": (pytest.approx(1 / 3, abs=1e-6), 3),  # not the one that could not have been scored
        "points": (pytest.approx(1 / 3, abs=1e-6), 3),
        "accuracy": (0.5, 2),
        "refused": (0.0, 1),
        "over_refused": (0.0, 1),
    }
    assert (summary.refusal.answerable_failed, summary.refusal.unanswerable_failed) == (2, 1)


def test_a_run_of_nothing_but_errors_scores_zero():
    one = case()
    assert summary_of((one, failed(one))).metrics["grounded_accuracy"].value == 0


def test_refusals_alone_do_not_make_the_headline():
    unscored = case("1", answers=())
    summary = summary_of((unscored, row(unscored, why={"grounded_accuracy": "no accepted answer known"})),
                         refused("2"), refused("3"))  # fmt: skip
    for name in ("grounded_accuracy", "points"):
        assert summary.metrics[name] == Estimate(None, None, None, 0, 3, why=NOT_SCORABLE)
    assert summary.metrics["refused"].value == 1
    assert summary.grounded_answerable == Estimate(None, None, None, 0, 1, why="no accepted answer known")
    by_answerable = summary.slices["answerable"]
    assert by_answerable["not answerable"]["grounded_accuracy"].value == 1
    assert by_answerable["answerable"]["grounded_accuracy"].value is None


def test_both_halves_of_the_headline_stand_beside_it():
    summary = summary_of(answered("1", True), answered("2", False), refused("3"), refused("4"))
    assert summary.metrics["grounded_accuracy"].value == 0.75
    assert (summary.grounded_answerable.value, summary.metrics["refused"].value) == (0.5, 1.0)


def test_the_refusal_table_adds_up_and_has_wilsons_intervals():
    pairs = [answered("1", True), answered("2", False), refused("3", answerable=True), refused("4"), refused("5"),
             made_up("6")]  # fmt: skip
    table = summary_of(*pairs).refusal
    counts = (table.answerable_answered, table.answerable_abstained, table.unanswerable_answered,
              table.unanswerable_abstained)  # fmt: skip
    assert counts == (2, 1, 1, 2)
    for rate, successes in ((table.recall, 2), (table.precision, 2), (table.over_refusal, 1)):
        assert rate.value == pytest.approx(successes / 3, abs=1e-6)
        assert (rate.low, rate.high) == pytest.approx((wilson(successes, 3).low, wilson(successes, 3).high), abs=1e-6)
    assert (table.over_refusal.n, table.over_refusal.unscored) == (3, 3)


def test_a_run_that_only_retrieved_has_no_refusals_and_no_headline_from_its_errors():
    one, other = case("1"), case("2")
    found = CaseResult("demo", "1", {"evidence": []}, {"hit@5": 1.0})
    summary = summary_of((one, found), (other, failed(other)))
    assert summary.refusal is None
    assert summary.metrics["hit@5"].value == 1
    assert summary.metrics["grounded_accuracy"] == Estimate(None, None, None, 0, 2, why="not measured in this run")
    assert summary.errors == 1


def test_failures_are_counted_in_the_order_of_their_kinds():
    summary = summary_of(made_up("1"), answered("2", False), answered("3", False))
    assert list(summary.failures.items()) == [("misread", 2), ("should have refused", 1)]


def test_slices_are_by_tag_language_set_turn_and_answerable():
    talk = (Turn("user", "Who?"), Turn("assistant", "She."))
    summary = summary_of(answered("1", True, tags=("date", "date", "twin-of:9"), lang="ja"),
                         answered("2", False, history=talk), refused("3", tags=("date",)))  # fmt: skip
    names = {kind: list(names) for kind, names in summary.slices.items()}
    assert names == {"tag": ["date"], "lang": ["en", "ja"], "set": ["demo"], "turn": ["first", "follow-up"],
                     "answerable": ["answerable", "not answerable"]}  # fmt: skip
    date = summary.slices["tag"]["date"]
    assert tuple(date) == SLICED
    assert (date["grounded_accuracy"].value, date["grounded_accuracy"].n, date["accuracy"].n) == (1, 2, 1)


def test_a_row_of_an_unknown_case_is_refused_by_name():
    with pytest.raises(UsageError, match="case 'lost' of set 'demo'"):
        summarise([row(case("lost"))], {case().key: case()})


def test_no_rows_are_a_summary_without_values():
    summary = summarise([], {})
    assert (summary.cases, summary.metrics["points"].value, summary.failures) == (0, None, {})


@st.composite
def runs(draw):
    makers = st.sampled_from([lambda id, a: answered(id, True, articles=(a,)),
                              lambda id, a: answered(id, False, articles=(a,), lang="ja", tags=("x",)),
                              lambda id, a: refused(id, articles=(a,)),
                              lambda id, a: (one := case(id, articles=(a,)), failed(one))])  # fmt: skip
    chosen = draw(st.lists(st.tuples(makers, st.sampled_from("abcdefghijklmnopqrstuvwxyz")), max_size=60))
    return [make(str(place), article) for place, (make, article) in enumerate(chosen)]


@settings(max_examples=25, deadline=None)
@given(runs(), st.randoms())
def test_a_summary_survives_json_and_knows_no_order(pairs, shuffled):
    summary = summary_of(*pairs, seed=3)
    assert from_json(json.loads(json.dumps(to_json(summary)))) == summary
    shuffled.shuffle(pairs)
    assert summary_of(*pairs, seed=3) == summary


@settings(max_examples=25, deadline=None)
@given(runs())
def test_every_case_is_counted_once(pairs):
    summary = summary_of(*pairs)
    assert all(found.n + found.unscored == len(pairs) for found in summary.metrics.values())
    table = to_json(summary)["refusal"]
    assert sum(value for value in table.values() if isinstance(value, int)) == len(pairs)
    for names in (summary.slices["set"], summary.slices["lang"], summary.slices["turn"]):
        assert sum(found["points"].n + found["points"].unscored for found in names.values()) == len(pairs)


def test_the_json_leaves_out_what_an_estimate_does_not_have():
    fields = to_json(summary_of(answered("1", True), answered("2", True)))
    assert fields["metrics"]["accuracy"] == {
        "value": 1.0, "low": pytest.approx(0.34238, abs=1e-5), "high": 1.0, "n": 2, "unscored": 0, "over": "cases",
        "clusters": 2,
    }  # fmt: skip


def test_ten_thousand_rows_take_seconds_and_keep_no_text():
    values = np.random.default_rng(0).random((10_000, len(METRICS)))
    cases = {("demo", str(n)): case(str(n), articles=(f"a{n % 900}",), tags=(f"t{n % 20}",)) for n in range(10_000)}

    def rows():
        for one, numbers in zip(cases.values(), values, strict=True):
            scores = dict(zip(METRICS, map(float, numbers), strict=True))
            yield replace(row(one), scores=scores, result={"abstained": False, "answer": f"{one.id} is long " * 400})

    tracemalloc.start()
    try:
        summarise(list(rows())[:1], cases)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        summarise(rows(), cases)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20  # the answers alone would take 50 MiB
    kept = list(rows())
    begun = time.perf_counter()
    summarise(kept, cases)
    assert time.perf_counter() - begun < 10  # about 2 s on a quiet machine
