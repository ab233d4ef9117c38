"""Runs or versions side by side, as columns; runs as lines, too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from artui.query.compare import same_value
from artui.query.names import told_apart
from artui.safetext import clean
from artui.tui.cells import (
    MARK,
    Span,
    Spans,
    fit,
    fit_apart,
    fit_middle,
    fit_values,
    glyph_of,
    keeps_end,
    length_of,
    strip_of,
)
from artui.tui.colouring import colour_at, mark_of
from artui.tui.messages import LineMoved
from artui.tui.widgets.lines import Line, LineList
from artui.units import COMPARED_TEXTS, delta_text, number_texts, param_text, param_texts

if TYPE_CHECKING:
    from artui.model import RunHead
    from artui.query.compare import Row, Rows

LABEL_CELLS = (12, 30)
FEW_RUNS = 3
"""Beside more runs than these the labels take a quarter of the screen, not a third."""
MAX_NAME_CELLS, TIGHT_NAME_CELLS = 26, 10
"""The most cells of a column for the sake of a run's name; with little room so many are left of the name itself."""
_GAP_CELLS = 2
"""Between a column and the next."""
MAX_TEXT_CELLS, TIGHT_TEXT_CELLS = 44, 14
"""The same for the sake of a long text."""
_VALUE_CELLS = 9
_BEST, _EQUAL = "best", "="
_SIGN_CELLS = 6
"""Behind the name of a run: its status, its mark, and whether it is the baseline."""
_NOTHING = "  nothing differs: these runs have the same params, inputs and results"


class Side(NamedTuple):
    """What a column is about."""

    id: str
    key: int
    name: str
    sign: Span | None
    """What stands behind its name; None for nothing."""
    mark: Span
    """What stands before its name, two cells wide."""


def sides_of_runs(heads: Iterable[RunHead], numbers: Mapping[str, int]) -> list[Side]:
    """Give the columns of runs, under names that differ, with the colours and marks that they have by their ids.

    A run that finished has no sign, as the sign of its curve may be the same.
    """
    sides = []
    for head in told_apart(heads):
        sign = None if head.status == "finished" and not head.damaged else glyph_of(head, before=" ")
        number = numbers.get(head.id, 0)
        mark = mark_of(number) + " ", f"curve{colour_at(number)}"
        sides.append(Side(head.id, head.key, head.name, sign, mark))
    return sides


class CompareTable(LineList):
    """Runs or versions as columns; the labels of the rows stay while columns move sideways."""

    HEAD_ROWS = 1

    def __init__(self) -> None:
        super().__init__(id="comparison")
        self.nothing = _NOTHING
        """Said where no row is shown."""
        self.rows: list[Row | None] = []
        """The row of each line; None for headings and for what stands below a row."""
        self._shown: Sequence[tuple[str, Row]] = ()
        """The rows, each with the title above it."""
        self._marks_others = True
        """Whether what differs from the baseline has a style of its own."""
        self.heads: Sequence[Side] = ()
        self.marked: frozenset[int] = frozenset()
        """Keys of the marked runs."""
        self.column = 0
        self.baseline = 0
        self.first_column = 0
        self.label_cells = LABEL_CELLS[0]
        self.widths: list[int] = []
        """Cells of each column."""
        self.wanted_cells = 0
        """With so many nothing is cut but very long texts."""
        self.are_deltas_below = False
        """Whether metrics say below their values, not behind them, how far they are from the baseline."""
        self._above: dict[int, Row] = {}
        """By each line below a row that says how far its values are from the baseline, the row."""
        self._cut_names: list[str] = []
        self._every: Sequence[Row] = ()
        """All rows: widths are those that they ask for, so that columns stay where they are when some are hidden."""
        self._texts: dict[int, list[str]] = {}
        """By identity of each row, what its values read as."""

    def show(self, comparison: Rows, sides: Sequence[Side], *, only_differences: bool) -> None:
        """Show a comparison; the cursor stays on its row."""
        self.heads = sides
        self._marks_others = not (only_differences and len(sides) == 2)
        self._shown = comparison.titled(only_differences=only_differences)
        self._every = comparison.rows
        self._texts = {id(row): _texts_of(row) for row in self._every}
        names = [row.name for row in self._every]
        share = 3 if len(self.heads) <= FEW_RUNS else 4
        # By the screen, as charts may stand beside the table.
        self.label_cells = max(
            LABEL_CELLS[0],
            min(LABEL_CELLS[1], max((len(name) for name in names), default=0) + 3, self.screen.size.width // share),
        )
        self._lay_out()

    def on_resize(self) -> None:
        """Share the new room."""
        if self._shown:
            self._lay_out()

    def _lay_out(self) -> None:
        """Share the room among the columns, and put the rows into lines; the cursor stays on its row."""
        before = self.row
        self._fit()
        self._cut_names = self._names()
        lines: list[Line] = [Line([])]
        self.rows = [None]
        self._above = {}
        for title, row in self._shown:
            if title:
                lines.append(Line([(f" {title}", "dim")]))
                self.rows.append(None)
            lines.append(Line([]))
            self.rows.append(row)
            if self.are_deltas_below and any(
                _behind_value(row, number, self.baseline) for number in range(len(self.heads))
            ):
                self._above[len(lines)] = row
                lines.append(Line([]))
                self.rows.append(None)
        if len(lines) == 1:
            lines.append(Line([(self.nothing, "dim")]))
            self.rows.append(None)
        self.set_lines(lines)
        place = next(
            (
                i
                for i, row in enumerate(self.rows)
                if before is not None and row is not None and (row.section, row.name) == (before.section, before.name)
            ),
            None,
        )
        if place is None:
            place = next((i for i, row in enumerate(self.rows) if row is not None), 0)
        self.cursor = place
        self._bring_into_view()
        self._show_column()
        self.refresh()

    def show_marks(self, marked: frozenset[int]) -> None:
        """Show which runs are marked."""
        if marked != self.marked:
            self.marked = marked
            if self._shown:
                self._lay_out()

    def set_baseline(self, column: int) -> None:
        """Hold the other runs against this one."""
        self.baseline = column
        self._lay_out()

    @property
    def row(self) -> Row | None:
        """The row under the cursor; None on a heading."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def _room(self) -> int:
        # Before it was laid out it is as wide as the screen.
        return max(1, (self.size.width or self.screen.size.width) - self.label_cells)

    def _fit(self) -> None:
        """Give columns the width that what is in them takes; if not all fit, differences from the baseline go below the values."""
        every = [(row, self._texts[id(row)]) for row in self._every]
        share = max(TIGHT_NAME_CELLS, self._room // max(1, len(self.heads)))
        runs, has_marks = range(len(self.heads)), bool(self.marked)
        # The same for all columns, so that they stay where they are when another run becomes the baseline.
        measured = max((len(_behind_value(row, number, self.baseline)) for row, _ in every for number in runs), default=0)  # fmt: skip
        needs = [_needs(head, number, every, share, measured, has_marks) for number, head in enumerate(self.heads)]
        levels = [[need.whole for need in needs], [need.short for need in needs], [need.tight for need in needs]]
        fitting = next((place for place, cells in enumerate(levels) if sum(cells) <= self._room), len(levels) - 1)
        self.are_deltas_below = fitting == len(levels) - 1
        least = levels[fitting]
        self.widths = _widened(least, [need.wanted for need in needs], self._room)
        self.wanted_cells = self.label_cells + sum(need.wanted for need in needs)

    def _columns_from(self, first: int) -> range:
        """Give the columns in sight if this is the first of them."""
        room, last = self._room, first
        while last < len(self.widths) and (room := room - self.widths[last]) >= 0:
            last += 1
        return range(first, max(last, min(first + 1, len(self.widths))))

    @property
    def _shown_columns(self) -> range:
        return self._columns_from(self.first_column)

    def _show_column(self) -> None:
        count = len(self.heads)
        self.column = max(0, min(self.column, count - 1))
        first = max(0, min(self.first_column, self.column))
        while first < self.column and self.column not in self._columns_from(first):
            first += 1
        # At the end no room stays empty.
        while first > 0 and self._columns_from(first - 1).stop == count:
            first -= 1
        self.first_column = first

    def move_column(self, change: int) -> None:
        """Make another run the current one."""
        self.column = max(0, min(self.column + change, len(self.heads) - 1))
        self._show_column()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Make the run under the pointer the current one, and its row; where both are current already, open the run."""
        event.prevent_default()
        self.focus()
        before, index = (self.column, self.cursor), event.y + int(self.scroll_offset.y)
        place, end = -1, self.label_cells
        for number in self._shown_columns:
            if end <= event.x < (end := end + self.widths[number]):
                place = number
        if place >= 0:
            self.move_column(place - self.column)
        if event.y and index < len(self.rows) and (place_of_row := self._row_at(index)) is not None:
            self.move_to(place_of_row)
        if before == (self.column, self.cursor) and place >= 0 and event.y:
            self.choose()
        else:
            self.post_message(LineMoved(self, self.cursor, None))

    def render_line(self, y: int) -> Strip:
        # The names of the runs stay at the top.
        if y == 0:
            return strip_of(self._heads(), self.size.width, self._palette)
        return super().render_line(y)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, past headings."""
        index = max(0, min(index, len(self.rows) - 1))
        ahead, back = range(index, len(self.rows)), range(index, -1, -1)
        ways = (*ahead, *back) if index >= self.cursor else (*back, *ahead)
        place = next((place for place in ways if self.rows[place] is not None), None)
        if place is not None:
            super().move_to(place)
            if self._has_below(place) and not self._is_in_sight(place + 1):
                self.scroll_to(y=place + 2 - self.size.height, animate=False, force=True, immediate=True)
            if self.rows[: self.cursor].count(None) == self.cursor:
                self.scroll_to(y=0, animate=False, force=True, immediate=True)
            self.refresh(Region(0, 0, self.size.width, 1))

    @property
    def hidden_count(self) -> int:
        """How many runs are out of sight."""
        return len(self.heads) - len(self._shown_columns)

    @property
    def hidden_best(self) -> int | None:
        """The run that is best in the current row, if none that is as good is in sight."""
        bests = self.row.bests if self.row is not None else ()
        return None if set(bests) & set(self._shown_columns) else min(bests, default=None)

    @property
    def has_cut(self) -> bool:
        """Whether the current row, or a name above it, is cut."""
        return any("…" in text for text, _ in (*self._heads(), *self.draw_line(self.cursor, self.size.width)))

    def _has_below(self, index: int) -> bool:
        """Say whether a line has another below it that belongs to it: how far its values are from the baseline."""
        return index + 1 in self._above

    def _row_at(self, index: int) -> int | None:
        """Give the line of the row that a line belongs to; None on a heading."""
        if self.rows[index] is not None:
            return index
        return index - 1 if index in self._above else None

    def next_difference(self, change: int) -> bool:
        """Go to the next row that differs; false if there is none in this direction."""
        index = self.cursor + change
        while 0 <= index < len(self.rows):
            row = self.rows[index]
            if row is not None and row.differs:
                self.move_to(index)
                return True
            index += change
        return False

    def _heads(self) -> Spans:
        spans: list[Span] = [(" " * self.label_cells, "text")]
        for number in self._shown_columns:
            head = self.heads[number]
            style = "title" if number == self.column else "bold"
            behind, room, name = self._behind(number), self._name_room(number), self._cut_names[number]
            spans += [head.mark, (name, style), *behind]
            spans.append((" " * (room - cell_len(name) + _GAP_CELLS), "text"))
        return spans

    def _behind(self, number: int) -> list[Span]:
        """Give what stands behind the name of a run."""
        head = self.heads[number]
        spans = _state_spans(head, is_marked=head.key in self.marked)
        return [*spans, (" ▾", "accent")] if number == self.baseline else spans

    def _name_room(self, number: int) -> int:
        return max(1, self.widths[number] - 2 - _GAP_CELLS - length_of(self._behind(number)))

    def _names(self) -> list[str]:
        """Cut the names to the widths of their columns; those that would look alike, so that they do not."""
        names = [clean(head.name) for head in self.heads]
        rooms = [self._name_room(number) for number in range(len(names))]
        cut = [fit_middle(name, room).rstrip() for name, room in zip(names, rooms, strict=True)]
        if len(set(cut)) == len(cut):
            return cut
        return [text.rstrip() for text in fit_apart(names, min(rooms))]

    def draw_line(self, index: int, width: int) -> Spans:
        """Give the label and the values of one row, or a heading."""
        row = self.rows[index]
        if row is None:
            above = self._above.get(index)
            return self._deltas_line(above) if above is not None else self.lines[index].spans
        label_style = "text" if row.differs else "dim"
        spans: list[Span] = [
            ("  ", "text"),
            (fit(clean(row.name), self.label_cells - 3, keep_end=True) + " ", label_style),
        ]
        for number in self._shown_columns:
            spans += _cell(
                row,
                number,
                self._texts[id(row)],
                self.baseline,
                self.widths[number],
                has_delta=not self.are_deltas_below,
                marks_others=self._marks_others,
            )
        return spans

    def _deltas_line(self, row: Row) -> Spans:
        """Give what stands below the values of a metric: how far they are from the baseline, and which is best."""
        # The sign stands before the value above, so that the digits stand below its digits.
        spans: list[Span] = [(" " * (self.label_cells - 1), "text")]
        for number in self._shown_columns:
            cells = self.widths[number]
            text = _behind_value(row, number, self.baseline) or _equal(row, number, self.baseline)
            text = f" {text}" if text in (_BEST, _EQUAL) else text
            spans.append((fit(text, cells), "best" if number in row.bests else "dim"))
        return spans


def _state_spans(head: Side, *, is_marked: bool) -> list[Span]:
    """Give what stands behind the name of a column: its sign, and whether it is marked."""
    spans = [] if head.sign is None else [head.sign]
    return [*spans, (f" {MARK}", "mark")] if is_marked else spans


class _Needs(NamedTuple):
    """Cells that a column takes."""

    whole: int
    """With the run's name and all about its metrics."""
    short: int
    """With less of its long texts."""
    tight: int
    """With them below the values."""
    wanted: int
    """With its long texts, too, and a gap."""


def _needs(
    head: Side, number: int, rows: Sequence[tuple[Row, Sequence[str]]], share: int, measured: int, has_marks: bool
) -> _Needs:
    """Measure what a column takes.

    Args:
        share: its share of the room.
        measured: cells of what stands behind a metric's value, or below it.
        has_marks: whether some runs are marked: any may be.
    """
    # Any run may be the baseline.
    signs = 2 + _GAP_CELLS + length_of(_state_spans(head, is_marked=has_marks)) + 2
    name = cell_len(clean(head.name)) + signs
    texts = (_plain_text(row, number, texts) for row, texts in rows if not _is_measured(row, number))
    text = max(map(cell_len, texts), default=-1) + 1
    whole = _VALUE_CELLS + (1 + measured if measured else 0) + _GAP_CELLS
    tight = max(_VALUE_CELLS, measured) + _GAP_CELLS
    tight_name = min(name, max(share, TIGHT_NAME_CELLS + signs))
    name, tight_text = min(name, MAX_NAME_CELLS), min(text, TIGHT_TEXT_CELLS)
    return _Needs(
        max(name, whole, min(text, MAX_NAME_CELLS)),
        max(name, whole, tight_text),
        max(tight_name, tight, tight_text),
        max(name, whole, min(text, MAX_TEXT_CELLS)) + 2,
    )


def _widened(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """Share the room that is left among the columns that want more, a cell at a time."""
    widths = list(least)
    left = room - sum(widths)
    while left > 0 and (wanting := [place for place, cells in enumerate(widths) if cells < wanted[place]]):
        for place in wanting[:left]:
            widths[place] += 1
        left -= len(wanting[:left])
    return widths


def _texts_of(row: Row) -> list[str]:
    """Write the values of all runs as numbers, durations or params are, so that they can be told apart."""
    if (write := _writer_of(row)) is not None:
        return list(write([value if isinstance(value, int) else None for value in row.values]))
    if row.is_measured:
        return number_texts(row.values, _VALUE_CELLS)
    return [clean(text) for text in param_texts(row.values)]


def _writer_of(row: Row) -> Callable[[Sequence[int | None]], Sequence[str]] | None:
    return COMPARED_TEXTS.get((row.section, row.name))


def _is_measured(row: Row, number: int) -> bool:
    return row.is_measured and isinstance(row.values[number], int | float)


def _delta(row: Row, number: int, baseline: int) -> str:
    """Say how far a metric is from the baseline's, and whether it is best; empty where that is no number."""
    value, base = row.values[number], row.values[baseline]
    if number == baseline or not isinstance(value, int | float) or not isinstance(base, int | float):
        return ""
    difference = float(value) - float(base)
    if not math.isfinite(difference) or not difference:
        return ""
    delta = delta_text(value, base)
    return f"{delta} {_BEST}" if number in row.bests else delta


def _equal(row: Row, number: int, baseline: int) -> str:
    """Give the sign of a metric that is as it is in the baseline, so that nothing seems to be missing."""
    is_equal = number != baseline and _is_measured(row, number) and row.values[number] == row.values[baseline]
    return _EQUAL if is_equal else ""


def _behind_value(row: Row, number: int, baseline: int) -> str:
    """Give what stands behind a metric's value, or below it; empty where there is nothing to say."""
    if not _is_measured(row, number):
        return ""
    return _delta(row, number, baseline) or (_BEST if number in row.bests else "")


def _cell(
    row: Row, number: int, texts: Sequence[str], baseline: int, cells: int, *, has_delta: bool, marks_others: bool
) -> list[Span]:
    value = row.values[number]
    if value is None:
        return [(fit("·", cells), "frame")]
    style = _style(row, number, baseline, marks_others=marks_others)
    if _writer_of(row) is not None or not row.is_measured or not isinstance(value, int | float):
        # Texts that begin alike are cut at the front.
        is_end = row.differs and keeps_end(texts, cells - 1)
        if is_end:
            return [(fit(texts[number], cells - 1, keep_end=True) + " ", style)]
        return [(_cut_values(tuple(texts), cells - 1)[number] + " ", style)]
    text = fit(texts[number], _VALUE_CELLS)
    # Nothing is said by colour alone: what is best is said behind the value, or below it.
    spans: list[Span] = [(text, style)]
    if not has_delta:
        return [*spans, (" " * (cells - _VALUE_CELLS), "text")]
    behind = _behind_value(row, number, baseline)
    return [*spans, (" " + fit(behind, cells - _VALUE_CELLS - 1), "best" if number in row.bests else "dim")]


@lru_cache(maxsize=1024)
def _cut_values(texts: tuple[str, ...], cells: int) -> list[str]:
    """Cut the texts of a row, which is drawn again with each key."""
    return fit_values(texts, cells)


class TransposedTable(LineList):
    """Runs as lines; their names stay while columns move sideways."""

    HEAD_ROWS = 1

    def __init__(self) -> None:
        super().__init__(id="transposed", classes="hidden")
        self.rows: list[Row | None] = []
        """The row of the comparison behind each column."""
        self.heads: Sequence[Side] = ()
        self.marked: frozenset[int] = frozenset()
        """Keys of the marked runs."""
        self.baseline = 0
        self.place = 0
        """The current column."""
        self._first = 0
        self._widths: list[int] = []
        self._name_cells = 16
        self._cut_names: list[str] = []
        self._texts: list[list[str]] = []
        """What stands in each column, by run."""
        self._deltas: list[list[str]] = []
        """What stands below it."""
        self._marks_others = True
        self._stride = 1
        """Lines of each run: two where there is room to say below its metrics how far they are from the baseline."""

    def show(self, comparison: Rows, sides: Sequence[Side], *, only_differences: bool) -> None:
        """Show a comparison; the current column stays."""
        before = self.row
        self.heads = sides
        self._marks_others = not (only_differences and len(sides) == 2)
        column = self.column
        self.rows = [row for row in comparison.rows if row.differs or not only_differences]
        self._name_cells = max(12, min(28, max((len(head.name) for head in self.heads), default=12) - 1 + _SIGN_CELLS))
        # Room for the status, a mark and the sign of the baseline.
        self._cut_names = fit_apart([clean(head.name) for head in self.heads], self._name_cells + 1 - _SIGN_CELLS)
        self._measure()
        self.place = next(
            (
                i
                for i, row in enumerate(self.rows)
                if before is not None and row is not None and (row.section, row.name) == (before.section, before.name)
            ),
            min(self.place, max(0, len(self.rows) - 1)),
        )
        self._set_lines()
        self.column = column
        self._show_place()
        self.refresh()

    def _measure(self) -> None:
        """Write what stands in the columns, and choose their widths."""
        self._widths, self._texts, self._deltas = [], [], []
        runs = range(len(self.heads))
        for row in self.rows:
            assert row is not None
            written = _texts_of(row)
            texts = [_plain_text(row, number, written) + self._best_text(row, number) for number in runs]
            behind = len(self._best_text(row, 0))
            deltas = [self._delta_text(row, number) + " " * behind for number in runs]
            self._texts.append(texts)
            self._deltas.append(deltas)
            self._widths.append(max(6, min(18 + behind, max(len(row.name) + behind, *map(len, (*texts, *deltas))))))
        has_deltas = any(text.strip() for texts in self._deltas for text in texts)
        # Charts have at least two fifths of the screen.
        self._stride = 2 if has_deltas and 2 + 2 * len(self.heads) <= (self.screen.size.height - 3) * 3 // 5 else 1

    def _set_lines(self) -> None:
        """Make a line for the titles, and those of each run; the last one's may have nothing below it."""
        lines = [Line([]) for _ in range(1 + self._stride * len(self.heads))]
        self.set_lines(lines if self.rows else [Line([]), Line([(_NOTHING, "dim")])])

    def _delta_text(self, row: Row, number: int) -> str:
        """Say how far a metric is from the baseline's; which is best stands behind the value."""
        text = _delta(row, number, self.baseline) if _is_measured(row, number) else ""
        return text.removesuffix(f" {_BEST}") or _equal(row, number, self.baseline)

    def set_baseline(self, column: int) -> None:
        """Hold the other runs against this one."""
        current, self.baseline = self.column, column
        self._measure()
        self._set_lines()
        self.column = current
        self._show_place()
        self.refresh()

    def show_marks(self, marked: frozenset[int]) -> None:
        """Show which runs are marked."""
        self.marked = marked
        self.refresh()

    @property
    def row(self) -> Row | None:
        """The row of the comparison behind the current column."""
        return self.rows[self.place] if self.place < len(self.rows) else None

    @property
    def column(self) -> int:
        """The current run."""
        return max(0, min((self.cursor - 1) // self._stride, len(self.heads) - 1))

    @column.setter
    def column(self, number: int) -> None:
        self.move_to(number * self._stride + 1)

    @property
    def shown_places(self) -> range:
        """The columns in sight."""
        return self._places_from(self._first)

    def _places_from(self, first: int) -> range:
        room, last = self.size.width - self._name_cells - 4, first
        while last < len(self._widths) and (room := room - self._widths[last] - 2) >= 0:
            last += 1
        return range(first, max(last, min(first + 1, len(self._widths))))

    @property
    def hidden_best(self) -> int | None:
        """The run that is best in the current column, if none that is as good is in sight."""
        bests, top = self.row.bests if self.row is not None else (), round(self.scroll_offset.y)
        seen = range(top + self.HEAD_ROWS, top + self.size.height)
        is_seen = any(number * self._stride + 1 in seen for number in bests)
        return None if is_seen or not self.size.height else min(bests, default=None)

    @property
    def hidden_count(self) -> int:
        """How many columns are out of sight."""
        return len(self.rows) - len(self.shown_places)

    @property
    def has_cut(self) -> bool:
        """Whether a title, or what stands in the current line, is cut."""
        return any("…" in text for text, _ in (*self._titles(), *self.draw_line(self.cursor, self.size.width)))

    def on_resize(self) -> None:
        """Keep the current column in sight, and say anew how many are not."""
        if self.rows:
            self.set_baseline(self.baseline)
        self._show_place()
        self.post_message(LineMoved(self, self.cursor, None))

    def _show_place(self) -> None:
        self._first = max(0, min(self._first, self.place))
        while self._first < self.place and self.place not in self.shown_places:
            self._first += 1
        # At the end no room stays empty.
        while self._first > 0 and self._places_from(self._first - 1).stop == len(self._widths):
            self._first -= 1

    def move_column(self, change: int) -> None:
        """Make another column the current one."""
        self.go_to(max(0, min(self.place + change, len(self.rows) - 1)))

    def go_to(self, place: int) -> None:
        """Make the column at a place the current one."""
        self.place = place
        self._show_place()
        self.refresh()
        self.post_message(LineMoved(self, self.cursor, None))

    def on_click(self, event: events.Click) -> None:
        """Make the column whose title was clicked the current one."""
        if event.y:
            return
        event.prevent_default()
        self.focus()
        used = self._name_cells + 4
        for place in self.shown_places:
            if used <= event.x < used + 2 + self._widths[place]:
                self.go_to(place)
            used += 2 + self._widths[place]

    def move_to(self, index: int) -> None:
        """Put the cursor on a run, never on the titles, nor below its values."""
        below = (max(1, index) - 1) % self._stride
        place = max(1, index) + below * (1 if index > self.cursor else -1)
        super().move_to(place if place < len(self.lines) else max(1, len(self.lines) - self._stride))

    def next_difference(self, change: int) -> bool:
        """Go to the next column that differs; false if there is none in this direction."""
        place = self.place + change
        while 0 <= place < len(self.rows):
            row = self.rows[place]
            if row is not None and row.differs:
                self.go_to(place)
                return True
            place += change
        return False

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return strip_of(self._titles(), self.size.width, self._palette)
        return super().render_line(y)

    def _best_text(self, row: Row, number: int) -> str:
        """Give what stands behind a value of a metric of which some are best, as wide for all: colour alone says nothing."""
        if not row.bests or not row.is_measured:
            return ""
        return f" {_BEST}" if number in row.bests else " " * (1 + len(_BEST))

    def _titles(self) -> Spans:
        spans: list[Span] = [(" " * (self._name_cells + 4), "head")]
        for place in self.shown_places:
            row = self.rows[place]
            if row is not None:
                is_right = row.is_measured
                behind = " " * len(self._best_text(row, 0))
                text = fit(clean(row.name), self._widths[place] - len(behind), right=is_right, keep_end=True) + behind
                spans += [("  ", "head"), (text, "head.current" if place == self.place else "head")]
        return spans

    def draw_line(self, index: int, width: int) -> Spans:
        """Give the name and the values of one run."""
        number, is_below = (index - 1) // self._stride, (index - 1) % self._stride
        if not self.rows or not 0 <= number < len(self.heads):
            return self.lines[index].spans
        if is_below:
            return self._deltas_line(number)
        head = self.heads[number]
        behind = _state_spans(head, is_marked=head.key in self.marked)
        behind += [(" ▾", "accent")] if number == self.baseline else []
        name = fit(self._cut_names[number], self._name_cells + 1 - length_of(behind))
        spans: list[Span] = [
            (" ", "text"),
            head.mark,
            (name, "text"),
            *behind,
        ]
        for place in self.shown_places:
            row = self.rows[place]
            if row is not None:
                texts, cells = self._texts[place], self._widths[place]
                text = (
                    fit(texts[number], cells, right=True)
                    if row.is_measured
                    else _cut_values(tuple(texts), cells)[number]
                )
                spans += [("  ", "text"), (text, _style(row, number, self.baseline, marks_others=self._marks_others))]
        return spans

    def _deltas_line(self, number: int) -> Spans:
        """Give what stands below the values of a run."""
        spans: list[Span] = [(" " * (self._name_cells + 4), "text")]
        for place in self.shown_places:
            row = self.rows[place]
            style = "best" if row is not None and number in row.bests else "dim"
            spans += [("  ", "text"), (fit(self._deltas[place][number], self._widths[place], right=True), style)]
        return spans


def whole_text(row: Row, number: int) -> str:
    """Give the value of a run with all its digits and characters, in one line; a dot where it has none."""
    value = row.values[number]
    if value is None or _writer_of(row) is not None:
        return _plain_text(row, number, _texts_of(row))
    text = repr(value) if isinstance(value, float) and math.isfinite(value) else param_text(value)
    return clean(text, max_chars=len(text) * 8)


def _plain_text(row: Row, number: int, texts: Sequence[str]) -> str:
    value = row.values[number]
    if value is None:
        return "·"
    return clean(texts[number], max_chars=200)


def _style(row: Row, number: int, baseline: int, *, marks_others: bool) -> str:
    """Give the style of a value: whatever it is of, it is told from the baseline's where it is another one.

    Args:
        marks_others: whether that is marked: not where all that is shown of two differs, and the mark would be on a whole column.
    """
    value = row.values[number]
    if value is None:
        return "frame"
    if isinstance(value, float) and not math.isfinite(value):
        return "bad"
    if number in row.bests:
        return "best"
    if not row.differs:
        return "text" if row.is_measured else "dim"
    is_other = marks_others and number != baseline and not same_value(value, row.values[baseline])
    return "differs" if is_other else "text"
