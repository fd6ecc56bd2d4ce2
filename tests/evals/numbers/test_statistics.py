"""Numbers and the clusters they belong to: means, intervals and p-values, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.numbers.statistics import (
    auroc,
    auroc_interval,
    cluster_interval,
    holm,
    mcnemar,
    paired_difference,
    percentile,
    wilson,
)

P_VALUES = st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8)


def test_wilson_is_the_textbook_interval():
    # p = 8/10, z² = 3.8415: middle 0.8 + 0.19207, half 1.96 sqrt(0.016 + 0.0096036), both over 1.38415
    interval = wilson(8, 10)
    assert interval.low == pytest.approx((0.992073 - 0.313613) / 1.384146, abs=1e-5)
    assert interval.high == pytest.approx((0.992073 + 0.313613) / 1.384146, abs=1e-5)
    assert (interval.over, interval.clusters) == ("cases", 10)


def test_wilson_of_no_failure_ends_at_one_and_is_not_certain():
    # 10 of 10: low = n / (n + z²) = 10 / 13.8415
    assert wilson(10, 10).high == 1.0
    assert wilson(10, 10).low == pytest.approx(10 / 13.841459)
    assert wilson(0, 10).low == 0.0


def test_wilson_of_nothing_has_no_bounds():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (None, None)


@given(n=st.integers(1, 500), data=st.data())
def test_wilson_holds_the_share_and_mirrors_its_complement(n, data):
    successes = data.draw(st.integers(0, n))
    one, other = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= one.low <= successes / n <= one.high <= 1
    assert one.low == pytest.approx(1 - other.high, abs=1e-12)


def test_few_clusters_use_the_linearised_error_and_students_t():
    # Clusters (1, 1), (0, 0), (1, 0): mean 0.5, residual sums 1, -1, 0, so robust SE = sqrt(3/2 * 2) / 6 = 0.288675;
    # plain SE = sqrt(0.3 / 6) = 0.223607 is smaller; t(2) = 4.302653
    interval = cluster_interval([1, 1, 0, 0, 1, 0], ["a", "a", "b", "b", "c", "c"])
    assert interval.low == pytest.approx(0.5 - 4.302653 * 0.288675, abs=1e-5)
    assert interval.high == pytest.approx(0.5 + 4.302653 * 0.288675, abs=1e-5)
    assert (interval.over, interval.clusters) == ("clusters", 3)


def test_few_clusters_that_agree_by_chance_are_not_taken_as_certain():
    # Both clusters have mean 0.5: the robust error is 0; the plain one is sqrt((1/3) / 4) = 0.288675, t(1) = 12.7062
    interval = cluster_interval([1, 0, 1, 0], ["a", "a", "b", "b"])
    assert interval.high == pytest.approx(0.5 + 12.7062 * 0.288675, abs=1e-3)


def test_bounds_clip_an_interval_and_nothing_else_does():
    values, clusters = [1, 1, 0, 0, 1, 0], ["a", "a", "b", "b", "c", "c"]
    assert cluster_interval(values, clusters).high > 1
    assert cluster_interval(values, clusters, bounds=(0.0, 1.0)).high == 1


def test_a_single_cluster_counts_each_value_and_says_so():
    interval = cluster_interval([0.0, 1.0, 1.0], ["a"] * 3)
    assert (interval.over, interval.clusters) == ("cases", 3)
    # SE = sqrt((1/3) / 3) = 1/3, t(2) = 4.302653
    assert interval.low == pytest.approx(2 / 3 - 4.302653 / 3, abs=1e-5)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_bounds(values):
    interval = cluster_interval(values, ["a"] * len(values))
    assert (interval.low, interval.high, interval.clusters) == (None, None, len(values))


def test_equal_values_get_wilsons_interval_for_as_many_cases_as_clusters():
    clusters = [place // 3 for place in range(90)]
    interval = cluster_interval([1.0] * 90, clusters, bounds=(0.0, 1.0))
    assert (interval.low, interval.high) == (wilson(30, 30).low, 1.0)
    points = cluster_interval([-1.0] * 90, clusters, bounds=(-1.0, 1.0))
    assert (points.low, points.high) == (-1.0, pytest.approx(2 * wilson(0, 30).high - 1))


def test_equal_values_without_bounds_are_their_own_interval():
    interval = cluster_interval([7.0] * 50, range(50))
    assert (interval.low, interval.high) == (7.0, 7.0)


def test_many_clusters_are_drawn_and_agree_with_the_linearised_interval():
    generator = np.random.default_rng(1)
    values = generator.normal(size=900)
    drawn = cluster_interval(values, np.arange(900) // 3)
    half = 1.96 * math.sqrt(1 / 900)
    assert drawn.low == pytest.approx(values.mean() - half, abs=0.015)
    assert drawn.high == pytest.approx(values.mean() + half, abs=0.015)
    assert drawn.clusters == 300


def test_beyond_a_thousand_clusters_nothing_jumps():
    values = np.random.default_rng(2).random(1001)
    below, above = cluster_interval(values[:1000], range(1000)), cluster_interval(values, range(1001))
    assert below.low == pytest.approx(above.low, abs=0.003)
    assert below.high == pytest.approx(above.high, abs=0.003)


def test_values_without_a_cluster_each_are_refused():
    with pytest.raises(ValueError, match="2 values but 1 clusters"):
        cluster_interval([1, 2], ["a"])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40)), min_size=2, max_size=120), st.randoms())
def test_an_interval_is_within_bounds_and_knows_no_order(pairs, random):
    interval = cluster_interval([v for v, _ in pairs], [c for _, c in pairs], bounds=(0.0, 1.0), draws=200)
    assert 0 <= interval.low <= interval.high <= 1
    random.shuffle(pairs)
    again = cluster_interval([v for v, _ in pairs], [c for _, c in pairs], bounds=(0.0, 1.0), draws=200)
    assert again.low == pytest.approx(interval.low, abs=1e-9)
    assert again.high == pytest.approx(interval.high, abs=1e-9)


@pytest.mark.parametrize("groups", [8, 30])
def test_the_interval_of_clustered_cases_holds_the_truth_nineteen_times_in_twenty(groups):
    generator = np.random.default_rng(groups)
    held = naive = 0
    for trial in range(200):
        share = np.clip(generator.normal(0.6, 0.2, size=groups), 0, 1)
        sizes = generator.integers(5, 15, size=groups)
        clusters = np.repeat(np.arange(groups), sizes)
        values = (generator.random(len(clusters)) < share[clusters]).astype(float)
        truth = 0.598  # what is left of 0.6: shares above 1 are clipped
        interval = cluster_interval(values, clusters, seed=trial, draws=500, bounds=(0.0, 1.0))
        held += interval.low <= truth <= interval.high
        plain = wilson(float(values.sum()), len(values))
        naive += plain.low <= truth <= plain.high
    assert 180 <= held <= 198
    assert naive < 180


def test_a_difference_of_twelve_or_fewer_clusters_tries_every_pattern_of_signs():
    # Four clusters change by 1, 1, 1, -1: totals of |±1 ±1 ±1 ±1| >= 2 are 10 of 16 patterns
    found = paired_difference([0, 0, 0, 1, 1], [1, 1, 1, 0, 1], list("abcde"), binary=True)
    assert found.p == 10 / 16
    assert (found.mean, found.n) == (pytest.approx(0.4), 5)
    # The root of d over n, d = 4/5, is 0.4; the clusters have the same error: residuals .6 .6 .6 -1.4 -.4, squared 3.2,
    # the root of 5/4 of that is 2, over 5 cases
    assert found.smallest_detectable == pytest.approx(2.8 * 0.4)


def test_the_smallest_difference_is_that_of_the_methods_table():
    # d = 0.15, n = 240: 7.0 points
    before = [0.0] * 240
    after = [1.0] * 18 + [0.0] * 204 + [1.0] * 18
    found = paired_difference(before[:222] + [0.0] * 18, after, range(240), binary=True)
    assert found.smallest_detectable == pytest.approx(2.8 * math.sqrt(0.15 / 240), abs=1e-9)


def test_nothing_changed_is_no_difference_and_could_have_shown_one_case():
    found = paired_difference([1, 0, 1, 1], [1, 0, 1, 1], list("aabb"), binary=True)
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert found.smallest_detectable == 2.8 / 4


def test_cases_that_change_together_need_a_larger_difference():
    before, after = [0.0] * 40, ([1.0] * 10 + [0.0] * 10) * 2
    together = paired_difference(before, after, [place // 10 for place in range(40)], binary=True)
    apart = paired_difference(before, after, range(40), binary=True)
    assert together.smallest_detectable > apart.smallest_detectable
    assert together.p == 0.5  # two clusters change: 2 of 4 patterns
    assert apart.p < 0.001


def test_a_pair_or_none_shows_no_difference():
    assert paired_difference([], [], []).mean is None
    one = paired_difference([0.0], [1.0], ["a"])
    assert (one.mean, one.low, one.p, one.smallest_detectable) == (1, None, 1, None)


def test_values_of_different_cases_are_refused():
    with pytest.raises(ValueError, match="1 values before but 2 after"):
        paired_difference([1], [1, 2], ["a", "b"])


def test_drawn_signs_agree_with_the_exact_test():
    # 20 of 26 clusters gain: exact two-sided binomial
    exact = mcnemar(6, 20)
    found = paired_difference([0.0] * 20 + [1.0] * 6, [1.0] * 20 + [0.0] * 6, range(26), binary=True)
    assert found.p == pytest.approx(exact, abs=0.005)


def test_signs_of_more_than_a_thousand_clusters_agree_with_the_exact_test():
    found = paired_difference([0.0] * 640 + [1.0] * 560, [1.0] * 640 + [0.0] * 560, range(1200), binary=True)
    assert found.p == pytest.approx(mcnemar(560, 640), abs=0.002)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1), st.integers(0, 30)), min_size=2, max_size=60))
def test_the_other_way_round_is_the_same_difference_with_the_other_sign(rows):
    one, other, clusters = ([float(row[place]) for row in rows] for place in range(3))
    there = paired_difference(one, other, clusters, draws=200)
    back = paired_difference(other, one, clusters, draws=200)
    assert back.mean == pytest.approx(-there.mean)
    assert (back.p, back.n, back.smallest_detectable) == (there.p, there.n, pytest.approx(there.smallest_detectable))
    assert back.low == pytest.approx(-there.high)
    assert 0 < there.p <= 1


def test_no_real_difference_is_found_in_about_one_of_twenty():
    generator = np.random.default_rng(0)
    found = 0
    for trial in range(200):
        shift = generator.normal(0, 0.3, size=24)[np.arange(96) // 4]
        found += paired_difference(np.zeros(96), shift + generator.normal(0, 0.3, 96), np.arange(96) // 4,
                                   seed=trial, draws=2).p < 0.05  # fmt: skip
    assert 2 <= found <= 20


@pytest.mark.parametrize(("lost", "gained", "p"), [(0, 0, 1), (1, 1, 1), (0, 5, 2 / 32), (1, 9, 22 / 1024)])
def test_mcnemar_is_the_exact_binomial(lost, gained, p):
    # 1 of 10: 2 * (1 + 10) / 2^10
    assert mcnemar(lost, gained) == pytest.approx(p)
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_holm_multiplies_by_what_is_left_and_never_falls():
    # 0.01 * 3, then 0.02 * 2, then 0.03 * 1 raised to 0.04
    adjusted = holm({"b": 0.02, "a": 0.01, "c": 0.03})
    assert adjusted == pytest.approx({"b": 0.04, "a": 0.03, "c": 0.04})
    assert list(adjusted) == ["b", "a", "c"]
    assert holm({}) == {}


@given(P_VALUES)
def test_holm_keeps_the_order_and_lies_between_the_p_value_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for name, p in p_values.items():
        assert p <= adjusted[name] <= min(1.0, p * len(p_values)) + 1e-12
    by_p = sorted(p_values, key=p_values.get)
    assert [adjusted[name] for name in by_p] == sorted(adjusted.values())


def test_percentiles_are_nearest_ranks():
    values = [15, 20, 35, 40, 50]
    # ranks ceil(0.05 * 5) = 1, ceil(0.3 * 5) = 2, ceil(0.4 * 5) = 2, ceil(0.5 * 5) = 3, 5
    assert [percentile(values, percent) for percent in (0, 5, 30, 40, 50, 100)] == [15, 15, 20, 20, 35, 50]
    assert percentile(range(1, 101), 7) == 7


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 101), ([1], -1)])
def test_no_values_or_an_impossible_percent_are_refused(values, percent):
    with pytest.raises(ValueError, match="expected at least one value"):
        percentile(values, percent)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent * len(values) / 100 - 1e-9


def test_the_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    # true 0.9 beats 0.5 and 0.1; true 0.5 ties with 0.5 and beats 0.1: (2 + 1.5) / 4
    assert auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == 0.875
    with pytest.raises(ValueError, match="true cases and false ones"):
        auroc([0.1, 0.2], [True, True])


def test_an_auroc_of_clusters_that_agree_has_a_narrow_interval_and_of_those_that_differ_a_wide_one() -> None:
    labels = [True, True, False, False] * 20
    clusters = [number // 4 for number in range(80)]
    agree = auroc_interval([0.9, 0.4, 0.5, 0.1] * 20, labels, clusters)
    differ = auroc_interval([0.9, 0.8, 0.2, 0.1] * 10 + [0.1, 0.2, 0.8, 0.9] * 10, labels, clusters)
    assert agree[0] == 0.75
    assert agree[1].low == agree[1].high == 0.75
    assert differ[1].low is not None
    assert differ[1].high is not None
    assert differ[1].low < 0.4 < differ[0] < 0.6 < differ[1].high
    assert auroc_interval([0.9, 0.1], [True, False], ["a", "a"])[1].low is None
