"""`artui settle`: making a catalog one plain file again when the user asks for it, after every check."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from artui.catalog import connections, leftovers, opening
from artui.catalog.header import has_content, look
from artui.catalog.journal import fsync
from artui.catalog.locks import lock_file
from artui.catalog.translate import ascii_path, border
from artui.errors import CatalogLocked, CatalogReadOnly


def settle_all(path: Path) -> list[str]:
    """Settle what lies beside a catalog; say in sentences what was done.

    Raises:
        CatalogError: it is in use, damaged, or may not be written to.
    """
    look(path)
    real = Path(os.path.realpath(path))
    done = []
    if leftovers.has_hot_journal(real):
        done.append(_settle_journal(real))
    had_wal = has_content(f"{real}-wal")
    opened = opening.inspect(real, for_writing=True)
    if opened.notice:
        done.append(opened.notice)
    if opening.settle(real) and had_wal and not opened.notice:
        done.append("The -wal was its own: what it held is in the file.")
    if has_content(f"{real}-wal"):
        raise CatalogLocked(
            f"{ascii_path(real)} is in use by another process.", remedy="Settle it once that has ended."
        )
    return done


def _settle_journal(real: Path) -> str:
    """Roll back in a private copy, put that in the file's place, and keep the journal under another name."""
    if leftovers.is_being_written(real):
        raise CatalogLocked(f"{ascii_path(real)} is being written to.", remedy="Settle it once that has ended.")
    with border(real):
        if leftovers.may_roll_back(real):
            leftovers.roll_back(real)
            return "What its -journal held was rolled back."
        aside = _free_name(real)
        private, copy = leftovers.copy_privately(real, "-journal")
        with private:
            leftovers.roll_back_copy(copy)
            connections.disconnect(connections.open_reading(copy, shown=real))
            try:
                _put_in_place(copy, real)
                os.rename(f"{real}-journal", aside)
                fsync(real.parent)
            except OSError as error:
                raise CatalogReadOnly(
                    f"{ascii_path(real)} cannot be settled: {error.strerror}.", remedy="Check its permissions."
                ) from None
    return f"What its -journal held was rolled back; the journal is {ascii_path(aside.name)} now."


def _put_in_place(copy: Path, real: Path) -> None:
    """Let a private copy take the file's place, whole or not at all, with its mode and owner."""
    part = real.with_name(f".{real.name}.{os.getpid()}.part")
    status = real.stat()
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        lock_file(handle)
        shutil.copyfile(copy, part)
        with contextlib.suppress(OSError):
            os.chown(part, status.st_uid, status.st_gid)
        os.chmod(part, status.st_mode & 0o777)
        fsync(part)
        os.replace(part, real)
        fsync(real.parent)
    finally:
        part.unlink(missing_ok=True)
        os.close(handle)


def _free_name(real: Path) -> Path:
    stem = f"{real.name}-journal.{time.strftime('%Y%m%dT%H%M%S')}"
    return next(
        name
        for number in range(1000)
        if not os.path.lexists(name := real.with_name(f"{stem}.{number}" if number else stem))
    )
