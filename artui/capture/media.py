"""Texts, tables, images, figures and histograms, as small files of a version."""

from __future__ import annotations

import csv
import io
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artui.capture.arrays import as_array, flat_numbers
from artui.capture.tables import rows_of
from artui.capture.warn import warn
from artui.content.regular import open_regular
from artui.errors import UsageError
from artui.foreign import answer_of

MAX_ROWS = 1_000_000
MAX_BINS = 10_000
MAX_IMAGE_BYTES = 256 << 20
MAX_UNIT_FLOAT = 8.0
"""A picture of floats above this is one of 0 to 255."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a version, with the version's kind."""

    name: str
    kind: str
    content: bytes
    media_type: str


def text(value: Any) -> Content:
    """Make a text file of a value, whatever its type."""
    return Content("text.txt", "report", str(value).encode("utf-8", "backslashreplace"), "text/plain")


def table(value: Any, columns: Sequence[str] | None = None) -> Content:
    """Make CSV of a data frame, a mapping of columns, rows of mappings, or rows of values; see `rows_of`.

    Raises:
        UsageError: it is none of these.
    """
    header, rows = rows_of(value, columns)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(header)
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            warn(
                "table",
                f"a table has more than {MAX_ROWS:,} rows: the others are left out. Write a file and save() it.",
            )
            break
        writer.writerow([_cell(cell) for cell in row])
    return Content("table.csv", "table", out.getvalue().encode("utf-8", "backslashreplace"), "text/csv")


def _cell(value: Any) -> Any:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, str | int):
        return value
    return answer_of(repr if isinstance(value, float) else str, value, default=f"<{type(value).__name__}>")


def image(value: Any) -> Content:
    """Make a PNG of an array, a tensor or a PIL image; a path is read as it is.

    Arrays are height x width, or height x width x 1, 3 or 4 (channels first is understood for 1, 3 and 4). Whole
    numbers are from 0 to 255. Floats are from 0 to 1, or from 0 to 255 if any is above 8; what is beyond is cut off.

    Raises:
        UsageError: it is not a picture.
    """
    if isinstance(value, str | os.PathLike):
        with open_regular(Path(value)) as stream:
            content = stream.read(MAX_IMAGE_BYTES + 1) or b""
        if len(content) > MAX_IMAGE_BYTES:
            raise UsageError(
                f"A picture of more than {MAX_IMAGE_BYTES:,} bytes cannot be logged.", remedy="Save it as a file."
            )
        return Content(f"image{os.path.splitext(os.fspath(value))[1].lower()}", "figure", content, "")
    if callable(getattr(value, "save", None)) and hasattr(value, "mode"):
        out = io.BytesIO()
        try:
            value.save(out, format="PNG")
        except OSError:  # colours that PNG does not have, such as CMYK
            out = io.BytesIO()
            value.convert("RGB").save(out, format="PNG")
        return Content("image.png", "figure", out.getvalue(), "image/png")
    return Content("image.png", "figure", png(value), "image/png")


def png(value: Any) -> bytes:
    """Write an array as PNG (ISO/IEC 15948): 8 bits, grey, grey and alpha, RGB or RGBA, no filter."""
    import numpy as np

    array = as_array(value)
    if array is None:
        raise UsageError(
            f"A {type(value).__name__} is not a picture.", remedy="Give an array, a tensor, a PIL image or a path."
        )
    pixels, shape = array, array.shape
    while pixels.ndim > 3 and pixels.shape[0] == 1:
        pixels = pixels[0]
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4) and pixels.shape[2] not in (1, 2, 3, 4):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or not pixels.size:
        raise UsageError(f"An array of shape {shape} is not a picture.", remedy="Give height x width x 1, 3 or 4.")
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32)
        top = pixels.max(where=np.isfinite(pixels), initial=0)
        # Resizing and normalizing go beyond the range of 0 to 1, but never so far.
        white = 255 if top > MAX_UNIT_FLOAT else 1
        pixels = (np.nan_to_num(pixels, posinf=white).clip(0, white) * (255 / white) + 0.5).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = pixels.clip(0, 255).astype(np.uint8)
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, width * channels)
    head = struct.pack(">IIBBBBB", width, height, 8, (0, 4, 2, 6)[channels - 1], 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def figure(value: Any) -> Content:
    """Make a PNG of a matplotlib figure, or of anything else that has `savefig`.

    Raises:
        UsageError: it has none.
    """
    owner = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    if owner is None or not hasattr(owner, "savefig"):
        raise UsageError(f"A {type(value).__name__} is not a figure.", remedy="Give a matplotlib figure.")
    out = io.BytesIO()
    owner.savefig(out, format="png", bbox_inches="tight")
    return Content("figure.png", "figure", out.getvalue(), "image/png")


def histogram(value: Any, bins: int | Sequence[float]) -> tuple[Content, dict[str, Any]]:
    """Count values into bins; give a table of (low, high, count), and facts: totals, and how many values are not in it.

    Values are an array or tensor, or several of them, such as a model's parameters.

    Raises:
        UsageError: there are no numbers, or too many bins.
    """
    import numpy as np

    values, left_count = flat_numbers(value)
    if left_count and not len(values):
        raise UsageError(f"A {type(value).__name__} has no histogram.", remedy="Give numbers.")
    if isinstance(bins, int) and not 1 <= bins <= MAX_BINS:
        raise UsageError(f"{bins} bins cannot be counted.", remedy=f"Use 1 to {MAX_BINS:,}.")
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, bins=bins)
    rows = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    bin_table = table(rows, columns=("low", "high", "count"))
    facts: dict[str, Any] = {"count": len(values), "not_finite": int(len(values) - len(finite))}
    if left_count:
        facts["no_numbers"] = left_count
    if len(finite):
        facts |= {"min": float(finite.min()), "max": float(finite.max()), "mean": float(finite.mean())}
    return Content("histogram.csv", "table", bin_table.content, "text/csv"), facts
