"""From a filter's tree to the sets of runs that match.

A condition on a value holds for runs that have one: `lr != 0.1` needs an `lr`, `not lr = 0.1` does not. Of a run
of several processes it is enough if one series matches.
"""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from artui import clock
from artui.catalog.cells import storable
from artui.catalog.standing import is_named
from artui.model import ParamType
from artui.query.aggregates import AGGREGATES, FINITE
from artui.query.collation import HAS_TEXT, HELD, IS_NONE, may_spell, spelling_queries
from artui.query.filter import search
from artui.query.filter.conditions import attribute_condition, runs_beside
from artui.query.filter.kinds import note_kinds
from artui.query.filter.matching import COMPARE, among_numbers, as_text, matcher, spoken
from artui.query.filter.parser import (
    COMPARISONS,
    And,
    AnyPoint,
    Comparison,
    Nested,
    Node,
    Not,
    Or,
    Word,
    error_at,
    names_attribute,
)
from artui.query.filter.points import any_point
from artui.query.filter.resolve import Meaning, meaning_of
from artui.query.filter.series import of_series
from artui.query.filter.sets import (
    FEW,
    Blamed,
    Complement,
    Computed,
    Condition,
    Intersection,
    Nothing,
    Rows,
    Scope,
    Texts,
    Union,
    blaming,
    flag,
)
from artui.query.filter.versions import VersionScope, compile_versions
from artui.query.spelling import bindable, is_nan, number_in

if TYPE_CHECKING:
    from artui.query.filter.values import Value
    from artui.query.keys import Kept


def matching_keys(
    connection: sqlite3.Connection,
    node: Node,
    *,
    now_ms: int | None = None,
    notes: list[str] | None = None,
    memory: Kept | None = None,
) -> set[int]:
    """Give the keys of all runs that a filter matches, deleted ones among them.

    Args:
        notes: collects sentences that a user should see beside the answer.
        memory: the cache of the catalog's present state; what is read is kept in it.

    Raises:
        FilterError: a field means nothing in this catalog, a value does not fit it, or a pattern takes too long.
    """
    scope = Scope(connection, now_ms if now_ms is not None else clock.now_ms(), memory)
    keys = compile_node(node, scope).keys(scope, None)
    if notes is not None:
        notes += scope.notes
    return keys


_CHUNKS = (400, 1200, 1800)
"""Numbers of runs, in order, that are tried one after another for a first page."""


def first_matching(
    connection: sqlite3.Connection,
    node: Node,
    ordered: Callable[[], Sequence[int] | None],
    limit: int,
    hidden: set[int],
    memory: Kept,
) -> list[int] | None:
    """Give the first keys of an order that a filter matches, without looking at all runs.

    None if that would take as long as the whole answer: few runs match, or they come late in the order.

    Raises:
        FilterError: as `matching_keys`.
    """
    scope = Scope(connection, clock.now_ms(), memory)
    condition = compile_node(node, scope)
    if condition.estimate(scope) < FEW:
        return None
    keys = ordered()
    if keys is None:
        return None
    page: list[int] = []
    start = 0
    for count in _CHUNKS:
        chunk = [key for key in keys[start : start + count] if key not in hidden]
        matching = condition.keys(scope, set(chunk))
        page += [key for key in chunk if key in matching]
        if len(page) >= limit:
            return page[:limit]
        start += count
    return None


def compile_node(node: Node, scope: Scope) -> Condition:
    """Make a condition of a tree.

    Raises:
        FilterError: a field means nothing in this catalog, or a value does not fit it.
    """
    if isinstance(node, And):
        return Intersection([compile_node(part, scope) for part in node.parts])
    if isinstance(node, Or):
        return Union([compile_node(part, scope) for part in node.parts])
    if isinstance(node, Not):
        return Complement(compile_node(node.part, scope))
    # Names are looked up at once, values when the condition is asked.
    with blaming(node):
        if isinstance(node, Word):
            made: Condition = Computed(lambda scope, within: _runs_with_word(scope, node.text, within))
        elif isinstance(node, AnyPoint):
            made = any_point(node, scope)
        elif isinstance(node, Nested):
            made = _nested(node, scope)
        else:
            made = _test(node, scope)
    return Blamed(made, node)


def _nested(node: Nested, scope: Scope) -> Condition:
    """Find runs by the versions that they used or made."""
    name = node.field.name.lower()
    if name not in ("input", "output", "artifact"):
        raise error_at(node.field, f"{node.field.name} is of a version, not of a run.", "Write input, output or artifact before the parentheses.")  # fmt: skip
    versions = compile_versions(node.part, VersionScope(scope.connection, scope.now_ms, scope.memory), run_keys)
    return Computed(lambda scope, within: runs_beside(scope, name, versions.keys(VersionScope(scope.connection, scope.now_ms, scope.memory), None)))  # fmt: skip


def run_keys(node: Node, scope: Scope) -> Callable[[], set[int]]:
    """Compile a filter of runs for one of versions: what is given back names the runs that match, without deleted ones."""
    runs = Scope(scope.connection, scope.now_ms, scope.memory)
    condition = compile_node(node, runs)

    def keys() -> set[int]:
        return condition.keys(runs, None) - runs.set_of("SELECT key FROM run WHERE deleted_ms IS NOT NULL", {})

    return keys


def matching_versions(
    connection: sqlite3.Connection, node: Node, *, now_ms: int | None = None, notes: list[str] | None = None, memory: Kept | None = None,
    is_of_all: bool = False,
) -> set[int]:  # fmt: skip
    """Give the keys of all versions that a filter matches. Arguments and errors are those of `matching_keys`.

    Deleted ones, and retired ones that no alias names, are among them only if the filter asks about that, or with `is_of_all`.
    """
    scope = VersionScope(connection, now_ms if now_ms is not None else clock.now_ms(), memory)
    keys = compile_versions(node, scope, run_keys).keys(scope, None) & scope.all_keys
    if not is_of_all and not names_attribute(node, "deleted"):
        keys -= scope.set_of("SELECT key FROM version WHERE deleted_ms IS NOT NULL", {})
    if not is_of_all and not (names_attribute(node, "retired") or names_attribute(node, "archived")):
        keys -= scope.set_of(
            f"SELECT v.key FROM retirement AS t JOIN version AS v ON v.key = t.version_key WHERE NOT {is_named('v')}",
            {},
        )
    if notes is not None:
        notes += scope.notes
    return keys


def _runs_with_word(scope: Scope, text: str, within: set[int] | None) -> set[int]:
    if within is not None and len(within) <= FEW and scope.memory.peek(("word", text)) is None:
        held = search.runs_holding(scope.connection, text, within=within)
        return held | (search.runs_of_status(scope.connection, text, scope.now_ms) & within)
    cached = scope.memory.get(("word", text), lambda: array("q", search.runs_holding(scope.connection, text)))
    # Which runs are lost depends on the time as well as on the file, so it is not cached.
    return search.runs_of_status(scope.connection, text, scope.now_ms).union(cached)


def _test(test: Comparison, scope: Scope) -> Condition:
    meaning = meaning_of(test.field, scope)
    if meaning.source == "attribute":
        return attribute_condition(test, meaning.name, scope)
    if meaning.name_key is None:
        # Check the values all the same: an error should not wait for the first run that has such a metric.
        _check_values(test, meaning, scope)
        return Complement(Nothing()) if test.operator == "is null" else Nothing()
    if test.operator == "is null" and meaning.aggregate != "diverged":
        exists = _existing(meaning, scope)
        return Complement(exists)
    if test.operator in ("exists", "is not null") and meaning.aggregate != "diverged":
        return _existing(meaning, scope)
    if meaning.source == "metric":
        return _metric(test, meaning, scope)
    note_kinds(test, meaning, scope)
    return _param(test, meaning, scope) if meaning.source == "param" else _tag(test, meaning, scope)


def _existing(meaning: Meaning, scope: Scope) -> Condition:
    if meaning.source == "param":
        # Each over its own index: a row has a number or a text.
        having = ("t.number IS NOT NULL", HAS_TEXT)
        return Union([Rows("param", condition, {}, meaning.name_key) for condition in having])
    return of_series("1", {}, meaning, scope) if meaning.source == "metric" else Rows("tag", "1", {}, meaning.name_key)


def _check_values(test: Comparison, meaning: Meaning, scope: Scope) -> None:
    if meaning.source == "metric":
        _metric(test, meaning, scope)
    elif test.operator in ("~", "!~"):
        matcher(test)


# Metrics


def _metric(test: Comparison, meaning: Meaning, scope: Scope) -> Condition:
    expression = AGGREGATES[meaning.aggregate]
    if meaning.aggregate == "diverged":
        # One query a part, each over the index of last values: joined by OR they would scan all of it.
        parts = ("t.last IS NULL", f"t.last > {FINITE}", f"t.last < -{FINITE}")
        diverged = Union([of_series(part, {}, meaning, scope) for part in parts])
        return flag(test, diverged, _existing(meaning, scope))
    operator = test.operator
    if operator in ("is nan", "is not nan"):
        return of_series(f"{expression} IS {'NOT ' if 'not' in operator else ''}NULL", {}, meaning, scope)
    if operator in ("exists", "is null", "is not null"):
        return _existing(meaning, scope)
    if operator not in ("=", "!=", "in", "not in", *COMPARISONS):
        raise error_at(
            test,
            f"A metric is a number, and {operator} looks at text.",
            f"Write {test.field.shown} < 0.5, for example.",
        )
    numbers = [_metric_number(test, value) for value in test.values]
    if operator in COMPARISONS:
        if math.isnan(numbers[0]):
            return Nothing()
        return of_series(f"{expression} {operator} :v0", {"v0": numbers[0]}, meaning, scope)
    finite = [number for number in numbers if not math.isnan(number)]
    values = {f"v{i}": number for i, number in enumerate(finite)}
    same = f"{expression} IN ({', '.join(f':v{i}' for i in range(len(finite)))})"
    has_nan = len(finite) < len(numbers)
    # NULL stands for NaN, which `= nan` finds and which differs from every number.
    if operator in ("=", "in"):
        condition = f"({same} OR {expression} IS NULL)" if has_nan else same
    else:
        condition = f"({expression} IS NOT NULL AND NOT {same})" if has_nan else f"({expression} IS NULL OR NOT {same})"
    return of_series(condition, values, meaning, scope)


def _metric_number(test: Comparison, value: Value) -> float:
    quantity = value.quantity
    if quantity is None:
        raise error_at(
            value,
            f"{value.text!r} is not a number, and {test.field.shown} is one.",
            "Write a number such as 0.3, 1e-4, 10k, 10MB, 2h30m or nan.",
        )
    return bindable(quantity)


# Params and tags


def _param(test: Comparison, meaning: Meaning, scope: Scope) -> Condition:
    operator = test.operator
    if operator in ("is nan", "is not nan"):
        return _nan(test, meaning, scope)
    if operator in ("=", "in"):
        return _same_param(test, meaning)
    if operator in ("!=", "not in"):
        return Intersection([_existing(meaning, scope), Complement(_same_param(test, meaning))])
    if operator in COMPARISONS:
        value = test.values[0]
        number = value.quantity
        if number is None:
            condition = f"{HAS_TEXT} AND t.text {operator} :v0"
            return Rows("param", condition, {"v0": storable(value.text)}, meaning.name_key)
        if is_nan(number):
            return Nothing()
        condition = f"t.number IS NOT NULL AND t.number {operator} :v0"
        held_as_numbers = Rows("param", condition, {"v0": bindable(number)}, meaning.name_key)
        compare = COMPARE[operator]
        return Union([held_as_numbers, _spelled(test, meaning, lambda held: compare(held, number))])

    holds = matcher(test)
    texts, numbers = HAS_TEXT, "t.number IS NOT NULL"
    is_bool = f"t.type = {int(ParamType.BOOL)}"
    grouped = "SELECT {value}, group_concat(t.run_key) FROM param AS t WHERE t.name_key = :name_key AND {which} GROUP BY {value}"
    values = {"name_key": meaning.name_key}
    # A bool is stored as 0 or 1 and read as false or true; the other numbers need not be asked for their type.
    queries = [
        grouped.format(value="t.text", which=texts),
        grouped.format(value="t.number", which=f"{numbers} AND t.number NOT IN (0, 1)"),
        grouped.format(value="t.number", which=f"t.number IN (0, 1) AND NOT {is_bool}"),
        *(
            f"SELECT '{word}', group_concat(t.run_key) FROM param AS t WHERE t.name_key = :name_key AND t.number = {number} AND {is_bool} HAVING count(*) > 0"
            for word, number in (("true", 1), ("false", 0))
        ),
    ]
    one_by_one = (
        f"SELECT w.value, CASE WHEN {is_bool} AND t.number THEN 'true' WHEN {is_bool} THEN 'false' WHEN t.text IS NOT NULL THEN t.text ELSE t.number END "
        f"FROM json_each(:within) AS w CROSS JOIN param AS t ON t.run_key = w.value AND t.name_key = :name_key WHERE NOT {IS_NONE} OR t.text IS NULL"
    )
    pairs = tuple((query, values) for query in queries)
    return Texts(pairs, lambda value: holds(as_text(value)), spoken(test), (one_by_one, values))


def _same_param(test: Comparison, meaning: Meaning) -> Condition:
    """Find params that equal one of some values: as text, as a number, or as true or false."""
    numbers: list[int | float] = []
    texts: list[str] = []
    others: list[str] = []
    is_none = False
    for value in test.values:
        number = value.quantity
        word = value.text.lower()
        texts.append(storable(value.text))
        if number is not None:
            numbers.append(number)
        elif word in ("true", "false"):
            others.append(f"(t.number = {int(word == 'true')} AND t.type = {int(ParamType.BOOL)})")
            texts += [] if value.is_quoted else [word, word.capitalize()]
        elif word == "none" and not value.is_quoted:
            # What is shown as none: logged as None, or as the word.
            texts += ["none", "None"]
            is_none = True
    bound = [bindable(number) for number in numbers if not is_nan(number)]
    values: dict[str, Any] = {f"n{i}": number for i, number in enumerate(bound)} | {
        f"s{i}": text for i, text in enumerate(texts)
    }
    conditions = [f"(t.text IN ({', '.join(f':s{i}' for i in range(len(texts)))}) AND NOT {IS_NONE})"]
    conditions += [*dict.fromkeys(others), *([IS_NONE] if is_none else [])]
    if bound:
        conditions.append(f"t.number IN ({', '.join(f':n{i}' for i in range(len(bound)))})")
    same: Condition = Rows("param", " OR ".join(conditions), values, meaning.name_key)
    is_number = among_numbers(test.values)
    return same if is_number is None else Union([same, _spelled(test, meaning, is_number)])


def _nan(test: Comparison, meaning: Meaning, scope: Scope) -> Condition:
    """Find values that are NaN, stored as a number or as text; for `is not nan` the others."""
    odd = _spelled(test, meaning, is_nan)
    return odd if test.operator == "is nan" else Intersection([_existing(meaning, scope), Complement(odd)])


def _spelled(test: Comparison, meaning: Meaning, holds: Callable[[int | float], bool]) -> Texts:
    """Find params or tags whose text spells a number that passes."""
    source, values = meaning.source, {"name_key": meaning.name_key}
    one_by_one = (
        f"SELECT w.value, {HELD[source]} FROM json_each(:within) AS w CROSS JOIN {source} AS t "
        f"ON t.run_key = w.value AND t.name_key = :name_key WHERE {HELD[source]} IS NOT NULL AND {may_spell(source)}"
    )
    return Texts(
        tuple((query, values) for query in spelling_queries(source)),
        lambda text: (number := number_in(text)) is not None and holds(number),
        f"numbers {spoken(test)}",
        (one_by_one, values),
        bounded=True,
    )


def _tag(test: Comparison, meaning: Meaning, scope: Scope) -> Condition:
    if test.operator in ("is nan", "is not nan"):
        return _nan(test, meaning, scope)
    query = "SELECT t.value, group_concat(t.run_key) FROM tag AS t WHERE t.name_key = :name_key GROUP BY t.value"
    values = {"name_key": meaning.name_key}
    one_by_one = "SELECT w.value, t.value FROM json_each(:within) AS w CROSS JOIN tag AS t ON t.run_key = w.value AND t.name_key = :name_key"
    return Texts(((query, values),), matcher(test, is_tag=True), spoken(test), (one_by_one, values))
