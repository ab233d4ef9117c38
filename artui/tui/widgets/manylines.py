"""Lines over upright axes, many at once: each one as it is, or of very many how many pass through each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from artui.tui.widgets.plot import DOTS, letters_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.tui.widgets.plot import Plot

FRONT = 0
"""Owner of the lines in front; of many lines the first three are shades of them, from few to many in a cell."""
SHADES = 3
_SPARSE = 3
"""Without colours one of so many dots of the lines behind is drawn."""
_THIN = 0.35
"""Cells with less than this share of the most lines in front show the lines behind."""


def draw_lines(plot: Plot, xs: Sequence[int], shares: NDArray[np.float64], *, is_back: bool) -> None:
    """Draw many lines of one style, all at once; the dots are those of `draw_line`."""
    import numpy as np

    if not len(shares):
        return
    has_dot = np.zeros((plot.dot_rows, plot.dot_columns), bool)
    for x0, x1, starts, ends in _pieces(plot, xs, shares):
        has_dot[_dots_of(x0, x1, starts, ends, plot.dot_columns)] = True
    letters = letters_of(has_dot)
    layer, owners = (plot.band, plot.band_owners) if is_back else (plot.line, plot.line_owners)
    for place, letter in enumerate(letters):
        if letter:
            layer[place] |= letter
            owners[place] |= 1 << FRONT


def _dots_of(
    x0: int, x1: int, starts: NDArray[np.float64], ends: NDArray[np.float64], dot_columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the dots (down, across) of straight lines between two columns, the first one left out; shared ones repeat."""
    import numpy as np

    columns = np.arange(x0, x1 + 1)
    slopes = (ends - starts) / (x1 - x0)
    rows = np.rint(starts[:, None] + slopes[:, None] * (columns - x0)).astype(np.int64)
    here, before = rows[:, 1:], rows[:, :-1]
    # In each column from where a line enters to where it leaves.
    low = np.where(here > before, before + 1, here)
    high = np.where(here < before, before - 1, here)
    counts = (high - low + 1).reshape(-1)
    across = np.repeat(np.broadcast_to(columns[1:], here.shape).reshape(-1), counts)
    first_dots = np.cumsum(counts) - counts
    down = np.repeat(low.reshape(-1) - first_dots, counts) + np.arange(int(counts.sum()))
    is_inside = (across >= 0) & (across < dot_columns)
    return down[is_inside], across[is_inside]


def shade(plot: Plot, xs: Sequence[int], shares: NDArray[np.float64], *, is_back: bool) -> None:
    """Draw many lines by how many pass through each cell: by its shade, and where they would fill it by its dots.

    Between each two axes the fullest twentieth of the cells has the most dots. Of lines in front, cells that few pass
    through are left to those behind.
    """
    import numpy as np

    counts = np.zeros((plot.dot_rows, plot.dot_columns), np.int64)
    for x0, x1, starts, ends in _pieces(plot, xs, shares):
        dots = _dots_of(x0, x1, starts, ends, plot.dot_columns)
        counts += np.bincount(dots[0] * plot.dot_columns + dots[1], minlength=counts.size).reshape(counts.shape)
    letters = letters_of(counts > 0)
    in_cell = counts.reshape(plot.rows, 4, plot.columns, 2).sum(axis=(1, 3))
    layer, owners = (plot.band, plot.band_owners) if is_back else (plot.line, plot.line_owners)
    for first, last in pairwise(xs):
        left, right = first >> 1, (last >> 1) + 1
        part = in_cell[:, left:right]
        if not part.any():
            continue
        fullness = np.minimum(1.0, part / max(1.0, float(np.quantile(part[part > 0], 0.95))))
        for at, share in enumerate(fullness.reshape(-1).tolist()):
            place = at // (right - left) * plot.columns + left + at % (right - left)
            letter = letters[place]
            if not letter:
                continue
            is_full = letter.bit_count() > _FEW_DOTS
            if is_full and not is_back and share < _THIN:
                continue
            layer[place] = DITHERED[1 + round(share * 5)] if is_full else letter
            owners[place] |= 1 << min(SHADES - 1, int(share * SHADES))


_FEW_DOTS = 4
"""Cells with so many dots at most show lines as they are."""
DITHERED = (0, 0x01, 0x21, 0x91, 0x95, 0xB5, 0xDD, 0xFD, 0xFF)
"""Of so many dots those that are spread over a cell and its neighbours, so that they make no stripes."""


def _pieces(plot: Plot, xs: Sequence[int], shares: NDArray[np.float64]) -> Iterator[tuple[int, int, NDArray[np.float64], NDArray[np.float64]]]:  # fmt: skip
    """Give the parts of lines between two axes, as their columns and their rows there, in dots."""
    import numpy as np

    rows = np.rint((1 - shares) * (plot.dot_rows - 1))
    for first, last in pairwise(range(len(xs))):
        # Lines end at an axis where the next one has no value for them.
        ends = rows[np.isfinite(rows[:, first]) & np.isfinite(rows[:, last])][:, [first, last]]
        if len(ends):
            yield xs[first], xs[last], ends[:, 0], ends[:, 1]


def inside(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put what lies beyond the ends of an axis at its end."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip(shares, 0.0, 1.0))


def cells_along(plot: Plot, xs: Sequence[int], shares: Sequence[float], part: float) -> list[tuple[int, int]]:
    """Give the cells, as (row, column), of a run's line at a part of the way between each two axes."""
    points = [(x, (1 - share) * (plot.dot_rows - 1)) for x, share in zip(xs, shares, strict=True)]
    return [
        (round(y0 + (y1 - y0) * part) >> 2, round(x0 + (x1 - x0) * part) >> 1)
        for (x0, y0), (x1, y1) in pairwise(points)
        if y0 == y0 and y1 == y1
    ]


def draw_line(plot: Plot, xs: Sequence[int], shares: Sequence[float], owner: int) -> None:
    """Draw a run's line; it has a gap around an axis on which the run has no value."""
    before: tuple[int, int] | None = None
    for x, share in zip(xs, shares, strict=True):
        if share != share:
            before = None
            continue
        at = x, round((1 - share) * (plot.dot_rows - 1))
        if before is not None:
            plot.join(before, at, owner)
        before = at


def make_sparse(plot: Plot) -> None:
    """Leave one of several dots along the lines behind, so that they are dotted, whichever way they go."""
    masks = [
        sum(bit for row, bits in enumerate(DOTS) for column, bit in enumerate(bits) if (row + column + offset) % _SPARSE == 0)
        for offset in range(_SPARSE)
    ]  # fmt: skip
    for place in range(plot.columns * plot.rows):
        row, column = divmod(place, plot.columns)
        plot.band[place] &= masks[(4 * row + 2 * column) % _SPARSE]
