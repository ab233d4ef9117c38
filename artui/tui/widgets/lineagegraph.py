"""A lineage drawn as a graph, with a cursor that walks along its lines."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from artui.figures.layered import DOWN, LINES, UP
from artui.tui.cells import CURSOR, Palette, Span, length_of, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.lines import marked_spans
from artui.tui.widgets.moving import WHEEL_LINES
from artui.tui.widgets.searched import Searched

if TYPE_CHECKING:
    from artui.query.around import Spot
    from artui.tui.drawing import Drawing
    from artui.tui.host import Host

_CURSOR_END = "▐"
_HEAVY = str.maketrans("─│┌┐└┘", "━┃┏┓┗┛")
"""The path to the root, where it meets no other line."""
_LIGHT = {heavy: light for light, heavy in _HEAVY.items()}
_MARGIN_CELLS = 2
"""Left and right of the whole graph."""
_LINE_CELLS = 2
"""Of the lines that lead to the first column in sight so much is shown."""
_ENOUGH = 0.75
"""While so much of the most that could be in sight is, the picture stays where it is."""
_BEFORE_WORTH, _BEHIND_WORTH, _OTHER_WORTH = 16, 6, 2
"""What it is worth to see the cursor's causes, what came of it, and anything else; of a name that is cut, half of it."""
_READABLE = 0.6
"""Of a name so much has to be in sight to count for anything."""


class Beyond(NamedTuple):
    """How many things are not wholly in sight, by the edge beyond which they lie."""

    left: int
    right: int
    above: int
    below: int


class LineageGraph(Searched, ScrollView, can_focus=True):
    """Draws what is around a run or a version, and the path from there to the cursor."""

    BINDINGS = bindings("graph")
    FOUND = ("thing has", "things have")
    DEFAULT_CSS = "LineageGraph { scrollbar-size: 0 0; overflow-x: auto; overflow-y: auto; width: 1fr; height: 1fr; }"

    class Moved(Message):
        """The cursor is on another spot."""

    class Opened(Message):
        """What is under the cursor is to be opened."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.drawing: Drawing | None = None
        self.cursor = 0
        self.ways: tuple[tuple[int, ...], ...] = ()
        """From the root to the cursor, the shortest first."""
        self.way_number = 0
        """Which of them is bright."""
        self._came_from: int | None = None
        """Where the last step along a line began: back leads there again."""
        self._path: Mapping[tuple[int, int], int] = {}
        self._near: Mapping[tuple[int, int], int] = {}
        """The cells of the lines that the cursor's spot has itself: of lines in one track they are told apart."""
        self._on_path: frozenset[int] = frozenset()
        self._by_row: dict[int, list[int]] = {}
        self._labels: dict[int, Strip] = {}
        self._stride = 1
        """Rows of the screen for one of the graph: where there is room, every other one is left free."""
        self._left, self._top = _MARGIN_CELLS, 0
        """Free cells and rows before the graph, which stands in the middle of what is larger."""
        self._head_rows = 0
        """One where not everything is in sight: it counts what is not."""
        self._stops: list[int] = [0]
        """Where the left edge may be: before a column, so that no name begins in the middle of a word."""
        self._is_placed = False
        """Whether the graph has been scrolled to its cursor: it needs room before."""

    @property
    def artui(self) -> Host:
        """The app, as far as widgets may use it."""
        return self.app  # type: ignore[return-value]

    @property
    def spot(self) -> Spot | None:
        """What is under the cursor."""
        return self.drawing.around.spots[self.cursor] if self.drawing is not None else None

    def show(self, drawing: Drawing, spot_id: str) -> None:
        """Show another drawing with the cursor on a spot, which stays where it is on the screen."""
        before = self._place_on_screen() if self._is_placed and self.drawing is not None else None
        is_of_another = self.drawing is not None and self.drawing.around.spots[0].id != drawing.around.spots[0].id
        self.drawing = drawing
        self.cursor, self._came_from = drawing.place_of(spot_id), None
        self._by_row = {}
        for place, box in enumerate(drawing.graph.boxes):
            self._by_row.setdefault(box.y, []).append(place)
        for places in self._by_row.values():
            places.sort(key=lambda place: drawing.graph.boxes[place].x)
        self._find_room()
        self._find_path()
        if before is not None:
            x, y = self._place_on_screen()
            self._show_from(int(self.scroll_offset.x) + x - before[0], int(self.scroll_offset.y) + y - before[1])
            self._bring_into_view()
            kept = self._worth_of(int(self.scroll_offset.x), int(self.scroll_offset.y))
            best = self._best_place()
            if is_of_another or kept < _ENOUGH * self._worth_of(*best):
                self._show_from(*best)
        self._bring_into_view()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        if self.drawing is not None:
            self._find_room()
            self._bring_into_view()

    def _find_room(self) -> None:
        """Choose where the graph stands."""
        graph = self._drawn.graph
        width, height = self.size.width, self.size.height
        self._stride = 2 if 2 * graph.height <= height + 1 else 1
        rows = self._stride * (graph.height - 1) + 1
        cells = graph.width + 2 * _MARGIN_CELLS
        self._head_rows = int(cells > width or rows > height)
        free = height - self._head_rows - rows
        self._left, self._top = max(_MARGIN_CELLS, (width - graph.width) // 2), self._head_rows + max(0, free // 2)
        starts = [graph.boxes[layer[0]].x for layer in graph.layers if layer]
        self._stops = [0, *(self._left + start - _LINE_CELLS for start in sorted(starts) if start)]
        if cells > width:
            # So much further that the last columns are shown whole.
            last = min(bisect_left(self._stops, cells - width), len(self._stops) - 1)
            del self._stops[last + 1 :]
            cells = max(cells, self._stops[-1] + width)
        self.virtual_size = Size(cells, rows + self._head_rows)
        self.refresh()

    def _cell(self, place: int) -> tuple[int, int]:
        """Give the cell, counted from the corner of all that can be scrolled to, where a spot begins."""
        box = self._drawn.graph.boxes[place]
        return self._left + box.x, self._top + self._stride * box.y

    def _place_on_screen(self) -> tuple[int, int]:
        x, y = self._cell(self.cursor)
        return x - int(self.scroll_offset.x), y - int(self.scroll_offset.y)

    @property
    def _drawn(self) -> Drawing:
        assert self.drawing is not None
        return self.drawing

    @property
    def way(self) -> tuple[int, ...]:
        """The spots on the way from the root to the cursor that is bright."""
        return self.ways[self.way_number % len(self.ways)] if self.ways else (self.cursor,)

    def _find_path(self) -> None:
        self.ways, self.way_number = self._drawn.ways(self.cursor), 0
        self._show_way()

    def _show_way(self) -> None:
        path, drawn = self.way, self._drawn
        near: dict[tuple[int, int], int] = {}
        for other in (*drawn.before[self.cursor], *drawn.behind[self.cursor]):
            for cell, arms in drawn.path_cells((self.cursor, other)).items():
                near[cell] = near.get(cell, 0) | arms
        self._near = near
        self._path, self._on_path = self._drawn.path_cells(path), frozenset(path)
        self._labels = {}
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        palette, width = self.artui.palette, self.size.width
        if y < self._head_rows and self.drawing is not None:
            return strip_of(self._beyond_spans(width), width, palette)
        row, between = divmod(y + int(self.scroll_offset.y) - self._top, self._stride)
        if self.drawing is None or not 0 <= row < self.drawing.graph.height:
            return strip_of((), width, palette)
        start = int(self.scroll_offset.x) - self._left
        graph = self.drawing.graph
        if between:
            return self._lines(row, start, start + width, palette, is_between=True)
        strips: list[Strip] = []
        x = start
        for place in self._by_row.get(row, ()):
            box = graph.boxes[place]
            if box.right <= start or box.x >= start + width:
                continue
            if box.x > x:
                strips.append(self._lines(row, x, box.x, palette))
                x = box.x
            stop = min(box.right, start + width)
            strips.append(_cut_end(self._label(place, palette).crop(x - box.x), stop - x))
            x = stop
        if x < start + width:
            strips.append(self._lines(row, x, start + width, palette))
        return Strip.join(strips)

    def _beyond_spans(self, width: int) -> list[Span]:
        """Count what lies beyond each edge, at that edge."""
        beyond = self.beyond
        left = f" ◂ {beyond.left:,} more" if beyond.left else ""
        right = f"{beyond.right:,} more ▸ " if beyond.right else ""
        counts = ((beyond.above, "above", "▴"), (beyond.below, "below", "▾"))
        middle = " · ".join(f"{sign} {count:,} {word}" for count, word, sign in counts if count)
        before = max(1, (width - length_of([(middle, "")])) // 2 - len(left))
        behind = max(1, width - len(left) - before - len(middle) - len(right))
        return [(left, "dim"), (" " * before, "dim"), (middle, "dim"), (" " * behind, "dim"), (right, "dim")]

    @property
    def beyond(self) -> Beyond:
        """What is not in sight with its whole name; of what lies in a corner, by its side."""
        left = right = above = below = 0
        x, y = int(self.scroll_offset.x), int(self.scroll_offset.y)
        for place, box in enumerate(self._drawn.graph.boxes):
            start, row = self._cell(place)
            if start < x:
                left += 1
            elif (
                start + box.width > x + self.size.width
                and start + self._drawn.named_cells(place) >= x + self.size.width
            ):
                right += 1
            elif row < y + self._head_rows:
                above += 1
            elif row >= y + self.size.height:
                below += 1
        return Beyond(left, right, above, below)

    def _label(self, place: int, palette: Palette) -> Strip:
        if place not in self._labels:
            spans: list[Span] = list(self._drawn.labels[place])
            is_cursor = place == self.cursor
            if place in self._on_path:
                spans = [(text, {"text": "title", "dim": "bold"}.get(style, style)) for text, style in spans]
            first, *shown, last = spans
            if self.needle:
                shown = marked_spans(shown, self.needle, "match.here" if is_cursor else "match")
            if is_cursor and self.has_focus:
                first, last = (CURSOR, "accent"), (_CURSOR_END, "accent")
            width = self._drawn.graph.boxes[place].width
            self._labels[place] = strip_of(
                [first, *shown, last], width, palette, is_cursor=is_cursor and self.has_focus
            )
        return self._labels[place]

    def _lines(self, row: int, start: int, stop: int, palette: Palette, *, is_between: bool = False) -> Strip:
        """Draw the lines of a row, or of the free one below it; those on the path to the root are bright."""
        graph = self._drawn.graph
        first, last = max(0, start), min(graph.width, stop)
        drawn = graph.row_below(row, first, last) if is_between else graph.row(row, first, last)
        text = (" " * (first - start) + drawn).ljust(stop - start)[: stop - start]
        styles = palette.styles["frame"], palette.styles["accent"], palette.styles["title"]
        segments: list[Segment] = []
        part, level = "", 0
        for number, letter in enumerate(text):
            arms = self._path.get((start + number, row), 0) if letter != " " else 0
            if is_between:
                arms = UP | DOWN if arms & DOWN else 0
            # Where the path passes behind another line, that one is drawn.
            is_bright = bool(arms and LINES.index(letter) & arms)
            if is_bright and LINES.index(letter) == arms:
                letter = letter.translate(_HEAVY)
            own = 2 if is_bright else int(self._is_near((start + number, row), letter, is_between=is_between))
            if own != level and part:
                segments.append(Segment(part, styles[level]))
                part = ""
            part, level = part + letter, own
        segments.append(Segment(part, styles[level]))
        return Strip(segments, stop - start)

    def _is_near(self, cell: tuple[int, int], letter: str, *, is_between: bool) -> bool:
        """Say whether what is drawn in a cell is of a line that the cursor's spot has itself."""
        arms = self._near.get(cell, 0) if letter != " " else 0
        if is_between:
            arms = UP | DOWN if arms & DOWN else 0
        return bool(arms and LINES.index(letter.translate(_LIGHT)) & arms)

    def on_focus(self) -> None:
        self._labels.pop(self.cursor, None)
        self.refresh()

    def on_blur(self) -> None:
        self._labels.pop(self.cursor, None)
        self.refresh()

    # Searching

    @property
    def is_empty(self) -> bool:
        return self.drawing is None

    def find(self, needle: str, change: int, *, is_first: bool = False) -> int:
        self.needle, self._labels = needle, {}
        self.refresh()
        if not needle or self.drawing is None:
            return 0
        low = needle.lower()
        texts = ["".join((name, *(text for text, _ in label))) for name, label in zip(self.drawing.names, self.drawing.labels, strict=True)]  # fmt: skip
        # Column by column, as one reads.
        ordered = [place for layer in self.drawing.graph.layers for place in layer]
        hits = [number for number, place in enumerate(ordered) if low in texts[place].lower()]
        if hits:
            here = ordered.index(self.cursor)
            ahead = [number for number in hits if number > here or (is_first and number == here)]
            behind = [number for number in hits if number < here]
            self.move_to(ordered[(ahead or hits)[0] if change > 0 else (behind or hits)[-1]])
        return len(hits)

    # Moving

    def move_to(self, place: int, *, came_from: int | None = None) -> None:
        """Put the cursor on a spot, and scroll until it is in sight."""
        if self.drawing is None:
            return
        has_moved, self.cursor = place != self.cursor, place
        if has_moved:
            self._came_from = came_from
            self._find_path()
            self.post_message(self.Moved())
        self._bring_into_view()

    def action_along(self, change: int) -> None:
        """Walk along a line: to what came of this, or with -1 to what it came from."""
        if self.drawing is not None:
            self.move_to(self.drawing.aside(self.cursor, change, self._came_from), came_from=self.cursor)

    def action_across(self, change: int) -> None:
        """Go to what stands below in the same column, or with -1 above."""
        if self.drawing is not None:
            self.move_to(self.drawing.above(self.cursor, change))

    def action_leap(self, change: int) -> None:
        """Go so far down the column as the screen is high, or with -1 up."""
        drawing, place = self.drawing, self.cursor
        if drawing is None:
            return
        boxes = drawing.graph.boxes
        target = boxes[place].y + change * max(1, (self.size.height - 1) // self._stride)
        column = drawing.graph.layers[boxes[place].layer]
        self.move_to(min(column, key=lambda other: abs(boxes[other].y - target)))

    def next_way(self, change: int) -> None:
        """Make the next way from the root to the cursor bright, or with -1 the one before."""
        if self.drawing is None:
            return
        if len(self.ways) < 2:
            self.artui.say("One way alone leads here." if self.cursor else "This is where all ways begin: go to something first.")  # fmt: skip
            return
        self.way_number = (self.way_number + change) % len(self.ways)
        self._show_way()
        self.post_message(self.Moved())

    def action_to_root(self) -> None:
        self.move_to(0)

    def action_to_end(self, change: int) -> None:
        """Follow the lines to where the longest of them end on one side."""
        if self.drawing is not None:
            self.move_to(self.drawing.farthest(self.cursor, change))

    def _bring_into_view(self) -> None:
        """Scroll until the cursor is in sight, with what is left and right of it as far as there is room."""
        width, height = self.size.width, self.size.height
        if self.drawing is None or not width or not height:
            return
        if not self._is_placed:
            self._is_placed = True
            self._show_from(*self._best_place())
        left, row = self._cell(self.cursor)
        cells = self.drawing.graph.boxes[self.cursor].width
        x, y = int(self.scroll_offset.x), int(self.scroll_offset.y)
        # Of a name that is wider than the screen the beginning is seen.
        room = max(0, min(width // 4, (width - cells) // 2))
        if x > left or x < left + cells - width:
            x = min(max(x, left + cells + room - width), left - room)
        rows = min(height // 4, 3)
        y = min(max(y, row + rows + 1 - height), row - rows - self._head_rows)
        self._show_from(x, y)

    def _best_place(self) -> tuple[int, int]:
        """Find from where most is in sight, with the cursor and what it came from; of equal places the one that has it nearest to the middle."""
        width, height = self.size.width, self.size.height
        left, row = self._cell(self.cursor)
        cells = self._drawn.graph.boxes[self.cursor].width
        y = self._within(0, row - height // 2)[1]
        middle = left + (cells - width) // 2
        stops = [x for x in self._stops if x <= left and left + min(cells, width) <= x + width] or [
            self._stop_for(middle)
        ]
        x = max(stops, key=lambda x: (self._worth_of(x, y), -abs(x - middle)))
        margin = min(height // 4, 3)
        first, last = (self._within(0, at)[1] for at in (row + margin + 1 - height, row - margin - self._head_rows))
        y = max(range(first, last + 1), key=lambda at: (self._worth_of(x, at), -abs(at - y)), default=y)
        return x, y

    def _worth_of(self, x: int, y: int) -> int:
        """Weigh what would be in sight from a corner: near things before far ones, and causes before effects."""
        width, height, drawn = self.size.width, self.size.height, self._drawn
        before, behind = set(drawn.before[self.cursor]), set(drawn.behind[self.cursor])
        worth = 0
        for place, box in enumerate(drawn.graph.boxes):
            left, row = self._cell(place)
            if x <= left < x + width and y + self._head_rows <= row < y + height:
                own = _BEFORE_WORTH if place in before else _BEHIND_WORTH if place in behind else _OTHER_WORTH
                if left + box.width <= x + width:
                    worth += own
                elif left + _READABLE * drawn.named_cells(place) <= x + width:
                    worth += own // 2
        return worth

    def _stop_for(self, x: int) -> int:
        """Give the place of the left edge that is nearest to one, with the cursor in sight."""
        left = self._cell(self.cursor)[0]
        near = [stop for stop in self._stops if left - self.size.width < stop <= left] or self._stops
        return min(near, key=lambda stop: abs(stop - x))

    def _within(self, x: int, y: int) -> tuple[int, int]:
        return (
            max(0, min(x, self.virtual_size.width - self.size.width)),
            max(0, min(y, self.virtual_size.height - self.size.height)),
        )

    def _show_from(self, x: int, y: int) -> None:
        x, y = self._within(min(self._stops, key=lambda stop: abs(stop - x)), y)
        self.scroll_to(x=x, y=y, animate=False, force=True, immediate=True)
        # What is counted beyond the edges is another number.
        self.refresh()

    # The mouse

    def on_click(self, event: events.Click) -> None:
        self.focus()
        if self.drawing is None:
            return
        row, between = divmod(event.y + int(self.scroll_offset.y) - self._top, self._stride)
        place = None if between else self.drawing.at(event.x + int(self.scroll_offset.x) - self._left, row)
        if place is None:
            return
        self.move_to(place)
        if event.chain == 2:
            self.post_message(self.Opened())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn(event, -1)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._turn(event, 1, is_sideways=True)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._turn(event, -1, is_sideways=True)

    def _turn(self, event: events.MouseEvent, change: int, *, is_sideways: bool = False) -> None:
        event.stop()
        # Textual would scroll once more.
        event.prevent_default()
        # Where all rows are in sight the wheel can only be meant for the columns.
        if is_sideways or event.shift or self.virtual_size.height <= self.size.height:
            x = int(self.scroll_offset.x)
            place = bisect_right(self._stops, x) if change > 0 else bisect_left(self._stops, x) - 1
            x, y = self._stops[max(0, min(place, len(self._stops) - 1))], int(self.scroll_offset.y)
        else:
            x, y = int(self.scroll_offset.x), int(self.scroll_offset.y) + change * WHEEL_LINES
        self._show_from(x, y)


def _cut_end(strip: Strip, cells: int) -> Strip:
    """Cut a label that the right edge cuts, and show that it is."""
    if strip.cell_length <= cells:
        return strip
    kept = strip.crop(0, cells - 1)
    style = next((segment.style for segment in reversed(list(kept)) if segment.text.strip()), None)
    return Strip([*kept, Segment("…", style)], cells)
