"""Charts: what a curve must show."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from artui.figures.layout import Path as Stroke
from artui.figures.layout import Text, shapes
from artui.query.series.curves import _thinned, thin
from artui.tui import sparks
from artui.tui.cells import Palette, fit, make_palette
from artui.tui.colouring import CURVE_MARKS
from artui.tui.sparks import Course, scale_of, shared_spark_text, spark_text
from artui.tui.widgets.axes import Scale, label_cells, nice_ticks, ticks, y_labels
from artui.tui.widgets.chart import Chart, draw
from artui.tui.widgets.chartfigure import figure_of
from artui.tui.widgets.chartlines import MANY_BEHIND, SPREAD_WORDS, ChartLine, ranges_of, spread_of
from artui.tui.widgets.chartoptions import SMOOTHINGS, Y_SCALES, ChartOptions, YScale, smoothed
from artui.tui.widgets.plot import labelled_axis
from artui.units import DIGITS, number_text

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


@pytest.mark.parametrize(
    ("title", "window", "wanted"),
    [
        ("val/loss", None, "best 0.2500 at step 3"),
        ("val/acc", None, "best 4 at step 5"),
        ("val/loss", (3.5, 9.0), "best in sight 0.7500 at step 4"),
        ("epoch", None, ""),
    ],
)
def test_a_curve_alone_says_where_it_was_best(title: str, window: tuple[float, float] | None, wanted: str) -> None:
    """Of a counter no value is better; in the chart that has the whole screen a sign stands there."""
    values = np.array([3.0, 2.0, 1.0, 0.25, 0.75, 4.0, 2.0, 1.5, 1.0, 0.75])
    chart = Chart(title)
    curve = thin(np.arange(10.0), values, buckets=100)
    chart.curves, chart.options = [ChartLine("", curve, 0)], ChartOptions(window=window)
    chart.says_best = True
    for is_whole in (False, True):
        chart.is_whole = is_whole
        drawn = [strip.text for strip in draw(chart, 90, 14, PALETTE)]
        assert ("best" in drawn[0]) == bool(wanted) and wanted in drawn[0]
        assert any("○" in row for row in drawn[1:]) == (is_whole and bool(wanted))


def test_nan_and_infinities_have_signs() -> None:
    """NaN is a cross, +Inf a triangle upwards, -Inf one downwards, in rows below the plot that say which is which."""
    values = np.linspace(1, 0, 50)
    values[10], values[20], values[30] = math.nan, math.inf, -math.inf
    assert re.search("∞ NaN −∞ │ +× +▲ +▼ *$", _picture(values)[-2])
    high = _picture(values, size=(60, 24))
    for row, text in zip((-4, -3, -2), ("  ∞ │ +▲ *$", "NaN │ +× *$", " −∞ │ +▼ *$"), strict=True):
        assert re.search(text, high[row]), high[row]
    # In a part of the axis without any there is no such row.
    assert "NaN" not in "".join(_picture(values, options=ChartOptions(window=(40.0, 49.0))))


@pytest.mark.parametrize("size", [(38, 7), (60, 14), (116, 33)])
@pytest.mark.parametrize("count", [1, 6, 40])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_sign_of_what_is_no_number_stands_over_a_line(size: tuple[int, int], count: int, value: float) -> None:
    """Runs that end in NaN take no dot and no end mark from the others, however low or high these lie, nor in a file."""
    sign = "×" if value != value else "▲" if value > 0 else "▼"
    steps = np.arange(100.0)
    lines, clean_lines = [], []
    for place in range(count):
        values = 0.3 + 0.001 * place + 2 * np.exp(-steps / 12)
        clean_lines.append(
            ChartLine(
                str(place), thin(steps, values, buckets=200), place % 10, CURVE_MARKS[place % 10], str(place), place < 6
            )
        )
        values = values.copy()
        values[50:] = np.where(place >= 6 or count == 1, value, values[50:])
        lines.append(replace(clean_lines[-1], curve=thin(steps, values, buckets=200)))
    chart = Chart("loss")
    chart.curves = lines
    rows = [strip.text.partition("│")[2] for strip in draw(chart, *size, PALETTE)]
    with_sign = [number for number, row in enumerate(rows) if sign in row]
    if count > 6 or count == 1:
        assert with_sign == [size[1] - 2] and not _dots(rows[with_sign[0]])
        figure = figure_of("loss", lines, ChartOptions())
        assert figure is not None
        signs = [mark for mark in figure.marks if mark.sign == sign]
        assert [mark.row for mark in signs] == [1] and signs[0].colour not in range(10)
    if count > 1:
        text = "".join(strip.text for strip in draw(chart, *size, PALETTE)[1:])
        said = sum(int(more) for more in re.findall(r"\+(\d)", text))
        assert sum(mark in text for mark in CURVE_MARKS[: min(6, count)]) + said == min(6, count)


def test_the_y_axis_is_fitted_to_what_is_drawn() -> None:
    """Runs of which only the band is drawn, and what lies beside the part in sight, leave the lines their room."""
    steps = np.arange(200.0)
    lines = []
    for place in range(60):
        values = 0.3 + 0.002 * place + 2 * np.exp(-steps / 20)
        if place >= 52:
            values = values + np.exp(np.minimum(steps, 70) / 8)
            values[71:] = math.nan
        lines.append(
            ChartLine(
                str(place), thin(steps, values, buckets=400), place % 10, CURVE_MARKS[place % 10], str(place), place < 6
            )
        )
    for window, most in ((None, 40.0), ((78.0, 121.0), 1.0), ((150.0, 199.0), 0.6)):
        ranges = ranges_of(lines, ChartOptions(window=window))
        assert ranges is not None and ranges.bounds[1] <= most
        seen = [x for x in range(200) if window is None or window[0] <= x <= window[1]]
        means = [lines[place].curve.means[x] for place in range(6) for x in seen]
        assert ranges.bounds[0] <= min(means) and max(means) <= ranges.bounds[1]
        picture = figure_of("loss", lines, ChartOptions(window=window, smoothing=0.2))
        assert picture is not None
        assert [line.label for line in picture.lines if line.colour < 0] == ["10–90 % of 54 runs"]
        assert "smoothed over 20 % of x" in picture.note
    few = figure_of("loss", lines[:20], ChartOptions(), other_count=60)
    assert few is not None and "14 of 60 others" in [line.label for line in few.lines]


def test_series_without_any_finite_value_says_so() -> None:
    """A curve that is NaN throughout has no axes but says what its last value was."""
    assert any("NaN" in line for line in _picture(np.full(5, math.nan)))
    # In little room in two lines, no word of them cut.
    lines = _picture(np.array([math.nan] * 20 + [math.inf, math.inf, math.nan]), size=(39, 10))
    assert [line.strip() for line in lines[1:3]] == ["no finite value: NaN × 21, ∞ × 2", "last NaN"]
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([0.5] + [math.nan] * 20 + [math.inf, math.nan], "1 finite value: 0.5000 at step 0"),
        ([0.5, math.inf], "1 finite value: 0.5000 at step 0"),
    ],
)
def test_a_series_that_diverged_at_once_says_how_many_values_it_has(values: list[float], wanted: str) -> None:
    """Its points are not all at the step of its only finite value."""
    lines = _picture(np.array(values), size=(80, 14))
    assert wanted in lines[0] and "all at" not in lines[0]


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


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((1.0, 2.0, 4.0), ("bars from 0 to 4", "━" * 20)),
        ((0.123451, 0.123452, 0.123453), ("marks from 0.123451 to 0.123453", "┼")),
        ((-1.0, 0.25, math.nan), ("marks from −1 to 0.25", "NaN")),
        ((0.0, 0.0), ("all at 0", "┼")),
    ],
)
def test_single_values_are_bars(values: tuple[float, ...], wanted: tuple[str, str]) -> None:
    """Runs with one value each stand below each other with their values, to be compared by length or by place."""
    chart = Chart()
    chart.curves = [
        ChartLine(
            f"run-{number}", thin(np.array([number], np.float64), np.array([value]), buckets=50), number, "●◇△"[number]
        )
        for number, value in enumerate(values)
    ]
    lines = [strip.text for strip in draw(chart, 60, 12, PALETTE)]

    assert len(lines) == 12 and {len(line) for line in lines} == {60}
    assert wanted[0].replace("−", "-") in lines[0].replace("−", "-") and any(wanted[1] in line for line in lines[1:])
    for number, value in enumerate(values):
        name, text = lines[number + 1].split()[1:3]
        assert name == f"run-{number}" and text in (number_text(value), number_text(value, 6))
    # With a longer curve among them, or without room for all, they are points of curves.
    assert not any("run-0" in strip.text for strip in draw(chart, 60, len(values), PALETTE))


def test_log_axis_leaves_out_what_it_cannot_show() -> None:
    """On a logarithmic axis zero and negative values are left out, and the rest is drawn between powers of ten."""
    picture = _picture(np.array([-1.0, 0.0, 0.001, 0.01, 0.1, 1.0]), options=ChartOptions(y_scale="log"))
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
        # No float lies closer to another than this.
        room = span * 1e-6 + 4 * math.ulp(max(abs(low), abs(low + span)))
        assert all(low - room <= tick <= low + span + room for tick in ticks)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.sampled_from(SMOOTHINGS),
)
def test_smoothed_line_ends_at_what_was_measured(values: list[float], width: float) -> None:
    """The first and the last value stay, and no value leaves the range of the measured ones."""
    line = smoothed(range(len(values)), values, width * len(values))
    assert line[0] == values[0] and line[-1] == values[-1] and len(line) == len(values)
    assert min(values) <= min(line) and max(line) <= max(values)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.sampled_from(SMOOTHINGS))
def test_smoothing_leaves_a_straight_line_where_it_is(start: float, slope: float, width: float) -> None:
    """Nothing lags behind: a ramp, and with it a constant, is what it was."""
    ramp = [start + slope * x for x in range(50)]
    line = smoothed(range(50), ramp, width * 50)
    assert line == pytest.approx(ramp, abs=1e-6)
    if slope == 0:
        assert line == ramp


def test_smoothing_is_centred() -> None:
    """A step is spread evenly to both sides, and one huge value does not swallow what comes long after it."""
    step = [0.0] * 20 + [1.0] * 20
    line = smoothed(range(40), step, 8)
    assert all(line[19 - i] == pytest.approx(1 - line[20 + i]) for i in range(20))
    spiked = [5e147] + [0.25] * 39
    assert smoothed(range(40), spiked, 8)[20:] == [0.25] * 20


def _braille(lines: list[str]) -> list[list[bool]]:
    """Give the dots of a picture, as rows of columns."""
    rows = []
    for line in lines:
        letters = [ord(letter) - 0x2800 if "\u2800" <= letter <= "\u28ff" else 0 for letter in line]
        for left, right in ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)):
            rows.append([bool(letter & side) for letter in letters for side in (left, right)])
    return rows


def test_no_line_leads_through_nan() -> None:
    """Where points are NaN there is a gap, also in the band and with smoothing; the line goes on after it."""
    values = np.full(100, 1.0)
    values[40:60] = math.nan
    for options in (ChartOptions(), ChartOptions(smoothing=0.1)):
        picture = _picture(values, options=options, size=(110, 10))
        columns = [any(column) for column in zip(*_braille(picture[1:-1]), strict=True)]
        drawn = [place for place, is_drawn in enumerate(columns) if is_drawn]
        gaps = [after - before for before, after in itertools.pairwise(drawn) if after - before > 2]
        assert len(gaps) == 1 and gaps[0] == pytest.approx(len(columns) * 0.2, rel=0.2)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 500), st.sampled_from(SMOOTHINGS))
def test_constant_is_a_straight_line(value: float, count: int, smoothing: float) -> None:
    """All dots of a constant are in one row, whatever its value is, but those that show where its points are if they are few."""
    picture = _picture(np.full(count, value), options=ChartOptions(smoothing=smoothing))
    counts = [sum(row) for row in _braille(picture[1:-1]) if any(row)]
    assert len(counts) == 1 or (smoothing == 0 and count <= 30 and sorted(counts)[:-1] == [count] * (len(counts) - 1))


@pytest.mark.parametrize("options", [ChartOptions(y_scale=scale, is_log_x=x) for scale in Y_SCALES for x in (False, True)])  # fmt: skip
@given(data=st.data())
def test_charts_draw_any_values(options: ChartOptions, data: st.DataObject) -> None:
    """Values from 1e-323 to the largest float, zero and below, NaN and infinities: every chart has its lines and width."""
    extreme = st.sampled_from([0.0, 5e-324, 1e-323, -1e-323, 1e-300, 1.0, -1.0, 1e300, -1e300, 1.7e308, -1.7e308, math.nan, math.inf, -math.inf])  # fmt: skip
    values = data.draw(st.lists(extreme | st.floats(), min_size=1, max_size=40))
    xs = data.draw(
        st.one_of(st.just(list(range(len(values)))), st.lists(extreme.filter(math.isfinite), min_size=len(values), max_size=len(values)))
    )  # fmt: skip
    order = np.sort(np.asarray(xs, np.float64))
    if options.is_log_x:
        order = order[order > 0]
    if not len(order):
        return
    curve = thin(order, np.asarray(values[: len(order)]), buckets=40)
    chart = Chart("loss")
    chart.curves, chart.options = [ChartLine("loss", curve, 0, "●"), ChartLine("loss", curve, 1, "◇")], options
    strips = draw(chart, 60, 12, PALETTE)
    assert len(strips) == 12 and {strip.cell_length for strip in strips} == {60}
    figure_of("loss", chart.curves, options)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2_499), (0, 99), (7, 19), (123_456, 123_999), (0, 1_000_000), (5, 5)])  # fmt: skip
@pytest.mark.parametrize("width", [36, 60, 120])
def test_x_axis_shows_the_first_and_the_last_step(low: int, high: int, width: int) -> None:
    """Both ends have their numbers, however narrow the chart is."""
    curve = thin(np.linspace(low, high, 50), np.linspace(1, 0, 50), buckets=100)
    chart = Chart("loss")
    chart.curves = [ChartLine("loss", curve, 0)]
    axis = draw(chart, width, 10, PALETTE)[-1].text.partition("└")[2].split()
    assert axis[0] == f"{low:,}" and axis[-1] == f"{high:,}"


@given(
    st.floats(-1e300, 1e300, allow_subnormal=False),
    st.floats(1e-9, 1e12),
    st.integers(2, 12),
    st.booleans(),
)
def test_y_axis_has_two_different_labels(low: float, span: float, rows: int, is_log: bool) -> None:
    """Every y axis of a range names two values, top and bottom apart, that look different."""
    low = abs(low) or 1.0 if is_log else low
    high = low + max(span, abs(low) * 1e-6)
    scale = Scale(math.log10(low), math.log10(high), True, rows * 4) if is_log else Scale(low, high, False, rows * 4)
    labels = y_labels(scale, rows)
    assert len(labels) >= 2 and len(set(labels.values())) == len(labels)
    cells = label_cells([*labels.values()])
    assert len({fit(text, cells) for text in labels.values()}) == len(labels)
    # Of two that would be in one row none is at the place of the other: steps between labels stay alike.
    placed = [text for _, text in ticks(scale, max(1, min(6, (rows + 1) // 3)))]
    if placed and all(text in placed for text in labels.values()):
        steps = {b - a for a, b in itertools.pairwise(sorted(placed.index(text) for text in labels.values()))}
        assert len(steps) == 1


def test_one_outlier_does_not_set_the_axis() -> None:
    """A value far outside is left out of the axis, marked at the edge, and named; the others keep their shape."""
    values = np.linspace(1.0, 0.5, 60)
    values[30] = 5e147
    picture = _picture(values, options=ChartOptions(y_scale="linear"), size=(90, 12))
    assert "↑ 5.00e+147" in picture[0] and picture[1].count("↑") == 1
    axis = [line.partition("┤")[0].strip() for line in picture[1:-1] if "┤" in line]
    assert all(0.4 < float(label) < 1.1 for label in axis)
    assert sum(any(row) for row in _braille(picture[1:-1])) > 12


def test_one_outlier_is_left_out_of_a_logarithmic_axis_too() -> None:
    """By itself the axis of positive values with an outlier is logarithmic, and the outlier is still outside."""
    values = np.linspace(1.0, 0.5, 60)
    values[30] = 5e147
    picture = _picture(values, size=(90, 12))
    assert "↑ 5.00e+147" in picture[0] and picture[-1].lstrip().startswith("log")
    assert sum(any(row) for row in _braille(picture[1:-1])) > 12


def test_decades_are_drawn_on_a_logarithmic_axis() -> None:
    """A series whose bulk spans decades has a logarithmic axis by itself, which says so; `o` takes it back."""
    decaying = np.exp(-np.arange(100) / 10)
    assert _picture(decaying)[-1].lstrip().startswith("log")
    assert not _picture(decaying, options=ChartOptions(y_scale="linear"))[-1].lstrip().startswith("log")
    # An accuracy that only starts near zero is not spread wide.
    rising = 1 - np.exp(-np.arange(100) / 5)
    assert not _picture(rising + 1e-6)[-1].lstrip().startswith("log")


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize(
    ("floor", "height", "rate", "is_log", "is_clipped"),
    [(0.03, 3.0, 8.0, True, False), (0.9, 0.12, 25.0, False, True), (0.2, 0.6, 2.0, False, False)],
)
def test_the_axis_is_of_one_kind_for_few_curves_and_many(
    count: int, floor: float, height: float, rate: float, is_log: bool, is_clipped: bool
) -> None:
    """Curves of one shape that differ a little have the same kind of axis whichever of them are looked at."""
    for first in range(6 - count + 1):
        lines = []
        for place in range(first, first + count):
            lengths = 40 + 3 * place
            values = floor * (1 + 0.001 * place) + height * np.exp(-np.arange(lengths) / lengths * rate)
            lines.append(ChartLine(str(place), thin(np.arange(float(lengths)), values, buckets=200), place))
        ranges = ranges_of(lines, ChartOptions())
        assert ranges is not None
        assert (ranges.is_log, ranges.highest is not None) == (is_log, is_clipped)
        low, high = ranges.bounds
        assert all(low * 0.999 <= line.curve.last <= high * 1.001 for line in lines)


@pytest.mark.parametrize("height", [8, 12, 22, 34, 48])
@pytest.mark.parametrize("count", [17, 40, 400])
def test_what_is_left_out_does_not_depend_on_the_size_of_a_chart(height: int, count: int) -> None:
    """The steep start of an accuracy is no plateau at the edge, on the screen, in its pixels or in a file; a spike of a thousand times is left out."""
    xs = np.arange(float(count))
    rising = [ChartLine("a", thin(xs, 0.98 - 0.3 * np.exp(-xs / count * 10), buckets=200), 0)]
    spiked = [ChartLine("a", thin(xs, np.where(xs == 3, 600.0, np.sin(xs)), buckets=200), 0)]
    chart = Chart("acc")
    for lines, is_clipped in ((rising, False), (spiked, True)):
        chart.curves = lines
        text = "\n".join(strip.text for strip in draw(chart, 100, height, PALETTE))
        assert is_clipped or not re.search("[↑↓]", text)
        ranges = ranges_of(lines, ChartOptions())
        figure = figure_of("acc", lines, ChartOptions())
        assert ranges is not None and figure is not None
        assert (figure.y.low, figure.y.high) == (ranges.low, ranges.high)
        assert (ranges.highest is not None) == (lines is spiked) == ("↑" in text)
    page = figure_of("acc", rising, ChartOptions())
    assert page is not None and page.y.low == rising[0].curve.means[0]


def test_what_a_logarithmic_axis_leaves_out_is_counted() -> None:
    """Points at or below zero are counted beside the title."""
    picture = _picture(np.array([-1.0, 0.0, 0.001, 0.01, 0.1, 1.0]), options=ChartOptions(y_scale="log"))
    assert "2 ≤ 0 left out" in picture[0]


def _styles(lines: Sequence[np.ndarray], *, palette: Palette = PALETTE) -> list[list[str]]:
    """Give the foreground of each cell that has dots, by line of the plot."""
    chart = Chart("loss")
    chart.curves = [
        ChartLine(str(place), thin(np.arange(float(len(values))), values, buckets=200), place, CURVE_MARKS[place])
        for place, values in enumerate(lines)
    ]
    rows = []
    for strip in draw(chart, 60, 12, palette)[1:-1]:
        cells = [(letter, segment.style) for segment in strip for letter in segment.text]
        rows.append([str(style.color) for letter, style in cells if "\u2800" < letter <= "\u28ff" and style])
    return rows


def _cells_of(chart: Chart, size: tuple[int, int]) -> dict[str, dict[int, int]]:
    """Give the dots of each ink by columns of cells."""
    rows = draw(chart, *size, PALETTE)[1:-1]
    cells: dict[str, dict[int, int]] = {}
    left, columns = chart.plot_cells
    for strip in rows:
        drawn = [(letter, segment.style) for segment in strip for letter in segment.text]
        for column, (letter, style) in enumerate(drawn[left : left + columns]):
            if "\u2800" < letter <= "\u28ff" and style is not None:
                of_ink = cells.setdefault(str(style.color), {})
                of_ink[column] = of_ink.get(column, 0) | ord(letter) - 0x2800
    return cells


@pytest.mark.parametrize("width", [60, 120, 200])
@pytest.mark.parametrize("front", [0, 3])
def test_the_line_in_front_is_whole(width: int, front: int) -> None:
    """Of six close curves the one that was brought to the front has a dot in each column; others are seen where they differ."""
    xs = np.arange(200.0)
    random = np.random.default_rng(3)
    lines = [
        ChartLine(str(n), thin(xs, np.exp(-xs / 40) + random.normal(0, 0.01, 200) + (0.3 * (xs > 150) if n == 5 else 0), buckets=100), n, CURVE_MARKS[n], str(n), is_front=n == front)
        for n in range(6)
    ]  # fmt: skip

    chart = Chart("loss")
    chart.curves, chart.options = lines, ChartOptions(smoothing=SMOOTHINGS[-1], y_scale="linear")
    cells = _cells_of(chart, (width, width // 5))
    whole = cells[str(PALETTE.curves[front].color)]
    # In each column of dots there is one of the front line.
    assert sorted(whole) == list(range(chart.plot_cells[1]))
    assert all(bits & 0x47 and bits & 0xB8 for bits in whole.values())
    assert str(PALETTE.bands[5].color) in cells
    assert cells.keys() & {str(style.color) for style in PALETTE.curves} == {str(PALETTE.curves[front].color)}


@pytest.mark.parametrize("size", [(80, 22), (120, 32), (200, 46), (96, 10)])
@pytest.mark.parametrize("count", [2, 3, 6])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_no_curve_vanishes_behind_others(size: tuple[int, int], count: int, data: st.DataObject) -> None:
    """Of curves that share cells each has some of its own colour in each third of its x range."""
    lines = []
    for number in range(count):
        begin, end = data.draw(st.sampled_from([(0, 400), (0, 400), (0, 300), (50, 400)]))
        noise = data.draw(st.sampled_from([0.0, 0.0, 0.01, 0.05]))
        xs = np.arange(begin, end, 4.0)
        values = np.exp(-xs / data.draw(st.sampled_from([60, 60, 70]))) + np.random.default_rng(number).normal(0, noise, len(xs))  # fmt: skip
        lines.append(ChartLine(str(number), thin(xs, values, buckets=100), number, CURVE_MARKS[number], str(number)))
    chart = Chart("loss")
    chart.curves, chart.options = lines, ChartOptions(y_scale="linear")

    cells = _cells_of(chart, size)

    low, high = min(line.curve.xs[0] for line in lines), max(line.curve.xs[-1] for line in lines)
    for line in lines:
        seen = cells.get(str(PALETTE.curves[line.colour].color), {})
        first, last = (
            (x - low) / (high - low) * (chart.plot_cells[1] - 1) for x in (line.curve.xs[0], line.curve.xs[-1])
        )
        for third in range(3):
            start, stop = (first + (last - first) * part / 3 for part in (third, third + 1))
            assert any(start - 1 <= column <= stop + 1 for column in seen), (line.title, third)


def test_lines_that_are_one_and_the_same_are_all_named() -> None:
    """The first has most of the line, the others about as much each of the rest; each has its mark at the end and nowhere where it goes on."""
    values = np.linspace(1, 0, 60)
    chart = Chart("loss")
    chart.curves = [ChartLine(str(n), thin(np.arange(60.0), values, buckets=200), n, CURVE_MARKS[n]) for n in range(4)]
    text = "\n".join(strip.text for strip in draw(chart, 60, 12, PALETTE)[1:-1])
    assert [text.count(CURVE_MARKS[n]) for n in range(4)] == [1, 1, 1, 1]
    counts = Counter(colour for row in _styles([values] * 4) for colour in row)
    first, *others = (count for _, count in counts.most_common())
    assert len(counts) == 4 and first >= sum(others) and max(others) - min(others) <= 3


@pytest.mark.parametrize("count", [2, 6])
@pytest.mark.parametrize("size", [(38, 7), (60, 14), (116, 33)])
def test_no_mark_stands_where_its_curve_did_not_end(count: int, size: tuple[int, int]) -> None:
    """Marks of curves that end together stand beside each other behind the plot, the higher end first, and what has no room is counted; one that ended before has its at its end."""
    xs = np.arange(100.0)
    lines = [ChartLine(str(n), thin(xs, np.exp(-xs / 20) + 0.001 * n, buckets=200), n, CURVE_MARKS[n]) for n in range(count)]  # fmt: skip
    lines += [ChartLine("ended", thin(xs[:50], np.exp(-xs[:50] / 20), buckets=200), n, CURVE_MARKS[n]) for n in (8, 9)]
    chart = Chart("loss")
    chart.curves, chart.options = lines, ChartOptions(y_scale="linear")
    rows = [strip.text for strip in draw(chart, *size, PALETTE)[1:-1]]
    left, columns = chart.plot_cells
    places = [
        (row, column)
        for mark in CURVE_MARKS[:count][::-1]
        for row, text in enumerate(rows)
        for column in [text.rfind(mark)]
        if column >= left + columns
    ]
    said = sum(int(more) for text in rows for more in re.findall(r"\+(\d)", text))
    assert len(places) + said == count and places == sorted(places)
    ends = sorted(max(row.rfind(CURVE_MARKS[n]) for row in rows) for n in (8, 9))
    at = left + 49 / 99 * (columns - 1)
    assert abs(ends[0] - at) <= 1 and ends[1] - ends[0] <= 1 and ends[0] >= at - 1


@pytest.mark.parametrize("count", [1, 3, 6, 9])
@pytest.mark.parametrize("size", [(38, 7), (60, 14), (116, 33)])
@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_marks_stand_at_the_heights_of_their_ends(count: int, size: tuple[int, int], spread: float) -> None:
    """None stands in a row in which its line does not end: those of one place stand side by side, and how many more there are is said."""
    xs = np.arange(100.0)
    lines = [ChartLine("whole", thin(xs, np.exp(-xs / 20), buckets=200), 11, CURVE_MARKS[11], "whole")]
    lines += [ChartLine(str(n), thin(xs[:50], np.exp(-xs[:50] / 20) + spread * n, buckets=200), n, CURVE_MARKS[n], str(n)) for n in range(count)]  # fmt: skip
    chart = Chart("loss")
    chart.curves, chart.options = lines, ChartOptions(y_scale="linear")
    rows = [strip.text for strip in draw(chart, *size, PALETTE)[1:-1]]
    left, columns = chart.plot_cells
    places = {
        n: (row, text.rfind(CURVE_MARKS[n]))
        for n in range(count)
        for row, text in enumerate(rows)
        if CURVE_MARKS[n] in text
    }
    # The axis goes from the smallest to the largest value.
    low, high = math.exp(-99 / 20), 1.0 + spread * (count - 1)
    for n, (row, column) in places.items():
        share = 1 - (math.exp(-49 / 20) + spread * n - low) / (high - low)
        assert abs(row - share * (len(rows) - 1)) <= 1
        assert -1 <= column - (left + 49 / 99 * (columns - 1)) <= count
    in_order = [place for _, place in sorted(places.items(), reverse=bool(spread))]
    assert in_order == sorted(in_order)
    said = sum(int(more) for text in rows for more in re.findall(r"\+(\d)", text))
    assert len(places) + said == count and len(places) >= min(count, 3)


@pytest.mark.parametrize("is_whole", [True, False])
def test_on_the_whole_screen_nothing_near_is_left_out(is_whole: bool) -> None:
    """How a training began is seen; what is more than ten times beyond the rest is marked at the edge all the same."""
    climb = np.concatenate([np.linspace(0, 0.975, 80), 0.999 - 0.024 * np.exp(-np.arange(800) / 100)])
    for values, is_cut in ((climb, not is_whole), (np.append(climb, 5.0), not is_whole), (np.append(climb, 4e3), True)):
        curve = thin(np.arange(float(len(values))), values, buckets=400)
        ranges = ranges_of([ChartLine("a", curve, 0)], ChartOptions(y_scale="linear"), is_whole=is_whole)
        assert ranges is not None and (ranges.lowest is not None or ranges.highest is not None) == is_cut
        assert ranges.low == 0.0 or not is_whole
    falling = np.concatenate([np.geomspace(1e3, 1e-2, 30), np.full(870, 1e-2) + np.arange(870) * 1e-6])
    ranges = ranges_of([ChartLine("a", thin(np.arange(900.0), falling, buckets=400), 0)], ChartOptions(), is_whole=is_whole)  # fmt: skip
    assert ranges is not None and ranges.is_log


def test_marks_tell_lines_apart_without_colours() -> None:
    """Without colours each curve has its mark several times along the line, and both end marks are seen."""
    plain = make_palette(is_coloured=False, is_rich=False)
    chart = Chart("loss")
    chart.curves = [
        ChartLine("a", thin(np.arange(60.0), np.linspace(1, 0, 60), buckets=200), 0, "●"),
        ChartLine("b", thin(np.arange(60.0), np.linspace(1, 0, 60), buckets=200), 1, "◇"),
    ]
    text = "".join(strip.text for strip in draw(chart, 80, 12, plain)[1:-1])
    assert text.count("●") >= 3 and text.count("◇") >= 3
    # The band of a curve with many points is fainter than its line.
    noisy = np.random.default_rng(1).random(5_000)
    chart.curves = [ChartLine("a", thin(np.arange(5_000.0), noisy, buckets=200), 0, "●")]
    looks = [
        segment.style is not None and bool(segment.style.dim)
        for strip in draw(chart, 80, 12, plain)[1:-1]
        for segment in strip
        if any("\u2800" < letter <= "\u28ff" for letter in segment.text)
    ]
    assert True in looks and False in looks
    chart.curves = [
        ChartLine("a", thin(np.arange(60.0), np.linspace(1, 0, 60), buckets=200), 0, "●"),
        ChartLine("b", thin(np.arange(60.0), np.linspace(1, 0, 60), buckets=200), 1, "◇"),
    ]
    # Where one was chosen it keeps its marks, and the others have those at their ends alone.
    chart.curves = [replace(line, is_front=line.mark == "◇") for line in chart.curves]
    text = "".join(strip.text for strip in draw(chart, 80, 12, plain)[1:-1])
    assert text.count("●") == 1 and text.count("◇") >= 3


def test_sparkline_ends_where_the_series_diverged() -> None:
    """Dots go from the smallest to the largest value, two a cell, and an exclamation mark stands for NaN."""
    assert spark_text([0.0, 1.0], 10) == "⡈" and spark_text([1.0, 0.0], 10) == "⢁"
    assert spark_text([1.0, 0.5, math.nan], 10) == "⢁!" and spark_text([math.nan], 10) == "!"
    assert len(spark_text(list(range(100)), 10)) == 10
    assert len(spark_text([*range(100), math.inf], 10)) == 10


@given(st.lists(st.floats(), max_size=60), st.integers(1, 12))
def test_sparklines_are_thin_and_fit(values: list[float], cells: int) -> None:
    """One dot a value, never a slab, whatever the values are."""
    drawn = spark_text(values, cells)
    assert len(drawn) <= cells or drawn == "!"
    dots = [(ord(letter) - 0x2800).bit_count() for letter in drawn.rstrip("!")]
    assert all(count in (1, 2) for count in dots)


def test_sparklines_say_how_runs_ended() -> None:
    """The steep start does not flatten the rest: two runs that end differently look different."""
    start = [100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.5]
    falling, rising = [*start, *(1 - i / 20 for i in range(14))], [*start, *(1 + i / 20 for i in range(14))]
    assert spark_text(falling, 10)[4:] != spark_text(rising, 10)[4:]


@pytest.mark.parametrize(
    ("title", "width"), [("val/loss", 60), ("train/grad_norm", 60), ("val/acc", 100), ("loss", 40)]
)
def test_a_title_has_the_values_of_all_curves(title: str, width: int) -> None:
    """Beside six curves digits are left out rather than values; what is shown is the value, rounded."""
    lasts = [0.067032, 0.071793, 0.32204, 0.077377, 0.1138, 0.094488]
    chart = Chart(title)
    chart.curves = [
        ChartLine(str(place), thin(np.arange(20.0), np.linspace(1, last, 20), buckets=100), place, CURVE_MARKS[place])
        for place, last in enumerate(lasts)
    ]
    head = draw(chart, width, 12, PALETTE)[0].text
    assert len(head) == width
    shown = re.findall(r"([^\w\s.+/]) ?([\d.]+)", head)
    assert [mark for mark, _ in shown] == list(CURVE_MARKS[: len(shown)])
    assert len(shown) == 6 or (width == 40 and head.rstrip().endswith(f" +{6 - len(shown)}"))
    for (_, text), last in zip(shown, lasts, strict=False):
        assert text in {number_text(last, digits) for digits in (2, 3, DIGITS)}


@pytest.mark.parametrize("width", range(24, 100, 4))
def test_values_that_differ_look_different_in_a_title(width: int) -> None:
    """Rather fewer of them are shown; how many more there are is said."""
    lasts = [0.9813, 0.9775, 0.9738, 0.9663, 0.9588, 0.9513]
    chart = Chart("val/acc")
    chart.curves = [ChartLine(str(n), thin(np.arange(20.0), np.linspace(0.2, last, 20), buckets=100), n, CURVE_MARKS[n]) for n, last in enumerate(lasts)]  # fmt: skip
    head = draw(chart, width, 12, PALETTE)[0].text
    shown = re.findall(rf"[{CURVE_MARKS}] ?([\d.]+)", head)
    assert shown and len(set(shown)) == len(shown)
    assert len(shown) == 6 or head.rstrip().endswith(f"+{6 - len(shown)}")


@pytest.mark.parametrize("width", [40, 60, 90])
@pytest.mark.parametrize("last", [9.9e7, 1.14e-5, 8.6e-5, 123456.0, 0.0199])
def test_no_value_in_a_title_is_far_from_the_true_one(last: float, width: int) -> None:
    """However narrow the chart, each has two digits."""
    chart = Chart("grad_norm")
    chart.curves = [ChartLine(str(n), thin(np.arange(20.0), np.linspace(last / 2, last, 20), buckets=100), n, CURVE_MARKS[n]) for n in range(6)]  # fmt: skip
    head = draw(chart, width, 12, PALETTE)[0].text
    shown = re.findall(rf"[{CURVE_MARKS}] ?([\d.,]+(?:e[+-]\d+)?)", head)
    assert shown and all(abs(float(text.replace(",", "")) / last - 1) <= 0.05 for text in shown)


@pytest.mark.parametrize(("count", "width"), [(2, 60), (3, 60), (12, 60), (14, 40), (30, 120), (31, 120), (60, 300)])
@pytest.mark.parametrize("value", [1.0, 0.3, 2.7])
def test_a_few_points_are_seen_on_their_line(count: int, width: int, value: float) -> None:
    """Up to thirty points that stand three cells apart are each a thick dot where they were measured, and a flat line stays flat; of more only the line shows."""
    values = np.full(count, value)
    values[-1] = 3.0
    drawn = np.array(_braille(_picture(values, size=(width, 12))[1:-1]))
    is_few = count <= 30 and (width - 8) / (count - 1) >= 3
    line = max(range(len(drawn)), key=lambda row: drawn[row].sum())
    thick = [x for x in range(1, drawn.shape[1]) if drawn[line - 1 : line + 2, x].all() and drawn[line, x - 1]]
    # The first and the last stand at the edges, and from the last but one the line rises.
    inner = [x for x in thick if not drawn[: line - 1, x].any()]
    if is_few:
        assert len(inner) in (count - 2, count - 1)
        flat = [x for x in inner[1:-1] if x + 1 < drawn.shape[1]]
        assert all(
            not drawn[: line - 1, x - 1 : x + 2].any() and not drawn[line + 2 :, x - 1 : x + 2].any() for x in flat
        )
        steps = np.diff(inner[1:])
        assert not len(steps) or steps.max() - steps.min() <= 1
    else:
        assert not inner
    smooth = _braille(_picture(np.full(count, value), size=(width, 12), options=ChartOptions(smoothing=SMOOTHINGS[-1]))[1:-1])  # fmt: skip
    assert sum(map(any, smooth)) == 1


def test_a_long_sparkline_shows_how_a_series_rose() -> None:
    """With room for all of it no part is at the edge: a value that rose at first does so in the line."""
    values = [1 - math.exp(-place / 10) for place in range(120)]
    text = spark_text(values, 60, is_whole=True)
    assert text[0] == "⣀" and text[-1] == "⠉" and set(text[30:]) == {"⠉"}
    assert len(set(text[:12])) >= 4


@pytest.mark.parametrize("count", [3, 4, 8])
@pytest.mark.parametrize("cut", [[9.0, 7.0, 6.0, 5.0], [9.0, 7.0, 6.0, 0.25], [-9.0, 0.25, 9.0, -7.0, 8.0, -6.0, 7.0]])
def test_of_few_curves_none_is_mostly_at_the_edge(count: int, cut: list[float]) -> None:
    """A run that was cut short far from the others is seen falling, with half of its points inside the axis."""
    low = [0.2 + 1 / (step + 5) for step in range(100)]
    courses = [[value + place / 1000 for value in low] for place in range(count - 3)] + [[math.inf] * 3, low, cut]
    curves = [
        ChartLine(str(place), thin(np.arange(float(len(values))), np.array(values), buckets=200), place)
        for place, values in enumerate(courses)
    ]
    ranges = ranges_of(curves, ChartOptions(y_scale="linear"))
    assert ranges is not None and 2 * sum(ranges.low <= value <= ranges.high for value in cut) >= len(cut)


@pytest.mark.parametrize("y_scale", ["linear", "log"])
def test_what_lies_beyond_the_axis_is_an_arrow_alone(y_scale: YScale) -> None:
    """Neither a point nor a line along the edge stands for values that the axis leaves out."""
    values = np.array([1000.0, 1000.0, 1000.0] + [1 + place % 3 / 10 for place in range(22)])
    top = next(
        line
        for line in _picture(values, options=ChartOptions(y_scale=y_scale), size=(120, 14))
        if "↑" in line and "┤" in line
    )
    arrows = [place for place, sign in enumerate(top) if sign == "↑"]
    assert len(arrows) == 3 and not top[arrows[0] : arrows[2]].replace("↑", "").strip()


COURSES = st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=30)


@given(COURSES)
def test_the_spread_of_curves_is_that_of_their_values(courses: list[tuple[float, float]]) -> None:
    """In each column the band spans the 10 to the 90 % quantile of all curves, by nearest rank, held against plain Python."""
    xs = np.arange(50.0)
    lines = [
        ChartLine(str(place), thin(xs, start + (stop - start) * xs / 49, buckets=100), 0)
        for place, (start, stop) in enumerate(courses)
    ]
    spread = spread_of(lines, Scale(0.0, 49.0, False, 50), 50)
    for column in range(50):
        values = sorted(start + (stop - start) * column / 49 for start, stop in courses)
        for share, quantile in zip((0.1, 0.5, 0.9), spread, strict=True):
            assert quantile[column] == pytest.approx(values[round(share * (len(values) - 1))], abs=1e-9)


@pytest.mark.parametrize("width", [39, 80, 160])
@pytest.mark.parametrize("is_coloured", [True, False])
def test_many_curves_are_a_band_behind_those_in_colour(width: int, is_coloured: bool) -> None:
    """Fifty noisy curves fill no chart: the picked ones have their ends, the rest is a band that says what it is."""
    random = np.random.default_rng(7)
    xs = np.arange(200.0)
    lines = [
        ChartLine(str(place), thin(xs, 1 + place / 50 + random.normal(0, 0.4, 200), buckets=100), place % 10, CURVE_MARKS[place % 10], str(place), place < 6)
        for place in range(50)
    ]  # fmt: skip
    chart = Chart("loss")
    palette = make_palette(is_coloured=is_coloured, is_rich=is_coloured)

    def dot_count(curves: Sequence[ChartLine]) -> int:
        chart.curves, chart.options = curves, ChartOptions(y_scale="linear")
        letters = "".join(strip.text for strip in draw(chart, width, 18, palette))
        return sum((ord(letter) - 0x2800).bit_count() for letter in letters if "\u2800" < letter <= "\u28ff")

    # With no more than twenty behind, each one is drawn; with more, less than three tenths of all dots are set.
    assert dot_count(lines) < min(
        0.3 * width * 16 * 8, dot_count([replace(line, is_picked=place < 30) for place, line in enumerate(lines)])
    )
    chart.curves = lines
    texts = [strip.text for strip in draw(chart, width, 18, palette)]
    assert SPREAD_WORDS in "".join(texts)
    assert all(CURVE_MARKS[place] in "".join(texts[1:-1]) for place in range(6))


def test_few_curves_behind_are_drawn_one_by_one() -> None:
    """Up to twenty of them are lines, not a band."""
    xs = np.arange(50.0)
    lines = [ChartLine(str(place), thin(xs, xs + place, buckets=100), 0, "", str(place), place < 6) for place in range(6 + MANY_BEHIND + 1)]  # fmt: skip
    for count, has_band in ((6 + MANY_BEHIND, False), (6 + MANY_BEHIND + 1, True)):
        chart = Chart("loss")
        chart.curves = lines[:count]
        assert any(SPREAD_WORDS in strip.text for strip in draw(chart, 100, 18, PALETTE)) == has_band


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 14])
@pytest.mark.parametrize("width", [60, 120])
def test_a_run_without_a_colour_of_its_own_has_no_other_runs(count: int, width: int) -> None:
    """However few curves a chart has, one that is not picked has no colour and no mark, on the screen and in a file."""
    xs = np.arange(40.0)
    lines = [ChartLine(f"run-{place}", thin(xs, xs * 0 + place + 1, buckets=100), 0, CURVE_MARKS[0], str(place), False) for place in range(count)]  # fmt: skip
    for picked in (None, count - 1):
        chart = Chart("loss")
        chart.curves = [replace(line, is_picked=place == picked) for place, line in enumerate(lines)]
        strips = draw(chart, width, 16, PALETTE)
        own = PALETTE.curves[0].color
        cells = [(letter, segment.style) for strip in strips[1:-1] for segment in strip for letter in segment.text]
        coloured = [letter for letter, style in cells if style is not None and style.color == own and letter != " "]
        assert bool(coloured) == (picked is not None)
        text = "".join(strip.text for strip in strips)
        assert text.count(CURVE_MARKS[0]) <= (0 if picked is None else 2)
        if count <= 2:
            # Whose curve it is is said beside its value.
            assert all(f"run-{place}: {place + 1}" in text for place in range(count) if place != picked)
        figure = figure_of("loss", chart.curves, ChartOptions())
        assert figure is not None
        assert [line.colour for line in figure.lines] == [0 if place == picked else -1 for place in range(count)]


STEPS = st.lists(st.integers(0, 3000), min_size=1, max_size=60, unique=True).map(sorted)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(STEPS, min_size=1, max_size=3),
    st.integers(40, 90),
    st.sampled_from([4, 50, 400]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_the_cursor_stands_on_logged_points(runs: list[list[int]], width: int, buckets: int, is_log_x: bool, random: Random) -> None:  # fmt: skip
    """The step that is shown was logged, each value was logged there, or at the step that stands beside it."""
    assume(any(len(steps) > 1 for steps in runs))  # single values are drawn as bars, which have no steps
    options = ChartOptions(is_log_x=is_log_x)
    logged = [{step: round(random.uniform(1, 9), 3) for step in steps} for steps in runs]
    for points in logged:
        points[random.choice(list(points))] = random.choice([math.nan, math.inf, 2.0])
    chart = Chart("x")
    chart.curves = [
        ChartLine(str(place), _thinned(np.array(list(points), float), np.array(list(points.values())), None, buckets, is_log=is_log_x), place, CURVE_MARKS[place])
        for place, points in enumerate(logged)
    ]  # fmt: skip
    chart.options = options
    draw(chart, width, 4, PALETTE)
    cells = chart.plot_cells
    seen: list[float] = []
    for _ in range(width + 2):
        chart.move_cursor(1)
        if chart.reading is None or (seen and chart.reading == seen[-1]):
            break
        seen.append(chart.reading)
        head = draw(chart, 300, 4, PALETTE)[0].text
        chart.plot_cells = cells
        assert f"at step {chart.reading:,.0f}  " in head
        for mark, text, _, own in re.findall(r"([^\w\s.+/]) (\S+)( \(([\d,]+)\))?  ", head):
            points = logged[CURVE_MARKS.index(mark)]
            step = int(own.replace(",", "")) if own else round(chart.reading)
            assert step in points and text == number_text(points[step], DIGITS)
    assert seen == sorted(set(seen))
    if not seen:
        return
    # Few points are all visited, and from the end a key leads back to the first one.
    chart.jump_cursor(-1)
    assert chart.reading == seen[0]
    chart.jump_cursor(1)
    assert chart.reading == seen[-1]
    places = {step for points in logged for step in points if step > 0 or not is_log_x}
    columns = [round((step - min(places)) / max(1, max(places) - min(places)) * (chart.dot_columns - 1)) // 2 for step in sorted(places)]  # fmt: skip
    if buckets == 400 and not is_log_x and len(set(columns)) == len(columns):
        assert seen == sorted(places)


def test_a_file_has_the_signs_of_the_screen_and_says_what_they_are() -> None:
    """NaN, infinities and what lies beyond the axis are marked where they are, each explained once."""
    random = np.random.default_rng(3)
    values = random.normal(1, 0.01, 200)
    values[50], values[60], values[70], values[80], values[90] = math.nan, math.inf, -math.inf, 222.0, -333.0
    curve = thin(np.arange(200.0), values, buckets=400)
    figure = figure_of("loss", [ChartLine("a", curve, 4)], ChartOptions())
    assert figure is not None
    marks = {str(mark.sign): (mark.label, mark.places) for mark in figure.marks}
    assert {sign: label for sign, (label, _) in marks.items()} == {
        "×": "NaN", "▲": "∞", "▼": "−∞", "↑": "above the axis, up to 222", "↓": "below the axis, down to -333",
    }  # fmt: skip
    for sign, place in zip("×▲▼↑↓", (50, 60, 70, 80, 90), strict=True):
        assert marks[sign][1] == [(round(place / 199, 3 if sign in "↑↓" else 2), 1.0 if sign == "↑" else 0.0)]
    assert "↑" not in figure.note
    # The line ends at the edge and begins there again, as on the screen: it never runs along it.
    strokes = [shape.points for shape in shapes(figure) if isinstance(shape, Stroke) and shape.width == 1.8]
    ups = [y for points in strokes for _, y in points]
    assert len(strokes) == 6 and all(min(ups) <= y <= max(ups) for y in ups)
    assert [
        sum(points[place][1] == edge for points in strokes for place in (0, -1)) for edge in (min(ups), max(ups))
    ] == [2, 2]
    assert not any(
        one[1] == other[1] in (min(ups), max(ups)) for points in strokes for one, other in itertools.pairwise(points)
    )
    words = {shape.text for shape in shapes(figure) if isinstance(shape, Text)}
    assert {label for label, _ in marks.values()} <= words


@pytest.mark.parametrize("gap", [1, 7, 40])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_line_that_goes_on_has_its_mark_at_the_edge(gap: int, count: int) -> None:
    """In a part of the axis no mark stands inside, as if a run ended there; of a run that ends it does."""
    xs = np.arange(0.0, 2001.0, gap)
    lines = [ChartLine(str(n), thin(xs, np.sin(xs / 300 + n) + 3 * n, buckets=2001), n, CURVE_MARKS[n], str(n)) for n in range(count)]  # fmt: skip
    ended = xs[: len(xs) // 2]
    lines.append(ChartLine("ended", thin(ended, ended * 0 - 5, buckets=2001), 9, CURVE_MARKS[9], "ended"))
    chart = Chart("loss")
    chart.curves, chart.options = lines, ChartOptions(window=(500.0, 1270.0))
    rows = [strip.text for strip in draw(chart, 100, 24, PALETTE)[1:-1]]
    for number in range(count):
        assert max(row.rfind(CURVE_MARKS[number]) for row in rows) >= sum(chart.plot_cells)
    left, columns = chart.plot_cells
    at = max(row.rfind(CURVE_MARKS[9]) for row in rows)
    assert abs(at - (left + (ended[-1] - 500) / 770 * (columns - 1))) <= 2


@pytest.mark.parametrize(("count", "smoothing", "is_smoothed"), [(51, 0.01, False), (51, 0.1, True), (100, 0.05, True)])
def test_smoothing_that_changes_nothing_is_not_said(count: int, smoothing: float, is_smoothed: bool) -> None:
    """A mean over less than the distance of two points is none: the line stays, and that is said."""
    values = np.sin(np.linspace(0, 60, count))
    plain, drawn = (
        _picture(values, options=ChartOptions(smoothing=width), size=(100, 14)) for width in (0.0, smoothing)
    )
    assert ("smoothed" in drawn[0]) == is_smoothed and ("too far apart" in drawn[0]) != is_smoothed
    xs = np.arange(float(count)).tolist()
    assert (smoothed(xs, values.tolist(), smoothing * (count - 1)) != values.tolist()) == is_smoothed
    assert plain[-1] == drawn[-1]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_label_of_an_axis_looks_negative(width: int) -> None:
    """The first label below a plot stands off the corner."""
    for values in (np.linspace(1, 0, 50), np.linspace(1, 0, 3)):
        axis = _picture(values, size=(width, 12))[-1]
        assert "└ " in axis


@pytest.mark.parametrize("width", [40, 60, 120])
def test_a_curve_of_a_run_without_a_colour_is_read_where_it_is_alone(width: int) -> None:
    """It is as bright as text, as there is nothing that it would stand behind; its name never runs into its value."""
    xs = np.arange(100.0)
    chart = Chart("images")
    chart.curves = [ChartLine("score-batch", thin(xs, 161_729 - xs[::-1], buckets=100), 0, "●", "1", is_picked=False)]
    head, *rows = draw(chart, width, 12, PALETTE)
    inks = {segment.style for strip in rows for segment in strip if any("\u2800" < letter <= "\u28ff" for letter in segment.text)}  # fmt: skip
    assert inks == {PALETTE.styles["text"]}
    assert re.search(r"score-batch: +161,729", head.text)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10**6).map(str)), min_size=1, max_size=9))
def test_labels_of_an_axis_are_two_cells_apart(places: list[tuple[int, str]]) -> None:
    """One blank may stand within a label: "40 43" would read as one."""
    text = labelled_axis(places, 4, 60)[1][0]
    found = re.split(" {2,}", text.strip())
    assert set(found) <= {label for _, label in places} and found[0]


def test_curves_below_each_other_are_read_whatever_their_siblings_are() -> None:
    """One that is much longer leaves each its own width; values that span decades are drawn by their logarithms, as in charts."""
    short = Course([1.0, 0.1, 0.01, 0.001], 0, 30)
    for last_step, has_own_steps in ((150, False), (151, True)):
        scale = scale_of([short, Course([1.0, 0.1, 0.01, 0.0001], 0, last_step)])
        assert scale is not None and scale.has_own_steps == has_own_steps and scale.is_log
        assert (len(shared_spark_text(short, 10, scale)) == 10) == has_own_steps
    scale = scale_of([short])
    assert scale is not None and not scale.has_own_steps
    # Each decade is as high as any other.
    assert shared_spark_text(short, 2, scale) == shared_spark_text(Course([2.0, 2.0, 1.0, 0.0], 0, 3), 2, sparks.Scale(0.0, 2.0, 0, 3))  # fmt: skip
    for values in ([0.0, 0.5, 1.0, 0.7], [-1.0, 100.0, 3.0], [1.0, 2.0, 3.0]):
        scale = scale_of([Course(values, 0, 9)])
        assert scale is not None and not scale.is_log


@given(st.lists(st.lists(st.floats(), min_size=2, max_size=30), min_size=1, max_size=4), st.integers(1, 9))
def test_shared_curves_fit_whatever_they_are(lists: list[list[float]], cells: int) -> None:
    """Of any values, huge, tiny and not finite."""
    courses = [Course(values, 0, 10**number) for number, values in enumerate(lists)]
    scale = scale_of(courses)
    if scale is not None:
        assert scale.low <= scale.high
        assert all(len(shared_spark_text(course, cells, scale)) <= cells + 1 for course in courses)
