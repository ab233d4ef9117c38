"""From a figure to shapes on a page: axes, ticks, legend, and what is drawn between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from artui.figures.figure import (
    COLOURS,
    FIRST_OF_RAMP,
    ODD,
    ODD_NUMBER,
    RAMP,
    Figure,
    FigureAxis,
    FigureDots,
    FigureLine,
    FigureMarks,
)

INK, GREY, PALE, PAPER = "#1a1a1a", "#666666", "#dddddd", "#ffffff"
BACKED = "#b8b8b8"
"""Colour of what stays in the background."""
SHADE = (8, 81, 156)
TEXT = 13
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 48, 58
_LEGEND_ROW = 18
_ABOVE_SIGNS, _SIGN_ROW = 6, 14
"""The gap between the plot and rows of signs below it, and the height of such a row."""
_LETTER = 7.2
"""Width of a letter, about."""
LEGEND_LETTERS, _MOST_IN_LEGEND = 36, 24
"""Longer labels are cut, and of more the number is said."""


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points, or the area that it encloses."""

    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 1.0
    opacity: float = 1.0
    is_filled: bool = False


@dataclass(frozen=True, slots=True)
class Circle:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x` and `y` are its anchor on the base line."""

    x: float
    y: float
    text: str
    size: int = TEXT
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = INK
    is_bold: bool = False
    is_upright: bool = False
    """Written from bottom to top."""


Shape = Path | Circle | Text


def shapes(figure: Figure) -> list[Shape]:
    """Lay a figure out on a page of its size, from back to front."""
    width, height = figure.size
    legend: list[FigureLine | FigureDots | FigureMarks] = [line for line in figure.lines if line.label]
    legend += [dots for dots in figure.dots if dots.label]
    legend += [marks for marks in figure.marks if marks.label and not marks.row]
    legend = legend if len(legend) > 1 or figure.marks else []
    unnamed = len(legend) - _MOST_IN_LEGEND if len(legend) > _MOST_IN_LEGEND else 0
    legend = legend[:_MOST_IN_LEGEND]
    widest = max((min(LEGEND_LETTERS, len(item.label)) for item in legend), default=0) * _LETTER + 30
    right = _RIGHT + (widest if legend else 0)
    left: float = _LEFT
    top, bottom = _TOP + (10 if figure.rules else 0), _BOTTOM + _below(figure)
    if figure.cells is not None:
        left = min(260, max(left, 40 + max((len(text) for _, text in figure.y.ticks), default=0) * _LETTER))
    if figure.rules:
        # What stands below and above the outer lines is centred there.
        first, last = (max(map(len, rule[1:])) * _LETTER / 2 + 8 for rule in (figure.rules[0], figure.rules[-1]))
        left, right = max(left, first), max(right, last)
    box = left, top, width - right, height - bottom
    page: list[Shape] = [Text(left, 26, figure.title, 17, is_bold=True)]
    if figure.note:
        page.append(Text(width - _RIGHT, 26, figure.note, 12, "end", GREY))
    page += _frame(figure, box)
    page += content(figure, box)
    page += _over(figure, box)
    for number, item in enumerate(legend):
        y = top + 12 + number * _LEGEND_ROW
        x = width - right + 12
        if isinstance(item, FigureMarks):
            page += _sign(item.sign, x + 8, y, _colour(item.colour))
        elif isinstance(item, FigureDots):
            page.append(Circle(x + 8, y, 4.5, _colour(item.colour)))
        else:
            page.append(Path([(x, y), (x + 16, y)], _colour(item.colour), 3))
        page.append(Text(x + 22, y + 4, cut(item.label, LEGEND_LETTERS), 12))
    if unnamed:
        page.append(Text(width - right + 34, top + 16 + len(legend) * _LEGEND_ROW, f"+ {unnamed:,} more", 12))
    return page


def cut(text: str, letters: int) -> str:
    """Cut a text to so many letters, in its middle: names differ at both ends."""
    if len(text) <= letters:
        return text
    behind = max(0, (letters - 1) // 2)
    return f"{text[: letters - 1 - behind]}…{text[len(text) - behind :]}"


Box = tuple[float, float, float, float]
"""Left, top, right and bottom of the plot."""


def _below(figure: Figure) -> int:
    """Give the height of the rows of signs below the plot."""
    rows = max((marks.row for marks in figure.marks), default=0)
    return rows * _SIGN_ROW + (_ABOVE_SIGNS if rows else 0)


def _frame(figure: Figure, box: Box) -> Iterator[Shape]:
    left, top, right, bottom = box
    below = bottom + _below(figure)
    for share, text in figure.x.ticks:
        x = left + share * (right - left)
        if figure.cells is None:
            yield Path([(x, top), (x, below)], PALE)
        yield Text(x, below + 18, text, 12, "middle", GREY)
    for share, text in figure.y.ticks:
        y = bottom - share * (bottom - top)
        if figure.cells is None:
            yield Path([(left, y), (right, y)], PALE)
        yield Text(left - 8, y + 4, text, 12, "end", GREY)
    for share, under, above in figure.rules:
        x = left + share * (right - left)
        yield Path([(x, top), (x, bottom)], GREY, 1.5)
        yield Text(x, bottom + 18, under, 12, "middle", INK)
        yield Text(x, top - 8, above, 12, "middle", GREY)
    yield Path([(left, top), (left, bottom), (right, bottom)], GREY)
    yield Text((left + right) / 2, below + 42, figure.x.title, TEXT, "middle")
    if figure.y.title:
        yield Text(18, (top + bottom) / 2, figure.y.title, TEXT, "middle", is_upright=True)


def content(figure: Figure, box: Box, colour_of: Callable[[int], str] | None = None) -> Iterator[Shape]:
    """Give what lies between the axes of a figure, from back to front.

    Args:
        figure: the figure.
        box: where its axes lie.
        colour_of: gives the colour of a number, `#rrggbb`; by default that of a page.
    """
    left, top, right, bottom = box
    colour_of = colour_of or _colour

    def place(x: float, y: float) -> tuple[float, float] | None:
        across, up = _share(figure.x, x), _share(figure.y, y)
        if across is None or up is None or not (_is_inside(across) and _is_inside(up)):
            return None
        return left + across * (right - left), bottom - up * (bottom - top)

    for bars in figure.bars:
        for low, high, tall in zip(bars.edges, bars.edges[1:], bars.heights, strict=False):
            start, end = place(low, 0.0), place(high, tall)
            if start and end and tall:
                (x0, y0), (x1, y1) = start, end
                yield Path(
                    [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour_of(bars.colour), opacity=0.8, is_filled=True
                )
        widest = max((len(text) for text in bars.texts), default=0) * _LETTER
        for low, high, tall, text in zip(bars.edges, bars.edges[1:], bars.heights, bars.texts, strict=False):
            start, end = place(low, 0.0), place(high, tall)
            # Where one has no room none is written.
            if start and end and tall and widest <= (right - left) / len(bars.texts):
                yield Text((start[0] + end[0]) / 2, end[1] - 5, text, 12, "middle", GREY)
    # Lines in the background come first; of the others the first one in the legend lies in front.
    lines = list(reversed(figure.lines))
    for line in sorted(lines, key=lambda line: (line.colour >= 0, not line.is_faint)):
        if line.lows and (line.colour >= 0 or line.is_spread):
            over = [place(x, y) for x, y in zip(line.xs, line.highs, strict=True)]
            under = [place(x, y) for x, y in zip(line.xs, line.lows, strict=True)]
            ring = [point for point in (*over, *reversed(under)) if point is not None]
            if len(ring) > 2:
                yield Path(ring, colour_of(line.colour), opacity=0.3 if line.is_spread else 0.18, is_filled=True)
        shares = [_shares(figure, x, y) for x, y in zip(line.xs, line.ys, strict=True)]
        for inside in _stretches(shares):
            part = [(left + across * (right - left), bottom - up * (bottom - top)) for across, up in inside]
            is_back = (line.colour < 0 and not line.is_spread) or line.is_faint
            yield Path(part, colour_of(line.colour), 1.0 if is_back else 1.8, 0.5 if is_back else 1.0)
    all_dots = list(reversed(figure.dots))
    for dots in sorted(all_dots, key=lambda dots: dots.colour >= 0):
        for x, y in zip(dots.xs, dots.ys, strict=True):
            if (at := place(x, y)) is not None:
                yield Circle(
                    *at, 3.0 if dots.colour < 0 else 4.5, colour_of(dots.colour), 0.5 if dots.colour < 0 else 1
                )
    if figure.cells is not None:
        yield from _cells(figure, box)


def _over(figure: Figure, box: Box) -> Iterator[Shape]:
    """Give the signs of a figure, and the words beside its upright lines, which lie over all else."""
    left, top, right, bottom = box
    for marks in figure.marks:
        if marks.row:
            middle = bottom + _ABOVE_SIGNS + (marks.row - 0.5) * _SIGN_ROW
            yield Text(left - 8, middle + 4, marks.label, 12, "end", _colour(marks.colour))
        for across, up in marks.places:
            y = middle if marks.row else bottom - up * (bottom - top)
            yield from _sign(marks.sign, left + across * (right - left), y, _colour(marks.colour))
    for across, up, text in figure.texts:
        x, y = left + across * (right - left), bottom - up * (bottom - top)
        # Before the last line, behind the others.
        start = x - 6 - len(text) * _LETTER if across > 1 - 1e-9 else x + 6
        ring = [
            (start, y - 9),
            (start + len(text) * _LETTER, y - 9),
            (start + len(text) * _LETTER, y + 7),
            (start, y + 7),
        ]
        yield Path(ring, PAPER, opacity=0.8, is_filled=True)
        yield Text(start, y + 4, text, 12)


_POINTS = {
    "▲": ((0, -5), (5, 4), (-5, 4)), "▼": ((0, 5), (5, -4), (-5, -4)),
    "↑": ((0, -6), (3, 2), (-3, 2)), "↓": ((0, 6), (3, -2), (-3, -2)),
    "←": ((-6, 0), (2, 3), (2, -3)), "→": ((6, 0), (-2, 3), (-2, -3)),
}  # fmt: skip
"""Corners of signs, around their place."""


_RING = [(7 * math.cos(turn), 7 * math.sin(turn)) for turn in (math.pi * place / 10 for place in range(21))]
"""A closed line around a dot."""


def _sign(sign: str, x: float, y: float, colour: str) -> Iterator[Shape]:
    if sign == "○":
        yield Path([(x + across, y + down) for across, down in _RING], INK, 1.6)
        return
    if sign == "×":
        for down in (-4, 4):
            yield Path([(x - 4, y + down), (x + 4, y - down)], colour, 2)
        return
    yield Path([(x + across, y + down) for across, down in _POINTS[sign]], colour, is_filled=True)


def _cells(figure: Figure, box: Box) -> Iterator[Shape]:
    left, top, right, bottom = box
    grid = figure.cells
    if grid is None or not grid.shares or not grid.shares[0]:
        return
    tall, wide = (bottom - top) / len(grid.shares), (right - left) / len(grid.shares[0])
    for row, (shares, texts) in enumerate(zip(grid.shares, grid.texts, strict=True)):
        for column, (share, text) in enumerate(zip(shares, texts, strict=True)):
            x, y = left + column * wide, top + row * tall
            ring = [(x, y), (x + wide - 1, y), (x + wide - 1, y + tall - 1), (x, y + tall - 1)]
            yield Path(ring, shade(share), is_filled=True)
            if len(text) * _LETTER <= wide and tall >= 14:
                ink = PAPER if share > 0.55 else INK
                yield Text(x + wide / 2, y + tall / 2 + 4, text, 12, "middle", ink)


def shade(share: float) -> str:
    """Give a colour from paper (0) to full (1)."""
    if share != share:
        return "#f2f2f2"
    share = max(0.0, min(1.0, share))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in SHADE)


Shares = tuple[float, float]
"""Across and up, from 0 to 1 between the ends of the axes."""


def _shares(figure: Figure, x: float, y: float) -> Shares | None:
    """Give where a point lies, be it beyond the axes; None where it has no place."""
    across, up = _share(figure.x, x), _share(figure.y, y)
    return None if across is None or up is None else (across, up)


def _stretches(points: Sequence[Shares | None]) -> Iterator[list[Shares]]:
    """Split a line where a point has no place, and where it leaves the axes: there it ends at the edge, as it goes."""
    part: list[Shares] = []
    before: Shares | None = None
    for point in (*points, None):
        if point is None or before is None:
            piece = None if point is None or not (_is_inside(point[0]) and _is_inside(point[1])) else (point, point)
        else:
            piece = _clipped(before, point)
        if part and (piece is None or piece[0] != part[-1]):
            yield from _with_length(part)
            part = []
        if piece is not None:
            part += [end for end in piece if not part or end != part[-1]]
        before = point


def _with_length(part: list[Shares]) -> Iterator[list[Shares]]:
    """Give a part of a line; a single point becomes a dash."""
    yield part if len(part) > 1 else [part[0], (part[0][0] + _DASH, part[0][1])]


def _clipped(start: Shares, end: Shares) -> tuple[Shares, Shares] | None:
    """Give the part of a straight line that lies between the axes; None if none does (Y.-D. Liang, B. Barsky, 1984)."""
    first, last = 0.0, 1.0
    for here, there in zip(start, end, strict=True):
        way = there - here
        if not way and not _is_inside(here):
            return None
        if way:
            low, high = sorted(((0 - here) / way, (1 - here) / way))
            first, last = max(first, low), min(last, high)
    if first > last:
        return None

    def at(part: float) -> Shares:
        if part in (0.0, 1.0):
            return start if not part else end
        across, up = (here + part * (there - here) for here, there in zip(start, end, strict=True))
        return across, up

    return at(first), at(last)


def _is_inside(share: float) -> bool:
    return -1e-9 <= share <= 1 + 1e-9


_DASH = 0.0015
_REACH = 20.0
"""Points lie at most so many heights beyond an axis: a line towards them keeps its direction."""


def _share(axis: FigureAxis, value: float) -> float | None:
    """Give the position of a value on an axis, from 0 to 1 between its ends; None if it has no place."""
    if axis.is_log:
        if value <= 0:
            return None
        value = math.log10(value)
    share = (value - axis.low) / ((axis.high - axis.low) or 1.0)
    if share != share:
        return None
    # At an end it lies on it, however it was rounded.
    return max(0.0, min(share, 1.0)) if _is_inside(share) else max(-_REACH, min(share, 1 + _REACH))


def _colour(number: int) -> str:
    if number == ODD_NUMBER:
        return ODD
    if number >= FIRST_OF_RAMP:
        return RAMP[min(number - FIRST_OF_RAMP, len(RAMP) - 1)]
    return COLOURS[number % len(COLOURS)] if number >= 0 else BACKED
