"""The state of a run, by the catalog and by spools that are not folded yet, for a process that may take part in it.

Spools of other machines, and of dead processes that nobody has taken over yet, are read, too.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from artui.catalog import context, runs
from artui.catalog.spool.place import opened_file, spool_files
from artui.catalog.spool.reading import Batch, SpoolFile, run_of

SYSTEM = "system/"
MAX_SPOOL_BYTES = 1 << 30


@dataclass(slots=True)
class Standing:
    """How a run stands."""

    has_ended: bool
    ranks: set[int]
    """The ranks that have taken part in it."""


def standing(connection: sqlite3.Connection | None, catalog: Path, run_id: str) -> Standing | None:
    """Give the state of a run; None if nobody has started it."""
    state: Standing | None = None
    if connection is not None:
        row = connection.execute("SELECT key, status FROM run WHERE id = ?", (run_id,)).fetchone()
        if row is not None:
            stored = context.get(connection, row[0], runs.RANKS)
            ranks = {rank for rank in stored if type(rank) is int} if isinstance(stored, list) else set()
            state = Standing(row[1] != 0, ranks)
    for batch in _batches(catalog):
        for action, _ in batch.actions:
            if run_of(action) != run_id:
                continue
            if state is None:
                state = Standing(False, set())
            if action["do"] == "start" and type(rank := action.get("rank")) is int:
                state.ranks.add(rank)
            if action["do"] == "finish" and not action.get("is_member"):
                state.has_ended = True
    return state


def last_step(connection: sqlite3.Connection | None, catalog: Path, run_id: str) -> int | None:
    """Give the last step of a run's metrics, without the system's; None if it has none."""
    last = runs.last_step(connection, run_id) if connection is not None else None
    for batch in _batches(catalog):
        for (logged_id, _, name), parts in batch.points.items():
            if logged_id == run_id and not name.startswith(SYSTEM):
                step = int(parts[-1][0][-1])
                last = step if last is None else max(last, step)
    return last


def _batches(catalog: Path) -> Iterator[Batch]:
    """Read everything in the spools of a catalog, including what is in the catalog already."""
    for path in spool_files(catalog):
        with contextlib.suppress(OSError), opened_file(path, may_be_own=True) as handle:
            file, place = SpoolFile(path, handle=handle), 0
            while place < MAX_SPOOL_BYTES:
                batch = file.read(place)
                yield batch
                if batch.is_last or batch.end <= place:
                    break
                place = batch.end
