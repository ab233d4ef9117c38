"""Runs another program with little memory, little time and no file to write: `limiting.py PROGRAM SECONDS`.

Where the system has no such limits, it runs without them. It imports nothing of artui.
"""

from __future__ import annotations

import runpy
import sys

MEMORY_BYTES = 1 << 30


def limit(seconds: int) -> None:
    """Limit this process, before it has read anything."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    limit(int(sys.argv[2]))
    runpy.run_path(sys.argv[1], run_name="__main__")
