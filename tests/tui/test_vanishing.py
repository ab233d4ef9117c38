"""The file of an open app is taken away, cut, or made another: the last screen stays, it is said, and `r` opens it again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.looking import settled, shown

Explore = Callable[..., None]


def _replaced(path: Path, content: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(content)
    os.replace(other, path)


def _made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "renamed": lambda path: path.rename(path.with_name("elsewhere.artui")),
    "cut in the middle": lambda path: os.truncate(path, 5000),
    "cut to nothing": lambda path: os.truncate(path, 0),
    "another file in its place": lambda path: _replaced(path, b"hello, world\n" * 500),
    "a folder in its place": _made_a_folder,
}


SAID = (
    "There is no file",
    "no longer exists",
    "no schema version",
    "is damaged",
    "is empty",
    "not a SQLite",
    "a folder",
    "incomplete",
)


@pytest.mark.parametrize("harm", HARMS)
def test_the_last_screen_stays_and_r_opens_it_again(small_catalog: Path, explore: Explore, harm: str) -> None:
    """Whatever is pressed meanwhile, the app goes on, and nothing is written over what is there."""
    kept = small_catalog.with_suffix(".kept")
    shutil.copyfile(small_catalog, kept)

    async def flow(pilot: Pilot[Any]) -> None:
        HARMS[harm](small_catalog)
        after = small_catalog.read_bytes() if small_catalog.is_file() else None
        await pilot.press("r")
        await settled(pilot)
        said = shown(pilot)
        assert "calm-otter-11" in said and any(word in said for word in SAID)
        await pilot.press("down", "enter")
        await settled(pilot)
        await pilot.press("escape", "2")
        await settled(pilot)
        await pilot.press("1")
        await settled(pilot)
        assert (small_catalog.read_bytes() if small_catalog.is_file() else None) == after
        if small_catalog.is_dir():
            small_catalog.rmdir()
        os.replace(kept, small_catalog)
        await pilot.press("r")
        await settled(pilot)
        assert "calm-otter-11" in shown(pilot) and not any(word in shown(pilot) for word in SAID)

    explore(small_catalog, flow)
