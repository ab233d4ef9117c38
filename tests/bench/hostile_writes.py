"""Damages catalogs at random places and logs into them: what opens must take everything in, and leave no spool.

python tests/bench/hostile_writes.py [--count 300] [--seed 1]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import artui
from artui.capture import warn
from artui.catalog import Catalog
from artui.catalog.spool.place import spool_files
from artui.errors import CatalogError

SAFE_BYTES = 64 << 10
"""Damage in the schema is refused at the opening, which is not what this is about."""


def log(path: Path, name: str, *, resume: bool = False) -> None:
    with artui.start_run(catalog=path, id=name, resume=resume, console=False, code=False, system_metrics=False) as run:
        for step in range(50):
            run.log({"a": float(step), f"of {name}": float(step)}, step=step)
        run.log_params({"p": 1})


def damage(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(4096, len(content))
        if chance.random() < 0.5:
            content[place] ^= 1 << chance.randrange(8)
        else:
            page = place // 4096 * 4096
            start, length = page + chance.randrange(4096), chance.randrange(1, 400)
            content[start : min(start + length, page + 4096)] = chance.randbytes(
                min(start + length, page + 4096) - start
            )
    path.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, seen = random.Random(options.seed), collections.Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        base, path = Path(folder) / "base.artui", Path(folder) / "x" / "x.artui"
        for number in range(20):
            log(base, f"before-{number}")
        for number in range(options.count):
            shutil.rmtree(path.parent, ignore_errors=True)
            path.parent.mkdir()
            shutil.copyfile(base, path)
            damage(path, chance)
            warn.forget()
            with contextlib.redirect_stderr(io.StringIO()) as told:
                log(path, "before-3", resume=True)
                log(path, f"new-{number}")
            if not spool_files(path):
                seen["taken in" + (", some of it kept aside" if any(path.parent.glob("*-unfolded-*")) else "")] += 1
                continue
            try:
                Catalog(path).close()
                seen["opens, and keeps a spool"] += 1
                print(f"seed {options.seed}, round {number}:", *told.getvalue().splitlines()[:4])
            except CatalogError as error:
                seen[f"does not open: {type(error).__name__}"] += 1
    print(dict(seen))
    return 1 if seen["opens, and keeps a spool"] else 0


if __name__ == "__main__":
    sys.exit(main())
