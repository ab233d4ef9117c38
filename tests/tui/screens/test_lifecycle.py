"""The screen of the four stages: what is there, what is missing, and a way to each by keys and by mouse."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from artui.tui.cells import length_of
from artui.tui.messages import Link
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.deployment import DeploymentScreen
from artui.tui.screens.lifecycle import LifecycleScreen
from artui.tui.widgets.sidebyside import fitted, wrapped_spans
from tests.tui.looking import make_app, on, settled, shown


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_each_stage_leads_on(demo_catalog: Path, size: tuple[int, int]) -> None:
    """Right goes to the next stage, side by side or below each other; enter opens, esc leads back; `m` lists what is missing."""

    async def main() -> None:
        app = make_app(demo_catalog)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("5")
            await settled(pilot)
            screen = on(pilot, LifecycleScreen)
            assert "requirements" in shown(pilot) and "3 met, 1" in shown(pilot)
            assert screen.listing.is_side_by_side == (size[0] >= 110)
            await pilot.press("right", "right", "enter")
            await settled(pilot)
            assert on(pilot, ArtifactScreen) and "digits-model" in shown(pilot)
            await pilot.press("escape")
            await settled(pilot)
            await pilot.press("right", "enter")
            await settled(pilot)
            on(pilot, DeploymentScreen)
            await pilot.press("escape")
            await settled(pilot)
            await pilot.press("m")
            await settled(pilot)
            assert "limitations of digits-model" in shown(pilot) and "operations" not in shown(pilot)
            await pilot.press("escape")
            await settled(pilot)
            assert "requirements" in shown(pilot) and on(pilot, LifecycleScreen)
            await pilot.press("left", "left", "left", "left")
            assert screen.subject() is not None and screen.subject().artifact == "digits-requirements"  # type: ignore[union-attr]
        app.close()

    asyncio.run(main())


def test_a_click_moves_and_a_second_one_opens(demo_catalog: Path) -> None:
    """Each of the lists side by side takes the mouse."""

    async def main() -> None:
        app = make_app(demo_catalog)
        async with app.run_test(size=(160, 40)) as pilot:
            await settled(pilot)
            await pilot.press("5")
            await settled(pilot)
            screen = on(pilot, LifecycleScreen)
            rows = shown(pilot).splitlines()
            row = next(number for number, text in enumerate(rows) if "digits-api/production" in text)
            column = rows[row].index("digits-api/production") + 2
            await pilot.click(offset=(column, row))
            await settled(pilot)
            assert screen.listing.link is not None and screen.listing.link.kind == "version"
            await pilot.click(offset=(column, row))
            await settled(pilot)
            on(pilot, DeploymentScreen)
        app.close()

    asyncio.run(main())


def test_spans_fill_their_column_exactly() -> None:
    """Whatever they are: cut, filled up, or broken at blanks with the indent of their beginning; no word is lost."""
    for text in ("", "ab", "a" * 50, "漢字" * 20, "one two three four five six seven"):
        for cells in (1, 2, 7, 30):
            assert length_of(fitted([(f" {text}", "text"), (" more", "dim")], cells)) == cells
    rows = wrapped_spans([("   missed: R4 test/recall_5 >= 0.95 (overridden)", "warn")], 20)
    assert all(length_of(spans) <= 20 and spans[0][0].startswith("   ") for spans in rows)
    assert (
        " ".join("".join(text for text, _ in spans).strip() for spans in rows)
        == "missed: R4 test/recall_5 >= 0.95 (overridden)"
    )
    assert Link("version", "x") == Link("version", "x")
