"""Parallel coordinates: each column is an upright axis, each run a line across them.

A brush selects a part of the current axis: lines through it are drawn in front, the others fade. The run under the
cursor lies in front of all, with its values. Of many lines each cell shows by its dots and its brightness how many
pass through it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import COLOURS, Figure, FigureAxis, FigureLine
from artui.query.runs.statistics import is_spread_wide as are_spread_wide
from artui.safetext import clean
from artui.tui.cells import Palette, Span, fit_apart, fit_middle, length_of, strip_of
from artui.tui.colouring import colour_at, mark_of
from artui.tui.keys import bindings
from artui.tui.widgets.axes import Scale
from artui.tui.widgets.manylines import SHADES, cells_along, draw_line, draw_lines, inside, make_sparse, shade
from artui.tui.widgets.picture import ODD, Picture, bulk_of, gap_texts, scale_of, short_param_text, unit_of
from artui.tui.widgets.plot import Plot, plot_rows
from artui.units import count_text, duration_text, number_text, plural, time_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.query.runs.statistics import Ends, Placed

MAX_LINES = 1_000
"""Of more runs only a regular selection is drawn, and the legend says how many."""
FEW_LINES = 150
"""More lines than these are drawn by how many pass through a cell."""
FEW_IN_FRONT = 50
"""So are more lines than these in front of as many that they would hide."""
BRUSHES: Sequence[tuple[str, str, float, float]] = (
    ("top", "third", 2 / 3, 1), ("middle", "third", 1 / 3, 2 / 3), ("bottom", "third", 0, 1 / 3), ("top", "tenth", 0.9, 1), ("bottom", "tenth", 0, 0.1),
)  # fmt: skip
"""Side, part, and from which to which share of the runs, from the lowest value up. Of a metric the better side is the best."""
_BEST, _BEST_OF_MANY = (0.9, 1), (0.99, 1)
"""So many are in front where no part was chosen."""
_VERY_MANY = 10_000
"""Of so many runs the best hundredth is in front, not the best tenth."""
_ROUNDING = 1e-9
_PLACES_ALONG = 4
"""There marked lines have their marks between two axes, each at one of so many places, so that few hide each other."""
_CURSOR = "◎"
_CROWDED = "█"
_CROWD_TEXTS = tuple((f" · {_CROWDED} {text}", "accent") for text in ("clearly more of these than by chance", "more of these"))  # fmt: skip
_ENOUGH_IN_FRONT = 100
"""Of so many it is said, too, that they are nowhere more than by chance."""
_FEWEST_IN_FRONT, _CROWDED_TIMES, _CROWDED_ERRORS = 20, 1.25, 3.5
"""Of so many runs in front an axis says where they are so many times as many as by chance, and by so many standard errors."""
_BACK_SHADES, _FRONT_SHADES = ("frame", "frame", "dim"), ("frame", "spark", "accent")
_LEAST_NAME_CELLS, _NAME_CELLS = 3, 14
"""Fewest and most cells of a word beside its lines."""
_MAX_NAME_CHARS = 200
_WIDE_CELLS = 100
"""On narrower screens the title is short where there is more to say."""
_LEAST_STAGGERED = 10
"""In fewer rows the titles of the axes stand in one line."""
_MAX_LINES_OF_BLOCKS = (24, 12)
"""Lines behind and in front where a terminal has no braille: more would fill the screen."""
_MAX_PICKED = 50
_MOST_ENDS = 50


@dataclass(frozen=True, slots=True)
class ParallelAxis:
    """One upright axis."""

    title: str
    placed: Placed
    is_better_low: bool | None = None
    """For a metric, whether lower is better: the best lines are drawn in front. None for other columns."""


class _Reach(NamedTuple):
    """What an axis spans."""

    drawn: Ends
    whole: Ends
    """All values; a few of them may lie far outside."""


class Parallel(Picture):
    """Draws values, which the screen brings."""

    BINDINGS = bindings("parallel")

    class Filtered(Message):
        """The runs in front, from the smallest to the largest value of a column, are to be shown in the table."""

        def __init__(self, placed: Placed, low: float, high: float, labels: Sequence[str]) -> None:
            super().__init__()
            self.placed, self.low, self.high, self.labels = placed, low, high, labels

    class Reading(Message):
        """So many of the columns of the axes have been read."""

        def __init__(self, count: int, total: int) -> None:
            super().__init__()
            self.count, self.total = count, total

    class Changed(Message):
        """The axes, the current axis or the brush have changed."""

    class Moved(Message):
        """The cursor is on another run."""

    class Opened(Message):
        """The run under the cursor is to be opened."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.axes: list[ParallelAxis] = []
        self.keys: Sequence[int] = ()
        self.picked: Mapping[int, int] = {}
        self.current = 0
        self.brush = 0
        self.has_braille = True
        """Whether the terminal shows dots; else fewer lines are drawn."""
        self.left_out: Sequence[str] = ()
        """Which axes are not drawn, in words."""
        self.cursor: int | None = None
        """Place of the current run among `keys`."""
        self.cursor_name: Sequence[Span] = ()
        """What the run under the cursor is called; the screen sets it."""
        self._known_order: tuple[tuple[int, int], NDArray[np.int64]] | None = None
        self._known_ground: tuple[tuple[Any, ...], Plot] | None = None
        self._known_line_count: int | None = None
        self._has_crowd = False
        """Whether an axis says where there are more of the runs in front than by chance."""
        self._is_log: list[bool] = []
        """Of each axis; the values decide."""
        self._known_scales: list[Scale] | None = None
        self._known_shares: NDArray[np.float64] | None = None
        self._known_chosen: tuple[tuple[int, int, bool], tuple[list[int], list[int]]] | None = None
        self._reach_of: dict[str, _Reach | None] = {}
        """The smallest and the largest value of each axis, by the id of its column."""
        self._place_of: dict[int, int] = {}

    def show(
        self,
        keys: Sequence[int],
        axes: Sequence[ParallelAxis],
        picked: Mapping[int, int],
        *,
        left_out: Sequence[str] = (),
    ) -> None:
        """Show other runs or axes; the current axis and the cursor stay, if they still exist.

        Args:
            left_out: which axes are not drawn, in words, from the longest to the shortest text; none if all are.
        """
        before = self.axes[self.current].placed.column.id if self.axes else ""
        run_before = self.key
        self.keys, self.axes, self.picked, self.left_out = keys, list(axes), picked, left_out
        if run_before is not None:
            self.cursor = next((place for place, key in enumerate(keys) if key == run_before), None)
        self._forget()
        self._is_log = [is_spread_wide(axis.placed) for axis in axes]
        self._reach_of = {
            axis.placed.column.id: _reach(axis.placed, is_log=is_log)
            for axis, is_log in zip(axes, self._is_log, strict=True)
        }
        self._place_of = {key: place for place, key in enumerate(keys) if key in picked}
        # The neighbour takes the place of an axis that is gone.
        beside = self.current if before else len(axes)
        self.current = next(
            (i for i, axis in enumerate(axes) if axis.placed.column.id == before), max(0, min(beside, len(axes) - 1))
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
        self._known_scales = self._known_shares = self._known_chosen = self._known_order = self._known_ground = None
        self._known_line_count = None

    def pick(self, picked: Mapping[int, int]) -> None:
        """Show other runs as marked, with their colours by key."""
        if picked != self.picked:
            self.picked = picked
            self._place_of = {key: place for place, key in enumerate(self.keys) if key in picked}
            self._known_ground = self._known_chosen = None
            self.again()

    @property
    def key(self) -> int | None:
        """The run under the cursor."""
        return self.keys[self.cursor] if self.cursor is not None and self.cursor < len(self.keys) else None

    def _marked(self) -> list[tuple[int, int]]:
        """Give the marked runs that are drawn as such, in their order: (key, colour)."""
        return [pair for pair in islice(self.picked.items(), _MAX_PICKED) if pair[0] in self._place_of]

    def _scales(self, dots: int) -> list[Scale] | None:
        if self._known_scales is not None:
            return [replace(scale, dots=dots) for scale in self._known_scales]
        scales = []
        for axis, is_log in zip(self.axes, self._is_log, strict=True):
            reach = self._reach_of[axis.placed.column.id]
            scale = scale_of(axis.placed, is_log=is_log, dots=dots, ends=reach.drawn if reach else None)
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

    def _line_count(self, shares: NDArray[np.float64]) -> int:
        """Give how many runs have a line."""
        if self._known_line_count is None:
            self._known_line_count = int(_has_line(shares).sum())
        return self._known_line_count

    def _in_front(self) -> NDArray[np.bool_]:
        """Say for each run whether it is in front: those in the brush, else the best tenth by a metric.

        Where runs are marked these take the place of the best.
        """
        import numpy as np

        values = self._current_values()
        bounds = self._bounds(values)
        if bounds is None:
            return np.zeros(len(values), bool)
        with np.errstate(invalid="ignore"):
            return np.asarray((values >= bounds[0]) & (values <= bounds[1]))

    @property
    def _best(self) -> tuple[float, float]:
        return _BEST_OF_MANY if len(self.keys) >= _VERY_MANY else _BEST

    def _current_values(self) -> NDArray[np.float64]:
        """Give the values that the current axis has a place for; NaN for the other runs."""
        import numpy as np

        values = self.axes[self.current].placed.values
        with np.errstate(invalid="ignore"):
            has_place = np.isfinite(values) & ((values > 0) if self._is_log[self.current] else True)
        return np.where(has_place, values, np.nan)

    def _bounds(self, values: NDArray[np.float64]) -> tuple[float, float] | None:
        """Give the smallest and the largest value in front; None if none is.

        They are values of runs, not places on the axis, so that a filter for them finds these runs and no others. Parts
        that touch share the run at which they do.
        """
        import numpy as np

        axis = self.axes[self.current]
        ordered = np.sort(values[np.isfinite(values)])
        if self.brush:
            _, _, low, high = BRUSHES[self.brush - 1]
        elif axis.is_better_low is not None and not self._place_of:
            low, high = self._best
        else:
            return None
        if axis.is_better_low:
            low, high = 1 - high, 1 - low
        last = len(ordered) - 1
        first_place, last_place = math.ceil(low * last - _ROUNDING), math.floor(high * last + _ROUNDING)
        if not 0 <= first_place <= last_place <= last:
            return None
        return float(ordered[first_place]), float(ordered[last_place])

    def _brush_text(self) -> str:
        """Say which part of the runs the brush selects: of a metric its best or its worst."""
        side, part, *_ = BRUSHES[self.brush - 1]
        axis = self.axes[self.current]
        if axis.is_better_low is not None:
            side = {"top": "best", "bottom": "worst"}.get(side, side)
        return f"the {side} {part} {'of' if axis.is_better_low is None else 'by'} {axis.title}"

    def _chosen(self, shares: NDArray[np.float64]) -> tuple[list[int], list[int]]:
        """Give the places of the runs that are drawn behind, and of those in front."""
        import numpy as np

        key = (self.current, self.brush, self.has_braille)
        if self._known_chosen is not None and self._known_chosen[0] == key:
            return self._known_chosen[1]
        front = self._in_front()
        has_line = _has_line(shares)
        behind, ahead = np.flatnonzero(has_line & ~front), np.flatnonzero(has_line & front)
        thinned = []
        most_behind, most_ahead = (MAX_LINES, MAX_LINES // 2) if self.has_braille else _MAX_LINES_OF_BLOCKS
        for places, most in ((behind, most_behind), (ahead, most_ahead)):
            every = max(1, -(-len(places) // most))
            thinned.append(places[::every].tolist())
        self._known_chosen = key, (thinned[0], thinned[1])
        return thinned[0], thinned[1]

    def _room(self, width: int, height: int) -> tuple[int, int, int]:
        """Give the columns and the rows of the plot, and the lines of titles below it."""
        columns = width - 3
        title_lines = self._title_lines(columns) if len(self.axes) > 1 and height >= _LEAST_STAGGERED else 1
        return columns, height - 3 - title_lines, title_lines

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the axes and the lines; None with fewer than two axes or too little room."""
        columns, rows, title_lines = self._room(width, height)
        scales = self._scales(rows * 4) if rows >= 2 else None
        if scales is None:
            return None
        shares, xs = self._shares(scales), self._columns(columns)
        ground = self._ground(columns, rows, scales, palette)
        plot = Plot(columns, rows)
        plot.line[:], plot.line_owners[:], plot.signs = ground.line, ground.line_owners, dict(ground.signs)
        plot.band, plot.band_owners = ground.band, ground.band_owners
        if self.cursor is not None and self.cursor < len(shares):
            self._draw_cursor(plot, xs, shares[self.cursor], palette)
        behind, ahead = self._chosen(shares)
        colours = [colour for _, colour in self._marked()][::-1]
        # Marked runs have the colours of curves.
        front_style = palette.styles["good" if colours else "accent"]
        front_shades = [palette.styles[name] for name in _FRONT_SHADES]
        back_shades = [palette.styles[name] for name in _BACK_SHADES]
        back_style = palette.styles["frame" if ahead or colours or self.cursor is not None else "spark"]
        are_many_ahead, are_many_behind = _are_many(behind, ahead)

        def front(owner: int) -> Style:
            if owner < SHADES:
                return front_shades[owner] if are_many_ahead else front_style
            owner -= SHADES
            return palette.curves[colour_at(colours[owner])] if owner < len(colours) else palette.styles["bold"]

        return [
            strip_of(self._head(self._line_count(shares), width), width, palette),
            strip_of(self._ends(xs, columns, top=True), width, palette),
            *plot_rows(
                plot, {}, 1, palette,
                front=front, back=lambda owner: back_shades[owner] if are_many_behind else back_style, edge=" ",
            ),
            strip_of(self._ends(xs, columns, top=False), width, palette),
            *(strip_of(self._titles(xs, columns, line, title_lines), width, palette) for line in range(title_lines)),
        ]  # fmt: skip

    def _ground(self, columns: int, rows: int, scales: Sequence[Scale], palette: Palette) -> Plot:
        """Give what stays the same while the cursor moves."""
        import numpy as np

        key = (columns, rows, self.current, self.brush, self.has_braille, palette, tuple(self.picked.items()))
        if self._known_ground is not None and self._known_ground[0] == key:
            return self._known_ground[1]
        plot = Plot(columns, rows)
        shares = self._shares(scales)
        xs = self._columns(columns)
        behind, ahead = self._chosen(shares)
        shown = inside(shares)
        # The lines behind are a layer of their own: in cells that they share with lines in front they are hidden.
        are_many_ahead, are_many_behind = _are_many(behind, ahead)
        for places, is_back, are_many in ((behind, True, are_many_behind), (ahead, False, are_many_ahead)):
            draw = shade if are_many else draw_lines
            draw(plot, xs, shown[places], is_back=is_back)
        if not palette.has_colours and (ahead or self.picked):
            make_sparse(plot)  # without colours that tells them from the lines in front
        # As among curves the first of them lies in front.
        marks = [(self._place_of[key], colour) for key, colour in self._marked()][::-1]
        for owner, (place, _) in enumerate(marks, SHADES):
            draw_line(plot, xs, shown[place].tolist(), owner)
        self._has_crowd = False
        is_above, is_below = np.asarray((shares > 1).any(axis=0)), np.asarray((shares < 0).any(axis=0))
        for number, x in enumerate(xs):
            is_current = number == self.current
            axis = ("┃", palette.styles["accent"]) if is_current else ("│", palette.styles["dim"])
            crowded = self._crowded_rows(shown, number, rows)
            self._has_crowd = self._has_crowd or bool(crowded)
            for row in range(rows):
                plot.signs[row, x >> 1] = (_CROWDED, palette.styles["accent"]) if row in crowded else axis
            self._write_names(plot, number, xs, scales[number], palette)
            # Marks tell the lines of marked runs apart without colours, too.
            for place, colour in marks:
                if (share := float(shown[place, number])) == share:
                    row = round((1 - share) * (plot.dot_rows - 1)) >> 2
                    plot.signs[row, x >> 1] = mark_of(colour), palette.curves[colour_at(colour)]
            for is_beyond, row, sign in ((is_above, 0, "↑"), (is_below, rows - 1, "↓")):
                if is_beyond[number]:
                    plot.signs[row, x >> 1] = sign, palette.styles["warn"]
        self._write_ends(plot, xs, shown, palette)
        if not palette.has_colours:
            for number, (place, colour) in enumerate(reversed(marks)):
                cells = cells_along(plot, xs, shown[place].tolist(), (1 + number % _PLACES_ALONG) / (_PLACES_ALONG + 1))
                for cell in cells:
                    plot.signs.setdefault(cell, (mark_of(colour), palette.curves[colour_at(colour)]))
        self._known_ground = key, plot
        return plot

    def _write_ends(self, plot: Plot, xs: Sequence[int], shown: NDArray[np.float64], palette: Palette) -> None:
        """Put a sign where the line of a run ends, since its number on the next axis is NaN or infinite."""
        for number, x in enumerate(xs[:-1]):
            # Of more of them signs would hide the lines.
            for place in sorted(self.axes[number + 1].placed.odd)[:_MOST_ENDS]:
                if (share := float(shown[place, number])) == share:
                    row = round((1 - share) * (plot.dot_rows - 1)) >> 2
                    plot.signs[row, (x >> 1) + 1] = ODD, palette.styles["bad"]

    def _crowded_rows(self, shown: NDArray[np.float64], number: int, rows: int) -> set[int]:
        """Give the rows of an axis in which there are clearly more of the runs in front than there would be of as many others."""
        import numpy as np

        places = shown[:, number]
        has_place = np.isfinite(places) & _has_line(shown)
        front = self._in_front() & has_place
        count, total = int(front.sum()), int(has_place.sum())
        # Where the front was chosen it lies anyway.
        if number == self.current or not _FEWEST_IN_FRONT <= count < total:
            return set()
        row_of = np.rint((1 - np.where(has_place, places, 0.0)) * (rows * 4 - 1)).astype(np.int64) >> 2
        counts, alls = (np.bincount(row_of[which], minlength=rows) for which in (front, has_place))
        expected = alls * (count / total)
        # Counts that come by chance deviate alike after this transformation, few of them too (F. J. Anscombe, 1948).
        errors = 2 * (np.sqrt(counts + 3 / 8) - np.sqrt(expected + 3 / 8))
        is_crowded = (counts >= _CROWDED_TIMES * expected) & (errors >= _CROWDED_ERRORS)
        return set(np.flatnonzero(is_crowded).tolist())

    def _draw_cursor(self, plot: Plot, xs: Sequence[int], shares: NDArray[np.float64], palette: Palette) -> None:
        """Draw the line of the run under the cursor in place of all others, with its value on each axis."""
        shown = inside(shares).tolist()
        own = Plot(plot.columns, plot.rows)
        draw_line(own, xs, shown, 0)
        axes = {x >> 1 for x in xs}
        for place, bits in enumerate(own.line):
            if bits:
                plot.line[place], plot.line_owners[place] = bits, 1 << (SHADES + _MAX_PICKED)
                cell = divmod(place, plot.columns)
                if cell[1] not in axes:
                    plot.signs.pop(cell, None)
        style = palette.styles["bold"]
        for number, (x, share) in enumerate(zip(xs, shown, strict=True)):
            placed, place = self.axes[number].placed, self.cursor or 0
            if share == share:
                row = round((1 - share) * (plot.dot_rows - 1)) >> 2
                plot.signs[row, x >> 1] = _CURSOR, style
                self._write_value(plot, number, xs, row, end_text(placed, float(placed.values[place])), style)
            elif place in placed.odd:
                self._write_value(plot, number, xs, plot.rows - 1, "NaN or ∞", palette.styles["bad"])

    def _write_value(self, plot: Plot, number: int, xs: Sequence[int], row: int, text: str, style: Style) -> None:
        """Write a value beside an axis: behind it, or before the last one."""
        is_last = number == len(xs) - 1
        spacing = (xs[-1] - xs[0]) // 2 // (len(xs) - 1)
        text = clean(text, max_chars=40)
        text = fit_middle(text, min(max(3, spacing - 3), cell_len(text)))
        cells = f" {text} " if cell_len(text) == len(text) and text.isprintable() else ""
        start = (xs[number] >> 1) - len(cells) if is_last else (xs[number] >> 1) + 1
        for offset, letter in enumerate(cells):
            if 0 <= start + offset < plot.columns:
                plot.signs[row, start + offset] = letter, style

    def _columns(self, columns: int) -> list[int]:
        """Give the dot column of each axis: the outer ones leave room for half of what stands above and below them."""
        margins = []
        for number in (0, -1):
            axis = self.axes[number]
            room = columns // len(self.axes)
            texts = [self._title(number, room)]
            texts += [] if axis.placed.is_words else [self._end_text(axis, room, top=top) for top in (True, False)]
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
        labels = [clean(label, max_chars=_MAX_NAME_CHARS) for label in axis.placed.labels]
        # Where they are equal they are cut.
        texts = fit_apart(labels, room) if room >= _LEAST_NAME_CELLS else labels
        for place, text in enumerate(texts):
            row = (scale.place(float(place)) or 0) >> 2
            text = f" {text.rstrip()} "
            start = column - len(text) if is_last else column + 1
            if row in taken or room < _LEAST_NAME_CELLS or not text.isprintable() or cell_len(text) != len(text):
                continue
            taken.add(row)
            for offset, letter in enumerate(text):
                if 0 <= start + offset < plot.columns:
                    plot.signs[row, start + offset] = letter, palette.styles["text"]

    def _head(self, line_count: int, width: int) -> list[Span]:
        """Say which run the cursor is on, which lines are in front, and how many runs have none."""
        total = len(self.keys)
        title = " Parallel" if self._has_crowd and width < _WIDE_CELLS else " Parallel coordinates"
        spans: list[Span] = [(title, "title" if self.has_focus else "bold")]
        front = self._front_texts()
        rest: list[Span] = [(f" · in front: {' and '.join(front)}", "accent")] if front else []
        if not self._has_crowd and int(self._in_front().sum()) >= _ENOUGH_IN_FRONT:
            rest.append((" · no axis has clearly more of these anywhere", "dim"))
        if self._has_crowd:
            rest.append(next((text for text in _CROWD_TEXTS if length_of([*spans, *rest, text]) <= width), _CROWD_TEXTS[-1]))  # fmt: skip
        if line_count < total:
            text = f" · {plural(total - line_count, 'run')} with too few values for a line"
            if length_of([*spans, *rest, (text, "")]) > width:
                text = f" · {count_text(total - line_count)} without a line"
            rest.append((text, "dim"))
        if self.cursor is not None and self.cursor_name:
            rank = self._rank_text()
            spans = [(f" {_CURSOR} ", "title"), *self.cursor_name, *([(f" {rank}", "text")] if rank else [])]
        # No text is cut in its middle; the name of the run matters most.
        kept = [rest[:count] for count in range(len(rest), 0, -1) if length_of([*spans, *rest[:count]]) <= width]
        return [*spans, *(kept[0] if kept else [])]

    def _front_texts(self) -> list[str]:
        """Say which lines are in front."""
        axis = self.axes[self.current]
        front = []
        if self.brush:
            front.append(self._brush_text())
        elif axis.is_better_low is not None and not self._place_of:
            front.append(f"the best {'hundredth' if self._best is _BEST_OF_MANY else 'tenth'} by {axis.title}")
        if marked := len(self._place_of):
            first = f"{_MAX_PICKED} of " if marked > _MAX_PICKED else ""
            front.append(f"{first}{plural(marked, 'marked run')}")
        return front

    def _rank_text(self) -> str:
        """Say how far from the best the run under the cursor is by the current axis; empty if that is no metric."""
        import numpy as np

        axis = self.axes[self.current]
        values = axis.placed.values
        if axis.is_better_low is None or self.cursor is None or not math.isfinite(value := float(values[self.cursor])):
            return ""
        finite = values[np.isfinite(values)]
        better = finite < value if axis.is_better_low else finite > value
        return f"rank {count_text(int(better.sum()) + 1)} of {count_text(len(finite))} by {axis.title}"

    def _ends(self, xs: Sequence[int], columns: int, *, top: bool) -> list[Span]:
        """Write the value at one end of each axis."""
        places = []
        for x, axis in zip(xs, self.axes, strict=True):
            # Words stand beside their lines.
            if not axis.placed.is_words:
                places.append((x >> 1, self._end_text(axis, columns // len(xs) - 1, top=top), "dim"))
        return _written(places, columns)

    def _end_text(self, axis: ParallelAxis, room: int, *, top: bool) -> str:
        """Show the value at one end of an axis; what lies beyond has an arrow, and stands alone in too little room."""
        reach = self._reach_of[axis.placed.column.id]
        if reach is None:
            return ""
        end, farthest = (reach.drawn.high, reach.whole.high) if top else (reach.drawn.low, reach.whole.low)
        if end == farthest:
            return end_text(axis.placed, end)
        outside = f"{'↑' if top else '↓'} {end_text(axis.placed, farthest)}"
        both = f"{end_text(axis.placed, end)} {outside}"
        return both if len(both) <= room else outside

    def _title_lines(self, columns: int) -> int:
        """Give how many lines the titles take: two, each with every other axis, where one line would cut some."""
        room = max(6, columns // len(self.axes) - 1)
        are_whole = all(
            cell_len(axis.title) + 6 * is_log <= room for axis, is_log in zip(self.axes, self._is_log, strict=True)
        )
        return 1 if are_whole or len(self.axes) < 3 else 2

    def _titles(self, xs: Sequence[int], columns: int, line: int, lines: int) -> list[Span]:
        spacing = (xs[-1] - xs[0]) // 2 // (len(xs) - 1)
        # The last one stands in the last line, below its axis at the edge.
        own = [number for number in range(len(xs)) if (len(xs) - 1 - number) % lines == lines - 1 - line]
        room = max(6, spacing * lines - 1)
        places = []
        for number in own:
            style = "title" if number == self.current else "text"
            places.append((xs[number] >> 1, self._title(number, room), style))
        return _written(places, columns)

    def figure(self) -> Figure | None:
        """Give the lines for a file; None with fewer than two axes."""
        scales = self._scales(600)
        if scales is None:
            return None
        shares = self._shares(scales)
        behind, ahead = self._chosen(shares)
        shown = inside(shares)
        count = len(self.axes)
        lines = []
        marked = self._marked()
        names, taken = self.legend_names(key for key, _ in marked), {colour % len(COLOURS) for _, colour in marked}
        own = {self._place_of[key] for key, _ in marked}
        kinds = [([self._place_of[key]], colour, names[key]) for key, colour in marked]
        # Those in front for another reason have a colour of their own.
        ahead_colour = next((number for number in range(len(COLOURS)) if number not in taken), 0)
        kinds.append(
            ([place for place in ahead if place not in own], ahead_colour, self._front_texts()[0] if ahead else "")
        )
        others = [place for place in behind if place not in own]
        kinds.append((others, -1, plural(len(others), "other run") if marked or ahead else ""))
        for places, colour, label in kinds:
            for place in places:
                points = [(i / (count - 1), share) for i, share in enumerate(shown[place].tolist())]
                for has_value, part in groupby(points, key=lambda point: point[1] == point[1]):
                    if has_value and len(piece := list(part)) > 1:
                        # Of several lines the first has the label of all.
                        lines.append(FigureLine([x for x, _ in piece], [y for _, y in piece], colour, label))
                        label = ""
        rules, texts = [], []
        for number, axis in enumerate(self.axes):
            share = number / (count - 1)
            reach = None if axis.placed.is_words else self._reach_of[axis.placed.column.id]
            range_text = f"{end_text(axis.placed, reach.whole.low)} … {end_text(axis.placed, reach.whole.high)}" if reach else ""  # fmt: skip
            rules.append((share, f"{axis.title}{' (log)' if self._is_log[number] else ''}", range_text))
            for place, label in enumerate(axis.placed.labels):
                texts.append(
                    (
                        share,
                        scales[number].share(float(place)) or 0.0,
                        fit_middle(clean(label, max_chars=200), 24).rstrip(),
                    )
                )
        nothing = FigureAxis("", 0.0, 1.0)
        front = self._front_texts()
        notes = [f"in colour: {' and '.join(front)}"] if front else []
        notes.append(f"{count_text(len(behind) + len(ahead))} of {plural(len(self.keys), 'run')}")
        return Figure("Parallel coordinates", nothing, nothing, lines=lines, rules=rules, texts=texts, note=" · ".join(notes), size=(1200, 600))  # fmt: skip

    def drawn_texts(self) -> list[str]:
        """Say how many lines are drawn, in a long text and a short one; none if all are."""
        scales = self._scales(100) if self.axes else None
        if scales is None:
            return []
        shares = self._shares(scales)
        behind, ahead = map(len, self._chosen(shares))
        line_count, front_count = self._line_count(shares), int((self._in_front() & _has_line(shares)).sum())
        if behind + ahead == line_count:
            return []
        others = f"{count_text(behind)} of {count_text(line_count - front_count)}"
        front = count_text(ahead) if ahead == front_count else f"{count_text(ahead)} of {count_text(front_count)}"
        drawn = f"{count_text(behind + ahead)} lines drawn"
        return [f"{front} in front, {others} others drawn" if front_count else drawn, drawn]

    def counts_texts(self) -> list[str]:
        """Say how many runs have no value on the current axis, and why; how many lines there are says `drawn_texts`, which axes there are not `left_out`."""
        import numpy as np

        if not self.axes or self._scales(100) is None:
            return []
        axis = self.axes[self.current]
        gaps = gap_texts(axis.placed, axis.title, np.ones(len(self.keys), bool), odd_sign=ODD)
        if axis.placed.odd and gaps:
            # Both are of the current axis.
            gaps = [f"{axis.title}: {', '.join(gaps).removesuffix(f' {axis.title}')}"]
        return gaps

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
        self.brush = (self.brush + change) % (1 + len(BRUSHES))
        self._again()

    def filtered(self) -> Filtered | None:
        """Say which runs are in front by the current axis; None if none is."""
        bounds = self._bounds(self._current_values()) if self.axes else None
        if bounds is None:
            return None
        placed = self.axes[self.current].placed
        labels = placed.labels[int(bounds[0]) : int(bounds[1]) + 1] if placed.is_words else ()
        return self.Filtered(placed, *bounds, labels)

    def action_filter_brush(self) -> None:
        """Show the runs in front of the current axis in the table."""
        if (filtered := self.filtered()) is not None:
            self.post_message(filtered)
        elif self.axes:
            text = "No run is in this part: b takes another one." if self.brush else "b brings a part of this axis to the front; f shows its runs."  # fmt: skip
            self.app.say(text)  # type: ignore[attr-defined]

    def _order(self) -> NDArray[np.int64]:
        """Give the places of the runs that the cursor goes over: by the current axis, those inside the brush alone."""
        import numpy as np

        key = self.current, self.brush
        if self._known_order is not None and self._known_order[0] == key:
            return self._known_order[1]
        scales = self._scales(100) if self.axes else None
        if scales is None:
            return np.empty(0, np.int64)
        shares = self._shares(scales)
        values = self.axes[self.current].placed.values
        is_wanted = np.isfinite(shares[:, self.current]) & _has_line(shares)
        if self.brush:
            is_wanted &= self._in_front()
        places = np.flatnonzero(is_wanted)
        order = places[np.argsort(values[places], kind="stable")]
        self._known_order = key, order
        return order

    def action_climb(self, change: int) -> None:
        """Put the cursor on the next run by the current axis; at first on the best one by a metric."""
        import numpy as np

        order = self._order()
        if not len(order):
            return
        at = np.flatnonzero(order == (-1 if self.cursor is None else self.cursor))
        axis = self.axes[self.current]
        if len(at):
            place = max(0, min(int(at[0]) + change, len(order) - 1))
        elif axis.is_better_low is not None:
            place = 0 if axis.is_better_low else len(order) - 1
        else:
            place = 0 if change > 0 else len(order) - 1
        self._put_cursor(int(order[place]))

    def _put_cursor(self, place: int) -> None:
        if place != self.cursor:
            self.cursor, self.cursor_name = place, ()
            self.again()
            self.post_message(self.Moved())

    def action_open(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Opened())
        else:
            self.app.say("↑ chooses a run; f shows the runs in front in the table.")  # type: ignore[attr-defined]

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the run whose line is nearest to the click, and open it if it is there already."""
        import numpy as np

        self.focus()
        columns, rows, title_lines = self._room(self.size.width, self.size.height)
        scales = self._scales(rows * 4) if rows >= 2 else None
        if scales is None:
            return
        xs, x = self._columns(columns), 2 * (event.x - 3)
        if event.y >= self.size.height - title_lines:
            self.action_axis(min(range(len(xs)), key=lambda number: abs(xs[number] - x)) - self.current)
            return
        last = max(1, next((number for number, at in enumerate(xs) if at >= x), len(xs) - 1))
        shares = inside(self._shares(scales))
        part = (x - xs[last - 1]) / (xs[last] - xs[last - 1])
        share_at_click = 1 - (4 * (event.y - 2) + 2) / (4 * rows - 1)
        distances = np.abs(shares[:, last - 1] * (1 - part) + shares[:, last] * part - share_at_click)
        if np.isfinite(distances).any():
            nearest = int(np.nanargmin(distances))
            if nearest == self.cursor:
                self.post_message(self.Opened())
            else:
                self._put_cursor(nearest)

    def _again(self) -> None:
        self.again()
        self.post_message(self.Changed())


def _reach(placed: Placed, *, is_log: bool) -> _Reach | None:
    drawn, whole = bulk_of(placed, is_log=is_log), placed.ends
    return _Reach(drawn, whole) if drawn is not None and whole is not None else None


def _are_many(behind: Sequence[int], ahead: Sequence[int]) -> tuple[bool, bool]:
    """Say whether the lines in front, and those behind, are so many that they are drawn by how many pass through a cell."""
    are_many_behind = len(behind) > FEW_LINES
    return len(ahead) > (FEW_IN_FRONT if are_many_behind else FEW_LINES), are_many_behind


def _has_line(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say for each run whether it has values on two neighbouring axes."""
    import numpy as np

    has_value = np.isfinite(shares)
    return np.asarray((has_value[:, 1:] & has_value[:, :-1]).any(axis=1))


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
