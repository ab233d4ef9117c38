"""Pixels of a picture, decoded in a process of its own: what is wrong with a file cannot harm this one."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from artui.content import decoding
from artui.content.helping import helped
from artui.errors import ArtuiError
from artui.model import Preview
from artui.safetext import clean

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp")
MOST_BYTES = 32 << 20
"""A larger file is not decoded."""
SECONDS = 20.0
"""The program is given up after so long, its start included."""


THUMBNAIL_PIXELS = (128, 128)
THUMBNAIL_BYTES = 4096
THUMBNAILS_SECONDS = 3.0
"""All those of one version are made in this time, or left out."""


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
    answer = _helped(stream, most, 0, seconds=SECONDS)
    if isinstance(answer, str):
        return answer
    if len(answer) < 8:
        return "decoding it takes too much memory or time"
    width, height = struct.unpack(">II", answer[:8])
    pixels = answer[8:]
    if not 0 < width <= most[0] or not 0 < height <= most[1] or len(pixels) != 4 * width * height:
        return "it cannot be decoded"
    return Pixels(width, height, pixels)


def thumbnails(
    previews: Mapping[str, Preview], opened: Callable[[str], BinaryIO], is_wanted: Callable[[], bool] = lambda: True
) -> dict[str, Preview]:
    """Give the previews of pictures with a small picture in each, as far as there is time; `opened` gives the bytes of a file by its path.

    Without them a picture whose bytes are not in the catalog could not be seen by who has only that.
    """
    until = time.monotonic() + THUMBNAILS_SECONDS
    made = {}
    for path, preview in previews.items():
        left_seconds = until - time.monotonic()
        if preview.kind != "image" or preview.thumbnail or not is_picture(path) or left_seconds <= 0 or not is_wanted():
            continue
        try:
            with opened(path) as stream:
                packed = _helped(stream, THUMBNAIL_PIXELS, THUMBNAIL_BYTES, seconds=left_seconds)
        except (OSError, ArtuiError):
            continue
        if isinstance(packed, bytes) and 0 < len(packed) <= THUMBNAIL_BYTES:
            made[path] = replace(preview, thumbnail=base64.b64encode(packed).decode())
    return made


def thumbnail_of(preview: Preview, most: tuple[int, int]) -> Pixels | None:
    """Decode the small picture of a preview; None if it has none, or what it has is none."""
    if not preview.thumbnail:
        return None
    try:
        packed = base64.b64decode(preview.thumbnail, validate=True)
    except ValueError:
        return None
    pixels = decoded(io.BytesIO(packed), most)
    return pixels if isinstance(pixels, Pixels) else None


def _helped(stream: BinaryIO, most: tuple[int, int], most_bytes: int, *, seconds: float) -> bytes | str:
    """Give what the program answers; the reason in words if it cannot."""
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        return f"it is larger than {MOST_BYTES >> 20} MiB"
    try:
        done = helped(decoding, struct.pack(">III", *most, most_bytes) + content, seconds=seconds)
    except subprocess.TimeoutExpired:
        return "decoding it takes too long"
    except OSError as error:
        return f"it cannot be decoded: {error.strerror}"
    if done.returncode == 1 and done.stderr:
        return clean(done.stderr.decode("utf-8", "replace").splitlines()[-1])
    return "decoding it takes too much memory or time" if done.returncode else done.stdout
