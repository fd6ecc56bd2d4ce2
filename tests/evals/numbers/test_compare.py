"""Two runs over the same cases: what is paired, what changed, and what the terminal shows of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import UsageError
from evals.numbers.compare import RunView, compare
from evals.numbers.metrics import METRICS
from evals.report.compare_text import as_text
from evals.types import CaseResult, EvalCase

OUTCOMES = ("right", "misread", "wrongly refused", "error")


def case(id, *, article=None, **fields):
    fields.setdefault("answers", ("blue",))
    fields.setdefault("question", f"What is {id}?")
    answerable = fields.pop("answerable", True)
    return EvalCase("demo", id, answerable=answerable, articles=(article or f"article {id}",), **fields)


def row(of, outcome, **scores):
    if outcome == "error":
        return CaseResult(of.set, of.id, None, {}, failure="error", error="ModelError: gone")
    right = float(outcome == "right")
    abstained = outcome == "wrongly refused"
    every = dict.fromkeys(METRICS) | {"accuracy": right, "grounded_accuracy": right, "over_refused": float(abstained),
                                      "points": 0.0 if abstained else 2 * right - 1}  # fmt: skip
    return CaseResult(of.set, of.id, {"abstained": abstained}, every | scores, failure=None if right else outcome)


def run(name, outcomes, **fields):
    cases = [case(str(place), **fields) for place in range(len(outcomes))]
    rows = [row(one, outcome) for one, outcome in zip(cases, outcomes, strict=True)]
    return RunView(name, {one.key: one for one in rows}, {one.key: one for one in cases})


def by_metric(comparison):
    return {found.metric: found for found in comparison.differences}


def test_a_run_compared_with_itself_says_so_in_one_sentence():
    one = run("small", ["right", "misread", "wrongly refused", "error"] * 10)
    found = compare(one, one)
    assert found.alike
    assert found.changed == ()
    assert all(line.difference.mean == 0 and line.difference.p == 1 for line in found.differences)
    assert as_text(found) == (
        "small -> small\n"
        "40 cases in both, about 40 articles or conversations.\n"
        "The runs are alike: no case changed, and every difference is 0 over 40 cases.\n"
        "40 cases would show a difference in grounded accuracy of 0.070 or more, four times in five."
    )


def test_a_better_run_is_called_better_with_its_numbers():
    before, after = ["misread"] * 12 + ["right"] * 28, ["right"] * 40
    found = by_metric(compare(run("a", before), run("b", after)))["grounded_accuracy"]
    assert (found.before, found.after, found.difference.mean) == (0.7, 1.0, pytest.approx(0.3))
    assert (found.lost, found.gained, found.mcnemar) == (0, 12, pytest.approx(2 / 2**12))
    # exact signs: 2 of 4,096 patterns; Holm over the four headline metrics that are scored, three of them alike
    assert found.difference.p == 2 / 4096
    assert found.adjusted == pytest.approx(4 * 2 / 4096)
    assert found.verdict == "better"
    assert found.changed == 12


def test_more_of_what_should_be_less_is_worse():
    before, after = ["right"] * 40, ["wrongly refused"] * 12 + ["right"] * 28
    found = by_metric(compare(run("a", before), run("b", after)))["over_refused"]
    assert found.difference.mean == pytest.approx(0.3)
    assert found.verdict == "worse"


def test_a_small_change_is_no_difference_shown():
    found = compare(run("a", ["right"] * 40), run("b", ["misread", *["right"] * 39]))
    assert {one.verdict for one in found.differences} == {"no difference shown"}
    assert [one.key for one in found.changed] == [("demo", "0")]
    assert not found.alike


def test_other_metrics_are_exploratory_and_not_adjusted():
    one, other = run("a", ["right"] * 8), run("b", ["right"] * 8)
    slow = {key: replace(old, scores={**old.scores, "ms_total": 100.0 + place}) for place, (key, old)
            in enumerate(one.rows.items())}  # fmt: skip
    quick = {key: replace(old, scores={**old.scores, "ms_total": 50.0}) for key, old in other.rows.items()}
    comparison = compare(replace(one, rows=slow), replace(other, rows=quick))
    found = by_metric(comparison)["ms_total"]
    assert (found.adjusted, found.mcnemar, found.verdict) == (None, None, "better")
    assert comparison.changed == ()
    assert not comparison.alike
    assert "Exploratory; p not adjusted" in as_text(comparison)
    assert "No case changed." in as_text(comparison)


def test_cases_of_one_run_only_are_counted_and_left_out():
    one, other = run("a", ["right"] * 5), run("b", ["right"] * 7)
    found = compare(one, other)
    assert (found.pairs, found.only_before, found.only_after) == (5, 0, 2)
    assert not found.alike
    assert "0 only in the first, 2 only in the second" in as_text(found)


def test_a_case_that_was_asked_otherwise_is_left_out_and_another_tag_is_not():
    one, other = run("a", ["right"] * 4), run("b", ["right"] * 4)
    cases = dict(other.cases)
    cases["demo", "0"] = replace(cases["demo", "0"], answers=("red",))
    cases["demo", "1"] = replace(cases["demo", "1"], tags=("new",))
    found = compare(one, replace(other, cases=cases))
    assert (found.pairs, found.asked_otherwise) == (3, 1)
    assert "1 left out: the set changed them between the runs" in as_text(found)


def test_runs_that_share_nothing_say_what_to_do():
    text = as_text(compare(run("a", []), run("b", ["right"])))
    assert "The runs share no case that was asked alike. Run both on the same sets, limit and seed." in text


def test_a_row_without_its_case_is_refused():
    one = run("a", ["right"])
    with pytest.raises(UsageError, match="case '0' of set 'demo'"):
        compare(one, replace(one, cases={}))


def test_an_error_counts_as_not_right():
    found = by_metric(compare(run("a", ["right"] * 4), run("b", ["right", "right", "error", "error"])))
    assert (found["grounded_accuracy"].after, found["points"].after) == (0.5, 0.5)
    assert (found["over_refused"].difference.n, found["over_refused"].one_sided) == (2, 2)


def test_refusals_alone_do_not_make_a_headline_difference():
    cases = [case("0", answers=()), *(case(str(n), answerable=False) for n in range(1, 6))]
    rightly = {"grounded_accuracy": 1.0, "points": 1.0, "refused": 1.0}
    rows = {
        one.key: CaseResult(
            "demo", one.id, {"abstained": True}, dict.fromkeys(METRICS) | ({} if one.answerable else rightly)
        )
        for one in cases
    }
    one = RunView("a", rows, {one.key: one for one in cases})
    assert set(by_metric(compare(one, one))) == {"refused"}


def test_changed_cases_come_worse_first_with_both_rows():
    one = run("a", ["misread", "right", "misread", "right"])
    other = run("b", ["right", "wrongly refused", "not used", "right"])
    changed = compare(one, other).changed
    assert [(found.key[1], found.direction) for found in changed] == [("1", "worse"), ("0", "better"), ("2", "other")]
    assert changed[0].what == ("points", "grounded_accuracy", "abstained", "failure")
    assert (changed[0].before, changed[0].after) == (one.rows["demo", "1"], other.rows["demo", "1"])
    assert changed[2].what == ("failure",)
    assert as_text(compare(one, other)).endswith(
        "Changed: 3 of 4 cases (1 worse, 1 better, 1 other)\n"
        "worse  answered, right -> wrongly refused | demo/1 | What is 1?\n"
        "better misread -> answered, right | demo/0 | What is 0?\n"
        "other  misread -> not used | demo/2 | What is 2?"
    )


def test_runs_that_only_retrieved_are_compared_by_what_was_found():
    def retrieved(name, hits):
        cases = {("demo", str(n)): case(str(n), tags=("odd",) if n % 2 else ()) for n in range(len(hits))}
        rows = {key: CaseResult(*key, {"evidence": []}, {"hit@5": hit}) for key, hit in zip(cases, hits, strict=True)}
        return RunView(name, rows, cases)

    found = compare(retrieved("a", [1.0, 0.0, 1.0, 1.0]), retrieved("b", [0.0, 1.0, 1.0, 1.0]))
    assert [(one.key[1], one.what, one.direction) for one in found.changed] == [
        ("0", ("hit@5",), "worse"),
        ("1", ("hit@5",), "better"),
    ]
    assert list(found.tags) == ["odd"]
    assert "worse  found -> not found | demo/0" in as_text(found)


def test_tags_are_compared_by_the_headline_and_a_tag_of_all_is_left_out():
    one, other = run("a", ["misread"] * 8, tags=("all",)), run("b", ["right"] * 8, tags=("all",))
    cases = {key: replace(old, tags=("all", "date") if int(key[1]) < 3 else ("all",)) for key, old in
             one.cases.items()}  # fmt: skip
    found = compare(replace(one, cases=cases), replace(other, cases=cases))
    assert list(found.tags) == ["date"]
    assert (found.tags["date"][0].metric, found.tags["date"][0].difference.n) == ("grounded_accuracy", 3)
    assert "\nBy tag: Grounded accuracy; p not adjusted\n" in as_text(found)


@pytest.mark.parametrize(
    ("articles", "said"),
    [(1, "All cases are about one article"), (3, "3 articles or conversations cannot show a difference"), (9, None)],
)
def test_too_few_articles_are_said(articles, said):
    cases = {("demo", str(n)): case(str(n), article=f"a{n % articles}") for n in range(18)}
    one = RunView("a", {key: row(one, "misread") for key, one in cases.items()}, cases)
    other = RunView("b", {key: row(one, "right") for key, one in cases.items()}, cases)
    text = as_text(compare(one, other))
    assert (said or "Smallest: the true difference") in text
    assert ("cannot show" in text or "one article" in text) == bool(said)


def test_the_table_is_whole_and_best_first():
    one = run("first", ["misread"] * 12 + ["right"] * 28)
    other = run("second", ["right"] * 38 + ["wrongly refused"] * 2)
    lines = as_text(compare(one, other)).splitlines()
    # changes of +1 in 12 cases and -1 in 2: mean 0.25, plain error 0.085; sign test 0.013, adjusted by 3
    assert lines[3:9] == [
        "Headline; p adjusted for 4 looks (Holm)",
        "                       before   after  change               95 %      p      n smallest",
        "Grounded accuracy       0.700   0.950  +0.250   +0.100 to +0.400  0.039     40    0.262  better",
        "Points                  0.400   0.950  +0.550   +0.250 to +0.850  0.006     40    0.436  better",
        "Right                   0.700   0.950  +0.250   +0.100 to +0.400  0.039     40    0.262  better",
        "Over-refused            0.000   0.050  +0.050   +0.000 to +0.125  0.500     40    0.099  no difference shown",
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES), st.text(max_size=150)), max_size=30),
       st.integers(100, 140))  # fmt: skip
def test_the_text_is_never_too_wide_nor_steers_the_terminal(outcomes, width):
    cases = {("de\x1b[2Jmo", f"{n}\r{said}"): replace(case(str(n)), set="de\x1b[2Jmo", id=f"{n}\r{said}",
             question=said, tags=(said,) if n % 2 else ()) for n, (_, _, said) in enumerate(outcomes)}  # fmt: skip
    one, other = (
        RunView(
            "na\x07me",
            {key: row(one, pair[side]) for (key, one), pair in zip(cases.items(), outcomes, strict=True)},
            cases,
        )
        for side in (0, 1)
    )
    for line in as_text(compare(one, other), width=width).splitlines():
        assert len(line) <= width
        assert all(char.isprintable() or char in "\u200c\u200d" for char in line)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES)), max_size=30))
def test_the_other_way_round_everything_turns(outcomes):
    one, other = (run("run", [pair[side] for pair in outcomes]) for side in (0, 1))
    there, back = compare(one, other), compare(other, one)
    assert {found.metric: -found.difference.mean for found in there.differences} == pytest.approx(
        {found.metric: found.difference.mean for found in back.differences}
    )
    turned = {"better": "worse", "worse": "better", "other": "other", "no difference shown": "no difference shown"}
    assert {found.metric: turned[found.verdict] for found in there.differences} == {
        found.metric: found.verdict for found in back.differences
    }
    assert {found.key: turned[found.direction] for found in there.changed} == {
        found.key: found.direction for found in back.changed
    }
