"""Decodes a picture: run as a program of its own, with little memory and little time, since pictures come from anybody.

Standard input: three numbers of four bytes, the most columns and rows that are wanted, and the most bytes, then the file.
Standard output: two numbers of four bytes, columns and rows, then four bytes a pixel: red, green, blue, opacity. If a
number of bytes was given, a WebP of no more than that instead. Or it ends with 1 and a line on standard error that says
why not. It imports nothing of artui.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_PIXELS = 40_000_000
QUALITY = 60
"""Of a WebP."""
SECONDS = 5
"""Of processor time."""


def main() -> int:
    """Decode what stands on standard input."""
    from PIL import Image, UnidentifiedImageError

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    *most, most_bytes = struct.unpack(">III", sys.stdin.buffer.read(12))
    packed = b""
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as image:
            image.draft("RGB", tuple(most))  # a JPEG is decoded no larger than needed
            if image.mode.startswith("I"):
                # 16 bits a pixel: the upper 8 are shown.
                image = image.point(lambda value: value / 256).convert("L")  # type: ignore[assignment]
            drawn = image.convert("RGBA")
            drawn.thumbnail(tuple(most), Image.Resampling.BOX)
            if most_bytes:
                packed = _packed(drawn, most_bytes)
    except UnidentifiedImageError:
        print("it is no PNG, JPEG, GIF or WebP, or it is damaged", file=sys.stderr)
        return 1
    except (OSError, ValueError, SyntaxError, MemoryError, TypeError, struct.error, ArithmeticError, LookupError, RuntimeError,
            Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # fmt: skip
        print("it cannot be decoded: " + ascii(str(error) or type(error).__name__)[1:-1][:200], file=sys.stderr)
        return 1
    if most_bytes:
        sys.stdout.buffer.write(packed)
        return 0
    sys.stdout.buffer.write(struct.pack(">II", *drawn.size) + drawn.tobytes())
    return 0


def _packed(image: Image.Image, most_bytes: int) -> bytes:
    """Write a picture as WebP, made smaller until it fits."""
    while True:
        out = io.BytesIO()
        image.save(out, format="WEBP", quality=QUALITY, method=4)
        if len(out.getvalue()) <= most_bytes:
            return out.getvalue()
        if max(image.size) < 2:
            raise ValueError("it does not fit")
        image = image.reduce(2)


if __name__ == "__main__":
    sys.exit(main())
