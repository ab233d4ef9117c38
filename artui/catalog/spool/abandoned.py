"""Spools whose process is gone, and spools of processes that know only an older schema."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from artui.catalog.locks import Lock, lock_file
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.spool.owners import Owner, boot_id, pid_namespace
from artui.catalog.spool.place import opened_file, spool_files
from artui.catalog.spool.reading import SpoolFile

OTHER_HOST_SECONDS = 600.0


def is_abandoned(path: Path) -> bool:
    """Say whether the process that writes a spool is gone for certain."""
    try:
        with opened_file(path, may_write=True, may_be_own=True) as handle:
            lock = lock_file(handle)
            return lock is not Lock.TAKEN and _is_gone(read_owner(handle), lock, os.fstat(handle).st_mtime)
    except OSError:
        return False


def _is_gone(owner: Owner | None, lock: Lock, written_at: float) -> bool:
    is_silent = time.time() - written_at > OTHER_HOST_SECONDS
    if owner is None:
        return lock is Lock.MINE or is_silent
    if _is_elsewhere(owner):
        return is_silent
    if lock is Lock.MINE:
        return True
    return is_silent if owner.pids != pid_namespace() else not _is_alive(owner.pid)


def _is_elsewhere(owner: Owner) -> bool:
    # Machines may share a name: one that was booted at another time is another one, or has lost all its processes.
    return owner.host != socket.gethostname() or owner.boot != boot_id()


def writer_elsewhere(catalog: Path) -> str:
    """Name another machine whose turn it is to write to a catalog; empty if it is this one's.

    For file systems whose locks do not reach from one machine to the other: it is the turn of the machine that was
    there first of those that log now. A machine that has died keeps its turn until it has been silent for long.
    """
    living = list(_living(catalog))
    if all(not _is_elsewhere(owner) for _, owner in living):
        return ""
    turns = [
        (owner.turn or path.name, owner) for path, owner in living if _is_elsewhere(owner) or not is_abandoned(path)
    ]
    first = min(turns, key=lambda turn: turn[0])[1]
    return (first.host or "another machine") if _is_elsewhere(first) else ""


def turn_behind(catalog: Path, spool_id: str) -> str:
    """Give the turn of a new spool, behind those of other machines, whatever their clocks say."""
    last = max((owner.turn or path.name for path, owner in _living(catalog) if _is_elsewhere(owner)), default="")
    return spool_id if spool_id > last else f"{last}~{spool_id}"


def _living(catalog: Path) -> Iterator[tuple[Path, Owner]]:
    for path in spool_files(catalog):
        try:
            with opened_file(path, may_be_own=True) as handle:
                owner, is_silent = read_owner(handle), time.time() - os.fstat(handle).st_mtime > OTHER_HOST_SECONDS
        except OSError:
            continue  # it has just ended
        if owner is not None and not is_silent:
            yield path, owner


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def read_owner(handle: int) -> Owner | None:
    """Read the owner of an open spool; None when its beginning names none."""
    file = SpoolFile(Path(), handle=handle)
    file.read(0, max_bytes=4096)
    return file.owner


def older_writers(catalog: Path) -> bool:
    """Say whether a process is writing here that does not know this artui's schema, or does not name the one it knows."""
    for path in spool_files(catalog):
        if is_abandoned(path):
            continue
        try:
            with opened_file(path, may_be_own=True) as handle:
                owner = read_owner(handle)
        except FileNotFoundError:
            continue  # it has just ended
        except OSError:
            return True
        if owner is None or owner.schema < SCHEMA_VERSION:
            return True
    return False
