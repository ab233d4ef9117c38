"""A list of styled lines of any length, drawn line by line, with a cursor and links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from artui.tui.cells import Palette, Spans, strip_of
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, LineMoved, LinesScrolled, Link
from artui.tui.widgets.moving import MovesByLines
from artui.tui.widgets.searched import Searched
from artui.units import plural

if TYPE_CHECKING:
    from artui.tui.host import Host


class Line(NamedTuple):
    """One line of a list."""

    spans: Spans
    link: Link | None = None


BLANK = Line(())


class LineList(Searched, MovesByLines, ScrollView, can_focus=True):
    """Lines with a cursor. With `marks_cursor=False` it is a page to scroll, such as a help text; with
    `only_links` the cursor stops only at lines that lead somewhere, and where none is near, the page scrolls."""

    BINDINGS = bindings("list")
    HEAD_ROWS = 0
    """So many rows at the top are those of titles that stay: what has been scrolled below them is out of sight."""
    DEFAULT_CSS = "LineList { scrollbar-size: 0 0; overflow-x: hidden; overflow-y: auto; }"

    def __init__(
        self,
        *,
        marks_cursor: bool = True,
        only_links: bool = False,
        is_page: bool = False,
        says_more: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()
        self.cursor = 0
        self.marks_cursor = marks_cursor
        self.only_links = only_links
        self.is_page = is_page
        """Whether it is a text with links rather than a list of things: a click on a link follows it at once."""
        self.says_more = says_more
        """Whether its last row says how many lines go on below, as long as any do: `12 more lines ↓`."""
        self.draws_cursor_always = False
        """Whether the cursor is drawn without the focus too, as beside an entry."""
        self._is_kept_in_sight = False
        self.hit: int | None = None
        """The line that a search has come to last; None without a search."""

    @property
    def link(self) -> Link | None:
        """What the line under the cursor leads to."""
        return self.lines[self.cursor].link if self.cursor < len(self.lines) else None

    def set_lines(self, lines: Sequence[Line], *, keep: bool = True) -> None:
        """Show other lines. With `keep` the cursor stays on its link, if that still exists, or else at its index."""
        before, was_in_sight = self.link, self._is_in_sight(self.cursor)
        self.lines = lines
        self.virtual_size = Size(self.size.width, len(lines))
        place = 0
        if keep:
            place = self.cursor
            if before is not None:
                # Several lines may lead to the same place.
                same = self.places_of(lines, before)
                place = min(same, key=lambda i: abs(i - self.cursor), default=place)
        self.cursor = max(0, min(place, len(lines) - 1))
        if self.marks_cursor and (not keep or (self.only_links and self.link is None)):
            self.cursor = next((i for i, line in enumerate(lines) if line.link is not None), 0)
        if not keep:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        if not self.only_links or (keep and before is not None and was_in_sight):
            # Someone who reads further down stays there.
            self._bring_into_view()
        self.refresh()
        self.post_message(LineMoved(self, self.cursor, self.link))

    def places_of(self, lines: Sequence[Line], link: Link) -> Sequence[int]:
        """Say which of some lines lead to a place."""
        return [i for i, line in enumerate(lines) if line.link == link]

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.lines))
        if not self.only_links or self._is_kept_in_sight:
            self._bring_into_view()
        self._is_kept_in_sight = False

    def keep_in_sight(self) -> None:
        """Let the cursor be in sight once the list has the other size that it is about to have, if it is so now."""
        self._is_kept_in_sight = self._is_in_sight(self.cursor)

    def render_line(self, y: int) -> Strip:
        palette = self._palette
        index = y + self.scroll_offset.y
        width = self.size.width
        if index >= len(self.lines):
            return strip_of((), width, palette)
        if y == self.note_row:
            return strip_of([(f" {plural(len(self.lines) - index, 'more line')} ↓", "dim")], width, palette)
        is_cursor = self._is_drawn_cursor(index) and (self.has_focus or self.draws_cursor_always)
        spans = self.draw_line(index, width)
        if self.needle:
            spans = marked_spans(spans, self.needle, "match.here" if index == self.hit else "match")
        return strip_of(spans, width, palette, is_cursor=is_cursor)

    @property
    def note_row(self) -> int:
        """The row that says how many lines go on below; beyond the last row if none do."""
        return self._rows(self.scroll_offset.y)

    @property
    def hidden_lines(self) -> tuple[int, int]:
        """How many lines are out of sight above, and how many below."""
        top = round(self.scroll_offset.y)
        return (top, max(0, len(self.lines) - top - self.size.height)) if self.size.height else (0, 0)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the lines that are in sight now, and say that these are others."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(LinesScrolled())

    def _rows(self, top: float) -> int:
        """Say how many lines are in sight with one of them at the top: the last row may say how many go on below."""
        height = max(1, self.size.height)
        return height - (self.says_more and height > 1 and top + height < len(self.lines))

    def _top_for(self, index: int) -> int:
        """Give the line that is at the top when another one is the last in sight."""
        height = max(1, self.size.height)
        has_note = self.says_more and height > 1 and index + 1 < len(self.lines)
        return index - height + 1 + has_note

    def _is_drawn_cursor(self, index: int) -> bool:
        return self.marks_cursor and index == self.cursor and (not self.only_links or self.link is not None)

    def draw_line(self, index: int, width: int) -> Spans:
        """Give the spans of one line; subclasses draw more than the line holds."""
        return self.lines[index].spans

    @property
    def is_empty(self) -> bool:
        return not self.lines

    def find(self, needle: str, change: int, *, is_first: bool = False) -> int:
        self.needle = needle
        self.refresh()
        if not needle:
            self.hit = None
            return 0
        low, width = needle.lower(), max(self.size.width, 200)
        places = [
            index
            for index in range(len(self.lines))
            if low in "".join(text for text, _ in self.draw_line(index, width)).lower()
        ]
        if places:
            current = self._find_start()
            ahead = [place for place in places if place > current or (is_first and place == current)]
            behind = [place for place in places if place < current]
            place = (ahead or places)[0] if change > 0 else (behind or places)[-1]
            self.hit = place
            if not self.marks_cursor:
                self.scroll_to(y=place, animate=False, force=True, immediate=True)
            elif self.only_links and self.lines[place].link is None:
                self._show(place)
            else:
                self.move_to(place)
        return len(places)

    def _find_start(self) -> int:
        """Give the line that a search goes on from."""
        if self.only_links and self.hit is not None and self._is_in_sight(self.hit):
            return self.hit
        return self.cursor if self.marks_cursor and self._is_in_sight(self.cursor) else int(self.scroll_offset.y)

    def move_to(self, index: int) -> None:
        """Put the cursor on a line."""
        index = self._stop(max(0, min(index, len(self.lines) - 1)))
        if index == self.cursor or not self.lines:
            self._bring_into_view()
            return
        before, self.cursor = self.cursor, index
        if not self._bring_into_view():
            for row in (before, index):
                self.refresh(Region(0, row - self.scroll_offset.y, self.size.width, 1))
        self.post_message(LineMoved(self, index, self.link))

    def _stop(self, index: int) -> int:
        """Give the line nearest to `index` where the cursor may stop: further on if there is one, or else back."""
        if not self.only_links or not self.lines:
            return index
        ahead = range(index, len(self.lines)) if index >= self.cursor else range(index, -1, -1)
        back = range(index, self.cursor, -1) if index >= self.cursor else range(index, self.cursor)
        return next((place for place in (*ahead, *back) if self.lines[place].link is not None), self.cursor)

    def _bring_into_view(self) -> bool:
        """Scroll the cursor into sight; true if that was needed."""
        # A list that has no room yet is scrolled once it has: with a guess it would hide lines that fit.
        if not self.marks_cursor or not (self.size.height or self.only_links):
            return False
        top = self.scroll_offset.y
        if self.cursor < top + self.HEAD_ROWS:
            target = max(0, self.cursor - self.HEAD_ROWS)
            if target == top:
                return False
            # Headings above the first link are worth seeing too.
            while target > 0 and self.lines[target - 1].link is None and self.cursor - target < 2:
                target -= 1
        elif self.cursor >= top + self._rows(top):
            target = self._top_for(self.cursor)
        else:
            return False
        self.scroll_to(y=target, animate=False, force=True, immediate=True)
        return True

    def step(self, change: int) -> None:
        """Move the cursor by so many lines, or scroll if there is no cursor.

        Where only links are stopped at, one step goes to the next link if that is in sight or at most half a page beyond
        the edge, so that no line is passed unseen, and else scrolls; more steps scroll, and take the cursor along.
        """
        if not self.marks_cursor:
            self._scroll_by(change)
        elif not self.only_links:
            self.move_to(self.cursor + change)
        elif abs(change) == 1:
            self._step_to_link(change)
        else:
            self._scroll_by(change)
            self._take_cursor_along(self.cursor + change)

    def _step_to_link(self, change: int) -> None:
        top = int(self.scroll_offset.y)
        height = self._rows(top)
        start = self.cursor if self._is_in_sight(self.cursor) else (top - 1 if change > 0 else top + height)
        places = range(start + 1, len(self.lines)) if change > 0 else range(start - 1, -1, -1)
        place = next((place for place in places if self.lines[place].link is not None), None)
        near = max(1, height // 2)
        if place is not None and top - near <= place < top + height + near:
            self.move_to(place)
        else:
            self._scroll_by(change)

    def _scroll_by(self, change: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + change, animate=False, force=True, immediate=True)

    def _take_cursor_along(self, near: int) -> None:
        """Put the cursor on the line in sight nearest to one, of those where it may stop."""
        top = int(self.scroll_offset.y)
        in_sight = range(top + self.HEAD_ROWS, min(top + self._rows(top), len(self.lines)))
        stops = [place for place in in_sight if not self.only_links or self.lines[place].link is not None]
        if stops:
            self.move_to(min(stops, key=lambda place: abs(place - near)))

    def _is_in_sight(self, index: int) -> bool:
        return self.HEAD_ROWS <= index - self.scroll_offset.y < self._rows(self.scroll_offset.y)

    def _show(self, index: int) -> None:
        """Scroll until a line is in sight."""
        if not self._is_in_sight(index):
            below = index >= self.scroll_offset.y + self.HEAD_ROWS
            top = self._top_for(index) if below else index - self.HEAD_ROWS
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def wheel(self, change: int) -> None:
        """Scroll by so many lines; the cursor stays in sight."""
        self._scroll_by(change)
        if self.marks_cursor and not self._is_in_sight(self.cursor):
            self._take_cursor_along(self.cursor)

    def show_top(self, index: int) -> bool:
        """Scroll until a line is at the top, as far as there are lines below; false if nothing has to move."""
        before = self.scroll_offset.y
        self.scroll_to(y=index, animate=False, force=True, immediate=True)
        return bool(self.scroll_offset.y != before)

    def show_from(self, index: int) -> None:
        """Put the cursor on a line, at the top as far as there are lines below."""
        self.scroll_to(y=index, animate=False, force=True, immediate=True)
        self.move_to(index)

    def action_jump_first(self) -> None:
        self.step(-len(self.lines))

    def action_jump_last(self) -> None:
        self.step(len(self.lines))

    def choose(self) -> None:
        """Tell the screen that the line under the cursor was chosen; if it is out of sight, only show it."""
        if self.marks_cursor and self._bring_into_view():
            return
        self.post_message(LineChosen(self, self.cursor, self.link))

    def on_click(self, event: events.Click) -> None:
        index = event.y + int(self.scroll_offset.y)
        if index >= len(self.lines):
            return
        if event.y == self.note_row:
            self._scroll_by(self.size.height - 1)
            return
        link = self.lines[index].link
        if not self.marks_cursor or self.is_page:
            if link is not None:
                self.cursor = index
                self.refresh()
                self.post_message(LineChosen(self, index, link))
            if self.marks_cursor:
                self.focus()
            return
        self.focus()
        if index == self.cursor:
            self.choose()
        elif not self.only_links or link is not None:
            self.move_to(index)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    @property
    def artui(self) -> Host:
        """The app, as far as widgets may use it."""
        return self.app  # type: ignore[return-value]

    @property
    def _palette(self) -> Palette:
        return self.artui.palette


def marked_spans(spans: Spans, needle: str, mark: str = "match") -> list[tuple[str, str]]:
    """Mark a text wherever it occurs within a span, in either case."""
    low, marked = needle.lower(), []
    for text, style in spans:
        place, lowered = 0, text.lower()
        while (at := lowered.find(low, place)) >= 0 and len(lowered) == len(text):
            marked += [(text[place:at], style), (text[at : at + len(needle)], mark)]
            place = at + len(needle)
        marked.append((text[place:], style))
    return marked
