"""Rows of a catalog's tables, back into a catalog: runs, versions and lineage under their own ids, without files.

Runs are read partition by partition, some hundreds at a time; the points only of those that are new or have changed. What a
catalog recorded itself is never written over.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import orjson

from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.identity import Identity
from artui.exchange.intake.listed import ListedFile
from artui.model import RELATIONS, STAGES

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

RUNS_AT_ONCE = 400
POINTS_AT_ONCE = 1 << 19
MAX_ROWS = 1 << 21
"""More rows of so few runs are left out."""
MAX_FILES_OF_VERSION = 100_000
_STATUSES = ("running", "finished", "failed", "killed")
_ID = re.compile(r"[0-9A-Z]{26}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Tables(Protocol):
    """Files of tables, which are asked for their rows; of those that cannot be read nothing comes."""

    def files(self, table: str, paths: Sequence[str]) -> Any:
        """Give what rows of a table are asked of."""

    def rows(self, files: Any, *, by: str, order: Sequence[str], limit: int, **which: Any) -> Iterator[dict[str, Any]]:
        """Give rows in order, each with all columns of its table; `too_long` says how many of its texts are null for that.

        Args:
            by: the column with the id that rows are chosen by, after one (`after`) or from one (`first`) to another (`last`).
        """

    def points(self, files: Any, *, limit: int, **which: Any) -> tuple[list[tuple[str, str, str, int]], list[bytes]]:
        """Give points: the series with how many each has, and the bytes of numbers, steps, times and values of all of them."""


def take_tables(intake: Intake, source: Tables, partitions: Sequence[Mapping[str, Sequence[str]]]) -> None:
    """Take all runs, then the versions, then what links them.

    Args:
        partitions: of each part the paths of its files, by table.
    """
    for paths in partitions:
        _Runs(intake, source, paths).take()
    for paths in partitions:
        _take_versions(intake, source, paths)
    for paths in partitions:
        _take_lineage(intake, source, paths)


@dataclass(slots=True)
class _Part:
    """What stands of one run in the lake, but for its points."""

    row: dict[str, Any]
    params: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)

    def fingerprint(self) -> str:
        """Give what differs once anything of the run does."""
        whole = hashlib.sha256()
        for rows in ([self.row], self.params, self.tags, self.metrics):
            whole.update(repr([list(row.values()) for row in rows]).encode("utf-8", "backslashreplace"))
        return whole.hexdigest()[:32]

    def point_count(self) -> int:
        return sum(max(0, row["count"] or 0) for row in self.metrics)


class _Runs:
    """Takes the runs of one partition."""

    def __init__(self, intake: Intake, source: Tables, paths: Mapping[str, Sequence[str]]) -> None:
        self._intake, self._source = intake, source
        self._files = {table: source.files(table, paths.get(table, ())) for table in ("runs", "params", "tags", "metrics", "points")}  # fmt: skip

    def take(self) -> None:
        """Take them in the order of their ids."""
        after: str | None = None
        while True:
            rows = list(self._source.rows(self._files["runs"], by="id", order=["id"], limit=RUNS_AT_ONCE, after=after))
            if not rows:
                return
            after = rows[-1]["id"]
            self._take_some(rows)
            if len(rows) < RUNS_AT_ONCE:
                return

    def _take_some(self, rows: Sequence[dict[str, Any]]) -> None:
        intake = self._intake
        parts: dict[str, _Part] = {}
        for row in rows:
            run_id = row["id"]
            intake.left("texts", "are longer than any real one", row.pop("too_long"))
            if not _ID.match(run_id):
                intake.left("runs", "have an id that is none")
            elif run_id in parts:
                intake.left("rows of runs", "are there twice")
            else:
                parts[run_id] = _Part(row)
        if not parts:
            return
        for table, name in (("params", "name"), ("tags", "name"), ("metrics", "name")):
            files = self._files[table]
            count = 0
            for row in self._source.rows(
                files, by="run_id", order=["run_id", name], first=min(parts), last=max(parts), limit=MAX_ROWS
            ):
                intake.left("texts", "are longer than any real one", row.pop("too_long"))
                if (part := parts.get(row["run_id"])) is not None:
                    getattr(part, table).append(row)
                count += 1
            if count >= MAX_ROWS:
                intake.left(f"rows of {table}", f"are beyond the {MAX_ROWS:,} of so few runs")
        wanted = []
        for run_id, part in parts.items():
            candidate = _candidate(part)
            if intake.is_wanted(candidate.project, candidate.name) and not intake.is_its_own(run_id):
                wanted.append(candidate)
        points = _Points(self._source, self._files["points"], [one.part for one in wanted if intake.is_new(one)])
        for candidate in wanted:
            intake.take_run(candidate, lambda run, part: _take_run(run, part, points), run_id=candidate.identity.id)


def _candidate(part: _Part) -> Candidate[_Part]:
    row = part.row
    identity = Identity(row["id"], part.fingerprint(), is_named=True)
    return Candidate(
        part, identity, name=row["name"] or "", project=row["project"] or "", source=row["source"] or "", started_ms=row["started_ms"] or 0
    )  # fmt: skip


def _take_run(run: RunIntake, part: _Part, points: _Points) -> None:
    row = part.row
    run.about(
        note=row["note"], user=row["user"], host=row["host"], git_commit=row["git_commit"], git_branch=row["git_branch"], git_is_dirty=row["git_dirty"],
        python=row["python"], directory=row["directory"], command=_texts(row["command"]), parent_id=row["parent_id"],
        stage=row["stage"] if row["stage"] in STAGES else None,
    )  # fmt: skip
    status = row["status"] if row["status"] in _STATUSES else "finished"
    run.status(
        status, ended_ms=row["ended_ms"], heard_ms=row["heartbeat_ms"] or 0, error=row["error"] or "", duration_ms=row["duration_ms"]
    )  # fmt: skip
    run.params({str(param["name"]): _value(run, param) for param in part.params if param["name"]})
    run.tags({str(tag["name"]): str(tag["value"] or "") for tag in part.tags if tag["name"]})
    said = part.point_count()
    taken = 0
    for name, labels, steps, times_ms, values in points.of(row["id"]):
        run.points(name, steps, times_ms, values, labels=labels)
        taken += len(values)
    if taken < said:
        run.damaged(f"{said - taken:,} of its {said:,} points are not in the lake")


def _value(run: RunIntake, param: Mapping[str, Any]) -> Any:
    """Give a param as its type says: numbers exactly as their text says them."""
    kind, number, text = param["type"], param["value_number"], param["value_text"]
    if kind == "text":
        return text or ""
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind == "json" and text is not None:
        try:
            return json.loads(text)  # orjson makes floats of long numbers
        except (ValueError, RecursionError):
            run.left("params", "are no JSON, though they say so: kept as texts")
            return text
    if kind == "number":
        try:
            return int(text)
        except (ValueError, TypeError):
            pass
        try:
            return float(text)
        except (ValueError, TypeError):
            if number is not None:
                return number
    run.left("params", "are not what their type says: kept as texts")
    return text or ""


def _texts(content: Any) -> tuple[str, ...]:
    try:
        parts = orjson.loads(content or "[]")
    except (ValueError, TypeError):
        return ()
    return tuple(map(str, parts)) if isinstance(parts, list) else ()


class _Points:
    """The points of some runs, read ahead for as many of them as have no more than `POINTS_AT_ONCE` together."""

    def __init__(self, source: Tables, files: Any, parts: Sequence[_Part]) -> None:
        self._source, self._files = source, files
        self._counts = {part.row["id"]: part.point_count() for part in parts}
        self._metrics = {part.row["id"]: part.metrics for part in parts}
        self._ids = list(self._counts)
        self._held: dict[str, list[tuple[str, str, Any, Any, Any]]] = {}

    def of(self, run_id: str) -> Iterator[tuple[str, str, Any, Any, Any]]:
        """Give the points of a run: name, labels, steps, times and values, series by series."""
        if not self._counts.get(run_id):
            return
        if self._counts[run_id] > POINTS_AT_ONCE:
            yield from self._alone(run_id)
            return
        if run_id not in self._held:
            self._read_ahead(run_id)
        yield from self._held.pop(run_id, ())

    def _read_ahead(self, run_id: str) -> None:
        some: list[str] = []
        room = POINTS_AT_ONCE
        for one in self._ids[self._ids.index(run_id) :]:
            if self._counts[one] <= POINTS_AT_ONCE:
                room -= self._counts[one]
                if some and room < 0:
                    break
                some.append(one)
        self._held = {}
        for owner, name, labels, *columns in self._asked(first=min(some), last=max(some), among=some, limit=2 * POINTS_AT_ONCE):  # fmt: skip
            self._held.setdefault(owner, []).append((name, labels, *columns))

    def _alone(self, run_id: str) -> Iterator[tuple[str, str, Any, Any, Any]]:
        """Read a run that is too large for that: each series by itself, some of its points at a time."""
        for metric in self._metrics[run_id]:
            series = [metric["name"], metric["labels"] or ""]
            for first in range(0, max(0, metric["count"] or 0), POINTS_AT_ONCE):
                numbers = [first, first + POINTS_AT_ONCE]
                for _, name, labels, *columns in self._asked(first=run_id, last=run_id, series=series, numbers=numbers, limit=2 * POINTS_AT_ONCE):  # fmt: skip
                    yield name, labels, *columns

    def _asked(self, **which: Any) -> Iterator[tuple[Any, ...]]:
        series, columns = self._source.points(self._files, **which)
        if not columns:
            return
        numbers, steps, times_ms = (np.frombuffer(column, "<i8") for column in columns[:3])
        values = np.frombuffer(columns[3], "<f8")
        at = 0
        for owner, name, labels, count in series:
            piece = slice(at, at + count)
            # A point of a number that was there before is the same one, from another file.
            is_first = np.diff(numbers[piece], prepend=numbers[at] - 1 if at < len(numbers) else 0) != 0
            yield owner, name, labels, steps[piece][is_first], times_ms[piece][is_first], values[piece][is_first]
            at += count


# Versions and lineage


def _take_versions(intake: Intake, source: Tables, paths: Mapping[str, Sequence[str]]) -> None:
    """Take the versions of a partition, each with its manifest and aliases; their bytes are not in a lake."""
    versions, files, aliases = (source.files(table, paths.get(table, ())) for table in ("versions", "files", "aliases"))
    after: str | None = None
    while True:
        rows = list(source.rows(versions, by="id", order=["id"], limit=RUNS_AT_ONCE, after=after))
        if not rows:
            return
        after, first = rows[-1]["id"], rows[0]["id"]
        manifests: dict[str, list[ListedFile]] = {}
        for row in source.rows(files, by="version_id", order=["version_id", "path"], first=first, last=after, limit=MAX_ROWS):  # fmt: skip
            manifest = manifests.setdefault(row["version_id"], [])
            if (one := _listed(row)) is None:
                intake.left("files", "have no path, or a digest that is none")
            elif len(manifest) >= MAX_FILES_OF_VERSION:
                intake.left("files", f"are beyond the {MAX_FILES_OF_VERSION:,} of a version")
            elif not manifest or manifest[-1].path != one.path:
                manifest.append(one)
        names: dict[str, list[str]] = {}
        for row in source.rows(aliases, by="version_id", order=["version_id", "name"], first=first, last=after, limit=MAX_ROWS):  # fmt: skip
            names.setdefault(row["version_id"], []).append(str(row["name"]))
        before = ""
        for row in rows:
            if row["id"] != before:
                _take_version(intake, row, manifests.get(row["id"], []), names.get(row["id"], []))
            before = row["id"]
        if len(rows) < RUNS_AT_ONCE:
            return


def _take_version(intake: Intake, row: Mapping[str, Any], manifest: Sequence[ListedFile], aliases: Sequence[str]) -> None:  # fmt: skip
    if not _ID.match(row["id"]):
        intake.left("versions", "have an id that is none")
        return
    number = row["number"]
    try:
        metadata = orjson.loads(row["metadata"] or "{}")
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        intake.left("metadata of versions", "is no JSON object")
        metadata = {}
    intake.versions.put_listed(
        row["project"] or "", row["artifact"] or "", version_id=row["id"], number=number if isinstance(number, int) and 0 < number < 1 << 53 else None,
        kind=row["kind"] or "files", stage=row["stage"] if row["stage"] in STAGES else "", files=manifest, location=row["location"] or "",
        created_ms=row["created_ms"] or 0, note=row["note"] or "", metadata=metadata, aliases=aliases,
    )  # fmt: skip


def _listed(row: Mapping[str, Any]) -> ListedFile | None:
    digest, size_bytes = row["digest"], row["size_bytes"]
    if not row["path"] or (digest is not None and not _DIGEST.match(digest)):
        return None
    if not isinstance(size_bytes, int) or size_bytes < 0:
        return None
    return ListedFile(
        row["path"], size_bytes, None if digest is None else bytes.fromhex(digest), row["media_type"] or "", row["link_target"], row["note"] or ""
    )  # fmt: skip


def _take_lineage(intake: Intake, source: Tables, paths: Mapping[str, Sequence[str]]) -> None:
    """Link what has come; what follows from the journal is none of it."""
    files = source.files("lineage", paths.get("lineage", ()))
    after: str | None = None
    while True:
        rows = list(source.rows(files, by="source_id", order=["source_id", "target_id", "relation"], limit=MAX_ROWS // 16, after=after))  # fmt: skip
        last = rows[-1]["source_id"] if rows else None
        has_more = len(rows) >= MAX_ROWS // 16 and rows[0]["source_id"] != last
        for row in rows:
            if has_more and row["source_id"] == last:
                break
            after = row["source_id"]
            if row["relation"] not in RELATIONS:
                intake.left("links", "follow from the journal of a deployment, which does not come along" if row["relation"] == "deployed_as" else "are of no kind that there is")  # fmt: skip
            else:
                intake.versions.link(row["relation"], str(row["source_id"]), str(row["target_id"]))
        if not has_more:
            return
