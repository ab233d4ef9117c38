"""Taking runs along from their table: through the terminal's clipboard, or as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artui.query.runs.rows import run_ids
from artui.tui.terminal.writing import free_name, write_new
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column, RunRow
    from artui.tui.screens.base import CatalogScreen

MAX_COPIED = 5000
"""The most rows that are copied to the clipboard."""


class RunsTaker:
    """Copies and exports runs of a screen."""

    def __init__(self, screen: CatalogScreen) -> None:
        self._screen = screen

    def copy_ids(self, keys: Sequence[int]) -> None:
        """Copy the ids of runs, a line each."""
        reader = self._screen.reader
        self._screen.ask(
            "ids",
            lambda: run_ids(reader, keys),
            lambda ids: self._copy("\n".join(ids), f"id {ids[0]}" if len(ids) == 1 else plural(len(ids), "id")),
        )

    def copy_cell(self, row: RunRow, column: Column) -> None:
        """Copy one value of a run, whole and as it would stand in a file."""
        text = row.head.name if column.id == "attribute:name" else cell_value(row, column)
        self._copy(text, text or "nothing")

    def copy_rows(self, keys: Sequence[int], columns: Sequence[Column], format: str) -> None:
        """Copy runs with their columns as a table."""
        from artui.query.runs.export import FORMATS, table_of, write_table

        if len(keys) > MAX_COPIED:
            self._screen.artui.say(
                f"{len(keys):,} rows are too many for a clipboard: e writes a file.", is_warning=True
            )
            return
        reader = self._screen.reader
        self._screen.ask(
            "copied",
            lambda: write_table(format, *table_of(reader, keys, columns)),
            lambda text: self._copy(text, f"{plural(len(keys), 'row')} as {FORMATS[format]}"),
        )

    def _copy(self, text: str, what: str) -> None:
        self._screen.artui.copy_to_clipboard(text)
        self._screen.artui.say(f"copied {what}")

    def export(self, keys: Sequence[int], columns: Sequence[Column]) -> None:
        """Ask for a file, and write runs with their columns to it."""
        question = f"write {plural(len(keys), 'run')} to file  (.csv .tsv .json .md .tex)"
        self._screen.query_one(Prompt).ask(
            question, lambda name: self._export(name, keys, columns), text=free_name("runs", ".csv"), enter_word="write"
        )

    def _export(self, name: str, keys: Sequence[int], columns: Sequence[Column]) -> None:
        from artui.query.runs.export import format_of, table_of, write_table

        if not name:
            return
        path, reader = Path(name).expanduser(), self._screen.reader

        def work() -> str:
            text = write_table(format_of(path), *table_of(reader, keys, columns))
            return write_new(name, text.encode("utf-8", "replace"))

        runs = plural(len(keys), "run")
        self._screen.artui.say(f"writing {runs} …")
        self._screen.ask("export", work, lambda written: self._screen.artui.say(f"wrote {runs} to {written}"))


def cell_value(row: RunRow, column: Column) -> str:
    """Give what a run has in a column, as it stands in a CSV file; empty for nothing."""
    from artui.query.runs.export import value_in, write_table

    return write_table("csv", ["x"], [[value_in(row, column)]]).split("\n", 1)[1].rstrip("\n")
