"""Draws what is known of one column of a table: of one version, or of two below each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from artui.model.profiles import ColumnDrift, ColumnProfile, Spreads
from artui.safetext import clean
from artui.sheets.profile import column_table, folded, share_text, value_text
from artui.tui.cells import fit, length_of
from artui.tui.facts.sections import section_lines
from artui.tui.widgets.axes import Scale, bar_labels, bar_steps, distinct_texts, ticks, x_labels
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.plot import bar_axis, bar_letter, labelled_axis
from artui.units import count_text, plural

_LABEL_CELLS = 8
_MOST_BAR_CELLS = 6
_ROWS = 4, 14
"""Fewest and most lines of a histogram."""
_MOST_OFF = 1e-3
"""A label is no further from its value, as a part of it."""
_MOST_TEXT_CELLS = 28
_SIDE_STYLES = "spark", "accent"
_SHADES = "█", "▓"
"""Bars of the first and of the second side: told apart without colours, too."""


class Side(NamedTuple):
    """A column as one version has it."""

    name: str
    """Of the version; empty where there is only one."""
    column: ColumnProfile


def column_lines(
    sides: Sequence[Side], spreads: Spreads | None, drift: ColumnDrift | None, *, cells: int, rows: int
) -> list[Line]:
    """Draw how the values of a column lie, to the same measure in both versions, and below that what is known of it.

    Args:
        sides: one version, or two.
        spreads: how their values lie; of one version, None takes what its profile says.
        drift: how far they are apart, of two.
        cells: the width of a line.
        rows: how many lines there are; what has no room among them is further down.
    """
    if spreads is None and len(sides) == 1:
        spreads = _own(sides[0].column)
    is_drawn = spreads is not None and bool(spreads.before)
    said = column_table([(side.name, side.column) for side in sides], drift, is_drawn=is_drawn)
    facts = section_lines(said, cells=cells, fewest=2)
    facts = [line for line in facts if line.spans]
    if spreads is None or not spreads.before:
        texts = {side.column.type for side in sides}
        why = "no value to draw" if texts <= {"empty"} else "hardly a value occurs twice" if texts <= {"text", "boolean", "empty"} else "these cannot be drawn to one measure"  # fmt: skip
        return [BLANK, Line([(f"  {why}", "dim")]), BLANK, *facts]
    return [*drawn_lines(sides, spreads, cells=cells, rows=rows - len(facts) - 1), BLANK, *facts]


def drawn_lines(sides: Sequence[Side], spreads: Spreads, *, cells: int, rows: int) -> list[Line]:
    """Draw how the values of a column lie: ranges as upright bars in so many lines if that is enough, texts as lying ones."""
    shares = (spreads.before, spreads.after)[: len(sides)]
    if spreads.texts:
        return _texts(sides, spreads, shares, cells=cells)
    room = (rows - 2 * len(sides) - spreads.is_log) // len(sides)
    return _bins(sides, spreads, shares, cells=cells, rows=max(_ROWS[0], min(_ROWS[1], room)))


def fewest_rows(sides: int) -> int:
    """Give how many lines the upright bars of so many sides take at least."""
    return (_ROWS[0] + 2) * sides + 1


def _own(column: ColumnProfile) -> Spreads | None:
    """Give how the values of a column of one version lie."""
    filled = column.count - column.null_count - column.nan_count
    if column.counts and sum(column.counts):
        shares = tuple(count / sum(column.counts) for count in column.counts)
        return Spreads(shares, (), column.edges)
    if column.most_frequent and filled > 0:
        names = tuple(value if isinstance(value, str) else value_text(column, value) for value, _ in column.most_frequent)  # fmt: skip
        return Spreads(tuple(count / filled for _, count in column.most_frequent), (), texts=names)
    return None


def _bins(
    sides: Sequence[Side], spreads: Spreads, shares: Sequence[Sequence[float]], *, cells: int, rows: int
) -> list[Line]:
    """Draw upright bars, the sides above each other over one axis."""
    columns = cells - _LABEL_CELLS - 3
    together = -(-len(spreads.before) // max(1, columns // 2))
    edges = [*spreads.edges[:-1:together], spreads.edges[-1]]
    counted = [folded(each, -(-len(each) // together)) for each in shares]
    bar = max(1, min(_MOST_BAR_CELLS, columns // len(counted[0])))
    most = max(map(max, counted)) or 1.0
    step, step_rows = bar_steps(100 * most, rows)
    places = bar_labels(step_rows, rows)
    values = [number * step for number, _ in places]
    texts = distinct_texts(values)
    if any(
        abs(float(text.replace(",", "")) - value) > _MOST_OFF * value for text, value in zip(texts, values, strict=True)
    ):
        # Where there is no room for round numbers, the highest bar is the step: its value is not to be rounded away.
        texts = [f"{value:.4g}" for value in values]
    labels = {row: f"{text} %" for (_, row), text in zip(places, texts, strict=True)}
    highest = max((side.column.max for side in sides if side.column.max is not None), default=math.inf)
    lines: list[Line] = []
    for side, each, style in zip(sides, counted, _SIDE_STYLES, strict=False):
        column = side.column
        drawn_count = column.count - column.null_count - column.nan_count - column.infinite_count - column.text_count
        tallest = max(each, default=0.0)
        said = f"{plural(drawn_count, 'value')}, in the highest bar {share_text(tallest)}: {round(tallest * drawn_count):,}"
        lines.append(_side_line(side, said, style))
        for row in range(rows):
            spans = bar_axis(labels.get(row, ""), _LABEL_CELLS)
            drawn = "".join(bar_letter(100 * share / step * step_rows - (rows - 1 - row), is_lowest=row == rows - 1) * max(1, bar - 1) + " " * (bar > 1) for share in each)  # fmt: skip
            lines.append(Line([*spans, (drawn.rstrip(), style)]))
        drawn_cells = bar * len(each) - (bar > 1)
        lines.append(Line(labelled_axis(_x_places(column, edges, spreads.is_log, drawn_cells, highest), _LABEL_CELLS, columns, corner="0 %", is_of_bars=True)))  # fmt: skip
    if spreads.is_log:
        lines.append(Line([(" " * (_LABEL_CELLS + 2), "text"), ("log axis: each bar spans the same factor", "dim")]))
    return lines


def _side_line(side: Side, said: str, style: str) -> Line:
    name = [(f" {clean(side.name)}  ", style)] if side.name else [(" ", "text")]
    return Line([*name, (said, "dim")])


def _x_places(
    column: ColumnProfile, edges: Sequence[float], is_log: bool, drawn: int, highest: float
) -> list[tuple[int, str]]:
    """Give labels below bars by their cells; bars of several whole numbers may end above the `highest` value."""
    low, high = edges[0], edges[-1]
    if column.type == "time":
        middle = drawn // 2
        days = [value_text(column, value).partition(" ")[0] for value in (low, (low + high) / 2, high)]
        texts = days if len(set(days)) == len(days) else [value_text(column, value) for value in (low, (low + high) / 2, high)]  # fmt: skip
        return list(zip((0, drawn - 1, middle), (texts[0], texts[2], texts[1]), strict=True))
    if low == high:
        return [(0, value_text(column, low))]
    if low % 1 == high % 1 == 0.5:
        # A bar of whole numbers has them at its middle.
        half = max(0, round(drawn / (high - low) / 2) - 1)
        places = [(half, value_text(column, low + 0.5))]
        places.append((drawn - 1 - half, value_text(column, min(high - 0.5, highest))))
        return [*places, *((round(share * drawn), text) for share, text in ticks(Scale(low, high, False, drawn), max(1, drawn // 12), "count"))]  # fmt: skip
    scale = Scale(math.log10(low), math.log10(high), True, drawn) if is_log else Scale(low, high, False, drawn)
    return x_labels(scale, drawn, "number")


def _texts(sides: Sequence[Side], spreads: Spreads, shares: Sequence[Sequence[float]], *, cells: int) -> list[Line]:
    """Draw a lying bar for each text, the sides below each other: how many rows have it, and their share of all rows."""
    filled = [max(0, side.column.count - side.column.null_count - side.column.nan_count) for side in sides]
    empty = [side.column.count - full for side, full in zip(sides, filled, strict=True)]
    counts = [[share * full for share in each] for each, full in zip(shares, filled, strict=True)]
    rests = [max(0.0, full - sum(each)) for each, full in zip(counts, filled, strict=True)]
    rows = [(clean(text, max_chars=200) or '""', "text", each) for text, each in zip(spreads.texts, zip(*counts, strict=True), strict=True)]  # fmt: skip
    if max(map(round, rests)):
        rows.append(("all others", "dim", tuple(rests)))
    if any(empty):
        rows.append(("empty", "warn", tuple(map(float, empty))))
    name_cells = min(_MOST_TEXT_CELLS, max(length_of([(text, "")]) for text, _, _ in rows))
    side_cells = max(length_of([(clean(side.name), "")]) for side in sides)
    count_cells = max(4, *(len(count_text(round(count))) for _, _, each in rows for count in each))
    room = cells - name_cells - side_cells - count_cells - 18
    all_rows = [max(1, side.column.count) for side in sides]
    most = max(count / of for _, _, each in rows for count, of in zip(each, all_rows, strict=True)) or 1.0
    at = 1 + name_cells + 2 + side_cells + 2 * bool(side_cells)
    lines: list[Line] = [Line([(" " * at + f"{'rows':>{count_cells}}  {'of all':>7}", "faint")])]
    for text, name_style, each in rows:
        for number, (side, count, of) in enumerate(zip(sides, each, all_rows, strict=True)):
            drawn = max(1, round(count / of / most * room)) if round(count) else 0
            style = _SIDE_STYLES[number]
            lines.append(
                Line(
                    [
                        (f" {fit(text, name_cells) if not number else ' ' * name_cells}  ", name_style),
                        (fit(clean(side.name), side_cells) + ("  " if side_cells else ""), style),
                        (f"{count_text(round(count)):>{count_cells}}  {share_text(round(count) / of):>7}  ", "text"),
                        (_SHADES[number] * drawn, style if name_style == "text" else "dim"),
                    ]
                )
            )
    return lines
