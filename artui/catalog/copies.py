"""Copies of one series of a run: which were told apart, how they are labelled, and which go once their points were removed.

Of several that went on apart the one with the most points has the labels as they were, each other one `from=ORIGIN` beside them,
after who wrote its end.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from artui.catalog import cells, points, seals

TOTALS = tuple(points.Totals.__slots__)
OF_RUN = f"""
    SELECT n.text, s.labels, s.key, o.id, {", ".join(f"s.{column}" for column in TOTALS)}
    FROM series AS s
    JOIN run AS r ON r.key = s.run_key
    JOIN name AS n ON n.key = s.name_key
    LEFT JOIN origin AS o ON o.key = coalesce(s.origin_key, r.origin_key)
    WHERE s.run_key = ?
    ORDER BY n.text, s.labels
"""
_COUNTS = ("count", "finite_count", "nan_count", "positive_inf_count", "negative_inf_count")
_LAST_MS = TOTALS.index("last_ms")
HEADS = "SELECT number, count, digest FROM block WHERE series_key = ? ORDER BY number"
_FROM = re.compile(r",?from=[0-9A-Z]{6}(?:\.\d+)?\Z")
_ORIGIN_LETTERS = 6
"""Of an origin's id, its last: the first ones are the time that it was made."""


@dataclass(frozen=True, slots=True)
class Series:
    """A copy of a series."""

    connection: sqlite3.Connection
    key: int
    name: str
    labels: str
    origin_id: str
    totals: tuple[Any, ...]
    blocks: tuple[tuple[int, int, bytes], ...]
    """Number, count and digest of each."""
    is_ours: bool

    @property
    def base(self) -> str:
        """The labels without the one that a merge gave it."""
        return _FROM.sub("", self.labels)

    @property
    def count(self) -> int:
        """How many points it has, or had where they were removed."""
        return max(self.held, cells.integer(self.totals[0]))

    @property
    def held(self) -> int:
        """How many points its blocks hold."""
        return sum(count for _, count, _ in self.blocks)

    @property
    def lacks_points(self) -> bool:
        """Whether points of it were removed."""
        return self.held < cells.integer(self.totals[0])

    @property
    def rank(self) -> tuple[int, bytes, bool, str, bytes]:
        """What decides which of several keeps the labels: of equal ones that from which points were removed."""
        totals = seals.canonical([self.totals])
        return self.count, totals, self.lacks_points, _reverse(self.origin_id), seals.canonical(self.blocks)


def _reverse(origin_id: str) -> str:
    """Give a text whose order is the other way round: between equal series the earliest origin counts."""
    return "".join(chr(0x7F - ord(letter)) if ord(letter) < 0x7F else letter for letter in origin_id)


def series_of(connection: sqlite3.Connection, run_key: int, *, is_ours: bool) -> list[Series]:
    """List the series of a run."""
    return [
        Series(
            connection, int(key), cells.text(name), cells.text(labels), "" if origin_id is None else cells.text(origin_id), tuple(totals),
            tuple(connection.execute(HEADS, (key,)).fetchall()), is_ours,
        )
        for name, labels, key, origin_id, *totals in connection.execute(OF_RUN, (run_key,)).fetchall()
    ]  # fmt: skip


def drop_covered(connection: sqlite3.Connection, run_key: int, until_ms: int) -> bool:
    """Drop the copies of series whose points were removed elsewhere; say whether there was any.

    Points go from a copy if there is another one that they were removed from, and that it may be the beginning of. Whether it
    is cannot be told without them: it is taken to be so whenever what is summed up of both allows it, so that the same is left
    in whatever order copies were joined and points removed. What the one who removed them has never seen stays.

    Args:
        until_ms: the newest point of the run when they were removed, or the time of that.
    """
    by_name: dict[tuple[str, str], list[Series]] = {}
    for one in series_of(connection, run_key, is_ours=True):
        by_name.setdefault((one.name, one.base), []).append(one)
    is_changed = False
    for (_, base), copies in by_name.items():
        kept: list[Series] = []
        for one in sorted(copies, key=lambda one: one.rank, reverse=True):
            is_gone = cells.integer(one.totals[_LAST_MS]) <= until_ms
            if not (is_gone and any(other.lacks_points and _may_begin(one, other) for other in kept)):
                kept.append(one)
        if len(kept) < len(copies):
            going = [(one.key,) for one in copies if one not in kept]
            sqlite3.Cursor(connection).executemany("DELETE FROM series WHERE key = ?", going)
            label(connection, [(labels, one) for labels, one in zip(labelled(kept, base), kept, strict=True)])
            is_changed = True
    return is_changed


def _may_begin(one: Series, other: Series) -> bool:
    """Say whether what is summed up of two series allows that one is the beginning of the other."""
    mine, theirs = (dict(zip(TOTALS, each.totals, strict=True)) for each in (one, other))
    if mine["count"] == theirs["count"]:
        return one.totals == other.totals
    if any(cells.integer(mine[column]) > cells.integer(theirs[column]) for column in _COUNTS):
        return False
    if (mine["first_step"], mine["first_ms"]) != (theirs["first_step"], theirs["first_ms"]):
        return False
    if mine["first"] is None:
        return True
    numbers = [each[column] for each in (mine, theirs) for column in ("first", "min", "max")]
    if not all(isinstance(number, float) for number in numbers):
        return False
    return bool(mine["first"] == theirs["first"] and theirs["min"] <= mine["min"] and mine["max"] <= theirs["max"])


def label(connection: sqlite3.Connection, wanted: Iterable[tuple[str, Series]]) -> None:
    """Give series of one name the labels that are wanted; labels are exchanged, so none may be there twice meanwhile."""
    changed = [(labels, one.key) for labels, one in wanted if one.labels != labels]
    cursor = sqlite3.Cursor(connection)
    cursor.executemany("UPDATE series SET labels = ? WHERE key = ?", [(f"\x01merged {key}", key) for _, key in changed])
    cursor.executemany("UPDATE series SET labels = ? WHERE key = ?", changed)


def labelled(kept: Sequence[Series], base: str) -> list[str]:
    """Give the labels of series that went on apart: those as they were to the first."""
    wanted, taken = [base], {base}
    for one in kept[1:]:
        label = f"from={one.origin_id[-_ORIGIN_LETTERS:] or '0' * _ORIGIN_LETTERS}"
        labels, number = f"{base},{label}" if base else label, 2
        while labels in taken:
            labels, number = f"{base},{label}.{number}" if base else f"{label}.{number}", number + 1
        taken.add(labels)
        wanted.append(labels)
    return wanted
