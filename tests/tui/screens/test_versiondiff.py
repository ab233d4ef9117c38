"""The screen that shows how one version differs from another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.capture.adding import add_version
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.versiondiff import VersionDiffScreen
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _catalog(tmp_path: Path) -> Path:
    catalog, folder = tmp_path / "x.artui", tmp_path / "data"
    folder.mkdir()
    for number in (1, 2, 3):
        rows = [f"u{row},{row % 7},{'a' if row % 3 else 'b'}" for row in range(number, 300 + 40 * number)]
        (folder / "train.csv").write_text("\n".join(["user_id,age,card", *rows]) + "\n")
        (folder / "README.md").write_text(f"# data\n\nmade in round {number}\n")
        (folder / f"only{number}.txt").write_text("[red]x\x1b[31m")
        if number > 1:
            (folder / f"only{number - 1}.txt").unlink()
        add_version(catalog, folder, name="data", kind="dataset")
    (folder / "readme.txt").write_text("x")
    add_version(catalog, folder / "readme.txt", name="other", kind="dataset")
    return catalog


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
@pytest.mark.parametrize("has_colour", [True, False])
def test_a_version_beside_the_one_before(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], has_colour: bool
) -> None:
    """D shows which files differ and how; ] and [ go from one to the next, / finds, esc leads back to the same version."""
    if not has_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    path = _catalog(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, ArtifactScreen).acted_version() is not None
        await pilot.press("D")
        await settled(pilot)
        screen = on(pilot, VersionDiffScreen)
        text = shown(pilot)
        assert "data:v2" in text and "data:v3" in text
        assert "files: 2 changed, 1 moved" in text
        assert "+40, −1 rows, drift none" in text and "\x1b[31m" not in text and "+1 −1 lines" in text
        lines = "\n".join("".join(part for part, _ in line.spans) for line in screen.listing.lines)
        assert "40 added, 1 removed, 0 changed, 377 the same, paired by user_id" in " ".join(lines.split())
        assert "made in round 3" in lines and "moved" in lines
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert "README.md  1 of 2" in shown(pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(pilot)
        assert "There is no further file" in shown(pilot) and "train.csv  2 of 2" in shown(pilot)
        await pilot.press("left_square_bracket")
        await settled(pilot)
        assert "README.md  1 of 2" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        version = on(pilot, ArtifactScreen).acted_version()
        assert version is not None and version.number == 3

    explore(path, flow, size=size)


def test_two_marked_versions_or_none_before(tmp_path: Path, explore: Explore) -> None:
    """Of two marked versions the later is compared with the earlier; a first version and three marks say what to do."""
    path = _catalog(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("space", "j", "space")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert "from data:v1 to data:v3" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("k", "space", "D")
        await settled(pilot)
        assert "Two versions are compared, and 3 are marked" in shown(pilot)
        await pilot.press("M", "G", "D")
        await settled(pilot)
        assert "data:v1 has no version before it" in shown(pilot)
        await pilot.press("escape", "j", "j")
        await settled(pilot)
        on(pilot, ArtifactsScreen)

    explore(path, flow)
