"""A chart as a figure, for SVG and PNG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from artui.figures.figure import Figure, FigureAxis, FigureLine, FigureMarks
from artui.figures.layout import LEGEND_LETTERS
from artui.safetext import clean
from artui.tui.cells import fit_apart
from artui.tui.widgets.axes import Scale, ticks
from artui.tui.widgets.chart import damaged_text, notes_of, others_text, spread_text
from artui.tui.widgets.chartlines import MANY_CURVES, ChartLine, Ranges, folded, odd_places, ranges_of, spread_in
from artui.tui.widgets.chartoptions import ChartOptions, smoothed
from artui.units import number_text, plural

if TYPE_CHECKING:
    from artui.arrays import Floats


def figure_of(
    title: str,
    lines: Sequence[ChartLine],
    options: ChartOptions,
    *,
    other_count: int = 0,
) -> Figure | None:
    """Give a chart for a file; None if there is nothing to draw.

    Args:
        other_count: how many runs there are beside those in colour, if the lines behind are those of a sample; else 0.
    """
    curves = [line for line in lines if line.curve.count]
    ranges = ranges_of(curves, options, is_whole=True)
    if ranges is None:
        return None
    x_low, x_high = ranges.x_low, ranges.x_high
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    x_scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, options.is_log_x, 960)
    y_scale = Scale(ranges.low, ranges.high, ranges.is_log, 600)
    is_many = len(curves) > MANY_CURVES
    behind = folded(curves)
    shown = [line for line in curves if line.is_picked or not behind]
    has_front = any(line.is_front for line in shown)
    # Names that begin and end alike are cut where they differ.
    names = fit_apart([clean(line.title, max_chars=200) for line in shown], LEGEND_LETTERS)
    drawn = [
        replace(part, is_faint=has_front and not line.is_front)
        for line, name in zip(shown, names, strict=True)
        for part in _parts(line, name.rstrip(), x_scale, ranges, options.smoothing, is_many=is_many)
    ]
    if options.smoothing and not is_many:
        # The measured values are a thin line behind the smoothed one.
        measured = [part for line in curves for part in _parts(line, "", x_scale, ranges, 0.0, is_many=True)]
        drawn += [replace(part, is_faint=True) for part in measured]
    if behind:
        drawn.append(_band(behind, x_scale, ranges, spread_text(len(behind), other_count)))
    elif is_many and (others := [place for place, part in enumerate(drawn) if part.colour < 0]):
        aside = sum(not line.is_picked for line in curves)
        said = others_text(aside, other_count) if other_count else plural(aside, "other run")
        drawn[others[0]] = replace(drawn[others[0]], label=said)
    notes = notes_of(shown, options, ranges._replace(lowest=None, highest=None), has_counts=True, says_how_far=True)
    notes += [damaged] if (damaged := damaged_text(lines)) else []
    return Figure(
        title,
        FigureAxis(options.axis_text, x_scale.low, x_scale.high, x_scale.is_log, _inside(ticks(x_scale, 8, options.unit))),
        FigureAxis(title, ranges.low, ranges.high, ranges.is_log, _inside(ticks(y_scale, 6))),
        lines=drawn,
        marks=_marks(curves, x_scale, ranges),
        note=" · ".join(notes),
    )  # fmt: skip


def _parts(
    line: ChartLine, name: str, x_scale: Scale, ranges: Ranges, smoothing: float, *, is_many: bool
) -> Iterator[FigureLine]:
    """Give a curve in parts, one for each stretch without a gap; the band behind it ends where the axis does, as a line does by itself."""
    curve, (low, high) = line.curve, ranges.bounds
    colour = line.colour if line.is_picked else -1
    label = name if line.is_picked or not is_many else ""
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


def _band(lines: Sequence[ChartLine], x_scale: Scale, ranges: Ranges, label: str) -> FigureLine:
    """Give the spread of curves as a band, with their median."""
    bottom, middle, top = spread_in(lines, ranges.x_low, ranges.x_high, is_log_x=x_scale.is_log)
    places = [place for place, value in enumerate(middle.tolist()) if value == value]
    low, high = ranges.bounds

    def inside(values: Floats) -> list[float]:
        return [max(low, min(float(values[place]), high)) for place in places]

    median = [float(middle[place]) for place in places]

    xs = [x_scale.value(place / (len(middle) - 1)) for place in places]
    return FigureLine(xs, median, -1, label, inside(bottom), inside(top), is_spread=True)


def _marks(curves: Sequence[ChartLine], x_scale: Scale, ranges: Ranges) -> list[FigureMarks]:
    """Mark what is no number, and where curves leave the y axis, with what each sign stands for."""
    low, high = ranges.bounds
    drawn = [line for line in curves if line.is_picked] if folded(curves) else curves

    def placed(places: Iterable[float], up: float) -> list[tuple[float, float]]:
        shares = (x_scale.share(x) for x in places)
        # A few hundred signs fill an axis.
        return sorted({(round(share, 3), up) for share in shares if share is not None and 0 <= share <= 1})

    signs: list[FigureMarks] = []
    for row, sort in enumerate(odd_places(curves, x_scale), 1):
        # A hundred signs beside each other can still be told apart.
        places = sorted({(round(share, 2), 0.0) for share in sort.shares})
        signs.append(FigureMarks(sort.sign, places, label=sort.word, row=row))
    ends: tuple[tuple[Literal["↑", "↓"], float | None, str, float], ...] = (
        ("↑", ranges.highest, "above the axis, up to", 1.0),
        ("↓", ranges.lowest, "below the axis, down to", 0.0),
    )
    for arrow, farthest, words, up in ends:
        said = f"{words} {number_text(farthest)}" if farthest is not None else ""
        for line in drawn if farthest is not None else ():
            values = line.curve.means if len(curves) > MANY_CURVES else line.curve.highs if up else line.curve.lows
            beyond = (x for x, value in zip(line.curve.xs, values, strict=True) if (value > high if up else value < low))  # fmt: skip
            if places := placed(beyond, up):
                signs.append(FigureMarks(arrow, places, line.colour if line.is_picked else -1, said))
                said = ""
    return signs


def _inside(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Keep the ticks that lie on the axis."""
    return [(share, text) for share, text in marks if -1e-9 <= share <= 1 + 1e-9]
