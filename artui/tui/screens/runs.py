"""The table of runs: filter while typing, sort by any column, mark, compare."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from artui.model import Column, RunDetail, RunHead, RunRow
from artui.query import Reader
from artui.query import runs as query
from artui.query.complete import completions, is_unfinished
from artui.query.run import get_run
from artui.query.runs import Columns, FirstView, RunOrder, RunsRequest
from artui.query.sorting import Sort
from artui.query.tokens import FilterError
from artui.safetext import clean
from artui.tui.cells import Shape, Span, shape_of, short_titles
from artui.tui.facts import pane_lines
from artui.tui.keys import bindings, footer_keys
from artui.tui.messages import CatalogChanged, Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import QueryLine
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.table import RunsTable, View
from artui.units import count_text, plural

PANE_FROM_CELLS = 140
"""From this width on the details stand beside the table unless the user hides them."""
PANE_SECONDS = 0.12
SPARK_CELLS = 10
FIRST_ROWS = 60


class RunsScreen(CatalogScreen):
    """Holds a `RunsRequest` and the `RunOrder` that answers it."""

    SCOPES = ("runs", "list", "app")
    PLACE = 1
    BINDINGS = bindings("runs")

    def __init__(self, first: FirstView) -> None:
        super().__init__()
        self.request = RunsRequest()
        self.order = RunOrder(array("q", (head.key for head in first.heads)), first.total, first.running)
        self._columns, self._stages, self._first_rows = first.columns, first.stages, first.rows
        self._pane_choice: bool | None = None
        self._pane_timer: Timer | None = None
        self._last_mark: int | None = None
        self._is_known = False
        self._goes_first = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = Bar(id="hint", classes="hidden")
        yield QueryLine(hint)
        yield hint
        with Horizontal(id="body"):
            yield RunsTable()
            yield LineList(id="pane", marks_cursor=False, classes="hidden")
        yield LineList(id="empty", marks_cursor=False, classes="hidden")
        yield KeyBar()

    @property
    def table(self) -> RunsTable:
        return self.query_one(RunsTable)

    @property
    def filter(self) -> QueryLine:
        return self.query_one(QueryLine)

    def on_mount(self) -> None:
        table = self.table
        table.view = self._view()
        table.put_rows(self._first_rows)
        table.set_keys(self.order.keys, now_ms=_now_ms())
        table.focus()
        self.set_interval(60, self._tick)
        self.show_keys()
        self.artui.set_counts(self.order.total, self.order.running)
        self.show_place()
        self._show_counts()
        self._show_empty()
        self._ask_order()

    def load(self) -> None:
        self.ask("columns", lambda: (query.columns(self.reader), query.stages(self.reader)), self._take_columns)
        self._ask_order()

    def _take_columns(self, found: tuple[Columns, set[str]]) -> None:
        self._columns, self._stages = found
        view = self._view()
        if view.shapes != self.table.view.shapes:
            self.table.set_view(view)
            self.table.forget_rows()
        self._show_counts()

    def _view(self) -> View:
        """Lay the columns out."""
        shown = query.chosen_columns(self._columns)
        sparked = {column.id for column in shown[: query.SPARKED_METRICS] if column.source == "metric"}
        titles = short_titles(shown)
        fixed = [
            Shape(Column("attribute", "started"), "age", 4, 0),
            Shape(Column("attribute", "duration"), "took", 6, 0),
        ]
        if len(self._stages) > 1:
            fixed.append(Shape(Column("attribute", "stage", is_numeric=False), "stage", 5, 0))
        shapes = [
            shape_of(column, title=titles[column.id], spark=SPARK_CELLS if column.id in sparked else 0)
            for column in shown
        ]
        return View((*fixed, *shapes), self.request.sort.column, self.request.sort.is_descending)

    def _ask_order(self, *, to_first: bool = False) -> None:
        request = self.request
        # What was asked for by the user starts at its top; what merely changed underneath stays where it is.
        self._goes_first = self._goes_first or to_first
        self.ask(
            "order",
            lambda: (request, _order_or_error(self.reader, request)),
            lambda found: self._take_answer(*found),
        )

    def _take_answer(self, request: RunsRequest, found: RunOrder | FilterError) -> None:
        """Show the runs that match; while a filter is wrong or half typed the last good answer stays."""
        if isinstance(found, FilterError):
            self.filter.fault(found)
            return
        is_half_typed = not found.matched and self.filter.is_typing and is_unfinished(request.where)
        self.filter.fault(None, ["No run contains this."] if is_half_typed else found.notes)
        if not is_half_typed:
            self._take_order(request, found)

    def _take_order(self, request: RunsRequest, order: RunOrder) -> None:
        is_first, self._is_known = not self._is_known, True
        is_same = order.keys == self.order.keys
        self.order = order
        table = self.table
        table.now_ms = _now_ms()
        if not is_same:
            table.set_keys(order.keys, now_ms=_now_ms(), to_first=self._goes_first)
        self._goes_first = False
        table.view = replace(table.view, sort=request.sort.column, is_descending=request.sort.is_descending)
        if not is_first:
            table.forget_rows()
        table.refresh()
        self._show_empty()
        self._show_counts()
        self.artui.set_counts(order.total, order.running)

    def on_runs_table_rows_wanted(self, message: RunsTable.RowsWanted) -> None:
        keys = message.keys
        columns, sparks = _asked(self.table.view)
        if keys:
            # Every batch counts: a later one asks for other rows, and does not make this one stale.
            self.ask(
                f"rows {keys[0]} {keys[-1]} {len(keys)}",
                lambda: query.run_rows(self.reader, keys, columns, sparks),
                self._take_rows,
            )

    def _take_rows(self, rows: dict[int, RunRow]) -> None:
        self.table.put_rows(rows)
        if self.table.key in rows:
            self._pane_soon()

    def _tick(self) -> None:
        """Let ages grow older; only cells that changed are sent."""
        self.table.now_ms = _now_ms()
        self.table.refresh()

    # What is said around the table

    def title_spans(self) -> list[Span]:
        return []

    def _show_counts(self) -> None:
        spans: list[Span] = []
        if self.request.where:
            spans.append((f"{count_text(self.order.matched)} of {plural(self.order.total, 'run')}", "accent"))
        else:
            spans.append((plural(self.order.total, "run"), "dim"))
        if self.table.marked:
            spans.append((f" · {count_text(len(self.table.marked))} marked", "mark"))
        sort = self.request.sort
        source, _, name = sort.column.partition(":")
        name = {"started": "age", "duration": "took"}.get(name, name) if source == "attribute" else clean(name)
        down = sort.is_descending != (sort.column == "attribute:started")
        spans.append((f" · by {name} {'↓' if down else '↑'}", "dim"))
        if hidden := self.table.hidden_columns:
            spans.append((f" · {hidden} more → ", "faint"))
        self.filter.say(spans, most=max(20, self.size.width * 2 // 3))

    def _show_empty(self) -> None:
        """Say what to do next where there is nothing to show."""
        empty = self.query_one("#empty", LineList)
        is_empty = not self.order.keys
        empty.set_class(not is_empty, "hidden")
        self.query_one("#body").set_class(is_empty, "hidden")
        if not is_empty:
            return
        if self.request.where:
            lines = [
                BLANK,
                Line([("  No run matches ", "text"), (clean(self.request.where), "warn"), (".", "text")]),
                BLANK,
                Line(
                    [
                        ("  esc", "key"),
                        ("  clears the filter: ", "dim"),
                        (plural(self.order.total, "run"), "dim"),
                        (" are behind it", "dim"),
                    ]
                ),
            ]
        elif (importing := self.artui.importing) is not None and not importing.state.is_done:
            lines = [
                BLANK,
                Line([("  Reading ", "text"), (clean(importing.source), "title"), ("", "text")]),
                BLANK,
                Line([("  Runs appear here as they come. Leaving does no harm: the next start goes on.", "dim")]),
            ]
        else:
            lines = _first_steps(clean(str(self.reader.path)))
        empty.set_lines(lines, keep=False)

    # Filter

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.request = replace(self.request, where=self.filter.words)
        self._ask_order(to_first=True)

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        text, cursor = message.text, message.cursor
        self.ask(
            "completions",
            lambda: completions(self.reader, text, cursor),
            lambda found: self.filter.offer(text, found),
        )

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).show_keys(QueryLine.KEYS)

    def on_filter_line_left(self) -> None:
        # What was half typed is meant as it is now.
        self._ask_order(to_first=True)
        self.table.focus()
        self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))

    def go_back(self) -> bool:
        return self.filter.clear()

    # Sorting and columns

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self._show_counts()

    def action_sort(self) -> None:
        column = self.table.column_id
        if column == self.request.sort.column:
            self.request = replace(self.request, sorts=(Sort(column, not self.request.sort.is_descending),))
        else:
            # Newest, longest and highest first; smallest first where lower is better; names from A.
            from artui.query.compare import guess_direction

            source, _, name = column.partition(":")
            descending = (
                name in ("started", "duration")
                if source == "attribute"
                else source == "metric" and guess_direction(name) == "higher"
            )
            self.request = replace(self.request, sorts=(Sort(column, descending),))
        self._ask_order(to_first=True)

    # Marks

    def action_toggle_mark(self) -> None:
        table = self.table
        if table.key is None:
            return
        table.marked ^= {table.key}
        self._last_mark = table.key if table.key in table.marked else None
        table.refresh_row(table.cursor)
        table.move_to(table.cursor + 1)
        self._show_counts()

    def action_mark_range(self) -> None:
        table = self.table
        keys = list(table.keys)
        if table.key is None:
            return
        start = keys.index(self._last_mark) if self._last_mark in keys else table.cursor
        low, high = sorted((start, table.cursor))
        table.marked |= set(keys[low : high + 1])
        table.refresh()
        self._show_counts()

    def action_invert_marks(self) -> None:
        self.table.marked ^= set(self.table.keys)
        self.table.refresh()
        self._show_counts()

    def action_clear_marks(self) -> None:
        self.table.marked = set()
        self.table.refresh()
        self._show_counts()

    # Going elsewhere

    def action_open(self) -> None:
        if self.table.row is not None:
            self.artui.follow(Link("run", self.table.row.head.id))

    def on_runs_table_opened(self) -> None:
        self.action_open()

    def action_compare(self) -> None:
        table = self.table
        keys = [key for key in table.keys if key in table.marked] or list(table.keys[table.cursor : table.cursor + 2])
        keys += sorted(table.marked - set(keys))
        if len(keys) < 2:
            self.artui.say("Mark two or more runs with space, then press c.", is_warning=True)
        elif len(keys) > self.artui.MAX_COMPARED:
            self.artui.say(
                f"{len(keys)} runs are marked; at most {self.artui.MAX_COMPARED} fit side by side. M clears the marks.",
                is_warning=True,
            )
        else:
            self.ask(
                "compared",
                lambda: query.run_rows(self.reader, keys, []),
                lambda rows: self.artui.compare([rows[key].head.id for key in keys if key in rows]),
            )

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_copy(self) -> None:
        if self.table.row is not None:
            self.artui.copy_text(self.table.row.head.id)

    def subject(self) -> RunHead | None:
        return self.table.row.head if self.table.row is not None else None

    def neighbour(self, run_id: str, change: int) -> None:
        """Move the cursor to the run beside another one, and open that."""
        table = self.table
        keys = list(table.keys)
        here = next(
            (i for i, key in enumerate(keys) if (row := table.row_of(key)) is not None and row.head.id == run_id),
            table.cursor,
        )
        there = here + change
        if not 0 <= there < len(keys):
            self.artui.say("There is no further run in the table.")
            return
        table.move_to(there)
        self.ask(
            "neighbour",
            lambda: query.run_rows(self.reader, [keys[there]], []),
            self._open_only,
        )

    def _open_only(self, rows: dict[int, RunRow]) -> None:
        for row in rows.values():
            self.artui.show_run(row.head.id)

    # The pane

    def on_runs_table_moved(self) -> None:
        self._pane_soon()

    def on_resize(self) -> None:
        self._show_pane()
        self._show_counts()

    def action_toggle_pane(self) -> None:
        pane = self.query_one("#pane")
        self._pane_choice = pane.has_class("hidden")
        self._show_pane()

    @property
    def _has_pane(self) -> bool:
        return self._pane_choice if self._pane_choice is not None else self.size.width >= PANE_FROM_CELLS

    def _show_pane(self) -> None:
        pane = self.query_one("#pane", LineList)
        pane.set_class(not self._has_pane, "hidden")
        pane.styles.width = max(38, min(60, self.size.width * 3 // 10))
        if self._has_pane:
            self._pane_soon()

    def _pane_soon(self) -> None:
        """Read details once the cursor rests: a held key asks nothing."""
        if not self._has_pane:
            return
        if self._pane_timer is not None:
            self._pane_timer.stop()
        self._pane_timer = self.set_timer(PANE_SECONDS, self._ask_pane)

    def _ask_pane(self) -> None:
        row = self.table.row
        if row is not None:
            self.ask(
                "pane",
                lambda: get_run(self.reader, row.head.id),
                lambda detail: self._draw_pane(detail, row),
            )

    def _draw_pane(self, detail: RunDetail, row: RunRow) -> None:
        pane = self.query_one("#pane", LineList)
        varying = {shape.column.name for shape in self.table.view.shapes if shape.column.source == "param"}
        pane.set_lines(pane_lines(detail, row, varying, cells=max(20, pane.size.width - 2)), keep=False)

    def on_catalog_changed(self, message: CatalogChanged) -> None:
        self.load()


def _asked(view: View) -> tuple[list[Column], list[str]]:
    """Give the columns whose cells are to be read, and the ids of those that have a sparkline."""
    return [shape.column for shape in view.shapes], [shape.column.id for shape in view.shapes if shape.spark]


def _order_or_error(reader: Reader, request: RunsRequest) -> RunOrder | FilterError:
    try:
        return query.run_order(reader, request)
    except FilterError as error:
        return error


def _first_steps(path: str) -> list[Line]:
    """Say how to fill an empty catalog."""
    return [
        BLANK,
        Line([("  This catalog has no runs yet.", "bold")]),
        BLANK,
        Line([("  Log one from Python:", "dim")]),
        BLANK,
        Line([("    import artui", "text")]),
        Line([("    with artui.start_run(catalog=", "text"), (repr(path), "accent"), (") as run:", "text")]),
        Line([('        run.log({"train/loss": 0.31}, step=1)', "text")]),
        BLANK,
        Line(
            [
                ("  It appears here as it is written. ", "dim"),
                ("artui demo", "accent"),
                (" makes a catalog with forty runs to look at.", "dim"),
            ]
        ),
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
