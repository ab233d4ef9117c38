"""The table of artifacts: by stage, kind and name, or by any column; filtered, marked, changed, taken along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from artui import clock
from artui.query import artifacts as query
from artui.query.artifactrows import (
    artifact_columns,
    artifact_rows,
    first_sort,
    glimpses,
    sorted_rows,
    table_of_versions,
    title_of,
    value_in,
    version_ids,
    version_keys,
)
from artui.safetext import clean
from artui.sheets.held import held_text, held_texts, mere_words
from artui.tui.cells import fit_middle
from artui.tui.facts.version import version_lines, without_keys
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineMoved, Link
from artui.tui.screens.acting import ActsOnVersions
from artui.tui.screens.arranging import ArrangesColumns
from artui.tui.screens.artifact import VersionFacts, version_facts
from artui.tui.screens.artifactstate import (
    FOUND,
    ArtifactsState,
    count_spans,
    lines_of,
    stage_lines,
    version_key,
    view_of,
)
from artui.tui.screens.filtering import FiltersVersions, matching_of
from artui.tui.screens.keeping import Keeper
from artui.tui.state.history import ARTIFACTS
from artui.tui.state.marks import Marks, Reach, reach_of
from artui.tui.widgets.artifactstable import ArtifactsTable
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.groupcells import group_id
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.model import ArtifactHead, ArtifactRow, Column, Preview, VersionDetail, VersionHead
    from artui.query.filter.tokens import FilterError
    from artui.query.reader import Reader
    from artui.query.runs.sorting import Sort
    from artui.tui.screens.columns import Look
    from artui.tui.screens.taking import Taker
    from artui.tui.screens.viewing import Views
    from artui.tui.state.arrangement import Arrangement

PANE_SECONDS = 0.08
_PANE_FROM_CELLS = 100
"""A narrower screen has no room for details beside the table."""
_EXAMPLE = "kind = model and size > 10MB and made_by (val/loss < 0.3)"
_LEAST_TABLE_CELLS = 40
"""Cells of the table beside the details, at least: what is said of the filter is above it."""


class ArtifactsScreen(ActsOnVersions, FiltersVersions, ArrangesColumns):
    """Shows the artifacts that the filter matches, each with the newest version that it matches."""

    SCOPES = ("artifacts", "list", "app")
    LIST_TOPICS = ("artifacts",)
    PLACE = 2
    BINDINGS = bindings("artifacts")
    ROWS_HAVE_ORDER = True
    NO_VERSION = "A stage is no version: space marks those that are in it."

    def __init__(self) -> None:
        super().__init__()
        self.state = ArtifactsState()
        self._pane_timer: Timer | None = None
        self._has_pane = True
        self._is_on_stage = False
        """Whether the cursor is on the line of a stage."""
        self._has_pane_below = False
        """Where there is no room for details beside the table, whether they are below it."""
        self._pointed: Sequence[str] = ()
        """Ids of versions; the cursor goes to the artifact of one of them once it is listed."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint, example=_EXAMPLE, history_name=ARTIFACTS)
        yield hint
        with Horizontal(id="body"):
            yield ArtifactsTable(says_more=True)
            yield LineList(id="pane", marks_cursor=False, says_more=True)
        yield LineList(id="empty", marks_cursor=False, classes="hidden")
        yield Prompt()
        yield KeyBar()

    # What the screen is made of

    @property
    def table(self) -> ArtifactsTable:
        """The table of artifacts."""
        return self.query_one(ArtifactsTable)

    @property
    def pane(self) -> LineList:
        """The details of the version that is shown of the artifact under the cursor."""
        return self.query_one("#pane", LineList)

    @cached_property
    def _keeper(self) -> Keeper:
        return Keeper(self, "artifacts", ids_of=version_ids, keys_of=version_keys)

    @cached_property
    def _taker(self) -> Taker:
        from artui.tui.screens.reaching import names_of_versions
        from artui.tui.screens.taking import Taker

        return Taker(self, "artifact", table_of_versions, names_of_versions)

    @cached_property
    def _views(self) -> Views:
        from artui.tui.screens.viewing import Views

        return Views(self, "artifacts", self.editor, lambda: self.state.arrangement, self._show_kept)

    def prompt_home(self) -> Widget:
        """Give the table of artifacts."""
        return self.table

    def on_mount(self) -> None:
        arrangement = self._keeper.load()
        version_marks = self.artui.version_marks
        self.state = replace(self.state, arrangement=arrangement, marks=version_marks.marks)
        if not version_marks.is_loaded:
            version_marks.is_loaded = True
            self._keeper.load_marks(arrangement, lambda keys: self._mark(self.state.marks.with_keys(keys)))
        if arrangement.where and not self.filter.is_typing:
            self.filter.set_text(arrangement.where)
        self.set_focus(self.table)

    # State, and how it gets onto the screen

    def load(self) -> None:
        """Ask for all artifacts, and for those that the filter matches."""
        self._ask(is_typing=self.filter.is_typing)

    def _ask(self, *, is_typing: bool) -> None:
        where, arrangement, reader = self.filter.words, self.state.arrangement, self.reader
        self.ask("artifacts", lambda: _read(reader, where, arrangement, is_typing=is_typing), self._take)

    def _take(self, answer: _Answer) -> None:
        """Show the artifacts that match."""
        # An answer to the user starts at its top; a mere change in the catalog does not move the table.
        words = self.filter.words
        is_same = self.state.answered_where == words and self.state.answered_sorts == answer.sorts
        self.filter.fault(answer.error, answer.notes)
        self.show(
            replace(
                self.state,
                rows=_placed(answer.rows, answer.sorts, words),
                total=len({head.key for head in answer.every} | {row.head.key for row in answer.rows}),
                version_total=sum(row.head.version_count for row in answer.rows),
                columns=answer.columns,
                answered_where=words,
                answered_sorts=answer.sorts,
            ),
            to_first=not is_same,
        )
        self._go_to_pointed()

    def point_at(self, ids: Sequence[str]) -> None:
        """Put the cursor on the artifact of one of these versions once they are read anew."""
        self._pointed = ids

    def _go_to_pointed(self) -> None:
        ids, table, self._pointed = self._pointed, self.table, ()
        keys = {
            row.head.key
            for row in self.state.rows
            if row.head.id in ids or (row.head.latest is not None and row.head.latest.id in ids)
        }
        if keys and (self.current is None or self.current.key not in keys):
            table.move_to(next((place for place, key in enumerate(table.keys) if key in keys), table.cursor))

    def show(self, state: ArtifactsState, *, to_first: bool = False) -> None:
        """Take a new state: draw what differs, ask the catalog for what is missing, and remember the arrangement."""
        before, self.state = self.state, state
        if state.answered_where is None:
            return
        table, now_ms = self.table, clock.now_ms()
        view = view_of(state, now_ms, cells=self._most_table_cells)
        if view != table.view:
            table.set_view(view)
        lines = lines_of(state)
        if to_first or state.rows is not before.rows or lines != table.lines:
            table.show_rows(state.by_key)
            table.set_lines(lines, now_ms=now_ms, to_first=to_first)
        marked = state.marks.keys
        table.set_marks(frozenset(row.head.key for row in state.rows if version_key(row) in marked))
        if state.arrangement != before.arrangement:
            self._keeper.keep(state.arrangement)
            self.show_place()
            if state.arrangement.sorts != before.arrangement.sorts or state.arrangement.columns != before.arrangement.columns:  # fmt: skip
                self.load()
        if marked != before.marks.keys:
            self.artui.version_marks.marks = state.marks
            self._keeper.keep_marks_soon(marked, self._keep_marks)
        self._show_empty()
        self._fit_pane()
        self._show_counts()
        self._pane_soon()

    def _keep_marks(self, ids: tuple[str, ...]) -> None:
        self.show(replace(self.state, arrangement=replace(self.state.arrangement, marked=ids)))

    def _show_counts(self) -> None:
        spans = count_spans(self.state, hidden_columns=self.table.hidden_columns)
        self.filter.say(spans, most=max(20, self.size.width * 2 // 3))

    def has_nothing(self) -> bool:
        """Whether the catalog has no artifacts at all."""
        return self.state.answered_where == "" and not self.state.rows and not self.state.total

    def matches_nothing(self) -> bool:
        """Whether no artifact matches the filter."""
        return bool(self.state.answered_where) and not self.state.rows

    def _show_empty(self) -> None:
        """Say what to do next if there is nothing to show."""
        listing, is_empty = self.query_one("#empty", LineList), not self.state.rows
        listing.set_class(not is_empty, "hidden")
        self.query_one("#body").set_class(is_empty, "hidden")
        self.show_keys_of_empty()
        if is_empty:
            is_filtered = bool(self.state.answered_where)
            nothing = _NOTHING
            if self.artui.is_past:
                from artui.tui.screens.moment import nothing_then_lines

                nothing = nothing_then_lines("artifacts")
            listing.set_lines(_NO_MATCH if is_filtered else [] if self.state.total else nothing, keep=False)

    @property
    def _most_table_cells(self) -> int:
        """How wide the table can be: beside the details up to two thirds of the screen."""
        is_beside = self.size.width >= _PANE_FROM_CELLS and self._has_pane
        return self.size.width * 2 // 3 if is_beside else self.size.width

    def _fit_pane(self) -> None:
        """Give the table what it needs beside the details, up to two thirds of the screen, and these the rest; on a narrow screen the upper half."""
        is_below = self.size.width < _PANE_FROM_CELLS
        has_pane = (self._has_pane_below if is_below else self._has_pane) and bool(self.state.rows)
        pane, body = self.pane, self.query_one("#body")
        pane.set_class(not has_pane, "hidden")
        body.styles.layout = "vertical" if is_below else "horizontal"
        self.table.styles.height = "1fr"
        pane.styles.padding = (1, 1, 0, 1) if is_below else (0, 1, 0, 2)
        if is_below:
            pane.styles.width, pane.styles.height = "1fr", "1fr"
        elif has_pane:
            cells = max(_LEAST_TABLE_CELLS, min(self.table.wanted_cells, self.size.width * 2 // 3))
            pane.styles.width, pane.styles.height = self.size.width - cells, "1fr"

    def on_resize(self) -> None:
        if self.state.answered_where is not None:
            self.table.set_view(view_of(self.state, clock.now_ms(), cells=self._most_table_cells))
            self._fit_pane()
            self._show_counts()
            self._pane_soon()

    def on_table_resized(self) -> None:
        self._show_counts()

    def on_screen_resume(self) -> None:
        # Marks may have changed on the screen of an artifact.
        self.show_marks()

    def show_marks(self) -> None:
        """Show which versions are marked, after that has changed elsewhere."""
        self._mark(self.artui.version_marks.marks)

    # Filter

    def on_filter_line_left(self) -> None:
        # What was half typed is final now.
        self._ask(is_typing=False)
        self._keep_filter()
        self.set_focus(self.table)
        self.show_keys()

    def go_back(self) -> bool:
        """Leave the question, or clear the filter; false if there is neither."""
        if self.query_one(Prompt).leave():
            return True
        is_cleared = self.filter.clear()
        self._keep_filter()
        return is_cleared

    def _keep_filter(self) -> None:
        """Let the filter be part of the arrangement."""
        if self.filter.words != self.state.arrangement.where:
            self.show(replace(self.state, arrangement=replace(self.state.arrangement, where=self.filter.words)))

    # Views

    def action_save_view(self) -> None:
        self._keep_filter()
        self._views.save()

    def action_open_views(self) -> None:
        self._views.choose()

    def open_view_named(self, name: str) -> None:
        """Show the artifacts as a view of the catalog says."""
        self._views.open_named(name)

    def _show_kept(self, arrangement: Arrangement) -> None:
        self.filter.set_text(arrangement.where)
        self.show(replace(self.state, arrangement=arrangement))
        self.load()

    # Columns

    @property
    def arrangement(self) -> Arrangement:
        """How the table is arranged."""
        return self.state.arrangement

    def rearrange(self, arrangement: Arrangement, *, automatic: Sequence[str] | None = None) -> None:
        """Show the table so."""
        self.show(replace(self.state, arrangement=arrangement))

    def first_sort(self, column_id: str) -> Sort:
        """Give how a column is sorted at first."""
        return first_sort(column_id)

    def every_column(self) -> Sequence[Column]:
        """Give every possible column."""
        return self.state.columns

    def look_at_columns(self) -> tuple[Look | None, tuple[int, str]]:
        heads = [row.head for row in self.state.rows]
        return partial(glimpses, self.reader, heads), (len(heads), "artifact")

    def show_columns_of_table(self) -> None:
        """Say how many columns are out of sight."""
        self._show_counts()

    # Marks

    def _keys_at(self, line: int) -> list[int]:
        """Give the keys of the versions that a line of the table stands for."""
        by_key = self.state.by_key
        keys = (version_key(by_key[key]) for key in self.table.lines.runs_at(line) if key in by_key)
        return [key for key in keys if key > 0]

    def _shown_keys(self) -> list[int]:
        return [key for row in self.state.rows if (key := version_key(row)) > 0]

    def _mark(self, marks: Marks) -> None:
        self.show(replace(self.state, marks=marks))

    def marked_keys(self) -> list[int]:
        """Give the marked versions: those in the table in its order, then the others."""
        return self.state.marks.in_order(self._shown_keys())

    def reach(self) -> Reach:
        """Give the marked versions that the keys act on, and which of them the table does not show."""
        where = "hidden by the filter" if self.state.answered_where else "not in this list"
        return reach_of(self.marked_keys(), self._shown_keys(), where=where)

    def action_toggle_mark(self) -> None:
        table = self.table
        if table.cursor >= len(table.keys):
            return
        line = table.keys[table.cursor]
        keys = self._keys_at(line)
        if not keys:
            self.artui.say("There is no version here.")
            return
        self._mark(self.state.marks.toggled(keys, line))
        # A heading is passed over, so that the same key does not mark all that is below it.
        rows = (place for place in range(table.cursor + 1, len(table.keys)) if line < 0 or table.keys[place] > 0)
        table.move_to(next(rows, table.cursor))

    def action_mark_range(self) -> None:
        self._mark(self.state.marks.with_range(self.table.keys, self.table.cursor, self._keys_at))

    def action_invert_marks(self) -> None:
        self._mark(self.state.marks.inverted(self._shown_keys()))

    def action_clear_marks(self) -> None:
        self._mark(Marks())

    # Taking along

    def action_copy_cell(self) -> None:
        if (row := self.table.row) is not None:
            place, shapes = self.table.column, self.table.view.shapes
            column = shapes[place - 1].column if place else None
            value = value_in(row, column) if column is not None else row.head.name
            self._taker.copy_value(
                "" if value is None else str(value), row.head.name, title_of(column) if column is not None else "name"
            )

    def action_copy_rows(self, format: str = "tsv") -> None:
        reach, row = self.reach(), self.table.row
        if not reach.keys and row is not None:
            reach = Reach(tuple(self._keys_at(row.head.key)))
        if reach.keys:
            self._taker.copy_rows(reach, self.shown_columns(), format)

    def action_export(self) -> None:
        reach = self.reach()
        if not reach.keys:
            reach = Reach(tuple(version_key(row) for row in self.state.rows))
        if not reach.keys:
            self.artui.say("There are no artifacts to write.")
        else:
            self._taker.export(reach, self.shown_columns())

    # The pane

    def action_toggle_pane(self) -> None:
        if self.size.width < _PANE_FROM_CELLS:
            self._has_pane_below = not self._has_pane_below
        else:
            self._has_pane = not self._has_pane
        self._fit_pane()
        self._pane_soon()

    @property
    def current(self) -> ArtifactHead | None:
        """The artifact under the cursor."""
        return self.table.row.head if self.table.row is not None else None

    def on_table_moved(self) -> None:
        if (self.table.group is not None) != self._is_on_stage:
            self._is_on_stage = not self._is_on_stage
            self.show_keys()
        self._pane_soon()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out what is about a version where the cursor is on a stage, unless some are marked."""
        pairs = super().footer_pairs()
        if not self._is_on_stage or self.state.marks.keys:
            return pairs
        return [pair for pair in pairs if pair not in pairs_of(_OF_A_VERSION)]

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()

    def _pane_soon(self) -> None:
        if self.pane.has_class("hidden"):
            return
        if self._pane_timer is not None:
            self._pane_timer.stop()
        self._pane_timer = self.set_timer(PANE_SECONDS, self._ask_pane)

    def _ask_pane(self) -> None:
        head = self.current
        if head is None or head.latest is None:
            group = self.table.group
            cells = max(20, self.pane.size.width - 2)
            self.pane.set_lines([] if group is None else stage_lines(self.state, group, cells=cells), keep=False)
            return
        version_id = head.latest.id
        self.ask("pane", lambda: version_facts(self, version_id), self._take_pane)

    def _take_pane(self, facts: VersionFacts) -> None:
        pane, is_below = self.pane, self.size.width < _PANE_FROM_CELLS
        cells = max(20, pane.size.width - (0 if is_below else 2))
        held = clean(held_text(facts.detail, facts.previews, self.state.answered_where or ""))
        found = [Line([(f" {fit_middle(held, cells - 2).rstrip()}", "accent")])] if held else []
        rows = pane.size.height - len(found)
        lines = version_lines(*facts, cells=cells, rows=rows, is_dense=is_below)
        pane.set_lines([*found, *without_keys(lines)], keep=False)

    # Going elsewhere

    def action_open(self) -> None:
        group = self.table.group
        if group is not None:
            self.show(replace(self.state, folded=self.state.folded ^ {group_id(group)}))
        elif self.current is not None:
            self.artui.follow(Link("artifact", str(self.current.key)))

    def on_table_opened(self) -> None:
        self.action_open()

    def subject(self) -> VersionHead | None:
        """Give the newest version of the artifact under the cursor."""
        return self.current.latest if self.current is not None else None


class _Answer(NamedTuple):
    """What came of reading the artifacts."""

    every: Sequence[ArtifactHead]
    rows: Sequence[ArtifactRow]
    columns: tuple[Column, ...]
    sorts: tuple[Sort, ...]
    error: FilterError | None = None
    notes: Sequence[str] = ()


def _read(reader: Reader, where: str, arrangement: Arrangement, *, is_typing: bool) -> _Answer:
    """Read all artifacts, and the rows of those that a filter matches, in the order of the arrangement."""
    every = reader.memory.at(reader.file_token()).get("artifacts", lambda: query.artifact_list(reader))
    matching = matching_of(
        lambda text, notes: query.artifact_list(reader, text, notes=notes),
        where,
        every,
        thing="artifact",
        is_typing=is_typing,
    )
    held = _held(reader, matching.things, where) if matching.error is None else {}
    columns = artifact_columns(reader)
    by_id = {column.id: column for column in columns}
    ids = arrangement.columns if arrangement.columns is not None else [column.id for column in columns if column.source == "version"]  # fmt: skip
    wanted = dict.fromkeys([*ids, *(sort.column for sort in arrangement.sorts)])
    rows = artifact_rows(reader, _told_apart(matching.things), [by_id[column_id] for column_id in wanted if column_id in by_id])  # fmt: skip
    if held:
        rows = [replace(row, cells={**row.cells, FOUND.id: held.get(version_key(row), "")}, read=row.read | {FOUND.id}) for row in rows]  # fmt: skip
    sorts = tuple(sort for sort in arrangement.sorts if sort.column in by_id or sort.column == "attribute:name")
    columns += [FOUND] if held else []
    return _Answer(every, sorted_rows(rows, sorts), tuple(columns), sorts, matching.error, matching.notes)


def _held(reader: Reader, heads: Sequence[ArtifactHead], where: str) -> dict[int, str]:
    """Say of the version that is shown of each artifact where it holds the words that its name has not."""
    latest = [head.latest for head in heads if head.latest is not None]
    memory = reader.memory.at(reader.file_token())

    def read(head: VersionHead) -> tuple[VersionDetail, Mapping[str, Preview]]:
        return memory.get(
            ("looked into", head.key), lambda: (query.get_version(reader, head.id), query.previews(reader, head.key))
        )

    return held_texts(latest, mere_words(where), read)


def _placed(rows: Sequence[ArtifactRow], sorts: Sequence[Sort], where: str) -> Sequence[ArtifactRow]:
    """Give what is called so before what only holds the words somewhere, unless a column sorts the rows."""
    if sorts or not where:
        return rows
    words = where.lower().split()
    return sorted(rows, key=lambda row: not all(word in row.head.name.lower() for word in words))


def _told_apart(heads: Sequence[ArtifactHead]) -> list[ArtifactHead]:
    """Give artifacts with their projects behind names that several of them have."""
    counts = Counter(head.name for head in heads)
    return [
        replace(head, name=f"{head.name} · {head.project}") if counts[head.name] > 1 and head.project else head
        for head in heads
    ]


_OF_A_VERSION = (
    "artifacts.alias",
    "artifacts.promote",
    "artifacts.difference",
    "artifacts.compare",
    "artifacts.lineage",
)
_NO_MATCH = [
    BLANK,
    Line([("  No artifact matches. ", "text"), ("esc", "key"), (" clears the filter.", "dim")]),
]
_NOTHING = [
    BLANK,
    Line([("  No artifacts yet.", "bold")]),
    BLANK,
    Line([("  A run saves them with ", "dim"), ('run.save("model", "model.safetensors", kind="model")', "accent")]),
    Line([("  and notes what it read with ", "dim"), ('run.use("data:latest")', "accent")]),
]
