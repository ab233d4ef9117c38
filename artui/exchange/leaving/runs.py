"""Runs as they leave for formats that have a place for each: with params, tags and series, and the points and files read as they go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from artui.errors import ArtuiError
from artui.exchange.leaving.order import Exported, Tell
from artui.exchange.leaving.selection import Selection
from artui.exchange.leaving.suspects import Suspicion
from artui.query import outgoing
from artui.query.api.records import Version
from artui.query.artifacts import get_version

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints
    from artui.model import ParamValue

AT_ONCE_POINTS = 1 << 16
PIECE_BYTES = 1 << 20
RUNS = (
    "id", "name", "project", "status", "stage", "started_ms", "ended_ms", "duration_ms", "heartbeat_ms", "parent_id", "user", "host", "git_commit",
    "git_branch", "git_dirty", "python", "directory", "command", "note", "error", "source", "catalog_id",
)  # fmt: skip
"""What a row of a run has, in its order."""
PARAMS, TAGS = ("run_id", "name", "type", "value_number", "value_text"), ("run_id", "name", "value")


@dataclass(frozen=True, slots=True)
class Series:
    """A metric of a run."""

    key: int
    name: str
    labels: str
    count: int
    """How many points it has, unless some are damaged."""


@dataclass(slots=True)
class LeavingRun:
    """A run, without its points."""

    facts: Mapping[str, Any]
    """By the words of `RUNS`."""
    deleted_ms: int | None = None
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    made_ids: list[str] = field(default_factory=list)
    """The ids of the versions that it made."""

    @property
    def id(self) -> str:
        """Its id: a ULID."""
        return str(self.facts["id"])

    @property
    def name(self) -> str:
        """Its name, which may be any text."""
        return str(self.facts["name"])

    @property
    def project(self) -> str:
        """Its project, which may be any text."""
        return str(self.facts["project"])

    @property
    def status(self) -> str:
        """How it stands: `running`, `finished`, `failed` or `killed`; or `damaged`."""
        return str(self.facts["status"])

    @property
    def started_ms(self) -> int:
        """When it started, in milliseconds since 1970; 0 where nobody knows."""
        return int(self.facts["started_ms"] or 0)

    @property
    def command(self) -> list[str]:
        """Its command line."""
        try:
            parts = orjson.loads(self.facts["command"] or "[]")
        except ValueError:
            return []
        return [str(part) for part in parts] if isinstance(parts, list) else []


class Leaving:
    """Gives the runs of a selection one after another, and counts what is damaged."""

    def __init__(self, chosen: Selection, made: Exported, tell: Tell | None) -> None:
        self._chosen, self._made, self._tell = chosen, made, tell
        self._suspicion = Suspicion(chosen.reader.catalog_id, made)

    def runs(self, *, with_deleted: bool = False) -> Iterator[LeavingRun]:
        """Give the runs by project, month and id; then those in the trash, if they have a place."""
        made, total, count = self._made, self._chosen.run_count(), 0
        for are_deleted in (False, True) if with_deleted else (False,):
            for group in self._chosen.groups(are_deleted=are_deleted):
                for run in self._of(group, are_deleted=are_deleted):
                    made.rows["runs"] += 1
                    made.rows["params"] += len(run.params)
                    made.rows["tags"] += len(run.tags)
                    made.rows["metrics"] += len(run.series)
                    made.running += run.status == "running" and not are_deleted
                    count += not are_deleted
                    if self._tell is not None:
                        self._tell("runs", count, total)
                    yield run
        if self._chosen.is_whole:
            made.left_out = max(0, total - count)

    def _of(self, group: outgoing.Group, *, are_deleted: bool) -> Iterator[LeavingRun]:
        connection, look = self._chosen.connection, self._suspicion.look
        rows = outgoing.run_rows(connection, group, self._chosen.reader.catalog_id)
        look("runs", dict.fromkeys(RUNS, ""), rows)
        deleted = outgoing.deleted_ms(connection, group) if are_deleted else {}
        runs = {row[0]: LeavingRun(dict(zip(RUNS, row, strict=True)), deleted.get(row[0])) for row in rows}
        params = outgoing.param_rows(connection, group)
        look("params", dict.fromkeys(PARAMS, ""), params)
        for run_id, name, kind, number, text in params:
            runs[run_id].params[name] = value_of(kind, number, text)
        tags = outgoing.tag_rows(connection, group)
        look("tags", dict.fromkeys(TAGS, ""), tags)
        for run_id, name, value in tags:
            runs[run_id].tags[name] = value
        for key, run_id, name, labels, size in outgoing.metric_rows(connection, group)[1]:
            runs[run_id].series.append(Series(key, name, labels, size))
        for run_id, version_id in outgoing.made_versions(connection, group):
            runs[run_id].made_ids.append(version_id)
        yield from runs.values()

    def points(self, run: LeavingRun, series: Series) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Decode the points of a series, some thousands at a time, into steps, times in milliseconds and values; damaged ones are counted."""
        row = (series.key, run.id, series.name, series.labels, series.count)
        connection = self._chosen.connection
        for spans in outgoing.spans(connection, [row], AT_ONCE_POINTS):
            for span in spans:
                there = 0
                for part in outgoing.span_points(connection, span):
                    there += len(part[2])
                    yield part
                self._made.rows["points"] += there
                self._made.damaged_points += span.point_count - there

    def files(self, run: LeavingRun) -> Iterator[tuple[Version, str, BinaryIO]]:
        """Open each file of what a run made: its version, its path in that, and its bytes; what cannot be had is named and counted."""
        for version_id in run.made_ids:
            try:
                version = Version(self._chosen.reader, get_version(self._chosen.reader, version_id, max_files=1).head)
                paths = [file.path for file in version.files]
            except ArtuiError as error:
                self._made.refuse("versions", f"cannot be read: {error.message}"[:200])
                continue
            for path in paths:
                try:
                    with version.open(path) as content:
                        yield version, path, content
                except ArtuiError as error:
                    self._made.refuse(f"files of {version.reference}", f"cannot be had: {error.message}"[:200])


def runs_from(chosen: Selection, source: str) -> dict[str, str]:
    """Give the runs that came by an import of one format: what they are called there, by their ids in the catalog."""
    return outgoing.runs_from(chosen.connection, source)


class Unreadable(Exception):
    """A file of a version cannot be read to its end."""


def pieces(content: BinaryIO) -> Iterator[bytes]:
    """Read a file of a version piece by piece.

    Raises:
        Unreadable: it cannot be read.
    """
    while True:
        try:
            piece = content.read(PIECE_BYTES)
        except (ArtuiError, OSError) as error:
            raise Unreadable(error.message if isinstance(error, ArtuiError) else str(error.strerror)) from error
        if not piece:
            return
        yield piece


def value_of(kind: str, number: float | None, text: str) -> ParamValue:
    """Give a param as it is in the catalog, from the row that it leaves in."""
    if kind == "bool":
        return text == "true"
    if kind == "json":
        try:
            return json.loads(text)  # type: ignore[no-any-return]
        except (ValueError, RecursionError):
            return text
    if kind == "number":
        try:
            return int(text)
        except ValueError:
            try:
                return float(text)
            except ValueError:
                return number if number is not None else text
    return text


def leave_behind(chosen: Selection, made: Exported, program: str, *, has_files: bool = True) -> None:
    """Count what a format of runs has no place for; some have none for files at all."""
    why = f"were made by no run that goes along: {program} keeps files by run" if has_files else f"{program} has no place for them"  # fmt: skip
    versions = sum(len(some.rows) for some in chosen.others("versions")) - made.rows["versions"]
    counts = {
        ("versions", why): versions,
        ("aliases", f"{program} has no place for them"): sum(len(some.rows) for some in chosen.others("aliases")),
        ("links of inputs and between versions", f"{program} has no place for them"): sum(
            row[0] != "output" for some in chosen.others("lineage") for row in some.rows
        ),
        ("entries of the journal", f"{program} has no place for them"): sum(
            len(some.rows) for some in chosen.others("events")
        ),
    }
    made.left.update({key: count for key, count in counts.items() if count > 0})
