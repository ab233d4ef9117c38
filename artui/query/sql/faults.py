"""What is wrong with a query: where, as far as that is certain, and which name may have been meant.

SQLite names what it stumbles over, and Python 3.11 does not say where that is. A place is given where the name occurs once, or
where the query up to it has the same error and no shorter part of it has: SQLite reads from left to right.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from artui.errors import UsageError
from artui.near import did_you_mean
from artui.query.excerpts import excerpt_of
from artui.query.sql.named import named_in
from artui.query.sql.relations import Relation, relations_in
from artui.query.sql.tokens import FUNCTIONS, Token, tokens

READS = "The manual lists the views that can be read: `artui help file`."
"""What to do about a query of which nothing better is known."""
_MOST_TRIED = 64
_STUMBLED = re.compile(r'(?:near "(?P<near>.+)": syntax error|unrecognized token: "(?P<unknown>.+)")\Z', re.DOTALL)
_INCOMPLETE = "incomplete input"
_TOO_WIDE = "too many columns in result set"
_SEVERAL = "one statement at a time"
_NAMING = {
    "table": re.compile(r"no such table: (.+)", re.DOTALL),
    "column": re.compile(r"no such column: (.+?)(?: - should this be a string literal in single-quotes\?)?", re.DOTALL),
    "ambiguous column": re.compile(r"ambiguous column name: (.+)", re.DOTALL),
    "function": re.compile(r"no such function: (.+)", re.DOTALL),
    "call": re.compile(
        r"(?:not authorized to use function: |wrong number of arguments to function |misuse of (?:aggregate: |aliased aggregate |aggregate function |window function ))(.+?)(?:\(\))?",
        re.DOTALL,
    ),
}
"""What SQLite says of a name, by what it is the name of."""
_ELSEWHERE = {
    "concat": "||", "charindex": "instr()", "date_part": "strftime()", "date_trunc": "strftime() or date()", "day": "strftime('%d', …)", "from_unixtime": "datetime(…, 'unixepoch')", "getdate": "datetime('now')", "greatest": "max(a, b)", "hour": "strftime('%H', …)",
    "if": "iif()", "isnull": "ifnull()", "least": "min(a, b)", "left": "substr()", "len": "length()", "listagg": "group_concat()", "month": "strftime('%m', …)", "now": "datetime('now')", "nvl": "ifnull()", "right": "substr()", "string_agg": "group_concat()",
    "to_char": "strftime() or printf()", "to_date": "date()", "to_timestamp": "datetime(…, 'unixepoch')", "year": "strftime('%Y', …)", "array_agg": "json_group_array()",
}  # fmt: skip
"""Functions of other databases, and what there is here instead."""
_BEFORE_EXPRESSION = frozenset({"AND", "BY", "DISTINCT", "HAVING", "NOT", "ON", "OR", "SELECT", "WHEN", "WHERE"})
_COMMANDS = frozenset({"DESC", "DESCRIBE", "HELP", "SCHEMA", "SHOW", "TABLES", "USE"})
"""What other programs that ask a database begin a line with that is no SQL here; and so are `.tables` and `\\d`."""


class QueryFault(UsageError):
    """A query that is not understood, or refused. `position` and `length` say which of its characters are meant, if that is known."""

    def __init__(self, message: str, *, remedy: str, query: str = "", position: int | None = None, length: int = 0) -> None:  # fmt: skip
        super().__init__(message, remedy=remedy)
        self.query, self.position, self.length = query, position, length

    @property
    def line_words(self) -> str:
        """In which line of the query it is, as the message says it; empty where there is one line, or the place is not known."""
        return _line_words(self.query, self.position)

    @property
    def excerpt(self) -> str:
        """The line of the query in question with carets below what is meant; empty where the place is not known."""
        return "" if self.position is None else excerpt_of(self.query, self.position, self.length)

    @classmethod
    def at(cls, token: Token, query: str, message: str) -> QueryFault:
        """Make one that is about a token of a query."""
        return cls(message, remedy=READS, query=query, position=token.start, length=len(token.text))

    def with_remedy(self, remedy: str) -> QueryFault:
        """Give the same with another remedy."""
        return QueryFault(self.message, remedy=remedy, query=self.query, position=self.position, length=self.length)


class _Place(NamedTuple):
    start: int
    end: int


def fault_of(error: sqlite3.Error, query: str, connection: sqlite3.Connection) -> QueryFault:
    """Say what is wrong with a query.

    Args:
        error: what SQLite, or Python, said of it.
        query: its text.
        connection: one under the limits of a user's queries, on which parts of the query are tried: none is run.
    """
    text = str(error)
    place = _place_of(text, query, connection)
    position, length = (None, 0) if place is None else (place.start, place.end - place.start)
    message = f"The query was not run: {_words(text)}{_line_words(query, position)}."
    return QueryFault(message, remedy=_remedy(text, query, connection), query=query, position=position, length=length)


def _line_words(query: str, position: int | None) -> str:
    if position is None or "\n" not in query.strip():
        return ""
    return f" (line {query.count(chr(10), 0, position) + 1})"


def _words(text: str) -> str:
    if "prohibited" in text or "not authorized" in text:
        return f"it would do something else than read the catalog ({text})"
    if _SEVERAL in text:
        return "it is more than one statement"
    if text == _INCOMPLETE:
        return "it ends where more must follow"
    return text.rstrip(".")


def doubt_about(query: str, connection: sqlite3.Connection) -> str:
    """Say which name in double quotes SQLite takes for a text, since nothing is called so; empty if it takes none.

    Only of those that begin an expression: behind a sign of comparison a text is what was meant.
    """
    found = [one for one in tokens(query) if one.kind != "comment"]
    for before, one in pairwise(found):
        if one.text.startswith('"') and "]" not in one.value and before.text.upper() in _BEFORE_EXPRESSION:
            # In brackets it is a name and nothing else.
            as_name = f"{query[: one.start]}[{one.value}]{query[one.end :]}"
            if _parsed(as_name, found, connection) == f"no such column: {one.value}":
                return f"Nothing is called {one.value!r} here, and SQLite takes it for a text: texts stand in single quotes, names in double ones."
    return ""


# Where


def _place_of(text: str, query: str, connection: sqlite3.Connection) -> _Place | None:
    if text == _INCOMPLETE:
        end = len(query.rstrip())
        return _Place(end, end)
    if _SEVERAL in text:
        return _second_statement(query)
    if (stumbled := _STUMBLED.match(text)) is not None:
        return _by_parsing(text, stumbled["near"] or stumbled["unknown"], query, connection)
    what, name = _named(text)
    return _by_name(what, name, query) if name else None


def _named(text: str) -> tuple[str, str]:
    """Give the name that an error is about, and what it is the name of; two empty texts if it is about none."""
    for what, pattern in _NAMING.items():
        if (match := pattern.fullmatch(text)) is not None:
            return what, match[1].strip('"')
    return "", ""


def _second_statement(query: str) -> _Place | None:
    found = [one for one in tokens(query) if one.kind != "comment"]
    ends = next((place for place, one in enumerate(found) if one.text == ";"), len(found))
    behind = next((one for one in found[ends:] if one.text != ";"), None)
    return None if behind is None or not ends else _Place(behind.start, behind.end)


def _by_parsing(text: str, stumbled_over: str, query: str, connection: sqlite3.Connection) -> _Place | None:
    """Find the first place where the query up to what SQLite stumbled over has the same error."""
    found = list(tokens(query))
    ends = {one.end for one in found}
    tried = 0
    for one in found:
        end = one.start + len(stumbled_over)
        if end in ends and query.startswith(stumbled_over, one.start):
            tried += 1
            if tried > _MOST_TRIED:
                return None
            if _parsed(query[:end], found, connection) == text:
                return _Place(one.start, end)
    return None


def _parsed(part: str, found: Sequence[Token], connection: sqlite3.Connection) -> str:
    """Give what SQLite says of a part of a query, without running it."""
    first = next(one for one in found if one.kind != "comment")
    explained = part if first.text.upper() == "EXPLAIN" else f"EXPLAIN {part}"
    try:
        connection.execute(explained).close()
    except sqlite3.Error as error:
        return str(error)
    return ""


def _by_name(what: str, name: str, query: str) -> _Place | None:
    """Find the only place where a query has a name; of a table the only one where it says what to read."""
    found = [one for one in tokens(query) if one.kind != "comment"]
    places = list(_places_of(name.split("."), found))
    if what == "table":
        read = [(first, last) for first, last in places if first and found[first - 1].text.upper() in ("FROM", "JOIN")]
        places = read or places
    elif what in ("function", "call"):
        places = [(first, last) for first, last in places if last + 1 < len(found) and found[last + 1].text == "("]
    if len(places) != 1:
        return None
    ((first, last),) = places
    return _Place(found[first].start, found[last].end)


def _places_of(parts: Sequence[str], found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Give the first and the last token of each place that has these names with dots between them, and no more."""
    width = 2 * len(parts) - 1
    for first in range(len(found) - width + 1):
        run = found[first : first + width]
        is_named = all(one.value.lower() == part.lower() for one, part in zip(run[::2], parts, strict=True))
        if not is_named or any(one.text != "." for one in run[1::2]) or any(one.kind == "text" for one in run):
            continue
        before, behind = found[first - 1].text if first else "", "".join(one.text for one in found[first + width : first + width + 1])  # fmt: skip
        if "." not in (before, behind):
            yield first, first + width - 1


# What to do


def _remedy(text: str, query: str, connection: sqlite3.Connection) -> str:
    """Say what to do about an error: which name may have been meant."""
    first = next((one.text.upper() for one in tokens(query) if one.kind != "comment"), "")
    if first in _COMMANDS or first in (".", "\\"):
        return f"Only SQL can be asked. {READS}"
    if text == _TOO_WIDE:
        return "Ask for at most 200."
    if _SEVERAL in text:
        return "Ask one after the other."
    what, name = _named(text)
    if what == "function":
        instead = _ELSEWHERE.get(name.lower())
        return f"SQLite has {instead} for that." if instead else f"{did_you_mean(name, FUNCTIONS)} {READS}".strip()
    every = relations_in(connection)
    named = named_in(query, every)
    alias, _, column = name.rpartition(".")
    if what == "table":
        own = (one.name for one in named.values() if not one.columns)
        return f"{did_you_mean(column, dict.fromkeys([*(one.name for one in every), *own]))} {READS}".strip()
    if what == "ambiguous column":
        meant = [f"{called}.{column}" for called, one in named.items() if _has(one, column)]
        return f"Write which is meant: {' or '.join(meant)}." if meant else READS
    if what == "column":
        return _remedy_for_column(alias, column, every, named)
    return READS


def _remedy_for_column(alias: str, column: str, every: Sequence[Relation], named: Mapping[str, Relation]) -> str:
    """Say which column may have been meant: of what the query reads, else of any view."""
    if alias and alias.lower() not in named:
        return did_you_mean(alias, named) or f"Nothing in this query is called {alias}."
    asked = [named[alias.lower()]] if alias else list(dict.fromkeys(named.values()))
    if column.lower().endswith("_id") and any(_has(one, "id") for one in asked):
        return "Did you mean id?"
    near = did_you_mean(column, dict.fromkeys(name for one in asked for name in one.columns))
    views = [one for one in every if one.is_view]
    if having := [one.name for one in views if _has(one, column)]:
        return f"{column} is a column of {', '.join(having)}. {near}".strip()
    return near or did_you_mean(column, dict.fromkeys(name for one in views for name in one.columns)) or READS


def _has(relation: Relation, column: str) -> bool:
    return column.lower() in map(str.lower, relation.columns)
