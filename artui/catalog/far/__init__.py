"""Catalogs that lie elsewhere: SQLite asks for the pages that it needs, and for no others.

A file here stands in for such a catalog: it is as long as the catalog, has its header, and is else empty. Whoever opens
it by the ways of this package gets a connection of the same `sqlite3`, with the same limits and the same list of
allowed actions, whose pages come from a `Far`. Nothing can be written to it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from artui.errors import ArtuiError


class View(Protocol):
    """One state of a catalog that lies elsewhere: it never changes."""

    @property
    def size_bytes(self) -> int:
        """Give the size of the catalog."""

    def read(self, offset: int, count: int) -> bytes:
        """Give bytes, fewer at the end of the file.

        Raises:
            ArtuiError: they cannot be had.
        """


class Far(Protocol):
    """A catalog that lies elsewhere."""

    title: str
    """Its URI, as it may be shown."""
    why_not_writable: str

    @property
    def note(self) -> str:
        """What is to be known of it right now, in few words; may be empty."""

    def follow(self) -> None:
        """Notice from now on what is written there."""

    def wake(self) -> None:
        """Let it be asked soon how it is."""

    def view(self) -> View:
        """Give the newest state that is known."""


_far: dict[str, Far] = {}
_of_thread = threading.local()


def stand_in(path: Path, far: Far) -> None:
    """Let a file stand in for a catalog that lies elsewhere, until `forget`."""
    _far[os.path.realpath(path)] = far


def forget(path: Path) -> None:
    """Let a file stand for itself again."""
    _far.pop(os.path.realpath(path), None)


def far_at(path: Path | str) -> Far | None:
    """Give the catalog that a file stands in for; None for one that stands for itself."""
    return _far.get(os.path.realpath(path)) if _far else None


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Count the time in the block as spent on waiting for another machine."""
    began = time.monotonic()
    try:
        yield
    finally:
        _of_thread.waited_seconds = waited_seconds() + time.monotonic() - began


def waited_seconds() -> float:
    """Say how long this thread has waited for other machines so far: a query is not slower for that."""
    return float(getattr(_of_thread, "waited_seconds", 0.0))


def note_trouble(trouble: ArtuiError) -> None:
    """Keep why bytes could not be had: SQLite knows only that they could not."""
    _of_thread.trouble = trouble


def take_trouble() -> ArtuiError | None:
    """Give why the bytes that this thread asked for last could not be had, once."""
    trouble: ArtuiError | None = getattr(_of_thread, "trouble", None)
    _of_thread.trouble = None
    return trouble
