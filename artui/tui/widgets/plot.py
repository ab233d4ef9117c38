"""What all charts are drawn with: a grid of dots, and rows of cells.

Each cell holds 2 x 4 dots. The band, a layer behind, is hidden in cells where the front layer has a dot. Where lines
share a cell, one of them has it alone, with its own dots: mostly the one in front, and those behind in turn, so that none vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from artui.tui.cells import BRAILLE, Palette, Span, fit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille letter, by row and column."""


_LABEL_GAP = 2
"""Blank cells between two labels: one alone may stand within a label."""
_LEADER_CELLS = 2
"""So many cells that lines share the one in front keeps, before one behind it shows: mostly one colour reads as a line, many as none."""


@dataclass(slots=True)
class Plot:
    """A grid of dots: which ones are set and by which owner, separately for front and band."""

    columns: int
    rows: int
    margin: int = 0
    """Columns at the right of the plot, where only letters stand."""
    line: bytearray = field(init=False)
    line_owners: list[int] = field(init=False)
    """The owner of a cell's dots: 1 << owner. A higher owner lies in front of a lower one."""
    band: bytearray = field(init=False)
    band_owners: list[int] = field(init=False)
    """A bit for each owner of a cell's dots."""
    signs: dict[tuple[int, int], tuple[str, Style]] = field(default_factory=dict)
    """Letters in place of dots, by (row, column)."""
    covered: dict[int, dict[int, int]] = field(default_factory=dict)
    """By cell the dots of all its lines but the one in front, by the bits of their owners."""

    def __post_init__(self) -> None:
        size = self.columns * self.rows
        self.line, self.band = bytearray(size), bytearray(size)
        self.line_owners, self.band_owners = [0] * size, [0] * size

    def clear(self) -> None:
        """Take all dots away; letters stay."""
        size = self.columns * self.rows
        self.line, self.band = bytearray(size), bytearray(size)

    @property
    def dot_columns(self) -> int:
        """The width in dots."""
        return self.columns * 2

    @property
    def dot_rows(self) -> int:
        """The height in dots."""
        return self.rows * 4

    def stroke(self, x: int, top: int, bottom: int, owner: int, *, is_band: bool = False) -> None:
        """Set the dots of one column from top to bottom, both included, as far as they lie inside."""
        if not 0 <= x < self.columns * 2:
            return
        self.strokes((x,), (max(0, top),), (min(self.rows * 4 - 1, bottom),), owner, is_band=is_band)

    def strokes(
        self, xs: Sequence[int], tops: Sequence[int], bottoms: Sequence[int], owner: int, *, is_band: bool
    ) -> None:
        """Set the dots of many columns; none may lie outside."""
        bits, owners = (self.band, self.band_owners) if is_band else (self.line, self.line_owners)
        columns, bit, covered = self.columns, 1 << owner, self.covered
        for x, top, bottom in zip(xs, tops, bottoms, strict=True):
            column, side = x >> 1, x & 1
            for y in range(top, bottom + 1):
                place = (y >> 2) * columns + column
                if is_band or owners[place] == bit:
                    bits[place] |= DOTS[y & 3][side]
                    owners[place] |= bit
                elif owners[place] < bit:
                    dot = DOTS[y & 3][side]
                    if owners[place]:
                        here = covered.setdefault(place, {})
                        here[owners[place]] = bits[place]
                        dot |= here.pop(bit, 0)
                    bits[place], owners[place] = dot, bit
                else:
                    here = covered.setdefault(place, {})
                    here[bit] = here.get(bit, 0) | DOTS[y & 3][side]

    def take_turns(self, *, front: int = 0) -> None:
        """Let lines that are covered show in every third of the cells that they share, from the left to the right.

        The one that was not seen for longest is next. Owner 0 has only what no other needs.

        Args:
            front: the owner of a line that keeps all of its cells; 0 for none.
        """
        if not self.covered:
            return
        seen: dict[int, int] = {}
        led = 0
        drawn = sorted((place % self.columns, place // self.columns) for place, bits in enumerate(self.line) if bits)
        for number, (column, row) in enumerate(drawn):
            place = row * self.columns + column
            if (row, column) in self.signs:
                continue
            owner = self.line_owners[place]
            here = self.covered.get(place)
            if here is not None and not (front and owner == 1 << front):
                lines = {bit: dots for bit, dots in {**here, owner: self.line[place]}.items() if bit > 1}
                if len(lines) > 1:
                    owner = max(lines)
                    if led >= _LEADER_CELLS:
                        owner = min((bit for bit in lines if bit != owner), key=lambda bit: seen.get(bit, -1))
                    led = 0 if led >= _LEADER_CELLS else led + 1
                    self.line[place], self.line_owners[place] = lines[owner], owner
            if owner:
                seen[owner] = number
        self.covered = {}

    def dot(self, x: int, y: int, owner: int, *, is_band: bool = False) -> None:
        """Set one dot."""
        self.stroke(x, y, y, owner, is_band=is_band)

    def join(self, start: tuple[int, int], end: tuple[int, int], owner: int, *, is_band: bool = False) -> None:
        """Draw a straight line to the right; in each column it sets the dots from where it enters to where it leaves."""
        (x0, y0), (x1, y1) = start, end
        slope = (y1 - y0) / (x1 - x0)
        first = max(x0 + 1, 0)
        last = round(y0 + slope * (first - 1 - x0))
        for x in range(first, min(x1, self.columns * 2 - 1) + 1):
            y = round(y0 + slope * (x - x0))
            if y > last:
                self.stroke(x, last + 1, y, owner, is_band=is_band)
            elif y < last:
                self.stroke(x, y, last - 1, owner, is_band=is_band)
            else:
                self.stroke(x, y, y, owner, is_band=is_band)
            last = y


def letters_of(has_dot: NDArray[np.bool_]) -> list[int]:
    """Give the dots of each cell, row by row, as the bits of a braille letter.

    Args:
        has_dot: dot rows x dot columns, four and two times as many as cells.
    """
    import numpy as np

    cells = has_dot.reshape(has_dot.shape[0] // 4, 4, has_dot.shape[1] // 2, 2)
    letters: list[int] = np.einsum("rycx,yx->rc", cells, np.array(DOTS)).reshape(-1).tolist()
    return letters


EDGE_TICK = "▔"
"""At the upper edge of its row, where a bar of the value beside it ends: other ticks are at the middle of theirs."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def bar_axis(label: str, label_cells: int) -> list[Span]:
    """Write the axis beside one row of upright bars; with a label, a bar of its value ends at the tick."""
    return [(fit(label, label_cells, right=True) + (EDGE_TICK if label else " "), "dim"), ("│", "frame")]


def bar_letter(height: float, *, is_lowest: bool) -> str:
    """Give the letter of a bar in one row, that ends so many rows above the lower edge of it; in the lowest row any bar is seen."""
    letter = _EIGHTHS[max(0, min(8, round(height * 8)))]
    return _EIGHTHS[1] if is_lowest and height > 0 and letter == " " else letter


def labelled_axis(
    places: Sequence[tuple[int, str]], label_cells: int, columns: int, *, corner: str = "", is_of_bars: bool = False
) -> list[Span]:
    """Write labels below a plot, each under its column, except those that would read as one with one that comes before them.

    Args:
        corner: what to know of the upright axis.
        is_of_bars: whether that is the value of what ends above this row.
    """
    line = [" "] * columns
    for column, text in places:
        cells = _cells(text)
        # Right behind the corner a number would look negative.
        start = max(1, min(columns - len(cells), column - len(cells) // 2))
        start = min(start, columns - len(cells))
        if len(cells) <= columns and all(
            cell == " " for cell in line[max(0, start - _LABEL_GAP) : start + len(cells) + _LABEL_GAP]
        ):
            line[start : start + len(cells)] = cells
    tick = EDGE_TICK if is_of_bars else " "
    return [(fit(corner, label_cells, right=True) + f"{tick}└", "faint"), ("".join(line), "dim")]


def _cells(text: str) -> list[str]:
    """Give the cells of a text: the second one of a wide letter is empty."""
    cells: list[str] = []
    for letter in text:
        wide = cell_len(letter)
        if wide:
            cells += [letter, *[""] * (wide - 1)]
        elif cells:
            cells[-1] += letter
    return cells


def plot_rows(
    plot: Plot,
    labels: Mapping[int, str],
    label_cells: int,
    palette: Palette,
    *,
    front: Callable[[int], Style],
    back: Callable[[int], Style],
    cursor: int | None = None,
    edge: str = "│",
    tick: str = "┤",
) -> list[Strip]:
    """Draw the dots with the labels before them.

    Args:
        front, back: styles of owners, in the front layer and in the band.
        cursor: a column that is marked in cells where nothing else is drawn.
        edge: what is drawn at the left of rows without a label.
        tick: what is drawn there behind a label.
    """
    styles: dict[int, Style] = {}

    def style_of(owners: int) -> Style:
        style = styles.get(owners)
        if style is None:
            style = styles[owners] = front(owners.bit_length() - 1)
        return style

    return [
        _row(plot, row, labels.get(row, ""), label_cells, palette, style_of, back, cursor, (edge, tick))
        for row in range(plot.rows)
    ]


def _row(
    plot: Plot,
    row: int,
    label: str,
    label_cells: int,
    palette: Palette,
    front: Callable[[int], Style],
    back: Callable[[int], Style],
    cursor: int | None,
    edges: tuple[str, str],
) -> Strip:
    frame, accent, text = palette.styles["frame"], palette.styles["accent"], palette.styles["text"]
    segments = [
        Segment(fit(label, label_cells, right=True) + " ", palette.styles["dim"]),
        Segment(edges[bool(label)], frame),
    ]
    base, letters = row * plot.columns, BRAILLE
    run: list[str] = []
    style: Style | None = None
    for column in range(plot.columns + plot.margin):
        place = base + column
        sign = plot.signs.get((row, column))
        if sign is not None:
            letter, wanted = sign
        elif column >= plot.columns:
            letter, wanted = " ", text
        elif plot.line[place]:
            letter, wanted = letters[plot.line[place]], front(plot.line_owners[place])
        elif column == cursor:
            letter, wanted = "┊", accent
        elif plot.band[place]:
            letter, wanted = letters[plot.band[place]], back(plot.band_owners[place].bit_length() - 1)
        else:
            # Blanks go with what stands before them, as long as they stay blank.
            letter, wanted = " ", style if style is not None and not style.reverse else text
        if wanted is not style and run:
            segments.append(Segment("".join(run), style))
            run = []
        style = wanted
        run.append(letter)
    segments.append(Segment("".join(run), style))
    return Strip(segments, label_cells + 2 + plot.columns + plot.margin)
