"""Charts in pixels, in terminals that show pictures."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artui.errors import UsageError
from artui.tui.terminal.graphics import CHUNK_CHARS, Place, cell_pixels, has_graphics, hidden, shown
from artui.tui.widgets import chartpicture
from artui.tui.widgets.chart import Chart
from tests.tui.looking import make_app, settled
from tests.tui.looking import shown as text_on_screen

APC = re.compile(r"\x1b_G([^;\x1b]*)(?:;([A-Za-z0-9+/=]*))?\x1b\\")


@pytest.mark.parametrize(
    ("environ", "has"),
    [
        ({}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, False),  # tmux or another terminal, started from Kitty
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, False),
        ({"TERM": "xterm-kitty", "STY": "12.pts-0"}, False),
        ({"TERM": "linux"}, False),
    ],
)
def test_the_terminal_says_whether_it_shows_pictures(environ: dict[str, str], has: bool) -> None:
    """Known ones do, outside of multiplexers; the setting goes before that, and a wrong one is refused by name."""
    assert has_graphics(environ, "auto") is has
    assert has_graphics(environ, "kitty") and not has_graphics(environ, "off")
    with pytest.raises(UsageError, match='graphics is \'sixel\', not "auto", "kitty", "off"'):
        has_graphics(environ, "sixel")


@given(png=st.binary(max_size=3 * CHUNK_CHARS), row=st.integers(0, 90), columns=st.integers(1, 300))
@settings(max_examples=30)
def test_a_picture_arrives_whole(png: bytes, row: int, columns: int) -> None:
    """Its chunks have at most the length that terminals take, say whether more follows, and make the bytes that were given."""
    text = shown(png or b"x", Place(row, 4, 20, columns), number=17)
    assert text.startswith(f"\x1b7\x1b[{row + 1};5H\x1b_Ga=T,f=100,i=17,") and text.endswith("\x1b\\\x1b8")
    parts = APC.findall(text)
    assert f"c={columns},r=20" in parts[0][0] and "C=1" in parts[0][0]
    assert all(len(data) <= CHUNK_CHARS and len(data) % 4 == 0 for _, data in parts)
    assert [keys[-3:] for keys, _ in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    assert base64.b64decode("".join(data for _, data in parts)) == (png or b"x")
    assert APC.fullmatch(hidden(number=17))


def _pictures(sent: list[str]) -> list[tuple[str, bytes]]:
    """Give what was sent of pictures: `shown` with the bytes, `hidden` without."""
    pictures = []
    for text in sent:
        parts = APC.findall(text)
        if parts and "a=T" in parts[0][0]:
            pictures.append(("shown", base64.b64decode("".join(data for _, data in parts))))
        elif parts:
            pictures.append(("hidden", b""))
    return pictures


def test_a_chart_alone_is_drawn_in_pixels_until_something_changes(
    small_catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """z draws it; the text of its cells goes, its axes stay; a cursor leaves the picture, all else takes it away first."""
    app: Any = make_app(small_catalog)
    app.has_graphics = True
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_TTY", raising=False)
    sent: list[str] = []
    monkeypatch.setattr(app, "send", sent.append)
    monkeypatch.setattr(chartpicture, "REST_SECONDS", 0.001)

    async def flow() -> None:
        async with app.run_test(size=(120, 36)) as pilot:

            async def press(*keys: str) -> list[str]:
                sent.clear()
                await pilot.press(*keys)
                await settled(pilot)
                await asyncio.sleep(0.1)
                await settled(pilot)
                return [what for what, _ in _pictures(sent)]

            def dots() -> int:
                return sum(0x2800 < ord(letter) < 0x2900 for letter in text_on_screen(pilot))

            await settled(pilot)
            assert await press("down", "down", "enter", "tab") == []
            assert dots() > 50
            assert await press("z") == ["shown"]
            assert dots() == 0 and "┤" in text_on_screen(pilot) and "└" in text_on_screen(pilot)
            _check(app, sent)
            assert await press("right", "left") == []  # the values under a cursor
            assert "at step" in text_on_screen(pilot)
            assert await press("o") == ["hidden", "shown"]  # the axis turns logarithmic
            assert await press("colon") == ["hidden"]
            assert await press("escape") == ["shown"]
            assert await press("ctrl+l") == ["hidden", "shown"]
            assert await press("down") == ["hidden", "shown"]  # the next chart
            assert await press("z") == ["hidden"]
            assert dots() > 50
            assert await press("z") == ["shown"]
            assert await press("tab") == ["hidden"]  # files

    asyncio.run(flow())


def _check(app: Any, sent: list[str]) -> None:
    """The picture has the cells of the plot, and the curve goes through the places that its values have on the axes."""
    (_, png), chart = _pictures(sent)[-1], app.screen.query_one(Chart)
    image = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    left, columns = chart.plot_cells
    rows, (cell_width, cell_height) = chart.size.height - 2, cell_pixels()
    assert image.shape[:2] == (round(rows * cell_height), round(columns * cell_width))
    assert f"\x1b[{chart.region.y + 2};{chart.region.x + left + 1}H" in sent[-1]
    opaque = image[..., 3] > 120
    assert 0.0005 < opaque.mean() < 0.2, "thin lines on a transparent ground"
    curve = chart.curves[0].curve
    low, high = min(curve.lows), max(curve.highs)
    ends = chart.range
    for x, mean in zip(curve.xs, curve.means, strict=True):
        across = (x - ends[0]) / (ends[1] - ends[0])
        column = round(cell_width / 4 + across * (image.shape[1] - cell_width / 2 - 1))
        near = opaque[:, max(0, column - 2) : column + 3]
        assert near.any(), x
        if low <= mean <= high:
            highest, lowest = np.flatnonzero(near.any(axis=1))[[0, -1]]
            assert 0 <= highest <= lowest < image.shape[0]


def test_other_terminals_are_sent_no_picture(small_catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures nothing is drawn in pixels, whatever is alone."""
    app: Any = make_app(small_catalog)
    app.has_graphics = False
    sent: list[str] = []
    monkeypatch.setattr(app, "send", sent.append)
    monkeypatch.setattr(chartpicture, "REST_SECONDS", 0.001)

    async def flow() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("down", "down", "enter", "tab", "z")
            await settled(pilot)
            await asyncio.sleep(0.1)
            await settled(pilot)
            assert any(0x2800 < ord(letter) < 0x2900 for letter in text_on_screen(pilot))

    asyncio.run(flow())
    assert sent == []
