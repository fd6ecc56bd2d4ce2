"""Fusion of scores: a leg is heard as far as it tells the candidates apart, and nothing but the scores decides."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.fuse import fuse

scores = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-1000, 1000).map(lambda n: n / 8))
legs = st.lists(st.tuples(scores, st.sampled_from([0.5, 1.0, 2.0])), max_size=4)


def order(fused):
    return [id for id, _ in fused]


def logistic(value):
    return pytest.approx(1 / (1 + math.exp(-value)))


def test_scores_are_those_worked_out_by_hand():
    # vectors: mean 2, deviation sqrt(2/3); words: mean 1, deviation sqrt(2)
    vectors = {"a": 3.0, "b": 2.0, "c": 1.0}
    words = {"a": 0.0, "b": 3.0, "c": 0.0}
    assert fuse([(vectors, 1.0), (words, 0.5)]) == [
        ("a", logistic(1 / math.sqrt(2 / 3) - 0.5 * 1 / math.sqrt(2))),
        ("b", logistic(0.5 * 2 / math.sqrt(2))),
        ("c", logistic(-1 / math.sqrt(2 / 3) - 0.5 * 1 / math.sqrt(2))),
    ]


def test_a_leg_that_knows_is_not_drowned_by_one_that_guesses():
    # By rank the two legs are each other's mirror, and even half a say for the second would bring "d" near "a".
    knows = {"a": 9.0, "b": 1.0, "c": 0.9, "d": 0.8}
    guesses = {"a": 0.97, "b": 0.98, "c": 0.99, "d": 1.0}
    assert order(fuse([(knows, 1.0), (guesses, 0.5)]))[0] == "a"


def test_an_id_that_a_leg_did_not_score_has_its_mean():
    fused = dict(fuse([({"a": 1.0, "b": 2.0, "c": 3.0}, 1.0), ({"a": 5.0, "c": 7.0, "b": 6.0}, 1.0)]))
    unscored = dict(fuse([({"a": 1.0, "b": 2.0, "c": 3.0}, 1.0), ({"a": 5.0, "c": 7.0}, 1.0)]))
    assert fused["b"] == unscored["b"] == 0.5


@pytest.mark.parametrize("nothing", [[], [({}, 1.0)], [({}, 1.0), ({}, 0.5)]])
def test_nothing_fused_is_nothing(nothing):
    assert fuse(nothing) == []


@given(st.dictionaries(st.text(min_size=1), st.integers(-1000, 1000).map(float)))
def test_fusing_one_leg_returns_its_order(leg):
    assert order(fuse([(leg, 1.0)])) == sorted(leg, key=lambda id: (-leg[id], id))


@given(legs, st.randoms())
def test_the_order_of_the_legs_is_irrelevant(held, random):
    assert fuse(random.sample(held, len(held))) == fuse(held)


@given(legs, st.floats(-50, 50))
def test_a_leg_that_scores_all_alike_has_no_say(held, same):
    ids = {id for leg, _ in held for id in leg}
    assert fuse([*held, (dict.fromkeys(ids, same), 1.0)]) == fuse(held)


@given(legs, st.sampled_from([0.25, 4.0]), st.integers(-8, 8))
def test_the_scale_and_the_zero_of_a_leg_are_irrelevant(held, scale, shift):
    moved = [({id: score * scale + shift for id, score in leg.items()}, weight) for leg, weight in held]
    assert [(id, pytest.approx(score, abs=1e-6)) for id, score in sorted(fuse(held))] == sorted(fuse(moved))


@given(legs)
def test_every_id_is_there_once_best_first_ties_by_id(held):
    fused = fuse(held)
    assert sorted(order(fused)) == sorted({id for leg, _ in held for id in leg})
    assert fused == sorted(fused, key=lambda scored: (-scored[1], scored[0]))
    assert all(0 < score < 1 for _, score in fused)
