"""A sheet: the content of a page about one thing, before it is drawn.

The app, `artui show` and written reports draw the same sheets. A sheet has no widths, no colours and no marks of any
format: it has words, and tones that say how the words are meant.

Text is made visible here, once: titles, labels, facts, cells and lines pass `safetext` as they are put in, so whatever
draws a sheet need not clean them. Only ids of links stay as the catalog has them: they are followed, never drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, NamedTuple, TypeVar, overload

from artui.model import PRODUCTION, RunHead, VersionHead
from artui.safetext import clean
from artui.units import bytes_text, count_text, plural

Tone = Literal["plain", "strong", "dim", "faint", "accent", "mark", "good", "warn", "bad"]
"""How words are meant. The words say the same without it, so an output may leave tones out."""

NOTHING = "·"
"""Stands in a cell that has no value."""
ARROW = "→"
MIDDLE_DOT = " · "
"""Between parts of one line."""

Thing = TypeVar("Thing")


def _make_visible(holder: Any, *names: str) -> None:
    for name in names:
        object.__setattr__(holder, name, clean(getattr(holder, name)))


class Link(NamedTuple):
    """What a fact or a cell leads to."""

    kind: Literal["run", "version", "file", "section", "column", "rows"]
    id: str
    """A run's or version's id; for a file `VERSION_KEY:PATH`; for a section of the same sheet its title; for a column of a
    table `PLACE:PATH`, the place among the columns of that file; for the rows of a table that differ its path."""
    status: str = ""
    """Of a run: its status or `damaged`, for outputs that have signs for them."""


# Tuples rather than dataclasses: a table has thousands of cells, and a class takes a tenth of the time to define.


class _FactFields(NamedTuple):
    label: str
    text: str
    tone: Tone
    link: Link | None


class Fact(_FactFields):
    """One statement under a label, which is empty where the text needs none."""

    __slots__ = ()

    def __new__(cls, label: str, text: str, tone: Tone = "plain", link: Link | None = None) -> Fact:
        return super().__new__(cls, clean(label), clean(text), tone, link)


class _CellFields(NamedTuple):
    text: str
    tone: Tone
    link: Link | None


class Cell(_CellFields):
    """One cell of a table."""

    __slots__ = ()

    def __new__(cls, text: str, tone: Tone = "plain", link: Link | None = None) -> Cell:
        return super().__new__(cls, clean(text), tone, link)


class _HeaderFields(NamedTuple):
    title: str
    is_right: bool
    least: int
    is_with_next: bool
    is_after: bool


class Header(_HeaderFields):
    """The title of a column. `is_right` says that its cells are aligned to the right, as numbers are.

    `least`: cut to so many cells its cells still say enough, where another column would be cut or left out; 0: it is not cut for others.
    `is_with_next`: it says little without the column behind it, and is left out where that has no room.
    `is_after`: it is left out where the column before it is, so that the same ones are there however wide their cells are.
    """

    __slots__ = ()

    def __new__(
        cls, title: str, is_right: bool = False, least: int = 0, is_with_next: bool = False, is_after: bool = False
    ) -> Header:
        return super().__new__(cls, clean(title), is_right, least, is_with_next, is_after)


Row = tuple[Cell, ...]


class Rows(Sequence[Row], Generic[Thing]):
    """Rows that are made when they are read: of very many only a few are ever seen."""

    def __init__(self, things: Sequence[Thing], make: Callable[[Thing], Row]) -> None:
        self._things = things
        self._make = make

    def __len__(self) -> int:
        return len(self._things)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Rows[Thing]: ...
    def __getitem__(self, index: int | slice) -> Row | Rows[Thing]:
        if isinstance(index, slice):
            return Rows(self._things[index], self._make)
        return self._make(self._things[index])


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below headers."""

    headers: tuple[Header, ...]
    rows: Sequence[Row]
    """Each has a cell for every header."""
    says_most_first: bool = False
    """Whether columns are left out before any is cut where there is little room: a column stays before those behind it."""


def columns_that_fit(
    headers: Sequence[Header], widths: Sequence[int], room: int, *, gap: int, fewest: int = 2
) -> dict[int, int]:
    """Choose columns of a table that says most first, and give their widths by place.

    The first ones come before the others, and all but the first `fewest` are whole; where one has no room, a narrower one
    behind it may have. One that says how narrow it may be is cut before any other is left out.

    Args:
        headers: of the columns.
        widths: of each column as it is whole; one of 0 is not drawn.
        room: cells for all of them together.
        gap: cells between two.
        fewest: so many columns stay, cut if need be.
    """
    places = [place for place, width in enumerate(widths) if width]
    whole = {place: widths[place] for place in places}
    excess = sum(whole.values()) + gap * (len(whole) - 1) - room
    for place in places:
        least = headers[place].least
        if excess > 0 and least and whole[place] - excess >= least:
            return whole | {place: whole[place] - excess}
    if excess <= 0:
        return whole
    chosen: dict[int, int] = {}
    left = room + gap
    wanted, widths = widths, [min(width, header.least or width) for width, header in zip(widths, headers, strict=True)]
    order = list(places)
    while places:
        group = [places.pop(0)]
        number = order.index(group[0])
        if headers[group[0]].is_after and number and order[number - 1] not in chosen:
            continue
        while headers[group[-1]].is_with_next and places:
            group.append(places.pop(0))
        needed = sum(gap + widths[place] for place in group)
        if needed > left and len(group) == 1:
            (place,) = group
            least = headers[place].least or (1 if len(chosen) < fewest else widths[place])
            if gap + least <= left:
                chosen[place] = left - gap
                left = 0
            continue
        if needed <= left:
            chosen |= {place: widths[place] for place in group}
            left -= needed
    for place in chosen:
        more = min(left, max(0, wanted[place] - chosen[place])) if headers[place].least else 0
        chosen[place] += more
        left -= more
    return chosen


@dataclass(frozen=True, slots=True)
class Section:
    """Facts, then a table, then lines: mostly one of them."""

    title: str = ""
    about: str = ""
    """Text beside the title."""
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    lines: tuple[str, ...] = ()
    """Lines that are shown as they are, such as a traceback; from `safetext.clean_lines`."""
    lines_tone: Tone = "plain"
    left_out_count: int = 0
    """Number of further facts, rows or lines."""

    def __post_init__(self) -> None:
        _make_visible(self, "title", "about")

    @property
    def left_out_text(self) -> str:
        """How many more there are, in words; empty if that is all."""
        return f"and {count_text(self.left_out_count)} more" if self.left_out_count else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The content of a page about one thing."""

    title: str
    """The thing's name."""
    about: str
    """What kind of thing it is, and where it belongs."""
    sections: tuple[Section, ...]
    """None of them is empty."""

    def __post_init__(self) -> None:
        _make_visible(self, "title", "about")


def shortened(section: Section, *, most: int) -> Section:
    """Keep the first facts or rows of a section, and count the others as left out."""
    table, facts = section.table, section.facts
    count = max(len(facts), len(table.rows) if table is not None else 0)
    if count <= most:
        return section
    return replace(
        section,
        facts=facts[:most],
        table=replace(table, rows=table.rows[:most]) if table is not None else None,
        left_out_count=section.left_out_count + count - most,
    )


def facts_section(title: str, facts: Sequence[Fact | None]) -> Section:
    """Make a section of facts; those without a text are left out."""
    return Section(title, facts=tuple(fact for fact in facts if fact is not None and fact.text))


def filled(*sections: Section) -> tuple[Section, ...]:
    """Give the sections that are not empty."""
    return tuple(
        section
        for section in sections
        if section.facts or section.lines or (section.table is not None and len(section.table.rows))
    )


def damage_fact(*damages: Sequence[str]) -> Fact:
    """Name the damaged parts of a thing; a fact without text if there are none."""
    words = dict.fromkeys(word for damage in damages for word in damage)
    return Fact("damaged", ", ".join(words), "bad")


def status_tone(status: str) -> Tone:
    """Give the tone of a run's status."""
    tones: dict[str, Tone] = {
        "finished": "good",
        "running": "accent",
        "failed": "bad",
        "lost": "warn",
        "killed": "warn",
    }
    return tones.get(status, "dim")


def run_link(head: RunHead) -> Link:
    """Give the link that leads to a run."""
    return Link("run", head.id, "damaged" if head.damaged else head.status)


def run_cell(head: RunHead) -> Cell:
    """Name a run in a cell that leads to it."""
    return Cell(head.name, "accent", run_link(head))


def version_cell(head: VersionHead) -> Cell:
    """Name a version in a cell that leads to it, as one would type it; behind it, that it is deleted or retired."""
    text = f"{head.reference} ({head.state})" if head.state else head.reference
    return Cell(text, "accent" if head.deleted_ms is None else "bad", Link("version", head.id))


def aliases_cell(head: VersionHead) -> Cell:
    """Name the aliases of a version."""
    return Cell(" ".join(ordered_aliases(head)), "good")


def ordered_aliases(head: VersionHead) -> list[str]:
    """Give the aliases of a version, `production` first and `latest`, which moves by itself, last."""
    return sorted(head.aliases, key=lambda alias: (alias == "latest", alias != PRODUCTION, alias))


def content_text(head: VersionHead) -> str:
    """Say how much a version holds, and whether its bytes are in the catalog: `2 files, 1.2 MB, embedded`."""
    left = f" but {plural(head.not_stored_count, 'file')}" if head.not_stored_count else ""
    return f"{plural(head.file_count, 'file')}, {bytes_text(head.size_bytes)}, {head.storage}{left}"


def shown_status(head: RunHead) -> str:
    """Give the status of a run as lists show it, followed by its damaged parts."""
    return f"{head.status}, damaged: {', '.join(head.damaged)}" if head.damaged else head.status
