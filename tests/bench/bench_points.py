"""Metric points against their budgets: ours, the limit and other layouts of the same data, in one run.

    python tests/bench/bench_points.py

The data: six kinds of series (noisy float32 loss, rounded accuracy, cosine learning rate, epoch, GPU %,
gradient norm), wall times with some jitter.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import artui
from artui.catalog import Catalog, points, runs
from artui.query.series.curves import curve
from artui.query.series.points import read_series
from tests.reading import open_reader

STEPS, METRICS = 10_000, 10


def series(count: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Give steps, times in ms, and ten series."""
    random = np.random.default_rng(0)
    steps = np.arange(count, dtype=np.int64)
    times = 1_790_000_000_000 + np.cumsum(random.integers(95, 110, count))
    kinds = [
        (2.3 * np.exp(-steps / 3000) + 0.05 * random.standard_normal(count)).astype(np.float32).astype(float),
        np.round(1 - np.exp(-steps / 2000) + 0.01 * random.standard_normal(count), 4),
        0.5e-3 * (1 + np.cos(np.pi * steps / count)),
        steps // 100 * 1.0,
        np.round(90 + 5 * random.standard_normal(count)),
        np.abs(random.standard_normal(count)).astype(np.float32).astype(float),
    ]
    return steps, times, {f"m{n}": kinds[n % 6] for n in range(METRICS)}


def best(action: Callable[[], object], *, times: int = 5) -> float:
    """Give the seconds of the quickest of some calls."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"XDG_STATE_HOME": f"{name}/state", "XDG_CACHE_HOME": f"{name}/cache"}
        rows: list[tuple[str, str, str, str]] = []

        steps, times, kinds = series(STEPS)
        path = folder / "points.artui"
        latencies = []
        with artui.start_run(project="bench", catalog=path) as run:
            for index in range(STEPS):
                values = {key: float(column[index]) for key, column in kinds.items()}
                began = time.perf_counter_ns()
                run.log(values, step=index)
                latencies.append(time.perf_counter_ns() - began)
                if index % 50 == 0:
                    time.sleep(0.001)
        payload, blocks = sqlite3.connect(path).execute("SELECT sum(length(payload)), count(*) FROM block").fetchone()
        per_point = path.stat().st_size / (STEPS * METRICS)
        packed = payload / (STEPS * METRICS)
        rows.append(
            (
                "bytes a point, whole file",
                f"{per_point:.2f}",
                "3",
                f"payload alone {packed:.2f} in {blocks} blocks, {_row_layout(folder, steps, times, kinds):.1f} a row a point, {_json_layout(folder, steps, times, kinds):.1f} JSON lines",
            )
        )
        latencies.sort()
        p50, p99 = latencies[len(latencies) // 2] / 1000, latencies[len(latencies) * 99 // 100] / 1000
        rows.append(
            (
                "run.log of 10 metrics, p50 / p99 µs",
                f"{p50:.1f} / {p99:.1f}",
                "5 / 20",
                f"one write(2) of as many bytes {_write_call(folder):.1f} µs",
            )
        )

        arrays = (steps[:1024], times[:1024], kinds["m0"][:1024])
        codec, block = points.encode(*arrays)
        seconds = best(lambda: points.encode(*arrays), times=50)
        rows.append(
            ("encode a block, Mpoint/s", f"{1024 / seconds / 1e6:.1f}", "", f"codec {codec}, checked by decoding")
        )
        seconds = best(lambda: points.decode(codec, 1024, block), times=200)
        rows.append(("decode a block, Mpoint/s", f"{1024 / seconds / 1e6:.0f}", "", ""))

        steps, times, kinds = series(1_000_000)
        long = folder / "long.artui"
        with Catalog(long) as catalog, catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="bench", name="long"))
            points.append(connection, key, runs.name_key(connection, "loss"), "", steps, times, kinds["m0"])
        with open_reader(long) as reader:
            metric = reader.run("long").detail().metrics[0]
            with reader.reading() as connection:
                seconds = best(lambda: read_series(connection, metric.series_key))
            rows.append(
                (
                    "read a series of 1,000,000, ms",
                    f"{1000 * seconds:.0f}",
                    "60",
                    f"JSON lines {1000 * _json_read(folder, steps, kinds['m0']):.0f}",
                )
            )
            seconds = best(lambda: curve(reader, metric, buckets=400))
            rows.append(("thin 1,000,000 points for a chart, ms", f"{1000 * seconds:.0f}", "50", ""))

        for title, ours, limit, others in [("what", "ours", "goal", "others in this run"), *rows]:
            print(f"{title:<40} {ours:>14}   {limit:<10} {others}")


def _row_layout(folder: Path, steps: np.ndarray, times: np.ndarray, kinds: dict[str, np.ndarray]) -> float:
    path = folder / "rows.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE point (series INTEGER, step INTEGER, time INTEGER, value REAL, PRIMARY KEY (series, step)) WITHOUT ROWID"
        )
        for number, column in enumerate(kinds.values()):
            connection.executemany(
                "INSERT INTO point VALUES (?, ?, ?, ?)",
                zip([number] * len(steps), steps.tolist(), times.tolist(), column.tolist(), strict=True),
            )
    return path.stat().st_size / (len(steps) * len(kinds))


def _json_layout(folder: Path, steps: np.ndarray, times: np.ndarray, kinds: dict[str, np.ndarray]) -> float:
    path = folder / "points.jsonl"
    with path.open("w") as stream:
        for index in range(len(steps)):
            stream.write(
                json.dumps(
                    {
                        "step": int(steps[index]),
                        "time": int(times[index]),
                        **{key: float(column[index]) for key, column in kinds.items()},
                    }
                )
                + "\n"
            )
    return path.stat().st_size / (len(steps) * len(kinds))


def _json_read(folder: Path, steps: np.ndarray, values: np.ndarray) -> float:
    path = folder / "series.jsonl"
    with path.open("w") as stream:
        stream.writelines(
            f'{{"step": {step}, "loss": {value!r}}}\n'
            for step, value in zip(steps.tolist(), values.tolist(), strict=True)
        )

    def read() -> list[float]:
        with path.open() as stream:
            return [json.loads(line)["loss"] for line in stream]

    return best(read, times=1)


def _write_call(folder: Path) -> float:
    handle = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    data = b"x" * 200
    seconds = best(lambda: [os.write(handle, data) for _ in range(10_000)])
    os.close(handle)
    return seconds * 100


if __name__ == "__main__":
    main()
