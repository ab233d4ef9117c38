"""The life of a model after its training: how quickly requirements are judged, and drift is found, ours beside the limit.

    python tests/bench/bench_operations.py [--versions 10000] [--criteria 50] [--folder DIR]

Run it on an idle machine. With `--folder` the catalog is kept there and used again. No other tool judges requirements: what
is beside ours is plain SQL that does no more than read the values, once for each criterion.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, artifacts, points, runs
from artui.query.drifting import FIRST_WINDOWS, drift_of
from artui.query.judge import Judge
from artui.query.reader import Reader
from tests.bench.bench_production import WIDE, wide

LIMIT_MS = 300
"""For 50 criteria and 10,000 versions."""
DRIFT_LIMIT_MS = 250
"""For what the screen of a deployment needs: 1,000 columns, 365 windows."""
_TIMES = 5
_AT_ONCE = 500
START_MS = 1_790_000_000_000


def make(path: Path, *, versions: int, criteria: int) -> Path:
    """Make a catalog of models, each with the run that made it and the one that evaluated it."""
    if path.exists():
        return path
    with Catalog(path) as catalog:
        for start in range(0, versions, _AT_ONCE):
            with catalog.transaction() as connection:
                names = [runs.name_key(connection, f"test/m{number:02d}") for number in range(criteria)]
                for number in range(start, min(versions, start + _AT_ONCE)):
                    _make_one(connection, number, names)
    return path


def _make_one(connection, number: int, names: list[int]) -> None:  # type: ignore[no-untyped-def]
    file = artifacts.NewFile("w", 1, number.to_bytes(32, "big"))
    begun_ms = START_MS + 10 * number
    saved = artifacts.save(
        connection, artifacts.NewVersion("p", "net", "model", "modelling", [file], created_ms=begun_ms)
    )
    for stage, relation in (("train", "output"), ("test", "input")):
        key = runs.start(connection, runs.NewRun(project="p", name=f"{stage}-{number}", started_ms=begun_ms))
        if relation == "output":
            artifacts.link(connection, "output", source_key=key, target_key=saved.key)
        else:
            artifacts.link(connection, "input", source_key=saved.key, target_key=key)
            values = np.random.default_rng(number).random(len(names))
            for name, value in zip(names, values, strict=True):
                points.append(connection, key, name, "", np.zeros(1, np.int64), np.full(1, begun_ms), np.array([value]))
        runs.finish(connection, key, status="finished", ended_ms=begun_ms + 1, duration_ms=1)


def fastest(work: Callable[[], object]) -> float:
    """Give the milliseconds of the fastest of several turns."""
    return 1000 * min(_timed(work) for _ in range(_TIMES))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print how long verdicts take."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--criteria", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = words.folder or Path(scratch)
        path = make(
            folder / f"verdicts-{words.versions}-{words.criteria}.artui",
            versions=words.versions,
            criteria=words.criteria,
        )
        conditions = [f"test/m{number:02d} >= 0.5" for number in range(words.criteria)]
        with Reader(path) as reader, reader.snapshot() as connection:
            keys = [key for (key,) in connection.execute("SELECT key FROM version ORDER BY key")]

            def judge() -> int:
                judging = Judge(connection, keys)
                return sum(judging.answers(condition).count("met") for condition in conditions)

            def read() -> int:
                query = "SELECT count(*) FROM series AS s JOIN name AS n ON n.key = s.name_key WHERE n.text = ? AND s.last >= 0.5"
                return sum(
                    connection.execute(query, (f"test/m{number:02d}",)).fetchone()[0]
                    for number in range(words.criteria)
                )

            assert judge() == read()
            ours, plain = fastest(judge), fastest(read)
    print(f"{'verdicts':34}{'ours':>10}{'limit':>10}{'plain SQL, counted only':>28}")
    print(
        f"{f'{words.criteria} criteria, {words.versions:,} versions':34}{ours:>7.0f} ms{LIMIT_MS:>7} ms{plain:>25.0f} ms"
    )
    _drift(words.folder)


def _drift(folder: Path | None) -> None:
    """Print how long the columns that drifted most take, and the drift of five of them over time: as they are seen first, and of all windows."""
    with tempfile.TemporaryDirectory() as scratch:
        path = wide((folder or Path(scratch)) / "wide.artui")
        size_mb = path.stat().st_size / 1e6

        def found(most_windows: int | None) -> list[str]:
            with Reader(path) as reader:
                report = drift_of(reader, WIDE, most=12, most_windows=most_windows)
                assert len(report.over_time) == 5
                return [one.name for one in report.columns]

        assert found(None)[0] == "c007", "the column that drifts is first"
        first, whole = fastest(lambda: found(FIRST_WINDOWS)), fastest(lambda: found(None))
    print(f"{'drift':34}{'ours':>10}{'limit':>10}{'all windows':>28}{'file':>10}")
    print(f"{'1,000 columns, 365 windows':34}{first:>7.0f} ms{DRIFT_LIMIT_MS:>7} ms{whole:>25.0f} ms{size_mb:>7.0f} MB")


if __name__ == "__main__":
    main()
