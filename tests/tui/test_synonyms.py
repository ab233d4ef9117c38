"""Words that people type for an action find it, in the palette and in the help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.tui.keys import KEYS
from artui.tui.keytable import SCOPES
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.live import LiveScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.synonyms import SYNONYMS, fitting, synonyms_of
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]

FIRST = 5
"""So many lines are in sight in the smallest terminal."""


@pytest.mark.parametrize(
    ("screen", "typed", "key_id"),
    [
        (RunsScreen, typed, key_id)
        for key_id, words in {
            "app.choose_theme": "theme colour color colours dark light",
            "runs.plot": "plot chart charts picture graph curves png scatter",
            "runs.save_view": "save bookmark",
            "runs.export": "export csv json save excel",
            "runs.compare": "diff difference compare versus",
            "runs.trash": "delete trash remove",
            "app.leave": "quit exit close",
            "app.help": "help shortcuts keys",
            "app.show_live": "alerts alert live monitor",
            "runs.sort": "sort order",
            "runs.choose_columns": "columns column fields",
            "runs.turn_best": "best last min",
            "app.show_artifacts": "production models dataset",
            "runs.tag": "tag label rename",
            "runs.note": "note comment rename",
            "runs.toggle_mark": "select mark",
            "runs.filter": "search filter",
            "runs.copy": "clipboard copy",
            "runs.describe_column": "statistics distribution",
            "app.show_lineage": "provenance lineage graph",
            "runs.undo": "undo revert",
            "runs.group": "seed aggregate group",
        }.items()
        for typed in words.split()
    ]
    + [
        (PlotScreen, "png", "charts.export"), (PlotScreen, "smoothing", "charts.smooth(1)"), (PlotScreen, "logarithmic", "charts.log_scale"), (PlotScreen, "scatter", "plot.next_tab(1)"),
        (RunScreen, "charts", "run.next_tab(1)"), (RunScreen, "log", "run.next_tab(1)"), (CompareScreen, "diff", "compare.differences"), (CompareScreen, "source", "compare.code"),
        (LiveScreen, "alert", "live.add_rule"), (ArtifactsScreen, "search", "artifacts.filter"), (ArtifactsScreen, "theme", "app.choose_theme"),
    ],
)  # fmt: skip
def test_what_people_type_finds_the_action(screen: Any, typed: str, key_id: str) -> None:
    """Among the first lines, on the screen that has the action."""
    keys = [key for key in KEYS if key.scope in (*screen.SCOPES, "charts")]

    assert key_id in [key.id for key in fitting(keys, typed)[:FIRST]]


def test_every_synonym_gives_its_action() -> None:
    """Whatever is in the table is found by it, in whole and when half of it is typed; plurals count as well."""
    ids = {key.id.partition("(")[0] for key in KEYS}
    assert {name for name in SYNONYMS if "." in name} <= ids
    assert {name for name in SYNONYMS if "." not in name} <= {name.partition(".")[2] for name in ids}
    for scope in SCOPES:
        keys = [key for key in KEYS if key.scope in (scope, "app")]
        for key in keys:
            for word in synonyms_of(key).split():
                for typed in (word, word.removesuffix("s") + "s", word[: max(3, len(word) - 2)]):
                    places = fitting(keys, typed)
                    assert key in places, (key.id, typed)
                    assert typed != word or places.index(key) < 2 * FIRST, (key.id, typed)


def test_palette_does_what_is_called_otherwise(small_catalog: Path, explore: Explore) -> None:
    """A whole word for an action comes before the runs that contain it, and what other screens can do is named."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("colon", *"production", "enter")
        await settled(pilot)
        on(pilot, ArtifactsScreen)
        await pilot.press("1", "colon", *"smoothing")
        await settled(pilot)
        text = shown(pilot)
        assert "on other screens" in text and "smoother, in charts" in text and "nothing here" not in text
        await pilot.press("enter")
        await settled(pilot)
        assert "smoother works in charts: +" in shown(pilot), "enter says where it can be done"
        on(pilot, RunsScreen)
        for word in ("setting", "settings", "config"):
            await pilot.press("colon", *word)
            await settled(pilot)
            text = shown(pilot)
            assert "settings.toml" in text and "colours" in text and "all keys" in text
            await pilot.press("escape")
            await settled(pilot)

    explore(small_catalog, flow)


def test_help_finds_what_is_called_otherwise(small_catalog: Path, explore: Explore) -> None:
    """/ in the help goes to the action that people call so, and says what it is called here."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("question_mark", "slash", *"theme", "enter")
        await settled(pilot)
        text = shown(pilot)
        assert "'theme' is called 'colours' here: ^t" in text and "Choose the colours" in text
        await pilot.press("slash", "ctrl+u", *"zzzz", "enter")
        await settled(pilot)
        assert "No line has 'zzzz'" in shown(pilot)

    explore(small_catalog, flow)


def test_help_keeps_what_fits_while_one_types(small_catalog: Path, explore: Explore) -> None:
    """Before enter only keys that fit are left, those that people call so among them; esc brings all back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("question_mark", "slash", *"theme")
        await settled(pilot)
        text = shown(pilot)
        assert "Choose the colours" in text and "Mark the run" not in text
        await pilot.press("escape")
        await settled(pilot)
        assert "Mark the run" in shown(pilot)

    explore(small_catalog, flow)
