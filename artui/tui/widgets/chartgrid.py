"""Small multiples: as many charts as fit, with one axis and one zoom for all, or a single chart in the whole room.

The grid says which charts are in sight and how they are drawn; the screen reads their curves and puts them in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import events
from textual.containers import Container
from textual.message import Message

from artui.tui.colouring import mark_of
from artui.tui.keys import bindings
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.chartoptions import ChartOptions, next_smoothing, next_y_scale, options_spans

if TYPE_CHECKING:
    from artui.query.series.curves import Window
    from artui.tui.cells import Span
    from artui.tui.widgets.chartlines import ChartLine

CHART_CELLS = (36, 9)
"""Smallest width and height of a chart in the grid."""
MAX_ACROSS = 4
ASIDE_FROM_CELLS = 100
"""On a narrower screen it is not said which charts come behind the others."""
ZOOM = 0.6
PAN = 0.25


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of the grid."""

    key: str
    """Identifies what it shows when its curves are asked for."""
    title: str
    aside: str = ""
    """Why it comes behind the others, in a word or two: `of the machine`. The page is laid out for the others."""


class ChartGrid(Container, can_focus=True):
    """Holds panels, and the curves of those that were in sight."""

    BINDINGS = bindings("charts")
    DEFAULT_CSS = "ChartGrid { layout: grid; grid-gutter: 0 1; height: 1fr; padding: 0 1; }"

    class Wanted(Message):
        """Curves of these panels are wanted, drawn in this way."""

        def __init__(self, keys: Sequence[str], options: ChartOptions) -> None:
            super().__init__()
            self.keys, self.options = tuple(keys), options

    class Changed(Message):
        """Something that `spans` shows has changed: how the charts are drawn, or which ones are in sight."""

    class ExportWanted(Message):
        """The current chart is to be written to a file."""

    class FindWanted(Message):
        """The user wants to find a chart by its name."""

    class AxisWanted(Message):
        """The user wants to choose a metric as the x axis."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.panels: Sequence[Panel] = ()
        self.options = ChartOptions()
        self.current = 0
        self.is_zoomed = False
        self.note = "reading…"
        """Shown while there is nothing to draw."""
        self.other_count = 0
        """How many runs there are beside those in colour, if the curves behind are those of a sample of them; else 0."""
        self.has_fixed_axis = False
        """Whether the x axis cannot be changed, as it is a column of a table."""
        self._before: list[Window | None] = []
        """The parts of the x axis that were in sight before those that were chosen by dragging."""
        self._first = 0
        self._lines: dict[str, Sequence[ChartLine]] = {}
        self._asked: tuple[object, ...] = ()
        self._stale: set[str] = set()

    def set_panels(self, panels: Sequence[Panel], *, note: str = "", axis: str = "") -> None:
        """Show other charts; the current one stays current if it still exists.

        Args:
            panels: the charts.
            note: shown while there are none.
            axis: what points are placed by, if there were no charts before.
        """
        before = self.panel
        if axis and not self.panels and panels:
            self.options = replace(self.options, axis=axis, window=None)
        self.panels, self.note = tuple(panels), note
        self.current = next((i for i, panel in enumerate(panels) if before and panel.key == before.key), 0)
        self._lines = {key: lines for key, lines in self._lines.items() if any(panel.key == key for panel in panels)}
        self.lay_out()

    def forget(self) -> None:
        """Read all curves again; the old ones stay until then."""
        self._stale = set(self._lines)
        self._asked = ()
        self._want()

    def put(self, lines: Mapping[str, Sequence[ChartLine]], options: ChartOptions) -> None:
        """Take curves that were asked for, unless they are of an axis or zoom that is no longer wanted."""
        if _way(options) != _way(self.options):
            return
        self._lines.update(lines)
        self._stale.difference_update(lines)
        self._draw()

    def pick(self, numbers: Mapping[str, int], front: str | None = None) -> None:
        """Bring the curves of some runs to the front, in the colours and with the marks of their numbers.

        Args:
            numbers: by id.
            front: the run whose curves lie over all others, which are dim beside them; None if there is none.
        """
        self._lines = {
            key: [
                replace(
                    line,
                    is_picked=line.run_id in numbers,
                    colour=numbers.get(line.run_id, line.colour),
                    mark=mark_of(numbers.get(line.run_id, line.colour)),
                    is_front=line.run_id == front,
                )
                for line in lines
            ]
            for key, lines in self._lines.items()
        }
        self._draw()

    @property
    def panel(self) -> Panel | None:
        """The current panel."""
        return self.panels[self.current] if self.current < len(self.panels) else None

    @property
    def lines(self) -> Sequence[ChartLine]:
        """The curves of the current chart."""
        return self._lines.get(self.panel.key, ()) if self.panel else ()

    @property
    def chart(self) -> Chart | None:
        """The widget of the current chart."""
        place = self.current - self._first
        charts = list(self.query(Chart))
        return charts[place] if 0 <= place < len(charts) else None

    def spans(self) -> list[Span]:
        """Say which charts are in sight and how they are drawn."""
        spans: list[Span] = []
        if len(self.panels) > self._per_page:
            last = min(len(self.panels), self._first + self._per_page)
            in_sight = f"{self._first + 1}–{last}" if last > self._first + 1 else str(last)
            behind = Counter(panel.aside for panel in self.panels[last:] if panel.aside)
            is_wide = self.size.width >= ASIDE_FROM_CELLS
            said = " and ".join(f"{count} {word}" for word, count in behind.items() if is_wide and not self.is_zoomed)
            below = f", below {said}" if said else ""
            noun = " charts" if is_wide and not below else ""
            spans.append((f"{in_sight} of {len(self.panels)}{noun}{below} · ", "dim"))
        return [*spans, *options_spans(self.options)]

    def show(self, key: str, *, alone: bool = True) -> None:
        """Make a chart the current one, with `alone` in the whole room."""
        place = next((i for i, panel in enumerate(self.panels) if panel.key == key), None)
        if place is not None:
            self.current = place
            self.is_zoomed = alone
            self.lay_out()

    # Layout

    @property
    def _is_single(self) -> bool:
        """Whether one chart has the whole room, so that keys move in it."""
        return self.is_zoomed or len(self.panels) == 1

    @property
    def _shape(self) -> tuple[int, int]:
        """How many charts are side by side, and below each other."""
        if self.is_zoomed:
            return 1, 1
        width, height = self.size.width, max(1, self.size.height)
        main = sum(not panel.aside for panel in self.panels)
        count = max(1, main if main > 1 else len(self.panels))
        choices = []
        for across in range(1, max(1, min(width // CHART_CELLS[0], MAX_ACROSS, count)) + 1):
            down = max(1, min(height // CHART_CELLS[1], -(-count // across)))
            # Charts four times as wide as high read best; charts that do not fit the page cost more.
            shape = abs(math.log(max(1, width / across) / (height / down * 4)))
            choices.append((max(0, count - across * down), shape, (across, down)))
        return min(choices)[2]

    @property
    def _per_page(self) -> int:
        across, down = self._shape
        return across * down

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Make as many charts as fit, and show the page with the current one."""
        if not self.size.width:
            return
        across, down = self._shape
        self.current = max(0, min(self.current, len(self.panels) - 1))
        self._first = self.current // (across * down) * (across * down)
        self.styles.grid_size_columns, self.styles.grid_size_rows = across, down
        charts = list(self.query(Chart))
        for chart in charts[across * down :]:
            chart.remove()
        if len(charts) < across * down:
            self.mount(*(Chart() for _ in range(across * down - len(charts))))
        self.call_after_refresh(self._draw)
        self._want()

    def _want(self) -> None:
        """Ask for the curves in sight that have not been read yet."""
        seen = [panel.key for panel in self.panels[self._first : self._first + self._per_page]]
        missing = [key for key in seen if key not in self._lines or key in self._stale]
        asked = (tuple(missing), _way(self.options))
        if missing and asked != self._asked:
            self._asked = asked
            self.post_message(self.Wanted(missing, self.options))

    def _draw(self) -> None:
        for place, chart in enumerate(self.query(Chart)):
            number = self._first + place
            chart.has_room = self._per_page <= 2
            chart.is_alone, chart.is_whole = self.is_zoomed, self._is_single
            # What is left of the last row belongs to the chart that ends it: no room stands empty.
            across = self._shape[0]
            chart.display = number < max(1, len(self.panels))
            chart.styles.column_span = across - place % across if number == len(self.panels) - 1 else 1
            chart.other_count, chart.says_best = self.other_count, True
            if number >= len(self.panels):
                chart.show("", [], self.options, note=self.note if number == 0 else "")
                chart.set_current(False)
                continue
            panel = self.panels[number]
            lines = self._lines.get(panel.key)
            chart.show(panel.title, lines or [], self.options, note="reading…" if lines is None else "")
            chart.set_current(number == self.current)
            if not self._is_single:
                chart.cursor = None
        self.post_message(self.Changed())

    # Keys

    def _change(self, options: ChartOptions) -> None:
        is_same_way = _way(options) == _way(self.options)
        self.options = options
        if not is_same_way:
            self._stale = set(self._lines)
            self._want()
        self._draw()

    def action_choose_axis(self) -> None:
        if not self.has_fixed_axis:
            self.post_message(self.AxisWanted())

    def set_axis(self, axis: str) -> None:
        """Place points by another axis, one of AXES or `metric:NAME`."""
        is_log = self.options.is_log_x and axis != "wall"  # a time of the clock has no ratio to another
        self._change(replace(self.options, axis=axis, window=None, is_log_x=is_log))

    def action_log_scale(self) -> None:
        self._change(next_y_scale(self.options))

    def action_log_x(self) -> None:
        if self.options.axis == "wall":
            return  # a time of the clock has no ratio to another
        self._change(replace(self.options, is_log_x=not self.options.is_log_x, window=None))

    def action_smooth(self, change: int) -> None:
        self._change(next_smoothing(self.options, change))

    def action_zoom_in(self) -> None:
        if (chart := self.chart) is not None:
            self._look_at(chart.zoomed(ZOOM))

    def action_zoom_out(self) -> None:
        if (chart := self.chart) is not None and self.options.window is not None:
            self._look_at(chart.zoomed(1 / ZOOM))

    def action_pan(self, change: int) -> None:
        if (chart := self.chart) is not None and self.options.window is not None:
            self._look_at(chart.shifted(change * PAN))

    def action_whole(self) -> None:
        self._look_at(None)

    def _look_at(self, window: Window | None) -> None:
        if window is None:
            self._before.clear()
        if window != self.options.window:
            self._change(replace(self.options, window=window))

    def action_zoom(self) -> None:
        if len(self.panels) == 1 and not self.is_zoomed:
            self.app.say("There is one chart only: ← and → read its values.")  # type: ignore[attr-defined]
        elif self.panels:
            self.is_zoomed = not self.is_zoomed
            self.lay_out()

    def action_export(self) -> None:
        self.post_message(self.ExportWanted())

    def action_find(self) -> None:
        self.post_message(self.FindWanted())

    def action_sideways(self, change: int) -> None:
        """Move to the chart beside this one; on a single chart, move the cursor."""
        chart = self.chart
        if not self._is_single:
            self._move(change)
        elif chart is not None:
            chart.move_cursor(change)

    def action_vertical(self, change: int) -> None:
        self._move(change * (1 if self.is_zoomed else self._shape[0]))

    def action_chart_page(self, change: int) -> None:
        self._move(change * self._per_page)

    def action_jump(self, place: int) -> None:
        """Go to the first or the last chart; with a cursor on a single chart, to its first or last point."""
        if self._is_single and self.chart is not None and self.chart.cursor is not None:
            self.chart.jump_cursor(place)
        else:
            self._move(place * len(self.panels))

    def _move(self, change: int) -> None:
        if not self.panels:
            return
        self.current = max(0, min(self.current + change, len(self.panels) - 1))
        if not self._first <= self.current < self._first + self._per_page:
            self.lay_out()
        else:
            self._draw()

    def leave(self) -> bool:
        """Do what esc does: leave the zoom, the cursor, then the single chart; false if there is none of them."""
        if self.options.window is not None:
            self._look_at(self._before.pop() if self._before else None)
        elif self.chart is not None and self.chart.cursor is not None:
            self.chart.set_cursor(None)
        elif self.is_zoomed:
            self.action_zoom()
        else:
            return False
        return True

    # The mouse

    def on_chart_picked(self, message: Chart.Picked) -> None:
        message.stop()
        number = self._first + list(self.query(Chart)).index(message.chart)
        if number < len(self.panels):
            if number == self.current and self.options.window is None:
                self.action_zoom()
            self.current = number
            self._draw()

    def on_chart_moved(self, message: Chart.Moved) -> None:
        message.stop()
        if message.is_chosen:
            self._before.append(self.options.window)
        self._look_at(message.window)

    def on_focus(self, event: events.Focus) -> None:
        self._draw()


def _way(options: ChartOptions) -> tuple[object, ...]:
    """Give the options that curves have to be read anew for."""
    return options.axis, options.window, options.is_log_x
