"""Numbers per case enter, with the article or conversation each belongs to; means, intervals and p-values leave.

Questions about one article are not independent: an interval that takes them so is too narrow. So whole clusters
are drawn, and whole clusters change sign. Everything is seeded: the same numbers give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Over = Literal["clusters", "cases"]
Labels = Sequence[int] | Sequence[str] | NDArray[np.int64]
Values = Sequence[float] | NDArray[np.float64]

SHARE = (0.0, 1.0)
_NORMAL = 1.959963984540054
"""97.5 % of a normal distribution lie below it."""
_POWER = 2.8
"""1.96 + 0.84: standard errors between nothing and what is found four times in five at p < 0.05."""
_FEW = 20
"""Clusters below which drawing them again gives intervals that are too narrow."""
_MANY = 1000
"""Clusters above which drawing gives what the normal distribution gives, only slower."""
_EXACT = 12
"""Clusters up to which every pattern of signs is tried: 4,096."""
_FLIPS = 10_000
_CELLS = 2_000_000
"""Numbers held at a time while signs are drawn: 16 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true mean lies in 95 of 100 measurements; None where fewer than two values say nothing about that."""

    low: float | None
    high: float | None
    over: Over
    """What was taken as independent."""
    clusters: int
    """How many of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of ``after - before`` over the same cases."""

    mean: float | None
    """None without a pair."""
    low: float | None
    high: float | None
    p: float
    """Of a mean at least this far from 0 if the two were alike; 1 when nothing differs."""
    n: int
    smallest_detectable: float | None
    """A true difference of this size is found four times in five; None with fewer than two pairs."""
    over: Over
    clusters: int


def wilson(successes: float, n: int) -> Interval:
    """Return Wilson's 95 % score interval of a share of independent cases; without cases, no bounds.

    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)`` with z = 1.96: never empty, also at 0 and 1.
    """
    if n == 0:
        return Interval(None, None, "cases", 0)
    share, z2 = successes / n, _NORMAL**2
    middle = share + z2 / (2 * n)
    half = _NORMAL * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    # At 0 and 1 the bound is the share itself; rounding would put it a hair beside.
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == n else (middle + half) / scale
    return Interval(low, high, "cases", n)


def cluster_interval(
    values: Values,
    clusters: Labels,
    *,
    seed: int = 0,
    draws: int = 2000,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Return the 95 % interval of the mean of values that are alike within clusters.

    - 20 to 1,000 clusters: whole clusters are drawn with replacement ``draws`` times; the 2.5 and 97.5 percentiles
      of the means (sum of the drawn sums over sum of the drawn counts).
    - Fewer, or more: mean ± t(clusters - 1) standard errors, the linearised cluster-robust one. With few, not below
      the standard error of independent cases, for clusters may agree by chance.
    - One cluster: each value counts as its own, and ``over`` says ``"cases"``.
    - Fewer than two values: no bounds.

    ``bounds`` are the least and greatest value there can be: the interval is clipped to them. When all values are
    equal, drawing them again would claim certainty. With bounds, Wilson's interval for as many cases as there are
    clusters (the least that many cases can stand for) takes its place; without, the interval is that one value.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) != len(clusters):
        raise ValueError(f"{len(numbers)} values but {len(clusters)} clusters: each value needs one")
    codes, groups, over = _coded(clusters)
    if len(numbers) < 2:
        return Interval(None, None, over, groups)
    if (numbers == numbers[0]).all():
        low, high = _same_interval(float(numbers[0]), groups, bounds)
        return Interval(low, high, over, groups)
    counts = np.bincount(codes, minlength=groups).astype(np.float64)
    sums = _sums(numbers, codes, groups)
    if _FEW <= groups <= _MANY:
        low, high = _drawn(sums, counts, seed=seed, draws=draws)
    else:
        mean = float(numbers.mean())
        half = _t(groups - 1) * _standard_error(numbers, sums, counts)
        low, high = mean - half, mean + half
    if bounds:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(low, high, over, groups)


def paired_difference(
    before: Values, after: Values, clusters: Labels, *, seed: int = 0, draws: int = 2000, binary: bool = False
) -> Difference:
    """Return how far ``after`` lies from ``before`` on the same cases, position by position.

    The interval is that of ``cluster_interval`` on the differences. The p-value is of a sign-flip test: were the two
    alike, each cluster's sum could as well have the other sign. Up to 12 clusters that differ, all patterns of signs
    are tried; up to 1,000, 10,000 drawn ones with one added above and below, so that p is never 0; with more, the
    normal distribution these tend to gives the same.

    The smallest detectable difference (80 % power) is ``2.8 sqrt(d / n)`` for ``binary`` values, d the share of cases
    that changed, and ``2.8 sd / sqrt(n)`` for others; larger if cases of one cluster change together. It is at least
    ``2.8 / n``, d = 1/n, also where nothing changed: n cases cannot show a change rarer than one of them.
    """
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} values before but {len(second)} after: they must be of the same cases")
    changes = second - first
    interval = cluster_interval(changes, clusters, seed=seed, draws=draws)
    codes, groups, _ = _coded(clusters)
    sums = _sums(changes, codes, groups)
    return Difference(
        mean=float(changes.mean()) if len(changes) else None,
        low=interval.low,
        high=interval.high,
        p=_sign_flip_p(sums, seed=seed),
        n=len(changes),
        smallest_detectable=_smallest(changes, codes, sums, binary=binary) if len(changes) > 1 else None,
        over=interval.over,
        clusters=interval.clusters,
    )


def auroc(scores: Values, labels: Sequence[bool]) -> float:
    """Return the chance that a true case scores above a false one, ties counting half; ValueError without both."""
    # Loading scikit-learn takes a second.
    from sklearn.metrics import roc_auc_score

    if len(set(labels)) != 2:
        raise ValueError("an AUROC needs true cases and false ones")
    return float(roc_auc_score(np.asarray(labels, dtype=bool), np.asarray(scores, dtype=np.float64)))


def auroc_interval(
    scores: Values, labels: Sequence[bool], clusters: Labels, *, seed: int = 0, draws: int = 1000
) -> tuple[float, Interval]:
    """Return the AUROC and its 95 % interval: whole clusters are drawn with replacement, percentiles of what they give.

    Draws without both kinds are drawn again. With a single cluster there are no bounds.
    """
    numbers, truth = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    value = auroc(numbers, truth.tolist())
    codes, groups, over = _coded(clusters)
    if over == "cases" or groups < 2:
        return value, Interval(None, None, over, groups)
    members = [np.flatnonzero(codes == group) for group in range(groups)]
    rng = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < draws:
        drawn = np.concatenate([members[group] for group in rng.integers(groups, size=groups)])
        if truth[drawn].any() and not truth[drawn].all():
            found.append(auroc(numbers[drawn], truth[drawn].tolist()))
    low, high = np.percentile(found, [2.5, 97.5])
    return value, Interval(float(low), float(high), over, groups)


def mcnemar(lost: int, gained: int) -> float:
    """Return the exact two-sided p-value of McNemar's test; 1 when no case changed.

    ``lost`` cases went from 1 to 0 and ``gained`` from 0 to 1: were the two alike, each change is a coin's toss.
    ``min(1, 2 P(X <= min(lost, gained)))``, X binomial of lost + gained tosses. Cases count as independent.
    """
    from scipy.special import bdtr  # type: ignore[import-untyped]  # half a second to import

    if lost + gained == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(lost, gained), lost + gained, 0.5)))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return Holm's adjusted p-values: as many looks as there are names, and still one false find in twenty.

    The i-th smallest of m is multiplied by m - i + 1, and is at least as large as those before it, at most 1.
    The names keep their order; equal p-values stay equal.
    """
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def percentile(values: Values, percent: float) -> float:
    """Return the nearest-rank percentile: the smallest value that at least ``percent`` % of the values do not exceed.

    Always one of the values; 0 gives the least. No values, or a percent outside 0 to 100, raise ValueError.
    """
    if not len(values) or not 0 <= percent <= 100:
        raise ValueError(f"Found {len(values)} values and {percent} %; expected at least one value, and 0 to 100 %")
    # A product, then a division: 0.07 * 100 is 7.000000000000001, and would be one rank too high.
    rank = max(1, math.ceil(percent * len(values) / 100))
    return float(np.sort(np.asarray(values, dtype=np.float64))[rank - 1])


def _coded(clusters: Labels) -> tuple[NDArray[np.int64], int, Over]:
    """Return labels as numbers from 0, how many differ, and what that makes independent."""
    # Sorted labels: the order in which cases come must not change what is drawn.
    labels, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if len(labels) > 1:
        return codes.astype(np.int64), len(labels), "clusters"
    return np.arange(len(codes), dtype=np.int64), len(codes), "cases"


def _sums(values: NDArray[np.float64], codes: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Return the sum of each cluster's values."""
    return np.bincount(codes, weights=values, minlength=groups).astype(np.float64)


def _same_interval(value: float, groups: int, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Return the interval of values that are all equal."""
    if bounds is None or not bounds[0] <= value <= bounds[1]:
        return value, value
    least, width = bounds[0], bounds[1] - bounds[0]
    share = wilson((value - least) / width * groups, groups)
    return least + width * (share.low or 0.0), least + width * (1.0 if share.high is None else share.high)


def _drawn(sums: NDArray[np.float64], counts: NDArray[np.float64], *, seed: int, draws: int) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of the mean over clusters drawn with replacement."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(sums), size=(draws, len(sums)), dtype=np.int32)
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _standard_error(numbers: NDArray[np.float64], sums: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Return the linearised standard error of a ratio of cluster sums to counts; with few clusters at least the plain.

    ``sqrt(G / (G - 1) * sum((sum_g - mean * count_g)²)) / n``.
    """
    groups, n = len(sums), len(numbers)
    residuals = sums - numbers.mean() * counts
    robust = math.sqrt(groups / (groups - 1) * float(residuals @ residuals)) / n
    plain = float(numbers.std(ddof=1)) / math.sqrt(n)
    return max(robust, plain) if groups < _FEW else robust


def _t(freedom: int) -> float:
    """Return Student's t below which 97.5 % lie."""
    from scipy.special import stdtrit  # half a second to import

    return float(stdtrit(freedom, 0.975))


def _sign_flip_p(sums: NDArray[np.float64], *, seed: int) -> float:
    """Return the share of sign patterns whose total is at least as far from 0 as the one found."""
    sizes = np.abs(sums[sums != 0])
    if not len(sizes):
        return 1.0
    # Scaled and with a hair's breadth: sums that are equal on paper must count as equal.
    found = abs(float(sums.sum())) - 1e-9 * float(sizes.sum())
    if len(sizes) <= _EXACT:
        patterns = np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes)) & 1
        return float(np.mean(np.abs((2.0 * patterns - 1.0) @ sizes) >= found))
    if len(sizes) > _MANY:
        return min(1.0, math.erfc(found / math.sqrt(2 * float(sizes @ sizes))))
    # Sums of one size are alike: how many of them are positive is all that counts.
    levels, times = np.unique(sizes, return_counts=True)
    generator = np.random.default_rng(seed)
    beyond, left = 0, _FLIPS
    while left:
        rows = min(left, _CELLS // len(levels))
        positive = generator.binomial(times, 0.5, size=(rows, len(levels)))
        beyond += int(np.count_nonzero(np.abs((2.0 * positive - times) @ levels) >= found))
        left -= rows
    return (beyond + 1) / (_FLIPS + 1)


def _smallest(
    changes: NDArray[np.float64], codes: NDArray[np.int64], sums: NDArray[np.float64], *, binary: bool
) -> float:
    """Return 2.8 standard errors: of independent cases, or of clusters where those are larger."""
    n, changed = len(changes), int(np.count_nonzero(changes))
    plain = math.sqrt(changed) / n if binary else float(changes.std(ddof=1)) / math.sqrt(n)
    counts = np.bincount(codes, minlength=len(sums)).astype(np.float64)
    return _POWER * max(plain, _standard_error(changes, sums, counts), 1 / n)
