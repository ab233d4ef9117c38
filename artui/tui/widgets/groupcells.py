"""Cells of a group of runs: the best value, mean and spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from artui.query.direction import guess_direction, has_direction
from artui.safetext import clean
from artui.tui.cells import STAGE_WORDS, Shape, Span, fit, fit_words
from artui.tui.widgets.grouplabels import value_text
from artui.units import DIGITS, age_text, column_text, duration_text, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from artui.model import Column
    from artui.query.runs.grouping import Group, Spread


GAP = "  "
SPREAD_CELLS = 14
"""Fewest cells for mean ± standard deviation of a group, behind its best value."""
DIVERGED = "!"
"""Behind a share of runs: some of the others diverged."""
_SHORT_DIGITS = 3
MEDIAN = "median"
"""Stands in the heading in place of the mean, where some values lie far outside."""
VARIES = "varies"
"""Says that the runs of a group differ, where there is no room for the range of their numbers."""


def group_id(group: Group) -> str:
    """Give an id that identifies a group within its grouping, even after the catalog has changed."""
    return repr(group.values)


def extreme_of(spread: Spread, shape: Shape) -> float | None:
    """Give the number of a metric that a group shows: the best, or in the column that orders the groups the first."""
    return {"min": spread.low, "max": spread.high}.get(shape.extreme, spread.best)


def best_of_groups(groups: Sequence[Group], column: Column) -> float | None:
    """Give the best value that a metric has in any of several groups; None where no value is better than another."""
    if column.source != "metric" or len(groups) < 2 or not has_direction(column.name):
        return None
    spreads = (group.spreads.get(column.id) for group in groups)
    bests = [spread.best for spread in spreads if spread is not None and spread.best is not None]
    return (min if guess_direction(column.name) == "lower" else max)(bests, default=None)


def group_cell(group: Group, shape: Shape, now_ms: int, *, best: float | None = None) -> list[Span]:
    """Draw a group's cell: the best value of a metric (or the one that orders the groups) with mean and deviation, a shared value, or a range.

    Args:
        best: of all groups, the best value of the metric, which stands out.
    """
    column, spread, cells = shape.column, group.spreads.get(shape.column.id), shape.cells
    if spread is not None and not spread.count and spread.odd:
        return [(fit(fit(f"NaN/∞ ×{spread.odd}", shape.width, right=True), cells), "bad")]
    if spread is None:
        # Either nothing has been read yet, or there is no value.
        text = "" if column.id in group.read else "…"
        return [(fit(fit(text, shape.width, right=column.is_numeric), cells), "faint")]
    if column.source == "metric" and (value := extreme_of(spread, shape)) is not None:
        number = fit(column_text(value, shape.digits, shape.decimals, shape.width), shape.width, right=True)
        style = "best" if value == best else "text"
        if not shape.spread:
            return [(fit(number, cells), style)]
        text = fit(behind_text(spread, len(group.keys), shape.form), shape.behind)
        return [(number, style), (" ", "text"), (text, "faint" if group.is_thin else "dim")]
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


def behind_text(spread: Spread, size: int, form: int = 0) -> str:
    """Give what stands behind the best value of a group of so many runs: mean ± standard deviation, and of how many runs these are.

    Where some values lie far outside, it is the median, as the heading says. Behind the only value of a group of one run
    there is nothing. `!` says that some of the runs that are not counted diverged; else they have no value.

    Args:
        form: one of the forms of `behind_form`.
    """
    of = f"({spread.count:,} of {size:,}){DIVERGED if spread.odd else ''}" if spread.count < size else ""
    if spread.mean is None or form == SHARES or (size == 1 and not of):
        return of
    digits = DIGITS if form in (WHOLE, MEANS) else _SHORT_DIGITS
    if spread.median is not None:
        shown = number_text(spread.median, digits)
    else:
        deviation = f" ±{deviation_text(spread.sd)}" if spread.sd is not None and form in (WHOLE, SHORT) else ""
        shown = number_text(spread.mean, digits) + deviation
    return f"{shown} {of}".rstrip()


WHOLE, SHORT, MEANS, SHORT_MEANS, SHARES = range(5)


def behind_form(groups: Iterable[Group], column_id: str, cells: int) -> int:
    """Say in which form what stands behind the best values of a metric fits into so many cells in all groups.

    The forms, the fullest first: means ± standard deviations with their shares of runs; with fewer digits of the means;
    means with shares; these with fewer digits; shares. Deviations always have two digits, or there are none in the column.
    """
    spreads = [
        (spread, len(group.keys)) for group in groups if (spread := group.spreads.get(column_id)) and spread.count
    ]
    for form in (WHOLE, SHORT, MEANS, SHORT_MEANS):
        if all(len(behind_text(spread, size, form)) <= cells for spread, size in spreads):
            return form
    return SHARES


def behind_cells(groups: Iterable[Group], column_id: str, *, is_whole: bool) -> int:
    """Say how many cells what stands behind the best values of a metric takes, in the fullest form or with fewer digits of the means."""
    spreads = [
        (spread, len(group.keys)) for group in groups if (spread := group.spreads.get(column_id)) and spread.count
    ]
    return max((len(behind_text(spread, size, WHOLE if is_whole else SHORT)) for spread, size in spreads), default=0)


def deviation_text(sd: float) -> str:
    """Show a standard deviation in two digits, zeros at the end among them: `0.011`, `0.30`, `12`."""
    text = f"{sd:.2g}"
    if not sd or not math.isfinite(sd):
        return number_text(sd)
    if not 1e-5 <= float(text) < 1e6:
        return f"{sd:.1e}"
    decimals = max(0, 1 - math.floor(math.log10(float(text))))
    return f"{float(text):,.{decimals}f}"
