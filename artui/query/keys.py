"""Keys of runs, read fast, and a memory of what was read of a catalog lately."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import orjson

T = TypeVar("T")


class Memory:
    """What was read of a catalog lately, kept as long as its file is as it was: orders, sets, texts."""

    def __init__(self, *, most: int = 16) -> None:
        self._most = most
        self._token: tuple[int, ...] = ()
        self._kept: dict[Hashable, Any] = {}

    def at(self, token: tuple[int, ...]) -> Memory:
        """Forget everything if the file has changed.

        Args:
            token: what the file looked like before the transaction that is about to read began.
        """
        if token != self._token:
            self._token, self._kept = token, {}
        return self

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what is kept, or make it and keep it."""
        kept = self._kept
        if key in kept:
            found: T = kept[key]
            return found
        found = make()
        while len(kept) >= self._most:
            kept.pop(next(iter(kept)), None)
        kept[key] = found
        return found


def key_list(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[int]:
    """Give a query's one column, named `key`, in order: one text from SQLite is twice as fast as 100,000 rows."""
    joined = connection.execute(f"SELECT group_concat(key) FROM ({query})", values).fetchone()[0]
    if joined is None:
        return []
    # A single key comes back as a number's text, too.
    keys: list[int] = orjson.loads(f"[{joined}]")
    return keys
