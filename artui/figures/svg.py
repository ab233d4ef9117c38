"""Figures as SVG 1.1: text that can be searched and edited, no script, nothing from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from artui.figures.layout import PAPER, Circle, Path, Shape, shapes

if TYPE_CHECKING:
    from artui.figures.figure import Figure

_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


def svg(figure: Figure) -> bytes:
    """Write a figure as an SVG document, in UTF-8."""
    width, height = figure.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f"font-family={quoteattr(_FONT)}>",
        f"<title>{escape(_plain(figure.title))}</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        *(_element(shape) for shape in shapes(figure)),
        "</svg>",
    ]
    return ("\n".join(parts) + "\n").encode("utf-8", "replace")


def _element(shape: Shape) -> str:
    if isinstance(shape, Path):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        opacity = f' opacity="{shape.opacity:g}"' if shape.opacity < 1 else ""
        if shape.is_filled:
            return f'<polygon points="{points}" fill="{shape.colour}"{opacity}/>'
        return (
            f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}" '
            f'stroke-linejoin="round"{opacity}/>'
        )
    if isinstance(shape, Circle):
        return (
            f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:g}" fill="{shape.colour}" '
            f'opacity="{shape.opacity:g}"/>'
        )
    turn = f' transform="rotate(-90 {shape.x:.1f} {shape.y:.1f})"' if shape.is_upright else ""
    weight = ' font-weight="bold"' if shape.is_bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size}" text-anchor="{shape.anchor}" '
        f'fill="{shape.colour}"{weight}{turn}>{escape(_plain(shape.text))}</text>'
    )


def _plain(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(letter for letter in text if letter in "\t\n" or (letter >= " " and letter not in "\ufffe\uffff"))
