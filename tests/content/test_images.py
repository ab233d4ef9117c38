"""Pictures are decoded in a process of their own: in their colours, no larger than asked for, and hostile ones not at all."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from artui.content import images
from artui.content.images import Pixels, decoded, is_picture


def _file(image: Image.Image, format: str) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, format)
    out.seek(0)
    return out


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, body: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("format", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "I;16"), ("PNG", "P"), ("JPEG", "RGB"), ("GIF", "P"), ("WEBP", "RGB")],
)  # fmt: skip
def test_every_format_gives_its_colours(format: str, mode: str) -> None:
    """Left half dark, right half light: so it comes back, in its shape."""
    colour = {"I;16": (0, 40_000), "L": (10, 200), "P": (0, 3), "RGBA": ((9, 9, 9, 255), (200, 200, 200, 255))}
    dark, light = colour.get(mode, ((9, 9, 9), (200, 200, 200)))
    image = Image.new(mode, (80, 40), dark)  # type: ignore[arg-type]
    if mode == "P":
        image.putpalette([9, 9, 9, 0, 0, 0, 0, 0, 0, 200, 200, 200])
    image.paste(light, (40, 0, 80, 40))  # type: ignore[arg-type]
    if mode == "I;16":
        image = Image.fromarray(np.repeat(np.array([[dark] * 40 + [light] * 40], np.uint16), 40, 0))

    pixels = decoded(_file(image, format), (20, 20))

    assert isinstance(pixels, Pixels) and (pixels.width, pixels.height) == (20, 10)
    rows = [pixels.content[start : start + 80] for start in range(0, len(pixels.content), 80)]
    assert all(row[0] < 30 and 150 < row[76] < 210 and row[3] == row[79] == 255 for row in rows)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no PNG"), (b"hello", "no PNG"), (_png(30_000, 30_000, zlib.compress(b"")), "exceeds limit"),
        (_png(9, 9, zlib.compress(bytes(40_000_000))), ""), (_png(200, 200, b"no deflate"), "cannot be decoded"), (_png(0, 0, b""), ""),
        (_file(Image.new("RGB", (50, 50), (1, 2, 3)), "PNG").getvalue()[:60], ""), (_file(Image.new("RGB", (9, 9)), "BMP").getvalue(), "no PNG"),
        (_file(Image.new("RGB", (9, 9)), "TIFF").getvalue(), "no PNG"), (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no PNG"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_said(content: bytes, why: str) -> None:
    """Cut off, too many pixels, a bomb, a format that starts other programs: a line of words, or what could be read."""
    told = decoded(io.BytesIO(content), (20, 20))
    assert why in told if isinstance(told, str) else not why
    if isinstance(told, str):
        assert told.isprintable() and "0x" not in told and "Traceback" not in told


def test_a_file_that_is_too_large_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read no further than the limit; and a decoder that takes too long is given up."""
    monkeypatch.setattr(images, "MOST_BYTES", 1 << 20)
    stream = io.BytesIO(bytes(2 << 20))
    assert decoded(stream, (9, 9)) == "it is larger than 1 MiB" and stream.tell() == (1 << 20) + 1
    monkeypatch.setattr(images, "SECONDS", 0.001)
    assert decoded(io.BytesIO(b"x"), (9, 9)) == "decoding it takes too long"


def test_pictures_are_told_by_their_names() -> None:
    """A picture may have any of the endings, in any case."""
    assert all(map(is_picture, ("a.png", "b/c.JPG", "d.jpeg", "e.gif", "f.webp")))
    assert not any(map(is_picture, ("a.svg", "png", "a.png.gz", "a.tiff")))
