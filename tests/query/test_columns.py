"""One column of a table: summed up, sorted and searched as plain Python would."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artui.profile.numbers import Numbers
from artui.query.columns import holding, is_telling, kind_of, sorted_places, spread, summed_up

CELLS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(width=32) | st.text(max_size=3)


@given(st.lists(st.none() | st.floats(width=32) | st.integers(-100, 100)))
def test_numbers_are_summed_up(cells: list[float | int | None]) -> None:
    """Counts add up, and range, mean, deviation and median are those of the finite numbers."""
    summary = summed_up(cells)
    finite = [float(cell) for cell in cells if cell is not None and math.isfinite(cell)]
    assert summary.count + summary.missing == len(cells) and summary.odd == summary.count - len(finite)
    if finite:
        assert (summary.low, summary.high) == (min(finite), max(finite)) and summary.middle == statistics.median(finite)
        assert summary.mean == pytest.approx(statistics.fmean(finite), rel=1e-9, abs=1e-30)
        near = 1e-12 + 1e-9 * max(map(abs, finite))
        deviation = pytest.approx(statistics.stdev(finite), rel=1e-6, abs=near) if len(finite) > 1 else None
        assert summary.deviation == deviation
        # What is said of the column of a version is the same; of up to 1,024 different values exactly.
        numbers = Numbers().with_values(np.array(finite))
        assert numbers.quantiles(0.5) == pytest.approx([summary.middle], rel=1e-12, abs=1e-300)
        assert numbers.std == pytest.approx(math.nan if deviation is None else summary.deviation, rel=1e-6, abs=near, nan_ok=True)  # fmt: skip
        described = spread("x", cells)
        assert (
            described is not None
            and described.quantiles is not None
            and described.quantiles[2] == pytest.approx(summary.middle)
        )
        assert described.sd == pytest.approx(summary.deviation, rel=1e-6, abs=near)
    else:
        assert summary.low is summary.high is summary.mean is summary.deviation is summary.middle is None


@given(st.lists(CELLS, max_size=30), st.booleans())
def test_sorting_keeps_every_row(cells: list[Any], is_reversed: bool) -> None:
    """Each place is there once, what is missing last both ways, numbers in order, equal cells in the order of the file."""
    places = sorted_places(cells, is_reversed=is_reversed)
    assert sorted(places) == list(range(len(cells)))
    having = [cells[place] for place in places if cells[place] is not None and cells[place] == cells[place]]
    assert [cells[place] for place in places][: len(having)] == having or any(cell != cell for cell in having)
    numbers = [cell for cell in having if isinstance(cell, int | float)]
    assert numbers == sorted(numbers, reverse=is_reversed)
    for first, second in itertools.pairwise(places):
        if cells[first] is not None and type(cells[first]) is type(cells[second]) and cells[first] == cells[second]:
            assert first < second or not is_reversed or first > second


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=12),
    st.lists(st.text("ab1", min_size=1, max_size=2), max_size=2),
)
def test_rows_hold_words(rows: list[list[Any]], words: list[str]) -> None:
    """A row is kept if each word is in one of its cells, in any case."""
    columns = [[row[place] for row in rows] for place in range(2)]
    expected = [
        i
        for i, row in enumerate(rows)
        if all(any(cell is not None and word in str(cell).casefold() for cell in row) for word in words)
    ]
    assert holding(columns, words, str) == expected
    assert holding([], words, str) == []


def test_kinds_and_common_values() -> None:
    """Types are named in words; values that come once are not called frequent."""
    kinds: dict[str, list[Any]] = {
        "nothing": [None],
        "true or false": [True, None],
        "whole number": [1, None],
        "number": [1, 0.5],
        "text": ["a"],
        "several types": ["a", 1],
    }
    assert {kind: kind_of(cells) for kind, cells in kinds.items()} == {kind: kind for kind in kinds}
    assert summed_up(["a", "b", "a", None]).common == (("a", 2), ("b", 1)) and summed_up(["a", "b"]).common == ()
    assert summed_up([]).kind == "nothing" and summed_up([[1], [1], {"a": 2}]).common[0] == ("[1]", 2)


@example([4503599627370498.0], None)
@example([2.0**53, 2.0**53 + 2], None)
@example([1.75e308, 1], None)
@example([0.5, 3.0, 2e9], True)
@given(
    st.lists(CELLS, max_size=40) | st.lists(st.floats() | st.integers() | st.none(), max_size=40),
    st.none() | st.booleans(),
)
def test_a_histogram_counts_every_value_once(cells: list[Any], is_log: bool | None) -> None:
    """Each finite number is in the bar of its range, every other value in its own; what is missing, NaN or infinite is counted."""
    described = spread("x", cells, is_log=is_log)
    values = [cell for cell in cells if cell is not None]
    if described is None:
        assert not values
        return
    assert described.count == len(values) and described.total == len(cells)
    if kind_of(values) not in ("number", "whole number"):
        assert sum(count for _, count in described.frequencies) == len(values) and not described.bins
        return
    finite = [float(value) for value in values if math.isfinite(value)]
    assert described.odd_count == len(values) - len(finite) and sum(described.bins) == len(finite)
    assert not described.is_log or (is_log is not False and min(finite) > 0)
    ends = list(itertools.pairwise(described.edges))
    for place, ((low, high), count) in enumerate(zip(ends, described.bins, strict=True)):
        is_last = place == len(ends) - 1
        assert count == sum(low <= value < high or (is_last and value == high) for value in finite)


def test_a_number_too_large_for_a_float_is_no_end() -> None:
    """JSON knows no limit: such a number counts as infinite."""
    assert summed_up([1, 10**400]).odd == 1 and spread("x", [1, 10**400]).odd_count == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("cells", "is_known"),
    [
        (["a", "b", "c"], False), (["a", "b", "a"], True), ([7, 8, 9, 10], False), ([9, 8, 7], False), ([7, 8, 9, 9], True), ([7, 7], False), ([0.1, 0.7, 0.2], True), ([7, 8, 1000], True), ([None, "x"], False),
    ],
)  # fmt: skip
def test_ids_tell_nothing(cells: list[Any], is_known: bool) -> None:
    """A histogram of what comes once each, or always, says nothing; of numbers that differ it does, unless they only count up."""
    described = spread("x", cells)
    assert described is not None and is_telling(described) == is_known
