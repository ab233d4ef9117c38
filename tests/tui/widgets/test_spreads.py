"""How two sides are spread, drawn on one axis."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.model import ParamValue
from artui.query.runs.statistics import Outcome
from artui.query.why.evidence import median, spread_of
from artui.tui.screens.column import (
    ODD,
    Bin,
    ValueLine,
    _axis_text,
    _Reach,
    _reach_of,
    _strip,
    _with_gaps_folded,
    _without_day,
)
from artui.tui.widgets.spreads import (
    BOX,
    LOG_FROM,
    MIDDLE,
    OWN,
    RUN,
    WHISKER,
    Side,
    axis_of,
    fitting_axis,
    heap_of,
    heap_text,
    line_of,
)
from artui.units import number_text

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(1, 9).map(float)
SIDES = st.lists(st.lists(NUMBERS, min_size=1, max_size=9), min_size=2, max_size=2)


@given(SIDES, NUMBERS, st.integers(10, 80))
def test_every_value_has_its_place_on_one_axis(values: list[list[float]], own: float, cells: int) -> None:
    """Lines are as wide as they may be, and whiskers, box, middle and the run itself stand in the order of their values."""
    spreads = [spread_of(side) for side in values]
    sides = [Side("a", "1 run", spread, own) for spread in spreads if spread is not None]
    axis = axis_of(sides)
    assert not axis.is_log or (axis.low > 0 and axis.high / axis.low >= LOG_FROM)
    for side in sides:
        text = "".join(part for part, _ in line_of(side, axis, cells))
        assert len(text) == cells and set(text) <= set(f" {WHISKER}{BOX}{MIDDLE}{OWN}←→") and text.count(OWN) == 1
        places = [axis.place(value, cells) for value in side.spread.points]
        assert places == sorted(places) and text[axis.place(own, cells)] == OWN
        assert text[places[2]] in (MIDDLE, OWN)
        drawn = [place for place, sign in enumerate(text) if sign not in (" ", OWN)]
        assert all(places[0] <= place <= places[4] for place in drawn)
    if axis.low < axis.high:
        assert [axis.place(value, cells) for value in (axis.low, axis.high)] == [0, cells - 1]


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.25, 0.5]), min_size=1, max_size=60), st.integers(1, 6))
def test_every_run_in_sight_is_in_its_heap(values: list[float], rows: int) -> None:
    """Where heaps are low enough each run is a sign; else they are bars, in which none is left out."""
    spread = spread_of(values)
    assert spread is not None
    side = Side("a", "", spread)
    axis = axis_of([side])

    counts = heap_of(side, axis, 40)

    assert sum(counts) == sum(axis.low <= value <= axis.high for value in values)
    most = 0 if max(counts) <= rows else max(counts)
    texts = [heap_text(counts, most, row, rows) for row in range(1, rows + 1)]
    assert all(len(text) == 40 for text in texts)
    assert [sign != " " for sign in texts[0]] == [count > 0 for count in counts]
    if max(counts) <= rows:
        assert "".join(texts).count(RUN) == sum(counts)


def test_an_end_far_outside_leaves_the_others_their_room() -> None:
    """The axis ends before it, and the line goes on with an arrow."""
    spreads = [spread_of([0.1, 0.2, 0.3, 0.4, 5e17]), spread_of([0.3, 0.4, 0.5, 0.6, 0.7])]
    sides = [Side("a", "5 runs", spread) for spread in spreads if spread is not None]

    axis = axis_of(sides)

    assert (axis.low, axis.high) == (0.1, 0.7)
    texts = ["".join(part for part, _ in line_of(side, axis, 40)) for side in sides]
    assert texts[0].endswith("─→") and "→" not in texts[1] and texts[1].index(MIDDLE) > texts[0].index(MIDDLE) + 8


@pytest.mark.parametrize(
    ("low", "high", "middles", "is_log"),
    [(2e-6, 0.99999, [0.4978, 0.51], False), (0.01, 100.0, [0.3, 5.0], True), (0.1, 2.0, [1.0], False), (-1.0, 9e9, [3.0], False), (1e-4, 1.0, [2e-4, 3e-3, 0.9], True)],
)  # fmt: skip
def test_one_tiny_value_makes_no_logarithmic_axis(low: float, high: float, middles: list[float], is_log: bool) -> None:
    """Even values keep their even axis, whose ends alone lie decades apart; in the head of a list that is said in any room."""
    axis = fitting_axis(low, high, [(middle, 1) for middle in middles])
    assert axis.is_log == is_log
    for cells in range(20, 60):
        text = _axis_text(_Reach(axis, low, high), cells)
        assert len(text) == cells and text.startswith(number_text(low)) and text.endswith(number_text(high))
        assert ("log" in text) == is_log and "…" not in text and ("mean" in text) >= ("all" in text)
        far = _axis_text(_Reach(axis, low - 1.0, high), cells)
        assert len(far) == cells and ("log" in far) == is_log and ("←" in far) <= ("mean" in far)


def test_the_side_with_many_runs_is_no_single_stroke() -> None:
    """Three learning rates far above those of all others do not push these to one end."""
    few, many = spread_of([0.001, 25.0, 60.0]), spread_of([0.003] * 9 + [0.01] * 11 + [0.03] * 9)
    assert few is not None and many is not None
    assert axis_of([Side("few", "", few), Side("many", "", many)]).is_log


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


def test_runs_without_a_number_do_not_press_all_others_to_one_end() -> None:
    """Where the leading metric came to in them is at the edge, with its sign; empty ranges beside each other are one."""

    def line(value: ParamValue | Bin, low: float, high: float, count: int) -> ValueLine:
        return ValueLine(value, count, "", Outcome(count, low, (low + high) / 2, high))

    lines = [line(Bin(place, place + 1), 0.9 + place / 100, 0.93 + place / 100, 4) for place in range(6)]
    far = line(ODD, 0.08, 0.15, 3)
    reach = _reach_of([*lines, far])
    assert reach is not None and (reach.axis.low, reach.lowest) == (0.9, 0.08) and not reach.axis.is_log
    assert reach.axis.high == reach.highest == pytest.approx(0.98)
    drawn = [_strip(each.outcome, reach.axis, 40) for each in (*lines, far) if each.outcome is not None]
    assert drawn[-1] == "←" and all(text.count(MIDDLE) == 1 and "←" not in text for text in drawn[:-1])
    near = _reach_of([*lines, line(ODD, 0.85, 0.9, 3)])
    assert near is not None and near.axis.low == 0.85
    assert _reach_of([far]) is not None and _reach_of([line(1, 2.0, 2.0, 1)]) is None

    bins = [(Bin(place, place + 1), int(place in (0, 3, 7))) for place in range(8)]
    outcomes = [each.outcome for each in (*lines, *lines)][:8]
    folded, kept = _with_gaps_folded(bins, outcomes)
    assert [(*part, count) for part, count in folded if isinstance(part, Bin)] == [
        (0, 1, 1),
        (1, 3, 0),
        (3, 4, 1),
        (4, 7, 0),
        (7, 8, 1),
    ]
    assert kept == tuple(outcomes[place] for place in (0, 1, 3, 4, 7)) and _with_gaps_folded(bins, ())[1] == ()


@pytest.mark.parametrize(
    ("lows", "highs", "shown"),
    [
        (["2026-11-29 09:42", "2026-11-29 09:43"], ["2026-11-29 09:43", "2026-11-29 09:44"], ["09:42 … 09:43", "09:43 … 09:44"]),
        (["2026-11-29 00:00", "2026-11-30 00:00"], ["2026-11-29 12:00", "2026-11-30 12:00"], ["2026-11-29 00:00 … 12:00", "2026-11-30 00:00 … 12:00"]),
        (["2026-11-29 12:00"], ["2026-11-30 00:00"], ["2026-11-29 12:00 … 2026-11-30 00:00"]),
        (["2026-11-29"], ["2026-11-30"], ["2026-11-29 … 2026-11-30"]),
    ],
)  # fmt: skip
def test_a_range_of_times_says_its_day_once(lows: list[str], highs: list[str], shown: list[str]) -> None:
    """Not at all where all are of one day, which stands above; no range is shorter than it takes to tell it."""
    assert [f"{low} … {high}" for low, high in zip(*_without_day(lows, highs), strict=True)] == shown
