"""Kills loggers at random moments and counts what is left: used by the tests, and by the long run in `tests/bench`.

    python tests/capture/crashing.py CATALOG --rounds 1000 --writers 2 [--full-disk] [--seed 1]

Each logger acknowledges every call through a pipe. Afterwards every acknowledged point must be in the catalog,
once and in order, and the catalog must pass its check. It forks from a process that has opened nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import signal
import sqlite3
import struct
import sys
import time
from pathlib import Path

import artui
from artui.capture import writer
from artui.catalog import Catalog
from artui.catalog.spool import adopting

STEP = struct.Struct("<q")


def log_until_killed(path: str, name: str, pipe: int, *, is_full_disk: bool, seed: int) -> None:
    """The logger: one call after the other, each acknowledged once `log` has returned."""
    chance = random.Random(seed)
    writer.FLUSH_SECONDS = 0.01  # many folds, so that kills fall into them
    run = artui.start_run(project="crash", name=name, catalog=path)
    limit_at, lift_at = chance.randrange(20, 200), chance.randrange(300, 900)
    for step in range(1 << 40):
        if is_full_disk and step == limit_at:
            size = os.path.getsize(path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + chance.randrange(1, 20_000), resource.RLIM_INFINITY))
        if is_full_disk and step == lift_at:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        run.log({"x": float(step), "y": step / 3}, step=step)
        os.write(pipe, STEP.pack(step))
        if is_full_disk and step > 1000:
            run.finish()
            os._exit(0)
        if step % 7 == 0:
            time.sleep(0.0005)


def spawn(work: object, *arguments: object, **options: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)
            work(*arguments, **options)  # type: ignore[operator]
        finally:
            os._exit(0)
    return child


def adopt(path: str) -> None:
    with Catalog(path) as catalog:
        adopting.adopt(catalog)


def one_round(path: str, number: int, chance: random.Random, *, writers: int, is_full_disk: bool) -> tuple[int, int]:
    """Start loggers, kill them, take over what they left; give (acknowledged, found) points."""
    loggers = []
    for writer_number in range(writers):
        out, into = os.pipe()
        name = f"run-{number}-{writer_number}"
        child = spawn(log_until_killed, path, name, into, is_full_disk=is_full_disk, seed=chance.getrandbits(32))
        os.close(into)
        loggers.append((name, child, out))
    acknowledged = {name: b"" for name, _, _ in loggers}
    pipes = {out: name for name, _, out in loggers}
    deadline = time.monotonic() + (60 if is_full_disk else chance.uniform(0.0, 0.12))
    is_warm = False
    while pipes and time.monotonic() < deadline:
        for out in select.select(list(pipes), [], [], 0.002)[0]:
            content = os.read(out, 1 << 16)
            acknowledged[pipes[out]] += content
            if not content:
                del pipes[out]
        if not is_warm and not is_full_disk and all(acknowledged.values()):
            is_warm, deadline = True, time.monotonic() + chance.uniform(0.0, 0.06)
    for _, child, _ in loggers:
        os.kill(child, signal.SIGKILL)
    for name, child, out in loggers:
        os.waitpid(child, 0)
        while content := os.read(out, 1 << 16):
            acknowledged[name] += content
        os.close(out)
    while chance.random() < 0.3:
        killed = spawn(adopt, path)
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(killed, signal.SIGKILL)
        os.waitpid(killed, 0)
    os.waitpid(spawn(adopt, path), 0)
    totals = [0, 0]
    with artui.open_catalog(path) as catalog:
        runs = {run.name: run.status for run in catalog.runs()}
        for name, content in acknowledged.items():
            count = len(content) // STEP.size
            if name not in runs:
                assert count == 0, f"{name}: {count} points were acknowledged, and the run is not there"
                continue
            assert runs[name] in (("finished", "killed") if is_full_disk else ("killed",)), f"{name} is {runs[name]}"
            metrics = catalog.run(name).metrics
            values = catalog.run(name).series("x").values.tolist() if metrics else []
            steps = catalog.run(name).series("y").steps.tolist() if metrics else []
            assert values == list(range(len(values))), f"{name}: points are missing, doubled or out of order"
            assert steps == list(range(len(values))), f"{name}: the metrics of one call were torn apart"
            assert len(values) >= count, f"{name}: {count} acknowledged, {len(values)} found"
            totals[0] += count
            totals[1] += len(values)
    left = (
        [] if not os.path.isdir(f"{path}-spool") else [name for name in os.listdir(f"{path}-spool") if name[0] != "."]
    )
    assert not left, f"left beside the catalog: {left}"
    return totals[0], totals[1]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("catalog")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--full-disk", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ |= {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}
    chance = random.Random(options.seed)
    path = str(Path(options.catalog).absolute())
    acknowledged_count = found_count = 0
    os.waitpid(spawn(adopt, path), 0)  # makes the catalog
    for number in range(options.rounds):
        counts = one_round(path, number, chance, writers=options.writers, is_full_disk=options.full_disk)
        acknowledged_count, found_count = acknowledged_count + counts[0], found_count + counts[1]
    time.sleep(adopting.PART_SECONDS + 0.1)  # a beginning without a name is left alone for so long
    os.waitpid(spawn(adopt, path), 0)
    assert not os.path.exists(f"{path}-spool")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(
        f"{options.rounds} rounds, {options.writers} writers: {acknowledged_count:,} points acknowledged, {found_count:,} found, 0 lost, 0 twice"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
