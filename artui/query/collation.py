"""How the values of params and tags compare: one rule for filters, orders, groups and runs side by side.

- A number is compared as a number however it is stored: as a number, as true or false (1 and 0), or as a text that
  spells it, as YAML reads `1e-3` and argparse gives everything. It is shown as it was given.
- NaN, also as text, equals only NaN and has no place in an order: it is sorted with missing values.
- Any other text is a word. Words are equal if their letters are, and come after the numbers in the order of their bytes.
  Compared with a word, a number that is stored as text counts as text.
- None is missing, as if it had never been logged.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from artui.catalog.cells import keys_of
from artui.model import ParamType, ParamValue
from artui.query.spelling import SPELLINGS, is_nan, number_in

NAN = math.nan
"""Stands for every NaN, however it is spelled."""

BETWEEN_ENDS = " … "
"""In the name of a range of numbers, which stands at its lower end."""

HELD = {"param": "t.text", "tag": "t.value"}
"""SQL for the text of each kind."""
_PARTS = (
    "{held} >= '+' AND {held} < ':'",
    "{held} < '!'",
    f"{{held}} IN ({', '.join(repr(word) for word in SPELLINGS)})",
)
"""SQL for texts that can be numbers, each a range of the index: by their first letter, a blank, or as a word."""
IS_NONE = f"(t.text = 'null' AND t.type = {int(ParamType.JSON)})"
HAS_TEXT = f"t.text IS NOT NULL AND NOT {IS_NONE}"


def number_of(value: ParamValue) -> int | float | None:
    """Give the number that a value counts as; None if it is none, or NaN."""
    if isinstance(value, bool):
        return int(value)
    number = value if isinstance(value, int | float) else number_in(value)
    return None if number is None or is_nan(number) else number


def comparable(value: ParamValue) -> Any:
    """Give what a value is compared by: a number, NAN, or the value itself."""
    number = number_of(value)
    if number is not None:
        return number
    spelled = value if isinstance(value, float) else number_in(value)
    return NAN if spelled is not None else value


def is_same(left: ParamValue, right: ParamValue) -> bool:
    """Say whether two values are equal."""
    ours, theirs = comparable(left), comparable(right)
    if ours is NAN or theirs is NAN:
        return ours is theirs
    if number_of(ours) is not None and number_of(theirs) is not None:
        return bool(ours == theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


class SpelledNumber(NamedTuple):
    """A number that runs hold as text."""

    number: int | float
    text: str
    keys: Sequence[int]
    """Of the runs that hold it."""


class Spelled(NamedTuple):
    """The texts of one param or tag that are numbers."""

    numbers: tuple[SpelledNumber, ...]
    """In ascending order; NaN is not among them."""
    nan: tuple[int, ...]
    """Keys of the runs whose text is NaN; a NaN that was logged as a number is held as text, too."""
    texts: frozenset[str]
    """All of these texts."""

    def __bool__(self) -> bool:
        return bool(self.texts)


def spelled_numbers(connection: sqlite3.Connection, source: str, name_key: int | None) -> Spelled:
    """Find the texts of a `param` or a `tag` that are numbers."""
    numbers: list[SpelledNumber] = []
    nan: list[int] = []
    texts: set[str] = set()
    for query in spelling_queries(source):
        for text, joined in connection.execute(query, {"name_key": name_key}):
            number = number_in(text)
            if number is None:
                continue
            texts.add(text)
            if is_nan(number):
                nan.extend(keys_of(joined))
            else:
                numbers.append(SpelledNumber(number, text, keys_of(joined)))
    numbers.sort(key=lambda spelled: spelled[:2])
    return Spelled(tuple(numbers), tuple(sorted(nan)), frozenset(texts))


def spelling_queries(source: str) -> tuple[str, ...]:
    """Give statements for (text, keys) of all that may be numbers, of the name `:name_key`."""
    held = HELD[source]
    return tuple(
        f"SELECT {held}, group_concat(t.run_key) FROM {source} AS t "
        f"WHERE t.name_key = :name_key AND {held} IS NOT NULL AND {part.format(held=held)} GROUP BY {held}"
        for part in _PARTS
    )


def may_spell(source: str) -> str:
    """Give a condition in SQL for texts that may be numbers."""
    return f"(({') OR ('.join(part.format(held=HELD[source]) for part in _PARTS)}))"
