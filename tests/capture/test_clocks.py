"""A clock that jumps, stands, or is of another century costs no point, no order and no duration; what was recorded by it is readable."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.catalog import ids
from artui.cli import run as run_cli
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.columns import columns
from artui.query.runs.order import first_view
from tests.reading import open_reader

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOW_MS = 1_790_000_000_000
OF_2106 = 2**32 * 1000


def _by(start_ms: int, step_ms: int) -> Callable[[], Iterator[int]]:
    return lambda: (start_ms + number * step_ms for number in itertools.count())


def _jump(at: int, by_ms: int) -> Callable[[], Iterator[int]]:
    """A clock of a millisecond a look, that is set to another time at one of them."""
    return lambda: (NOW_MS + number + (by_ms if number >= at else 0) for number in itertools.count())


CLOCKS: dict[str, Callable[[], Iterator[int]]] = {
    "back an hour at once": _jump(1, -HOUR_MS), "back an hour": _jump(30, -HOUR_MS), "back a second": _jump(31, -1000), "back a millisecond": _jump(32, -1),
    "forward a second": _jump(30, 1000), "forward a day": _jump(30, DAY_MS), "forward a century": _jump(30, 36_525 * DAY_MS), "back to 1970": _jump(30, -NOW_MS),
    "back and forth": lambda: (NOW_MS + (number % 2) * HOUR_MS for number in itertools.count()), "always back": _by(NOW_MS, -1000),
    "frozen": _by(NOW_MS, 0), "1970": _by(0, 1), "a second of 1970": _by(1000, 1), "before 1970": _by(-DAY_MS, 1), "1901": _by(-(2**31) * 1000, 1), "2038": _by(2**31 * 1000 - 15, 1),
    "2106": _by(OF_2106 - 15, 1), "later than 2106": _by(OF_2106 + DAY_MS, 1), "9999": _by(253_402_300_799_990, 1), "no calendar": _by(2**47, 1),
}  # fmt: skip
"""What each look at the time of day gives, in milliseconds since 1970."""


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_that_is_off_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """All points are there in the order of their steps, the run has ended, and took as long as it did; every verb reads it."""
    monkeypatch.setattr(ids, "_last_ms", 0)
    monkeypatch.setattr(ids, "_last_random", 0)
    path = tmp_path / "x.artui"
    artui.start_run(catalog=path, name="before").finish()
    with monkeypatch.context() as patch:
        ticks = CLOCKS[name]()
        patch.setattr(time, "time_ns", lambda: next(ticks) * 1_000_000)
        with artui.start_run(catalog=path, name="odd", params={"lr": 0.1}) as run:
            for step in range(40):
                run.log({"loss": 1.0 / (step + 1)}, step=step)
        with artui.start_run(catalog=path, name="next") as run:
            run.log({"loss": 1.0})

    with open_reader(path) as reader:
        series = reader.run("odd").series("loss")
        assert series.steps.tolist() == list(range(40)) and series.values.tolist() == [1.0 / (step + 1) for step in range(40)]  # fmt: skip
        assert 0 <= (reader.run("odd").detail().head.duration_ms or 0) < 60_000
        assert {run.name: run.status for run in reader.runs()} == dict.fromkeys(("before", "odd", "next"), "finished")
    capfd.readouterr()
    for words in (
        ["ls", "-a"],
        ["show", "odd"],
        ["show", "odd", "--json"],
        ["compare", "odd", "before"],
        ["check", "--data"],
    ):
        assert run_cli([*words, "-c", str(path)]) == 0, words
        out, err = capfd.readouterr()
        assert (not err or words[0] == "compare") and "Traceback" not in out + err
        assert not any(word.startswith("-") and word[1:2].isdigit() and word.endswith(("s", "m", "h", "d")) for word in out.split()), out  # fmt: skip


TIMES: tuple[Any, ...] = (
    2**63 - 1, -(2**63), 2**62, 2**53, -(2**53), 10**18, -(10**12), -1, 0, 1, 253_402_300_800_000, OF_2106, float("inf"), float("-inf"), 1e300, -1e12, "soon", b"\0", None, 1.5,
)  # fmt: skip


@pytest.mark.parametrize("value", TIMES, ids=repr)
def test_a_time_of_no_calendar_is_shown_as_a_number(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], value: Any
) -> None:
    """Whatever a column of times holds: the table, a run and a comparison show it as a number, or say that it is damaged."""
    path = tmp_path / "x.artui"
    for name in ("odd", "other"):
        with artui.start_run(catalog=path, name=name) as run:
            run.log({"loss": 1.0})
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        for column in ("started_ms", "ended_ms", "heartbeat_ms", "duration_ms"):
            # Where a column may not be empty it stays as it is.
            connection.execute(f"UPDATE OR IGNORE run SET {column} = ? WHERE name = 'odd'", (value,))

    with Reader(path) as reader:
        columns(reader)
        view = first_view(reader, 10)
        for row in view.rows.values():
            get_run(reader, row.head.id)
    capfd.readouterr()
    for words in (
        ["ls", "-a"],
        ["ls", "--json"],
        ["show", "odd"],
        ["compare", "odd", "other"],
        ["ls", "-s", "started"],
        ["ls", "-w", "started > 1d ago"],
    ):
        assert run_cli([*words, "-c", str(path)]) in (0, 1), words
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        if words == ["show", "odd"] and isinstance(value, int) and abs(value) >= 2**53:
            assert str(value) in out or "damaged" in out, out
