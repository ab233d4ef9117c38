"""Turning what SQLite and Python raise about a file into errors of ours that say what to do next."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

from artui.catalog import far
from artui.errors import (
    ArtuiError,
    CatalogDamaged,
    CatalogError,
    CatalogLocked,
    CatalogNotFound,
    CatalogReadOnly,
    DiskFull,
    QueryTooSlow,
    UsageError,
)

TOO_MUCH = ("expression tree", "too many", "too complex", "parser stack", "too large", "too long")
"""Errors of statements that exceed SQLite's limits; ours do so only when a user asks for too much."""
_CANNOT_WRITE = frozenset(
    f"SQLITE_IOERR_{what}"
    for what in ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "DELETE", "SHMSIZE", "SHMOPEN", "SHMMAP")
)
_CANNOT_READ = frozenset(f"SQLITE_IOERR_{what}" for what in ("READ", "SHORT_READ", "DATA", "CORRUPTFS"))
_CANNOT_LOCK = frozenset(f"SQLITE_IOERR_{what}" for what in ("LOCK", "RDLOCK", "UNLOCK", "CHECKRESERVEDLOCK"))
USED_UP = (errno.EMFILE, errno.ENFILE)
"""Errors of a process, or a machine, that has as many files open as it may."""
PASSING = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_READONLY_ROLLBACK",
    "SQLITE_READONLY_RECOVERY",
    "SQLITE_READONLY_CANTINIT",
    "SQLITE_READONLY_CANTLOCK",
)
"""Errors that a reader may get while another process begins, ends or switches its journal."""


@contextlib.contextmanager
def border(path: Path) -> Iterator[None]:
    """Translate what SQLite and Python raise about a file into our own errors, with a remedy."""
    shown = ascii_path(path)
    try:
        yield
    except ArtuiError:
        raise
    except sqlite3.Error as error:
        raise translated(error, shown) from error
    except (MemoryError, UnicodeError, OverflowError, TypeError, ValueError, struct.error) as error:
        # What a catalog holds can always be bound again: these come from values that somebody asks for.
        if isinstance(error, UnicodeEncodeError) or "to SQLite INTEGER" in str(error):
            raise UsageError(
                f"That cannot be looked for in a catalog: {ascii(str(error))[:120]}.",
                remedy="Ask for ordinary text, and for numbers of at most 64 bits.",
            ) from error
        raise CatalogDamaged(
            f"{shown} holds something that cannot be read: {ascii(str(error))[:120]}.",
            remedy="Get an untouched copy.",
        ) from error
    except OSError as error:
        if error.errno not in USED_UP:
            raise
        raise too_many_open(shown) from error


def error_name(error: sqlite3.Error) -> str:
    """Name the extended result code, such as `SQLITE_BUSY_SNAPSHOT`; empty where there is none."""
    return str(getattr(error, "sqlite_errorname", "") or "")


def translated(error: sqlite3.Error, shown: str) -> ArtuiError:
    """Translate an error of SQLite; `shown` is the file's path."""
    name = error_name(error)
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and (trouble := far.take_trouble()) is not None:
        return trouble
    if name.startswith(PASSING):
        return CatalogLocked(f"{shown} is in use by another process.", remedy="Wait for it to finish, then try again.")
    if name.startswith("SQLITE_FULL"):
        return DiskFull(f"The disk that holds {shown} is full.", remedy="Make room; the catalog is as it was.")
    if name in _CANNOT_WRITE:
        return DiskFull(
            f"The disk that holds {shown} cannot be written to ({name.removeprefix('SQLITE_IOERR_').lower()} failed).",
            remedy="See to the disk; the catalog is as it was.",
        )
    if name in _CANNOT_LOCK:
        return CatalogReadOnly(
            f"{shown} lies where files cannot be locked.",
            remedy="See to the locks of that file system, or use a catalog on another disk.",
        )
    if name == "SQLITE_READONLY_DBMOVED":
        return CatalogNotFound(
            f"{shown} was moved or deleted while it was open.", remedy="Put it back or open it again."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return CatalogReadOnly(
            f"{shown} may not be written to.", remedy="Check its permissions, and those of its folder."
        )
    if name == "SQLITE_INTERRUPT":
        return QueryTooSlow(f"Reading {shown} took too long and was stopped.", remedy="Ask for less, or try again.")
    if name.startswith("SQLITE_CANTOPEN"):
        if _is_full_of_files():
            return too_many_open(shown)
        return CatalogNotFound(
            f"{shown} cannot be opened.", remedy="Check that it and its folder are there and can be read."
        )
    is_asked = not str(error).startswith("malformed database schema")
    if is_asked and any(sign in str(error).lower() for sign in TOO_MUCH):
        return UsageError("That is more than one question can hold.", remedy="Ask for less at once.")
    if name.startswith("SQLITE_IOERR"):
        # Of a page that a disk cannot give back any more nothing else is known than of one that is damaged.
        kind = CatalogDamaged if name in _CANNOT_READ else CatalogError
        return kind(
            f"{shown} cannot be read: its disk, or the server that it lies on, does not answer ({name.removeprefix('SQLITE_IOERR_').lower()} failed).",
            remedy="See to the disk or the connection, then try again.",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG", "SQLITE_NOMEM")):
        return CatalogDamaged(
            f"{shown} is damaged ({name.removeprefix('SQLITE_').lower()}).", remedy="Get an untouched copy."
        )
    return CatalogDamaged(f"{shown} cannot be read: {ascii(str(error))[:200]}.", remedy="Get an untouched copy.")


def _is_full_of_files() -> bool:
    """Whether this process can open no file at all: SQLite does not say."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in USED_UP
    return False


def too_many_open(shown: str) -> CatalogError:
    """Give the error of a file that cannot be opened since so many are; `shown` is its path."""
    return CatalogError(
        f"{shown} cannot be opened: this process has as many files open as it may.",
        remedy="Close some, or raise the limit with `ulimit -n`.",
    )


def ascii_path(path: Path | str) -> str:
    """Show a path in a message: nothing in it can act on a terminal or hide."""
    text = os.fspath(path)
    return text if text.isascii() and text.isprintable() else ascii(text)
