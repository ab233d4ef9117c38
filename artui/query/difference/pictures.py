"""Pictures that differ: their sizes, and how many of their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from artui.content.images import Pixels, decoded
from artui.model import Preview
from artui.model.difference import FileDifference

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PIXELS = (1024, 1024)
"""Pixels of larger pictures are not compared."""
_BRIGHT = (255, 176, 64)
"""Of pixels that differ: unlike any shade of grey, and lighter than all that are drawn."""
_DARK = 0.22
"""So bright is what does not differ."""


def pictures_difference(
    path: str, previews: tuple[Preview, Preview], streams: tuple[BinaryIO, BinaryIO] | None = None
) -> FileDifference:
    """Compare two pictures: pixel by pixel if their content is at hand, and they are as large."""
    before, after = previews
    found = _compared(streams) if streams is not None else None
    if before.title != after.title:
        shared = f", {found.share_text}" if found is not None else ""
        return FileDifference(path, "picture", _titles(before.title, after.title) + shared, previews=previews)
    said = found.text if found is not None else "other content"
    return FileDifference(path, "picture", f"{said}, {before.title}", previews=previews)


def _titles(before: str, after: str) -> str:
    """Say the format once, if both have it: `PNG picture, 10 × 10 px → 20 × 20 px`."""
    kind, _, size = after.partition(", ")
    return f"{before} → {size if size and before.startswith(f'{kind}, ') else after}"


class _Compared(NamedTuple):
    """How many pixels differ, and in which part of the picture all of them are."""

    differing: int
    pixel_count: int
    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0

    @property
    def text(self) -> str:
        """Say how many differ, and which share of all that is."""
        if not self.differing:
            return "the same pixels"
        return f"{self.differing:,} of {self.pixel_count:,} pixels ({self._percent_text}) differ{self.place_text}"

    @property
    def share_text(self) -> str:
        """Say it of the part that two pictures of other sizes have in common."""
        return f"{self._percent_text} of the pixels that both cover differ" if self.differing else "the same pixels in what both cover"  # fmt: skip

    @property
    def _percent_text(self) -> str:
        share = 100 * self.differing / self.pixel_count
        return f"{min(share, 99.9):.{1 if share >= 0.1 else 2}f} %" if self.differing < self.pixel_count else "100 %"

    @property
    def place_text(self) -> str:
        """Say where they are, unless that is from edge to edge."""
        if self.width * self.height == self.pixel_count:
            return ""
        return f", in {self.width:,} × {self.height:,} px at ({self.left:,}, {self.top:,})"


def _compared(streams: tuple[BinaryIO, BinaryIO]) -> _Compared | None:
    """Compare all pixels; None if that cannot be."""
    import numpy as np

    sides = []
    for stream in streams:
        stream.seek(0)
        pixels = decoded(stream, MOST_PIXELS)
        if not isinstance(pixels, Pixels) or not (pixels.width < MOST_PIXELS[0] and pixels.height < MOST_PIXELS[1]):
            # One that fills the room may have been made smaller.
            return None
        sides.append(pixels)
    differs = _differing(*sides, may_be_of_part=True)
    if differs is None or not differs.size:
        return None
    rows, columns = (np.flatnonzero(differs.any(axis)) for axis in (1, 0))
    if not len(rows):
        return _Compared(0, differs.size)
    left, top, right, bottom = (int(end) for end in (columns[0], rows[0], columns[-1], rows[-1]))
    return _Compared(int(differs.sum()), differs.size, left, top, right - left + 1, bottom - top + 1)


def _differing(first: Pixels, second: Pixels, *, may_be_of_part: bool = False) -> NDArray[Any] | None:
    """Say of each pixel whether it differs, row by row; of pictures of other sizes None, or as far as both reach from the upper left corner."""
    import numpy as np

    if first[:2] != second[:2] and not may_be_of_part:
        return None
    height, width = min(first.height, second.height), min(first.width, second.width)
    ours, theirs = (
        np.frombuffer(side.content, np.uint32).reshape(side.height, side.width)[:height, :width]
        for side in (first, second)
    )
    return np.asarray(ours != theirs)


def marked(first: Pixels, second: Pixels) -> Pixels | None:
    """Draw where two pictures differ: these pixels bright, the others as a dark shade of the second; None of pictures of other sizes."""
    import numpy as np

    differs = _differing(first, second)
    if differs is None:
        return None
    colours = np.frombuffer(second.content, np.uint8).reshape(second.height, second.width, 4)
    opaque = colours[..., :3] * (colours[..., 3:] / 255)
    shade = (opaque @ np.array([0.3, 0.59, 0.11]) * _DARK)[..., None]
    drawn = np.where(differs[..., None], np.array(_BRIGHT), np.repeat(shade, 3, axis=2)).astype(np.uint8)
    whole = np.concatenate([drawn, np.full((*differs.shape, 1), 255, np.uint8)], axis=2)
    return Pixels(second.width, second.height, whole.tobytes())
