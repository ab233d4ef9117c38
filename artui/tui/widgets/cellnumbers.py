"""What is known of all numbers of a matrix at once: how they are written, and how each cell is shaded.

It is found out once for a matrix, of any size; a cell is then written without a look at the others.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

from artui.safetext import cells_of, clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.arrays import Floats
    from artui.query.pictures import TablePicture

NO_NUMBER = "·"
_MOST_WHOLE = 1e9
_LEAST_MAGNITUDE, _MOST_MAGNITUDE = -3, 5
"""Powers of ten of the largest number; beyond these all are written in its power."""


class CellNumbers:
    """The numbers of a matrix, or their shares of their rows."""

    def __init__(self, matrix: TablePicture) -> None:
        import numpy as np

        self._matrix = matrix
        self.values: Floats = np.array(matrix.values, np.float64).reshape(len(matrix.rows), len(matrix.columns))
        finite = np.isfinite(self.values)
        counted = np.where(finite, self.values, 0.0)
        numbers = self.values[finite]
        self.row_totals: Sequence[float] = counted.sum(axis=1).tolist()
        self.column_totals: Sequence[float] = counted.sum(axis=0).tolist()
        self.row_lows: Sequence[float] = counted.min(axis=1, initial=0.0).tolist()
        """The smallest number of each row, at most zero."""
        self.is_signed = min(self.row_lows, default=0.0) < 0
        """Whether any of them is below zero."""
        self.largest = float(np.abs(numbers).max()) if len(numbers) else 0.0
        """Without its sign."""
        is_whole = bool((numbers == np.trunc(numbers)).all())
        self.is_whole = is_whole and self.largest < _MOST_WHOLE
        """Whether all are whole, and not very large: then none is rounded."""
        self.has_blank_zeros = is_whole and not self.is_signed and 2 * int((self.values == 0).sum()) > self.values.size
        """Whether nothing stands for zeros, as most counts are zero: what is left is what one looks for."""
        magnitude = 0 if self.is_whole or not self.largest else math.floor(math.log10(self.largest))
        self.exponent = 0 if _LEAST_MAGNITUDE <= magnitude <= _MOST_MAGNITUDE else magnitude
        """The power of ten that all numbers are written in; 0 unless they are very large or very small."""
        self._places = magnitude - self.exponent
        names = tuple(matrix.rows)
        # Names that merely count are the places in an array.
        has_names = names != tuple(map(str, range(len(names)))) or bool(matrix.corner)
        is_square = len(names) > 1 and names == tuple(matrix.columns)
        self.has_diagonal = is_square and has_names and not self.is_signed and is_whole and bool(finite.all())
        """Whether rows and columns are the same things, each counted against each."""
        self.row_name_cells = max((len(clean(name, max_chars=60)) for name in names), default=0)
        self.column_name_cells = max((cells_of(clean(name)) for name in matrix.columns), default=0)
        self.column_name_letters = max(map(len, matrix.columns), default=0)
        self.has_numbered_columns = all(name[:1].isdigit() for name in matrix.columns)
        self._by_kind: dict[tuple[str, bool], Floats] = {}
        self._ends: dict[bool, tuple[float, float] | None] = {}

    @cached_property
    def _shares(self) -> Floats:
        import numpy as np

        totals = np.array(self.row_totals)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(totals[:, None] != 0, self.values / totals[:, None], np.nan)

    def _of(self, is_share: bool) -> Floats:
        return self._shares if is_share else self.values

    def ends(self, *, is_share: bool) -> tuple[float, float] | None:
        """Give the smallest and the largest number; None if there is none."""
        import numpy as np

        if is_share not in self._ends:
            values = self._of(is_share)
            numbers = values[np.isfinite(values)]
            self._ends[is_share] = (float(numbers.min()), float(numbers.max())) if len(numbers) else None
        return self._ends[is_share]

    def text(self, row: int, column: int, digits: int, *, is_share: bool) -> str:
        """Write the number of a cell: the largest of all has so many digits, the others as many decimals; whole ones are never rounded."""
        return self._text(float(self._of(is_share)[row, column]), digits, is_share)

    def _text(self, value: float, digits: int, is_share: bool) -> str:
        if not math.isfinite(value):
            return NO_NUMBER
        if not value:
            return "" if self.has_blank_zeros else "0%" if is_share else "0"
        if is_share:
            return f"{100 * value:.0f}%"
        decimals = 0 if self.is_whole or not self.largest else max(0, digits - 1 - self._places)
        text = f"{value / 10.0**self.exponent:.{decimals}f}"
        return text.removeprefix("-") if not float(text) else text

    def widest(self, digits: int, *, is_share: bool) -> int:
        """Give how many letters the longest number has. All have as many decimals: it is one of those farthest from zero."""
        ends = self.ends(is_share=is_share) or ()
        return max(len(NO_NUMBER), *(len(self._text(end, digits, is_share)) for end in ends), 0)

    def shades(self, *, is_share: bool) -> Floats:
        """Give how dark each cell is, from 0 to 1; NaN where it has no number."""
        import numpy as np

        key = "shade", is_share
        if key not in self._by_kind:
            values, ends = self._of(is_share), self.ends(is_share=is_share)
            if ends is not None:
                low, high = min(0.0, ends[0]), ends[1]
                # The root makes small numbers visible: they are the errors one looks for. Numbers of both signs have zero between.
                power = 0.5 if low == 0 else 1.0
                with np.errstate(invalid="ignore"):
                    shades = np.maximum(0.0, (values - low) / ((high - low) or 1.0)) ** power
                values = np.where(np.isfinite(values), shades, np.nan)
            self._by_kind[key] = values
        return self._by_kind[key]

    def hues(self, *, is_share: bool) -> Floats:
        """Give how each cell is shaded: from 0 to 1, of numbers of both signs from -1 to 1 with zero between; NaN where it has no number."""
        import numpy as np

        if not self.is_signed:
            return self.shades(is_share=is_share)
        key = "hue", False
        if key not in self._by_kind:
            finite = np.where(np.isfinite(self.values), self.values, np.nan)
            self._by_kind[key] = finite / (self.largest or 1.0)
        return self._by_kind[key]
