"""Make a large synthetic catalog through the catalog's own API.

    python tests/bench/make_catalog.py big.artui --runs 100000

Each run has 20 params (10 that vary) and 20 metrics; two of those have eight points, the others one.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from artui.capture.names import numbered_name
from artui.catalog import Catalog, points, runs

PARAMS, METRICS = 20, 20
BATCH = 2000


def make(path: Path, *, run_count: int, seed: int = 0) -> float:
    """Write the catalog; give the seconds it took."""
    random = np.random.default_rng(seed)
    began = time.perf_counter()
    first_ms = 1_790_000_000_000
    optimizers = ("adam", "sgd", "momentum", "lion")
    names = ["val/loss", "val/acc", *(f"train/m{n:02d}" for n in range(METRICS - 2))]
    one_step = np.zeros(1, np.int64)
    steps = np.arange(8, dtype=np.int64) * 100
    with Catalog(path) as catalog:
        for start in range(0, run_count, BATCH):
            with catalog.transaction() as connection:
                keys = [runs.name_key(connection, name) for name in names]
                for number in range(start, min(start + BATCH, run_count)):
                    started_ms = first_ms + number * 60_000
                    params: dict[str, object] = {
                        "lr": float(random.choice((0.001, 0.003, 0.01, 0.03))),
                        "hidden": int(random.choice((32, 64, 128, 256))),
                        "optimizer.name": str(random.choice(optimizers)),
                        "seed": number % 10,
                        "dropout": round(float(random.random()), 3),
                    }
                    params |= {
                        f"p{n:02d}": float(round(random.random(), 4)) if n < 5 else n
                        for n in range(PARAMS - len(params))
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
                    values = random.random(METRICS)
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
                                values[place] + np.linspace(1, 0, 8) * random.random(),
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
            if start % 10_000 == 0:
                print(f"{start:,} of {run_count:,} runs, {time.perf_counter() - began:.0f} s", flush=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    seconds = make(options.path, run_count=options.runs)
    print(f"{options.runs:,} runs in {seconds:.0f} s, {options.path.stat().st_size / 1e6:.0f} MB")
