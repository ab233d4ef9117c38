"""PyTorch Lightning: `lightning_logs/version_N` of its CSV and TensorBoard loggers.

A version is a run. `metrics.csv` has a row a call and empty cells for what was not logged then; `hparams.yaml` gives the
params, without making any object; checkpoints are versions of an artifact. Epochs are kept as the steps at which they begin.
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.intake.identity import HINT, ROW, History, Identity, place_of, witness
from artui.exchange.intake.intake import Intake
from artui.exchange.intake.run import RunIntake
from artui.exchange.reading import dumped
from artui.exchange.reading.agreement import Floats, Ints, Log, add, agree, united
from artui.exchange.reading.files import (
    Folder,
    listed,
    load_yaml,
    natural_key,
    open_inside,
    read_inside,
    read_text,
    size_and_time,
    stamp,
)
from artui.exchange.reading.store import Store
from artui.exchange.reading.tables import header_of, rows_of
from artui.exchange.tensorboard.logs import Logs, event_files, is_event_file
from artui.exchange.tensorboard.taking import take_events

FORMAT = "lightning"
MAX_COLUMNS = 10_000
_VERSION = re.compile(r"version_\d+\Z")
_CHECKPOINT_STEP = re.compile(r"step=(\d+)")
_TEST_TUBE = "tf"
_TEST_TUBE_MARKS = frozenset({"meta_tags.csv", "meta.experiment"})
_MARKS = _TEST_TUBE_MARKS | {"hparams.yaml"}
_PLACES = frozenset({"step", "epoch", "created_at"})
"""Columns that say where a row's values stand."""
_PLAIN_NAMES = frozenset({"lightning_logs", "logs", "csv_logs", "tb_logs", "default", "runs", "output", "outputs"})


def reads(name: str) -> bool:
    """Say whether a file is one of the loggers' by its name."""
    return name in ("metrics.csv", "hparams.yaml")


def find_file(path: Path) -> Store | None:
    """Recognise a `metrics.csv` of the CSV logger by its header."""
    return Store(FORMAT, path.parent, parts=(path.parent,)) if path.name == "metrics.csv" and _has_steps(path) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a version's folder: a `metrics.csv` with steps, or event files beside `hparams.yaml` or checkpoints."""
    has_table = "metrics.csv" in folder.files and _has_steps(folder.path / "metrics.csv")
    has_events = any(map(is_event_file, folder.files))
    is_version = _VERSION.match(folder.path.name) is not None
    files = {*folder.files, *folder.pointers}
    has_marks = not _MARKS.isdisjoint(files) or (is_version and "checkpoints" in folder.folders)
    if not has_table and not (has_marks and (has_events or (is_version and not folder.pointers))):
        return []
    inside = ("checkpoints", _TEST_TUBE) if not _TEST_TUBE_MARKS.isdisjoint(folder.files) else ("checkpoints",)
    folder.folders = [name for name in folder.folders if name not in inside]
    folder.files = [name for name in folder.files if not is_event_file(name)]  # they belong to this run
    return [Store(FORMAT, folder.path, parts=(folder.path,))]


def merge(stores: list[Store], root: Path) -> list[Store]:
    """Make one store of all versions below a folder."""
    return [Store(FORMAT, root, parts=tuple(part for store in stores for part in store.parts))]


def _has_steps(path: Path) -> bool:
    try:
        header = header_of(path)
    except (OSError, SourceDamaged):
        return False
    return "step" in header or "epoch" in header


def take(store: Store, intake: Intake) -> None:
    """Take every version, the second before the tenth."""
    versions = [_Version.of(folder) for folder in sorted(store.parts, key=lambda place: natural_key(str(place)))]
    identities = [version.identity(intake, store.path) for version in versions]
    for version, identity, run_id in zip(versions, identities, intake.ids_of(identities), strict=True):
        name, project = _names(version.folder)
        if not intake.is_wanted(project, name):
            continue
        if intake.is_unchanged(run_id, identity.fingerprint):
            continue
        with intake.run(
            run_id, fingerprint=identity.fingerprint, name=name, project=project, started_ms=version.started_ms(),
            source=f"lightning:{name}", identity=identity,
        ) as run:  # fmt: skip
            run.provenance(folder=str(version.folder))
            _take_version(run, intake, version)


@dataclass(frozen=True, slots=True)
class _Version:
    """A version's folder, and its event files: in `tf` where test-tube wrote it, Lightning's logger before 0.7."""

    folder: Path
    logs: Logs
    has_table: bool

    @classmethod
    def of(cls, folder: Path) -> _Version:
        return cls(folder, Logs.of(folder, _TEST_TUBE), "metrics.csv" in listed(folder))

    def identity(self, intake: Intake, root: Path) -> Identity:
        """Say what the version is known by: its event files, else the first row of its table, beside its params."""
        folder, files = self.folder, listed(self.folder)
        checkpoints = [f"checkpoints/{name}" for name in listed(folder / "checkpoints")]
        fingerprint = stamp(folder, [*sorted(_MARKS), "metrics.csv", *self.logs.files, *checkpoints])
        logs = self.logs.witnesses(folder)
        row = _first_row(folder) if self.has_table else ""
        hints = set()
        for name in sorted(_MARKS.intersection(files)):
            with contextlib.suppress(OSError, SourceDamaged):
                hints.add(witness(HINT, name, read_inside(folder, folder / name)))
        place = place_of(folder)
        begun = sorted(logs)[:1] or [row] if logs or row else sorted(hints)[:1] or [place]
        events = event_files(folder)
        return Identity(
            intake.run_id("version", folder.name, *begun), fingerprint, place, logs | ({row} if row else set()), frozenset(hints),
            earlier_ids=(intake.run_id(place, *events[:1]),), history=self._history if self.has_table else None,
            title=os.path.relpath(folder, root),
        )  # fmt: skip

    def _history(self) -> History:
        return {(name, ""): series.columns()[::2] for name, series in _read_table(self, None).items()}

    def started_ms(self) -> int:
        """Give when it began: as test-tube says, else by the times of its files."""
        times = [size_and_time(self.folder / name)[1] for name in (*sorted(_MARKS), "metrics.csv")]
        return self.told_ms() or min(filter(None, times), default=0)

    def told_ms(self) -> int:
        """Give when test-tube says that it began; 0 where it does not."""
        with contextlib.suppress(OSError, SourceDamaged, ValueError):
            told = orjson.loads(read_inside(self.folder, self.folder / "meta.experiment"))
            return _time_ms(str(told.get("created_at") or "")) if isinstance(told, dict) else 0
        return 0


def _first_row(folder: Path) -> str:
    """Make a witness of a table's first row: of what it has, since columns are added later."""
    with contextlib.suppress(OSError, SourceDamaged, csv.Error), open_inside(folder, folder / "metrics.csv") as stream:
        is_cut = _is_cut(stream)
        rows = rows_of(stream)
        header, row, after = next(rows, []), next(rows, []), next(rows, None)
        if row and not (after is None and is_cut):
            cells = sorted(f"{name}={cell}" for name, cell in zip(header, row, strict=False) if cell)
            return witness(ROW, *cells)
    return ""


def _take_version(run: RunIntake, intake: Intake, version: _Version) -> None:
    folder, logs = version.folder, version.logs
    has_params = _take_params(run, folder)
    _take_checkpoints(run, intake, folder)
    ended_ms = size_and_time(folder / "metrics.csv")[1] or version.started_ms()
    run.status("finished", ended_ms=ended_ms)
    if not version.has_table or not logs.groups:
        if logs.groups:
            # What the logger writes into its event files are the same params, written flat.
            take_events(run, folder, logs, has_params=not has_params)
        if version.has_table:
            _take_table(run, version, ended_ms)
        return
    table = _read_table(version, run)
    trainings: dict[str, Log] = {}

    def gather(name: str, labels: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(trainings.setdefault(labels, {}), name, steps, times_ms, values)

    take_events(run, folder, logs, has_params=not has_params, take_points=gather)
    if told_ms := version.told_ms():
        run.started(told_ms)
    mine = next((labels for labels, log in trainings.items() if agree(table, log)), None)
    joined = united(table, trainings.pop(mine)) if mine is not None else table
    if trainings and mine is None and table:
        run.remark("metrics.csv and the event files are of different trainings: the label `log` tells them apart.")
    for number, log in enumerate([joined, *trainings.values()], start=1):
        for name, series in log.items():
            run.points(name, *series.columns(), labels=f"log={number}" if number > 1 else "")


def _names(folder: Path) -> tuple[str, str]:
    """Name a run by its version and logger, and its project by the first folder above that is not called `logs` or the like."""
    place = Path(os.path.abspath(folder))
    name = place.name
    logger = place.parent
    if logger.name and logger.name not in _PLAIN_NAMES:
        name = f"{logger.name}/{name}"
    for above in logger.parents if logger.name not in _PLAIN_NAMES else (logger, *logger.parents):
        if above.name and above.name not in _PLAIN_NAMES:
            return name, above.name
    return name, "lightning"


def _take_params(run: RunIntake, folder: Path) -> bool:
    """Take `hparams.yaml`; say whether it had any params."""
    try:
        told = load_yaml(read_inside(folder, folder / "hparams.yaml"), named=dumped.named)
    except FileNotFoundError:
        return _take_tags(run, folder)
    except (SourceDamaged, OSError) as error:
        run.fault(error, "hparams.yaml cannot be read")
        return False
    is_params = isinstance(told, dict | dumped.Dumped)
    params, table_count = dumped.as_params(told)
    if is_params:
        run.params(params)
        run.left("params", f"are tables of more than {dumped.MAX_ENTRIES} entries to look things up in", table_count)
    elif told is not None:
        run.left("hparams.yaml", "does not hold params")
    return is_params and bool(told)


def _take_tags(run: RunIntake, folder: Path) -> bool:
    """Take the params that test-tube keeps as a table of `key,value`; say whether there are any."""
    try:
        rows = list(csv.reader(read_text(folder, folder / "meta_tags.csv").splitlines()))
    except (SourceDamaged, OSError, csv.Error):
        return False
    params = {row[0]: row[1] for row in rows[1:] if len(row) == 2 and row[0]}
    run.text_params(params)
    return bool(params)


def _take_checkpoints(run: RunIntake, intake: Intake, folder: Path) -> None:
    """Take each checkpoint as a version; files of several, as of sharded ones, are one."""
    home = folder / "checkpoints"
    found = sorted((name for name in listed(home) if not name.startswith(".")), key=natural_key)
    for name in found:
        contents = intake.folder_contents(home / name, root=folder)
        if not contents:
            continue
        match = _CHECKPOINT_STEP.search(name)
        facts = {"file": name, **({"step": int(match[1])} if match else {})}
        run.output(
            "checkpoint",
            kind="checkpoint",
            contents=contents,
            root=folder,
            created_ms=size_and_time(home / name)[1],
            metadata=facts,
        )


def _take_table(run: RunIntake, version: _Version, time_ms: int) -> None:
    """Take a table with sparse rows. Where it has no times, all points have that of the file."""
    _Table(run, time_ms, run.points).read(version)


def _read_table(version: _Version, run: RunIntake | None) -> Log:
    """Read a table whole; without a run nothing is told of it."""
    log: Log = {}

    def gather(name: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(log, name, steps, times_ms, values)

    _Table(run, size_and_time(version.folder / "metrics.csv")[1], gather).read(version)
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

    def read(self, version: _Version) -> None:
        """Read the table of a version, as far as it goes; what is wrong with it is told of."""
        try:
            with open_inside(version.folder, version.folder / "metrics.csv") as stream:
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
            self._tell(is_cut=is_cut)

    def _tell(self, *, is_cut: bool) -> None:
        run = self._run
        if run is None:
            return
        if self._epochs:
            run.context("epochs", {"epoch_and_first_step": self._epochs[:10_000]})
            run.changed("epochs", "are kept as the steps at which they begin")
        if self._bad:
            run.damaged(f"{self._bad} rows of metrics.csv are cut off, or their step is no number")
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
        time_ms = _time_ms(self._cell(row, "created_at")) or self._time_ms
        # A row that is cut off may end within a number: its last cell is not to be trusted.
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
        if self._waiting > 1 << 17:
            self._hand_over()

    def _hand_over(self) -> None:
        for name, steps, times_ms, values in self._columns.values():
            if values:
                self._take(name, np.array(steps, np.int64), np.array(times_ms, np.int64), np.array(values, np.float64))
                for column in (steps, times_ms, values):
                    column.clear()
        self._waiting = 0


def _is_cut(stream: BinaryIO) -> bool:
    """Say whether a text's last line has no end: its writer was killed, or still writes. The stream is at its beginning then."""
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size_bytes - 4))
    last = stream.read().rstrip(b"\0")
    stream.seek(0)
    return size_bytes > 0 and not last.endswith((b"\n", b"\r"))


def _with_last(rows: Iterator[list[str]]) -> Iterator[tuple[list[str], bool]]:
    """Give each row, and whether it is the last one; one behind which there is no table any more is not."""
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


def _time_ms(text: str) -> int:
    """Read a time such as test-tube's `2020-03-03 13:11:37.620137`, which has no zone and is taken for UTC; 0 where it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


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
