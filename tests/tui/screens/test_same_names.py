"""Runs of one name are told apart wherever they are seen together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, points, runs
from artui.query.reader import Reader
from artui.query.why.two import why
from tests.tui.looking import settled, shown

Explore = Callable[..., None]

KEYS = {
    "compare": ("space", "space", "c"),
    "transposed": ("space", "space", "c", "T"),
    "why": ("space", "space", "c", "w"),
    "code": ("space", "space", "c", "D"),
    "charts": ("space", "space", "f"),
}


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """Two runs of one name, which differ in a param, a metric and their code."""
    path = tmp_path / "twins.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, end in enumerate(("F69", "A12")):
            run = runs.NewRun(
                project="p",
                name="good",
                id=f"01M8F8G5BW03Z3KQX85C06F{end}",
                params={"lr": number},
                git_commit=str(number) * 40,
            )
            key = runs.start(connection, run)
            for step in range(3):
                name_key = runs.name_key(connection, "val/loss")
                points.append(connection, key, name_key, "", *points.pack([(step, step, 0.5 + number + step)]))
    return path


@pytest.mark.parametrize("place", KEYS)
def test_both_are_named_with_the_end_of_their_id(place: str, twins: Path, explore: Explore) -> None:
    """Where a sentence, a column or a line is about one of them, it says which."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press(*KEYS[place])
        await settled(pilot)
        text = shown(pilot)
        assert "good FF69" in text and "good FA12" in text

    explore(twins, flow)


def test_a_legend_cuts_names_where_they_are_the_same(tmp_path: Path, explore: Explore) -> None:
    """Long names that begin and end alike differ in the legend; of a single chart keys read the values at once."""
    path = tmp_path / "alike.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(1, 4):
            key = runs.start(connection, runs.NewRun(project="p", name=f"logs/speech/kwt{number}/validation"))
            name_key = runs.name_key(connection, "accuracy")
            points.append(connection, key, name_key, "", *points.pack([(40 * step, step, number / 8) for step in range(4)]))  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("f")
        await settled(pilot)
        legend = shown(pilot).splitlines()[-2]
        assert all(f"kwt{number}" in legend for number in (1, 2, 3)), legend
        await pilot.press("right", "right")
        await settled(pilot)
        assert "at step 40 " in shown(pilot)
        await pilot.press("end")
        await settled(pilot)
        assert "at step 120 " in shown(pilot)
        await pilot.press("z")
        await settled(pilot)
        assert "one chart only" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "at step" not in shown(pilot) and "kwt1" in shown(pilot)

    explore(path, flow, size=(80, 24))


def test_answers_name_them_too(twins: Path) -> None:
    """The command line says the same."""
    with Reader(twins) as reader:
        with reader.snapshot() as connection:
            first, second = (str(row[0]) for row in connection.execute("SELECT id FROM run ORDER BY key"))
        assert why(reader, first, second, "val/loss").names == ("good FF69", "good FA12")
