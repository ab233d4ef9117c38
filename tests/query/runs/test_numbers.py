"""Numbers of all runs, and tables of them, are read some at a time: a million runs are never in memory at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, points, runs
from artui.query.runs import statistics
from artui.query.runs.columns import columns
from artui.query.runs.export import separated_lines
from tests.reading import open_reader

RUN_COUNT = 1500
MOST_BYTES_A_RUN = 60
"""Key and number are 16, and are put together once from parts."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numbers") / "x.artui"
    one = np.zeros(1, np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(RUN_COUNT):
            key = runs.start(connection, runs.NewRun("p", f"run-{number}", params={"lr": number / 7}))
            points.append(connection, key, runs.name_key(connection, "loss"), "", one, one, np.array([number / 3]))
    return path


@pytest.mark.parametrize("source", ["param", "metric"])
def test_numbers_of_all_runs_are_read_some_at_a_time(path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the arrays that are given no rows wait in memory."""
    monkeypatch.setattr(statistics, "_ROWS_AT_ONCE", 50)
    with open_reader(path) as reader, reader.reading() as connection:
        column = next(column for part in columns(reader)[:2] for column in part if column.source == source)
        statistics.numbers(connection, column)
        tracemalloc.start()
        try:
            keys, values = statistics.numbers(connection, column)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    wanted = np.arange(RUN_COUNT) / (7 if source == "param" else 3)
    assert np.array_equal(np.sort(values), wanted) and len(set(keys.tolist())) == RUN_COUNT
    assert peak_bytes < RUN_COUNT * MOST_BYTES_A_RUN


def test_lines_are_written_as_rows_come() -> None:
    """The first lines of a long table are there before its last rows are read, and all lines are those of the whole."""
    read = 0

    def rows() -> Iterator[list[int]]:
        nonlocal read
        for number in range(5000):
            read += 1
            yield [number, -number]

    lines = separated_lines(["a", "b"], rows())
    first = next(lines)

    assert read < 1000 and first.startswith("a,b\n0,0\n1,-1\n")
    assert first + "".join(lines) == "a,b\n" + "".join(f"{number},{-number}\n" for number in range(5000))
