"""How a chart is drawn: its axes, its smoothing, and the part in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.units import count_text, duration_text, number_text, time_text

if TYPE_CHECKING:
    from artui.query.series.curves import Window
    from artui.tui.cells import Span
    from artui.tui.widgets.plot import Unit

SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)


AXES = ("step", "time", "wall")
"""What x can be, apart from a metric, which is written `metric:NAME`."""


AXIS_WORDS = {"step": "step", "time": "time since the start", "wall": "wall time"}


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """How the charts of a screen are drawn."""

    axis: str = "step"
    """One of AXES, or `metric:NAME`."""
    is_log: bool = False
    is_log_x: bool = False
    smoothing: float = 0.6
    """Weight of earlier values, from 0 for none to under 1; one column of dots is a step."""
    window: Window | None = None
    """The part of the x axis in sight; None for the whole axis."""

    @property
    def unit(self) -> Unit:
        """What the x axis counts."""
        return {"step": "count", "time": "seconds", "wall": "date"}.get(self.axis, "number")  # type: ignore[return-value]

    @property
    def axis_text(self) -> str:
        """The name of the x axis as it is shown."""
        return AXIS_WORDS.get(self.axis) or clean(self.axis.removeprefix("metric:"))


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Smooth with an exponential moving average, corrected for its start, as TensorBoard does."""
    if weight <= 0:
        return list(values)
    out, before, share = [], 0.0, 1.0
    for value in values:
        before = before * weight + value * (1 - weight)
        share *= weight
        out.append(before / (1 - share))
    return out


def x_text(x: float, options: ChartOptions) -> str:
    """Show a value of the x axis."""
    if options.axis == "step":
        return f"step {count_text(round(x))}"
    if options.axis == "time":
        return duration_text(round(x * 1000))
    if options.axis == "wall":
        return time_text(round(x * 1000))
    return f"{options.axis_text} {number_text(x)}"


def next_smoothing(options: ChartOptions, change: int) -> ChartOptions:
    """Smooth one step more or less."""
    place = min(range(len(SMOOTHINGS)), key=lambda index: abs(SMOOTHINGS[index] - options.smoothing))
    return replace(options, smoothing=SMOOTHINGS[max(0, min(len(SMOOTHINGS) - 1, place + change))])


def next_axis(options: ChartOptions) -> ChartOptions:
    """Place points by the next of steps, time since the start, and wall time."""
    place = AXES.index(options.axis) if options.axis in AXES else -1
    axis = AXES[(place + 1) % len(AXES)]
    return replace(options, axis=axis, window=None, is_log_x=options.is_log_x and axis != "wall")


def options_spans(options: ChartOptions) -> list[Span]:
    """Describe how charts are drawn."""
    parts = [f"smooth {options.smoothing:g}", *(["log y"] if options.is_log else [])]
    parts.append(f"x {options.axis_text}{', log' if options.is_log_x else ''}")
    spans: list[Span] = [(" · ".join(parts), "dim")]
    if options.window is not None:
        low, high = (x_text(x, options).removeprefix("step ") for x in options.window)
        spans.append((f" · {low} to {high}", "accent"))
    return spans
