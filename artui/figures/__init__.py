"""Charts as files: PURE. Values in, SVG or PNG out; nothing is read, and nothing of a screen is needed.

A `Figure` says what is drawn in the units of its axes. `layout` turns it into shapes on a page, which `svg` and
`png` write.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from artui.errors import UsageError

if TYPE_CHECKING:
    from artui.figures.figure import Figure

FORMATS = ("svg", "png")


def format_of(path: Path) -> str:
    """Give the format that a file's name stands for.

    Raises:
        UsageError: its ending is none of FORMATS.
    """
    ending = path.suffix.lower().lstrip(".")
    if ending not in FORMATS:
        what = (
            f"A chart is not written as .{ending}." if ending else f"{path.name} does not say in which format to draw."
        )
        raise UsageError(what, remedy="End it in .svg or .png.")
    return ending


def write(figure: Figure, format: str) -> bytes:
    """Draw a figure in one of FORMATS."""
    if format == "svg":
        from artui.figures.svg import svg

        return svg(figure)
    from artui.figures.png import png

    return png(figure)
