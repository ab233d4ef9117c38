"""Params as answers to *why* see them: their distinct values, and whether these are true and false."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from artui.catalog.cells import text
from artui.model import ParamType
from artui.query.filter.matching import as_text
from artui.query.keys import name_key
from artui.query.runs.sorting import value_groups
from artui.query.spelling import number_in

Groups = list[tuple[Any, list[int]]]
"""Distinct values, each with the keys of the runs that have it."""

_NAMES = """
    SELECT n.text
    FROM name AS n
    WHERE EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.number IS NOT NULL)
       OR EXISTS (SELECT 1 FROM param AS t WHERE t.name_key = n.key AND t.text IS NOT NULL)
    ORDER BY n.key
"""
MAX_FLOAT_CHARS = 8
"""Floats of more characters are shown with fewer digits."""
_LEAST_DIGITS, _MOST_DIGITS = 6, 17
_NO_BOOL = """
    SELECT 1
    FROM param AS t
    WHERE t.name_key = :name
      AND t.number IS NOT NULL
      AND t.type <> :bool
    LIMIT 1
"""


def param_names(connection: sqlite3.Connection) -> list[str]:
    """Give the names of all params that runs have."""
    return [text(row[0]) for row in connection.execute(_NAMES)]


def param_groups(connection: sqlite3.Connection, name: str) -> Groups:
    """Group runs by a param as `value_groups` does; what was logged as true or false stays a bool."""
    groups = value_groups(connection, f"param:{name}")
    numbers = {value for value, _ in groups if isinstance(value, int | float)}
    if numbers and numbers <= {0, 1}:
        values = {"name": name_key(connection, name), "bool": int(ParamType.BOOL)}
        if connection.execute(_NO_BOOL, values).fetchone() is None:
            return [(bool(value) if value in numbers else value, keys) for value, keys in groups]
    return groups


def short_texts(values: Iterable[Any]) -> dict[Any, str]:
    """Give values as they are shown among each other: floats of many digits with as few, six at least, as tell all apart."""
    whole = {value: value_text(value) for value in values}
    for digits in range(_LEAST_DIGITS, _MOST_DIGITS):
        texts = {value: _short_text(value, text, digits) for value, text in whole.items()}
        if len({number_in(text) or text for text in texts.values()}) == len(texts):
            return texts
    return whole


def _short_text(value: Any, text: str, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) and len(text) > MAX_FLOAT_CHARS else text


def value_text(value: Any) -> str:
    """Give a value as it is shown and as a filter takes it: `0.01`, `adam`, `true`; a dash for none."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    return as_text(value) if isinstance(value, str | int | float) else str(value)
