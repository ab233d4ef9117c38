"""Watching a catalog that others write to, and leaving it one plain file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from artui.catalog import settle

if TYPE_CHECKING:
    from artui.query.reader import Reader

SETTLE_AFTER_LOOKS = 5


class Watch:
    """Looks at the file from outside: costs a `stat`, no lock and no connection."""

    def __init__(self, reader: Reader, on_change: Callable[[], None]) -> None:
        self._reader = reader
        self._on_change = on_change
        self._token = reader.file_token()
        self._still = 0

    def look(self) -> None:
        """Call from time to time."""
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
        """Bring the file back to one plain file once its last writer is gone: our own reading may have kept it from that."""
        path = self._reader.path
        if self._reader.may_write and os.path.exists(f"{path}-wal") and self._reader.release():
            settle(path)
            self._token = self._reader.file_token()

    @property
    def is_gone(self) -> bool:
        """Whether the file is not where it was any more."""
        return self._reader.file_token()[0] == 0
