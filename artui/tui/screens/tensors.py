"""The tensors of a file with what their values are like, read one after the other; each opens as a matrix."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from artui.errors import ArtuiError, UsageError
from artui.query.columns import spread_of_numbers, why_no_spread
from artui.query.tensors import READ_FAULTS, SHAPE_BINS, open_tensors
from artui.safetext import cells_of, clean
from artui.sheets.profile import shape_text
from artui.tui.cells import length_of
from artui.tui.keys import bindings
from artui.tui.screens.gridded import GridScreen
from artui.tui.screens.onefile import OneFile
from artui.tui.screens.rows import Matrix, RowsScreen
from artui.units import DIGITS, bytes_text, count_text, number_text, plural

if TYPE_CHECKING:
    from artui.query.runs.statistics import Description
    from artui.query.tensors import Tensor, TensorFile, TensorStatistics
    from artui.tui.cells import Span

READ_BYTES = 512 << 20
"""Values of so many bytes are read unasked; of the tensor under the cursor, as many as it has."""
SAMPLED = 4_000_000
"""Of a larger tensor so many values are drawn, evenly taken."""
_BATCH_SECONDS = 0.2
"""What is known is shown so often."""
_NAMES = ("tensor", "type", "shape", "histogram", "min", "max", "mean", "sd", "zeros", "NaN", "∞", "values")
_DAMAGED = "cut off or damaged"
_NO_NUMBERS = "no numbers that are read"


class _Read(NamedTuple):
    """What was found out about some tensors, by their places: None of those that were not wanted any more, a text of what cannot be read."""

    found: dict[int, TensorStatistics | str | None]


class TensorsScreen(GridScreen, OneFile):
    """Shows the tensors of a file."""

    SCOPES: ClassVar[tuple[str, ...]] = ("tensors", "ways", "grid", "file", "list", "app")
    BINDINGS = [*bindings("tensors"), *bindings("grid"), *bindings("ways"), *bindings("file")]
    NOUN = "tensor"

    def __init__(self, version_key: int, path: str, words: Sequence[str] = (), *, is_above: bool = False) -> None:
        """With `is_above`, the file is on the screen below in its other way."""
        super().__init__(version_key, path, words)
        self._is_above = is_above
        self._file: TensorFile | None = None
        self._tensors: Sequence[tuple[str, Tensor]] = ()
        self._found: dict[int, TensorStatistics | str] = {}
        """By the place of the tensor in the file."""
        self._left_bytes = READ_BYTES

    def load(self) -> None:
        """Open the file, once: a version never changes."""
        if self._file is None:
            self.ask("tensors", self._open, self._take)

    def _open(self) -> TensorFile | None:
        try:
            return open_tensors(self.reader, self.version_key, self.path)
        except ArtuiError:
            return None  # the other way says why, and shows what was seen of it

    def _take(self, file: TensorFile | None) -> None:
        if file is None:
            from artui.tui.screens.text import TextScreen

            self.app.switch_screen(TextScreen(self.version_key, self.path, self.words))
            return
        self._file, self._tensors = file, list(file.tensors.items())
        for place, (_, tensor) in enumerate(self._tensors):
            if not tensor.is_plain:
                self._found[place] = _NO_NUMBERS
        self._fill()
        self._read_next()

    def on_unmount(self) -> None:
        if self._file is not None:
            self._file.close()

    # Values, read in the background

    @property
    def _current(self) -> int | None:
        """The place of the tensor under the cursor."""
        places = self.grid.places
        return places[self.grid.row] if self._tensors and self.grid.row < len(places) else None

    def _wanted(self) -> list[int]:
        """Give the places of the tensors that are to be read: that under the cursor, then those that the budget has room for."""
        current, left = self._current, self._left_bytes
        wanted = [current] if current is not None and current not in self._found else []
        for place, (_, tensor) in enumerate(self._tensors):
            if place in self._found or place in wanted:
                continue
            if tensor.size_bytes <= left:
                left -= tensor.size_bytes
                wanted.append(place)
        return wanted

    def _read_next(self) -> None:
        file, wanted, tensors = self._file, self._wanted(), self._tensors
        if file is None or not wanted:
            self.show_place()
            return

        def read() -> _Read:
            until = time.monotonic() + _BATCH_SECONDS
            found: dict[int, TensorStatistics | str | None] = {}
            for place in wanted:
                name, tensor = tensors[place]
                is_small = tensor.size_bytes <= READ_BYTES
                try:
                    found[place] = file.statistics(name, lambda place=place, is_small=is_small: is_small or self._current == place)  # type: ignore[misc] # fmt: skip
                except READ_FAULTS:
                    found[place] = _DAMAGED
                if time.monotonic() > until:
                    break
            return _Read(found)

        self.ask("values", read, self._take_values)

    def _take_values(self, read: _Read) -> None:
        for place, found in read.found.items():
            if found is not None:
                self._found[place] = found
                self._left_bytes -= min(self._left_bytes, self._tensors[place][1].size_bytes)
        self._columns_again()
        self.show_counts()
        self.say_of_cursor()
        self._read_next()

    # What is shown

    def _fill(self) -> None:
        columns: list[list[Any]] = [[] for _ in _NAMES]
        for place in range(len(self._tensors)):
            for column, cell in zip(columns, self._cells(place), strict=True):
                column.append(cell)
        # What is said of the values: with digits as elsewhere, and not those of a file.
        self.grid.digits, self.grid.has_commas = DIGITS, True
        self.fill(_NAMES, columns)
        self.show_place()

    def _columns_again(self) -> None:
        """Put what was read into the rows; those that are sorted by it stay where they are until one sorts again."""
        columns: Any = self.grid.columns
        for place in self._found:
            for column, cell in zip(columns, self._cells(place), strict=True):
                column[place] = cell
        self.grid.measure()

    def _cells(self, place: int) -> tuple[Any, ...]:
        name, tensor = self._tensors[place]
        found = self._found.get(place)
        shape = (clean(name, max_chars=200), tensor.type_text, tensor.shape_text)
        if found is None or isinstance(found, str):
            return (*shape, found, *[None] * 7, tensor.count)
        return (
            *shape, shape_text(found.bins, SHAPE_BINS) if found.bins else None, found.low, found.high, found.mean, found.deviation,
            found.zeros, found.nans, found.infinite, tensor.count,
        )  # fmt: skip

    def title_spans(self) -> list[Span]:
        """Give the version, the path, what the file holds, and how far it was read."""
        spans = self.file_spans()
        if not self._tensors:
            return spans
        total = sum(tensor.count for _, tensor in self._tensors)
        spans.append((f"  {plural(len(self._tensors), 'tensor')} · {plural(total, 'value')}", "dim"))
        faults = sum(found == _DAMAGED for found in self._found.values())
        if faults:
            spans.append((f"  {count_text(faults)} cut off or damaged", "warn"))
        if left := len(self._tensors) - len(self._found):
            said = (
                "reading …"
                if self._wanted()
                else f"{count_text(left)} not read: beyond {bytes_text(READ_BYTES)}, those under the cursor are"
            )
            spans.append((f"  {said}", "dim"))
        return spans

    def say_of_cursor(self) -> None:
        """Say what the values of the tensor under the cursor are like, or ask for them."""
        place = self._current
        if place is None:
            self.say_below([])
            return
        name, tensor = self._tensors[place]
        found = self._found.get(place)
        spans: list[Span] = [(f"  {clean(name, max_chars=200)}", "title"), (f"  {tensor.words}", "dim")]
        room = self.size.width - length_of(spans) - 2
        if found is None:
            spans.append(("  reading …", "dim"))
            if not self.is_asking("values"):
                self._read_next()
        elif isinstance(found, str):
            spans.append((f"  {found}", "warn"))
        else:
            parts = _said(found, is_complex=tensor.is_complex)
            # A number is never cut: what does not fit is left out.
            while len(parts) > 1 and cells_of(" · ".join(parts)) > room:
                parts.pop()
            spans.append(("  " + " · ".join(parts), "text"))
        self.say_below(spans)

    # Elsewhere

    def action_open(self) -> None:
        """Show the values of the tensor under the cursor."""
        place, file = self._current, self._file
        if place is None or file is None:
            return
        name, tensor = self._tensors[place]
        if not tensor.is_plain or not tensor.count:
            why = "has no values" if not tensor.count else f"holds {_NO_NUMBERS}"
            self.artui.say(f"{clean(name, max_chars=80)} {why}.")
            return
        self.app.push_screen(RowsScreen(self.version_key, self.path, self.words, matrix=Matrix(file, name)))

    def action_spread(self) -> None:
        """Draw how the values of the tensor under the cursor are spread."""
        place, file = self._current, self._file
        if place is None or file is None:
            return
        name, tensor = self._tensors[place]
        if not tensor.is_plain or not tensor.count:
            self.action_open()
            return
        count = partial(_spread, file, name)
        step = -(-tensor.count // SAMPLED)
        part = f" · one of {count_text(step)} values" if step > 1 else ""
        about = f"{tensor.words}{part}{' · absolute values' if tensor.is_complex else ''}"

        def show(described: Description | None) -> None:
            from artui.tui.screens.table_picture import SpreadScreen

            if described is None:
                self.artui.say(f"{clean(name, max_chars=80)} has no value.")
            elif why_not := why_no_spread(described):
                self.artui.say(f"{clean(name, max_chars=80)}: {why_not}, in {plural(described.total, 'value')}.")
            else:
                self.artui.push_screen(
                    SpreadScreen(described, self.reference, self.path, about, count=count, noun="value")
                )

        self.ask("spread", count, show)

    def action_other_way(self) -> None:
        """Show what was seen of the file when it was saved; or the rows of the array, which are on the screen below."""
        from artui.tui.screens.text import TextScreen

        if self._is_above:
            self.app.pop_screen()
        else:
            self.artui.push_screen(TextScreen(self.version_key, self.path, self.words, is_above=True))

    def action_copy(self) -> None:
        """Copy what is in the cell, of the first column the whole name."""
        place = self._current
        if self.grid.column == 0 and place is not None:
            self.artui.copy_text(clean(self._tensors[place][0]))
        else:
            super().action_copy()


def _spread(file: TensorFile, name: str, *, is_log: bool | None = None) -> Description | None:
    try:
        values = file.sample(name, SAMPLED)
    except READ_FAULTS as error:
        raise UsageError(f"{name!a} cannot be read: {error or _DAMAGED}.") from error
    return spread_of_numbers(clean(name, max_chars=80), values, is_log=is_log) if values is not None else None


def _said(found: TensorStatistics, *, is_complex: bool) -> list[str]:
    """Say what values are like, what tells most first."""
    parts = []
    if found.low is not None and found.high is not None:
        ends = (
            f"always {number_text(found.low)}"
            if found.low == found.high
            else f"{number_text(found.low)} to {number_text(found.high)}"
        )
        parts.append(f"absolute {ends}" if is_complex else ends)
    if found.mean is not None and found.low != found.high:
        deviation = f" ± {number_text(found.deviation)}" if found.deviation is not None else ""
        parts.append(f"mean {number_text(found.mean)}{deviation}")
    if found.nans or found.infinite:
        parts.append(" · ".join(f"{count_text(count)} {word}" for count, word in ((found.nans, "NaN"), (found.infinite, "∞")) if count))  # fmt: skip
    else:
        parts.append("all finite")
    if found.zeros and found.low != found.high:
        parts.append(plural(found.zeros, "zero"))
    return parts
