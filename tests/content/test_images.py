"""Pictures are decoded in a process of their own: in their colours, no larger than asked for, and hostile ones not at all."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import artui
from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content import images
from artui.content.images import Pixels, decoded, is_picture
from artui.model import Preview
from artui.query.artifacts import previews
from artui.query.reader import Reader
from artui.query.references import find_version


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


def _pictures(folder: Path) -> Path:
    """Save a folder with pictures of noise, of one colour, and a broken one; gives it."""
    folder.mkdir()
    noise = np.random.default_rng(7).integers(0, 256, (900, 1200, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.jpg")
    Image.new("RGBA", (40, 20), (200, 0, 0, 128)).save(folder / "plain.png")
    (folder / "broken.png").write_bytes(_png(30_000, 30_000, zlib.compress(b"")))
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.mark.parametrize("how", ["run", "at once", "add", "later"])
def test_a_small_picture_is_kept_of_what_is_not_in_the_catalog(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each picture that can be decoded one of at most 4 KiB, with its preview; what is in the catalog needs none."""
    path, folder, store = tmp_path / "x.artui", _pictures(tmp_path / "pics"), str(tmp_path / "store")
    if how == "run":
        with artui.start_run(name="r", catalog=path, console=False, code=False, system_metrics=False) as run:
            run.save("pics", folder, store=store)
    elif how == "at once":
        # Too large for the catalog, and so small that it is hashed while the run saves it.
        monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
        with artui.start_run(name="r", catalog=path, console=False, code=False, system_metrics=False) as run:
            run.save("pics", folder)
    elif how == "add":
        add_version(path, folder, name="pics", kind="dataset", store=store)
    else:
        with monkeypatch.context() as context:
            context.setattr(images, "THUMBNAILS_SECONDS", 0.0)
            add_version(path, folder, name="pics", kind="dataset", store=store)
        assert not any(preview.thumbnail for preview in _previews(path).values())
        assert run_cli(["preview", "pics", "-c", str(path)]) == 0

    kept = _previews(path)
    small = {name: preview for name, preview in kept.items() if preview.thumbnail}
    assert set(kept) == {"broken.png", "noise.jpg", "plain.png", "rows.csv"} and set(small) == {
        "noise.jpg",
        "plain.png",
    }
    assert all(len(base64.b64decode(preview.thumbnail)) <= images.THUMBNAIL_BYTES for preview in small.values())
    pixels = images.thumbnail_of(small["plain.png"], (20, 20))
    assert pixels is not None and (pixels.width, pixels.height) == (20, 10) and pixels.content[0] > 150
    add_version(path, folder, name="pics", kind="dataset", store="")
    add_version(path, folder / "plain.png", name="inside", kind="figure")
    assert how == "at once" or not any(preview.thumbnail for preview in _previews(path, "inside").values())


def _previews(path: Path, name: str = "pics") -> dict[str, Preview]:
    with Reader(path) as reader:
        return previews(reader, find_version(reader, name).key)


@pytest.mark.parametrize(
    "thumbnail",
    ["", "not base64 é", base64.b64encode(b"GIF89a").decode(), base64.b64encode(_png(30_000, 30_000, b"")).decode()],
)
def test_a_small_picture_that_is_none_shows_nothing(thumbnail: str) -> None:
    """It comes from the catalog, and so from anybody."""
    assert images.thumbnail_of(Preview("image", "x", thumbnail=thumbnail), (20, 20)) is None
