"""The cells of some rows of a list of runs, and the keys and ids of runs."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from artui import clock
from artui.catalog import cells as cell_of
from artui.model import DAMAGED, Column, ParamValue, RunHead, RunRow, course_id
from artui.query.aggregates import AGGREGATES
from artui.query.attributes import ATTRIBUTES, Attribute
from artui.query.direction import is_far_from_best
from artui.query.heads import HEAD_COLUMNS, head_of, param_value
from artui.query.slices import OF_SLICE, bound, has, title

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.series.spooled import Pending


REMARKED = """
    coalesce(r.note <> '', 0) + 2 * EXISTS (
        SELECT 1
        FROM event AS e
        JOIN name AS n ON n.text = json_extract(e.after, '$[0]')
        JOIN tag AS t ON t.run_key = r.key AND t.name_key = n.key
        WHERE e.subject_id = r.id AND e.subject = 'run' AND e.action = 'tag' AND json_valid(e.after)
    )"""
"""Says whether a run has a note, 1, and a tag that somebody gave it later, 2, or both: those that scripts set all their runs may have."""

REMARKS = range(1, 4)
"""What it says of a run that has any of them."""


def run_rows(
    reader: Reader, keys: Sequence[int], shown: Sequence[Column], sparks: Iterable[str] = ()
) -> dict[int, RunRow]:
    """Read the cells of some rows: heads, and the params and metrics of the columns shown.

    For the metric columns whose ids are in `sparks`, values for a sparkline come with them. Keys of runs that are
    gone are left out.
    """
    from artui.query.series.sparks import spark_values
    from artui.query.series.spooled import pending

    if not keys:
        return {}
    now_ms = clock.now_ms()
    params = {column.name_key: column.id for column in shown if column.source == "param"}
    metrics = {column.name_key: column for column in shown if column.source == "metric" and column.aggregate == "last" and not column.labels}  # fmt: skip
    spark_ids = set(sparks)
    # A damaged index may lead to rows of another run or name.
    cells: dict[int, dict[str, ParamValue]] = defaultdict(dict)
    series: list[tuple[int, int, str]] = []
    far: dict[int, set[str]] = defaultdict(set)
    with reader.snapshot() as connection:
        read_heads = connection.execute(
            f"SELECT {HEAD_COLUMNS}, {REMARKED} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key WHERE r.key IN ({marks(keys)})",
            list(keys),
        ).fetchall()
        heads = {row[0]: head_of(row, now_ms) for row in read_heads}
        remarks = {row[0]: row[-1] for row in read_heads if row[-1] in REMARKS}
        if params:
            for run_key, name_key, kind, number, text in connection.execute(
                f"SELECT run_key, name_key, type, number, text FROM param WHERE run_key IN ({marks(keys)}) AND name_key IN ({marks(params)})",
                [*keys, *params],
            ):
                if name_key in params:
                    cells[run_key][params[name_key]] = param_value(kind, number, text)
        if metrics:
            for key, run_key, name_key, last, *summary in connection.execute(
                f"SELECT key, run_key, name_key, last, first, min, max FROM series WHERE run_key IN ({marks(keys)}) AND name_key IN ({marks(metrics)}) ORDER BY labels",
                [*keys, *metrics],
            ):
                if name_key in metrics and metrics[name_key].id not in cells[run_key]:
                    column = metrics[name_key]
                    cells[run_key][column.id] = measured(last)
                    series.append((key, run_key, column.id))
                    if _is_far(column.name, last, *summary):
                        far[run_key].add(column.id)
        series += _read_others(connection, keys, shown, cells)
        if metrics or any(column.labels for column in shown):
            _take_pending(
                pending(reader, connection),
                heads,
                [column for column in shown if column.source == "metric" and column.aggregate == "last"],
                cells,
            )
        wanted = [key for key, _, column_id in series if column_id in spark_ids]
        drawn = spark_values(connection, wanted)
    by_run: dict[int, dict[str, Sequence[float]]] = {}
    for key, run_key, column_id in series:
        if key in drawn and column_id in spark_ids:
            by_run.setdefault(run_key, {})[column_id] = drawn[key]
    read = frozenset((*(column.id for column in shown), *map(course_id, spark_ids)))
    return {
        key: RunRow(head, cells[key], by_run.get(key, {}), frozenset(far.get(key, ())), read, remarks.get(key, 0))
        for key, head in heads.items()
    }


def _is_far(name: str, last: Any, first: Any, low: Any, high: Any) -> bool:
    """Say whether a series ended far from its best; not if its summary lacks a number."""
    if not all(isinstance(value, int | float) for value in (last, first, low, high)):
        return False
    return is_far_from_best(name, first=first, last=last, low=low, high=high)


def _read_others(
    connection: sqlite3.Connection,
    keys: Sequence[int],
    shown: Sequence[Column],
    cells: dict[int, dict[str, ParamValue]],
) -> list[tuple[int, int, str]]:
    """Read cells of the rarer kinds: other attributes, tags, aggregates of metrics.

    Returns:
        Of the aggregates: key of the series, key of the run, id of the column.
    """
    runs = marks(keys)
    series: list[tuple[int, int, str]] = []
    attributes = {
        column.id: ATTRIBUTES[column.name]
        for column in shown
        if column.source == "attribute" and column.name in ATTRIBUTES and not ATTRIBUTES[column.name].in_head
    }
    if attributes:
        stored = ", ".join(attribute.value for attribute in attributes.values())
        joins = " ".join(f"LEFT {attribute.join}" for attribute in attributes.values() if attribute.join)
        query = f"SELECT t.key, {stored} FROM run AS t {joins} WHERE t.key IN ({runs})"
        for key, *values in connection.execute(query, list(keys)):
            for (name, attribute), value in zip(attributes.items(), values, strict=True):
                if value is not None and value != "":
                    cells[key][name] = _attribute_cell(attribute, value)
    tags = {column.name_key: column.id for column in shown if column.source == "tag"}
    if tags:
        query = f"SELECT run_key, name_key, value FROM tag WHERE run_key IN ({runs}) AND name_key IN ({marks(tags)})"
        for key, name_key, value in connection.execute(query, [*keys, *tags]):
            if name_key in tags:
                cells[key][tags[name_key]] = cell_of.text(value) or "✓"
    for column in shown:
        if (
            column.source == "metric"
            and column.aggregate in AGGREGATES
            and (column.aggregate != "last" or column.labels)
        ):
            value = AGGREGATES[column.aggregate]
            which, asked = (OF_SLICE.replace(":labels", "?"), [bound(column.labels)]) if column.labels else ("1", [])
            query = f"SELECT t.key, t.run_key, {value}, t.last FROM series AS t WHERE t.run_key IN ({runs}) AND t.name_key = ? AND {which} ORDER BY t.labels"
            for series_key, key, cell, last in connection.execute(query, [*keys, column.name_key, *asked]):
                if column.id not in cells[key]:
                    # Without a finite point the summary has none: what the series became says more than NaN.
                    cells[key][column.id] = measured(last if cell is None and last in (math.inf, -math.inf) else cell)
                    series.append((series_key, key, column.id))
    return series


def _attribute_cell(attribute: Attribute, value: Any) -> ParamValue:
    """Read an attribute as it is stored; DAMAGED if it is not of its kind."""
    if attribute.kind == "flag":
        return bool(value) if value in (0, 1) else DAMAGED
    if attribute.is_numeric:
        return value if isinstance(value, int) else DAMAGED
    return cell_of.text(value)


HEAD_FIELDS = {
    "name": "name", "id": "id", "project": "project", "status": "status", "stage": "stage", "started": "started_ms", "ended": "ended_ms",
    "duration": "duration_ms", "parent": "parent_id",
}  # fmt: skip
"""By attribute the field of a `RunHead` that has it; a start of 0 is not known."""


def attribute_value(row: RunRow, name: str) -> ParamValue | None:
    """Give an attribute of a row, times in milliseconds since 1970 and durations in milliseconds."""
    if name not in HEAD_FIELDS:
        return row.cells.get(f"attribute:{name}")
    value: ParamValue | None = getattr(row.head, HEAD_FIELDS[name])
    return value or None if name == "started" else value


def run_ids(reader: Reader, keys: Sequence[int]) -> list[str]:
    """Give the ids of runs, in the order of their keys in `keys`."""
    with reader.snapshot() as connection:
        query = "SELECT r.key, r.id FROM json_each(:keys) AS w JOIN run AS r ON r.key = w.value"
        id_by_key = dict(connection.execute(query, {"keys": orjson.dumps(list(keys)).decode()}).fetchall())
    return [cell_of.text(id_by_key[key]) for key in keys if key in id_by_key]


def run_keys(reader: Reader, ids: Sequence[str]) -> list[int]:
    """Give the keys of runs, in the order of their ids; runs that are gone are left out."""
    with reader.snapshot() as connection:
        query = "SELECT r.id, r.key FROM json_each(:ids) AS w JOIN run AS r ON r.id = w.value"
        key_by_id = dict(connection.execute(query, {"ids": orjson.dumps(list(ids)).decode()}).fetchall())
    return [key_by_id[run_id] for run_id in ids if run_id in key_by_id]


def _take_pending(pending_series: Pending, heads: dict[int, RunHead], columns: Sequence[Column], cells: dict[int, dict[str, ParamValue]]) -> None:  # fmt: skip
    """Show the last values that were logged and are not in the catalog yet."""
    if not pending_series:
        return
    keys = {head.id: key for key, head in heads.items()}
    for (run_id, labels, name), (_, _, values) in pending_series.items():
        key = keys.get(run_id)
        if key is None:
            continue
        for column in columns:
            if _is_of(column, name, labels) and (labels == ",".join(column.labels) or column.id not in cells[key]):
                cells[key][column.id] = float(values[-1])


def _is_of(column: Column, name: str, labels: str) -> bool:
    """Whether a series of a metric may give the value of a column."""
    if not column.labels:
        return name == column.name
    return has(labels, column.labels) and title(name, column.labels) == column.name


def measured(cell: Any) -> ParamValue:
    """Read a value of a summary, which is NULL for NaN."""
    return cell if isinstance(cell, int | float) else float("nan") if cell is None else DAMAGED


def marks(values: Any) -> str:
    """Write one placeholder for each of some values: `?, ?, ?`."""
    return ", ".join("?" * len(values))
