"""Sparklines: a series as a line of dots, alone or on one scale with its siblings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from artui.tui.cells import BRAILLE, DIVERGED

_LEFT_DOTS, _RIGHT_DOTS = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)
"""Bits of the dots of a cell, from the bottom."""
_EARLY = 3
"""One in so many values at the start does not count for the scale: how a run ended is what tells it from others."""
_MUCH_LONGER = 5
"""Beside a series of more than so many times its steps another one would be too small to be read."""
_WIDE = 30.0
"""Values above zero of which nine tenths span this ratio are drawn by their logarithms."""
_FENCE = 3
"""What lies so many times the middle half of all values beyond that half does not count for a scale that is shared."""


class Course(NamedTuple):
    """Some values of a series, evenly taken, and the steps from and to which it goes."""

    values: Sequence[float]
    first_step: int
    last_step: int


class Scale(NamedTuple):
    """What the height and the width of several sparklines stand for."""

    low: float
    high: float
    first_step: int
    last_step: int
    is_cut_below: bool = False
    """Whether there are values below its lower end, which are drawn at that."""
    is_cut_above: bool = False
    """Whether there are values above its upper end."""
    is_log: bool = False
    """Whether equal steps are equal ratios, as in a chart of values that span decades."""
    has_own_steps: bool = False
    """Whether each series takes the whole width: beside one that is much longer others would be a dot or two."""


def has_spark(count: int) -> bool:
    """Say whether a series of so many points has a course that can be drawn."""
    return count > 1


def spark_text(values: Sequence[float], cells: int, *, is_whole: bool = False) -> str:
    """Draw a series as a line of dots, two values a cell; NaN and infinity as `!`, where it ends.

    It is scaled to the later two thirds of the series, and what lies outside is at the edge; with `is_whole`, where
    there is room to see how it went from the start, to all of it.
    """
    # One value is no course.
    if cells < 1 or (not has_spark(len(values)) and all(map(math.isfinite, values))):
        return ""
    columns = 2 * cells
    if len(values) > columns:
        values = _evenly(values, columns)
    diverged = next((place for place, value in enumerate(values) if not math.isfinite(value)), None)
    finite = values[:diverged]
    finite = finite[: columns - 2] if diverged is not None else finite
    if not finite:
        return DIVERGED
    late = finite if is_whole else finite[len(finite) // _EARLY :]
    return _dots(finite, min(late), max(late)) + (DIVERGED if diverged is not None else "")


def scale_of(courses: Iterable[Course]) -> Scale | None:
    """Give the scale that several series share, by what each is in its later two thirds; None if there is nothing to draw.

    A value far from most others, as of a run that explodes, is at the edge: it does not flatten the others.
    """
    courses = [course for course in courses if has_spark(len(course.values))]
    late = sorted(
        value for course in courses for value in course.values[len(course.values) // _EARLY :] if math.isfinite(value)
    )
    if not late:
        return None
    finite = [value for course in courses for value in course.values if math.isfinite(value)]
    is_log = min(finite) > 0 and late[len(late) * 19 // 20] / _WIDE >= late[len(late) // 20]
    at = math.log if is_log else float
    below, above = at(late[len(late) // 4]), at(late[(3 * len(late)) // 4])
    # Each on its own, as the span of the largest floats is none.
    reach = _FENCE * (above / 2 - below / 2) * 2
    low = next((value for value in late if at(value) >= below - reach), late[0]) if reach > 0 else late[0]
    high = next((value for value in reversed(late) if at(value) <= above + reach), late[-1]) if reach > 0 else late[-1]
    spans = [course.last_step - course.first_step for course in courses]
    return Scale(
        low, high, min(course.first_step for course in courses), max(course.last_step for course in courses),
        is_cut_below=min(finite) < low, is_cut_above=max(finite) > high, is_log=is_log,
        has_own_steps=are_far_apart(spans),
    )  # fmt: skip


def are_far_apart(spans: Sequence[float]) -> bool:
    """Say whether some series are so much longer than others that these would be too small on one axis."""
    return bool(spans) and min(spans) * _MUCH_LONGER < max(spans)


def own_spark_text(course: Course, cells: int, *, among: Iterable[Course]) -> str:
    """Draw a series on a scale of its own, from its smallest to its largest value, over the steps of all series of its run.

    A metric of every tenth step goes as far to the right as one of every step.
    """
    finite = [value for value in course.values if math.isfinite(value)]
    spans = [(other.first_step, other.last_step) for other in among if has_spark(len(other.values))]
    if not finite or not spans:
        return shared_spark_text(course, cells, Scale(0.0, 0.0, course.first_step, course.last_step))
    scale = Scale(
        min(finite), max(finite), min(first for first, _ in spans), max(last for _, last in spans),
        has_own_steps=are_far_apart([last - first for first, last in spans]),
    )  # fmt: skip
    return shared_spark_text(course, cells, scale)


def shared_spark_text(course: Course, cells: int, scale: Scale) -> str:
    """Draw a series on a scale that it shares with others: what stands below each other is the same step, and as high the same value."""
    columns = 2 * cells
    if cells < 1 or (not has_spark(len(course.values)) and all(map(math.isfinite, course.values))):
        return ""
    span = scale.last_step - scale.first_step
    begin, end = 0, columns - 1
    if span > 0 and not scale.has_own_steps:
        begin = (course.first_step - scale.first_step) * (columns - 1) // span
        end = (course.last_step - scale.first_step) * (columns - 1) // span
    begin = max(0, min(begin, columns - 2))
    end = max(begin + 1, min(end, columns - 1))
    values = _evenly(course.values, end - begin + 1)
    diverged = next((place for place, value in enumerate(values) if not math.isfinite(value)), None)
    if diverged is not None:
        # Its sign has a cell of its own.
        diverged = max(0, min(diverged, columns - 2 - begin))
    finite = values[:diverged]
    if not finite:
        return " " * (begin // 2) + DIVERGED
    return _dots(finite, scale.low, scale.high, begin=begin, is_log=scale.is_log) + (
        DIVERGED if diverged is not None else ""
    )


def _evenly(values: Sequence[float], count: int) -> list[float]:
    """Take so many of some values, or take some of them several times; first and last stay."""
    return [values[index * (len(values) - 1) // max(1, count - 1)] for index in range(count)]


def _dots(values: Sequence[float], low: float, high: float, *, begin: int = 0, is_log: bool = False) -> str:
    """Draw finite values, one a column of dots, from a column on; what lies outside the scale is at the edge."""
    if is_log:
        values = [math.log(min(max(value, low), high)) for value in values]
        low, high = math.log(low), math.log(high)
    # Half of each, as the span of the largest floats is none.
    span = high / 2 - low / 2
    bits = [0] * ((begin + len(values) + 1) // 2)
    for place, value in enumerate(values, begin):
        share = (min(max(value, low), high) / 2 - low / 2) / span if span > 0 else 0.0
        bits[place >> 1] |= (_RIGHT_DOTS if place & 1 else _LEFT_DOTS)[min(3, int(share * 4))]
    return "".join(BRAILLE[cell] if cell else " " for cell in bits)
