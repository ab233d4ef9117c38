"""Catalogs on the move: merging many runs, merging again, beside `cp`, SQLite's own backup, in one run.

    python tests/bench/bench_travel.py [--runs 10000] [--points 100] [--metrics 1]

Run it on an idle machine. `--points` are those of each metric of a run.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, events, points, runs
from artui.catalog.merging.merge import merge
from artui.model import ParamValue


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _line(what: str, ours: str, limit: str = "", peer: str = "") -> None:
    print(f"{what:52} {ours:>22} {limit:>22} {peer:>26}", flush=True)


def make(path: Path, *, run_count: int, metric_count: int, point_count: int, first: int = 0) -> None:
    """Write runs with their points."""
    random = np.random.default_rng(first)
    steps = np.arange(point_count, dtype=np.int64)
    with Catalog(path) as catalog:
        for start in range(first, first + run_count, 1000):
            with catalog.transaction() as connection:
                names = [runs.name_key(connection, f"metric-{number}") for number in range(metric_count)]
                for number in range(start, min(start + 1000, first + run_count)):
                    started_ms = 1_790_000_000_000 + number * 60_000
                    params: dict[str, ParamValue] = {
                        "lr": float(random.choice((0.1, 0.01))),
                        "hidden": 64,
                        "optimizer": "adam",
                        "seed": number,
                        "dropout": float(random.random()),
                    }
                    key = runs.start(
                        connection,
                        runs.NewRun("p", f"run-{number}", started_ms=started_ms, params=params, tags={"sweep": ""}),
                    )
                    for name in names:
                        points.append(
                            connection, key, name, "", steps, started_ms + steps * 1000, random.random(point_count)
                        )
                    runs.finish(connection, key, status="finished", ended_ms=started_ms + 50_000, duration_ms=50_000)


def merging(folder: Path, run_count: int, metric_count: int, point_count: int) -> None:
    """Merge a catalog into one that has as many other runs, then again, then after changes."""
    source, target = folder / "a.artui", folder / "b.artui"
    make(source, run_count=run_count, metric_count=metric_count, point_count=point_count)
    make(target, run_count=run_count, metric_count=metric_count, point_count=point_count, first=run_count)
    copying = _seconds(lambda: shutil.copyfile(source, folder / "copy.artui"))
    backing = _seconds(lambda: _backup(source, folder / "backup.artui"))

    def once() -> None:
        with Catalog(target) as catalog:
            merge(catalog, [source])

    total = run_count * metric_count * point_count
    _line(
        f"merge {run_count:,} runs, {total:,} points",
        f"{_seconds(once):.2f} s",
        "3 s",
        f"cp {copying:.2f}, backup {backing:.2f} s",
    )
    _line("merge it again", f"{_seconds(once):.3f} s", "0.2 s")
    with Catalog(source) as catalog, catalog.transaction() as connection:
        run_ids = [row[0] for row in connection.execute("SELECT id FROM run LIMIT 100")]
    with Catalog(source) as catalog, events.editing(catalog, "100 notes") as edit:
        for run_id in run_ids:
            edit.set_note(run_id, "seen")
    _line("merge it again after 100 notes", f"{_seconds(once):.3f} s")
    _line("peak memory of all this", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", "200 MiB")


def _backup(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as other:
        one.backup(other)


def laws(count: int, first: int) -> None:
    """Try the laws of merging on random histories."""
    subprocess.run([sys.executable, "-m", "tests.catalog.merging.laws", str(first), str(count)], check=False)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=1)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--laws", type=int, default=0, help="Histories on which the laws of merging are tried, too.")
    parser.add_argument("--first", type=int, default=0, help="The seed of the first of them.")
    options = parser.parse_args()
    _line("", "ours", "limit", "others")
    with tempfile.TemporaryDirectory() as folder:
        merging(Path(folder), options.runs, options.metrics, options.points)
    if options.laws:
        laws(options.laws, options.first)


if __name__ == "__main__":
    main()
