"""Runs in order: by one column or by several, over indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from artui.errors import UsageError
from artui.query.aggregates import AGGREGATES
from artui.query.keys import key_list, name_key

KEYS_BY_START = "SELECT key FROM run ORDER BY started_ms DESC, key DESC"
PARAM_ORDER = "SELECT run_key AS key FROM param WHERE name_key = :name AND number IS NOT NULL ORDER BY number, run_key"
PARAM_TEXT_ORDER = "SELECT run_key AS key FROM param WHERE name_key = :name AND text IS NOT NULL ORDER BY text, run_key"
TAG_ORDER = "SELECT run_key AS key FROM tag WHERE name_key = :name ORDER BY value, run_key"
METRIC_ORDER = "SELECT run_key AS key FROM series WHERE name_key = :name AND last IS NOT NULL ORDER BY last, run_key"
METRIC_IS_NAN = "SELECT run_key AS key FROM series AS t WHERE t.name_key = :name AND {value} IS NULL"
_METRIC_ORDER = "SELECT t.run_key AS key FROM series AS t WHERE t.name_key = :name AND {value} IS NOT NULL ORDER BY {value}, t.run_key"
_FIRST_SERIES = "NOT EXISTS (SELECT 1 FROM series AS f WHERE f.run_key = t.run_key AND f.name_key = t.name_key AND f.labels < t.labels)"
_FIRST_METRIC_ORDER = f"SELECT t.run_key AS key FROM series AS t WHERE t.name_key = :name AND {{value}} IS NOT NULL AND {_FIRST_SERIES} ORDER BY {{value}}, t.run_key"

_ATTRIBUTE_ORDERS = {
    "name": "SELECT key FROM run ORDER BY name COLLATE NOCASE, key",
    "status": "SELECT key FROM run ORDER BY status, started_ms DESC, key",
    "started": "SELECT key FROM run ORDER BY started_ms, key",
    "ended": "SELECT key FROM run WHERE ended_ms IS NOT NULL ORDER BY ended_ms, key",
    "duration": "SELECT key FROM run WHERE duration_ms IS NOT NULL ORDER BY duration_ms, key",
    "project": "SELECT r.key AS key FROM run AS r JOIN project AS p ON p.key = r.project_key ORDER BY p.name, r.started_ms DESC, r.key",
    "stage": "SELECT key FROM run ORDER BY stage, started_ms DESC, key",
    "id": "SELECT key FROM run ORDER BY id",
    "user": "SELECT key FROM run WHERE user <> '' ORDER BY user, started_ms DESC, key",
    "host": "SELECT key FROM run WHERE host <> '' ORDER BY host, started_ms DESC, key",
    "commit": "SELECT key FROM run WHERE git_commit <> '' ORDER BY git_commit, started_ms DESC, key",
    "branch": "SELECT key FROM run WHERE git_branch <> '' ORDER BY git_branch, started_ms DESC, key",
    "note": "SELECT key FROM run WHERE note <> '' ORDER BY note, started_ms DESC, key",
    "parent": "SELECT key FROM run WHERE parent_id IS NOT NULL ORDER BY parent_id, started_ms DESC, key",
}
SORTABLE = tuple(_ATTRIBUTE_ORDERS)


@dataclass(frozen=True, slots=True)
class Sort:
    """One column to sort by, by its id: `attribute:started`, `param:lr`, `metric:val/loss`, `metric.min:val/loss`, `tag:best`."""

    column: str
    is_descending: bool = False


NEWEST_FIRST = Sort("attribute:started", True)


def sorted_keys(connection: sqlite3.Connection, sorts: Sequence[Sort]) -> list[int]:
    """Give the keys of all runs in order; runs that lack a value come last, newest first, either way round."""
    keys = _by_one(connection, sorts[-1] if sorts else NEWEST_FIRST)
    if len(sorts) < 2:
        return keys
    # From the least significant column to the most: within equal values what was found so far stays.
    for sort in reversed(sorts[:-1]):
        rank = {key: i for i, key in enumerate(keys)}
        groups = value_groups(connection, sort.column)
        if sort.is_descending:
            groups.reverse()
        ordered: list[int] = []
        seen: set[int] = set()
        for _, members in groups:
            fresh = [key for key in members if key not in seen] if not seen.isdisjoint(members) else members
            seen.update(fresh)
            ordered += sorted(fresh, key=rank.__getitem__) if len(fresh) > 1 else fresh
        if len(ordered) < len(keys):
            ordered += [key for key in keys if key not in seen]
        keys = ordered
    return keys


def _by_one(connection: sqlite3.Connection, sort: Sort) -> list[int]:
    source, _, name = sort.column.partition(":")
    if source == "attribute":
        if name == "started" and sort.is_descending:
            return key_list(connection, KEYS_BY_START, {})
        keys = key_list(connection, _ATTRIBUTE_ORDERS.get(name, _ATTRIBUTE_ORDERS["started"]), {})
    else:
        values = {"name": name_key(connection, name)}
        if source == "param":
            keys = key_list(connection, PARAM_ORDER, values) + key_list(connection, PARAM_TEXT_ORDER, values)
        elif source == "tag":
            keys = key_list(connection, TAG_ORDER, values)
        else:
            keys = _metric_keys(connection, values, source.partition(".")[2] or "last")
    if sort.is_descending:
        keys.reverse()
    if len(keys) < connection.execute("SELECT count(*) FROM run").fetchone()[0]:
        present = set(keys)
        keys += [key for key in key_list(connection, KEYS_BY_START, {}) if key not in present]
    return keys


def _metric_keys(connection: sqlite3.Connection, values: dict[str, Any], aggregate: str) -> list[int]:
    """Sort runs by a metric. Of a run of several processes the first series by label decides, as in its cell."""
    value = AGGREGATES.get(aggregate, AGGREGATES["last"])
    query = METRIC_ORDER if aggregate == "last" else _METRIC_ORDER.format(value=value)
    keys = key_list(connection, query, values)
    known = set(keys)
    if len(known) == len(keys) and known.isdisjoint(key_list(connection, METRIC_IS_NAN.format(value=value), values)):
        return keys
    return key_list(connection, _FIRST_METRIC_ORDER.format(value=value), values)


_GROUPS = {
    "name": ("t.name", "run AS t", ""),
    "status": ("t.status", "run AS t", ""),
    "stage": ("t.stage", "run AS t", ""),
    "started": ("t.started_ms", "run AS t", ""),
    "ended": ("t.ended_ms", "run AS t", "t.ended_ms IS NOT NULL"),
    "duration": ("t.duration_ms", "run AS t", "t.duration_ms IS NOT NULL"),
    "project": ("p.name", "run AS t JOIN project AS p ON p.key = t.project_key", ""),
    "id": ("t.id", "run AS t", ""),
    "user": ("t.user", "run AS t", "t.user <> ''"),
    "host": ("t.host", "run AS t", "t.host <> ''"),
    "commit": ("t.git_commit", "run AS t", "t.git_commit <> ''"),
    "branch": ("t.git_branch", "run AS t", "t.git_branch <> ''"),
    "note": ("t.note", "run AS t", "t.note <> ''"),
    "parent": ("t.parent_id", "run AS t", "t.parent_id IS NOT NULL"),
}


def value_groups(connection: sqlite3.Connection, column: str) -> list[tuple[Any, list[int]]]:
    """Give the distinct values of a column in ascending order, each with the keys of the runs that have it.

    Runs without a value are in none. Values are as they are stored: a status is its code, a bool 0 or 1.
    """
    source, _, name = column.partition(":")
    if source == "attribute":
        value, table, condition = _GROUPS[name]
        where = f"WHERE {condition}" if condition else ""
        order = f"{value} COLLATE NOCASE" if name == "name" else value
        return _grouped(
            connection,
            f"SELECT {value}, group_concat(t.key) FROM {table} {where} GROUP BY {value} ORDER BY {order}",
            {},
        )
    values = {"name": name_key(connection, name)}
    if source == "tag":
        return _grouped(
            connection,
            "SELECT t.value, group_concat(t.run_key) FROM tag AS t WHERE t.name_key = :name GROUP BY t.value ORDER BY t.value",
            values,
        )
    if source == "param":
        return [
            group
            for kind in ("number", "text")
            for group in _grouped(
                connection,
                f"SELECT t.{kind}, group_concat(t.run_key) FROM param AS t WHERE t.name_key = :name AND t.{kind} IS NOT NULL GROUP BY t.{kind} ORDER BY t.{kind}",
                values,
            )
        ]
    value = AGGREGATES.get(source.partition(".")[2] or "last", AGGREGATES["last"])
    labelled = "SELECT 1 FROM series AS t WHERE t.name_key = :name AND t.labels <> '' LIMIT 1"
    only = f"AND {_FIRST_SERIES}" if connection.execute(labelled, values).fetchone() else ""
    return _grouped(
        connection,
        f"SELECT {value}, group_concat(t.run_key) FROM series AS t WHERE t.name_key = :name AND {value} IS NOT NULL {only} GROUP BY {value} ORDER BY {value}",
        values,
    )


def _grouped(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    return [(value, orjson.loads(f"[{joined}]")) for value, joined in connection.execute(query, values)]


def sort_of(text: str) -> Sort:
    """Read `started`, `-params.lr`, `metrics.val/loss`, `metrics.val/acc.max` or `tags.best`; a `-` turns it round.

    Raises:
        UsageError: it is neither an attribute nor starts with `params.`, `metrics.` or `tags.`.
    """
    is_descending = text.startswith("-")
    name = text[1:] if is_descending else text
    for prefix, source in (("params.", "param"), ("metrics.", "metric"), ("tags.", "tag")):
        if name.startswith(prefix):
            return Sort(f"{source}:{name.removeprefix(prefix)}", is_descending)
    if name not in SORTABLE:
        raise UsageError(
            f"{name!r} is no column to sort by.",
            remedy=f"Use {', '.join(SORTABLE)}, params.NAME, metrics.NAME or tags.NAME.",
        )
    return Sort(f"attribute:{name}", is_descending)


def resolved(connection: sqlite3.Connection, sorts: Iterable[Sort]) -> tuple[Sort, ...]:
    """Read an aggregate behind a metric's name, as in `metric:val/acc.max`, unless a metric has just that name."""
    found = []
    for sort in sorts:
        source, _, name = sort.column.partition(":")
        base, dot, aggregate = name.rpartition(".")
        if source == "metric" and dot and aggregate in AGGREGATES and name_key(connection, name) is None:
            sort = Sort(f"metric.{aggregate}:{base}", sort.is_descending)
        found.append(sort)
    return tuple(found)
