"""The last step to the terminal inside a real tmux, whose own idea of what is on the screen is asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tui.terminal.odd_updates import HEIGHT, WIDTH

COUNT = 10
"""Of sequences of updates."""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
@pytest.mark.parametrize("colours", ["all", "few"])
def test_tmux_shows_the_same_after_updates_as_after_drawing_anew(tmp_path: Path, colours: str) -> None:
    """With names in all scripts, rows after many updates are those of a full redraw, and hold every number that they should."""
    env = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")} | {
        "LC_ALL": "C.UTF-8",
        "TMUX_TMPDIR": str(tmp_path),
    }
    tmux = ["tmux", "-u", "-L", "odd", "-f", os.devnull]
    inside = [sys.executable, "-m", "tests.tui.terminal.inside", str(tmp_path), str(COUNT), colours]
    size = ["-x", str(WIDTH), "-y", str(HEIGHT + 1)]
    subprocess.run([*tmux, "new-session", "-d", *size, *inside], env=env, check=True)
    try:
        shown: list[list[str]] = []
        wanted: list[list[str]] = []
        for number in range(1 + 2 * COUNT):
            rows = _posted(tmp_path / f"{number}.json")
            capture = subprocess.run([*tmux, "capture-pane", "-p"], env=env, capture_output=True, check=True)
            (tmp_path / f"{number}.go").touch()
            if number:
                shown.append(capture.stdout.decode().split("\n")[:HEIGHT])
                wanted.append(["".join(row) for row in rows])
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, capture_output=True, check=False)

    assert shown[0::2] == shown[1::2]
    assert [[_numbers(row) for row in rows] for rows in shown] == [[_numbers(row) for row in rows] for rows in wanted]


def _numbers(row: str) -> list[str]:
    return re.findall(r"\d+\.\d+", row)


def _posted(path: Path) -> list[list[str]]:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was not posted"
        time.sleep(0.01)
    posted: list[list[str]] = json.loads(path.read_text())
    return posted
