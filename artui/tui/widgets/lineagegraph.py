"""A lineage drawn as a graph, with a cursor that walks along its lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from artui.figures.layered import DOWN, LINES, UP
from artui.tui.cells import CURSOR, Palette, Span, strip_of
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
_MARGIN_CELLS = 2
"""Left and right of the whole graph."""
_WHEEL_CELLS = 8


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
        self._came_from: int | None = None
        """Where the last step along a line began: back leads there again."""
        self._path: Mapping[tuple[int, int], int] = {}
        self._on_path: frozenset[int] = frozenset()
        self._by_row: dict[int, list[int]] = {}
        self._labels: dict[int, Strip] = {}
        self._stride = 1
        """Rows of the screen for one of the graph: where there is room, every other one is left free."""
        self._left, self._top = _MARGIN_CELLS, 0
        """Free cells and rows before the graph, which stands in the middle of what is larger."""
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
            self._scroll_by(x - before[0], y - before[1])
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
        self._left, self._top = max(_MARGIN_CELLS, (width - graph.width) // 2), max(0, (height - rows) // 2)
        self.virtual_size = Size(graph.width + 2 * _MARGIN_CELLS, rows)
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

    def _find_path(self) -> None:
        path = self._drawn.path(self.cursor)
        self._path, self._on_path = self._drawn.path_cells(path), frozenset(path)
        self._labels = {}
        self.refresh()

    # Drawing

    def render_line(self, y: int) -> Strip:
        palette, width = self.artui.palette, self.size.width
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
            label = self._label(place, palette)
            strips.append(label.crop(x - box.x, min(box.right, start + width) - box.x))
            x = min(box.right, start + width)
        if x < start + width:
            strips.append(self._lines(row, x, start + width, palette))
        return Strip.join(strips)

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
        plain, bright = palette.styles["faint"], palette.styles["title"]
        segments: list[Segment] = []
        part, is_part_bright = "", False
        for number, letter in enumerate(text):
            arms = self._path.get((start + number, row), 0) if letter != " " else 0
            if is_between:
                arms = UP | DOWN if arms & DOWN else 0
            # Where the path passes behind another line, that one is drawn.
            is_bright = bool(arms and LINES.index(letter) & arms)
            if is_bright and LINES.index(letter) == arms:
                letter = letter.translate(_HEAVY)
            if is_bright != is_part_bright and part:
                segments.append(Segment(part, bright if is_part_bright else plain))
                part = ""
            part, is_part_bright = part + letter, is_bright
        segments.append(Segment(part, bright if is_part_bright else plain))
        return Strip(segments, stop - start)

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

    def action_to_root(self) -> None:
        self.move_to(0)

    def action_to_end(self, change: int) -> None:
        """Follow the lines to where they end on one side."""
        drawing, place = self.drawing, self.cursor
        while drawing is not None and (following := drawing.aside(place, change)) != place:
            place = following
        self.move_to(place)

    def _bring_into_view(self) -> None:
        """Scroll until the cursor is in sight, with what is left and right of it as far as there is room."""
        width, height = self.size.width, self.size.height
        if self.drawing is None or not width or not height:
            return
        left, row = self._cell(self.cursor)
        cells = self.drawing.graph.boxes[self.cursor].width
        x, y = int(self.scroll_offset.x), int(self.scroll_offset.y)
        if not self._is_placed:
            self._is_placed = True
            x, y = left + (cells - width) // 2, row - height // 2
        # Of a name that is wider than the screen the beginning is seen.
        room = max(0, min(width // 4, (width - cells) // 2))
        x = min(max(x, left + cells + room - width), left - room)
        rows = min(height // 4, 3)
        y = min(max(y, row + rows + 1 - height), row - rows)
        self._show_from(x, y)

    def _show_from(self, x: int, y: int) -> None:
        x = max(0, min(x, self.virtual_size.width - self.size.width))
        y = max(0, min(y, self.virtual_size.height - self.size.height))
        self.scroll_to(x=x, y=y, animate=False, force=True, immediate=True)

    def _scroll_by(self, x: int, y: int) -> None:
        self._show_from(int(self.scroll_offset.x) + x, int(self.scroll_offset.y) + y)

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
            self._scroll_by(change * _WHEEL_CELLS, 0)
        else:
            self._scroll_by(0, change * WHEEL_LINES)
