"""One column of a table after the other, as a version has it or as two have it: how its values lie, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult

from artui.model.profiles import ColumnDrift, Spreads
from artui.safetext import clean
from artui.tui.cells import fit, length_of
from artui.tui.facts.column import Side, column_lines
from artui.tui.keys import bindings
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import INSIDE, Bar, KeyBar
from artui.tui.widgets.lines import LineList

if TYPE_CHECKING:
    from artui.tui.cells import Span

_MOST_PATH_CELLS = 20


class Shown(NamedTuple):
    """One column."""

    sides: Sequence[Side]
    spreads: Spreads | None = None
    """How the values of both lie; of one version the second side is not looked at."""
    drift: ColumnDrift | None = None


class ProfileScreen(CatalogScreen):
    """Holds the columns of one table, none of which is read again: a version never changes."""

    SCOPES: ClassVar[tuple[str, ...]] = ("profile", "find", "list", "app")
    BINDINGS: ClassVar = [*bindings("profile"), *bindings("find")]
    PLACE = 2

    def __init__(self, reference: str, path: str, columns: Sequence[Shown], place: int) -> None:
        """Hold the columns of a file of a version; of two, which are named above what is drawn, without a reference."""
        super().__init__()
        self._reference, self._path, self._columns = reference, path, columns
        self._place = max(0, min(place, len(columns) - 1))

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(marks_cursor=False, says_more=True, id="column")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """What is said of the column."""
        return self.query_one("#column", LineList)

    @property
    def column(self) -> Shown:
        """The column that is shown."""
        return self._columns[self._place]

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    def load(self) -> None:
        """Show the column; nothing has to be read."""
        self._draw()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self, *, keep: bool = True) -> None:
        shown, listing = self.column, self.listing
        lines = column_lines(
            shown.sides, shown.spreads, shown.drift, cells=max(20, self.size.width - 1), rows=listing.size.height
        )
        listing.set_lines(lines, keep=keep)
        self.show_place()

    def title_spans(self) -> list[Span]:
        """Say which column this is, and of which file."""
        column = self.column.sides[-1].column
        name, path = clean(column.name, max_chars=80) or "?", clean(self._path, max_chars=500)
        return [
            (name, "title"),
            (" of ", "dim"),
            *([(clean(self._reference, max_chars=200), "accent"), INSIDE] if self._reference else []),
            (fit(path, min(_MOST_PATH_CELLS, length_of([(path, "")])), keep_end=True), "accent"),
            (f"  {self._place + 1:,} of {len(self._columns):,}", "dim"),
        ]

    def action_column(self, change: int) -> None:
        """Go to the column beside this one."""
        place = self._place + change
        if not 0 <= place < len(self._columns):
            self.artui.say(f"This is the {'last' if change > 0 else 'first'} column.")
            return
        self._place = place
        for below in self.app.screen_stack[-2:-1]:
            if isinstance(below, CatalogScreen):
                below.point_at_column(self._path, place)
        self._draw(keep=False)
