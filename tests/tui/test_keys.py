"""One table of keys for footer, help, palette and manual."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.errors import UsageError
from artui.tui.app import ArtuiApp
from artui.tui.keys import KEYS, doubled, keys_of, offered_keys, remapped
from artui.tui.keytable import ACTS, MENUS, MOVED_IDS, MOVED_KEYS, SCOPES
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.catalog.merging import MergeScreen
from artui.tui.screens.catalog.screen import CatalogHomeScreen
from artui.tui.screens.catalog.sharing import ShareScreen
from artui.tui.screens.changes import ChangesScreen
from artui.tui.screens.column import ColumnScreen
from artui.tui.screens.columns import ColumnsScreen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.deployment import DeploymentScreen
from artui.tui.screens.deployments import DeploymentsScreen
from artui.tui.screens.diff import DiffScreen
from artui.tui.screens.drawing import DrawsCharts
from artui.tui.screens.files import FilesScreen
from artui.tui.screens.forget import ForgetScreen
from artui.tui.screens.gridded import GridScreen
from artui.tui.screens.help import HelpScreen
from artui.tui.screens.imports import ImportsScreen
from artui.tui.screens.lifecycle import LifecycleScreen
from artui.tui.screens.lineage import LineageScreen
from artui.tui.screens.live import LiveScreen
from artui.tui.screens.palette import PaletteScreen
from artui.tui.screens.pick import PickScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.profile import ProfileScreen
from artui.tui.screens.room import RoomScreen
from artui.tui.screens.rows import RowsScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.sql import SqlScreen
from artui.tui.screens.tensors import TensorsScreen
from artui.tui.screens.text import TextScreen
from artui.tui.screens.versioncompare import VersionCompareScreen
from artui.tui.screens.versiondiff import VersionDiffScreen
from artui.tui.screens.views import ViewsScreen
from artui.tui.screens.why import WhyScreen
from artui.tui.widgets.chartgrid import ChartGrid
from artui.tui.widgets.heatmap import HeatMap
from artui.tui.widgets.histogram import Bars, Histogram
from artui.tui.widgets.lineagegraph import LineageGraph
from artui.tui.widgets.lines import LineList
from artui.tui.widgets.parallel import Parallel
from artui.tui.widgets.runstable import RunsTable
from artui.tui.widgets.scatter import Scatter
from tests.tui.looking import settled, shown


def test_no_key_means_two_things_in_one_place() -> None:
    """Within a scope no key is bound twice, none of a screen hides one of the app, and no terminal key is taken."""
    assert [f"{part} is {first.id} and {second.id}" for part, first, second in doubled(KEYS)] == []
    assert not {"ctrl+s", "ctrl+q"} & {part for key in KEYS for part in key.keys.split(",")}


MEETING = [
    ("runs", "grouping", "list", "app"), ("run", ACTS, "find", "list", "app"), ("charts", "run", ACTS, "app"),
    ("logs", "text", "run", ACTS, "list", "app"), ("charts", "curves", "plot", ACTS, "app"), ("scatter", "plot", ACTS, "app"),
    ("parallel", "plot", ACTS, "app"), ("histogram", "plot", "app"), ("compare", ACTS, "find", "list", "app"), ("live", ACTS, "find", "list", "app"),
    ("lineage", "find", "list", "app"), ("lineage", "graph", "find", "app"), ("artifact", "find", "list", "app"), ("artifacts", "list", "app"), ("room", "find", "list", "app"), ("deployments", "find", "list", "app"), ("deployment", "find", "list", "app"), ("lifecycle", "list", "app"), ("catalog", "list", "app"), ("share", "list", "app"), ("merge", "list", "app"), ("versions", "find", "list", "app"), ("forget", "find", "list", "app"), ("table", "text", "file", "list", "app"), ("notebook", "text", "file", "list", "app"), ("rows", "file", "list", "app"), ("sql", "grid", "list", "app"),
]  # fmt: skip
"""Scopes that meet on a screen, the most specific first."""


def test_where_scopes_meet_no_key_is_lost_but_these() -> None:
    """Keys that a more specific scope takes from another one: known, and not offered there."""
    lost = {
        (scopes[0], part, key.label)
        for scopes in MEETING
        for key in keys_of(*scopes)
        if key.scope not in MENUS
        for part in key.keys.split(",")
        if part not in ",".join(offered.keys for offered in offered_keys(*scopes) if offered.id == key.id and offered.scope == key.scope).split(",")
    }  # fmt: skip
    assert lost == {
        ("runs", "g", "first"),  # the menu of groups, in which g is the first line
        ("charts", "enter", "open"),  # one chart
        ("charts", "X", "trash"),  # chose an axis once: says so
        ("scatter", "X", "trash"),
        ("scatter", "y", "copy id"),  # the y axis
    }


def test_every_action_exists() -> None:
    """Each key calls a method that exists, on its widget or its screen."""
    owners: dict[str, tuple[type, ...]] = {
        "runs": (RunsScreen,), "grouping": (RunsScreen,), "run": (RunScreen,), "charts": (ChartGrid,), "compare": (CompareScreen,),
        "artifacts": (ArtifactsScreen,), "artifact": (ArtifactScreen,), "lineage": (LineageScreen,), "graph": (LineageGraph, LineageScreen), "text": (TextScreen,),
        "logs": (RunScreen,), "plot": (PlotScreen,), "curves": (PlotScreen,), "scatter": (Scatter, PlotScreen), "parallel": (Parallel, PlotScreen),
        "histogram": (Histogram, PlotScreen), "pick": (PickScreen, PaletteScreen), "column": (ColumnScreen,), "diff": (DiffScreen, VersionDiffScreen), "versiondiff": (VersionDiffScreen,), "profile": (ProfileScreen,),
        "find": (RunScreen, HelpScreen), "app": (ArtuiApp,), "list": (LineList, RunsTable), "why": (WhyScreen,), "views": (ViewsScreen,), "imports": (ImportsScreen,), "changes": (ChangesScreen,), "deployments": (DeploymentsScreen,), "deployment": (DeploymentScreen,), "lifecycle": (LifecycleScreen,), "catalog": (CatalogHomeScreen,), "share": (ShareScreen,), "merge": (MergeScreen,), "files": (FilesScreen,), "file": (TextScreen,), "notebook": (TextScreen,),
        "columns": (ColumnsScreen,), "heatmap": (HeatMap, DrawsCharts), "bars": (Bars, DrawsCharts), "table": (TextScreen,), "rows": (RowsScreen,), "sql": (SqlScreen,), "grid": (GridScreen,), "tensors": (TensorsScreen,), "slices": (RowsScreen,), "ways": (RowsScreen, TensorsScreen, TextScreen), "live": (LiveScreen,), "versions": (VersionCompareScreen,), "room": (RoomScreen,), "forget": (ForgetScreen,),
    }  # fmt: skip
    assert set(owners) == set(SCOPES)
    for key in KEYS:
        name = "action_" + key.action.partition("(")[0].removeprefix("app.").removeprefix("screen.")
        # A key of a picture may belong to its screen.
        assert any(hasattr(owner, name) for owner in owners[key.scope]), key


def test_settings_give_actions_other_keys() -> None:
    """An id gets other keys, written as they are typed or as Textual names them; the footer and the help show them."""
    keys_by_id = {key.id: key for key in remapped(KEYS, {"runs.sort": "f2, !", "list.move(1)": "down,j,ctrl+n"})}
    assert keys_by_id["runs.sort"].keys == "f2,exclamation_mark" and keys_by_id["list.move(1)"].shown == "↓ j ^n"


@pytest.mark.parametrize(
    ("chosen", "expected_text"),
    [
        ({"runs.sorted": "x"}, "runs.sorted"), ({"runs.sort": ""}, "runs.sort"), ({"runs.sort": 3}, "runs.sort"), ({"runs.sort": "c"}, "would be"),
        ({"runs.sort": "ctrl+s"}, "terminal"), ({"runs.sort": "ctrl+t"}, "app.choose_theme and runs.sort"), ({"diff.sort": "x"}, "Did you mean runs.sort"),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_are_refused(chosen: dict[str, object], expected_text: str) -> None:
    """An unknown id, no key, a key that means something else there, a key of the terminal: each error says what to do."""
    with pytest.raises(UsageError) as refused:
        remapped(KEYS, chosen)
    assert expected_text in str(refused.value)


def test_moved_keys_say_where_they_went_and_do_nothing_else() -> None:
    """A key that once only looked is not taken by one that changes, and its new key exists in its scope."""
    for moved in MOVED_KEYS:
        active = {part for key in keys_of(moved.scope) for part in key.keys.split(",")}
        assert moved.key not in active
        offered = {part for key in offered_keys(moved.scope, ACTS, "app") for part in key.keys.split(",")}
        assert moved.key not in offered
        new = moved.sentence.split(" ")[0]
        shown = {part for key in keys_of(moved.scope) for part in key.shown.replace("^", "ctrl+").split(" ")}
        assert new in shown, moved
    assert set(MOVED_IDS.values()) <= {key.id for key in KEYS}


def test_keys_of_the_terminal_are_left_to_it(small_catalog: Path, explore: Callable[..., None]) -> None:
    """ctrl+q does nothing, ctrl+c quits and is among the keys that `?` lists."""
    assert any("ctrl+c" in key.keys for key in keys_of("app"))

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+q")
        await settled(pilot)
        assert pilot.app.is_running and "12 runs" in shown(pilot)

    explore(small_catalog, flow)


@pytest.mark.parametrize("keys", [(), ("enter",), ("4",), ("2",), ("3",), ("7",), ("f",), ("enter", "tab")])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_the_first_page_of_the_help_is_complete(
    small_catalog: Path, explore: Callable[..., None], keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """Where the sentences do not fit, all keys of the screen are named first, with the way back; below, each has its sentence."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)
        await settled(pilot)
        scopes = pilot.app.screen.SCOPES  # type: ignore[attr-defined]
        await pilot.press("question_mark")
        await settled(pilot)
        text = shown(pilot)
        offered = [key for key in offered_keys(*scopes) if key.scope not in MENUS]
        own = [key for key in offered if key.scope not in ("app", "list")]
        assert own and all(key.label in text or key.help[:40] in text or key.is_passing for key in own)
        assert " esc " in text and " / finds" in text
        assert "back" in text
        listing = pilot.app.screen.query_one(LineList)
        assert (" more lines ↓" in text) == (len(listing.lines) > listing.size.height)
        every = "".join("".join(span for span, _ in line.spans) + " " for line in listing.lines)
        squeezed = " ".join(every.split())
        assert all(" ".join(key.help.split()) in squeezed for key in offered)

    explore(small_catalog, flow, size=size)
