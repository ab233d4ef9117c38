"""How a chart is drawn: its axes, its smoothing, and the part in sight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from artui.safetext import clean
from artui.units import count_text, duration_text, number_text, time_text

if TYPE_CHECKING:
    from artui.query.series.curves import Window
    from artui.tui.cells import Span
    from artui.tui.widgets.axes import Unit

SMOOTHINGS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Widths of the mean that smooths, as shares of the x axis in sight."""
YScale = Literal["auto", "log", "linear"]
Y_SCALES: tuple[YScale, ...] = ("auto", "log", "linear")
"""What the y axis can be; `auto` is logarithmic where the bulk of the values, all above zero, spans two decades."""


AXES = ("step", "time", "wall")
"""What x can be, apart from a metric, which is written `metric:NAME`."""


AXIS_WORDS = {"step": "step", "time": "time since the start", "wall": "wall time"}


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """How the charts of a screen are drawn."""

    axis: str = "step"
    """One of AXES, or `metric:NAME`."""
    y_scale: YScale = "auto"
    is_log_x: bool = False
    smoothing: float = 0.0
    """Width of the centred mean that smooths, as a share of the x axis in sight; 0 draws what was measured."""
    window: Window | None = None
    """The part of the x axis in sight; None for the whole axis."""
    whole: Window | None = None
    """What the whole x axis spans in all charts; None for what the curves of each one have."""
    last_word: str = ""
    """What stands before the last value of a curve in the title of its chart."""

    @property
    def unit(self) -> Unit:
        """What the x axis counts."""
        return {"step": "count", "time": "seconds", "wall": "date"}.get(self.axis, "number")  # type: ignore[return-value]

    @property
    def axis_text(self) -> str:
        """The name of the x axis as it is shown."""
        return AXIS_WORDS.get(self.axis) or clean(self.axis.removeprefix("metric:"))


def smoothed(xs: Sequence[float], values: Sequence[float], width: float) -> list[float]:
    """Smooth by a centred mean over a width of x, taken twice, so that its weights fall off evenly (a triangle).

    Near the ends it narrows and stays centred: nothing lags behind, a straight line of even steps stays as it is, and
    the first and the last value are the measured ones. `xs` ascend.
    """
    if width <= 0 or len(values) < 3:
        return list(values)
    reach = reach_of(width)
    return _centred_mean(xs, _centred_mean(xs, values, reach), reach)


def reach_of(width: float) -> float:
    """Give how far points are at most that a mean of some width takes in, on either side."""
    return width / 4


def _centred_mean(xs: Sequence[float], values: Sequence[float], reach: float) -> list[float]:
    """Replace each value by the mean of those up to `reach` away on both sides, or less where an end is nearer."""
    first, last, count = xs[0], xs[-1], len(values)
    start = stop = 0
    means: list[float] = []
    for x in xs:
        half = min(reach, x - first, last - x)
        while xs[start] < x - half:
            start += 1
        while stop < count and xs[stop] <= x + half:
            stop += 1
        part = values[start:stop]
        mean = sum(part) / (stop - start)
        if not math.isfinite(mean):
            mean = sum(value / (stop - start) for value in part)
        # Rounding must not make a constant waver.
        means.append(max(min(part), min(mean, max(part))))
    return means


def x_text(x: float, options: ChartOptions) -> str:
    """Show a value of the x axis."""
    if options.axis == "step":
        return f"step {count_text(round(x))}"
    if options.axis == "time":
        return duration_text(round(x * 1000))
    if options.axis == "wall":
        return time_text(round(x * 1000))
    return f"{options.axis_text} {number_text(x)}"


def x_value_text(x: float, options: ChartOptions) -> str:
    """Show a value of the x axis without the word for what it counts."""
    # What is counted is said once.
    word = "step " if options.axis == "step" else f"{options.axis_text} " if options.axis.startswith("metric:") else ""
    return x_text(x, options).removeprefix(word)


def next_smoothing(options: ChartOptions, change: int) -> ChartOptions:
    """Smooth one step more or less."""
    place = min(range(len(SMOOTHINGS)), key=lambda index: abs(SMOOTHINGS[index] - options.smoothing))
    return replace(options, smoothing=SMOOTHINGS[max(0, min(len(SMOOTHINGS) - 1, place + change))])


def next_y_scale(options: ChartOptions) -> ChartOptions:
    """Take the next scale of the y axis: as the values suggest, logarithmic, linear."""
    return replace(options, y_scale=Y_SCALES[(Y_SCALES.index(options.y_scale) + 1) % len(Y_SCALES)])


def options_spans(options: ChartOptions) -> list[Span]:
    """Describe how charts are drawn."""
    parts = [smoothing_text(options.smoothing) if options.smoothing else "as measured"]
    parts += [f"{options.y_scale} y"] if options.y_scale != "auto" else []
    parts.append(f"x {options.axis_text}{', log' if options.is_log_x else ''}")
    spans: list[Span] = [(" · ".join(parts), "dim")]
    if options.window is not None:
        spans.append((f" · {range_text(options.window, options)}", "accent"))
    return spans


def smoothing_text(width: float) -> str:
    """Say how far curves are smoothed."""
    return f"smoothed over {100 * width:g} % of x"


def range_text(window: Window, options: ChartOptions) -> str:
    """Name a part of the x axis: `step 25 to 302`."""
    low, high = window
    return f"{x_text(low, options)} to {x_value_text(high, options)}"
