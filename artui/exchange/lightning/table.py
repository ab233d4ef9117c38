"""`metrics.csv` of Lightning's CSV logger: a row for each call, with empty cells for what was not logged."""

from __future__ import annotations

import contextlib
import csv
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from artui.errors import SourceDamaged
from artui.exchange.intake.identity import ROW, witness
from artui.exchange.reading.agreement import Floats, Ints, Log, add
from artui.exchange.reading.files import open_inside, size_and_time
from artui.exchange.reading.tables import header_of, rows_of

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake

TABLE = "metrics.csv"
MAX_COLUMNS = 10_000
FLUSH_POINTS = 1 << 17
_PLACES = frozenset({"step", "epoch", "created_at"})
"""Columns with a row's position, not with metrics."""


def has_steps(path: Path) -> bool:
    """Say whether a table has a column of steps or epochs."""
    try:
        header = header_of(path)
    except (OSError, SourceDamaged):
        return False
    return "step" in header or "epoch" in header


def first_row(folder: Path) -> str:
    """Hash the filled cells of a table's first row into a witness; empty if there is none. Columns may be added later, so empty cells do not count."""
    with contextlib.suppress(OSError, SourceDamaged, csv.Error), open_inside(folder, folder / TABLE) as stream:
        is_cut = _is_cut(stream)
        rows = rows_of(stream)
        header, row, after = next(rows, []), next(rows, []), next(rows, None)
        if row and not (after is None and is_cut):
            cells = sorted(f"{name}={cell}" for name, cell in zip(header, row, strict=False) if cell)
            return witness(ROW, *cells)
    return ""


def take_table(run: RunIntake, folder: Path, time_ms: int) -> None:
    """Take a table with sparse rows. Points without a time get `time_ms`."""
    _Table(run, time_ms, run.points).read(folder)


def read_table(folder: Path, run: RunIntake | None) -> Log:
    """Read a whole table; problems are noted in the run, if one is given."""
    log: Log = {}

    def gather(name: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(log, name, steps, times_ms, values)

    _Table(run, size_and_time(folder / TABLE)[1], gather).read(folder)
    return log


class _Table:
    """Reads one `metrics.csv`."""

    def __init__(self, run: RunIntake | None, time_ms: int, take: Callable[[str, Ints, Ints, Floats], None]) -> None:
        self._run, self._time_ms, self._take = run, time_ms, take
        self._columns: dict[int, tuple[str, list[int], list[int], list[float]]] = {}
        self._waiting = 0
        self._epochs: list[tuple[int, int]] = []
        self._bad = 0
        self._texts: Counter[str] = Counter()
        self._header: list[str] = []

    def read(self, folder: Path) -> None:
        """Read the table of a version as far as possible; problems are noted in the run."""
        try:
            with open_inside(folder, folder / TABLE) as stream:
                self._read(stream)
        except (OSError, SourceDamaged) as error:
            if self._run is not None:
                self._run.fault(error, "metrics.csv cannot be read")

    def _damaged(self, text: str) -> None:
        if self._run is not None:
            self._run.damaged(text)

    def _read(self, stream: BinaryIO) -> None:
        is_cut = _is_cut(stream)
        rows = rows_of(stream)
        try:
            self._header = header = next(rows, [])
            if not header or len(header) > MAX_COLUMNS:
                self._damaged(
                    "metrics.csv is empty" if not header else "metrics.csv has more columns than any real one"
                )
                return
            wanted = [(at, name) for at, name in enumerate(header) if name and name not in _PLACES]
            self._columns = {at: (name, [], [], []) for at, name in wanted}
            for number, (row, is_last) in enumerate(_with_last(rows)):
                self._row(row, number, is_cut=is_cut and is_last)
        except csv.Error as error:
            self._damaged(f"metrics.csv is no CSV from some row on: {error}")
        finally:
            self._hand_over()
            self._report(is_cut=is_cut)

    def _report(self, *, is_cut: bool) -> None:
        run = self._run
        if run is None:
            return
        if self._epochs:
            run.context("epochs", {"epoch_and_first_step": self._epochs[:10_000]})
            run.changed("epochs", "are kept as the steps at which they begin")
        if self._bad:
            run.damaged(f"{self._bad} rows of metrics.csv are cut off, or their step is not a number")
        for name, count in self._texts.items():
            run.left("values of metrics.csv", f"of column {name!a} are no numbers"[:200], count)
        if is_cut:
            run.cut_off("metrics.csv")

    def _cell(self, row: list[str], name: str) -> str:
        at = self._header.index(name) if name in self._header else -1
        return row[at] if 0 <= at < len(row) else ""

    def _row(self, row: list[str], number: int, *, is_cut: bool) -> None:
        if not row:
            return
        is_short = len(row) != len(self._header)
        step, epoch = _int(self._cell(row, "step")), _int(self._cell(row, "epoch"))
        is_bad = is_short and not is_cut
        if step is None:
            is_bad = is_bad or bool(self._cell(row, "step"))
            step = epoch if epoch is not None and "step" not in self._header else number
        if epoch is not None and (not self._epochs or self._epochs[-1][0] != epoch):
            self._epochs.append((epoch, step))
        time_ms = time_ms_of(self._cell(row, "created_at")) or self._time_ms
        # A row that is cut off may end within a number: its last cell is ignored.
        for at, text in enumerate(row[:-1] if is_short or is_cut else row):
            column = self._columns.get(at)
            if column is None or not text:
                continue
            try:
                value = float(text)
            except ValueError:
                self._texts[column[0]] += 1
                continue
            column[1].append(step)
            column[2].append(time_ms)
            column[3].append(value)
            self._waiting += 1
        self._bad += is_bad
        if self._waiting > FLUSH_POINTS:
            self._hand_over()

    def _hand_over(self) -> None:
        for name, steps, times_ms, values in self._columns.values():
            if values:
                self._take(name, np.array(steps, np.int64), np.array(times_ms, np.int64), np.array(values, np.float64))
                for column in (steps, times_ms, values):
                    column.clear()
        self._waiting = 0


def _is_cut(stream: BinaryIO) -> bool:
    """Say whether the last line has no newline: its writer was killed, or still writes. Leaves the stream at its beginning."""
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size_bytes - 4))
    last = stream.read().rstrip(b"\0")
    stream.seek(0)
    return size_bytes > 0 and not last.endswith((b"\n", b"\r"))


def _with_last(rows: Iterator[list[str]]) -> Iterator[tuple[list[str], bool]]:
    """Give each row and whether it is the last one; a row before a CSV error does not count as the last."""
    before: list[str] | None = None
    try:
        for row in rows:
            if before is not None:
                yield before, False
            before = row
    except csv.Error:
        if before is not None:
            yield before, False
        raise
    if before is not None:
        yield before, True


def time_ms_of(text: str) -> int:
    """Read a time such as test-tube's `2020-03-03 13:11:37.620137`; without a zone it is taken for UTC. 0 if it is no time."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _int(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    try:
        whole = int(text)
    except ValueError:
        whole = int(number)
    return max(-(1 << 63), min((1 << 63) - 1, whole))
