"""The life of a model after its training: requirements judged, requests observed, windows kept and read; ours beside the limits.

    python tests/bench/bench_operations.py [verdicts|observe|kills|monitor|windows|drift …] [--folder DIR] [--whylogs PYTHON]

Run it on an idle machine. With `--folder` what is made is kept there and used again. No other tool judges requirements: what
is beside ours is plain SQL that does no more than read the values, once for each criterion. Beside an observation stands one
`write(2)` of as many bytes; beside the profile of predictions that of whylogs, if `--whylogs` names a Python that has it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import artui
from artui.catalog import Catalog, artifacts, deployments, points, runs, windows
from artui.catalog.windows import NewWindow
from artui.model.tallies import Tally
from artui.profile.building import Builder
from artui.query import windows as reading
from artui.query.drifting import FIRST_WINDOWS, drift_of
from artui.query.judge import Judge
from artui.query.reader import Reader
from tests.bench.bench_production import WIDE, wide

DRIFT_LIMIT_MS = 250
"""For the columns of a deployment that drifted most, and the drift of five of them over time."""
LIMIT_MS = 300
"""For 50 criteria and 10,000 versions."""
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


def verdicts(folder: Path, *, versions: int = 10_000, criteria: int = 50) -> None:
    """Print how long verdicts take."""
    path = make(folder / f"verdicts-{versions}-{criteria}.artui", versions=versions, criteria=criteria)
    conditions = [f"test/m{number:02d} >= 0.5" for number in range(criteria)]
    with Reader(path) as reader, reader.snapshot() as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM version ORDER BY key")]

        def judge() -> int:
            judging = Judge(connection, keys)
            return sum(judging.answers(condition).count("met") for condition in conditions)

        def read() -> int:
            query = "SELECT count(*) FROM series AS s JOIN name AS n ON n.key = s.name_key WHERE n.text = ? AND s.last >= 0.5"
            return sum(connection.execute(query, (f"test/m{number:02d}",)).fetchone()[0] for number in range(criteria))

        assert judge() == read()
        ours, plain = fastest(judge), fastest(read)
    say(f"{criteria} criteria, {versions:,} versions", ours, "ms", LIMIT_MS, f"plain SQL, counted only: {plain:.0f} ms")


def say(what: str, ours: float, unit: str, limit: float | None, beside: str = "") -> None:
    """Print a line of the table."""
    print(f"{what:44}{ours:>10.1f} {unit:4}{f'limit {limit:g}' if limit is not None else '':>12}  {beside}")


# Requests that a service observes

OBSERVATIONS = 50_000
OBSERVE_US = 10.0
"""Beside one write(2)."""
KILLS = 20
_SERVICE = """
import random, sys, time
import artui
observer = artui.Observer("api/production", catalog=sys.argv[1])
features = {f"x{n:02}": random.random() for n in range(20)}
for number in range(int(sys.argv[2])):
    observer.observe(features, number % 2, id=number, latency=3.5, status=200)
    if number % 50 == 49:
        print(number + 1, flush=True)
        if number % 2500 == 2499:
            observer._wake.set()
observer.close()
"""


def observe(folder: Path) -> None:
    """Print what an observation costs, while what is observed is folded."""
    observer = artui.Observer("api/production", catalog=folder / "observed.artui")
    features = {f"x{number:02}": random.random() for number in range(20)}
    handle = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = b"x" * 500
    ours, plain = [], []
    for number in range(OBSERVATIONS):
        began = time.perf_counter_ns()
        observer.observe(features, 0.5, id=number, latency=3.2, status=200)
        between = time.perf_counter_ns()
        os.write(handle, line)
        ours.append(between - began)
        plain.append(time.perf_counter_ns() - between)
    os.close(handle)
    observer.close()
    with Reader(folder / "observed.artui") as reader, reader.snapshot() as connection:
        key = deployments.find_deployment(connection, "api/production").version_key
        assert sum(window.row_count for window in reading.windows(connection, key)) % OBSERVATIONS == 0
    middle, write = float(np.median(ours)) / 1000, float(np.median(plain)) / 1000
    say("observe, 20 features, p50 beside write(2)", middle - write, "µs", OBSERVE_US, f"write(2): {write:.1f} µs, p99 {np.quantile(ours, 0.99) / 1000:.0f} µs")  # fmt: skip


def kills(folder: Path) -> None:
    """Kill a service again and again while it observes; what it had said before is counted."""
    catalog, said, chance = folder / f"killed-{os.getpid()}.artui", 0, random.Random(0)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", _SERVICE, str(catalog), str(1 << 30)], stdout=subprocess.PIPE, text=True
        ) as service:
            assert service.stdout is not None
            last = 0
            until = time.monotonic() + chance.uniform(0.5, 3)
            while time.monotonic() < until:
                last = int(service.stdout.readline())
            service.send_signal(signal.SIGKILL)
            rest = service.stdout.read().split()
            said += int(rest[-1]) if rest and rest[-1].isdigit() else last
    with artui.Observer("api/production", catalog=catalog) as observer:
        observer.flush()
    with Reader(catalog) as reader, reader.snapshot() as connection:
        key = deployments.find_deployment(connection, "api/production").version_key
        counted = sum(window.row_count for window in reading.windows(connection, key))
    # Up to 49 more were observed than the service could say before it was killed.
    print(f"{KILLS} kills: {said:,} observations were said to be made, {counted:,} are counted, {max(0, said - counted):,} lost, {max(0, counted - said - 49 * KILLS):,} counted twice")  # fmt: skip


# Predictions

ROWS = 10_000_000
MEMORY_MIB = 200
_PEAK = """
def peak():
    # That of getrusage counts the process that this one was started by.
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
"""
_MONITOR = """
import sys, time
import artui
began = time.perf_counter()
report = artui.monitor("api/production", sys.argv[1], catalog=sys.argv[2])
print(time.perf_counter() - began, peak(), report.rows, report.windows)
"""
_WHYLOGS = """
import sys, time
import pyarrow.parquet as parquet
import whylogs
began = time.perf_counter()
profile, rows = None, 0
for batch in parquet.ParquetFile(sys.argv[1]).iter_batches(batch_size=1 << 15):
    view = whylogs.log(batch.to_pandas()).view()
    profile = view if profile is None else profile.merge(view)
    rows += len(batch)
    if rows >= float(sys.argv[2]):
        break
print(time.perf_counter() - began, peak(), rows)
"""


def predictions(path: Path, rows: int = ROWS) -> Path:
    """Make two weeks of predictions of 20 columns."""
    import pyarrow as pa
    from pyarrow import parquet

    if path.exists():
        return path
    chance, writer, at_once = np.random.default_rng(0), None, 500_000
    cards, countries = np.array(["gift", "debit", "credit"]), np.array([f"c{number}" for number in range(50)])
    for start in range(0, rows, at_once):
        count = min(at_once, rows - start)
        times = START_MS + ((start + np.arange(count)) * (14 * 86_400_000 / rows)).astype(np.int64)
        guesses = chance.random(count) < 0.1
        columns = {
            "timestamp": times.astype("M8[ms]"), "id": np.arange(start, start + count), "prediction": guesses.astype(np.int64),
            "label": (guesses ^ (chance.random(count) < 0.05)).astype(np.int64), "latency_ms": chance.exponential(20, count),
            **{f"x{number:02}": chance.normal(0, 1, count) for number in range(13)},
            "card": cards[chance.integers(0, 3, count)], "country": countries[chance.integers(0, 50, count)],
        }  # fmt: skip
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=100_000)
    if writer is not None:
        writer.close()
    return path


def monitor(folder: Path, python: str = "") -> None:
    """Print how long predictions take, and how much memory."""
    path = predictions(folder / f"predictions-{ROWS}.parquet")
    our_seconds, mib, rows, count = _called(sys.executable, _MONITOR, path, folder / f"monitored-{os.getpid()}.artui")
    say(f"{int(rows):,} x 20 in {int(count)} windows, memory", mib, "MiB", MEMORY_MIB, f"in {our_seconds:.1f} s")
    if python:
        # It would take half an hour for all.
        seconds, mib, some = _called(python, _WHYLOGS, path, rows / 80)
        say(f"whylogs, the first {int(some):,}, one profile", mib, "MiB", None, f"in {seconds:.1f} s: {some / seconds:,.0f} rows a second, ours {rows / our_seconds:,.0f}")  # fmt: skip


def _called(python: str, code: str, *words: object) -> list[float]:
    done = subprocess.run([python, "-c", _PEAK + code, *map(str, words)], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


# Windows

WIDTH, DAYS = 1_000, 365
WINDOWS_MB, SCREEN_MS = 60, 250
_DIFFERENT = 8


def year(path: Path) -> Path:
    """Make a deployment of many columns, observed for a year."""
    if path.exists():
        return path
    chance, profiles = np.random.default_rng(0), []
    for _ in range(_DIFFERENT):
        builder = Builder([f"feature_{number}" for number in range(WIDTH)])
        builder.add([chance.normal(0, 1, 10_000) for _ in range(WIDTH)], 10_000)
        profiles.append(builder.done())
    day_ms, tally = (
        86_400_000,
        Tally(10_000, 20, 10_000, 9_000, {("1", "1"): 800, ("0", "0"): 8_000, ("1", "0"): 200}, 8_800),
    )
    with Catalog(path) as catalog:
        for day in range(DAYS):
            with catalog.transaction() as connection:
                saved = deployments.ensure_deployment(connection, "p", "api/production")
                new = NewWindow(START_MS + day * day_ms, START_MS + (day + 1) * day_ms, "", profiles[day % _DIFFERENT], tally)  # fmt: skip
                windows.put(connection, saved.key, "writer", [new], revision=day + 1)
    return path


def year_of_windows(folder: Path) -> None:
    """Print how large a year of windows is, and how long it takes to read."""
    path = year(folder / f"year-{WIDTH}-{DAYS}.artui")
    say(f"{WIDTH:,} columns x {DAYS} windows, in the file", path.stat().st_size / 1e6, "MB", WINDOWS_MB)
    with Reader(path) as reader, reader.snapshot() as connection:
        key = deployments.find_deployment(connection, "api/production").version_key

        def screen() -> int:
            found = reading.windows(connection, key, most_sketched=0)
            (last,) = reading.windows(connection, key, since_ms=found[-1].from_ms)
            return len([window.tally.metrics for window in found]) + len(last.profile.columns)

        def sketches() -> int:
            return sum(len(window.sketches) for window in reading.windows(connection, key))

        say("read: all tallies, the profile of the last", fastest(screen), "ms", SCREEN_MS)
        say("read: the sketches of all, unpacked", fastest(sketches), "ms", None)


PARTS = ("verdicts", "observe", "kills", "monitor", "windows", "drift")


def drift(folder: Path) -> None:
    """Print how long the columns that drifted most take, and the drift of five of them over time: as they are seen first, and of all windows."""
    path = wide(folder / "wide.artui")
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--whylogs", default="", metavar="PYTHON")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = words.folder or Path(scratch)
        os.environ["XDG_STATE_HOME"] = str(Path(scratch) / "state")
        for part in words.parts or PARTS:
            if part == "verdicts":
                verdicts(folder)
            elif part == "observe":
                observe(folder)
            elif part == "kills":
                kills(folder)
            elif part == "monitor":
                monitor(folder, words.whylogs)
            elif part == "drift":
                drift(folder)
            else:
                year_of_windows(folder)


if __name__ == "__main__":
    main()
