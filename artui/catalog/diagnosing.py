"""`artui doctor`: how a catalog, what lies beside it, and this installation stand, and what to do about it.

Nothing is changed, not even what every reader settles: files are looked at from outside, and the catalog is read as it
lies there, without its `-wal`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from artui import clock
from artui.catalog import connections, guard, journal, leftovers
from artui.catalog.header import Header, has_content, is_hot, look
from artui.catalog.locks import Lock, lock_file
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.spool.place import folder_of, folders_of, spool_files
from artui.catalog.translate import ascii_path, border
from artui.errors import ArtuiError, CatalogDamaged, CatalogError
from artui.settings import cache_folder, config_folder, load_settings, state_folder
from artui.times import time_text
from artui.version import VERSION

State = Literal["ok", "note", "wrong"]
WAL_RESET = ((3, 7, 0), (3, 51, 3))
"""SQLite from the first of these, and before the second, can damage a file of which two connections checkpoint and commit at once."""
AHEAD_MS = 300_000
"""A clock that is so far behind what was written is off."""
WASTE_SHARE, WASTE_BYTES = 0.2, 16 << 20
"""Free pages of such a share of a file, and so large, are worth giving back."""
OTHERS = stat.S_IWOTH
STALE_SECONDS = leftovers.PART_SECONDS


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was looked at."""

    subject: str
    state: State
    text: str
    remedy: str = ""
    """What to do; empty if there is nothing to do."""


def diagnose(path: Path | None) -> Iterator[Remark]:
    """Say how an installation and a catalog stand; the installation alone if there is none.

    Raises:
        NotACatalog, CatalogNotFound: it is something else.
    """
    yield _programs()
    yield from _folders()
    if path is None:
        yield Remark("catalog", "note", "there is none here", "Name one, or begin with `artui demo`.")
        return
    real = Path(os.path.realpath(path))
    try:
        header = look(real)
    except CatalogDamaged as error:
        yield Remark("catalog", "wrong", error.message, f"{error.remedy} `artui salvage {ascii_path(real)} NEW.artui` saves what can be read.")  # fmt: skip
        header = None
    if header is not None:
        yield from _catalog(real, header)
    yield from _place(real, header)
    yield from _permissions(real)
    yield from _beside(real)
    yield from _spools(real)
    yield from _left(real)


# The installation


def _programs() -> Remark:
    text = f"artui {VERSION}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if WAL_RESET[0] <= sqlite3.sqlite_version_info < WAL_RESET[1]:
        return Remark(
            "programs", "note", f"{text}: SQLite 3.7.0 to 3.51.2 can damage a file, rarely, when two connections commit and checkpoint at the same moment",
            "artui lets one process checkpoint at a time, and readers never; let no other program write to a catalog meanwhile. SQLite 3.51.3 is mended.",
        )  # fmt: skip
    return Remark("programs", "ok", text)


def _folders() -> Iterator[Remark]:
    try:
        settings = config_folder() / "settings.toml"
        load_settings()
    except ArtuiError as error:
        yield Remark("settings", "wrong", error.message, error.remedy)
    except RuntimeError:
        yield Remark("settings", "note", "this user has no home: the settings are those of the environment")
    else:
        yield Remark("settings", "ok", f"{ascii_path(settings)}{'' if settings.exists() else ': there is none, all is as it comes'}")  # fmt: skip
    for subject, find, why in (
        ("state folder", state_folder, "what the app remembers, and marks on what was recorded here, are not kept"),
        ("cache folder", cache_folder, "what is fetched from elsewhere is fetched each time"),
    ):
        try:
            folder = find()
        except RuntimeError:
            yield Remark(subject, "note", f"this user has no home: {why}", "Set HOME, or XDG_STATE_HOME and XDG_CACHE_HOME.")  # fmt: skip
            continue
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            yield Remark(subject, "wrong", f"{ascii_path(folder)} cannot be written to: {why}", f"Make {ascii_path(nearest)} writable, or set XDG_STATE_HOME and XDG_CACHE_HOME.")  # fmt: skip
            continue
        yield Remark(subject, "ok", f"{ascii_path(folder)}{_secret(folder) if subject == 'state folder' else ''}")


def _secret(folder: Path) -> str:
    secret = folder / "secret"
    try:
        mode = secret.stat().st_mode
    except OSError:
        return ", without a secret yet: versions that are recorded from now on are marked by one"
    return ", with the secret that marks what was recorded here" + (", which others may read" if mode & 0o077 else "")


# The catalog


def _catalog(real: Path, header: Header) -> Iterator[Remark]:
    shown = ascii_path(real)
    text = f"{shown}: schema {header.schema_version}, {header.size_bytes:,} bytes"
    if header.schema_version > SCHEMA_VERSION:
        yield Remark("catalog", "wrong", f"{text}: this artui knows schemas up to {SCHEMA_VERSION}", "Upgrade artui to write to it.")  # fmt: skip
    elif header.schema_version < SCHEMA_VERSION:
        yield Remark("catalog", "note", f"{text}: an older one than {SCHEMA_VERSION}", "The first change brings it up to date, after a backup beside it.")  # fmt: skip
    else:
        yield Remark("catalog", "ok", text)
    try:
        with border(real), _opened(real) as connection, guard.time_limit(connection):
            guard.check_schema(connection, guard.schema_version(connection), real)
            pages, free = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count"))  # fmt: skip
            newest = connection.execute("SELECT max(e.time_ms) FROM event AS e").fetchone()[0]
            newest_run = connection.execute("SELECT max(r.started_ms) FROM run AS r").fetchone()[0]
    except CatalogError as error:
        if leftovers.is_used(real) or has_content(f"{real}-wal"):
            return  # half of it may be in the -wal
        yield Remark("structure", "wrong", error.message, f"`artui salvage {shown} NEW.artui` saves what can be read.")
        return
    yield _free(real, free * header.page_bytes, free / max(1, pages))
    yield from _clock(max((each for each in (newest, newest_run) if isinstance(each, int)), default=None))


@contextlib.contextmanager
def _opened(real: Path) -> Iterator[guard.ReadingConnection]:
    """Open the main file as it lies there; nothing is made beside it, nothing is settled."""
    connection = connections.open_reading(real, is_bare=True)
    try:
        yield connection
    finally:
        connections.disconnect(connection)


def _free(real: Path, free_bytes: int, share: float) -> Remark:
    text = f"{free_bytes:,} bytes of the file are free pages ({share:.0%})"
    if free_bytes >= WASTE_BYTES and share >= WASTE_SHARE:
        return Remark("free pages", "note", text, f"`artui compact {ascii_path(real)}` gives them back.")
    return Remark("free pages", "ok", text)


def _clock(newest_ms: int | None) -> Iterator[Remark]:
    if newest_ms is None:
        return
    if newest_ms > clock.now_ms() + AHEAD_MS:
        yield Remark(
            "clock", "wrong", f"the newest entry is of {time_text(newest_ms)}, and here it is {time_text(clock.now_ms())}",
            "See to the clock of this machine, or of the one that wrote it: times that are shown come from it. Order and merges do not.",
        )  # fmt: skip
    else:
        yield Remark("clock", "ok", f"the newest entry is of {time_text(newest_ms)}")


def _place(real: Path, header: Header | None) -> Iterator[Remark]:
    kind = journal.file_system_of(real) or "unknown"
    is_now = "" if header is None else "; a -wal is in use" if header.is_wal and leftovers.is_used(real) else ""
    if not leftovers.can_lock(real):
        yield Remark("file system", "wrong", f"{kind}: files cannot be locked there, so that nothing is written to the catalog", "See to the locks of that file system; runs are logged beside it meanwhile.")  # fmt: skip
    elif journal.wal_is_safe(real):
        yield Remark("file system", "ok", f"{kind}: writers use a -wal{is_now}")
    else:
        yield Remark(
            "file system", "note", f"{kind}: locks and shared memory of such a file system are not to be relied on, so that writers use a rollback journal",
            "Locks hold on this machine alone: log from one machine at a time, or to a catalog for each, and `artui merge` them."
            if journal.locks_are_local(real)
            else "Several processes may log at once; a local disk is faster.",
        )  # fmt: skip
    with contextlib.suppress(OSError):
        free, size = shutil.disk_usage(real.parent).free, real.stat().st_size
        if free < 2 * size or free < WASTE_BYTES:
            yield Remark("disk", "wrong" if free < WASTE_BYTES else "note", f"{free:,} bytes are free, of a catalog of {size:,}", "Make room: a backup, a copy or compacting needs as much as the catalog has.")  # fmt: skip
        else:
            yield Remark("disk", "ok", f"{free:,} bytes are free")


def _permissions(real: Path) -> Iterator[Remark]:
    status, folder = real.stat(), real.parent.stat()
    if status.st_nlink > 1 and not leftovers.is_own_leftover(real):
        yield Remark(
            "names", "wrong", f"the file has {status.st_nlink:,} names (hard links): it is not written to, since SQLite would keep a journal for each",
            "Remove the others (`find DIR -samefile FILE` names them), or copy it and write to the copy.",
        )  # fmt: skip
    may_write = os.access(real, os.W_OK), os.access(real.parent, os.W_OK)
    if not all(may_write):
        which = "file and folder" if not any(may_write) else "file" if not may_write[0] else "folder"
        yield Remark("access", "note", f"{which} may not be written to by this user: it can be read", "Copy it, and change the copy.")  # fmt: skip
    loose = [
        word for word, mode in (("the file", status.st_mode), ("its folder", folder.st_mode))
        if mode & OTHERS and not (word == "its folder" and mode & stat.S_ISVTX)
    ]  # fmt: skip
    if loose:
        yield Remark(
            "access", "wrong", f"anybody on this machine may write to {' and '.join(loose)} (mode {stat.S_IMODE(status.st_mode):o}, folder {stat.S_IMODE(folder.st_mode):o})",
            f"`chmod o-w {ascii_path(real)} {ascii_path(real.parent)}`; what is left beside it is looked at in a private copy until then.",
        )  # fmt: skip
    elif all(may_write):
        shared = " and its group" if status.st_mode & stat.S_IWGRP else ""
        yield Remark("access", "ok", f"mode {stat.S_IMODE(status.st_mode):o}: its owner{shared} may write to it")


# What lies beside it


def _beside(real: Path) -> Iterator[Remark]:
    is_used = leftovers.is_used(real)
    settle = f"`artui settle {ascii_path(real)}` looks at it, and makes one plain file."
    wal, hot = has_content(f"{real}-wal"), is_hot(f"{real}-journal")
    if is_used:
        yield Remark("use", "ok", "another process has it open" + (", and writes through a -wal" if wal else ""))
        return
    if wal:
        yield Remark(
            "-wal", "note", f"a process that died left {os.lstat(f'{real}-wal').st_size:,} bytes in it", settle
        )
    if hot:
        yield Remark("-journal", "note", "a process died in the middle of a change", settle)
    if not (wal or hot):
        yield Remark("use", "ok", "nobody has it open, and no journal is left beside it")


def _spools(real: Path) -> Iterator[Remark]:
    spools = spool_files(real)
    size = sum(_size(file) for file in spools)
    if spools:
        live = sum(1 for file in spools if _is_locked(file))
        text = f"{len(spools):,} of {size:,} bytes in {', '.join(ascii_path(folder) for folder in folders_of(real))}"
        if live == len(spools):
            yield Remark("spools", "ok", f"{text}: of runs that go on")
        else:
            yield Remark("spools", "note", f"{text}: {len(spools) - live:,} of processes that are gone, or on other machines", f"`artui settle {ascii_path(real)}` brings in what they logged.")  # fmt: skip
    elif folder_of(real).is_dir() and any(True for _ in os.scandir(folder_of(real))):
        yield Remark("spools", "note", f"{ascii_path(folder_of(real))} holds no spool of ours, but other files", "Look at them, and move them away.")  # fmt: skip
    else:
        yield Remark("spools", "ok", "none waits")


def _left(real: Path) -> Iterator[Remark]:
    begun = f".{real.name}."
    parts = [entry for entry in _entries(real.parent) if entry.name.startswith(begun) and ".part" in entry.name and _is_stale(Path(entry.path))]  # fmt: skip
    if parts:
        yield Remark(
            "beginnings", "note", f"{len(parts):,} of processes that died: {_named(parts)}",
            "The next one that writes removes what it can; `rm -r` removes the others.",
        )  # fmt: skip
    for word, begins, ends, remedy in (
        ("backups", (f"{real.name}.schema-",), ".bak", "Remove them once all who use the catalog have the newer artui."),
        ("set aside", (f"{real.name}-wal.", f"{real.name}-journal."), "", "They are of another file, or of a change that was broken off: remove them once nothing is missed."),
    ):  # fmt: skip
        found = [
            entry for entry in _entries(real.parent) if entry.name.startswith(begins) and entry.name.endswith(ends)
        ]
        if found:
            yield Remark(word, "note", f"{_named(found)}: {sum(_size(entry.path) for entry in found):,} bytes", remedy)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _named(entries: Iterable[os.DirEntry[str]], most: int = 3) -> str:
    names = [ascii_path(entry.name) for entry in entries]
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _size(path: Path | str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _is_stale(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > STALE_SECONDS and not _is_locked(path)
    except OSError:
        return False


def _is_locked(path: Path) -> bool:
    """Whether a process that lives holds a file or folder; what cannot be opened counts as held."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return True
    try:
        return lock_file(handle) is Lock.TAKEN
    finally:
        os.close(handle)
