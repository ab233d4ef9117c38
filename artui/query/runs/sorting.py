"""Runs in order: by one column or by several, over indexes."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from artui.catalog.cells import keys_of
from artui.model import DAMAGED
from artui.query.aggregates import AGGREGATES
from artui.query.collation import HAS_TEXT, NAN, spelled_numbers
from artui.query.keys import key_list, name_key

KEYS_BY_START = "SELECT key FROM run ORDER BY started_ms DESC, key DESC"
PARAM_ORDER = "SELECT run_key AS key FROM param WHERE name_key = :name AND number IS NOT NULL ORDER BY number, run_key"
PARAM_TEXT_ORDER = (
    "SELECT run_key AS key FROM param WHERE name_key = :name AND text IS NOT NULL AND NOT (text = 'null' AND param.type = 3) "
    "ORDER BY text, run_key"
)
_PARAM_NUMBERS = "SELECT number, run_key FROM param WHERE name_key = :name AND number IS NOT NULL"
TAG_ORDER = "SELECT run_key AS key FROM tag WHERE name_key = :name ORDER BY tag.value, run_key"
METRIC_ORDER = "SELECT run_key AS key FROM series WHERE name_key = :name AND last IS NOT NULL ORDER BY last, run_key"
METRIC_IS_NAN = "SELECT run_key AS key FROM series AS t WHERE t.name_key = :name AND {value} IS NULL"
_METRIC_ORDER = "SELECT t.run_key AS key FROM series AS t WHERE t.name_key = :name AND {value} IS NOT NULL ORDER BY {value}, t.run_key"
FIRST_SERIES = "NOT EXISTS (SELECT 1 FROM series AS f WHERE f.run_key = t.run_key AND f.name_key = t.name_key AND f.labels < t.labels)"
_FIRST_METRIC_ORDER = f"SELECT t.run_key AS key FROM series AS t WHERE t.name_key = :name AND {{value}} IS NOT NULL AND {FIRST_SERIES} ORDER BY {{value}}, t.run_key"

_ATTRIBUTE_ORDERS = {
    "name": "SELECT key FROM run ORDER BY name COLLATE NOCASE, key",
    "status": "SELECT key FROM run ORDER BY status, started_ms DESC, key",
    "started": "SELECT key FROM run WHERE started_ms <> 0 ORDER BY started_ms, key",
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


def sorted_keys(
    connection: sqlite3.Connection, sorts: Sequence[Sort], *, within: Collection[int] | None = None
) -> list[int]:
    """Give the keys of all runs in order; runs that lack a value come last, newest first, either way round.

    Args:
        within: only these runs. Of a few that is a fraction of the work.
    """
    scope = _Within(connection, within)
    keys = _of_runs(scope, _by_one(scope, sorts[-1] if sorts else NEWEST_FIRST))
    if len(sorts) < 2:
        return keys
    # From the least significant column to the most: within equal values what was found so far stays.
    for sort in reversed(sorts[:-1]):
        rank = {key: i for i, key in enumerate(keys)}
        groups = [group for group in value_groups(connection, sort.column) if group[0] is not NAN]
        if sort.is_descending:
            groups.reverse()
        ordered: list[int] = []
        seen: set[int] = set()
        for _, members in groups:
            if within is not None:
                members = [key for key in members if key in rank]
            fresh = [key for key in members if key not in seen] if not seen.isdisjoint(members) else members
            seen.update(fresh)
            try:
                ordered += sorted(fresh, key=rank.__getitem__) if len(fresh) > 1 else fresh
            except KeyError:  # of no run: rows of a damaged catalog lead anywhere
                ordered += sorted((key for key in set(fresh) if key in rank), key=rank.__getitem__)
        if len(ordered) < len(keys):
            ordered += [key for key in keys if key not in seen]
        keys = _of_runs(scope, ordered)
    return keys


def _of_runs(scope: _Within, keys: list[int]) -> list[int]:
    """Leave out what is the key of no run, or is there twice: rows of a damaged catalog lead anywhere."""
    if len(keys) == scope.count:
        return keys
    alive = set(scope.keys(KEYS_BY_START, {}))
    return [key for key in dict.fromkeys(keys) if key in alive]


_TABLES = (
    ("series", " AS t", " AND t.labels >= ''"), ("series", "", " AND series.labels >= ''"), ("param", "", ""), ("tag", "", ""),
)  # fmt: skip
"""Tables of what runs have, as our queries name them, with what lets the planner see that a run's own index says most."""


class _Within:
    """Asks for keys of all runs, or of some."""

    def __init__(self, connection: sqlite3.Connection, within: Collection[int] | None) -> None:
        self.connection = connection
        self._within = None if within is None else orjson.dumps(list(within)).decode()
        self._count = None if within is None else len(within)

    def keys(self, query: str, values: dict[str, Any]) -> list[int]:
        if self._within is None:
            return key_list(self.connection, query, values)
        for table, alias, more in _TABLES:
            found = f" FROM {table}{alias} WHERE "
            if found in query:
                # Crossed, so that the runs are gone through, each by its own index, and not all rows of the name.
                owner = alias.removeprefix(" AS ") or table
                joined = (
                    f" FROM json_each(:within) AS w CROSS JOIN {table}{alias} ON {owner}.run_key = w.value{more} WHERE "
                )
                query = query.replace(found, joined, 1)
                break
        else:
            query = f"SELECT key FROM ({query}) WHERE key IN (SELECT value FROM json_each(:within))"
        return key_list(self.connection, query, {**values, "within": self._within})

    @functools.cached_property
    def count(self) -> int:
        if self._count is not None:
            return self._count
        return int(self.connection.execute("SELECT count(*) FROM run").fetchone()[0])


def _by_one(scope: _Within, sort: Sort) -> list[int]:
    source, _, name = sort.column.partition(":")
    if source == "attribute":
        if name == "started" and sort.is_descending:
            return scope.keys(KEYS_BY_START, {})
        keys = scope.keys(_ATTRIBUTE_ORDERS.get(name, _ATTRIBUTE_ORDERS["started"]), {})
    else:
        values = {"name": name_key(scope.connection, name)}
        if source in ("param", "tag"):
            keys = _value_keys(scope, source, values)
        else:
            keys = _metric_keys(scope, values, source.partition(".")[2] or "last")
    if sort.is_descending:
        keys.reverse()
    if len(keys) < scope.count:
        present = set(keys)
        keys += [key for key in scope.keys(KEYS_BY_START, {}) if key not in present]
    return keys


def _value_keys(scope: _Within, source: str, values: dict[str, Any]) -> list[int]:
    """Sort runs by a param or a tag: numbers first, those that are held as text in their place among them, then words."""
    words = scope.keys(PARAM_TEXT_ORDER if source == "param" else TAG_ORDER, values)
    spelled = spelled_numbers(scope.connection, source, values["name"]) if words else None
    held_as_numbers = scope.keys(PARAM_ORDER, values) if source == "param" else []
    if not spelled:
        return held_as_numbers + words
    known = set(words)
    numbers = [(number, key) for number, _, keys in spelled.numbers for key in keys if key in known]
    others = known.difference(spelled.nan, (key for _, key in numbers))
    if held_as_numbers:
        wanted = set(held_as_numbers)
        rows = scope.connection.execute(_PARAM_NUMBERS, values)
        numbers += [(number, key) for number, key in rows if key in wanted and isinstance(number, int | float)]
    return [key for _, key in sorted(numbers)] + [key for key in words if key in others]


def _metric_keys(scope: _Within, values: dict[str, Any], aggregate: str) -> list[int]:
    """Sort runs by a metric. Of a run of several processes the first series by label decides, as in its cell."""
    value = AGGREGATES.get(aggregate, AGGREGATES["last"])
    query = METRIC_ORDER if aggregate == "last" else _METRIC_ORDER.format(value=value)
    keys = scope.keys(query, values)
    known = set(keys)
    if len(known) == len(keys) and known.isdisjoint(scope.keys(METRIC_IS_NAN.format(value=value), values)):
        return keys
    return scope.keys(_FIRST_METRIC_ORDER.format(value=value), values)


# Crossed, so that the runs are gone through, each by its own index: not all series of the name.
_SERIES_OF = "SELECT count(*) FROM json_each(:keys) AS w CROSS JOIN series AS t ON t.run_key = w.value AND t.name_key = :name AND t.labels >= ''"


def first_keys(connection: sqlite3.Connection, sort: Sort, limit: int) -> list[int] | None:
    """Give the first keys of `sorted_keys` by one column without sorting them all.

    None where that cannot be had so: fewer runs have a value, or runs have several series of the metric.
    """
    source, _, name = sort.column.partition(":")
    values: dict[str, Any] = {"name": name_key(connection, name)} if source != "attribute" else {}
    if source == "attribute" and name in ("status", "stage"):
        # Each of the few values by itself: within one the index has the order.
        codes = [row[0] for row in connection.execute(f"SELECT DISTINCT {name} FROM run ORDER BY {name}")]
        queries = [
            f"SELECT key FROM run WHERE {name} = {int(code)} ORDER BY started_ms DESC, key"
            for code in codes
            if isinstance(code, int)
        ]
    elif source == "attribute" and name == "project":
        projects = [row[0] for row in connection.execute("SELECT key FROM project ORDER BY name")]
        queries = [
            f"SELECT key FROM run WHERE project_key = {int(key)} ORDER BY started_ms DESC, key" for key in projects
        ]
    elif source == "attribute":
        queries = [_ATTRIBUTE_ORDERS.get(name, _ATTRIBUTE_ORDERS["started"])]
    elif source in ("param", "tag") and spelled_numbers(connection, source, values["name"]):
        return None
    elif source == "param":
        queries = [PARAM_ORDER, PARAM_TEXT_ORDER]
    elif source == "tag":
        queries = [TAG_ORDER]
    else:
        aggregate = source.partition(".")[2] or "last"
        queries = [METRIC_ORDER if aggregate == "last" else _METRIC_ORDER.format(value=AGGREGATES.get(aggregate, AGGREGATES["last"]))]  # fmt: skip
    keys: list[int] = []
    for query in reversed(queries) if sort.is_descending else queries:
        if len(keys) < limit:
            query = _turned(query) if sort.is_descending else query
            keys += key_list(connection, f"{query} LIMIT {limit - len(keys)}", values)
    if len(keys) < limit or len(set(keys)) < len(keys):
        return None
    if source.startswith("metric"):
        told = {"keys": orjson.dumps(keys).decode(), **values}
        if connection.execute(_SERIES_OF, told).fetchone()[0] != len(keys):
            return None
    return keys


def _turned(query: str) -> str:
    """Turn the order of one of our queries round."""
    head, by, terms = query.partition(" ORDER BY ")
    # A comma in parentheses is one of a term.
    each = re.split(r", (?![^(]*\))", terms)
    turned = [term.removesuffix(" DESC") if term.endswith(" DESC") else f"{term} DESC" for term in each]
    return f"{head}{by}{', '.join(turned)}"


_GROUPS = {
    "name": ("t.name", "run AS t", ""),
    "status": ("t.status", "run AS t", ""),
    "stage": ("t.stage", "run AS t", ""),
    "started": ("t.started_ms", "run AS t", "t.started_ms <> 0"),
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

    Runs without a value are in none. Values are as they are stored: a status is its code, a bool 0 or 1. Of params and
    tags a number that is held as text is that number, and NaN comes last.
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
    if source in ("param", "tag"):
        return _value_groups(connection, source, values)
    value = AGGREGATES.get(source.partition(".")[2] or "last", AGGREGATES["last"])
    labelled = "SELECT 1 FROM series AS t WHERE t.name_key = :name AND t.labels <> '' LIMIT 1"
    only = f"AND {FIRST_SERIES}" if connection.execute(labelled, values).fetchone() else ""
    return _grouped(
        connection,
        f"SELECT {value}, group_concat(t.run_key) FROM series AS t WHERE t.name_key = :name AND {value} IS NOT NULL {only} GROUP BY {value} ORDER BY {value}",
        values,
    )


def _value_groups(connection: sqlite3.Connection, source: str, values: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    """Group runs by a param or a tag."""
    grouped = "SELECT {held}, group_concat(t.run_key) FROM {source} AS t WHERE t.name_key = :name AND {condition} GROUP BY {held} ORDER BY {held}"
    numbers: list[tuple[Any, list[int]]] = []
    if source == "param":
        query = grouped.format(held="t.number", source=source, condition="t.number IS NOT NULL")
        numbers = _grouped(connection, query, values)
    held, condition = ("t.text", HAS_TEXT) if source == "param" else ("t.value", "t.value IS NOT NULL")
    words = _grouped(connection, grouped.format(held=held, source=source, condition=condition), values)
    spelled = spelled_numbers(connection, source, values["name"]) if words else None
    if not spelled:
        return numbers + words
    merged = dict(numbers)
    for number, _, keys in spelled.numbers:
        merged[number] = [*merged.get(number, []), *keys]
    numbers = sorted(pair for pair in merged.items() if isinstance(pair[0], int | float))
    damaged = [pair for pair in merged.items() if not isinstance(pair[0], int | float)]
    others = [(text, keys) for text, keys in words if text not in spelled.texts]
    return numbers + damaged + others + ([(NAN, spelled.nan)] if spelled.nan else [])


def _grouped(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    return [
        (DAMAGED if isinstance(value, bytes) else value, keys_of(joined))
        for value, joined in connection.execute(query, values)
    ]


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
