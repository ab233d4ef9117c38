"""How the values of params and tags compare: one rule for filters, orders, groups and runs side by side.

- A number is that number whatever it is held as: a number, true and false (1 and 0), or a text that spells it, as YAML
  reads `1e-3` and argparse gives everything. It is shown as it was given.
- NaN, spelled or not, equals NaN alone, and has no place in an order: it stands with what is missing.
- Any other text is a word. Words are equal by their letters, and stand behind the numbers in the order of their bytes.
  Beside a word what is held as text is compared by its letters.
- None is missing, as if it had never been logged.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from artui.catalog.cells import keys_of
from artui.model import ParamType, ParamValue
from artui.query.spelling import SPELLINGS, is_nan, number_in

NAN = math.nan
"""Stands for every NaN, however it was spelled."""

HELD = {"param": "t.text", "tag": "t.value"}
"""What is held as text, of each kind."""
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
    """Give what a value is equal by: a number, NAN, or the value itself."""
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


@dataclass(frozen=True, slots=True)
class Spelled:
    """The texts of one param or tag that are numbers."""

    numbers: list[tuple[int | float, str, list[int]]] = field(default_factory=list)
    """(number, text, keys of the runs), by the number."""
    nan: list[int] = field(default_factory=list)
    """Keys of the runs whose text is NaN; a NaN that was logged as a number is held so, too."""
    texts: set[str] = field(default_factory=set)
    """All of these texts."""

    def __bool__(self) -> bool:
        return bool(self.texts)


def spelled_numbers(connection: sqlite3.Connection, source: str, name_key: int | None) -> Spelled:
    """Find the texts of a `param` or a `tag` that are numbers."""
    spelled = Spelled()
    for query in spelling_queries(source):
        for text, joined in connection.execute(query, {"name_key": name_key}):
            number = number_in(text)
            if number is None:
                continue
            spelled.texts.add(text)
            if is_nan(number):
                spelled.nan.extend(keys_of(joined))
            else:
                spelled.numbers.append((number, text, keys_of(joined)))
    spelled.numbers.sort(key=lambda entry: entry[:2])
    spelled.nan.sort()
    return spelled


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
