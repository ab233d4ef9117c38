"""The columns of the table of runs: which, in which order, how wide, sorted by which; and views that keep all that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from artui.model import Column
from artui.query.attributes import SHOWN, is_numeric, title_of
from artui.query.runs.columns import SPARKED_METRICS, Columns, chosen_columns, tag_columns, usual_attributes
from artui.query.runs.columns import columns as query_columns
from artui.query.runs.sorting import Sort
from artui.query.runs.views import saved_views
from artui.tui.cells import shape_of, short_titles
from artui.tui.screens.runs.state import HasRunsTable
from artui.tui.state.arrangement import MAX_CELLS, MAX_SORTS, MIN_CELLS, Arrangement, keep_arrangement
from artui.tui.widgets.filter import QueryLine
from artui.tui.widgets.table import View
from artui.units import plural

SPARK_CELLS = 10
SPREAD_CELLS = 14
"""For mean ± standard deviation of a group, behind its best value."""
MAX_AGGREGATED = 2_000
"""Of so many metrics, the smallest, largest, mean and first values and the counts are offered as columns, too."""


class ArrangesColumns(HasRunsTable):
    """The part of the screen of runs that arranges its table."""

    def make_view(self) -> View:
        """Lay the columns out: as they were arranged, or by themselves."""
        chosen = chosen_columns(self.columns)
        sparked = {column.id for column in chosen[:SPARKED_METRICS] if column.source == "metric"}
        if self.arrangement.columns is None:
            shown = [*self.attributes, *chosen]
        else:
            shown = self.columns_of(self.arrangement.columns)
        titles = short_titles([column for column in shown if column.source != "attribute"])
        shapes = []
        for column in shown:
            title = titles.get(column.id) or title_of(column.name)
            shape = shape_of(column, title=title, spark=SPARK_CELLS if column.id in sparked else 0)
            if self.arrangement.grouping and column.source == "metric":
                shape = replace(shape, spread=SPREAD_CELLS)
            if (cells := self.arrangement.widths.get(column.id)) is not None:
                shape = replace(shape, width=cells, is_fixed=True)
            shapes.append(shape)
        return View(tuple(shapes), self.request.sorts, self.arrangement.pinned)

    def known_columns(self) -> list[Column]:
        """Give the columns there could be, the usual ones first; other numbers than the last of the first metrics only."""
        return self._known(self.columns[1][:MAX_AGGREGATED])

    def columns_of(self, ids: Sequence[str]) -> list[Column]:
        """Give columns by their ids; one that is not there any more is left out."""
        if not ids:
            return []
        names = {each.partition(":")[2] for each in ids}
        known = {column.id: column for column in self._known([each for each in self.columns[1] if each.name in names])}
        return [known[each] for each in ids if each in known]

    def _known(self, aggregated: Sequence[Column]) -> list[Column]:
        params, metrics, _ = self.columns
        attributes = [
            Column("attribute", name, is_numeric=is_numeric(name))
            for name in ("started", "duration", *SHOWN)
            if name != "name"
        ]
        chosen = chosen_columns(self.columns)
        best = [
            replace(column, aggregate=word)
            for column in aggregated
            for word in ("min", "max", "mean", "first", "count")
        ]
        every = [*attributes[:2], *chosen, *metrics, *params, *self.others, *attributes, *best]
        return list({column.id: column for column in every}.values())

    def rearrange(self, arrangement: Arrangement) -> None:
        """Show the table otherwise, and remember it."""
        self.arrangement = arrangement
        view = self.make_view()
        self.table.set_view(view)
        self.table.forget_rows()
        self.show_counts()
        self.remember()

    def remember(self) -> None:
        self.arrangement = replace(self.arrangement, where=self.request.where, sorts=self.request.sorts)
        arrangement, catalog = self.arrangement, self._catalog
        self.ask("remember", lambda: keep_arrangement(catalog, arrangement), lambda _: None)

    @property
    def _catalog(self) -> str:
        """How the arrangement of this catalog's table is remembered."""
        return f"{self.reader.catalog_id} {self.reader.path}"

    # Sorting and columns

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self.show_counts()

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
        self.ask_order(to_first=True)
        self.remember()

    def read_columns(self) -> tuple[Columns, list[Column], list[Column]]:
        return query_columns(self.reader), usual_attributes(self.reader), tag_columns(self.reader)

    def take_columns(self, found: tuple[Columns, list[Column], list[Column]]) -> None:
        self.columns, self.attributes, self.others = found
        view = self.make_view()
        if view.shapes != self.table.view.shapes:
            self.table.set_view(view)
            self.table.forget_rows()
        self.show_counts()

    def action_choose_columns(self) -> None:
        self.ask("columns", self.read_columns, self._choose_columns)

    def _choose_columns(self, found: tuple[Columns, list[Column], list[Column]]) -> None:
        from artui.tui.screens.columns import ColumnsScreen

        self.take_columns(found)
        shown = [shape.column.id for shape in self.table.view.shapes]
        change = lambda columns: self.rearrange(replace(self.arrangement, columns=columns))  # noqa: E731
        self.artui.push_screen(ColumnsScreen(self.known_columns(), shown, change))

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
        self.rearrange(replace(self.arrangement, columns=tuple(shown), pinned=pinned))
        self.artui.say(f"{name} is hidden · C brings it back")

    def action_shift_column(self, change: int) -> None:
        table = self.table
        shown, place = self._shown_ids(), table.column - 1
        target = place + change
        if place < 0 or not 0 <= target < len(shown):
            return
        shown.insert(target, shown.pop(place))
        self.rearrange(replace(self.arrangement, columns=tuple(shown)))
        table.move_column(change)

    def action_resize_column(self, change: int) -> None:
        table = self.table
        if table.column == 0:
            return
        shape = table.view.shapes[table.column - 1]
        cells = max(MIN_CELLS, min(MAX_CELLS, shape.width + change))
        self.rearrange(replace(self.arrangement, widths={**self.arrangement.widths, shape.column.id: cells}))

    def action_pin_columns(self) -> None:
        """Let the columns up to the current one stay; at the last pinned one, none."""
        column = self.table.column
        pinned = 0 if column == self.arrangement.pinned else column
        self.rearrange(replace(self.arrangement, pinned=pinned, columns=tuple(self._shown_ids())))
        self.artui.say(f"The first {plural(pinned, 'column')} stay." if pinned else "No column stays.")

    # Views

    def action_save_view(self) -> None:
        self.remember()
        content = replace(self.arrangement, marked=()).to_json()
        self._prompt("keep this view as", lambda name: self.save_view(name, content) if name else None)

    def action_open_views(self) -> None:
        from artui.tui.screens.views import ViewsScreen

        self.artui.push_screen(ViewsScreen(self._open_view, self.delete_view))

    def open_view_named(self, name: str) -> None:
        """Show the runs as a view of the catalog says."""
        from artui.tui.state.arrangement import arrangement_of

        def take(found: list[tuple[str, str, str, int]]) -> None:
            content = next((content for each, content, _, _ in found if each == name), None)
            if content is not None:
                self._open_view(name, arrangement_of(content))

        self.ask("view", lambda: saved_views(self.reader, "runs"), take)

    def sort_by_name(self, source: str, name: str) -> None:
        """Sort by a metric or a param, the best first; its column is shown if it was not."""
        column = f"{source}:{name}"
        shown = self._shown_ids()
        if column not in shown:
            self.rearrange(replace(self.arrangement, columns=(*shown[:2], column, *shown[2:])))
        shown = self._shown_ids()
        if column in shown:
            self.table.move_column(shown.index(column) + 1 - self.table.column)
        self._sort_by((Sort(column, _is_best_first(column)),))

    def _open_view(self, name: str, arrangement: Arrangement) -> None:
        self.request = replace(self.request, where=arrangement.where, sorts=arrangement.sorts)
        self.query_one(QueryLine).set_text(arrangement.where)
        self.table.unfolded = set()
        self.rearrange(replace(arrangement, marked=self.arrangement.marked))
        self.ask_order(to_first=True)
        from artui.query.things import Thing

        self.artui.say(f"view {name}")
        self.artui.keep_recent(Thing("view", name, name))


def _is_best_first(column: str) -> bool:
    """Newest, longest and highest first; smallest first where lower is better; names from A."""
    from artui.query.compare import guess_direction

    source, _, name = column.partition(":")
    if source == "attribute":
        return is_numeric(name)
    return source.startswith("metric") and guess_direction(name) == "higher"
