"""Who writes a spool, and whether that process is gone.

The writer holds `flock` on its file: on one machine, a spool that can be locked has lost its writer. Where locks say
nothing (no such locks, another machine) only the process itself, seen from the same set of processes, or silence of
some length is believed.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from artui.catalog.locks import Lock, lock_file
from artui.catalog.migrations import SCHEMA_VERSION
from artui.catalog.spool.format import FORMAT_VERSION
from artui.catalog.spool.place import opened_file, spool_files

OTHER_HOST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that writes a spool, as the spool's header has it."""

    host: str
    pid: int
    boot: str
    """The machine's boot id, where it has one: a process of another boot, or of another machine, is not seen here."""
    parent: str = ""
    """The spool of the process that this one was forked from, which folds for it."""
    pids: str = ""
    """The set of processes (PID namespace) in which `pid` means something."""
    version: float = FORMAT_VERSION
    schema: int = 0
    """The newest schema that the writer knows; 0 when it does not say."""

    @property
    def is_newer(self) -> bool:
        """Whether the spool is of a format that this artui does not know."""
        return self.version > FORMAT_VERSION


def this_process(parent: str = "") -> Owner:
    return Owner(socket.gethostname(), os.getpid(), boot_id(), parent, pid_namespace(), schema=SCHEMA_VERSION)


def header_of(owner: Owner) -> dict[str, Any]:
    return {name: getattr(owner, name) for name in Owner.__slots__}


def owner_of(header: Any) -> Owner | None:
    """Read a spool's header, whatever it holds; None when it names no process."""
    if not isinstance(header, Mapping):
        return None
    told_version, schema = header.get("version"), header.get("schema")
    version: float = told_version if isinstance(told_version, int | float) else FORMAT_VERSION
    host, pid, boot = header.get("host"), header.get("pid"), header.get("boot")
    is_whole = isinstance(host, str) and type(pid) is int and isinstance(boot, str)
    if not is_whole and not version > FORMAT_VERSION:
        return None
    return Owner(
        str(host), pid if type(pid) is int else 0, str(boot), _text(header.get("parent")), _text(header.get("pids")),
        version, schema if type(schema) is int else 0,
    )  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@cache
def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


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
    # Machines may share a name: one that was booted at another time is another one, or has lost all its processes.
    if owner.host != socket.gethostname() or owner.boot != boot_id():
        return is_silent
    if lock is Lock.MINE:
        return True
    return is_silent if owner.pids != pid_namespace() else not _is_alive(owner.pid)


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
    """Read who writes an open spool; None when its beginning does not say."""
    from artui.catalog.spool.reading import SpoolFile

    file = SpoolFile(Path(), handle=handle)
    file.read(0, max_bytes=4096)
    return file.owner


def older_writers(catalog: Path) -> bool:
    """Say whether a process is writing here that does not know this artui's schema, or does not say what it knows."""
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
