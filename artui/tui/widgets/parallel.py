"""Parallel coordinates: each column is an upright axis, each run a line across them.

A brush selects a part of the current axis: lines through it are drawn in front, the others fade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureAxis, FigureLine
from artui.query.runs.statistics import is_spread_wide as are_spread_wide
from artui.safetext import clean
from artui.tui.cells import Palette, Span, fit_middle, strip_of
from artui.tui.colouring import colour_at, mark_of
from artui.tui.keys import bindings
from artui.tui.widgets.axes import Scale
from artui.tui.widgets.picture import Picture, gap_texts, scale_of, short_param_text, unit_of
from artui.tui.widgets.plot import Plot, plot_rows
from artui.units import count_text, duration_text, number_text, plural, time_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.query.runs.statistics import Ends, Placed

MAX_LINES = 800
"""Of more runs only a regular selection is drawn, and the title says how many."""
BRUSHES = ("all", "top third", "middle third", "bottom third")
_SPARSE = 3
"""Without colours the lines behind are drawn in one of so many columns."""
_PLACES_ALONG = 4
"""There marked lines have their marks between two axes, each at one of so many places, so that few hide each other."""
_FRONT = 0
"""Owner of the lines in front; those of picked runs come after it."""
_NAME_CELLS = 14
_MAX_LINES_OF_BLOCKS = (24, 12)
"""Lines behind and in front where a terminal has no braille: more would fill the screen."""
_MAX_PICKED = 50


@dataclass(frozen=True, slots=True)
class ParallelAxis:
    """One upright axis."""

    title: str
    placed: Placed
    is_better_low: bool | None = None
    """For a metric, whether lower is better: the best lines are drawn in front. None for other columns."""


class Parallel(Picture):
    """Draws values, which the screen brings."""

    BINDINGS = bindings("parallel")

    class Filtered(Message):
        """The runs inside the brush are to be shown in the table."""

        def __init__(self, column: Any, low: float, high: float, labels: Sequence[str]) -> None:
            super().__init__()
            self.column, self.low, self.high, self.labels = column, low, high, labels

    class Reading(Message):
        """So many of the columns of the axes have been read."""

        def __init__(self, count: int, total: int) -> None:
            super().__init__()
            self.count, self.total = count, total

    class Changed(Message):
        """The axes, the current axis or the brush have changed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.axes: list[ParallelAxis] = []
        self.keys: Sequence[int] = ()
        self.picked: Mapping[int, int] = {}
        self.current = 0
        self.brush = 0
        self.has_braille = True
        """Whether the terminal shows dots; else fewer lines are drawn."""
        self._is_log: list[bool] = []
        """Of each axis; the values decide."""
        self._known_scales: list[Scale] | None = None
        self._known_shares: NDArray[np.float64] | None = None
        self._known_chosen: tuple[tuple[int, int, bool], tuple[list[int], list[int]]] | None = None
        self._ends_of: dict[str, Ends | None] = {}
        """The smallest and the largest value of each axis, by the id of its column."""
        self._place_of: dict[int, int] = {}

    def show(self, keys: Sequence[int], axes: Sequence[ParallelAxis], picked: Mapping[int, int]) -> None:
        """Show other runs or axes; the current axis stays, if it still exists."""
        before = self.axes[self.current].placed.column.id if self.axes else ""
        self.keys, self.axes, self.picked = keys, list(axes), picked
        self._forget()
        self._ends_of = {axis.placed.column.id: axis.placed.ends for axis in axes}
        self._is_log = [is_spread_wide(axis.placed) for axis in axes]
        self._place_of = {key: place for place, key in enumerate(keys) if key in picked}
        self.current = next(
            (i for i, axis in enumerate(axes) if axis.placed.column.id == before), max(0, len(axes) - 1)
        )
        self.note = "" if len(axes) > 1 else "it takes two columns that vary"
        self.again()
        self.post_message(self.Changed())

    def on_parallel_reading(self, message: Parallel.Reading) -> None:
        """Say how many of the columns have been read, while there is nothing to draw."""
        self.note = f"reading… {count_text(message.count)} of {plural(message.total, 'column')}"
        if not self.axes:
            self.again()

    def _forget(self) -> None:
        """Forget what was made of the axes: they are others, or in another order."""
        self._known_scales = self._known_shares = self._known_chosen = None

    def _scales(self, dots: int) -> list[Scale] | None:
        if self._known_scales is not None:
            return [replace(scale, dots=dots) for scale in self._known_scales]
        scales = []
        for axis, is_log in zip(self.axes, self._is_log, strict=True):
            scale = scale_of(axis.placed, is_log=is_log, dots=dots)
            if scale is None:
                return None
            scales.append(scale)
        self._known_scales = scales if len(scales) > 1 else None
        return self._known_scales

    def _shares(self, scales: Sequence[Scale]) -> NDArray[np.float64]:
        """Give the place of each run on each axis, from 0 to 1, as runs x axes; NaN where it has no value."""
        import numpy as np

        # The same for any number of dots.
        if self._known_shares is not None:
            return self._known_shares
        columns = []
        for axis, scale in zip(self.axes, scales, strict=True):
            values = axis.placed.values
            with np.errstate(invalid="ignore", divide="ignore"):
                if scale.is_log:
                    values = np.log10(np.where(values > 0, values, np.nan))
                columns.append((values - scale.low) / (scale.high - scale.low))
        self._known_shares = np.column_stack(columns)
        return self._known_shares

    def _in_front(self, shares: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say for each run whether its line is in front: those in the brush, else the best tenth by a metric.

        Where runs are marked these take the place of the best.
        """
        import numpy as np

        values = shares[:, self.current]
        finite = values[np.isfinite(values)]
        if not len(finite):
            return np.zeros(len(values), bool)
        if self.brush:
            low, high = self._bounds(values)
            with np.errstate(invalid="ignore"):
                return (values >= low) & (values <= high)
        axis = self.axes[self.current]
        if axis.is_better_low is None or self._place_of:
            return np.zeros(len(values), bool)
        with np.errstate(invalid="ignore"):
            if axis.is_better_low:
                return np.asarray(values <= np.quantile(finite, 0.1))
            return np.asarray(values >= np.quantile(finite, 0.9))

    def _bounds(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Give the ends of the brush as shares of the axis; it selects thirds of the runs, not of the axis."""
        import numpy as np

        finite = values[np.isfinite(values)]
        cuts = [float(cut) for cut in np.quantile(finite, [0, 1 / 3, 2 / 3, 1])]
        return (cuts[2], cuts[3]) if self.brush == 1 else (cuts[1], cuts[2]) if self.brush == 2 else (cuts[0], cuts[1])

    def _chosen(self, shares: NDArray[np.float64]) -> tuple[list[int], list[int]]:
        """Give the places of the runs that are drawn behind, and of those in front."""
        import numpy as np

        key = (self.current, self.brush, self.has_braille)
        if self._known_chosen is not None and self._known_chosen[0] == key:
            return self._known_chosen[1]
        front = self._in_front(shares)
        has_line = _has_line(shares)
        behind, ahead = np.flatnonzero(has_line & ~front), np.flatnonzero(has_line & front)
        thinned = []
        most_behind, most_ahead = (MAX_LINES, MAX_LINES // 3) if self.has_braille else _MAX_LINES_OF_BLOCKS
        for places, most in ((behind, most_behind), (ahead, most_ahead)):
            every = max(1, -(-len(places) // most))
            thinned.append(places[::every].tolist())
        self._known_chosen = key, (thinned[0], thinned[1])
        return thinned[0], thinned[1]

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the axes and the lines; None with fewer than two axes or too little room."""
        columns, rows = width - 3, height - 4
        scales = self._scales(rows * 4) if rows >= 2 else None
        if scales is None:
            return None
        plot = Plot(columns, rows)
        shares = self._shares(scales)
        xs = self._columns(columns)
        behind, ahead = self._chosen(shares)
        # The lines behind are a layer of their own: in cells that they share with lines in front they are hidden.
        _draw_lines(plot, xs, shares[behind], is_back=True)
        if not palette.has_colours and (ahead or self.picked):
            _make_sparse(plot)  # without colours that tells them from the lines in front
        _draw_lines(plot, xs, shares[ahead], is_back=False)
        colours = [0]
        marks: list[tuple[int, int]] = []
        for key, colour in islice(self.picked.items(), _MAX_PICKED):
            if key in self._place_of:
                _line(plot, xs, shares[self._place_of[key]].tolist(), len(colours))
                marks.append((self._place_of[key], colour))
                colours.append(colour)
        for number, x in enumerate(xs):
            for row in range(rows):
                cell = row, x >> 1
                plot.signs[cell] = (
                    ("┃" if number == self.current else "│"),
                    palette.styles["accent" if number == self.current else "dim"],
                )
            self._write_names(plot, number, xs, scales[number], palette)
            # Marks tell the lines of marked runs apart without colours, too.
            for place, colour in marks:
                if (share := float(shares[place, number])) == share:
                    row = round((1 - share) * (plot.dot_rows - 1)) >> 2
                    plot.signs[row, x >> 1] = mark_of(colour), palette.curves[colour_at(colour)]
        if not palette.has_colours:
            for number, (place, colour) in enumerate(marks):
                cells = _cells_along(
                    plot, xs, shares[place].tolist(), (1 + number % _PLACES_ALONG) / (_PLACES_ALONG + 1)
                )
                for cell in cells:
                    plot.signs.setdefault(cell, (mark_of(colour), palette.curves[colour_at(colour)]))
        # Marked runs have the colours of curves.
        front_style = palette.styles["good" if marks else "accent"]
        back_style = palette.styles["faint" if ahead or marks else "spark"]

        def style(owner: int) -> Style:
            return front_style if owner == _FRONT else palette.curves[colour_at(colours[owner])]

        return [
            strip_of(self._head(_line_count(shares)), width, palette),
            strip_of(self._ends(xs, columns, scales, top=True), width, palette),
            *plot_rows(plot, {}, 1, palette, front=style, back=lambda _: back_style, edge=" "),
            strip_of(self._ends(xs, columns, scales, top=False), width, palette),
            strip_of(self._titles(xs, columns), width, palette),
        ]

    def _columns(self, columns: int) -> list[int]:
        """Give the dot column of each axis: the outer ones leave room for half of what stands above and below them."""
        margins = []
        for number in (0, -1):
            axis = self.axes[number]
            ends = self._ends_of[axis.placed.column.id]
            texts = [self._title(number, columns // len(self.axes))]
            texts += (
                [end_text(axis.placed, end) for end in ends] if ends is not None and not axis.placed.is_words else []
            )
            margins.append(min(max(map(cell_len, texts)) // 2, columns // 8))
        span = columns - 1 - sum(margins)
        return [round((margins[0] + span * number / (len(self.axes) - 1)) * 2) for number in range(len(self.axes))]

    def _title(self, number: int, room: int) -> str:
        """Give the title of an axis in so many cells at most, with a word if it is logarithmic."""
        title = self.axes[number].title
        scale = (" (log)" if room >= _NAME_CELLS else " log") if self._is_log[number] else ""
        return fit_middle(title, min(max(4, room - len(scale)), cell_len(title))) + scale

    def _write_names(self, plot: Plot, number: int, xs: Sequence[int], scale: Scale, palette: Palette) -> None:
        """Write the words of an axis where their lines begin, behind the axis or before the last one."""
        axis = self.axes[number]
        if not axis.placed.is_words:
            return
        is_last = number == len(self.axes) - 1
        column, spacing = xs[number] >> 1, (xs[-1] - xs[0]) // 2 // (len(xs) - 1)
        # The last but one axis may share its room with the names before the last.
        is_shared = number >= len(xs) - 2 and self.axes[-1].placed.is_words
        room = min(_NAME_CELLS, spacing // 2 - 2 if is_shared else spacing - 3)
        taken: set[int] = set()
        for place, label in enumerate(axis.placed.labels):
            row = (scale.place(float(place)) or 0) >> 2
            text = clean(label, max_chars=40)
            text = f" {fit_middle(text, min(room, cell_len(text)))} "
            start = column - len(text) if is_last else column + 1
            if row in taken or room < 3 or not text.isprintable() or cell_len(text) != len(text):
                continue
            taken.add(row)
            for offset, letter in enumerate(text):
                if 0 <= start + offset < plot.columns:
                    plot.signs[row, start + offset] = letter, palette.styles["text"]

    def _head(self, line_count: int) -> list[Span]:
        """Say which lines are in front, and how many runs have none."""
        total = len(self.keys)
        spans: list[Span] = [(" Parallel coordinates", "title" if self.has_focus else "bold")]
        axis = self.axes[self.current]
        front = []
        if self.brush:
            front.append(f"the {BRUSHES[self.brush]} of {axis.title}")
        elif axis.is_better_low is not None and not self._place_of:
            front.append(f"the best tenth by {axis.title}")
        if marked := len(self._place_of):
            first = f"{_MAX_PICKED} of " if marked > _MAX_PICKED else ""
            front.append(f"{first}{plural(marked, 'marked run')}")
        if front:
            spans.append((f" · in front: {' and '.join(front)}", "accent"))
        if line_count < total:
            spans.append((f" · {count_text(total - line_count)} without two values here", "dim"))
        return spans

    def _ends(self, xs: Sequence[int], columns: int, scales: Sequence[Scale], *, top: bool) -> list[Span]:
        """Write the value at one end of each axis."""
        places = []
        for x, axis, scale in zip(xs, self.axes, scales, strict=True):
            ends = self._ends_of[axis.placed.column.id]
            # Words stand beside their lines.
            if ends is not None and not axis.placed.is_words:
                text = end_text(axis.placed, ends[1 if top else 0])
                share = scale.share(ends[1 if top else 0])
                places.append((x >> 1, text if share is not None else "", "dim"))
        return _written(places, columns)

    def _titles(self, xs: Sequence[int], columns: int) -> list[Span]:
        room = max(6, (xs[-1] - xs[0]) // 2 // (len(xs) - 1) - 1)
        places = []
        for number, x in enumerate(xs):
            style = "title" if number == self.current else "text"
            places.append((x >> 1, self._title(number, room), style))
        return _written(places, columns)

    def figure(self) -> Figure | None:
        """Give the lines for a file; None with fewer than two axes."""
        scales = self._scales(600)
        if scales is None:
            return None
        shares = self._shares(scales)
        behind, ahead = self._chosen(shares)
        count = len(self.axes)
        lines = []
        marked = [([self._place_of[key]], colour) for key, colour in islice(self.picked.items(), _MAX_PICKED) if key in self._place_of]  # fmt: skip
        for places, colour in ((behind, -1), (ahead, 0), *marked):
            for place in places:
                points = [(i / (count - 1), share) for i, share in enumerate(shares[place].tolist()) if share == share]
                lines.append(FigureLine([x for x, _ in points], [y for _, y in points], colour))
        rules = []
        for number, axis in enumerate(self.axes):
            ends = self._ends_of[axis.placed.column.id]
            range_text = f"{end_text(axis.placed, ends[0])} … {end_text(axis.placed, ends[1])}" if ends else ""
            scale = " (log)" if self._is_log[number] else ""
            rules.append((number / (count - 1), f"{axis.title}{scale}", range_text))
        nothing = FigureAxis("", 0.0, 1.0)
        note = f"{count_text(len(behind) + len(ahead))} of {count_text(len(self.keys))} runs"
        return Figure("Parallel coordinates", nothing, nothing, lines=lines, rules=rules, note=note, size=(1200, 600))

    def counts_texts(self) -> list[str]:
        """Say how many lines are drawn, if not all, and how many runs have no value on the current axis, and why."""
        import numpy as np

        scales = self._scales(100) if self.axes else None
        if scales is None:
            return []
        texts = []
        shares = self._shares(scales)
        line_count, drawn = _line_count(shares), sum(map(len, self._chosen(shares)))
        if drawn < line_count:
            texts.append(f"{count_text(drawn)} lines drawn, evenly chosen")
        axis = self.axes[self.current]
        return [*texts, *gap_texts(axis.placed, axis.title, np.ones(len(self.keys), bool))]

    # Keys

    def action_axis(self, change: int) -> None:
        if self.axes:
            self.current = max(0, min(self.current + change, len(self.axes) - 1))
            self.brush = 0
            self._again()

    def action_shift_axis(self, change: int) -> None:
        target = self.current + change
        if 0 <= target < len(self.axes):
            self.axes.insert(target, self.axes.pop(self.current))
            self._is_log.insert(target, self._is_log.pop(self.current))
            self._forget()
            self.current = target
            self._again()

    def action_brush(self, change: int) -> None:
        self.brush = (self.brush + change) % len(BRUSHES)
        self._again()

    def action_filter_brush(self) -> None:
        """Show the runs inside the brush in the table."""
        scales = self._scales(100)
        if scales is None:
            return
        values = self._shares(scales)[:, self.current]
        axis, scale = self.axes[self.current], scales[self.current]
        low, high = self._bounds(values) if self.brush else (0.0, 1.0)
        if axis.placed.is_words:
            first, last = (round(scale.low + (scale.high - scale.low) * share) for share in (low, high))
            labels = axis.placed.labels[max(0, first) : last + 1]
            self.post_message(self.Filtered(axis.placed.column, 0, 0, labels))
        else:
            self.post_message(self.Filtered(axis.placed.column, scale.value(low), scale.value(high), ()))

    def _again(self) -> None:
        self.again()
        self.post_message(self.Changed())


def _has_line(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say for each run whether it has values on two axes at least."""
    import numpy as np

    return np.asarray(np.isfinite(shares).sum(axis=1) > 1)


def _line_count(shares: NDArray[np.float64]) -> int:
    return int(_has_line(shares).sum())


def end_text(placed: Placed, value: float) -> str:
    """Show a value of an axis."""
    if placed.is_words:
        return clean(placed.labels[int(value)], max_chars=40)
    if placed.column.source == "param":
        return short_param_text(value)
    unit = unit_of(placed)
    if unit == "seconds":
        return duration_text(round(value * 1000))
    return time_text(round(value * 1000)) if unit == "date" else number_text(value)


def is_spread_wide(placed: Placed) -> bool:
    """Whether a column reads better on a logarithmic axis, by the rule of all pictures."""
    import numpy as np

    if placed.is_words or placed.column.source == "attribute":
        return False
    return are_spread_wide(placed.values[np.isfinite(placed.values)])


def _make_sparse(plot: Plot) -> None:
    """Leave one of several columns of the lines behind, so that they are dotted."""
    for place in range(plot.columns * plot.rows):
        if place % plot.columns % _SPARSE:
            plot.band[place] = 0


def _draw_lines(plot: Plot, xs: Sequence[int], shares: NDArray[np.float64], *, is_back: bool) -> None:
    """Draw many lines of one style, all at once; the dots are those of `_line`."""
    import numpy as np

    if not len(shares):
        return
    has_dot = np.zeros((plot.dot_rows, plot.dot_columns), bool)
    rows = np.rint((1 - shares) * (plot.dot_rows - 1))
    for first in range(len(xs) - 1):
        for last in range(first + 1, len(xs)):
            # Lines go straight over axes on which they have no value.
            is_gap = np.isnan(rows[:, first + 1 : last]).all(axis=1)
            ends = rows[is_gap & np.isfinite(rows[:, first]) & np.isfinite(rows[:, last])][:, [first, last]]
            if len(ends):
                _set_dots(has_dot, xs[first], xs[last], ends[:, 0], ends[:, 1])
    bits = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])
    cells = has_dot.reshape(plot.rows, 4, plot.columns, 2)
    letters = np.einsum("rycx,yx->rc", cells, bits).reshape(-1).tolist()
    layer, owners = (plot.band, plot.band_owners) if is_back else (plot.line, plot.line_owners)
    for place, letter in enumerate(letters):
        if letter:
            layer[place] |= letter
            owners[place] |= 1 << _FRONT


def _set_dots(has_dot: NDArray[np.bool_], x0: int, x1: int, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> None:  # fmt: skip
    """Set the dots of straight lines between two columns, the first one left out."""
    import numpy as np

    columns = np.arange(x0, x1 + 1)
    slopes = (ends - starts) / (x1 - x0)
    rows = np.rint(starts[:, None] + slopes[:, None] * (columns - x0)).astype(np.int64)
    here, before = rows[:, 1:], rows[:, :-1]
    # In each column from where a line enters to where it leaves.
    low = np.where(here > before, before + 1, here)
    high = np.where(here < before, before - 1, here)
    counts = (high - low + 1).reshape(-1)
    across = np.repeat(np.broadcast_to(columns[1:], here.shape).reshape(-1), counts)
    first_dots = np.cumsum(counts) - counts
    down = np.repeat(low.reshape(-1) - first_dots, counts) + np.arange(int(counts.sum()))
    is_inside = (across >= 0) & (across < has_dot.shape[1])
    has_dot[down[is_inside], across[is_inside]] = True


def _cells_along(plot: Plot, xs: Sequence[int], shares: Sequence[float], part: float) -> list[tuple[int, int]]:
    """Give the cells, as (row, column), of a run's line at a part of the way between each two axes."""
    points = [(x, (1 - share) * (plot.dot_rows - 1)) for x, share in zip(xs, shares, strict=True) if share == share]
    return [
        (round(y0 + (y1 - y0) * part) >> 2, round(x0 + (x1 - x0) * part) >> 1)
        for (x0, y0), (x1, y1) in pairwise(points)
    ]


def _line(plot: Plot, xs: Sequence[int], shares: Sequence[float], owner: int) -> None:
    """Draw a run's line; it passes straight over an axis on which the run has no value."""
    before: tuple[int, int] | None = None
    for x, share in zip(xs, shares, strict=True):
        if share != share:
            continue
        at = x, round((1 - share) * (plot.dot_rows - 1))
        if before is not None:
            plot.join(before, at, owner)
        before = at


def _written(places: Sequence[tuple[int, str, str]], columns: int) -> list[Span]:
    """Write texts centred under columns, except those that would touch another one."""
    spans: list[Span] = [("   ", "text")]
    used = 0
    for column, text, style in places:
        start = max(used + (1 if used else 0), min(columns - len(text), column - len(text) // 2))
        if start + len(text) > columns + 1:
            continue
        spans += [(" " * (start - used), "text"), (text, style)]
        used = start + len(text)
    return spans
