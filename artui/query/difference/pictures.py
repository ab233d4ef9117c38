"""Pictures that differ: their sizes, and how many of their pixels."""

from __future__ import annotations

from typing import BinaryIO

from artui.content.images import Pixels, decoded
from artui.model import Preview
from artui.model.difference import FileDifference

MOST_PIXELS = (1024, 1024)
"""Pixels of larger pictures are not compared."""


def pictures_difference(
    path: str, previews: tuple[Preview, Preview], streams: tuple[BinaryIO, BinaryIO] | None = None
) -> FileDifference:
    """Compare two pictures: pixel by pixel if their content is at hand, and they are as large."""
    before, after = previews
    if before.title != after.title:
        return FileDifference(path, "picture", _titles(before.title, after.title), previews=previews)
    counts = _counts(streams) if streams is not None else None
    said = "other content"
    if counts is not None:
        said = f"{counts[0]:,} of {counts[1]:,} pixels differ" if counts[0] else "the same pixels"
    return FileDifference(path, "picture", f"{said}, {before.title}", previews=previews)


def _titles(before: str, after: str) -> str:
    """Say the format once, if both have it: `PNG picture, 10 × 10 px → 20 × 20 px`."""
    kind, _, size = after.partition(", ")
    return f"{before} → {size if size and before.startswith(f'{kind}, ') else after}"


def _counts(streams: tuple[BinaryIO, BinaryIO]) -> tuple[int, int] | None:
    """Count the pixels that differ, and all; None if that is not known."""
    import numpy as np

    sides = []
    for stream in streams:
        stream.seek(0)
        pixels = decoded(stream, MOST_PIXELS)
        if not isinstance(pixels, Pixels) or not (pixels.width < MOST_PIXELS[0] and pixels.height < MOST_PIXELS[1]):
            # One that fills the room may have been made smaller.
            return None
        sides.append(pixels)
    first, second = sides
    if first[:2] != second[:2]:
        return None
    ours, theirs = (np.frombuffer(side.content, np.uint32) for side in sides)
    return int((ours != theirs).sum()), len(ours)
