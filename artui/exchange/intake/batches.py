"""Transactions of an import: several small runs share one, and a run that fails is undone alone."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.catalog import Catalog

COMMIT_SECONDS = 0.5


class Batches:
    """Writes to one catalog; without one, in a dry run, no transaction is ever begun."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._catalog = catalog
        self._open: contextlib.ExitStack | None = None
        self._connection: sqlite3.Connection | None = None
        self._opened_at = 0.0

    @property
    def is_dry(self) -> bool:
        """Whether this is a dry run, which writes nothing."""
        return self._catalog is None

    @property
    def is_open(self) -> bool:
        """Whether a transaction can still be committed: a full disk may have rolled it back."""
        return self._connection is not None and self._connection.in_transaction

    def begin(self) -> sqlite3.Connection:
        """Give the writing connection, in the open transaction or in a new one."""
        if self._connection is None:
            assert self._catalog is not None
            stack = contextlib.ExitStack()
            self._connection = stack.enter_context(self._catalog.transaction())
            self._open, self._opened_at = stack, time.monotonic()
        return self._connection

    def begin_unless_dry(self) -> sqlite3.Connection | None:
        """Give the writing connection; None in a dry run."""
        return None if self.is_dry else self.begin()

    def commit(self) -> None:
        """Commit what was written since the last commit."""
        stack, self._open, self._connection = self._open, None, None
        if stack is not None:
            stack.close()

    def abandon(self) -> None:
        """Undo what was done since the last commit."""
        stack, self._open, self._connection = self._open, None, None
        if stack is not None:
            with contextlib.suppress(_Undo):
                stack.__exit__(_Undo, _Undo(), None)

    # One run

    def begin_run(self) -> None:
        """Mark where a run begins."""
        if not self.is_dry:
            self.begin().execute("SAVEPOINT run")

    def undo_run(self) -> None:
        """Undo what was written since the run began."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO run")
            self._connection.execute("RELEASE run")

    def keep_run(self) -> None:
        """Keep what was written since the run began."""
        if self._connection is not None:
            self._connection.execute("RELEASE run")

    def commit_when_due(self) -> None:
        """Commit, unless the transaction is younger than `COMMIT_SECONDS`."""
        if self._connection is not None and time.monotonic() - self._opened_at > COMMIT_SECONDS:
            self.commit()


class _Undo(Exception):
    """Rolls a transaction back."""
