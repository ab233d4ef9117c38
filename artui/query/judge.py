"""The judge: answers conditions for versions by what was measured of them.

Nothing of this is stored, and nobody can set it: it is found anew each time it is read. A condition is a filter, and each
test in it is answered by itself:

- A test of a metric, a param or a tag is held against the newest run that has it, among those that used the version as an
  input (an evaluation, a batch that was scored), then against the run that made it; of params and tags the maker comes first. A run
  that used the version to make another model says nothing of this one. Said `on run`, the maker alone counts.
- Other attributes of runs are those of the maker; attributes, metadata and facts of versions those of the version itself.

Where no run has it the answer is unknown. `and`, `or` and `not` are Kleene's: `unknown and missed` is missed, `unknown or met`
is met, all else with an unknown part is unknown (S. C. Kleene, Introduction to Metamathematics, 1952, section 64).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui import clock
from artui.catalog import cells
from artui.model.criteria import Answer, Measured
from artui.query.aggregates import AGGREGATES
from artui.query.filter.compile import compile_node, run_keys
from artui.query.filter.parser import COMPARISONS, And, AnyPoint, Comparison, Nested, Node, Not, Or, Word, parse
from artui.query.filter.resolve import Meaning, NothingNamed, meaning_of
from artui.query.filter.series import which_series
from artui.query.filter.sets import Blamed, Condition, Rows, Scope, blaming
from artui.query.filter.tokens import FilterError, pointing_into
from artui.query.filter.versions import VersionScope, compile_versions, metadata_names
from artui.query.heads import param_value
from artui.query.keys import key_list
from artui.query.versionwords import OTHER_WORDS, VERSION_ATTRIBUTES

if TYPE_CHECKING:
    from artui.arrays import Bools, Ints

Leaf = Word | Comparison | AnyPoint | Nested

_MISSED, _UNKNOWN, _MET = 0, 1, 2
"""In this order `and` is the least, `or` the greatest, and `not` what is left to two."""
_WORDS = np.array(("missed", "unknown", "met"), object)
_OF_RUNS = ("metric", "param", "tag")
_STEPS = {"last": "t.last_step", "first": "t.first_step", "min": "t.min_step", "max": "t.max_step"}
_EVIDENCE = """
    SELECT group_concat(e.source_key), group_concat(r.key), group_concat(r.started_ms)
    FROM edge AS e
    JOIN run AS r ON r.key = e.target_key
    WHERE e.relation = 1 AND e.source_key IN (SELECT w.value FROM json_each(:versions) AS w) AND r.deleted_ms IS NULL AND typeof(r.started_ms) = 'integer'
"""
_MAKERS = """
    SELECT group_concat(e.target_key), group_concat(r.key), group_concat(r.started_ms)
    FROM edge AS e
    JOIN run AS r ON r.key = e.source_key
    WHERE e.relation = 0 AND e.target_key IN (SELECT w.value FROM json_each(:versions) AS w) AND r.deleted_ms IS NULL AND typeof(r.started_ms) = 'integer'
"""
"""Of some versions the runs that used them, and those that made them: keys of versions, keys of runs, when these began."""
_MAKE_MODELS = """
    SELECT DISTINCT e.source_key AS key
    FROM artifact AS a
    JOIN version AS v ON v.artifact_key = a.key
    JOIN edge AS e ON e.relation = 0 AND e.target_key = v.key
    WHERE a.kind IN ('model', 'checkpoint')
"""
"""The runs that made a model: if one of them used another, what it measured is of the one that it made."""
_NONE = 1 << 62
_NOWHERE = np.zeros(0, np.bool_)
_FEW = 100
"""Of so many runs each is looked at by itself; of more all that match are read."""


class _Candidates:
    """The runs that say something of each of some versions, in the order in which they count."""

    def __init__(self, places: Ints, runs: Ints, count: int) -> None:
        """Take pairs of a version's place and a run, by place and then in order."""
        self.runs = runs
        self._ends = np.searchsorted(places, np.arange(count + 1))
        self._filled = np.flatnonzero(np.diff(self._ends))
        self._count = count

    def of(self, place: int) -> list[int]:
        """Give those of one version."""
        runs: list[int] = self.runs[self._ends[place] : self._ends[place + 1]].tolist()
        return runs

    def first(self, known: Bools | None) -> Ints:
        """Give for each version the place of its first run among these that is known; _NONE where there is none."""
        first = np.full(self._count, _NONE, np.int64)
        if not len(self._filled):
            return first
        numbers = np.arange(len(self.runs))
        if known is not None:
            numbers = np.where(known[self.runs], numbers, _NONE)
        first[self._filled] = np.minimum.reduceat(numbers, self._ends[self._filled])
        return first

    def any(self, matching: Bools) -> Bools:
        """Say for each version whether any of its runs is among some."""
        return self.first(matching) < _NONE


def _columns(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> Ints:
    """Read columns of whole numbers, each as one text: that is several times as fast as rows."""
    return np.array(
        [cells.keys_of(joined) for joined in connection.execute(query, values).fetchone()], np.int64
    ).reshape(3, -1)


class _Evidence:
    """The runs that used some versions, the newest first, and those that made them."""

    def __init__(self, connection: sqlite3.Connection, version_keys: Sequence[int]) -> None:
        listed = {"versions": orjson.dumps(list(version_keys)).decode()}
        users, makers = (_columns(connection, query, listed) for query in (_EVIDENCE, _MAKERS))
        if users.size:
            users = users[:, ~np.isin(users[1], np.array(key_list(connection, _MAKE_MODELS, {}), np.int64))]
        version, run, started = np.concatenate((users, makers), axis=1)
        is_maker = np.repeat((0, 1), (users.shape[1], makers.shape[1]))
        keys = np.array(version_keys, np.int64)
        order = np.argsort(keys)
        place = order[np.searchsorted(keys, version, sorter=order)] if len(keys) else version
        self.newest = int(run.max(initial=0))
        count = len(version_keys)

        def ordered(chosen: Bools | slice, last: Ints) -> _Candidates:
            order = np.lexsort((-run[chosen], -started[chosen], last[chosen], place[chosen]))
            return _Candidates(place[chosen][order], run[chosen][order], count)

        self.users_first = ordered(slice(None), is_maker)
        self.makers_first = ordered(slice(None), 1 - is_maker)
        self.makers = ordered(is_maker == 1, is_maker)

    def of(self, source: str, *, is_of_run: bool) -> _Candidates:
        """Give the runs that count for a field of that source: `metric`, `param`, `tag` or `attribute`."""
        if is_of_run or source not in _OF_RUNS:
            return self.makers
        return self.makers_first if source in ("param", "tag") else self.users_first


@dataclass(slots=True)
class _Held:
    """How one test of a condition is held against runs, or against versions themselves."""

    leaf: Leaf
    matching: Bools
    """By the key of a run, or by the place of a version."""
    known: Bools | None = None
    """The keys of what it can be held against; None for all."""
    meaning: Meaning | None = None
    """What the field is, where it is of runs."""
    is_of_version: bool = False

    @property
    def source(self) -> str:
        """What the field is of: `metric`, `param`, `tag`, or `attribute`."""
        return self.meaning.source if self.meaning is not None else "attribute"

    asks_whether: str = ""
    """`exists`, `is null` or `is not null`: it is answered by the lack of what it asks for, too; empty for other tests."""
    why: str = ""
    """Why it is unknown wherever it is."""


class Judge:
    """Answers criteria for versions, within one transaction of reading."""

    def __init__(
        self, connection: sqlite3.Connection, version_keys: Sequence[int], *, now_ms: int | None = None
    ) -> None:
        self._connection = connection
        self._keys = list(version_keys)
        self._place = {key: place for place, key in enumerate(self._keys)}
        self._evidence = _Evidence(connection, self._keys)
        now_ms = clock.now_ms() if now_ms is None else now_ms
        among = self._evidence.users_first.runs
        self._within = set(among.tolist()) if len(among) <= _FEW else None
        """The runs that count: it does not matter which others are found, so of few ones only these are looked at."""
        self._runs, self._versions = Scope(connection, now_ms), VersionScope(connection, now_ms)
        self._nodes: dict[str, Node | str] = {}
        self._held: dict[tuple[str, bool, int], _Held] = {}
        self._run_words: dict[int, tuple[str, str, int]] = {}

    def answers(self, condition: str, *, is_of_run: bool = False) -> list[Answer]:
        """Answer a condition for each of the versions, in their order."""
        node = self._node(condition)
        if isinstance(node, str):
            return ["unknown"] * len(self._keys)
        answers: list[Answer] = _WORDS[self._answered(node, condition, is_of_run)].tolist()
        return answers

    def measured(self, condition: str, version_key: int, *, is_of_run: bool = False) -> tuple[list[Measured], str]:
        """Give what was found of each test of a condition for one version, and why something is unknown, or not as it says of the version itself."""
        node = self._node(condition)
        if isinstance(node, str):
            return [], node
        found: list[Measured] = []
        reasons: list[str] = []
        for leaf in _leaves(node):
            held = self._hold(leaf, condition, is_of_run)
            if held.is_of_version:
                if not held.matching[self._place[version_key]]:
                    reasons.append(f"not {condition[leaf.position : leaf.position + leaf.length]}")
                continue
            if held.asks_whether and self._evidence.of(held.source, is_of_run=is_of_run).of(self._place[version_key]):
                continue
            run_key = self._run_of(held, version_key, is_of_run)
            if run_key is None:
                reasons.append(held.why or self._lack(version_key, leaf, is_of_run))
            elif held.meaning is not None and held.meaning.source in _OF_RUNS:
                found.append(self._value(held, run_key))
        return found, "; ".join(dict.fromkeys(reasons))

    def unmeasured(self, condition: str) -> list[str]:
        """Name the tests of a condition that mean nothing here so far, with what was perhaps meant."""
        said: list[str] = []
        node = self._node(condition)
        if isinstance(node, str):
            return [node]
        for leaf in _leaves(node):
            if isinstance(leaf, Word | Nested) or self._is_of_version(leaf):
                continue
            try:
                with pointing_into(condition):
                    meaning_of(leaf.field, self._runs)
            except FilterError as error:
                near = error.remedy if error.remedy.startswith(("Did you mean", "It has", "It was")) else ""
                said.append(" ".join(filter(None, (f"nothing here measured {_shown(leaf)} yet.", near))))
        return said

    def _lack(self, version_key: int, leaf: Leaf, is_of_run: bool) -> str:
        name = _shown(leaf)
        if not self._evidence.of("metric", is_of_run=is_of_run).of(self._place[version_key]):
            return "no run made it" if is_of_run else "no run made or used it"
        return f"its run has no {name}" if is_of_run else f"no run measured {name}"

    def _node(self, condition: str) -> Node | str:
        if condition not in self._nodes:
            try:
                self._nodes[condition] = parse(condition) or "it has no condition"
            except FilterError as error:
                self._nodes[condition] = f"it cannot be read: {error.message}"
        return self._nodes[condition]

    def _answered(self, node: Node, condition: str, is_of_run: bool) -> Ints:
        if isinstance(node, And | Or):
            parts = [self._answered(part, condition, is_of_run) for part in node.parts]
            joined: Ints = (np.minimum if isinstance(node, And) else np.maximum).reduce(parts)
            return joined
        if isinstance(node, Not):
            return _MET - self._answered(node.part, condition, is_of_run)
        held, count = self._hold(node, condition, is_of_run), len(self._keys)
        if held.why:
            return np.full(count, _UNKNOWN)
        if held.is_of_version:
            return np.where(held.matching, _MET, _MISSED)
        candidates = self._evidence.of(held.source, is_of_run=is_of_run)
        if held.asks_whether:
            # Nothing is where none of the runs has it, and something where any has.
            is_negated = held.asks_whether == "is null"
            is_there = candidates.any(~held.matching if is_negated else held.matching)
            answers = np.where(is_there != is_negated, _MET, _MISSED)
            return np.where(candidates.first(None) < _NONE, answers, _UNKNOWN)
        first = candidates.first(held.known)
        runs = (
            candidates.runs[np.minimum(first, max(0, len(candidates.runs) - 1))]
            if len(candidates.runs)
            else np.zeros(count, np.int64)
        )
        return np.where(first == _NONE, _UNKNOWN, np.where(held.matching[runs], _MET, _MISSED))

    def _among(self, condition: Condition) -> Bools:
        """Say of each key of a run up to the greatest that counts whether a condition holds for it."""
        part = condition.part if isinstance(condition, Blamed) else condition
        if self._within is None and isinstance(part, Rows) and isinstance(condition, Blamed):
            # The keys as they are read: of very many a set takes as long as the query.
            with blaming(condition.test):
                chosen = np.array(
                    key_list(self._connection, part.query, {**part.values, "name_key": part.name_key}), np.int64
                )
        else:
            keys = condition.keys(self._runs, self._within)
            chosen = np.fromiter(keys, np.int64, len(keys))
        are = np.zeros(self._evidence.newest + 1, np.bool_)
        are[chosen[chosen <= self._evidence.newest]] = True
        return are

    def _run_of(self, held: _Held, version_key: int, is_of_run: bool) -> int | None:
        """Give the run that a test is held against; None if there is none."""
        if held.why:
            return None
        candidates = self._evidence.of(held.source, is_of_run=is_of_run).of(self._place[version_key])
        return next((run for run in candidates if held.known is None or held.known[run]), None)

    def _hold(self, leaf: Leaf, condition: str, is_of_run: bool) -> _Held:
        key = (condition, is_of_run, id(leaf))  # the tree is kept, and with it what the id is of
        if key not in self._held:
            try:
                with pointing_into(condition):
                    self._held[key] = self._made(leaf, is_of_run)
            except NothingNamed:
                self._held[key] = _Held(leaf, _NOWHERE, why=f"no run measured {_shown(leaf)}")
            except FilterError as error:
                self._held[key] = _Held(leaf, _NOWHERE, why=f"it cannot be read: {error.message}")
        return self._held[key]

    def _made(self, leaf: Leaf, is_of_run: bool) -> _Held:
        if not is_of_run and self._is_of_version(leaf):
            keys = compile_versions(leaf, self._versions, run_keys).keys(self._versions, None)
            return _Held(leaf, np.array([key in keys for key in self._keys], np.bool_), is_of_version=True)
        matching = self._among(compile_node(leaf, self._runs))
        if isinstance(leaf, Word | Nested):
            return _Held(leaf, matching)
        meaning = meaning_of(leaf.field, self._runs)
        if meaning.source not in _OF_RUNS:
            return _Held(leaf, matching, None, meaning)
        if isinstance(leaf, Comparison) and leaf.operator in ("exists", "is null", "is not null"):
            return _Held(leaf, matching, None, meaning, asks_whether=leaf.operator)
        there = Comparison(leaf.field, "exists", (), leaf.position, leaf.length)
        known = self._among(compile_node(there, self._runs))
        if meaning.source == "metric" and not known.any():
            return _Held(leaf, _NOWHERE, why=f"no run measured {_shown(leaf)}")
        return _Held(leaf, matching, known, meaning)

    def _is_of_version(self, leaf: Leaf) -> bool:
        """Whether a test is about the version itself: a metric or param of that name comes before what all versions have."""
        if isinstance(leaf, Word):
            return True
        name = leaf.field.name.lower()
        if isinstance(leaf, Nested):
            return name in ("made_by", "used_by")
        if leaf.field.source or isinstance(leaf, AnyPoint):
            return False
        if name.startswith(("metadata.", "fact.")):
            return True
        if {"metric", "param"} & set(self._runs.sources_of(leaf.field.name)):
            return False
        return OTHER_WORDS.get(name, name) in VERSION_ATTRIBUTES or leaf.field.name in metadata_names(self._versions)

    def _value(self, held: _Held, run_key: int) -> Measured:
        run_id, name, started_ms = self._run(run_key)
        meaning = held.meaning
        assert meaning is not None
        value: Any = None
        step: int | None = None
        values = {"run": run_key, "name": meaning.name_key}
        if meaning.source == "metric":
            which, more = which_series(meaning, self._runs)
            rows = self._connection.execute(
                f"SELECT {AGGREGATES[meaning.aggregate]}, {_STEPS.get(meaning.aggregate, 'NULL')} FROM series AS t WHERE t.run_key = :run AND t.name_key = :name AND {which or '1'}",
                {**values, **more},
            ).fetchall()
            value, step = _telling(held.leaf, rows)
        elif meaning.source == "param":
            row = self._connection.execute(
                "SELECT t.type, t.number, t.text FROM param AS t WHERE t.run_key = :run AND t.name_key = :name", values
            ).fetchone()
            value = param_value(*row) if row is not None else None
        else:
            row = self._connection.execute(
                "SELECT t.value FROM tag AS t WHERE t.run_key = :run AND t.name_key = :name", values
            ).fetchone()
            value = cells.text(row[0]) if row is not None else None
        return Measured(_shown(held.leaf), value, run_id, name, step, started_ms, _short_by(held.leaf, value))

    def _run(self, run_key: int) -> tuple[str, str, int]:
        if run_key not in self._run_words:
            row = self._connection.execute("SELECT id, name, started_ms FROM run WHERE key = ?", (run_key,)).fetchone()
            self._run_words[run_key] = cells.text(row[0]), cells.text(row[1]), cells.integer(row[2])
        return self._run_words[run_key]


def _telling(leaf: Leaf, rows: Sequence[tuple[Any, Any]]) -> tuple[float | None, int | None]:
    """Give the value that decides, where several processes of a run measured: it is enough if one of them meets it."""
    finite = [row for row in rows if isinstance(row[0], int | float)]
    if not finite:
        return (float("nan") if rows else None), (rows[0][1] if rows else None)
    operator = getattr(leaf, "operator", "")
    choose = min if operator in ("<", "<=") else max
    value, step = choose(finite, key=lambda row: row[0]) if len(finite) > 1 else finite[0]
    return float(value), step if isinstance(step, int) else None


def _short_by(leaf: Leaf, value: Any) -> float | None:
    """Give how far a number is on the wrong side of the limit that a test sets."""
    if not isinstance(leaf, Comparison) or leaf.operator not in COMPARISONS or isinstance(value, bool):
        return None
    limit = leaf.values[0].quantity
    if limit is None or not isinstance(value, int | float):
        return None
    short = float(limit) - value if leaf.operator.startswith(">") else value - float(limit)
    return short if math.isfinite(short) and short > 0 else None


def _shown(leaf: Leaf) -> str:
    return leaf.text if isinstance(leaf, Word) else leaf.field.shown


def _leaves(node: Node) -> list[Leaf]:
    if isinstance(node, And | Or):
        return [leaf for part in node.parts for leaf in _leaves(part)]
    return _leaves(node.part) if isinstance(node, Not) else [node]
