"""Pixels of a picture, decoded in a process of its own: what is wrong with a file cannot harm this one."""

from __future__ import annotations

import struct
import subprocess
from typing import BinaryIO, NamedTuple

from artui.content import decoding
from artui.content.helping import helped
from artui.safetext import clean

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MOST_BYTES = 32 << 20
"""A larger file is not decoded."""
SECONDS = 20.0
"""The program is given up after so long, its start included."""


class Pixels(NamedTuple):
    """A picture, no larger than was asked for."""

    width: int
    height: int
    content: bytes
    """Four bytes a pixel, row by row: red, green, blue, opacity."""


def is_picture(path: str) -> bool:
    """Say whether a file is a picture that can be drawn, by its name."""
    return path.lower().endswith(ENDINGS)


def decoded(stream: BinaryIO, most: tuple[int, int]) -> Pixels | str:
    """Decode a picture, made smaller to fit into `most` pixels (across, down); the reason in words if that cannot be."""
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        return f"it is larger than {MOST_BYTES >> 20} MiB"
    try:
        done = helped(decoding, struct.pack(">II", *most) + content, seconds=SECONDS)
    except subprocess.TimeoutExpired:
        return "decoding it takes too long"
    except OSError as error:
        return f"it cannot be decoded: {error.strerror}"
    if done.returncode == 1 and done.stderr:
        return clean(done.stderr.decode("utf-8", "replace").splitlines()[-1])
    if done.returncode or len(done.stdout) < 8:
        return "decoding it takes too much memory or time"
    width, height = struct.unpack(">II", done.stdout[:8])
    pixels = done.stdout[8:]
    if not 0 < width <= most[0] or not 0 < height <= most[1] or len(pixels) != 4 * width * height:
        return "it cannot be decoded"
    return Pixels(width, height, pixels)
