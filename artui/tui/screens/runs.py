"""The table of runs: filter while typing, sort by any column, mark, compare."""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from artui.errors import UsageError
from artui.model import Column, RunDetail, RunHead, RunRow
from artui.query import Reader
from artui.query import runs as query
from artui.query.run import get_run
from artui.query.runs import Columns, FirstView, RunOrder, RunsRequest
from artui.query.sorting import Sort
from artui.safetext import clean
from artui.tui.arrangement import MAX_CELLS, MAX_SORTS, MIN_CELLS, Arrangement, keep_arrangement, load_arrangement
from artui.tui.cells import Span, Spans, shape_of, short_titles
from artui.tui.editing import EditsRuns
from artui.tui.facts import pane_lines
from artui.tui.keys import bindings, footer_keys
from artui.tui.messages import CatalogChanged, Link
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import QueryLine
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.table import RunsTable, View
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.query.tokens import FilterError
    from artui.query.why import Factor

PANE_FROM_CELLS = 140
"""From this width on the details stand beside the table unless the user hides them."""
PANE_SECONDS = 0.12
SPARK_CELLS = 10
FIRST_ROWS = 60
MAX_COPIED = 5000
"""So many rows at most go to the clipboard."""


class RunsScreen(EditsRuns):
    """Holds a `RunsRequest` and the `RunOrder` that answers it."""

    SCOPES = ("runs", "list", "app")
    PLACE = 1
    BINDINGS = bindings("runs")

    def __init__(self, first: FirstView) -> None:
        super().__init__()
        self.arrangement = Arrangement()
        self.request = RunsRequest()
        self._others: list[Column] = []
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
        yield Prompt()
        yield KeyBar()

    @property
    def table(self) -> RunsTable:
        return self.query_one(RunsTable)

    @property
    def filter(self) -> QueryLine:
        return self.query_one(QueryLine)

    @property
    def _catalog(self) -> str:
        """How the arrangement of this catalog's table is remembered."""
        return f"{self.reader.catalog_id} {self.reader.path}"

    def on_mount(self) -> None:
        table = self.table
        self.arrangement = load_arrangement(self._catalog)
        self.request = RunsRequest(self.arrangement.where, self.arrangement.sorts)
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
        if self.arrangement.where:
            self.filter.set_text(self.arrangement.where)
        if self.arrangement.columns is not None:
            self._ask_columns()
        self._ask_order(to_first=self.request != RunsRequest())

    def load(self) -> None:
        self._ask_columns()
        self._ask_order()

    def _ask_columns(self) -> None:
        self.ask("columns", self._read_columns, self._take_columns)

    def _read_columns(self) -> tuple[Columns, set[str], list[Column]]:
        return query.columns(self.reader), query.stages(self.reader), query.tag_columns(self.reader)

    def _take_columns(self, found: tuple[Columns, set[str], list[Column]]) -> None:
        self._columns, self._stages, self._others = found
        view = self._view()
        if view.shapes != self.table.view.shapes:
            self.table.set_view(view)
            self.table.forget_rows()
        self._show_counts()

    def _view(self) -> View:
        """Lay the columns out: as they were arranged, or by themselves."""
        known = {column.id: column for column in self._known_columns()}
        chosen = query.chosen_columns(self._columns)
        sparked = {column.id for column in chosen[: query.SPARKED_METRICS] if column.source == "metric"}
        if self.arrangement.columns is None:
            fixed = [Column("attribute", "started"), Column("attribute", "duration")]
            if len(self._stages) > 1:
                fixed.append(Column("attribute", "stage", is_numeric=False))
            shown = [*fixed, *chosen]
        else:
            shown = [known[each] for each in self.arrangement.columns if each in known]
        titles = short_titles([column for column in shown if column.source != "attribute"])
        shapes = []
        for column in shown:
            title = titles.get(column.id) or {"started": "age", "duration": "took"}.get(column.name, column.name)
            shape = shape_of(column, title=title, spark=SPARK_CELLS if column.id in sparked else 0)
            shapes.append(replace(shape, width=self.arrangement.widths.get(column.id, shape.width)))
        return View(tuple(shapes), self.request.sorts, self.arrangement.pinned)

    def _known_columns(self) -> list[Column]:
        """Give every column there could be; the usual ones first."""
        params, metrics, _ = self._columns
        attributes = [
            Column("attribute", name, is_numeric=name in ("started", "ended", "duration"))
            for name in ("started", "duration", *query.SHOWABLE)
            if name != "name"
        ]
        chosen = query.chosen_columns(self._columns)
        best = [
            replace(column, aggregate=word) for column in metrics for word in ("min", "max", "mean", "first", "count")
        ]
        every = [*attributes[:2], *chosen, *metrics, *params, *self._others, *attributes, *best]
        return list({column.id: column for column in every}.values())

    def _arrange(self, arrangement: Arrangement) -> None:
        """Show the table otherwise, and remember it."""
        self.arrangement = arrangement
        view = self._view()
        self.table.set_view(view)
        self.table.forget_rows()
        self._show_counts()
        self._remember()

    def _remember(self) -> None:
        self.arrangement = replace(self.arrangement, where=self.request.where, sorts=self.request.sorts)
        arrangement, catalog = self.arrangement, self._catalog
        self.ask("remember", lambda: keep_arrangement(catalog, arrangement), lambda _: None)

    def _ask_order(self, *, to_first: bool = False) -> None:
        request = self.request
        # What was asked for by the user starts at its top; what merely changed underneath stays where it is.
        self._goes_first = self._goes_first or to_first
        if request.where and to_first and self.order.total >= query.PAGED_FROM:
            # Of many runs the first page comes before the rest is known.
            self.ask(
                "order", lambda: _page_or_error(self.reader, request), lambda found: self._take_page(request, found)
            )
        else:
            self._ask_whole(request)

    def _ask_whole(self, request: RunsRequest) -> None:
        self.ask(
            "order",
            lambda: (request, _order_or_error(self.reader, request)),
            lambda found: self._take_answer(*found),
        )

    def _take_page(self, request: RunsRequest, found: RunOrder | FilterError | None) -> None:
        if found is not None:
            self._take_answer(request, found)
        if found is None or isinstance(found, RunOrder):
            self._ask_whole(request)

    def _take_answer(self, request: RunsRequest, found: RunOrder | FilterError) -> None:
        """Show the runs that match; while a filter is wrong or half typed the last good answer stays."""
        if not isinstance(found, RunOrder):
            self.filter.fault(found)
            return
        is_half_typed = not found.matched and self.filter.is_typing and _is_unfinished(request.where)
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
        table.view = replace(table.view, sorts=request.sorts)
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
            matched = "…" if self.order.is_partial else count_text(self.order.matched)
            spans.append((f"{matched} of {plural(self.order.total, 'run')}", "accent"))
        else:
            spans.append((plural(self.order.total, "run"), "dim"))
        if self.table.marked:
            spans.append((f" · {count_text(len(self.table.marked))} marked", "mark"))
        sort = self.request.sort
        source, _, name = sort.column.partition(":")
        name = {"started": "age", "duration": "took"}.get(name, name) if source == "attribute" else clean(name)
        down = sort.is_descending != (sort.column == "attribute:started")
        more = f" +{len(self.request.sorts) - 1}" if len(self.request.sorts) > 1 else ""
        spans.append((f" · by {name} {'↓' if down else '↑'}{more}", "dim"))
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
        if not self.filter.is_typing:
            self._remember()

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.complete import completions

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
        self._remember()
        self.table.focus()
        self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))

    def go_back(self) -> bool:
        return self.query_one(Prompt).leave() or self.filter.clear()

    # Sorting and columns

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self._show_counts()

    def action_sort(self) -> None:
        column = self.table.column_id
        first = self.request.sort
        sort = Sort(column, not first.is_descending) if column == first.column else Sort(column, _is_best_first(column))
        self._sort_by((sort,))

    def action_sort_also(self) -> None:
        """Sort equal values by this column too; again: the other way; a third time: no longer."""
        column = self.table.column_id
        sorts = list(self.request.sorts)
        place = next((i for i, sort in enumerate(sorts) if sort.column == column), None)
        if place is None:
            sorts.append(Sort(column, _is_best_first(column)))
        elif sorts[place].is_descending == _is_best_first(column):
            sorts[place] = Sort(column, not sorts[place].is_descending)
        elif len(sorts) > 1:
            del sorts[place]
        self._sort_by(tuple(sorts[-MAX_SORTS:]))

    def _sort_by(self, sorts: tuple[Sort, ...]) -> None:
        self.request = replace(self.request, sorts=sorts)
        self._ask_order(to_first=True)
        self._remember()

    def action_choose_columns(self) -> None:
        self.ask("columns", self._read_columns, self._choose_columns)

    def _choose_columns(self, found: tuple[Columns, set[str], list[Column]]) -> None:
        from artui.tui.screens.columns import ColumnsScreen

        self._take_columns(found)
        shown = [shape.column.id for shape in self.table.view.shapes]
        change = lambda columns: self._arrange(replace(self.arrangement, columns=columns))  # noqa: E731
        self.artui.push_screen(ColumnsScreen(self._known_columns(), shown, change))

    def _shown_ids(self) -> list[str]:
        return [shape.column.id for shape in self.table.view.shapes]

    def action_hide_column(self) -> None:
        table = self.table
        if table.column == 0:
            self.artui.say("The name stays. Choose a column with → first.")
            return
        shown = self._shown_ids()
        name = shown.pop(table.column - 1).partition(":")[2]
        pinned = self.arrangement.pinned - (table.column <= self.arrangement.pinned)
        self._arrange(replace(self.arrangement, columns=tuple(shown), pinned=pinned))
        self.artui.say(f"{name} is hidden · C brings it back")

    def action_shift_column(self, change: int) -> None:
        table = self.table
        shown, place = self._shown_ids(), table.column - 1
        target = place + change
        if place < 0 or not 0 <= target < len(shown):
            return
        shown.insert(target, shown.pop(place))
        self._arrange(replace(self.arrangement, columns=tuple(shown)))
        table.move_column(change)

    def action_resize_column(self, change: int) -> None:
        table = self.table
        if table.column == 0:
            return
        shape = table.view.shapes[table.column - 1]
        cells = max(MIN_CELLS, min(MAX_CELLS, shape.width + change))
        self._arrange(replace(self.arrangement, widths={**self.arrangement.widths, shape.column.id: cells}))

    def action_pin_columns(self) -> None:
        """Let the columns up to the current one stay; at the last pinned one, none."""
        column = self.table.column
        pinned = 0 if column == self.arrangement.pinned else column
        self._arrange(replace(self.arrangement, pinned=pinned, columns=tuple(self._shown_ids())))
        self.artui.say(f"The first {plural(pinned, 'column')} stay." if pinned else "No column stays.")

    # Views

    def action_save_view(self) -> None:
        self._remember()
        content = self.arrangement.to_json()
        self._prompt("keep this view as", lambda name: self.save_view(name, content) if name else None)

    def action_open_views(self) -> None:
        from artui.tui.screens.views import ViewsScreen

        self.artui.push_screen(ViewsScreen(self._open_view, self.delete_view))

    def _open_view(self, name: str, arrangement: Arrangement) -> None:
        self.request = replace(self.request, where=arrangement.where, sorts=arrangement.sorts)
        self.filter.set_text(arrangement.where)
        self._arrange(arrangement)
        self._ask_order(to_first=True)
        self.artui.say(f"view {name}")

    def action_why(self) -> None:
        """What sets marked runs apart from the others in the table, or the filter's runs from all others."""
        from artui.query.why import sets_apart
        from artui.tui.screens.why import WhyScreen

        marked = set(self.table.marked)
        shown = list(self.order.keys)
        is_filter = not marked
        if is_filter and not self.request.where:
            self.artui.say(
                "Mark runs with space, or filter, and press w: what sets them apart from the others?", is_warning=True
            )
            return

        def ask(reader: Reader) -> tuple[Spans, Sequence[Factor]]:
            others = query.run_order(reader, RunsRequest()).keys if is_filter else shown
            chosen = set(shown) if is_filter else marked
            rest = [key for key in others if key not in chosen]
            said = [(f" {plural(len(chosen), 'run')}", "accent"), (f" against {plural(len(rest), 'other')}", "dim")]
            return said, sets_apart(reader, chosen, rest)

        heads = ("these", "others") if is_filter else ("marked", "others")
        self.artui.push_screen(WhyScreen("what differs", ask, heads, self.show_filter))

    def show_filter(self, where: str) -> None:
        """Show the runs that a filter matches, from another screen."""
        self.artui.action_show_runs()
        self.request = replace(self.request, where=where)
        self.filter.set_text(where)
        self._ask_order(to_first=True)

    # Taking something along

    def edited_keys(self) -> Sequence[int]:
        """Give the marked runs, or the one under the cursor."""
        return self._marked() or ([self.table.key] if self.table.key is not None else [])

    def _marked(self) -> list[int]:
        """Give the marked runs: those in the table in its order, then those that the filter hides."""
        table = self.table
        shown = [key for key in table.keys if key in table.marked]
        return shown + sorted(table.marked.difference(shown))

    def action_copy(self) -> None:
        keys = list(self.edited_keys())
        self.ask(
            "ids",
            lambda: query.run_ids(self.reader, keys),
            lambda ids: self._copy("\n".join(ids), plural(len(ids), "id")),
        )

    def action_copy_cell(self) -> None:
        from artui.query.export import write_table

        row, table = self.table.row, self.table
        if row is None:
            return
        if table.column == 0:
            self._copy(row.head.name, row.head.name)
            return
        column = table.view.shapes[table.column - 1].column
        _, rows = (
            [],
            [[row.cells.get(column.id) if column.source != "attribute" else query.attribute_value(row, column.name)]],
        )
        text = write_table("csv", ["x"], rows).split("\n", 1)[1].rstrip("\n")
        self._copy(text, text or "nothing")

    def action_copy_rows(self, format: str = "tsv") -> None:
        from artui.query.export import FORMATS, table_of, write_table

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
        keys = self._marked() or list(self.order.keys)
        if self.order.is_partial:
            self.artui.say("The rest of the runs is still being looked for: once more, in a moment.")
            return
        if not keys:
            self.artui.say("There are no runs to write.")
            return
        question = f"write {plural(len(keys), 'run')} to file  (.csv .tsv .json .md .tex)"
        self.query_one(Prompt).ask(question, lambda name: self._export(name, keys), text="runs.csv")

    def _export(self, name: str, keys: list[int]) -> None:
        from artui.query.export import format_of, table_of, write_table

        if not name:
            return
        columns = [shape.column for shape in self.table.view.shapes]
        path = Path(name).expanduser()

        def work() -> str:
            text = write_table(format_of(path), *table_of(self.reader, keys, columns))
            try:
                with path.open("x", encoding="utf-8") as stream:
                    stream.write(text)
            except FileExistsError:
                raise UsageError(f"{name} is there already.", remedy="e again, with another name.") from None
            except OSError as error:
                raise UsageError(
                    f"{name} cannot be written: {error.strerror}.", remedy="Try another folder."
                ) from error
            return str(path.resolve())

        self.artui.say(f"writing {plural(len(keys), 'run')} …")
        self.ask("export", work, lambda written: self.artui.say(f"wrote {plural(len(keys), 'run')} to {written}"))

    def on_prompt_asked(self) -> None:
        self.query_one(KeyBar).show_keys(Prompt.KEYS)

    def on_prompt_left(self) -> None:
        self.table.focus()
        self.show_keys()

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
        keys = self._marked() or list(table.keys[table.cursor : table.cursor + 2])
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


def _page_or_error(reader: Reader, request: RunsRequest) -> RunOrder | FilterError | None:
    from artui.query.tokens import FilterError

    try:
        return query.first_matches(reader, request, FIRST_ROWS)
    except FilterError as error:
        return error


def _is_unfinished(text: str) -> bool:
    from artui.query.complete import is_unfinished

    return is_unfinished(text)


def _is_best_first(column: str) -> bool:
    """Newest, longest and highest first; smallest first where lower is better; names from A."""
    from artui.query.compare import guess_direction

    source, _, name = column.partition(":")
    if source == "attribute":
        return name in ("started", "duration", "ended")
    return source.startswith("metric") and guess_direction(name) == "higher"


def _order_or_error(reader: Reader, request: RunsRequest) -> RunOrder | FilterError:
    from artui.query.tokens import FilterError

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
