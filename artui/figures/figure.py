"""A figure: what is drawn, whatever draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c6d31", "#7f3c8d", "#3969ac", "#11a579")
"""On white paper; the first six are those of M. Okabe and K. Ito (2008), which colour-blind readers can tell apart."""
RAMP = ("#b5de2b", "#35b779", "#31688e", "#440154")
"""From low to high numbers on white paper: four colours of viridis of matplotlib (2015), which darken evenly."""
ODD = "#b2001d"
"""On white paper, of signs for what is no finite number: no line has this colour."""
ODD_NUMBER = 99
FIRST_OF_RAMP = 100
"""The number of its first colour."""


@dataclass(frozen=True, slots=True)
class FigureAxis:
    """One axis of a figure. `low` and `high`, like the places of ticks, are powers of ten on a logarithmic one."""

    title: str
    low: float
    high: float
    is_log: bool = False
    ticks: Sequence[tuple[float, str]] = ()
    """(share of the axis from 0 to 1, label)."""


@dataclass(frozen=True, slots=True)
class FigureLine:
    """Points joined by straight lines, over the band from the lowest to the highest value, if there is one.

    Of several the first lies in front.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    """Position in COLOURS; negative for a line that stays in the background."""
    label: str = ""
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    is_faint: bool = False
    """Whether it is drawn thin behind the others, as measured values are behind smoothed ones."""
    is_spread: bool = False
    """Whether it and its band stand for many lines in the background."""


@dataclass(frozen=True, slots=True)
class FigureDots:
    """Points that are not joined. Of several the first lie in front."""

    xs: Sequence[float]
    ys: Sequence[float]
    colour: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class FigureMarks:
    """Signs for what has no place between the axes, such as NaN or a value far outside, and rings around dots."""

    sign: Literal["○", "×", "▲", "▼", "↑", "↓", "←", "→"]
    places: Sequence[tuple[float, float]]
    """Shares of the x axis and of the y axis, from 0 to 1."""
    colour: int = ODD_NUMBER
    label: str = ""
    row: int = 0
    """The row below the plot in which they stand, from 1; 0 for between the axes."""


@dataclass(frozen=True, slots=True)
class FigureBars:
    """Bars from zero, each from one edge to the next."""

    edges: Sequence[float]
    heights: Sequence[float]
    colour: int = 0
    texts: Sequence[str] = ()
    """What stands on each bar."""


@dataclass(frozen=True, slots=True)
class FigureCells:
    """A grid of shaded cells with their values, rows from the top."""

    shares: Sequence[Sequence[float]]
    """From 0 to 1; NaN for a cell without a value."""
    texts: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: its axes, and what is drawn between them."""

    title: str
    x: FigureAxis
    y: FigureAxis
    lines: Sequence[FigureLine] = ()
    dots: Sequence[FigureDots] = ()
    bars: Sequence[FigureBars] = ()
    cells: FigureCells | None = None
    rules: Sequence[tuple[float, str, str]] = ()
    """Upright lines with a label at the bottom and one at the top: (share of the x axis, below, above)."""
    texts: Sequence[tuple[float, float, str]] = ()
    """Words beside an upright line: shares of the x axis and of the y axis."""
    marks: Sequence[FigureMarks] = ()
    note: str = ""
    size: tuple[int, int] = field(default=(960, 600))
    """Width and height in pixels."""
