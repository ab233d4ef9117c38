"""Whatever the app is doing when it is told to end: the terminal is given back, the shell sees why, and one plain file is left."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

import artui
from tests.counts import IS_LONG
from tests.reading import open_reader
from tests.tui.terminal.test_terminal import Terminal, given_back

ENDS = ("SIGTERM", "SIGHUP", "SIGINT", "closed")
STAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "first picture": ((r"\x1b\[\?1049h", ""),),
    "nothing": (("calm-otter-11.*all keys", ""),),
    "load": (("calm-otter-11", "r"),),
    "filter": (("calm-otter-11", "/loss < 1"),),
    "compare": (("calm-otter-11", " j jc"),),
    "merge": (("calm-otter-11", "7"), ("Journal|journal", "M"), ("merge into", "more.artui\r"), ("would come|new run", "w"), (r"\[y|y/n|y .*n ", "y")),
}  # fmt: skip
"""What is waited for, and then typed: with the last of it the app is busy."""
CASES = [
    (stage, end, number)
    for place, stage in enumerate(STAGES)
    for turn, end in enumerate(ENDS)
    for number in range(10 if IS_LONG else 1)
    # In the ordinary run each is ended in one way, and each way is used.
    if IS_LONG or turn == place % len(ENDS)
]


@pytest.mark.parametrize(("stage", "end", "number"), CASES)
def test_it_ends_whatever_it_is_doing(small_catalog: Path, tmp_path: Path, stage: str, end: str, number: int) -> None:
    """By a signal or by its window, in the middle of a load, a filter, a comparison or a merge."""
    if stage == "merge":
        for name in "abcdef":
            artui.start_run(catalog=tmp_path / "more.artui", name=name).finish()
    before = _run_ids(small_catalog)
    terminal = Terminal(small_catalog)
    for pattern, keys in STAGES[stage]:
        assert terminal.read(pattern), (pattern, terminal.text[-3000:])
        os.write(terminal.master, keys.encode())
    if number:  # the first at once, the others a little later
        terminal.read("$^", seconds=random.Random(f"{stage} {end} {number}").random() * 0.5)

    if end == "closed":
        os.close(terminal.master)
        code = os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1])
    else:
        os.kill(terminal.pid, getattr(signal, end))
        code = terminal.wait()
        assert given_back(terminal.text)

    assert code == 128 + getattr(signal, end, signal.SIGHUP), terminal.text[-6000:]
    assert sorted(path.name for path in small_catalog.parent.iterdir() if path.is_file()) == sorted({small_catalog.name, *(["more.artui"] if stage == "merge" else [])})  # fmt: skip
    after = _run_ids(small_catalog)
    assert after == before or (stage == "merge" and len(after) == len(before) + 6)


def _run_ids(path: Path) -> set[str]:
    with open_reader(path) as reader:
        return {run.id for run in reader.runs(limit=1000)}
