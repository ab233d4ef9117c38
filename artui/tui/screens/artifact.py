"""One artifact: its versions as a table, and what the chosen one holds beside it, or below it where there is little room."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from artui import clock
from artui.content.images import is_picture
from artui.model import Column
from artui.query import artifacts as query
from artui.query.artifactrows import (
    NAME,
    first_sort,
    glimpses,
    sorted_rows,
    table_of_versions,
    value_in,
    version_columns,
    version_ids,
    version_keys,
    version_rows,
)
from artui.query.files import find_files, words_of
from artui.query.history import version_history
from artui.query.measures import version_measures
from artui.query.profiles import profiles
from artui.query.profiles import spreads as spreads_of
from artui.query.runs.sorting import Sort
from artui.safetext import clean
from artui.tui.aliases import chosen_aliases
from artui.tui.cells import Span
from artui.tui.facts.version import version_lines
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineChosen, LineMoved, Link
from artui.tui.screens.acting import ActsOnVersions
from artui.tui.screens.arranging import ArrangesColumns
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.filtering import FiltersVersions, matching_of
from artui.tui.screens.keeping import Keeper
from artui.tui.state.arrangement import USUAL, Arrangement
from artui.tui.state.history import ARTIFACTS
from artui.tui.state.marks import Reach, reach_of
from artui.tui.widgets.artifactcells import shape_of
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.image import ImageView
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.tablelines import TableLines, View
from artui.tui.widgets.versionstable import VersionsTable
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.model import ArtifactRow, Change, Damage, Preview, VersionDetail, VersionHead
    from artui.model.profiles import Spreads, TableProfile
    from artui.query.filter.tokens import FilterError
    from artui.query.reader import Reader
    from artui.tui.screens.columns import Look
    from artui.tui.screens.drawable import Drawn
    from artui.tui.screens.image import Seen
    from artui.tui.screens.taking import Taker
    from artui.tui.screens.viewing import Views
    from artui.tui.state.marks import Marks
    from artui.tui.widgets.searched import Searched


MAX_FILES = 1_000
"""Of a version with more files the first ones are listed."""
_FEWEST_PICTURE_ROWS = 6
"""Where there is less room, a picture is not drawn on the page of its version."""
_WIDE_CELLS = 100
"""Where there is less room, a key is named at the top without what it does, and the versions stand above what one holds."""
_MOST_MEASURES = 3
_READABLE_CELLS = 72
"""With less room beside the table, columns of this give way, down to two fifths of the screen."""
_LEAST_TABLE_CELLS = 24
_FEWEST_ROWS, _ROWS_SHARE = 5, 4
"""Above what a version holds the table has so many lines at most, or one in so many of the screen."""
_DENSE_BELOW_ROWS = 30
"""With fewer lines, first stands what is to be seen of a version without scrolling."""
_NUMBER = Column("version", "version", is_numeric=True)
_NO_MATCH = [
    BLANK,
    Line([("  No version matches. ", "text"), ("esc", "key"), (" clears the filter.", "dim")]),
]
_EXAMPLE = "val_loss < 0.1 and not alias = production"


class VersionFacts(NamedTuple):
    """All that is shown of a version."""

    detail: VersionDetail
    previews: Mapping[str, Preview]
    """Previews of its files, by path."""
    history: Sequence[Change]
    """What was done with it, newest first."""
    profiles: Mapping[str, TableProfile]
    """What the columns of its tables are like, by path."""


class ArtifactScreen(ActsOnVersions, FiltersVersions, ArrangesColumns):
    """Holds the versions of an artifact; of the current one the facts are shown."""

    SCOPES = ("artifact", "find", "list", "app")
    LIST_TOPICS = ("versions",)
    PLACE = 2
    BINDINGS = [*bindings("artifact"), *bindings("find")]
    ROWS_HAVE_ORDER = True

    def __init__(self, artifact_key: int, *, version_id: str = "") -> None:
        super().__init__()
        self.artifact_key = artifact_key
        self.version_id = self._linked_id = version_id
        self.versions: Sequence[VersionHead] = ()
        """Those that are listed, in order."""
        self._answer = _Answer()
        self._arrangement: Arrangement | None = None
        """None until it is known which kind of artifact this is."""
        self._shows_all = False
        self._is_read = False
        self._can_draw = False
        self._profiles: Mapping[str, TableProfile] = {}
        """Of the version that is drawn, by path."""
        self._small_of: tuple[int, str] | None = None
        """Key of the version and path of the picture that is drawn below it."""
        self._small_for: tuple[int, str, tuple[int, int]] | None = None
        """The picture that is drawn below what is said of its version, and in which size."""
        self._drawn_id = ""
        """Of the version whose lines are shown."""
        self._pointed: Sequence[str] = ()
        """Ids of versions that the cursor goes to once they are listed."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint, example=_EXAMPLE, history_name=ARTIFACTS)
        yield hint
        with Horizontal(id="body"):
            yield VersionsTable()
            with Vertical():
                yield LineList(only_links=True, is_page=True, says_more=True, id="holds")
                yield ImageView(only_cells=True, id="small", classes="hidden")
        yield Prompt()
        yield KeyBar()

    @property
    def table(self) -> VersionsTable:
        """The table of versions."""
        return self.query_one(VersionsTable)

    @property
    def holds(self) -> LineList:
        """What the version under the cursor is and holds."""
        return self.query_one("#holds", LineList)

    @cached_property
    def _taker(self) -> Taker:
        from artui.tui.screens.reaching import names_of_versions
        from artui.tui.screens.taking import Taker

        return Taker(self, "version", table_of_versions, names_of_versions)

    @cached_property
    def _keeper(self) -> Keeper:
        # Artifacts of one kind are looked at in the same way.
        kind = self._answer.every[0].kind
        return Keeper(self, "versions", ids_of=version_ids, keys_of=version_keys, of=kind)

    @cached_property
    def _views(self) -> Views:
        from artui.tui.screens.viewing import Views

        reader, key = self.reader, self.artifact_key
        return Views(
            self,
            "versions",
            self.editor,
            lambda: replace(self.arrangement, where=self.filter.words),
            self._show_kept,
            lambda where: len(query.versions(reader, key, where)),
        )

    def prompt_home(self) -> Widget:
        """Give the table of versions."""
        return self.table

    def on_mount(self) -> None:
        self._fit_filter()
        self.set_focus(self.table)

    # Versions, and how they get into the table

    def load(self) -> None:
        """Ask for the versions, and for those that the filter matches."""
        self._ask(is_typing=self.filter.is_typing)

    def _ask(self, *, is_typing: bool) -> None:
        reader, key, where, arrangement = self.reader, self.artifact_key, self.filter.words, self._arrangement
        self.ask("versions", lambda: _read(reader, key, where, arrangement, is_typing=is_typing), self._take)

    def _take(self, answer: _Answer) -> None:
        before, self._answer = self._answer, answer
        if self._arrangement is None and answer.every:
            self._arrangement = replace(self._keeper.load(), where="")
            if self._arrangement != USUAL["versions"]:
                self.load()
                return
        is_first, self._is_read = not self._is_read, True
        self.filter.fault(answer.error, answer.notes)
        is_same = (before.where, before.sorts) == (answer.where, answer.sorts)
        self._show_versions(to_first=not is_same and not is_first)
        if is_first and self.versions:
            from artui.query.things import Thing

            head = answer.every[0]
            self.artui.keep_recent(Thing("artifact", str(self.artifact_key), head.artifact, head.kind))
        self._go_to([self.version_id] if is_first else self._pointed)
        self._pointed = ()
        self._ask_holds()

    def _show_versions(self, *, to_first: bool = False) -> None:
        """List the versions: of those that no filter chose, not what is retired or deleted."""
        answer, table, now_ms = self._answer, self.table, clock.now_ms()

        def is_shown(head: VersionHead) -> bool:
            # One that a link leads to is listed, however it stands.
            return bool(answer.where) or self._shows_all or is_listed(head) or head.id == self._linked_id

        by_key = {row.head.key: row for row in answer.rows}
        rows = [row for row in answer.rows if row.head.latest is not None and is_shown(row.head.latest)]
        rows = rows or ([] if answer.where else list(by_key.values()))
        self.versions = [row.head.latest for row in rows if row.head.latest is not None]
        columns = _shown_columns(answer, self.arrangement, self.versions)
        shapes = tuple(shape_of(column, rows, now_ms, self.arrangement.widths.get(column.id)) for column in columns)
        view = View(shapes, answer.sorts, self.arrangement.pinned)
        if view != table.view:
            table.set_view(view)
        table.show_rows(rows, shapes)
        table.set_lines(TableLines(array("q", (row.head.key for row in rows))), now_ms=now_ms, to_first=to_first)
        table.set_marks(self.artui.version_marks.marks.keys)
        self._fit_table()
        self.show_place()
        found = f"{len(rows):,} of " if answer.where else ""
        self.filter.say([(f"{found}{plural(len(answer.every), 'version')}", "accent" if found else "dim")], most=40)

    def _fit_table(self) -> None:
        """Put the table beside what a version holds, as wide as its columns that fit into half of the screen, or less of a narrow one; above it where there is little room."""
        table, body = self.table, self.query_one("#body")
        is_above = self.size.width < _WIDE_CELLS
        body.styles.layout = "vertical" if is_above else "horizontal"
        table.styles.margin = (0, 0, 1, 0) if is_above else 0
        if is_above:
            most = max(_FEWEST_ROWS, self.size.height // _ROWS_SHARE)
            table.styles.width, table.styles.height = "1fr", min(len(table.keys), most) + 1
        else:
            # What a version holds is longer than a row of numbers: its history is to be read whole.
            most = min(self.size.width // 2, max(self.size.width * 2 // 5, self.size.width - _READABLE_CELLS))
            most = max(_LEAST_TABLE_CELLS, most)
            table.styles.width, table.styles.height = 1 + table.fitting_cells(most), "1fr"

    def _go_to(self, ids: Sequence[str]) -> None:
        """Put the cursor on the first of these versions that is listed, unless it is on one."""
        if self.current is None or self.current.id not in ids:
            table = self.table
            places = (place for place, head in enumerate(self.versions) if head.id in ids)
            table.move_to(next(places, table.cursor))

    def point_at(self, ids: Sequence[str]) -> None:
        """Put the cursor on one of these versions once they are read anew."""
        self._pointed = ids

    def action_all_versions(self) -> None:
        """List retired and deleted versions, too, or not."""
        self._shows_all = not self._shows_all
        every = self._answer.every
        self._show_versions()
        self._ask_holds()
        apart = [head for head in every if not is_listed(head)]
        if not apart:
            stand = any(head.state for head in every)
            self.artui.say(
                "All versions are listed: the retired ones have an alias."
                if stand
                else "No version is retired or deleted."
            )
        elif self._shows_all:
            self.artui.say(f"{plural(len(apart), 'version')} that {_is(len(apart))} retired or deleted {_is(len(apart))} listed, too.")  # fmt: skip
        else:
            listed = {head.id for head in self.versions}
            staying = sum(head.id in listed for head in apart)
            stays = f" {count_text(staying)} of them {'stays' if staying == 1 else 'stay'}: it was opened, or there is no other." if staying else ""  # fmt: skip
            self.artui.say(f"What is retired or deleted is not listed: {plural(len(apart), 'version')}.{stays}")

    # Filter

    def action_find_line(self) -> None:
        """Filter the versions; what a version holds is searched instead, where the focus is there."""
        if self.focused is self.holds:
            super().action_find_line()
        else:
            self.action_filter()

    def action_filter(self) -> None:
        self.query_one("#filter-line").remove_class("hidden")
        super().action_filter()

    def on_filter_line_left(self) -> None:
        # What was half typed is final now.
        self._ask(is_typing=False)
        self.set_focus(self.table)
        self._fit_filter()
        self.show_keys()

    def on_filter_line_changed(self) -> None:
        self._fit_filter()

    def _fit_filter(self) -> None:
        """Show the line of the filter while there is one."""
        self.filter.set_class(not (self.filter.words or self.filter.is_typing), "hidden")

    # Views

    def action_save_view(self) -> None:
        self._views.save()

    def action_open_views(self) -> None:
        self._views.choose()

    def open_view_named(self, name: str) -> None:
        """Show the versions as a view of the catalog says."""
        self._views.open_named(name)

    def _show_kept(self, arrangement: Arrangement) -> None:
        self.filter.set_text(arrangement.where)
        self._fit_filter()
        self.rearrange(replace(arrangement, where=""))
        self.load()

    # Columns

    @property
    def arrangement(self) -> Arrangement:
        """How the table is arranged."""
        return self._arrangement if self._arrangement is not None else USUAL["versions"]

    def rearrange(self, arrangement: Arrangement, *, automatic: Sequence[str] | None = None) -> None:
        """Show the table so."""
        if self._arrangement is not None and arrangement != self._arrangement:
            self._arrangement = arrangement
            self._keeper.keep(arrangement)
            self.load()

    @property
    def automatic_ids(self) -> tuple[str, ...]:
        """The ids of the columns that artui chose."""
        return tuple(column.id for column in _usual_columns(self._answer, self.versions))

    def first_sort(self, column_id: str) -> Sort:
        """Give how a column is sorted at first."""
        return first_sort(column_id)

    def every_column(self) -> Sequence[Column]:
        """Give every possible column."""
        return self._answer.columns

    def look_at_columns(self) -> tuple[Look | None, tuple[int, str]]:
        heads = [row.head for row in self._answer.rows]
        return partial(glimpses, self.reader, heads), (len(heads), "version")

    def show_columns_of_table(self) -> None:
        """Say how many columns are out of sight."""
        self.show_place()

    def on_table_resized(self) -> None:
        self.show_place()

    # What the version under the cursor holds

    def title_spans(self) -> list[Span]:
        """Say which artifact this is."""
        every = self._answer.every
        if not every:
            return [("artifact", "dim")]
        head = every[0]
        shown_keys = {head.key for head in self.versions}
        # What is retired or deleted is counted apart, in sight or not: the first number is that of what is left.
        apart = Counter(head.state for head in every if head.state and not is_listed(head))
        hidden = (
            ""
            if self._answer.where or self._shows_all
            else ", ".join(f"{count:,} {state}" for state, count in apart.items())
        )
        if any(head.key not in shown_keys for head in every):
            hidden += f": i{' shows' * (self.size.width >= _WIDE_CELLS)}" if hidden else ""
        beyond = self.table.hidden_columns.text if self.versions else ""
        return [
            (head.stage, "dim"),
            (" ▸ ", "frame"),
            (clean(head.kind), "dim"),
            (" ▸ ", "frame"),
            (clean(head.artifact), "title"),
            (f"  {self._in_sight()}{self._counted()}", "dim"),
            *([(f" · {hidden}", "faint")] if hidden else []),
            *([(f" · {len(marked)} marked", "mark")] if (marked := self.marked_keys()) else []),
            *([(f" · {beyond}", "faint")] if beyond else []),
        ]

    def _counted(self) -> str:
        shown, every = len(self.versions), len(self._answer.every)
        if not self._answer.where and not self._shows_all:
            return plural(sum(is_listed(head) for head in self._answer.every), "version")
        return f"{shown:,} of {plural(every, 'version')}" if shown < every else plural(shown, "version")

    def _in_sight(self) -> str:
        """Say which lines of the table are in sight, if not all are."""
        table, count = self.table, len(self.table.keys)
        first, rows = round(table.scroll_offset.y), table.size.height - 1
        return f"{first + 1:,}–{min(count, first + rows):,} of " if 0 < rows < count else ""

    @property
    def current(self) -> VersionHead | None:
        """The version under the cursor."""
        return self.table.row.head.latest if self.table.row is not None else None

    def on_resize(self) -> None:
        if self._is_read:
            self._fit_table()
        self._ask_holds()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()

    def on_table_moved(self) -> None:
        self.call_after_refresh(self.show_place)
        self._ask_holds()

    def on_table_opened(self) -> None:
        self._enter_holds()

    def _ask_holds(self) -> None:
        head = self.current
        if head is not None:
            self.version_id = head.id
            self.ask("holds", lambda: version_facts(self, head.id), self._take_holds)
        elif self._answer.where:
            # What is shown beside an empty list would look as if it matched.
            self._drawn_id, self._can_draw = "", False
            self.holds.set_lines(_NO_MATCH, keep=False)
            self.query_one("#small").add_class("hidden")

    def _take_holds(self, facts: VersionFacts) -> None:
        # Only once the layout is done does the list have its final width.
        self.call_after_refresh(self._draw_holds, facts)
        detail, reader = facts.detail, self.reader
        if len(detail.files) < detail.head.file_count:
            # Whether it is as it was recorded, takes reading all of it.
            version_id = detail.head.id
            self.ask(
                "damage", lambda: query.get_version(reader, version_id).head.damaged, partial(self._take_damage, facts)
            )

    def _take_damage(self, facts: VersionFacts, damaged: Damage) -> None:
        detail = facts.detail
        if damaged and self.version_id == detail.head.id:
            head = replace(detail.head, damaged=damaged)
            self.call_after_refresh(
                self._draw_holds, facts._replace(detail=replace(detail, head=head, damaged=damaged))
            )

    def _draw_holds(self, facts: VersionFacts) -> None:
        if self.current is None:
            return  # meanwhile the filter leaves no version
        from artui.tui.screens.drawable import drawable_paths

        holds, self._profiles = self.holds, facts.profiles
        is_same, self._drawn_id = self._drawn_id == facts.detail.head.id, facts.detail.head.id
        column = holds.parent
        page_rows = column.size.height if isinstance(column, Widget) else holds.size.height
        is_dense = self.query_one("#body").size.height < _DENSE_BELOW_ROWS
        lines = version_lines(*facts, cells=max(20, holds.size.width - 2), rows=page_rows, is_dense=is_dense)
        holds.set_lines(lines, keep=is_same)
        if not is_same:
            holds.cursor = next(
                (i for i, line in enumerate(lines) if line.link is not None and line.link.kind == "file"), holds.cursor
            )
        paths = drawable_paths(facts.detail, facts.previews)
        self._can_draw = bool(paths)
        self.show_keys()
        path = next(filter(is_picture, paths), "")
        shown = len(lines)
        if path and is_dense and page_rows - shown - 1 < _FEWEST_PICTURE_ROWS:
            # What stands behind what is said of the picture is scrolled to.
            shown = _lines_until(lines, clean(path))
        self._fit_picture(facts.detail.head.key, path, rows=page_rows - shown - 1, lines=shown)

    def point_at_file(self, path: str) -> None:
        """Put the cursor on the line of a file, if it has one."""
        head, holds = self.current, self.holds
        link = Link("file", f"{head.key}:{path}") if head is not None else None
        holds.move_to(next((place for place, line in enumerate(holds.lines) if line.link == link), holds.cursor))

    def point_at_column(self, path: str, place: int) -> None:
        """Put the cursor on the line of a column, if it has one."""
        holds, link = self.holds, Link("column", f"{place}:{path}")
        holds.move_to(next((i for i, line in enumerate(holds.lines) if line.link == link), holds.cursor))

    def _go(self, listing: Searched, change: int, *, is_first: bool = False) -> None:
        """Find words, also in the paths of the files that have no line."""
        assert isinstance(listing, LineList)
        super()._go(listing, change, is_first=is_first)
        head, words = self.current, self._needle
        has_more = any(line.link is not None and line.link.kind == "files" for line in self.holds.lines)
        if not (is_first and words and has_more) or head is None:
            return
        reader, of = self.reader, head
        has_line = listing.hit is not None
        self.ask(
            "files found",
            lambda: find_files(reader, of.key, words_of(words), most=0).found_count,
            lambda count: self._say_files(of, words, count, has_line=has_line),
        )

    def _say_files(self, head: VersionHead, words: str, count: int, *, has_line: bool) -> None:
        """List the files that have the words, if no line has them, or say how many there are."""
        if count and not has_line:
            self.forget_search_result()
            self._show_files(head, words)
        elif count:
            files = f"{count_text(count)} of {plural(head.file_count, 'file')}"
            self.show_search_result(f"{self._outcome} · {files}: enter on the line below the files lists these")

    def _show_files(self, head: VersionHead, words: str) -> None:
        from artui.tui.screens.files import FilesScreen

        self.artui.push_screen(FilesScreen(head, words))

    def on_line_chosen(self, message: LineChosen) -> None:
        """Show a column of a table; list the files that have the words that were looked for, where all files would be listed, or all if no path has them."""
        head, reader, words = self.current, self.reader, self._needle
        if message.link is not None and message.link.kind == "column":
            message.stop()
            message.prevent_default()
            self._show_column(message.link)
            return
        if message.link is not None and message.link.kind == "files" and words and head is not None:
            message.stop()
            message.prevent_default()
            of = head
            self.ask(
                "files found",
                lambda: find_files(reader, of.key, words_of(words), most=0).found_count,
                lambda count: self._show_files(of, words if count else ""),
            )

    def _show_column(self, link: Link) -> None:
        from artui.tui.facts.column import Side
        from artui.tui.screens.profile import ProfileScreen, Shown

        place, _, path = link.id.partition(":")
        table, head, reader = self._profiles.get(path), self.current, self.reader
        if table is None or head is None:
            return

        def show(found: Sequence[Spreads | None]) -> None:
            columns = [Shown([Side("", column)], spreads) for column, spreads in zip_longest(table.columns, found)]
            self.artui.push_screen(ProfileScreen(head.reference, path, columns[: len(table.columns)], int(place)))

        self.ask("column", lambda: spreads_of(reader, head.key, path), show)

    def _fit_picture(self, version_key: int, path: str, *, rows: int, lines: int) -> None:
        """Draw a picture in so many rows below the first `lines` of what is said of the version, if that is enough room for it."""
        holds, small = self.holds, self.query_one(ImageView)
        has_room = bool(path) and rows >= _FEWEST_PICTURE_ROWS
        small.set_class(not has_room, "hidden")
        holds.styles.height = lines + 1 if has_room else "1fr"
        self._small_of = (version_key, path) if has_room else None
        self._ask_small()

    def on_image_view_resized(self) -> None:
        self._ask_small()

    def _ask_small(self) -> None:
        """Read the picture below in the size that it has; it is asked again once it has another one."""
        from artui.tui.screens.image import read_image

        reader, small = self.reader, self.query_one(ImageView)
        if self._small_of is None or not small.size.area:
            return
        version_key, path = self._small_of
        wanted, version_id = small.wanted_pixels, self.version_id
        if (version_key, path, wanted) == self._small_for:
            return
        self._small_for = version_key, path, wanted

        def show(seen: Seen) -> None:
            if self.version_id == version_id:
                small.show(seen.pixels, clean(seen.why_not))

        self.ask("small", lambda: read_image(reader, version_key, path, wanted), show)

    def action_other_pane(self) -> None:
        if self.focused is self.holds:
            self.table.focus()
        else:
            self._enter_holds()

    def _enter_holds(self) -> None:
        """Go to what the version holds: to its first file, or where the cursor was left."""
        holds = self.holds
        holds.focus()
        holds.move_to(holds.cursor)

    def go_back(self) -> bool:
        """Leave the question, go back to the versions, or clear the filter; false if there is none of these."""
        if self.query_one(Prompt).leave():
            return True
        if self.focused is self.holds:
            self.set_focus(self.table)
            return True
        return self.filter.clear()

    def action_open(self) -> None:
        focused = self.focused
        if isinstance(focused, LineList):
            focused.choose()
        else:
            self._enter_holds()

    @property
    def _file_under_cursor(self) -> str:
        """The path of the file on whose line the cursor is; empty if it is elsewhere."""
        holds = self.holds
        link = holds.link if self.focused is holds else None
        return link.id.partition(":")[2] if link is not None and link.kind == "file" else ""

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out what does nothing here: drawing a version of which no file can be drawn."""
        left_out = set() if self._can_draw else {"artifact.picture"}
        finds = next(iter(pairs_of({"find.find_line"})))
        does = finds if self.focused is self.holds else (finds[0], "filter")
        pairs = [pair for pair in super().footer_pairs() if pair not in pairs_of(left_out)]
        return [does if pair == finds else pair for pair in pairs]

    def action_picture(self) -> None:
        """Draw the file under the cursor, or else the first of the version that can be drawn."""
        from artui.tui.screens.drawable import drawable_paths, read_drawn

        head, reader, first = self.current, self.reader, self._file_under_cursor
        if head is None:
            return

        def read() -> Drawn | None:
            detail = query.get_version(reader, head.id, max_files=MAX_FILES)
            paths = drawable_paths(detail, query.previews(reader, head.key), first=first)
            return read_drawn(reader, head.key, paths, first=first)

        self.ask("picture", read, partial(self._show_picture, head))

    def _show_picture(self, head: VersionHead, drawn: Drawn | None) -> None:
        from artui.tui.screens.drawable import NONE
        from artui.tui.screens.table_picture import SpreadScreen, TablePictureScreen

        if drawn is None:
            self.artui.say(NONE)
        elif drawn.picture is not None:
            self.artui.push_screen(TablePictureScreen(drawn.picture, head.reference, drawn.path))
        elif drawn.spread is not None:
            self.artui.push_screen(
                SpreadScreen(drawn.spread, head.reference, drawn.path, drawn.about, count=drawn.recount)
            )
        else:
            self.artui.follow(Link("file", f"{head.key}:{drawn.path}"))

    def subject(self) -> VersionHead | None:
        """Give the version under the cursor."""
        return self.current

    # Marks

    def marked_keys(self) -> list[int]:
        """Give the keys of the marked versions of this artifact, those that are listed in their order."""
        own = {head.key for head in self._answer.every}
        marks = self.artui.version_marks.marks
        return marks._replace(keys=marks.keys & own).in_order(head.key for head in self.versions)

    def reach(self) -> Reach:
        """Give the marked versions that the keys act on, and which of them are not listed."""
        where = "hidden by the filter" if self._answer.where else "not listed"
        return reach_of(self.marked_keys(), [head.key for head in self.versions], where=where)

    def show_marks(self) -> None:
        """Show which versions are marked, after that has changed."""
        self._mark(self.artui.version_marks.marks)

    def _keys_at(self, line: int) -> list[int]:
        return [line]

    def action_toggle_mark(self) -> None:
        """Mark the version under the cursor, or unmark it, and go on to the next one."""
        head = self.current
        if head is None:
            self.artui.say(self.no_version())
            return
        self._mark(self.artui.version_marks.marks.toggled([head.key], head.key))
        self.table.step(1)

    def action_mark_range(self) -> None:
        table = self.table
        self._mark(self.artui.version_marks.marks.with_range(table.keys, table.cursor, self._keys_at))

    def action_invert_marks(self) -> None:
        self._mark(self.artui.version_marks.marks.inverted(head.key for head in self.versions))

    def action_clear_marks(self) -> None:
        marks = self.artui.version_marks.marks
        self._mark(marks._replace(keys=marks.keys.difference(self.marked_keys())))

    def _mark(self, marks: Marks) -> None:
        self.artui.version_marks.marks = marks
        self.table.set_marks(marks.keys)
        self.show_place()

    # Taking along

    def action_copy_cell(self) -> None:
        if (row := self.table.row) is not None:
            place, shapes = self.table.column, self.table.view.shapes
            head = row.head.latest
            value = value_in(row, shapes[place - 1].column) if place else head.reference if head is not None else ""
            text = "" if value is None else str(value)
            self._taker.copy(text, text or "nothing")

    def action_copy_rows(self, format: str = "tsv") -> None:
        reach, head = self.reach(), self.current
        if not reach.keys and head is not None:
            reach = Reach((head.key,))
        if reach.keys:
            self._taker.copy_rows(reach, self.shown_columns(), format)

    def action_export(self) -> None:
        reach = self.reach()
        if not reach.keys:
            reach = Reach(tuple(head.key for head in self.versions))
        if reach.keys:
            self._taker.export(reach, self.shown_columns())
        else:
            self.artui.say("There are no versions to write.")


class _Answer(NamedTuple):
    """What came of reading the versions of an artifact."""

    every: Sequence[VersionHead] = ()
    """Retired and deleted versions, too, the newest first."""
    rows: Sequence[ArtifactRow] = ()
    """Those that the filter matches, in the order of the arrangement."""
    columns: tuple[Column, ...] = ()
    """Every possible column."""
    measures: Sequence[str] = ()
    """Ids of the columns by whose numbers the versions can be told apart."""
    where: str = ""
    sorts: tuple[Sort, ...] = ()
    error: FilterError | None = None
    notes: Sequence[str] = ()


def _read(
    reader: Reader, artifact_key: int, where: str, arrangement: Arrangement | None, *, is_typing: bool
) -> _Answer:
    """Read all versions of an artifact, and the rows of those that a filter matches, in the order of the arrangement."""
    arrangement = arrangement if arrangement is not None else USUAL["versions"]
    every = query.versions(reader, artifact_key, with_deleted=True)
    matching = matching_of(
        lambda text, notes: query.versions(reader, artifact_key, text, notes=notes),
        where,
        every,
        thing="version",
        is_typing=is_typing,
    )
    columns = version_columns(reader, artifact_key)
    by_id = {column.id: column for column in columns}
    found = (f"metadata:{measure.name}" for measure in version_measures(reader, artifact_key))
    measures = [column_id for column_id in found if column_id in by_id][:_MOST_MEASURES]
    wanted = [*_USUAL_IDS, *measures, *(arrangement.columns or ()), *(sort.column for sort in arrangement.sorts)]
    read = [_NUMBER, *(by_id[column_id] for column_id in dict.fromkeys(wanted) if column_id in by_id)]
    sorts = tuple(sort for sort in arrangement.sorts if sort.column in by_id or sort.column == NAME.id)
    ordering = [sort._replace(column=_NUMBER.id) if sort.column == NAME.id else sort for sort in sorts]
    rows = sorted_rows(version_rows(reader, matching.things, read), ordering)
    return _Answer(every, rows, tuple(columns), measures, where, sorts, matching.error, matching.notes)


_USUAL_IDS = ("version:alias", "version:created", "version:made_by")


def _lines_until(lines: Sequence[Line], path: str) -> int:
    """Count the lines down to the end of what the last one that begins with a path begins."""
    texts = ["".join(text for text, _ in line.spans).strip() for line in lines]
    named = max((place for place, text in enumerate(texts) if text.startswith(path)), default=len(texts))
    return next((place for place in range(named, len(texts)) if not texts[place]), len(texts))


def _shown_columns(answer: _Answer, arrangement: Arrangement, versions: Sequence[VersionHead]) -> list[Column]:
    """Give the columns as they were chosen, or those that artui chooses."""
    if arrangement.columns is None:
        return _usual_columns(answer, versions)
    by_id = {column.id: column for column in answer.columns}
    return [by_id[column_id] for column_id in arrangement.columns if column_id in by_id]


def _usual_columns(answer: _Answer, versions: Sequence[VersionHead]) -> list[Column]:
    """Give how the versions stand, if any of them has an alias, the numbers that tell them apart, and where they came from."""
    by_id = {column.id: column for column in answer.columns}
    alias, created, made_by = _USUAL_IDS
    has_alias = any(head.state or chosen_aliases(head) for head in versions)
    has_maker = any(head.made_by is not None for head in versions)
    ids = [*([alias] if has_alias else []), *answer.measures, created, *([made_by] if has_maker else [])]
    return [by_id[column_id] for column_id in ids if column_id in by_id]


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def is_listed(head: VersionHead) -> bool:
    """Whether a version is in ordinary lists: it is not deleted, and not retired or still named by an alias."""
    return not head.state or (head.deleted_ms is None and bool(chosen_aliases(head)))


def version_facts(screen: CatalogScreen, version_id: str) -> VersionFacts:
    """Read all that is shown of a version."""
    from artui.query.deployments import with_releases
    from artui.query.verdicts import with_verdicts

    reader = screen.reader
    detail = query.with_presence(reader, query.get_version(reader, version_id, max_files=MAX_FILES))
    detail = with_releases(reader, with_verdicts(reader, detail))
    key = detail.head.key
    return VersionFacts(
        detail, query.previews(reader, key), version_history(reader, detail.head), profiles(reader, key)
    )
