"""Cells of groups: no number is cut, and esc leads from the groups back to the runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui.query.runs.grouping import Group, Spread
from artui.tui.widgets.groupcells import group_label, spread_text, value_text
from artui.tui.widgets.table import RunsTable
from artui.units import number_text
from tests.tui.looking import settled, shown

Explore = Callable[..., None]


@given(mean=st.floats(-1e9, 1e9), sd=st.none() | st.floats(0, 1e9), cells=st.integers(8, 20))
def test_mean_and_deviation_fit_whole_or_not_at_all(mean: float, sd: float | None, cells: int) -> None:
    """The deviation loses digits, then goes; the mean loses digits last: what is shown is a whole number."""
    text = spread_text(Spread(3, mean=mean, sd=sd), cells)
    first, _, deviation = text.partition(" ±")

    assert len(text) <= cells or text == number_text(mean)
    assert float(first.replace("−", "-").replace(",", "")) == pytest.approx(mean, rel=0.06, abs=1e-12)
    assert not deviation or float(deviation) == pytest.approx(sd, rel=0.5)


def test_whole_numbers_look_alike_in_names_and_columns() -> None:
    """A param that was logged as 12.0 is 12 wherever a group shows it; a single missing value is none."""
    assert value_text(12.0) == value_text(12) == "12"
    assert (
        group_label(Group((None,), (1,)), (0,)) == "none" and group_label(Group((None, None), (1,)), ()) == "no params"
    )


def test_esc_folds_and_then_ends_groups(small_catalog: Path, explore: Explore) -> None:
    """Each esc leads one step back; the order by mean is named in the header."""

    async def flow(pilot: Pilot[Any]) -> None:
        table = pilot.app.screen.query_one(RunsTable)
        for column_id, keys in (("metric:val/loss", ["s"]), ("param:optimizer", ["g", "c"]), ("", ["enter"])):
            while column_id and table.column_id != column_id:
                await pilot.press("right")
            await pilot.press(*keys)
            await settled(pilot)
        assert "▾" in shown(pilot)
        await pilot.press("g", "m")
        await settled(pilot)
        assert "by mean " in shown(pilot).splitlines()[1]
        await pilot.press("escape")
        await settled(pilot)
        assert "▾" not in shown(pilot) and " in " in shown(pilot).splitlines()[1]
        await pilot.press("escape")
        await settled(pilot)
        assert "12 runs · by" in shown(pilot).splitlines()[1] and "mean" not in shown(pilot).splitlines()[1]
        await pilot.press("2")
        await settled(pilot)
        await pilot.pause(0.3)
        await pilot.press("1")
        await settled(pilot)
        assert "not grouped" not in shown(pilot)

    explore(small_catalog, flow)
