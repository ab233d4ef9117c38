"""Cells as they are written in a text: numbers, dates, texts, or nothing.

Each cell is judged by itself, so that it does not matter in which order or in how many parts a table is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from artui.profile import building
from artui.profile.column import Column

NULLS = frozenset({"", "NA", "N/A", "<NA>", "null", "NULL", "None"})
"""What stands for nothing. `nan` is a number that is none."""
_BEGINS_NUMBER = frozenset("0123456789+-.nNiI \t")
_EXACT_CHARS = 15
"""An integer of so many digits is exact as a float."""


def with_written(column: Column, cells: Sequence[str]) -> Column:
    """Count cells of a column as they are written."""
    column = replace(column, rows=column.rows + len(cells))
    try:
        return _with_numbers(column, cells)
    except ValueError:
        filled = [cell for cell in cells if cell not in NULLS]
    column = replace(column, null_count=column.null_count + len(cells) - len(filled))
    try:
        return _with_numbers(column, filled)
    except ValueError:
        return _with_mixed(column, Counter(filled))


def _with_numbers(column: Column, cells: Sequence[str]) -> Column:
    """Count cells that are all numbers.

    Raises:
        ValueError: one is none.
    """
    if not cells:
        return column
    values = np.array(list(map(float, cells)), np.float64)
    letters = "".join(cells)
    if "_" in letters:
        raise ValueError("1_000 is a number to Python alone")
    has_fractions = "." in letters or "e" in letters or "E" in letters
    if not has_fractions and len(letters) > _EXACT_CHARS and max(map(len, cells)) > _EXACT_CHARS:
        try:
            wholes = list(map(int, cells))
        except ValueError:
            wholes = []
        if wholes:
            return building.with_wholes(column, wholes)
    return building.with_floats(replace(column, has_fractions=column.has_fractions or has_fractions), values)


def _with_mixed(column: Column, counts: Counter[str]) -> Column:
    """Count cells of which some are texts; each is looked at once, however often it occurs."""
    numbers: list[str] = []
    times: list[float] = []
    texts: dict[str, int] = {}
    for cell, count in counts.items():
        if cell[0] in _BEGINS_NUMBER and is_number(cell):
            numbers += [cell] * count
        elif (time_ms := building.time_of(cell)) is not None:
            times += [time_ms] * count
        else:
            texts[cell] = count
    column = _with_numbers(column, numbers)
    return building.with_texts(building.with_times(column, np.array(times, np.float64)), texts)


def is_number(cell: str) -> bool:
    """Say whether a cell is written as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
