"""Runs side by side on the screen: how wide columns are, what says that something differs, which metric is drawn."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from artui.catalog import Catalog, points, runs
from artui.tui.screens import why as why_screen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.runs.columns import column_at
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.why import WhyScreen
from artui.tui.widgets.comparison import CompareTable, TransposedTable, _widened
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
    screen = on(pilot, CompareScreen)
    if not isinstance(screen.table, CompareTable):
        await pilot.press("T")
        await settled(pilot)
    return screen.query_one(CompareTable)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize("count", [2, 4, 9])
def test_all_metrics_say_how_far_they_are_from_the_baseline_and_which_is_best(
    tmp_path: Path, explore: Explore, size: tuple[int, int], count: int
) -> None:
    """In words, behind the value or below it; and what is behind it goes below before a run goes out of sight."""
    made = [
        {"val/loss": 0.1 - number / 300, "epoch": 10.0 * number, "seconds": 1e5 + number} for number in range(count)
    ]
    path = _made(tmp_path / "x.artui", made)

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, count)
        width = size[0] - table.label_cells
        seen: dict[str, list[int]] = {}
        for _ in range(count):
            columns = table._shown_columns
            assert sum(table.widths[number] for number in columns) <= width
            assert len(columns) == count or (table.are_deltas_below and count * 16 > width)
            for index, row in enumerate(table.rows):
                if row is None or row.section != "metrics":
                    continue
                lines = [index, index + 1] if table.are_deltas_below else [index]
                text = "\n".join("".join(text for text, _ in table.draw_line(line, size[0])) for line in lines)
                deltas = re.findall(r"[+−][\d.,]+", text)
                assert len(deltas) == len(columns) - (table.baseline in columns), text
                assert text.count("best") == len(set(row.bests) & set(columns)), text
                others = [float(value) for value in row.values if isinstance(value, int | float)]
                wanted = [others[number] - others[table.baseline] for number in columns if number != table.baseline]
                found = [float(delta.replace("−", "-").replace(",", "")) for delta in deltas]
                assert found == pytest.approx(wanted, rel=0.06), text
                seen.setdefault(row.name, []).extend(columns)
            await pilot.press("right")
        assert all(set(columns) == set(range(count)) for columns in seen.values()) and len(seen) == 3

    explore(path, flow, size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_cursor_goes_from_row_to_row_past_what_stands_below(
    tmp_path: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Down, up, to the end and the beginning, and by the mouse, it stands on a row, and its differences are in sight."""
    path = _made(
        tmp_path / "x.artui", [{f"m{place}/loss": number + place / 7 for place in range(4)} for number in range(9)]
    )

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, 9)
        rows = [row for row in table.rows if row is not None]
        assert table.are_deltas_below
        for keys in (["j"] * (len(rows) + 2), ["k"] * (len(rows) + 2), ["G"], ["g"], ["pagedown"], ["pageup"]):
            for key in keys:
                before = table.cursor
                await pilot.press(key)
                row = table.row
                assert row is not None and (len(keys) == 1 or table.cursor != before or row in (rows[0], rows[-1]))
                last = table.cursor + (row.section == "metrics")
                assert table.scroll_offset.y <= table.cursor and last < table.scroll_offset.y + table.size.height
        for index, row in enumerate(table.rows[: table.size.height]):
            if row is not None and row.section == "metrics":
                await pilot.click(CompareTable, offset=(2, index + 1 - int(table.scroll_offset.y)))
                assert table.row == row

    explore(path, flow, size=size)


@pytest.mark.parametrize("unfinished", ["killed", "failed", "running"])
def test_runs_that_finished_are_held_against_each_other(tmp_path: Path, explore: Explore, unfinished: str) -> None:
    """Neither the baseline nor the better run of why is one that did not finish or has no result, unless it is chosen."""
    path = _made(
        tmp_path / "x.artui", [{"val/loss": 0.01}, {}, {"val/loss": 0.4}, {"val/loss": 0.3}, {"val/loss": 0.2}]
    )
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.finish(connection, 1, status=unfinished, ended_ms=9, duration_ms=9)

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, 5)
        assert table.heads[table.baseline].name == table.heads[table.column].name == "wise-stork-2"
        await pilot.press("w")
        await settled(pilot)
        on(pilot, WhyScreen)
        assert "wise-stork-4 is better than wise-stork-2" in shown(pilot)
        await pilot.press("escape", "left", "left", "w")
        await settled(pilot)
        assert "wise-stork-0 is better than wise-stork-2" in shown(pilot), "what the user chose is held against it"

    explore(path, flow, size=(120, 36))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_runs_stand_apart_and_the_best_one_is_named_wherever_it_is(
    tmp_path: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Two blanks between columns, much of each name, and no column moves for another baseline, which never diverged."""
    values = [{"val/loss": 0.1 + number / 7, "f1": 0.9 - number / 900} for number in range(14)]
    path = _made(tmp_path / "x.artui", [*values[:13], {"val/loss": 0.0123, "f1": 0.5}], name="honest-quail-{}")
    with Catalog(path) as catalog, catalog.transaction() as connection:
        # The first ends in NaN, though its best value is good.
        points.append(connection, 1, runs.name_key(connection, "val/loss"), "", *points.pack([(1, 2, math.nan)]))

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        runs_screen = on(pilot, RunsScreen)
        while column_at(runs_screen.table.view, runs_screen.table.column).name != "val/loss":
            await pilot.press("right")
        await pilot.press("b")
        table = await _compared(pilot, 14)
        assert pilot.app.best_metrics == {"val/loss"}  # type: ignore[attr-defined]
        assert table.heads[table.baseline].name == "honest-quail-1"
        table.show_marks(frozenset(head.key for head in table.heads[2:5]))
        for _ in range(3):
            columns = table._shown_columns
            heads = "".join(text for text, _ in table._heads())
            assert len(re.split("  +", heads.strip())) == len(columns), heads
            assert all(cell_len(table._cut_names[number]) >= 10 for number in columns)
            below = "".join(text for text, _ in table.draw_line(table.cursor + 1, size[0]))
            assert not re.search(r"best [+−]", below)
            summary = shown(pilot).splitlines()[1]
            assert f"baseline honest-quail-{table.baseline} ▾ " in summary, summary
            assert (
                bool(re.search("4 of 6 (rows |columns )?differ ", summary))
                == (size[0] > 80)
                == ("v reads what is cut" in summary)
            )
            assert ("best: honest-quail-13" in summary) == (13 not in columns)
            widths = list(table.widths)
            await pilot.press(*["right"] * 5, "b")
            await settled(pilot)
            assert table.widths == widths

    explore(path, flow, size=size)


@pytest.mark.parametrize(("size", "count"), [((80, 24), 2), ((120, 36), 2), ((120, 36), 14), ((200, 50), 8)])
def test_runs_as_lines_keep_their_distance_and_charts_take_the_rest(
    tmp_path: Path, explore: Explore, size: tuple[int, int], count: int
) -> None:
    """Where lines are left, each run has one below its values; no row of the screen stays empty below the table."""
    path = _made(tmp_path / "x.artui", [{"val/loss": 0.1 + number / 7} for number in range(count)])
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for key in range(1, count + 1):
            name_key = runs.name_key(connection, "val/loss")
            points.append(connection, key, name_key, "", *points.pack([(1, 2, key / 9), (2, 3, key / 8)]))

    async def flow(pilot: Pilot[Any]) -> None:
        await _compared(pilot, count)
        await pilot.press("T")
        await settled(pilot)
        screen = on(pilot, CompareScreen)
        table = screen.query_one(TransposedTable)
        has_room = 2 + 2 * count <= (size[1] - 3) * 3 // 5
        deltas = [f"+{(number + 1) / 8 - 1 / 8:.4f}" for number in range(1, count)]
        assert [delta in shown(pilot) for delta in deltas] == [has_room] * (count - 1)
        assert table.size.height - len(table.lines) <= 1
        last = next(chart for chart in screen.charts if chart.is_on_screen)
        assert last.region.bottom == size[1] - 1 and re.search(r"└ \S", shown(pilot).splitlines()[-2])
        for number in [*range(1, count), count - 1]:
            await pilot.press("down")
            assert table.column == number and "".join(text for text, _ in table.draw_line(table.cursor, 80)).count("stork")  # fmt: skip
        await pilot.press("up", "b")
        await settled(pilot)
        assert (table.column, table.baseline) == (count - 2, count - 2)
        assert "▾" in "".join(text for text, _ in table.draw_line(table.cursor, 80))
        # What was scrolled off comes back where there is room behind the last column.
        table._first = table.place = len(table.rows) - 1
        table._show_place()
        assert not table._first or table._places_from(table._first - 1).stop < len(table.rows)

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
        assert "wise-stork-3 is better than wise-stork-0 · val_ACCURACY 0.6200 against 0.5000" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_charts_stand_only_where_there_is_something_to_draw(tmp_path: Path, explore: Explore) -> None:
    """A value that no other run has is said by the table; those that several runs have are bars, which need few rows."""
    lone = _made(tmp_path / "lone.artui", [{"val/loss": 0.5}, {"test/acc": 0.9}])
    shared = _made(tmp_path / "shared.artui", [{"val/loss": 0.5}, {"val/loss": 0.4}])

    async def alone(pilot: Pilot[Any]) -> None:
        await _compared(pilot, 2)
        assert not pilot.app.screen.query_one("#curves").display
        assert "└" not in shown(pilot)

    async def bars(pilot: Pilot[Any]) -> None:
        await _compared(pilot, 2)
        assert pilot.app.screen.query_one("#curves").size.height == 4
        assert "bars from 0 to 0.5" in shown(pilot)

    explore(lone, alone)
    explore(shared, bars)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_runs_without_a_common_metric_say_so_at_once(tmp_path: Path, explore: Explore, size: tuple[int, int]) -> None:
    """No empty answer comes up, and what is said is not cut."""
    path = _made(tmp_path / "x.artui", [{"val/loss": 0.1}, {"val/acc": 0.2}], name="a-very-long-name-of-a-run-{}")

    async def flow(pilot: Pilot[Any]) -> None:
        await _compared(pilot, 2)
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, CompareScreen) and "metric to judge by" in shown(pilot)

    explore(path, flow, size=size)


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
        # Of two, where all that is shown differs, the mark would be on a whole column.
        marked = [style for index in range(len(table.rows)) for _, style in table.draw_line(index, 120)]
        assert "differs" not in marked and "only those shown" in shown(pilot)
        await pilot.press("=")
        await settled(pilot)
        styles = pilot.app.palette.styles  # type: ignore[attr-defined]
        assert has_colour or styles["differs"] != styles["text"]
        index = next(i for i, row in enumerate(table.rows) if row is not None and row.name == "lr")
        assert [style for text, style in table.draw_line(index, 120) if text.strip() in ("0", "1")] == [
            "text",
            "differs",
        ]
        # Whatever a row is of: numbers that are measured, and times, as much as params.
        for row in (row for row in table.rows if row is not None and row.differs):
            drawn = [style for _, style in table.draw_line(table.rows.index(row), 120)]
            others = [number for number, value in enumerate(row.values) if value is not None and number != table.baseline and number not in row.bests]  # fmt: skip
            assert drawn.count("differs") == len(others), row.name
        await pilot.press("T")
        await settled(pilot)
        lines = on(pilot, CompareScreen).table
        assert [style for text, style in lines.draw_line(3, 120) if text.strip() == "1"] == ["differs"]

    explore(path, flow, size=(120, 36))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("keys", [["c"], ["c", "T"], ["c", "w"]])
def test_long_names_that_are_cut_never_look_alike(
    tmp_path: Path, explore: Explore, size: tuple[int, int], keys: list[str]
) -> None:
    """Names that begin and end alike, and values of params that do, are cut where they differ."""
    name = "experiment-with-a-very-long-name-fold-{}-of-24-with-all-the-data"
    path = _made(tmp_path / "x.artui", [{"val/loss": number / 7} for number in range(5)], name=name)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for key in range(1, 6):
            runs.set_params(connection, key, {"data": f"/mnt/share/datasets/imagenet-{key}/train.parquet"})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*["space"] * 5, *keys)
        await settled(pilot)
        screen = pilot.app.screen
        if isinstance(screen, CompareScreen):
            table = screen.table
            texts = [table._cut_names]
            assert texts[0][0].strip() in shown(pilot) and "…" in texts[0][0]
            row = next(row for row in table.rows if row is not None and row.name == "data")
            table.go_to(table.rows.index(row)) if isinstance(table, TransposedTable) else table.move_to(
                table.rows.index(row)
            )
            await settled(pilot)
            assert "v reads what is cut" in shown(pilot)
            await pilot.press("v")
            await settled(pilot)
            assert f"{name.format(3)}\n     /mnt/share/datasets/imagenet-4/train.parquet" in shown(pilot)
        else:
            assert isinstance(screen, WhyScreen) and screen._factors
            pairs = [screen._heads, *((factor.left, factor.right) for factor in screen._factors)]
            texts = [why_screen._fit_sides(pair, cells) for pair in pairs for cells in (11, 18, 24)]
        assert all(len(set(cut)) == len(cut) for cut in texts), texts

    explore(path, flow, size=size)


@pytest.mark.parametrize(
    ("size", "count", "is_beside", "charts"),
    [
        ((80, 24), 2, False, 1),
        ((120, 36), 2, False, 1),
        ((200, 50), 2, True, 3),
        ((200, 30), 3, True, 1),
        ((200, 50), 9, False, 2),
    ],
)
def test_charts_take_the_room_that_the_table_leaves(
    tmp_path: Path, explore: Explore, size: tuple[int, int], count: int, is_beside: bool, charts: int
) -> None:
    """Beside the table or below it, as many as fit, the one under the cursor first; no run goes out of sight for them."""
    path = _made(tmp_path / "x.artui", [{"val/loss": n / 7, "val/acc": n / 9, "f1": n / 8} for n in range(count)])
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for key in range(1, count + 1):
            for metric in ("val/loss", "val/acc", "f1"):
                name_key = runs.name_key(connection, metric)
                points.append(connection, key, name_key, "", *points.pack([(1, 2, key / 9), (2, 3, key / 8)]))

    async def flow(pilot: Pilot[Any]) -> None:
        table = await _compared(pilot, count)
        screen = on(pilot, CompareScreen)
        in_sight = [chart for chart in screen.charts if chart.is_on_screen and chart.region.area]
        assert len(in_sight) == charts and len({chart.title.split()[0] for chart in in_sight}) == charts
        assert all((chart.region.x >= table.region.right) == is_beside for chart in in_sight)
        assert in_sight[0].title.startswith("val/loss") and table.hidden_count == 0
        assert "…" not in "".join(text for text, _ in table._heads()) or not is_beside
        await pilot.press("down")
        await settled(pilot)
        assert in_sight[0].title.startswith(screen._metric) and screen._metric != "val/loss"

    explore(path, flow, size=size)


def test_runs_become_lines_and_columns_again_wherever_one_is(small_catalog: Path, explore: Explore) -> None:
    """T says what it did and how it goes back; esc goes back too, first to the columns; run, row and baseline stay."""

    def is_in_columns(screen: CompareScreen) -> bool:
        return isinstance(screen.table, CompareTable)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "space", "c")
        await settled(pilot)
        footer = shown(pilot).splitlines()[-1]
        assert " T transpose " in footer and "= all rows" in footer and "c compare" not in footer
        await pilot.press("=")
        assert "= only differences" in shown(pilot)
        await pilot.press("=")
        await pilot.press("escape", "c", "T")  # before the comparison has been read
        await settled(pilot)
        screen = on(pilot, CompareScreen)
        assert not is_in_columns(screen) and "runs are lines now · T or esc" in shown(pilot)
        await pilot.press("escape", "right", "b", "right", "down", "down")
        await settled(pilot)
        assert is_in_columns(screen)
        place = screen.table.column, screen.table.baseline, screen.table.row
        assert place[:2] == (2, 1) and place[2] is not None
        for keys in (("T",), ("escape",), ("T",), ("T",), ("=", "T"), ("i", "T", "="), ("T", "=", "T")):
            await pilot.press(*keys)
            await settled(pilot)
            row = screen.table.row
            assert row is not None and (row.section, row.name) == (place[2].section, place[2].name), keys
            assert (screen.table.column, screen.table.baseline) == place[:2]
            assert screen.table.has_focus
        assert is_in_columns(screen)
        for size in ((120, 36), (80, 24)):
            await pilot.press("T")
            await pilot.resize_terminal(*size)
            await settled(pilot)
            hidden = screen.table.hidden_count
            said = re.search(r"(\d+) more column", shown(pilot))
            assert (int(said[1]) if said else 0) == hidden
            await pilot.press("T")
            await settled(pilot)
        await pilot.press("T", "escape", "escape")
        await settled(pilot)
        assert pilot.app.screen is not screen

    explore(small_catalog, flow, size=(80, 24))


def test_the_current_run_is_in_sight_among_many_lines(tmp_path: Path, explore: Explore) -> None:
    """With many runs as lines, after T, each move and the wheel; what is out of sight is counted above and below."""
    path = _made(tmp_path / "x.artui", [{"val/loss": number / 70} for number in range(40)])

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("asterisk", "c")
        await settled(pilot)
        table = on(pilot, CompareScreen).table
        assert isinstance(table, TransposedTable) and table.scroll_offset.y == 0
        for keys in ([], ["down"] * 25, ["up"] * 9, ["up"] * 9, ["G"], ["g"], ["pagedown"], ["pageup"], ["T T"]):
            for key in keys:
                await pilot.press(*key.split())
                await pilot.pause()
                row = table.cursor - round(table.scroll_offset.y)
                assert 1 <= row < table.size.height, (keys, row)
            await settled(pilot)
            above = round(table.scroll_offset.y)
            below = len(table.lines) - above - table.size.height
            summary = shown(pilot).splitlines()[1]
            assert (f"{above} ↑" in summary or f"{above} more lines ↑" in summary) == (above > 0), (keys, summary)
            assert (f"{below} ↓" in summary or f"{below} more lines ↓" in summary) == (below > 0), (keys, summary)
        await pilot.press(*["down"] * 20)
        for change in (3, -9, 12):
            table.wheel(change)
            await settled(pilot)
            above = round(table.scroll_offset.y)
            summary = shown(pilot).splitlines()[1]
            assert (f"{above} ↑" in summary or f"{above} more lines ↑" in summary) == (above > 0), summary
        assert 1 <= table.cursor - round(table.scroll_offset.y) < table.size.height

    explore(path, flow, size=(120, 36))


@pytest.mark.parametrize(("size", "count"), [((80, 24), 12), ((120, 36), 6), ((200, 50), 31)])  # fmt: skip
def test_many_runs_are_lines_from_the_start_and_go_in_order(
    tmp_path: Path, explore: Explore, size: tuple[int, int], count: int
) -> None:
    """Where half of them have no room as columns; s puts the best first, and esc takes only a turn back that was asked for."""
    path = _made(tmp_path / "x.artui", [{"val/loss": (number * 7 % count) / 70 + 0.01} for number in range(count)])
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for key in range(1, count + 1):
            name_key = runs.name_key(connection, "val/loss")
            value = ((key - 1) * 7 % count) / 70 + 0.01
            points.append(connection, key, name_key, "", *points.pack([(1, 2, value), (2, 3, value)]))

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("asterisk", "c")
        await settled(pilot)
        screen = on(pilot, CompareScreen)
        first, columns = screen.table, screen.query_one(CompareTable)
        is_line = isinstance(first, TransposedTable)
        assert is_line == (count > 6)
        if is_line:
            said = re.search(rf"as columns (\d+) of {count} would be out of sight · T turns them", shown(pilot))
            assert said is not None
        await pilot.press("T")
        await settled(pilot)
        assert isinstance(screen.table, CompareTable) != isinstance(first, CompareTable)
        if is_line:
            assert columns.hidden_count == int(said[1]) >= count / 2  # type: ignore[index]
        await pilot.press("escape")
        await settled(pilot)
        assert screen.table is first and pilot.app.screen is screen
        chosen = screen.subject()
        await pilot.press("s")
        await settled(pilot)
        table = screen.table
        assert chosen is not None and screen.subject() == chosen and table.heads[table.baseline].id == chosen.id
        assert "runs in order of val/loss, the lowest first" in shown(pilot)
        values = [f"{number / 70 + 0.01:.2f}" for number in range(count)]
        row = next(row for row in screen.comparison.rows if row.metric) if screen.comparison else None
        assert row is not None and [f"{value:.2f}" for value in row.values if isinstance(value, float)] == values
        if is_line:
            # Of many curves those of the current run, the baseline and the best ones stand out, by name.
            await pilot.press("G")
            await settled(pilot)
            heads = table.heads
            wanted = list(dict.fromkeys((table.column, table.baseline, *range(count))))[:6]
            picked = {line.run_id for line in screen.charts[0].curves if line.is_picked}
            assert picked == {heads[place].id for place in wanted} and table.column == count - 1
            # By their names, or where these have no room by the signs that they have in the table.
            assert re.search(rf"({heads[0].name} |[●◇△□▽▷○■◈✶A-Z] ?)0\.01", shown(pilot)) and not re.search(
                r"[a-z]-\d+0\.\d", shown(pilot)
            )
        best_id = table.heads[0].id
        await pilot.press("s")
        await settled(pilot)
        assert "the highest first" in shown(pilot) and table.heads[-1].id == best_id
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is not screen

    explore(path, flow, size=size)
