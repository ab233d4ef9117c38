"""Advisory locks on whole files: they go with the open file, and with the process that holds it."""

from __future__ import annotations

from enum import Enum


class Lock(Enum):
    """The result of asking for a lock."""

    MINE = 1
    TAKEN = 2
    UNKNOWN = 3
    """The file system, or the machine, has no such locks."""


def lock_file(handle: int, *, waits: bool = False) -> Lock:
    """Ask for the exclusive lock on an open file."""
    try:
        import fcntl
    except ImportError:
        return Lock.UNKNOWN
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return Lock.TAKEN
    except OSError:
        return Lock.UNKNOWN
    return Lock.MINE
