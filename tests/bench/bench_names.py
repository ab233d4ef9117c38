"""Measure a run of very many metrics: logging them, and what opens it.

    .venv/bin/python tests/bench/bench_names.py [--names 100000]

Prints the seconds of logging N different names, of the end of the run, of `artui ls`, of `artui show` of the run, and
of the app until the table, and then the run's screen, can be read in a terminal of 120x36.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCREEN_SECONDS = 60.0


def log(path: Path, name_count: int) -> None:
    """Log as many names, a hundred a call, each twice."""
    import artui

    began = time.perf_counter()
    with artui.start_run(
        project="bench", name="many", catalog=path, code=False, console=False, system_metrics=False
    ) as run:
        for step in range(2):
            for start in range(0, name_count, 100):
                numbers = range(start, min(start + 100, name_count))
                run.log({f"layer-{n // 100}/unit-{n % 100}": float(n + step) for n in numbers}, step=step)
            print(f"logged {name_count:,} names, pass {step + 1}: {time.perf_counter() - began:.2f} s", flush=True)
        ended = time.perf_counter()
    print(f"end of the run: {time.perf_counter() - ended:.2f} s, {path.stat().st_size / 1e6:.1f} MB", flush=True)


def command(*words: str) -> None:
    """Run a verb, and say how long it took."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "artui", *words], capture_output=True, check=True)
    print(f"artui {words[0]}: {time.perf_counter() - began:.2f} s, {len(done.stdout):,} bytes", flush=True)


def app(path: Path) -> None:
    """Open the app in a terminal, and the run in it, and say when each can be read."""
    import fcntl
    import pty
    import termios

    began = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "ARTUI_OUTPUT": "plain"}
        os.execv(sys.executable, [sys.executable, "-m", "artui", str(path)])
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    try:
        wait_for(master, "1 run")
        print(f"app, the table: {time.perf_counter() - began:.2f} s", flush=True)
        wait_for(master, "many")
        settle(master)
        for key, text in (("\r", "best at"), ("\t", "┤"), ("\x1b", "by age")):
            began = time.perf_counter()
            os.write(master, key.encode())
            wait_for(master, text)
            took = time.perf_counter() - began
            settle(master)
            print(f"app, after {key!r} until {text!r}: {took:.2f} s", flush=True)
    finally:
        os.kill(pid, 15)
        os.waitpid(pid, 0)


def settle(master: int) -> None:
    """Take what is still drawn, until nothing has been for a while."""
    while select.select([master], [], [], 1.0)[0]:
        os.read(master, 1 << 16)


def wait_for(master: int, text: str) -> None:
    """Read what a program draws until a text is among it.

    Raises:
        TimeoutError: it was not drawn in time.
    """
    deadline, drawn = time.monotonic() + SCREEN_SECONDS, ""
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.05)[0]:
            drawn += os.read(master, 1 << 16).decode("utf-8", "replace")
            if text in re.sub(r"\x1b\[[0-9;?<=>]*[A-Za-z]", "", drawn):
                return
    raise TimeoutError(f"{text!r} was not drawn")


def main() -> None:
    """Make such a catalog and measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="put the catalog here, or use the one that is there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="artui-") as folder:
        path = arguments.keep or Path(folder) / "many.artui"
        if not path.exists():
            log(path, arguments.names)
        for words in (("ls",), ("show", "many"), ("show", "many", "--json")):
            command(*words, "--catalog", str(path))
        app(path)


if __name__ == "__main__":
    main()
