"""Runs that logged a single value each, below each other: a curve of them would be a few dots at an edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from artui.safetext import clean
from artui.tui.cells import fit, fit_apart, length_of, strip_of
from artui.tui.colouring import colour_at
from artui.units import decimals_of, digits_for, number_text

if TYPE_CHECKING:
    from rich.style import Style

    from artui.tui.cells import Palette, Spans
    from artui.tui.widgets.chartlines import ChartLine

_NAME_CELLS, _VALUE_CELLS, _LEAST_CELLS = 24, 9, 10
_NEAR_ZERO = 0.8
"""Bars begin at zero if the shortest is at most this share of the longest; else they would look alike, and a mark between
the smallest and the largest value says more."""
BAR, HALF_BAR, TRACK, PLACE = "━", "╸", "─", "┼"


def are_single(lines: Sequence[ChartLine]) -> bool:
    """Say whether several runs logged one value each, and none more."""
    having = [line for line in lines if line.curve.count]
    return len(having) > 1 and all(line.curve.count == 1 for line in having)


def value_bars(head: Spans, lines: Sequence[ChartLine], width: int, height: int, palette: Palette) -> list[Strip]:
    """Draw one line a run: its mark, its name, its value, and how that lies among the others."""
    having = [line for line in lines if line.curve.count]
    values = [line.curve.last for line in having]
    finite = [value for value in values if math.isfinite(value)]
    digits = digits_for(finite, _VALUE_CELLS)
    decimals = max((decimals_of(number_text(value, digits)) for value in finite), default=0)
    texts = [_text(value, digits, decimals) for value in values]
    value_cells = max(map(len, texts))
    share = max(0, min(_NAME_CELLS, width // 3))
    names = [name.rstrip() for name in fit_apart([clean(line.title, max_chars=100) for line in having], share)]
    name_cells = max(length_of([(name, "")]) for name in names)
    cells = width - name_cells - value_cells - 7
    low, high, is_from_zero = _ends(finite)
    strips = [
        strip_of([*head, (f"   {_ends_text(low, high, digits, is_from_zero=is_from_zero)}", "faint")], width, palette)
    ]
    for line, value, text, name in zip(having, values, texts, names, strict=True):
        style = palette.curves[colour_at(line.colour)] if line.is_picked else palette.styles["dim"]
        named = [Segment(f" {line.mark or ' '} ", style), Segment(fit(name, name_cells), palette.styles["text"])]
        number = Segment(f"  {text:>{value_cells}}", palette.styles["text" if math.isfinite(value) else "bad"])
        drawn = (
            _bar(value, low, high, cells, style, palette, is_from_zero=is_from_zero) if cells >= _LEAST_CELLS else []
        )
        segments = [*named, number, Segment("  ", style), *drawn]
        strip = Strip(segments)
        strips.append(strip.adjust_cell_length(width, palette.styles["text"]))
    empty = strip_of((), width, palette)
    return strips + [empty] * (height - len(strips))


def _text(value: float, digits: int, decimals: int) -> str:
    text = number_text(value, digits)
    return text + " " * (decimals - decimals_of(text)) if decimals_of(text) < decimals and "." in text else text


def _ends(values: Sequence[float]) -> tuple[float, float, bool]:
    """Give what the bars span, and whether they begin at zero."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if 0 <= low <= _NEAR_ZERO * high and high > 0:
        return 0.0, high, True
    return low, high, False


def _ends_text(low: float, high: float, digits: int, *, is_from_zero: bool) -> str:
    highest = number_text(high, digits)
    if low == high:
        return f"all at {highest}"
    return f"bars from 0 to {highest}" if is_from_zero else f"marks from {number_text(low, digits)} to {highest}"


def _bar(
    value: float, low: float, high: float, cells: int, style: Style, palette: Palette, *, is_from_zero: bool
) -> list[Segment]:
    if not math.isfinite(value):
        return []
    share = (value - low) / (high - low) if high > low else 0.0 if not is_from_zero else 1.0
    if is_from_zero:
        halves = round(share * cells * 2)
        return [Segment(BAR * (halves // 2) + HALF_BAR * (halves % 2), style)]
    place = round(share * (cells - 1)) if math.isfinite(share) else 0
    track = palette.styles["frame"]
    return [Segment(TRACK * place, track), Segment(PLACE, style), Segment(TRACK * (cells - 1 - place), track)]
