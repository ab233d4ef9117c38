"""What could come next in a filter of versions: fields, operators that fit them, values that versions have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from artui.catalog.cells import text as text_cell
from artui.model import FACTS, STAGES
from artui.query.declared import facts_by_name
from artui.query.filter.complete import (
    MAX_OFFERED,
    MAX_VALUES,
    Completion,
    Language,
    Place,
    completed,
    joins,
    likeliest,
    rank_of,
)
from artui.query.filter.tokens import quoted_name, quoted_value
from artui.query.filter.versions import VersionScope, metadata_names
from artui.query.versionwords import OTHER_WORDS, PAIRS, TABLES, VERSION_ATTRIBUTES, pairs_of

if TYPE_CHECKING:
    from artui.query.filter.sets import Scope
    from artui.query.reader import Reader

_METADATA, _FACT = "metadata.", "fact."
_LEAST_OF_PREFIX = 3
"""From so many letters on the beginning of a prefix offers all that it may stand before."""
_OPERATORS = {
    "text": ("=", "!=", "~", "contains", "in", "is null"),
    "stage": ("=", "!=", "in"),
    "number": (">", "<", "=", "between"),
    "bytes": (">", "<", "between"),
    "time": (">", "<", "=", "between"),
    "id": ("=", "in"),
    "several": ("=", "!=", "~", "in", "is null"),
    "metadata": ("=", "!=", "<", ">", "~", "in", "is null"),
}
_NESTED = ("made_by", "used_by")
_FIXED = {
    "stage": STAGES,
    "size": ("1MB", "100MB", "1GB", "10GB"),
    "created": ("1d ago", "7d ago", "30d ago", "today", "yesterday"),
    "age": ("1d", "7d", "30d"),
}
_DETAILS = {
    "made_by": "a run, or ( a filter of runs )",
    "used_by": "a run, or ( a filter of runs )",
    "file": "a path in it",
    "preview": "text, table, tensors …",
    "name": "of the artifact",
}


def version_completions(reader: Reader, text: str, cursor: int) -> list[Completion]:
    """Say what could stand at the cursor of a filter of versions, the likeliest first."""
    return completed(reader, text, cursor, _VERSIONS)


def _fields(scope: Scope, place: Place) -> list[Completion]:
    wanted = place.partial.strip("\"'`")
    offered: list[tuple[int, int, Completion]] = []
    for number, word in enumerate(VERSION_ATTRIBUTES):
        rank = rank_of(word, wanted)
        if rank is not None:
            offered.append((rank, number, Completion(word, place.start, _DETAILS.get(word, "of every version"))))
    name = _behind(_METADATA, wanted)
    is_prefixed, name = name is not None, wanted if name is None else name
    for number, key in enumerate(metadata_names(scope)):
        rank = rank_of(key, name)
        if rank is not None:
            hidden = key.lower() in VERSION_ATTRIBUTES or key.lower() in OTHER_WORDS
            text = (_METADATA if is_prefixed or hidden else "") + quoted_name(key)
            offered.append((rank, 100 + number, Completion(text, place.start, "metadata")))
    fact = _behind(_FACT, wanted)
    for number, (key, about) in enumerate(FACTS.items()):
        rank = rank_of(key, wanted if fact is None else fact)
        if rank is not None and wanted:
            offered.append((rank, 50 + number, Completion(_FACT + key, place.start, about.words)))
    for word, detail in (("has", "what follows is there"), ("not", "what follows must not hold")):
        if wanted and word.startswith(wanted.lower()):
            offered.append((0, 99, Completion(word, place.start, detail)))
    offered.sort(key=lambda entry: entry[:2])
    return [completion for *_, completion in offered[:MAX_OFFERED] if completion.text != place.partial]


def _behind(prefix: str, wanted: str) -> str | None:
    """Give what is typed behind a prefix, nothing behind the beginning of one; None if it is another word."""
    low = wanted.lower()
    if low.startswith(prefix):
        return wanted[len(prefix) :]
    return "" if len(low) >= _LEAST_OF_PREFIX and prefix.startswith(low) else None


def _name_of(place: Place) -> str:
    assert place.field is not None
    name = place.field.name.lower()
    return OTHER_WORDS.get(name, name)


def _operators(scope: Scope, place: Place) -> list[Completion]:
    name = _name_of(place)
    kind = VERSION_ATTRIBUTES[name].kind if name in VERSION_ATTRIBUTES else "metadata"
    signs = [*(["("] if name in _NESTED else []), *_OPERATORS[kind]]
    offered = [
        Completion(sign, place.start, ends_word=sign != "(") for sign in signs if sign.startswith(place.partial.lower())
    ]
    return offered if not place.partial else offered + joins(place)


def _values(scope: Scope, place: Place) -> list[Completion]:
    if place.field is None:
        return []
    wanted = place.partial.strip("\"'`").casefold()
    name = _name_of(place)
    fixed = _FIXED.get("age" if place.field.name.lower() == "age" else name)
    if fixed is not None:
        return [Completion(word, place.start) for word in fixed if wanted in word]
    offered = [
        Completion(quoted_value(value), place.start, f"{count:,} version{'' if count == 1 else 's'}")
        for value, count in _counted(scope, name, place)
        if wanted in value.casefold()
    ]
    return likeliest(offered, place, wanted)


def _counted(scope: Scope, name: str, place: Place) -> Iterable[tuple[str, int]]:
    """Give values that versions have, the commonest first, each with how many have it."""
    if name not in VERSION_ATTRIBUTES:
        assert place.field is not None
        if name.startswith(_FACT):
            fact = name.removeprefix(_FACT)
            counts = Counter(value for value, _ in facts_by_name(scope.connection).get(fact, ()))
            counts.update(dict.fromkeys(FACTS[fact].values, 0) if fact in FACTS else {})
            return counts.most_common(MAX_VALUES)
        key = place.field.name.removeprefix(_METADATA)
        return Counter(value for value, _ in metadata_names(scope).get(key, ())).most_common(MAX_VALUES)
    attribute = VERSION_ATTRIBUTES[name]
    if attribute.kind == "several":
        if name not in PAIRS:
            return Counter(text_cell(text) for text, _ in pairs_of(scope.connection, name, scope.now_ms)).most_common(
                MAX_VALUES
            )
        # Of runs the names are offered, not the ids.
        query = PAIRS[name].partition("UNION ALL")[0] if name in _NESTED else PAIRS[name]
        return Counter(text_cell(row[0]) for row in scope.connection.execute(f"SELECT * FROM ({query}) LIMIT 20000")).most_common(MAX_VALUES)  # fmt: skip
    if attribute.kind != "text":
        return ()
    query = f"SELECT {attribute.value}, count(*) FROM {TABLES} WHERE {attribute.value} <> '' GROUP BY 1 ORDER BY 2 DESC LIMIT :most"
    return [(text_cell(value), count) for value, count in scope.connection.execute(query, {"most": MAX_VALUES})]


_VERSIONS = Language(VersionScope, _fields, _operators, _values, ("null", "not null"))
