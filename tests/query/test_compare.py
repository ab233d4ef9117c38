"""Runs side by side: what differs, and which is best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from artui.catalog import Catalog, points, runs
from artui.model import ParamValue
from artui.query.compare import Row, compare, in_order
from artui.query.direction import Direction
from artui.units import param_texts
from tests.reading import open_reader


def _compared(
    path: Path, params: list[Mapping[str, ParamValue]], metrics: list[Mapping[str, float]], **directions: str
) -> dict[str, Row]:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, (given, logged) in enumerate(zip(params, metrics, strict=True)):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=given))
            for name, value in logged.items():
                points.append(connection, key, runs.name_key(connection, name), "", *points.pack([(0, 0, value)]))
    with open_reader(path) as reader:
        ids = [reader.run(f"r{number}").id for number in range(len(params))]
        return {row.name: row for row in compare(reader, ids, directions=directions).rows}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "differs"),
    [
        ((1, 1.0), False), ((1, 2), True), ((True, 1), False), ((True, False), True), (("1", 1), False), (("1e-3", 0.001), False), (("1e-3", "0.0010"), False), (("1e-3", 0.01), True), (("x", True), True), (("NaN", math.nan), False), ((math.nan, math.nan), False), ((math.nan, 1.0), True),
        (([1], [1]), False), ((None, "none"), True), ((2**53, 2**53 + 1), True), (("a", "A"), True), ((0.0, -0.0), False),
    ],
)  # fmt: skip
def test_params_differ_by_value(tmp_path: Path, values: tuple[ParamValue, ParamValue], differs: bool) -> None:
    """A number is that number as text, too, and true is 1; NaN equals NaN, and None is no word."""
    rows = _compared(tmp_path / "x.artui", [{"x": value} for value in values], [{}, {}])
    assert rows["x"].differs is differs


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("val/loss", (0.3, 0.1, 0.2), 1), ("val/acc", (0.3, 0.1, 0.2), 0), ("val/loss", (math.nan, 0.1, math.inf), 1), ("val/loss", (0.1, 0.1, math.inf), None), ("val/acc", (math.inf, 0.1, 0.1), None), ("val/loss", (math.nan, 0.1, 0.2), 1),
        ("val/loss", (0.1, 0.1, 0.1), None), ("epoch", (1.0, 2.0, 3.0), None), ("lr", (1.0, 2.0, 3.0), None), ("val/acc", (-math.inf, 0.5, 0.7), 2),
        ("val/loss", (0.1, 0.1, 0.5), None), ("val/acc", (0.1, 0.9, 0.9), None),
    ],
)  # fmt: skip
def test_best_is_the_one_that_beats_the_others(
    tmp_path: Path, name: str, values: tuple[float, ...], best: int | None
) -> None:
    """Losses are best when low, scores when high; a diverged run is never best, and of equals none is better."""
    rows = _compared(tmp_path / "x.artui", [{}] * 3, [{name: value} for value in values])
    assert rows[name].best == best


def test_missing_values_differ_and_are_never_best(tmp_path: Path) -> None:
    """A run that lacks a param or a metric has None there."""
    rows = _compared(tmp_path / "x.artui", [{"a": 1}, {}], [{"loss": 2.0}, {"acc": 1.0}])
    assert (rows["a"].values, rows["a"].differs) == ((1, None), True)
    assert (rows["loss"].values, rows["loss"].best) == ((2.0, None), None)


def test_only_params_are_compared_as_numbers(tmp_path: Path) -> None:
    """A commit or a note that looks like a number is a text."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, note in enumerate(("1.10", "1.1")):
            runs.start(connection, runs.NewRun(project="p", name=f"r{number}", note=note, params={"x": note}))
    with open_reader(tmp_path / "x.artui") as reader:
        rows = {row.name: row for row in compare(reader, [reader.run("r0").id, reader.run("r1").id]).rows}
    assert (rows["note"].differs, rows["x"].differs, rows["x"].values) == (True, False, ("1.10", "1.1"))


def test_given_direction_wins(tmp_path: Path) -> None:
    """The user's direction goes before the guess, for counters too."""
    rows = _compared(tmp_path / "x.artui", [{}] * 2, [{"epoch": 3.0}, {"epoch": 5.0}], epoch="lower")
    assert (rows["epoch"].direction, rows["epoch"].best) == ("lower", 0)


def test_comparing_follows_the_order_given(demo_catalog: Path) -> None:
    """Columns are as asked for, a run with itself differs in nothing, and none or one run is a comparison too."""
    with open_reader(demo_catalog) as reader:
        ids = [run.id for run in reader.runs(limit=4)]
        assert [run.head.id for run in compare(reader, ids).runs] == ids
        assert [run.head.id for run in compare(reader, ids[::-1]).runs] == ids[::-1]
        assert compare(reader, [ids[0], ids[0]]).differing == 0
        assert compare(reader, [ids[0]]).differing == 0 and compare(reader, []).rows == ()


def test_params_that_differ_look_different(tmp_path: Path) -> None:
    """Two learning rates that differ in the ninth digit are shown to that digit, others shortly."""
    rows = _compared(tmp_path / "x.artui", [{"a": 1 / 3, "b": 1 / 3}, {"a": 1 / 3 + 1e-9, "b": 1 / 3}], [{}, {}])
    assert len(set(param_texts(rows["a"].values))) == 2 and param_texts(rows["b"].values) == ("0.333333", "0.333333")


@pytest.mark.parametrize(
    ("direction", "is_reversed", "places"),
    [("lower", False, [3, 0, 6, 2, 5, 1, 4]), ("lower", True, [6, 0, 3, 5, 2, 1, 4]), ("higher", False, [6, 0, 3, 5, 2, 1, 4]), (None, False, [3, 0, 6, 2, 5, 1, 4])],
)  # fmt: skip
def test_runs_go_in_order_of_a_row(direction: Direction | None, is_reversed: bool, places: list[int]) -> None:
    """The best or the smallest first, texts behind numbers; NaN and runs without a value last, either way."""
    row = Row("metrics", "f1", (2, math.nan, "Adam", 1.5, None, "sgd", math.inf), True, direction)
    assert in_order(row, is_reversed=is_reversed) == places
