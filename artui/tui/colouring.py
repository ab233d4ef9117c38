"""Numbers that stand for a colour and a mark, so that the runs on one screen can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

CURVE_COLOURS = 10
CURVE_MARKS = "●◇△□▽▷○■◈✶ABCDEFGHJKLMNPRSTUVWXYZ"
"""None of them is the sign of marked runs, which stands beside them. Letters that look like digits or each other are left out.

Their number and that of the colours have no common divisor, so that each pair of them comes once.
"""
IN_FRONT = 6
"""Of many runs so many are in colour."""
NUMBERS = CURVE_COLOURS * len(CURVE_MARKS)
"""So many runs have a colour and a mark that no other one of them has together."""


def colour_at(number: int) -> int:
    """Give the place of a number's colour among those of curves."""
    return number % CURVE_COLOURS


def mark_of(number: int) -> str:
    """Give the mark of a number; so many runs as there are marks have each their own, with colours or without."""
    return CURVE_MARKS[number % len(CURVE_MARKS)]


def set_apart(ids: Sequence[str], before: Mapping[str, int]) -> dict[str, int]:
    """Give runs that are seen together numbers that differ.

    Up to ten runs differ in colour and in mark, as many as there are marks in these, up to `NUMBERS` in one of them. A run keeps the number that it had
    `before` unless another one in sight looks like it; the first of the two keeps it.
    """
    ids = list(dict.fromkeys(ids))
    numbers: dict[str, int] = {}
    colours: Counter[int] = Counter()
    marks: Counter[str] = Counter()
    # So often a colour is in use at least, if it is shared evenly.
    most, most_alike = -(-len(ids) // CURVE_COLOURS), -(-len(ids) // len(CURVE_MARKS))

    def take(run_id: str, number: int) -> None:
        numbers[run_id] = number
        colours[colour_at(number)] += 1
        marks[mark_of(number)] += 1

    taken: set[int] = set()
    for run_id in ids:
        number = before.get(run_id)
        if number is not None and number not in taken and colours[colour_at(number)] < most and marks[mark_of(number)] < most_alike:  # fmt: skip
            take(run_id, number)
            taken.add(number)
    for run_id in ids:
        if run_id not in numbers:
            free = [number for number in range(NUMBERS) if number not in taken] or [len(taken) % NUMBERS]
            number = min(free, key=lambda number: (marks[mark_of(number)], colours[colour_at(number)], number))
            take(run_id, number)
            taken.add(number)
    return {run_id: numbers[run_id] for run_id in ids}
