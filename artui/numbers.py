"""Numbers of any size as floats."""

from __future__ import annotations

import math


def as_float(number: int | float) -> float:
    """Give a number as a float; an int beyond their range becomes infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
