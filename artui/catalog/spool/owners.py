"""Which process writes a spool, and whether that process is gone.

The writer holds `flock` on its file: on one machine, a spool that can be locked has lost its writer. Where locks do not
help (no such locks, another machine), the process is looked up in the same set of processes, or counts as gone after a
long silence.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.spool.format import FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that writes a spool, as the spool's header has it."""

    host: str
    pid: int
    boot: str
    """The machine's boot id, if it has one: a process of another boot, or of another machine, cannot be seen from here."""
    parent: str = ""
    """The spool of the process that this one was forked from, which folds for it."""
    pids: str = ""
    """The set of processes (PID namespace) in which `pid` means something."""
    version: float = FORMAT_VERSION
    schema: int = 0
    """The newest schema that the writer knows; 0 when the header does not name it."""
    turn: str = ""
    """Where locks do not reach from one machine to another: who writes is the one with the least; else empty."""

    @property
    def is_newer(self) -> bool:
        """Whether the spool is of a format that this artui does not know."""
        return self.version > FORMAT_VERSION


def this_process(parent: str = "") -> Owner:
    """Describe this process as the writer of a spool."""
    return Owner(socket.gethostname(), os.getpid(), boot_id(), parent, pid_namespace(), schema=SCHEMA_VERSION)


def header_of(owner: Owner) -> dict[str, Any]:
    """Give a spool's header for its owner."""
    return {name: getattr(owner, name) for name in Owner.__slots__}


def owner_of(header: Any) -> Owner | None:
    """Read a spool's header, whatever it contains; None when it names no process."""
    if not isinstance(header, Mapping):
        return None
    stated_version, schema = header.get("version"), header.get("schema")
    version: float = stated_version if isinstance(stated_version, int | float) else FORMAT_VERSION
    host, pid, boot = header.get("host"), header.get("pid"), header.get("boot")
    is_whole = isinstance(host, str) and type(pid) is int and isinstance(boot, str)
    if not is_whole and not version > FORMAT_VERSION:
        return None
    return Owner(
        str(host), pid if type(pid) is int else 0, str(boot), _text(header.get("parent")), _text(header.get("pids")),
        version, schema if type(schema) is int else 0, _text(header.get("turn")),
    )  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


@cache
def boot_id() -> str:
    """Give the machine's boot id; empty where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def pid_namespace() -> str:
    """Name the set of processes in which this one's pid means something; empty where that is not known."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
