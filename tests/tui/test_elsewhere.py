"""A catalog that is shown as it was, and several that are shown as one."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui import clock
from artui.query.reader import Reader
from artui.settings import Settings
from artui.times import time_text
from artui.travel import union
from artui.travel.past import as_of
from artui.tui.app import ArtuiApp, _said_of, reader_of
from artui.tui.importing import Gathering
from tests.reading import open_reader
from tests.tui.looking import settled, shown


def test_at_goes_back_in_time(demo_catalog: Path) -> None:
    """@ offers times and changes, takes one that is typed, and opens the catalog as it was; it says what is not shown."""
    with closing(sqlite3.connect(demo_catalog)) as connection:
        starts = [row[0] for row in connection.execute("SELECT started_ms FROM run ORDER BY started_ms")]
    at_ms = starts[20] + 1

    async def main() -> None:
        app = ArtuiApp(open_reader(demo_catalog), Settings(refresh_seconds=0.2))
        async with app.run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            await pilot.press("at")
            await settled(pilot)
            assert "yesterday" in shown(pilot) and "before: alias " in shown(pilot)
            assert "before: release of digits-model:v" in shown(pilot), "no ids"
            await pilot.press(*"soonish")
            await settled(pilot)
            assert "that is no time" in shown(pilot)
            await pilot.press("escape")
            await settled(pilot)
            app._go_back_in_time(str(at_ms))
            for _ in range(200):
                await pilot.pause(0.05)
                if app.to_open_as_of is not None:
                    break
        app.close()
        past = app.to_open_as_of
        assert past is not None and past.taken_back.runs == sum(start > at_ms for start in starts)
        clock.stop_at(past.at_ms)
        try:
            back = ArtuiApp(reader_of(past), Settings(refresh_seconds=0.2), notice=_said_of(past))
            back.past = past
            async with back.run_test(size=(120, 36)) as pilot:
                await settled(pilot)
                text = shown(pilot)
                assert f"as of {time_text(at_ms)[:16]}" in text and "read-only" in text and "@ goes back to now" in text
                await pilot.press("n")
                await settled(pilot)
                assert "nothing of that can be changed" in shown(pilot)
                await pilot.press("at")
                await settled(pilot)
                assert "the catalog as it is" in shown(pilot)
                await pilot.press("enter")
                await pilot.pause(0.2)
            assert back.to_open == str(past.source)
            back.close()
        finally:
            clock.stop_at(None)
            past.folder.cleanup()

    asyncio.run(main())


def test_before_the_first_run_nobody_is_told_to_log_one(demo_catalog: Path) -> None:
    """Of a time when there was nothing it is said how to come back from there."""
    with closing(sqlite3.connect(demo_catalog)) as connection:
        first_ms = connection.execute("SELECT MIN(started_ms) FROM run").fetchone()[0]
    past = as_of(demo_catalog, first_ms - 60_000)

    async def main() -> None:
        app = ArtuiApp(reader_of(past), Settings(refresh_seconds=0.2))
        app.past = past
        async with app.run_test(size=(80, 24)) as pilot:
            for key, what in (("1", "runs"), ("2", "artifacts")):
                await pilot.press(key)
                await settled(pilot)
                text = shown(pilot)
                assert f"There were no {what} yet at that time." in text and "@  goes back to now" in text
                assert "run.save" not in text and "start_run" not in text
        app.close()

    try:
        asyncio.run(main())
    finally:
        past.folder.cleanup()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_several_catalogs_are_shown_as_one(demo_catalog: Path, small_catalog: Path, tmp_path: Path, size: tuple[int, int]) -> None:  # fmt: skip
    """They come one by one, each run with where it is from; what cannot be read is said; nothing can be changed."""
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    paths = [boxes / "demo.artui", boxes / "small.artui", boxes / "bad.artui"]
    shutil.copy(demo_catalog, paths[0])
    shutil.copy(small_catalog, paths[1])
    paths[2].write_bytes(b"no catalog")
    copy = union.copy_of(paths)
    union.make_ready(copy)
    command = [sys.executable, "-m", "artui.travel.gathering", str(copy), *map(str, paths)]

    async def main() -> None:
        gathering = Gathering(command, source=str(tmp_path), title="boxes (3 catalogs)", count=3)
        reader = Reader(copy, sources=paths, why_not_writable=union.WHY_READ_ONLY)
        app = ArtuiApp(reader, Settings(refresh_seconds=0.2), importing=gathering)
        async with app.run_test(size=size) as pilot:
            await _until(pilot, "Not shown: bad.artui")
            await settled(pilot)
            text = shown(pilot)
            assert "boxes (3 catalogs)" in text and " runs" in text and re.search(r"origin", text)
            assert "demo.artui" in text
            await pilot.press("t")
            await settled(pilot)
            assert "Several catalogs are shown as one" in shown(pilot)
            await pilot.press("at")
            await settled(pilot)
            assert "open one of them to see it as it was" in shown(pilot)
        app.close()

    asyncio.run(main())


async def _until(pilot: Pilot[Any], pattern: str) -> None:
    for _ in range(200):
        await pilot.pause(0.1)
        if re.search(pattern, shown(pilot)):
            return
    raise AssertionError(shown(pilot))
