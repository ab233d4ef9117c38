"""One artifact: its versions to the left, what the chosen one holds to the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from artui import clock
from artui.content.images import is_picture
from artui.query import artifacts as query
from artui.query.direction import best_aggregate, is_result
from artui.query.history import version_history
from artui.query.measures import version_measures
from artui.safetext import cells_of, clean
from artui.tui.aliases import alias_spans, aliases_text, chosen_aliases
from artui.tui.cells import DAMAGED_SIGN, MARK, Span, fit, fit_middle, length_of
from artui.tui.facts import version_lines
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import LineMoved, Link
from artui.tui.screens.acting import ActsOnVersions
from artui.tui.screens.base import CatalogScreen
from artui.tui.state.marks import reach_of
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.image import ImageView
from artui.tui.widgets.lines import Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.units import age_text, digits_for, number_text, plural

if TYPE_CHECKING:
    from artui.model import Change, Damage, Preview, VersionDetail, VersionHead
    from artui.query.measures import Measure
    from artui.tui.screens.drawable import Drawn
    from artui.tui.screens.image import Seen
    from artui.tui.state.marks import Marks, Reach


MAX_FILES = 1_000
"""Of a version with more files the first ones are listed."""
_FEWEST_PICTURE_ROWS = 6
"""Where there is less room, a picture is not drawn on the page of its version."""
_MEASURE_CELLS = 12
_WIDE_CELLS = 100
"""Where there is less room, a key is named at the top without what it does."""
_MOST_MEASURES = 3
_FEWEST_MAKER_CELLS = 8
"""The name of a run that would be cut to less is left out."""


class VersionFacts(NamedTuple):
    """All that is shown of a version."""

    detail: VersionDetail
    previews: Mapping[str, Preview]
    """Previews of its files, by path."""
    history: Sequence[Change]
    """What was done with it, newest first."""


class ArtifactScreen(ActsOnVersions):
    """Holds the versions of an artifact; of the current one the facts are shown."""

    SCOPES = ("artifact", "find", "list", "app")
    PLACE = 2
    BINDINGS = [*bindings("artifact"), *bindings("find")]

    def __init__(self, artifact_key: int, *, version_id: str = "") -> None:
        super().__init__()
        self.artifact_key = artifact_key
        self.version_id = version_id
        self.versions: Sequence[VersionHead] = ()
        self._measures: Sequence[Measure] = ()
        self._every: Sequence[VersionHead] = ()
        """Retired and deleted versions, too."""
        self._shows_all = False
        self._can_draw = False
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
        with Horizontal(id="body"):
            yield LineList(only_links=True, says_more=True, id="versions")
            with Vertical():
                yield LineList(only_links=True, is_page=True, says_more=True, id="holds")
                yield ImageView(only_cells=True, id="small", classes="hidden")
        yield Prompt()
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of versions."""
        return self.query_one("#versions", LineList)

    def on_mount(self) -> None:
        self.set_focus(self.listing)

    def load(self) -> None:
        """Ask for the versions."""
        reader, key = self.reader, self.artifact_key
        self.ask(
            "versions",
            lambda: (query.versions(reader, key, with_deleted=True), version_measures(reader, key)),
            self._take,
        )

    def _take(self, answer: tuple[list[VersionHead], list[Measure]]) -> None:
        self._every, self._measures = answer
        is_first = not self.versions
        # One that a link leads to is listed, however it stands.
        versions = [
            head
            for head in self._every
            if self._shows_all or is_listed(head) or (is_first and head.id == self.version_id)
        ]
        versions = versions or list(self._every)
        self.versions = versions
        self.listing.styles.width = self._listing_cells()
        self.show_place()
        self._draw_versions(keep=not is_first)
        if is_first and versions:
            from artui.query.things import Thing

            self.artui.keep_recent(Thing("artifact", str(self.artifact_key), versions[0].artifact, versions[0].kind))
        self._go_to([self.version_id] if is_first else self._pointed)
        self._pointed = ()
        self._ask_holds()

    def _go_to(self, ids: Sequence[str]) -> None:
        """Put the cursor on the first of these versions that is listed, unless it is on one."""
        if self.current is None or self.current.id not in ids:
            lines = enumerate(self.listing.lines)
            places = (place for place, line in lines if line.link is not None and line.link.id in ids)
            self.listing.move_to(next(places, self.listing.cursor))

    def point_at(self, ids: Sequence[str]) -> None:
        """Put the cursor on one of these versions once they are read anew."""
        self._pointed = ids

    def _draw_versions(self, *, keep: bool) -> None:
        marked = self.artui.version_marks.marks.keys
        head, spans = version_spans(self.versions, self._listing_cells(), self._measures, marked=marked)
        lines = [Line(line, Link("version", version.id)) for version, line in zip(self.versions, spans, strict=True)]
        self.listing.set_lines([*([Line(head)] if head else []), *lines], keep=keep)

    def _listing_cells(self) -> int:
        """Give the list what it needs, up to two fifths of the screen; up to a half where numbers tell versions apart.

        Where not all columns fit, it is as wide as those that do.
        """
        share = self.size.width // 2 if self._measures else self.size.width * 2 // 5
        width = min(needed_cells(self.versions, self._measures), max(24, share))
        head, lines = version_spans(self.versions, width, self._measures)
        return min(width, 1 + max((cells for spans in (head, *lines) if (cells := length_of(spans))), default=width))

    def action_all_versions(self) -> None:
        """List retired and deleted versions, too, or not."""
        self._shows_all = not self._shows_all
        if all(map(is_listed, self._every)):
            stand = any(head.state for head in self._every)
            self.artui.say(
                "All versions are listed: the retired ones have an alias."
                if stand
                else "No version is retired or deleted."
            )
        self._take((list(self._every), list(self._measures)))

    def title_spans(self) -> list[Span]:
        """Say which artifact this is."""
        if not self.versions:
            return [("artifact", "dim")]
        head = self.versions[0]
        shown_keys = {head.key for head in self.versions}
        left_out = Counter(head.state for head in self._every if head.key not in shown_keys)
        hidden = ", ".join(f"{count:,} {state}" for state, count in left_out.items())
        return [
            (head.stage, "dim"),
            (" ▸ ", "faint"),
            (clean(head.kind), "dim"),
            (" ▸ ", "faint"),
            (clean(head.artifact), "title"),
            (f"  {plural(len(self.versions), 'version')}", "dim"),
            *([(f" · {hidden}: i{' shows' * (self.size.width >= _WIDE_CELLS)}", "faint")] if hidden else []),
            *([(f" · {len(marked)} marked", "mark")] if (marked := self.marked_keys()) else []),
        ]

    @property
    def current(self) -> VersionHead | None:
        """The version under the cursor."""
        link = self.listing.link
        return None if link is None else self._by_id.get(link.id)

    @property
    def _by_id(self) -> dict[str, VersionHead]:
        return {head.id: head for head in self.versions}

    def on_resize(self) -> None:
        self.listing.styles.width = self._listing_cells()
        if self.versions:
            self._draw_versions(keep=True)
        self._ask_holds()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._ask_holds()

    def _ask_holds(self) -> None:
        head = self.current
        if head is not None:
            self.version_id = head.id
            self.ask("holds", lambda: version_facts(self, head.id), self._take_holds)

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
        from artui.tui.screens.drawable import drawable_paths

        holds = self.query_one("#holds", LineList)
        is_same, self._drawn_id = self._drawn_id == facts.detail.head.id, facts.detail.head.id
        page_rows = self.query_one("#body").size.height
        lines = version_lines(*facts, cells=max(20, holds.size.width - 2), rows=page_rows)
        holds.set_lines(lines, keep=is_same)
        if not is_same:
            holds.cursor = next(
                (i for i, line in enumerate(lines) if line.link is not None and line.link.kind == "file"), holds.cursor
            )
        paths = drawable_paths(facts.detail, facts.previews)
        self._can_draw = bool(paths)
        self.show_keys()
        self._fit_picture(facts.detail.head.key, next(filter(is_picture, paths), ""), page_rows - len(lines) - 1)

    def beyond_lines(self) -> str:
        """Say that not all files have a line, where that is so."""
        has_more = any(line.link is not None and line.link.kind == "files" for line in self.query_one("#holds", LineList).lines)  # fmt: skip
        return " Not all files are listed here: enter on the line below them lists all." if has_more else ""

    def _fit_picture(self, version_key: int, path: str, rows: int) -> None:
        """Draw a picture below what is said of the version, if there is room for it."""
        holds, small = self.query_one("#holds", LineList), self.query_one(ImageView)
        has_room = bool(path) and rows >= _FEWEST_PICTURE_ROWS
        small.set_class(not has_room, "hidden")
        holds.styles.height = len(holds.lines) + 1 if has_room else "1fr"
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
        holds = self.query_one("#holds", LineList)
        if self.focused is holds:
            self.listing.focus()
        else:
            self._enter_holds()

    def _enter_holds(self) -> None:
        """Go to what the version holds: to its first file, or where the cursor was left."""
        holds = self.query_one("#holds", LineList)
        holds.focus()
        holds.move_to(holds.cursor)

    def go_back(self) -> bool:
        """Leave the question, or go back to the versions; false if the focus is there."""
        if self.query_one(Prompt).leave():
            return True
        if self.focused is self.query_one("#holds"):
            self.set_focus(self.listing)
            return True
        return False

    def action_open(self) -> None:
        focused = self.focused
        if focused is self.listing:
            self._enter_holds()
        elif isinstance(focused, LineList):
            focused.choose()

    def on_line_chosen(self, message: Any) -> None:
        if message.sender is self.listing:
            message.stop()
            message.prevent_default()
            self._enter_holds()

    @property
    def _file_under_cursor(self) -> str:
        """The path of the file on whose line the cursor is; empty if it is elsewhere."""
        holds = self.query_one("#holds", LineList)
        link = holds.link if self.focused is holds else None
        return link.id.partition(":")[2] if link is not None and link.kind == "file" else ""

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out what does nothing here: drawing a version of which no file can be drawn."""
        left_out = set() if self._can_draw else {"artifact.picture"}
        return [pair for pair in super().footer_pairs() if pair not in pairs_of(left_out)]

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

        self.ask("picture", read, partial(self._show_picture, head.key))

    def _show_picture(self, version_key: int, drawn: Drawn | None) -> None:
        from artui.tui.screens.drawable import NONE
        from artui.tui.screens.table_picture import SpreadScreen, TablePictureScreen

        if drawn is None:
            self.artui.say(NONE)
        elif drawn.picture is not None:
            self.artui.push_screen(TablePictureScreen(drawn.picture, drawn.path))
        elif drawn.spread is not None:
            self.artui.push_screen(SpreadScreen(drawn.spread, drawn.path, drawn.about))
        else:
            self.artui.follow(Link("file", f"{version_key}:{drawn.path}"))

    def subject(self) -> VersionHead | None:
        """Give the version under the cursor."""
        return self.current

    # Marks

    def marked_keys(self) -> list[int]:
        """Give the keys of the marked versions of this artifact."""
        marked = self.artui.version_marks.marks.keys
        return [head.key for head in self._every if head.key in marked]

    def reach(self) -> Reach:
        """Give the marked versions that the keys act on, and which of them are not listed."""
        return reach_of(self.marked_keys(), [head.key for head in self.versions], where="not listed")

    def show_marks(self) -> None:
        """Show which versions are marked, after that has changed."""
        self._mark(self.artui.version_marks.marks)

    def action_toggle_mark(self) -> None:
        """Mark the version under the cursor, or unmark it, and go on to the next one."""
        head = self.current
        if head is None:
            self.artui.say("There is no version here.")
            return
        self._mark(self.artui.version_marks.marks.toggled([head.key], head.key))
        self.listing.step(1)

    def action_clear_marks(self) -> None:
        marks = self.artui.version_marks.marks
        self._mark(marks._replace(keys=marks.keys.difference(self.marked_keys())))

    def _mark(self, marks: Marks) -> None:
        self.artui.version_marks.marks = marks
        self._draw_versions(keep=True)
        self.show_place()


def is_listed(head: VersionHead) -> bool:
    """Whether a version is in ordinary lists: it is not deleted, and not retired or still named by an alias."""
    return not head.state or (head.deleted_ms is None and bool(chosen_aliases(head)))


class _Drawn(NamedTuple):
    """A measure as a column."""

    name: str
    texts: Sequence[str]
    """One a version; empty where it has none."""
    bests: frozenset[int]
    """Places of the best ones."""
    cells: int


def _drawn(versions: Sequence[VersionHead], measure: Measure) -> _Drawn:
    values = [measure.values.get(head.key) for head in versions]
    numbers = [value for value in values if value is not None]
    digits = digits_for(map(float, numbers), _MEASURE_CELLS)
    texts = _aligned(["" if value is None else number_text(value, digits) for value in values])
    finite = [value for value in numbers if value == value]
    bests: frozenset[int] = frozenset()
    if finite and is_result(measure.name):
        best = min(finite) if best_aggregate(measure.name) == "min" else max(finite)
        bests = frozenset(place for place, value in enumerate(values) if value == best)
    name = fit(clean(measure.name), min(cells_of(clean(measure.name)), _MEASURE_CELLS), keep_end=True)
    return _Drawn(name, texts, bests, max(cells_of(name), *(len(text) for text in texts)))


def _aligned(texts: Sequence[str]) -> list[str]:
    """Put numbers under each other at their points."""
    behind = [len(text.partition(".")[2]) + 1 if "." in text and "e" not in text else 0 for text in texts]
    return [text + " " * (max(behind) - cells) for text, cells in zip(texts, behind, strict=True)]


def needed_cells(versions: Sequence[VersionHead], measures: Sequence[Measure] = ()) -> int:
    """Say how wide the list of versions would be with nothing cut."""
    now_ms = clock.now_ms()
    numbers = max((cells_of(f" v{head.number} {DAMAGED_SIGN}") for head in versions), default=0)
    aliases = max((cells_of(aliases_text(head)) for head in versions), default=0)
    ages = max((cells_of(age_text(head.created_ms, now_ms)) for head in versions), default=0)
    makers = max((cells_of(clean(head.made_by.name)) for head in versions if head.made_by is not None), default=0)
    columns = sum(_drawn(versions, measure).cells + 2 for measure in measures[:_MOST_MEASURES])
    return numbers + columns + sum(cells + 2 for cells in (aliases, ages, makers) if cells) + 1


def version_spans(
    versions: Sequence[VersionHead],
    width: int,
    measures: Sequence[Measure] = (),
    *,
    marked: Collection[int] = (),
) -> tuple[list[Span], list[list[Span]]]:
    """Give a line for each version that fits into so many cells: its number, aliases, measures, age and run.

    Before the marked ones a sign stands. Where there is no room for all, first the run is cut in its middle, then left out, then the age, then measures from
    the last on; aliases are left out last.

    Returns:
        The names of the columns, empty without measures, and the lines.
    """
    if not versions:
        return [], []
    now_ms = clock.now_ms()
    ages = [age_text(head.created_ms, now_ms) for head in versions]
    numbers = [
        f"{MARK if head.key in marked else ' '}v{head.number}{' ' + DAMAGED_SIGN if head.damaged else ''}"
        for head in versions
    ]
    makers = [clean(head.made_by.name) if head.made_by is not None else "" for head in versions]
    number_cells, age_cells, maker_cells = (max(map(cells_of, texts), default=0) for texts in (numbers, ages, makers))
    alias_cells = max((cells_of(aliases_text(head)) for head in versions), default=0)
    rest = width - number_cells - (2 + alias_cells if alias_cells else 0) - 1
    columns: list[_Drawn] = []
    for column in (_drawn(versions, measure) for measure in measures[:_MOST_MEASURES]):
        if column.cells + 2 <= rest:
            columns.append(column)
            rest -= column.cells + 2
    has_age = age_cells + 2 <= rest
    rest -= age_cells + 2 if has_age else 0
    maker_cells = min(maker_cells, rest - 2) if rest - 2 >= min(maker_cells, _FEWEST_MAKER_CELLS) else 0
    lines: list[list[Span]] = []
    room = max(0, min(alias_cells, width - number_cells - 3))
    titles: list[Span] = []
    if columns:
        titles = [(" " * (number_cells + (room + 2 if room else 0)), "text")]
        titles += [(f"  {column.name:>{column.cells}}", "head") for column in columns]
    for place, (head, number, age, maker) in enumerate(zip(versions, numbers, ages, makers, strict=True)):
        style = "bad" if head.damaged else "mark" if head.key in marked else "text"
        spans: list[Span] = [(fit(number, number_cells), style)]
        spans += alias_spans(head, room, is_padded=True) if room else []
        spans += [
            (f"  {column.texts[place]:>{column.cells}}", "good" if place in column.bests else "text")
            for column in columns
        ]
        spans += [(f"  {age:>{age_cells}}", "dim")] if has_age else []
        spans += [(f"  {fit_middle(maker, maker_cells)}", "dim")] if maker_cells > 0 else []
        spans += [(f"  damaged: {', '.join(head.damaged)}", "bad")] if head.damaged else []
        lines.append(spans)
    return titles, lines


def version_facts(screen: CatalogScreen, version_id: str) -> VersionFacts:
    """Read all that is shown of a version."""
    reader = screen.reader
    detail = query.with_presence(reader, query.get_version(reader, version_id, max_files=MAX_FILES))
    return VersionFacts(detail, query.previews(reader, detail.head.key), version_history(reader, detail.head))
