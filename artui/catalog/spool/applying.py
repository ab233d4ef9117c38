"""Applying the records of a spool to the catalog.

Each record is applied by itself: one that cannot be, because of its content or of damage in the catalog, leaves a
remark on its run and does not stop the others. Points whose series is damaged go to a new one, which has one more
label.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from artui import clock
from artui.catalog import Catalog, artifacts, blobs, context, events, points, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.attempts import attempt
from artui.catalog.runs import NewRun
from artui.catalog.spool.reading import Action, Batch, SpoolFile, Values, joined, run_of
from artui.model import RELATIONS

MAX_ERROR_CHARS = 20_000
MAX_MS = 1 << 53
MAX_PARTS = 20
_NAMED_SERIES = 5
_NAMED_FILES = 3


@dataclass(slots=True)
class Applied:
    """What could not be applied of a batch as it was recorded."""

    remarks: dict[str, list[str]] = field(default_factory=dict)
    """By run id: what a reader of the run should know."""
    damaged: dict[str, list[str]] = field(default_factory=dict)
    """By run id: damaged series that are continued in another one."""
    unstored_points: int = 0
    """Points that could not be stored at all."""

    def remark(self, run_id: str, text: str) -> None:
        """Add a remark that a reader of the run should know."""
        self.remarks.setdefault(run_id, []).append(text)

    @property
    def remark_lines(self) -> list[str]:
        """The remarks, as lines of text."""
        return [f"run {run_id}: {text}" for run_id, texts in self.remarks.items() for text in texts]


def apply(
    connection: sqlite3.Connection, catalog: Catalog, file: SpoolFile, batch: Batch, *, is_guess: bool
) -> Applied:
    """Apply the records of a batch. `is_guess`: some of them may be in the catalog already."""
    applied = Applied()
    keys = _Keys(connection, applied, batch)
    late: list[Action] = []
    for action, content in batch.actions:
        if action["do"] == "finish":
            late.append(action)
        else:
            _do(connection, catalog, action, content, keys)
    for (run_id, labels, name), parts in batch.points.items():
        _Series(connection, file, keys, run_id, labels, name).append(joined(parts), is_guess=is_guess)
    for run_id, last_ms in batch.last_ms.items():
        beat(connection, run_id, last_ms)
    for ending in late:
        _do(connection, catalog, ending, b"", keys)
    _remark_odd(applied, file, batch)
    for run_id, series in applied.damaged.items():
        applied.remark(run_id, _damaged_text(series))
    for run_id, texts in applied.remarks.items():
        for text in texts:
            remark(connection, run_id, text)
    return applied


def beat(connection: sqlite3.Connection, run_id: str, time_ms: int) -> None:
    """Note when a run was last heard from, at most now."""
    heard_ms = max(0, min(time_ms, clock.now_ms()))
    attempt(
        connection,
        lambda: connection.execute(
            "UPDATE run SET heartbeat_ms = max(heartbeat_ms, ?) WHERE id = ? AND status = 0", (heard_ms, run_id)
        ),
    )


def remark(connection: sqlite3.Connection, run_id: str, text: str) -> None:
    """Add a remark to a run, if it is there."""
    row = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
    if row is not None:
        attempt(connection, lambda: context.remark(connection, row[0], text))


def _remark_odd(applied: Applied, file: SpoolFile, batch: Batch) -> None:
    named = {run_of(action) or "" for action, _ in batch.actions} | set(batch.last_ms)
    file.run_ids |= named
    for run_id in sorted(named or file.run_ids):
        if batch.odd_count:
            applied.remark(
                run_id, f"{_counted(batch.odd_count, 'record')} of its spool could not be read, and left out."
            )
        if batch.damaged_bytes:
            applied.remark(run_id, f"{batch.damaged_bytes:,} bytes of its spool are damaged, and were left out.")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _damaged_text(series: list[str]) -> str:
    named = "; ".join(series[:_NAMED_SERIES])
    more = f"; and {len(series) - _NAMED_SERIES:,} more" if len(series) > _NAMED_SERIES else ""
    return f"What the catalog holds of these metrics is damaged, so their points go on in new ones: {named}{more}."


class _Keys:
    """The keys of runs, by id. A run that is not there is made, so that what was logged for it is not lost."""

    def __init__(self, connection: sqlite3.Connection, applied: Applied, batch: Batch) -> None:
        self._connection = connection
        self._batch = batch
        self._keys: dict[str, int] = {}
        self._origins: dict[int, int | None] = {}
        self.applied = applied
        self.names: dict[str, int] = {}

    def find(self, run_id: str) -> int | None:
        if run_id not in self._keys:
            row = self._connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
            if row is None:
                return None
            self._keys[run_id] = int(row[0])
        return self._keys[run_id]

    def get(self, run_id: str) -> int:
        return self.find(run_id) or self._make(run_id)

    def _make(self, run_id: str) -> int:
        now_ms = clock.now_ms()
        start: dict[str, Any] = next(
            (action["run"] for action, _ in self._batch.actions if run_of(action) == run_id and "run" in action), {}
        )
        name, project = start.get("name"), start.get("project")
        started_ms = min(start["started_ms"], now_ms) if type(start.get("started_ms")) is int else now_ms
        key = runs.start(
            self._connection,
            NewRun(
                project=project if isinstance(project, str) and 0 < len(project) < 200 else "default",
                name=name if isinstance(name, str) and 0 < len(name) < 1000 else run_id,
                id=run_id, started_ms=max(0, started_ms),
            ),
        )  # fmt: skip
        self._keys[run_id] = key
        self.applied.remark(run_id, "How it was started could not be read: its name and more may be missing.")
        return key

    def origin(self, run_key: int) -> int | None:
        """Give who goes on with a run, if that is not who began it."""
        if run_key not in self._origins:
            self._origins[run_key] = runs.other_origin(self._connection, run_key)
        return self._origins[run_key]

    def forget(self, run_id: str) -> None:
        self._keys.pop(run_id, None)


class _Series:
    """Where the points of one series go."""

    def __init__(
        self, connection: sqlite3.Connection, file: SpoolFile, keys: _Keys, run_id: str, labels: str, name: str
    ) -> None:
        self._connection = connection
        self._file = file
        self._keys = keys
        self._run_id = run_id
        self._labels = labels
        self._name = name

    def append(self, values: Values, *, is_guess: bool) -> None:
        """Append points; to a new series if the one that they belong to is damaged."""
        place = self._run_id, self._labels, self._name
        labels = self._file.parts.get(place, self._labels)
        first = error = self._attempt(labels, values, is_guess=is_guess)
        number = 2
        while error is not None and number <= MAX_PARTS:
            labels = _with_part(self._labels, number)
            error, number = self._attempt(labels, values, is_guess=is_guess), number + 1
        applied = self._keys.applied
        if error is not None:
            applied.unstored_points += len(values[0])
        elif first is not None:
            self._file.parts[place] = labels
            shown = f"{self._name} {{{self._labels}}}" if self._labels else self._name
            applied.damaged.setdefault(self._run_id, []).append(f"{shown[:200]} in {{{labels}}} ({_why(first)})")

    def _attempt(self, labels: str, values: Values, *, is_guess: bool) -> BaseException | None:
        is_appended = False
        try:
            error = attempt(self._connection, lambda: self._append(labels, values, is_guess=is_guess))
            is_appended = error is None
        finally:
            if not is_appended:
                # What it had made was rolled back.
                self._keys.forget(self._run_id)
        if error is not None:
            self._keys.names.pop(self._name, None)
        return error

    def _append(self, labels: str, values: Values, *, is_guess: bool) -> None:
        connection, names = self._connection, self._keys.names
        run_key = self._keys.get(self._run_id)
        if self._name not in names:
            names[self._name] = runs.name_key(connection, self._name)
        if is_guess:
            values = points.beyond(connection, run_key, names[self._name], labels, *values)
        if len(values[0]):
            origin_key = self._keys.origin(run_key)
            points.append(connection, run_key, names[self._name], labels, *values, origin_key=origin_key)


def _with_part(labels: str, number: int) -> str:
    return f"{labels},part={number}" if labels else f"part={number}"


def _why(error: BaseException) -> str:
    return ascii(str(error) or type(error).__name__)[1:-1][:150]


def _do(connection: sqlite3.Connection, catalog: Catalog, action: Action, content: bytes, keys: _Keys) -> None:
    """Apply one action, or leave it out with a remark on the run."""
    kind, run_id = str(action["do"]), run_of(action) or ""
    do = _ACTIONS.get(kind)
    if do is _nothing:
        return
    if do is None:
        if keys.find(run_id) is not None:
            keys.applied.remark(run_id, f"{ascii(kind)[:60]} is unknown to this artui, and was left out.")
        return
    error = attempt(
        connection, lambda: do(connection, catalog, keys.get(run_id) if do is not _start else 0, action, content)
    )
    if error is None:
        return
    keys.forget(run_id)
    if do is _start:
        # Whatever is wrong with its start, what follows needs a run.
        attempt(connection, lambda: keys.get(run_id))
    keys.applied.remark(run_id, f"{kind} failed: {_why(error)}")


def _start(connection: sqlite3.Connection, _: Catalog, __: int, action: Action, ___: bytes) -> None:
    mode, is_named = str(action.get("mode", "new")), bool(action.get("is_named", True))
    run = runs.new_run(action["run"])
    _ms(run.started_ms)
    run_key = runs.begin(connection, run, mode=mode, is_named=is_named)
    if type(rank := action.get("rank")) is int:
        runs.take_part(connection, run_key, rank)
    for name, content_of in dict(action.get("context") or {}).items():
        context.put(connection, run_key, str(name), content_of)


def _params(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.set_params(connection, key, action["params"])


def _tags(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.set_tags(connection, key, action["tags"])


def _note(_: sqlite3.Connection, catalog: Catalog, __: int, action: Action, ___: bytes) -> None:
    with events.recording(catalog) as edit:
        edit.set_note(str(action["id"]), str(action["note"]))


def _context(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    context.put(connection, key, str(action["name"]), action["content"])
    runs.recorded(connection, key)


def _finish(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    if action.get("is_member"):
        if action["status"] == "failed":
            failure = {"labels": str(action.get("labels", "")), "error": str(action["error"])[:MAX_ERROR_CHARS]}
            context.put(connection, key, "member", failure)
            connection.execute(
                "UPDATE run SET status = ?, error = ? WHERE key = ? AND status = ?",
                (runs.STATUS_CODES["failed"], _member_error(failure), key, runs.STATUS_CODES["killed"]),
            )
            runs.recorded(connection, key)
        return
    status, error = str(action["status"]), str(action.get("error", ""))[:MAX_ERROR_CHARS]
    member_failure: Any = context.get(connection, key, "member")
    if status == "killed" and isinstance(member_failure, dict):
        # A launcher ends the others when one process fails: the error is that of the one that failed.
        status, error = "failed", _member_error(member_failure)
    earlier = context.get(connection, key, "resumed")
    earlier_ms = _ms(earlier.get("earlier_ms", 0)) if isinstance(earlier, dict) else 0
    runs.finish(
        connection, key, status=status, ended_ms=_ms(action["ended_ms"]),
        duration_ms=_ms(action["duration_ms"]) + earlier_ms, error=error,
    )  # fmt: skip


def _member_error(failure: Mapping[str, Any]) -> str:
    return f"in the process with {failure.get('labels')}:\n{failure.get('error')}"


def _save(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, content: bytes) -> None:
    files, place = [], 0
    if sum(_size(size_bytes) for _, size_bytes, _ in action["files"]) != len(content):
        raise ValueError("its bytes are not those of its files")
    for path, size_bytes, media_type in action["files"]:
        blob_key, digest, stored = blobs.store(connection, io.BytesIO(content[place : place + int(size_bytes)]))
        place += int(size_bytes)
        files.append(NewFile(str(path), stored, digest, blob_key, str(media_type)))
    saved = artifacts.save(
        connection,
        NewVersion(
            project=str(action["project"]), name=str(action["artifact"]), kind=str(action["kind"]), stage=str(action["stage"]), files=files,
            host=str(action["host"]), metadata=action["metadata"], previews=action["previews"], note=str(action.get("note", "")),
            created_ms=_ms(action["time_ms"]),
        ),
    )  # fmt: skip
    if saved.left_out:
        names = ", ".join(ascii(path)[:80] for path in saved.left_out[:_NAMED_FILES])
        text = f"{len(saved.left_out):,} files of {action['artifact']} were left out: no file of a version can have these paths, such as {names}."
        context.remark(connection, key, text)
    relation = action["relation"]
    if relation not in RELATIONS[:2]:
        return
    source, target = (key, saved.key) if relation == "output" else (saved.key, key)
    artifacts.link(connection, relation, source_key=source, target_key=target)


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("this is not a number of bytes")
    return value


def _ms(value: Any) -> int:
    if type(value) is not int or not -MAX_MS < value < MAX_MS:
        raise ValueError("this is not a time in milliseconds")
    return value


def _leave(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.beat(connection, key, _ms(action["until_ms"]))


def _nothing(*_: Any) -> None:
    """For records that matter only when their process dies."""


_ACTIONS: dict[str, Callable[..., None]] = {
    "start": _start,
    "params": _params,
    "tags": _tags,
    "note": _note,
    "context": _context,
    "save": _save,
    "finish": _finish,
    "leave": _leave,
    "console": _nothing,
    "saved console": _nothing,
}
