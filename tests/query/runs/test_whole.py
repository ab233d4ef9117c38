"""Whole columns: each value as the table of runs has it, whichever way it was read."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.model import Column, ParamValue
from artui.query.reader import Reader
from artui.query.runs import whole
from artui.query.runs.columns import columns, tag_columns
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import attribute_value, run_rows
from artui.query.runs.whole import column_values

VALUES: list[ParamValue] = [0, 1, 1.0, -0.0, 0.1, True, False, None, "", "adam", "null", "1", "NaN", math.nan, math.inf, 2**70, -(2**63), [1, 2], {"a": 1}]  # fmt: skip
HEADS = ("id", "name", "project", "status", "stage", "started", "ended", "duration", "parent", "user", "note")


def _shown(value: Any) -> Any:
    """Tell NaN from itself as little as 1 from 1.0 or true."""
    return type(value).__name__, repr(value)


def _agree(path: Path, keys_of: Any = None) -> None:
    """Each column that is read over its index, and run by run, has what the table of runs shows."""
    with Reader(path) as reader:
        keys = list(run_order(reader, RunsRequest()).keys)
        keys = keys if keys_of is None else keys_of(keys)
        params, metrics, _ = columns(reader)
        lowest = [Column("metric", metric.name, metric.name_key, aggregate="min") for metric in metrics]
        wanted = [*params, *metrics, *lowest, *tag_columns(reader), *(Column("attribute", name) for name in HEADS)]
        rows = run_rows(reader, keys, wanted)
        expected: dict[str, list[Any]] = {}
        for column in wanted:
            cells = expected[column.id] = []
            for key in keys:
                row = rows.get(key)
                value = None if row is None else attribute_value(row, column.name) if column.source == "attribute" else row.cells.get(column.id)  # fmt: skip
                cells.append("" if value == "✓" and column.source == "tag" else value)
        read = column_values(reader, keys, wanted)
        for column in wanted:
            assert list(map(_shown, read[column.id])) == list(map(_shown, expected[column.id])), column.id


@pytest.fixture(params=["over the index", "number by number", "run by run"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have small catalogs read in each of the ways that large ones are."""
    monkeypatch.setattr(whole, "FEW_RUNS", 10**6 if request.param == "run by run" else 0)
    monkeypatch.setattr(whole, "FEW_VALUES", 200 if request.param == "number by number" else 0)
    return str(request.param)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.none() | st.sampled_from(VALUES), min_size=2, max_size=2), min_size=1, max_size=8))
def _property(tmp_path_factory: pytest.TempPathFactory, given_values: list[list[ParamValue]]) -> None:
    path = tmp_path_factory.mktemp("whole") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, values in enumerate(given_values):
            params = {name: value for name, value in zip("xy", values, strict=True) if number % 3 or value is not None}
            runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=params, tags={"odd": ""} if number % 2 else {}))  # fmt: skip
    _agree(path)
    _agree(path, lambda keys: keys[::2])


def test_params_are_as_in_the_table(tmp_path_factory: pytest.TempPathFactory, way: str) -> None:
    """Numbers of both kinds, true and false, texts, lists and whole numbers beyond 64 bits, of all runs or of some."""
    _property(tmp_path_factory)


def _measured(tmp_path: Path) -> Path:
    path = tmp_path / "m.artui"
    cases: list[dict[tuple[str, str], list[float]]] = [
        {("loss", ""): [1.0, 0.5]},
        {("loss", ""): [math.nan]},
        {("loss", ""): [1.0, math.inf]},
        {("loss", "rank=1"): [0.3], ("loss", "rank=0"): [0.2], ("acc", ""): [0.9]},
        {("acc", "rank=3"): [0.1]},
        {},
        {("loss", ""): [0.7], ("loss", "rank=1"): [math.nan]},
        {("loss", "rank=0"): [math.nan], ("loss", "rank=1"): [0.1]},
    ]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, case in enumerate(cases):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}"))
            for (name, labels), values in case.items():
                count = np.arange(len(values), dtype=np.int64)
                points.append(connection, key, runs.name_key(connection, name), labels, count, count, np.array(values))
    return path


def test_metrics_are_as_in_the_table(tmp_path: Path, way: str) -> None:
    """NaN is a value and not a gap; of several processes the first by labels counts; runs without the metric have none."""
    path = _measured(tmp_path)
    _agree(path)
    _agree(path, lambda keys: keys[3:] + keys[:1])
    _agree(path, lambda keys: [])
    _agree(path, lambda keys: [*keys, 10_000_000, -3])


def test_the_demo_is_as_in_the_table(demo_catalog: Path, way: str) -> None:
    """All of its params, metrics, tags and attributes."""
    _agree(demo_catalog)


DAMAGE = [
    ("param", "number", "'x'"), ("param", "number", "x'00'"), ("param", "type", "9"), ("param", "type", "'a'"), ("param", "text", "x'ff'"),
    ("series", "last", "'x'"), ("series", "last", "NULL"), ("tag", "value", "x'ff'"), ("run", "started_ms", "'x'"),
    ("run", "name", "x'ff'"), ("run", "project_key", "99"), ("name", "text", "CAST(text AS BLOB)"),
]  # fmt: skip


_SOME = {
    "param": "run_key % 5 = 2",
    "tag": "run_key % 5 = 2",
    "series": "key % 5 = 2",
    "run": "key % 5 = 2",
    "name": "key = 3",
}


@pytest.mark.parametrize(("table", "column", "value"), DAMAGE)
def test_damage_is_as_in_the_table(
    tmp_path: Path, demo_catalog: Path, way: str, table: str, column: str, value: str
) -> None:
    """A cell of another kind is replaced in the same way, and costs nothing but itself."""
    with sqlite3.connect(demo_catalog) as connection:
        connection.execute("PRAGMA ignore_check_constraints=1")
        connection.execute(f"UPDATE {table} SET {column} = {value} WHERE {_SOME[table]}")  # fmt: skip
    connection.close()
    _agree(demo_catalog)
