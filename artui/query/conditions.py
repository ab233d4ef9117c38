"""Conditions on the last values of a series, as rules say them: `rises 5 times`, `is nan`, `> 0.5`, `falls below 0.9`, `is silent for 10m`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

RECENT_VALUES = 64
"""This many of the last values of a metric are given, for rules such as "rises 5 times"."""
Holds = Callable[[Sequence[float], float], bool]
"""Says of the last values (oldest first) and the seconds since the last one whether somebody should look."""
TIMES = re.compile(r"(rises|falls|stays)(?:\s+for)?\s+(\d{1,2})(?:\s+times?)?\Z")
IS_ODD = re.compile(r"is\s+(nan|inf|not\s+finite)\Z")
_COMPARES = re.compile(r"(>=|<=|>|<|==?|rises\s+above|falls\s+below)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\Z")
_SILENT = re.compile(r"is\s+silent\s+for\s+(\d+(?:\.\d+)?)\s*(s|m|h)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda value, limit: value > limit, "<": lambda value, limit: value < limit,
    ">=": lambda value, limit: value >= limit, "<=": lambda value, limit: value <= limit,
    "=": lambda value, limit: value == limit, "==": lambda value, limit: value == limit,
    "rises above": lambda value, limit: value > limit, "falls below": lambda value, limit: value < limit,
}  # fmt: skip


def condition(text: str) -> Holds | None:
    """Read a condition; None if it is none."""
    if match := TIMES.match(text):
        count = int(match[2])
        if not 1 <= count < RECENT_VALUES:
            return None
        word = match[1]

        def moves(values: Sequence[float], _: float) -> bool:
            last = values[-count - 1 :]
            if len(last) <= count:
                return False
            steps = list(pairwise(last))
            if word == "stays":
                return all(before == after for before, after in steps)
            return all(after > before if word == "rises" else after < before for before, after in steps)

        return moves
    if match := IS_ODD.match(text):
        wanted = match[1].split()[0]

        is_odd = {"nan": math.isnan, "inf": math.isinf, "not": lambda value: not math.isfinite(value)}[wanted]
        return lambda values, _: any(map(is_odd, values))
    if match := _COMPARES.match(text):
        operator = _OPERATORS[" ".join(match[1].split())]
        try:
            limit = float(match[2])
        except ValueError:
            return None
        return lambda values, _: operator(values[-1], limit)
    if match := _SILENT.match(text):
        seconds = float(match[1]) * _SECONDS[match[2]]
        return lambda _, silent_seconds: silent_seconds > seconds
    return None
