"""A chart as a figure, for SVG and PNG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from artui.figures.figure import Figure, FigureAxis, FigureLine
from artui.safetext import clean
from artui.tui.widgets.axes import Scale, ticks
from artui.tui.widgets.chart import MANY_CURVES, damaged_text, notes_of
from artui.tui.widgets.chartlines import ChartLine, Ranges, ranges_of
from artui.tui.widgets.chartoptions import ChartOptions, smoothed


def figure_of(title: str, lines: Sequence[ChartLine], options: ChartOptions) -> Figure | None:
    """Give a chart for a file; None if there is nothing to draw."""
    curves = [line for line in lines if line.curve.count]
    ranges = ranges_of(curves, options)
    if ranges is None:
        return None
    x_low, x_high = ranges.x_low, ranges.x_high
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    x_scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, options.is_log_x, 960)
    y_scale = Scale(ranges.low, ranges.high, ranges.is_log, 600)
    is_many = len(curves) > MANY_CURVES
    drawn = [part for line in curves for part in _parts(line, x_scale, ranges, options.smoothing, is_many=is_many)]
    if options.smoothing and not is_many:
        # The measured values are a thin line behind the smoothed one.
        measured = [part for line in curves for part in _parts(line, x_scale, ranges, 0.0, is_many=True)]
        drawn = [replace(part, label="", is_faint=True) for part in measured] + drawn
    notes = notes_of(curves, options, ranges, has_counts=True)
    notes += [damaged] if (damaged := damaged_text(lines)) else []
    return Figure(
        title,
        FigureAxis(options.axis_text, x_scale.low, x_scale.high, x_scale.is_log, _inside(ticks(x_scale, 8, options.unit))),
        FigureAxis(title, ranges.low, ranges.high, ranges.is_log, _inside(ticks(y_scale, 6))),
        lines=drawn,
        note=" · ".join(notes),
    )  # fmt: skip


def _parts(line: ChartLine, x_scale: Scale, ranges: Ranges, smoothing: float, *, is_many: bool) -> Iterator[FigureLine]:
    """Give a curve in parts, one for each stretch without a gap; the band behind it ends where the axis does."""
    curve, (low, high) = line.curve, ranges.bounds
    colour = line.colour if line.is_picked else -1
    label = clean(line.title, max_chars=60) if line.is_picked or not is_many else ""
    for start, stop in pairwise([0, *curve.breaks, len(curve.xs)]):
        xs, means = curve.xs[start:stop], curve.means[start:stop]
        places = [x_scale.share(x) or 0.0 for x in xs]
        yield FigureLine(
            xs,
            smoothed(places, means, smoothing),
            colour,
            "" if start else label,
            () if is_many else [max(low, min(value, high)) for value in curve.lows[start:stop]],
            () if is_many else [max(low, min(value, high)) for value in curve.highs[start:stop]],
        )


def _inside(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Keep the ticks that lie on the axis."""
    return [(share, text) for share, text in marks if -1e-9 <= share <= 1 + 1e-9]
