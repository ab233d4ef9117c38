"""A table whose rows have names, cells in columns, and marks: that of runs, and that of artifacts.

Only rows in sight are read and drawn, so 100,000 rows are as fast as 100.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from rich.cells import cell_len
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from artui.query.runs.sorting import NEWEST_FIRST
from artui.safetext import clean
from artui.tui.cells import (
    CURSOR,
    GLYPHS,
    MARK,
    Palette,
    Shape,
    Span,
    fit,
    fit_middle,
    keeps_end,
    strip_of,
)
from artui.tui.widgets.groupcells import (
    GAP,
    MEDIAN,
    SHARES,
    SHORT,
    SPREAD_CELLS,
    WHOLE,
    behind_cells,
    behind_form,
    extreme_of,
    group_id,
)
from artui.tui.widgets.moving import MovesByLines
from artui.tui.widgets.tablelines import Hidden, TableLines, View, sort_arrow
from artui.units import DIGITS, count_text, decimals_of, digits_for, number_text, param_text, plural

if TYPE_CHECKING:
    from artui.query.runs.grouping import Group
    from artui.tui.widgets.grouplabels import Labels

AHEAD_ROWS = 96
"""Rows read beyond those in sight, in both directions."""
KEPT_ROWS = 800
_GROUP_CELLS = 64
_COMPARED_NAMES = 200
_LEADING_COLUMNS = 3
"""A metric among so many first columns leads the rows."""
_PINNED_EDGE = "│"
_WIDE_CELLS = 110
"""On a narrower screen the names of groups by several columns take up to half of it."""
_LEAST_PARAMS = 2
"""The title of a column is rather cut than that fewer params are in sight at first."""
_MOST_LABEL_CELLS = 80
"""The column of groups takes so many cells at most where there is room."""
_COMPARED_GROUPS = 500
"""Of more groups the labels are cut without a look at the others."""
_HEAD_SPANS = 5
"""Spans of a row up to its name: mark, cursor, status, space, name; those of a group have its size, too."""


def _spread_title(shape: Shape, arrow: str, *, is_median: bool) -> str:
    """Say what the numbers of a group are: its smallest or largest value and mean, which may order the groups, and deviation; or the median."""
    if not shape.spread or shape.form == SHARES:
        return ""
    mean = MEDIAN if is_median else f"mean{arrow}" + " ± sd" * (shape.form in (WHOLE, SHORT))
    title = f" {shape.extreme}, {mean}"
    return title if len(title) <= shape.behind + 1 else f" {mean}"


def _with_edge(spans: list[Span]) -> list[Span]:
    """Draw a line in the gap that cells begin with."""
    (text, style), *rest = spans
    return [(_PINNED_EDGE, "frame"), (text[1:], style), *rest]


def _without_spread(shape: Shape) -> Shape:
    """Give a column the room that its title takes with the word that says what the number of a group is."""
    if shape.is_fixed:
        return shape._replace(spark=0, spread=0)
    title = f"{shape.title} {shape.extreme}"
    # The arrow is one cell.
    return shape._replace(title=title, width=max(shape.width, cell_len(title) + 1), spark=0, spread=0)


class Named(Protocol):
    """What a row is about."""

    @property
    def id(self) -> str:
        """Its id in the catalog."""

    @property
    def name(self) -> str:
        """What stands in the first column."""


class Row(Protocol):
    """One row, as the table sees it."""

    @property
    def head(self) -> Named:
        """What it is about."""

    @property
    def cells(self) -> Mapping[str, Any]:
        """Values by column id; of a column that was read, missing means there is none."""

    @property
    def read(self) -> frozenset[str]:
        """What was read, as `View.needed` names it."""


R = TypeVar("R", bound=Row)


class Table(MovesByLines, ScrollView, Generic[R], can_focus=True):
    """Rows by key; the screen brings what is missing. Subclasses say what stands in the cells of a row, and bind the keys of lists."""

    DEFAULT_CSS = "Table { scrollbar-size: 0 0; overflow-x: hidden; overflow-y: auto; width: 1fr; }"
    NAMED: ClassVar[str] = ""
    """The title of the first column."""
    NAME_CELLS: ClassVar[tuple[int, int]] = (14, 26)
    """Fewest and most cells of the first column."""
    NAME_SHARE: ClassVar[int] = 4
    """It takes at most one in so many cells of the table."""
    SAYS_MORE: bool = False
    """Whether the last row says how many lines are out of sight, as long as any are."""
    DIMS_FEW: ClassVar[bool] = True
    """Whether groups of few rows are dim: their numbers say little."""

    class RowsWanted(Message):
        """Cells of these rows are not known yet."""

        def __init__(self, keys: list[int]) -> None:
            super().__init__()
            self.keys = keys

    class Moved(Message):
        """The cursor is on another line."""

    class Resized(Message):
        """There is room for more columns, or for fewer."""

    class Opened(Message):
        """What is under the cursor is to be opened."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.lines = TableLines()
        self.cursor = 0
        self.is_placed = False
        """Whether the user has put the cursor there, or done something with its run."""
        self.column = 0
        """The current column: 0 is the name, then `view.shapes`."""
        self.marked: frozenset[int] = frozenset()
        self.view = View((), (NEWEST_FIRST,))
        self._needed = self.view.needed
        """What must have been read of a row in sight."""
        self.now_ms = 0
        self._rows: dict[int, R] = {}
        self._wanted: set[int] = set()
        self._first_shape = 0
        self._name_cells = self.NAME_CELLS[1]
        self._shapes: tuple[Shape, ...] = ()
        """The view's shapes, with more room for titles that would be cut if there is any."""
        self._long_names: set[str] = set()
        """A sample of the names that may have to be cut: it decides which end is kept."""
        self._numbers: dict[str, tuple[int, int]] = {}
        """Significant digits and decimals of each metric column, by its id: they only grow while the same runs are shown."""
        self._courses: set[str] | None = None
        """Ids of the columns of which some run has a course to draw, None before any run has been read: they only grow while the same runs are shown."""
        self._has_old_courses = True
        """Whether other runs are shown than those that these are of; until they have been read nothing moves."""
        self._heading_count = 0
        """How many names of columns the heading of groups has."""
        self._labels: dict[str, str] = {}
        """The names of groups, by their ids."""
        self._forms: tuple[Sequence[Group], dict[tuple[str, int], int]] = ((), {})
        """How much of means and deviations fits, by column and cells, and the groups of which that is known."""
        self._labelled: Sequence[Group] = ()
        """The groups that have these names."""
        self._labels_of: tuple[Labels, int, int] | None = None
        """What they were made of, for how many cells, and below how many names in the heading."""
        self._needed_cells = 0
        """Cells of the longest name so far."""
        self._keeps_end = False
        """Whether names are cut at the front."""

    # What subclasses say

    def sign_of(self, row: R) -> Span:
        """Give the sign before a name, one cell wide."""
        raise NotImplementedError

    def remark_of(self, row: R) -> str:
        """Give the sign behind the name that tells that somebody wrote something about it; empty for none."""
        return ""

    def cells_of(self, row: R, shape: Shape) -> list[Span]:
        """Draw what a row has in a column, with the gap before it."""
        raise NotImplementedError

    def group_cells(self, group: Group, shape: Shape) -> list[Span]:
        """Draw what the rows of a group have in a column, without a gap."""
        raise NotImplementedError

    def courses_of(self, row: R) -> Iterable[str]:
        """Name the columns of which a row has a course to draw, by their ids."""
        return ()

    def first_place(self) -> int:
        """Give the line that the cursor is on at first."""
        return 0

    # Its lines

    @property
    def keys(self) -> Sequence[int]:
        """The lines from the top: rows by their keys, groups as -1, -2…"""
        return self.lines.keys

    @property
    def groups(self) -> Sequence[Group]:
        """The groups of rows; empty while they are not grouped."""
        return self.lines.groups

    @property
    def key(self) -> int | None:
        """The row under the cursor; None on a group."""
        key = self.keys[self.cursor] if self.cursor < len(self.keys) else -1
        return key if key > 0 else None

    @property
    def group(self) -> Group | None:
        """The group under the cursor; None on a row."""
        return self.lines.group_at(self.keys[self.cursor]) if self.cursor < len(self.keys) else None

    @property
    def row(self) -> R | None:
        """What is in the row under the cursor; None on a group, or if it has not been read."""
        return self._rows.get(self.key) if self.key is not None else None

    def row_of(self, key: int) -> R | None:
        """Give a row by its key; None if it has not been read."""
        return self._rows.get(key)

    def key_of(self, id: str) -> int | None:
        """Give the key of a row by the id of what it is about; None if it has not been read."""
        return next((key for key, row in self._rows.items() if row.head.id == id), None)

    def set_lines(self, lines: TableLines, *, now_ms: int, to_first: bool = False) -> None:
        """Show other lines; the cursor stays on its row or group, and at its height on the screen if not all lines were in sight.

        With `to_first` it goes to the first one.
        """
        key, group, height = self.key, self.group, self.cursor - self.scroll_offset.y
        was_whole = len(self.lines.keys) <= self.page_rows
        self.lines = lines
        self.now_ms = now_ms
        self._long_names, self._needed_cells, self._keeps_end = set(), 0, False
        self._see_names(self._rows.values())
        self._size_name()
        self.virtual_size = Size(self.size.width, len(lines.keys) + 1 + self._note_rows)
        if to_first:
            self.cursor, self.is_placed = self.first_place(), False
            height = self.cursor
            self._numbers = {}
            self._has_old_courses = True
        else:
            self.cursor = self._place_of(key, group)
            if was_whole:
                # All lines were in sight, at the top: those above the cursor's are to be seen, too, as far as there is room.
                height = self.cursor if self.cursor < self.page_rows else self.page_rows // 2
        top = max(0, min(self.cursor - max(0, min(height, self.page_rows - 1)), len(self.keys) - self.page_rows))
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self._want()
        near = self._near()
        if self._has_old_courses and near and self._rows.keys() >= set(near) and self._see_courses({}):
            self._size_name()
        self.refresh()
        self.post_message(self.Moved())

    def _place_of(self, key: int | None, group: Group | None) -> int:
        """Give the place of a row or of a group; if it is no longer shown, the cursor's."""
        if key is None and group is not None:
            wanted = group_id(group)
            number = next((i for i, other in enumerate(self.groups) if group_id(other) == wanted), None)
            key = None if number is None else -number - 1
        if key is not None and key in self.keys:
            return self.keys.index(key)
        return max(0, min(self.cursor, len(self.keys) - 1))

    def set_marks(self, marked: frozenset[int]) -> None:
        """Mark these runs and no others."""
        changed = self.marked ^ marked
        self.marked = marked
        if not self.groups and len(changed) == 1:
            self._refresh_rows(changed)
        elif changed:
            self.refresh()

    def set_view(self, view: View) -> None:
        """Draw other columns, or another order."""
        # Rows keep their names; cells of new columns are empty until they have been read.
        if self._courses is not None:
            self._courses |= {shape.column.id for shape in view.shapes} - {
                shape.column.id for shape in self.view.shapes
            }
            self._has_old_courses = True
        before, self.view = self.view, view
        self._needed = view.needed
        self._numbers = {}
        self.column = self._place_in(view, before)
        self._size_name()
        self._show_column()
        self.refresh()

    def _place_in(self, view: View, before: View) -> int:
        """Give the place of the current column in another view: where it stands now, also in place of the names, else as far to the right."""
        if not self.column:
            return 0
        current = before.shapes[self.column - 1].column.id
        if current == view.label:
            return 0
        places = (place for place, shape in enumerate(view.shapes, 1) if shape.column.id == current)
        return next(places, min(self.column, len(view.shapes)))

    def put_rows(self, rows: Mapping[int, R]) -> None:
        """Take rows that have been read."""
        self._wanted.difference_update(rows)
        changed = {key for key, row in rows.items() if self._rows.get(key) != row}
        if len(self._rows) > KEPT_ROWS:
            near = set(self._near())
            self._rows = {key: row for key, row in self._rows.items() if key in near}
        self._rows.update(rows)
        if self._see_numbers():
            self.refresh()
        has_moved = self._see_courses(rows)
        if (self._see_names(rows[key] for key in changed) or has_moved) and self._size_name():
            self.refresh()
        else:
            self._refresh_rows(changed)
        # They may have been asked for before other columns were chosen.
        if not all(self._is_read(key) for key in rows):
            self._want()

    def _is_read(self, key: int) -> bool:
        """Say whether all that is shown of a row has been read."""
        row = self._rows.get(key)
        return row is not None and self._needed <= row.read

    def _refresh_rows(self, keys: Container[int]) -> None:
        """Draw some rows again, if they are in sight."""
        top = self.scroll_offset.y
        for index in range(top, min(top + self.page_rows, len(self.keys))):
            if self.keys[index] in keys:
                self.refresh_row(index)

    def forget_rows(self) -> None:
        """Read the rows in sight again; the old ones stay until then."""
        self._wanted = set()
        near = self._near()
        self._rows = {key: self._rows[key] for key in near if key in self._rows}
        self.post_message(self.RowsWanted(near))

    def _near(self) -> list[int]:
        top = self.scroll_offset.y
        return [key for key in self.keys[max(0, top - AHEAD_ROWS) : top + self.page_rows + AHEAD_ROWS] if key > 0]

    def _want(self) -> None:
        """Ask for rows in sight, and for those near them before they are needed."""
        top = self.scroll_offset.y
        if self._see_numbers():
            self.refresh()
        near = self.keys[max(0, top - AHEAD_ROWS // 2) : top + self.page_rows + AHEAD_ROWS // 2]
        if any(key > 0 and key not in self._wanted and not self._is_read(key) for key in near):
            missing = [key for key in self._near() if key not in self._wanted and not self._is_read(key)]
            self._wanted.update(missing)
            self.post_message(self.RowsWanted(missing))

    def on_resize(self) -> None:
        self.post_message(self.Resized())
        self.virtual_size = Size(self.size.width, len(self.keys) + 1 + self._note_rows)
        self._size_name()
        self._show_column()
        self._bring_into_view()
        self._want()

    def _see_numbers(self) -> bool:
        """Choose the digits that tell the metrics in sight apart; say whether more are shown than before."""
        if not self.size.width or len(self._shapes) != len(self.view.shapes):
            return False  # not laid out yet
        top, before = self.scroll_offset.y, dict(self._numbers)
        lines = self.keys[top : top + self.page_rows]
        for _, shape in self._visible_shapes():
            if shape.column.source == "param" and shape.column.is_numeric:
                self._numbers[shape.column.id] = DIGITS, self._param_decimals(shape, lines)
            if shape.column.source != "metric":
                continue
            values = [value for line in lines if (value := self._number_at(line, shape)) is not None]
            digits, decimals = self._numbers.get(shape.column.id, (DIGITS, 0))
            digits = digits_for(values, shape.width, digits)
            decimals = max([decimals, *(decimals_of(number_text(value, digits)) for value in values)])
            self._numbers[shape.column.id] = digits, decimals
        return self._numbers != before

    def _param_decimals(self, shape: Shape, lines: Sequence[int]) -> int:
        """Give the decimals for which numbers as they were typed leave room, so that their points are below each other; 0 where they have no room."""
        rows = (self._rows.get(line) for line in lines)
        values = [row.cells.get(shape.column.id) for row in rows if row is not None]
        texts = [
            param_text(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        finite = [text for text in texts if text[-1:].isdigit()]
        decimals = max([self._numbers.get(shape.column.id, (0, 0))[1], *map(decimals_of, finite)])
        whole = max((len(text.partition(".")[0]) for text in finite), default=0)
        has_room = whole + bool(decimals) + decimals <= shape.width
        return decimals if has_room and not any("e" in text for text in finite) else 0

    def _see_courses(self, rows: Mapping[int, R]) -> bool:
        """Note of which columns some run has a course to draw; say whether these are others than before."""
        before, kept = self._courses, set() if self._has_old_courses else self._courses or set()
        # Before the table is laid out no line is near.
        seen = {*self._near(), *rows} if self._has_old_courses else rows
        self._courses = kept | {
            column_id for key in seen if (row := self._rows.get(key)) is not None for column_id in self.courses_of(row)
        }
        self._has_old_courses = False
        return self._courses != before

    def _number_at(self, line: int, shape: Shape) -> float | None:
        """Give what a line shows of a metric: a run's value, or the smallest or largest of a group."""
        column_id = shape.column.id
        group = self.lines.group_at(line)
        if group is not None:
            spread = group.spreads.get(column_id)
            return None if spread is None else extreme_of(spread, shape)
        row = self._rows.get(line)
        value = row.cells.get(column_id) if row is not None else None
        return float(value) if isinstance(value, int | float) else None

    def _see_names(self, rows: Iterable[R]) -> bool:
        """Note the lengths of names; say whether that may change the width of their column, which never shrinks while scrolling."""
        is_long = False
        for row in rows:
            # Letters may be two cells wide.
            if 2 * len(row.head.name) > self.NAME_CELLS[0] - 2:
                name = clean(row.head.name, max_chars=200)
                cells = cell_len(name)
                if cells > self.NAME_CELLS[0] - 2:
                    is_long = is_long or cells > self._needed_cells
                    self._needed_cells = max(self._needed_cells, cells)
                    if len(self._long_names) < _COMPARED_NAMES and name not in self._long_names:
                        self._long_names.add(name)
                        is_long = True
        return is_long

    def _size_name(self) -> bool:
        """Size the column of names, and give the rest to titles that are cut, then to names; say whether anything has moved."""
        before = self._name_cells, self._shapes, self._keeps_end
        self._shapes = tuple(
            shape if self._courses is None or shape.column.id in self._courses else shape._replace(spark=0)
            for shape in self.view.shapes
        )
        if not self.size.width:
            return False  # not laid out yet
        # The label of a group may take more room than a name.
        most, share = self._most_name_cells()
        indent = 2 if self.groups else 0
        most = max(self.NAME_CELLS[0], min(most, self.size.width // share))
        labels = self._label_cells(most) if self.groups else []
        wanted = max([self.NAME_CELLS[0], self._needed_cells + indent, *labels])
        self._name_cells = min(wanted, most)
        self._shapes = self._with_whole_title(self._shapes)
        first, self._first_shape = self._first_shape, 0
        shown = self._visible_shapes()
        self._first_shape = first
        free = self.size.width - 4 - self._name_cells - sum(len(GAP) + shape.cells for _, shape in shown)
        self._shapes, free = self._widened(dict(shown), free)
        self._name_cells += max(0, min(free, indent + self._needed_cells - self._name_cells))
        if self.groups and free > 0:
            # What the columns leave is for what tells groups apart.
            room = min(self._name_cells + free, _MOST_LABEL_CELLS)
            self._name_cells = max(self._name_cells, min(room, max(self._label_cells(room))))
            self._label_cells(self._name_cells)
        self._keeps_end = self._keeps_end or keeps_end(self._long_names, self._name_cells - indent)
        return before != (self._name_cells, self._shapes, self._keeps_end)

    def _most_name_cells(self) -> tuple[int, int]:
        """Say how many cells the first column has at most, and one in how many of the table."""
        if not self.groups:
            return self.NAME_CELLS[1], self.NAME_SHARE
        # Values of several columns take more room, as what tells groups apart, on a narrow screen up to the half.
        is_narrow = len(self.groups[0].by) > 1 and self.size.width < _WIDE_CELLS
        return _GROUP_CELLS, 2 if is_narrow else 3

    def _label_cells(self, most: int) -> list[int]:
        """Give the lengths of the heading and of the labels of groups, for a column of at most so many cells."""
        arrow = len(self._arrow("attribute:name"))
        self._heading_count = self.lines.labels.heading_count(most - arrow)
        heading = cell_len(self.lines.labels.heading(most - arrow)) + arrow
        texts = ("".join(self._group_label(group, most)) for group in self.groups[:_COMPARED_NAMES])
        return [heading, *map(cell_len, texts)]

    def _widened(self, shown: dict[int, Shape], free: int) -> tuple[tuple[Shape, ...], int]:
        """Give the free cells to columns whose titles are cut, then to spreads of groups, from the left, and say how many are left."""
        shapes = list(self._shapes)
        for number, shape in shown.items():
            missing = self._title_cells(shape) - (shape.width if shape.spread else shape.cells)
            if missing > 0 and free > 0 and not shape.is_fixed:
                added = min(missing, free)
                free -= added
                shapes[number] = shapes[number]._replace(width=shapes[number].width + added)
        for number, shape in shown.items():
            if shape.spread and free > 0:
                whole = behind_cells(self.groups[:_COMPARED_NAMES], shape.column.id, is_whole=True)
                added = max(0, min(whole - shape.spread, free))
                free -= added
                shapes[number] = shapes[number]._replace(spread=shape.spread + added)
        return tuple(shapes), free

    # Drawing

    @property
    def _note_rows(self) -> int:
        """One where the last row says how many lines are out of sight."""
        return int(self.SAYS_MORE and 2 < self.size.height <= len(self.keys))

    @property
    def page_rows(self) -> int:
        """Rows in sight."""
        return max(1, self.size.height - 1 - self._note_rows)

    def _note(self) -> list[Span]:
        top = round(self.scroll_offset.y)
        below = len(self.keys) - top - self.page_rows
        text = f"{plural(below, 'more line')} ↓" if below > 0 else f"{plural(top, 'more line')} ↑"
        return [(f"    {text}", "faint")]

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        width = self.size.width
        if y == 0:
            return strip_of(self._head(), width, palette)
        if self._note_rows and y == self.size.height - 1:
            return strip_of(self._note(), width, palette)
        index = y - 1 + self.scroll_offset.y
        if index >= len(self.keys):
            return strip_of((), width, palette)
        is_cursor = index == self.cursor
        spans = self._line(index, is_cursor)
        if not (is_cursor and self.has_focus):
            return strip_of(spans, width, palette)
        # The background ends with the name: a whole row of it would cost a slow link three times the bytes a key.
        cells = 4 + self._name_cells
        head_spans = _HEAD_SPANS + (self.keys[index] < 0)
        return Strip.join(
            [
                strip_of(spans[:head_spans], cells, palette, is_cursor=True),
                strip_of(spans[head_spans:], max(0, width - cells), palette),
            ]
        )

    def _head(self) -> list[Span]:
        is_current = self.column == 0
        name_room = self._name_cells - len(self._arrow(self.view.label))
        title = self.lines.labels.heading(name_room) if self.groups else self.NAMED
        spans: list[Span] = [
            ("    ", "head"),
            (
                self._titled(title, self.view.label, self._name_cells),
                "head.current" if is_current else "head",
            ),
        ]
        shown = self._visible_shapes()
        edge = self._pinned_edge(shown)
        for number, shape in shown:
            style = "head.current" if self.column == number + 1 else "head"
            # A long title continues above the sparkline, which has no title.
            is_long = self._title_cells(shape) > shape.width and not shape.spread
            text = self._titled(
                shape.title,
                shape.column.id,
                shape.cells if is_long else shape.width,
                right=shape.column.is_numeric and not (is_long and shape.behind),
                keep_end=shape.column.source != "attribute",
            )
            mean_arrow = self._arrow(shape.column.id, is_of_mean=True)
            spreads = (group.spreads.get(shape.column.id) for group in self.groups[:_COMPARED_NAMES])
            is_median = any(spread is not None and spread.median is not None for spread in spreads)
            behind = fit(_spread_title(shape, mean_arrow, is_median=is_median), shape.cells - cell_len(text))
            gap: list[Span] = [(GAP, "head")]
            spans += _with_edge(gap) if number == edge else gap
            spans += [(text, style), (behind, "head")]
        return spans

    def _titled(self, title: str, column_id: str, cells: int, *, right: bool = False, keep_end: bool = False) -> str:
        """Fit a title into so many cells; the arrow of a sorted column is never cut."""
        arrow = self._arrow(column_id)
        room = max(0, cells - len(arrow))
        text = fit_middle(title, room) if keep_end and cell_len(title) > room else fit(title, room, right=right)
        return text + arrow if right or not arrow else (text.rstrip() + arrow).ljust(cells)

    def _arrow(self, column_id: str, *, is_of_mean: bool = False) -> str:
        """Give the arrow of a sorted column, with its rank; empty for other columns, and where it stands at the mean instead."""
        arrow = ""
        if is_of_mean != (self.view.is_by_mean and column_id == self.view.sorts[0].column):
            return arrow
        for number, sort in enumerate(self.view.sorts):
            if sort.column == column_id:
                arrow = sort_arrow(sort)
                arrow += "¹²³⁴⁵⁶⁷⁸"[number] if len(self.view.sorts) > 1 else ""
        return arrow

    def _title_cells(self, shape: Shape) -> int:
        return cell_len(shape.title) + len(self._arrow(shape.column.id))

    def _line(self, index: int, is_cursor: bool) -> list[Span]:
        key = self.keys[index]
        if key < 0:
            return self._group_line(self.lines.groups[-key - 1], is_cursor)
        row = self._rows.get(key)
        is_marked = key in self.marked
        spans: list[Span] = [(MARK if is_marked else " ", "mark"), (CURSOR if is_cursor else " ", "accent")]
        if row is None:
            return [*spans, ("·", "frame"), (" ", "text"), (fit("…", self._name_cells), "frame")]
        head = row.head
        spans += [self.sign_of(row), (" ", "text")]
        indent = "  " if self.groups else ""
        spans.append(
            (
                indent + fit(clean(head.name, max_chars=200), self._name_cells - len(indent), keep_end=self._keeps_end),
                "mark" if is_marked else "bold" if is_cursor else "text",
            )
        )
        shown = self._visible_shapes()
        edge = self._pinned_edge(shown)
        for number, shape in shown:
            # What was not read yet is neither a value nor none.
            is_read = shape.column.id in row.read
            cells = self.cells_of(row, shape) if is_read else [(GAP, "text"), (fit(fit("…", shape.width, right=shape.column.is_numeric), shape.cells), "faint")]  # fmt: skip
            if number == shown[0][0] and number != edge and (remark := self.remark_of(row)):
                # It takes no room: it stands in the gap behind the name.
                (gap, gap_style), *cells = cells
                spans += [(remark, "accent"), (gap[1:], gap_style), *cells]
                continue
            spans += _with_edge(cells) if number == edge else cells
        return spans

    def _pinned_edge(self, shown: Sequence[tuple[int, Shape]]) -> int | None:
        """Give the number of the first column in sight that scrolls, if some before it do not."""
        pinned = self.view.pinned
        return next((number for number, _ in shown if number >= pinned), None) if pinned else None

    def _group_label(self, group: Group, cells: int) -> tuple[str, str]:
        """Give what the runs of a group have in common, and how many they are, in so many cells together."""
        count = _count_text(group)
        room = max(4, cells - len(count))
        if len(self.groups) > _COMPARED_GROUPS:
            return self.lines.labels.text(group, heading_count=self._heading_count, cells=room), count
        wanted = self.lines.labels, cells, self._heading_count
        if self._labelled is not self.groups or self._labels_of != wanted:
            rooms = [max(4, cells - len(_count_text(other))) for other in self.groups]
            texts = self.lines.labels.texts(self.groups, heading_count=self._heading_count, rooms=rooms)
            self._labels = {group_id(other): text for other, text in zip(self.groups, texts, strict=True)}
            self._labelled, self._labels_of = self.groups, wanted
        return self._labels[group_id(group)], count

    def _group_line(self, group: Group, is_cursor: bool) -> list[Span]:
        marked = sum(key in self.marked for key in group.keys) if self.marked else 0
        sign = MARK if marked == len(group.keys) else "◇" if marked else " "
        fold = "▾" if group_id(group) in self.lines.unfolded else "▸"
        label, count = self._group_label(group, self._name_cells)
        spans: list[Span] = [(sign, "mark"), (CURSOR if is_cursor else " ", "accent"), (fold, "accent"), (" ", "text")]
        is_dim = self.DIMS_FEW and group.is_thin
        spans += [(label, "text" if is_dim else "bold")]
        spans.append((fit(count, self._name_cells - cell_len(label)), "faint" if is_dim else "bold"))
        shown = self._visible_shapes()
        edge = self._pinned_edge(shown)
        for number, shape in shown:
            gap: list[Span] = [(GAP, "text")]
            spans += _with_edge(gap) if number == edge else gap
            spans += self.group_cells(group, shape)
        return spans

    def _visible_shapes(self) -> list[tuple[int, Shape]]:
        """Give the columns in sight, by number; the last one loses its sparkline and a part of its title if there is no room for them."""
        room = self.size.width - 4 - self._name_cells
        visible: list[tuple[int, Shape]] = []
        pinned = min(self.view.pinned, len(self.view.shapes))
        numbers = [*range(pinned), *range(max(pinned, self._first_shape), len(self.view.shapes))]
        for number in dict.fromkeys((*self._kept_numbers(numbers), *numbers)):
            shape = self._shapes[number]
            room -= len(GAP) + shape.width
            if shape.spread and room < 1 + shape.spread:
                # A mean without its deviation is worth less than another column.
                is_short = room > SPREAD_CELLS and self._form_of(shape, room - 1) in (WHOLE, SHORT)
                shape = shape._replace(spread=room - 1) if is_short else _without_spread(shape)
                room -= shape.width - self._shapes[number].width
            if room < 0 and visible:
                has_params = sum(other.column.source == "param" for _, other in visible) >= _LEAST_PARAMS
                if self._first_shape or has_params or not self._may_be_narrower(shape, shape.width + room):
                    break
                shape, room = shape._replace(width=shape.width + room), 0
            if shape.behind and room < 1 + shape.behind:
                shape = shape._replace(spark=0)
            if shape.column.id in self._numbers:
                digits, decimals = self._numbers[shape.column.id]
                shape = shape._replace(digits=digits, decimals=decimals)
            room -= shape.cells - shape.width
            if shape.spread:
                shape = shape._replace(form=self._form_of(shape, shape.behind))
            visible.append((number, shape))
        return sorted(visible, key=lambda pair: pair[0])

    def _form_of(self, shape: Shape, cells: int) -> int:
        """Say how much of the means and deviations of a column fits into so many cells in all groups."""
        groups, forms = self._forms
        if groups is not self.groups:
            self._forms = self.groups, (forms := {})
        wanted = shape.column.id, cells
        if wanted not in forms:
            forms[wanted] = behind_form(self.groups[:_COMPARED_NAMES], *wanted)
        return forms[wanted]

    def _may_be_narrower(self, shape: Shape, cells: int) -> bool:
        """Say whether so many cells do for the values of a column, so that only its title is cut."""
        return shape.column.source == "param" and not shape.is_fixed and 0 < shape.least <= cells

    def _kept_numbers(self, numbers: Sequence[int]) -> list[int]:
        """Give what is in sight wherever the table is scrolled to: what orders it, and of groups, if that is no metric, the first one.

        Of rows, the metric that leads them stays rather than what stands before it, as aliases do.
        """
        ordering = self._ordering_number()
        kept = [] if ordering is None else [ordering]
        if not self.groups and not any(self._is_metric(number) for number in kept):
            kept += [number for number in numbers[:_LEADING_COLUMNS] if self._is_metric(number)][:1]
        if self.groups and not any(self._shapes[number].spread for number in kept):
            kept += [number for number in numbers if self._shapes[number].spread][:1]
        return kept

    def _is_metric(self, number: int) -> bool:
        return self._shapes[number].column.source == "metric"

    def _ordering_number(self) -> int | None:
        """Give the number of the column that the table is sorted by; None if it is not shown."""
        if not self.view.sorts:
            return None
        ids = (shape.column.id for shape in self.view.shapes)
        return next((number for number, column_id in enumerate(ids) if column_id == self.view.sorts[0].column), None)

    def _with_whole_title(self, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Give the column that orders the groups room for its whole title, as far as there is any."""
        kept = self._ordering_number()
        if kept is None or not self.groups or shapes[kept].is_fixed:
            return shapes
        shape = shapes[kept]
        behind = shape.cells - shape.width
        free = self.size.width - 4 - self._name_cells - len(GAP) - behind
        width = max(shape.width, min(self._title_cells(shape), free))
        return (*shapes[:kept], shape._replace(width=width), *shapes[kept + 1 :])

    def _show_column(self) -> None:
        """Scroll sideways, column by column, until the current one is entirely in sight."""
        if self.column == 0:
            self._first_shape = 0
            return
        number = self.column - 1
        self._first_shape = min(self._first_shape, number)
        while self._first_shape < number and number not in [shown for shown, _ in self._visible_shapes()]:
            self._first_shape += 1

    @property
    def wanted_cells(self) -> int:
        """How wide the table would be with nothing cut."""
        indent = 2 if self.groups else 0
        # The text of a group may be longer than a name.
        labels = [cell_len(clean(str(group.values[0]))) + cell_len(_count_text(group)) for group in self.groups]
        name = max([self.NAME_CELLS[0], indent + self._needed_cells, *labels])
        return 4 + min(name, self.NAME_CELLS[1]) + sum(len(GAP) + shape.cells for shape in self.view.shapes)

    @property
    def spread_ids(self) -> frozenset[str]:
        """Ids of the columns in sight that show mean and spread of groups."""
        return frozenset(shape.column.id for _, shape in self._visible_shapes() if shape.spread)

    @property
    def hidden_columns(self) -> Hidden:
        """How many columns lie beyond the edges."""
        shown = {number for number, _ in self._visible_shapes()}
        if not shown:
            return Hidden()
        hidden = [number for number in range(len(self.view.shapes)) if number not in shown]
        left = sum(number < self._first_shape for number in hidden)
        return Hidden(left, len(hidden) - left)

    # Moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row."""
        index = max(0, min(index, len(self.keys) - 1))
        if index == self.cursor or not self.keys:
            return
        before, self.cursor, self.is_placed = self.cursor, index, True
        if not self._bring_into_view():
            for row in (before, index):
                self.refresh(Region(0, row - self.scroll_offset.y + 1, self.size.width, 1))
        self.post_message(self.Moved())

    def _bring_into_view(self) -> bool:
        top = self.scroll_offset.y
        if self.cursor < top:
            target = self.cursor
        elif self.cursor >= top + self.page_rows:
            target = self.cursor - self.page_rows + 1
        else:
            return False
        self.scroll_to(y=target, animate=False, force=True, immediate=True)
        self._want()
        return True

    def refresh_row(self, index: int) -> None:
        """Draw one row again."""
        self.refresh(Region(0, index - self.scroll_offset.y + 1, self.size.width, 1))

    def move_column(self, change: int) -> None:
        """Make another column the current one."""
        column = max(0, min(self.column + change, len(self.view.shapes)))
        if column != self.column:
            first, self.column = self._first_shape, column
            self._show_column()
            self.refresh() if self._first_shape != first else self.refresh(Region(0, 0, self.size.width, 1))

    @property
    def column_id(self) -> str:
        """The id of the current column."""
        return self.view.label if self.column == 0 else self.view.shapes[self.column - 1].column.id

    def step(self, change: int) -> None:
        """Move the cursor by so many rows."""
        self.move_to(self.cursor + change)

    def action_jump_first(self) -> None:
        self.move_to(0)

    def action_jump_last(self) -> None:
        self.move_to(len(self.keys) - 1)

    async def on_click(self, event: events.Click) -> None:
        self.focus()
        if event.y == 0:
            if self._click_head(event.x):
                await self.run_action("screen.sort")
            return
        index = event.y - 1 + self.scroll_offset.y
        if index == self.cursor and self.keys:
            self.post_message(self.Opened())
        elif index < len(self.keys):
            self.move_to(index)

    def _click_head(self, x: int) -> bool:
        """Make the column whose title was clicked the current one; false if there is no title."""
        used = 4 + self._name_cells
        if x < used:
            self.move_column(-self.column)
            return True
        for number, shape in self._visible_shapes():
            if used <= x < used + len(GAP) + shape.cells:
                self.move_column(number + 1 - self.column)
                return True
            used += len(GAP) + shape.cells
        return False

    def on_focus(self) -> None:
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        self.refresh_row(self.cursor)


def _count_text(group: Group) -> str:
    failed = f", {count_text(group.failed)} {GLYPHS['failed']}" if group.failed else ""
    return f" ({count_text(len(group.keys))}{failed})"
