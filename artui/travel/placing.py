"""A file that is made whole in a folder of its own beside its place, and put there at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from artui.catalog import journal
from artui.catalog.leftovers import PART_SECONDS
from artui.catalog.locks import Lock, lock_file
from artui.catalog.opening import ascii_path, border
from artui.errors import CatalogError, UsageError


@contextlib.contextmanager
def in_words_of(made: Path, out: Path, *, otherwise: str) -> Iterator[None]:
    """Name the file that is asked for in what goes wrong while it is made under another name."""
    try:
        yield
    except CatalogError as error:
        message = error.message.replace(ascii_path(made), ascii_path(out))
        remedy = error.remedy.replace(ascii_path(made), ascii_path(out))
        raise type(error)(message, remedy=remedy.replace("the catalog is as it was", otherwise)) from error


def refuse(path: Path, out: Path, *, replaces: bool, word: str) -> None:
    """Refuse a place where a file cannot be made, or must not.

    Raises:
        UsageError: there is something already; it is the catalog itself; or there is no such folder.
    """
    shown = ascii_path(out)
    if out.exists() and path.exists() and os.path.samefile(path, out):
        raise UsageError(f"{shown} is the catalog that is {word}.", remedy="Choose another name.")
    if out.is_dir():
        raise UsageError(f"{shown} is a folder.", remedy="Name the file that is to be made in it.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {ascii_path(out.parent)}.", remedy="Make it, or choose another.")
    if not os.path.lexists(out):
        return
    if not replaces:
        raise UsageError(f"{shown} is there already.", remedy="Choose another name, or replace it with --force.")
    if not out.is_file():
        raise UsageError(f"{shown} is not a file.", remedy="Choose another name.")


@contextlib.contextmanager
def folder_beside(out: Path) -> Iterator[Path]:
    """Give a private folder beside a file that is to be made; those of processes that died are removed."""
    _remove_stale(out)
    with border(out):
        try:
            folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent))
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CatalogError(
                f"{ascii_path(out)} cannot be made: {error.strerror}.", remedy="Choose a folder that you may write to."
            ) from None
    try:
        lock_file(handle)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _remove_stale(out: Path) -> None:
    for left in out.parent.glob(f".{_literal(out.name)}.*.part"):
        try:
            if left.is_symlink() or not left.is_dir() or left.stat().st_uid != os.geteuid():
                continue
            if time.time() - left.stat().st_mtime < PART_SECONDS:
                continue
            handle = os.open(left, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        except (OSError, AttributeError):
            continue
        try:
            if lock_file(handle) is Lock.MINE:
                shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(handle)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def put(made: Path, out: Path, *, mode: int, replaces: bool) -> None:
    """Put a whole file at its place, on the disk before it has its name."""
    with border(out):
        try:
            os.chmod(made, mode)
            journal.fsync(made)
            if replaces:
                os.replace(made, out)
            else:
                try:
                    os.link(made, out)  # which another file of this name refuses
                    os.unlink(made)
                except FileExistsError:
                    raise UsageError(
                        f"{ascii_path(out)} is there already.",
                        remedy="Choose another name, or replace it with --force.",
                    ) from None
                except OSError:  # no hard links here
                    os.rename(made, out)
            journal.fsync(out.parent)
        except OSError as error:
            raise CatalogError(
                f"{ascii_path(out)} cannot be made: {error.strerror}.", remedy="Choose another place."
            ) from None
