"""Charts: what a curve must show."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.series.curves import thin
from artui.tui.cells import make_palette, spark_text
from artui.tui.widgets.chart import Chart, draw
from artui.tui.widgets.chartfigure import figure_of
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.chartoptions import ChartOptions, smoothed
from artui.tui.widgets.plot import nice_ticks

PALETTE = make_palette(is_coloured=True, is_rich=True)


def _picture(values: np.ndarray, *, options: ChartOptions | None = None, size: tuple[int, int] = (60, 14)) -> list[str]:
    chart = Chart("loss")
    curve = thin(np.arange(len(values), dtype=np.float64), values, buckets=100)
    chart.title, chart.curves, chart.options = "loss", [ChartLine("loss", curve, 0)], options or ChartOptions()
    return [strip.text for strip in draw(chart, *size, PALETTE)]


def _dots(line: str) -> bool:
    return any("\u2800" < letter <= "\u28ff" for letter in line)


@pytest.mark.parametrize("place", [0, 3333, 9999])
def test_one_spike_in_ten_thousand_points_is_seen(place: int) -> None:
    """A single extreme value reaches the top row, smoothed or not."""
    values = np.zeros(10_000)
    values[place] = 1.0
    assert _dots(_picture(values)[1])


def test_nan_and_infinities_have_signs() -> None:
    """NaN is a cross at the bottom, +Inf a triangle at the top, -Inf one at the bottom."""
    values = np.linspace(1, 0, 50)
    values[10], values[20], values[30] = math.nan, math.inf, -math.inf
    picture = _picture(values)
    assert "×" in picture[-2] and "▲" in picture[1] and "▼" in picture[-2]


def test_series_without_any_finite_value_says_so() -> None:
    """A curve that is NaN throughout has no axes but says what its last value was."""
    assert any("NaN" in line for line in _picture(np.full(5, math.nan)))


def test_points_that_are_damaged_are_counted() -> None:
    """The number follows the title of a drawn curve, or is below it if nothing is left; a file has it as a note."""
    damaged = replace(thin(np.arange(9.0), np.arange(9.0), buckets=50), damaged_count=1024)
    empty = replace(thin(np.empty(0), np.empty(0), buckets=50), damaged_count=8)
    for curves, wanted in (
        ([damaged], "! 1,024 points damaged"),
        ([empty], "! 8 points damaged"),
        ([damaged, empty], "! 1,032 points"),
    ):
        chart = Chart()
        chart.title, chart.curves = "loss", [ChartLine("loss", curve, 0) for curve in curves]
        assert any(wanted in strip.text for strip in draw(chart, 60, 14, PALETTE)[:2])
    figure = figure_of("loss", [ChartLine("loss", damaged, 0)], ChartOptions())
    assert figure is not None and "1,024 points damaged" in figure.note


def test_log_axis_leaves_out_what_it_cannot_show() -> None:
    """On a logarithmic axis zero and negative values are left out, and the rest is drawn between powers of ten."""
    picture = _picture(np.array([-1.0, 0.0, 0.001, 0.01, 0.1, 1.0]), options=ChartOptions(is_log=True, smoothing=0.0))
    assert any(line.lstrip().startswith("0.0100") or "0.01" in line[:10] for line in picture) and any(
        _dots(line) for line in picture
    )


def test_every_line_has_the_width_asked_for() -> None:
    """No line of a chart is longer or shorter than its widget."""
    for width in (24, 40, 79, 120):
        chart = Chart("x")
        chart.curves = [ChartLine("x", thin(np.arange(9.0), np.arange(9.0) * 1e6, buckets=50), 0, "●")]
        assert {strip.cell_length for strip in draw(chart, width, 9, PALETTE)} == {width}


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(1, 8))
def test_ticks_are_round_and_inside(low: float, span: float, most: int) -> None:
    """Ticks lie between the ends, and are not many more than asked for."""
    ticks = nice_ticks(low, low + span, most)
    assert 1 <= len(ticks) <= most + 2
    if len(ticks) > 1:
        assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_smoothing_follows_the_debiased_moving_average() -> None:
    """Weight 0.5 over 1, 0 gives 1 and 1/3, as the corrected exponential average does; weight 0 changes nothing."""
    assert smoothed([1.0, 0.0], 0.5) == pytest.approx([1.0, 1 / 3])
    assert smoothed([1.0, 0.0], 0.0) == [1.0, 0.0]


def test_sparkline_ends_where_the_series_diverged() -> None:
    """Blocks go from the smallest to the largest value, and an exclamation mark stands for NaN."""
    assert spark_text([0.0, 1.0], 10) == "▁█"
    assert spark_text([1.0, 0.5, math.nan], 10) == "█▁!"
    assert len(spark_text(list(range(100)), 10)) == 10
