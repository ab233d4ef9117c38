"""From a filter's tree to the set of versions that match: the same language, about artifacts.

What every version has is in `query/versionwords.py`. A bare name is an attribute, else a name in metadata. Where
a version has several of something, such as aliases or files, it is enough if one matches; a negation means that none
does.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from artui.catalog import cells as cell_of
from artui.catalog.cells import storable
from artui.model import FACTS, STAGES
from artui.near import nearest
from artui.query.attributes import ATTRIBUTES
from artui.query.declared import facts_by_name
from artui.query.filter.conditions import stage_codes, time_condition
from artui.query.filter.kinds import is_order_of_numbers, note_text, note_unknown
from artui.query.filter.matching import NEGATIONS, Matcher, matcher, of_text, spoken
from artui.query.filter.parser import COMPARISONS, And, AnyPoint, Comparison, Nested, Node, Not, Or, Word, error_at
from artui.query.filter.search import MAX_WORD_CHARS, spellings
from artui.query.filter.sets import (
    Blamed,
    Complement,
    Computed,
    Condition,
    Intersection,
    Nothing,
    Scope,
    Texts,
    Union,
    blaming,
)
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.spelling import number_in
from artui.query.versionwords import (
    OTHER_WORDS,
    PAIRS,
    TABLES,
    USE_COUNT,
    VERSION_ATTRIBUTES,
    VersionAttribute,
    metadata_of,
    pairs_of,
)

if TYPE_CHECKING:
    import sqlite3

_METADATA, _FACT = "metadata.", "fact."
_OF_RUNS = ("param", "metric", "tag")
_LEAST_ID_CHARS = 4
_OFTEN_USED = ("name", "kind", "stage", "alias", "size", "created", "made_by")
_ENUMERATED = ("kind", "project", "storage", "alias", "approved_by")
"""Of these there are so few that one which nothing has is named."""
_TEXTS = (
    "SELECT v.key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key LEFT JOIN project AS p ON p.key = a.project_key "
    "WHERE instr(lower(a.name), :part) OR instr(lower(a.kind), :part) OR instr(lower(a.note), :part) OR instr(lower(v.note), :part) "
    "OR instr(lower(p.name), :part) OR instr(lower(v.metadata), :json)",
    "SELECT l.version_key FROM alias AS l WHERE instr(lower(l.name), :part)",
    "SELECT f.version_key FROM file AS f WHERE instr(lower(f.path), :part)",
)
_PREVIEWS = "SELECT r.version_key, r.content FROM preview AS r WHERE instr(lower(r.content), :json)"

RunKeys = Callable[[Node, Scope], Callable[[], set[int]]]
"""Compiles a filter of runs; the function that is given back names the runs that match."""


class VersionScope(Scope):
    """A catalog, and the moment, that a filter of versions is compiled for."""

    universe = """
        SELECT v.key
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        WHERE a.deleted_ms IS NULL
    """


def compile_versions(node: Node, scope: Scope, run_keys: RunKeys) -> Condition:
    """Make a condition on versions of a tree.

    Raises:
        FilterError: a field means nothing for a version, or a value does not fit it.
    """
    if isinstance(node, And):
        return Intersection([compile_versions(part, scope, run_keys) for part in node.parts])
    if isinstance(node, Or):
        return Union([compile_versions(part, scope, run_keys) for part in node.parts])
    if isinstance(node, Not):
        return Complement(compile_versions(node.part, scope, run_keys))
    with blaming(node):
        if isinstance(node, Word):
            made: Condition = Computed(lambda scope, within: _holding(scope, node.text))
        elif isinstance(node, AnyPoint):
            raise error_at(node, "A version has no points.", "Write made_by (any(…)) for the run that made it.")
        elif isinstance(node, Nested):
            made = _nested(node, scope, run_keys)
        else:
            made = _test(node, scope)
    return Blamed(made, node)


def _nested(node: Nested, scope: Scope, run_keys: RunKeys) -> Condition:
    """Find versions by the runs that made or used them."""
    name = node.field.name.lower()
    if name not in ("made_by", "used_by"):
        raise error_at(node.field, f"{node.field.name} is of a run, not of a version.", "Write made_by or used_by before the parentheses.")  # fmt: skip
    keys = run_keys(node.part, scope)
    version, run, relation = ("e.target_key", "e.source_key", 0) if name == "made_by" else ("e.source_key", "e.target_key", 1)  # fmt: skip
    query = f"SELECT {version} AS key FROM edge AS e WHERE e.relation = {relation} AND {run} IN (SELECT w.value FROM json_each(:runs) AS w)"
    return Computed(lambda scope, within: scope.set_of(query, {"runs": orjson.dumps(sorted(keys())).decode()}))


def _test(test: Comparison, scope: Scope) -> Condition:
    name = test.field.name
    if test.field.source in _OF_RUNS:
        raise error_at(test.field, f"A version has no {test.field.source}s.", _of_its_run(test))
    word = OTHER_WORDS.get(name.lower(), name.lower())
    if word in VERSION_ATTRIBUTES:
        return _attribute(test, word, VERSION_ATTRIBUTES[word], scope)
    names = metadata_names(scope)
    key = name[len(_METADATA) :] if name.lower().startswith(_METADATA) else name
    if key in names:
        if is_order_of_numbers(test) and all(number_in(value) is None for value, _ in names[key]):
            note_text(test, scope)
        return _metadata(test, key)
    if name.lower().startswith(_FACT):
        fact = name[len(_FACT) :].lower()
        if fact not in FACTS:
            raise error_at(test.field, f"There is no fact {fact!r}.", f"Use {', '.join(FACTS)}.")
        return _metadata(test, fact, _facts)
    if name.lower().startswith(_METADATA):
        scope.notes.append(f"No version has metadata named {key!r}.")
        return Complement(Nothing()) if test.operator == "is null" else Nothing()
    known = (*VERSION_ATTRIBUTES, *names)
    if (name.lower() in ATTRIBUTES or scope.sources_of(name)) and not nearest(name, known, most=1):
        raise error_at(test.field, f"A version has no {name!r}, a run has.", _of_its_run(test))
    raise error_at(test.field, f"A version has no {name!r}.", _nearest(name, known))


def _of_its_run(test: Comparison) -> str:
    """Offer what was asked of a version as a question about the run that made it."""
    values = [quoted_value(value.text) for value in test.values]
    written = f"({', '.join(values)})" if test.operator.endswith("in") else " ".join(values)
    return f"Write made_by ({' '.join(filter(None, (test.field.shown, test.operator, written)))}) for the run that made it."


def _nearest(name: str, names: Iterable[str]) -> str:
    if close := nearest(name, names):
        return f"Did you mean {' or '.join(quoted_name(one) for one in close)}?"
    return f"Use {', '.join(_OFTEN_USED)} or metadata.NAME; tab lists all."


def _attribute(test: Comparison, name: str, attribute: VersionAttribute, scope: Scope) -> Condition:
    if test.operator in ("is nan", "is not nan"):
        raise error_at(test, f"{name} is not a number that could be NaN.", f"Write {name} is null for versions without it.")  # fmt: skip
    kind, value = attribute.kind, attribute.value
    if name == "used_by" and _is_count(test):
        return _rows(*_number(test, name, USE_COUNT, is_bytes=False))
    if kind == "several":
        if name in _ENUMERATED:
            note_unknown(test, scope, PAIRS[name])
        return _several(test, name)
    if kind == "stage":
        codes = ", ".join(map(str, stage_codes(test)))
        return _rows(f"a.stage IN ({codes})", {}) if codes else Nothing()
    if kind == "time":
        return _rows(*time_condition(test, value, scope))
    if kind in ("number", "bytes"):
        return _rows(*_number(test, name, value, is_bytes=kind == "bytes"))
    if test.operator in ("exists", "is not null", "is null"):
        return _rows(f"coalesce({value}, '') {'=' if test.operator == 'is null' else '<>'} ''", {})
    if kind == "id":
        return _rows(*_by_start(test, name, value))
    if name in _ENUMERATED:
        note_unknown(test, scope, f"SELECT DISTINCT {value} FROM {TABLES}")
    query = f"SELECT {value}, group_concat(v.key) FROM {TABLES} WHERE {value} <> '' GROUP BY {value}"
    return Texts(((query, {}),), of_text(matcher(test)), spoken(test))


def _is_count(test: Comparison) -> bool:
    """Say whether `used_by` is held against a number of runs: what is long enough for an id is none."""
    if test.operator in COMPARISONS:
        return True
    return test.operator in ("=", "!=", "in", "not in") and all(
        not value.is_quoted and value.text.isascii() and value.text.isdigit() and len(value.text) < _LEAST_ID_CHARS
        for value in test.values
    )


def _rows(condition: str, values: dict[str, Any]) -> Condition:
    query = f"SELECT v.key AS key FROM {TABLES} WHERE {condition}"
    return Computed(lambda scope, within: scope.kept_set(query, values))


def _number(test: Comparison, name: str, column: str, *, is_bytes: bool) -> tuple[str, dict[str, Any]]:
    if test.operator in ("exists", "is not null", "is null"):
        return ("0" if test.operator == "is null" else "1"), {}
    example = f"{name} > {'10MB' if is_bytes else '1'}"
    if test.operator not in ("=", "!=", "in", "not in", *COMPARISONS):
        raise error_at(
            test, f"{test.operator} looks at text, and {name} is a number.", f"Write {example}, for example."
        )
    values: dict[str, Any] = {}
    for i, value in enumerate(test.values):
        text = value.text[1:] if name == "version" and value.text[:1] in "vV" else value.text
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else value.quantity
        if number is None or number != number or abs(number) >= 2**63:
            raise error_at(value, f"{value.text!r} is no number.", f"Write {example}, for example.")
        values[f"v{i}"] = number
    if test.operator in COMPARISONS:
        return f"{column} {test.operator} :v0", values
    marks = ", ".join(":" + key for key in values)
    return f"{column} {'NOT ' if test.operator in ('!=', 'not in') else ''}IN ({marks})", values


def _by_start(test: Comparison, name: str, column: str) -> tuple[str, dict[str, Any]]:
    if test.operator not in ("=", "!=", "in", "not in"):
        raise error_at(test, f"{test.operator} does not go with {name}.", f"Write {name} = and the start of one.")
    values: dict[str, Any] = {}
    parts = []
    for i, value in enumerate(test.values):
        text = storable(value.text)
        text = text.upper() if name == "id" else text.lower()
        values |= {f"s{i}": text, f"e{i}": text + "~"}
        parts.append(f"{column} = :s{i}" + (f" OR ({column} >= :s{i} AND {column} < :e{i})" if len(text) >= _LEAST_ID_CHARS else ""))  # fmt: skip
    same = f"({' OR '.join(parts)})"
    return f"{column} <> '' AND {'NOT ' if test.operator in ('!=', 'not in') else ''}{same}", values


def _several(test: Comparison, name: str) -> Condition:
    if test.operator in COMPARISONS:
        raise error_at(test, f"{test.operator} does not go with {name}.", f"Write {name} = … or {name} ~ ….")
    if test.operator in ("exists", "is not null", "is null"):
        having: Condition = Computed(lambda scope, within: _having(scope, name, lambda text: True))
        return Complement(having) if test.operator == "is null" else having
    plain = Comparison(test.field, NEGATIONS.get(test.operator, test.operator), test.values, test.position, test.length)
    holds = _of_reference(plain) if name in ("made_by", "used_by") else matcher(plain)
    matching = Computed(lambda scope, within: _having(scope, name, holds))
    return Complement(matching) if test.operator in NEGATIONS else matching


def _of_reference(test: Comparison) -> Matcher:
    """Match a run by its name, or by the start of its id."""
    holds = matcher(test)
    starts = tuple(value.text.upper() for value in test.values if len(value.text) >= _LEAST_ID_CHARS)
    if test.operator not in ("=", "in") or not starts:
        return holds
    return lambda text: holds(text) or (len(text) == 26 and text.startswith(starts))


def _having(scope: Scope, name: str, holds: Matcher) -> set[int]:
    verdicts: dict[str, bool] = {}
    keys: set[int] = set()
    for text, key in pairs_of(scope.connection, name, scope.now_ms):
        if not isinstance(text, str) or not isinstance(key, int):
            continue
        if text not in verdicts:
            verdicts[text] = holds(text)
        if verdicts[text]:
            keys.add(key)
    return keys


def metadata_names(scope: Scope) -> dict[str, list[tuple[str, int]]]:
    """Give the names in the metadata of versions, nested ones with dots, each with its values as text and the keys of the versions."""

    def read() -> dict[str, list[tuple[str, int]]]:
        names: dict[str, list[tuple[str, int]]] = {}
        for key, name, value in metadata_of(scope.connection):
            names.setdefault(name, []).append((value, key))
        return names

    return scope.memory.get("metadata", read)


def _facts(scope: Scope) -> dict[str, list[tuple[str, int]]]:
    """Give the declared facts of versions, each with its values and the keys of the versions."""
    return scope.memory.get("facts", lambda: facts_by_name(scope.connection))


def _metadata(
    test: Comparison, name: str, names_of: Callable[[Scope], dict[str, list[tuple[str, int]]]] = metadata_names
) -> Condition:
    def having(scope: Scope) -> set[int]:
        return {key for _, key in names_of(scope).get(name, ())}

    if test.operator in ("exists", "is not null"):
        return Computed(lambda scope, within: having(scope))
    if test.operator == "is null":
        return Complement(Computed(lambda scope, within: having(scope)))
    if test.operator in ("is nan", "is not nan"):
        raise error_at(test, "Metadata is not compared with NaN.", f"Write {test.field.shown} is null for versions without it.")  # fmt: skip
    holds = matcher(test, is_tag=True)
    return Computed(lambda scope, within: {key for value, key in names_of(scope).get(name, ()) if holds(value)})


def _holding(scope: Scope, text: str) -> set[int]:
    """Give the versions that contain a text: in names, kinds, stages, notes, aliases, metadata, paths or previews, in any case."""
    word = storable(text)[:MAX_WORD_CHARS]
    return set(scope.memory.get(("version word", word), lambda: array("q", _read_holding(scope.connection, word))))


def _read_holding(connection: sqlite3.Connection, word: str) -> set[int]:
    stages = [code for code, stage in enumerate(STAGES) if word.casefold() in stage]
    query = f"SELECT v.key FROM {TABLES} WHERE a.stage IN ({', '.join(map(str, stages))})"
    keys: set[int] = {row[0] for row in connection.execute(query)} if stages else set()
    for part in spellings(word):
        values = {"part": part, "json": orjson.dumps(part).decode()[1:-1]}
        for query in _TEXTS:
            keys.update(row[0] for row in connection.execute(query, values) if isinstance(row[0], int))
        # The names of a preview's fields are in its JSON, too.
        keys.update(key for key, content in connection.execute(_PREVIEWS, values) if key not in keys and any(word.casefold() in seen.casefold() for seen in _seen_in(content)))  # fmt: skip
    return keys


def _seen_in(content: Any) -> Iterator[str]:
    """Give the texts that a stored preview shows."""
    stored = cell_of.object_of(content) or {}
    table = stored.get("table")
    parts: list[Any] = [stored.get("title"), stored.get("text"), stored.get("facts")]
    if isinstance(table, dict):
        parts += [table.get("columns"), table.get("rows")]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, str):
            yield part
