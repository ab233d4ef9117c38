"""A chart as a figure, for SVG and PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from artui.figures.figure import Figure, FigureAxis, FigureLine
from artui.safetext import clean
from artui.tui.widgets.chart import MANY_CURVES, damaged_text
from artui.tui.widgets.chartlines import ChartLine, ranges_of
from artui.tui.widgets.chartoptions import ChartOptions, smoothed
from artui.tui.widgets.plot import Scale, ticks
from artui.units import count_text


def figure_of(title: str, lines: Sequence[ChartLine], options: ChartOptions) -> Figure | None:
    """Give a chart for a file; None if there is nothing to draw."""
    curves = [line for line in lines if line.curve.count]
    ranges = ranges_of(curves, options)
    if ranges is None:
        return None
    x_low, x_high, low, high = ranges
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    x_scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, options.is_log_x, 960)
    y_scale = Scale(low, high, options.is_log, 600)
    is_many = len(curves) > MANY_CURVES
    drawn = [
        FigureLine(
            line.curve.xs,
            smoothed(line.curve.means, options.smoothing),
            -1 if is_many and not line.is_picked else line.colour,
            clean(line.title, max_chars=60) if line.is_picked or not is_many else "",
            () if is_many else line.curve.lows,
            () if is_many else line.curve.highs,
        )
        for line in curves
    ]
    if options.smoothing and not is_many:
        # The measured values are a thin line behind the smoothed one.
        drawn = [FigureLine(line.curve.xs, line.curve.means, line.colour, is_faint=True) for line in curves] + drawn
    shown, count = sum(line.curve.shown for line in curves), sum(line.curve.count for line in curves)
    notes = [f"smoothed {options.smoothing:g}"] if options.smoothing else []
    notes += [f"{count_text(shown)} of {count_text(count)} points"] if shown < count else []
    notes += [damaged] if (damaged := damaged_text(lines)) else []
    return Figure(
        title,
        FigureAxis(options.axis_text, x_scale.low, x_scale.high, x_scale.is_log, _inside(ticks(x_scale, 8, options.unit))),
        FigureAxis(title, low, high, options.is_log, _inside(ticks(y_scale, 6))),
        lines=drawn,
        note=" · ".join(notes),
    )  # fmt: skip


def _inside(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Keep the ticks that lie on the axis."""
    return [(share, text) for share, text in marks if -1e-9 <= share <= 1 + 1e-9]
