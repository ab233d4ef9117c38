"""Axes of charts: scales from values to dots, and labels that say where one is.

An axis has at least two labels wherever its range has two ends: round numbers, and on an x axis the first and the last
value too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal, TypeVar

from artui.units import count_text, decimals_of, duration_text, number_text

Tick = TypeVar("Tick")
Unit = Literal["number", "count", "seconds", "date"]
"""What an axis counts: any numbers, steps, seconds since something, or seconds since 1970."""

NEAREST = 1e-300
"""Steps between labels are no smaller than this."""
FARTHEST = 8e307
"""Axes end here: twice as much is more than a float holds."""
MAX_LABEL_CELLS = 12
"""Labels of a y axis are cut to so many cells."""
_MAX_Y_TICKS = 6
_CELLS_A_TICK = 12
_PLAIN_CELLS = 6
"""Round numbers no longer than this are written as they are."""
_FEWEST = 3
"""Ticks that an axis has at least where there is room."""
_CLOCK_STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 15_552_000, 31_536_000,
)  # fmt: skip
_DATE_FORMS = ((86_400 * 300, "%Y-%m-%d"), (86_400 * 4, "%b %d"), (43_200, "%d %H:%M"), (600, "%H:%M"))
"""How much of a date is shown on an axis of more than so many seconds."""
_FINEST_DATE_FORM = "%H:%M:%S"
_MAX_DIGITS = 17
"""Significant digits that tell any two floats apart."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to dots along an axis; on a logarithmic one `low` and `high` are powers of ten."""

    low: float
    high: float
    is_log: bool
    dots: int

    def share(self, value: float) -> float | None:
        """Give where a value lies from low (0) to high (1); None if the axis has no place for it."""
        if self.is_log:
            if value <= 0:
                return None
            value = math.log10(value)
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return share if math.isfinite(share) else None

    def place(self, value: float, *, reach: int = 0) -> int | None:
        """Give the dot row of a value, 0 at the top; values beyond the axis are at its edge, or at most `reach` lengths away."""
        share = self.share(value)
        return None if share is None else round((1.0 - max(-reach, min(1.0 + reach, share))) * (self.dots - 1))

    def places(self, values: Sequence[float], *, reach: int = 0) -> list[int]:
        """Give `place` for many values on a linear axis, faster than one by one."""
        # The span of tiny values divides, as its inverse may be more than a float holds.
        last, high, span = self.dots - 1, self.high, (self.high - self.low) or 1.0
        first, end = -reach * last, (1 + reach) * last
        return [
            first if y < first else end if y > end else round(y)
            for y in [(high - value) / span * last for value in values]
        ]

    def column(self, value: float) -> int | None:
        """Give the dot column of a value, 0 at the left; it may lie beyond the edges."""
        share = self.share(value)
        return None if share is None else round(max(-10.0, min(11.0, share)) * (self.dots - 1))

    def value(self, share: float) -> float:
        """Give the value at a share of the axis."""
        value = self.low + (self.high - self.low) * share
        return power_of_ten(value) if self.is_log else value


def power_of_ten(exponent: float) -> float:
    """Give ten to a power, at most the farthest value that an axis has a place for."""
    return float(10.0**exponent) if exponent < math.log10(FARTHEST) else FARTHEST


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Give at most so many round numbers between low and high, in steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 1e-12 * abs(high) or not math.isfinite(span) or most < 1:
        return [low]
    rough = span / most
    if rough < NEAREST:
        return [low, high]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999), rough)
    return _multiples(low, high, step) if step > 0 else [low]


def clock_ticks(low: float, high: float, most: int, *, offset: float = 0.0) -> list[float]:
    """Give at most so many round times between low and high, in seconds, in steps of clocks and calendars.

    Args:
        offset: seconds that local time is ahead of the times given.
    """
    span = high - low
    if not span > 0 or not math.isfinite(span) or most < 1:
        return [low]
    step = next((candidate for candidate in _CLOCK_STEPS if candidate >= span / most * 0.999), None)
    if step is None or span / most < _CLOCK_STEPS[0] / 2:
        return nice_ticks(low, high, most)
    return [tick - offset for tick in _multiples(low + offset, high + offset, step)]


def _multiples(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 1000) + 1)] or [low]


def ticks(scale: Scale, most: int, unit: Unit = "number") -> list[tuple[float, str]]:
    """Give about so many (share of the axis, label) pairs at most, in order and with different labels.

    There are three where that many are asked for, and two in any case, wherever floats tell the ends of the axis apart.
    """
    low, high = scale.low, scale.high
    span = (high - low) or 1.0
    if scale.is_log:
        return _log_ticks(low, high, most)
    if unit == "seconds":
        times = _at_least(lambda count: clock_ticks(low, high, count), most)
        return [((tick - low) / span, text) for tick, text in zip(times, _durations(times), strict=True)]
    if unit == "date":
        return _at_least(lambda count: _dates(low, high, count), most)
    values = _at_least(lambda count: nice_ticks(low, high, count), most)
    if unit == "count" and max(map(abs, values)) < 1e7:
        whole = [tick for tick in values if abs(tick - round(tick)) < 1e-6]
        if len(whole) < min(_FEWEST, len(values)) and high - low < 1000:
            # A step of a fraction has too few whole numbers.
            between = [float(tick) for tick in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
            whole = between[:: max(1, len(between) // (most + 1))]
        if len(whole) > 1:
            return [((tick - low) / span, count_text(round(tick))) for tick in whole]
    return [((tick - low) / span, text) for tick, text in zip(values, distinct_texts(values), strict=True)]


def _at_least(make: Callable[[int], list[Tick]], most: int) -> list[Tick]:
    """Ask for more ticks until there are three, or two if no more are wanted."""
    fewest = max(2, min(_FEWEST, most))
    made: list[Tick] = []
    for count in range(max(1, most), 4 * max(1, most) + 8):
        more = make(count)
        made = more if len(more) > len(made) else made
        if len(made) >= fewest:
            break
    return made


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Give powers of ten; of an axis with too few of them round numbers in between."""
    span = (high - low) or 1.0
    fewest = max(2, min(_FEWEST, most))
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    if len(powers) >= fewest:
        # The first and the last two of a few are too far apart: at least three are kept.
        every = max(1, min(math.ceil(len(powers) / max(1, most)), (len(powers) - 1) // (fewest - 1)))
        return [((power - low) / span, power_text(power)) for power in powers[::every]]
    values: list[float] = []
    if high - low >= 0.5:
        for factors in ((1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
            numbers = (factor * power_of_ten(power) for power in range(math.floor(low), math.floor(high) + 1) for factor in factors)  # fmt: skip
            values = [value for value in numbers if value > 0 and low - 1e-9 <= math.log10(value) <= high + 1e-9]
            if len(values) >= fewest:
                break
    if len(values) < fewest:
        values = _at_least(lambda count: nice_ticks(power_of_ten(low), power_of_ten(high), count), most)
        values = [value for value in values if value > 0]
    texts = [f"{value:,.12g}" for value in values]
    if any("e" in text or len(text) > _PLAIN_CELLS for text in texts) or len(set(texts)) < len(set(values)):
        texts = distinct_texts(values)
    return [((math.log10(value) - low) / span, text) for value, text in zip(values, texts, strict=True)]


def power_text(power: int) -> str:
    """Show a power of ten: `0.01`, `100`, `1e-06`."""
    return f"1e{power:+03d}" if power < -4 or power > 5 else f"{10.0**power:,g}" if power < 4 else f"{10**power:,}"


def distinct_texts(values: Sequence[float]) -> list[str]:
    """Show numbers so that different ones look different, with as few digits as that takes."""
    decimals = _decimals(values)
    texts = [number_text(value) if decimals is None else f"{value + 0.0:,.{decimals}f}" for value in values]
    for digits in range(4, _MAX_DIGITS + 1):
        if len(set(texts)) == len(set(values)):
            break
        texts = [f"{value:.{digits}g}" for value in values]
    return texts


def _duration(seconds: float) -> str:
    if 0 < abs(seconds) < 0.1:
        return f"{seconds:g}s".replace("-", "−")
    return "0" if seconds == 0 else ("−" if seconds < 0 else "") + duration_text(round(abs(seconds) * 1000))


def _durations(times: Sequence[float]) -> list[str]:
    """Show durations so that different ones look different."""
    texts = [_duration(tick) for tick in times]
    return texts if len(set(texts)) == len(texts) else [f"{text}s" for text in distinct_texts(times)]


def _date_form(span: float) -> str:
    """Choose how much of a date tells times within so many seconds apart."""
    return next((form for seconds, form in _DATE_FORMS if span > seconds), _FINEST_DATE_FORM)


def _date_texts(times: Sequence[float], span: float) -> list[str]:
    """Show times on an axis of so many seconds, with as much of a date as tells them apart."""
    moments = [datetime.fromtimestamp(tick) for tick in times]
    forms = [*(form for seconds, form in _DATE_FORMS if span > seconds), _FINEST_DATE_FORM, "%Y-%m-%d %H:%M:%S"]
    for form in forms:
        texts = [moment.strftime(form) for moment in moments]
        if len(set(texts)) == len(texts):
            return texts
    texts = [f"{moment:%H:%M:%S.%f}" for moment in moments]
    thousandths = [text[:-3] for text in texts]
    return thousandths if len(set(thousandths)) == len(texts) else texts


def _dates(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Give ticks in local time, with the day if the axis is long enough."""
    try:
        offset = (datetime.fromtimestamp(low).astimezone().utcoffset() or datetime.min - datetime.min).total_seconds()
        times = clock_ticks(low, high, most, offset=offset)
        texts = _date_texts(times, high - low)
        return [((tick - low) / ((high - low) or 1.0), text) for tick, text in zip(times, texts, strict=True)]
    except (OverflowError, ValueError, OSError):
        # Beyond any calendar: show plain numbers.
        times = nice_ticks(low, high, most)
        return [
            ((tick - low) / ((high - low) or 1.0), text)
            for tick, text in zip(times, distinct_texts(times), strict=True)
        ]


def _decimals(values: Sequence[float]) -> int | None:
    """Give how many decimals distinguish the ticks; None if powers of ten are needed."""
    step = min((abs(b - a) for a, b in pairwise(values)), default=abs(values[0]) if values else 1.0) or 1.0
    largest = max(map(abs, values), default=0.0)
    if largest >= 1e6 or step < 1e-5:
        return None
    return max(0, -math.floor(math.log10(step) + 1e-9))


def end_texts(scale: Scale, unit: Unit) -> tuple[str, str]:
    """Show the first and the last value of an axis."""
    low, high = scale.value(0.0), scale.value(1.0)
    if unit == "count" and max(abs(low), abs(high)) < 1e12:
        # An axis that was zoomed ends between two steps.
        return (count_text(round(low)), count_text(round(high))) if high - low >= 2 else _pair(low, high)
    if unit == "seconds":
        return _duration(low), _duration(high)
    if unit == "date":
        try:
            form = _date_form(high - low)
            return datetime.fromtimestamp(low).strftime(form), datetime.fromtimestamp(high).strftime(form)
        except (OverflowError, ValueError, OSError):
            return number_text(low), number_text(high)
    return _pair(low, high)


def edge_text(value: float) -> str:
    """Show an end of an axis or a range: a round number without the zeros that say nothing, such as `0.2`."""
    text, plain = number_text(value), f"{value:.12g}"
    return plain if len(plain) < len(text) and "e" not in plain and not value.is_integer() else text


def _pair(low: float, high: float) -> tuple[str, str]:
    texts = edge_text(float(low)), edge_text(float(high))
    if texts[0] == texts[1] and low != high:
        first, last = distinct_texts([low, high])
        return first, last
    return texts


def thinned(places: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Give labels by their rows; where two would be in the same row, every second or third one is left out."""
    for every in range(1, len(places) + 1):
        labels = dict(places[::every])
        if len(labels) == len(places[::every]):
            return labels
    return {}


_MOST_UNEVEN = 3
"""Labels so many rows apart may be one row more or less apart."""


def row_labels(places: Sequence[tuple[float, str]], rows: int) -> dict[int, str]:
    """Give labels by their rows from their shares of a y axis; those of even steps in even distances."""
    at = [(row_of(share, rows), text) for share, text in places]
    steps = [after - before for (before, _), (after, _) in pairwise(places)]
    return even_labels(at) if steps and max(steps) - min(steps) < 1e-6 * max(map(abs, steps)) else thinned(at)


def even_labels(at: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Give labels of even steps by their rows: where rows make their distances differ, every second or third one is left out."""
    if len(at) < 3:
        return thinned(at)
    for every in range(1, len(at) // 2 + 1):
        for kept in sorted((at[offset::every] for offset in range(every)), key=len, reverse=True):
            gaps = [abs(after - before) for (before, _), (after, _) in pairwise(kept)]
            if min(gaps) > 0 and max(gaps) - min(gaps) <= (min(gaps) >= _MOST_UNEVEN):
                return dict(kept)
    return thinned([at[0], at[-1]])


_LEAST_STEP_ROWS = 2
"""Rows from one label beside bars to the next, where there are as many."""
_LABEL_WORTH, _MOST_BAR_LABELS = 0.04, 5
"""A label more is worth so much of the height of the highest bar, up to so many labels."""


def bar_steps(tallest: float, rows: int, *, least: float = 0.0) -> tuple[float, int]:
    """Choose the step of an axis beside upright bars, and how many whole rows it has: a bar of a label's value ends with the row of the label.

    The highest bar has no more than `rows`. There are two labels wherever steps of `least` and the rows allow it.
    """
    rows = max(1, rows)
    best = (False, False, 0.0), (tallest, rows)
    power = math.floor(math.log10(tallest))
    rounds = [factor * 10.0**exponent for exponent in range(power - 1, power + 1) for factor in (1, 2, 5)]
    for step in (*rounds, tallest):
        if not least <= step <= tallest or not (step_rows := math.floor(rows * step / tallest * (1 + 1e-12))):
            continue
        labels = rows // step_rows
        height = tallest * step_rows / step / rows + _LABEL_WORTH * min(labels, _MOST_BAR_LABELS)
        best = max(best, ((step_rows >= _LEAST_STEP_ROWS, labels >= 2, height), (step, step_rows)))
    return best[1]


def bar_labels(step_rows: int, rows: int) -> list[tuple[int, int]]:
    """Give the labels beside upright bars from the lowest, as (number of steps, row): each is in the uppermost row of a bar that high."""
    return [(number, rows - number * step_rows) for number in range(1, rows // step_rows + 1)]


def row_of(share: float, rows: int) -> int:
    """Give the row of a share of a y axis, 0 at the top: the one that has the dot of such a value, of four in a row."""
    return max(0, min(rows - 1, round((1 - share) * (4 * rows - 1)) >> 2))


def column_of(share: float, columns: int) -> int:
    """Give the column of a share of an x axis: the one that has the dot of such a value, of two in a column."""
    return max(0, min(columns - 1, round(share * (2 * columns - 1)) >> 1))


def label_cells(texts: Sequence[str]) -> int:
    """Say how wide labels of a y axis are: cut only as far as different ones still look different."""
    longest = max(map(len, texts), default=0)
    cuts = range(min(MAX_LABEL_CELLS, longest), longest)
    # The last letter of one that is cut is an ellipsis.
    return next((cells for cells in cuts if len({text[: cells - 1] for text in texts}) == len(set(texts))), longest)


def y_labels(scale: Scale, rows: int) -> dict[int, str]:
    """Give labels by row, 0 at the top, with room between them; two at least if there are two rows."""
    shown = ticks(scale, max(1, min(_MAX_Y_TICKS, (rows + 1) // 3)))
    labels = row_labels([(share, text) for share, text in shown if -0.001 <= share <= 1.001], rows)
    if len(labels) < 2 <= rows and scale.high > scale.low:
        low, high = end_texts(scale, "number")
        return {0: high, rows - 1: low}
    return labels


def x_labels(scale: Scale, columns: int, unit: Unit) -> list[tuple[int, str]]:
    """Give (column, label) pairs, the most important first: the first and the last value, then round ones between them."""
    last = columns - 1
    between = [
        (column_of(share, columns), text)
        for share, text in ticks(scale, max(1, columns // _CELLS_A_TICK), unit)
        if -1e-9 <= share <= 1 + 1e-9
    ]
    first_text, last_text = end_texts(scale, unit)
    if unit == "number" and not scale.is_log:
        first_text, last_text = _like((scale.low, first_text), between), _like((scale.high, last_text), between)
    return [(0, first_text), (last, last_text), *(pair for pair in between if 0 < pair[0] < last)]


def _like(end: tuple[float, str], between: Sequence[tuple[int, str]]) -> str:
    """Show an end of an axis with as many decimals as the numbers between the ends, if these are all that it has."""
    value, text = end
    decimals = {decimals_of(other) for _, other in between if "e" not in other}
    if len(decimals) != 1 or "e" in text or abs(value) >= 1e6:
        return text
    like = f"{value + 0.0:,.{decimals.pop()}f}"
    return like if math.isclose(float(like.replace(",", "")), value, rel_tol=1e-9, abs_tol=1e-12) else text
