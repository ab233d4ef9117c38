"""Export of a catalog into a lake and import of that, beside a plain COPY by duckdb of the same rows: runs and points a second, and memory.

    python tests/bench/bench_lake.py
    python tests/bench/bench_lake.py --runs 1000000
    python tests/bench/bench_lake.py --catalog big.artui

Each is a process of its own. The peer reads the rows from the lake and writes them again, file by file, with the same options.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 200
PEER = """
import duckdb, glob, os, sys
connection = duckdb.connect(config={"threads": "1", "memory_limit": "96MB", "temp_directory": sys.argv[2]})
for number, path in enumerate(glob.glob(sys.argv[1] + "/**/*.parquet", recursive=True)):
    connection.execute(f"COPY (SELECT * FROM read_parquet(?, hive_partitioning = false)) TO '{sys.argv[2]}/{number}.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)", [path])
"""


def main() -> None:
    """Measure catalogs of the sizes that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--catalog", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for catalog in arguments.catalog:
            measure(catalog, folder)
        for count in arguments.runs if not arguments.catalog else ():
            from tests.bench.make_catalog import make

            make(folder / f"{count}.artui", run_count=count)
            measure(folder / f"{count}.artui", folder)


def measure(catalog: Path, folder: Path) -> None:
    """Print what an export, another one, an import, another one and the peer take."""
    import duckdb

    lake, back, copied = (folder / f"{catalog.stem}-{name}" for name in ("lake", "back.artui", "copied"))
    copied.mkdir()
    artui = [sys.executable, "-m", "artui"]
    export = timed([*artui, "export", "--parquet", str(lake), "-c", str(catalog)])
    with duckdb.connect() as connection:
        runs, points = (
            connection.execute(f"SELECT count(*) FROM read_parquet('{lake}/{table}/**/*.parquet')").fetchall()[0][0]
            for table in ("runs", "points")
        )
    size_bytes = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
    print(
        f"{runs:,} runs, {points:,} points: {size_bytes / 1e6:,.1f} MB in {len(list(lake.rglob('*.parquet'))):,} files"
    )
    for name, (seconds, memory_mb), limit in (
        ("export", export, LIMIT_MB),
        ("export again", timed([*artui, "export", "--parquet", str(lake), "-c", str(catalog)]), LIMIT_MB),
        ("import", timed([*artui, "import", str(lake), "-c", str(back)]), LIMIT_MB),
        ("import again", timed([*artui, "import", str(lake), "-c", str(back)]), LIMIT_MB),
        ("duckdb COPY", timed([sys.executable, "-c", PEER, str(lake), str(copied)]), 0),
    ):
        shown = f" of {limit} MB" if limit else " MB"
        print(f"  {name:<13} {seconds:8.1f} s {runs / seconds:10,.0f} runs/s {points / seconds:12,.0f} points/s {memory_mb:6.0f}{shown}")  # fmt: skip


def timed(command: list[str]) -> tuple[float, float]:
    """Run a command; give its seconds, and its largest memory in MB: of the process, or of a child if that had more."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:5]} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
