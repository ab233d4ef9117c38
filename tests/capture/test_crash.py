"""Nothing that was acknowledged is lost, and nothing is there twice, whatever moment a process is killed at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CRASHING = Path(__file__).with_name("crashing.py")


def _crash(path: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, str(CRASHING), str(path), *options], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("rounds", "writers"), [(20, 1), (10, 2)])
def test_killed_loggers_lose_no_acknowledged_point(tmp_path: Path, rounds: int, writers: int) -> None:
    """A logger killed with SIGKILL, in folds and in takeovers too: every acknowledged point is there, once, in order."""
    report = _crash(tmp_path / "x.artui", "--rounds", str(rounds), "--writers", str(writers))
    assert "0 lost, 0 twice" in report and os.listdir(tmp_path) == ["x.artui"]


def test_full_disk_loses_no_acknowledged_point(tmp_path: Path) -> None:
    """Files that cannot grow for a while, at 12 random sizes: everything is there once they can again."""
    report = _crash(tmp_path / "x.artui", "--rounds", "12", "--full-disk")
    assert "0 lost, 0 twice" in report and os.listdir(tmp_path) == ["x.artui"]
