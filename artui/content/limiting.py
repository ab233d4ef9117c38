"""Runs another program with little memory, little time and no file to write: `limiting.py PROGRAM SECONDS BYTES …`.

Where the system has no such limits, it runs without them. It imports nothing of artui.
"""

from __future__ import annotations

import runpy
import sys


def limit(seconds: int, memory_bytes: int) -> None:
    """Limit this process, before it has read anything."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    limit(int(sys.argv[2]), int(sys.argv[3]))
    runpy.run_path(sys.argv[1], run_name="__main__")
