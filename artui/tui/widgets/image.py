"""A picture in cells: halves of cells in its colours, or dots where there are no colours; or itself, where the terminal can."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from artui.tui.cells import Palette, strip_of
from artui.tui.terminal import graphics
from artui.tui.widgets.plot import DOTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.content.images import Pixels

_NUMBER = 18
"""Of the picture, for the terminal."""
_UPPER_HALF = "▀"
_STEP = 8
"""Colours are rounded to multiples of this: neighbours that look alike are sent once."""
_REMOTE_CELLS = (64, 24)
"""A picture in colours covers no more through ssh: it takes up to 20 bytes a cell."""
# B. E. Bayer, An optimum method for two-level rendition of continuous-tone pictures, IEEE ICC (1973).
_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


class ImageView(Widget, can_focus=True):
    """Draws pixels, which the screen brings in the size that `wanted_pixels` says."""

    DEFAULT_CSS = "ImageView { height: 1fr; width: 1fr; }"

    class Resized(Message):
        """It has another size: the picture is wanted in that."""

    def __init__(self, *, only_cells: bool = False, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty one; with `only_cells` it is drawn in cells, whatever the terminal can show."""
        super().__init__(id=id, classes=classes)
        self._only_cells = only_cells
        self.can_focus = not only_cells
        self.note = "reading…"
        """Shown while there is nothing to draw."""
        self.pixels: Pixels | None = None
        self._strips: list[Strip] | None = None
        self._png = b""
        self._is_sent = False

    @property
    def wanted_pixels(self) -> tuple[int, int]:
        """How many pixels there are room for, across and down."""
        width, height = max(1, self.size.width), max(1, self.size.height)
        if self._has_graphics:
            cell_width, cell_height = graphics.cell_pixels()
            most = graphics.most_pixels(os.environ)
            scale = min(1.0, most / (width * cell_width))
            return max(1, round(width * cell_width * scale)), max(1, round(height * cell_height * scale))
        if graphics.most_pixels(os.environ) == graphics.REMOTE_PIXELS:
            width, height = min(width, _REMOTE_CELLS[0]), min(height, _REMOTE_CELLS[1])
        return (width, 2 * height) if self._palette.heat is not None else (2 * width, 4 * height)

    def show(self, pixels: Pixels | None, note: str = "", png: bytes = b"") -> None:
        """Show a picture, or say why there is none.

        Args:
            png: the same as a file, for a terminal that shows pictures.
        """
        self.take_away()
        self.pixels, self.note, self._png = pixels, note, png
        self.again()
        if png:
            self.call_after_refresh(self.send)

    def on_unmount(self) -> None:
        self.take_away()

    def on_resize(self) -> None:
        self.again()
        if self.size.area:
            self.post_message(self.Resized())

    def again(self) -> None:
        """Draw anew."""
        self._strips = None
        self.refresh()

    # Where the terminal shows pictures

    def send(self) -> None:
        """Send the picture to the terminal, if it has one and can show it."""
        if self._png and self.pixels is not None and self.is_on_screen and not self._is_sent:
            columns, rows = self._covered_cells(self.pixels)
            place = graphics.Place(
                self.region.y + (self.size.height - rows) // 2,
                self.region.x + (self.size.width - columns) // 2,
                rows,
                columns,
            )
            self.app.send(graphics.shown(self._png, place, number=_NUMBER))  # type: ignore[attr-defined]
            self._is_sent = True

    def take_away(self) -> None:
        """Take the picture away from the terminal."""
        if self._is_sent:
            self._is_sent = False
            self.app.send(graphics.hidden(number=_NUMBER))  # type: ignore[attr-defined]

    def _covered_cells(self, pixels: Pixels) -> tuple[int, int]:
        """Give the columns and rows that a picture covers in its shape, as many as there is room for."""
        cell_width, cell_height = graphics.cell_pixels()
        width, height = self.size.width * cell_width, self.size.height * cell_height
        scale = min(width / pixels.width, height / pixels.height)
        columns, rows = round(pixels.width * scale / cell_width), round(pixels.height * scale / cell_height)
        return max(1, min(columns, self.size.width)), max(1, min(rows, self.size.height))

    # In cells

    @property
    def _palette(self) -> Palette:
        return self.app.palette  # type: ignore[attr-defined,no-any-return]

    @property
    def _has_graphics(self) -> bool:
        return not self._only_cells and bool(self.app.has_graphics)  # type: ignore[attr-defined]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._strips is None:
            self._strips = self._drawn(width, self.size.height)
        return self._strips[y] if y < len(self._strips) else strip_of((), width, self._palette)

    def _drawn(self, width: int, height: int) -> list[Strip]:
        palette = self._palette
        if self.pixels is None:
            return [strip_of((), width, palette), strip_of([("  " + self.note, "dim")], width, palette)]
        if self._has_graphics:
            return []
        pixels = _enlarged(_over(self.pixels, palette.background), self.wanted_pixels)
        lines = _in_halves(pixels, palette.background) if palette.heat is not None else _in_dots(pixels, palette)
        blank = strip_of((), width, palette)
        left = max(0, width - lines[0].cell_length) // 2
        lines = [
            Strip.join([blank.crop(0, left), line, blank.crop(0, max(0, width - left - line.cell_length))])
            for line in lines[:height]
        ]
        return [blank] * ((height - len(lines)) // 2) + lines


def png_of(pixels: Pixels) -> bytes:
    """Write pixels as a PNG file, in a worker."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.frombytes("RGBA", (pixels.width, pixels.height), pixels.content).save(out, format="PNG")
    return out.getvalue()


def _over(pixels: Pixels, background: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Lay a picture over a background: rows x columns x 3."""
    import numpy as np

    drawn = np.frombuffer(pixels.content, np.uint8).reshape(pixels.height, pixels.width, 4).astype(np.float64)
    opacity = drawn[..., 3:] / 255
    return np.round(drawn[..., :3] * opacity + np.array(background) * (1 - opacity)).astype(np.uint8)


def _enlarged(pixels: NDArray[np.uint8], room: tuple[int, int]) -> NDArray[np.uint8]:
    """Make each pixel of a small picture a square of several."""
    factor = max(1, min(room[0] // pixels.shape[1], room[1] // pixels.shape[0]))
    return pixels.repeat(factor, 0).repeat(factor, 1)


def _in_halves(pixels: NDArray[np.uint8], background: tuple[int, int, int]) -> list[Strip]:
    """Draw two pixels a cell, one above the other."""
    import numpy as np

    if len(pixels) % 2:
        last = np.broadcast_to(np.array(background, np.uint8), (1, *pixels.shape[1:]))
        pixels = np.concatenate([pixels, last])
    rounded = np.minimum(255, (pixels.astype(np.int64) + _STEP // 2) // _STEP * _STEP)
    strips = []
    for upper, lower in zip(rounded[::2].tolist(), rounded[1::2].tolist(), strict=True):
        segments: list[Segment] = []
        run, before = 0, None
        for pair in [*zip(map(tuple, upper), map(tuple, lower), strict=True), None]:
            if pair != before and before is not None:
                segments.append(Segment(_UPPER_HALF * run, _halves_style(*before)))
                run = 0
            run, before = run + 1, pair
        strips.append(Strip(segments, len(upper)))
    return strips


def _halves_style(upper: tuple[int, ...], lower: tuple[int, ...]) -> Style:
    return Style(color=Color.from_rgb(*upper[:3]), bgcolor=Color.from_rgb(*lower[:3]))


def _in_dots(pixels: NDArray[np.uint8], palette: Palette) -> list[Strip]:
    """Draw two by four dots a cell, more of them where the picture is lighter; on a light background where it is darker."""
    import numpy as np

    height, width = -(-pixels.shape[0] // 4) * 4, -(-pixels.shape[1] // 2) * 2
    # Luma of ITU-R BT.601.
    light = np.zeros((height, width))
    is_inverted = sum(palette.background) > 3 * 127
    luma = pixels @ np.array([0.299, 0.587, 0.114]) / 255
    light[: pixels.shape[0], : pixels.shape[1]] = 1 - luma if is_inverted else luma
    thresholds = (np.array(_BAYER) + 0.5) / 16
    is_set = light > np.tile(thresholds, (-(-height // 4), -(-width // 4)))[:height, :width]
    letters = sum(
        is_set[row::4, column::2].astype(np.int64) * DOTS[row][column] for row in range(4) for column in range(2)
    )
    text = ["".join(chr(0x2800 + bits) for bits in row) for row in np.asarray(letters).tolist()]
    return [Strip([Segment(line, palette.styles["text"])], len(line)) for line in text]
