"""Keys of runs, read fast, and a cache of what was read of a catalog lately."""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from artui.catalog.cells import keys_of, storable

T = TypeVar("T")


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """Pause the garbage collector while many objects without cycles are made: it would scan them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Kept:
    """A cache of the last few orders, sets and texts that were read of one state of a catalog."""

    def __init__(self, *, most: int = 16) -> None:
        self._most = most
        self._kept: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what is kept, or make it and keep it."""
        with self._lock:
            if key in self._kept:
                kept: T = self._kept[key]
                return kept
        made = make()
        with self._lock:
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return made

    def peek(self, key: Hashable) -> Any:
        """Give what is kept; None if nothing is."""
        with self._lock:
            return self._kept.get(key)


class Memory:
    """The cache of a catalog's newest state; a thread that still reads an older one goes on with that one's."""

    def __init__(self) -> None:
        self._newest: tuple[tuple[int, ...], Kept] = (), Kept()

    def at(self, token: tuple[int, ...]) -> Kept:
        """Give the cache of one state of the file; it is empty once the file has changed.

        Args:
            token: what the file looked like before the transaction that is about to read began.
        """
        newest_token, kept = self._newest
        if token != newest_token:
            kept = Kept()
            self._newest = token, kept
        return kept


def key_list(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[int]:
    """Give a query's one column, named `key`, in order: one text from SQLite is twice as fast as 100,000 rows."""
    joined = connection.execute(f"SELECT group_concat(key) FROM ({query})", values).fetchone()[0]
    return keys_of(joined)


def name_key(connection: sqlite3.Connection, text: str) -> int | None:
    """Give the key of a param's, a metric's or a tag's name; None if it is unknown."""
    row = connection.execute("SELECT key FROM name WHERE text = :text", {"text": storable(text)}).fetchone()
    return int(row[0]) if row else None
