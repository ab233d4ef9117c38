"""Make a large synthetic catalog through the catalog's own API.

    python tests/bench/make_catalog.py big.artui --runs 100000
    python tests/bench/make_catalog.py huge.artui --runs 200000 --params 8 --metrics 4 --times 5

Each run has 20 params (10 that vary) and 20 metrics, or as many as are asked for; two of the metrics have eight points, the others one.
`--times 5` makes five of each run, which is many times faster: other ids, names, starts and params, the same points.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import time
from pathlib import Path

import numpy as np

from artui.capture.names import numbered_name
from artui.catalog import Catalog, connections, points, runs
from artui.catalog.ids import new_id

PARAMS, METRICS = 20, 20
BATCH = 2000
CACHE_KIB = 512 << 10
RATES = (0.001, 0.003, 0.01, 0.03)


def make(
    path: Path,
    *,
    run_count: int,
    seed: int = 0,
    first: int = 0,
    param_count: int = PARAMS,
    metric_count: int = METRICS,
) -> float:
    """Write the catalog; give the seconds it took. `first` is the number of the first run."""
    chance = np.random.default_rng(seed)
    began = time.perf_counter()
    first_ms = 1_790_000_000_000
    optimizers = ("adam", "sgd", "momentum", "lion")
    names = ["val/loss", "val/acc", *(f"train/m{n:02d}" for n in range(metric_count - 2))]
    one_step = np.zeros(1, np.int64)
    falling = np.linspace(1, 0, 8)
    steps = np.arange(8, dtype=np.int64) * 100
    _write_quickly()
    with Catalog(path) as catalog:
        for start in range(first, first + run_count, BATCH):
            with catalog.transaction() as connection:
                keys = [runs.name_key(connection, name) for name in names]
                for number in range(start, min(start + BATCH, first + run_count)):
                    started_ms = first_ms + number * 60_000
                    params: dict[str, object] = {
                        "lr": RATES[chance.integers(4)],
                        "hidden": (32, 64, 128, 256)[chance.integers(4)],
                        "optimizer.name": optimizers[chance.integers(4)],
                        "seed": number % 10,
                        "dropout": round(float(chance.random()), 3),
                    }
                    params |= {
                        f"p{n:02d}": float(round(chance.random(), 4)) if n < 5 else n
                        for n in range(param_count - len(params))
                    }
                    run = runs.NewRun(
                        project="bench",
                        name=numbered_name(number),
                        started_ms=started_ms,
                        user="bench",
                        host="box",
                        python="3.11",
                        params=params,  # type: ignore[arg-type]
                        tags={"bench": ""},
                    )
                    run_key = runs.start(connection, run)
                    values = chance.random(metric_count)
                    times = started_ms + np.arange(8, dtype=np.int64) * 1000
                    for place, key in enumerate(keys):
                        if place < 2:
                            points.append(
                                connection,
                                run_key,
                                key,
                                "",
                                steps,
                                times,
                                values[place] + falling * chance.random(),
                            )
                        else:
                            points.append(connection, run_key, key, "", one_step, times[:1], values[place : place + 1])
                    status = "failed" if number % 50 == 7 else "finished"
                    runs.finish(
                        connection,
                        run_key,
                        status=status,
                        ended_ms=started_ms + 50_000,
                        duration_ms=50_000 + number % 1000,
                    )
            catalog.checkpoint()
            if (start - first) % 10_000 == 0:
                print(f"{start - first:,} of {run_count:,} runs, {time.perf_counter() - began:.0f} s", flush=True)
    return time.perf_counter() - began


def multiply(path: Path, *, times: int, seed: int = 1) -> float:
    """Make more runs of those that a catalog has, so many of each in all; give the seconds it took.

    A run of another has a name, an id and params of its own, begins some milliseconds later, and has the same points.
    """
    began = time.perf_counter()
    chance = random.Random(seed)
    _write_quickly()
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            runs_end, series_end, blocks_end = (
                connection.execute(f"SELECT max(key) FROM {table}").fetchone()[0]
                for table in ("run", "series", "block")
            )
            columns, series, blocks = (_columns(connection, table) for table in ("run", "series", "block"))
        place = {name: columns.index(name) for name in ("key", "id", "name", "started_ms", "seal")}
        for time_number in range(1, times):
            to_run, to_series, to_block = (time_number * end for end in (runs_end, series_end, blocks_end))
            for start in range(0, runs_end, BATCH):
                keys = {"from": start, "to": start + BATCH, "run": to_run, "series": to_series, "block": to_block}
                with catalog.transaction() as connection:
                    rows = [
                        list(row)
                        for row in connection.execute(
                            f"SELECT {', '.join(columns)} FROM run WHERE key > ? AND key <= ?", (start, start + BATCH)
                        )
                    ]
                    for row in rows:
                        row[place["key"]] += to_run
                        row[place["id"]] = new_id()
                        row[place["name"]] = numbered_name(row[place["key"]] - 1)
                        row[place["started_ms"]] += time_number
                        row[place["seal"]] = None
                    connection.executemany(f"INSERT INTO run VALUES ({', '.join('?' * len(columns))})", rows)
                    params = connection.execute(
                        "SELECT run_key + :run, name_key, type, number, text, stamp FROM param WHERE run_key > :from AND run_key <= :to",
                        keys,
                    ).fetchall()
                    connection.executemany(
                        "INSERT INTO param VALUES (?, ?, ?, ?, ?, ?)",
                        [
                            (*row[:3], round(chance.random(), 4) if type(row[3]) is float and row[3] not in RATES else row[3], *row[4:])
                            for row in params
                        ],
                    )  # fmt: skip
                    connection.execute(
                        "INSERT INTO tag SELECT run_key + :run, name_key, value, stamp FROM tag WHERE run_key > :from AND run_key <= :to",
                        keys,
                    )
                    connection.execute(
                        f"""
                        INSERT INTO series
                        SELECT key + :series, run_key + :run, {", ".join(series[2:])}
                        FROM series
                        WHERE run_key > :from AND run_key <= :to
                        """,
                        keys,
                    )
                    connection.execute(
                        f"""
                        INSERT INTO block
                        SELECT b.key + :block, b.series_key + :series, {", ".join("b." + name for name in blocks[2:])}
                        FROM series AS s
                        JOIN block AS b ON b.series_key = s.key
                        WHERE s.run_key > :from AND s.run_key <= :to
                        """,
                        keys,
                    )
                    for row in rows:
                        runs.index_again(connection, row[place["key"]])
                catalog.checkpoint()
                if start % 20_000 == 0:
                    print(f"{to_run + start:,} of {times * runs_end:,} runs, {time.perf_counter() - began:.0f} s", flush=True)  # fmt: skip
    return time.perf_counter() - began


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0")
    return [column[0] for column in cursor.description]


def _write_quickly() -> None:
    """Let SQLite keep much of the file in memory: indexes of a large catalog are written all over."""
    quick = (f"cache_size=-{CACHE_KIB}", "synchronous=0")
    connections._WRITE_PRAGMAS = (*connections._WRITE_PRAGMAS, *quick)  # type: ignore[assignment]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="The number of the first run.")
    parser.add_argument("--params", type=int, default=PARAMS)
    parser.add_argument("--metrics", type=int, default=METRICS)
    parser.add_argument("--times", type=int, default=1, help="How many of each run.")
    options = parser.parse_args()
    seconds = make(
        options.path,
        run_count=options.runs,
        first=options.first,
        param_count=options.params,
        metric_count=options.metrics,
    )
    seconds += multiply(options.path, times=options.times)
    print(f"{options.runs * options.times:,} runs in {seconds:.0f} s, {options.path.stat().st_size / 1e6:.0f} MB")
