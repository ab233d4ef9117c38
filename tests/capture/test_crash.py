"""Nothing that was acknowledged is lost, and nothing is there twice, whatever moment a process is killed at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.counts import tried

CRASHING = Path(__file__).with_name("crashing.py")


def _crash(path: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, str(CRASHING), str(path), *options], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("rounds", "times", "writers"), [(tried(5, 12), 4, 1), (tried(3, 5), 4, 2)])
def test_killed_loggers_lose_no_acknowledged_point(tmp_path: Path, rounds: int, times: int, writers: int) -> None:
    """A logger killed with SIGKILL, in folds and in takeovers too: every acknowledged point is there, once, in order."""
    words = ("--rounds", str(rounds), "--times", str(times), "--writers", str(writers))

    report = _crash(tmp_path / "x.artui", *words)

    assert "0 lost, 0 twice" in report and os.listdir(tmp_path) == ["x.artui"]
    acknowledged = re.search(r"([\d,]+) points acknowledged", report)
    assert acknowledged and int(acknowledged[1].replace(",", "")) > rounds * times * writers


def test_full_disk_loses_no_acknowledged_point(tmp_path: Path) -> None:
    """Files that cannot grow for a while, at a few random sizes: everything is there once they can again."""
    report = _crash(tmp_path / "x.artui", "--rounds", str(tried(5, 12)), "--full-disk")
    assert "0 lost, 0 twice" in report and os.listdir(tmp_path) == ["x.artui"]
