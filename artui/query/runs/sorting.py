"""Runs in order: by one column or by several, over indexes."""

from __future__ import annotations

import functools
import math
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from artui.catalog.cells import keys_of
from artui.model import DAMAGED
from artui.query.aggregates import AGGREGATES, FINITE
from artui.query.attributes import ATTRIBUTES
from artui.query.collation import HAS_TEXT, NAN, spelled_numbers
from artui.query.keys import key_list, name_key
from artui.query.runs.keyorder import KeyOrder
from artui.query.slices import FIRST_OF_SLICE, OF_SLICE, Series, bound, series_named

KEYS_BY_START = """
    SELECT key
    FROM run
    ORDER BY started_ms DESC, key DESC
"""
BY_START = KeyOrder("run", ("t.started_ms DESC", "t.key DESC"))
PARAM_ORDER = KeyOrder("param", ("t.number", "t.run_key"), ("t.name_key = :name", "t.number IS NOT NULL"))
PARAM_TEXT_ORDER = KeyOrder("param", ("t.text", "t.run_key"), ("t.name_key = :name", HAS_TEXT))
TAG_ORDER = KeyOrder("tag", ("t.value", "t.run_key"), ("t.name_key = :name",))
_PARAM_NUMBERS = """
    SELECT number, run_key
    FROM param
    WHERE name_key = :name
      AND number IS NOT NULL
"""
FIRST_SERIES = """NOT EXISTS (
    SELECT 1
    FROM series AS f
    WHERE f.run_key = t.run_key
      AND f.name_key = t.name_key
      AND f.labels < t.labels
)"""
"""If a run has several series of one name: the condition that `t` is the first of them by label."""


def metric_order(aggregate: str) -> KeyOrder:
    """Give the order of runs by a number of a metric's summary; runs whose number is NaN or infinite are not in it."""
    value = AGGREGATES.get(aggregate, AGGREGATES["last"])
    return KeyOrder(
        "series", (value, "t.run_key"), ("t.name_key = :name", f"{value} >= -{FINITE}", f"{value} <= {FINITE}")
    )


def odd_orders(aggregate: str) -> tuple[KeyOrder, ...]:
    """Give the runs that `metric_order` leaves out: those whose number is infinity, minus infinity, NaN."""
    value = AGGREGATES.get(aggregate, AGGREGATES["last"])
    conditions = (f"{value} > {FINITE}", f"{value} < -{FINITE}", f"{value} IS NULL")
    return tuple(KeyOrder("series", ("t.run_key",), ("t.name_key = :name", condition)) for condition in conditions)


def attribute_order(word: str) -> KeyOrder:
    """Give the order of the runs that have an attribute; for an unknown word, the order of their starts."""
    attribute = ATTRIBUTES.get(word)
    if attribute is None or not attribute.value:
        attribute = ATTRIBUTES["started"]
    conditions = (attribute.has_value,) if attribute.has_value else ()
    return KeyOrder("run", attribute.order, conditions, attribute.table.removeprefix("run AS t").lstrip())


class Sort(NamedTuple):
    """One column to sort by, by its id: `attribute:started`, `param:lr`, `metric:val/loss`, `metric.min:val/loss`, `tag:best`."""

    column: str
    is_descending: bool = False


NEWEST_FIRST = Sort("attribute:started", True)


def sorted_keys(
    connection: sqlite3.Connection, sorts: Sequence[Sort], *, within: Collection[int] | None = None
) -> list[int]:
    """Give the keys of all runs in order.

    In both directions the finite values come first, then, together, what diverged (infinity, minus infinity, NaN), then
    the runs that lack a value, newest first.

    Args:
        within: only these runs; for a few of them that is a fraction of the work.
    """
    scope = _Within(connection, within)
    keys = _of_runs(scope, _by_one(scope, sorts[-1] if sorts else NEWEST_FIRST))
    if len(sorts) < 2:
        return keys
    # From the least significant column to the most: equal values keep the order that they have so far.
    for sort in reversed(sorts[:-1]):
        rank = {key: i for i, key in enumerate(keys)}
        groups = [group for group in value_groups(connection, sort.column) if not _is_odd(group[0], sort)]
        if sort.is_descending:
            groups.reverse()
        groups += [(None, odd) for odd in _odd_keys(scope, sort)]
        ordered: list[int] = []
        seen: set[int] = set()
        for _, members in groups:
            if within is not None:
                members = [key for key in members if key in rank]
            fresh = [key for key in members if key not in seen] if not seen.isdisjoint(members) else members
            seen.update(fresh)
            try:
                ordered += sorted(fresh, key=rank.__getitem__) if len(fresh) > 1 else fresh
            except KeyError:  # a key of no run: rows of a damaged catalog may hold any
                ordered += sorted((key for key in set(fresh) if key in rank), key=rank.__getitem__)
        if len(ordered) < len(keys):
            ordered += [key for key in keys if key not in seen]
        keys = _of_runs(scope, ordered)
    return keys


def _of_runs(scope: _Within, keys: list[int]) -> list[int]:
    """Leave out keys that belong to no run, and repeated ones: rows of a damaged catalog may hold any."""
    if len(keys) == scope.count:
        return keys
    alive = set(scope.keys(BY_START))
    return [key for key in dict.fromkeys(keys) if key in alive]


class _Within:
    """Reads keys of all runs, or only of some."""

    def __init__(self, connection: sqlite3.Connection, within: Collection[int] | None) -> None:
        self.connection = connection
        self._within = None if within is None else orjson.dumps(list(within)).decode()
        self._count = None if within is None else len(within)

    def keys(self, order: KeyOrder, name: int | None = None, labels: Sequence[str] = ()) -> list[int]:
        """Give the keys in order.

        Args:
            name: key of the name of the param, metric or tag.
            labels: those of the slice, if the order asks for one.
        """
        statement = order.statement(is_within=self._within is not None)
        return key_list(self.connection, statement, {"name": name, "labels": bound(labels), "within": self._within})

    @functools.cached_property
    def count(self) -> int:
        if self._count is not None:
            return self._count
        return int(self.connection.execute("SELECT count(*) FROM run").fetchone()[0])


def _by_one(scope: _Within, sort: Sort) -> list[int]:
    source, _, name = sort.column.partition(":")
    if sort == NEWEST_FIRST:
        return scope.keys(BY_START)
    if source == "attribute":
        keys = scope.keys(attribute_order(name))
    elif source in ("param", "tag"):
        keys = _value_keys(scope, source, name_key(scope.connection, name))
    else:
        keys = _metric_keys(scope, series_named(scope.connection, name), source.partition(".")[2] or "last")
    if sort.is_descending:
        keys.reverse()
    keys += [key for odd in _odd_keys(scope, sort) for key in odd]
    if len(keys) < scope.count:
        present = set(keys)
        keys += [key for key in scope.keys(BY_START) if key not in present]
    return keys


def _value_keys(scope: _Within, source: str, name: int | None) -> list[int]:
    """Sort runs by a param or a tag: numbers first, those that are stored as text among them, then words."""
    words = scope.keys(PARAM_TEXT_ORDER if source == "param" else TAG_ORDER, name)
    spelled = spelled_numbers(scope.connection, source, name) if words else None
    held_as_numbers = scope.keys(PARAM_ORDER, name) if source == "param" else []
    if not spelled:
        return held_as_numbers + words
    with_words = set(words)
    numbers = [(number, key) for number, _, keys in spelled.numbers for key in keys if key in with_words]
    others = with_words.difference(spelled.nan, (key for _, key in numbers))
    if held_as_numbers:
        wanted = set(held_as_numbers)
        rows = scope.connection.execute(_PARAM_NUMBERS, {"name": name})
        numbers += [(number, key) for number, key in rows if key in wanted and isinstance(number, int | float)]
    return [key for _, key in sorted(numbers)] + [key for key in words if key in others]


def _metric_keys(scope: _Within, series: Series, aggregate: str) -> list[int]:
    """Sort runs by a metric. Of a run of several processes the first series by label decides, as in its cell."""
    order = metric_order(aggregate)
    if series.labels:
        return scope.keys(order.where(*_slice_conditions(series)), *series)
    keys = scope.keys(order, *series)
    distinct = set(keys)
    if len(distinct) == len(keys) and all(
        distinct.isdisjoint(scope.keys(odd, *series)) for odd in odd_orders(aggregate)
    ):
        return keys
    return scope.keys(order.where(FIRST_SERIES), *series)


def _slice_conditions(series: Series) -> tuple[str, ...]:
    """Give the conditions that a series is the one of a run that counts."""
    return (OF_SLICE, FIRST_OF_SLICE) if series.labels else (FIRST_SERIES,)


def _odd_keys(scope: _Within, sort: Sort) -> list[list[int]]:
    """Give the runs that diverged in a column: those at infinity, at minus infinity, at NaN."""
    source, _, column_name = sort.column.partition(":")
    if source == "attribute":
        return []
    name = name_key(scope.connection, column_name)
    if source in ("param", "tag"):
        words = set(scope.keys(PARAM_TEXT_ORDER if source == "param" else TAG_ORDER, name))
        spelled = spelled_numbers(scope.connection, source, name) if words else None
        return [[key for key in spelled.nan if key in words]] if spelled else []
    series = series_named(scope.connection, column_name)
    conditions = _slice_conditions(series)
    return [scope.keys(order.where(*conditions), *series) for order in odd_orders(source.partition(".")[2] or "last")]


def _is_odd(value: Any, sort: Sort) -> bool:
    """Say whether a value is NaN, or of a metric an infinite number."""
    return value is NAN or (sort.column.startswith("metric") and isinstance(value, float) and not math.isfinite(value))


# CROSS JOIN makes SQLite go through the runs, each by its own index, and not through all series of the name.
_SERIES_OF = """
    SELECT count(*)
    FROM json_each(:keys) AS w
    CROSS JOIN series AS t ON t.run_key = w.value AND t.name_key = :name AND t.labels >= ''
"""


def first_keys(connection: sqlite3.Connection, sort: Sort, limit: int) -> list[int] | None:
    """Give the first keys of `sorted_keys` by one column without sorting them all.

    None where that is not possible: fewer runs have a value, or runs have several series of the metric.
    """
    source, _, name = sort.column.partition(":")
    if source.startswith("metric") and series_named(connection, name).labels:
        return None
    named = name_key(connection, name) if source != "attribute" else None
    orders = _partial_orders(connection, source, name, named)
    keys: list[int] = []
    for order in reversed(orders) if sort.is_descending else orders:
        if len(keys) < limit:
            statement = order.turned(sort.is_descending).statement(limit=limit - len(keys))
            keys += key_list(connection, statement, {"name": named})
    if len(keys) < limit or len(set(keys)) < len(keys):
        return None
    if source.startswith("metric"):
        values = {"keys": orjson.dumps(keys).decode(), "name": named}
        if connection.execute(_SERIES_OF, values).fetchone()[0] != len(keys):
            return None
    return keys


def _partial_orders(connection: sqlite3.Connection, source: str, name: str, named: int | None) -> list[KeyOrder]:
    """Give orders that each use one index, and one after another are the order by a column; empty where there are none."""
    if source == "attribute" and name in ("status", "stage"):
        # One order for each of the few values: within one value the index has the order.
        codes = [row[0] for row in connection.execute(f"SELECT DISTINCT {name} FROM run ORDER BY {name}")]
        newest_first = KeyOrder("run", ("t.started_ms DESC", "t.key"))
        return [newest_first.where(f"t.{name} = {int(code)}") for code in codes if isinstance(code, int)]
    if source == "attribute" and name == "project":
        projects = [row[0] for row in connection.execute("SELECT key FROM project ORDER BY name")]
        newest_first = KeyOrder("run", ("t.started_ms DESC", "t.key"))
        return [newest_first.where(f"t.project_key = {int(key)}") for key in projects]
    if source == "attribute":
        return [attribute_order(name)]
    if source in ("param", "tag"):
        if spelled_numbers(connection, source, named):
            return []
        return [PARAM_ORDER, PARAM_TEXT_ORDER] if source == "param" else [TAG_ORDER]
    return [metric_order(source.partition(".")[2] or "last")]


def value_groups(connection: sqlite3.Connection, column: str) -> list[tuple[Any, list[int]]]:
    """Give the distinct values of a column in ascending order, each with the keys of the runs that have it.

    Runs without a value are in none. Values are as they are stored: a status is its code, a bool 0 or 1. Of params and
    tags a number that is held as text is that number. NaN comes last.
    """
    source, _, name = column.partition(":")
    if source == "attribute":
        attribute = ATTRIBUTES[name]
        condition = f"WHERE {attribute.has_value}" if attribute.has_value else ""
        query = f"""
            SELECT {attribute.value}, group_concat(t.key)
            FROM {attribute.table}
            {condition}
            GROUP BY {attribute.value}
            ORDER BY {attribute.sort_value}
        """
        return _grouped(connection, query, {})
    values = {"name": name_key(connection, name)}
    if source in ("param", "tag"):
        return _value_groups(connection, source, values)
    value = AGGREGATES.get(source.partition(".")[2] or "last", AGGREGATES["last"])
    series = series_named(connection, name)
    values = series.values
    labelled = "SELECT 1 FROM series AS t WHERE t.name_key = :name AND t.labels <> '' LIMIT 1"
    only = " ".join(f"AND {condition}" for condition in _slice_conditions(series)) if connection.execute(labelled, values).fetchone() else ""  # fmt: skip
    groups = _grouped(connection, _groups_of("series", value, f"{value} IS NOT NULL {only}"), values)
    diverged = f"SELECT t.run_key FROM series AS t WHERE t.name_key = :name AND {value} IS NULL {only}"
    keys = [key for (key,) in connection.execute(diverged, values) if isinstance(key, int)]
    return [*groups, (math.nan, keys)] if keys else groups


def _groups_of(table: str, value: str, condition: str) -> str:
    """Write a statement for the distinct values of the name `:name`, each with the keys of the runs that have it."""
    return f"""
        SELECT {value}, group_concat(t.run_key)
        FROM {table} AS t
        WHERE t.name_key = :name
          AND {condition}
        GROUP BY {value}
        ORDER BY {value}
    """


def _value_groups(connection: sqlite3.Connection, source: str, values: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    """Group runs by a param or a tag."""
    numbers: list[tuple[Any, list[int]]] = []
    if source == "param":
        numbers = _grouped(connection, _groups_of("param", "t.number", "t.number IS NOT NULL"), values)
    held, condition = ("t.text", HAS_TEXT) if source == "param" else ("t.value", "t.value IS NOT NULL")
    words = _grouped(connection, _groups_of(source, held, condition), values)
    spelled = spelled_numbers(connection, source, values["name"]) if words else None
    if not spelled:
        return numbers + words
    merged = dict(numbers)
    for number, _, keys in spelled.numbers:
        merged[number] = [*merged.get(number, []), *keys]
    numbers = sorted(pair for pair in merged.items() if isinstance(pair[0], int | float))
    damaged = [pair for pair in merged.items() if not isinstance(pair[0], int | float)]
    others = [(text, keys) for text, keys in words if text not in spelled.texts]
    return numbers + damaged + others + ([(NAN, list(spelled.nan))] if spelled.nan else [])


def _grouped(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, list[int]]]:
    return [
        (DAMAGED if isinstance(value, bytes) else value, keys_of(joined))
        for value, joined in connection.execute(query, values)
    ]


def resolved(connection: sqlite3.Connection, sorts: Iterable[Sort]) -> tuple[Sort, ...]:
    """Resolve an aggregate after a metric's name, as in `metric:val/acc.max`, unless a metric has exactly that name."""
    resolved_sorts = []
    for sort in sorts:
        source, _, name = sort.column.partition(":")
        base, dot, aggregate = name.rpartition(".")
        if source == "metric" and dot and aggregate in AGGREGATES and name_key(connection, name) is None:
            sort = Sort(f"metric.{aggregate}:{base}", sort.is_descending)
        resolved_sorts.append(sort)
    return tuple(resolved_sorts)
