"""What could come next in a filter: fields of this catalog, operators that fit them, values that runs have."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from artui import clock
from artui.model import STAGES, STATUSES
from artui.query import fuzzy
from artui.query.aggregates import AGGREGATES
from artui.query.attributes import ALIASED_RUNS, ATTRIBUTES, STORES
from artui.query.filter.matching import as_text
from artui.query.filter.parser import Field, field_of
from artui.query.filter.resolve import Meaning, meaning_of
from artui.query.filter.series import which_series
from artui.query.filter.sets import Scope
from artui.query.filter.tokens import WORD_OPERATORS, FilterError, Token, quoted_name, quoted_value, tokens
from artui.query.slices import slices_of

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_OFFERED = 40
MAX_VALUES = 200
_MOST_SLICED = 5
"""Of so many metrics the slices are offered."""
_PREFIXES = {"metric": "metrics.", "param": "params.", "tag": "tags.", "attribute": "attr."}
_OPERATORS = {
    "metric": ("<", "<=", ">", ">=", "=", "!=", "between", "is nan", "is null"),
    "param": ("=", "!=", "<", ">", "in", "not in", "~", "contains", "like", "between", "is null"),
    "text": ("=", "!=", "~", "contains", "in", "like", "is null"),
    "word": ("=", "!=", "in", "not in"),
    "time": (">", "<", "=", "between", "is null"),
    "duration": (">", "<", "between", "is null"),
    "artifact": ("=", "!=", "~", "contains", "in", "is null"),
    "id": ("=", "!=", "in"),
    "flag": ("=",),
}
_OPERATORS |= {
    "tag": _OPERATORS["text"],
    "project": _OPERATORS["text"],
    "parent": ("=", "!=", "is null"),
    "alias": _OPERATORS["text"],
    "store": ("=", "!=", "~", "contains", "in", "is null"),
}
_KIND_ORDER = {"metric": 0, "param": 1, "attribute": 2, "tag": 3}
_ARTIFACT_NAMES = """
    SELECT a.name, count(*)
    FROM artifact AS a
    JOIN version AS v ON v.artifact_key = a.key
    GROUP BY a.key
    ORDER BY a.key DESC
    LIMIT :most
"""
_TAG_NAMES = """
    SELECT n.text, count(*)
    FROM tag AS t
    JOIN name AS n ON n.key = t.name_key
    GROUP BY n.key
    ORDER BY 2 DESC
    LIMIT :most
"""
_ALIAS_NAMES = f"""
    SELECT l.name, count(DISTINCT e.source_key)
    FROM {ALIASED_RUNS}
    GROUP BY l.name
    ORDER BY 2 DESC
    LIMIT :most
"""
_STORE_NAMES = f"""
    SELECT s.store, count(*)
    FROM ({STORES}) AS s
    WHERE s.store IS NOT NULL
    GROUP BY s.store
    ORDER BY 2 DESC
    LIMIT :most
"""
_PARENT_NAMES = """
    SELECT p.name, count(*)
    FROM run AS r
    JOIN run AS p ON p.id = r.parent_id
    WHERE r.parent_id IS NOT NULL
    GROUP BY p.key
    ORDER BY 2 DESC
    LIMIT :most
"""
_NEWEST_NAMES = """
    SELECT name, 1
    FROM run
    ORDER BY started_ms DESC
    LIMIT :most
"""
_FIXED_VALUES = {
    "status": STATUSES,
    "stage": STAGES,
    "started": ("1h ago", "1d ago", "7d ago", "today", "yesterday"),
    "age": ("1h", "1d", "7d", "30d"),
    "ended": ("1h ago", "1d ago", "7d ago", "today", "yesterday"),
    "duration": ("1m", "10m", "1h", "12h", "1d"),
    "dirty": ("true", "false"),
}


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that fits where the cursor is."""

    text: str
    """The text that is put into the filter once it is chosen."""
    start: int
    """Where it begins; it replaces everything from there to the cursor."""
    detail: str = ""
    """What it is, in a few words."""
    ends_word: bool = True
    """Whether a blank should follow."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a filter the cursor is."""

    expects: str
    """`field`, `operator`, `value`, `list`, `null`, `and` or `join`."""
    partial: str
    """The beginning of a word directly before the cursor."""
    start: int
    field: Field | None = None
    operator: str = ""
    is_quoted: bool = False


class Language(NamedTuple):
    """What may stand in filters of one subject, by what is expected at the cursor."""

    scope: type[Scope]
    fields: Callable[[Scope, Place], list[Completion]]
    operators: Callable[[Scope, Place], list[Completion]]
    values: Callable[[Scope, Place], list[Completion]]
    nulls: tuple[str, ...]
    """What may follow `is`."""


def completions(reader: Reader, text: str, cursor: int) -> list[Completion]:
    """Say what could stand at the cursor of a filter, the likeliest first."""
    return completed(reader, text, cursor, _RUNS)


def completed(reader: Reader, text: str, cursor: int, language: Language) -> list[Completion]:
    """Say what could stand at the cursor of a filter in one of the languages, the likeliest first."""
    try:
        place = place_at(text[:cursor])
    except FilterError:
        return []
    with reader.snapshot() as connection:
        scope = language.scope(connection, clock.now_ms(), reader.memory.at(reader.file_token()))
        if place.expects == "field":
            return language.fields(scope, place)
        if place.expects == "operator":
            return language.operators(scope, place)
        if place.expects in ("value", "list"):
            return language.values(scope, place)
    words = {"null": language.nulls, "join": ("and", "or"), "and": ("and",)}.get(place.expects, ())
    return [Completion(word, place.start) for word in words if word.startswith(place.partial.lower())]


def is_unfinished(text: str) -> bool:
    """Say whether a filter ends in a name without a condition, in a value, or in the beginning of `and` or `or`: more may follow."""
    try:
        place = place_at(text)
    except FilterError:
        return False
    word = place.partial.lower()
    return place.expects in ("field", "operator", "value") or (
        place.expects in ("join", "and") and bool(word) and any(join.startswith(word) for join in ("and", "or"))
    )


def finished_part(text: str) -> str:
    """Give a filter up to the last `and` or `or` outside of parentheses: what was meant before the last condition; else nothing."""
    depth, end = 0, 0
    for token in tokens(text, is_lenient=True):
        depth += (token.kind == "(") - (token.kind == ")")
        if depth == 0 and token.kind == "word" and token.keyword in ("and", "or"):
            end = token.position
    return text[:end].strip()


def place_at(before: str) -> Place:
    """Find out from the text before the cursor what is expected at it."""
    before_cursor = tokens(before, is_lenient=True)[:-1]
    partial: Token | None = None
    if before_cursor and before_cursor[-1].end == len(before) and before_cursor[-1].kind in ("word", "name", "string"):
        partial = before_cursor.pop()
    expects, field, operator, depth = "field", None, "", 0
    for i, token in enumerate(before_cursor):
        if token.kind == ")":
            expects, depth = "join", max(0, depth - 1)
        elif token.kind == "(":
            expects = "list" if operator == "in" and expects == "value" else "field"
            depth += 1
        elif token.keyword in ("and", "or"):
            if operator == "between" and expects == "and":
                expects, operator = "value", "between…"
            else:
                expects, field, operator = "field", None, ""
        elif token.keyword == "not":
            expects = expects if expects in ("operator", "null") else "field"
        elif expects == "list":
            pass
        elif token.kind == "operator" or (token.keyword in WORD_OPERATORS and expects == "operator"):
            operator = token.keyword or token.text
            expects = "null" if operator == "is" else "value"
        elif expects == "value":
            expects = "and" if operator == "between" else "join"
        elif token.kind in ("word", "name", "string") and expects in ("field", "join"):
            is_any = (
                token.kind == "word"
                and token.text.lower() == "any"
                and i + 1 < len(before_cursor)
                and before_cursor[i + 1].kind == "("
            )
            is_has = token.kind == "word" and token.text.lower() == "has"
            if is_has:
                expects = "field"
            elif not is_any:
                field, expects = field_of(token), "operator"
        elif expects in ("operator", "null"):
            # Two words in a row: each is a search of its own.
            field, expects = field_of(token), "operator" if expects == "operator" else "join"
    start = partial.position if partial is not None else len(before)
    typed = before[start:]
    return Place(expects, typed, start, field, operator, typed[:1] in ("'", '"', "`"))


def _fields(scope: Scope, place: Place) -> list[Completion]:
    partial = place.partial.strip("\"'`")
    prefix, dot, rest = partial.partition(".")
    source = {
        "metrics": "metric",
        "params": "param",
        "tags": "tag",
        "attr": "attribute",
        "attributes": "attribute",
    }.get(prefix.lower(), "")
    written = f"{prefix}." if source and dot else ""
    wanted = rest if written else partial
    terms = scope.memory.get("vocabulary", lambda: vocabulary(scope.connection))
    counts: dict[str, int] = {}
    for _, name, _ in terms:
        counts[name] = counts.get(name, 0) + 1

    def completion_of(term: Term) -> Completion:
        before = written or (_PREFIXES[term.source] if counts[term.name] > 1 else "")
        return Completion(before + quoted_name(term.name), place.start, term.detail)

    meant = [term for term in terms if not written or term.source == source]
    ranked = [
        (rank, _KIND_ORDER[term.source], completion_of(term))
        for term in meant
        if (rank := rank_of(term.name, wanted)) is not None
    ]
    if (
        not ranked
        and len(wanted) > fuzzy.FEWEST_LETTERS
        and not any(word.startswith(wanted.lower()) for word in ("any(", "not"))
    ):
        # Nothing has what was typed: what has its letters in this order may be meant.
        fitting = fuzzy.fitting(meant, [wanted], lambda term: term.name)[:MAX_OFFERED]
        ranked += [(3, 0, completion_of(term)) for term in fitting]
    base, dot, aggregate = wanted.rpartition(".")
    if dot and any(term_source == "metric" and name == base for term_source, name, _ in terms):
        ranked += [
            (
                0,
                9,
                Completion(f"{written}{quoted_name(base)}.{word}", place.start, f"{word.replace('_', ' ')} of {base}"),
            )
            for word in AGGREGATES
            if word.startswith(aggregate)
        ]
    ranked += _slices(scope, wanted, terms, written, place)
    if "any(".startswith(wanted.lower()) and not written:
        ranked.append((2, 9, Completion("any(", place.start, "whether any point of a metric is such", ends_word=False)))
    if "not".startswith(wanted.lower()) and wanted:
        ranked.append((0, 9, Completion("not", place.start, "what follows must not hold")))
    ranked.sort(key=lambda entry: entry[:2])
    return [completion for _, _, completion in ranked[:MAX_OFFERED] if completion.text != place.partial]


def _slices(scope: Scope, wanted: str, terms: list[Term], written: str, place: Place) -> list[tuple[int, int, Completion]]:  # fmt: skip
    """Offer the slices of a metric once its name, or the last part of it, has a bracket behind it; behind a slice its statistics."""
    base, bracket, partial = wanted.partition("[")
    base = base.strip("`\"'")
    if not bracket or not base:
        return []
    named = [term.name for term in terms if term.source == "metric"]
    metrics = [base] if base in named else [name for name in named if name.endswith((f"/{base}", f".{base}"))]
    label, closing, rest = partial.partition("]")
    offered: list[Completion] = []
    for metric in metrics[:_MOST_SLICED]:
        for slice_label in slices_of(scope.connection, scope.name_key(metric), scope.memory):
            whole = f"{written}{quoted_name(metric)}[{slice_label}]"
            if not closing and label.casefold() in slice_label.casefold():
                offered.append(Completion(whole, place.start, f"the part of {metric} with {slice_label}"))
            elif closing and label == slice_label and rest.startswith("."):
                offered += [
                    Completion(f"{whole}.{word}", place.start, f"{word.replace('_', ' ')} of this part")
                    for word in AGGREGATES
                    if word.startswith(rest[1:])
                ]
    return [(0, 9, completion) for completion in offered]


def rank_of(name: str, wanted: str) -> int | None:
    """Say how well a name fits what was typed: from its start, from the start of a part, from anywhere, or not."""
    low, part = name.casefold(), wanted.casefold()
    if low.startswith(part):
        return 0
    if any(low.startswith(part, i + 1) for i, sign in enumerate(low) if sign in "/._-:"):
        return 1
    return 2 if part in low else None


class Term(NamedTuple):
    """Something that a filter may name."""

    source: str
    """`metric`, `param`, `tag` or `attribute`."""
    name: str
    detail: str
    """What it is, in a few words."""


def vocabulary(connection: sqlite3.Connection) -> list[Term]:
    """Give everything that a filter may name; what people choose runs by comes first."""
    from artui.query.series.ranking import metric_rank

    kinds = (
        (
            "metric",
            "SELECT n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM series AS t WHERE t.name_key = n.key) LIMIT 20000",
        ),
        (
            "param",
            "SELECT n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.number IS NOT NULL) "
            "OR EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.text IS NOT NULL) LIMIT 20000",
        ),
        (
            "tag",
            "SELECT n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM tag AS t WHERE t.name_key = n.key) LIMIT 20000",
        ),
    )
    terms: list[Term] = []
    for kind, query in kinds:
        names = [str(row[0]) for row in connection.execute(query)]
        if kind == "metric":
            names.sort(key=metric_rank)
        terms += [Term(kind, name, kind) for name in names]
    return terms + [Term("attribute", name, "of every run") for name in ATTRIBUTES]


def _operators(scope: Scope, place: Place) -> list[Completion]:
    assert place.field is not None
    try:
        meaning = meaning_of(place.field, scope)
    except FilterError:
        return joins(place)
    kind = ATTRIBUTES[meaning.name].kind if meaning.source == "attribute" else meaning.source
    offered = ["= true", "= false"] if meaning.aggregate == "diverged" else _OPERATORS.get(kind, _OPERATORS["text"])
    signs = [Completion(sign, place.start) for sign in offered if sign.startswith(place.partial.lower())]
    return signs if not place.partial else signs + joins(place)


def joins(place: Place) -> list[Completion]:
    """Give the words that join conditions, as far as they go on with what was typed."""
    return [Completion(word, place.start) for word in ("and", "or") if word.startswith(place.partial.lower())]


def _values(scope: Scope, place: Place) -> list[Completion]:
    assert place.field is not None or place.expects != "list"
    if place.field is None:
        return []
    try:
        meaning = meaning_of(place.field, scope)
    except FilterError:
        return []
    wanted = place.partial.strip("\"'`").casefold()
    if meaning.source == "attribute" and meaning.name in _FIXED_VALUES:
        # Words of the language itself stand without quotes.
        name = "age" if place.field.name.lower() == "age" else meaning.name
        return [Completion(text, place.start) for text in _FIXED_VALUES[name] if wanted in text]
    if meaning.source == "metric":
        pairs: Iterable[tuple[str, str]] = _metric_values(scope, meaning)
    elif meaning.source == "attribute":
        query = _values_query(meaning.name)
        rows = scope.connection.execute(query, {"most": MAX_VALUES}).fetchall() if query else []
        pairs = [(quoted_value(str(text)), _runs_text(count, meaning.name)) for text, count in rows]
    else:
        pairs = _stored_values(scope, meaning.source, meaning.name_key)
    offered = [Completion(text, place.start, detail) for text, detail in pairs if wanted in text.casefold()]
    return likeliest(offered, place, wanted)


def likeliest(offered: list[Completion], place: Place, wanted: str) -> list[Completion]:
    """Put the values that begin with what was typed first, and leave out what stands there already."""
    offered.sort(key=lambda completion: not completion.text.strip('"').casefold().startswith(wanted))
    return [completion for completion in offered[:MAX_OFFERED] if completion.text != place.partial]


def _values_query(word: str) -> str:
    """Write a statement for the values that runs have of an attribute, with how many have each; empty if there is none.

    Long texts are not offered.
    """
    attribute = ATTRIBUTES[word]
    if word == "name":
        return _NEWEST_NAMES
    special = {
        "artifact": _ARTIFACT_NAMES,
        "tag": _TAG_NAMES,
        "parent": _PARENT_NAMES,
        "alias": _ALIAS_NAMES,
        "store": _STORE_NAMES,
    }
    if attribute.kind in special:
        return special[attribute.kind]
    if word in ("id", "note", "error", "command") or attribute.kind not in ("text", "id", "project"):
        return ""
    shown = f"substr({attribute.value}, 1, 10)" if attribute.kind == "id" else attribute.value
    return f"""
        SELECT {shown}, count(*)
        FROM {attribute.table}
        {f"WHERE {attribute.has_value}" if attribute.has_value else ""}
        GROUP BY {attribute.value}
        ORDER BY 2 DESC
        LIMIT :most
    """


def _runs_text(count: int, kind: str = "") -> str:
    noun = "version" if kind in ("input", "output", "artifact") else "run"
    return "" if kind == "name" else f"{count:,} {noun}{'' if count == 1 else 's'}"


def _stored_values(scope: Scope, source: str, name_key: int | None) -> list[tuple[str, str]]:
    """Give what runs have as the value of a param or a tag: the commonest first."""
    values: dict[str, Any] = {"name": name_key, "most": MAX_VALUES}
    counted: list[tuple[int, str]] = []
    if source == "tag":
        query = "SELECT value, count(*) FROM tag WHERE name_key = :name AND value <> '' GROUP BY value ORDER BY 2 DESC LIMIT :most"
        counted = [(count, quoted_value(str(value))) for value, count in scope.connection.execute(query, values)]
    else:
        for kind in ("number", "text"):
            query = f"SELECT {kind}, count(*), min(type) FROM param WHERE name_key = :name AND {kind} IS NOT NULL GROUP BY {kind} ORDER BY 2 DESC LIMIT :most"
            for value, count, stored in scope.connection.execute(query, values):
                text = str(bool(value)).lower() if stored == 2 else as_text(value)
                counted.append((count, quoted_value(text)))
    counted.sort(key=lambda pair: -pair[0])
    return [(text, _runs_text(count)) for count, text in counted]


def _metric_values(scope: Scope, meaning: Meaning) -> list[tuple[str, str]]:
    """Give values that divide the runs, near 1, 10, 50, 90 and 99 % of them, and say how many values are less."""
    value = AGGREGATES[meaning.aggregate]
    if meaning.aggregate in ("diverged",):
        return []
    which, more = which_series(meaning, scope)
    rows = scope.connection.execute(
        f"SELECT {value} FROM series AS t WHERE t.name_key = :name AND {value} IS NOT NULL AND {which or '1'}",
        {"name": meaning.name_key, **more},
    )
    values = sorted(row[0] for row in rows if isinstance(row[0], int | float))
    quantiles = []
    for share in (1, 10, 50, 90, 99) if values else ():
        at_share = values[(len(values) - 1) * share // 100]
        if abs(at_share) < 1e308:
            text = f"{at_share:.4g}"
            # What is written is rounded: the share is of that.
            below = bisect_left(values, float(text))
            detail = f"{below:,} of {len(values):,} values are below it" if below else "no value is below it"
            quantiles.append((text, detail))
    return list(dict(quantiles).items())


_RUNS = Language(Scope, _fields, _operators, _values, ("null", "not null", "nan", "not nan"))
