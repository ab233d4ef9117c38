"""Taking rows along from a table: through the terminal's clipboard, or as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.tui.screens.reaching import NamesOf, go_on_with
from artui.tui.terminal.writing import free_name, write_new
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.reader import Reader
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.state.marks import Reach

MAX_COPIED = 5000
"""The most rows that are copied to the clipboard."""

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
        go_on_with(self._screen, reach, self._names_of, lambda: self._ask_file(reach.keys, columns), does="write")

    def _ask_file(self, keys: Sequence[int], columns: Sequence[Column]) -> None:
        question = f"write {plural(len(keys), self._thing)} to file  (.csv .tsv .json .md .tex)"
        self._screen.query_one(Prompt).ask(
            question,
            lambda name: self._export(name, keys, columns),
            text=free_name(f"{self._thing}s", ".csv"),
            enter_word="write",
        )

    def _export(self, name: str, keys: Sequence[int], columns: Sequence[Column]) -> None:
        from artui.query.runs.export import format_of, write_table

        if not name:
            return
        path, reader = Path(name).expanduser(), self._screen.reader

        def work() -> str:
            text = write_table(format_of(path), *self._table_of(reader, keys, columns))
            return write_new(name, text.encode("utf-8", "replace"))

        things = plural(len(keys), self._thing)
        self._screen.artui.say(f"writing {things} …")
        self._screen.ask("export", work, lambda written: self._screen.artui.say(f"wrote {things} to {written}"))
