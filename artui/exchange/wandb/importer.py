"""Weights & Biases: transaction logs `run-ID.wandb`, one or a whole `wandb/` folder, read without the wandb package.

The messages are those of W&B's `wandb_internal.proto`, by field number. Config becomes params, history series with W&B's own
step, system metrics series `system/…`; console, media, code, environment and logged artifacts versions. What stands in the
summary alone becomes a series of one point with the label `summary`.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from artui.content.console import Screen
from artui.errors import SourceDamaged
from artui.exchange.intake.identity import LOG, Identity, witness
from artui.exchange.intake.intake import Content, Intake
from artui.exchange.intake.run import RunIntake
from artui.exchange.reading.files import Folder, listed, load_yaml, open_inside, read_inside, size_and_time, stamp
from artui.exchange.reading.store import Store
from artui.exchange.reading.wire import bytes_of, fields, grouped, last_bytes, last_int, last_text, text_of
from artui.exchange.wandb.files import RunFiles
from artui.exchange.wandb.items import (
    Column,
    all_numbers,
    as_float,
    field_end,
    from_json,
    put_value,
    read_item,
    timestamp_ms,
    without_long,
)
from artui.exchange.wandb.log import Damage, records

FORMAT = "wandb"
_FOLDER = re.compile(r"run-\d{8}_\d{6}-")
HEAD_RECORDS = 50
"""A log tells which run it is of within its first few records."""
CONSOLE_BYTES = 64 << 20
# Fields of Record.
_HISTORY, _SUMMARY, _OUTPUT, _CONFIG, _STATS, _ARTIFACT, _TENSORBOARD, _ALERT, _METRIC, _OUTPUT_RAW = (
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    10,
    12,
    13,
)
_RUN, _EXIT, _HEADER, _PREEMPTING, _USE_ARTIFACT, _ENVIRONMENT = 17, 18, 21, 23, 25, 26
_QUIET = frozenset({1, 6, 11, 14, 15, 16, 19, 20, 21, 22, 24, 27, 100, 200})
"""Records that are W&B's own bookkeeping: numbers, upload lists, telemetry, footers, requests."""


def reads(name: str) -> bool:
    """Say whether a file is one of W&B's logs by its name."""
    return name.endswith(".wandb")


def find_file(path: Path) -> Store | None:
    """Recognise a transaction log by how it begins; one that is empty by its name."""
    if not path.name.endswith(".wandb"):
        return None
    return Store(FORMAT, path, root=_home(path.parent), parts=(path,))


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a run's folder, or a `wandb/` folder with several."""
    logs = [name for name in folder.files if name.endswith(".wandb")]
    if logs:
        folder.folders = []
        return [
            Store(FORMAT, folder.path / name, root=_home(folder.path), parts=(folder.path / name,)) for name in logs
        ]
    runs = [name for name in folder.folders if name.startswith(("run-", "offline-run-"))]
    parts = [folder.path / run / name for run in runs for name in listed(folder.path / run) if name.endswith(".wandb")]
    if parts:
        folder.folders = []
        return [Store(FORMAT, folder.path, root=_home(folder.path), parts=tuple(parts))]
    return []


def _home(folder: Path) -> Path:
    """The folder that a run's files may be taken from: the one that holds `wandb/`, if the run lies in one."""
    for place in (folder, folder.parent):
        if place.name == "wandb":
            return place.parent
    return folder


def take(store: Store, intake: Intake) -> None:
    """Take every run; several logs of one run, as after it was resumed, are one."""
    runs = _by_run([_head(store.home, path) for path in store.parts])
    identities = [_identity(intake, heads) for heads in runs]
    for heads, identity, run_id in zip(runs, identities, intake.ids_of(identities), strict=True):
        entity, project, id = _named(heads)
        name = heads[0].name or id
        if not intake.is_wanted(project or "uncategorized", name):
            continue
        if intake.is_unchanged(run_id, identity.fingerprint):
            continue
        with intake.run(
            run_id, fingerprint=identity.fingerprint, name=name, project=project or "uncategorized", started_ms=heads[0].started_ms,
            source=f"wandb:{entity}/{project}/{id}", identity=identity,
        ) as run:  # fmt: skip
            run.is_in_pieces = True
            run.provenance(
                run_id=id,
                entity=entity,
                client=heads[-1].client,
                logs=[os.path.relpath(head.path, store.home) for head in heads][:20],
            )
            taking = _Taking(run, intake, store, heads)
            try:
                for head in heads:
                    taking.read(head)
            finally:
                taking.finish()


def _by_run(heads: list[_Head]) -> list[list[_Head]]:
    """Put the logs of one run together, by when they began; one that has no record of its run yet, to the run of its id."""
    runs: dict[tuple[str, str, str], list[_Head]] = {}
    for head in sorted(heads, key=lambda head: not head.has_run):
        key = head.entity, head.project, head.id
        same_id = [each for each in runs if each[2] == head.id]
        runs.setdefault(same_id[0] if not head.has_run and len(same_id) == 1 else key, []).append(head)
    ordered = sorted(runs.items(), key=lambda each: (min(head.started_ms for head in each[1]), each[0]))
    return [sorted(logs, key=lambda head: (head.started_ms, str(head.path))) for _, logs in ordered]


def _named(heads: list[_Head]) -> tuple[str, str, str]:
    """Give entity, project and id of a run, as its logs say, or as their names do."""
    head = next((head for head in heads if head.has_run), heads[0])
    return head.entity, head.project, head.id


def _identity(intake: Intake, heads: list[_Head]) -> Identity:
    """Say what a run is known by: its own id once a log says it, and the names of its logs and their folders, which have the time."""
    names = {(head.path.parent.name, head.path.name) for head in heads if _FOLDER.search(head.path.parent.name)}
    return Identity(
        intake.run_id(*_named(heads)), _fingerprint(heads), witnesses=frozenset(witness(LOG, *name) for name in names),
        is_named=any(head.has_run for head in heads),
    )  # fmt: skip


@dataclass(slots=True)
class _Head:
    """Which run a log is of."""

    path: Path
    id: str
    project: str = ""
    entity: str = ""
    name: str = ""
    started_ms: int = 0
    client: str = ""
    has_run: bool = False
    """Whether the log says which run it is of: its client writes that in a block, which may take minutes to fill."""


def _head(root: Path, path: Path) -> _Head:
    id = path.name.removesuffix(".wandb").removeprefix("run-")
    head = _Head(path, id)
    try:
        with open_inside(root, path) as stream:
            for number, record in enumerate(records(stream, Damage())):
                for field_number, kind, value in fields(record):
                    if field_number == _RUN and kind == 2:
                        told = grouped(bytes_of(value))
                        head.id, head.entity, head.project = (
                            last_text(told, 1) or id,
                            last_text(told, 2),
                            last_text(told, 3),
                        )
                        head.name, head.started_ms = last_text(told, 8), timestamp_ms(last_bytes(told, 17))
                        head.has_run = True
                        head.client = head.client or last_text(grouped(last_bytes(told, 19)), 5)
                        return head
                    if field_number == _HEADER and kind == 2:
                        head.client = last_text(grouped(last_bytes(grouped(bytes_of(value)), 1)), 1).split("+")[0]
                if number > HEAD_RECORDS:
                    break
    except (SourceDamaged, OSError):
        pass  # said when the log itself is read
    head.started_ms = head.started_ms or _begun_ms(root, path)
    return head


def _begun_ms(root: Path, log: Path) -> int:
    """Say when a log was begun that does not say it: as the metadata beside it do, else by its file.

    The time in its folder's name is that of a clock on a wall, nobody knows where.
    """
    with contextlib.suppress(OSError, SourceDamaged, ValueError, AttributeError):
        told = orjson.loads(read_inside(root, log.parent / "files" / "wandb-metadata.json"))
        begun = datetime.fromisoformat(str(told.get("startedAt")).replace("Z", "+00:00"))
        return int((begun if begun.tzinfo else begun.replace(tzinfo=UTC)).timestamp() * 1000)
    return size_and_time(log)[1]


def _fingerprint(heads: list[_Head]) -> str:
    folders = [head.path.parent for head in heads]
    return "-".join(
        stamp(folder, [*listed(folder), *(f"files/{name}" for name in listed(folder / "files"))]) for folder in folders
    )


class _Taking:
    """Reads the logs of one run, record by record."""

    def __init__(self, run: RunIntake, intake: Intake, store: Store, heads: list[_Head]) -> None:
        self.run, self.intake, self.home = run, intake, store.home
        self.files = RunFiles(run, intake, store.home, [head.path.parent / "files" for head in heads])
        self.columns: dict[str, Column] = {}
        self.known: dict[bytes, Column] = {}
        self.waiting = 0
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.latest: dict[bytes, bytes] = {}
        self.defined: dict[str, dict[str, Any]] = {}
        self.console: list[str] = []
        self.console_bytes = 0
        self.screen = Screen()
        self.texts: dict[str, Any] = {}
        self.last_step = 0
        self.log_count = 0
        self.labels = ""
        self.begun_step: int | None = None
        """The first step of the training that is read."""
        self.repeated_to: int | None = None
        """Up to this step a log that goes on repeats what one before has."""
        self.is_first_row = True
        self.last_ms = heads[0].started_ms
        self.started_ms = heads[0].started_ms
        self.exit_code: int | None = None
        self.ended_ms: int | None = None
        self.environment: dict[str, Any] = {}
        self.has_run = False
        self._late: list[tuple[str, Any]] = []

    # Records

    def read(self, head: _Head) -> None:
        damage = Damage()
        self.exit_code, self.ended_ms = None, None  # a later log says that the run went on
        self._hand_over()
        self.log_count, self.is_first_row, self.repeated_to = self.log_count + 1, True, None
        bad = 0
        try:
            with open_inside(self.home, head.path) as stream:
                for record in records(stream, damage):
                    try:
                        for number, kind, value in fields(record):
                            if kind == 2 and isinstance(value, bytes):
                                self._record(number, value)
                    except (SourceDamaged, ValueError, LookupError, TypeError):
                        bad += 1
                    if self.waiting > 1 << 17:
                        self._hand_over()
                if not os.fstat(stream.fileno()).st_size:
                    self.run.damaged(f"{head.path.name} is empty")
        except OSError as error:
            self.run.fault(error, f"{head.path.name} cannot be read")
        except SourceDamaged as error:
            self.run.damaged(f"{head.path.name}: {error.message}")
        if damage.bad_fragments:
            self.run.damaged(
                f"{damage.bad_fragments} fragments ({damage.lost_bytes:,} bytes) of {head.path.name} are not what their checksums say"
            )
        if bad:
            self.run.damaged(f"{bad} records of {head.path.name} are no records of W&B")
        if damage.is_cut_off:
            self.run.cut_off(head.path.name)

    def _record(self, number: int, value: bytes) -> None:
        if number == _HISTORY:
            self._history(value)
        elif number in (_OUTPUT_RAW, _OUTPUT):
            self._output(value)
        elif number == _STATS:
            self._stats(value)
        elif number == _SUMMARY:
            self._summarize(value)
        elif number == _CONFIG:
            self._update(self.config, value)
        elif number == _RUN:
            self._run(value)
        elif number == _EXIT:
            told = grouped(value)
            self.exit_code = last_int(told, 1)
            self.ended_ms = self.started_ms + last_int(told, 2) * 1000
        elif number == _METRIC:
            self._metric(value)
        elif number == _ARTIFACT:
            self.files.artifact(value, self.last_ms)
        elif number == _USE_ARTIFACT:
            self.files.used(value, self.started_ms)
        elif number == _ENVIRONMENT:
            self._environment(value)
        elif number == _ALERT:
            told = grouped(value)
            self.run.remark(f"alert: {last_text(told, 1)} {last_text(told, 2)}".strip()[:500])
        elif number == _PREEMPTING:
            self.run.remark("The run was about to be preempted.")
        elif number == _TENSORBOARD:
            self.run.left("TensorBoard folders", "were only named in the log: import them as such")
        elif number not in _QUIET:
            self.run.left("records", f"of a kind that is not known ({number})")

    def _run(self, value: bytes) -> None:
        """RunRecord: 4 config, 5 summary, 6 group, 7 job type, 8 name, 9 notes, 10 tags, 12 sweep, 13 host, 17 start, 18 resumed, 21 git."""
        told = grouped(value)
        run = self.run
        self._update(self.config, last_bytes(told, 4))
        self._settle_summary()
        self._update(self.summary, last_bytes(told, 5))
        if name := last_text(told, 8):
            run.name = self.intake.text(name)[:200] or run.name
        tags = {text_of(tag): "" for tag in told.get(10, ())}
        for name, number in (("group", 6), ("job_type", 7), ("sweep", 12)):
            if text := last_text(told, number):
                tags[name] = text
        run.tags(tags)
        git = grouped(last_bytes(told, 21))
        run.about(note=last_text(told, 9), host=last_text(told, 13), git_commit=last_text(git, 2))
        if remote := last_text(git, 1):
            self.environment["git_remote"] = remote
        started_ms = timestamp_ms(last_bytes(told, 17))
        if self.has_run:
            run.remark("The run was gone on with: its logs follow each other.")
        elif started_ms:
            run.started(started_ms)
        self.has_run = True
        self.started_ms = started_ms or self.started_ms
        self.last_ms = max(self.last_ms, started_ms)

    def _update(self, target: dict[str, Any], value: bytes) -> None:
        """ConfigRecord and SummaryRecord: 1 update, 2 remove, of items 1 key, 2 nested key, 16 value as JSON."""
        for number, _, item in fields(value):
            if number in (1, 2):
                path, text = read_item(bytes_of(item))
                put_value(target, path, text, is_removed=number == 2)

    def _summarize(self, value: bytes) -> None:
        """Note a SummaryRecord. W&B writes one with every call of `log`: only the last of each key is taken apart, at the end."""
        latest = self.latest
        position, end = 0, len(value)
        while position < end:
            after = (
                position + 2 + value[position + 1]
                if position + 1 < end and value[position] == 10 and value[position + 1] < 128
                else 0
            )
            if not 0 < after <= end:
                # Long items and removals: what was noted before them comes first.
                self._settle_summary()
                latest = self.latest
                after = field_end(value, position)
                self._update(self.summary, value[position:after])
            else:
                place = position + 2
                while place + 1 < after and value[place] in (10, 18) and value[place + 1] < 128:
                    place += 2 + value[place + 1]
                name = value[position + 2 : place]
                latest.pop(name, None)  # the order of the last updates is kept: a mapping may replace its parts
                latest[name] = value[position + 2 : after]
            position = after

    def _settle_summary(self) -> None:
        latest, self.latest = self.latest, {}
        for item in latest.values():
            path, text = read_item(item)
            put_value(self.summary, path, text)

    def _history(self, value: bytes) -> None:
        """HistoryRecord: 1 items {1 key, 2 nested key, 16 value as JSON; 4 to 8 typed values}, 2 step {1 number}."""
        row: list[tuple[Column, float]] = []
        step: int | None = None
        time_ms: int | None = None
        known = self.known
        nested: dict[str, Any] = {}
        position, end = 0, len(value)
        while position < end:
            # The short way: an item of under 128 bytes, with one key, whose value is a number.
            if value[position] == 10 and position + 3 < end and value[position + 1] < 128:
                after = position + 2 + value[position + 1]
                name_end = position + 4 + value[position + 3]
                if (
                    name_end + 3 <= after <= end
                    and value[name_end : name_end + 2] == b"\x82\x01"
                    and name_end + 3 + value[name_end + 2] == after
                ):
                    column = known.get(value[position + 2 : name_end])
                    if column is not None:
                        try:
                            number = float(value[name_end + 3 : after])
                        except ValueError:
                            pass
                        else:
                            if column.name == "_timestamp":
                                time_ms = round(number * 1000) if abs(number) < 1e12 else None
                            elif column.name == "_step":
                                step = int(number) if step is None else step
                            elif column.name != "_runtime":
                                row.append((column, number))
                            position = after
                            continue
            for number_of_field, kind, item in fields(value[position : field_end(value, position)]):
                if number_of_field == 1 and kind == 2:
                    path, text = read_item(bytes_of(item), known, self.columns)
                    if len(path) > 1:
                        put_value(nested, path, text)
                        continue
                    name = path[0] if path else ""
                    if name == "_timestamp":
                        seconds = from_json(text)
                        time_ms = (
                            round(seconds * 1000) if isinstance(seconds, int | float) and abs(seconds) < 1e12 else None
                        )
                    elif name == "_step":
                        found = from_json(text)
                        step = (
                            int(found)
                            if step is None and isinstance(found, int | float) and math.isfinite(found)
                            else step
                        )
                    elif name and name != "_runtime":
                        self._take_value(name, from_json(text), row)
                elif number_of_field == 2 and kind == 2:
                    step = last_int(grouped(bytes_of(item)), 1)
            position = field_end(value, position)
        for name, tree in nested.items():
            self._take_value(name, tree, row)
        step = self.last_step + 1 if step is None else max(-(1 << 63), min((1 << 63) - 1, step))
        if self.is_first_row:
            self._begin(step)
        if self.repeated_to is not None and step <= self.repeated_to:
            self.run.changed("points", "were repeated by a log that goes on: the first are kept, as by W&B", len(row))
            self._late.clear()
            return
        self.last_step = step
        time_ms = self.last_ms if time_ms is None else time_ms
        self.last_ms = max(self.last_ms, time_ms)
        for column, number in row:
            column.steps.append(step)
            column.times_ms.append(time_ms)
            column.values.append(number)
        self.waiting += len(row)
        for name, content in self._late:
            self.files.media(name, content, step)
        self._late.clear()

    def _begin(self, step: int) -> None:
        """See where a log begins: one whose steps begin again, as of a program that ran twice under one id, is told apart."""
        self.is_first_row = False
        if self.begun_step is None:
            self.begun_step = step
        elif step <= self.begun_step:
            self.labels, self.begun_step = f"log={self.log_count}", step
            self.run.remark(
                f"Several trainings have this id: log {self.log_count} begins again at step {step:,}. The label `log` tells them apart."
            )
        elif step <= self.last_step:
            self.repeated_to = self.last_step

    def _take_value(self, name: str, found: Any, row: list[tuple[Column, float]]) -> None:
        if isinstance(found, bool | int | float):
            row.append((self.columns.setdefault(name, Column(name)), as_float(found)))
        elif isinstance(found, dict):
            if "_type" in found:
                self._late.append((name, found))
                # What W&B measures of a picture or table, such as its width, is part of the history.
                for key, inner in found.items():
                    if isinstance(inner, int | float) and not isinstance(inner, bool):
                        self._take_value(f"{name}.{key}", inner, row)
            else:
                for key, inner in found.items():
                    self._take_value(f"{name}.{key}", inner, row)
        elif isinstance(found, list) and found and all(isinstance(each, dict) and "_type" in each for each in found):
            for each in found:
                self._late.append((name, each))
        elif isinstance(found, str):
            # What is no number has no place in a series: the last text is kept with the summary.
            self.texts[name] = found
            self.run.left("history values", "are texts: the last of each name is kept in the summary")
        elif found is not None:
            self.run.left("history values", "are lists or have no value")

    def _stats(self, value: bytes) -> None:
        """StatsRecord: 2 time, 3 items {1 key, 16 value as JSON}."""
        told = grouped(value)
        time_ms = timestamp_ms(last_bytes(told, 2))
        self.last_ms = max(self.last_ms, time_ms)
        seconds = max(0, (time_ms - self.started_ms) // 1000)
        for item in told.get(3, ()):
            path, text = read_item(bytes_of(item))
            self._stat("system/" + ".".join(path), from_json(text), seconds, time_ms)

    def _stat(self, name: str, found: Any, step: int, time_ms: int) -> None:
        if isinstance(found, dict):
            for key, inner in found.items():
                self._stat(f"{name}.{key}", inner, step, time_ms)
        elif isinstance(found, int | float):
            column = self.columns.setdefault(name, Column(name))
            column.steps.append(step)
            column.times_ms.append(time_ms)
            column.values.append(as_float(found))
            self.waiting += 1

    def _output(self, value: bytes) -> None:
        """OutputRecord and OutputRawRecord: 1 stream, 2 time, 3 text."""
        told = grouped(value)
        self.last_ms = max(self.last_ms, timestamp_ms(last_bytes(told, 2)))
        done = self.screen.feed(last_text(told, 3))
        if self.console_bytes > CONSOLE_BYTES:
            self.run.left("console lines", f"the console is longer than {CONSOLE_BYTES >> 20} MiB")
            return
        self.console.append(done)
        self.console_bytes += len(done)

    def _metric(self, value: bytes) -> None:
        """MetricRecord: 1 name, 2 pattern, 4 step metric, 7 summary {1 min, 2 max, 3 mean, 4 best, 5 last}, 8 goal."""
        told = grouped(value)
        name = last_text(told, 1) or last_text(told, 2)
        facts: dict[str, Any] = {}
        if step := last_text(told, 4):
            facts["step"] = step
        summary = grouped(last_bytes(told, 7))
        if kinds := [
            word
            for number, word in ((1, "min"), (2, "max"), (3, "mean"), (4, "best"), (5, "last"), (8, "first"))
            if last_int(summary, number)
        ]:
            facts["summary"] = kinds
        if goal := {1: "minimize", 2: "maximize"}.get(last_int(told, 8)):
            facts["goal"] = goal
        if name and facts:
            self.defined[name] = facts

    def _environment(self, value: bytes) -> None:
        """EnvironmentRecord: 1 system, 2 Python, 5 arguments, 6 program, 9 git, 11 folder, 12 host, 13 user, 16 and on the hardware."""
        told = grouped(value)
        git = grouped(last_bytes(told, 9))
        self.run.about(
            python=last_text(told, 2).removeprefix("CPython "), host=last_text(told, 12), user=last_text(told, 13), directory=last_text(told, 11),
            git_commit=last_text(git, 2),
            command=[part for part in (last_text(told, 6), *(text_of(each) for each in told.get(5, ()))) if part] if 6 in told else (),
        )  # fmt: skip
        for name, number in (("system", 1), ("gpu", 18), ("cuda", 25), ("docker", 4)):
            if text := last_text(told, number):
                self.environment[name] = text
        for name, number in (("cpu_count", 16), ("cpu_count_logical", 17), ("gpu_count", 19)):
            if count := last_int(told, number):
                self.environment[name] = count
        if remote := last_text(git, 1):
            self.environment["git_remote"] = remote
        if slurm := {
            last_text(pair, 1): last_text(pair, 2) for entry in told.get(27, ()) if (pair := grouped(bytes_of(entry)))
        }:
            self.run.context("job", {"slurm": slurm})

    # The end

    def _hand_over(self) -> None:
        for column in self.columns.values():
            if column.values:
                self.run.points(column.name, column.steps, column.times_ms, column.values, labels=self.labels)
                column.steps, column.times_ms, column.values = [], [], []
        self.waiting = 0

    def finish(self) -> None:
        """Write what is only known once all logs are read."""
        run = self.run
        names = {name for name, column in self.columns.items() if not name.startswith("_")}
        self._settle_summary()
        self._hand_over()
        if not self.has_run:
            self._from_files()
        config = {key: value for key, value in self.config.items() if key != "_wandb"}
        run.params(config)
        summary = {key: value for key, value in self.summary.items() if not key.startswith("_")}
        for name, number in all_numbers(summary):
            if name not in names and name.rpartition(".")[0] not in names:
                run.points(name, [self.last_step], [self.last_ms], [number], labels="summary")
        self.files.media_of_summary(summary, self.last_step)
        if summary or self.texts:
            run.context("summary", {**self.texts, **without_long(summary)})
        if self.defined:
            run.context("defined_metrics", self.defined)
        self._metadata_file()
        if self.environment:
            run.context("hardware", self.environment)
        self._versions()
        self._status()

    def _status(self) -> None:
        if self.exit_code is None:
            # No record of an end: it goes on, or was killed. When it was last heard of tells which.
            self.run.status("running", heard_ms=self.last_ms)
            return
        ended_ms = max(self.ended_ms or 0, self.last_ms)
        error = "" if self.exit_code == 0 else f"exit code {self.exit_code}"
        self.run.status("finished" if self.exit_code == 0 else "failed", ended_ms=ended_ms, error=error)
        self.run.context("exit", {"code": self.exit_code})

    def _versions(self) -> None:
        run = self.run
        console = "".join(self.console) + self.screen.open_text
        if not console.strip() and (place := self.files.find("output.log")) is not None:
            try:
                screen = Screen()
                text = read_inside(self.home, place, limit_bytes=CONSOLE_BYTES).decode("utf-8", "replace")
                console = screen.feed(text) + screen.open_text
            except (SourceDamaged, OSError) as error:
                run.left("consoles", f"cannot be read: {error}"[:200])
        if console.strip():
            run.output("console", kind="log", contents=[Content("console.log", run.cleaned(console).encode("utf-8", "replace"))], identity=(run.id, "console"), created_ms=self.last_ms)  # fmt: skip
        self.files.finish(self.started_ms, self.last_ms)

    def _from_files(self) -> None:
        """Take config and summary from the files beside a log that does not tell them."""
        if (place := self.files.find("config.yaml")) is not None:
            try:
                told = load_yaml(read_inside(self.home, place))
                if isinstance(told, dict):
                    self.config = {key: value["value"] if isinstance(value, dict) and "value" in value else value for key, value in told.items() if key not in ("wandb_version", "_wandb")}  # fmt: skip
            except (SourceDamaged, OSError) as error:
                self.run.left("configs", f"cannot be read: {error}"[:200])
        if (place := self.files.find("wandb-summary.json")) is not None:
            try:
                told = orjson.loads(read_inside(self.home, place))
                self.summary = told if isinstance(told, dict) else {}
                seconds = self.summary.get("_timestamp")
                if isinstance(seconds, int | float) and 0 < seconds < 1e11:
                    self.last_ms = max(self.last_ms, int(seconds * 1000))
            except (SourceDamaged, OSError, ValueError) as error:
                self.run.left("summaries", f"cannot be read: {error}"[:200])

    def _metadata_file(self) -> None:
        """Take what logs before 2025 keep only in `wandb-metadata.json`."""
        place = self.files.find("wandb-metadata.json")
        if place is None:
            return
        try:
            told = orjson.loads(read_inside(self.home, place))
        except (SourceDamaged, OSError, ValueError):
            return
        if not isinstance(told, dict):
            return
        git = told.get("git") if isinstance(told.get("git"), dict) else {}
        arguments = [str(each) for each in told.get("args") or ()] if isinstance(told.get("args"), list) else []
        self.run.about(
            python=str(told.get("python") or "").removeprefix("CPython "), host=str(told.get("host") or ""), user=str(told.get("username") or ""),
            directory=str(told.get("root") or ""), git_commit=str((git or {}).get("commit") or ""),
            command=[str(told["program"]), *arguments] if told.get("program") else (),
        )  # fmt: skip
        for name, key in (
            ("system", "os"),
            ("gpu", "gpu"),
            ("cuda", "cudaVersion"),
            ("cpu_count", "cpu_count"),
            ("gpu_count", "gpu_count"),
        ):
            if told.get(key) and name not in self.environment:
                self.environment[name] = told[key]
