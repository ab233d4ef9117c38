"""The curves of a chart that is alone on the screen, in pixels over its cells, where the terminal can.

The chart is drawn in dots at once. When it has come to rest its curves are drawn again as a picture, and the dots go.
Whatever changes the curves takes the picture away first; a cursor is seen through it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from artui.tui.terminal import graphics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.geometry import Region, Size
    from textual.timer import Timer

    from artui.tui.cells import Palette
    from artui.tui.terminal.graphics import Place
    from artui.tui.widgets.chartlines import ChartLine
    from artui.tui.widgets.chartoptions import ChartOptions

REST_SECONDS = 0.2
_NUMBER = 17
"""Of the only picture on the screen, for the terminal."""


class PictureOrder(NamedTuple):
    """What a picture is drawn from."""

    lines: Sequence[ChartLine]
    options: ChartOptions
    place: Place
    cell: tuple[float, float]
    """Width and height of a cell in pixels."""
    most_pixels: int
    """How wide it is at most."""
    palette: Palette


class Pictured(Protocol):
    """A chart, as far as its picture needs it."""

    is_alone: bool
    curves: Sequence[ChartLine]
    options: ChartOptions
    plot_cells: tuple[int, int]
    plot_height: int

    @property
    def app(self) -> Any: ...
    @property
    def size(self) -> Size: ...
    @property
    def region(self) -> Region: ...
    @property
    def is_attached(self) -> bool: ...
    @property
    def is_on_screen(self) -> bool: ...
    @property
    def is_drawn(self) -> bool: ...
    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer: ...
    def again(self) -> None: ...
    def want_picture(self, order: PictureOrder) -> None: ...


class ChartPicture:
    """The picture of one chart: whether there is one, and when to draw it."""

    def __init__(self, chart: Pictured) -> None:
        self._chart = chart
        self._timer: Timer | None = None
        self._ordered: PictureOrder | None = None
        self.is_shown = False

    def outdate(self) -> None:
        """Take the picture away, and draw another one when the chart has come to rest."""
        self.hide()
        chart = self._chart
        if chart.is_alone and chart.is_attached and chart.app.has_graphics:
            self._timer = chart.set_timer(REST_SECONDS, self._want)

    def hide(self) -> None:
        """Take the picture away; the chart is in dots again."""
        self._ordered = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.is_shown:
            self.is_shown = False
            self._chart.app.send(graphics.hidden(number=_NUMBER))
            self._chart.again()

    def _want(self) -> None:
        chart = self._chart
        # A timer that was stopped may have called already.
        if not chart.is_alone or not chart.is_on_screen:
            return
        if not chart.is_drawn:
            # Where its cells are is known once they have been drawn in their new size.
            self._timer = chart.set_timer(REST_SECONDS, self._want)
            return
        left, columns = chart.plot_cells
        rows = chart.plot_height
        if not chart.curves or columns < 1 or rows < 1:
            return
        place = graphics.Place(chart.region.y + 1, chart.region.x + left, rows, columns)
        palette: Palette = chart.app.palette
        most_pixels = graphics.most_pixels(os.environ)
        self._ordered = PictureOrder(chart.curves, chart.options, place, graphics.cell_pixels(), most_pixels, palette)
        chart.want_picture(self._ordered)

    def put(self, png: bytes, order: PictureOrder) -> None:
        """Show a picture that was drawn, unless it is no longer wanted; empty bytes are none."""
        if png and order is self._ordered:
            self._chart.app.send(graphics.shown(png, order.place, number=_NUMBER))
            self.is_shown = True
            self._chart.again()
