"""Whole columns of many runs: what data frames and exports read.

The table reads the cells of the rows in sight (`rows.py`). Here each param and each metric is read at once over the
index of its values, for all runs: a value costs a fifth of what it costs run by run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui import clock
from artui.catalog import cells as cell_of
from artui.model import Column
from artui.query.attributes import ATTRIBUTES
from artui.query.heads import HEAD_COLUMNS, head_columns, param_value
from artui.query.keys import without_collecting
from artui.query.runs.rows import HEAD_FIELDS, measured, run_rows
from artui.query.series.spooled import pending

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.query.reader import Reader

FEW_RUNS = 2_000
"""Up to so many runs are read run by run."""
RUNS_A_QUESTION = 500
FEW_VALUES = 200
"""A param of so many different numbers is read number by number, each with all runs that have it: in a third of the time."""

_NUMBERS = "SELECT number, run_key FROM param WHERE name_key = :name AND number IS NOT NULL"
_UNUSUAL = "SELECT name_key, run_key, type, number, text FROM param WHERE type <> 0 OR number IS NULL"
"""All params that are something else than the number that is stored: `true` is held as 1, and NaN as a text."""
_DISTINCT = """
    WITH RECURSIVE seen (number) AS (
        SELECT min(number) FROM param WHERE name_key = :name AND number IS NOT NULL
        UNION ALL
        SELECT (SELECT min(p.number) FROM param AS p WHERE p.name_key = :name AND p.number > s.number)
        FROM seen AS s
        WHERE s.number IS NOT NULL
        LIMIT :most
    )
    SELECT number FROM seen
"""
_GROUPS = """
    SELECT number, group_concat(run_key), min(typeof(number)) = max(typeof(number))
    FROM param
    WHERE name_key = :name AND number IS NOT NULL
    GROUP BY number
"""
"""1 and 1.0 are equal to SQLite: the last column says whether all numbers of a group are the same."""
_ALL_NUMBERS = "SELECT run_key, type, number, text FROM param WHERE name_key = :name AND number IS NOT NULL"
_LAST = "SELECT last, run_key FROM series WHERE name_key = :name ORDER BY last"
_LAST_BY_LABELS = "SELECT last, run_key FROM series WHERE name_key = :name ORDER BY labels DESC"
"""Of several processes of a run, the one that is shown comes last."""
_TAGS = "SELECT value, run_key FROM tag WHERE name_key = :name"
_HEADS = f"""
    SELECT {HEAD_COLUMNS}
    FROM json_each(:keys) AS w
    CROSS JOIN run AS r ON r.key = w.value
    LEFT JOIN project AS p ON p.key = r.project_key
"""


def column_values(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> dict[str, list[Any]]:
    """Give the values of columns as `run_rows` does, one a run in the order of `keys`, which are distinct; None where a run has none.

    A tag without a value is an empty text here. Times are milliseconds since 1970, durations milliseconds.

    Returns:
        By column id, a list of the length of `keys`.
    """
    values: dict[str, list[Any]] = {}
    places = _Places(keys)
    by_index = [column for column in columns if _is_read_by_index(column, len(keys))]
    of_head = [column for column in columns if column.source == "attribute" and ATTRIBUTES[column.name].in_head]
    with reader.snapshot() as connection, without_collecting():
        for column in by_index:
            values[column.id] = _INDEXED[column.source](connection, column.name_key, places)
        _put_unusual(
            connection, places, {column.name_key: values[column.id] for column in by_index if column.source == "param"}
        )
        _take_pending(reader, connection, places, [column for column in by_index if column.source == "metric"], values)
        values |= _heads(connection, keys, places, of_head)
        others = [column for column in columns if column.id not in values]
        if others:
            values |= _run_by_run(reader, keys, others)
    return values


def _is_read_by_index(column: Column, run_count: int) -> bool:
    if column.source == "tag":
        return True
    has_index = column.source == "param" or (column.source == "metric" and column.aggregate == "last" and not column.labels)  # fmt: skip
    return has_index and run_count > FEW_RUNS


class _Places:
    """Where each run stands in a list of runs; those that are not in it have the place behind its end."""

    def __init__(self, keys: Sequence[int]) -> None:
        self.count = len(keys)
        largest = max(keys, default=0)
        self._is_sparse = largest > _MAX_DENSE_KEY
        own_keys = np.array(keys, np.int64)
        self._order = np.argsort(own_keys, kind="stable")
        self._sorted = own_keys[self._order]
        self._place_by_key = np.full(0 if self._is_sparse else largest + 2, self.count, np.int64)
        if not self._is_sparse:
            self._place_by_key[own_keys] = np.arange(self.count)

    def of(self, keys: Sequence[int]) -> NDArray[np.int64]:
        """Give the places of runs; `count` for those that have none."""
        wanted = np.array(keys, np.int64)
        if not self._is_sparse:
            is_among = (wanted >= 0) & (wanted < len(self._place_by_key))
            return self._place_by_key[np.where(is_among, wanted, -1)]
        at = np.searchsorted(self._sorted, wanted)
        at[at == self.count] = 0
        return np.where(self._sorted[at] == wanted, self._order[at], self.count)

    def are_taken_twice(self, at: NDArray[np.int64]) -> bool:
        """Say whether a place of a run is there more than once."""
        is_taken = np.zeros(self.count + 1, bool)
        is_taken[at] = True
        return bool(np.count_nonzero(is_taken[: self.count]) < np.count_nonzero(at < self.count))

    def scattered(self, values: Sequence[Any], at: NDArray[np.int64]) -> list[Any]:
        """Put each value at its place, a later one over an earlier one; None where there is none."""
        column = self.empty()
        cells = np.empty(len(values), object)
        cells[:] = values
        column[at] = cells
        return self.listed(column)

    def empty(self) -> NDArray[Any]:
        """Give a column without values, one longer than the runs."""
        return np.empty(self.count + 1, object)

    def listed(self, column: NDArray[Any]) -> list[Any]:
        """Give a column as a list of the length of the runs."""
        cells: list[Any] = column[: self.count].tolist()
        return cells


_MAX_DENSE_KEY = 1 << 22
"""Up to this key of a run, places are looked up in an array rather than searched for."""
_NUMERIC = {int, float, type(None)}


def _param(connection: sqlite3.Connection, name_key: int, places: _Places) -> list[Any]:
    name = {"name": name_key}
    groups: list[tuple[Any, str, int]] = []
    if len(connection.execute(_DISTINCT, {**name, "most": FEW_VALUES + 1}).fetchall()) <= FEW_VALUES:
        groups = connection.execute(_GROUPS, name).fetchall()
    if groups and all(is_one_type for _, _, is_one_type in groups):
        cells = places.empty()
        for value, joined, _ in groups:
            cells[places.of(cell_of.keys_of(joined))] = value
        column = places.listed(cells)
    else:
        numbers, keys = _columns_of(connection.execute(_NUMBERS, name).fetchall())
        column = places.scattered(numbers, places.of(keys))
    if not set(map(type, column)) <= _NUMERIC:
        # Something else stands where a number was: damage, which only the type tells from a value.
        rows = connection.execute(_ALL_NUMBERS, name).fetchall()
        column = places.scattered([param_value(*cell) for _, *cell in rows], places.of([key for key, *_ in rows]))
    return column


def _put_unusual(connection: sqlite3.Connection, places: _Places, columns: Mapping[int, list[Any]]) -> None:
    """Put in the params that are not just numbers: by the key of their name, the column that they go to."""
    rows = [row for row in connection.execute(_UNUSUAL) if row[0] in columns] if columns else []
    for place, (name_key, _, *cell) in zip(places.of([row[1] for row in rows]).tolist(), rows, strict=True):
        if place < places.count:
            columns[name_key][place] = param_value(*cell)


def _metric(connection: sqlite3.Connection, name_key: int, places: _Places) -> list[Any]:
    name = {"name": name_key}
    lasts, keys = _columns_of(connection.execute(_LAST, name).fetchall())
    at = places.of(keys)
    if places.are_taken_twice(at):
        lasts, keys = _columns_of(connection.execute(_LAST_BY_LABELS, name).fetchall())
        at = places.of(keys)
    if not set(map(type, lasts)) <= {int, float}:
        # NaN is held as NULL; whatever else is no number is damage.
        lasts = [measured(last) for last in lasts]
    return places.scattered(lasts, at)


def _tag(connection: sqlite3.Connection, name_key: int, places: _Places) -> list[Any]:
    values, keys = _columns_of(connection.execute(_TAGS, {"name": name_key}).fetchall())
    return places.scattered([cell_of.text(value) for value in values], places.of(keys))


def _columns_of(rows: Sequence[tuple[Any, int]]) -> tuple[Sequence[Any], Sequence[int]]:
    values, keys = zip(*rows, strict=True) if rows else ((), ())
    return values, keys


_INDEXED = {"param": _param, "metric": _metric, "tag": _tag}


def _take_pending(
    reader: Reader,
    connection: sqlite3.Connection,
    places: _Places,
    columns: Sequence[Column],
    values: dict[str, list[Any]],
) -> None:
    """Put in the last values that were logged and are not in the catalog yet."""
    later = pending(reader, connection) if columns else {}
    id_by_name = {column.name: column.id for column in columns}
    for (run_id, labels, name), (_, _, points) in later.items():
        if name not in id_by_name:
            continue
        row = connection.execute("SELECT key FROM run WHERE id = :id", {"id": run_id}).fetchone()
        place = int(places.of([row[0]])[0]) if row is not None else places.count
        if place == places.count:
            continue
        column = values[id_by_name[name]]
        if not labels or column[place] is None:
            column[place] = float(points[-1])


def _heads(
    connection: sqlite3.Connection, keys: Sequence[int], places: _Places, columns: Sequence[Column]
) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {column.id: [None] * len(keys) for column in columns}
    if not columns:
        return values
    now_ms = clock.now_ms()
    rows = connection.execute(_HEADS, {"keys": orjson.dumps(list(keys)).decode()}).fetchall()
    by_field = head_columns(rows, now_ms)
    at = places.of(by_field["key"])
    for column in columns:
        values[column.id] = places.scattered(by_field[HEAD_FIELDS[column.name]], at)
        if column.name == "started":
            values[column.id] = [started_ms or None for started_ms in values[column.id]]
    return values


def _run_by_run(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {column.id: [None] * len(keys) for column in columns}
    for start in range(0, len(keys), RUNS_A_QUESTION):
        part = list(keys[start : start + RUNS_A_QUESTION])
        rows = run_rows(reader, part, columns)
        for place, key in enumerate(part, start):
            row = rows.get(key)
            if row is None:
                continue
            for column in columns:
                values[column.id][place] = row.cells.get(column.id)
    return values
