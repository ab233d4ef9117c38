"""Preview every sample, cut and with 500 bytes flipped one at a time: what each format takes, and the slowest.

    python tests/bench/bench_previews.py [FLIPS] [SEED]

Prints a table: file, what wrote it, milliseconds of the whole file (the best of five), damaged files tried, milliseconds of
the slowest, most memory in MiB (of 20 damaged ones: measuring it slows everything down). Ends with 1 if one raised, took 300 ms or 64 MiB.
"""

from __future__ import annotations

import sys
import time
import tracemalloc

import orjson

from tests.preview.samples import DATA, cut, flipped, look

MOST_MS = 300.0
MOST_MIB = 64.0


def writers() -> dict[str, str]:
    """Read who wrote each sample, from the list beside them."""
    rows = [line.strip("|\n ").split(" | ") for line in (DATA / "README.md").open() if line.startswith("| ")]
    return {name.strip(): writer for names, writer in rows for name in names.split(",")}


def milliseconds(name: str, content: bytes) -> float:
    """Preview once, and say how long it took."""
    began = time.perf_counter()
    orjson.dumps(look(name, content))
    return (time.perf_counter() - began) * 1000


def main(flips: int, seed: int) -> int:
    """Print the table; give the exit code."""
    total, failures = 0, []
    writer_of = writers()
    print(f"{'file':28} {'ms':>7} {'tried':>6} {'slowest':>8} {'MiB':>6}  written by")
    for path in sorted(DATA.glob("[!R]*")):
        content = path.read_bytes()
        milliseconds(path.name, content)  # what is imported when it is first needed
        best = min(milliseconds(path.name, content) for _ in range(5))
        damaged = [*cut(content), *flipped(content, flips, seed)]
        slowest = max(milliseconds(path.name, part) for part in damaged)
        tracemalloc.start()
        for part in damaged[:26]:
            look(path.name, part)
        mib = tracemalloc.get_traced_memory()[1] / (1 << 20)
        tracemalloc.stop()
        total += len(damaged)
        if slowest >= MOST_MS or mib >= MOST_MIB:
            failures.append(path.name)
        print(
            f"{path.name:28} {best:7.2f} {len(damaged):6,} {slowest:8.2f} {mib:6.2f}  {writer_of.get(path.name, '?')}"
        )
    print(f"{total:,} damaged files; {', '.join(failures) or 'none'} over {MOST_MS:.0f} ms or {MOST_MIB:.0f} MiB")
    return 1 if failures else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(arguments + [500, 18][len(arguments) :])))
