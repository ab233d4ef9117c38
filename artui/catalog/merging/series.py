"""Joining the series of two copies of a run: the longer one if the other is its beginning, else both.

Of several that went on apart the one with the most points has the labels as they were, each other one `from=ORIGIN` beside them,
after who wrote its end. Which has which depends only on what there is, not on the order of merging.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artui.catalog import cells, points, seals
from artui.catalog.merging.target import Target
from artui.errors import PointsDamaged

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

TOTALS = tuple(points.Totals.__slots__)
BLOCK = (*(column.strip() for column in points.HEAD_COLUMNS.split(",")), "codec", "digest", "payload")
OF_RUN = f"""
    SELECT n.text, s.labels, s.key, o.id, {", ".join(f"s.{column}" for column in TOTALS)}
    FROM series AS s
    JOIN run AS r ON r.key = s.run_key
    JOIN name AS n ON n.key = s.name_key
    LEFT JOIN origin AS o ON o.key = coalesce(s.origin_key, r.origin_key)
    WHERE s.run_key = ?
    ORDER BY n.text, s.labels
"""
HEADS = "SELECT number, count, digest FROM block WHERE series_key = ? ORDER BY number"
ONE = "SELECT codec, count, payload, digest FROM block WHERE series_key = ? AND number = ?"
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
        """How many points its blocks hold; how many it had, where they were removed."""
        return sum(count for _, count, _ in self.blocks) or cells.integer(self.totals[0])

    @property
    def rank(self) -> tuple[int, bytes, str, bytes]:
        """What decides which of several keeps the labels."""
        return self.count, seals.canonical([self.totals]), _reverse(self.origin_id), seals.canonical(self.blocks)


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


def merge_series(
    target: Target,
    run_key: int,
    theirs: Sequence[Series],
    ours: Sequence[Series],
    origin_of: Callable[[str], int | None],
    run_origin_id: str,
) -> int:
    """Join the series of a run that both have; say how many points came.

    Args:
        ours: as they were before anything of the run was joined.
        origin_of: gives our key of an origin by its id.
        run_origin_id: of the run, as it is by now.
    """
    by_name: dict[tuple[str, str], list[Series]] = {}
    for one in (*ours, *theirs):
        by_name.setdefault((one.name, one.base), []).append(one)
    came = 0
    for (name, base), copies in by_name.items():
        before = sum(one.count for one in copies if one.is_ours)
        kept = _apart(copies)
        wanted = _labelled(kept, base)
        if [(one.labels, one.is_ours) for one in kept] != [(labels, True) for labels in wanted] or len(kept) != sum(
            one.is_ours for one in copies
        ):
            _write(target, run_key, name, copies, kept, wanted)
        for one in kept:
            key = None if one.origin_id == run_origin_id else origin_of(one.origin_id)
            target.execute(
                "UPDATE series SET origin_key = :origin WHERE run_key = :run AND name_key = :name AND labels = :labels AND origin_key IS NOT :origin",
                {"origin": key, "run": run_key, "name": target.name_key(name), "labels": wanted[kept.index(one)]},
            )
        came += max(0, sum(one.count for one in kept) - before)
    return came


def _labelled(kept: Sequence[Series], base: str) -> list[str]:
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


def _apart(copies: Iterable[Series]) -> list[Series]:
    """Leave out each copy that is the beginning of another; the largest comes first."""
    kept: list[Series] = []
    for one in sorted(copies, key=lambda one: (one.rank, one.is_ours), reverse=True):
        if not any(_begins(one, other) for other in kept):
            kept.append(one)
    return kept


def _begins(one: Series, other: Series) -> bool:
    """Say whether a series is the beginning of another, which is as long or longer, or the same."""
    if not one.blocks or not other.blocks:
        # Points of one were removed: what is summed up of them is all there is to compare, and tells no beginning.
        return one.totals == other.totals
    if len(one.blocks) > len(other.blocks):
        return False
    *full, last = range(len(one.blocks))
    if any(one.blocks[place] != other.blocks[place] for place in full):
        return _begins_point_by_point(one, other)
    if one.blocks[last] == other.blocks[last]:
        return True
    return _begins_at(one, other, one.blocks[last][0], other.blocks[last][0])


def _begins_at(one: Series, other: Series, number: int, other_number: int) -> bool:
    import numpy as np

    try:
        columns, others = _block(one, number), _block(other, other_number)
    except PointsDamaged:
        # A damaged copy is no beginning of another, but for one that is whole and as long.
        return one.count <= other.count and not _is_whole(one, number)
    count = len(columns[0])
    return count <= len(others[0]) and all(
        np.array_equal(mine.view(np.int64), theirs[:count].view(np.int64))
        for mine, theirs in zip(columns, others, strict=True)
    )


def _begins_point_by_point(one: Series, other: Series) -> bool:
    """Compare series whose blocks do not end at the same points, or are packed in another way."""
    import numpy as np

    try:
        columns, others = _whole(one), _whole(other)
    except PointsDamaged:
        return False
    count = len(columns[0])
    return count <= len(others[0]) and all(
        np.array_equal(mine.view(np.int64), theirs[:count].view(np.int64))
        for mine, theirs in zip(columns, others, strict=True)
    )


def _whole(one: Series) -> tuple[Ints, Ints, Floats]:
    import numpy as np

    parts = [_block(one, number) for number, _, _ in one.blocks]
    steps, times_ms, values = zip(*parts, strict=True)
    return np.concatenate(steps), np.concatenate(times_ms), np.concatenate(values)


def _block(one: Series, number: int) -> tuple[Ints, Ints, Floats]:
    row = one.connection.execute(ONE, (one.key, number)).fetchone()
    if row is None or type(row[1]) is not int or not isinstance(row[2], bytes):
        raise PointsDamaged("A block of points is damaged.", remedy="Get an untouched copy.")
    return points.decode(cells.text(row[0]), row[1], row[2])


def _is_whole(one: Series, number: int) -> bool:
    row = one.connection.execute(ONE, (one.key, number)).fetchone()
    return row is not None and points.is_whole(*row)


def _write(
    target: Target, run_key: int, name: str, copies: Sequence[Series], kept: Sequence[Series], wanted: Sequence[str]
) -> None:
    """Bring the series of one name to what is kept, under the labels that are wanted."""
    ours_kept = {one.key for one in kept if one.is_ours}
    going = [one for one in copies if one.is_ours and one.key not in ours_kept]
    target.executemany("DELETE FROM series WHERE key = ?", [(one.key,) for one in going])
    # Labels are exchanged: none may be there twice meanwhile.
    ours = [(labels, one) for labels, one in zip(wanted, kept, strict=True) if one.is_ours and one.labels != labels]
    target.executemany(
        "UPDATE series SET labels = ? WHERE key = ?", [(f"\x01merged {one.key}", one.key) for _, one in ours]
    )
    target.executemany("UPDATE series SET labels = ? WHERE key = ?", [(labels, one.key) for labels, one in ours])
    for labels, one in zip(wanted, kept, strict=True):
        if not one.is_ours:
            copy_series(target, one, run_key, target.name_key(name), labels)


def copy_series(target: Target, one: Series, run_key: int, name_key: int, labels: str) -> None:
    """Copy a series with its blocks."""
    key = target.new_key("series")
    is_there = target.insert(
        "series", ("key", "run_key", "name_key", "labels", *TOTALS), [(key, run_key, name_key, labels, *one.totals)]
    )
    if not is_there:
        return
    rows = one.connection.execute(
        f"SELECT {', '.join(BLOCK)} FROM block WHERE series_key = ? ORDER BY number", (one.key,)
    )
    target.insert("block", ("key", "series_key", *BLOCK), ((target.new_key("block"), key, *row) for row in rows))
