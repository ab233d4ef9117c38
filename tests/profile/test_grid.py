"""What is counted of columns in bounded memory, held against all values at once."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.profile import distinct, frequent, grid
from artui.profile.grid import Grid
from artui.profile.numbers import Numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def _grid(values: list[float], limit: int) -> Grid:
    return grid.empty(limit).with_values(np.array(values, np.float64))


def _same(one: Grid, other: Grid) -> bool:
    return (
        one.shift == other.shift
        and one.bins.tolist() == other.bins.tolist()
        and one.counts.tolist() == other.counts.tolist()
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(FINITE, max_size=60), st.integers(0, 60), st.sampled_from([2, 5, 16]), st.randoms(use_true_random=False)
)
def test_a_grid_of_parts_is_the_grid_of_all(values: list[float], cut: int, limit: int, random: Random) -> None:
    """In whatever order and parts numbers are counted, the bins are the same, as few and as narrow as may be."""
    whole = _grid(values, limit)
    shuffled = random.sample(values, len(values))
    merged = _grid(shuffled[:cut], limit).merged(_grid(shuffled[cut:], limit))
    one_by_one = grid.empty(limit)
    for value in shuffled:
        one_by_one = one_by_one.with_values(np.array([value]))

    assert _same(whole, merged) and _same(whole, one_by_one)
    assert whole.total == len(values) and len(whole.bins) <= limit
    places = grid.ordered(np.array(values, np.float64))
    assert whole.shift == 0 or len(np.unique(places >> (whole.shift - 1))) > limit
    lower, upper = whole.lower(), whole.upper()
    for value, place in zip(values, (places >> whole.shift).tolist(), strict=True):
        held = whole.bins.tolist().index(place)
        assert lower[held] <= value <= upper[held]


def test_numbers_are_in_order() -> None:
    """The numbering of floats keeps their order from one end to the other; zeros are one."""
    values = [-1.7e308, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1e-300, 1.0, math.nextafter(1.0, 2.0), 1.7e308]

    places = grid.ordered(np.array(values)).tolist()

    assert places == sorted(places) and places[3] == places[4] == 0
    assert places[8] - places[7] == 1


@pytest.mark.parametrize("seed", range(3))
def test_quantiles_are_those_of_numpy(seed: int) -> None:
    """Of few different values exactly; of many within a bin, and a bin is narrow where many values are."""
    random = np.random.default_rng(seed)
    shares = [0.0, 0.01, 0.25, 0.5, 0.9, 0.999, 1.0]
    few = random.integers(-50, 50, 5000).astype(np.float64)
    many = {
        "normal": random.normal(size=20_000),
        "decades": 10 ** random.uniform(-12, 12, 20_000),
        "times": random.uniform(1.7e12, 1.8e12, 20_000),
    }

    exact = Numbers().with_values(few)

    assert exact.quantiles(*shares) == pytest.approx(np.quantile(few, shares))
    counted = np.quantile(few, shares, method="inverted_cdf").tolist()
    assert exact.quantiles(*shares, is_between=False) == counted
    for name, values in many.items():
        about = Numbers().with_values(values)
        found = np.array(about.quantiles(*shares))
        ranks = np.array([(values <= value).mean() for value in found])
        assert np.abs(ranks - shares).max() < 0.004, name
        assert found[0] == values.min() and found[-1] == values.max()


def test_quantiles_of_whole_numbers_that_follow_each_other_are_exact() -> None:
    """Bins of several whole numbers hold these alone: of keys of rows the median is that of the rows."""
    for count in (1200, 5000, 100_000):
        keys = np.arange(100.0, 100 + count)
        found = Numbers().with_values(keys).quantiles(0.25, 0.5, 0.75, is_whole=True)
        assert found == pytest.approx(np.quantile(keys, (0.25, 0.5, 0.75)), abs=0.75 if count > 50_000 else 1e-9)


def test_moments_of_parts_are_those_of_all() -> None:
    """Mean, deviation and extremes are numpy's, also of numbers far from zero; sums beyond the floats are said to be so."""
    values = np.random.default_rng(1).normal(1e9, 1.0, 10_000)
    numbers = Numbers()
    for part in np.array_split(values, 7):
        numbers = numbers.merged(Numbers().with_values(part))

    assert numbers.mean == pytest.approx(values.mean(), rel=1e-12)
    assert numbers.std == pytest.approx(values.std(ddof=1), rel=1e-6)
    assert (numbers.min, numbers.max, numbers.count) == (values.min(), values.max(), 10_000)
    huge = Numbers().with_values(np.array([1.7e308, 1.7e308, -1.7e308]))
    assert not math.isfinite(huge.mean) or not math.isfinite(huge.std)
    assert huge.quantiles(0.5) == [1.7e308]


@pytest.mark.parametrize("count", [0, 1, 50, 3000, 100_000])
def test_different_values_are_counted_within_the_error(count: int) -> None:
    """Within four standard errors, however often each occurs and in however many parts; texts are no numbers."""
    values = np.arange(count, dtype=np.int64) * 7
    parts = [
        distinct.empty().with_hashes(distinct.of_ints(part))
        for part in np.array_split(np.concatenate((values, values)), 3)
    ]
    merged = parts[0].merged(parts[1]).merged(parts[2])

    assert merged._estimate() == pytest.approx(count, rel=4 * 0.023, abs=2)
    assert (
        merged.registers.tolist()
        == distinct.empty().with_hashes(distinct.of_floats(values.astype(np.float64))).registers.tolist()
    )
    assert merged.count() == count
    few = distinct.empty(10).with_hashes(distinct.of_ints(values))
    assert (few.exact_count is None) == (count > 10) and few.merged(few).count() == few.count()
    texts = distinct.empty().with_hashes(distinct.of_texts(map(str, values[:3000].tolist())))
    assert texts.merged(merged).count() == count + min(count, 3000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcdefghij"), max_size=80), st.integers(0, 80), st.integers(1, 12))
def test_frequent_texts_are_never_missed(texts: list[str], cut: int, limit: int) -> None:
    """Each count is too low by at most the error, which is at most the share that the limit allows."""
    found = frequent.of_counts(Counter(texts[:cut]), limit).merged(frequent.of_counts(Counter(texts[cut:]), limit))

    true = Counter(texts)
    assert len(found.counts) <= limit and found.error <= 2 * len(texts) / (limit + 1)
    for text, count in true.items():
        assert count - found.error <= found.counts.get(text, 0) <= count
    if found.is_exact:
        assert dict(found.counts) == dict(true)


def test_long_texts_are_counted_and_not_kept() -> None:
    """What is too long to keep is said."""
    found = frequent.of_counts({"a" * 101: 3, "b": 2})

    assert dict(found.counts) == {"b": 2} and found.long_count == 3 and not found.is_exact
