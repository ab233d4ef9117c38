"""The words of a query, as far as colours and completions need them: never an error, whatever is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

MAX_CHARS = 20_000
"""Behind so much of a query nothing is looked at."""

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "LEFT JOIN", "ON", "USING", "AS", "AND", "OR", "NOT", "IN", "IS NULL", "IS NOT NULL",
    "LIKE", "BETWEEN", "DISTINCT", "HAVING", "DESC", "ASC", "NULLS LAST", "CASE", "WHEN", "THEN", "ELSE", "END", "WITH", "RECURSIVE", "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "VALUES",
    "EXISTS", "OFFSET", "CAST", "GLOB", "OVER", "PARTITION BY", "FILTER", "CROSS JOIN", "INNER JOIN", "COLLATE NOCASE", "EXPLAIN QUERY PLAN",
)  # fmt: skip
"""What can be written, the most usual first."""
FUNCTIONS = (
    "count", "max", "min", "avg", "sum", "total", "round", "coalesce", "datetime", "date", "strftime", "julianday", "group_concat", "json_extract", "json_each", "json_group_array",
    "length", "lower", "upper", "substr", "replace", "instr", "trim", "printf", "abs", "nullif", "ifnull", "iif", "typeof", "hex",
    "row_number", "rank", "lag", "lead", "first_value", "last_value",
)  # fmt: skip
"""Functions that are of use here, the most usual first; SQLite has more."""
_WORDS = (
    frozenset(word for phrase in KEYWORDS for word in phrase.split())
    | {"BY", "IS", "NULL", "ALL", "OUTER", "NATURAL", "FULL", "RIGHT", "ESCAPE", "UNBOUNDED", "PRECEDING", "FOLLOWING", "WINDOW", "TRUE", "FALSE", "MATCH", "PRAGMA"}
) - {"LAST", "QUERY", "PLAN"}  # fmt: skip
"""Words of SQL; not those that are columns of views, too."""
RESERVED = frozenset({
    "ADD", "ALL", "ALTER", "AND", "AS", "AUTOINCREMENT", "BETWEEN", "CASE", "CHECK", "COLLATE", "COMMIT", "CONSTRAINT", "CREATE", "CROSS", "DEFAULT", "DEFERRABLE", "DELETE", "DISTINCT", "DROP", "ELSE",
    "ESCAPE", "EXCEPT", "EXISTS", "FOREIGN", "FROM", "FULL", "GROUP", "HAVING", "IN", "INDEX", "INDEXED", "INNER", "INSERT", "INTERSECT", "INTO", "IS", "ISNULL", "JOIN", "LEFT", "LIMIT", "NATURAL", "NOT", "NOTHING",
    "NOTNULL", "NULL", "ON", "OR", "ORDER", "OUTER", "PRIMARY", "REFERENCES", "RETURNING", "RIGHT", "SELECT", "SET", "TABLE", "THEN", "TO", "TRANSACTION", "UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHERE", "WINDOW",
})  # fmt: skip
"""What is no name unless it is quoted."""

Kind = Literal["word", "keyword", "name", "text", "number", "comment", "sign", "param"]

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<text> '(?:[^']|'')*'? )
    | (?P<name> "(?:[^"]|"")*"? | `[^`]*`? | \[[^\]]*\]? )
    | (?P<number> 0[xX][0-9a-fA-F]+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<param> [:@$]\w+ | \?\d* )
    | (?P<word> (?:[A-Za-z_]|[^\x00-\x7f])(?:[\w$]|[^\x00-\x7f])* )  # as SQLite has it: whatever is no ASCII is a letter
    | (?P<sign> [^\s\w] )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A word, a quoted text or a sign."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def value(self) -> str:
        """What a name says, without its quotes."""
        if self.kind != "name":
            return self.text
        quote = self.text[0]
        inner = self.text[1:].removesuffix("]" if quote == "[" else quote)
        return inner.replace('""', '"') if quote == '"' else inner


def tokens(query: str) -> Iterator[Token]:
    """Give the tokens of a query from left to right; blanks are left out."""
    for match in _TOKEN.finditer(query[:MAX_CHARS]):
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        text = match.group()
        if kind == "word" and text.upper() in _WORDS:
            kind = "keyword"
        yield Token(kind, text, match.start())


@dataclass(frozen=True, slots=True)
class Statement:
    """One of the statements of a text."""

    text: str
    start: int
    """Where it begins in the text."""
    number: int
    count: int
    """Which it is of how many."""


def statement_at(text: str, place: int) -> Statement:
    """Give the statement that a place is in, or stands behind, without the blanks around it; of none the whole text."""
    ends = [one.end for one in tokens(text) if one.text == ";"]
    parts = [
        (start, end)
        for start, end in zip([0, *ends], [*ends, len(text)], strict=True)
        if _says_something(text[start:end])
    ]
    if not parts:
        parts = [(0, len(text))]
    number = max((number for number, (start, _) in enumerate(parts) if start <= place), default=0)
    start, end = parts[number]
    part = text[start:end]
    return Statement(part.strip(), start + len(part) - len(part.lstrip()), number + 1, len(parts))


def _says_something(part: str) -> bool:
    return any(one.kind != "comment" and one.text != ";" for one in tokens(part))
