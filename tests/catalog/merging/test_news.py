"""What a catalog holds, told in fingerprints: the same whatever its keys are, and with little memory beside the answer."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, points, runs
from artui.catalog.merging import news
from artui.catalog.merging.merge import merge
from artui.catalog.merging.sources import open_source

RUN_COUNT = 600
MOST_BYTES_A_RUN = 250
"""Beside the fingerprints themselves; the rows of a run alone take more than four times as much."""


def write_runs(path: Path, count: int) -> None:
    """Write runs with a dozen params and three metrics each."""
    steps = np.arange(3, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            params = {f"param-{place}": place / 7 for place in range(12)} | {"seed": number}
            run = runs.NewRun("p", f"run-{number}", started_ms=number, params=params, tags={"sweep": ""})
            key = runs.start(connection, run)
            for name in ("loss", "acc", "f1"):
                points.append(connection, key, runs.name_key(connection, name), "", steps, steps, steps / 3)
            runs.finish(connection, key, status="finished", ended_ms=number + 1, duration_ms=1)


def test_rows_of_runs_do_not_wait_in_memory(tmp_path: Path) -> None:
    """Telling what a catalog holds takes little more memory than what is told, however many runs there are."""
    write_runs(tmp_path / "x.artui", RUN_COUNT)
    with open_source(tmp_path / "x.artui") as source:
        news.told(source.connection)
        tracemalloc.start()
        try:
            things = news.told(source.connection)
            held_bytes, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert sum(kind == "run" for kind, _ in things.values()) == RUN_COUNT
    assert peak_bytes - held_bytes < RUN_COUNT * MOST_BYTES_A_RUN


@pytest.mark.parametrize("query", [news._RUNS, *news._OF_RUNS, news._VERSIONS, *news._OF_VERSIONS[:3]])
def test_parts_are_read_in_the_order_of_the_file(tmp_path: Path, query: str) -> None:
    """What is read side by side comes in the order of an index: nothing is sorted first, of a million runs either."""
    Catalog(tmp_path / "x.artui").close()
    with open_source(tmp_path / "x.artui") as source:
        plan = source.connection.execute("EXPLAIN QUERY PLAN " + query.format(origin="NULL")).fetchall()

    assert not [row[3] for row in plan if "TEMP B-TREE" in row[3]]


def test_other_keys_are_told_alike(tmp_path: Path) -> None:
    """A catalog whose runs, names and versions have other keys has the same fingerprints."""
    write_runs(tmp_path / "few.artui", 3)
    with Catalog(tmp_path / "other.artui") as catalog:
        with catalog.transaction() as connection:
            for name in ("seed", "f1", "param-11"):
                runs.name_key(connection, name)
            runs.start(connection, runs.NewRun("p", "another", started_ms=0))
        merge(catalog, [tmp_path / "few.artui"])
    with open_source(tmp_path / "few.artui") as few, open_source(tmp_path / "other.artui") as other:
        first, second = news.told(few.connection), news.told(other.connection)

    assert {mark for mark, (kind, _) in first.items() if kind == "run"} <= second.keys()


def test_runs_that_are_there_do_not_wait_in_memory(tmp_path: Path) -> None:
    """Merging a run into a catalog reads what that has of its runs, and holds none of it."""
    write_runs(tmp_path / "large.artui", RUN_COUNT)
    write_runs(tmp_path / "one.artui", 1)
    write_runs(tmp_path / "another.artui", 1)
    with Catalog(tmp_path / "large.artui") as catalog:
        merge(catalog, [tmp_path / "one.artui"])
        tracemalloc.start()
        try:
            merge(catalog, [tmp_path / "another.artui"])
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak_bytes < RUN_COUNT * MOST_BYTES_A_RUN / 2
