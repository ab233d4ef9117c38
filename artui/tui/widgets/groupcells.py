"""Cells of a group of runs: the best value, mean and spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.cells import STAGE_WORDS, Shape, Span, fit, fit_words
from artui.tui.widgets.grouplabels import value_text
from artui.units import DIGITS, age_text, column_text, duration_text, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from artui.query.runs.grouping import Group, Spread


GAP = "  "
SPREAD_CELLS = 14
"""Fewest cells for mean ± standard deviation of a group, behind its best value."""
DIVERGED = "!"
"""Behind a share of runs: some of the others diverged."""
_SHORT_DIGITS = 3
MEDIAN = "median"
"""Before what stands in place of the mean where some values lie far outside."""
VARIES = "varies"
"""Says that the runs of a group differ, where there is no room for the range of their numbers."""


def group_id(group: Group) -> str:
    """Give an id that identifies a group within its grouping, even after the catalog has changed."""
    return repr(group.values)


def extreme_of(spread: Spread, shape: Shape) -> float | None:
    """Give the number of a metric that a group shows: the best, or in the column that orders the groups the first."""
    return {"min": spread.low, "max": spread.high}.get(shape.extreme, spread.best)


def group_cell(group: Group, shape: Shape, now_ms: int) -> list[Span]:
    """Draw a group's cell: the best value of a metric (or the one that orders the groups) with mean and deviation, a shared value, or a range."""
    column, spread, cells = shape.column, group.spreads.get(shape.column.id), shape.cells
    if spread is not None and not spread.count and spread.odd:
        return [(fit(fit(f"NaN/∞ ×{spread.odd}", shape.width, right=True), cells), "bad")]
    if spread is None:
        # Either nothing has been read yet, or there is no value.
        return [
            (
                fit(fit("·" if column.id in group.read else "…", shape.width, right=column.is_numeric), cells),
                "faint",
            )
        ]
    if column.source == "metric" and (value := extreme_of(spread, shape)) is not None:
        best = fit(column_text(value, shape.digits, shape.decimals, shape.width), shape.width, right=True)
        if not shape.spread:
            return [(fit(best, cells), "text")]
        text = fit(behind_text(spread, len(group.keys), shape.behind), shape.behind)
        return [(best, "dim" if spread.odd else "text"), (" ", "text"), (text, "faint" if group.is_thin else "dim")]
    if column.source == "attribute" and spread.low is not None and spread.high is not None:
        if column.name == "duration":
            text = duration_text(round(spread.mean or 0))
        else:
            text = age_text(round(spread.high), now_ms)
        return [(fit(text, cells, right=True), "dim")]
    if spread.distinct == 1:
        text = STAGE_WORDS.get(str(spread.same), "") if column.name == "stage" else ""
        if column.name == "alias" and column.source == "attribute":
            text = fit_words(clean(str(spread.same)).split(" "), cells)
        # Dim where some of the runs have none.
        return [
            (fit(text or value_text(spread.same), cells, right=column.is_numeric), "text" if spread.is_same else "dim")
        ]
    if spread.low is not None and spread.high is not None:
        ranges = range_texts(spread.low, spread.high)
        text = next((text for text in ranges if len(text) <= cells), VARIES)
        return [(fit(text, cells, right=True), "dim")]
    return [(fit(VARIES, cells, right=column.is_numeric), "dim")]


def range_texts(low: float, high: float, between: str = "–") -> list[str]:
    """Give a range of numbers as they were typed, then with fewer digits, the fullest first."""
    ends = [(value_text(low), value_text(high)), *((f"{low:.{digits}g}", f"{high:.{digits}g}") for digits in (3, 2))]
    return [f"{first}{between}{last}".replace("-", "−") for first, last in ends]


def behind_text(spread: Spread, size: int, cells: int = 1_000) -> str:
    """Give what stands behind the best value of a group of so many runs; nothing where that is the only one."""
    if spread.count < size:
        return partial_text(spread, size, cells)
    return spread_text(spread, cells) if size > 1 else ""


def behind_cells(groups: Iterable[Group], column_id: str, *, is_whole: bool) -> int:
    """Say how many cells what stands behind the best values of a metric takes: all of it, or short means and deviations with their shares of runs."""
    cells = 0
    for group in groups:
        spread, size = group.spreads.get(column_id), len(group.keys)
        if spread is None or not spread.count:
            continue
        if is_whole:
            cells = max(cells, len(behind_text(spread, size)))
        elif spread.count < size:
            mean = next(reversed(_with_deviation(spread, _SHORT_DIGITS)), "")
            cells = max(cells, len(f"{mean} {_share(spread, size)}".lstrip()))
    return cells


def partial_text(spread: Spread, size: int, cells: int = 1_000) -> str:
    """Show mean ± standard deviation with how many runs of so many they are of, as much as fits whole; the share is worth most.

    `!` says that some of the others diverged; else they have no value.
    """
    of = _share(spread, size)
    if spread.mean is None:
        return of
    if spread.median is not None:
        texts = (*_with_deviation(spread), *_with_deviation(spread, _SHORT_DIGITS))
        return next((text for shown in texts if len(text := f"{shown} {of}") <= cells), of)
    mean, short = number_text(spread.mean), number_text(spread.mean, _SHORT_DIGITS)
    deviations = [*_with_deviation(spread), *_with_deviation(spread, _SHORT_DIGITS)] if spread.sd is not None else []
    means = [*deviations, mean, short]
    if "e" not in mean:  # one digit before an exponent says too little
        means.append(number_text(spread.mean, 2))
    return next((text for shown in means if len(text := f"{shown} {of}") <= cells), of)


def _share(spread: Spread, size: int) -> str:
    return f"({spread.count:,} of {size:,}){DIVERGED if spread.odd else ''}"


def spread_text(spread: Spread, cells: int = 1_000) -> str:
    """Show mean ± standard deviation, as much as fits whole: fewer digits of the deviation, then the mean alone."""
    if spread.mean is None:
        return ""
    if spread.median is not None:
        texts = (*_with_deviation(spread), *_with_deviation(spread, _SHORT_DIGITS))
        return next((text for text in texts if len(text) <= cells), "")
    mean = number_text(spread.mean)
    short = _with_deviation(spread, _SHORT_DIGITS) if spread.sd is not None else []
    fewer_digits = (number_text(spread.mean, digits) for digits in (3, 2))
    shown = (*_with_deviation(spread), *short, mean, *fewer_digits)
    return next((text for text in shown if len(text) <= cells), mean)


def _with_deviation(spread: Spread, digits: int = DIGITS) -> list[str]:
    """Give the mean in so many digits, with the standard deviation in two and in one if there is one."""
    if spread.mean is None:
        return []
    if spread.median is not None:
        return [f"{MEDIAN} {number_text(spread.median, digits)}"]
    mean = number_text(spread.mean, digits)
    return [mean] if spread.sd is None else [f"{mean} ±{spread.sd:.{places}g}" for places in (2, 1)]
