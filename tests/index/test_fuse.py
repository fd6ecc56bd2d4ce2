"""Reciprocal rank fusion: what every ranking agrees on comes first, and nothing but the ranks decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fuse import fuse

rankings = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4)


def order(fused):
    return [id for id, _ in fused]


def test_scores_are_those_worked_out_by_hand():
    # a: (61/61 + 61/62) / 2, b: (61/62 + 61/61) / 2, c: 61/63 / 2, d: 61/63 / 2
    assert fuse([["a", "b", "c"], ["b", "a", "d"]]) == [
        ("a", pytest.approx(0.991935)),
        ("b", pytest.approx(0.991935)),
        ("c", pytest.approx(0.484127)),
        ("d", pytest.approx(0.484127)),
    ]


def test_the_first_of_every_ranking_scores_one():
    assert fuse([["a", "b"], ["a"], ["a", "c"]])[0] == ("a", 1.0)


def test_a_smaller_constant_gives_the_first_ranks_more_weight():
    legs = [["a", "x", "y", "b"], ["c", "z", "w", "b"]]
    assert order(fuse(legs, constant=60))[0] == "b"
    assert order(fuse(legs, constant=1))[0] == "a"


def test_a_repeated_id_counts_at_its_first_place():
    assert fuse([["a", "a", "b"]]) == fuse([["a", "b"]])


@pytest.mark.parametrize("nothing", [[], [[]], [[], []]])
def test_nothing_fused_is_nothing(nothing):
    assert fuse(nothing) == []


@given(st.lists(st.text(min_size=1), unique=True))
def test_fusing_one_ranking_returns_it(ranking):
    assert order(fuse([ranking])) == ranking


@given(rankings, st.randoms())
def test_the_order_of_the_legs_is_irrelevant(legs, random):
    shuffled = random.sample(legs, len(legs))
    assert fuse(shuffled) == fuse(legs)


@given(rankings)
def test_an_empty_leg_has_no_say(legs):
    assert fuse([*legs, []]) == fuse(legs)


@given(rankings)
def test_every_id_is_there_once_best_first_ties_by_id(legs):
    fused = fuse(legs)
    assert sorted(order(fused)) == sorted({id for leg in legs for id in leg})
    assert fused == sorted(fused, key=lambda scored: (-scored[1], scored[0]))
    assert all(0 < score <= 1 for _, score in fused)
