"""The screen of saved views: what each shows, how many runs, artifacts or versions it has now, and another name for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.capture.adding import add_version
from artui.catalog import Catalog, events
from artui.query.runs.sorting import Sort
from artui.query.runs.views import saved_views
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.views import ViewsScreen
from artui.tui.state.arrangement import Arrangement
from tests.reading import open_reader
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]
BEST = Arrangement(
    columns=("metric:val/loss", "metric.max:val/acc", "param:lr"), sorts=(Sort("metric:val/loss"),),
    where="optimizer = adam and val/loss < 0.5", grouping=("param:optimizer", "param:lr"),
)  # fmt: skip


@pytest.fixture
def kept(small_catalog: Path) -> Path:
    """Three views: with everything arranged, as artui chooses, and with a filter that means nothing here."""
    views = {"best": BEST, "all": Arrangement(), "broken": replace(BEST, where="nothing_so < 1")}
    with Catalog(small_catalog) as catalog, events.editing(catalog, "views") as edit:
        for name, arrangement in views.items():
            edit.save_view(name, "runs", arrangement.to_json())
    return small_catalog


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_views_say_what_they_show(kept: Path, explore: Explore, size: tuple[int, int]) -> None:
    """The list has the runs of each view now, and below it stands all that the view under the cursor arranges."""
    with open_reader(kept) as reader:
        matched = len(reader.runs(BEST.where))

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+o")
        await settled(pilot)
        lines = {line.split()[0]: line.split() for line in shown(pilot).splitlines()[1:5]}
        assert lines["view"][:2] == ["view", "runs"] and "filter" in lines["view"]
        assert [lines[name][1] for name in ("all", "best", "broken")] == ["12", str(matched), "?"]
        await pilot.press("down")
        await settled(pilot)
        text = shown(pilot)
        for part in (BEST.where, "val/loss · val/acc best · lr", "optimizer · lr", f"{matched} match now", "ada@box-3"):
            assert part in text, part
        await pilot.press("down")
        await settled(pilot)
        assert "means nothing in this catalog" in shown(pilot)

    explore(kept, flow, size=size)


def test_view_gets_another_name(kept: Path, explore: Explore) -> None:
    """Its content stays; a name that another view has is refused; one `u` takes it back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+o")
        await settled(pilot)
        await pilot.press("down", "R", "end", *"-run", "enter")
        await settled(pilot)
        await pilot.pause(0.4)
        await settled(pilot)
        assert "best-run" in shown(pilot)
        await pilot.press("home", "R", "ctrl+u", *"broken", "enter")
        await settled(pilot)
        assert "There is a view broken already." in shown(pilot)

    explore(kept, flow)
    with open_reader(kept) as reader:
        views = {view.name: view.content for view in saved_views(reader, "runs")}
    assert sorted(views) == ["all", "best-run", "broken"] and views["best-run"] == BEST.to_json()


def test_views_of_artifacts(kept: Path, explore: Explore) -> None:
    """They have filter, columns and order; a name belongs to one table; the palette opens each where it belongs."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        await press("2")
        await press("slash", *"kind = model", "enter", "right", "s")
        screen: Any = pilot.app.screen
        arranged = screen.state.arrangement
        assert arranged.where == "kind = model" and arranged.sorts
        names = [row.head.name for row in screen.state.rows]
        await press("W", *"best", "enter")
        assert "a view 'best' of runs already" in shown(pilot)
        await press("ctrl+u", *"models", "enter")
        await press("ctrl+o")
        text = shown(pilot)
        assert "saved views of artifacts" in text and "broken" not in text
        assert re.search(rf"artifacts +{len(names)} (that )?match", text) and re.search("filter +kind = model", text), (
            text
        )
        assert "groups" not in text
        await press("R", *"best", "enter")
        assert "a view best of runs already" in shown(pilot)
        await press("escape", "escape", "escape")
        assert len(screen.state.rows) > len(names) and not screen.state.arrangement.where
        await press("colon", *"models", "enter")
        assert pilot.app.screen is screen or isinstance(pilot.app.screen, type(screen))
        again: Any = pilot.app.screen
        assert [row.head.name for row in again.state.rows] == names
        assert (again.filter.words, again.state.arrangement.sorts) == (arranged.where, arranged.sorts)
        # The line at the top names it, and says when the table is no longer arranged by it.
        head = shown(pilot).splitlines()[0]
        assert "view models" in head and "changed" not in head
        await press("right", "s")
        assert "view models, changed" in shown(pilot).splitlines()[0]
        await press("colon", *"best", "enter")
        assert pilot.app.screen is pilot.app.runs_screen and pilot.app.runs_screen.state.arrangement == BEST  # type: ignore[attr-defined]
        head = shown(pilot).splitlines()[0]
        assert "view best" in head and "changed" not in head

    explore(kept, flow)

    async def later(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        await settled(pilot)
        screen: Any = pilot.app.screen
        assert screen.filter.words == "kind = model" and "1 of " in shown(pilot)

    explore(kept, later)


@pytest.mark.parametrize("size", [(80, 24)])
def test_versions_are_seen_through_a_view_of_another_artifact(
    tmp_path: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """A view of versions keeps filter and order for every artifact; elsewhere the palette says what it is of."""
    catalog = tmp_path / "x.artui"
    for name in ("first", "second"):
        for number in range(4):
            (tmp_path / "a.txt").write_text(f"{name} {number}")
            add_version(catalog, tmp_path / "a.txt", name=name, kind="dataset", metadata={"loss": number % 3})

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            return shown(pilot)

        await press("2", "slash", *"first", "enter", "enter", "slash", *"loss", "space", "greater_than_sign", "space", "0", "enter")  # fmt: skip
        assert [head.number for head in on(pilot, ArtifactScreen).versions] == [3, 2]
        text = await press("s", "W", *"bad", "enter")
        assert "view bad is kept" in text and [head.number for head in on(pilot, ArtifactScreen).versions] == [2, 3]
        await press("escape", "escape", "slash", "ctrl+u", *"second", "enter", "enter")
        assert len(on(pilot, ArtifactScreen).versions) == 4
        text = await press("ctrl+o")
        assert "saved views of versions" in text and "loss > 0" in text and re.search(r"bad +2 ", text)
        assert "2 match now" in text and "groups" not in text
        text = await press("enter")
        assert [head.number for head in on(pilot, ArtifactScreen).versions] == [2, 3] and "loss > 0" in text
        assert "view bad" in text.splitlines()[0] and "changed" not in text.splitlines()[0]
        await press("escape", "escape")
        text = await press("1", "colon", *"bad", "enter")
        assert "view bad is of versions: open an artifact first" in text

    explore(catalog, flow, size=size)


def test_without_views_there_is_nothing_to_choose(small_catalog: Path, explore: Explore) -> None:
    """No line looks chosen, and the keys of a view are not offered."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+o")
        await settled(pilot)
        assert not on(pilot, ViewsScreen).listing.marks_cursor
        assert "remove" not in shown(pilot) and "esc back" in shown(pilot).splitlines()[-1]

    explore(small_catalog, flow)
