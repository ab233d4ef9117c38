"""Curves in dots: a line through what was measured, over a dim band where several points share a column.

The band spans the smallest to the largest value in a column of dots, so that no extreme is lost; the line passes through
their mean, and ends at the last value. NaN and infinities are gaps, marked in rows below the plot. What lies far outside the
bulk of the values is marked at the edge. Of many curves the picked ones keep their colours, and the others fade.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from artui.query.direction import guess_direction, has_direction
from artui.safetext import clean
from artui.tui.cells import BEST_SIGN, DAMAGED_SIGN, Palette, Span, fit, fit_apart, length_of, strip_of, under_cursor
from artui.tui.colouring import colour_at
from artui.tui.widgets.axes import Scale, label_cells, x_labels, y_labels
from artui.tui.widgets.chartlines import (
    MANY_CURVES,
    MIN_WIDTH,
    SPREAD_WORDS,
    ChartLine,
    Ended,
    Ranges,
    Traced,
    are_few,
    draw_spread,
    folded,
    label_spread,
    margin_for,
    mark_along,
    mark_ends,
    mark_odd,
    mark_outside,
    mark_points,
    odd_label,
    odd_places,
    odd_rows,
    ranges_of,
    trace,
)
from artui.tui.widgets.chartoptions import ChartOptions, range_text, reach_of, smoothing_text, x_text, x_value_text
from artui.tui.widgets.plot import Plot, labelled_axis, plot_rows
from artui.tui.widgets.valuebars import are_single, value_bars
from artui.units import DIGITS, count_text, number_text, plural

if TYPE_CHECKING:
    from artui.query.series.curves import Curve, Window
    from artui.tui.widgets.chartpicture import ChartPicture, PictureOrder

_DRAG_CELLS = 1
_NAME_CELLS = 20, 12, 8, 5


class Chart(Widget):
    """One chart. Draws curves, which the screen brings."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    class Picked(Message):
        """A click on the chart."""

        def __init__(self, chart: Chart) -> None:
            super().__init__()
            self.chart = chart

    class Moved(Message):
        """Another part of the x axis is wanted; None for all of it."""

        def __init__(self, chart: Chart, window: Window | None, *, is_chosen: bool = False) -> None:
            super().__init__()
            self.chart, self.window = chart, window
            self.is_chosen = is_chosen
            """Whether the part was chosen as a whole, so that esc takes it back."""

    class PictureWanted(Message):
        """The curves are to be drawn in pixels: the answer goes to `chart.picture.put`."""

        def __init__(self, chart: Chart, order: PictureOrder) -> None:
            super().__init__()
            self.chart, self.order = chart, order

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.title = title
        self.note = ""
        """Shown instead of curves while there are none."""
        self.curves: Sequence[ChartLine] = ()
        self.options = ChartOptions()
        self.beside: Sequence[ChartLine] = ()
        """Curves of charts beside it: its axes span these, too, so that all of them are on one scale."""
        self.says_best = False
        """Whether the best value of a single curve is named, if its title tells which one that is."""
        self.is_current = False
        self.cursor: float | None = None
        """Where on the x axis values are read, at the nearest point that was logged; None for the last values."""
        self.has_room = False
        """Whether there is room to say how many points it is drawn from."""
        self.plot_cells = (0, 0)
        """Where the plot begins and how many cells it is wide, as it was drawn last."""
        self.plot_height = 0
        """How many cells it is high, without the rows of signs below it."""
        self.dragged: tuple[int, int] | None = None
        """The cells, both included, over which the mouse is dragged: the range that will be looked at."""
        self.other_count = 0
        """How many runs there are beside those in colour, if the curves behind are those of a sample of them; else 0."""
        self.has_names = False
        """Whether the values of some of many runs have the names of these, where there is room: nothing else names them."""
        self.is_alone = False
        """Whether no other chart is on the screen, as the user wanted it."""
        self.is_whole = False
        """Whether it has the whole screen, because the user wanted it or because there is no other."""
        self._picture: ChartPicture | None = None
        self._strips: list[Strip] | None = None
        self._pressed: int | None = None
        self._has_moved = False

    def show(self, title: str, curves: Sequence[ChartLine], options: ChartOptions, *, note: str = "") -> None:
        """Show other curves, or a note if there are none."""
        is_same = curves is self.curves and options == self.options
        self.title, self.curves, self.options, self.note = title, curves, options, note
        self.again()
        if not (is_same and self.has_picture and self.is_alone):
            self.outdate_picture()

    @property
    def picture(self) -> ChartPicture:
        """Its curves in pixels."""
        if self._picture is None:
            from artui.tui.widgets.chartpicture import ChartPicture

            self._picture = ChartPicture(self)
        return self._picture

    @property
    def has_picture(self) -> bool:
        """Whether its curves are in pixels now."""
        return self._picture is not None and self._picture.is_shown

    @property
    def is_drawn(self) -> bool:
        """Whether it has been drawn in cells since it last changed."""
        return self._strips is not None

    def has_bars_in(self, height: int) -> bool:
        """Say whether its runs have a single value each, which is no curve, and so many rows are enough for all of them."""
        return self.options.window is None and 1 < len(self.curves) < height and are_single(self.curves)

    def outdate_picture(self) -> None:
        """Draw the curves in dots, and in pixels when they have come to rest, if the chart is alone."""
        if self.has_bars_in(self.size.height):
            self.hide_picture()
        elif self.is_alone or self._picture is not None:
            self.picture.outdate()

    def hide_picture(self) -> None:
        """Draw the curves in dots."""
        if self._picture is not None:
            self._picture.hide()

    def want_picture(self, order: PictureOrder) -> None:
        """Have the curves drawn in pixels."""
        self.post_message(self.PictureWanted(self, order))

    def on_hide(self) -> None:
        self.hide_picture()

    def on_unmount(self) -> None:
        self.hide_picture()

    def set_current(self, is_current: bool) -> None:
        """Draw it as the current chart, or as one of the others."""
        if is_current != self.is_current:
            self.is_current = is_current
            self.again()

    def set_cursor(self, cursor: float | None) -> None:
        """Show the values at a place on the x axis; None for the last values."""
        self.cursor = cursor
        self.again()

    def move_cursor(self, change: int) -> None:
        """Put the cursor on the next point to the right, or to the left, that is not in the same cell."""
        stops, scale, at = self._stops(), self._x_scale(), self.reading
        if not stops or scale is None:
            return
        if at is None:
            self.set_cursor(stops[0 if change > 0 else -1])
            return
        ahead = [x for x in stops if (x > at if change > 0 else x < at)][::change]
        here = (scale.column(at) or 0) >> 1
        self.set_cursor(next((x for x in ahead if (scale.column(x) or 0) >> 1 != here), ahead[-1] if ahead else at))

    def jump_cursor(self, place: int) -> None:
        """Put the cursor on the first point in sight, or the last one."""
        if stops := self._stops():
            self.set_cursor(stops[0 if place < 0 else -1])

    @property
    def reading(self) -> float | None:
        """The place of a logged point at which values are shown: the one in sight that is nearest to the cursor."""
        stops = self._stops() if self.cursor is not None else []
        return _nearest(stops, self.cursor) if self.cursor is not None and stops else None

    def _stops(self) -> list[float]:
        """Give the places of the points in sight, as they were logged, of the curves whose values are shown."""
        ends = self.range
        if ends is None:
            return []
        places: set[float] = set()
        for line in labelled([line for line in self.curves if line.curve.count]):
            curve = line.curve
            places.update(curve.point_xs)
            if curve.are_odd_points:
                places.update(curve.nan_xs, curve.positive_inf_xs, curve.negative_inf_xs)
        return sorted(x for x in places if ends[0] <= x <= ends[1] and (x > 0 or not self.options.is_log_x))

    @property
    def dot_columns(self) -> int:
        """The width of the plot in dots, or about that before it is drawn."""
        return max(2, 2 * (self.plot_cells[1] or self.size.width - 10))

    @property
    def range(self) -> Window | None:
        """The range of x that is drawn; None if nothing is."""
        ranges = ranges_of([line for line in self.curves if line.curve.count], self.options)
        return None if ranges is None else (ranges.x_low, ranges.x_high)

    def zoomed(self, factor: float, *, at: float | None = None) -> Window | None:
        """Give a part of the x axis `factor` times as wide, around the share `at` or else the cursor; None for the whole axis."""
        scale = self._x_scale()
        if scale is None:
            return None
        if at is None:
            reading = self.reading
            share = scale.share(reading) if reading is not None else None
            at = 0.5 if share is None else max(0.0, min(1.0, share))
        # The point under the mouse pointer stays there.
        return self._part(scale, at - at * factor, at + (1 - at) * factor)

    def shifted(self, share: float) -> Window | None:
        """Give the part of the x axis that lies beside the shown one by `share` of its width; None for the whole axis."""
        scale = self._x_scale()
        return None if scale is None else self._part(scale, share, 1 + share)

    def _x_scale(self) -> Scale | None:
        ends = self.range
        if ends is None:
            return None
        low, high = ends
        if self.options.is_log_x:
            if low <= 0:
                return None
            low, high = math.log10(low), math.log10(high)
        return Scale(low, high, self.options.is_log_x, self.dot_columns)

    def _part(self, scale: Scale, start: float, stop: float) -> Window | None:
        low, high = scale.value(start), scale.value(stop)
        return (low, high) if math.isfinite(low) and math.isfinite(high) and high > low else None

    def again(self) -> None:
        """Draw anew."""
        self._strips = None
        self.refresh()

    def on_resize(self) -> None:
        # It may have been painted in the new size already, with what was drawn for the old one.
        self.again()
        self.outdate_picture()

    # The mouse: the wheel zooms, dragging chooses a range, a click picks, a double click shows the whole

    def on_click(self, event: events.Click) -> None:
        if not self._has_moved and event.chain == 1:
            self.post_message(self.Picked(self))
        elif not self._has_moved and self.options.window is not None:
            self.post_message(self.Moved(self, None))
        self._has_moved = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._has_moved = False
        if self.range is not None and self.plot_cells[1]:
            self._pressed = event.x
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pressed is None or not event.button:
            return
        if self._has_moved or abs(event.x - self._pressed) > _DRAG_CELLS:
            self._has_moved = True
            left, columns = self.plot_cells
            ends = (max(left, min(x, left + columns - 1)) for x in sorted((self._pressed, event.x)))
            dragged = next(ends), next(ends)
            if dragged != self.dragged:
                self.dragged = dragged
                self.again()

    def on_mouse_up(self) -> None:
        self._pressed = None
        self.release_mouse()
        window = self.dragged_window
        if self.dragged is not None:
            self.dragged = None
            self.again()
        if window is not None:
            self.post_message(self.Moved(self, window, is_chosen=True))

    @property
    def dragged_window(self) -> Window | None:
        """The part of the x axis over which the mouse is dragged; None if it is not."""
        scale, (left, columns) = self._x_scale(), self.plot_cells
        if self.dragged is None or scale is None or not columns:
            return None
        first, last = self.dragged
        return self._part(scale, (first - left) / columns, (last + 1 - left) / columns)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 0.7)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1 / 0.7)

    def _wheel(self, event: events.MouseScrollUp | events.MouseScrollDown, factor: float) -> None:
        event.stop()
        if self.has_bars_in(self.size.height):
            return
        left, columns = self.plot_cells
        at = max(0.0, min(1.0, (event.x - left) / max(1, columns)))
        self.post_message(self.Moved(self, self.zoomed(factor, at=at)))

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        if self._strips is None:
            self._strips = draw(self, self.size.width, self.size.height, palette)
        return self._strips[y] if y < len(self._strips) else strip_of((), self.size.width, palette)


def draw(chart: Chart, width: int, height: int, palette: Palette) -> list[Strip]:
    """Draw a chart as lines of cells: title, plot, axis."""
    if chart.has_bars_in(height):
        chart.plot_cells = (0, 0)
        head: list[Span] = [(chart.title, "title" if chart.is_current else "bold")]
        head += [(f"  {damaged}", "bad")] if (damaged := damaged_text(chart.curves)) else []
        return value_bars(head, chart.curves, width, height, palette)
    rows = height - 2
    options = chart.options
    curves = in_depth(line for line in chart.curves if line.curve.count)
    has_room = rows >= 2 and width >= MIN_WIDTH and bool(curves)
    ranges = ranges_of([*curves, *chart.beside], options, is_whole=chart.is_whole) if has_room else None
    title_style = "title" if chart.is_current else "bold"
    if ranges is None:
        note = chart.note or odd_text(chart.curves) or ("nothing to draw" if chart.curves else "")
        lines = [strip_of([(fit(chart.title, width), title_style)], width, palette)]
        damaged = damaged_text(chart.curves)
        parts: list[Span] = [("  " + note, "dim")] if note or not damaged else []
        parts += [(f"  {damaged}", "bad")] if damaged else []
        parts += [(f"  last {number_text(line.curve.last)}", "bad") for line in curves[:1]]
        # What does not fit stands in a line of its own.
        rows_of_parts: list[list[Span]] = [[]]
        for part in parts:
            if rows_of_parts[-1] and length_of([*rows_of_parts[-1], part]) > width:
                rows_of_parts.append([])
            rows_of_parts[-1].append(part)
        lines += [strip_of(spans, width, palette) for spans in rows_of_parts][: max(1, height - 1)]
        return lines + [strip_of((), width, palette) for _ in range(height - len(lines))]
    x_low, x_high = ranges.x_low, ranges.x_high
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    has_x_range = x_high > x_low
    x_scale = Scale(x_low, x_high if has_x_range else x_low + 1.0, options.is_log_x, width * 2)
    # No sign of what is no number stands over a line.
    odd = odd_rows(odd_places(curves, x_scale), rows)
    rows -= len(odd)
    y_scale = Scale(ranges.low, ranges.high, ranges.is_log, rows * 4)
    labels, odd_labels = y_labels(y_scale, rows), dict(enumerate(map(odd_label, odd)))
    y_cells = max(label_cells([*labels.values()]), 3 * ranges.is_log, 1, *map(len, odd_labels.values()))
    # Of one curve alone nobody asks whose it is.
    marked = [number for number, line in enumerate(curves) if line.mark and line.is_picked and len(curves) > 1]
    columns = width - y_cells - 2 - (margin := margin_for(len(marked), width))
    chart.plot_cells, chart.plot_height = (y_cells + 2, columns), rows
    plot, odd_plot = Plot(columns, rows, margin), Plot(columns, len(odd), margin)
    x_scale = replace(x_scale, dots=columns * 2)
    is_many = len(curves) > MANY_CURVES
    bounds = ranges.bounds if ranges.lowest is not None or ranges.highest is not None else None
    behind = folded(curves)
    has_spread = bool(behind)
    has_front = any(line.is_front for line in curves)
    first_picked = sum(not line.is_picked for line in curves)
    followed = [
        trace(
            plot, line, owner_of(number, first_picked), x_scale, y_scale, options.smoothing,
            # Bands behind many curves would hide everything.
            has_band=not is_many and (line.is_front or not has_front), bounds=bounds,
        )
        if line.is_picked or not has_spread
        else Traced([], [], [])
        for number, line in enumerate(curves)
    ]  # fmt: skip
    # A run that is not picked has no colour of its own: it would be another run's.
    # Where none has one, there is nothing that they would stand behind.
    aside = palette.styles["frame" if first_picked < len(curves) else "text"]
    faded = [palette.bands[colour_at(line.colour)] if line.is_picked else aside for line in curves]
    front = [palette.curves[colour_at(line.colour)] if line.is_picked else aside for line in curves]
    drawn_in = [faded[number] if has_front and not line.is_front else front[number] for number, line in enumerate(curves)]  # fmt: skip
    by_owner, bands_by_owner = [aside, *drawn_in[first_picked:]], [aside, *faded[first_picked:]]
    if has_spread:
        leaving = draw_spread(plot, behind, x_scale, y_scale, len(by_owner), bounds=bounds)
        bands_by_owner.append(aside)
    mark_odd(odd_plot, odd, palette.styles["bad"])
    ended = {number: Ended(curves[number].mark, front[number], followed[number].line, curves[number].curve.last) for number in marked}  # fmt: skip
    # What lies in front has its mark where it ends.
    mark_ends(plot, list(ended.values())[::-1])
    if not palette.has_colours:
        for number, mark in ended.items():
            if curves[number].is_front or not has_front:
                mark_along(plot, mark, 3 + 5 * number % 14)
    for number in range(len(curves)):
        mark_outside(plot, followed[number], drawn_in[number])
    if has_spread:
        mark_outside(plot, leaving, aside)
    if (
        not chart.has_picture
        and not options.smoothing
        and are_few([traced.line for traced in followed], plot.dot_columns)
    ):
        for number in range(len(curves)):
            mark_points(plot, followed[number].line, owner_of(number, first_picked))
    if palette.has_colours:
        # Without colours pieces of lines would look like gaps: marks stand along them instead.
        plot.take_turns(front=owner_of(len(curves) - 1, first_picked) if has_front else 0)
    unsaid = []
    if has_spread:
        whole, style = spread_text(len(behind), chart.other_count), palette.styles["dim"]
        # Over a picture no words stand in the band.
        is_said = not chart.has_picture and chart.other_count and label_spread(plot, style, whole)
        is_labelled = is_said or (not chart.has_picture and label_spread(plot, style))
        if not (is_said if chart.other_count else is_labelled and not chart.has_room):
            unsaid = [f"band: {whole}"]
    best = best_of(chart)
    if best is not None and chart.is_whole and (place := _place_of(best, x_scale, y_scale, plot)) is not None:
        plot.signs[place] = BEST_SIGN, palette.styles["best"]
    if chart.has_picture:
        plot.clear()
    x = chart.reading
    at = None if x is None else x_scale.column(x)
    cursor = None if at is None else max(0, min(at >> 1, columns - 1))
    places = x_labels(x_scale, columns, options.unit)
    axis = labelled_axis(places if has_x_range else places[:1], y_cells, columns, corner="log" * ranges.is_log)
    drawn = plot_rows(
        plot, labels, y_cells, palette,
        front=by_owner.__getitem__, back=bands_by_owner.__getitem__, cursor=cursor,
    )  # fmt: skip
    drawn += plot_rows(
        odd_plot, odd_labels, y_cells, palette,
        front=by_owner.__getitem__, back=bands_by_owner.__getitem__, cursor=cursor, tick="│",
    )  # fmt: skip
    if chart.dragged is not None:
        drawn = [_shaded(strip, *chart.dragged, palette) for strip in drawn]
    return [
        _head(chart, curves, front, palette, width, x, title_style, ranges, unsaid),
        *drawn,
        strip_of(axis, width, palette),
    ]


class Best(NamedTuple):
    """The best value of a curve."""

    value: float
    x: float | None
    """Where it was logged; None where it shares its place with others."""


def best_of(chart: Chart) -> Best | None:
    """Give the best value of a chart's only curve, as far as it is in sight; None where none is better than another, or nobody asked."""
    if not chart.says_best or len(chart.curves) != 1 or not has_direction(chart.title):
        return None
    curve, is_low = chart.curves[0].curve, guess_direction(chart.title) == "lower"
    window = chart.options.window
    places = [i for i, x in enumerate(curve.xs) if window is None or window[0] <= x <= window[1]]
    if not places or curve.count < 2:
        return None
    ends = curve.lows if is_low else curve.highs
    place = (min if is_low else max)(places, key=lambda i: ends[i])
    value = ends[place]
    return Best(value, next((x for x, at in zip(curve.point_xs, curve.point_values, strict=True) if at == value), None))


def _place_of(best: Best, x_scale: Scale, y_scale: Scale, plot: Plot) -> tuple[int, int] | None:
    """Give the row and the column of the cell in which a best value lies, if it is in sight."""
    x = None if best.x is None else x_scale.column(best.x)
    y = y_scale.place(best.value)
    if x is None or y is None or not 0 <= y < plot.dot_rows:
        return None
    return y >> 2, max(0, min(x >> 1, plot.columns - 1))


def _best_text(best: Best, options: ChartOptions, *, has_sign: bool) -> str:
    at = "" if best.x is None else f" at {x_text(best.x, options)}"
    here = " in sight" if options.window is not None else ""
    return f"{BEST_SIGN} " * has_sign + f"best{here} {number_text(best.value)}{at}"


def in_depth(curves: Iterable[ChartLine]) -> list[ChartLine]:
    """Put curves in the order in which they are drawn: picked ones over others, the first of them over those after it."""
    lines = list(curves)
    picked = sorted((line for line in reversed(lines) if line.is_picked), key=lambda line: line.is_front)
    return [*(line for line in lines if not line.is_picked), *picked]


def owner_of(number: int, first_picked: int) -> int:
    """Give the owner of a curve's dots, by its place in depth: all that are not picked share one."""
    return max(0, number - first_picked + 1)


def _shaded(strip: Strip, first: int, last: int, palette: Palette) -> Strip:
    """Draw some cells of a line, both ends included, like the line under a cursor."""
    middle = strip.crop(first, last + 1)
    shaded = [Segment(segment.text, under_cursor(palette.cursor, segment.style or Style())) for segment in middle]
    return Strip.join([strip.crop(0, first), Strip(shaded, middle.cell_length), strip.crop(last + 1)])


def _head(
    chart: Chart,
    curves: Sequence[ChartLine],
    styles: Sequence[Style],
    palette: Palette,
    width: int,
    x: float | None,
    title_style: str,
    ranges: Ranges,
    first_notes: Sequence[str] = (),
) -> Strip:
    """Draw the title and, to the right, the last values, or those at the cursor; in the room between, what to know of the drawing."""
    left: list[Span] = [(chart.title, title_style)]
    if damaged := damaged_text(chart.curves):
        left.append((f"  {damaged}", "bad"))
    right: list[tuple[str, Style]] = []
    if x is not None:
        right.append((f"at {x_text(x, chart.options)}  ", palette.styles["dim"]))
    elif (window := chart.dragged_window) is not None:
        right.append((f"{range_text(window, chart.options)}  ", palette.styles["accent"]))
    elif chart.options.last_word and curves:
        right.append((f"{chart.options.last_word} ", palette.styles["dim"]))
    room = width - length_of(left) - 2 - sum(len(text) for text, _ in right)
    style_of = dict(zip(map(id, curves), styles, strict=True))
    # Those that are picked come first, as in the legend.
    named = sorted(labelled([line for line in chart.curves if line.curve.count]), key=lambda line: not line.is_picked)
    readings = [None if x is None else point_at(line.curve, x) for line in named]
    values = [
        line.curve.last if x is None else math.nan if reading is None else reading[1]
        for line, reading in zip(named, readings, strict=True)
    ]
    # Where a curve has no point at the cursor, the value is that of another place, which is said.
    here = "" if x is None else x_value_text(x, chart.options)
    places = [here if reading is None else x_value_text(reading[0], chart.options) for reading in readings]
    behind = [f" ({place})" if place != here else "" for place in places]
    # A run that has neither colour nor mark has its name.
    for name_cells in _NAME_CELLS:
        names = fit_apart([clean(line.title, max_chars=100) for line in named], name_cells)
        marks = [line.mark if line.is_picked else f"{name.rstrip()}:" for line, name in zip(named, names, strict=True)]
        texts = _value_texts(marks, values, behind, room)
        # A name may rather be cut than be the only thing that is left out.
        if not texts or cell_len(texts[0]) + (len(f"+{len(texts)}") if len(texts) > 1 else 0) <= room:
            break
    are_alike = len(set(marks)) < len(marks)
    if are_alike or (chart.has_names and len(curves) > MANY_CURVES):
        telling = [f"{mark} {name.rstrip()}" if line.is_picked else mark for line, name, mark in zip(named, names, marks, strict=True)]  # fmt: skip
        named_texts = _value_texts(telling, values, behind, room)
        texts = named_texts if are_alike or sum(map(cell_len, named_texts)) <= room else texts
    fitting = len(texts)
    if sum(map(cell_len, texts)) > room:
        # How many more there are takes room, too.
        fitting = sum(total <= room - len(f"+{len(texts)}") for total in accumulate(map(cell_len, texts)))
    for line, value, text in zip(named[:fitting], values, texts, strict=False):
        room -= cell_len(text)
        odd = value != value or math.isinf(value)
        style = style_of[id(line)] if line.is_picked else palette.styles["dim"]
        right.append((text, palette.styles["bad"] if odd else style))
    if fitting < len(texts):
        right.append((f"+{len(texts) - fitting}", palette.styles["dim"]))
        room -= len(right[-1][0])
    notes = [(note, "faint") for note in (*first_notes, *notes_of(curves, chart.options, ranges, has_counts=chart.has_room))]  # fmt: skip
    if x is None and (best := best_of(chart)) is not None:
        # What is needed to read the chart rightly comes first.
        notes.append((_best_text(best, chart.options, has_sign=chart.is_whole), "dim"))
    for note, meaning in notes:
        if len(note) + 3 <= room:
            left.append((f"   {note}", meaning))
            room -= len(note) + 3
    cells = sum(cell_len(text) for text, _ in right)
    strip = strip_of(left, max(0, width - cells), palette)
    return Strip.join([strip, Strip([Segment(text, style) for text, style in right], cells)]).adjust_cell_length(
        width, palette.styles["text"]
    )


_VALUE_WAYS = ((DIGITS, " ", "  "), (DIGITS, "", " "), (3, " ", "  "), (3, " ", " "), (3, "", " "), (2, "", " "))
"""Digits of the values in a title, what stands between a mark and its value, and what behind it: the best way first."""


def _value_texts(marks: Sequence[str], values: Sequence[float], behind: Sequence[str], room: int) -> list[str]:
    """Give values with their marks, with as many digits as fit into the room with all of them, but two at least.

    With fewer digits than it takes to tell different values apart, all would be worth less than the first of them.
    """
    different = len({_digits_text(value, DIGITS) for value in values})
    texts: list[str] = []
    for digits, after_mark, gap in _VALUE_WAYS:
        shown = [_digits_text(value, digits) for value in values]
        if len(set(shown)) < different:
            continue
        texts = [
            # A name never runs into its value.
            f"{mark}{(after_mark or ' ' * (' ' in mark or mark.endswith(':'))) if mark else ''}{text}{rest}{gap}"
            for mark, text, rest in zip(marks, shown, behind, strict=True)
        ]
        if sum(map(cell_len, texts)) <= room:
            break
    return texts


def _digits_text(value: float, digits: int) -> str:
    """Show a value in so many digits; beside a power of ten, which takes one of them, in two at least."""
    text = number_text(value, digits)
    return number_text(value, 3) if "e" in text and digits < 3 else text


def spread_text(count: int, other_count: int = 0) -> str:
    """Say what a band stands for: the spread of so many runs, or of a sample of others, of which there are so many."""
    return f"{SPREAD_WORDS} of {others_text(count, other_count)}"


def others_text(count: int, other_count: int) -> str:
    """Name the runs behind those in colour: `44 runs`, or `44 of 120 others` where they are a sample."""
    return f"{count_text(count)} of {count_text(other_count)} others" if other_count else f"{count_text(count)} runs"


def labelled(curves: Sequence[ChartLine]) -> list[ChartLine]:
    """Give the curves whose values are shown: those that are picked, or all of a few."""
    return [line for line in curves if line.is_picked or len(curves) <= MANY_CURVES]


def notes_of(
    curves: Sequence[ChartLine], options: ChartOptions, ranges: Ranges, *, has_counts: bool, says_how_far: bool = False
) -> list[str]:
    """Say what to know of a chart to read it rightly: values outside, points left out, smoothing, how many points are drawn.

    Args:
        says_how_far: whether it is also said over which part of the x axis curves are smoothed.
    """
    notes = [f"↑ {number_text(ranges.highest)}"] if ranges.highest is not None else []
    notes += [f"↓ {number_text(ranges.lowest)}"] if ranges.lowest is not None else []
    left_out = sum(line.curve.below_count for line in curves) if ranges.is_log else 0
    notes += [f"{count_text(left_out)} ≤ 0 left out"] if left_out else []
    outside = sum(line.curve.outside_count for line in curves)
    notes += [f"{count_text(outside)} at x ≤ 0 left out"] if outside else []
    if options.smoothing:
        said = smoothing_text(options.smoothing) if says_how_far else "smoothed"
        notes.append(said if any(_is_smoothed(line.curve, options, ranges) for line in curves) else "points are too far apart to smooth")  # fmt: skip
    ends = {x for line in curves if line.curve.xs for x in (line.curve.xs[0], line.curve.xs[-1])}
    if options.axis == "step" and len(ends) == 1 and any(line.curve.count > 1 for line in curves):
        step, finite = count_text(int(ends.pop())), sum(sum(line.curve.counts) for line in curves)
        if not any(line.curve.nan_xs or line.curve.positive_inf_xs or line.curve.negative_inf_xs for line in curves):
            notes.append(f"all at step {step}")
        else:
            # Points that are no number are at others.
            # Beside what it ended in, the only number there is stands nowhere else.
            value = next(mean for line in curves for mean in line.curve.means)
            alone = f"1 finite value: {number_text(value)} at step {step}"
            notes.append(f"{plural(finite, 'finite value')}, all at step {step}" if finite > 1 else alone)
    drawn, count = sum(line.curve.shown for line in curves), sum(line.curve.count for line in curves)
    if has_counts and drawn < count:
        notes.append(f"{count_text(count)} points, mean and range of a column")
    return notes


def _is_smoothed(curve: Curve, options: ChartOptions, ranges: Ranges) -> bool:
    """Say whether the mean that smooths takes in a second point anywhere in sight."""
    ends = (ranges.x_low, ranges.x_high)
    xs = [x for x in curve.xs if ends[0] <= x <= ends[1] and (x > 0 or not options.is_log_x)]
    if options.is_log_x:
        xs, ends = [math.log10(x) for x in xs], (math.log10(ends[0]), math.log10(ends[1]))
    gap = min((after - before for before, after in pairwise(xs)), default=math.inf)
    return len(xs) > 2 and gap <= reach_of(options.smoothing) * (ends[1] - ends[0])


def odd_text(lines: Sequence[ChartLine]) -> str:
    """Say what there is instead of finite values: `no finite value: NaN × 3, ∞ × 2`; empty if there are any, or nothing at all."""
    if any(line.curve.xs for line in lines):
        return ""
    counts = (
        ("NaN", sum(len(line.curve.nan_xs) for line in lines)),
        ("∞", sum(len(line.curve.positive_inf_xs) for line in lines)),
        ("−∞", sum(len(line.curve.negative_inf_xs) for line in lines)),
    )
    parts = [f"{word} × {count_text(count)}" for word, count in counts if count]
    return f"no finite value: {', '.join(parts)}" if parts else ""


def damaged_text(lines: Sequence[ChartLine]) -> str:
    """Say how many points are missing because they are damaged; empty for none."""
    count = sum(line.curve.damaged_count for line in lines)
    return f"{DAMAGED_SIGN} {count_text(count)} points damaged" if count else ""


def point_at(curve: Curve, x: float) -> tuple[float, float] | None:
    """Give the place and the value of the logged point nearest to x; None if no point's place is known."""
    near: list[tuple[float, float]] = []
    if curve.point_xs:
        place = _nearest(curve.point_xs, x)
        near.append((place, curve.point_values[bisect_left(curve.point_xs, place)]))
    if curve.are_odd_points:
        odd = ((curve.nan_xs, math.nan), (curve.positive_inf_xs, math.inf), (curve.negative_inf_xs, -math.inf))
        near += [(_nearest(places, x), value) for places, value in odd if places]
    return min(near, key=lambda point: abs(point[0] - x), default=None)


def _nearest(ascending: Sequence[float], x: float) -> float:
    place = bisect_left(ascending, x)
    return min(ascending[max(0, place - 1) : place + 1], key=lambda near: abs(near - x))
