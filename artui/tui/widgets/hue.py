"""Runs coloured by a column: each word or number if these are few, else quarters of the runs by their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from artui.figures.figure import FIRST_OF_RAMP
from artui.query.runs.statistics import Placed, tidy
from artui.tui.cells import Span, fit_middle, length_of
from artui.tui.colouring import colour_at, mark_of
from artui.tui.widgets.parallel import end_text
from artui.tui.widgets.picture import short_param_text
from artui.units import number_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.arrays import Ints

MAX_HUES = 6
"""Of more words the last share a colour."""
RAMP_SIGNS = "+○●■"
"""Signs of quarters of the runs, from low to high numbers: each has more ink, so that they tell without colours, too."""
_NONE = ("-", "dim")
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
    """Number of the colour in files; negative for the background."""
    short: str = ""
    """The label where there is little room; empty for the label."""


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
        spans: list[Span] = []
        for labels, most, title_cells, gap in self._ways():
            spans = self._spans(labels, most, title_cells, gap=gap)
            if length_of(spans) <= cells:
                break
        return spans

    def is_whole(self, cells: int) -> bool:
        """Say whether so many cells have room for the title and every label."""
        return any(
            labels[0] and title_cells == cell_len(self.title) and most >= max(map(cell_len, labels))
            and length_of(self._spans(labels, most, title_cells, gap=gap)) <= cells
            for labels, most, title_cells, gap in self._ways()
        )  # fmt: skip

    def _ways(self) -> Iterator[tuple[Sequence[str], int, int, str]]:
        """Give (labels, their cells, cells of the title, gap behind a label) from the best way to the shortest."""
        whole, short = [hue.label for hue in self.hues], [hue.short or hue.label for hue in self.hues]
        title_cells = cell_len(self.title)
        # The labels matter more than the title, which one has just chosen.
        titles = (title_cells, min(title_cells, _TITLE_CELLS), 0)
        if short != whole:
            yield from ((whole, max(map(cell_len, whole)), cells, " ") for cells in titles)
        longest = max(map(cell_len, short))
        yield short, longest, title_cells, " "
        if not self.placed.is_words:
            # A number without its middle would be another one: rather those in between have none.
            yield from ((short, longest, cells, gap) for cells, gap in ((titles[1], " "), (0, " "), (0, "")))
            yield [short[0], *("" for _ in short[2:]), short[-1]][: len(short)], longest, 0, ""
            yield [""] * len(short), longest, 0, ""
            return
        if short == whole:
            cut = range(longest - 1, _READABLE_CELLS - 1, -1)
            yield from ((short, most, max(most, _TITLE_CELLS), " ") for most in cut)
        yield from ((short, longest, cells, " ") for cells in titles[1:])
        yield from ((short, most, 0, "") for most in range(longest, 0, -1))

    def _spans(self, labels: Sequence[str], most: int, title_cells: int, *, gap: str) -> list[Span]:
        title = fit_middle(self.title, min(title_cells, cell_len(self.title)))
        spans: list[Span] = [(f"{title} ", "dim")] if title else []
        for hue, whole_label in zip(self.hues, labels, strict=True):
            label = fit_middle(whole_label, min(most, cell_len(whole_label)))
            spans += [(f" {hue.sign} ", hue.style), (f"{label}{gap}", "text")]
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

    def add(label: str, sign: str, style: str, colour: int, has_hue: NDArray[np.bool_], short: str = "") -> None:
        if has_hue.any():
            of_run[has_hue] = len(hues)
            hues.append(Hue(label, sign, style, colour, short))

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
        shares = np.arange(1, len(RAMP_SIGNS)) / len(RAMP_SIGNS)
        cuts = np.quantile(values[np.isfinite(values)], shares)
        quarter = np.where(np.isfinite(values), np.searchsorted(cuts, values, side="left"), -1)
        for number, sign in enumerate(RAMP_SIGNS):
            inside = values[quarter == number]
            if len(inside):
                low, high = (end_text(placed, float(end)) for end in (inside.min(), inside.max()))
                label = low if low == high else f"{low} – {high}"
                add(
                    label,
                    sign,
                    f"ramp{number}",
                    FIRST_OF_RAMP + number,
                    quarter == number,
                    f"≤{_rounded_up(placed, float(inside.max()))}",
                )
    add("none", *_NONE, _BACKGROUND, is_shown & np.isnan(values))
    return Hues(title, placed, tuple(hues), of_run)


def _rounded_up(placed: Placed, value: float) -> str:
    """Show a number in three digits, rounded up; a time or a date as it is."""
    if placed.column.source == "attribute" or not value:
        return end_text(placed, value)
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    if not unit:
        return end_text(placed, value)  # one of the smallest floats
    rounded = tidy(math.ceil(value / unit - 1e-9) * unit)
    return short_param_text(rounded) if placed.column.source == "param" else number_text(rounded, 3)
