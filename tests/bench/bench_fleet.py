"""One catalog as it grows, and what comes after one catalog: seconds, megabytes and memory of all that one does with it.

    python tests/bench/bench_fleet.py [--runs 1000 100000 1000000] [--folder FOLDER] [--only app,commands]
    ARTUI_TEST_MLFLOW=…/bin/mlflow python tests/bench/bench_fleet.py --runs --many 10 100 --server 300

Catalogs of up to 100,000 runs have 20 params and 20 metrics a run, larger ones 8 and 4; two of the metrics have eight points,
the others one. They are made by make_catalog.py, and kept in the folder if one is named (a million runs take 15 minutes and
3 GB, and all that is done with them 20 GB more). Each command is a process of its own: its wall time, its time of processor, and
the most memory that it or one of its children had. Of the app: until the first change, and until its screen is at rest.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.pressing import Program  # noqa: E402

ARTUI = [sys.executable, "-m", "artui"]
FILTER = "val/loss < 0.3 and lr > 0.01"
PARTS = ("size", "app", "commands", "table", "record", "check", "copy", "merge", "gather", "push", "lake")
WIDE, NARROW = (20, 20), (8, 4)
WIDE_RUNS = 100_000
"""Larger catalogs have fewer params and metrics a run."""
TIMES = 5
"""Catalogs of as many runs have so many of each."""
SEARCH_AFTER_SECONDS = 3.0
"""The app looks for damage of the file soon after its first screen."""
MOST_SAID_BYTES = 1 << 16
"""Read of what a command printed: a process begins with the memory of the one that it is forked from."""

RECORD = """
import sys, time, artui
began = time.perf_counter()
taken = []
with artui.start_run(project="fleet", catalog=sys.argv[1], params={"lr": 0.1}) as run:
    begun = time.perf_counter()
    for step in range(1000):
        start = time.perf_counter_ns()
        run.log({f"m{number}": 1 / (step + number + 1) for number in range(10)}, step=step)
        taken.append(time.perf_counter_ns() - start)
        time.sleep(0.001)
    logged = time.perf_counter()
taken.sort()
print(f"start {begun - began:.2f} s, log {taken[500] / 1000:.0f} / {taken[990] / 1000:.0f} us, end {time.perf_counter() - logged:.2f} s")
"""
SERIES = """
import sys, time, artui
began = time.perf_counter()
with artui.open_catalog(sys.argv[1]) as catalog:
    opened = time.perf_counter()
    series = catalog.run(sys.argv[2]).series("val/loss")
    print(f"opened in {1000 * (opened - began):.0f} ms, {len(series.values)} points in {1000 * (time.perf_counter() - opened):.0f} ms")
"""
COLUMNS = """
import sys, artui
with artui.open_catalog(sys.argv[1]) as catalog:
    print(len(catalog.runs().columns("lr", "val/loss")["lr"]), "runs")
"""
DUCKDB = """
import sys, duckdb
connection = duckdb.connect()
for table in ("runs", "metrics", "params"):
    connection.execute(f"CREATE VIEW {table} AS FROM read_parquet('{sys.argv[1]}/{table}/**/*.parquet')")
print(connection.execute(sys.argv[2]).fetchall()[:3])
"""
STATES = "SELECT status, count(*) FROM runs GROUP BY status ORDER BY status"
BEST = "SELECT r.name, m.last FROM runs AS r JOIN {table} AS m ON m.run_id = r.id WHERE m.name = 'val/loss' ORDER BY m.last, r.id LIMIT 5"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command took, and what it said."""

    seconds: float
    worked_seconds: float
    """Of processor, which a busy machine does not change much."""
    peak_mb: float
    text: str


def done(command: list[str], *, status: int | None = 0) -> Done:
    """Run a command; end the benchmark if it ends with another status."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        _, ended, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(ended)
        output.seek(max(0, os.fstat(output.fileno()).st_size - MOST_SAID_BYTES))
        text = output.read().decode("utf-8", "replace")
    if status is not None and process.returncode != status:
        raise SystemExit(f"{command} ended with {process.returncode}: {text[-2000:]}")
    return Done(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text.strip())


def line(what: str, ours: str, memory: str = "", limit: str = "", others: str = "", worked: str = "") -> None:
    print(f"  {what:<56} {ours:>18} {worked:>10} {memory:>10} {limit:>8}   {others}".rstrip(), flush=True)


def span(seconds: float) -> str:
    """Write down a time."""
    return f"{1000 * seconds:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def show(what: str, found: Done, *, limit: str = "", others: str = "") -> Done:
    """Print what a command took."""
    line(what, span(found.seconds), f"{found.peak_mb:,.0f} MB", limit, others, worked=span(found.worked_seconds))
    return found


def shape_of(run_count: int) -> tuple[int, int]:
    """Give how many params and metrics a run has."""
    return WIDE if run_count <= WIDE_RUNS else NARROW


def make(path: Path, run_count: int, *, first: int = 0, shape: tuple[int, int] = WIDE, times: int = 1) -> Done:
    """Make a catalog, or add runs to one, in a process of its own: this one stays small."""
    words = [
        str(ROOT / "tests/bench/make_catalog.py"),
        str(path),
        "--runs",
        str(run_count // times),
        "--first",
        str(first),
        "--times",
        str(times),
    ]
    return done([sys.executable, *words, "--params", str(shape[0]), "--metrics", str(shape[1])])


def megabytes(path: Path) -> float:
    """Give the size of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def size(path: Path, run_count: int, folder: Path) -> None:
    """What it takes on the disk."""
    param_count, metric_count = shape_of(run_count)
    point_count = run_count * (metric_count - 2 + 16)
    line(
        f"file of {param_count} params, {metric_count} metrics, {metric_count + 14} points a run",
        f"{megabytes(path):,.0f} MB",
        others=f"{megabytes(path) * 1e6 / run_count:,.0f} bytes a run, {megabytes(path) * 1e6 / point_count:,.0f} a point",
    )


def app(path: Path, run_count: int, folder: Path) -> None:
    """The app: from its start to the end of the table, and what one does there."""
    command = [*ARTUI, str(path)]
    paints = []
    for _ in range(3):
        with Program(command) as program:
            paints.append(program.wait(r"val/loss"))
    with Program(command) as program:
        program.wait(r"val/loss")
        line("app: first useful paint", span(statistics.median(paints)), f"{program.peak_mb:,.0f} MB")
        program.watch(SEARCH_AFTER_SECONDS)
        program.settle()
        line(
            "app: until it has looked the file through for damage",
            span(time.perf_counter() - program.began),
            f"{program.peak_mb:,.0f} MB",
            worked=span(program.worked),
        )
        steps: tuple[tuple[str, str, str], ...] = (
            ("a line down, median of 20", "\x1b[B", ""),
            ("a page down, median of 20", "\x1b[6~", ""),
            ("to the end (G)", "G", ""),
            ("a page up there, median of 20", "\x1b[5~", ""),
            ("to the top (g g)", "gg", ""),
            ("sort by val/loss (s)", "\x1b[Cs", "100 ms"),
            ("the other way (s)", "s", "100 ms"),
            (f"filter {FILTER}", f"/{FILTER}", "100 ms"),
            ("keep it (enter)", "\r", ""),
            ("no filter any more (esc)", "\x1b", ""),
            ("filter by a word: otter", "/otter", "100 ms"),
            ("no filter any more", "\r\x1b", ""),
            ("group by optimizer.name (g c)", "\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C" + "gc", ""),
            ("no groups any more (g u)", "gu", ""),
            ("mark three and compare (space, c)", "   c", ""),
            ("back (esc)", "\x1b", ""),
            ("curves of three marked runs (f)", "f", ""),
            ("back (esc)", "\x1b", ""),
            ("open a run (enter)", "\r", ""),
            ("back (esc)", "\x1b", ""),
            ("what sets three runs apart (w)", "w", ""),
            ("back (esc)", "\x1b", ""),
            ("no marks; curves of all runs (M f)", "Mf", ""),
            ("back (esc)", "\x1b", ""),
            ("the column's values (F)", "F", ""),
            ("back (esc)", "\x1b", ""),
            ("the catalog itself (7)", "7", ""),
            ("back (1)", "1", ""),
        )
        for what, keys, limit in steps:
            count = 20 if "median" in what else 1
            try:
                presses = [program.press(keys) for _ in range(count)]
            except (TimeoutError, EOFError) as error:
                line(f"app: {what}", "no end", others=str(error).replace("\n", " ")[:200])
                return
            first, settled = (
                statistics.median(getattr(press, name) for press in presses)
                for name in ("first_seconds", "settled_seconds")
            )
            line(f"app: {what}", f"{1000 * first:,.0f} / {1000 * settled:,.0f} ms", f"{program.peak_mb:,.0f} MB", limit)


def commands(path: Path, run_count: int, folder: Path) -> None:
    """Commands that read, and the Python API."""
    names = done([*ARTUI, "--read-only", "ls", "-c", str(path), "-n", "2", "--json"]).text
    import json

    one, two = (run["id"] for run in json.loads(names)["runs"][:2])
    show("artui ls -n 20", done([*ARTUI, "ls", "-c", str(path), "-n", "20"]))
    show(
        f"artui ls -w '{FILTER}' -n 20 --sort val/loss",
        done([*ARTUI, "ls", "-c", str(path), "-w", FILTER, "-n", "20", "--sort", "val/loss"]),
    )
    show("artui show RUN", done([*ARTUI, "show", one, "-c", str(path)]))
    show("artui compare RUN RUN", done([*ARTUI, "compare", one, two, "-c", str(path)]))
    series = done([sys.executable, "-c", SERIES, str(path), one])
    show("a series of points, by Python", series, others=series.text)
    show("two columns of all runs, by Python", done([sys.executable, "-c", COLUMNS, str(path)]), limit="2 s" if run_count == WIDE_RUNS else "")  # fmt: skip
    show("artui sql: count by state", done([*ARTUI, "sql", "-c", str(path), STATES]))
    show("artui sql: the best runs", done([*ARTUI, "sql", "-c", str(path), BEST.format(table="metric_summaries")]))


def table(path: Path, run_count: int, folder: Path) -> None:
    """All runs as CSV."""
    show("artui ls --csv, all", done([*ARTUI, "ls", "-c", str(path), "--csv"]))


def record(path: Path, run_count: int, folder: Path) -> None:
    """One more run, into this catalog and into a new one."""
    others = done([sys.executable, "-c", RECORD, str(folder / "fresh.artui")])
    found = done([sys.executable, "-c", RECORD, str(path)])
    show("record 1,000 steps of 10 metrics", found, others=found.text.splitlines()[-1])
    show("  into a new catalog", others, others=others.text.splitlines()[-1])


def check(path: Path, run_count: int, folder: Path) -> None:
    """A search for damage, and for all of it."""
    show("artui check", done([*ARTUI, "check", str(path)]))
    show("artui check --data", done([*ARTUI, "check", str(path), "--data"]))


def copy(path: Path, run_count: int, folder: Path) -> None:
    """Copies: one to give away, and one without free pages in its place."""
    copied, shared = folder / "copied.artui", folder / "shared.artui"
    begin = time.perf_counter()
    shutil.copyfile(path, copied)
    copying = f"cp {time.perf_counter() - begin:.1f} s"
    found = done([*ARTUI, "share", str(shared), "-c", str(path)])
    show("artui share OUT", found, others=f"{copying}; {megabytes(shared):,.0f} MB")
    vacuum = done([sys.executable, "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM')", str(copied)])  # fmt: skip
    show("artui compact", done([*ARTUI, "compact", str(path)]), others=f"SQLite's VACUUM {vacuum.seconds:.1f} s")
    copied.unlink()
    shared.unlink()


def merge(path: Path, run_count: int, folder: Path) -> None:
    """A small catalog into this one."""
    small = folder / "small.artui"
    make(small, 100, first=50_000_000, shape=shape_of(run_count))
    show("merge 100 runs into it", done([*ARTUI, "merge", str(small), "--into", str(path)]))
    show("merge them again", done([*ARTUI, "merge", str(small), "--into", str(path)]))
    small.unlink()


def gather(path: Path, run_count: int, folder: Path) -> None:
    """This catalog into an empty one."""
    empty = folder / "empty.artui"
    show("merge it into an empty one", done([*ARTUI, "merge", str(path), "--into", str(empty)]))
    show("merge it again", done([*ARTUI, "merge", str(path), "--into", str(empty)]))
    line("  the merged file", f"{megabytes(empty):,.0f} MB")
    empty.unlink()


def push(path: Path, run_count: int, folder: Path) -> None:
    """Packs in a folder."""
    team, other = folder / "team", folder / "other.artui"
    team.mkdir()
    found = show("push to a folder", done([*ARTUI, "push", str(team), "-c", str(path)]))
    line("  what lies there", f"{megabytes(team):,.0f} MB", others=found.text[-90:].replace("\n", " "))
    show("push again, nothing new", done([*ARTUI, "push", str(team), "-c", str(path)]))
    show("pull all of it", done([*ARTUI, "pull", str(team), "-c", str(other)]))
    make(path, 10, first=60_000_000, shape=shape_of(run_count))
    show("push 10 new runs", done([*ARTUI, "push", str(team), "-c", str(path)]))
    show("pull them", done([*ARTUI, "pull", str(team), "-c", str(other)]))
    show("sync, nothing new", done([*ARTUI, "sync", str(team), "-c", str(other)]))
    shutil.rmtree(team)
    other.unlink()


def lake(path: Path, run_count: int, folder: Path) -> None:
    """A lake of Parquet files, and DuckDB over it."""
    place = folder / "lake"
    show("export --parquet", done([*ARTUI, "export", "--parquet", str(place), "-c", str(path)]))
    line("  what lies there", f"{megabytes(place):,.0f} MB", others=f"{len(list(place.rglob('*.parquet'))):,} files")
    show("export again, nothing new", done([*ARTUI, "export", "--parquet", str(place), "-c", str(path)]))
    make(path, 10, first=70_000_000, shape=shape_of(run_count))
    show("export 10 new runs", done([*ARTUI, "export", "--parquet", str(place), "-c", str(path)]))
    for what, query in (("count by state", STATES), ("the best runs", BEST.format(table="metrics"))):
        show(f"DuckDB over the lake: {what}", done([sys.executable, "-c", DUCKDB, str(place), query]))
    shutil.rmtree(place)


def many(counts: list[int], folder: Path) -> None:
    """Several catalogs of 1,000 runs that are seen as one."""
    for count in counts:
        boxes = folder / f"{count}-boxes"
        boxes.mkdir(exist_ok=True)
        for number in range(count):
            if not (boxes / f"{number}.artui").exists():
                make(boxes / f"{number}.artui", 1000, first=number * 1000, shape=NARROW)
        print(f"\n{count} catalogs of 1,000 runs as one, {megabytes(boxes):,.0f} MB")
        for what in ("for the first time", "again"):
            with Program([*ARTUI, str(boxes)]) as program:
                paint = program.wait(r"val/loss")
                every = program.wait(rf"\b{count},000 runs")
                program.settle()
                line(f"app: first useful paint, {what}", f"{1000 * paint:,.0f} ms", f"{program.peak_mb:,.0f} MB", "1 s")
                line("  until all runs are there", f"{1000 * every:,.0f} ms")


def server(run_count: int) -> None:
    """An MLflow server, by bench_server.py."""
    print(f"\nan MLflow server, {run_count:,} runs")
    print(done([sys.executable, str(ROOT / "tests/bench/bench_server.py"), "--runs", str(run_count)]).text)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="Where catalogs are kept: N.artui.")
    parser.add_argument("--only", default=",".join(PARTS), help="Of " + ", ".join(PARTS) + ".")
    parser.add_argument("--many", type=int, nargs="*", default=[], help="Also so many catalogs as one, such as 10 100.")
    parser.add_argument("--server", type=int, default=0, help="Also so many runs to an MLflow server and back.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        for part in ("state", "cache", "config", "data"):
            os.environ[f"XDG_{part.upper()}_HOME"] = str(folder / part)
        os.environ |= {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        line("", "ours", "memory", "limit", "others in this run", worked="processor")
        for run_count in options.runs:
            path = (options.folder or folder) / f"{run_count}.artui"
            print(f"\n{run_count:,} runs")
            if not path.exists():
                show(
                    "making it",
                    make(path, run_count, shape=shape_of(run_count), times=TIMES if run_count >= WIDE_RUNS else 1),
                )
            for part in options.only.split(","):
                globals()[part](path, run_count, folder)
        many(options.many, options.folder or folder)
        if options.server:
            server(options.server)


if __name__ == "__main__":
    main()
