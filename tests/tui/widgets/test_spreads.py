"""How two sides are spread, drawn on one axis."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.why.evidence import median, spread_of
from artui.tui.widgets.spreads import BOX, LOG_FROM, MIDDLE, OWN, WHISKER, Side, axis_of, line_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(1, 9).map(float)
SIDES = st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=2, max_size=2)


@given(SIDES, NUMBERS, st.integers(10, 80))
def test_every_value_has_its_place_on_one_axis(values: list[list[float]], own: float, cells: int) -> None:
    """Lines are as wide as they may be, and whiskers, box, middle and the run itself stand in the order of their values."""
    spreads = [spread_of(side) for side in values]
    sides = [Side("a", "1 run", spread, own) for spread in spreads if spread is not None]
    axis = axis_of(sides)
    assert axis.is_log == (axis.low > 0 and axis.high / axis.low >= LOG_FROM)
    for side in sides:
        text = "".join(part for part, _ in line_of(side, axis, cells))
        assert len(text) == cells and set(text) <= set(f" {WHISKER}{BOX}{MIDDLE}{OWN}") and text.count(OWN) == 1
        places = [axis.place(value, cells) for value in side.spread.points]
        assert places == sorted(places) and text[axis.place(own, cells)] == OWN
        assert text[places[2]] in (MIDDLE, OWN)
        drawn = [place for place, sign in enumerate(text) if sign not in (" ", OWN)]
        assert all(places[0] <= place <= places[4] for place in drawn)
    if axis.low < axis.high:
        assert [axis.place(value, cells) for value in (axis.low, axis.high)] == [0, cells - 1]


@given(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, 1.5, 2.5]), max_size=9))
def test_quarters_are_those_of_all_values(values: list[float]) -> None:
    """In order, infinite ones among them, between the smallest and the largest finite one; none where nothing is finite."""
    ordered = sorted(value for value in values if not math.isnan(value))
    finite = [value for value in ordered if math.isfinite(value)]
    spread = spread_of(values)
    if spread is None:
        assert not finite
        return
    assert spread.count == len(finite) and (spread.low, spread.high) == (finite[0], finite[-1])
    _, *quarters, _ = spread.points
    assert quarters == sorted(quarters)
    if {-math.inf, math.inf} - {*ordered}:
        assert spread.middle == pytest.approx(median(ordered))
    if len(ordered) % 4 == 1:
        assert quarters == [ordered[len(ordered) // 4 * step] for step in (1, 2, 3)]
    drawn = "".join(text for text, _ in line_of(Side("", "", spread), axis_of([Side("", "", spread)]), 40))
    assert (MIDDLE in drawn) == math.isfinite(spread.middle)
