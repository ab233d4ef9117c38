"""What is damaged costs only itself, and is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, points, runs
from artui.errors import PointsDamaged
from artui.query.series.curves import curve
from artui.query.series.points import get_series
from artui.query.series.sparks import spark_values
from tests.reading import open_reader

COUNT = 5 * points.BLOCK_POINTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog with a series of five blocks."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        steps = np.arange(COUNT, dtype=np.int64)
        points.append(connection, key, runs.name_key(connection, "loss"), "", steps, steps, np.sin(steps / 100))
        runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=9)
    return path


def execute(path: Path, statement: str) -> None:
    """Change a catalog as another program would."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE block SET payload = zeroblob(length(payload)) WHERE number = 2",
        "UPDATE block SET count = 1000 WHERE number = 2",
        "UPDATE block SET codec = 'raw' WHERE number = 2",
        "UPDATE block SET digest = zeroblob(16) WHERE number = 2",
        "UPDATE block SET number = 7 WHERE number = 2",
        "DELETE FROM block WHERE number = 2",
    ],
)
def test_damaged_block_costs_only_itself(path: Path, statement: str) -> None:
    """All points of the other blocks are read, and how many are missing is said, by the series and by its curve."""
    execute(path, statement)

    with open_reader(path) as reader:
        run = reader.run("r")
        series, drawn = run.series("loss"), curve(reader, run.detail().metrics[0])

    whole = np.delete(np.arange(COUNT), np.s_[2 * points.BLOCK_POINTS : 3 * points.BLOCK_POINTS])
    assert series.steps.tolist() == whole.tolist()
    assert series.damaged_count == points.BLOCK_POINTS
    assert drawn.damaged_count in (points.BLOCK_POINTS, 1000)


@pytest.mark.parametrize("column", ["min", "max", "sum", "last", "finite_count", "high_step", "first_ms"])
def test_damaged_summary_is_not_drawn(path: Path, column: str) -> None:
    """A block whose summary was changed is a gap in what is drawn from summaries, and its points are as they were."""
    execute(path, f"UPDATE block SET {column} = {column} + 1 WHERE number = 2")

    with open_reader(path) as reader:
        with reader.snapshot() as connection:
            spark = spark_values(connection, [1])[1]
        series = get_series(reader, reader.run("r").id, "loss")

    assert [value != value for value in spark] == [False, False, True, False, False]
    assert len(series) == COUNT
    assert series.damaged_count == 0


def test_blocks_of_older_catalogs_are_verified_by_their_payload(path: Path) -> None:
    """A digest of 8 bytes, as older catalogs have, is one of the payload alone."""
    with sqlite3.connect(path) as connection:
        for number, codec, count, payload in connection.execute(
            "SELECT number, codec, count, payload FROM block WHERE number < 2"
        ).fetchall():
            kept = (points.older_digest(codec, count, payload), payload if number else b"\0" * 9, number)
            connection.execute("UPDATE block SET digest = ?, payload = ? WHERE number = ?", kept)

    with open_reader(path) as reader:
        series = reader.run("r").series("loss")

    assert series.damaged_count == points.BLOCK_POINTS


def test_a_series_whose_last_block_is_damaged_is_closed(path: Path) -> None:
    """It takes no more points, which go on in a series of their own, and keeps what it had."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        more = np.arange(10, dtype=np.int64)
        points.append(connection, 1, runs.name_key(connection, "loss"), "", more, more, more.astype(float))
    execute(path, "UPDATE block SET payload = zeroblob(9) WHERE number = 5")

    with Catalog(path) as catalog, pytest.raises(PointsDamaged), catalog.transaction() as connection:
        points.append(connection, 1, runs.name_key(connection, "loss"), "", more, more, more.astype(float))
    with open_reader(path) as reader:
        series = reader.run("r").series("loss")

    assert len(series) == COUNT
    assert series.damaged_count == 10
