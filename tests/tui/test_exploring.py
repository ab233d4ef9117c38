"""Groups, columns, pictures of many runs, the palette and colours, by keyboard."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from artui.catalog import Catalog, points, runs
from artui.query.things import find_things
from artui.settings import Settings, load_settings
from artui.tui.cells import MARK, length_of, make_palette
from artui.tui.colouring import mark_of
from artui.tui.screens import palette
from artui.tui.screens.column import ColumnScreen
from artui.tui.screens.columns import range_text
from artui.tui.screens.pick import PickScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.runs.uses import uses_of
from artui.tui.themes import chosen_theme, themes_of
from artui.tui.widgets.bars import Press
from artui.tui.widgets.chartgrid import ChartGrid
from artui.tui.widgets.groupcells import group_cell
from artui.tui.widgets.parallel import Parallel
from artui.tui.widgets.scatter import Scatter
from artui.units import number_text
from tests.reading import open_reader
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


async def _press(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys, wait until the screen has come to rest, and give its text."""
    await pilot.press(*keys)
    await settled(pilot)
    return shown(pilot)


async def _to_column(pilot: Pilot[Any], column: str) -> None:
    table = pilot.app.screen.table  # type: ignore[attr-defined]
    while table.column_id != column:
        before = table.column
        await pilot.press("right")
        assert table.column != before, f"there is no column {column}"
    await settled(pilot)


def test_columns_to_group_by_are_offered_where_there_is_none(small_catalog: Path, explore: Explore) -> None:
    """g c on the names of the runs, by which nothing can be grouped, asks for another column."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _press(pilot, "home", "g", "c")
        assert isinstance(pilot.app.screen, PickScreen) and "group by" in text
        await settled(pilot)
        # What each holds: words with how often they come, numbers from where to where.
        rows = [row.split(maxsplit=1) for row in shown(pilot).splitlines() if row.startswith("   params.")]
        assert rows and all(len(row) == 2 for row in rows), shown(pilot)
        await _press(pilot, *"optmz", "enter")
        assert on(pilot, RunsScreen).state.arrangement.grouping == ("param:optimizer",)
        assert "adam (8)" in shown(pilot)

    explore(small_catalog, flow)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_what_differs_within_a_group_is_said_in_one_way(
    small_catalog: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """In the table as in the details, however narrow the column: it varies, or its range is shown."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "g", "p", "p")
        table = on(pilot, RunsScreen).table
        group = table.groups[0]
        seen = set()
        for shape in table.view.shapes:
            spread = group.spreads.get(shape.column.id)
            if shape.column.source == "param" and spread is not None and spread.distinct > 1:
                text = "".join(text for text, _ in group_cell(group, shape, 0)).strip()
                assert text == "varies" or "–" in text, shape.column.name
                seen.add(text)
        assert "varies" in seen
        assert "varies: " in shown(pilot)

    explore(small_catalog, flow, size=size)


def test_groups_show_best_mean_and_number(small_catalog: Path, explore: Explore) -> None:
    """g c groups by the current column; enter unfolds, space marks all of a group, g u ends it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "param:optimizer")
        text = await _press(pilot, "g")
        assert "this column" in text and "all but seed" in text
        text = await _press(pilot, "c")
        assert (
            "in 3 groups" in text
            and "mean ± sd" in text
            and "adam (8" in text
            and "sgd (3" in text
            and "fewer than 5 runs are dim" in text
        )
        table = pilot.app.screen.table  # type: ignore[attr-defined]
        place = next(i for i, group in enumerate(table.groups) if group.values == ("sgd",))
        for _ in range(place):
            await pilot.press("down")
        text = await _press(pilot, "enter")
        assert "calm-otter-3" in text and "calm-otter-1 " not in text and "enter" in text.splitlines()[-1]
        await pilot.press("space")
        assert len(table.marked) == 3
        assert " enter open " in (await _press(pilot, "down")).splitlines()[-1]
        text = await _press(pilot, "M", "g", "u")
        assert "groups" not in text.splitlines()[1] and "calm-otter-11" in text

    explore(small_catalog, flow, size=(160, 36))


def test_grouping_is_remembered_and_kept_in_views(small_catalog: Path, explore: Explore) -> None:
    """The grouping is restored at the next start."""

    async def leave(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "param:lr")
        assert "in 3 groups" in await _press(pilot, "g", "c")

    async def come_back(pilot: Pilot[Any]) -> None:
        assert "in 3 groups" in shown(pilot)
        await _press(pilot, "g", "u")

    explore(small_catalog, leave, size=(160, 36))
    explore(small_catalog, come_back, size=(160, 36))


def test_marks_are_there_again_at_the_next_start(small_catalog: Path, explore: Explore) -> None:
    """Marks are restored at the next start; a saved view has no marks."""

    async def leave(pilot: Pilot[Any]) -> None:
        await _press(pilot, "space", "space")
        await pilot.pause(0.6)
        await settled(pilot)

    async def come_back(pilot: Pilot[Any]) -> None:
        assert "2 marked" in shown(pilot)
        await _press(pilot, "M")
        await pilot.pause(0.6)
        await settled(pilot)

    async def again(pilot: Pilot[Any]) -> None:
        assert "marked" not in shown(pilot)

    for flow in (leave, come_back, again):
        explore(small_catalog, flow)


def test_groups_can_be_ordered_by_their_means(small_catalog: Path, explore: Explore) -> None:
    """g m orders by the mean of the sorted column, not by the best run."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "metric:val/loss")
        await _press(pilot, "s")
        await _to_column(pilot, "param:optimizer")
        await _press(pilot, "g", "c")
        await _press(pilot, "g", "m")
        table = pilot.app.screen.table  # type: ignore[attr-defined]
        spreads = [group.spreads["metric:val/loss"] for group in table.groups if "metric:val/loss" in group.spreads]
        # What runs that diverged leave is no better than the others.
        means = [(spread.odd > 0, spread.mean) for spread in spreads]
        assert means == sorted(means) and len(means) == 2

    explore(small_catalog, flow, size=(160, 36))


@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("size", [(80, 24), (160, 36)])
def test_what_groups_show_below_the_sorted_metric_is_what_orders_them(
    presses: int, size: tuple[int, int], demo_catalog: Path, explore: Explore
) -> None:
    """Sorted up a group shows its smallest value, sorted down its largest, as its heading says; signs are explained."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "metric:val/loss")
        await _press(pilot, *["s"] * presses)
        await _to_column(pilot, "param:optimizer.name")
        await _press(pilot, "g", "c")
        table = pilot.app.screen.table  # type: ignore[attr-defined]
        table.move_column(-table.column)
        await settled(pilot)
        text = shown(pilot)
        is_down = "val/loss↓" in text
        assert is_down == (presses == 2)
        place = next(i for i, shape in enumerate(table.view.shapes) if shape.column.id == "metric:val/loss")
        shape = table.view.shapes[place]
        cells = ["".join(text for text, _ in group_cell(group, shape, 0)) for group in table.groups]
        numbers = [float(cell.split()[0]) for cell in cells if cell.strip()[:1].isdigit()]
        assert len(numbers) > 2 and numbers == sorted(numbers, reverse=is_down)
        assert f"{'max' if is_down else 'min'}, mean ± sd" in text or "mean ± sd" not in text
        # What is explained is in sight: shares of runs, and that some of the others diverged.
        below = "\n".join(text.splitlines()[3:-1])
        assert bool(re.search(r"\(\d+ of \d+\)!", below)) == ("! some diverged" in text.splitlines()[1])
        assert bool(re.search(r"\(\d+ of \d+\)(?!!)", below)) == ("(n of m) have a value" in text.splitlines()[1])
        for group in table.groups:
            spread = group.spreads.get("metric:val/loss")
            if spread is not None and 0 < spread.count < len(group.keys):
                mean = number_text(spread.mean, 3)
                of = f"({spread.count} of {len(group.keys)})" + "!" * bool(spread.odd)
                assert re.search(rf"{mean[:-1]}\S*( ±\S+)? {re.escape(of)}", below), (mean, of)

    explore(demo_catalog, flow, size=size)


def test_g_g_is_the_first_line(small_catalog: Path, explore: Explore) -> None:
    """After g, g goes to the first line; any other key without a meaning there only ends the menu."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down", "down")
        await _press(pilot, "g", "z")
        assert pilot.app.screen.table.cursor == 3  # type: ignore[attr-defined]
        await _press(pilot, "g", "g")
        assert pilot.app.screen.table.cursor == 0  # type: ignore[attr-defined]

    explore(small_catalog, flow)


def test_column_is_described_and_filters(small_catalog: Path, explore: Explore) -> None:
    """F lists the values of a column with their numbers; enter shows the runs of one, / finds values."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "param:optimizer")
        text = await _press(pilot, "F")
        on(pilot, ColumnScreen)
        assert "11 of 12 runs with a value" in text and "adam" in text and "none" in text
        # A mean without the runs that diverged says so, as in groups.
        marked = [line.split()[0] for line in text.splitlines() if re.search(r"\d! ", line + " ")]
        assert "! some diverged" in text and marked == ["adam"]
        text = await _press(pilot, "slash", *"sgd", "enter")
        assert "adam" not in text
        text = await _press(pilot, "enter")
        on(pilot, RunsScreen)
        assert "3 of 12 runs" in text and "params.optimizer = sgd" in text

    explore(small_catalog, flow, size=(160, 36))


@pytest.mark.parametrize(
    ("column", "typed", "count"), [("attribute:name", "otter-1$", 1), ("param:optimizer", "^s", 3), ("param:hidden", "> 200", 5)]
)  # fmt: skip
def test_runs_are_marked_by_what_a_column_holds(
    small_catalog: Path, explore: Explore, column: str, typed: str, count: int
) -> None:
    """| marks by pattern or comparison in the current column."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, column)
        text = await _press(pilot, "vertical_line", *typed, "enter")
        assert f"{count} marked" in text

    explore(small_catalog, flow, size=(160, 36))


def test_broken_pattern_is_reported(small_catalog: Path, explore: Explore) -> None:
    """A broken pattern marks nothing and says what is wrong."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _press(pilot, "vertical_line", *"(otter", "enter")
        assert "marked" not in text and "pattern" in text.lower()

    explore(small_catalog, flow)


def test_pictures_of_marked_runs(small_catalog: Path, explore: Explore) -> None:
    """f draws the marked runs; tab goes from curves to scatter, parallel coordinates and histogram; esc leads back."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _press(pilot, "space", "space", "space", "f")
        on(pilot, PlotScreen)
        assert "val/loss" in text and "calm-otter-11" in text and any("⠀" < letter <= "⣿" for letter in text)
        text = await _press(pilot, "tab")
        assert "against" in text and "rank correlation" in text and text.count("•") + 3 >= 9
        assert "12 runs, 3 marked in colour" in text
        text = await _press(pilot, "right", "right")
        assert "◎ calm-otter-" in text
        await _press(pilot, "enter")
        on(pilot, RunScreen)
        await _press(pilot, "escape")
        text = await _press(pilot, "tab")
        assert "Parallel coordinates" in text and "hidden" in text and "in front: 3 marked runs" in text
        text = await _press(pilot, "up")
        assert "◎ calm-otter-" in text and "rank 1 of 1" in text
        await _press(pilot, "enter")
        on(pilot, RunScreen)
        text = await _press(pilot, "escape")
        assert "rank 1 of 1" in text
        text = await _press(pilot, "tab")
        assert "median" in text and "▸" in text
        await _press(pilot, "escape")
        on(pilot, RunsScreen)

    explore(small_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("keys", [("tab",), ("tab", "C", *"optimizer", "enter"), ("tab", "tab")])
def test_a_run_that_is_marked_in_a_picture_is_drawn_so(small_catalog: Path, explore: Explore, keys: tuple[str, ...]) -> None:  # fmt: skip
    """space marks the run under the cursor in the picture at once, names it in the legend, and takes it back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "f")
        for key in keys:
            await _press(pilot, key)
        screen = on(pilot, PlotScreen)
        await _press(pilot, "up")
        run = screen.acted_run()
        assert run is not None
        view: Any = screen._view()
        text = await _press(pilot, "space")
        assert list(view.picked) == [run.key] and list(screen._marked_names.values()) == [run.name]
        assert f"◎ {run.name} {MARK} " in text
        await _press(pilot, "space")
        assert not view.picked and not screen._marked_names

    explore(small_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_best_of_many_runs_are_in_colour(small_catalog: Path, explore: Explore, width: int) -> None:
    """Without marks the six best by the first chart are, and the legend says so; ] goes on to the next ones."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _press(pilot, "f")
        screen = on(pilot, PlotScreen)
        title = screen._judge
        sign = 1 if "loss" in title else -1
        lasts = {
            head.name: sign * metric.summary.last
            for head, metrics in screen._runs
            for metric in metrics
            if metric.title == title and math.isfinite(metric.summary.last)
        }
        assert len(screen._runs) > 8 and len(lasts) > 6 and screen.grid.panels[0].key == title
        names = [screen._runs[place][0].name for place in screen._picked_places()]
        assert [lasts[name] for name in names] == sorted(lasts.values())[:6]
        # Of how many is said where the names of the runs are whole beside it.
        said = f"best 6 of {len(lasts)} by {title}", f"best 6 by {title}"
        assert any(one in text for one in said) if width > 80 else "best 6" in text
        assert length_of(screen._legend()[0]) + length_of(screen._legend()[1]) <= width
        # Names can be told apart, and say more than their first letters.
        legend = [span[0] for span in screen._legend()[0] if isinstance(span, Press)]
        assert len(set(legend)) == 6
        assert all(cell_len(cut) >= min(8, cell_len(name)) for cut, name in zip(legend, names, strict=True))
        text = await _press(pilot, "right_square_bracket")
        assert f"rank 2 of {len(lasts)}" in text
        assert screen.acted_run() == screen._runs[1][0]
        # The best ones keep their colours, and one of them stands out until esc.
        assert [screen._runs[place][0].name for place in screen._picked_places()] == names
        assert [line.title for line in screen.grid.lines if line.is_front] == names[1:2]
        for _ in range(6):
            await _press(pilot, "right_square_bracket")
        assert [line.title for line in screen.grid.lines if line.is_front] == [screen._runs[7][0].name]
        assert screen._picked_places() == list(range(2, 8))
        # Without colours nothing is said of them.
        pilot.app.palette = make_palette(is_coloured=False, is_rich=False)  # type: ignore[attr-defined]
        text = await _press(pilot, "escape")
        assert "in colour" not in text and "6 with signs" in text
        assert on(pilot, PlotScreen) is screen and not any(line.is_front for line in screen.grid.lines)
        assert " in front" not in text

    explore(small_catalog, flow, size=(width, 36))


@pytest.mark.parametrize("keys", [(), ("s",), ("s", "s")])
@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_best_of_more_runs_than_are_drawn_are_the_best_of_all(tmp_path: Path, explore: Explore, width: int, keys: tuple[str, ...]) -> None:  # fmt: skip
    """However the table is sorted; each number that is said of ranks and counts is one of all runs that have the metric."""
    path = tmp_path / "many.artui"
    lasts: dict[str, float] = {}
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(130):
            run = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=1_790_000_000_000 + number * 1000))  # fmt: skip
            if number % 13:
                lasts[f"r{number}"] = last = (number * 37 % 101) / 101
                points.append(connection, run, runs.name_key(connection, "val/acc"), "", *points.pack([(0, 0, 0.0), (1, 1, last)]))  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, *keys)
        text = await _press(pilot, "f")
        screen = on(pilot, PlotScreen)
        front = [screen._runs[place][0].name for place in screen._picked_places()]
        assert [lasts[name] for name in front] == sorted(lasts.values(), reverse=True)[:6]
        assert len(screen._runs) == 50
        assert f"best 6 of {len(lasts)} by val/acc" in text
        behind = [head.name for head, _ in screen._runs if head.name in lasts and head.name not in front]
        assert f"10–90 % of {len(behind)} of 124 others" in text
        for place in range(2, 10):
            text = await _press(pilot, "right_square_bracket")
            current = screen.acted_run()
            assert current is not None
            rank = screen._ranks[current.key]
            assert sum(last > lasts[current.name] for last in lasts.values()) < rank <= sum(last >= lasts[current.name] for last in lasts.values())  # fmt: skip
            assert f"rank {rank} of {len(lasts)}" in text, place

    explore(path, flow, size=(width, 24))


@pytest.mark.parametrize("count", [20, 100])
def test_curves_are_judged_by_the_best_values_where_the_table_is(tmp_path: Path, explore: Explore, count: int) -> None:
    """b turns a metric to its best value: the runs in colour, their ranks and how many have one are of that; again, of the last one."""
    path = tmp_path / "best.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            run = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=1_790_000_000_000 + number * 1000))  # fmt: skip
            # The last are the better at their best; every fourth diverged after that.
            last = math.nan if number % 4 == 0 else 1 + number / count
            logged = [(0, 0, 9.0), (1, 1, 0.5 - number / count / 4), (2, 2, last)]
            points.append(connection, run, runs.name_key(connection, "val/loss"), "", *points.pack(logged))

    async def flow(pilot: Pilot[Any]) -> None:
        table = on(pilot, RunsScreen)
        table.sort_by_name("metric", "val/loss")
        await settled(pilot)
        for said, expected in (
            (f"best 6 of {count * 3 // 4} by val/loss ", [number for number in range(count) if number % 4][:6]),
            (f"best 6 of {count} by val/loss best", [*range(count)][:-7:-1]),
        ):
            text = await _press(pilot, "f")
            screen = on(pilot, PlotScreen)
            assert said in text
            assert [screen._runs[place][0].name for place in screen._picked_places()] == [f"r{n}" for n in expected]
            assert screen._axes[-1] == screen.y and screen.y.aggregate == ("min" if "best" in said[6:] else "last")
            await _press(pilot, "escape", "b")

    explore(path, flow, size=(160, 24))


@pytest.mark.parametrize("sorted_by", ["", "val/acc", "val/loss"])
def test_all_pictures_judge_by_what_the_table_is_sorted_by(tmp_path: Path, explore: Explore, sorted_by: str) -> None:
    """Else by its first metric; its chart comes first, and where more are best than are in colour, that is said."""
    path = tmp_path / "tied.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(20):
            run = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=1_790_000_000_000 + number * 1000))  # fmt: skip
            for name, last in (("val/acc", min(number, 8) / 8), ("val/loss", number / 20)):
                points.append(connection, run, runs.name_key(connection, name), "", *points.pack([(0, 0, 0.5), (1, 1, last)]))  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        table = on(pilot, RunsScreen)
        metrics = [column for column in table.shown_columns() if column.source == "metric"]
        judge = sorted_by or metrics[0].name
        if sorted_by:
            table.sort_by_name("metric", sorted_by)
            await settled(pilot)
        text = await _press(pilot, "f")
        screen = on(pilot, PlotScreen)
        assert screen.grid.panels[0].key == screen._judge == judge == screen.y.name == screen._axes[-1].name
        assert ("12 that are equally best by val/acc" if judge == "val/acc" else "best 6 of 20 by val/loss") in text

    explore(path, flow, size=(160, 36))


def test_brush_of_parallel_coordinates_becomes_a_filter(small_catalog: Path, explore: Explore) -> None:
    """A third of an axis is brought to the front, and f shows these runs in the table."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "f", "tab", "tab")
        parallel = pilot.app.screen.query_one(Parallel)
        while parallel.axes[parallel.current].title != "hidden":
            await pilot.press("left")
        text = await _press(pilot, "b")
        assert "top third" in text
        assert "f shows the runs" in await _press(pilot, "enter")
        text = await _press(pilot, "f")
        on(pilot, RunsScreen)
        assert "params.hidden >=" in text and "4 of 12 runs" in text

    explore(small_catalog, flow, size=(120, 36))


def test_bar_of_a_histogram_becomes_a_filter(small_catalog: Path, explore: Explore) -> None:
    """The runs of the bar under the cursor are shown in the table."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _to_column(pilot, "param:hidden")
        await _press(pilot, "F", "f")
        text = await _press(pilot, "right", "right")
        text = await _press(pilot, "enter")
        on(pilot, RunsScreen)
        assert "params.hidden" in text and "of 12 runs" in text

    explore(small_catalog, flow, size=(120, 36))


def test_axes_are_chosen_by_typing(small_catalog: Path, explore: Explore) -> None:
    """x and y offer every column; what is typed leaves those that contain it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "f", "tab")
        text = await _press(pilot, "y", *"acc.max")
        assert "metrics.val/acc.max" in text and "params.lr" not in text
        text = await _press(pilot, "enter")
        scatter = pilot.app.screen.query_one(Scatter)
        assert scatter.titles[1] == "val/acc best" and "val/acc best against" in text
        before = scatter.titles
        await _press(pilot, "greater_than_sign")
        assert scatter.titles == (before[1], before[0])

    explore(small_catalog, flow, size=(120, 36))


def test_charts_are_looked_at_more_closely(small_catalog: Path, explore: Explore) -> None:
    """. halves the x axis in all charts, ( and ) go sideways, 0 and esc show all of it; only points in sight are drawn."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "down", "down", "enter", "tab")
        grid = pilot.app.screen.query_one(ChartGrid)
        await _press(pilot, "full_stop")

        def window() -> tuple[float, float] | None:
            return grid.options.window

        first = window()
        assert first is not None and first[0] > 0 and first[1] < 195
        xs = grid.lines[0].curve.xs
        assert sum(x < first[0] for x in xs) <= 1 and sum(x > first[1] for x in xs) <= 1 and len(xs) > 10
        await _press(pilot, "right_parenthesis")
        assert grid.options.window is not None and grid.options.window[0] > first[0]
        await _press(pilot, "comma", "0")
        assert window() is None and len(grid.lines[0].curve.xs) == 40
        await _press(pilot, "full_stop", "escape")
        assert window() is None and on(pilot, RunScreen)

    explore(small_catalog, flow)


def test_points_are_placed_by_another_metric(small_catalog: Path, explore: Explore) -> None:
    """x offers steps, times and the metrics of the run; the key that once did says so, once, and does nothing else."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "down", "down", "enter", "tab")
        text = await _press(pilot, "X")
        assert "x chooses the x axis" in text
        text = await _press(pilot, "x", *"epoch", "enter")
        grid = pilot.app.screen.query_one(ChartGrid)
        assert grid.options.axis == "metric:epoch" and "x epoch" in text
        assert max(grid.lines[0].curve.xs) == 39.0
        axes = []
        for words in ("step", "since", "wall"):
            await _press(pilot, "x", *words, "enter")
            axes.append(grid.options.axis)
        assert axes == ["step", "time", "wall"]
        # A time of the clock has no ratio to another: that axis stays linear.
        is_log = []
        for keys in (("O",), ("x", *"step", "enter", "O")):
            await _press(pilot, *keys)
            is_log.append((grid.options.axis, grid.options.is_log_x))
        assert is_log == [("wall", False), ("step", True)]

    explore(small_catalog, flow)


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_chart_is_written_to_a_file(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """e asks for a name and writes what is drawn; an existing file is never overwritten."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / f"loss.{ending}"

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "down", "down", "enter", "tab")
        for _ in range(2):
            await pilot.press("e", "ctrl+u", *target.name)
            text = await _press(pilot, "enter")
        assert "already exists" in text

    explore(small_catalog, flow, size=(200, 36))
    content = target.read_bytes()
    assert content.startswith(b"<svg" if ending == "svg" else b"\x89PNG")


def test_confusion_matrix_is_shaded(demo_catalog: Path, explore: Explore) -> None:
    """f draws a table of a version; the cell under the cursor is described in words; % shows shares of the row."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "2", "slash", *"confusion table", "enter")
        await _press(pilot, "enter")
        text = await _press(pilot, "f")
        assert "10 × 10" in text and "0 → 0" in text
        text = await _press(pilot, "down", "right")
        assert "1 → 1" in text and "in the row" in text
        text = await _press(pilot, "percent_sign")
        assert "shares of the row" in text and "%" in text

    explore(demo_catalog, flow)


def test_palette_goes_to_anything(small_catalog: Path, explore: Explore) -> None:
    """: finds runs, references, metrics and actions; what was opened recently is offered before anything is typed."""

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _press(pilot, "colon", *"otter-7")
        assert "calm-otter-7" in text
        await _press(pilot, "enter")
        on(pilot, RunScreen)
        assert "calm-otter-7" in shown(pilot)
        text = await _press(pilot, "escape", "ctrl+p")
        assert "recent" in text and "calm-otter-7" in text
        text = await _press(pilot, *"candidate")
        assert "digits-model:candidate" in text
        text = await _press(pilot, *["backspace"] * 9, *"digits-model:candidate")
        assert "digits-model:v1" in text
        await _press(pilot, "enter")
        assert ("candidate" in shown(pilot) and "versions" in shown(pilot)) or "digits-model" in shown(pilot)
        await _press(pilot, "1")
        text = await _press(pilot, "colon", *"val/acc", "enter")
        on(pilot, RunsScreen)
        assert "by val/acc ↓" in text
        await _press(pilot, "colon", *"invert", "enter")
        assert len(on(pilot, RunsScreen).table.marked) == 12
        # A version that is not there leads to those that are, and a slip to what is called like it.
        text = await _press(pilot, "colon", *"digits-model:v9")
        line = next(line for line in text.splitlines() if "no v9" in line)
        assert "artifact" in line and "no v9: v1 and" in line
        text = await _press(pilot, *["backspace"] * 15, *"digits-modle")
        assert "nothing here contains this" not in text and "digits-model" in text
        await _press(pilot, "escape")
        text = await _press(pilot, "colon", *"zzzz")
        assert "nothing here contains this" in text
        await _press(pilot, "escape")
        on(pilot, RunsScreen)

    explore(small_catalog, flow)


def test_lines_of_any_list_are_found(small_catalog: Path, explore: Explore) -> None:
    """/ goes to the first line that has the words, n to the next one and around; esc clears them."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "down", "down", "enter")
        text = await _press(pilot, "slash", *"digits", "enter")
        facts = pilot.app.screen.query_one("#facts")
        first = facts.hit  # type: ignore[attr-defined]
        assert "'digits'" in text
        await _press(pilot, "n")
        assert facts.hit != first or "1 line" in text  # type: ignore[attr-defined]
        text = await _press(pilot, "slash", "ctrl+u", *"no such words", "enter")
        assert "No line has" in text
        await _press(pilot, "escape")
        on(pilot, RunScreen)
        await _press(pilot, "escape")
        on(pilot, RunsScreen)

    explore(small_catalog, flow)


def test_colours_are_chosen_and_remembered(small_catalog: Path, explore: Explore) -> None:
    """ctrl+t changes the colours at once, and the next start has them."""

    async def flow(pilot: Pilot[Any]) -> None:
        before = pilot.app.palette.styles["text"]  # type: ignore[attr-defined]
        await _press(pilot, "ctrl+t", *"light", "enter")
        after = pilot.app.palette.styles["text"]  # type: ignore[attr-defined]
        assert before != after and pilot.app.get_css_variables()["back"] == "#ffffff"

    async def again(pilot: Pilot[Any]) -> None:
        assert pilot.app.get_css_variables()["back"] == "#ffffff"
        await _press(pilot, "ctrl+t", *"dark", "enter")

    explore(small_catalog, flow)
    explore(small_catalog, again)


def test_own_theme_takes_what_it_does_not_say_from_its_base() -> None:
    """The user's colours are read; an unknown name or an invalid colour is refused with the valid ones."""
    settings = Settings(themes={"paper": {"base": "light", "accent": "#000087", "curves": ["#000087"]}}, theme="paper")
    paper = chosen_theme(settings)
    assert paper.colours["accent"] == "#000087" and paper.background == "#ffffff" and paper.curves == ("#000087",)
    wrongs: list[Any] = [{"accent": "blue"}, {"shadow": "#000000"}, {"base": "noir"}, {"curves": []}, 7]
    for wrong in wrongs:
        with pytest.raises(Exception, match="paper"):
            themes_of(Settings(themes={"paper": wrong}))
    with pytest.raises(Exception, match="There is no theme"):
        chosen_theme(Settings(theme="noir"))


def test_comparison_in_depth(demo_catalog: Path, explore: Explore) -> None:
    """i adds statistics, T turns runs into lines and back, a adds runs by a filter, D shows code; esc leads back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "slash", *"name ~ final", "enter")
        text = await _press(pilot, "space", "space", "c")
        assert "2 runs" in text
        text = await _press(pilot, "i")
        assert "val/loss.min" in text or "step_of_min" in text
        text = await _press(pilot, "T")
        assert text.count("final-") >= 2 and "more column" in text
        text = await _press(pilot, "right_square_bracket", "T")
        text = await _press(pilot, "a", *"sweep and val/acc > 0.97", "enter")
        assert "runs" in text and "2 runs" not in text.splitlines()[1]
        text = await _press(pilot, "D")
        assert "code from final-" in text and " − from final-" in text and " + to " in text
        await _press(pilot, "escape", "escape")
        on(pilot, RunsScreen)

    explore(demo_catalog, flow, size=(120, 36))


def test_settings_with_keys_and_themes_are_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of the settings file arrive as they are."""
    folder = home / "config" / "artui"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "settings.toml"
    file.write_text('theme = "paper"\n[themes.paper]\nbase = "light"\n[keys]\n"runs.sort" = "f2"\n')
    try:
        load_settings.cache_clear()
        settings = load_settings()
        assert settings.keys == {"runs.sort": "f2"} and settings.themes == {"paper": {"base": "light"}}
    finally:
        file.unlink()
        load_settings.cache_clear()


def test_columns_of_pictures_are_read_once(small_catalog: Path, explore: Explore) -> None:
    """An axis that is taken away and put back is there at once: what has been read is kept."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "f", "tab")
        screen = on(pilot, PlotScreen)
        scatter = dict(screen._placed)
        await _press(pilot, "tab")
        read = dict(screen._placed)
        await _press(pilot, "minus", "shift+tab", "greater_than_sign")
        assert len(scatter) == 2 and set(scatter) < set(read)
        assert all(screen._placed[name] is placed for name, placed in read.items())

    explore(small_catalog, flow, size=(120, 36))


def test_runs_of_a_scatter_are_coloured_by_a_column(small_catalog: Path, explore: Explore) -> None:
    """C chooses a column, whose words stand in the legend; of the run under the cursor its value is said."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "f", "tab")
        text = await _press(pilot, "C", *"optimizer", "enter")
        assert "optimizer  ● adam  ◇ sgd" in text and "◇" in "".join(text.splitlines()[4:-3])
        # With too little room beside the tabs they have a line of their own.
        assert "● adam" in text.splitlines()[1]
        await pilot.resize_terminal(60, 24)
        text = await _press(pilot)
        assert " optimizer  ● adam  ◇ sgd" in text.splitlines()[2] and "histogram" in text.splitlines()[1]
        await pilot.resize_terminal(120, 36)
        text = await _press(pilot, "right")
        assert ", optimizer " in text
        text = await _press(pilot, "C", *"no column", "enter")
        assert "● adam" not in text

    explore(small_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_legends_name_every_marked_run(small_catalog: Path, explore: Explore, width: int) -> None:
    """Scatter, also with colours by a column, and parallel coordinates name all of six marked runs, whatever else is said."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, *["space"] * 6, "f")
        screen = on(pilot, PlotScreen)
        for keys in (("tab",), ("C", *"optimizer", "enter"), ("tab",)):
            seen = await _press(pilot, *keys)
            spans, right = screen._legend()
            text, is_coloured = "".join(text for text, _ in spans), screen.tab == "scatter" and len(keys) > 1
            assert len(screen._marked_names) == 6 and "run" in right[0][0]
            assert length_of([*spans, *right]) <= width
            scatter = screen.query_one(Scatter)
            # What the colours stand for is whole, beside the tabs or below them.
            hues = scatter.hues.hues if scatter.hues is not None and is_coloured else ()
            assert all(f"{hue.sign} {hue.label}" in seen for hue in hues) and bool(hues) == is_coloured
            signs = [
                scatter.sign_of(key, number)[0] if is_coloured else mark_of(number)
                for key, number in screen._colours.items()
            ]
            assert [part for part, _ in spans if part in signs] == signs
            for sign, name in zip(signs, screen._marked_names.values(), strict=True):
                assert f"{sign} {name[:3]}" in text

    explore(small_catalog, flow, size=(width, 36))


def test_palette_offers_what_one_does_with_a_name(small_catalog: Path, explore: Explore) -> None:
    """Below a metric or param stands what is done with it; another name is unfolded by enter."""

    async def flow(pilot: Pilot[Any]) -> None:
        for place, use in enumerate(uses_of("metric")):
            await _press(pilot, "colon", *"vlos")
            await _press(pilot, *["down"] * place, "enter")
            screen = pilot.app.screen
            if use.id == "sort":
                assert "by val/loss ↑" in shown(pilot)
            elif use.id == "filter":
                assert on(pilot, RunsScreen).filter.is_typing
                await _press(pilot, *"< 0.3", "enter")
                assert on(pilot, RunsScreen).filter.words == "val/loss < 0.3"
                await _press(pilot, "escape")
            elif use.id == "column":
                table = on(pilot, RunsScreen).table
                assert table.column_id == "metric:val/loss"
            else:
                expected = PlotScreen if use.id == "curves" else ColumnScreen
                assert isinstance(screen, expected), use.id
                assert "val/loss" in shown(pilot)
                await _press(pilot, "escape")
        for typed, fact in (
            ("sort by vlos", "by val/loss ↑"),
            ("plot val/loss", "parallel"),
            ("group optimizer", "adam (8)"),
        ):
            assert typed.split()[-1][:2] in await _press(pilot, "colon", *typed)
            assert fact in await _press(pilot, "enter"), typed
            await _press(pilot, "escape") if "by" not in typed else None
        await _press(pilot, "colon", *"lr")
        group = [use.id for use in uses_of("param")].index("group")
        await _press(pilot, *["down"] * group, "enter")
        assert on(pilot, RunsScreen).state.arrangement.grouping == ("param:lr",)
        await _press(pilot, "escape", "colon", *"val")
        text = shown(pilot)
        assert text.count("▸ ") >= 1 and text.count("sort by it") == 1
        folded = next(line for line in text.splitlines() if "▸" in line).split()[2]
        await _press(pilot, *["down"] * len(uses_of("metric")), "enter")
        assert shown(pilot).count("sort by it") == 2
        await _press(pilot, "enter")
        assert f"by {folded} " in shown(pilot)

    explore(small_catalog, flow)


def test_palette_finds_metrics_and_params_by_letters(small_catalog: Path) -> None:
    """What is meant comes first; letters alone never come before, or beside, names that have the words."""
    with open_reader(small_catalog) as reader:
        firsts = {typed: [(thing.kind, thing.name) for thing in find_things(reader, typed)] for typed in ("vlos", "val/loss", "optlr", "otter-7", "calmotr7")}  # fmt: skip

    assert firsts["vlos"][0] == firsts["val/loss"][0] == ("metric", "val/loss")
    assert firsts["otter-7"][0] == firsts["calmotr7"][0] == ("run", "calm-otter-7")


def test_palette_says_nothing_is_there_only_once_it_has_looked(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the answer is there it says that it looks, and what was listed and still fits stays."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "colon", *"vl")
        monkeypatch.setattr(palette, "REST_SECONDS", 60)
        text = await _press(pilot, *"os")
        assert "val/loss" in text and "val_" not in text
        text = await _press(pilot, *"zz")
        assert "looking …" in text and "nothing here" not in text

    explore(small_catalog, flow)


@pytest.mark.parametrize(
    ("typed", "first", "outcome"),
    [
        ("candidate", "digits-model:candidate", "digits-model"),
        ("failed", "runs by status = failed", "/ status = failed"),
        ("sgd", "runs by sgd", "/ sgd"),
        ("light", "theme", "12 runs"),
    ],
)
def test_palette_takes_aliases_values_and_themes(
    typed: str, first: str, outcome: str, small_catalog: Path, explore: Explore
) -> None:
    """An alias goes before what is said of an action; words of runs filter them; the name of a theme shows it."""

    async def flow(pilot: Pilot[Any]) -> None:
        before = pilot.app.palette.styles["text"]  # type: ignore[attr-defined]
        text = await _press(pilot, "colon", *typed)
        screen: Any = pilot.app.screen
        chosen = "".join(part for part, _ in screen.listing.lines[screen.listing.cursor].spans)
        assert first in chosen, text
        text = await _press(pilot, "enter")
        assert outcome in text and "0 of" not in text.splitlines()[1]
        after = pilot.app.palette.styles["text"]  # type: ignore[attr-defined]
        assert (before != after) == (typed == "light")

    explore(small_catalog, flow, size=(120, 36))


def test_a_filter_never_leaves_only_empty_columns(tmp_path: Path, explore: Explore) -> None:
    """Runs without any of the usual metrics are shown with their own, until the filter is left; chosen columns stay."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(12):
            metrics = {"hits": 0.9 + number / 1000} if number < 2 else {f"loss{place}": 0.3 for place in range(8)}
            params = {"width": number} if number < 2 else {"lr": number / 10}
            key = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", params=params))
            for name, value in metrics.items():
                points.append(connection, key, runs.name_key(connection, name), "", *points.pack([(0, 0, value)]))

    async def flow(pilot: Pilot[Any]) -> None:
        usual = [column.name for column in on(pilot, RunsScreen).shown_columns()]
        assert "hits" not in usual and "loss0" in usual
        text = await _press(pilot, "slash", *"hits > 0", "enter")
        assert "0.9010" in text and "none of the usual metrics" in text
        assert "loss0" not in text and "width" in text
        await _press(pilot, "escape")
        assert [column.name for column in on(pilot, RunsScreen).shown_columns()] == usual
        # Columns that were chosen stay, until artui is to choose again.
        on(pilot, RunsScreen)._choice.change(["metric:loss0"])
        text = await _press(pilot, "slash", *"hits > 0", "enter")
        assert "0.9010" not in text and "loss0" in text
        on(pilot, RunsScreen)._choice.change(None)
        await settled(pilot)
        assert "0.9010" in shown(pilot)

    explore(path, flow, size=(120, 30))


def test_a_single_number_is_no_range() -> None:
    """The list of columns says 1 of what is 1 in all runs, not from 1 to 1."""
    assert range_text(1.0, 1.0) == "1" and range_text(0.5, 2.0).split(" … ") == ["0.5000", "2"]


def test_a_metric_without_any_course_keeps_no_room_for_one(tmp_path: Path, explore: Explore) -> None:
    """Where each run in sight has one point, the next column follows the number; with a second point there is a sparkline; a filter decides anew."""
    path = tmp_path / "once.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(3):
            key = runs.start(
                connection, runs.NewRun(project="p", name=f"r{number}", started_ms=1000, params={"z": number})
            )
            for name in ("val/acc", "val/loss"):
                points.append(
                    connection, key, runs.name_key(connection, name), "", *points.pack([(0, 1, 0.5 + number)])
                )
            runs.finish(connection, key, status="finished", ended_ms=5000, duration_ms=10)

    def gap(text: str) -> int:
        head = next(line for line in text.splitlines() if line.startswith("    run"))
        return head.index("val/loss") - head.index("val/acc")

    async def flow(pilot: Pilot[Any]) -> None:
        close = gap(await _press(pilot))
        with Catalog(path) as catalog, catalog.transaction() as connection:
            points.append(connection, key, runs.name_key(connection, "val/acc"), "", *points.pack([(1, 2, 0.25)]))
        for _ in range(50):
            if gap(shown(pilot)) != close:
                break
            await pilot.pause(0.1)
        assert gap(shown(pilot)) == close + 11
        assert gap(await _press(pilot, "slash", *"r1", "enter")) == close
        assert gap(await _press(pilot, "escape")) == close + 11
        gaps.append(close)

    async def anew(pilot: Pilot[Any]) -> None:
        assert gap(await _press(pilot)) == gaps[0] + 11

    gaps: list[int] = []
    explore(path, flow)
    explore(path, anew)
