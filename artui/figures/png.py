"""Figures as PNG, drawn by Pillow at three times the size and reduced, so that lines are smooth."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from artui.figures.layout import PAPER, Circle, Path, Text, content, shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image, ImageDraw

    from artui.figures.figure import Figure
    from artui.figures.layout import Box

_OVER = 3
_PLOT_COLOURS = 16
"""Colours of a plot for the terminal: few, so that it is small on a slow link."""
_FONTS = ("DejaVuSans{bold}.ttf", "Arial{bold}.ttf", "LiberationSans{bold}.ttf")
"""Tried in this order; they have more letters than the one that Pillow brings."""


def png(figure: Figure, *, scale: int = 2) -> bytes:
    """Write a figure as a PNG file of `scale` times its size in pixels."""
    from PIL import Image, ImageDraw

    width, height = figure.size
    factor = scale * _OVER
    image = Image.new("RGB", (width * factor, height * factor), PAPER)
    pen = ImageDraw.Draw(image, "RGBA")
    page = shapes(figure)
    for shape in page:
        if not isinstance(shape, Text):
            _shape(pen, shape, factor)
    image = image.resize((width * scale, height * scale), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    for shape in page:
        if isinstance(shape, Text):
            _text(image, pen, shape, scale)
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def plot_png(figure: Figure, size: tuple[int, int], box: Box, colour_of: Callable[[int], str]) -> bytes:
    """Draw what lies between the axes of a figure, on a transparent ground.

    Args:
        figure: the figure; its own size does not count.
        size: width and height in pixels.
        box: where its axes lie in that.
        colour_of: gives the colour of a number, `#rrggbb`.
    """
    from PIL import Image, ImageDraw

    width, height = size
    image = Image.new("RGBA", (width * _OVER, height * _OVER), (0, 0, 0, 0))
    for shape in content(figure, box, colour_of):
        if not isinstance(shape, Text):
            # What is drawn later covers what is there as far as it is opaque.
            layer = Image.new("RGBA", image.size, (0, 0, 0, 0)) if shape.opacity < 1 else image
            _shape(ImageDraw.Draw(layer), shape, _OVER)
            image = Image.alpha_composite(image, layer) if layer is not image else image
    image = image.resize(size, Image.Resampling.LANCZOS).quantize(_PLOT_COLOURS, Image.Quantize.FASTOCTREE)
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _shape(pen: ImageDraw.ImageDraw, shape: Path | Circle, factor: int) -> None:
    red, green, blue = (int(shape.colour[place : place + 2], 16) for place in (1, 3, 5))
    fill = red, green, blue, round(255 * shape.opacity)
    if isinstance(shape, Circle):
        x, y, radius = shape.x * factor, shape.y * factor, shape.radius * factor
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
        return
    points = [(x * factor, y * factor) for x, y in shape.points]
    if shape.is_filled:
        pen.polygon(points, fill=fill)
    else:
        pen.line(points, fill=fill, width=max(1, round(shape.width * factor)), joint="curve")


def _text(image: Image.Image, pen: ImageDraw.ImageDraw, shape: Text, scale: int) -> None:
    from PIL import Image, ImageDraw

    font = _font(shape.size * scale, shape.is_bold)
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
    if not shape.is_upright:
        pen.text((shape.x * scale, shape.y * scale), shape.text, fill=shape.colour, font=font, anchor=anchor)
        return
    left, top, right, bottom = pen.textbbox((0, 0), shape.text, font=font)
    label = Image.new("RGB", (int(right - left) + 4, int(bottom - top) + 4), PAPER)
    ImageDraw.Draw(label).text((2 - left, 2 - top), shape.text, fill=shape.colour, font=font)
    label = label.rotate(90, expand=True)
    image.paste(label, (round(shape.x * scale - label.width), round(shape.y * scale - label.height / 2)))


@cache
def _font(size: int, is_bold: bool) -> Any:
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name.format(bold="-Bold" if is_bold else ""), size)
        except OSError:
            continue
    return ImageFont.load_default(size)
