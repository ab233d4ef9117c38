"""A table of an artifact as rows and columns: walked, sorted, searched, and each column summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from artui.errors import ArtuiError, UsageError
from artui.numbers import as_float
from artui.query import artifacts as query
from artui.query.columns import spread, summed_up, why_no_spread
from artui.query.opened import open_content
from artui.query.tablereading import READS, READS_TEXTS, read_beginning
from artui.query.tensors import READ_FAULTS, has_tensors, matrix_shape, place_text, slice_count
from artui.safetext import cells_of, clean
from artui.tui.cells import length_of
from artui.tui.keys import bindings
from artui.tui.screens.gridded import GridScreen
from artui.tui.screens.onefile import OneFile
from artui.tui.widgets.bars import INSIDE
from artui.tui.widgets.grid import text_of
from artui.units import count_text, number_text, plural

if TYPE_CHECKING:
    from artui.query.columns import ColumnSummary
    from artui.query.pictures import TablePicture
    from artui.query.reader import Reader
    from artui.query.runs.statistics import Description
    from artui.query.tensors import Tensor, TensorFile
    from artui.tui.cells import Span

MAX_ROWS = 50_000
"""Of a longer table so many rows are read."""
_MATRIX_DIGITS = 4
"""Of a number in an array: what is in sight of it is meant to be looked over, the cell under the cursor is copied in whole."""


class Content(NamedTuple):
    """What a file holds as a table."""

    names: Sequence[str]
    columns: Sequence[Sequence[Any]]
    is_cut: bool = False
    """Whether there are more rows."""
    left_out_columns: int = 0
    note: str = ""
    """Why this is only what was seen of the file when it was saved."""

    def column_text(self, place: int) -> str:
        """Say which column one is, and of what part of the file."""
        count = len(self.columns) + self.left_out_columns
        part = f" · {clean(self.note)}" if self.note else " · of the first rows" if self.is_cut else ""
        return f"column {place + 1} of {count}{part}"


def is_table(path: str) -> bool:
    """Say whether a file is a table, by its name."""
    _, dot, ending = path.lower().removesuffix(".gz").rpartition(".")
    return bool(dot) and ending in READS


def is_text_table(path: str) -> bool:
    """Say whether a file is a table that is a text as well, by its name."""
    return (
        is_table(path)
        and path.lower().removesuffix(".gz").rpartition(".")[2] in READS_TEXTS
        and not path.lower().endswith(".gz")
    )


def shaded(content: Content) -> TablePicture:
    """Make a picture of a matrix of numbers; of a larger one each cell is the mean of as many numbers."""
    import numpy as np

    from artui.query.pictures import MAX_SIDE, TablePicture

    numbers = np.array(
        [
            [as_float(cell) if isinstance(cell, int | float) else np.nan for cell in column]
            for column in content.columns
        ],
        np.float64,
    ).T
    rows, columns = numbers.shape
    across, down = -(-columns // MAX_SIDE), -(-rows // MAX_SIDE)
    with np.errstate(invalid="ignore"):
        for axis, each in ((0, down), (1, across)):
            if each > 1:
                starts = np.arange(0, numbers.shape[axis], each)
                sizes = np.diff(np.append(starts, numbers.shape[axis]))
                numbers = np.add.reduceat(numbers, starts, axis) / (sizes[:, None] if axis == 0 else sizes)
    names = (
        [_span_text(at, down, rows) for at in range(0, rows, down)],
        [_span_text(at, across, columns) for at in range(0, columns, across)],
    )
    corner = f"means of {down} × {across}" if max(down, across) > 1 else ""
    return TablePicture("matrix", tuple(names[0]), tuple(names[1]), tuple(map(tuple, numbers.tolist())), corner)


def _span_text(at: int, each: int, size: int) -> str:
    last = min(size, at + each) - 1
    return str(at) if last == at else f"{at}–{last}"


def read_rows(reader: Reader, version_key: int, path: str) -> Content | None:
    """Read a table, or what was seen of it when it was saved; None if it is no table."""
    try:
        begun = read_beginning(lambda: open_content(reader, version_key, path), path, MAX_ROWS)
    except ArtuiError as error:
        captured = query.previews(reader, version_key).get(path)
        if captured is None or captured.table is None:
            return None
        columns = [list(cells) for cells in zip(*captured.table.rows, strict=True)]
        return Content(captured.table.columns, columns or [[] for _ in captured.table.columns], note=str(error))
    columns = list(begun.table.columns().values())
    return Content(begun.table.names, columns, begun.has_more_rows, begun.left_out_columns)


@dataclass(frozen=True, slots=True)
class Matrix:
    """One of the matrices that a tensor is made of, in a file that stays open below its screen."""

    file: TensorFile
    name: str
    number: int = 0

    @property
    def tensor(self) -> Tensor:
        """The tensor."""
        return self.file.tensors[self.name]

    @property
    def count(self) -> int:
        """How many matrices the tensor has."""
        return slice_count(self.tensor)

    @property
    def words(self) -> str:
        """Name the tensor, and the place in it."""
        return f"{self.name}{self.place_text}"

    @property
    def place_text(self) -> str:
        """Where the matrix lies in the tensor."""
        return place_text(self.tensor, self.number)

    def at(self, number: int) -> Matrix:
        """Give another matrix of the tensor."""
        return replace(self, number=number)

    def read(self) -> Content:
        """Read its values.

        Raises:
            UsageError: they cannot be read.
        """
        try:
            values = self.file.matrix(self.name, self.number)
        except READ_FAULTS as error:
            raise UsageError(f"{self.name!a} cannot be read: {error or 'it is cut off or damaged'}.") from error
        rows, columns = matrix_shape(self.tensor)
        shown_rows, shown_columns = values.shape
        names = [str(number) for number in range(shown_columns)] if len(self.tensor.shape) > 1 else ["value"]
        return Content(names, values.T.tolist(), shown_rows < rows, columns - shown_columns)


class RowsScreen(GridScreen, OneFile):
    """Shows a file that is a table, or one matrix of a tensor in it."""

    SCOPES: ClassVar[tuple[str, ...]] = ("rows", "grid", "file", "list", "app")
    BINDINGS = [*bindings("slices"), *bindings("rows"), *bindings("grid"), *bindings("ways"), *bindings("file")]

    def __init__(self, version_key: int, path: str, words: Sequence[str] = (), *, matrix: Matrix | None = None) -> None:
        super().__init__(version_key, path, words)
        self._matrix = matrix
        self._content: Content | None = None
        self._summaries: dict[int, ColumnSummary] = {}
        """Of the columns that were looked at; a version never changes."""

    def load(self) -> None:
        """Ask for the table, once: a version never changes."""
        if self._content is None:
            self.ask("rows", self._read, self._take)

    def _read(self) -> Content | None:
        if self._matrix is not None:
            return self._matrix.read()
        return read_rows(self.reader, self.version_key, self.path)

    def _take(self, content: Content | None) -> None:
        if content is None:
            self._show_unlike_rows()
            return
        self._content, self._summaries = content, {}
        self.grid.first_number = 0 if self._is_array else 1
        self.grid.digits = _MATRIX_DIGITS if self._is_array else self.grid.digits
        self.grid.keeps_points = is_text_table(self.path) and not content.note
        slices = ("slices",) if self._matrix is not None and self._matrix.count > 1 else ()
        ways = ("ways",) if self._has_other_way else ()
        self.SCOPES = (*slices, "rows", *ways, "grid", *(() if self._matrix else ("file",)), "list", "app")  # type: ignore[misc]
        self.show_keys()
        self.fill(content.names, content.columns)
        self.show_place()

    @property
    def _is_array(self) -> bool:
        return self._matrix is not None or has_tensors(self.path)

    @property
    def _has_other_way(self) -> bool:
        """Whether the file can be looked at in another way than as rows: as its text, an array as what its values are like."""
        if self._matrix is not None or (self._content is not None and self._content.note):
            return False
        return has_tensors(self.path) or is_text_table(self.path)

    def _show_unlike_rows(self) -> None:
        """Show a file that is no table, whatever its name says."""
        if has_tensors(self.path):
            self.artui.show_tensors(self.version_key, self.path, self.words, in_place=True)
            return
        from artui.tui.screens.text import TextScreen

        self.app.switch_screen(TextScreen(self.version_key, self.path, self.words))

    def _read_picture(self) -> TablePicture | None:
        from artui.query.pictures import read_picture

        return read_picture(self.reader, self.version_key, self.path)

    def title_spans(self) -> list[Span]:
        """Give the version, the path, and how large the table is."""
        spans = self.file_spans()
        content = self._content
        if self._matrix is not None:
            matrix = self._matrix
            # Of a name that is cut the place in it stays whole.
            spans += [INSIDE, (clean(matrix.name, max_chars=120), "title"), (matrix.place_text, "text")]
            if matrix.count > 1:
                spans.append((f"  {count_text(matrix.number + 1)} of {count_text(matrix.count)}", "dim"))
        if content is not None:
            rows = len(content.columns[0]) if content.columns else 0
            first = "the first " if content.is_cut else ""
            spans.append((f"  {first}{plural(rows, 'row')} × {plural(len(content.columns), 'column')}", "dim"))
            if content.left_out_columns:
                spans.append((f"  {plural(content.left_out_columns, 'column')} more are not shown", "warn"))
            if self._matrix is not None and self._matrix.count > 1:
                spans.append((f"  of {self._matrix.tensor.shape_text}", "dim"))
            elif self._is_array:
                spans.append(("  counted from 0", "faint"))
            elif content.columns and any(
                list(content.names) == [str(number) for number in range(first, first + len(content.names))]
                for first in (0, 1)
            ):
                spans.append(("  no header: columns are numbered", "faint"))
            if content.note:
                spans.append((f"  {clean(content.note)}", "warn"))
        return spans

    # The column under the cursor

    def say_of_cursor(self) -> None:
        """Sum up the column under the cursor."""
        self._ask_summary()

    def _ask_summary(self) -> None:
        content, column = self._content, self.grid.column
        if content is None or not content.columns:
            return
        if (summary := self._summaries.get(column)) is not None:
            self._show_summary(column, summary)
            return
        places, cells = self.grid.places, content.columns[column]
        if len(places) < len(cells):
            # Of what is shown.
            cells = [cells[place] for place in places]
        self.ask("summary", lambda: summed_up(cells), lambda summary: self._show_summary(column, summary))

    def _show_summary(self, column: int, summary: ColumnSummary) -> None:
        self._summaries[column] = summary
        if self._content is None or column != self.grid.column:
            return
        spans: list[Span] = [
            (f"  {clean(self._content.names[column]) or str(column + 1)}", "title"),
            (f"  {summary.kind}", "dim"),
        ]
        if (whole := self.grid.rounded) is not None:
            spans += [("  here ", "dim"), (repr(whole), "accent")]
        # What tells most comes first: a narrow screen cuts the end.
        parts = []
        if summary.distinct == 1 and summary.common:
            parts.append(f"always {text_of(summary.common[0][0])}")
        elif summary.low is not None and summary.high is not None and summary.mean is not None:
            parts.append(f"{number_text(summary.low)} to {number_text(summary.high)}")
            parts.append(f"median {number_text(summary.middle or 0.0)}")
            deviation = f" ± {number_text(summary.deviation)}" if summary.deviation is not None else ""
            parts.append(f"mean {number_text(summary.mean)}{deviation}")
        elif summary.common:
            named = ", ".join(f"{text_of(value)[:24]} ×{count_text(count)}" for value, count in summary.common)
            parts.append(f"most often {named}")
        if summary.odd:
            parts.append(f"{count_text(summary.odd)} NaN or ∞")
        if summary.missing:
            parts.append(f"{count_text(summary.missing)} missing")
        if summary.distinct > 1:
            parts.append(f"{count_text(summary.distinct)} distinct")
        parts.append(plural(summary.count, "value"))
        # A number is never cut: what does not fit is left out.
        room = self.size.width - length_of(spans) - 2
        while len(parts) > 1 and cells_of(" · ".join(parts)) > room:
            parts.pop()
        spans.append(("  " + " · ".join(parts), "text"))
        self.say_below(spans)

    def take_places(self, places: Sequence[int]) -> None:
        """Show these rows, and sum up their columns anew."""
        self._summaries = {}
        super().take_places(places)

    # Elsewhere

    def action_other_slice(self, change: int) -> None:
        """Go to the next matrix of the tensor, or to the one before."""
        matrix = self._matrix
        if matrix is None or not 0 <= matrix.number + change < matrix.count:
            self.artui.say(f"This is the {'last' if change > 0 else 'first'} matrix of the tensor.")
            return
        self._matrix = matrix.at(matrix.number + change)
        self.grid.sorted_column = None
        self.ask("rows", self._read, self._take)

    def action_picture(self) -> None:
        if self._is_array and self._content is not None:
            self._show_picture(shaded(self._content))
            return
        self.ask("picture", self._read_picture, self._show_picture)

    def _show_picture(self, picture: TablePicture | None) -> None:
        from artui.tui.screens.table_picture import TablePictureScreen

        if picture is None:
            self.action_spread()
        else:
            self.artui.push_screen(
                TablePictureScreen(
                    picture, self.reference, self.path, self._matrix.words if self._matrix is not None else ""
                )
            )

    def action_spread(self) -> None:
        """Draw how the values of the column under the cursor are spread, over the rows that are shown."""
        content, column = self._content, self.grid.column
        if content is None or not content.columns:
            return
        if not self.grid.places:
            self.artui.say(self.grid.note)
            return
        name = clean(content.names[column]) or str(column + 1)
        cells, places = content.columns[column], self.grid.places
        about = content.column_text(column)

        count = partial(spread, name, [cells[place] for place in places])
        self.ask("spread", count, partial(self._show_spread, name, about, count))

    def _show_spread(
        self, name: str, about: str, count: Callable[..., Description | None], described: Description | None
    ) -> None:
        from artui.tui.screens.table_picture import SpreadScreen

        if described is None:
            self.artui.say(f"No row that is shown has a value of {name}.")
        elif why_not := why_no_spread(described):
            self.artui.say(f"{name}: {why_not}, in {plural(described.total, 'row')}.")
        else:
            self.artui.push_screen(SpreadScreen(described, self.reference, self.path, about, count=count))

    def action_other_way(self) -> None:
        """Show a table as text, an array as what its values are like; on the screen above, so that it leads back."""
        if not self._has_other_way:
            self.artui.say("This file is shown as rows alone: it is no text.")
        elif self._is_array:
            self.artui.show_tensors(self.version_key, self.path, self.words, in_place=False)
        else:
            from artui.tui.screens.text import TextScreen

            self.artui.push_screen(TextScreen(self.version_key, self.path, self.words, is_above=True))
