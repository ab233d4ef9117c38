"""Conditions of a filter on what every run has: name, status, times, inputs and outputs."""

from __future__ import annotations

import contextlib
import functools
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson

from artui.catalog.artifacts import find_version
from artui.catalog.cells import storable
from artui.catalog.standing import newest_number
from artui.errors import UsageError
from artui.model import STAGES, STATUSES
from artui.query.attributes import ALIASED_RUNS, ATTRIBUTES, STORES
from artui.query.filter.kinds import note_unknown
from artui.query.filter.matching import NEGATIONS, Matcher, matcher, of_text, spoken
from artui.query.filter.parser import COMPARISONS, Comparison, error_at
from artui.query.filter.sets import (
    FEW,
    Complement,
    Computed,
    Condition,
    Nothing,
    Rows,
    Scope,
    Texts,
    Union,
    any_of,
    flag,
)
from artui.query.filter.values import Value
from artui.query.statuses import STATUS_CONDITIONS, status_times
from artui.reference import parse

_STATUS_WORDS = {
    **{word: word for word in STATUSES},
    "scheduled": "running",
    "crashed": "failed",
    "done": "finished",
    "success": "finished",
}
_STAGE_WORDS = {**{word: word for word in STAGES}, "modeling": "modelling", "ops": "operations"}
_RELATIONS = {
    "input": ((1, "e.source_key", "e.target_key"),),
    "output": ((0, "e.target_key", "e.source_key"),),
    "artifact": ((1, "e.source_key", "e.target_key"), (0, "e.target_key", "e.source_key")),
}
"""Code of the relation, and which end of an edge is the version and which the run."""


def attribute_condition(test: Comparison, name: str, scope: Scope) -> Condition:
    """Make the condition that a test of an attribute stands for.

    Raises:
        FilterError: the test means nothing for an attribute of its kind.
    """
    kind, column = ATTRIBUTES[name].kind, ATTRIBUTES[name].value
    if test.operator in ("is nan", "is not nan"):
        raise error_at(test, f"{name} is not a number that could be NaN.", f"Write {name} is null for runs without it.")
    if kind == "artifact":
        return _artifact(test, name)
    if kind == "tag":
        return _any_tag(test)
    if kind == "alias":
        return _alias(test)
    if kind == "store":
        return _imported(test)
    if kind == "word":
        return _status(test, scope) if name == "status" else _stage(test)
    if kind == "flag":
        return flag(test, Rows("run", "t.git_dirty = 1", {}), Rows("run", "t.git_dirty IS NOT NULL", {}))
    if kind == "time":
        return Rows("run", *time_condition(test, column, scope))
    if kind == "duration":
        return _duration(test, scope)
    if kind == "parent":
        return _parent(test)
    if kind == "project":
        return _project(test, scope)
    has_one = f"{column} <> ''"
    if test.operator in ("exists", "is not null"):
        return Rows("run", has_one, {})
    if test.operator == "is null":
        return Rows("run", f"{column} = ''", {})
    if kind == "id":
        return _by_start(test, column)
    values = {f"s{i}": storable(value.text) for i, value in enumerate(test.values)}
    members = f"{column} IN ({', '.join(':' + key for key in values)})"
    if test.operator in ("=", "in"):
        # The indexes hold only runs that have one.
        return Rows("run", f"{has_one} AND {members}", values)
    if test.operator in ("!=", "not in"):
        return Rows("run", f"{has_one} AND NOT {members}", values)
    if test.operator in COMPARISONS:
        return Rows("run", f"{has_one} AND {column} {test.operator} :s0", values)
    holds = of_text(matcher(test))
    if name == "name":
        return Computed(functools.partial(_named_so, holds))
    query = f"SELECT {column}, group_concat(t.key) FROM run AS t WHERE {has_one} GROUP BY {column}"
    return Texts(((query, {}),), holds, spoken(test))


def _named_so(holds: Matcher, scope: Scope, within: set[int] | None) -> set[int]:
    if within is not None and len(within) <= FEW:
        query = "SELECT r.key, r.name FROM json_each(:within) AS w JOIN run AS r ON r.key = w.value"
        rows = scope.connection.execute(query, {"within": orjson.dumps(list(within)).decode()})
        return {key for key, text in rows if holds(text)}
    return {key for key, text in scope.names_by_key().items() if holds(text)}


def _by_start(test: Comparison, column: str) -> Condition:
    """Find ids and commits by their start, as people write them."""
    if test.operator in COMPARISONS or test.operator.endswith(("~", "like", "contains")):
        raise error_at(
            test,
            f"{test.operator} does not go with {test.field.name}.",
            f"Write {test.field.name} = and the start of one.",
        )
    parts: list[str] = []
    values: dict[str, Any] = {}
    for i, value in enumerate(test.values):
        text = storable(value.text)
        text = text.upper() if column == "t.id" else text.lower()
        values |= {f"s{i}": text, f"e{i}": text + "~", f"x{i}": storable(value.text)}
        parts.append(f"{column} = :x{i}" + (f" OR ({column} >= :s{i} AND {column} < :e{i})" if len(text) >= 4 else ""))
    same = any_of(parts)
    return Rows("run", f"{column} <> '' AND {'' if test.operator in ('=', 'in') else 'NOT '}{same}", values)


def _one_of(test: Comparison, canonical: dict[str, str], words: Iterable[str]) -> tuple[set[str], bool]:
    """Give which of an attribute's words a test means, and whether all others are meant instead."""
    words = tuple(words)
    if test.operator in ("exists", "is not null"):
        return set(words), False
    if test.operator == "is null":
        return set(), False
    if test.operator in COMPARISONS:
        raise error_at(
            test,
            f"{test.field.name} has no order.",
            f"Write {test.field.name} = {words[1]}, or in ({words[0]}, {words[2]}).",
        )
    if test.operator not in ("=", "!=", "in", "not in"):
        holds = matcher(test)
        return {word for word in words if holds(word)}, False
    chosen = set()
    for value in test.values:
        if value.text.lower() not in canonical:
            raise error_at(value, f"{value.text!r} is no {test.field.name}.", f"Use {', '.join(words)}.")
        chosen.add(canonical[value.text.lower()])
    return chosen, test.operator in ("!=", "not in")


def _status(test: Comparison, scope: Scope) -> Condition:
    chosen, is_negated = _one_of(test, _STATUS_WORDS, STATUSES)
    if is_negated:
        chosen = set(STATUSES) - chosen
    if not chosen:
        return Nothing()
    return Union([Rows("run", STATUS_CONDITIONS[word], status_times(scope.now_ms)) for word in sorted(chosen)])


def _stage(test: Comparison) -> Condition:
    codes = stage_codes(test)
    return Rows("run", f"t.stage IN ({', '.join(map(str, codes))})", {}) if codes else Nothing()


def stage_codes(test: Comparison) -> list[int]:
    """Give the stored numbers of the stages that a test means."""
    chosen, is_negated = _one_of(test, _STAGE_WORDS, STAGES)
    if is_negated:
        chosen = set(STAGES) - chosen
    return [i for i, word in enumerate(STAGES) if word in chosen]


def time_condition(test: Comparison, column: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """Compare a time, in SQL and with values; 0 stands for an unknown one."""
    if test.operator in ("exists", "is not null"):
        return f"{column} <> 0", {}
    if test.operator == "is null":
        return f"coalesce({column}, 0) = 0", {}
    if test.operator not in ("=", "!=", "in", "not in", *COMPARISONS):
        raise error_at(
            test,
            f"{test.operator} looks at text, and {test.field.name} is a time.",
            f"Write {test.field.name} > 2d ago, for example.",
        )
    periods = []
    is_age = test.field.name.lower() == "age"
    for value in test.values:
        period = value.period(scope.now_ms)
        if period is None and is_age and test.operator in COMPARISONS and (value.seconds or 0) > 0:
            return _age(test.operator, column, value, scope)
        if period is None:
            hint = (
                f"Write {test.field.name} < {value.text} for what is younger, > for what is older."
                if value.seconds is not None and is_age
                else f"Write {value.text}{'' if value.number is None else 'd'} ago for a time in the past."
                if value.seconds is not None
                else "Write 2026-11-03, 2026-11-03T14:30, today, yesterday or 2d ago."
            )
            raise error_at(value, f"{value.text!r} is no time.", hint)
        periods.append(period)
    low, high = periods[0]
    if test.operator in COMPARISONS:
        limit, sign = {">": (high, ">="), ">=": (low, ">="), "<": (low, "<"), "<=": (high, "<")}[test.operator]
        return f"{column} {sign} :v0 AND {column} <> 0", {"v0": limit}
    values: dict[str, Any] = {}
    for i, (low, high) in enumerate(periods):
        values |= {f"a{i}": low, f"b{i}": high}
    inside = any_of([f"({column} >= :a{i} AND {column} < :b{i})" for i in range(len(periods))])
    is_wanted = f"({inside})" if test.operator in ("=", "in") else f"NOT ({inside})"
    return f"{column} <> 0 AND {is_wanted}", values


def _age(operator: str, column: str, value: Value, scope: Scope) -> tuple[str, dict[str, Any]]:
    """Compare how long ago a time was: less is later."""
    moment = replace(value, is_ago=True).period(scope.now_ms) or (0, 0)
    sign = {">": "<", ">=": "<=", "<": ">", "<=": ">="}[operator]
    return f"{column} {sign} :v0 AND {column} <> 0", {"v0": moment[0]}


def _duration(test: Comparison, scope: Scope) -> Condition:
    """Compare how long runs took; a running one counts with its time so far."""
    going = f"({STATUS_CONDITIONS['running']}) AND t.duration_ms IS NULL AND t.started_ms <> 0"
    times = {**status_times(scope.now_ms), "now": scope.now_ms}
    if test.operator in ("exists", "is not null", "is null"):
        has_duration = Union([Rows("run", "t.duration_ms IS NOT NULL", {}), Rows("run", going, times)])
        return Complement(has_duration) if test.operator == "is null" else has_duration
    if test.operator not in ("=", "!=", "in", "not in", *COMPARISONS):
        raise error_at(
            test,
            f"{test.operator} looks at text, and {test.field.name} is a duration.",
            f"Write {test.field.name} > 2h30m, for example.",
        )
    values: dict[str, Any] = {}
    for i, value in enumerate(test.values):
        if value.seconds is None or not math.isfinite(value.seconds):
            raise error_at(
                value, f"{value.text!r} is no duration.", "Write 90s, 5m, 2h30m, 1.5d, or a number of seconds."
            )
        # 9ms is 9: a thousandth has no exact float.
        values[f"v{i}"] = round(value.seconds * 1000, 6)
    marks = ", ".join(":" + key for key in values)
    sign = (
        f"{test.operator} :v0"
        if test.operator in COMPARISONS
        else f"{'NOT ' if test.operator in ('!=', 'not in') else ''}IN ({marks})"
    )
    return Union(
        [
            Rows("run", f"t.duration_ms IS NOT NULL AND t.duration_ms {sign}", values),
            Rows("run", f"{going} AND (:now - t.started_ms) {sign}", {**values, **times}),
        ]
    )


_SHOWN_PARENT = re.compile(r"(?P<name>.*) \((?P<end>[0-9A-Z]{6})\)", re.DOTALL)
"""A parent as groups and lists of values show it: its name, and the end of its id, since several may be called so."""


def _parent(test: Comparison) -> Condition:
    if test.operator in ("exists", "is not null"):
        return Rows("run", "t.parent_id IS NOT NULL", {})
    if test.operator == "is null":
        return Rows("run", "t.parent_id IS NULL", {})
    if test.operator not in ("=", "!=", "in", "not in"):
        raise error_at(
            test, f"{test.operator} does not go with parent.", "Write parent = and the name or the id of a run."
        )
    values: dict[str, Any] = {}
    parts = []
    for i, value in enumerate(test.values):
        text = storable(value.text)
        values |= {f"n{i}": text, f"s{i}": text.upper(), f"e{i}": text.upper() + "~"}
        parts.append(
            f"p.name = :n{i} OR p.id = :n{i}" + (f" OR (p.id >= :s{i} AND p.id < :e{i})" if len(text) >= 4 else "")
        )
        if shown := _SHOWN_PARENT.fullmatch(text):
            values |= {f"w{i}": shown["name"], f"t{i}": shown["end"]}
            parts.append(f"(p.name = :w{i} AND substr(p.id, -6) = :t{i})")
    # A parent that is not in the catalog has no name.
    ids = ", ".join(f":n{i}" for i in range(len(test.values)))
    same = f"(t.parent_id IN ({ids}) OR t.parent_id IN (SELECT p.id FROM run AS p WHERE {any_of(parts)}))"
    return Rows("run", same if test.operator in ("=", "in") else f"t.parent_id IS NOT NULL AND NOT {same}", values)


def _project(test: Comparison, scope: Scope) -> Condition:
    if test.operator in ("exists", "is not null"):
        return Rows("run", "1", {})
    if test.operator == "is null":
        return Nothing()
    holds = of_text(matcher(test))
    note_unknown(test, scope, "SELECT name FROM project")

    def runs_in_projects(scope: Scope, within: set[int] | None) -> set[int]:
        projects = [
            key for key, name in scope.connection.execute("SELECT key, name FROM project").fetchall() if holds(name)
        ]
        query = (
            "SELECT t.key AS key FROM run AS t WHERE t.project_key IN (SELECT w.value FROM json_each(:projects) AS w)"
        )
        return scope.set_of(query, {"projects": orjson.dumps(projects).decode()})

    return Computed(runs_in_projects)


def _any_tag(test: Comparison) -> Condition:
    """Find runs by what they are tagged with, whatever the tag's value."""
    if test.operator in ("exists", "is not null", "is null"):
        tagged = Rows("tag", "1", {})
        return Complement(tagged) if test.operator == "is null" else tagged
    is_negated = test.operator in ("!=", "not in", "!~", "not like", "not ilike", "not contains")
    plain = Comparison(test.field, NEGATIONS.get(test.operator, test.operator), test.values, test.position, test.length)
    holds = of_text(matcher(plain))

    def runs_with_tags(scope: Scope, within: set[int] | None) -> set[int]:
        names = scope.connection.execute(
            "SELECT n.key, n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM tag AS t WHERE t.name_key = n.key)"
        ).fetchall()
        keys = [key for key, text in names if holds(text)]
        query = "SELECT t.run_key AS key FROM tag AS t WHERE t.name_key IN (SELECT w.value FROM json_each(:names) AS w)"
        return scope.set_of(query, {"names": orjson.dumps(keys).decode()})

    return Complement(Computed(runs_with_tags)) if is_negated else Computed(runs_with_tags)


def _any_of(test: Comparison, runs_with: Callable[[Scope, Callable[[str], bool]], set[int]]) -> Condition:
    """Find runs of which any of several texts matches; a negation means that none of them does.

    Args:
        runs_with: gives the keys of the runs that have a text for which a function holds.
    """
    if test.operator in ("exists", "is not null", "is null"):
        having: Condition = Computed(lambda scope, within: runs_with(scope, lambda text: True))
        return Complement(having) if test.operator == "is null" else having
    plain = Comparison(test.field, NEGATIONS.get(test.operator, test.operator), test.values, test.position, test.length)
    holds = of_text(matcher(plain))
    matching = Computed(lambda scope, within: runs_with(scope, holds))
    return Complement(matching) if test.operator in NEGATIONS else matching


def _alias(test: Comparison) -> Condition:
    """Find runs by the aliases of what they made. `!=` means that none of them has that alias."""
    if test.operator in COMPARISONS:
        raise error_at(test, f"{test.operator} does not go with alias.", "Write alias = production, or alias ~ prod.")
    return _any_of(test, _runs_with_aliases)


def _runs_with_aliases(scope: Scope, holds: Callable[[str], bool]) -> set[int]:
    names = [row[0] for row in scope.connection.execute("SELECT DISTINCT name FROM alias")]
    wanted = [name for name in names if isinstance(name, str) and holds(name)]
    query = f"""
        SELECT e.source_key AS key
        FROM {ALIASED_RUNS}
        WHERE l.name IN (SELECT w.value FROM json_each(:names) AS w)
    """
    return scope.set_of(query, {"names": orjson.dumps(wanted).decode()})


def _imported(test: Comparison) -> Condition:
    """Find runs by the place or the format that they were imported from. `!=` means that neither of them is that."""
    if test.operator in COMPARISONS:
        raise error_at(
            test, f"{test.operator} does not go with imported.", "Write imported = mlflow, or imported ~ mlruns."
        )
    return _any_of(test, _runs_from)


def _runs_from(scope: Scope, holds: Callable[[str], bool]) -> set[int]:
    query = f"SELECT s.store, s.format, group_concat(s.key) FROM ({STORES}) AS s GROUP BY s.store, s.format"
    keys: set[int] = set()
    for store, format, members in scope.connection.execute(query):
        if any(isinstance(text, str) and holds(text) for text in (store, format)):
            keys.update(map(int, members.split(",")))
    return keys


def _artifact(test: Comparison, name: str) -> Condition:
    """Find runs by their inputs and outputs. `!=` means that none of them has that name."""
    is_negated = (test.operator in NEGATIONS and test.operator != "is not null") or test.operator == "is null"
    if test.operator in COMPARISONS:
        raise error_at(
            test, f"{test.operator} does not go with {name}.", f'Write {name} = "mnist:v2", or {name} ~ mnist.'
        )
    if test.operator in ("exists", "is not null", "is null"):
        matching: Condition = Computed(lambda scope, within: _runs_of(scope, name, None))
    elif test.operator in ("=", "!=", "in", "not in"):
        texts = [value.text for value in test.values]
        matching = Computed(lambda scope, within: _runs_of(scope, name, _versions_named(scope, texts)))
    else:
        operator = NEGATIONS.get(test.operator, test.operator)
        holds = of_text(matcher(Comparison(test.field, operator, test.values, test.position, test.length)))
        matching = Computed(lambda scope, within: _runs_of(scope, name, _versions_like(scope, holds)))
    return Complement(matching) if is_negated else matching


def _runs_of(scope: Scope, name: str, versions: str | None) -> set[int]:
    """Give the runs with an input or output among some versions: a JSON list of keys, or None for any."""
    keys: set[int] = set()
    for relation, version, run in _RELATIONS[name]:
        only = "" if versions is None else f"AND {version} IN (SELECT w.value FROM json_each(:versions) AS w)"
        keys |= scope.set_of(
            f"SELECT {run} AS key FROM edge AS e WHERE e.relation = {relation} {only}", {"versions": versions}
        )
    return keys


def runs_beside(scope: Scope, name: str, versions: set[int]) -> set[int]:
    """Give the runs that have one of some versions as their `input`, their `output` or either, their `artifact`."""
    return _runs_of(scope, name, orjson.dumps(sorted(versions)).decode())


def _versions_named(scope: Scope, texts: Iterable[str]) -> str:
    """Find versions by `name`, `name:v3`, `name:alias` or `project/name`."""
    keys: set[int] = set()
    for text in texts:
        if "@" in text:
            keys |= _version_then(scope, text)
        name, colon, version = text.rpartition(":")
        keys |= scope.set_of(
            "SELECT v.key AS key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key JOIN project AS p ON p.key = a.project_key "
            "WHERE a.name = :text OR p.name || '/' || a.name = :text",
            {"text": storable(text)},
        )
        if not colon:
            continue
        number = (
            int(version[1:])
            if version[:1] == "v" and version[1:].isascii() and version[1:].isdigit() and len(version) < 19
            else -1
        )
        keys |= scope.set_of(
            "SELECT v.key AS key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key JOIN project AS p ON p.key = a.project_key "
            "WHERE (a.name = :name OR p.name || '/' || a.name = :name) AND (v.number = :number "
            "OR EXISTS (SELECT 1 FROM alias AS l WHERE l.artifact_key = a.key AND l.name = :alias AND l.version_key = v.key) "
            f"OR (:alias = 'latest' AND v.number = {newest_number('a.key')}))",
            {"name": storable(name), "number": number, "alias": storable(version)},
        )
    return orjson.dumps(list(keys)).decode()


def _version_then(scope: Scope, text: str) -> set[int]:
    """Find the version that a reference with a time named then; a name of a version may hold none."""
    with contextlib.suppress(UsageError):
        return {find_version(scope.connection, parse(text)).key}
    return set()


def _versions_like(scope: Scope, holds: Matcher) -> str:
    names = scope.connection.execute("SELECT a.key, a.name FROM artifact AS a").fetchall()
    keys = scope.set_of(
        "SELECT v.key AS key FROM version AS v WHERE v.artifact_key IN (SELECT w.value FROM json_each(:artifacts) AS w)",
        {"artifacts": orjson.dumps([key for key, name in names if holds(name)]).decode()},
    )
    return orjson.dumps(list(keys)).decode()
