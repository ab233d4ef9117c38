"""The screen that puts versions side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts
from artui.query.compareversions import compare_versions
from artui.query.references import find_version
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.lineage import LineageScreen
from artui.tui.screens.versioncompare import VersionCompareScreen
from artui.tui.screens.versiondiff import VersionDiffScreen
from tests.reading import open_reader
from tests.tui.looking import HOSTILE, on, settled, shown

Explore = Callable[..., None]


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


def test_versions_stand_side_by_side_with_what_made_them(demo_catalog: Path, explore: Explore) -> None:
    """What differs comes first: how they stand, metadata, results and params of their runs; each key leads on, and esc back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "2")
        await _press(pilot, "slash", *"digits-checkpoint", "enter", "enter")
        await _press(pilot, "space", "down", "space", "down", "down", "space", "c")
        screen = on(pilot, VersionCompareScreen)
        names = [head.name for head in screen.table.heads]
        assert names[-1] == "v30" and len(names) == 3 and "of digits-checkpoint" in shown(pilot).splitlines()[0]
        text = shown(pilot)
        assert (
            "made by" in text and "val_loss" in text and "final-2" in text and "best" in text and "3 versions" in text
        )
        rows = [(row.section, row.name) for row in screen.table.rows if row is not None]
        assert ("params", "optimizer.lr") in rows and ("version", "kind") not in rows
        count = len(rows)
        await _press(pilot, "equals_sign")
        every = [row for row in screen.table.rows if row is not None]
        assert len(every) > count and ("version", "kind") in {(row.section, row.name) for row in every}
        await _press(pilot, "equals_sign", "right", "b")
        assert screen.table.baseline == 1 and f"baseline {names[1]} ▾" in shown(pilot)
        await _press(pilot, "D")
        assert on(pilot, VersionDiffScreen)._after.reference == f"digits-checkpoint:{names[1]}"
        await _press(pilot, "escape", "L")
        assert on(pilot, LineageScreen).subject() is not None
        await _press(pilot, "escape", "v")
        assert names[2] in shown(pilot)
        await _press(pilot, "escape", "minus")
        assert [head.name for head in screen.table.heads] == [names[0], names[2]]
        await _press(pilot, "minus")
        assert "the fewest" in shown(pilot)
        await _press(pilot, "enter")
        version = on(pilot, ArtifactScreen).acted_version()
        assert version is not None and version.reference == f"digits-checkpoint:{names[2]}"
        await _press(pilot, "escape", "escape")
        assert on(pilot, ArtifactScreen).artifact_key == version.artifact_key

    explore(demo_catalog, flow, size=(80, 24))


def _odd(path: Path) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name, metadata in (("a", {"acc": 0.5, "x": {"y": HOSTILE}}), ("a", {"acc": "n/a"}), ("b", {})):
            file = artifacts.NewFile("f", 10_000_000 + len(metadata), str(metadata).encode().ljust(32)[:32])
            artifacts.save(connection, artifacts.NewVersion("p", name, "model", "modelling", [file], metadata=metadata))


def test_versions_that_no_run_made_and_single_ones(tmp_path: Path, explore: Explore) -> None:
    """With none marked a version stands beside the one before it; where there is none it is said what to do."""
    path = tmp_path / "x.artui"
    _odd(path)
    with open_reader(path) as reader:
        ids = [find_version(reader, reference).id for reference in ("a:v1", "a:v2", "b")]
        comparison = compare_versions(reader, ids)
    rows = {(row.section, row.name): row for row in comparison.rows}
    assert rows["metadata", "acc"].values == (0.5, "n/a", None) and not rows["metadata", "acc"].bests
    assert rows["version", "artifact"].differs and ("version", "made by") not in rows
    own = [row.differs for row in comparison.rows if row.section == "version"]
    assert own == sorted(own, reverse=True), "what differs comes first"

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "2")
        assert isinstance(pilot.app.screen, ArtifactsScreen)
        await _press(pilot, "slash", *"name = b", "enter", "c")
        assert "no other version" in shown(pilot) and isinstance(pilot.app.screen, ArtifactsScreen)
        await _press(pilot, "escape")
        await _press(pilot, "slash", *"name = a", "enter", "c")
        screen = on(pilot, VersionCompareScreen)
        assert [head.name for head in screen.table.heads] == ["v1", "v2"]
        # Of the first version the next one stands beside it, and whatever is marked first, the oldest is the baseline.
        await _press(pilot, "escape", "enter", "end", "c")
        assert [head.name for head in on(pilot, VersionCompareScreen).table.heads] == ["v1", "v2"]
        await _press(pilot, "escape", "M", "home", "space", "end", "space", "c")
        screen = on(pilot, VersionCompareScreen)
        assert [head.name for head in screen.table.heads] == ["v1", "v2"] and screen.table.baseline == 0
        # Sizes that differ by one byte are told apart.
        assert "10,000,002 bytes" in shown(pilot) and "\x1b[31m" not in shown(pilot)

    explore(path, flow)
