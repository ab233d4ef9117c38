"""A screen that is left soon after something was opened from it: the way back holds, and nothing draws where nothing is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from textual import events

from artui.catalog import Catalog, artifacts, runs
from artui.tui.app import ArtuiApp
from tests.tui.looking import make_app, settled

DELAYS_MS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 40)


def _key(app: ArtuiApp, key: str) -> None:
    """Press a key as the terminal does it: without waiting for what it does."""
    event = events.Key(key, None)
    event.set_sender(app)
    assert app._driver is not None
    app._driver.send_message(event)


def test_escape_soon_after_enter_ends_where_it_leads(tmp_path: Path) -> None:
    """Whatever of opening a page is done by then, escape leads back from it, or from where it was opened: nothing comes up later."""
    path = tmp_path / "a.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        file = artifacts.NewFile("f", 1, b"x" * 32)
        data = artifacts.save(connection, artifacts.NewVersion("p", "data", "dataset", "data", [file]))
        run = runs.start(connection, runs.NewRun(project="p", name="run"))
        artifacts.link(connection, "input", source_key=data.key, target_key=run)

    async def names(app: ArtuiApp, pilot: Any) -> list[str]:
        await settled(pilot)
        return [type(screen).__name__ for screen in app.screen_stack]

    async def go() -> None:
        app = make_app(path)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            for before in (["2"], ["2", "enter", "3", "left"]):
                for delay_ms in DELAYS_MS:
                    await pilot.press("1")
                    for key in before:
                        await settled(pilot)
                        await pilot.press(key)
                    from_here = await names(app, pilot)
                    _key(app, "enter")
                    await asyncio.sleep(delay_ms / 1000)
                    _key(app, "escape")
                    here = await names(app, pilot)
                    assert app._exception is None
                    # Either the page was there and is closed again, or it never came and the screen before it is closed.
                    assert here in (from_here, from_here[:-1]), (before, delay_ms, from_here, here)

    asyncio.run(go())
