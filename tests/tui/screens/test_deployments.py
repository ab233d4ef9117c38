"""The screen of deployments: what serves where, and each thing that is done there, by keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import artui
from artui.cli import run as run_verb
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.deployment import DeploymentScreen
from artui.tui.screens.deployments import DeploymentsScreen
from tests.tui.looking import make_app, on, settled, shown

PLACE = "fraud-api/production"


@pytest.fixture
def catalog(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "a.artui"
    with artui.start_run(project="fraud", catalog=path, console=False, code=False) as run:
        run.log({"recall": 0.5})
        for number in range(3):
            file = tmp_path / "model.bin"
            file.write_bytes(bytes([number]))
            run.save("fraud-model", file)
    return path


def _deploy(path: Path, *words: str) -> None:
    assert run_verb(["deploy", *words, "-c", str(path)]) == 0


def test_what_is_done_there_is_done(catalog: Path) -> None:
    """Release, roll back with a reason and not without, note an incident and close it, and take each back."""
    _deploy(catalog, "fraud-model:v1", "--to", PLACE, "--from", "2d ago")
    _deploy(catalog, "fraud-model:v2", "--to", "fraud-api/staging")

    async def main() -> None:
        app = make_app(catalog)
        async with app.run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            await pilot.press("6")
            await settled(pilot)
            screen = on(pilot, DeploymentsScreen)
            assert "2 deployments" in shown(pilot) and "last 7 days" in shown(pilot)
            await pilot.press("d", *"fraud-model:v3", "enter")
            await settled(pilot)
            await pilot.press(*"better", "enter")
            await settled(pilot)
            assert "fraud-api/production serves fraud-model:v3 now · production moved with it" in shown(pilot)
            assert "better" in shown(pilot)
            await pilot.press("R", "enter")
            await settled(pilot)
            assert "a rollback needs a reason" in shown(pilot)
            await pilot.press("R", *"slow", "enter")
            await settled(pilot)
            assert "serves fraud-model:v1 now" in shown(pilot) and "rollback" in shown(pilot)
            await pilot.press("i", *"late", "enter")
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert "1 incident open" in shown(pilot) and "late" in shown(pilot)
            await pilot.press("x", *"load", "enter", *"waited", "enter")
            await settled(pilot)
            assert "0 open, 1 closed" in shown(pilot) and "load · waited" in shown(pilot)
            await pilot.press("u", "u", "u")
            await settled(pilot)
            assert "incidents" not in shown(pilot).replace("incident ", "") and screen.place is not None
            assert [one.release.named for one in screen.place.served(10**15)] == ["fraud-model:v3"]
            await pilot.press("z")
            await settled(pilot)
            assert "last 30 days" in shown(pilot)
            await pilot.press("enter")
            await settled(pilot)
            on(pilot, DeploymentScreen)
            assert "releases" in shown(pilot) and "fraud-model:v3" in shown(pilot) and "nothing yet" in shown(pilot)
            await pilot.press("a")
            await settled(pilot)
            on(pilot, ArtifactScreen)
            await pilot.press("escape")
            await settled(pilot)
            await pilot.press("escape")
            await settled(pilot)
            on(pilot, DeploymentsScreen)
        app.close()

    asyncio.run(main())


def test_where_nothing_serves_it_says_how_to_begin(catalog: Path) -> None:
    """`d` releases the first one, and asks where."""

    async def main() -> None:
        app = make_app(catalog)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("6")
            await settled(pilot)
            assert "Nothing serves anywhere" in shown(pilot) and "artui deploy MODEL --to" in shown(pilot)
            await pilot.press("d", *"fraud-model:v9", "enter", *PLACE, "enter")
            await settled(pilot)
            assert "There is no version fraud-model:v9" in shown(pilot)
            await pilot.press("escape", "escape")
            await settled(pilot)
            await pilot.press("6")
            await settled(pilot)
            await pilot.press("d", *"fraud-model:v1", "enter", *PLACE, "enter")
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert "1 deployment" in shown(pilot) and PLACE in shown(pilot)
        app.close()

    asyncio.run(main())


def test_the_page_says_why_it_changed(demo_catalog: Path) -> None:
    """In the example `w` names what turned; live metrics, drift and the incident stand on the page."""

    async def main() -> None:
        app = make_app(demo_catalog)
        async with app.run_test(size=(200, 60)) as pilot:
            await settled(pilot)
            await pilot.press("6")
            await settled(pilot)
            assert "digits-api/production" in shown(pilot) and "accuracy" in shown(pilot)
            await pilot.press("enter")
            await settled(pilot)
            page = shown(pilot)
            assert "live/accuracy" in page and "drift over time" in page and "digits are read wrong" in page
            await pilot.press("w")
            await settled(pilot)
            assert "rotation drifted" in shown(pilot) and "strong" in shown(pilot)
        app.close()

    asyncio.run(main())
