"""Charts against their budgets: drawing eight of them, reading very long series, and what others take for the same.

    python tests/bench/bench_charts.py [--long FILE.artui] [--probe path/to/tui_probe.py]

Ours is measured twice: the drawing alone (`draw`, eight charts of a grid at 120x50), and in the app, from a key to
the settled screen, by the terminal probe. Peers, if they are installed: plotext drawing the same eight charts.
The series of 100,000,000 points is made if FILE is not there (two minutes, 720 MB); without --long it is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, points, runs
from artui.query.series.curves import curve, thin
from artui.tui.cells import make_palette
from artui.tui.widgets.chart import Chart, draw
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.chartoptions import ChartOptions
from tests.reading import open_reader

POINTS = 2000
CELLS = (60, 12)
HERE = Path(__file__).resolve().parent


def best(action: Callable[[], object], *, times: int = 7) -> float:
    """Give the median milliseconds of some calls."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def values(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.exp(-np.arange(count) / count * 4) + 0.05 * random.standard_normal(count)


def drawing(count: int) -> float:
    """Milliseconds to draw eight charts of so many curves of 2,000 points."""
    palette = make_palette(is_coloured=True, is_rich=True)
    charts = []
    for number in range(8):
        chart = Chart(f"metric {number}")
        xs = np.arange(POINTS, dtype=float)
        chart.curves = [
            ChartLine(f"run {n}", thin(xs, values(POINTS, 31 * number + n), buckets=400), n, is_picked=n == 0)
            for n in range(count)
        ]
        chart.options = ChartOptions()
        charts.append(chart)
    return best(lambda: [draw(chart, *CELLS, palette) for chart in charts])


def plotext(count: int) -> float | None:
    """Milliseconds that plotext takes to build the same eight charts."""
    try:
        import plotext as plt  # type: ignore[import-not-found]
    except ImportError:
        return None
    data = [[values(POINTS, 31 * number + n).tolist() for n in range(count)] for number in range(8)]

    def build() -> None:
        for curves in data:
            plt.clear_figure()
            plt.plotsize(*CELLS)
            for ys in curves:
                plt.plot(ys)
            plt.build()

    return best(build, times=3)


def make_long(path: Path, count: int) -> None:
    """Write one run with one series of so many points."""
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="bench", name="long"))
            name = runs.name_key(connection, "loss")
        for start in range(0, count, 1_000_000):
            steps = np.arange(start, min(count, start + 1_000_000), dtype=np.int64)
            noise = 0.05 * np.random.default_rng(start).standard_normal(len(steps))
            with catalog.transaction() as connection:
                points.append(connection, key, name, "", steps, 1_790_000_000_000 + steps * 100, np.exp(-steps / count * 4) + noise.astype(np.float32))  # fmt: skip


def in_the_app(folder: Path, probe: Path, count: int) -> str:
    """Key to settled screen of eight charts in the app, p50 / p95 ms: smoothing changes, so all are drawn anew."""
    path = folder / f"charts-{count}.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for run in range(count):
            key = runs.start(connection, runs.NewRun(project="bench", name=f"run-{run}", params={"lr": run}))
            for number in range(8):
                steps = np.arange(POINTS, dtype=np.int64)
                points.append(connection, key, runs.name_key(connection, f"m{number}"), "", steps, 1_790_000_000_000 + steps, values(POINTS, 31 * number + run))  # fmt: skip
            runs.finish(connection, key, status="finished", ended_ms=1_790_000_100_000, duration_ms=1000)
    call = [sys.executable, str(probe), "--size", "120x50", "-s", "wait run +age", "-s", "quiet 400", "-s", "keys f", "-s", "wait m7", "-s", "quiet 500", "-s", "key + x4", "--", str(Path(sys.executable).with_name("artui")), str(path)]  # fmt: skip
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ))
    try:
        step = next(step for step in json.loads(done.stdout)["steps"] if step["step"] == "key + x4")
    except (ValueError, KeyError, StopIteration):
        return "not measured"
    return f"{step['settle_ms']['p50']:.0f} / {step['settle_ms']['p95']:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", type=Path)
    parser.add_argument("--probe", type=Path, default=HERE.parents[2].parent / "shared" / "tools" / "tui_probe.py")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"XDG_STATE_HOME": f"{name}/state", "XDG_CACHE_HOME": f"{name}/cache"}
        for count, limit in ((2, 30), (20, 100)):
            peer = plotext(count)
            app = in_the_app(folder, options.probe, count) if options.probe.exists() else "no probe"
            rows.append((f"8 charts of {count} series of {POINTS:,} points, draw, ms", f"{drawing(count):.0f}", str(limit), f"plotext {peer:.0f}" if peer is not None else "plotext is not installed"))  # fmt: skip
            rows.append(("  in the app, key to settled, p50 / p95 ms", app, str(limit), ""))
        million = folder / "million.artui"
        make_long(million, 1_000_000)
        if options.long is not None and not options.long.exists():
            make_long(options.long, 100_000_000)
        for path, count, limit in ((million, 1_000_000, 50), (options.long, 100_000_000, 300)):
            if path is None:
                continue
            with open_reader(path) as reader:
                metric = reader.run("long").detail().metrics[0]
                whole = best(lambda reader=reader, metric=metric: curve(reader, metric))  # type: ignore[misc]
                part = best(lambda reader=reader, metric=metric: curve(reader, metric, window=(1000.0, 5000.0)))  # type: ignore[misc]
            rows.append((f"a chart of {count:,} points, whole / 4,000 of them, ms", f"{whole:.0f} / {part:.0f}", str(limit), ""))  # fmt: skip
    print(f"{'what':<62} {'ours':>14}   {'limit':<8} {'others in this run'}")
    for title, ours, budget, others in rows:
        print(f"{title:<62} {ours:>14}   {budget:<8} {others}")


if __name__ == "__main__":
    main()
