"""A large lineage: a version that 50,000 runs used, and a chain of 10,000 versions; the first picture, ours beside the limit.

All that comes after it, such as the number of runs far away, is read while the first picture is looked at.

    python tests/bench/bench_lineage.py [--runs 50000] [--versions 10000] [--folder DIR]

Run it on an idle machine. With `--folder` the catalogs are kept there and used again.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

from artui.catalog import Catalog, artifacts, runs
from artui.figures.layered import lay_out
from artui.model import RunHead, VersionHead
from artui.query.around import FIRST_EDGES, around
from artui.query.reader import Reader
from artui.query.references import resolve
from artui.tui.drawing import drawing_of, name_cells_for

LIMIT_MS = 150
LAYOUT_LIMIT_MS = 100
_TIMES = 5


def make_fan(path: Path, count: int) -> Path:
    """Make a data set that so many runs used."""
    if not path.exists():
        with Catalog(path) as catalog, catalog.transaction() as connection:
            data = artifacts.save(connection, artifacts.NewVersion("p", "data", "dataset", "data", [_file(0)]))
            for number in range(count):
                run = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", started_ms=number + 1))
                runs.finish(connection, run, status="finished", ended_ms=number + 2, duration_ms=1)
                artifacts.link(connection, "input", source_key=data.key, target_key=run)
    return path


def make_chain(path: Path, count: int) -> Path:
    """Make so many versions of a model, each derived from the one before."""
    if not path.exists():
        with Catalog(path) as catalog, catalog.transaction() as connection:
            saved = [
                artifacts.save(connection, artifacts.NewVersion("p", "model", "model", "modelling", [_file(number)]))
                for number in range(count)
            ]
            for before, after in pairwise(saved):
                artifacts.link(connection, "derived", source_key=before.key, target_key=after.key)
    return path


def _file(number: int) -> artifacts.NewFile:
    return artifacts.NewFile("weights", 1, number.to_bytes(32, "big"))


def _draw(reader: Reader, subject: RunHead | VersionHead, most_edges: int | None) -> None:
    answer = around(reader, subject, most_edges=most_edges, is_checked=most_edges is None)
    drawing_of(answer, name_cells=name_cells_for(120))


def _best_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=50_000)
    options.add_argument("--versions", type=int, default=10_000)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        make_fan(folder / "fan.artui", chosen.runs), make_chain(folder / "chain.artui", chosen.versions)
        for name, ref in (
            ("fan", "data:v1"),
            ("fan", "run-7"),
            ("chain", "model:v1"),
            ("chain", f"model:v{chosen.versions // 2}"),
        ):
            with Reader(folder / f"{name}.artui") as reader:
                subject = resolve(reader, ref)
                first = _best_ms(partial(_draw, reader, subject, FIRST_EDGES))
                whole = _best_ms(partial(_draw, reader, subject, None))
            print(f"{name:>6} {ref:12} first {first:6.0f} ms (limit {LIMIT_MS})   whole {whole:6.0f} ms")
    chance = random.Random(1)
    edges = [(first, second) for first, second in (sorted(chance.sample(range(300), 2)) for _ in range(2_000))]
    laid_out = _best_ms(partial(lay_out, [20] * 300, edges))
    print(f"300 things with 2,000 edges laid out {laid_out:6.0f} ms (limit {LAYOUT_LIMIT_MS})")
