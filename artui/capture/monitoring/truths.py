"""Predictions that wait for their truth: kept aside, in a small database of the user's, until it comes or others need the room.

It holds no id, but a hash of each.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

MOST = 1_000_000
"""The oldest predictions beyond so many are forgotten."""
_AT_ONCE = 500
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS waiting (
        number INTEGER PRIMARY KEY,
        id INTEGER NOT NULL UNIQUE,
        from_ms INTEGER NOT NULL,
        value TEXT NOT NULL,
        slices TEXT NOT NULL
    )
"""


class Prediction(NamedTuple):
    """A prediction that was made."""

    from_ms: int
    """When its window begins."""
    value: Any
    slices: tuple[str, ...]


class Truths:
    """What waits for its truth, of one deployment. What changes is kept once `commit` is called."""

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        self._most = most
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = TRUNCATE")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA cache_size = -8000")
        self._connection.execute(_SCHEMA)
        self._connection.execute("BEGIN")
        self._joined: set[int] = set()
        self.forgotten = 0
        """Predictions that had to make room for later ones."""

    def keep(self, from_ms: int, rows: Iterable[tuple[str | None, Any, Sequence[str]]]) -> None:
        """Keep predictions of one window: id, value, slices. One whose id is there already takes its place."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO waiting (id, from_ms, value, slices) VALUES (?, ?, ?, ?)",
            (
                (_hash(name), from_ms, _written(value), orjson.dumps(list(slices)).decode() if slices else "")
                for name, value, slices in rows
                if name is not None
            ),
        )
        (first, last) = self._connection.execute("SELECT min(number), max(number) FROM waiting").fetchone()
        if first is not None and last - first >= self._most:
            (count,) = self._connection.execute("SELECT count(*) FROM waiting").fetchone()
            if count > self._most:
                self.forgotten += count - self._most
                self._connection.execute(
                    "DELETE FROM waiting WHERE number IN (SELECT number FROM waiting ORDER BY number LIMIT ?)",
                    (count - self._most,),
                )

    def find(self, ids: Sequence[str | None]) -> list[Prediction | None]:
        """Give the prediction of each id; None where there is none."""
        found: dict[int, Prediction] = {}
        hashes = [None if name is None else _hash(name) for name in ids]
        wanted = list({each for each in hashes if each is not None} - self._joined)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            query = f"SELECT id, from_ms, value, slices FROM waiting WHERE id IN ({', '.join('?' * len(some))})"
            for key, from_ms, value, slices in self._connection.execute(query, some):
                found[key] = Prediction(from_ms, _read(value), tuple(orjson.loads(slices)) if slices else ())
        # Of two truths of one prediction in a row the first one counts.
        return [None if each is None else found.pop(each, None) for each in hashes]

    def joined(self, name: str | None) -> None:
        """Note that the truth of a prediction came: it goes with the next `commit`."""
        if name is not None:
            self._joined.add(_hash(name))

    def save(self) -> None:
        """Keep the predictions that came; of the truths that came, nothing yet."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Keep what changed, once the windows are written."""
        self._connection.executemany("DELETE FROM waiting WHERE id = ?", ((key,) for key in self._joined))
        self._joined = set()
        self.save()

    def close(self) -> None:
        """Close it without keeping what changed since the last `commit`."""
        self._connection.close()


def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value if not isinstance(value, float) or math.isfinite(value) else str(value)).decode()
    except TypeError:
        return "null"


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None
