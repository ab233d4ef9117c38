"""Runs as dots, one column against another; marked runs have their colours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureDots, FigureMarks
from artui.query.direction import guess_direction, has_direction
from artui.query.runs.statistics import Placed, rank_correlation
from artui.safetext import clean
from artui.tui.cells import BEST_SIGN, BRAILLE, Palette, Span, fit_middle, length_of, strip_of
from artui.tui.colouring import colour_at, mark_of
from artui.tui.keys import bindings
from artui.tui.widgets.axes import Scale, column_of, edge_text, row_labels, row_of, thinned
from artui.tui.widgets.hue import Hues
from artui.tui.widgets.manylines import DITHERED
from artui.tui.widgets.parallel import end_text, is_spread_wide
from artui.tui.widgets.picture import ODD, Picture, axis_ticks, bulk_of, figure_axis, gap_texts, scale_of
from artui.tui.widgets.plot import Plot, labelled_axis, letters_of, plot_rows
from artui.units import count_text, plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.arrays import Floats, Ints

Dots: TypeAlias = "tuple[Ints, Ints]"
"""Dot columns and dot rows, one of each a run."""

_LABEL_CELLS = 9
_ONE, _POINT = "•", "○"
"""Stand for a run where there are few, and for runs where a terminal has no braille: its stand-in there is none of the first marks."""
_MANY_DOTS = 6
"""Cells with so many dots have a sign of their own there."""
_WORD_CELLS, _NUMBER_CELLS = 4, 14
"""Fewest cells of a word below the x axis, and most of a number."""
_MAX_DOTS_IN_FILE = 20_000
_MAX_PICKED = 200
_RING_SHARE, _LETTER_SHARE, _RIGHT_SHARE = 0.008, 0.0095, 0.8
"""Shares of a file's x axis: half a ring, a letter, and from where on names stand before their rings."""
_MAX_NAMED = 12
"""Of so many marked runs the names stand beside the dots of a file, where colours stand for something else."""
FEW_DOTS = 80
"""Up to so many runs each one is a dot as large as a letter."""
MAX_GRID = 24
"""Columns of up to so many distinct numbers are a grid: runs at one place are put beside each other."""
_SPREAD = 0.3
"""They stay within this share of the way to the next value."""
_MAX_MARGIN = 0.12
"""Most room beside the first and the last of them, as a share of the axis."""
_FRAME_DOTS = 2
"""They stay so far from the frame."""
_FEW_PAIRS = 10
"""A rank correlation of fewer runs says little."""
_BESIDE = sorted(
    ((down, across) for down in range(-3, 4) for across in range(-6, 7)),
    # A cell is twice as high as it is wide.
    key=lambda place: (4 * place[0] ** 2 + place[1] ** 2, place),
)
"""Cells around one, as (rows down, columns to the right), from the nearest."""
_DENSITIES = ("ramp0", "ramp1", "ramp2", "ramp3")
"""Styles of cells by how many runs they hold, from few to many."""
_FEW_STYLE = "spark"
"""Style of runs that are few."""
_DENSITY_DOTS = (2, 4, 6, 8)
"""Most dots of a cell by its density, so that it is seen without colours, too."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a scatter is drawn of, for one size."""

    x_scale: Scale
    y_scale: Scale
    true_dots: Dots
    """Where runs belong."""
    dots: Dots
    """Where they are drawn, beside each other."""
    spread_axes: str
    x_ticks: Sequence[tuple[float, str]]
    plot: Plot | None
    """The dots of many runs; None where they are few."""
    outside: Mapping[int, str]
    """Places of the runs far outside of the axes, which stand at the edge, with an arrow."""
    densities: Sequence[tuple[int, int, int]]
    """Of many runs each density that there is: its place, and the fewest and most runs in a cell of it."""
    signs: Mapping[tuple[int, int], tuple[str, str]]
    """Signs with their styles by (row, column), where runs are told apart by them."""


class Scatter(Picture):
    """Draws values, which the screen brings."""

    BINDINGS = bindings("scatter")

    class Moved(Message):
        """The cursor is on another run."""

    class Opened(Message):
        """The run under the cursor is to be opened."""

    class Shaded(Message):
        """Cells have other densities, or other runs are far outside: the legend is another."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.keys: Sequence[int] = ()
        self.x: Placed | None = None
        self.y: Placed | None = None
        self.titles = ("", "")
        self.picked: Mapping[int, int] = {}
        """Colours of the runs that are marked, by key."""
        self.hues: Hues | None = None
        """How runs look by a third column; then marked runs are patches of the same colours, each with a sign of its own."""
        self.has_braille = True
        """Whether the terminal shows dots; else each cell with a few of them has one sign."""
        self.is_log_x = False
        self.is_log_y = False
        self.cursor: int | None = None
        self.best_place: int | None = None
        """The best run by y; None if y has no best."""
        """Place of the current run among `keys`."""
        self._known_ground: tuple[tuple[int, int, bool, bool, bool], Ground] | None = None
        self._said: tuple[Sequence[tuple[int, int, int]], int] = ((), 0)
        """What the legend says of the picture: the densities, and how many runs are far outside."""
        self._by_y: list[int] = []
        """Places of these runs, by y; empty until it is needed."""
        self._order: list[int] = []
        """Places of the runs that have both values, by x and then by y."""
        self._place_of: dict[int, int] = {}
        self._correlation = ""

    def show(
        self,
        keys: Sequence[int],
        x: Placed,
        y: Placed,
        titles: tuple[str, str],
        picked: Mapping[int, int],
        hues: Hues | None = None,
    ) -> None:
        """Show other runs or columns; the cursor stays on its run if that has both values."""
        before = self.key
        if self.x is None or self.x.column != x.column:
            self.is_log_x = is_spread_wide(x)
        if self.y is None or self.y.column != y.column:
            self.is_log_y = is_spread_wide(y)
        self.keys, self.x, self.y, self.titles, self.picked = keys, x, y, titles, picked
        self.hues = hues
        self._order, self._by_y, self._known_ground = _in_order(x, y), [], None
        self._place_of = {key: place for place, key in enumerate(keys) if key in picked or key == before}
        self.cursor = self._place_of.get(before) if before is not None else None
        if self.cursor is not None and self.cursor not in set(self._order):
            self.cursor = None
        self.best_place = self._found_best()
        self._correlation = _correlation_text(x, y)
        self._said = ((), -1)
        self.note = "" if self._order else "no run has both"
        self.again()

    def _found_best(self) -> int | None:
        import numpy as np

        y = self.y
        if not self._order or y is None or y.column.source != "metric" or not has_direction(y.column.name):
            return None
        values = y.values[np.asarray(self._order, np.int64)]
        is_low = guess_direction(y.column.name) == "lower"
        return self._order[int(values.argmin() if is_low else values.argmax())]

    @property
    def best_key(self) -> int | None:
        """The best run by y; None if y has no best."""
        return None if self.best_place is None else self.keys[self.best_place]

    def pick(self, picked: Mapping[int, int]) -> None:
        """Show other runs as marked, with their colours by key."""
        if picked != self.picked:
            self.picked = picked
            self._place_of = {key: place for place, key in enumerate(self.keys) if key in picked}
            self.again()

    @property
    def key(self) -> int | None:
        """The run under the cursor."""
        return self.keys[self.cursor] if self.cursor is not None and self.cursor < len(self.keys) else None

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the dots and axes; None if no run has both values."""
        if (
            (ground := self._ground(width, height, has_colours=palette.has_colours)) is None
            or self.x is None
            or self.y is None
        ):
            return None
        columns, rows = width - _LABEL_CELLS - 2, height - 2
        x_scale, y_scale, true_dots = ground.x_scale, ground.y_scale, ground.true_dots
        plot = Plot(columns, rows)
        if ground.signs:
            for cell, (sign, style) in ground.signs.items():
                plot.signs[cell] = sign, palette.styles[style]
        elif ground.plot is not None:
            plot.line[:], plot.line_owners[:] = ground.plot.line, ground.plot.line_owners
        hues = self.hues.hues if self.hues is not None else ()
        styles = [palette.styles[name] for name in ([hue.style for hue in hues] or (*_DENSITIES, _FEW_STYLE))]
        if not self.has_braille:
            for place, bits in enumerate(plot.line):
                if 0 < bits.bit_count() < _MANY_DOTS:
                    style_here = styles[plot.line_owners[place].bit_length() - 1]
                    plot.signs[divmod(place, columns)] = _POINT, style_here
        odd = self._odd_columns(x_scale, columns)
        for column, count in odd.items():
            # Of several runs in a cell the sign has their number, where no other one is in its way.
            text = ODD if count == 1 else f"{ODD}{count_text(count)}"
            start = max(0, min(column, columns - len(text)))
            if any(other != column and start <= other < start + len(text) for other in odd):
                text, start = ODD, column
            for offset, letter in enumerate(text):
                plot.signs[0, start + offset] = letter, palette.styles["bad"]
        for place, sign in ground.outside.items():
            if (at := _dot_of(place, true_dots)) is not None:
                plot.signs[at[1] >> 2, at[0] >> 1] = sign, palette.styles["warn"]
        # Marked runs, and the one under the cursor, stand exactly where they belong; of several in a cell the first does.
        taken: set[tuple[int, int]] = set()
        for key, colour in islice(self.picked.items(), _MAX_PICKED):
            if (at := _dot_of(self._place_of.get(key), true_dots)) is not None:
                cell = _free_cell((at[1] >> 2, at[0] >> 1), taken, rows, columns)
                taken.add(cell)
                sign, style = self.sign_of(key, colour)
                plot.signs[cell] = sign, palette.styles[style]
            elif (top := self._odd_column(self._place_of.get(key), x_scale, columns)) is not None:
                # One that diverged stands at the top, too, with its own sign before the one for that.
                free = next(
                    (each for each in range(min(top, columns - 2), columns - 1) if (0, each) not in taken), None
                )
                if free is not None:
                    taken |= {(0, free), (0, free + 1)}
                    sign, style = self.sign_of(key, colour)
                    plot.signs[0, free] = sign, palette.styles[style]
                    plot.signs[0, free + 1] = ODD, palette.styles["bad"]
        best = self.best_place if self.cursor is None and not ground.signs else None
        if best is not None and self.keys[best] not in self.picked and (at := _dot_of(best, true_dots)) is not None:
            cell = at[1] >> 2, at[0] >> 1
            taken.add(cell)
            plot.signs[cell] = BEST_SIGN, palette.styles["best"]
        else:
            best = None
        if not ground.signs and ground.plot is None:
            self._set_few(plot, ground.dots, taken, palette.styles[_FEW_STYLE], without=best)
        if (at := _dot_of(self.cursor, true_dots)) is not None:
            plot.signs[at[1] >> 2, at[0] >> 1] = "◎", palette.styles["title"]
        # Words are all named, as far as there is room for a few letters of each.
        y_ticks = axis_ticks(self.y, y_scale, rows if self.y.is_words else max(2, min(8, (rows + 1) // 3)))
        y_places = [(share, text) for share, text in _cleaned(y_ticks) if 0 <= share <= 1]
        labels = thinned([(row_of(share, rows), text) for share, text in y_places]) if self.y.is_words else row_labels(y_places, rows)  # fmt: skip
        room = max(_WORD_CELLS, columns // max(1, len(self.x.labels)) - 1) if self.x.is_words else _NUMBER_CELLS
        most = columns // (_WORD_CELLS + 1)
        x_ticks = axis_ticks(self.x, x_scale, max(2, most)) if self.x.is_words else ground.x_ticks
        places = [
            (column_of(share, columns), fit_middle(text, min(room, cell_len(text))))
            for share, text in _cleaned(x_ticks)
            if 0 <= share <= 1
        ]
        return [
            strip_of(self._head(width, ground.spread_axes), width, palette),
            *plot_rows(
                plot,
                labels,
                _LABEL_CELLS,
                palette,
                front=styles.__getitem__,
                back=styles.__getitem__,
            ),
            strip_of(labelled_axis(places, _LABEL_CELLS, columns), width, palette),
        ]

    def _odd_columns(self, x_scale: Scale, columns: int) -> dict[int, int]:
        """Give the columns of the runs whose y value is NaN or infinite, without the marked ones, with their numbers: they stand at the top."""
        if self.x is None or self.y is None:
            return {}
        marked = {self._place_of.get(key) for key in islice(self.picked, _MAX_PICKED)}
        places = (self._odd_column(place, x_scale, columns) for place in sorted(self.y.odd) if place not in marked)
        return Counter(place for place in places if place is not None)

    def _odd_column(self, place: int | None, x_scale: Scale, columns: int) -> int | None:
        """Give the column of a run whose y value is NaN or infinite; None for any other."""
        if place is None or self.x is None or self.y is None or place not in self.y.odd:
            return None
        share = x_scale.share(float(self.x.values[place]))
        return None if share is None or not 0 <= share <= 1 else column_of(share, columns)

    def sign_of(self, key: int, number: int) -> Span:
        """Give the sign of a marked run, by its key and its number among colours."""
        if self.hues is None:
            return mark_of(number), f"curve{colour_at(number)}"
        place = self._place_of.get(key)
        hue = int(self.hues.of_run[place]) if place is not None else -1
        # A sign of its own on a patch in the colour of its hue.
        return mark_of(number), f"{self.hues.hues[hue].style}.marked" if hue >= 0 else "dim.marked"

    def _ground(self, width: int, height: int, *, has_colours: bool = True) -> Ground | None:
        """Give what stays the same while the cursor moves; None if no run has both values."""
        key = (width, height, self.is_log_x, self.is_log_y, has_colours)
        if self._known_ground is not None and self._known_ground[0] == key:
            return self._known_ground[1]
        columns, rows = width - _LABEL_CELLS - 2, height - 2
        scales = self._scales(2 * columns, 4 * rows)
        if scales is None or self.x is None:
            return None
        true_dots = self._true_dots(*scales)
        dots, spread_axes = self._spread(true_dots, *scales)
        plot, signs = None, {}
        densities: list[tuple[int, int, int]] = []
        if self.hues is not None and (len(self._order) <= FEW_DOTS or not has_colours):
            looks = [(hue.sign, hue.style) for hue in self.hues.hues]
            signs = {cell: looks[hue] for cell, hue in _main_hues(dots, self.hues).items()}
        elif self.hues is not None:
            plot = Plot(columns, rows)
            plot.line[:] = bytes(letters_of(_has_dot(dots, plot)))
            for (row, column), number in _main_hues(dots, self.hues).items():
                plot.line_owners[row * columns + column] = 1 << number
        elif len(self._order) > FEW_DOTS:
            plot = Plot(columns, rows)
            densities = _draw_densities(plot, dots, has_braille=self.has_braille)
        x_ticks = [] if self.x.is_words else self._x_ticks(self.x, scales[0], columns)
        ground = Ground(*scales, true_dots, dots, spread_axes, x_ticks, plot, self._outside(*scales), densities, signs)
        self._known_ground = key, ground
        if (said := (densities, len(ground.outside))) != self._said:
            self._said = said
            self.post_message(self.Shaded())
        return ground

    def _set_few(
        self, plot: Plot, dots: Dots, taken: set[tuple[int, int]], style: Style, *, without: int | None = None
    ) -> None:
        """Draw a few runs with a sign each, in cells of their own so that they can be counted; those that have signs are left out."""
        named = {self._place_of.get(key) for key in islice(self.picked, _MAX_PICKED)} | {self.cursor, without}
        for place in self._order:
            if place not in named and (at := _dot_of(place, dots)) is not None:
                cell = _free_cell((at[1] >> 2, at[0] >> 1), taken, plot.rows, plot.columns)
                taken.add(cell)
                plot.signs.setdefault(cell, (_ONE if self.has_braille else _POINT, style))

    def _x_ticks(self, placed: Placed, scale: Scale, columns: int) -> list[tuple[float, str]]:
        """Give the values themselves where they are few, else the first, the last and round ones between them."""
        import numpy as np

        odd = self.y.odd if self.y is not None else ()
        values = placed.values[np.asarray([*self._order, *sorted(odd)], np.int64)]
        values = np.unique(values[np.isfinite(values)])
        own = [(scale.share(float(value)), float(value)) for value in values] if len(values) <= MAX_GRID else []
        named = [(share, end_text(placed, value)) for share, value in own if share is not None]
        if named and _fits(named, columns):
            return named
        inside = [float(value) for value in values if 0 <= (scale.share(float(value)) or 0.0) <= 1]
        ends = [inside[0], inside[-1]] if inside and placed.column.source != "attribute" else []
        shares = [(scale.share(value), edge_text(value)) for value in ends]
        return [*((share, text) for share, text in shares if share is not None), *axis_ticks(placed, scale, max(2, columns // 12))]  # fmt: skip

    def _head(self, width: int, spread_axes: str) -> list[Span]:
        spans: list[Span] = [(" " + self.titles[1], "title" if self.has_focus else "bold"), (" against ", "dim")]
        spans += [(self.titles[0], "bold")]
        if self.is_log_x or self.is_log_y:
            axes = " and ".join(axis for axis, is_on in (("x", self.is_log_x), ("y", self.is_log_y)) if is_on)
            spans.append((f" · log {axes}", "dim"))
        correlation: list[Span]
        # A text that is cut would say something else, and a rank correlation is no other one.
        forms = [self._correlation, self._correlation.partition(" of ")[0], self._correlation.partition(" of ")[0].replace(" correlation", "")]  # fmt: skip
        correlation = next(
            (part for text in forms if text and length_of([*spans, *(part := [(f" · {text}", "accent")])]) <= width), []
        )
        if spread_axes and bool(correlation) == bool(self._correlation):
            room = width - length_of([*spans, *correlation])
            texts = (f" · {spread_axes} spread where runs share a place", f" · {spread_axes} spread")
            spans += [(text, "dim") for text in texts if len(text) <= room][:1]
        return [*spans, *correlation]

    def counts_texts(self) -> list[str]:
        """Say how many runs have no place, by reasons; empty if all have one."""
        # As a picture was drawn last.
        return self._gap_texts(self._known_ground[1].outside if self._known_ground is not None else {})

    def _gap_texts(self, outside: Mapping[int, str]) -> list[str]:
        import numpy as np

        if self.x is None or self.y is None:
            return []
        texts: list[str] = []
        has_both = np.ones(len(self.keys), bool)
        axes = ((self.titles[1], self.y, self.is_log_y), (self.titles[0], self.x, self.is_log_x))
        for title, placed, is_log in axes:
            texts += gap_texts(placed, title, has_both, odd_sign=ODD)
            has_both &= np.isfinite(placed.values)
            if is_log and not placed.is_words:
                with np.errstate(invalid="ignore"):
                    has_place = has_both & (placed.values > 0)
                if left_out := int((has_both & ~has_place).sum()):
                    texts.append(f"{count_text(left_out)} with {title} not above 0")
                has_both = has_place
        if outside:
            signs = "".join(sorted(set(outside.values())))
            texts.insert(0, f"{count_text(len(outside))} far outside {signs}")
        return texts

    @property
    def shown_count(self) -> int:
        """Number of runs that have both values."""
        return len(self._order)

    def density_spans(self, cells: int) -> list[Span]:
        """Give the legend of the densities in so many cells: how many runs a cell holds; empty where it has no room."""
        ground = self._known_ground[1] if self._known_ground is not None else None
        if ground is None or self.hues is not None or len(ground.densities) < 2:
            return []
        spans: list[Span] = []
        for level, low, high in ground.densities:
            count = count_text(low) if low == high else f"{count_text(low)}–{count_text(high)}"
            spans += [(f" {BRAILLE[DITHERED[_DENSITY_DOTS[level]]]} ", _DENSITIES[level]), (f"{count} ", "text")]
        titled: list[Span] = [("runs in a cell ", "dim"), *spans]
        return next((way for way in (titled, spans) if length_of(way) <= cells), [])

    def cursor_spans(self, name: str) -> list[Span]:
        """Give the run under the cursor, by its name, with its two values."""
        if self.cursor is None:
            return []
        return [(" ◎ ", "title"), (name, "title"), (f"  {self._coordinates(self.cursor)}", "text")]

    def best_spans(self, name: str) -> list[Span]:
        """Give the best run by y, by its name, with its two values."""
        if self.best_place is None:
            return []
        sign = f"{BEST_SIGN} " if self.hues is None else ""
        return [(f" {sign}best ", "best"), (name, "text"), (f"  {self._coordinates(self.best_place)}", "dim")]

    def _coordinates(self, place: int) -> str:
        if self.x is None or self.y is None:
            return ""
        values = [value_text(placed, place) for placed in (self.x, self.y)]
        coordinates = ", ".join(f"{title} {value}" for title, value in zip(self.titles, values, strict=True))
        if self.hues is not None:
            coordinates += f", {self.hues.title} {value_text(self.hues.placed, place)}"
        return coordinates

    def _scales(self, dots_across: int, dots_up: int) -> tuple[Scale, Scale] | None:
        """Give the scales of the axes; a few values far outside are left out."""
        if self.x is None or self.y is None or not self._order:
            return None
        import numpy as np

        shown = [*self._order, *sorted(self.y.odd)]
        x_ends, y_ends = (
            bulk_of(replace(placed, values=placed.values[np.asarray(places, np.int64)]), is_log=is_log)
            for placed, is_log, places in ((self.x, self.is_log_x, shown), (self.y, self.is_log_y, self._order))
        )
        x = scale_of(self.x, is_log=self.is_log_x, dots=dots_across, only=shown, ends=x_ends)
        y = scale_of(self.y, is_log=self.is_log_y, dots=dots_up, only=self._order, ends=y_ends)
        if x is None or y is None:
            return None
        order = np.asarray(self._order, np.int64)
        return _with_room(x, _shares(self.x, x)[order]), _with_room(y, _shares(self.y, y)[order])

    def _true_dots(self, x_scale: Scale, y_scale: Scale) -> Dots:
        """Give the dot column and the dot row of each run, -1 where it has no place."""
        import numpy as np

        if self.x is None or self.y is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        # What lies far outside stands at the edge.
        columns, rows = np.clip(_shares(self.x, x_scale), 0, 1), 1 - np.clip(_shares(self.y, y_scale), 0, 1)
        has_place = np.isfinite(columns) & np.isfinite(rows)
        xs, ys = (
            np.where(has_place, np.rint(np.where(has_place, shares, 0) * (scale.dots - 1)), -1).astype(np.int64)
            for shares, scale in ((columns, x_scale), (rows, y_scale))
        )
        return xs, ys

    def _outside(self, x_scale: Scale, y_scale: Scale) -> dict[int, str]:
        """Give arrows for the runs that lie beyond the ends of the axes, by their places."""
        import numpy as np

        outside: dict[int, str] = {}
        if self.x is None or self.y is None:
            return outside
        order = np.asarray(self._order, np.int64)
        for placed, scale, below, above in ((self.x, x_scale, "←", "→"), (self.y, y_scale, "↓", "↑")):
            shares = _shares(placed, scale)[order]
            with np.errstate(invalid="ignore"):
                outside |= dict.fromkeys(order[shares < 0].tolist(), below)
                outside |= dict.fromkeys(order[shares > 1].tolist(), above)
        return outside

    def _spread(self, true_dots: Dots, x_scale: Scale, y_scale: Scale) -> tuple[Dots, str]:
        """Put runs of one dot beside each other, along the axes that have few values; also say which these are.

        They stand around their place, so that many make a band as wide as they are many, centred on the value; never
        nearer to the next value or beyond the frame. Where some place has more runs than there is room for, bands are as
        wide as their share of its runs. Runs of one hue stand together.
        """
        import numpy as np

        xs, ys = true_dots
        has_place = np.flatnonzero(xs >= 0)
        if not len(has_place):
            return true_dots, ""
        step = 2 if len(self._order) <= FEW_DOTS else 1
        # Signs take whole cells.
        steps = (step, step) if self.hues is None or step == 1 else (2, 4)
        axes = ((xs, x_scale, steps[0]), (ys, y_scale, steps[1]))
        rooms = [_room(dots[has_place], scale.dots) // step for dots, scale, step in axes]
        # Runs that share a dot, by their rank there.
        place = (ys[has_place] // steps[1]) * x_scale.dots + xs[has_place] // steps[0]
        rank, count = _rank_in_group(place, self.hues.of_run[has_place] if self.hues is not None else None)
        # Each has a slot, as long as there are enough.
        most, slots_here = int(count.max()), (2 * rooms[0] + 1) * (2 * rooms[1] + 1)
        slots = count if most <= slots_here else np.maximum(1, np.rint(count * (slots_here / most)).astype(np.int64))
        slot = rank * slots // count
        moved = []
        for dots, room, step in zip((xs, ys), rooms, steps, strict=True):
            width = 2 * room + 1
            # The last of several lines may be shorter than the others.
            inside = np.minimum(width, slots - slot // width * width)
            out = dots.copy()
            out[has_place] += (slot % width - (inside - 1) // 2) * step
            moved.append(out)
            slot, slots = slot // width, -(-slots // width)
        names = [
            name for name, dots, true in (("x", moved[0], xs), ("y", moved[1], ys)) if not np.array_equal(dots, true)
        ]
        return (moved[0], moved[1]), " and ".join(names)

    def figure(self) -> Figure | None:
        """Give the dots for a file; None if no run has both values."""
        scales = self._scales(960, 600)
        if scales is None or self.x is None or self.y is None:
            return None
        every = max(1, len(self._order) // _MAX_DOTS_IN_FILE)
        shown = self._order[::every]
        x, y, drawn = self.x, self.y, set(self._order)
        picked = () if self.hues is not None else islice(self.picked.items(), _MAX_PICKED)
        marked = [pair for pair in picked if self._place_of.get(pair[0]) in drawn]
        names, own = self.legend_names(key for key, _ in marked), {self._place_of[key] for key, _ in marked}
        others = [place for place in shown if place not in own]
        dots = [FigureDots(*_pairs(x, y, [self._place_of[key]]), colour, names[key]) for key, colour in marked]
        if others:
            label = plural(len(others), "other run") if marked else ""
            dots.append(FigureDots(*_pairs(x, y, others), -1 if marked else 0, label))
        if self.hues is not None:
            dots = []
            for number, hue in enumerate(self.hues.hues):
                places = [place for place in shown if self.hues.of_run[place] == number]
                dots.append(FigureDots(*_pairs(self.x, self.y, places), hue.colour, f"{self.hues.title} {hue.label}"))
        notes = [self._correlation] if self._correlation else []
        notes += [f"{count_text(len(shown))} of {count_text(len(self._order))} runs drawn"] if every > 1 else []
        marks, outside = self._figure_marks(*scales)
        rings, texts = self._figure_rings(*scales) if self.hues is not None else (None, [])
        marks = [rings, *marks] if rings is not None else marks
        notes += self._gap_texts(outside)
        return Figure(
            f"{self.titles[1]} against {self.titles[0]}",
            figure_axis(self.titles[0], self.x, scales[0]),
            figure_axis(self.titles[1], self.y, scales[1]),
            dots=dots,
            marks=marks,
            texts=texts,
            note=" · ".join(notes),
        )

    def _figure_rings(
        self, x_scale: Scale, y_scale: Scale
    ) -> tuple[FigureMarks | None, list[tuple[float, float, str]]]:
        """Give rings around the marked runs, whose colours say something else, and the names of a few of them."""
        drawn = set(self._order)
        keys = [key for key in islice(self.picked, _MAX_PICKED) if self._place_of.get(key) in drawn]
        places = []
        for key in keys:
            place = self._place_of[key]
            across, up = (
                0.0 if placed is None else scale.share(float(placed.values[place]))
                for placed, scale in ((self.x, x_scale), (self.y, y_scale))
            )
            places.append((max(0.0, min(1.0, across or 0.0)), max(0.0, min(1.0, up or 0.0))))
        if not keys:
            return None, []
        names = self.legend_names(keys) if len(keys) <= _MAX_NAMED else {}
        texts = [
            (across + _beside_ring(across, names[key]), up, names[key])
            for key, (across, up) in zip(keys, places, strict=True)
            if names
        ]
        return FigureMarks("○", places, label=plural(len(keys), "marked run")), texts

    def _figure_marks(self, x_scale: Scale, y_scale: Scale) -> tuple[list[FigureMarks], Mapping[int, str]]:
        """Give signs for what the axes have no place for, as on the screen, and the runs that lie beyond their ends."""
        if self.x is None or self.y is None:
            return [], {}

        def edge(placed: Placed, scale: Scale, place: int) -> float | None:
            share = scale.share(float(placed.values[place]))
            return None if share is None else max(0.0, min(1.0, share))

        outside, marks = self._outside(x_scale, y_scale), []
        odd = [share for place in sorted(self.y.odd) if (share := edge(self.x, x_scale, place)) is not None]
        if odd:
            marks.append(FigureMarks("×", [(share, 1.0) for share in odd], label=f"{self.titles[1]} is NaN or ∞"))
        for sign in sorted(set(outside.values())):
            places = [
                (edge(self.x, x_scale, place) or 0.0, edge(self.y, y_scale, place) or 0.0)
                for place, own in outside.items()
                if own == sign
            ]
            marks.append(FigureMarks(sign, places, 1, "far outside"))  # type: ignore[arg-type]
        return marks, outside

    # Keys

    def action_log_x(self) -> None:
        self.is_log_x = not self.is_log_x
        self.again()

    def action_log_scale(self) -> None:
        self.is_log_y = not self.is_log_y
        self.again()

    def action_step(self, change: int) -> None:
        """Put the cursor on the next run by x; at first on the best one by a metric."""
        if not self._order:
            return
        if self._go_to_best():
            return
        current = self._order.index(self.cursor) if self.cursor in self._order else (-1 if change > 0 else 0)
        self.cursor = self._order[max(0, min(current + change, len(self._order) - 1))]
        self.again()
        self.post_message(self.Moved())

    def action_climb(self, change: int) -> None:
        """Put the cursor on the next run by y; at first on the best one by a metric."""
        if not self._order or self.x is None or self.y is None:
            return
        if self._go_to_best():
            return
        if not self._by_y:
            self._by_y = _in_order(self.y, self.x)
        current = self._by_y.index(self.cursor) if self.cursor in self._by_y else (-1 if change > 0 else len(self._by_y))  # fmt: skip
        self.cursor = self._by_y[max(0, min(current + change, len(self._by_y) - 1))]
        self.again()
        self.post_message(self.Moved())

    def _go_to_best(self) -> bool:
        """Put the cursor, if there is none, on the best run by y; false if there is one, or if y has no best."""
        if self.cursor is not None or self.best_place is None:
            return False
        self.cursor = self.best_place
        self.again()
        self.post_message(self.Moved())
        return True

    def action_open(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Opened())
        else:
            self.app.say("← and → choose a run: enter opens it.")  # type: ignore[attr-defined]

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the run nearest to the click; open that run if it is there already."""
        self.focus()
        has_colours: bool = self.app.palette.has_colours  # type: ignore[attr-defined]
        if (ground := self._ground(self.size.width, self.size.height, has_colours=has_colours)) is None:
            return
        click = 2 * (event.x - _LABEL_CELLS - 2) + 1, 4 * (event.y - 1) + 2

        if self._order:
            import numpy as np

            xs, ys = ground.dots
            order = np.asarray(self._order, np.int64)
            # A cell is twice as high as wide, and has four dots above each other, two side by side: dots are square.
            distances = (xs[order] - click[0]) ** 2 + (ys[order] - click[1]) ** 2
            nearest = int(order[int(distances.argmin())])
            is_again = nearest == self.cursor
            self.cursor = nearest
            self.again()
            self.post_message(self.Opened() if is_again else self.Moved())


def _cleaned(ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(share, clean(text, max_chars=30)) for share, text in ticks]


def value_text(placed: Placed, place: int) -> str:
    """Show the value of one run."""
    value = float(placed.values[place])
    return end_text(placed, value) if math.isfinite(value) else "·"


def _correlation_text(x: Placed, y: Placed) -> str:
    """Describe the rank correlation of two columns; nothing for words, which have no order."""
    if len(x.labels) > 2 or len(y.labels) > 2:
        return ""
    rho, count = rank_correlation(x.values, y.values)
    if rho is None:
        return ""
    shown = f"{rho:+.2f}".replace("-", "−") if round(rho, 2) else "0.00"
    few = "only " if count < _FEW_PAIRS else ""
    return f"rank correlation {shown} of {few}{count_text(count)} runs"


def _in_order(x: Placed, y: Placed) -> list[int]:
    """Give the places of the runs that have both values, by x and then by y."""
    import numpy as np

    places = np.flatnonzero(np.isfinite(x.values) & np.isfinite(y.values))
    order: list[int] = places[np.lexsort((y.values[places], x.values[places]))].tolist()
    return order


def _pairs(x: Placed, y: Placed, places: Sequence[int]) -> tuple[list[float], list[float]]:
    return [float(x.values[place]) for place in places], [float(y.values[place]) for place in places]


def _has_dot(dots: Dots, plot: Plot) -> NDArray[np.bool_]:
    import numpy as np

    has_dot = np.zeros((plot.dot_rows, plot.dot_columns), bool)
    has_place = (dots[0] >= 0) & (dots[1] >= 0)
    has_dot[dots[1][has_place], dots[0][has_place]] = True
    return has_dot


def _draw_densities(plot: Plot, dots: Dots, *, has_braille: bool) -> list[tuple[int, int, int]]:
    """Draw many runs by how many are in each cell: by its colour, and by its dots where they would fill it.

    Densities are even steps of the ratio, from the twentieth part of the cells with the fewest runs to that with the
    most; from no less than half of the median to no less than twice the median.

    Returns:
        Each density that there is, with the fewest and the most runs in a cell of it.
    """
    import numpy as np

    xs, ys = dots
    has_place = (xs >= 0) & (ys >= 0)
    if not has_place.any():
        return []
    cell_of_run = (ys[has_place] >> 2) * plot.columns + (xs[has_place] >> 1)
    counts = np.bincount(cell_of_run, minlength=plot.columns * plot.rows)
    cells = np.flatnonzero(counts)
    inside = counts[cells]
    low, middle, high = (float(np.quantile(inside, share)) for share in (0.05, 0.5, 0.95))
    # Where runs are spread evenly no cell stands out.
    low = max(low, middle / 2)
    ratio = math.log(max(high, 2 * middle) / low)
    levels = np.clip((np.log(inside / low) / ratio * len(_DENSITIES)).astype(np.int64), 0, len(_DENSITIES) - 1)
    letters = letters_of(_has_dot(dots, plot))
    for cell, level in zip(cells.tolist(), levels.tolist(), strict=True):
        letter, most = letters[cell], _DENSITY_DOTS[level]
        plot.line[cell] = DITHERED[most] if has_braille and letter.bit_count() > most else letter
        plot.line_owners[cell] = 1 << level
    by_level = [(level, inside[levels == level]) for level in range(len(_DENSITIES))]
    return [(level, int(here.min()), int(here.max())) for level, here in by_level if len(here)]


def _dot_of(place: int | None, dots: Dots) -> tuple[int, int] | None:
    """Give the dot of the run at a place; None if it has none."""
    if place is None or place >= len(dots[0]):
        return None
    x, y = int(dots[0][place]), int(dots[1][place])
    return (x, y) if x >= 0 and y >= 0 else None


def _free_cell(cell: tuple[int, int], taken: set[tuple[int, int]], rows: int, columns: int) -> tuple[int, int]:
    """Give a cell, or the nearest one beside it that is not taken; the cell itself if there is none near."""
    row, column = cell
    beside = (
        (row + down, column + across)
        for down, across in _BESIDE
        if 0 <= row + down < rows and 0 <= column + across < columns
    )
    return next((place for place in beside if place not in taken), cell)


def _main_hues(dots: Dots, hues: Hues) -> dict[tuple[int, int], int]:
    """Give the hue of each cell: that of most of its runs, of equally many the last."""
    import numpy as np

    xs, ys = dots
    has_place = (xs >= 0) & (hues.of_run >= 0)
    across = int(xs.max()) // 2 + 1
    cells, cell_of_run = np.unique((ys[has_place] >> 2) * across + (xs[has_place] >> 1), return_inverse=True)
    counts = np.zeros((len(cells), len(hues.hues)), np.int64)
    np.add.at(counts, (cell_of_run.reshape(-1), hues.of_run[has_place]), 1)
    most = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    return {(int(cell // across), int(cell % across)): int(hue) for cell, hue in zip(cells, most, strict=True)}


def _shares(placed: Placed, scale: Scale) -> Floats:
    """Give the place of each run on an axis, from 0 to 1; NaN where it has none."""
    import numpy as np

    values = placed.values
    with np.errstate(invalid="ignore", divide="ignore"):
        if scale.is_log:
            values = np.log10(np.where(values > 0, values, np.nan))
        return np.asarray((values - scale.low) / ((scale.high - scale.low) or 1.0))


def _with_room(scale: Scale, shares: Floats) -> Scale:
    """Widen an axis of few values, which several runs have, by the room that runs take beside its first and last value."""
    import numpy as np

    shares = shares[np.isfinite(shares)]
    distinct = np.unique(shares)
    if not 1 < len(distinct) <= MAX_GRID or len(distinct) == len(shares):
        return scale
    gap = float(np.diff(distinct).min())
    more = min(gap * _SPREAD * 1.2, _MAX_MARGIN) - min(float(distinct[0]), 1 - float(distinct[-1]))
    pad = max(0.0, more) * (scale.high - scale.low)
    return replace(scale, low=scale.low - pad, high=scale.high + pad)


def _room(dots: Ints, all_dots: int) -> int:
    """Give how many dots runs may be moved to either side: none on an axis of many values."""
    import numpy as np

    distinct = np.unique(dots)
    if len(distinct) > MAX_GRID or len(distinct) == len(dots):
        return 0
    gap = int(np.diff(distinct).min()) if len(distinct) > 1 else all_dots
    beside = min(int(distinct[0]), all_dots - 1 - int(distinct[-1])) - _FRAME_DOTS
    return max(0, min(int(gap * _SPREAD), beside))


def _rank_in_group(groups: Ints, kinds: Ints | None = None) -> tuple[Ints, Ints]:
    """Number the members of each group from 0, by kind and then in their order; also give the size of each one's group."""
    import numpy as np

    order = np.argsort(groups, kind="stable") if kinds is None else np.lexsort((kinds, groups))
    ascending = groups[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
    sizes = np.diff(np.r_[starts, len(groups)])
    rank, count = np.empty(len(groups), np.int64), np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    count[order] = np.repeat(sizes, sizes)
    return rank, count


def _fits(ticks: Sequence[tuple[float, str]], columns: int) -> bool:
    """Say whether all labels have room, each below its place."""
    end = -1
    for share, text in ticks:
        start = max(0, min(columns - len(text), column_of(share, columns) - len(text) // 2))
        if start <= end:
            return False
        end = start + len(text)
    return True


def _beside_ring(across: float, name: str) -> float:
    """Say how far from the middle of a ring a name stands in a file: behind it, or before it at the right edge."""
    return _RING_SHARE if across <= _RIGHT_SHARE else -2 * _RING_SHARE - _LETTER_SHARE * (len(name) + 1)
