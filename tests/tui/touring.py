"""A walk through all screens, by keyboard, on a catalog that may be damaged anywhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from artui.tui import fetch
from tests.mutating import BYSTANDER, Mutation
from tests.tui.looking import make_app, shown

STEPS: tuple[str, ...] = (
    "p", "p", "s", "right right S", "F", "escape", "space down space c", "= = T", "escape", "f", "tab", "tab", "tab", "escape", "w", "escape",
    "enter", "tab", "tab", "tab", "tab", "tab", "escape", "g c", "g p", "g u", "ctrl+o", "escape", "C", "escape", "slash v a l", "escape escape",
    "2", "space space space c", "= = right b", "escape", "enter", "tab", "tab", "tab", "escape", "down enter", "escape", "3", "left down right end home i", "v", "v", "escape", "4", "escape", "5", "right right down", "m", "enter", "escape", "escape", "6", "down enter", "w", "z", "escape", "z z", "escape", "I", "escape", "Q", "down down down enter", "right enter", "escape", "o", "escape", "escape escape", "colon m o d", "escape", "1",
)  # fmt: skip
"""Keys that are pressed together, then waited for."""

ALL_RUNS = (BYSTANDER, "killed-one", "live-run")


async def _quiet(pilot: Pilot[Any], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    await pilot.pause()
    while fetch.is_waiting() and time.monotonic() < deadline:
        await asyncio.sleep(0.005)
        await pilot.pause()


SHORT_STEPS: tuple[str, ...] = (
    "enter", "tab", "tab", "tab", "escape", "space down space c", "escape", "2", "enter", "tab", "escape", "escape", "3", "escape", "7", "escape", "1",
)  # fmt: skip
"""The table, a run, a comparison, the artifacts and a version, the lineage, the catalog."""


PLACES: tuple[str, ...] = (
    "", "enter", "tab", "tab", "escape space down space c", "escape 2", "enter", "tab", "escape escape 3", "escape 7",
)  # fmt: skip
"""What leads from each of the same screens to the next."""


def tour_of_many(path: Path, contents: Sequence[bytes], names: Sequence[str]) -> list[str]:
    """Walk once through the screens of one app while catalogs come into the place of each other: on each screen some of them.

    Gives the problems: an end of the app, control letters, a last whole catalog that is not shown.
    """
    at, problems = "start", []

    async def main() -> None:
        nonlocal at
        app = make_app(path)
        try:
            async with app.run_test(size=(160, 50)) as pilot:
                await _quiet(pilot)
                for number, (content, name) in enumerate(zip(contents, names, strict=True)):
                    place = number * len(PLACES) // len(contents)
                    if place != (number - 1) * len(PLACES) // len(contents) and PLACES[place]:
                        await pilot.press(*PLACES[place].split())
                        await _quiet(pilot)
                    at = f"{name} at {PLACES[place]}"
                    beside = path.with_name("next.artui")
                    beside.write_bytes(content)
                    beside.replace(path)
                    await pilot.press("r")
                    await _quiet(pilot)
                    if acting := _acting(shown(pilot)):
                        problems.append(f"{at}: control letters {acting}")
                await pilot.press("escape", "escape", "1", "r")
                await _quiet(pilot)
                if lost := [name for name in ALL_RUNS if name not in shown(pilot)]:
                    problems.append(f"the last catalog is not shown: {lost}")
        finally:
            app.close()

    try:
        asyncio.run(main())
    except Exception as raised:  # noqa: BLE001 - any end of the app is a problem
        problems.append(f"{at}: {_place_of(raised)}")
    return problems


def _acting(text: str) -> set[str]:
    return {letter for letter in text if (letter != "\n" and ord(letter) < 32) or 127 <= ord(letter) < 160}


def _place_of(raised: Exception) -> str:
    import traceback

    where = traceback.extract_tb(raised.__traceback__)
    ours = [frame for frame in where if "/artui/" in frame.filename] or where
    return f"{type(raised).__name__}: {str(raised)[:80]} at {Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"


def tour(path: Path, mutation: Mutation, steps: tuple[str, ...] = STEPS, *, wanted: tuple[str, ...] = ALL_RUNS) -> list[str]:  # fmt: skip
    """Walk through the screens; give the problems: an end of the app, control letters, missing runs."""
    at = "start"
    problems: list[str] = []

    async def main() -> None:
        nonlocal at
        app = make_app(path)
        try:
            async with app.run_test(size=(160, 50)) as pilot:
                await _quiet(pilot)
                lost = [name for name in wanted if name not in shown(pilot)]
                if lost and not mutation.table.startswith("search"):
                    problems.append(f"{mutation}: app: first screen lacks {lost}")
                for at in steps:
                    await pilot.press(*at.split())
                    await _quiet(pilot)
                    if acting := _acting(shown(pilot)):
                        problems.append(f"{mutation}: app: control letters {acting} at {at}")
        finally:
            app.close()

    try:
        asyncio.run(main())
    except Exception as raised:  # noqa: BLE001 - any end of the app is a problem
        problems.append(f"{mutation}: app: {_place_of(raised)} ({at})")
    return problems
