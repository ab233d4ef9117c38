"""What the table of runs says at first sight: bests, aliases, digits, order, counts, columns that stay."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui import clock, start_run
from artui.catalog import points, runs
from artui.catalog.writing import Catalog
from artui.query.reader import Reader
from artui.query.runs.columns import aggregate_ranges, chosen_columns, columns, usual_attributes
from artui.query.runs.grouping import grouped
from artui.query.runs.order import RunOrder, RunsRequest, first_view, run_order
from artui.query.runs.statistics import placed
from artui.tui.screens.column import Bin, ColumnScreen
from artui.tui.screens.columns import ColumnsScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.runs.groups import MANY_SINGLES
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.widgets.prompt import NO_ANSWER
from artui.tui.widgets.runstable import RunsTable
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _add_run(
    path: Path, name: str, *, params: Mapping[str, Any] | None = None, metrics: Mapping[str, Sequence[float]] | None = None, project: str = "p"
) -> None:  # fmt: skip
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run = runs.NewRun(project=project, name=name, started_ms=1_790_000_000_000, params=dict(params or {}))
        key = runs.start(connection, run)
        for metric, values in (metrics or {}).items():
            packed = points.pack([(step, 1_790_000_000_000 + step, value) for step, value in enumerate(values)])
            points.append(connection, key, runs.name_key(connection, metric), "", *packed)
        runs.finish(connection, key, status="finished", ended_ms=1_790_000_009_000, duration_ms=9_000)


def _names(pilot: Pilot[Any]) -> list[str]:
    """Give the names of the runs in sight, from the top."""
    table = on(pilot, RunsScreen).table
    return [row.head.name for key in table.keys if (row := table.row_of(key)) is not None]


def test_best_and_last_are_turned_by_a_key(tmp_path: Path, explore: Explore) -> None:
    """b shows the best value, sorts by it if the last one was sorted by, says so in the header, and turns back."""
    path = tmp_path / "x.artui"
    _add_run(path, "overfitted", params={"lr": 0.1}, metrics={"val/loss": [2.0, 0.05, 1.5]})
    _add_run(path, "steady", params={"lr": 0.2}, metrics={"val/loss": [2.0, 0.5, 0.25]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        text = shown(pilot)
        assert "*1.500" in text and "*0.25" not in text
        await pilot.press("right", "s")
        await settled(pilot)
        assert _names(pilot) == ["steady", "overfitted"]
        await pilot.press("b")
        await settled(pilot)
        text = shown(pilot)
        assert _names(pilot) == ["overfitted", "steady"]
        assert "val/loss best" in text.splitlines()[2] and "by val/loss best" in text.splitlines()[1]
        assert ("0.05" in text and "1.500" not in text and "⡈" in text) or "⠉" in text
        await pilot.press("b")
        await settled(pilot)
        assert _names(pilot) == ["steady", "overfitted"] and "best" not in shown(pilot).splitlines()[2]
        await pilot.press("right", "b")
        await settled(pilot)
        assert "Choose the column of a metric" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_values_in_sight_are_told_apart(tmp_path: Path, explore: Explore) -> None:
    """The best of a loss that is tiny keep the digits that matter, and nothing below one reads as one."""
    path = tmp_path / "x.artui"
    losses = [0.000116, 0.0001164, 0.000144, 0.99999, 1.0]
    for number, loss in enumerate(losses):
        _add_run(path, f"run-{number}", params={"lr": number}, metrics={"val/loss": [loss]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        cells = [line.split()[2] for line in shown(pilot).splitlines() if "run-" in line]
        assert len(set(cells)) == len(losses)
        assert [float(cell) for cell in reversed(cells)] == pytest.approx(losses, rel=1e-3)
        assert sum(float(cell) == 1 for cell in cells) == 1

    explore(path, flow, size=(120, 36))


def test_what_diverged_stands_together_between_numbers_and_missing(tmp_path: Path, explore: Explore) -> None:
    """In both directions: finite values, then infinity and NaN, then runs without the metric."""
    path = tmp_path / "x.artui"
    for name, values in (
        ("none", None), ("nan", [1.0, math.nan]), ("low", [0.1]), ("inf", [1.0, math.inf]), ("high", [0.9]), ("minus", [-math.inf]),
    ):  # fmt: skip
        _add_run(path, name, metrics={} if values is None else {"val/loss": values})
    with Reader(path) as reader:
        for order, finite in (("metrics.val/loss", ["low", "high"]), ("-metrics.val/loss", ["high", "low"])):
            names = [run.name for run in _api_runs(path, order)]
            assert names == [*finite, "inf", "minus", "nan", "none"]
        assert len(run_order(reader, RunsRequest()).keys) == 6


def _api_runs(path: Path, order: str) -> list[Any]:
    from artui import open_catalog

    with open_catalog(path) as catalog:
        return list(catalog.runs(order=order))


def test_columns_stay_when_a_run_arrives(tmp_path: Path, explore: Explore) -> None:
    """A run of another kind adds no column under the reader's eyes; asked to choose again, artui takes it in."""
    path = tmp_path / "x.artui"
    for number in range(3):
        _add_run(path, f"run-{number}", params={"lr": number / 10, "model": "mlp" + "x" * number}, metrics={"val/loss": [1.0 / (1 + number)]})  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        before = shown(pilot).splitlines()[2].split()
        for number in range(5):
            _add_run(
                path, f"other-{number}", params={"batch_size": number, "depth": number}, metrics={"reward": [number]}
            )
        for _ in range(100):
            await pilot.pause(0.05)
            if "8 runs" in shown(pilot):
                break
        await settled(pilot)
        assert "8 runs" in shown(pilot) and shown(pilot).splitlines()[2].split() == before
        await pilot.press("C", "a", "escape")
        await settled(pilot)
        head = shown(pilot).splitlines()[2]
        assert "batch_size" in head and "reward" in head

    explore(path, flow, size=(160, 36))


@pytest.mark.parametrize("width", [80, 120])
def test_params_come_before_seeds_and_ages(tmp_path: Path, explore: Explore, width: int) -> None:
    """What tells runs apart is in sight: two params at 80 cells, and the seed last of all."""
    path = tmp_path / "x.artui"
    for number in range(9):
        _add_run(path, f"run-{number}", params={"seed": number, "output_dir": f"/runs/{number}", "optimizer.lr": 0.1 * number, "hidden": 2**number}, metrics={"val/loss": [2.0, 0.5], "val/acc": [0.1, 0.9]})  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        head = shown(pilot).splitlines()[2].split()
        assert head[:4] == ["run", "val/loss", "lr", "hidden"]
        screen = on(pilot, RunsScreen)
        ids = [shape.column.id for shape in screen.table.view.shapes]
        assert ids[-1] == "param:seed" and ids.index("param:output_dir") > ids.index("param:hidden")

    explore(path, flow, size=(width, 24))


def test_a_long_title_gives_way_to_a_second_param(tmp_path: Path, explore: Explore) -> None:
    """At 80 cells two params are in sight beside an alias, and the title of the second is cut rather than its values."""
    path = tmp_path / "x.artui"
    (tmp_path / "model.bin").write_bytes(b"weights")
    for number in range(9):
        params = {"model": ["mlp", "softmax"][number % 2], "optimizer.name": ["adam", "sgd"][number % 2]}
        with start_run(project="p", name=f"nimble-ferret-{number}", catalog=path, params=params) as run:
            for step in range(4):
                run.log({"val/loss": 1 / (step + 1 + number)})
            if number == 3:
                run.save("digits", tmp_path / "model.bin", alias="production")

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        head, *lines = shown(pilot).splitlines()[2:]
        assert head.split()[:4] == ["run", "alias", "val/loss", "model"] and "…name" in head
        assert "production" in " ".join(lines) and lines[0].split()[-3:-1] == ["mlp", "adam"]
        assert all(len(line.rstrip()) <= 80 for line in (head, *lines))

    explore(path, flow, size=(80, 24))


def test_the_count_is_of_the_filter_beside_it(tmp_path: Path, explore: Explore) -> None:
    """With a filter that cannot be understood, the count says which text it is about, and enter stays in the entry."""
    path = tmp_path / "x.artui"
    for number in range(4):
        _add_run(path, f"run-{number}", metrics={"val/loss": [number / 10]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"run-1")
        await settled(pilot)
        assert "1 of 4 runs ·" in shown(pilot)
        await pilot.press(*" and val/loss <<")
        await settled(pilot)
        assert "1 of 4 runs for run-1" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, RunsScreen).filter.is_typing

    explore(path, flow, size=(120, 36))


def test_a_half_typed_filter_never_empties_the_table(tmp_path: Path, explore: Explore) -> None:
    """Letter by letter some runs stay in sight, also while `and` or a name is only begun."""
    path = tmp_path / "x.artui"
    for number in range(4):
        _add_run(path, f"run-{number}", params={"lr": number}, metrics={"val/loss": [number / 10]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash")
        for letter in "val/loss < 0.3 and lr > 0":
            await pilot.press("space" if letter == " " else letter)
            await settled(pilot)
            assert "run-" in "\n".join(shown(pilot).splitlines()[3:]), letter
        # Typed at once: what was meant before the last condition is shown.
        await pilot.press("ctrl+u", *(("space" if letter == " " else letter) for letter in "val/loss < 0.15 and lr"))
        await settled(pilot)
        assert shown(pilot).count("run-") == 2 and "2 of 4 runs for val/loss < 0.15" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_aliases_find_the_run_in_production(demo_catalog: Path, explore: Explore) -> None:
    """The alias of what a run made is beside its name, sorts and filters; the run in production looks good at first sight."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("right", "right", "s")
        await settled(pilot)
        lines = [line for line in shown(pilot).splitlines() if "●" in line]
        places = [place for place, line in enumerate(lines) if "production" in line]
        assert places and places[0] < 5
        await pilot.press("slash", *"alias = production", "enter")
        await settled(pilot)
        assert "2 of 43 runs" in shown(pilot) and "final-2" in shown(pilot)
        await pilot.press("escape", "slash", *"alias != production and alias is not null", "enter")
        await settled(pilot)
        assert "No run matches" in shown(pilot)  # what is a candidate is in production, too

    explore(demo_catalog, flow, size=(120, 36))


def test_true_and_false_stay_what_they_are(tmp_path: Path) -> None:
    """A param that is true or false is a word on every axis and in every group, also where one run has a number."""
    path = tmp_path / "x.artui"
    for number, value in enumerate([True, False, True]):
        _add_run(path, f"run-{number}", params={"augment": value}, metrics={"val/loss": [number]})
    with Reader(path) as reader:
        column = next(column for column in columns(reader).params if column.name == "augment")
        assert not column.is_numeric
        keys = list(run_order(reader, RunsRequest()).keys)
        assert {group.values for group in grouped(reader, keys, [column])} == {(True,), (False,)}
        assert placed(reader, keys, [column])[0].labels == ("false", "true")
    _add_run(path, "number", params={"augment": 2}, metrics={"val/loss": [1.0]})
    with Reader(path) as reader:
        column = next(column for column in columns(reader).params if column.name == "augment")
        keys = list(run_order(reader, RunsRequest()).keys)
        values = {group.values for group in grouped(reader, keys, [column])}
        assert values == {(True,), (False,), (2,)} and all(type(value) is bool for (value,) in values if value != 2)


def test_a_column_of_unique_numbers_is_listed_in_ranges(tmp_path: Path, explore: Explore) -> None:
    """F shows ranges whose counts add up, and enter leaves the runs of one; a word finds single values."""
    path = tmp_path / "x.artui"
    for number in range(60):
        _add_run(path, f"run-{number}", metrics={"val/loss": [0.5 + number / 7]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("right", "F")
        await settled(pilot)
        screen = on(pilot, ColumnScreen)
        counts = [count for _, count in screen._shown]
        assert sum(counts) == 60 and len(counts) < 60 and "…" in shown(pilot).splitlines()[7]
        places = {line.index("…") for line in shown(pilot).splitlines()[6:-1] if "…" in line}
        assert len(places) == 1, "the ends of ranges are below each other"
        edges = screen.description.edges if screen.description else ()
        steps = {round(high - low, 9) for low, high in pairwise(edges)}
        assert len(steps) == 1 and all(len(repr(edge)) <= 4 for edge in edges), edges
        count = counts[0]
        await pilot.press("enter")
        await settled(pilot)
        assert f"{count} of 60 runs" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_a_column_says_what_the_leading_metric_came_to(tmp_path: Path, explore: Explore) -> None:
    """Beside each value stand the best and the mean of the first metric of the table; gaps between ranges are lines."""
    path = tmp_path / "x.artui"
    for number in range(12):
        lr, loss = (0.001, 0.01, 0.1)[number % 3], 0.25 + number / 8
        _add_run(
            path,
            f"run-{number}",
            params={"lr": lr, "width": 100.25 + number + 60 * (number > 8)},
            metrics={"val/loss": [loss]},
        )

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("right", "right", "F")
        await settled(pilot)
        on(pilot, ColumnScreen)
        lines = shown(pilot).splitlines()
        assert "log" in lines[4] and lines[5].split() == ["value", "runs", "share", "val/loss:", "best", "mean"]
        # Bars stand below the share that they are of; the metric's numbers have headings of their own.
        assert all(line.index("▆") == lines[5].index("share") + len("share") + 2 for line in lines[6:9])
        assert all(len(line[: line.rindex("▆")]) < lines[5].index("best") for line in lines[6:9])
        rows = [[*line.split()[:4], *line.split()[-2:]] for line in lines[6:9]]
        assert rows == [
            ["0.001", "4", "33.3", "%", "0.2500", "0.8125"],
            ["0.01", "4", "33.3", "%", "0.3750", "0.9375"],
            ["0.1", "4", "33.3", "%", "0.5000", "1.062"],
        ]
        # With room it is drawn from where to where it came, on one axis below the numbers of its ends.
        await pilot.resize_terminal(160, 30)
        await settled(pilot)
        head, *drawn = shown(pilot).splitlines()[5:9]
        assert head.split()[-6:] == ["0.2500", "┃", "mean", "─", "all", "1.625"]
        places = [(line.index("─"), line.index("┃"), len(line.rstrip())) for line in drawn]
        assert places == sorted(places) and (places[0][0], places[-1][2]) == (head.index("0.2500"), len(head.rstrip()))
        await pilot.resize_terminal(100, 30)
        await settled(pilot)
        await pilot.press("f")
        await settled(pilot)
        assert "log x" in shown(pilot).splitlines()[2]
        await pilot.press("O")
        await settled(pilot)
        assert "log x" not in shown(pilot).splitlines()[2]
        await pilot.press("escape", "escape", "right", "F")
        await settled(pilot)
        screen = on(pilot, ColumnScreen)
        assert screen.column.name == "width"
        counts = [count for value, count in screen._shown if isinstance(value, Bin)]
        assert sum(counts) == 12 and 0 in counts

    explore(path, flow, size=(100, 30))


def test_very_many_groups_of_one_run_are_asked_for_first(tmp_path: Path, explore: Explore) -> None:
    """Grouping runs by a value of their own asks; y shows the groups, esc and n leave the runs as they are, and a word typed ahead is no answer."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(MANY_SINGLES + 1):
            runs.start(
                connection, runs.NewRun(project="p", name=f"run-{number}", params={"file": f"part-{number}.csv"})
            )

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        (unique,) = screen.state.columns.params
        screen.group_by(unique)
        await settled(pilot)
        assert "1,001 groups, nearly one a run: show them?" in shown(pilot) and not screen.state.groups
        await pilot.press(*"my yes", "enter")
        await settled(pilot)
        assert NO_ANSWER in shown(pilot) and not screen.state.groups and screen.prompt.is_open
        assert "y yes" in shown(pilot).splitlines()[-1] and "esc no" in shown(pilot).splitlines()[-1]
        await pilot.press("escape")
        await settled(pilot)
        assert not screen.state.groups and not screen.state.arrangement.grouping
        # Nor do groups of repetitions say anything where no run repeats another.
        await pilot.press("g", "s")
        await settled(pilot)
        assert "No two of these runs agree" in shown(pilot) and not screen.state.arrangement.grouping
        screen.group_by(unique)
        await settled(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert not screen.query_one("Prompt").display and not screen.state.groups
        # A menu that was opened while the groups were read is over, too: keys are answers.
        await pilot.press("g")
        screen.group_by(unique)
        await settled(pilot)
        assert "y yes" in shown(pilot).splitlines()[-1] and "grouping" not in screen._menu
        await pilot.press("y")
        await settled(pilot)
        assert len(screen.state.groups) > MANY_SINGLES and "1,001 groups, 1,001 of one run" in shown(pilot)

    explore(path, flow, size=(120, 36))


def test_chosen_columns_are_those_of_the_command_line(demo_catalog: Path) -> None:
    """The table and `artui ls` choose by one rule: the alias, a metric, params, and the seed at the end."""
    with Reader(demo_catalog) as reader:
        chosen = [column.id for column in chosen_columns(columns(reader), usual_attributes(reader))]
    assert chosen[0] == "attribute:alias" and chosen[1] == "metric:val/loss" and chosen[-1] == "param:seed"


def test_other_screens_follow_best_or_last(tmp_path: Path, explore: Explore) -> None:
    """What the table shows of a metric, its best or its last value, is what compare, why, groups and scatter go by."""
    path = tmp_path / "x.artui"
    for number in range(6):
        lr = 0.1 if number % 2 else 0.01
        # A high rate reaches lower losses, and loses them again.
        values = [2.0, 0.1 + number / 1000, 1.5] if number % 2 else [2.0, 0.6 + number / 1000, 0.5]
        _add_run(path, f"run-{number}", params={"lr": lr}, metrics={"val/loss": values})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("right", "b", "space", "space", "c")
        await settled(pilot)
        text = shown(pilot)
        row = next(line for line in text.splitlines() if "val/loss best" in line)
        assert "0.1050" in row and "0.5000" in row and "best" in row
        await pilot.press("w")
        await settled(pilot)
        assert "best val/loss" in shown(pilot)
        await pilot.press("escape", "escape", "M", "f", "tab")
        await settled(pilot)
        assert "val/loss best" in shown(pilot)
        await pilot.press("escape", "right", "g", "c")
        await settled(pilot)
        text = shown(pilot)
        assert "0.1010" in text and "0.5000" in text

    explore(path, flow, size=(120, 36))


def test_ranges_of_aggregates_are_their_own(tmp_path: Path, explore: Explore) -> None:
    """What the list of columns says of the largest, first and smallest values and of counts is what SQL says."""
    path = tmp_path / "x.artui"
    for number in range(4):
        _add_run(path, f"run-{number}", metrics={"val/loss": [2.0 + number, 0.5 + number / 10, *[1.0 + number / 10] * number, math.inf]})  # fmt: skip
    with Reader(path) as reader:
        ranges = aggregate_ranges(reader)
        with reader.snapshot() as connection:
            for word in ("min", "max", "first", "count"):
                wanted = connection.execute(f"SELECT min({word}), max({word}) FROM series").fetchone()
                assert ranges[f"metric.{word}:val/loss"] == wanted

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("C", "slash", *"val/loss.")
        await settled(pilot)
        lines = {line.split()[1]: line.split()[2:] for line in shown(pilot).splitlines() if "metrics.val/loss." in line}
        assert lines["metrics.val/loss.max"] == ["4", "2", "…", "5"]
        assert lines["metrics.val/loss.count"] == ["4", "3", "…", "6"]

    explore(path, flow, size=(120, 36))


@pytest.mark.parametrize("width", [80, 120])
def test_no_digit_of_a_param_is_cut(tmp_path: Path, explore: Explore, width: int) -> None:
    """Numbers that were computed have fewer digits where there is no room, and are what they stand for."""
    path = tmp_path / "x.artui"
    rates = [0.8123456789, 1.2345678e-7, 12345678.9, -0.333333333333]
    for number, rate in enumerate(rates):
        _add_run(path, f"run-{number}", params={"lr": rate, "dropout": rate / 3}, metrics={"val/loss": [0.5]})

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        lines = [line for line in shown(pilot).splitlines() if "run-" in line]
        assert len(lines) == 4 and not any("…" in line for line in lines)
        for number, rate in enumerate(rates):
            line = next(line for line in lines if f"run-{number}" in line)
            numbers = [float(word.replace(",", "")) for word in line.split() if word[:1] in "-0123456789" and word[-1:].isdigit()]  # fmt: skip
            assert any(value == pytest.approx(rate, rel=0.05) for value in numbers), line

    explore(path, flow, size=(width, 24))


def test_an_age_that_lies_ahead_is_whole(tmp_path: Path, explore: Explore) -> None:
    """A start in the future, from a clock that was wrong, is not cut."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(
            connection, runs.NewRun(project="p", name="early", started_ms=clock.now_ms() + 3 * 3_600_000 + 60_000)
        )

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        assert "in 3h" in shown(pilot)

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize("width", [80, 100, 120, 139, 160, 200])
def test_headings_are_not_cut_for_a_letter_or_two(width: int, demo_catalog: Path, explore: Explore) -> None:
    """A heading of usual length is whole, at any width and wherever the table is scrolled to; the arrow too.

    At 80 cells that of the second param is cut until the table is scrolled, or it would not be in sight.
    """

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        table = pilot.app.screen.query_one(RunsTable)
        seen = set()
        for _ in table.view.shapes:
            await pilot.press("right")
            heading = shown(pilot).splitlines()[2]
            is_start = width == 80 and "optimizer" not in heading and "opti…" in heading
            shapes = [shape for _, shape in table._visible_shapes()][: -2 if is_start else None]
            titles = [shape.title for shape in shapes if len(shape.title) <= 14]
            seen.update(titles)
            assert all(f" {title}" in heading for title in titles), heading
        assert {"optimizer.name", "batch_size", "train_share"} <= seen

    explore(demo_catalog, flow, size=(width, 24))


def test_an_empty_catalog_promises_no_more_columns(tmp_path: Path, explore: Explore) -> None:
    """Without runs there is no table, and nothing lies beyond its edge."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction():
        pass

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        assert "0 runs" in shown(pilot) and "more →" not in shown(pilot)

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_what_lies_beyond_the_edge_is_counted(size: tuple[int, int], small_catalog: Path, explore: Explore) -> None:
    """The count of further columns is that of the columns whose titles are not in sight, also beside the pane."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        for keys in (
            (),
            ("p",),
            ("p",),
            ("right",),
            ("p",),
            ("right",) * 9,
            ("left",) * 9,
            ("slash", *"zzz", "enter"),
            ("escape",),
            ("p",),
        ):
            await pilot.press(*keys)
            await settled(pilot)
            table = app.runs_screen.table
            beyond = set(range(len(table.view.shapes))) - {number for number, _ in table._visible_shapes()}
            left = sum(number < table._first_shape for number in beyond)
            if table.keys:
                assert (f"{len(beyond) - left} more →" in shown(pilot)) is (len(beyond) > left), keys
                assert (f"← {left} " in shown(pilot)) is (left > 0), keys

    explore(small_catalog, flow, size=size)


@pytest.mark.parametrize(("limit", "is_partial"), [(5, True), (100, False)])
def test_rows_of_the_first_sight_are_not_taken_for_all(small_catalog: Path, limit: int, is_partial: bool) -> None:
    """What is drawn or described is asked of all runs: not before more than the first rows have been read."""
    with Reader(small_catalog) as reader:
        screen = RunsScreen(first_view(reader, limit))
    assert screen.state.order.is_partial == is_partial


def test_what_needs_all_runs_waits_for_them(small_catalog: Path, explore: Explore) -> None:
    """What is drawn, described, weighed, written or marked by rule is done once all runs are read; another filter calls it off."""
    doings: dict[str, tuple[str, Any]] = {
        "f": ("the charts open", PlotScreen),
        "F": ("the column opens", ColumnScreen),
        "C": ("the columns open", ColumnsScreen),
        "asterisk": ("the marks turn", None),
    }

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        whole = screen.state.order
        part = RunOrder(whole.keys[:2], whole.total, whole.running, is_partial=True)
        for key, (words, opened) in doings.items():
            screen.show(replace(screen.state, order=part))
            await pilot.press(key)
            await settled(pilot)
            assert pilot.app.screen is screen and f"2 of {whole.total} runs are read: {words}" in shown(pilot), key
            screen.show(replace(screen.state, order=whole))
            await settled(pilot)
            assert "are read" not in shown(pilot)
            if opened is not None:
                front: Any = pilot.app.screen
                assert isinstance(front, opened), key
                assert opened is not ColumnScreen or len(front.keys) == whole.total
                await pilot.press("escape")
                await settled(pilot)
            else:
                assert screen.state.marked == set(whole.keys)
                await pilot.press("M")
        screen.show(replace(screen.state, order=part))
        await pilot.press("f", "slash", *"status = failed", "enter")
        await settled(pilot)
        assert pilot.app.screen is screen and "are read" not in shown(pilot)

    explore(small_catalog, flow)


def test_keys_wait_for_the_charts_that_wait_for_all_runs(small_catalog: Path, explore: Explore) -> None:
    """What is pressed behind the key that opens them is meant for them."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        whole = screen.state.order
        screen.show(replace(screen.state, order=RunOrder(whole.keys[:2], whole.total, whole.running, is_partial=True)))
        screen._unanswered.add("order")
        await pilot.press("f", "tab")
        await settled(pilot)
        assert pilot.app.screen is screen
        screen._unanswered.discard("order")
        screen.show(replace(screen.state, order=whole))
        screen.artui.topic_succeeded(screen, "order")
        await settled(pilot)
        await settled(pilot)
        assert on(pilot, PlotScreen).tab == "scatter"

    explore(small_catalog, flow)


def test_means_of_many_runs_come_column_by_column(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the means of many runs are read, it is said how far that is; in the end they are those of a single reading."""
    from artui.query.runs.grouping import with_spreads
    from artui.tui.app import ArtuiApp
    from artui.tui.screens.runs import grouping

    monkeypatch.setattr(grouping, "MANY_RUNS", 3)
    path, said = tmp_path / "x.artui", list[str]()
    for number in range(6):
        _add_run(path, f"r{number}", params={"lr": number % 2, "k": number // 4}, metrics={"val/loss": [number / 8]})

    def say(app: ArtuiApp, text: str, **options: Any) -> None:
        said.append(text)

    monkeypatch.setattr(ArtuiApp, "say", say)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("g", "s")
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        columns = [shape.column for shape in screen.table.view.shapes]
        progress = [text for text in said if text.startswith("means of 6 runs: ")]
        assert progress == [f"means of 6 runs: {place} of {len(columns)} columns …" for place in range(len(columns))]
        assert said[-1].startswith("enter unfolds a group") and "…" not in shown(pilot).splitlines()[3]
        alone = with_spreads(screen.reader, [replace(group, spreads={}) for group in screen.state.groups], columns)
        assert list(screen.state.groups) == alone

    explore(path, flow, size=(160, 36))


def test_leaving_a_filter_shows_what_lies_above(demo_catalog: Path, explore: Explore) -> None:
    """The cursor stays on the run that was found, and the newer runs stand above it as far as there is room."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        table = pilot.app.screen.query_one(RunsTable)
        for where, downs in (("lr = 0.003", 3), ("model = softmax", 2)):
            await pilot.press("slash", *where, "enter")
            await settled(pilot)
            await pilot.press(*["down"] * downs)
            row = table.row
            await pilot.press("escape")
            await settled(pilot)
            assert row is not None and table.row is not None and table.row.head.name == row.head.name
            top, cursor = table.scroll_offset.y, table.cursor
            assert top == 0 if cursor < table.page_rows else top == cursor - table.page_rows // 2, where

    explore(demo_catalog, flow, size=(80, 24))


def test_a_line_stands_behind_pinned_columns(demo_catalog: Path, explore: Explore) -> None:
    """Wherever the table is scrolled to; it says which columns stay, and nothing is drawn when none does."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        assert "│" not in shown(pilot)
        await pilot.press("right", "right", "P")
        await settled(pilot)
        assert "Columns up to val/loss stay" in shown(pilot)
        for _ in range(6):
            heading, *lines = shown(pilot).splitlines()[2:20]
            place = heading.index("│")
            assert heading.index("val/loss") < place and {line[place] for line in lines if len(line) > place} == {"│"}
            await pilot.press("right")
        await pilot.press("left", "left", "left", "left", "left", "left", "P")
        await settled(pilot)
        assert "No column stays" in shown(pilot) and "│" not in shown(pilot)

    explore(demo_catalog, flow, size=(100, 24))


def without_passing(picture: str) -> str:
    """Give a picture without what changes by itself: ages, and the line at the bottom, where a sentence gives way to keys."""
    return re.sub(r"\d+[smh]", "", picture.rpartition("\n")[0])


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_pane_is_as_it_stays_from_the_first_picture_on(
    size: tuple[int, int], demo_catalog: Path, explore: Explore
) -> None:
    """What is shown at once when it opens is not cut to another width than what is shown once it has been laid out."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        if screen._pane.is_shown:
            await pilot.press("p")
            await settled(pilot)
        for keys in (("p",), ("p", "right", "right", "g", "c", "p")):
            await pilot.press(*keys)
            await settled(pilot)
            pane = screen.query_one("#pane")
            first = without_passing(shown(pilot))
            assert screen._pane._cells == pane.size.width - 2
            await pilot.press("down", "up")
            await settled(pilot)
            assert without_passing(shown(pilot)) == first

    explore(demo_catalog, flow, size=size)
