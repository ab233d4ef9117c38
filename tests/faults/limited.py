"""Many runs in little memory: they are listed, shared, merged and checked by processes that may have no more than 512 MB.

python -m tests.faults.limited FOLDER [--runs 100000] [--megabytes 512]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.make_catalog import make
from tests.faults.playing import set_up

ROOT = Path(__file__).parents[2]
VERBS = (
    ("ls", "--limit", "1000000", "--json", "-c", "x.artui"), ("ls", "-w", "val/loss < 0.5", "-s", "val/acc", "-c", "x.artui"),
    ("share", "shared.artui", "--force", "-c", "x.artui"), ("merge", "x.artui", "--into", "merged.artui"), ("check", "--data", "-c", "x.artui"),
)  # fmt: skip


def say(folder: Path, words: tuple[str, ...], limit_bytes: int) -> tuple[int, str, float, float]:
    """Run a verb in little memory; give its exit code, what it said, its seconds and its most memory in MB."""
    began = time.monotonic()
    with open(folder / "printed.txt", "wb") as printed, open(folder / "said.txt", "wb") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "artui", *words], cwd=folder, stdout=printed, stderr=said,
            # Threads of BLAS take up room that nobody uses.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes)),
        )  # fmt: skip
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, (folder / "said.txt").read_text()[-500:], time.monotonic() - began, used.ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=512)
    options = parser.parse_args()
    folder = options.folder.resolve()
    (folder / "home").mkdir(parents=True, exist_ok=True)
    set_up(folder / "home", is_rollback=False, flush_seconds=0.5)
    make(folder / "x.artui", run_count=options.runs)
    bad = []
    for words in VERBS:
        code, said, seconds, megabytes = say(folder, words, options.megabytes << 20)
        print(f"artui {' '.join(words)}: {code}, {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
        if code != 0:
            bad.append({"verb": words, "code": code, "said": said})
    listed = len(json.loads(_listed(folder))["runs"]) if (folder / "merged.artui").exists() else 0
    print(f"{options.runs:,} runs in {options.megabytes} MB, {listed:,} merged, {len(bad)} bad {bad}")
    return 1 if bad or listed != options.runs else 0


def _listed(folder: Path) -> str:
    """Ask the merged catalog for its runs, in as much memory as there is."""
    words = [sys.executable, "-m", "artui", "ls", "--limit", "1000000", "--json", "-c", "merged.artui"]
    return subprocess.run(words, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True).stdout  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
