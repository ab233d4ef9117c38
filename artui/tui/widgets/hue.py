"""Runs coloured by a column: each word or number if these are few, else thirds of the runs by their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from artui.query.runs.statistics import Placed
from artui.tui.cells import Span, fit_middle, length_of
from artui.tui.colouring import colour_at, mark_of
from artui.tui.widgets.parallel import end_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.arrays import Ints

MAX_HUES = 6
"""Of more words the last share a colour."""
_THIRDS = (("·", "faint"), ("•", "spark"), ("●", "accent"))
"""Signs and styles of numbers from low to high: the signs grow, so that they tell without colours, too."""
_NONE = ("○", "dim")
_BACKGROUND = -1
_READABLE_CELLS, _TITLE_CELLS = 6, 8
"""Fewest cells of labels beside a title, and of the title."""


@dataclass(frozen=True, slots=True)
class Hue:
    """Runs that look the same."""

    label: str
    sign: str
    style: str
    colour: int
    """Position among the colours of files; negative for the background."""


@dataclass(frozen=True, slots=True)
class Hues:
    """How runs look by one column."""

    title: str
    placed: Placed
    hues: tuple[Hue, ...]
    of_run: Ints
    """For each run the place of its hue in `hues`."""

    def spans(self, cells: int) -> list[Span]:
        """Give the legend in so many cells; labels are cut in their middle where there is too little room."""
        longest, title_cells = max(cell_len(hue.label) for hue in self.hues), cell_len(self.title)
        sizes = [(longest, title_cells)]
        sizes += [(most, max(most, _TITLE_CELLS)) for most in range(longest - 1, _READABLE_CELLS - 1, -1)]
        # The labels matter more than the title, which one has just chosen.
        sizes += [(most, 0) for most in range(longest, 0, -1)]
        for most, title_cells in sizes:
            spans = self._spans(most, title_cells)
            if length_of(spans) <= cells:
                break
        return spans

    def _spans(self, most: int, title_cells: int) -> list[Span]:
        title = fit_middle(self.title, min(title_cells, cell_len(self.title)))
        spans: list[Span] = [(f"{title} ", "dim")] if title else []
        for hue in self.hues:
            label = fit_middle(hue.label, min(most, cell_len(hue.label)))
            spans += [(f" {hue.sign} ", hue.style), (f"{label} ", "text")]
        return spans


def hues_of(title: str, placed: Placed, is_shown: NDArray[np.bool_]) -> Hues | None:
    """Give the hues of the runs that are shown by a column; None if none of these has a value in it."""
    import numpy as np

    values = np.where(is_shown, placed.values, np.nan)
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if not len(distinct):
        return None
    hues: list[Hue] = []
    of_run = np.full(len(values), -1, np.int64)

    def add(label: str, sign: str, style: str, colour: int, has_hue: NDArray[np.bool_]) -> None:
        if has_hue.any():
            of_run[has_hue] = len(hues)
            hues.append(Hue(label, sign, style, colour))

    if placed.is_words or len(distinct) <= MAX_HUES:
        kept = distinct
        if len(distinct) > MAX_HUES:
            # The most frequent have a colour of their own.
            kept = np.sort(distinct[np.argsort(-counts, kind="stable")[: MAX_HUES - 1]])
        for number, value in enumerate(kept):
            add(end_text(placed, float(value)), mark_of(number), f"curve{colour_at(number)}", number, values == value)
        others = np.isfinite(values) & ~np.isin(values, kept)
        add("others", mark_of(len(kept)), f"curve{colour_at(len(kept))}", len(kept), others)
    else:
        cuts = np.quantile(values[np.isfinite(values)], (1 / 3, 2 / 3))
        third = np.where(np.isfinite(values), np.searchsorted(cuts, values, side="left"), -1)
        for number, (sign, style) in enumerate(_THIRDS):
            inside = values[third == number]
            if len(inside):
                add(f"to {end_text(placed, float(inside.max()))}", sign, style, number - 1, third == number)
    add("none", *_NONE, _BACKGROUND, is_shown & np.isnan(values))
    return Hues(title, placed, tuple(hues), of_run)
