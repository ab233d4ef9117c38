"""After each key the terminal shows what drawing the whole screen anew would show."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from artui.tui.app import ArtuiApp
from artui.tui.terminal.output import Surface, _Changes
from tests.tui.looking import make_app, settled

TOUR = (
    *("down", "space", "p", "right", "s", "p", "slash", "s", "g", "d", "enter", "escape", "g", "c", "down", "enter"),
    *("escape", "g", "u", "enter", "right_square_bracket", "right_square_bracket", "left_square_bracket", "down"),
    *("tab", "right_square_bracket", "z", "right", "escape", "tab", "tab", "escape", "question_mark", "down", "escape"),
    *("space", "space", "c", "equals_sign", "D", "escape", "w", "escape", "escape", "f", "tab", "tab", "tab", "escape"),
    *(
        "2",
        "down",
        "enter",
        "tab",
        "L",
        "down",
        "escape",
        "escape",
        "4",
        "1",
        "colon",
        "l",
        "escape",
        "ctrl+t",
        "escape",
    ),
)


def _whole(app: ArtuiApp) -> Surface:
    surface = app._surface
    assert surface is not None
    whole = Surface(surface.width, surface.height, colours=surface._colours)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    _Changes(whole, update).render_segments(app.console)
    return whole


def test_updates_leave_what_drawing_anew_shows(small_catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a tour through the screens, in no key's update a part is missing, left over or erased."""
    monkeypatch.setattr(ArtuiApp, "is_headless", False)
    app, size = make_app(small_catalog), (120, 36)

    async def walk() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            for count, key in enumerate(TOUR):
                await pilot.press(key)
                await settled(pilot)
                whole, surface = _whole(app), app._surface
                assert surface is not None
                for y in range(size[1]):
                    shown = "".join(letter or "" for letter in surface.letters(y))
                    assert shown == "".join(letter or "" for letter in whole.letters(y)), (TOUR[: count + 1], y)
                assert surface._looks == whole._looks, TOUR[: count + 1]

    asyncio.run(walk())


def test_what_lies_beside_an_update_stays() -> None:
    """A part that begins where the update ends is not drawn, and one that reaches beyond it is cut there."""
    plain = Style.parse("white on black")
    surface = Surface(12, 1, colours=None)
    surface.update(iter([(0, 0, Strip([Segment("abcdefghijkl", plain)]))]))
    chops: list[dict[int, Strip | None]] = [
        {0: None, 3: Strip([Segment("DEF", plain)]), 6: Strip([Segment("      ", plain)])}
    ]
    for x2, shown in ((6, "abcDEFghijkl"), (8, "abcDEF  ijkl"), (3, "abcDEF  ijkl")):
        _Changes(surface, ChopsUpdate(chops, [(0, 3, x2)], [[3, 6, 12]])).render_segments(Any)  # type: ignore[arg-type]
        assert "".join(letter or "" for letter in surface.letters(0)) == shown
