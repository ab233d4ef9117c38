"""Several lists side by side, each with a heading, and one cursor that goes through all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events

from artui.tui.cells import CURSOR, Span, Spans, fit, length_of
from artui.tui.messages import Link
from artui.tui.widgets.lines import Line, LineList

GAP = 2
LEAST_CELLS = 26
"""Lists that would be narrower stand below each other."""


class Block(NamedTuple):
    """Some lines that belong together, and where they lead."""

    lines: tuple[Spans, ...]
    """The first is cut where it is too long; the others are wrapped."""
    link: Link | None = None


class Listed(NamedTuple):
    """One of the lists: its heading, and what is in it."""

    heading: Spans
    blocks: Sequence[Block]


class _Place(NamedTuple):
    """Where a block is drawn."""

    column: int
    block: int
    top: int
    height: int


class SideBySide(LineList):
    """Lists side by side where there is room, else below each other. Up and down go through a list, left and right to the next."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(marks_cursor=False, says_more=True, id=id)
        self._lists: Sequence[Listed] = ()
        self._places: list[_Place] = []
        self._at = 0
        """Of the places, the one under the cursor."""
        self._cells = 0
        """Of a column."""

    @property
    def link(self) -> Link | None:
        """What the block under the cursor leads to."""
        place = self._place
        return None if place is None else self._lists[place.column].blocks[place.block].link

    @property
    def _place(self) -> _Place | None:
        return self._places[self._at] if 0 <= self._at < len(self._places) else None

    @property
    def is_side_by_side(self) -> bool:
        """Whether all lists have room beside each other."""
        return self._columns_for(self.size.width) >= LEAST_CELLS

    def _columns_for(self, cells: int) -> int:
        return (cells - GAP * (len(self._lists) - 1)) // max(1, len(self._lists))

    def show_lists(self, lists: Sequence[Listed]) -> None:
        """Show other lists; the cursor stays on its link, if that is still there."""
        before = self.link
        self._lists = lists
        self._lay_out()
        same = [
            number for number, _ in enumerate(self._places) if before is not None and self._link_of(number) == before
        ]
        if same:
            self._at = same[0]
        else:
            self._at = next((number for number in range(len(self._places)) if self._link_of(number) is not None), 0)
        self._see()

    def _link_of(self, number: int) -> Link | None:
        place = self._places[number]
        return self._lists[place.column].blocks[place.block].link

    def _lay_out(self) -> None:
        width = self.size.width
        beside = self.is_side_by_side
        self._cells = self._columns_for(width) if beside else width
        self._places = []
        drawn: list[list[Spans]] = []
        for column, listed in enumerate(self._lists):
            rows: list[Spans] = [listed.heading]
            offset = 0 if beside else sum(map(len, drawn)) + len(drawn)
            was_tall = True
            for number, block in enumerate(listed.blocks):
                lines = [
                    *block.lines[:1],
                    *(row for spans in block.lines[1:] for row in wrapped_spans(spans, self._cells)),
                ]
                # Blank lines part what has several lines; what has one stands close to its like.
                if number and (len(lines) > 1 or was_tall):
                    rows.append(())
                was_tall = len(lines) > 1
                self._places.append(_Place(column, number, offset + len(rows), len(lines)))
                rows += lines
            drawn.append(rows)
        if beside:
            height = max(map(len, drawn), default=0)
            whole = [
                Line(self._joined([rows[row] if row < len(rows) else () for rows in drawn])) for row in range(height)
            ]
        else:
            whole = [Line(spans) for number, rows in enumerate(drawn) for spans in ([()] if number else []) + rows]
        self.set_lines(whole, keep=True)

    def _joined(self, parts: Sequence[Spans]) -> Spans:
        joined: list[Span] = []
        for number, spans in enumerate(parts):
            joined += [(" " * GAP, "text")] if number else []
            joined += fitted(spans, self._cells)
        return joined

    def draw_line(self, index: int, width: int) -> Spans:
        spans = super().draw_line(index, width)
        place = self._place
        if place is None or not place.top <= index < place.top + place.height or not self.has_focus:
            return spans
        start = place.column * (self._cells + GAP) if self.is_side_by_side else 0
        return _with_bar(spans, start)

    def on_resize(self) -> None:
        self._lay_out()
        self._see()

    # Moving

    def step(self, change: int) -> None:
        """Go to the next thing of the list, or by many lines."""
        place = self._place
        if place is None:
            self._scroll_by(change)
            return
        if abs(change) > 1:
            rows = [each for each in self._places if each.column == place.column or not self.is_side_by_side]
            goal = place.top + change
            nearest = min(
                (each for each in rows if self._lead(each)), key=lambda each: abs(each.top - goal), default=place
            )
            self._go(self._places.index(nearest))
            return
        numbers = range(self._at + change, len(self._places) if change > 0 else -1, change)
        for number in numbers:
            each = self._places[number]
            if self.is_side_by_side and each.column != place.column:
                break
            if self._lead(each):
                self._go(number)
                return
        self._scroll_by(change)

    def _lead(self, place: _Place) -> bool:
        return self._lists[place.column].blocks[place.block].link is not None

    def move_aside(self, change: int) -> None:
        """Go to the list beside, to what is nearest there; below each other, to the first thing of the next one."""
        here = self._place
        if here is None:
            return
        columns = sorted({each.column for each in self._places if self._lead(each)})
        ahead = [column for column in columns if (column - here.column) * change > 0]
        if not ahead:
            return
        goal = min(ahead, key=lambda column: abs(column - here.column))
        there = [each for each in self._places if each.column == goal and self._lead(each)]
        chosen = min(there, key=lambda each: abs(each.top - here.top)) if self.is_side_by_side else there[0]
        self._go(self._places.index(chosen))

    def _go(self, number: int) -> None:
        self._at = number
        self.refresh()
        self._see()

    def _see(self) -> None:
        place = self._place
        if place is None or not self.size.height:
            return
        top = int(self.scroll_offset.y)
        rows = self._rows(top)
        first = 0 if place.top <= 1 else place.top
        if first < top:
            self.scroll_to(y=first, animate=False, force=True, immediate=True)
        elif place.top + place.height > top + rows:
            self.scroll_to(
                y=max(0, min(place.top, place.top + place.height - rows + 1)), animate=False, force=True, immediate=True
            )

    def action_jump_first(self) -> None:
        self.step(-len(self.lines) - 2)

    def action_jump_last(self) -> None:
        self.step(len(self.lines) + 2)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()
        if event.y == self.note_row:
            self._scroll_by(self.size.height - 1)
            return
        row = event.y + int(self.scroll_offset.y)
        for number, place in enumerate(self._places):
            start = place.column * (self._cells + GAP) if self.is_side_by_side else 0
            if (
                place.top <= row < place.top + place.height
                and start <= event.x < start + self._cells
                and self._lead(place)
            ):
                self.focus()
                if number == self._at:
                    self.choose()
                else:
                    self._go(number)
                return


def fitted(spans: Spans, cells: int) -> list[Span]:
    """Cut spans, or fill them up, to exactly so many cells."""
    made: list[Span] = []
    left = cells
    for text, style in spans:
        if left <= 0:
            break
        shown = text if length_of([(text, style)]) <= left else fit(text, left)
        made.append((shown, style))
        left -= length_of([(shown, style)])
    return [*made, (" " * left, "text")] if left > 0 else made


def wrapped_spans(spans: Spans, cells: int) -> list[Spans]:
    """Break a line of one style at its blanks; what follows is as far indented as its beginning."""
    text, style = "".join(part for part, _ in spans), spans[0][1] if spans else "text"
    if len(spans) > 1 or length_of(spans) <= cells:
        return [spans]
    indent = " " * (len(text) - len(text.lstrip()))
    rows: list[Spans] = []
    line = indent
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if length_of([(longer, style)]) > cells and line.strip():
            rows.append([(line, style)])
            longer = f"{indent}{word}"
        line = longer
    return [*rows, [(line, style)]]


def _with_bar(spans: Spans, start: int) -> list[Span]:
    """Draw the cursor's bar in the cell where a column begins."""
    made: list[Span] = []
    at = 0
    for text, style in spans:
        length = length_of([(text, style)])
        if at <= start < at + length and text[start - at : start - at + 1] == " ":
            before, behind = text[: start - at], text[start - at + 1 :]
            made += [(before, style)] if before else []
            made.append((CURSOR, "accent"))
            made += [(behind, style)] if behind else []
        else:
            made.append((text, style))
        at += length
    return made
