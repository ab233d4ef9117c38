"""Sparklines: some tens of values of a series, for a cell of a table."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from artui.catalog import points
from artui.query.series.points import decoded, values_of

SPARK_VALUES = 24
SPARK_DECODES = 2
"""A series of up to so many blocks is read whole; of a longer one, the mean of each block."""


def spark_values(
    connection: sqlite3.Connection,
    series_keys: Sequence[int],
    *,
    most: int = SPARK_VALUES,
    decodes: int = SPARK_DECODES,
) -> dict[int, list[float]]:
    """Give at most `most` values a series, from first to last; NaN where it became NaN or infinite.

    Args:
        decodes: as `SPARK_DECODES`.
    """
    if not series_keys:
        return {}
    marks = ", ".join("?" * len(series_keys))
    blocks: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(
        f"""
        SELECT series_key, digest, {points.HEAD_COLUMNS}
        FROM block
        WHERE series_key IN ({marks})
        ORDER BY series_key, number
        """,
        list(series_keys),
    ):
        blocks.setdefault(row[0], []).append(row[1:])
    sparks: dict[int, list[float]] = {}
    for key, rows in blocks.items():
        if len(rows) <= decodes:
            sparks[key] = _even(_values(connection, key), most)
        else:
            sparks[key] = [_summary_value(row) for row in _spread(rows, most)]
    return sparks


def _values(connection: sqlite3.Connection, series_key: int) -> list[float]:
    """Read only the values; raw blocks without numpy, so that a table of runs need not load it. NaN for a damaged block."""
    values: list[float] = []
    for count, codec, payload, digest in connection.execute(
        "SELECT count, codec, payload, digest FROM block WHERE series_key = :series ORDER BY number",
        {"series": series_key},
    ):
        block_values = decoded(count, codec, payload, digest, values_of)
        values += [math.nan] if block_values is None else block_values
    return values


def last_values(connection: sqlite3.Connection, series_key: int, count: int) -> list[float]:
    """Give at most `count` of the last values of a series, oldest first; none of a damaged block."""
    rows = connection.execute(
        "SELECT count, codec, payload, digest FROM block WHERE series_key = :series ORDER BY number DESC LIMIT 2",
        {"series": series_key},
    ).fetchall()
    values: list[float] = []
    for row in reversed(rows):
        count_of, codec, payload, digest = row
        values += decoded(count_of, codec, payload, digest, values_of) or []
    return values[-count:]


def _summary_value(row: tuple[Any, ...]) -> float:
    """Give a block's value in a sparkline; NaN where it became NaN, or the block's summary is damaged."""
    digest, *head = row
    count, finite_count, last, added = head[1], head[2], head[7], head[10]
    if not points.has_true_head(head, digest):
        return math.nan
    if not all(isinstance(cell, int | float) for cell in (count, finite_count, added)):
        return math.nan
    if finite_count < count and last is None:
        return math.nan
    return float(added / finite_count) if finite_count else math.nan


def _spread(rows: list[Any], count: int) -> list[Any]:
    if len(rows) <= count:
        return rows
    return [rows[index * (len(rows) - 1) // (count - 1)] for index in range(count)]


def _even(values: Sequence[float], most: int) -> list[float]:
    """Take means of even parts, keeping the first and last value; a part that holds NaN or infinity is NaN."""
    if len(values) > most:
        edges = [len(values) * part // most for part in range(most + 1)]
        means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
        values = [values[0], *means[1:-1], values[-1]]
    return [value if math.isfinite(value) else math.nan for value in values]
