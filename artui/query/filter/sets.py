"""Sets of runs: what the conditions of a filter become.

A condition gives the keys of the runs that it holds for, with one parameterised statement over an index. `and`,
`or` and `not` are operations on sets. Of several conditions the one that matches fewest runs comes first, and the
others are then only asked about those runs.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from artui.catalog.cells import keys_of, text
from artui.catalog.translate import TOO_MUCH
from artui.query.filter.parser import AnyPoint, Comparison, Nested, Word, error_at
from artui.query.keys import Kept, key_list, name_key
from artui.query.slices import has_several

if TYPE_CHECKING:
    from artui.query.filter.matching import Matcher

FEW = 2_000
"""For up to this many runs a further condition is checked run by run."""


class Condition(Protocol):
    """What a compiled part of a filter can be asked."""

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Give the keys of matching runs; it does not matter which of those outside of `within` are among them."""

    def estimate(self, scope: Scope) -> int:
        """Give how many runs match, roughly; a number of FEW or more means many."""


@contextlib.contextmanager
def blaming(test: Comparison | AnyPoint | Nested | Word) -> Iterator[None]:
    """Blame the filter rather than the file for what a statement cannot take.

    Raises:
        FilterError: a value cannot be bound, or there are more of them than a statement holds; it points at the condition.
    """
    try:
        yield
    except (OverflowError, UnicodeEncodeError, RecursionError) as error:
        raise error_at(test, "This is beyond what can be looked for.", "Write a simpler condition.") from error
    except sqlite3.Error as error:
        if not any(sign in str(error).lower() for sign in TOO_MUCH):
            raise
        raise error_at(test, "This is more than one condition can hold.", "Take some of its values away.") from error


def any_of(conditions: Sequence[str]) -> str:
    """Join conditions in SQL with OR, as a balanced tree: SQLite limits how deep they are nested."""
    parts = list(conditions)
    while len(parts) > 1:
        parts = [f"({' OR '.join(parts[i : i + 2])})" for i in range(0, len(parts), 2)]
    return f"({parts[0]})"


_TABLES = (
    ("metric", "series AS t WHERE t.name_key = :key"),
    ("param", "param AS t WHERE t.name_key = :key AND t.number IS NOT NULL"),
    ("param", "param AS t WHERE t.name_key = :key AND t.text IS NOT NULL"),
    ("tag", "tag AS t WHERE t.name_key = :key"),
)


class Scope:
    """A catalog, and the moment, that a filter is compiled for."""

    universe = "SELECT key FROM run"
    """SQL for all that a filter chooses from."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int, memory: Kept | None = None) -> None:
        self.connection = connection
        self.now_ms = now_ms
        self.memory = memory if memory is not None else Kept()
        self.notes: list[str] = []
        """What a user should know beside the answer, such as that no run has a name."""

    def set_of(self, query: str, values: dict[str, Any]) -> set[int]:
        """Give the keys in the one column of a query, which is named `key`."""
        return set(key_list(self.connection, query, values))

    def kept_set(self, query: str, values: dict[str, Any]) -> set[int]:
        """Like `set_of`, but cached: for queries that are likely to be repeated while somebody types."""
        key = (query, *sorted(values.items(), key=lambda item: item[0]))
        return set(self.memory.get(key, lambda: array("q", key_list(self.connection, query, values))))

    @functools.cached_property
    def all_keys(self) -> set[int]:
        """The keys of all that a filter chooses from."""
        return self.kept_set(self.universe, {})

    def names_by_key(self) -> dict[int, str]:
        """Give the names of all runs."""
        return self.memory.get("names", lambda: _names(self.connection))

    def name_key(self, text: str) -> int | None:
        """Give the key of the name of a param, a metric or a tag; None if it is unknown."""
        return name_key(self.connection, text)

    def has_several(self, key: int | None) -> bool:
        """Whether runs have several series of a metric."""
        return has_several(self.connection, key, self.memory)

    def sources_of(self, text: str) -> list[str]:
        """Say which of `metric`, `param` and `tag` runs have by that name."""
        key = self.name_key(text)
        if key is None:
            return []
        sources = [
            source
            for source, rows in _TABLES
            if self.connection.execute(f"SELECT 1 FROM {rows} LIMIT 1", {"key": key}).fetchone()
        ]
        return list(dict.fromkeys(sources))


def _names(connection: sqlite3.Connection) -> dict[int, str]:
    """Read all names; as one JSON text in half the time that rows take, unless a name cannot be written so."""
    keys = key_list(connection, "SELECT key FROM run ORDER BY name COLLATE NOCASE, key", {})
    query = "SELECT json_group_array(name) FROM (SELECT name FROM run ORDER BY name COLLATE NOCASE, key)"
    try:
        names = orjson.loads(connection.execute(query).fetchone()[0])
        "".join(names)  # nothing but texts
        return dict(zip(keys, names, strict=True))
    except (ValueError, TypeError, sqlite3.OperationalError):
        return {key: text(name) for key, name in connection.execute("SELECT key, name FROM run")}


@dataclass(slots=True)
class Rows:
    """Runs with a matching row in one table: a series, param or tag of one name, or the run itself."""

    table: str
    condition: str
    """SQL about the row, which is `t` in it."""
    values: dict[str, Any]
    name_key: int | None = None

    @property
    def _where(self) -> str:
        return self.condition if self.name_key is None else f"t.name_key = :name_key AND ({self.condition})"

    @property
    def _values(self) -> dict[str, Any]:
        return {**self.values, "name_key": self.name_key}

    @property
    def query(self) -> str:
        """The statement for the keys of all matching runs."""
        column = "t.key" if self.table == "run" else "t.run_key"
        return f"SELECT {column} AS key FROM {self.table} AS t WHERE {self._where}"

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Run the query, or look at the rows of a few runs one by one."""
        if within is None or len(within) > FEW:
            return scope.kept_set(self.query, self._values)
        column = "key" if self.table == "run" else "run_key"
        name = "" if self.name_key is None else "AND t.name_key = :name_key"
        if self.table == "series":
            # Always true: it makes the planner use the run's own index instead of an index of values.
            name += " AND t.labels >= ''"
        # The plus keeps the planner from using an index for the condition.
        query = (
            "SELECT w.value AS key FROM json_each(:within) AS w "
            f"WHERE EXISTS (SELECT 1 FROM {self.table} AS t WHERE t.{column} = w.value {name} AND +({self.condition}))"
        )
        return scope.set_of(query, {**self._values, "within": orjson.dumps(list(within)).decode()})

    def estimate(self, scope: Scope) -> int:
        """Count the rows, up to FEW."""
        query = f"SELECT count(*) FROM ({self.query} LIMIT {FEW})"
        return int(scope.connection.execute(query, self._values).fetchone()[0])


@dataclass(slots=True)
class Texts:
    """Runs whose text or number passes a predicate, which is asked once for each distinct value."""

    queries: tuple[tuple[str, dict[str, Any]], ...]
    """Each gives rows of a value and the keys that have it, joined by commas."""
    holds: Matcher
    name: str
    """The question in words: equal words give equal runs."""
    one_by_one: tuple[str, dict[str, Any]] | None = None
    """Gives (key, value) of the runs in `:within`, if there is such a query."""
    bounded: bool = False
    """Whether rows are usually few, so that counting them tells how many runs can match."""

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Test each distinct value, of all runs or of a few."""
        key = ("texts", self.name, *(query for query, _ in self.queries), *(str(values) for _, values in self.queries))
        if within is not None and len(within) <= FEW and self.one_by_one and scope.memory.peek(key) is None:
            return self._among(scope, within, *self.one_by_one)
        return set(scope.memory.get(key, lambda: array("q", self._matching(scope))))

    def _among(self, scope: Scope, within: set[int], query: str, values: dict[str, Any]) -> set[int]:
        """Look at the values of a few runs, each distinct one once."""
        bound_values = {**values, "within": orjson.dumps(list(within)).decode()}
        verdicts: dict[Any, bool] = {}
        matching: set[int] = set()
        for key, value in scope.connection.execute(query, bound_values):
            if value is None:
                continue
            holds = verdicts.get((type(value), value))
            if holds is None:
                holds = verdicts[type(value), value] = self.holds(value)
            if holds:
                matching.add(key)
        return matching

    def _matching(self, scope: Scope) -> set[int]:
        matching: set[int] = set()
        for query, values in self.queries:
            rows = scope.connection.execute(query, values)
            joined = ",".join(keys for value, keys in rows if value is not None and self.holds(value))
            if joined:
                matching.update(keys_of(joined))
        return matching

    def estimate(self, scope: Scope) -> int:
        """Count the rows if they are few as a rule, up to FEW."""
        if not self.bounded:
            return FEW
        counts = (
            scope.connection.execute(f"SELECT count(*) FROM ({query} LIMIT {FEW})", values).fetchone()[0]
            for query, values in self.queries
        )
        return min(FEW, sum(int(count) for count in counts))


@dataclass(slots=True)
class Computed:
    """Runs that a function gives."""

    function: Callable[[Scope, set[int] | None], set[int]]

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Call the function."""
        return self.function(scope, within)

    def estimate(self, scope: Scope) -> int:
        """Assume many runs: the function is not called for it."""
        return FEW + 1


@dataclass(slots=True)
class Blamed:
    """A condition with the part of the filter that it was made of, which its errors point at."""

    part: Condition
    test: Comparison | AnyPoint | Nested | Word

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Ask the condition; errors point at the filter."""
        with blaming(self.test):
            return self.part.keys(scope, within)

    def estimate(self, scope: Scope) -> int:
        """Estimate the condition; errors point at the filter."""
        with blaming(self.test):
            return self.part.estimate(scope)


@dataclass(slots=True)
class Nothing:
    """No run at all."""

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Give no key."""
        return set()

    def estimate(self, scope: Scope) -> int:
        """Give 0."""
        return 0


@dataclass(slots=True)
class Complement:
    """Runs that a condition does not match."""

    part: Condition

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Take the matching runs away from all, or from `within`."""
        universe = scope.all_keys if within is None else within
        return universe - self.part.keys(scope, within)

    def estimate(self, scope: Scope) -> int:
        """Assume many runs."""
        return FEW


@dataclass(slots=True)
class Intersection:
    """Runs that all conditions match."""

    parts: list[Condition]

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Ask the conditions one after another, each about the runs that are left."""
        remaining = within
        # For a few runs it does not matter which condition comes first.
        is_few = within is not None and len(within) <= FEW
        for part in self.parts if is_few else sorted(self.parts, key=lambda part: part.estimate(scope)):
            matching = part.keys(scope, remaining)
            remaining = matching if remaining is None else remaining & matching
            if not remaining:
                break
        return remaining if remaining is not None else set()

    def estimate(self, scope: Scope) -> int:
        """Take the smallest estimate of the parts."""
        return min(part.estimate(scope) for part in self.parts)


@dataclass(slots=True)
class Union:
    """Runs that at least one condition matches."""

    parts: list[Condition]

    def keys(self, scope: Scope, within: set[int] | None) -> set[int]:
        """Join the runs of all conditions."""
        matching: set[int] = set()
        for part in self.parts:
            matching |= part.keys(scope, within)
        return matching

    def estimate(self, scope: Scope) -> int:
        """Add up the estimates of the parts, up to FEW."""
        return min(FEW, sum(part.estimate(scope) for part in self.parts))


def flag(test: Comparison, holds: Condition, exists: Condition) -> Condition:
    """Make the condition of a test of a field that is true or false."""
    if test.operator in ("exists", "is not null"):
        return holds if test.operator == "exists" else exists
    if test.operator == "is null":
        return Complement(exists)
    word = test.values[0].text.lower() if len(test.values) == 1 else ""
    if test.operator not in ("=", "!=") or word not in ("true", "false", "yes", "no", "1", "0"):
        raise error_at(
            test, f"{test.field.shown} is true or false.", f"Write {test.field.shown} alone, or not {test.field.shown}."
        )
    is_wanted = (word in ("true", "yes", "1")) == (test.operator == "=")
    return holds if is_wanted else Intersection([exists, Complement(holds)])
