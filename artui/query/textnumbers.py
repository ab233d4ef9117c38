"""Params that hold a number as text: YAML reads `1e-3` so, and argparse where no type is given.

Beside numbers they count as that number, as tags do. One that was logged as None counts as missing.
"""

from __future__ import annotations

import math
import sqlite3

import orjson

from artui.model import ParamType
from artui.query.values import number_in

PARTS = (
    "t.text >= '+' AND t.text < ':'",
    "t.text < '!'",
    "t.text IN ('nan', 'NaN', 'NAN', 'inf', 'Inf', 'INF', 'infinity', 'Infinity', 'INFINITY')",
)
"""SQL for texts that can be numbers, each a range of the index: by their first letter, a blank, or as a word."""
MAY_BE_NUMBER = f"(({') OR ('.join(PARTS)}))"
IS_NONE = f"(t.text = 'null' AND t.type = {int(ParamType.JSON)})"
HAS_TEXT = f"t.text IS NOT NULL AND NOT {IS_NONE}"
GROUPED = "SELECT t.text, group_concat(t.run_key) FROM param AS t WHERE t.name_key = :name_key AND t.text IS NOT NULL AND {which} GROUP BY t.text"


def number_texts(connection: sqlite3.Connection, name_key: int | None) -> list[tuple[int | float, str, list[int]]]:
    """Give (number, text, keys of the runs) of a param's texts that are numbers, by the number; NaN is none."""
    found = []
    for part in PARTS:
        for text, joined in connection.execute(GROUPED.format(which=part), {"name_key": name_key}):
            number = number_in(text)
            if number is not None and not math.isnan(number):
                found.append((number, str(text), orjson.loads(f"[{joined}]")))
    return sorted(found, key=lambda each: each[:2])
