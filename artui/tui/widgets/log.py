"""Text of any size: only lines in sight are drawn, only lines near them are in memory, and a live log is followed.

The text is a source that is read in the background, a page of lines at a time. Keys move inside the current page, and
the next one is asked for before it is needed.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from artui.query.lines import PAGE_BYTES, FewLines, Inked, LogSource, Page, find, read_page, shown_text
from artui.safetext import clean
from artui.tui.cells import CURSOR, Span, Spans, ink_style, length_of, log_style, strip_of
from artui.tui.fetch import Asks
from artui.tui.keys import bindings, pairs_of
from artui.tui.widgets.moving import MovesByLines
from artui.tui.widgets.rows import Rows, cells_of, letter_at
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from artui.tui.host import Host
    from artui.tui.widgets.lines import Line

PAGE_LINES = 400
"""Lines of a page before and after its centre."""
NEAR_LINES = 150
"""The next page is asked for when fewer lines than this are left before the end of the page."""
SCAN_BYTES = 16 << 20
"""How much is searched between two reports of progress."""
TELL_SECONDS = 0.15
END = 1 << 62
"""An offset beyond the end of any text."""
_SIDE_CELLS = 24


@dataclass(frozen=True, slots=True)
class _Goal:
    """The place to go to once the page has been read."""

    how: Literal["top", "end", "match"]
    offset: int
    row: int = 0


_AT_END = _Goal("end", END, END)


@dataclass(slots=True)
class _Search:
    """A search in progress."""

    is_backwards: bool
    origin: int
    """Where it began, and where it ends after wrapping around."""
    place: int
    size: int
    scanned_bytes: int = 0
    has_turned: bool = False
    further: int = 0
    """How many matches beyond the next one have been asked for meanwhile."""

    @property
    def limit(self) -> int:
        """Where the current pass ends."""
        return self.origin if self.has_turned else 0 if self.is_backwards else self.size


class LogView(Asks, MovesByLines, can_focus=True):
    """The lines of a source, with some lines of our own after its end."""

    BINDINGS = bindings("list")
    DEFAULT_CSS = "LogView { height: 1fr; width: 1fr; }"

    class Changed(Message):
        """Something that the screen shows about the text has changed: place, size, search, following."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: LogSource | None = None
        self.is_wrapped = True
        self.is_following = False
        self.needle = ""
        self.match: int | None = None
        """Offset of the current match."""
        self.search_note = ""
        """The outcome of the last search, if it is worth showing."""
        self._index = self._row = self._left = 0
        self._goal: _Goal | None = None
        self._owed = 0
        self._is_looking = False
        """Whether there may be more lines that have the text."""
        self._asked_at = -1
        self._search: _Search | None = None
        self._pattern: re.Pattern[str] | None = None
        self._is_watched = False
        self._timer: Timer | None = None
        self._inked: Mapping[int, list[Inked]] = {}
        self._starts: Sequence[int] = ()
        """Where all lines of the text begin, if that is known."""
        self._set_rows(Page((), 0), ())

    # What is shown

    @property
    def top(self) -> int:
        """Offset of the first line in sight."""
        return self.rows.start_of(self._index)

    def show(self, source: LogSource | None, *, behind: Sequence[Line] = (), at_end: bool = False) -> None:
        """Show another text, from its start or its end (our own lines included), or only our own lines if there is none."""
        self._replace(source)
        self._inked, self._starts = {}, ()
        self._index = self._row = self._left = self._owed = 0
        self.match, self.is_following = None, at_end and source is not None and source.is_live
        self._set_rows(Page((), 0), behind)
        if source is not None:
            self._want_page(_AT_END if at_end else _Goal("top", 0))
        self._changed()

    def go_over(self, source: LogSource) -> None:
        """Show another source of the same text at the same place."""
        few = self.source if isinstance(self.source, FewLines) else None
        self._replace(FewLines(source, few.needle) if few is not None else source)
        self._want_page(_AT_END if self.is_following else None)
        self.is_following = self.is_following and source.is_live
        self._changed()

    def colour(self, inked: Mapping[int, list[Inked]]) -> None:
        """Show parts of lines in colours, by the start of a line: the text is a source, not a log."""
        self._inked = inked
        self._set_rows(self.page, self._behind)
        self._changed()

    def number(self, starts: Sequence[int] | None) -> None:
        """Say which lines are in sight, by where all lines of the text begin."""
        self._starts = starts or ()
        self._changed()

    def set_behind(self, behind: Sequence[Line]) -> None:
        """Show other lines after the end."""
        if tuple(behind) != self._behind:
            is_at_end = self._is_at_end
            self._set_rows(self.page, behind)
            # Who looks at the end goes on looking at it.
            self._go(*((END, END) if is_at_end else (self._index, self._row)))
            self._changed()

    def _replace(self, source: LogSource | None) -> None:
        before, self.source = self.source, source
        self._goal = self._search = None
        self._owed = 0
        if before is not None and before is not source:
            before.close()
        self._watch()

    def on_unmount(self) -> None:
        if self.source is not None:
            self.source.close()

    def status_spans(self) -> list[Span]:
        """Show the size of the text, the place in it, and whether its end is followed."""
        if self.source is None:
            return []
        page = self.page
        is_whole = page.is_first and page.is_last
        is_in_sight = not page.lines or (page.is_first and self._index == self._row == 0 and self._is_at_end)
        # Our own lines behind those of the text are none of them, and only their share can be said.
        lines = self._lines_in_sight() if is_whole and not is_in_sight and not self.rows.behind else ""
        size = plural(len(page.lines), "line") if is_whole else bytes_text(page.size)
        total = len(page.lines)
        if not is_whole and self._starts and not isinstance(self.source, FewLines):
            first = bisect.bisect_left(self._starts, page.lines[0].start) if page.lines else 0
            lines, total = self._lines_in_sight(first), len(self._starts)
            size = f"{size} · {plural(total, 'line')}"
        spans: list[Span] = [(f"lines {lines} of {count_text(total)}" if lines else size, "dim")]
        if isinstance(self.source, FewLines):
            most = "first " if self.source.is_full else ""
            spans = [
                (
                    f"{most}{plural(self.source.count, 'line')} with {clean(self.source.needle, max_chars=30)}{' so far' if self._is_looking else ''}",
                    "accent",
                )
            ]
            if lines:
                spans.append((f" · {lines}", "dim"))
        if not lines and not is_in_sight:
            spans.append((f" · {self._percent} %", "dim"))
        if self.source.is_live:
            spans.append((" · following", "good") if self.is_following else (" · live, G follows", "accent"))
        return spans

    def _lines_in_sight(self, first: int = 0) -> str:
        """Say which lines are in sight: `1–29`; empty if none is. Before those of the page there are `first` others."""
        numbers = [first + index + 1 for index, _ in self._sight() if index < len(self.page.lines)]
        return f"{count_text(numbers[0])}–{count_text(numbers[-1])}" if numbers else ""

    @property
    def _is_at_end(self) -> bool:
        """Whether the last row of all is in sight, be it of the text or of our own lines."""
        sight, rows = self._sight(), self.rows
        return bool(sight) and self.page.is_last and sight[-1] == (rows.count - 1, len(rows.starts(rows.count - 1)) - 1)

    @property
    def _percent(self) -> int:
        """How much of the text and of our own lines is in sight or above it; 100 only at the last row."""
        if self._is_at_end:
            return 100
        sight, page = self._sight(), self.page
        last = sight[-1][0] if sight else 0
        if page.is_first and page.is_last:
            return min(99, (last + 1) * 100 // max(1, self.rows.count))
        behind = [1 + length_of(line.spans) for line in self.rows.behind]
        seen = self.rows.start_of(min(last + 1, len(page.lines))) + sum(behind[: max(0, last + 1 - len(page.lines))])
        return min(99, seen * 100 // max(1, page.size + sum(behind)))

    def search_spans(self) -> list[Span]:
        """Show the progress of a search, or its outcome."""
        if self._search is not None:
            percent = min(99, self._search.scanned_bytes * 100 // max(1, self._search.size))
            return [(f"searching {percent} %", "accent"), ("  esc stops it", "dim")]
        return [(self.search_note, "warn")] if self.search_note else []

    @property
    def is_searching(self) -> bool:
        """Whether a search is in progress."""
        return self._search is not None

    # Pages

    def _want_page(self, goal: _Goal | None) -> None:
        """Ask for the lines around a goal, or around the lines in sight; a pending goal is kept."""
        source = self.source
        if source is None:
            return
        self._goal = goal = goal or self._goal
        self._asked_at = self.top
        offset = goal.offset if goal else self.top
        self.ask(
            "page",
            lambda: (source, source.catch_up(), read_page(source, offset, before=PAGE_LINES, after=PAGE_LINES)),
            self._take_page,
        )

    def _take_page(self, answer: tuple[LogSource, bool, Page]) -> None:
        source, is_more_to_come, page = answer
        if source is not self.source:
            return
        goal = self._goal or _Goal("top", self.top, self._row)
        owed, self._owed, self._goal = self._owed, 0, None
        self._set_rows(page, self._behind)
        if goal.how == "match":
            self._index = min(self._index, max(0, self.rows.count - 1))
            self._bring(goal.offset, is_new_page=True)
        else:
            self._go(self.rows.index_at(goal.offset) if goal.how == "top" else self.rows.count - 1, goal.row)
        if owed:
            self.step(owed)
        self._look_ahead()
        self._is_looking = is_more_to_come
        if is_more_to_come:
            self._want_page(_AT_END if goal == _AT_END else None)
        self._changed()

    def _look_ahead(self) -> None:
        page, top = self.page, self.top
        is_near_end = len(page.lines) - self._index < NEAR_LINES and page.end - top < PAGE_BYTES // 2
        first = page.lines[0].start if page.lines else 0
        is_near_start = self._index < NEAR_LINES and top - first < PAGE_BYTES // 2
        if ((is_near_end and not page.is_last) or (is_near_start and not page.is_first)) and self._asked_at != top:
            self._want_page(None)

    # Rows

    @property
    def page(self) -> Page:
        """The lines that have been read."""
        return self.rows.page

    def _set_rows(self, page: Page, behind: Sequence[Line]) -> None:
        self._behind = tuple(behind)
        # Only lines that have the text are asked for: ours are none of them.
        shown = () if isinstance(self.source, FewLines) else self._behind
        inked = None if isinstance(self.source, FewLines) else self._inked
        self.rows = Rows(page, shown, width=self.size.width - 1, is_wrapped=self.is_wrapped, inked=inked)
        self._marks: dict[int, list[tuple[int, int, bool]]] = {}
        self._rows_in_sight: list[tuple[int, int]] | None = None

    def _sight(self) -> list[tuple[int, int]]:
        """List the rows in sight, as (line, row in the line)."""
        if self._rows_in_sight is None:
            self._rows_in_sight = self.rows.from_row(self._index, self._row, self.size.height)
        return self._rows_in_sight

    def _go(self, index: int, row: int) -> None:
        """Put a row at the top, or as high as possible without room below the last line."""
        index = max(0, min(index, self.rows.count - 1))
        row = max(0, min(row, len(self.rows.starts(index)) - 1)) if self.rows.count else 0
        if self.page.is_last and self.rows.count:
            index, row = min((index, row), self.rows.lowest(self.size.height))
        self._index, self._row = index, row
        self._rows_in_sight = None

    def step(self, change: int) -> None:
        """Scroll by rows; the part beyond this page follows when the next one has been read."""
        if change < 0:
            self.is_following = False
        if self._goal is not None:
            self._owed += change
            return
        index, row, rest = self.rows.moved(self._index, self._row, change)
        self._go(index, row)
        is_more = not self.page.is_last if rest > 0 else not self.page.is_first
        if rest and is_more:
            self._owed = rest
            self._want_page(_Goal("top", self.top, self._row))
        else:
            self._look_ahead()
        self._changed()

    def _changed(self) -> None:
        self._rows_in_sight = None
        self.refresh()
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        # As of the last drawing, in the size before: who looks at the end goes on looking at it.
        is_at_end = self.is_following or (self._is_at_end and (self._index, self._row) != (0, 0))
        self._set_rows(self.page, self._behind)
        self._go(*((END, END) if is_at_end else (self._index, self._row)))
        self._changed()

    # Drawing

    def render_line(self, y: int) -> Strip:
        rows = self._sight()
        spans = self._spans(*rows[y]) if y < len(rows) else ()
        return strip_of(spans, self.size.width, self.artui.palette)

    def _spans(self, index: int, row: int) -> Spans:
        text, cuts, width = self.rows.text(index), self.rows.starts(index), self.size.width - 1
        start, stop = cuts[row], cuts[row + 1] if row + 1 < len(cuts) else len(text)
        if index >= len(self.page.lines):
            part = _part(self.rows.behind[index - len(self.page.lines)].spans, start, stop)
            return [("↳", "frame"), *part] if row else part
        marks = self._marks_of(index)
        if not self.is_wrapped:
            start = letter_at(text, self._left)
            if isinstance(self.source, FewLines) and marks and not any(start <= first < start + width for first, _, _ in marks):  # fmt: skip
                # These lines are here for what matches in them.
                start = max(0, marks[0][0] - width // 3)
            stop = min(len(text), start + width + 1)
        is_here = any(is_current and start <= first < stop for first, _, is_current in marks)
        gutter = CURSOR if is_here else "↳" if row else "‹" if start and not self.is_wrapped else " "
        spans: list[Span] = [(gutter, "accent" if is_here else "faint")]
        inked = self.rows.inks(index)
        # What its writer coloured needs no colour of ours.
        style = "text" if inked or self._inked else log_style(text)
        places = [(first, last, ink_style(ink)) for first, last, ink in inked]
        hits = [(first, last, "match.here" if is_current else "match") for first, last, is_current in marks]
        spans += _painted(text, start, stop, style, places, hits)
        return spans

    def _marks_of(self, index: int) -> list[tuple[int, int, bool]]:
        """Give the matches in a line as (start, stop, whether it is the current one), in letters."""
        if self._pattern is None:
            return []
        if index not in self._marks:
            spans = [match.span() for match in self._pattern.finditer(self.rows.text(index))]
            letter = self._letter_of_match(index) if spans else None
            nearest = min(spans, key=lambda span: abs(span[0] - letter)) if letter is not None else None
            self._marks[index] = [(*span, span == nearest) for span in spans]
        return self._marks[index]

    def _letter_of_match(self, index: int) -> int | None:
        """Give the letter of a line at which the current match begins; None if it is in another line."""
        line = self.page.lines[index]
        if self.match is None or not line.start <= self.match < line.start + len(line.content):
            return None
        # Without the bar, the text before the match would lose trailing characters as if the line ended there.
        return len(shown_text(line.content[: self.match - line.start] + b"|")) - 1

    # Moving

    def action_jump_first(self) -> None:
        self.is_following = False
        self._jump(_Goal("top", 0))

    def action_jump_last(self) -> None:
        self.is_following = self.source is not None and self.source.is_live
        self._jump(_AT_END)

    def _jump(self, goal: _Goal) -> None:
        self._owed = 0
        if self.source is None:
            self._go(0 if goal.how == "top" else END, goal.row)
            self._changed()
        else:
            self._want_page(goal)

    def sideways(self, change: int) -> None:
        """Scroll sideways, if long lines are cut."""
        if self.is_wrapped:
            ((key, _),) = pairs_of({"text.wrap"})
            self.artui.say(f"Long lines are wrapped: {key} cuts them, then ← and → move sideways.")
            return
        longest = max(
            (len(self.rows.text(index)) for index, _ in self._sight() if index < len(self.page.lines)), default=0
        )
        self._left = max(0, min(self._left + change * _SIDE_CELLS, longest // _SIDE_CELLS * _SIDE_CELLS))
        self._changed()

    def wrap(self) -> None:
        """Wrap long lines, or cut them; the text at the top stays there."""
        rows = self.rows.starts(self._index) if self.rows.count else [0]
        letter = rows[min(self._row, len(rows) - 1)] if self.is_wrapped else 0
        self.is_wrapped = not self.is_wrapped
        self._left = 0
        self._set_rows(self.page, self._behind)
        row = bisect.bisect_right(self.rows.starts(self._index), letter) - 1 if self.rows.count else 0
        self._go(*((END, END) if self.is_following else (self._index, row)))
        self._look_ahead()
        self._changed()

    def on_click(self) -> None:
        self.focus()

    # Finding

    def set_needle(self, needle: str) -> None:
        """Mark a text wherever it is in sight, without going to it."""
        if needle == self.needle:
            return
        self.needle, self.match, self.search_note, self._search = needle, None, "", None
        self._pattern = re.compile(re.escape(clean(needle)), re.IGNORECASE) if needle else None
        self._marks = {}
        self._changed()

    def find(self, change: int, *, is_first: bool = False) -> None:
        """Go to the next match, or to the previous one, from the current match if it is in sight, else from the top."""
        if not self.needle or self.source is None:
            self.artui.say("Look for text with / first." if self.source is not None else "There is no text here.")
            return
        if self._search is not None and self._search.is_backwards == (change < 0) and not is_first:
            self._search.further += 1
            return
        sight = [index for index, _ in self._sight() if index < len(self.page.lines)]
        low, high = (self.rows.start_of(sight[0]), self.rows.start_of(sight[-1] + 1)) if sight else (self.top, self.top)
        place = self.match if self.match is not None and low <= self.match < high else None
        origin = low if place is None else place if is_first or change < 0 else place + 1
        self._begin(change < 0, origin)
        # A search that ends at once is not worth showing.
        self.set_timer(TELL_SECONDS, lambda: self.post_message(self.Changed()))

    def narrow(self, needle: str) -> None:
        """Show only lines that have a text; all again if it is empty. The line at the top stays if it is still there."""
        few, whole = (self.source, self.source.whole) if isinstance(self.source, FewLines) else (None, self.source)
        if whole is None or (few.needle if few is not None else "") == needle:
            return
        goal = _AT_END if self.is_following else _Goal("top", few.origin(self.top) if few is not None else 0)
        self.source, self._search = FewLines(whole, needle) if needle else whole, None
        self.match, self._owed = None, 0
        self._set_rows(Page((), 0), self._behind)
        self._index = self._row = self._left = 0
        self._want_page(goal if not needle or self.is_following else _Goal("top", 0))
        self._changed()

    @property
    def is_narrowed(self) -> bool:
        """Whether only some of the lines are shown."""
        return isinstance(self.source, FewLines)

    def cancel_search(self) -> None:
        """Stop searching."""
        if self._search is not None:
            self._search = None
            self.search_note = "stopped"
            self._changed()

    def _begin(self, is_backwards: bool, origin: int, *, further: int = 0) -> None:
        self.search_note = ""
        self._search = _Search(is_backwards, origin, origin, max(1, self.page.size), further=further)
        self._scan()

    def _scan(self) -> None:
        search, source, needle = self._search, self.source, self.needle
        if search is None or source is None:
            return
        place, limit = search.place, search.limit
        stop = max(limit, place - SCAN_BYTES) if search.is_backwards else min(limit, place + SCAN_BYTES)
        self.ask(
            "find",
            lambda: (
                search,
                stop,
                find(
                    source,
                    needle,
                    place,
                    backwards=search.is_backwards,
                    until=stop,
                    is_wanted=lambda: self._search is search,
                ),
            ),
            self._take_match,
        )

    def _take_match(self, answer: tuple[_Search, int, int | None]) -> None:
        search, stop, place = answer
        if search is not self._search:
            return
        search.scanned_bytes += abs(stop - search.place)
        search.place = stop
        if place is not None and search.further:
            self.match = place
            self._begin(search.is_backwards, place + (not search.is_backwards), further=search.further - 1)
        elif place is not None:
            self._search = None
            self.search_note = (
                ("from the end again" if search.is_backwards else "from the start again") if search.has_turned else ""
            )
            self._go_to_match(place)
        elif stop != search.limit:
            self._scan()
        elif not search.has_turned:
            search.has_turned = True
            search.place = search.size if search.is_backwards else 0
            self._scan()
        else:
            self._search = None
            self.search_note = "not found"
        self.post_message(self.Changed())

    def _go_to_match(self, place: int) -> None:
        self.match, self._marks = place, {}
        page = self.page
        if page.lines and page.lines[0].start <= place < page.end:
            self._bring(place)
            self._look_ahead()
            self._changed()
        else:
            self._want_page(_Goal("match", place))

    def _bring(self, place: int, *, is_new_page: bool = False) -> None:
        """Scroll a match into sight, a third down the screen, unless it is in sight."""
        index = self.rows.index_at(place)
        letter = self._letter_of_match(index) or 0
        row = bisect.bisect_right(self.rows.starts(index), letter) - 1
        if is_new_page or (index, row) not in self._sight():
            self.is_following = False
            moved = self.rows.moved(index, row, -(self.size.height // 3))
            self._go(moved.line, moved.row)
        if not self.is_wrapped:
            column = cells_of(self.rows.text(index)[:letter])
            if not self._left <= column < self._left + self.size.width - 1 - len(self.needle):
                self._left = max(0, column - self.size.width // 2) // _SIDE_CELLS * _SIDE_CELLS

    # Live

    @property
    def is_watched(self) -> bool:
        """Whether it is in sight, so that a live text has to be followed."""
        return self._is_watched

    @is_watched.setter
    def is_watched(self, is_watched: bool) -> None:
        if is_watched != self._is_watched:
            self._is_watched = is_watched
            self._watch()

    def _watch(self) -> None:
        is_wanted = self._is_watched and self.source is not None and self.source.is_live
        if is_wanted and self._timer is None:
            self._timer = self.set_interval(max(0.2, self.artui.settings.refresh_seconds), self._look)
            self._look()
        elif not is_wanted and self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _look(self) -> None:
        if self.source is not None and self.source.is_live and self.source.look():
            self._want_page(_AT_END if self.is_following else None)

    @property
    def artui(self) -> Host:
        """The app, as far as widgets may use it."""
        return self.app  # type: ignore[return-value]


def _part(spans: Spans, start: int, stop: int) -> list[Span]:
    """Cut some letters out of spans."""
    part: list[Span] = []
    for text, style in spans:
        part.append((text[max(0, start) : max(0, stop)], style))
        start, stop = start - len(text), stop - len(text)
    return part


def _painted(text: str, start: int, stop: int, style: str, *layers: Sequence[tuple[int, int, str]]) -> list[Span]:
    """Give some letters of a text in a style, but for parts of them that layers of (start, stop, style) paint over."""
    edges = {start, stop}
    edges.update(edge for layer in layers for first, last, _ in layer for edge in (first, last) if start < edge < stop)
    spans: list[Span] = []
    for first, last in pairwise(sorted(edges)):
        over = [name for layer in layers for low, high, name in layer if low <= first < high]
        spans.append((text[first:last], over[-1] if over else style))
    return spans
