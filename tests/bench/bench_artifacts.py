"""Bytes into a catalog and out of it, and 100,000 runs into columns: ours, the limit and the peers in one run.

    python tests/bench/bench_artifacts.py [--mib 256] [--large-mib 4096] [--many 100000] [--catalog BIG.artui]

Run it on an idle machine. `--catalog` is one of 100,000 runs x 20 params x 20 metrics (bench_query.py makes it).
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

import artui
from artui.catalog import Catalog, artifacts, blobs

_CHANGES = 100


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _call(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def _artui(*words: str) -> None:
    _call(sys.executable, "-m", "artui", *words)


def _line(what: str, ours: str, limit: str = "", peer: str = "") -> None:
    print(f"{what:52} {ours:>22} {limit:>22} {peer:>26}", flush=True)


def _random_file(path: Path, mib: int) -> None:
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))


def content(folder: Path, mib: int) -> None:
    """Embed a file, again after changes, and get it, beside `cp` and `sha256sum`."""
    source, catalog = folder / "data.bin", folder / "c.artui"
    _random_file(source, mib)
    os.environ["ARTUI_EMBED_LIMIT_BYTES"] = str(mib << 21)
    copied = _seconds(lambda: _call("cp", str(source), str(folder / "copy")))
    hashed = _seconds(lambda: _call("sha256sum", str(source)))
    embedded = _seconds(lambda: _artui("add", str(source), "-n", "data", "-c", str(catalog)))
    _line(f"embed {mib} MiB", f"{mib / embedded:.0f} MiB/s", f"{0.3 * mib / copied:.0f} (0.3 x cp)", f"cp {mib / copied:.0f}, sha256sum {mib / hashed:.0f}")  # fmt: skip
    chance = random.Random(1)
    for places, limit in ((1, "2 %"), (_CHANGES, "")):
        before = catalog.stat().st_size
        with source.open("r+b") as file:
            for _ in range(places):
                file.seek(chance.randrange(max(1, (mib << 20) * 98 // 100)))
                file.write(os.urandom((mib << 20) // 100 // places))
        again = _seconds(lambda: _artui("add", str(source), "-n", "data", "-c", str(catalog)))
        growth = 100 * (catalog.stat().st_size - before) / (mib << 20)
        where = "one place" if places == 1 else f"{places} places"
        _line(f"again, 1 % changed in {where}", f"{growth:.1f} % in {again:.1f} s", limit)
    before = catalog.stat().st_size
    with source.open("rb") as file, (folder / "shifted").open("wb") as shifted:
        shifted.write(b"x")
        shutil.copyfileobj(file, shifted)
    _artui("add", str(folder / "shifted"), "-n", "data", "-c", str(catalog))
    _line("again, one byte put before it", f"{100 * (catalog.stat().st_size - before) / (mib << 20):.1f} %", "2 %")
    got = _seconds(lambda: _artui("get", "data:v1", "-o", str(folder / "out"), "-c", str(catalog)))
    _line(f"get {mib} MiB, checked", f"{mib / got:.0f} MiB/s", "", f"cp {mib / copied:.0f}")
    here = _seconds(lambda: _artui("get", "data:v1", "-o", str(folder / "out"), "-c", str(catalog)))
    _line("get what is there already", f"{mib / here:.0f} MiB/s", f"sha256sum {mib / hashed:.0f}")
    print(
        f"most memory of a process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB (limit 150 over the start)"
    )


def stored(folder: Path, mib: int, *, is_generated: bool = False) -> None:
    """Put a file into a store in a folder and get it back, beside `cp`; hashing alone is the least that it can take."""
    source, catalog = folder / "large.bin", folder / "s.artui"
    if is_generated:
        piece = os.urandom(1 << 20)
        with source.open("wb") as file:
            for number in range(mib):
                file.write(number.to_bytes(8, "little") + piece[8:])
    else:
        _random_file(source, mib)
    start = _memory("help")
    # Both end on the disk.
    copied = _seconds(
        lambda: _call("sh", "-c", 'cp "$1" "$2" && sync "$2"', "sh", str(source), str(folder / "large.copy"))
    )
    (folder / "large.copy").unlink()
    kept, memory = _measured("add", str(source), "-n", "large", "--store", str(folder / "store"), "-c", str(catalog))
    _line(f"store {mib:,} MiB in a folder", f"{mib / kept:.0f} MiB/s", f"{0.5 * mib / copied:.0f} (0.5 x cp)", f"cp, synced {mib / copied:.0f}")  # fmt: skip
    _line("  most memory over the start", f"{memory - start:.0f} MiB", "150 MiB")
    again, _ = _measured("add", str(source), "-n", "again", "--store", str(folder / "store"), "-c", str(catalog))
    _line("  again, it is there", f"{mib / again:.0f} MiB/s")
    source.unlink()
    got, memory = _measured("get", "large", "-o", str(folder / "stored"), "-c", str(catalog))
    _line("  get it back, checked", f"{mib / got:.0f} MiB/s", f"{0.5 * mib / copied:.0f} (0.5 x cp)", f"cp, synced {mib / copied:.0f}")  # fmt: skip
    _line("  most memory over the start", f"{memory - start:.0f} MiB", "150 MiB")
    for path in (folder / "store", folder / "stored"):
        shutil.rmtree(path)


def many(folder: Path, count: int) -> None:
    """Save a version of very many files into a store, and open the first page of its manifest."""
    source, catalog = folder / "many", folder / "m.artui"
    for number in range(count):
        path = source / f"{number // 1000:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    os.environ["ARTUI_EMBED_LIMIT_BYTES"] = "1"
    referenced = _seconds(lambda: _artui("add", str(source), "-n", "referenced", "-c", str(catalog)))
    _line(f"save {count:,} files, referenced", f"{referenced:.1f} s", "30 s")
    copied = _seconds(lambda: _call("cp", "-r", str(source), str(folder / "many.copy")))
    kept = _seconds(
        lambda: _artui("add", str(source), "-n", "kept", "--store", str(folder / "store"), "-c", str(catalog))
    )
    _line(f"save {count:,} files into a store", f"{kept:.1f} s", "", f"cp -r {copied:.1f} s")
    with artui.open_catalog(catalog) as opened:
        version = opened.version("kept")
        first = _seconds(lambda: version.files[:50])
        _line("its manifest, the first page", f"{1000 * first:.0f} ms", "30 ms")


def _measured(*words: str) -> tuple[float, float]:
    """Run a call of artui; give its seconds, and the most memory that it took in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "artui", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"artui {' '.join(words)} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def _memory(*words: str) -> float:
    return _measured(*words)[1]


def columns(path: Path) -> None:
    """Read all runs with params and last metrics into columns."""
    with artui.open_catalog(path) as catalog:
        runs = catalog.runs()
        seconds = min(_seconds(runs.columns) for _ in range(3))
        named = min(_seconds(lambda: runs.columns("name", "val/loss", "lr")) for _ in range(3))
        walked = _seconds(lambda: [run.metrics.get("val/loss") for run in runs[:5_000]])
        _line(
            f"{len(runs):,} runs into {len(runs[:1].columns())} columns",
            f"{seconds:.2f} s",
            "2 s",
            "MLflow 0.8 s for 1,000",
        )
        _line(f"{len(runs):,} runs into 3 columns", f"{named:.2f} s")
        _line("5,000 runs one by one: run.metrics[...]", f"{walked:.2f} s")


def removed(folder: Path, count: int) -> None:
    """Collect half of many versions of ten small files, and forget one."""
    catalog = folder / "r.artui"
    with Catalog(catalog) as opened, opened.transaction() as connection:
        for _ in range(count):
            files = []
            for number in range(10):
                blob_key, digest, size_bytes = blobs.store(connection, io.BytesIO(os.urandom(300)))
                files.append(artifacts.NewFile(f"f{number}", size_bytes, digest, blob_key))
            artifacts.save(connection, artifacts.NewVersion("p", "m", "model", "modelling", files))
    simulated = _seconds(lambda: _artui("gc", "--keep", f"last {count // 2}", "--dry-run", "-c", str(catalog)))
    collected = _seconds(
        lambda: _artui("gc", "--keep", f"last {count // 2}", "--older-than", "0d", "--yes", "-c", str(catalog))
    )
    forgotten = _seconds(lambda: _artui("forget", f"m:v{count}", "--yes", "-c", str(catalog)))
    what = f"{count // 2:,} of {count:,} versions of 10 files"
    _line(f"gc --dry-run: {what}", f"{simulated:.2f} s", f"{0.5 + count / 4_000:.2f} s")
    _line(f"gc: {what}", f"{collected:.2f} s", f"{0.5 + count / 1_000:.2f} s")
    _line(f"forget one of {count:,} versions", f"{forgotten:.2f} s", f"{0.5 + count / 4_000:.2f} s")


def lineages(folder: Path, chain: int, fan: int) -> None:
    """Walk a chain of versions, and from a version that very many runs used."""
    from artui.catalog import runs
    from artui.query.graph import read_graph
    from artui.query.lineage import lineage
    from artui.query.reader import Reader
    from artui.query.references import find_version
    from artui.tui.screens.lineage import FIRST_LINES

    path = folder / "lineage.artui"

    def version(connection: object, name: str) -> int:
        file = artifacts.NewFile("f", 1, name.encode().ljust(32))
        return artifacts.save(connection, artifacts.NewVersion("p", name, "dataset", "data", [file])).key  # type: ignore[arg-type]

    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [version(connection, f"step-{number}") for number in range(chain)]
        for before, after in pairwise(keys):
            artifacts.link(connection, "derived", source_key=before, target_key=after)
        hub = version(connection, "hub")
        for number in range(fan):
            run = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", started_ms=number))
            artifacts.link(connection, "input", source_key=hub, target_key=run)
    with Reader(path) as reader:
        for name, what in (
            (f"step-{chain - 1}:v1", f"a chain of {chain:,} versions"),
            ("hub:v1", f"a fan of {fan:,} runs"),
        ):
            subject = find_version(reader, name)
            first = _seconds(partial(lineage, reader, subject, most=FIRST_LINES, most_checked=0))
            _line(f"lineage of {what}, for the screen", f"{1000 * first:.0f} ms", "150 ms")

            with reader.snapshot() as snapshot:
                whole = _seconds(partial(read_graph, snapshot, subject))
            _line("  as a graph, whole", f"{whole:.2f} s")


_PROFILE = """
import resource, sys, time
from pathlib import Path
from artui.content import profiles
path = Path(sys.argv[1])
start = time.perf_counter()
with path.open("rb") as stream:
    profiles.apart(path.name, stream, path.stat().st_size)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def _profile_cost(path: Path) -> tuple[float, float]:
    """Give how many seconds a profile takes, and the most memory of the process that makes it, in MiB."""
    done = subprocess.run([sys.executable, "-c", _PROFILE, str(path)], check=True, capture_output=True, text=True)
    took, most_mib = map(float, done.stdout.split())
    return took, most_mib


def profiled(folder: Path, rows: int) -> None:
    """Profile a table of 10 columns as an array, Parquet and CSV, beside duckdb's SUMMARIZE of the same file."""
    import duckdb

    array, parquet, text = folder / "t.npy", folder / "t.parquet", folder / "t.csv"
    np.save(array, np.random.default_rng(0).normal(size=(rows, 10)))
    with duckdb.connect() as connection:
        names = ", ".join(f"normal{number} AS c{number}" for number in range(10))
        gauss = ", ".join(
            f"sqrt(-2 * ln(random() + 1e-12)) * cos(6.283 * random()) AS normal{number}" for number in range(10)
        )
        connection.execute(f"COPY (SELECT {names} FROM (SELECT {gauss} FROM range({rows}))) TO '{parquet}'")
        connection.execute(f"COPY (SELECT * FROM '{parquet}' LIMIT {rows // 10}) TO '{text}'")
    for path, count in ((array, rows), (parquet, rows), (text, rows // 10)):
        took, most_mib = _profile_cost(path)
        peer = ""
        if path != array:
            summarize = partial(duckdb.sql, f"SUMMARIZE FROM {str(path)!r}")
            peer = f"{_seconds(lambda: summarize().fetchall()):.1f} s SUMMARIZE"  # noqa: B023 - called at once
        _line(f"profile {count:,} x 10, {path.suffix[1:]}", f"{took:.1f} s {most_mib:.0f} MiB", "200 MiB", peer)
        path.unlink()


def differing(folder: Path, rows: int, mib: int) -> None:
    """Compare two tables by key, and two models by their tensors."""
    random = np.random.default_rng(1)
    amounts = random.normal(size=rows)
    for number in (1, 2):
        root = folder / f"data{number}"
        root.mkdir()
        changed = amounts + (random.random(rows) < 0.01) * (number - 1)
        with (root / "t.csv").open("w") as file:
            file.write("id,amount,day,card\n")
            file.writelines(
                f"{row},{changed[row]:.6f},{row % 365},{'abc'[row % 3]}\n" for row in range(number * 1000, rows)
            )
        # Piece by piece: what this process takes would be counted as that of the ones that it starts.
        weights = np.lib.format.open_memmap(root / "w.npy", "w+", "f4", (mib, 1 << 18))
        for row in range(mib):
            weights[row] = random.normal(size=1 << 18)
        weights.flush()
        del weights
        _artui("add", str(root), "--name", "data", "--kind", "dataset", "--catalog", str(folder / "d.artui"))
    for pattern, what, limit in (
        ("t.csv", f"diff of two tables of {rows:,} rows", ""),
        ("w.npy", f"diff of two tensors of {mib} MiB", ""),
    ):
        took, most_mib = _measured("diff", "data", "--file", pattern, "--catalog", str(folder / "d.artui"))
        _line(what, f"{took:.1f} s {most_mib:.0f} MiB", limit)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--large-mib", type=int, default=0, help="4096 for a file of 4 GiB, which takes a minute")
    parser.add_argument("--many", type=int, default=0, help="100000 for a version of so many files")
    parser.add_argument(
        "--versions", type=int, default=2_000, help="so many versions of ten files, of which gc removes half"
    )
    parser.add_argument("--chain", type=int, default=10_000, help="versions, each derived from the one before")
    parser.add_argument("--fan", type=int, default=50_000, help="runs that used one version")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="of tables that are profiled: 10000000 for the goal"
    )
    parser.add_argument("--only-tables", action="store_true", help="only profiles and differences")
    options = parser.parse_args()
    _line("", "ours", "limit", "peer")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        profiled(Path(name), options.rows)
        differing(Path(name), 1_000_000, options.mib)
        if options.only_tables:
            return
        content(Path(name), options.mib)
        stored(Path(name), options.mib)
        removed(Path(name), options.versions)
        lineages(Path(name), options.chain, options.fan)
        if options.large_mib:
            stored(Path(name), options.large_mib, is_generated=True)
        if options.many:
            many(Path(name), options.many)
    if options.catalog is not None:
        columns(options.catalog)


if __name__ == "__main__":
    main()
