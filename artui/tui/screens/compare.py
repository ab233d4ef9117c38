"""Runs side by side: what differs, which is best, by how much, and the curves over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from artui.model import RunHead
from artui.query import Reader, series
from artui.query import compare as query
from artui.query.compare import Comparison, Direction, Row
from artui.query.series import Curve
from artui.safetext import clean
from artui.tui.cells import GLYPHS, Span, Spans, fit, status_style, strip_of
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved, Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.chart import Chart, ChartLine, ChartOptions, mark_of, options_spans
from artui.tui.widgets.lines import Line, LineList
from artui.units import duration_text, number_text, param_texts, signed_text

if TYPE_CHECKING:
    from artui.query.why import Factor

LABEL_CELLS = (12, 30)
COLUMN_CELLS = (16, 26)
CURVE_BUCKETS = 400


class CompareTable(LineList):
    """Rows of the comparison; the label stays while columns move sideways."""

    def __init__(self) -> None:
        super().__init__(id="comparison")
        self.rows: list[Row | None] = []
        """One a line; None for headings."""
        self.heads: Sequence[RunHead] = ()
        self.column = 0
        self.baseline = 0
        self.first_column = 0
        self.label_cells = LABEL_CELLS[0]
        self.column_cells = COLUMN_CELLS[0]

    def show(self, comparison: Comparison, *, only_differences: bool) -> None:
        """Lay the rows out again; the cursor stays on its row."""
        before = self.row
        self.heads = [run.head for run in comparison.runs]
        lines: list[Line] = [Line([])]
        self.rows = [None]
        section = ""
        for row in comparison.rows:
            if only_differences and not row.differs:
                continue
            if row.section != section:
                section = row.section
                lines.append(Line([(f" {section}", "dim")], is_heading=True))
                self.rows.append(None)
            lines.append(Line([]))
            self.rows.append(row)
        if len(lines) == 1:
            lines.append(Line([("  nothing differs: these runs have the same params, inputs and results", "dim")]))
            self.rows.append(None)
        names = [row.name for row in comparison.rows]
        self.label_cells = max(
            LABEL_CELLS[0],
            min(LABEL_CELLS[1], max((len(name) for name in names), default=0) + 3, self.size.width // 3),
        )
        room = self.size.width - self.label_cells - 1
        self.column_cells = max(COLUMN_CELLS[0], min(COLUMN_CELLS[1], room // max(1, len(self.heads))))
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

    @property
    def row(self) -> Row | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def _shown_columns(self) -> range:
        count = max(1, (self.size.width - self.label_cells) // self.column_cells)
        return range(self.first_column, min(len(self.heads), self.first_column + count))

    def _show_column(self) -> None:
        self.column = max(0, min(self.column, len(self.heads) - 1))
        count = max(1, (self.size.width - self.label_cells) // self.column_cells)
        self.first_column = max(
            0,
            min(self.first_column, self.column, len(self.heads) - count)
            if self.column < self.first_column + count
            else self.column - count + 1,
        )

    def move_column(self, change: int) -> None:
        self.column = max(0, min(self.column + change, len(self.heads) - 1))
        self._show_column()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        # The names of the runs stay at the top however far down one is.
        if y == 0:
            return strip_of(self._heads(), self.size.width, self._palette)
        return super().render_line(y)

    def move_to(self, index: int) -> None:
        direction = 1 if index >= self.cursor else -1
        index = max(0, min(index, len(self.rows) - 1))
        while 0 <= index < len(self.rows) and self.rows[index] is None:
            index += direction
        if 0 <= index < len(self.rows):
            super().move_to(index)
            if self.cursor - self.scroll_offset.y < 1 and self.scroll_offset.y > 0:
                self.scroll_to(y=self.cursor - 1, animate=False, force=True, immediate=True)
            elif self.rows[: self.cursor].count(None) == self.cursor:
                self.scroll_to(y=0, animate=False, force=True, immediate=True)
            self.refresh(Region(0, 0, self.size.width, 1))

    def _heads(self) -> Spans:
        spans: list[Span] = [(" " * self.label_cells, "text")]
        for number in self._shown_columns:
            head = self.heads[number]
            style = "title" if number == self.column else "bold"
            colour = self.artui.colour_of(head.id)
            name = fit(clean(head.name), self.column_cells - 7).rstrip()
            used = len(name) + 4 + (2 if number == self.baseline else 0)
            spans += [
                (mark_of(colour) + " ", f"curve{colour % 10}"),
                (name, style),
                (" " + GLYPHS[head.status], status_style(head.status)),
            ]
            spans += [(" ▾", "accent")] if number == self.baseline else []
            spans.append((" " * (self.column_cells - used), "text"))
        return spans

    def draw_line(self, index: int, width: int) -> Spans:
        row = self.rows[index]
        if row is None:
            return self.lines[index].spans
        label_style = "text" if row.differs else "dim"
        spans: list[Span] = [
            ("  ", "text"),
            (fit(clean(row.name), self.label_cells - 3, keep_end=True) + " ", label_style),
        ]
        for number in self._shown_columns:
            spans += _cell(row, number, self.baseline, self.column_cells)
        return spans


def _cell(row: Row, number: int, baseline: int, cells: int) -> list[Span]:
    value, base = row.values[number], row.values[baseline]
    if value is None:
        return [(fit("·", cells), "faint")]
    if row.section == "run" and row.name == "took" and isinstance(value, int):
        return [(fit(duration_text(value), cells), "text" if row.differs else "dim")]
    if row.section != "metrics" or not isinstance(value, int | float):
        style = "dim" if not row.differs else "text" if number == baseline or value == base else "warn"
        return [(fit(clean(param_texts(row.values)[number]), cells - 1) + " ", style)]
    text = fit(number_text(float(value)), 9)
    odd = value != value or abs(value) == float("inf")
    spans: list[Span] = [(text, "bad" if odd else "best" if row.best == number else "text")]
    behind, style = "", "dim"
    if row.best == number:
        behind, style = "best", "best"
    if number != baseline and isinstance(base, int | float) and base == base and not odd and value != base:
        delta = signed_text(float(value) - float(base))
        behind, style = (
            (delta + (" best" if row.best == number else "")),
            ("best" if row.best == number else "dim"),
        )
    return [*spans, (" " + fit(behind, cells - 10), style)]


class CompareScreen(CatalogScreen):
    """Holds the runs' ids and the `Comparison` that answers them."""

    SCOPES = ("compare", "list", "app")
    PLACE = 1
    BINDINGS = bindings("compare")

    def __init__(self, run_ids: Sequence[str]) -> None:
        super().__init__()
        self.run_ids = list(run_ids)
        self.comparison: Comparison | None = None
        self.only_differences = False
        self.chart_options = ChartOptions()
        self.directions: dict[str, Direction] = {}
        self._metric = ""
        self._is_zoomed = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="said")
        yield CompareTable()
        yield Chart(id="curves")
        yield KeyBar()

    @property
    def table(self) -> CompareTable:
        return self.query_one(CompareTable)

    def on_mount(self) -> None:
        self.table.focus()

    def load(self) -> None:
        ids, directions = list(self.run_ids), dict(self.directions)
        self.ask("comparison", lambda: query.compare(self.reader, ids, directions=directions), self._take)

    def _take(self, comparison: Comparison) -> None:
        is_first = self.comparison is None
        self.comparison = comparison
        self.show_place()
        self._lay_out()
        if is_first:
            metrics = [row for row in comparison.rows if row.section == "metrics"]
            favoured = [
                row.name
                for row in sorted(
                    metrics,
                    key=lambda row: (not row.name.startswith(("val", "eval")), "loss" not in row.name),
                )
            ]
            self._metric = favoured[0] if favoured else ""
        self._ask_curves()

    def _lay_out(self) -> None:
        if self.comparison is None:
            return
        self.table.show(self.comparison, only_differences=self.only_differences)
        self._say()

    def _say(self) -> None:
        if self.comparison is None:
            return
        rows, table = self.comparison.rows, self.table
        baseline = clean(self.comparison.runs[table.baseline].head.name)
        left: list[Span] = [
            (f" {len(self.comparison.runs)} runs", "dim"), (f" · {self.comparison.differing} of {len(rows)} rows differ", "text"),
            (" · only those shown" if self.only_differences else "", "accent"), (" · baseline ", "dim"), (baseline, "accent"), (" ▾", "accent"),
        ]  # fmt: skip
        hidden = len(table.heads) - len(table._shown_columns)
        right: list[Span] = [(f"{hidden} more runs ←→ ", "faint")] if hidden > 0 else []
        self.query_one("#said", Bar).show(left, right)

    def title_spans(self) -> list[Span]:
        return [("compare", "title")]

    def on_resize(self) -> None:
        self._size_chart()
        self.call_after_refresh(self._lay_out)

    def _size_chart(self) -> None:
        height = self.size.height - 3
        chart = self.query_one("#curves", Chart)
        chart.styles.height = height if self._is_zoomed else max(7, height * 2 // 5)
        self.table.set_class(self._is_zoomed, "hidden")

    # Curves

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        row = self.table.row
        if row is not None and row.section == "metrics" and row.name != self._metric:
            self._metric = row.name
            self._ask_curves()

    def _ask_curves(self) -> None:
        comparison, name, axis = self.comparison, self._metric, self.chart_options.axis
        if comparison is None or not name:
            self.query_one("#curves", Chart).show("", [], self.chart_options, note="these runs logged no metrics")
            return
        reader = self.reader
        colours = {run.head.id: self.artui.colour_of(run.head.id) for run in comparison.runs}

        def read() -> list[tuple[int, Curve]]:
            return [
                (colours[run.head.id], series.curve(reader, metric, axis=axis, buckets=CURVE_BUCKETS))
                for run in comparison.runs
                for metric in run.metrics
                if metric.title == name
            ]

        self.ask("curves", read, partial(self._take_curves, name))

    def _take_curves(self, name: str, curves: list[tuple[int, Curve]]) -> None:
        lines = [ChartLine(name, curve, colour, mark_of(colour)) for colour, curve in curves]
        title = f"{clean(name)}   " + "".join(text for text, _ in options_spans(self.chart_options))
        self.query_one("#curves", Chart).show(title, lines, self.chart_options)

    def action_axis(self) -> None:
        self.chart_options = replace(self.chart_options, axis="time" if self.chart_options.axis == "step" else "step")
        self._ask_curves()

    def action_log_scale(self) -> None:
        self.chart_options = replace(self.chart_options, is_log=not self.chart_options.is_log)
        self._ask_curves()

    def action_zoom(self) -> None:
        self._is_zoomed = not self._is_zoomed
        self._size_chart()
        (self.set_focus(None) if self._is_zoomed else self.table.focus())

    def go_back(self) -> bool:
        if self._is_zoomed:
            self.action_zoom()
            return True
        return False

    # Rows and columns

    def action_differences(self) -> None:
        self.only_differences = not self.only_differences
        self._lay_out()

    def action_difference(self, change: int) -> None:
        rows = self.table.rows
        index = self.table.cursor + change
        while 0 <= index < len(rows):
            row = rows[index]
            if row is not None and row.differs:
                self.table.move_to(index)
                return
            index += change
        self.artui.say("There is no further difference in this direction.")

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self._say()

    def action_baseline(self) -> None:
        self.table.baseline = self.table.column
        self.table.refresh()
        self._say()

    def action_direction(self) -> None:
        row = self.table.row
        if row is None or row.section != "metrics":
            self.artui.say("Put the cursor on a metric: d says whether lower or higher is better for it.")
            return
        self.directions[row.name] = "higher" if row.direction == "lower" else "lower"
        self.artui.say(f"{clean(row.name)}: {self.directions[row.name]} is better")
        self.load()

    def action_why(self) -> None:
        from artui.query.why import why
        from artui.tui.screens.why import WhyScreen

        if self.comparison is None:
            return
        table = self.table
        other = table.column if table.column != table.baseline else (1 if table.baseline == 0 else 0)
        run, base = (self.comparison.runs[number].head for number in (other, table.baseline))
        row = table.row
        metric = row.name if row is not None and row.section == "metrics" else self._metric
        direction = self.directions.get(metric)

        def ask(reader: Reader) -> tuple[Spans, Sequence[Factor]]:
            found = why(reader, run.id, base.id, metric, direction=direction)
            values = [number_text(value) if value is not None else "none" for value in (found.left, found.right)]
            word = {True: "better than", False: "worse than", None: "as good as"}[found.is_better]
            style = {True: "best", False: "warn", None: "text"}[found.is_better]
            said: Spans = [
                (f" {clean(found.metric)} ", "dim"), (values[0], style), (f" is {word} ", "dim"), (values[1], "text"), (f" · {found.direction} is better", "faint"),
            ]  # fmt: skip
            return said, found.factors

        title = f"why {clean(run.name)} against {clean(base.name)}"
        self.artui.push_screen(WhyScreen(title, ask, (run.name, base.name), self.artui.runs_screen.show_filter))

    def action_drop(self) -> None:
        if len(self.run_ids) <= 2:
            self.artui.say("Two runs are the fewest that can be compared.")
            return
        del self.run_ids[self.table.column]
        self.table.baseline = max(
            0, self.table.baseline - (self.table.column <= self.table.baseline and self.table.baseline > 0)
        )
        self.load()

    def action_open(self) -> None:
        if self.comparison is not None:
            self.artui.follow(Link("run", self.comparison.runs[self.table.column].head.id))

    def subject(self) -> RunHead | None:
        return self.comparison.runs[self.table.column].head if self.comparison else None
