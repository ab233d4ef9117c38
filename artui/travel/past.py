"""A catalog as of a time: a private copy, brought to what the catalog was then, that is only looked at."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artui import clock
from artui.catalog import Catalog, opening
from artui.catalog.far import far_at
from artui.catalog.merging.merge import merge_one
from artui.catalog.merging.sources import open_source
from artui.catalog.moments import TakenBack, take_back
from artui.errors import UsageError
from artui.times import last_moment_ms, time_text

Tell = Callable[[str, int, int], None]
MOST_COPIED_BYTES = 1 << 30
"""A larger file, or one that lies elsewhere, is not copied page by page: only what is not the bytes of files."""


@dataclass(frozen=True, slots=True)
class Past:
    """A catalog as it was, until its folder is removed."""

    path: Path
    source: Path
    at_ms: int
    taken_back: TakenBack
    folder: tempfile.TemporaryDirectory[str]

    @property
    def title(self) -> str:
        """What it is called."""
        return f"{self.source.name} as of {time_text(self.at_ms)[:16]}"

    @property
    def why_not_writable(self) -> str:
        """Why nothing can be changed in it."""
        return f"This is how {self.source.name} was at {time_text(self.at_ms)[:16]}: nothing of that can be changed."


def moment(text: str) -> int:
    """Read a time: `2026-11-01T14:30`, `2026-11-01`, `yesterday`, `2d`; in milliseconds since 1970, UTC.

    Raises:
        UsageError: it is none, or lies ahead.
    """
    now_ms = clock.now_ms()
    at_ms = last_moment_ms(text, now_ms)
    if at_ms is None:
        raise UsageError(
            f"{text!a} is no time.", remedy="Write 2026-11-01, 2026-11-01T14:30, yesterday, or 2d for two days ago."
        )
    return min(at_ms, now_ms)


def as_of(path: Path, at_ms: int, *, tell: Tell | None = None) -> Past:
    """Make a copy of a catalog as it was at some time. Whoever made it removes its `folder`.

    Raises:
        CatalogError: of its kinds: it cannot be read, or the disk is full.
    """
    folder = tempfile.TemporaryDirectory(prefix="artui-past-")
    try:
        with open_source(path) as source:
            copy = Path(folder.name) / "past.artui"
            if os.stat(source.path).st_size <= MOST_COPIED_BYTES and far_at(source.path) is None:
                _copy(source.connection, copy)
                catalog = Catalog(copy)
            else:
                catalog = Catalog(copy)
                with catalog.transaction() as connection:
                    merge_one(connection, source, tell, has_content=False)
            with catalog, catalog.transaction() as connection:
                taken_back = take_back(connection, at_ms)
            return Past(copy, Path(os.path.realpath(path)), at_ms, taken_back, folder)
    except BaseException:
        folder.cleanup()
        raise


def _copy(connection: sqlite3.Connection, copy: Path) -> None:
    handle = os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    os.close(handle)
    with opening.border(copy), contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as target:
        connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
