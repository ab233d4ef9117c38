"""Points of metrics: whole, as a sparkline, or thinned to what a chart can show."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from artui import model
from artui.catalog import points
from artui.errors import PointsDamaged, UnknownReference
from artui.query.series.spooled import extended, pending

if TYPE_CHECKING:
    from artui.model import Series
    from artui.query.reader import Reader

ALL_BLOCKS = (0, 2**62)
"""From the first to the last number that a block of a series can have."""


SERIES_BLOCKS = """
    SELECT key, number, count, codec, payload, digest
    FROM block
    WHERE series_key = :series AND number BETWEEN :first AND :last
    ORDER BY number
"""


def get_series(reader: Reader, run_id: str, name: str, labels: str = "") -> Series:
    """Give all points of one metric of a run; those of damaged blocks are left out and counted.

    Raises:
        UnknownReference: the run has no such metric.
    """
    with reader.snapshot() as connection:
        row = connection.execute(
            "SELECT s.key FROM series AS s JOIN run AS r ON r.key = s.run_key JOIN name AS n ON n.key = s.name_key "
            "WHERE r.id = :run AND n.text = :name AND s.labels = :labels",
            {"run": run_id, "name": name, "labels": labels},
        ).fetchone()
        later = pending(reader, connection).get((run_id, labels, name))
        if row is None and later is None:
            raise UnknownReference(
                f"Run {run_id} has no metric {name!r}.", remedy="`artui show RUN` lists its metrics."
            )
        return extended(read_series(connection, row[0] if row else -1), later)


def read_series(connection: sqlite3.Connection, series_key: int, numbers: tuple[int, int] = ALL_BLOCKS) -> Series:
    """Decode all blocks of a series into three arrays, or those from one number to another; damaged ones are counted."""
    import numpy as np

    parts, damaged_count = read_blocks(connection, series_key, numbers, points.decode)
    if not parts:
        return model.Series(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), damaged_count)
    steps, times_ms, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return model.Series(steps, times_ms, values, damaged_count)


def read_blocks(
    connection: sqlite3.Connection,
    series_key: int,
    numbers: tuple[int, int],
    decode: Callable[[str, int, bytes], tuple[Any, ...]],
) -> tuple[list[tuple[Any, ...]], int]:
    """Decode the blocks that match their digests, in order; also give the number of points that are in none of them."""
    parts: list[tuple[Any, ...]] = []
    read_count = damaged_count = 0
    wanted = 0 if numbers == ALL_BLOCKS else None
    for key, number, count, codec, payload, digest in connection.execute(
        SERIES_BLOCKS, {"series": series_key, "first": numbers[0], "last": numbers[1]}
    ):
        # If the number does not follow the one before, a block is missing, or this one is in the wrong place.
        in_its_place = number == wanted or wanted is None or _has_true_head(connection, key)
        wanted = number + 1 if isinstance(number, int) else None
        part = decoded(count, codec, payload, digest, decode) if in_its_place else None
        if part is None:
            damaged_count += _plausible(count)
        else:
            parts.append(part)
            read_count += count
    if numbers == ALL_BLOCKS:
        row = connection.execute("SELECT count FROM series WHERE key = :series", {"series": series_key}).fetchone()
        if row is not None and isinstance(row[0], int):
            damaged_count = max(damaged_count, abs(row[0] - read_count))
    return parts, damaged_count


def _has_true_head(connection: sqlite3.Connection, block_key: int) -> bool:
    row = connection.execute(
        f"SELECT digest, {points.HEAD_COLUMNS} FROM block WHERE key = :key", {"key": block_key}
    ).fetchone()
    return row is not None and points.has_true_head(row[1:], row[0])


def _plausible(count: Any) -> int:
    """Count the points of a damaged block, whose count may be damaged too: at least one was there."""
    return count if isinstance(count, int) and 0 < count <= points.BLOCK_POINTS else 1


def decoded(count: Any, codec: Any, payload: Any, digest: Any, decode: Callable[..., Any]) -> Any:
    """Decode a block; None if it is damaged."""
    if not points.is_whole(codec, count, payload, digest):
        return None
    try:
        return decode(codec, count, payload)
    except PointsDamaged:
        return None


def values_of(codec: str, count: int, payload: bytes) -> list[float]:
    """Decode only the values of a block; those of a raw one without numpy."""
    if codec == "raw" and 0 < count <= points.BLOCK_POINTS and len(payload) == 24 * count:
        return list(struct.unpack_from(f"<{count}d", payload, 16 * count))
    values: list[float] = points.decode(codec, count, payload)[2].tolist()
    return values


def damaged_heads(reader: Reader, connection: sqlite3.Connection, series_key: int) -> dict[int, int]:
    """Give the numbers of blocks whose summaries are not what their digests say, with how many points each had.

    Full blocks never change: each is checked once as long as the reader stays open.
    """
    seen_until, damaged = reader.seen_heads.get(series_key, (-1, {}))
    damaged = dict(damaged)
    last = seen_until
    for stored, *head in connection.execute(
        f"SELECT digest, {points.HEAD_COLUMNS} FROM block WHERE series_key = :series AND number > :seen ORDER BY number",
        {"series": series_key, "seen": seen_until},
    ):
        if isinstance(head[0], int):
            last = head[0]
            if not points.has_true_head(head, stored):
                damaged[last] = _plausible(head[1])
    # The last block may be written again.
    damaged_before = {number: count for number, count in damaged.items() if number < last}
    reader.seen_heads[series_key] = last - 1, damaged_before
    return damaged


def without(damaged: Mapping[int, int]) -> str:
    """Write an SQL condition that leaves out damaged blocks, by their numbers; empty if there are none."""
    return f"AND number NOT IN ({', '.join(map(str, sorted(damaged)))})" if damaged else ""


def wrong_type() -> PointsDamaged:
    """Make the error for blocks whose columns have the wrong type."""
    return PointsDamaged("A block of points has columns of the wrong type.", remedy="Get an untouched copy.")
