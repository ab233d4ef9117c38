"""Catalogs on the move: merging many runs, merging again, sharing, checking, beside `cp`, SQLite's own backup and `sha256sum`, in one run.

    python tests/bench/bench_travel.py [--runs 10000] [--points 100] [--metrics 1] [--flips 10000] [--laws 10000]

Run it on an idle machine. `--points` are those of each metric of a run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
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

from artui.catalog import Catalog, artifacts, blobs, events, points, runs
from artui.catalog.checking import check_data
from artui.catalog.merging.merge import merge
from artui.catalog.redacting import CLASSES
from artui.model import ParamValue
from artui.query.reader import Reader
from artui.query.runs.order import first_view
from artui.travel import packs, syncing, union
from artui.travel.past import as_of
from artui.travel.sharing import Order, share


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
    shutil.copyfile(source, folder / "replica.db")
    with Catalog(source) as catalog, catalog.transaction() as connection:
        run_ids = [row[0] for row in connection.execute("SELECT id FROM run LIMIT 100")]
    with Catalog(source) as catalog, events.editing(catalog, "100 notes") as edit:
        for run_id in run_ids:
            edit.set_note(run_id, "seen")
    peer = _replicated(source, folder / "replica.db")
    _line("merge it again after 100 notes", f"{_seconds(once):.3f} s", "", peer)
    _line("peak memory of all this", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", "200 MiB")


def _replicated(origin: Path, replica: Path) -> str:
    """Bring a copy up to date by SQLite's own program, which came with 3.47 and is in few distributions."""
    program = shutil.which("sqlite3_rsync")
    if program is None:
        return "sqlite3_rsync: not here"
    words = [program, str(origin), str(replica)]
    return f"sqlite3_rsync {_seconds(lambda: subprocess.run(words, check=True, capture_output=True)):.3f} s"


def sharing(folder: Path, run_count: int, metric_count: int, point_count: int) -> None:
    """Share a catalog whole, redacted and in part, beside `cp` and SQLite's own backup."""
    source = folder / "s.artui"
    make(source, run_count=run_count, metric_count=metric_count, point_count=point_count)
    copying = _seconds(lambda: shutil.copyfile(source, folder / "copy-s.artui"))
    backing = _seconds(lambda: _backup(source, folder / "backup-s.artui"))
    total = run_count * metric_count * point_count
    with contextlib.closing(sqlite3.connect(source)) as connection:
        some = {row[0] for row in connection.execute("SELECT id FROM run ORDER BY id LIMIT ?", (run_count // 10,))}
    for what, order in (
        (f"share {run_count:,} runs, {total:,} points, checked", Order()), ("share them redacted", Order(redacted=frozenset(CLASSES))),
        ("share a tenth of them", Order(run_ids=some)), ("share them with plain points", Order(is_plain=True)),
    ):  # fmt: skip
        seconds = _seconds(lambda order=order: share(source, folder / "out.artui", order, replaces=True))  # type: ignore[misc]
        _line(what, f"{seconds:.2f} s", "", f"cp {copying:.2f}, backup {backing:.2f} s")
    _line("peak memory of all this", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", "200 MiB")


def uniting(folder: Path, count: int) -> None:
    """Show many catalogs as one: until something is on the screen, until all of them are, and when it is opened again."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    paths = [folder / "boxes" / f"{number}.artui" for number in range(count)]
    for number, path in enumerate(paths):
        make(path, run_count=100, metric_count=1, point_count=100, first=number * 100)

    def paint() -> None:
        copy = union.copy_of(paths)
        union.make_ready(copy)
        with Reader(copy, sources=paths) as reader:
            first_view(reader, 50)

    def gather() -> None:
        union.gather(paths, union.copy_of(paths))

    what = f"{count} catalogs of 100 runs as one"
    _line(f"{what}: first paint without the app's start", f"{_seconds(paint):.2f} s", "1 s")
    _line(f"{what}: all of them", f"{_seconds(gather):.2f} s")
    _line(f"{what}: first paint again, all runs", f"{_seconds(paint):.2f} s", "1 s")
    _line(f"{what}: looked through for news", f"{_seconds(gather):.3f} s")


def teaming(folder: Path, count: int, run_count: int) -> None:
    """Pull many packs of one run each into a catalog of many runs, beside `cp` of the same bytes and a pull by git of as many files."""
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    (folder / "team").mkdir()
    store = packs.place(str(folder / "team"), is_written=True)
    for number in range(count):
        path = folder / "one.artui"
        path.unlink(missing_ok=True)
        make(path, run_count=1, metric_count=1, point_count=100, first=number)
        with Catalog(path) as catalog:
            packs.put(store, path, catalog.id)
    target = folder / "target.artui"
    make(target, run_count=run_count, metric_count=1, point_count=100, first=count)
    copying = _seconds(lambda: shutil.copytree(folder / "team", folder / "copy"))
    by_git = _pulled_by_git(folder)
    peer = f"cp {copying:.2f}, git pull {by_git:.2f} s"
    what = f"{count:,} packs, {run_count:,} runs here:"
    _line(f"pull of {what}", f"{_seconds(lambda: syncing.pull(target, store)):.2f} s", "20 s", peer)
    _line("pull again, nothing new", f"{_seconds(lambda: syncing.pull(target, store)):.2f} s", "1 s")
    _line(
        f"push of {run_count:,} runs, packs brought together",
        f"{_seconds(lambda: syncing.push(target, store, syncing.Outgoing())):.2f} s",
    )
    _line("sync, nothing new", f"{_seconds(lambda: syncing.sync(target, store, syncing.Outgoing())):.2f} s")


def _pulled_by_git(folder: Path) -> float:
    """Pull the same files by git from a repository on this disk; NaN without it."""
    if shutil.which("git") is None:
        return float("nan")

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)

    there, here = str(folder / "there"), str(folder / "here")
    git("init", "-q", there)
    git("-C", there, "commit", "-q", "--allow-empty", "-m", "begin")
    git("clone", "-q", there, here)
    shutil.copytree(folder / "team", folder / "there" / "team")
    git("-C", there, "add", "-A")
    git("-C", there, "commit", "-q", "-m", "all")
    return _seconds(lambda: git("-C", here, "pull", "-q"))


def looking_back(folder: Path, run_count: int, metric_count: int, point_count: int) -> None:
    """Show a catalog as it was in the middle of it."""
    path = folder / "past.artui"
    make(path, run_count=run_count, metric_count=metric_count, point_count=point_count)
    at_ms = 1_790_000_000_000 + run_count // 2 * 60_000
    seconds = _seconds(lambda: as_of(path, at_ms).folder.cleanup())
    _line(f"{run_count:,} runs as they were when half had begun", f"{seconds:.2f} s")


def checking(folder: Path, gigabytes: float) -> None:
    """Check a catalog with much content, beside `sha256sum` and SQLite's own check."""
    path, block = folder / "c.artui", 64 << 20
    with Catalog(path) as catalog:
        for number in range(max(1, round(gigabytes * (1 << 30) / block))):
            with catalog.transaction() as connection:
                key, digest, size = blobs.store(connection, io.BytesIO(np.random.default_rng(number).bytes(block)))
                files = [artifacts.NewFile("data.bin", size, digest, key)]
                artifacts.save(connection, artifacts.NewVersion(project="p", name=f"data-{number}", kind="dataset", stage="data", files=files))  # fmt: skip
    size = path.stat().st_size
    hashing = _seconds(lambda: subprocess.run(["sha256sum", str(path)], check=True, capture_output=True))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        quick = _seconds(lambda: connection.execute("PRAGMA integrity_check").fetchall())
    seconds = _seconds(lambda: list(check_data(path)))
    _line(
        f"check --data of {size / 1e9:.2f} GB of files", f"{size / 1e6 / seconds:.0f} MB/s", "500 MB/s",
        f"sha256sum {size / 1e6 / hashing:.0f}, integrity_check {size / 1e6 / quick:.0f} MB/s",
    )  # fmt: skip


def flipping(count: int, first: int) -> int:
    """Flip single bits of a catalog; give how many change something that has a digest, and are not found."""
    from tests import mutating
    from tests.catalog.test_checking import flips

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # fmt: skip
        unseen = flips(mutating.build(Path(folder) / "x.artui"), Path(folder) / "y.artui", count, seed=first)
    _line(f"{count:,} flipped bits", f"{len(unseen)} not found", "0")
    return len(unseen)


def _backup(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as other:
        one.backup(other)


def laws(count: int, first: int) -> None:
    """Try the laws of merging on random histories."""
    subprocess.run([sys.executable, "-m", "tests.catalog.merging.laws", str(first), str(count)], check=False)


def main() -> int:
    """Print what was measured; give 1 if a flipped bit was not found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=1)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--laws", type=int, default=0, help="Histories on which the laws of merging are tried, too.")
    parser.add_argument("--first", type=int, default=0, help="The seed of the first of them.")
    parser.add_argument("--catalogs", type=int, default=100, help="That are shown as one.")
    parser.add_argument("--packs", type=int, default=1000, help="That are pulled at once.")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="Of content that is checked.")
    parser.add_argument("--flips", type=int, default=0, help="Bits that are flipped, one at a time.")
    options = parser.parse_args()
    _line("", "ours", "limit", "others")
    with tempfile.TemporaryDirectory() as folder:
        merging(Path(folder), options.runs, options.metrics, options.points)
    with tempfile.TemporaryDirectory() as folder:
        sharing(Path(folder), options.runs, options.metrics, options.points)
    with tempfile.TemporaryDirectory() as folder:
        uniting(Path(folder), options.catalogs)
    with tempfile.TemporaryDirectory() as folder:
        teaming(Path(folder), options.packs, options.runs)
    with tempfile.TemporaryDirectory() as folder:
        looking_back(Path(folder), options.runs, options.metrics, options.points)
    with tempfile.TemporaryDirectory() as folder:
        checking(Path(folder), options.gigabytes)
    unfound_count = 0
    if options.flips:
        unfound_count = flipping(options.flips, options.first)
    if options.laws:
        laws(options.laws, options.first)
    return 1 if unfound_count else 0


if __name__ == "__main__":
    sys.exit(main())
