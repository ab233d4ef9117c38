"""Draws the curves of a chart in pixels, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style

from artui.figures.png import plot_png
from artui.tui.colouring import colour_at
from artui.tui.widgets.chartfigure import figure_of

if TYPE_CHECKING:
    from artui.tui.widgets.chartpicture import PictureOrder


def drawn(order: PictureOrder) -> bytes:
    """Draw a picture as PNG, in a worker; empty if there is nothing to draw."""
    figure = figure_of("", order.lines, order.options)
    if figure is None:
        return b""
    cell_width, cell_height = order.cell
    width, height = order.place.columns * cell_width, order.place.rows * cell_height
    scale = min(1.0, order.most_pixels / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Ends of axes are in the middle of a dot: a cell has 2 x 4.
    across, down = cell_width * scale / 4, cell_height * scale / 8
    box = across, down, size[0] - across, size[1] - down
    palette = order.palette

    def colour_of(number: int) -> str:
        return _hex(palette.curves[colour_at(number)] if number >= 0 else palette.styles["frame"])

    return plot_png(figure, size, box, colour_of)


def _hex(style: Style) -> str:
    return style.color.get_truecolor().hex if style.color is not None else "#808080"
