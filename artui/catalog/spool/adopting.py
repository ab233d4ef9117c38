"""Taking over what dead processes left: their spools are folded, their runs ended, their consoles kept."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artui import clock
from artui.catalog import Catalog, artifacts, blobs, context, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.attempts import attempt
from artui.catalog.ids import time_of
from artui.catalog.locks import Lock, lock_file
from artui.catalog.spool.abandoned import OTHER_HOST_SECONDS, is_abandoned
from artui.catalog.spool.folding import Tell, fold, folded_bytes, make_durable, remove
from artui.catalog.spool.place import (
    console_of,
    file_names,
    folders_of,
    is_spool_name,
    opened_file,
    opened_folder,
    remove_file,
    remove_folder,
    spool_files,
)  # fmt: skip
from artui.catalog.spool.reading import SpoolFile, run_of
from artui.errors import CatalogError, CatalogLocked, DiskFull

PART_SECONDS = 2.0
CONSOLE_SECONDS = 60.0
FORGET_SECONDS = 86_400.0
"""How long the folded offset of a removed spool is kept: somebody may have moved the file, and may move it back."""


def _silent(cause: str, text: str) -> None:
    pass


def adopt(catalog: Catalog, *, own: frozenset[str] = frozenset(), tell: Tell = _silent) -> int:
    """Take over what dead processes left: fold their spools, end their runs, keep their consoles.

    `own` are ids of spools that this process writes. Spools of living processes are left to them, except those of
    forked children whose parent is gone. One that cannot be taken over does not stop the others. Gives how many were.

    Raises:
        CatalogLocked, DiskFull: nothing can be written now.
    """
    taken = 0
    files = spool_files(catalog.path)
    names = {path.name for path in files}
    for path in files:
        if path.name in own:
            continue
        try:
            taken += _adopt_or_fold(catalog, path, names - own, tell)
        except (CatalogLocked, DiskFull):
            raise
        except FileNotFoundError:
            continue  # somebody else has taken it over
        except (CatalogError, OSError) as error:
            tell("adopting", f"{path.parent.name}/{path.name} cannot be taken over: {error}")
    _forget_removed(catalog)
    tidy(catalog.path)
    if not spool_files(catalog.path):
        _adopt_consoles(catalog)
        remove_folder(catalog.path)
    return taken


def _adopt_or_fold(catalog: Catalog, path: Path, living: set[str], tell: Tell) -> int:
    if is_abandoned(path):
        return _adopt_one(catalog, path, tell)
    file = SpoolFile(path)
    file.look()
    if file.owner is not None and file.owner.parent and file.owner.parent not in living:
        fold(catalog, file, tell=tell)
    return 0


def take_over(path: Path, *, tell: Callable[[str], None] = lambda _: None) -> int:
    """Take over what dead processes of this user left beside a catalog of this user's; give how many spools that were.

    For processes that only read: what other users left is settled by the next process that writes.

    Raises:
        CatalogError: the catalog cannot be written to now.
    """
    if not _is_mine(path):
        return 0
    files = spool_files(path)
    if files and not any(is_abandoned(file) for file in files):
        return 0
    with Catalog(path, create=False, migrates=False, busy_seconds=2.0) as catalog:
        return adopt(catalog, tell=lambda _, text: tell(text))


def _is_mine(path: Path) -> bool:
    try:
        return {os.lstat(owned).st_uid for owned in (path.parent, path, *folders_of(path))} == {os.getuid()}
    except OSError:
        return False


def _adopt_one(catalog: Catalog, path: Path, tell: Tell) -> int:
    with opened_file(path, may_write=True, may_be_own=True) as handle:
        lock = lock_file(handle)
        if lock is Lock.TAKEN:
            return 0  # somebody else is just doing it
        file = SpoolFile(path, handle=handle, is_at_rest=True)
        file.look()
        shown = f"{path.parent.name}/{path.name}"
        if file.is_newer:
            tell("newer spool", f"{shown} was written by a newer artui: it is left to that one. Upgrade artui.")
            return 0
        if not file.is_spool and not file.looks_recorded():
            tell("no spool", f"{shown} is not a spool, and was left as it is. Move it away.")
            return 0
        end = fold(catalog, file, tell=tell)
        size = os.fstat(handle).st_size
        stories = _stories(SpoolFile(path, handle=handle, is_at_rest=True))
        with catalog.transaction() as connection:
            for run_id, story in stories.items():
                _end_lost(connection, run_id, story, path, cut_bytes=size - end)
        make_durable(catalog.path)
        for story in stories.values():
            for name in story.kept_consoles:
                with contextlib.suppress(OSError):
                    remove_file(path.with_name(name))
        is_local = file.owner is None or file.owner.boot == "" or lock is Lock.MINE
        remove(catalog, path, may_come_back=not is_local or _is_elsewhere(file))
        return 1


def _is_elsewhere(file: SpoolFile) -> bool:
    from artui.catalog.spool.owners import this_process

    this, owner = this_process(), file.owner
    return owner is not None and (owner.host, owner.boot) != (this.host, this.boot)


class _Story:
    """What a dead process's spool says of one of its runs."""

    def __init__(self) -> None:
        self.is_member = False
        self.is_finished = False
        self.last_ms = 0
        self.consoles: dict[str, str] = {}
        """Artifact names by file name."""
        self.kept_consoles: list[str] = []


def _stories(file: SpoolFile) -> dict[str, _Story]:
    """Read a spool from its beginning: which runs it has, and which of them ended."""
    stories: dict[str, _Story] = {}
    place = 0
    while True:
        batch = file.read(place)
        for action, _ in batch.actions:
            run_id = run_of(action) or ""
            _note_action(stories.setdefault(run_id, _Story()), run_id, action)
        for run_id, last_ms in batch.last_ms.items():
            story = stories.setdefault(run_id, _Story())
            story.last_ms = max(story.last_ms, last_ms)
        if batch.is_last or batch.end <= place:
            return stories
        place = batch.end


def _note_action(story: _Story, run_id: str, action: dict[str, Any]) -> None:
    kind = action["do"]
    if kind == "start":
        story.is_member = bool(action.get("is_member"))
        started_ms = action["run"].get("started_ms")
        story.last_ms = max(story.last_ms, started_ms if type(started_ms) is int else 0)
    elif kind == "leave" or (kind == "finish" and action.get("status") in runs.STATUS_CODES):
        story.is_finished = kind == "leave" or type(action.get("ended_ms")) is int
    elif kind == "console" and isinstance(action.get("file"), str):
        console = console_of(action["file"])
        # A record may only ask for its own run's console.
        if console is not None and console[0] == run_id:
            story.consoles[action["file"]] = console[1]
    elif kind == "saved console":
        story.consoles.clear()


def _end_lost(connection: sqlite3.Connection, run_id: str, story: _Story, path: Path, *, cut_bytes: int) -> None:
    row = connection.execute(
        "SELECT r.key, r.status, r.started_ms, r.heartbeat_ms, r.host, p.name FROM run AS r "
        "LEFT JOIN project AS p ON p.key = r.project_key WHERE r.id = ?",
        (run_id,),
    ).fetchone()
    if row is None:
        return
    key, status, started_ms, heartbeat_ms, host, project = row
    for name, artifact in story.consoles.items():
        if keep_console(
            connection, key, path.with_name(name), artifact=artifact, project=str(project or "default"), host=str(host)
        ):
            story.kept_consoles.append(name)
    if cut_bytes > 0:
        text = f"The last {cut_bytes:,} bytes of its spool were cut off, and were dropped."
        attempt(connection, lambda: context.remark(connection, key, text))
    if status == 0 and not story.is_member and not story.is_finished:
        now_ms = clock.now_ms()
        started_ms = _until(started_ms, now_ms)
        ended_ms = max(started_ms, _until(story.last_ms, now_ms), _until(heartbeat_ms, now_ms))
        attempt(
            connection,
            lambda: runs.finish(
                connection, key, status="killed", ended_ms=ended_ms, duration_ms=ended_ms - started_ms,
                error="its process ended without a word: killed, out of memory, or the machine went down",
            ),
        )  # fmt: skip


def _until(value: Any, now_ms: int) -> int:
    return max(0, min(value, now_ms)) if type(value) is int else 0


def keep_console(
    connection: sqlite3.Connection, run_key: int, path: Path, *, artifact: str, project: str, host: str
) -> bool:
    """Keep the console of a run that has ended as a version; false, with a remark on the run, if it cannot be."""
    try:
        with opened_file(path) as handle:
            save = lambda: _save_console(connection, run_key, handle, artifact=artifact, project=project, host=host)  # noqa: E731
            error: BaseException | None = attempt(connection, save)
    except FileNotFoundError:
        return False
    except OSError as unreadable:
        error = unreadable
    if error is not None:
        text = f"{artifact} was not kept: {ascii(path.name)[1:-1]} cannot be: {ascii(str(error))[1:-1][:150]}."
        attempt(connection, lambda: context.remark(connection, run_key, text))
    return error is None


def _adopt_consoles(catalog: Catalog) -> None:
    """Keep consoles whose process died between removing its spool and saving them."""
    for path in _console_files(catalog.path):
        console = console_of(path.name)
        if console is None:
            continue
        run_id, artifact = console
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime <= CONSOLE_SECONDS:
                continue
            with catalog.transaction() as connection:
                row = connection.execute(
                    "SELECT r.key, r.host, coalesce(p.name, 'default') FROM run AS r "
                    "LEFT JOIN project AS p ON p.key = r.project_key WHERE r.id = ?",
                    (run_id,),
                ).fetchone()
                is_kept = row is not None and keep_console(
                    connection, row[0], path, artifact=artifact, project=str(row[2]), host=str(row[1])
                )
            if is_kept:
                make_durable(catalog.path)
                remove_file(path)


def _console_files(catalog: Path) -> list[Path]:
    return [
        folder / name
        for folder in folders_of(catalog)
        for name in file_names(folder, lambda name: console_of(name) is not None)
    ]


def _save_console(
    connection: sqlite3.Connection, run_key: int, handle: int, *, artifact: str, project: str, host: str
) -> None:
    with os.fdopen(os.dup(handle), "rb") as stream:
        if not os.fstat(handle).st_size:
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
    """Drop the offsets of spools that are long gone: a process died between removing one and forgetting its offset."""
    with catalog.transaction() as connection:
        present = {path.name for path in spool_files(catalog.path)}
        for spool_id in folded_bytes(connection):
            if spool_id not in present and _is_old(spool_id):
                connection.execute("DELETE FROM spool WHERE id = ?", (spool_id,))


def _is_old(spool_id: str) -> bool:
    try:
        return not is_spool_name(spool_id) or time.time() - time_of(spool_id) / 1000 > FORGET_SECONDS
    except ValueError:
        return True


def tidy(catalog: Path) -> None:
    """Remove unfinished spools whose process died before they had their name."""
    for place in folders_of(catalog):
        with contextlib.suppress(OSError), opened_folder(place) as folder:
            _tidy_folder(folder)


def _tidy_folder(folder: int) -> None:
    for name in os.listdir(folder):
        if not (name.startswith(".") and name.endswith(".part")):
            continue
        with contextlib.suppress(OSError):
            handle = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                lock, age = lock_file(handle), time.time() - os.fstat(handle).st_mtime
                # One that was made just now may not be locked yet.
                if lock is not Lock.TAKEN and age > (PART_SECONDS if lock is Lock.MINE else OTHER_HOST_SECONDS):
                    os.unlink(name, dir_fd=folder)
            finally:
                os.close(handle)
