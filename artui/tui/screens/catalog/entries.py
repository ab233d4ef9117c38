"""The journal as lines: one an entry, those of a hundred thousand as quick as those of ten, since only what is in sight is drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from artui.safetext import cells_of, clean
from artui.times import time_text
from artui.tui.cells import Span, fit, fit_middle
from artui.tui.messages import Link
from artui.tui.widgets.lines import Line, LineList
from artui.units import count_text

if TYPE_CHECKING:
    from artui.query.journal import Journal, Words

ENTRY, CHANGE = "entry:", "change:"
"""Begin the ids of the links of entries, and of single changes of an unfolded one."""
_MOST_UNFOLDED = 2_000
"""So many changes of one entry are listed."""
_WHO_CELLS, _ACTION_CELLS, _THING_CELLS = 20, 8, 34
_TIME_CELLS = 11
_LEAST_CHANGE_CELLS = 18


class Row(NamedTuple):
    """A line of the journal: an entry, or one change of it."""

    entry: int
    """The place of the entry."""
    change: int = -1
    """The place of the change among all; -1 for the entry itself."""


def rows_of(journal: Journal, shown: Sequence[int], unfolded: Collection[str]) -> list[Row]:
    """Give the lines of the entries that are shown."""
    if not unfolded:
        return [Row(number) for number in shown]
    rows: list[Row] = []
    for number in shown:
        rows.append(Row(number))
        entry = journal.entries[number]
        if entry.id in unfolded and entry.count > 1:
            rows += [Row(number, place) for place in entry.places[:_MOST_UNFOLDED]]
    return rows


class Widths(NamedTuple):
    """How many cells the columns of the journal take."""

    who: int
    thing: int
    change: int


def widths_of(journal: Journal, shown: Sequence[int], *, cells: int) -> Widths:
    """Give the columns as much as the newest entries need, and as there is room for."""
    newest = [journal.entries[number] for number in shown[:200]]
    who = max((cells_of(clean(journal.events[entry.first].author, max_chars=60)) for entry in newest), default=3)
    thing = max((cells_of(clean(journal.words(entry).thing, max_chars=80)) for entry in newest), default=3)
    room = cells - 6 - _TIME_CELLS - 2 - _ACTION_CELLS - 2
    who = min(who, _WHO_CELLS, max(8, room // 5))
    thing = min(thing, _THING_CELLS, max(12, (room - who) // 2))
    return Widths(who, thing, max(_LEAST_CHANGE_CELLS, room - who - thing - 4))


def moment_text(time_ms: int, now_ms: int) -> str:
    """Say when something was, in eleven cells: the time of day today, else the day, with the year if that is another."""
    text = time_text(time_ms)
    try:
        now = datetime.fromtimestamp(now_ms / 1000)
    except (OverflowError, ValueError, OSError):
        return text[:_TIME_CELLS]
    if len(text) < 19 or text[4] != "-":
        return text[:_TIME_CELLS]
    if text[:10] == f"{now:%Y-%m-%d}":
        return text[11:16]
    return text[5:16] if text[:4] == f"{now:%Y}" else text[:10]


def entry_line(journal: Journal, row: Row, widths: Widths, *, now_ms: int, unfolded: Collection[str]) -> Line:
    """Draw a line of the journal."""
    entry = journal.entries[row.entry]
    if row.change >= 0:
        words, event = journal.words_of(row.change), journal.events[row.change]
        indent = " " * (5 + _TIME_CELLS + 2 + widths.who + 2)
        return Line([(indent, "text"), *_said(words, widths, is_undone=False)], Link("fold", f"{CHANGE}{event.id}"))
    event, words = journal.events[entry.first], journal.words(entry)
    sign = "   " if entry.count == 1 else " ▾ " if entry.id in unfolded else " ▸ "
    spans: list[Span] = [
        (sign, "dim"),
        (f"  {fit(moment_text(event.time_ms, now_ms), _TIME_CELLS)}  ", "dim"),
        (f"{fit_middle(clean(event.author, max_chars=200), widths.who)}  ", "text"),
        *_said(words, widths, is_undone=journal.is_undone(entry)),
    ]
    return Line(spans, Link("fold", f"{ENTRY}{entry.id}"))


def _said(words: Words, widths: Widths, *, is_undone: bool) -> list[Span]:
    change = clean(words.change, max_chars=500)
    why = f'"{clean(words.why, max_chars=500)}"' if words.why else ""
    undone = "taken back" if is_undone else ""
    room = widths.change - (len(undone) + 2 if undone else 0)
    if why:
        change = fit(change, min(cells_of(change), max(room // 2, room - cells_of(why) - 2))).rstrip()
        why = fit(why, min(cells_of(why), max(0, room - cells_of(change) - 2))).rstrip()
    return [
        (f"{fit(clean(words.action, max_chars=60), _ACTION_CELLS)}  ", "dim"),
        (f"{fit_middle(clean(words.thing, max_chars=400), widths.thing)}  ", "accent"),
        (fit(change, min(cells_of(change), room)), "dim" if is_undone else "text"),
        *([(f"  {why}", "dim")] if why.strip('"…') else []),
        *([(f"  {undone}", "warn")] if undone else []),
    ]


def title_line(widths: Widths) -> list[Span]:
    """Give the heads of the journal's columns."""
    return [
        ("     ", "text"),
        (f"{fit('when', _TIME_CELLS)}  {fit('who', widths.who)}  {fit('what', _ACTION_CELLS)}  {fit('of', widths.thing)}  change", "faint"),
    ]  # fmt: skip


class CatalogLines(Sequence[Line]):
    """The lines of the screen: those of its sections, then the journal's, which are drawn when they are in sight."""

    def __init__(self, head: Sequence[Line], journal: Journal | None = None, rows: Sequence[Row] = (), widths: Widths | None = None, *, now_ms: int = 0, unfolded: Collection[str] = ()) -> None:  # fmt: skip
        self.head, self.rows = head, rows
        self._journal, self._widths, self._now_ms, self._unfolded = journal, widths, now_ms, unfolded
        self._drawn: dict[int, Line] = {}

    def __len__(self) -> int:
        return len(self.head) + len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        place = place + len(self) if place < 0 else place
        if place < len(self.head):
            return self.head[place]
        if not place < len(self):
            raise IndexError(place)
        if place not in self._drawn:
            assert self._journal is not None and self._widths is not None
            if len(self._drawn) > _MOST_UNFOLDED:
                self._drawn.clear()
            row = self.rows[place - len(self.head)]
            self._drawn[place] = entry_line(self._journal, row, self._widths, now_ms=self._now_ms, unfolded=self._unfolded)  # fmt: skip
        return self._drawn[place]

    def __iter__(self) -> Iterator[Line]:
        return (self[place] for place in range(len(self)))

    def row_at(self, place: int) -> Row | None:
        """Give the line of the journal at a place; None of a section's."""
        number = place - len(self.head)
        return self.rows[number] if 0 <= number < len(self.rows) else None

    def places_of(self, link: Link) -> list[int]:
        """Say which lines lead to a place."""
        in_head = [place for place, line in enumerate(self.head) if line.link == link]
        if in_head or link.kind != "fold" or self._journal is None:
            return in_head
        for number, row in enumerate(self.rows):
            wanted = (
                f"{ENTRY}{self._journal.entries[row.entry].id}"
                if row.change < 0
                else f"{CHANGE}{self._journal.events[row.change].id}"
            )
            if wanted == link.id:
                return [len(self.head) + number]
        return []


class CatalogList(LineList):
    """The list of the screen: it asks its lines where one is, rather than look at each."""

    def places_of(self, lines: Sequence[Line], link: Link) -> Sequence[int]:
        """Say which of some lines lead to a place."""
        return lines.places_of(link) if isinstance(lines, CatalogLines) else super().places_of(lines, link)


def counts_text(journal: Journal, shown: int) -> str:
    """Say how many entries are shown, of how many."""
    total = len(journal)
    noun = "entry" if total == 1 else "entries"
    return f"{count_text(total)} {noun}" if shown == total else f"{count_text(shown)} of {count_text(total)} {noun}"
