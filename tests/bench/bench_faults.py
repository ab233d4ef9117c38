"""Every fault machine to its end: kills, full and failing disks at each call, power cuts, two homes at once, flipped bits, changed catalogs.

    python tests/bench/bench_faults.py [--quick] [--only injecting|killing|powercut|flipping|fuzzing] [--folder FOLDER]

Prints one line a machine with its counts, and each bad round with what makes it again. Hours on a small machine:
`--quick` takes every 9th call and a tenth of the counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.faults import injecting  # noqa: E402 - found by the line above

FAULTS = ("kill", "full", "short", "error", "full-a-while")
"""Those that pass: nothing may be lost. A disk that stays broken is tried with fewer calls, since its end is waited for."""
FOR_EVER = ("full-for-ever", "broken-for-ever")


def machines(*, is_quick: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each machine's module and options."""
    step, share = (9, 10) if is_quick else (1, 1)
    for mode in ("wal", "rollback"):
        flag = ("--rollback",) if mode == "rollback" else ()
        for play in ("log-short", "log", "log-beside", "take-over-by-ls", "take-over-by-run", "note", "tag"):
            for fault in FAULTS:
                yield "injecting", (f"{play}:{fault}:mode={mode}:stride={step * (3 if play == 'log' else 1)}",)
        for schema in (1, 2, 3, 4, 5):
            for fault in ("kill", "full", "error"):
                yield "injecting", (f"migrate-{schema}:{fault}:mode={mode}:stride={step}",)
        for play in ("share", "merge", "gc", "forget", "move", "move-far", "sync"):
            for fault in ("kill", "full", "error"):
                yield "injecting", (f"{play}:{fault}:mode={mode}:stride={step}",)
        for fault in ("kill", "full"):
            yield "injecting", (f"large:{fault}:mode={mode}:stride={41 * step}",)
        for fault in FOR_EVER:
            yield "injecting", (f"log-short:{fault}:mode={mode}:stride={11 * step}",)
        for writers in (1, 2, 3):
            yield "killing", ("kills", "--writers", str(writers), "--count", str(1000 // 3 // share), *flag)
        yield "killing", ("opens", "--count", str(1000 // share), *flag)
        for writers in (2, 4):
            yield "killing", ("starts", "--writers", str(writers), "--count", str(300 // share), *flag)
        for play in ("log-short", "take-over-by-run", "large", "migrate-4"):
            yield "powercut", ("--play", play, "--count", str(1000 // share), *flag)
    yield "killing", ("checkpoints", "--count", str(1000 // share))
    for seed in range(1, 5):
        yield "flipping", ("--count", str(500 // share), "--seed", str(seed))
        yield "fuzzing", ("--count", str(500 // share), "--seed", str(seed))
    for call in ("pwrite64", "write", "fdatasync", "fsync", "link", "unlink", "rename", "ftruncate"):
        for fault in ("kill", "full", "error"):
            yield "injecting", (f"log-short:{fault}:call={call}:stride={step}",)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="artui-faults-"))
    wanted = [each for each in machines(is_quick=options.quick) if each[0].startswith(options.only)]

    def work(number: int) -> int:
        module, words = wanted[number]
        place = folder / str(number)
        shutil.rmtree(place, ignore_errors=True)
        is_preloaded = module in ("injecting", "powercut")
        said, found = injecting.run_machine(module, place, *words, seconds=6 * 3600, is_preloaded=is_preloaded)
        lines = [said, *(f"    {module} {' '.join(words)}: {json.dumps(each)[:700]}" for each in found)]
        print("\n".join(lines), flush=True)
        shutil.rmtree(place / "rounds", ignore_errors=True)
        return len(found)

    with ThreadPoolExecutor(options.jobs) as pool:
        bad = sum(pool.map(work, range(len(wanted))))
    print(f"{len(wanted)} machines, {bad} bad rounds")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
