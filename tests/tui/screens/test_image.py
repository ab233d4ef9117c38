"""A picture of a version on the screen: its colours in halves of cells, dots without colours, itself where the terminal can."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.color import Color
from textual.pilot import Pilot

import artui
from artui.capture.adding import add_version
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.tui.cells import make_palette
from artui.tui.messages import Link
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.files import FilesScreen
from artui.tui.screens.image import ImageScreen
from artui.tui.widgets import image as widget
from artui.tui.widgets.image import ImageView
from tests.tui.looking import make_app, on, settled, shown

APC = re.compile("\x1b_G(.*?);(.*?)\x1b\\\\")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A version with a square of two colours, a cut file, and one that is gone."""
    folder = tmp_path / "pics"
    folder.mkdir()
    square = Image.new("RGB", (30, 30), (0, 96, 200))
    square.paste((200, 48, 0), (0, 0, 30, 15))
    square.save(folder / "a.png")
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:40])
    (folder / "c.gif").write_bytes(b"GIF89a")
    path = tmp_path / "p.artui"
    with artui.start_run(name="r", catalog=path, console=False, code=False, system_metrics=False) as run:
        run.save("pics", folder, kind="dataset")
    return path


def _key(path: Path) -> int:
    with Reader(path) as reader:
        return find_version(reader, "pics").key


async def _open(pilot: Pilot[Any], path: Path, name: str) -> ImageView:
    pilot.app.follow(Link("file", f"{_key(path)}:{name}"))  # type: ignore[attr-defined]
    await settled(pilot)
    await settled(pilot)
    return on(pilot, ImageScreen).view


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (20, 6)])
def test_a_picture_is_drawn_in_its_colours(pictures: Path, explore: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """As large as whole multiples fit, in the middle; each half of a cell has the colour that is there."""
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_TTY", raising=False)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await _open(pilot, pictures, "a.png")
        assert view.pixels is not None and "a.png" in shown(pilot).split("\n")[0]
        factor = max(1, min(view.size.width // view.pixels.width, 2 * view.size.height // view.pixels.height))
        width, height = view.pixels.width * factor, view.pixels.height * factor
        strips = [view.render_line(y) for y in range(view.size.height)]
        assert all(strip.cell_length == view.size.width for strip in strips)
        cells = [[segment for segment in strip if "▀" in segment.text] for strip in strips]
        drawn = [row for row in cells if row]
        assert len(drawn) == -(-height // 2) and all(sum(len(part.text) for part in row) == width for row in drawn)
        first, last = drawn[0][0].style, drawn[height // 2 - 1][0].style
        assert first is not None and first.color == Color.from_rgb(200, 48, 0)
        assert last is not None and last.bgcolor == Color.from_rgb(0, 96, 200)
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, ImageScreen)

    explore(pictures, flow, size=size)


def test_through_ssh_a_picture_is_small(pictures: Path, explore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells in colours take many bytes: there are fewer of them where the line may be slow."""
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")

    async def flow(pilot: Pilot[Any]) -> None:
        assert (await _open(pilot, pictures, "a.png")).wanted_pixels == (64, 48)

    explore(pictures, flow, size=(200, 50))


@pytest.mark.parametrize("name", ["b.png", "c.gif"])
def test_why_there_is_no_picture_is_said(pictures: Path, explore: Any, name: str) -> None:
    """What is damaged is named, and esc leads back."""

    async def flow(pilot: Pilot[Any]) -> None:
        view = await _open(pilot, pictures, name)
        assert view.pixels is None and "This picture is not drawn:" in shown(pilot)

    explore(pictures, flow)


def test_without_colours_light_is_many_dots() -> None:
    """On a dark background a white picture is full of dots and a black one empty; half of the dots stand for grey."""
    palette = make_palette(is_coloured=False, is_rich=False)
    counts = []
    for value in (0, 128, 255):
        strips = widget._in_dots(np.full((8, 8, 3), value, np.uint8), palette)
        assert [strip.cell_length for strip in strips] == [4, 4]
        counts.append(sum((ord(letter) - 0x2800).bit_count() for strip in strips for letter in strip.text))
    assert counts == [0, 32, 64]


def test_a_terminal_that_can_shows_the_picture_itself(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent once, taken away when another screen is in front, and sent again after that."""
    app: Any = make_app(pictures)
    app.has_graphics = True
    sent: list[str] = []
    monkeypatch.setattr(app, "send", sent.append)

    def told() -> list[str]:
        return ["shown" if "a=T" in text else "hidden" for text in sent if "\x1b_G" in text]

    async def flow() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            view = await _open(pilot, pictures, "a.png")
            await settled(pilot)
            assert told() == ["shown"] and "▀" not in shown(pilot)
            png = base64.b64decode("".join(data for _, data in APC.findall(sent[-1])))
            image = Image.open(io.BytesIO(png)).convert("RGB")
            assert image.size == (30, 30) and image.getpixel((3, 3)) == (200, 48, 0)
            assert image.getpixel((3, 28)) == (0, 96, 200) and view.pixels is not None
            await pilot.press("question_mark")
            await settled(pilot)
            assert told() == ["shown", "hidden"]
            await pilot.press("escape")
            await settled(pilot)
            assert told() == ["shown", "hidden", "shown"]
            await pilot.press("escape")
            await settled(pilot)
            assert told()[-1] == "hidden"
        app.close()

    asyncio.run(flow())


def test_a_picture_that_is_not_at_hand_is_seen_small(tmp_path: Path, explore: Any) -> None:
    """Its bytes were in a store that is gone: what was kept with the preview is drawn, and it says so."""
    path, store = tmp_path / "p.artui", tmp_path / "store"
    Image.new("RGB", (600, 300), (200, 48, 0)).save(tmp_path / "a.png")
    add_version(path, tmp_path / "a.png", name="pics", kind="figure", store=str(store))

    async def flow(pilot: Pilot[Any]) -> None:
        view = await _open(pilot, path, "a.png")
        assert view.pixels is not None and "not at hand" not in shown(pilot)
        await pilot.press("escape")
        store.rename(tmp_path / "gone")
        view = await _open(pilot, path, "a.png")
        assert view.pixels is not None and view.pixels.width == 2 * view.pixels.height
        assert "▀" in shown(pilot) and "small copy, file not at hand" in shown(pilot).split("\n")[0]

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize(("size", "is_drawn"), [((120, 44), True), ((80, 16), False)])
def test_the_page_of_a_picture_shows_it_where_there_is_room(
    pictures: Path, explore: Any, size: tuple[int, int], is_drawn: bool
) -> None:
    """Below what is said of the version, which says the size of the picture once; tab does not stop there, f draws it large."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "slash", *"pics", "enter", "enter")
        await settled(pilot)
        await settled(pilot)
        text = shown(pilot)
        view = on(pilot, ArtifactScreen).query_one(ImageView)
        assert ("▀▀▀" in text) == is_drawn and (view.pixels is not None) == is_drawn
        # It was read in the size that it has, not in one from before the page was laid out.
        assert view.pixels is None or max(view.pixels.width / view.wanted_pixels[0], view.pixels.height / view.wanted_pixels[1]) > 0.9  # fmt: skip
        # Two of the files have a size, which each says once.
        assert text.count(" px") in ((2,) if is_drawn else (0, 1)) and not view.can_focus
        await pilot.press("f")
        await settled(pilot)
        assert on(pilot, ImageScreen).path == "a.png"

    explore(pictures, flow, size=size)


def test_a_figure_is_seen_on_its_page_in_a_small_terminal(tmp_path: Path, explore: Any) -> None:
    """At 80x24 it stands below what is said of it; what is further down is scrolled to above it."""
    path = tmp_path / "f.artui"
    Image.new("RGB", (40, 40), (200, 0, 0)).save(tmp_path / "z.png")
    add_version(path, tmp_path / "z.png", name="figure", kind="figure")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2", "enter")
        await settled(pilot)
        await settled(pilot)
        text = shown(pilot)
        assert text.count("▀▀▀▀") >= 6 and "40 × 40 px" in text and "more lines ↓" in text and "lineage" not in text
        await pilot.press("tab", "end")
        await settled(pilot)
        assert "lineage" in shown(pilot) and "▀▀▀▀" in shown(pilot)

    explore(path, flow, size=(80, 24))


def test_a_picture_among_the_files_of_a_version_is_drawn_beside_them(
    tmp_path: Path, explore: Callable[..., None]
) -> None:
    """With the cursor on it, where there is room; of a file that is none, its preview has all of the room."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    Image.new("RGB", (40, 30), (200, 40, 40)).save(folder / "a.png")
    (folder / "b.txt").write_text("words")
    with artui.start_run(project="p", catalog=tmp_path / "m.artui", console=False, code=False) as run:
        run.save("mixed", folder)
    with Reader(tmp_path / "m.artui") as reader:
        head = find_version(reader, "mixed")

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(FilesScreen(head))
        await settled(pilot)
        small = on(pilot, FilesScreen).query_one("#small", ImageView)
        await _until(pilot, lambda: small.pixels is not None)
        assert "PNG picture, 40 × 30 px" in shown(pilot) and "▀" * 20 in shown(pilot)
        await pilot.press("down")
        # The words may stand there a frame before the room beside them is laid out anew.
        await _until(pilot, lambda: "words" in shown(pilot) and "▀" not in shown(pilot))
        assert not small.display

    explore(tmp_path / "m.artui", flow, size=(120, 36))


async def _until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(200):
        if is_so():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came")
