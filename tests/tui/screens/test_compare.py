"""Runs side by side on the screen: how wide columns are, what says that something differs, which metric is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui.catalog import Catalog, points, runs
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.why import WhyScreen
from artui.tui.widgets.comparison import CompareTable, _widened
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _made(path: Path, metrics: Sequence[dict[str, float]], *, name: str = "wise-stork-{}") -> Path:
    """Runs that are listed in this order, each with a param of its own and its metrics."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, values in enumerate(metrics):
            run = runs.NewRun(
                project="p", name=name.format(number), started_ms=99 - number, params={"few": 1, "lr": number} if not number else {"lr": number}
            )  # fmt: skip
            key = runs.start(connection, run)
            for metric, value in values.items():
                points.append(connection, key, runs.name_key(connection, metric), "", *points.pack([(0, 1, value)]))
            runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=9)
    return path


async def _compared(pilot: Pilot[Any], count: int) -> CompareTable:
    await settled(pilot)
    for _ in range(count):
        await pilot.press("space")
    await pilot.press("c")
    await settled(pilot)
    return on(pilot, CompareScreen).query_one(CompareTable)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
@pytest.mark.parametrize("count", [2, 3, 4, 6, 9])
def test_all_metrics_say_how_far_they_are_from_the_baseline_or_none(
    tmp_path: Path, explore: Explore, size: tuple[int, int], count: int
) -> None:
    """And differences from the baseline make room before a run does."""
    made = [
        {"val/loss": 0.1 + number / 300, "epoch": 10.0 * number, "seconds": 1e5 + number} for number in range(count)
    ]
    path = _made(tmp_path / "x.artui", made)

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, count)
        width = size[0] - table.label_cells
        columns = table._shown_columns
        assert sum(table.widths[number] for number in columns) <= width
        if len(columns) < count:
            # With a name of 12 cells no column needs more than these without differences from the baseline.
            assert table.has_deltas and count * 18 > width
        for index, row in enumerate(table.rows):
            if row is not None and row.section == "metrics":
                text = "".join(text for text, _ in table.draw_line(index, size[0]))
                signs = len(re.findall(r" [+−]\d", text))
                assert signs == ((len(columns) - 1) if table.has_deltas else 0), text

    explore(path, flow, size=size)


@given(st.lists(st.tuples(st.integers(5, 30), st.integers(0, 30)), max_size=9), st.integers(0, 200))
def test_room_is_shared_out(needs: list[tuple[int, int]], room: int) -> None:
    """No column gets less than it needs or more than it wants, and none waits while there is room."""
    least, wanted = [low for low, _ in needs], [low + more for low, more in needs]
    widths = _widened(least, wanted, room)
    assert all(low <= cells <= most for low, cells, most in zip(least, widths, wanted, strict=True))
    assert sum(widths) <= max(room, sum(least))
    assert widths == wanted or sum(widths) >= room


def test_what_most_runs_have_comes_first(tmp_path: Path, explore: Explore) -> None:
    """The metric that is drawn, the first row, and what why judges by are one that the runs have."""
    made = [
        {"best_val_F1": 0.9, "val_ACCURACY": 0.5},
        *({"val_ACCURACY": 0.6 + n / 100, "epoch": 3.0} for n in range(3)),
    ]
    path = _made(tmp_path / "x.artui", made)

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, 4)
        names = [row.name for row in table.rows if row is not None]
        assert names[0] == "val_ACCURACY" and names[1:3] == ["lr", "few"] and names.index("best_val_F1") > 2
        assert re.search(r"^ ?val_ACCURACY   as measured", shown(pilot), re.M)
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WhyScreen)
        assert "wise-stork-1 is better than wise-stork-0 · val_ACCURACY 0.6000 against 0.5000" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_runs_without_a_common_metric_say_so_at_once(tmp_path: Path, explore: Explore) -> None:
    """No empty answer comes up."""
    path = _made(tmp_path / "x.artui", [{"val/loss": 0.1}, {"val/acc": 0.2}])

    async def flow(pilot: Pilot[Any]) -> None:
        await _compared(pilot, 2)
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, CompareScreen) and "have no metric in common" in shown(pilot)

    explore(path, flow, size=(120, 36))


@pytest.mark.parametrize("has_colour", [True, False])
def test_what_differs_from_the_baseline_is_marked_without_colour(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch, has_colour: bool
) -> None:
    """In the table of columns as in that of lines."""
    if not has_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    path = _made(tmp_path / "x.artui", [{"val/loss": 0.1}, {"val/loss": 0.2}])

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, 2)
        styles = pilot.app.palette.styles  # type: ignore[attr-defined]
        assert has_colour or styles["differs"] != styles["text"]
        index = next(i for i, row in enumerate(table.rows) if row is not None and row.name == "lr")
        assert [style for text, style in table.draw_line(index, 120) if text.strip() in ("0", "1")] == [
            "text",
            "differs",
        ]
        await pilot.press("T")
        await settled(pilot)
        lines = on(pilot, CompareScreen).table
        assert [style for text, style in lines.draw_line(2, 120) if text.strip() == "1"] == ["differs"]

    explore(path, flow, size=(120, 36))
