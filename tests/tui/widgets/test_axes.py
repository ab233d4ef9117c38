"""Ticks of axes: enough of them, in order, and no two alike."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artui.tui.widgets.axes import Scale, Unit, end_texts, ticks, x_labels, y_labels

_UNITS: tuple[Unit, ...] = ("number", "count", "seconds", "date")


def _check(scale: Scale, most: int, unit: Unit) -> None:
    pairs = ticks(scale, most, unit)
    shares, texts = [share for share, _ in pairs], [text for _, text in pairs]
    # Steps are whole: an axis may have room for two of them alone.
    whole = math.floor(scale.high + 1e-9) - math.ceil(scale.low - 1e-9) + 1 if unit == "count" else 3
    assert len(pairs) >= (3 if most >= 3 and whole != 2 else 2), pairs
    assert len(pairs) <= max(3 * most, 8), pairs
    assert len(set(texts)) == len(texts), pairs
    assert shares == sorted(shares) and len(set(shares)) == len(shares)
    assert all(-1e-6 <= share <= 1 + 1e-6 for share in shares), pairs


@given(
    low=st.floats(-1e9, 1e9),
    width=st.floats(1e-4, 1e9),
    most=st.integers(1, 20),
    unit=st.sampled_from(_UNITS[:3]),
)
@example(low=-0.16, width=4.3, most=3, unit="seconds")
@example(low=0.0, width=7.0, most=3, unit="seconds")
@example(low=61.0, width=0.004, most=5, unit="seconds")
@example(low=0.9, width=1.2, most=3, unit="count")
@example(low=-0.5, width=1.0, most=3, unit="count")
@example(low=1e-248, width=1.0, most=3, unit="count")
@example(low=-0.04, width=100.0, most=1, unit="number")
def test_every_axis_has_ticks_that_say_where_one_is(low: float, width: float, most: int, unit: Unit) -> None:
    """Two at least, three where so many are wanted; each has its own text, and they are in order."""
    if width > 1e-7 * abs(low):
        _check(Scale(low, low + width, False, 100), most, unit)


@given(low=st.floats(-290, 290), decades=st.floats(1e-3, 300), most=st.integers(1, 20))
@example(low=-2.1, decades=1.3, most=8)
@example(low=-3.97, decades=1.9, most=5)
@example(low=0.02, decades=0.9, most=3)
@example(low=-5.0, decades=3.0, most=3)
def test_a_logarithmic_axis_has_ticks_too(low: float, decades: float, most: int) -> None:
    """Powers of ten where there are enough of them, and round numbers between them where not."""
    if low + decades < 300:
        _check(Scale(low, low + decades, True, 100), most, "number")


@given(low=st.floats(0, 4e9), width=st.floats(0.01, 1e9), most=st.integers(1, 12))
@example(low=1_790_000_000.0, width=86_400 * 4.5, most=12)
@example(low=1_790_000_000.0, width=0.5, most=3)
def test_an_axis_of_dates_has_ticks_that_differ(low: float, width: float, most: int) -> None:
    """As much of the date is shown as tells the ticks apart."""
    _check(Scale(low, low + width, False, 100), most, "date")


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [(0.2, 0.9, "0.2 0.9"), (0.2, 1.0, "0.2 1.0"), (0.0, 0.2, "0.00 0.20"), (1.2, 1.4, "1.20 1.40"), (0.05, 0.1, "0.05 0.10"), (0.00123456, 1.87698, "0.001235 1.877"), (0.5, 3.0, "0.5 3.0"), (-0.5, 0.5, "-0.5 0.5"), (5.0, 80.0, "5 80")],
)  # fmt: skip
def test_the_ends_of_an_axis_look_like_its_ticks(low: float, high: float, texts: str) -> None:
    """They have as many decimals as these, if they have no more; nowhere zeros that say nothing."""
    labels = [text for _, text in x_labels(Scale(low, high, False, 200), 100, "number")]
    assert labels[:2] == texts.split()
    ends = end_texts(Scale(low, high, False, 200), "number")
    assert not any("." in end and end.endswith("0") for end in ends)


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), rows=st.integers(3, 40))
@example(low=0.05, width=0.85, rows=7)
@example(low=9.09e7, width=8.1e6, rows=7)
@example(low=0.4, width=2.2, rows=8)
@example(low=2.0, width=48.0, rows=8)
def test_labels_of_a_y_axis_stand_in_even_distances(low: float, width: float, rows: int) -> None:
    """Even steps look even: none is a row nearer to the next one than others, unless they are three apart."""
    if width > 1e-6 * abs(low):
        at = sorted(y_labels(Scale(low, low + width, False, rows * 4), rows))
        gaps = [after - before for before, after in itertools.pairwise(at)]
        assert gaps and max(gaps) - min(gaps) <= (min(gaps) >= 3), at


@pytest.mark.parametrize("unit", _UNITS)
def test_an_axis_of_one_value_has_one_tick(unit: Unit) -> None:
    """There is nothing to tell apart, and nothing is raised."""
    pairs = ticks(Scale(3.0, 3.0, False, 10), 4, unit)

    assert pairs and all(math.isfinite(share) for share, _ in pairs)
