"""Taking rows along from a table: through the terminal's clipboard, or as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.safetext import clean
from artui.tui.screens.newfile import NewFile
from artui.tui.screens.reaching import NamesOf, go_on_with
from artui.tui.terminal.writing import free_name
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.reader import Reader
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.state.marks import Reach

MAX_COPIED = 5000
"""The most rows that are copied to the clipboard."""
_SAID_CHARS = 200

TableOf = Callable[["Reader", Sequence[int], Sequence["Column"]], tuple[list[str], list[list[Any]]]]
"""Gives headers and one row of plain values for each key."""


class Taker:
    """Copies and exports rows of a screen."""

    def __init__(self, screen: CatalogScreen, thing: str, table_of: TableOf, names_of: NamesOf) -> None:
        self._screen, self._thing, self._table_of, self._names_of = screen, thing, table_of, names_of

    def copy(self, text: str, what: str) -> None:
        """Copy a text, and say what it is."""
        self._screen.artui.copy_to_clipboard(text)
        self._screen.artui.say(f"copied {what}")

    def copy_value(self, text: str, name: str, title: str) -> None:
        """Copy the value of a cell; where it is empty the clipboard keeps what it has.

        Args:
            name: of the row.
            title: of the column.
        """
        if text:
            self.copy(text, clean(text, max_chars=_SAID_CHARS))
        else:
            self._screen.artui.say(f"{clean(name)} has no {clean(title)}: nothing was copied.", is_warning=True)

    def copy_rows(self, reach: Reach, columns: Sequence[Column], format: str) -> None:
        """Copy rows with their columns as a table."""
        from artui.query.runs.export import FORMATS, write_table

        keys = reach.keys
        if len(keys) > MAX_COPIED:
            self._screen.artui.say(
                f"{len(keys):,} rows are too many for a clipboard: e writes a file.", is_warning=True
            )
            return
        reader = self._screen.reader
        self._screen.ask(
            "copied",
            lambda: write_table(format, *self._table_of(reader, keys, columns)),
            lambda text: self.copy(text, f"{plural(len(keys), 'row')} as {FORMATS[format]}{reach.note}"),
        )

    def export(self, reach: Reach, columns: Sequence[Column]) -> None:
        """Ask for a file, and write rows with their columns to it."""
        go_on_with(
            self._screen,
            reach,
            self._names_of,
            lambda: self._ask_file(reach.keys, columns),
            does="export",
            thing=self._thing,
        )

    def _ask_file(self, keys: Sequence[int], columns: Sequence[Column]) -> None:
        from artui.query.runs.export import format_of, write_table

        reader, things = self._screen.reader, plural(len(keys), self._thing)

        def content(path: Path) -> bytes:
            format = format_of(path)
            return write_table(format, *self._table_of(reader, keys, columns)).encode("utf-8", "replace")

        question = f"write {things} to file  (.csv .tsv .json .md .tex)"
        new_file = NewFile(self._screen, question, content, doing=f"writing {things} …", done=f"{things} to ")
        new_file.ask(free_name(f"{self._thing}s", ".csv"))
