"""What could come next in a query: views, tables, their columns, and the words of SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from artui.query.filter.complete import Completion
from artui.query.sql.named import BEFORE_RELATION, ENDS_RELATIONS, named_in
from artui.query.sql.relations import SAYS_ONE_ROW_FOR, Relation
from artui.query.sql.tokens import FUNCTIONS, KEYWORDS, RESERVED, Token, tokens

MAX_OFFERED = 40
_PLAIN = re.compile(r"[^\W\d]\w*\Z")
_AT_START = ("SELECT", "WITH", "VALUES", "EXPLAIN QUERY PLAN")
_NEXT: dict[str, tuple[str, ...]] = {
    "FROM": ("WHERE", "JOIN", "LEFT JOIN", "GROUP BY", "ORDER BY", "LIMIT"),
    "JOIN": ("ON", "USING", "WHERE", "JOIN", "GROUP BY", "ORDER BY"),
    "WHERE": ("AND", "OR", "GROUP BY", "ORDER BY", "LIMIT"),
    "BY": ("DESC", "LIMIT", "HAVING", "ORDER BY"),
}
"""What usually comes behind a name, by the last word of SQL before it."""


class _Place(NamedTuple):
    """Where in a query the cursor is."""

    before: Sequence[Token]
    partial: str
    start: int


def offers(query: str, cursor: int, relations: Sequence[Relation]) -> list[Completion]:
    """Give what fits at the cursor, the most fitting first; nothing inside a text or a comment."""
    place = _place(query[:cursor])
    if place is None:
        return []
    before, partial, start = place
    named = named_in(query, relations)
    last = next((token.text.upper() for token in reversed(before) if token.kind == "keyword"), "")
    is_lower = partial.islower() if partial else bool(before) and all(token.text.islower() for token in before if token.kind == "keyword")  # fmt: skip
    found: Iterator[tuple[str, str, bool]]
    if len(before) > 1 and before[-1].text == "." and before[-1].end == start:
        relation = named.get(before[-2].value.lower())
        found = ((column, relation.name, True) for column in relation.columns) if relation is not None else iter(())
    elif _is_relation_wanted(before):
        found = _relations(named, relations)
    elif not before or before[-1].text == ";":
        found = ((word, "", True) for word in _AT_START)
    elif before[-1].end == start and before[-1].kind in ("word", "name", "number", "text"):
        found = iter(())
    else:
        found = _expressions(named, relations, before, last, is_empty=not partial)
    return _fitting(found, partial, start, is_lower=is_lower)


def _place(text: str) -> _Place | None:
    found = list(tokens(text))
    if not found:
        return _Place((), "", len(text))
    last = found[-1]
    is_at_end = last.end == len(text)
    if last.kind == "comment" and is_at_end and not (last.text.startswith("/*") and last.text.endswith("*/")):
        return None
    if last.kind == "text" and is_at_end and (len(last.text) < 2 or not last.text.endswith("'")):
        return None
    if is_at_end and last.kind in ("word", "keyword", "name"):
        return _Place([one for one in found[:-1] if one.kind != "comment"], last.value, last.start)
    if is_at_end and last.kind in ("number", "text", "param"):
        return None
    return _Place([one for one in found if one.kind != "comment"], "", len(text))


def _is_relation_wanted(before: Sequence[Token]) -> bool:
    """Say whether a view or a table is to be named next: behind FROM or JOIN, or behind a comma in such a list."""
    if before and before[-1].text.upper() in BEFORE_RELATION:
        return True
    if not before or before[-1].text != ",":
        return False
    depth = 0
    for token in reversed(before):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if depth < 0:
            return False
        if depth == 0 and token.kind == "keyword":
            word = token.text.upper()
            if word in BEFORE_RELATION or word in ENDS_RELATIONS or word == "BY":
                return word in BEFORE_RELATION
    return False


def _relations(named: dict[str, Relation], relations: Sequence[Relation]) -> Iterator[tuple[str, str, bool]]:
    names = {relation.name for relation in relations}
    yield from ((one.name, "defined here", True) for one in named.values() if one.name not in names)
    yield from ((one.name, f"{SAYS_ONE_ROW_FOR}{one.words}" if one.is_view else "a table: a later version may change it", True) for one in relations)  # fmt: skip


def _expressions(
    named: dict[str, Relation], relations: Sequence[Relation], before: Sequence[Token], last: str, *, is_empty: bool
) -> Iterator[tuple[str, str, bool]]:
    """Give columns, then the words of SQL and functions; where a name stands before the cursor, the words come first."""
    is_behind_name = before[-1].kind in ("word", "name", "number", "text", "param") or before[-1].text == ")"
    words = _NEXT.get(last, ()) if is_behind_name else ()
    if not is_behind_name or not is_empty:
        shown = list(dict.fromkeys(named.values())) or [one for one in relations if one.is_view]
        yield from ((word, "", True) for word in words)
        yield from ((column, relation.name, True) for relation in shown for column in relation.columns)
        yield from ((alias, relation.name, False) for alias, relation in named.items() if alias != relation.name)
    else:
        yield from ((word, "", True) for word in words)
    if last == "SELECT":
        yield "FROM", "", True
    if is_empty and last not in ("SELECT", "WHERE", "ON", "AND", "OR", "BY"):
        return
    yield from ((f"{name}(", "a function", False) for name in FUNCTIONS if not is_behind_name or not is_empty)
    if not is_empty:
        yield from ((word, "", True) for word in KEYWORDS)


def _fitting(found: Iterator[tuple[str, str, bool]], partial: str, start: int, *, is_lower: bool) -> list[Completion]:
    """Give what begins with what is typed, then what holds it; nothing if it is all typed."""
    typed = partial.lower()
    first: dict[str, Completion] = {}
    behind: dict[str, Completion] = {}
    for name, detail, ends_word in found:
        low = name.lower()
        is_word = not detail and name.isupper()
        text = (low if is_lower else name) if is_word else quoted(name) if ends_word else name
        if low.startswith(typed):
            first.setdefault(low, Completion(text, start, detail, ends_word))
        elif len(typed) > 1 and typed in low and not is_word and ends_word:
            behind.setdefault(low, Completion(text, start, detail, ends_word))
    completions = [*first.values(), *(one for low, one in behind.items() if low not in first)]
    if len(completions) == 1 and completions[0].text.lower() == typed:
        return []
    return completions[:MAX_OFFERED]


def quoted(name: str) -> str:
    """Write a name as SQL takes it: in quotes where it is no plain word, or one of SQL's own."""
    if _PLAIN.match(name) and name.upper() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'
