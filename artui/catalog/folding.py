"""Carrying spools into the catalog.

A fold reads what a spool holds beyond the offset that the catalog notes for it, writes it, and notes the new
offset in the same transaction: interrupted anywhere and done again, it adds nothing twice. A spool is removed
once it is folded whole and its writer has gone: first the file, then the note, so that a file without a note has
never been folded.
"""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from artui.catalog import Catalog, artifacts, blobs, context, events, leftovers, points, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.beside import console_of, folder_of
from artui.catalog.journal import fsync
from artui.catalog.spool import Batch, Lock, SpoolFile, is_abandoned, joined, lock_file, spool_files
from artui.errors import ArtuiError
from artui.model import RELATIONS

MAX_ERROR_CHARS = 20_000
PART_SECONDS = 2.0
CONSOLE_SECONDS = 60.0


def fold(catalog: Catalog, file: SpoolFile, *, beating: tuple[str, ...] = ()) -> int:
    """Carry everything into the catalog that a spool holds by now; give the offset up to which it is there.

    `beating` are the runs that are known to be going on.

    Raises:
        CatalogError: the catalog cannot be written to.
        OSError: the spool cannot be read, since it is gone for example.
    """
    while True:
        with catalog.transaction() as connection:
            row = connection.execute("SELECT folded_bytes FROM spool WHERE id = ?", (file.id,)).fetchone()
            # Read inside the transaction: whoever removes a spool unlinks it first and forgets its offset then.
            batch = file.read(int(row[0]) if row else 0)
            if batch.end > batch.start or row is None:
                _apply(connection, catalog, batch)
                connection.execute(
                    "INSERT OR REPLACE INTO spool (id, folded_bytes) VALUES (?, ?)", (file.id, batch.end)
                )
            if batch.is_last:
                now_ms = time.time_ns() // 1_000_000
                for run_id in beating:
                    connection.execute(
                        "UPDATE run SET heartbeat_ms = max(heartbeat_ms, ?) WHERE id = ? AND status = 0",
                        (now_ms, run_id),
                    )
                return batch.end


def folded_bytes(connection: sqlite3.Connection) -> dict[str, int]:
    """Give up to where each spool is in the catalog."""
    return {str(row[0]): int(row[1]) for row in connection.execute("SELECT id, folded_bytes FROM spool")}


def remove(catalog: Catalog, path: Path) -> None:
    """Remove a spool that is folded whole, and the folder with the last one."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some file systems know no such thing for folders
        fsync(path.parent)
    with catalog.transaction() as connection:
        connection.execute("DELETE FROM spool WHERE id = ?", (path.name,))
    remove_folder(catalog.path)


def remove_folder(catalog: Path) -> None:
    """Remove the folder of spools when nothing is left in it."""
    with contextlib.suppress(OSError):
        folder_of(catalog).rmdir()


def adopt(catalog: Catalog, *, own: frozenset[str] = frozenset()) -> int:
    """Take over what dead processes left: fold their spools, end their runs, keep their consoles.

    `own` are ids of spools that this process writes. Spools of living processes are left to them, but for those of
    forked children whose parent is gone. Gives how many spools were taken over.
    """
    taken = 0
    files = spool_files(catalog.path)
    names = {path.name for path in files}
    for path in files:
        if path.name in own:
            continue
        with contextlib.suppress(OSError):
            if is_abandoned(path):
                taken += _adopt_one(catalog, path)
            else:
                file = SpoolFile(path)
                file.read(0, max_bytes=4096)
                if file.owner is not None and file.owner.parent and file.owner.parent not in names - own:
                    fold(catalog, file)
    _forget_removed(catalog)
    _remove_parts(catalog.path)
    if not spool_files(catalog.path):
        _adopt_consoles(catalog)
        remove_folder(catalog.path)
    return taken


def _adopt_consoles(catalog: Catalog) -> None:
    """Keep consoles whose process died between removing its spool and saving them."""
    for path in sorted(folder_of(catalog.path).glob("*.log")):
        told = console_of(path.name)
        if told is None:
            continue
        run_id, artifact = told
        with contextlib.suppress(OSError), catalog.transaction() as connection:
            row = connection.execute(
                "SELECT r.key, r.host, p.name FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.id = ?",
                (run_id,),
            ).fetchone()
            if row is not None and time.time() - path.stat().st_mtime > CONSOLE_SECONDS:
                save_console(connection, row[0], path, artifact=artifact, project=row[2], host=row[1])
                path.unlink(missing_ok=True)


def take_over(path: Path) -> int:
    """Take over what dead processes left beside a catalog of ours, if there is any; give how many spools that were.

    Raises:
        CatalogError: the catalog cannot be written to now.
    """
    folder = folder_of(path)
    if not folder.is_dir() or not leftovers.is_mine(path):
        return 0
    files = spool_files(path)
    if files and not any(is_abandoned(each) for each in files):
        return 0
    with Catalog(path, create=False, migrates=False, busy_seconds=2.0) as catalog:
        return adopt(catalog)


def _adopt_one(catalog: Catalog, path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if lock_file(handle) is Lock.TAKEN:
            return 0  # somebody else is just doing it
        file = SpoolFile(path)
        end = fold(catalog, file)
        size = os.fstat(handle).st_size
        started = _story(path)
        with catalog.transaction() as connection:
            for run_id, told in started.items():
                _end_lost(connection, run_id, told, path, cut_bytes=size - end)
        for told in started.values():
            for name in told.consoles:
                with contextlib.suppress(OSError):
                    (path.parent / name).unlink()
        remove(catalog, path)
        return 1
    finally:
        os.close(handle)


class _Told:
    """What a dead process's spool says of one of its runs."""

    def __init__(self) -> None:
        self.is_member = False
        self.is_finished = False
        self.last_ms = 0
        self.consoles: dict[str, str] = {}
        """Artifact names by file name."""


def _story(path: Path) -> dict[str, _Told]:
    """Read a spool from its beginning: which runs it has, and which of them ended."""
    runs_told: dict[str, _Told] = {}
    file, place = SpoolFile(path), 0
    while True:
        batch = file.read(place)
        for action, _ in batch.actions:
            kind = action.get("do")
            if kind == "start":
                told = runs_told.setdefault(str(action["run"]["id"]), _Told())
                told.is_member = bool(action.get("is_member"))
                told.last_ms = max(told.last_ms, int(action["run"].get("started_ms", 0)))
            elif kind in ("finish", "leave") and action.get("id") in runs_told:
                runs_told[action["id"]].is_finished = True
            elif kind == "console" and action.get("id") in runs_told:
                name = os.path.basename(str(action["file"]))
                runs_told[action["id"]].consoles[name] = str(action["artifact"])
            elif kind == "saved console" and action.get("id") in runs_told:
                runs_told[action["id"]].consoles.clear()
        for run_id, last_ms in batch.last_ms.items():
            if run_id in runs_told:
                runs_told[run_id].last_ms = max(runs_told[run_id].last_ms, last_ms)
        if batch.is_last or batch.end <= place:
            return runs_told
        place = batch.end


def _end_lost(connection: sqlite3.Connection, run_id: str, told: _Told, path: Path, *, cut_bytes: int) -> None:
    row = connection.execute(
        "SELECT r.key, r.status, r.started_ms, r.heartbeat_ms, r.host, p.name FROM run AS r "
        "JOIN project AS p ON p.key = r.project_key WHERE r.id = ?",
        (run_id,),
    ).fetchone()
    if row is None:
        return
    key, status, started_ms, heartbeat_ms, host, project = row
    for name, artifact in told.consoles.items():
        with contextlib.suppress(OSError, ArtuiError):
            save_console(connection, key, path.parent / name, artifact=artifact, project=project, host=host)
    if cut_bytes > 0:
        context.remark(connection, key, f"The last {cut_bytes:,} bytes of its spool were cut off, and were dropped.")
    if status == 0 and not told.is_member and not told.is_finished:
        ended_ms = max(started_ms, told.last_ms, min(heartbeat_ms, time.time_ns() // 1_000_000))
        runs.finish(
            connection, key, status="killed", ended_ms=ended_ms, duration_ms=ended_ms - started_ms,
            error="its process ended without a word: killed, out of memory, or the machine went down",
        )  # fmt: skip


def save_console(
    connection: sqlite3.Connection, run_key: int, path: Path, *, artifact: str, project: str, host: str
) -> None:
    """Keep the console of a run that has ended as a version of kind `log`."""
    with path.open("rb") as stream:
        if not os.fstat(stream.fileno()).st_size:
            return
        blob_key, digest, size_bytes = blobs.store(connection, stream)
    file = NewFile("console.log", size_bytes, digest, blob_key, "text/plain")
    stage = connection.execute("SELECT stage FROM run WHERE key = ?", (run_key,)).fetchone()[0]
    saved = artifacts.save(
        connection,
        NewVersion(
            project=project, name=artifact, kind="log", files=[file], host=host,
            stage=("modelling", "data", "modelling", "operations")[stage if stage in (0, 1, 2, 3) else 2],
        ),
    )  # fmt: skip
    artifacts.link(connection, "output", source_key=run_key, target_key=saved.key)


def _forget_removed(catalog: Catalog) -> None:
    """Drop the offsets of spools that are gone: a process died between removing one and saying so."""
    with catalog.transaction() as connection:
        for spool_id in folded_bytes(connection):
            if not (folder_of(catalog.path) / spool_id).exists():
                connection.execute("DELETE FROM spool WHERE id = ?", (spool_id,))


def _remove_parts(catalog: Path) -> None:
    """Remove beginnings of spools whose process died before they had a name."""
    with contextlib.suppress(OSError):
        for part in folder_of(catalog).glob(".*.part"):
            handle = os.open(part, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                # One that was made this very moment may not be locked yet.
                if lock_file(handle) is not Lock.TAKEN and time.time() - os.fstat(handle).st_mtime > PART_SECONDS:
                    part.unlink(missing_ok=True)
            finally:
                os.close(handle)


# What the records say

Action = Mapping[str, Any]


def _apply(connection: sqlite3.Connection, catalog: Catalog, batch: Batch) -> None:
    keys: dict[str, int | None] = {}

    def key_of(run_id: str) -> int | None:
        if keys.get(run_id) is None:
            row = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
            keys[run_id] = int(row[0]) if row else None
        return keys[run_id]

    late: list[Action] = []
    for action, content in batch.actions:
        kind = str(action.get("do"))
        if kind == "finish":
            late.append(action)
        elif kind in _ACTIONS:
            _do(connection, catalog, action, content, key_of)
    names: dict[str, int] = {}
    for (run_id, labels, name), parts in batch.points.items():
        key = key_of(run_id)
        if key is None:
            continue
        if name not in names:
            names[name] = runs.name_key(connection, name)
        points.append(connection, key, names[name], labels, *joined(parts))
    for run_id, last_ms in batch.last_ms.items():
        connection.execute(
            "UPDATE run SET heartbeat_ms = max(heartbeat_ms, ?) WHERE id = ? AND status = 0", (last_ms, run_id)
        )
    for ending in late:
        _do(connection, catalog, ending, b"", key_of)


_NOT_DOABLE = (ArtuiError, ValueError, TypeError, KeyError, AttributeError, OverflowError)
_NOT_STORABLE = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What SQLite says of values that it will never take. A lock or a full disk is none of these: it passes."""


def _do(
    connection: sqlite3.Connection,
    catalog: Catalog,
    action: Action,
    content: bytes,
    key_of: Callable[[str], int | None],
) -> None:
    """Do one thing, or leave it and say so on the run: one that cannot be done must not keep the others out."""
    kind = str(action["do"])
    connection.execute("SAVEPOINT action")
    try:
        if kind == "start":
            mode, is_named = str(action.get("mode", "new")), bool(action.get("is_named", True))
            run_key = runs.begin(connection, runs.new_run(action["run"]), mode=mode, is_named=is_named)
            for name, content_of in dict(action.get("context") or {}).items():
                context.put(connection, run_key, str(name), content_of)
        else:
            key = key_of(str(action["id"]))
            if key is not None:
                _ACTIONS[kind](connection, catalog, key, action, content)
    except (*_NOT_DOABLE, *_NOT_STORABLE) as error:
        connection.execute("ROLLBACK TO action")
        key = key_of(str(action.get("id", ""))) if kind != "start" else None
        if key is not None:
            context.remark(connection, key, f"{kind} came to nothing: {ascii(str(error))[:200]}")
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE action")


def _params(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.set_params(connection, key, action["params"])


def _tags(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.set_tags(connection, key, action["tags"])


def _note(_: sqlite3.Connection, catalog: Catalog, __: int, action: Action, ___: bytes) -> None:
    events.set_note(catalog, str(action["id"]), str(action["note"]))


def _context(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    context.put(connection, key, str(action["name"]), action["content"])


def _finish(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    if action.get("is_member"):
        if action["status"] == "failed":
            said = {"labels": str(action.get("labels", "")), "error": str(action["error"])[:MAX_ERROR_CHARS]}
            context.put(connection, key, "member", said)
            connection.execute(
                "UPDATE run SET status = ?, error = ? WHERE key = ? AND status = ?",
                (runs.STATUS_CODES["failed"], _member_error(said), key, runs.STATUS_CODES["killed"]),
            )
        return
    status, error = str(action["status"]), str(action.get("error", ""))[:MAX_ERROR_CHARS]
    told: Any = context.get(connection, key, "member")
    if status == "killed" and isinstance(told, dict):
        # A launcher ends the others when one of them fails: the one that failed says why.
        status, error = "failed", _member_error(told)
    earlier = context.get(connection, key, "resumed")
    earlier_ms = int(earlier.get("earlier_ms", 0)) if isinstance(earlier, dict) else 0
    runs.finish(
        connection, key, status=status, ended_ms=int(action["ended_ms"]),
        duration_ms=int(action["duration_ms"]) + earlier_ms, error=error,
    )  # fmt: skip


def _member_error(told: Mapping[str, Any]) -> str:
    return f"in the process with {told.get('labels')}:\n{told.get('error')}"


def _save(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, content: bytes) -> None:
    files, place = [], 0
    for path, size_bytes, media_type in action["files"]:
        blob_key, digest, stored = blobs.store(connection, io.BytesIO(content[place : place + int(size_bytes)]))
        place += int(size_bytes)
        files.append(NewFile(str(path), stored, digest, blob_key, str(media_type)))
    saved = artifacts.save(
        connection,
        NewVersion(
            project=str(action["project"]), name=str(action["artifact"]), kind=str(action["kind"]), stage=str(action["stage"]), files=files,
            host=str(action["host"]), metadata=action["metadata"], previews=action["previews"], note=str(action.get("note", "")),
            created_ms=int(action["time_ms"]),
        ),
    )  # fmt: skip
    relation = action["relation"]
    if relation not in RELATIONS[:2]:
        return
    source, target = (key, saved.key) if relation == "output" else (saved.key, key)
    artifacts.link(connection, relation, source_key=source, target_key=target)


def _leave(connection: sqlite3.Connection, _: Catalog, key: int, action: Action, __: bytes) -> None:
    runs.beat(connection, key, int(action["until_ms"]))


def _nothing(*_: Any) -> None:
    """What only matters when its process dies."""


_ACTIONS: dict[str, Callable[..., None]] = {
    "start": _nothing,
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
