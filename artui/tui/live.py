"""Watching a catalog that others write to, and leaving it as one plain file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from artui.catalog import settle

if TYPE_CHECKING:
    from artui.query.reader import Reader

SETTLE_AFTER_LOOKS = 5


class Watch:
    """Watches the file from outside: a look costs one `stat`, no lock and no connection."""

    def __init__(self, reader: Reader, on_change: Callable[[], None]) -> None:
        self._reader = reader
        self._on_change = on_change
        self._token = reader.file_token()
        self._still = 0

    def look(self) -> None:
        """Check once for a change; to be called from time to time."""
        token = self._reader.file_token()
        if token != self._token:
            self._token = token
            self._still = 0
            self._on_change()
            return
        self._still += 1
        if self._still == SETTLE_AFTER_LOOKS:
            self.tidy()

    def tidy(self) -> None:
        """Fold the write-ahead log into the file if no one uses it: our own reading may have kept the last writer from that."""
        path = self._reader.path
        if self._reader.may_write and os.path.exists(f"{path}-wal") and self._reader.release():
            settle(path)
            self._token = self._reader.file_token()

    @property
    def is_gone(self) -> bool:
        """Whether the file no longer exists."""
        return self._reader.file_token()[0] == 0
