"""Filters and sorts of a large catalog against their budget: the page one sees, and the whole order.

    python tests/bench/bench_query.py big.artui [--peer]

The catalog is made by make_catalog.py if it is not there (three minutes for 100,000 runs). `page` is the time to
the cells of the first forty matching runs, with what a typing user has in memory: the order of before. `cold` starts with an empty memory, as
the first filter after a change of the file does. The peer is VisiData on the same data as CSV, if `vd` is
installed: to load the file, sort by a column and select by an expression, in batch mode.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from artui.query.keys import Memory
from artui.query.runs.columns import chosen_columns, columns
from artui.query.runs.export import table_of, write_table
from artui.query.runs.order import RunsRequest, first_matches, run_order
from artui.query.runs.rows import run_rows
from artui.query.runs.sorting import Sort
from tests.reading import OpenReader, open_reader

LIMIT_MS = 30.0
ROWS = 40
NEWEST = (Sort("attribute:started", True),)
FILTERS = (
    "val/loss < 0.3",
    "val/loss < 0.001",
    "val/loss.min < 0.3",
    "val/acc.max > 0.9 and lr = 0.01",
    "lr in (0.01, 0.003) and optimizer.name = adam and val/loss < 0.3",
    "not lr = 0.01",
    "optimizer.name ~ ad",
    "dropout ~ ^0.1",
    "name ~ ^calm",
    "otter",
    "status = failed",
    "started > 100d ago",
    "p00 < 0.01",
    "p00 != 0.5",
    "val/loss.diverged",
    "any(val/loss < 0.1)",
    "any(val/loss < 0.1 after step 500)",
)
SORTS = (
    "attribute:started", "attribute:name", "attribute:duration", "attribute:project", "attribute:status", "param:lr",
    "metric:val/loss", "metric.min:val/loss", "metric.max:val/acc",
)  # fmt: skip


def _page(reader: OpenReader, request: RunsRequest, shown: list[object]) -> float:
    began = time.perf_counter()
    order = first_matches(reader, request, ROWS) or run_order(reader, request)
    run_rows(reader, list(order.keys[:ROWS]), shown)  # type: ignore[arg-type]
    return (time.perf_counter() - began) * 1000


def measure(reader: OpenReader, request: RunsRequest, *, repeat: int = 7) -> tuple[float, float, int]:
    """Give median milliseconds to a page with and without a memory, and how many runs match."""
    shown: list[object] = list(chosen_columns(columns(reader)))
    warm, cold = [], []
    for _ in range(repeat):
        reader.memory = Memory()
        cold.append(_page(reader, request, shown))
        reader.memory = Memory()
        # What is there while one types: the order, but not yet what this filter gives.
        run_order(reader, RunsRequest("", request.sorts))
        warm.append(_page(reader, request, shown))
    return statistics.median(warm), statistics.median(cold), run_order(reader, request).matched


def visidata(reader: OpenReader, folder: Path) -> dict[str, float]:
    """Give seconds that VisiData takes for the same data: to load it, and then to sort or to select by an expression."""
    program = shutil.which("vd")
    if program is None:
        return {}
    params, metrics, _ = columns(reader)
    order = run_order(reader, RunsRequest())
    target = folder / "runs.csv"
    target.write_text(write_table("csv", *table_of(reader, list(order.keys), [*params, *metrics])))
    names = ("load", "load and sort", "load and select")
    found = {}
    for name in names:
        commands = folder / "commands.vdj"
        rows = [json.dumps({"longname": "open-file", "input": str(target)})]
        if "sort" in name:
            rows += [
                '{"col": "metrics.val/loss", "longname": "type-float"}',
                '{"col": "metrics.val/loss", "longname": "sort-asc"}',
            ]
        if "select" in name:
            rows += ['{"longname": "select-expr", "input": "float(row[21] or 9) < 0.3"}']
        commands.write_text("\n".join(["#!vd -p", *rows]) + "\n")
        began = time.perf_counter()
        subprocess.run([program, "--batch", "--play", str(commands)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300, check=False)  # fmt: skip
        found[name] = time.perf_counter() - began
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--peer", action="store_true", help="VisiData too, if it is installed.")
    options = parser.parse_args()
    if not options.catalog.exists():
        subprocess.run([sys.executable, str(Path(__file__).with_name("make_catalog.py")), str(options.catalog), "--runs", str(options.runs)], check=True)  # fmt: skip
    slow = 0
    with open_reader(options.catalog) as reader:
        print(f"{'':66} {'page':>8} {'cold':>8} {'limit':>8} {'runs':>8}")
        for text in FILTERS:
            warm, cold, matched = measure(reader, RunsRequest(text, NEWEST))
            slow += warm > LIMIT_MS
            print(f"{text:66} {warm:6.1f}ms {cold:6.1f}ms {LIMIT_MS:6.0f}ms {matched:8,}")
        for column in SORTS:
            _, cold, matched = measure(reader, RunsRequest("", (Sort(column),)))
            slow += cold > LIMIT_MS
            print(f"{'by ' + column:66} {'':>8} {cold:6.1f}ms {LIMIT_MS:6.0f}ms {matched:8,}")
        for text, column in (
            ("val/loss < 0.001", "metric.max:val/acc"),
            ("otter", "attribute:project"),
            ("not lr = 0.01", "metric.min:val/loss"),
        ):
            _, cold, matched = measure(reader, RunsRequest(text, (Sort(column, True),)))
            slow += cold > LIMIT_MS
            print(f"{text + ' by ' + column:66} {'':>8} {cold:6.1f}ms {LIMIT_MS:6.0f}ms {matched:8,}")
        if options.peer:
            with tempfile.TemporaryDirectory() as folder:
                for name, seconds in visidata(reader, Path(folder)).items():
                    print(f"{'VisiData: ' + name:66} {1000 * seconds:6.0f}ms")
    print(f"{slow} of {len(FILTERS) + len(SORTS)} over the limit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
