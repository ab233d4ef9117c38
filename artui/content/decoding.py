"""Decodes a picture: run as a program of its own, with little memory and little time, since pictures come from anybody.

Standard input: two numbers of four bytes, the most columns and rows that are wanted, then the file. Standard output: two
numbers of four bytes, columns and rows, then four bytes a pixel: red, green, blue, opacity. Or it ends with 1 and a line
on standard error that says why not. It imports nothing of artui.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_PIXELS = 40_000_000
SECONDS = 5
"""Of processor time."""


def main() -> int:
    """Decode what stands on standard input."""
    from PIL import Image, UnidentifiedImageError

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    most = struct.unpack(">II", sys.stdin.buffer.read(8))
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as image:
            image.draft("RGB", most)  # a JPEG is decoded no larger than needed
            if image.mode.startswith("I"):
                # 16 bits a pixel: the upper 8 are shown.
                image = image.point(lambda value: value / 256).convert("L")  # type: ignore[assignment]
            drawn = image.convert("RGBA")
            drawn.thumbnail(most, Image.Resampling.BOX)
    except UnidentifiedImageError:
        print("it is no PNG, JPEG, GIF or WebP, or it is damaged", file=sys.stderr)
        return 1
    except (OSError, ValueError, SyntaxError, MemoryError, TypeError, struct.error, ArithmeticError, LookupError, RuntimeError,
            Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # fmt: skip
        print("it cannot be decoded: " + ascii(str(error) or type(error).__name__)[1:-1][:200], file=sys.stderr)
        return 1
    sys.stdout.buffer.write(struct.pack(">II", *drawn.size) + drawn.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
