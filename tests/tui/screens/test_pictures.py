"""Pictures of every screen at three sizes, each with the fact that it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.tui import notices
from tests.tui.looking import make_app, settled, shown

WAIT = "…"
"""In place of a key: until the fact is on the screen, since what is said when it comes ends with the next key."""
SIZES = [(80, 24), (120, 36), (200, 50)]

SCREENS: dict[str, tuple[tuple[str, ...], str]] = {
    "runs": ((), "12 runs · by age ↑"),
    "filter": (("slash", *"sgd", "enter"), "3 of 12 runs"),
    "compare": (("space", "space", "space", "c"), "rows differ"),
    "run": (("down", "down", "enter"), "repeatable?"),
    "charts": (("down", "down", "enter", "tab"), "as measured"),
    "diverged": (("slash", *"otter-8", "enter", "enter", "tab", "z"), "×"),
    "log": (("slash", *"calm-otter-2", "enter", "enter", "shift+tab"), "WARNING slow"),
    "artifacts": (("2",), "digits-split"),
    "artifact": (("2", "slash", *"model", "enter", "enter", "tab"), "made by"),
    "lineage": (("2", "slash", *"model", "enter", "L", "left"), "━"),
    "versions": (("2", "space", "space", "c"), "2 versions"),
    "lineage-list": (("2", "slash", *"model", "enter", "L", "v"), "where it came from"),
    "catalog": (("7",), "journal"),
    "catalog-whole": (("7", "right", "tab", "right", "tab", "right"), "by artifact"),
    "groups": (
        ("right", "right", "right", "right", "right", "right", "right", "g", "c", WAIT, "down", "enter"),
        "in 3 groups",
    ),
    "column": (("right", "right", "right", "right", "F"), "median"),
    "curves": (("space", "space", "space", "f"), "3 runs"),
    "scatter": (("space", "f", "tab", "right"), "rank correlation"),
    "parallel": (("f", "tab", "tab"), "the best tenth"),
    "histogram": (("f", "tab", "tab", "tab"), "median"),
    "transposed": (("space", "space", "space", "c", "T"), "esc turns them back"),
    "sql": (("Q", *"SELECT run, name FROM metric_summ", "tab"), "to begin with"),
    "sql-answer": (
        ("Q", *"SELECT run, name, last, mean, first_step, run_id FROM metric_summaries", "enter", WAIT, "right"),
        "opens it",
    ),
    "palette": (("colon", *"val/"), "sort by it"),
    "light": (("ctrl+t", *"light", "enter"), "12 runs · by age ↑"),
    "help": (("question_mark",), " mark"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_picture(
    name: str,
    size: tuple[int, int],
    small_catalog: Path,
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The screen looks as it did when it was last reviewed, and shows its fact."""
    # The next key ends what is said, however soon it comes.
    monkeypatch.setattr(notices, "OLD_NOTICE_SECONDS", -1.0)
    keys, fact = SCREENS[name]

    async def go(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            if key in ("enter", "c", "2", "L", "v", "tab", "shift+tab", "z", "f", "F", "T", "space", "7"):
                await settled(pilot)
        await settled(pilot)
        assert fact in shown(pilot)

    assert snap_compare(make_app(small_catalog), terminal_size=size, run_before=go)


def test_picture_without_colour(
    small_catalog: Path, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR the cursor and the status are still seen."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def go(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        assert "▌" in shown(pilot) and "▶" in shown(pilot)

    assert snap_compare(make_app(small_catalog), terminal_size=(80, 24), run_before=go)
