"""PyTorch Lightning: `lightning_logs/version_N` of its CSV and TensorBoard loggers.

A version is a run. `metrics.csv` has a row a call and empty cells for what was not logged then; `hparams.yaml` gives the
params, without making any object; checkpoints are versions of an artifact. Epochs are kept as the steps at which they begin.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from artui.errors import SourceDamaged
from artui.exchange import dumped
from artui.exchange.from_tensorboard import event_files, is_event_file, take_events
from artui.exchange.intake import Intake
from artui.exchange.reading import (
    Folder,
    listed,
    load_yaml,
    natural_key,
    open_inside,
    read_inside,
    size_and_time,
    stamp,
)
from artui.exchange.run_intake import RunIntake
from artui.exchange.store import Store

FORMAT = "lightning"
MAX_COLUMNS = 10_000
MAX_LINE_CHARS = 4 << 20
_VERSION = re.compile(r"version_\d+\Z")
_CHECKPOINT_STEP = re.compile(r"step=(\d+)")
_PLAIN_NAMES = frozenset({"lightning_logs", "logs", "csv_logs", "tb_logs", "default", "runs", "output", "outputs"})


def find_file(path: Path) -> Store | None:
    """Recognise a `metrics.csv` of the CSV logger by its header."""
    return Store(FORMAT, path.parent, parts=(path.parent,)) if path.name == "metrics.csv" and _has_steps(path) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a version's folder: a `metrics.csv` with steps, or event files beside `hparams.yaml` or checkpoints."""
    has_table = "metrics.csv" in folder.files and _has_steps(folder.path / "metrics.csv")
    has_events = any(map(is_event_file, folder.files))
    is_version = _VERSION.match(folder.path.name) is not None
    has_marks = "hparams.yaml" in folder.files or (is_version and "checkpoints" in folder.folders)
    if not has_table and not (has_marks and (has_events or is_version)):
        return []
    folder.folders = [name for name in folder.folders if name != "checkpoints"]
    folder.files = [name for name in folder.files if not is_event_file(name)]  # they belong to this run
    return [Store(FORMAT, folder.path, parts=(folder.path,))]


def merge(stores: list[Store], root: Path) -> list[Store]:
    """Make one store of all versions below a folder."""
    return [Store(FORMAT, root, parts=tuple(part for store in stores for part in store.parts))]


def _has_steps(path: Path) -> bool:
    try:
        with open_inside(path.parent, path) as stream:
            head = stream.readline(1 << 20).decode("utf-8", "replace").strip().split(",")
    except (OSError, SourceDamaged):
        return False
    return "step" in head or "epoch" in head


def take(store: Store, intake: Intake) -> None:
    """Take every version, the second before the tenth."""
    for folder in sorted(store.parts, key=lambda place: natural_key(str(place))):
        name, project = _names(folder)
        if not intake.is_wanted(project, name):
            continue
        events = event_files(folder)
        # A folder has no id of its own: its place is, and the name of its first event file, which says when it began.
        run_id = intake.run_id(os.path.realpath(folder), *events[:1])
        checkpoints = [f"checkpoints/{name}" for name in listed(folder / "checkpoints")]
        fingerprint = stamp(folder, ["hparams.yaml", "metrics.csv", *events, *checkpoints])
        if intake.is_unchanged(run_id, fingerprint):
            continue
        with intake.run(
            run_id,
            fingerprint=fingerprint,
            name=name,
            project=project,
            started_ms=_started_ms(folder),
            source=f"lightning:{name}",
        ) as run:
            run.provenance(folder=str(folder))
            has_params = _take_params(run, folder)
            _take_checkpoints(run, intake, folder)
            ended_ms = size_and_time(folder / "metrics.csv")[1] or _started_ms(folder)
            run.status("finished", ended_ms=ended_ms)
            if events:
                # What the logger writes into its event files are the same params, written flat.
                take_events(run, folder, folder, events, has_params=not has_params)
            if "metrics.csv" in listed(folder):
                _take_table(run, folder, ended_ms)


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


def _started_ms(folder: Path) -> int:
    times = [time_ms for name in ("hparams.yaml", "metrics.csv") if (time_ms := size_and_time(folder / name)[1])]
    return min(times, default=0)


def _take_params(run: RunIntake, folder: Path) -> bool:
    """Take `hparams.yaml`; say whether it had any params."""
    try:
        told = load_yaml(read_inside(folder, folder / "hparams.yaml"), named=dumped.named)
    except FileNotFoundError:
        return False
    except (SourceDamaged, OSError) as error:
        run.damaged(f"hparams.yaml cannot be read: {error}")
        return False
    is_params = isinstance(told, dict | dumped.Dumped)
    params, table_count = dumped.as_params(told)
    if is_params:
        run.params(params)
        run.left("params", f"are tables of more than {dumped.MAX_ENTRIES} entries to look things up in", table_count)
    elif told is not None:
        run.left("hparams.yaml", "does not hold params")
    return is_params and bool(told)


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


def _take_table(run: RunIntake, folder: Path, time_ms: int) -> None:
    """Take a table with sparse rows. It has no times: all points have that of the file."""
    try:
        with open_inside(folder, folder / "metrics.csv") as stream:
            _Table(run, time_ms).take(stream)
    except OSError as error:
        run.damaged(f"metrics.csv cannot be read: {error.strerror}")


class _Table:
    """Reads one `metrics.csv`."""

    def __init__(self, run: RunIntake, time_ms: int) -> None:
        self._run, self._time_ms = run, time_ms
        self._columns: dict[int, tuple[str, list[int], list[float]]] = {}
        self._waiting = 0
        self._epochs: list[tuple[int, int]] = []
        self._bad = 0

    def take(self, stream: BinaryIO) -> None:
        lines = _lines(stream)
        rows = csv.reader(lines, strict=False)
        try:
            header = [name.strip() for name in next(rows, [])]
            if not header or len(header) > MAX_COLUMNS:
                self._run.damaged(
                    "metrics.csv is empty" if not header else "metrics.csv has more columns than any real one"
                )
                return
            step_at = header.index("step") if "step" in header else -1
            epoch_at = header.index("epoch") if "epoch" in header else -1
            wanted = [(at, name) for at, name in enumerate(header) if name and at not in (step_at, epoch_at)]
            self._columns = {at: (name, [], []) for at, name in wanted}
            for number, row in enumerate(rows):
                self._row(row, number, len(header), step_at, epoch_at)
        except csv.Error as error:
            self._run.damaged(f"metrics.csv is no CSV from some row on: {error}")
        finally:
            self._hand_over()
            if self._epochs:
                self._run.context("epochs", {"epoch_and_first_step": self._epochs[:10_000]})
                self._run.changed("epochs", "are kept as the steps at which they begin")
            if self._bad:
                self._run.damaged(f"{self._bad} rows of metrics.csv are cut off or hold what is no number")

    def _row(self, row: list[str], number: int, width: int, step_at: int, epoch_at: int) -> None:
        if not row:
            return
        is_bad = len(row) != width
        step = _int(row[step_at]) if 0 <= step_at < len(row) else None
        epoch = _int(row[epoch_at]) if 0 <= epoch_at < len(row) else None
        if step is None:
            is_bad = is_bad or (step_at >= 0 and step_at < len(row) and bool(row[step_at]))
            step = epoch if epoch is not None and step_at < 0 else number
        if epoch is not None and (not self._epochs or self._epochs[-1][0] != epoch):
            self._epochs.append((epoch, step))
        # A row that is cut off may end within a number: its last cell is not to be trusted.
        cells = row if len(row) == width else row[:-1]
        for at, text in enumerate(cells):
            column = self._columns.get(at)
            if column is None or not text:
                continue
            try:
                value = float(text)
            except ValueError:
                is_bad = True
                continue
            column[1].append(step)
            column[2].append(value)
            self._waiting += 1
        self._bad += is_bad
        if self._waiting > 1 << 17:
            self._hand_over()

    def _hand_over(self) -> None:
        for name, steps, values in self._columns.values():
            if values:
                self._run.points(name, steps, [self._time_ms] * len(values), values)
                steps.clear()
                values.clear()
        self._waiting = 0


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Give lines of a text file; one that is longer than any real one ends the reading."""
    text = io.TextIOWrapper(stream, "utf-8", errors="replace", newline="")
    while line := text.readline(MAX_LINE_CHARS):
        if len(line) >= MAX_LINE_CHARS:
            raise csv.Error("a line is longer than any real one")
        yield line.replace("\0", "�")


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
