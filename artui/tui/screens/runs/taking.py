"""Taking runs along from their table: through the terminal's clipboard, or as a file."""

from __future__ import annotations

from pathlib import Path

from artui.query.runs.rows import attribute_value, run_ids
from artui.tui.screens.runs.state import HasRunsTable
from artui.tui.terminal.writing import write_new
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

MAX_COPIED = 5000
"""So many rows at most go to the clipboard."""


class TakesRuns(HasRunsTable):
    """The part of the screen of runs that copies and exports."""

    def action_copy(self) -> None:
        keys = list(self.edited_keys())
        self.ask(
            "ids",
            lambda: run_ids(self.reader, keys),
            lambda ids: self._copy("\n".join(ids), plural(len(ids), "id")),
        )

    def action_copy_cell(self) -> None:
        from artui.query.runs.export import write_table

        row, table = self.table.row, self.table
        if row is None:
            return
        if table.column == 0:
            self._copy(row.head.name, row.head.name)
            return
        column = table.view.shapes[table.column - 1].column
        _, rows = (
            [],
            [[row.cells.get(column.id) if column.source != "attribute" else attribute_value(row, column.name)]],
        )
        text = write_table("csv", ["x"], rows).split("\n", 1)[1].rstrip("\n")
        self._copy(text, text or "nothing")

    def action_copy_rows(self, format: str = "tsv") -> None:
        from artui.query.runs.export import FORMATS, table_of, write_table

        keys, columns = list(self.edited_keys()), [shape.column for shape in self.table.view.shapes]
        if len(keys) > MAX_COPIED:
            self.artui.say(f"{len(keys):,} rows are too many for a clipboard: e writes a file.", is_warning=True)
            return
        self.ask(
            "copied",
            lambda: write_table(format, *table_of(self.reader, keys, columns)),
            lambda text: self._copy(text, f"{plural(len(keys), 'row')} as {FORMATS[format]}"),
        )

    def _copy(self, text: str, what: str) -> None:
        self.artui.copy_to_clipboard(text)
        self.artui.say(f"copied {what}")

    def action_export(self) -> None:
        keys = self.marked_keys() or list(self.order.keys)
        if self.order.is_partial:
            self.artui.say("The rest of the runs is still being looked for: once more, in a moment.")
            return
        if not keys:
            self.artui.say("There are no runs to write.")
            return
        question = f"write {plural(len(keys), 'run')} to file  (.csv .tsv .json .md .tex)"
        self.query_one(Prompt).ask(question, lambda name: self._export(name, keys), text="runs.csv")

    def _export(self, name: str, keys: list[int]) -> None:
        from artui.query.runs.export import format_of, table_of, write_table

        if not name:
            return
        columns = [shape.column for shape in self.table.view.shapes]
        path = Path(name).expanduser()

        def work() -> str:
            text = write_table(format_of(path), *table_of(self.reader, keys, columns))
            return write_new(name, text.encode("utf-8", "replace"))

        self.artui.say(f"writing {plural(len(keys), 'run')} …")
        self.ask("export", work, lambda written: self.artui.say(f"wrote {plural(len(keys), 'run')} to {written}"))
