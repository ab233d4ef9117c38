"""Which columns a table has, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.app import ComposeResult

from artui.model import Column
from artui.query import fuzzy
from artui.query.artifactrows import kind_of as kind_of_versions
from artui.query.attributes import title_of
from artui.query.runs.export import header_of
from artui.query.runs.statistics import Glimpse, glimpses
from artui.safetext import clean
from artui.tui.cells import fit
from artui.tui.keys import bindings
from artui.tui.messages import LineMoved
from artui.tui.screens.filtered import FilteredList
from artui.tui.screens.pick import Choice
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.lines import Line, LineList
from artui.tui.widgets.picture import short_param_text
from artui.units import bytes_text, count_text, duration_text, number_text, param_text, plural, time_text

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.tui.cells import Span
    from artui.tui.screens.pick import Look as PickLook

NAME_CELLS = (24, 60)
COUNT_CELLS = 11
FEW_VALUES = 4
"""So many values are named even if each is of one run alone."""
ASKED_AT_ONCE = 8
"""So many columns are looked at before the next ones are chosen: those that are in sight by then."""


class ColumnChoice(Protocol):
    """Where the columns are that are chosen."""

    def change(self, ids: Sequence[str] | None) -> list[str]:
        """Show these columns, or those that artui chooses; give the ids of all that are shown now."""

    def take_back(self) -> bool:
        """Show the columns that were there before the last choice; false if there is none to be taken back."""

    def shown(self) -> list[str]:
        """Give the ids of the columns that are shown."""


T = TypeVar("T")


class Asker(Protocol):
    """A screen that asks its catalog in the background."""

    @property
    def reader(self) -> Reader:
        """The open catalog."""

    def ask(self, topic: str, question: Callable[[], T], answer: Callable[[T], None]) -> None:
        """Ask the catalog in the background; `answer` is called with the result."""


Look = Callable[[Sequence[Column]], Mapping[str, Glimpse]]
"""Tells of columns what they hold, by column id; called beside the screen."""


class ColumnsScreen(FilteredList):
    """Every possible column; those that are shown come first, in their order."""

    SCOPES = ("columns", "list", "app")
    BINDINGS = bindings("columns")

    def __init__(
        self,
        columns: Sequence[Column],
        choice: ColumnChoice,
        look: Look | None = None,
        *,
        of: tuple[int, str] = (0, ""),
        place: int = 1,
    ) -> None:
        """Take all columns, those that are chosen, what tells of what they hold, and how many rows that is about."""
        super().__init__()
        self.PLACE = place
        self._look = look
        self._of = of
        self._count_cells = max(COUNT_CELLS, len(f" of {plural(*of)}"))
        self._glimpses: dict[str, Glimpse] = {}
        """By column id, of the columns that have been in sight."""
        self._is_asking = False
        self._name_cells = NAME_CELLS[0]
        self._columns = {column.id: column for column in columns}
        self._choice = choice
        self._shown = self._known(choice.shown())
        self._order = self._shown_first()
        """Every column as it is listed: it stays where it is while it is shown and hidden."""
        self._listed: list[str] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield Bar(id="head")
        yield LineList(id="columns")
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.draw_listing()
        self.set_focus(self.listing)

    def load(self) -> None:
        """Ask what the columns in sight hold, unless it is known."""
        self._ask_glimpses()

    def on_resize(self) -> None:
        self.draw_listing()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._ask_glimpses()

    def _ask_glimpses(self) -> None:
        """Ask what the columns in sight hold, unless it is known."""
        top = max(0, int(self.listing.scroll_offset.y))
        in_sight = self._listed[top : top + max(1, self.listing.size.height)]
        wanted = [self._columns[column_id] for column_id in in_sight if column_id not in self._glimpses][:ASKED_AT_ONCE]
        if wanted and self._look is not None and not self._is_asking:
            look, self._is_asking = self._look, True
            self.ask("glimpses", lambda: look(wanted), self._take_glimpses)

    def _take_glimpses(self, found: Mapping[str, Glimpse]) -> None:
        self._glimpses.update(found)
        self._is_asking = False
        self.draw_listing()

    @property
    def listing(self) -> LineList:
        """The list of columns."""
        return self.query_one("#columns", LineList)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("columns", "title")]

    def draw_listing(self) -> None:
        """Show the columns that contain all words of the filter, or else those that have their letters in order."""
        words = self.filter.words.casefold().split()
        self._listed = [
            column_id
            for column_id in self._order
            if all(word in header_of(self._columns[column_id]).casefold() for word in words)
        ]
        if not self._listed:
            self._listed = fuzzy.fitting(self._order, words, lambda column_id: header_of(self._columns[column_id]))
        longest = max((len(header_of(self._columns[column_id])) for column_id in self._listed), default=0)
        self._name_cells = max(NAME_CELLS[0], min(NAME_CELLS[1], longest, self.size.width // 2 - 8))
        lines = [self._line(column_id) for column_id in self._listed]
        heading = f"       {fit('column', self._name_cells)}"
        if self._look is not None:
            heading += f"{f'of {plural(*self._of)}':>{self._count_cells}}  values"
        self.query_one("#head", Bar).show([(heading, "head")])
        self.listing.set_lines(lines or [Line([("  no column is called so", "dim")])], keep=True)
        listed = f"{len(self._listed)} listed · " if words else ""
        shown = f"{listed}{plural(len(self._shown), 'column')} shown of {len(self._columns)}"
        self.filter.say([(shown, "dim")], most=48)

    def _line(self, column_id: str) -> Line:
        column = self._columns[column_id]
        is_shown = column_id in self._shown
        glimpse = self._glimpses.get(column_id)
        count = count_text(glimpse.row_count) if glimpse is not None else "…" if self._look is not None else ""
        return Line(
            [
                (f" {self._shown.index(column_id) + 1:>3} " if is_shown else "     ", "accent"),
                ("● " if is_shown else "○ ", "accent" if is_shown else "faint"),
                (fit(clean(header_of(column)), self._name_cells, keep_end=True), "text" if is_shown else "dim"),
                (f"{count:>{self._count_cells}}  ", "dim"),
                (self._values_text(column, glimpse), "text" if is_shown else "dim"),
            ]
        )

    def _values_text(self, column: Column, glimpse: Glimpse | None) -> str:
        """Say from where to where numbers go, or which values are the most frequent, as many as there is room for."""
        if glimpse is None:
            return ""
        room = max(12, self.size.width - self._name_cells - self._count_cells - 11)
        return glimpse_text(column, glimpse, room, self._of[1])

    @property
    def _current(self) -> str | None:
        index = self.listing.cursor
        return self._listed[index] if 0 <= index < len(self._listed) else None

    def action_show_or_hide(self) -> None:
        current = self._current
        if current is None:
            return
        if current in self._shown:
            self._shown.remove(current)
        else:
            self._shown.append(current)
        self._keep()

    def action_shift(self, change: int) -> None:
        current = self._current
        if current not in self._shown:
            return
        place = self._shown.index(current)
        target = max(0, min(place + change, len(self._shown) - 1))
        self._shown.insert(target, self._shown.pop(place))
        self._order = self._shown_first()
        self._keep()

    def _shown_first(self) -> list[str]:
        return [*self._shown, *(column_id for column_id in self._columns if column_id not in self._shown)]

    def _keep(self) -> None:
        current = self._current
        self._choice.change(tuple(self._shown))
        self.draw_listing()
        if current in self._listed:
            self.listing.move_to(self._listed.index(current))

    def _known(self, ids: Sequence[str]) -> list[str]:
        return [column_id for column_id in ids if column_id in self._columns]

    def action_automatic(self) -> None:
        """Leave the choice to artui; the list stays, to show what that is and to take it back."""
        self._shown = self._known(self._choice.change(None))
        self._order = self._shown_first()
        self.draw_listing()
        self.listing.move_to(0)
        self.artui.say("artui chooses the columns again · u takes that back")

    def action_undo(self) -> None:
        """Take the last choice back."""
        current = self._current
        if not self._choice.take_back():
            self.artui.say("There is no choice of columns to take back.")
            return
        self._shown = self._known(self._choice.shown())
        self._order = self._shown_first()
        self.draw_listing()
        if current in self._listed:
            self.listing.move_to(self._listed.index(current))
        self.artui.say(f"taken back · {plural(len(self._shown), 'column')} shown")

    def action_done(self) -> None:
        self.artui.pop_screen()


def choices_of(columns: Iterable[Column]) -> list[Choice]:
    """Give columns to choose one from; they are found by their titles and sources, too."""
    return [Choice(column.id, header_of(column), words=_words_for(column)) for column in columns]


def _words_for(column: Column) -> str:
    if column.source != "attribute":
        return column.source
    return f"{title_of(column.name)} start" if column.name == "started" else title_of(column.name)


def look_at(screen: Asker, columns: Iterable[Column], keys: Sequence[int], *, width: int) -> PickLook:
    """Give what asks what some runs have in columns, to be said behind their names where one of them is chosen."""
    by_id = {column.id: column for column in columns}

    def look(ids: Sequence[str], take: Callable[[Mapping[str, str]], None]) -> None:
        wanted = [by_id[column_id] for column_id in ids if column_id in by_id]

        def say(found: Mapping[str, Glimpse]) -> None:
            room = max(12, width - NAME_CELLS[1])
            take({column_id: _said_of(by_id[column_id], found.get(column_id), len(keys), room) if column_id in by_id else "" for column_id in ids})  # fmt: skip

        screen.ask("glimpses", lambda: glimpses(screen.reader, keys, wanted), say)

    return look


def _said_of(column: Column, glimpse: Glimpse | None, total: int, room: int) -> str:
    """Say what so many runs have in a column, and how many of them if not all have it."""
    if glimpse is None or not glimpse.row_count:
        return "no value in these runs"
    of = "" if glimpse.row_count == total else f"   in {plural(glimpse.row_count, 'run')}"
    return f"{glimpse_text(column, glimpse, room - len(of), 'run')}{of}"


def glimpse_text(column: Column, glimpse: Glimpse, room: int, thing: str) -> str:
    """Say from where to where numbers go, or which values are the most frequent, as many as there is room for.

    Args:
        column: what is looked at.
        glimpse: what it holds.
        room: so many cells.
        thing: what has the values, in a word.
    """
    if glimpse.ends is not None:
        if column.source == "metric":
            return range_text(*glimpse.ends)
        return " … ".join(dict.fromkeys(_shown_by(column)(end) for end in glimpse.ends))
    if not glimpse.frequent:
        return ""
    if glimpse.distinct > FEW_VALUES and glimpse.frequent[0][1] == 1:
        return f"{plural(glimpse.distinct, 'value')}, each of one {thing}"
    parts = [f"{clean(param_text(value), max_chars=24)} {count_text(count)}" for value, count in glimpse.frequent]
    for shown in range(len(parts), 0, -1):
        left = glimpse.distinct - shown
        text = " · ".join([*parts[:shown], *([f"{count_text(left)} more"] if left else [])])
        if len(text) <= room or shown == 1:
            return text
    return ""


def _shown_by(column: Column) -> Callable[[float], str]:
    """Give what writes a number of a column that is no metric."""
    kind = "" if column.source in ("param", "attribute") else kind_of_versions(column)
    if column.source == "param":
        return short_param_text
    if kind == "number":
        return number_text
    if kind == "bytes":
        return lambda end: bytes_text(round(end))
    return lambda end: (duration_text if column.name == "duration" else time_text)(round(end))


def range_text(low: float, high: float) -> str:
    """Show from where to where numbers go; of a single one, that."""
    return number_text(low) if low == high else f"{number_text(low)} … {number_text(high)}"
