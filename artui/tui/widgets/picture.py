"""What pictures of many runs share: they are drawn once, kept until something changes, and take keys with the focus."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.strip import Strip
from textual.widget import Widget

from artui.figures.figure import Figure, FigureAxis
from artui.figures.layout import LEGEND_LETTERS
from artui.query.far import usual_ends
from artui.query.runs.statistics import Ends, tidy
from artui.safetext import clean
from artui.tui.cells import Palette, fit_apart, strip_of
from artui.tui.widgets.axes import Scale, Unit, ticks
from artui.units import DIGITS, count_text, number_text, param_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from artui.query.runs.statistics import Placed

PAD = 0.04
"""Room between the outermost values and the frame, as a share of the axis."""
ODD = "×"
"""Stands for a number that is NaN or infinite."""
_PARAM_CELLS = 8
"""Numbers of up to so many cells are shown as they were given."""


class Picture(Widget, can_focus=True):
    """A picture made of cells, which subclasses draw."""

    DEFAULT_CSS = "Picture { height: 1fr; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.note = "reading…"
        """Shown while there is nothing to draw."""
        self.names: Mapping[int, str] = {}
        """What marked runs are called, by key, for a file's legend; the screen sets it."""
        self._strips: list[Strip] | None = None

    def again(self) -> None:
        """Draw anew."""
        self._strips = None
        self.refresh()

    def on_resize(self) -> None:
        self._strips = None
        # It may have been painted in the new size already, with what was drawn for the old one.
        self.refresh()

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        width, height = self.size.width, self.size.height
        if self._strips is None:
            drawn = self.drawn(width, height, palette) if width >= 24 and height >= 5 else None
            self._strips = drawn or [strip_of([("  " + self.note, "dim")], width, palette)]
        return self._strips[y] if y < len(self._strips) else strip_of((), width, palette)

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the picture; None if there is nothing to draw: then `note` is shown."""
        return None

    def figure(self) -> Figure | None:
        """Give the picture for a file; None if there is nothing to draw."""
        return None

    def legend_names(self, keys: Iterable[int]) -> dict[int, str]:
        """Give what some marked runs are called in the legend of a file: names that begin and end alike are cut where they differ."""
        keys = list(keys)
        names = fit_apart([clean(self.names.get(key, ""), max_chars=200) for key in keys], LEGEND_LETTERS)
        return {key: name.rstrip() for key, name in zip(keys, names, strict=True)}


def unit_of(placed: Placed) -> Unit:
    """Give the unit of a column's values."""
    if placed.column.source == "attribute":
        return "seconds" if placed.column.name == "duration" else "date"
    return "count" if placed.is_whole else "number"


_THOUSANDS = 1_000


def short_param_text(value: float) -> str:
    """Show a number of a param as it was given where that is short, else in few digits: `0.0003`, `60`, `0.001716`."""
    text = param_text(tidy(value))
    return text if len(text) <= _PARAM_CELLS else number_text(value)


def short_param_texts(values: Sequence[float]) -> list[str]:
    """Show numbers of a param that stand side by side: where one is long none has more digits, and large ones have their thousands separated."""
    texts = [short_param_text(value) for value in values]
    is_long = any(len(param_text(tidy(value))) > _PARAM_CELLS for value in values)
    if is_long and any(abs(value) >= _THOUSANDS for value in values):
        return [number_text(value) for value in values]
    if is_long:
        return [
            number_text(value) if _digits_of(text) > DIGITS else text for value, text in zip(values, texts, strict=True)
        ]
    return texts


def _digits_of(text: str) -> int:
    return sum(letter.isdigit() for letter in text.partition("e")[0].lstrip("-0."))


def gap_texts(placed: Placed, title: str, among: NDArray[np.bool_], *, odd_sign: str = "") -> list[str]:
    """Say how many of some runs have a value that is no number, and how many have none; of each only if there are any.

    Args:
        odd_sign: the sign of the former in the picture, if they have one.
    """
    import numpy as np

    is_odd = np.zeros(len(among), bool)
    is_odd[list(placed.odd)] = True
    odd, missing = int((among & is_odd).sum()), int((among & ~np.isfinite(placed.values) & ~is_odd).sum())
    sign = f" {odd_sign}" if odd_sign else ""
    return [
        *([f"{count_text(odd)} with NaN or ∞{sign}"] if odd else []),
        *([f"{count_text(missing)} without {title}"] if missing else []),
    ]


def bulk_of(placed: Placed, *, is_log: bool) -> Ends | None:
    """Give the ends of an axis that leaves out a few values far outside, by the rule of charts; None without any values."""
    import numpy as np

    values = placed.values[np.isfinite(placed.values) & ((placed.values > 0) if is_log else True)]
    if not len(values):
        return None
    if placed.is_words:
        return Ends(float(values.min()), float(values.max()))
    return Ends(*usual_ends(values, is_log=is_log))


def scale_of(
    placed: Placed, *, is_log: bool, dots: int, only: Sequence[int] | None = None, ends: Ends | None = None
) -> Scale | None:
    """Give a scale for the values of a column, with some room at the ends; None without any values.

    Args:
        only: places of the runs whose values count; None for all.
        ends: the smallest and the largest value on the axis; None for those there are.
    """
    import numpy as np

    if placed.is_words:
        return Scale(-0.5, len(placed.labels) - 0.5, False, dots)
    values = placed.values if only is None else placed.values[np.asarray(only, np.int64)]
    with np.errstate(invalid="ignore"):
        kept = values[np.isfinite(values) & (values > 0)] if is_log else values[np.isfinite(values)]
    if not len(kept):
        return None
    low, high = ends if ends is not None else (float(kept.min()), float(kept.max()))
    if is_log:
        low, high = math.log10(low), math.log10(high)
    pad = (high - low) * PAD if high > low else abs(low) * 0.1 or 1.0
    return Scale(low - pad, high + pad, is_log, dots) if math.isfinite(high - low + 2 * pad) else None


def axis_ticks(placed: Placed, scale: Scale, most: int) -> list[tuple[float, str]]:
    """Give (share, label) pairs for a column of numbers or of words."""
    if placed.is_words:
        every = max(1, -(-len(placed.labels) // max(1, most)))
        span = scale.high - scale.low
        return [((i - scale.low) / span, label) for i, label in enumerate(placed.labels) if i % every == 0]
    return ticks(scale, most, unit_of(placed))


def figure_axis(title: str, placed: Placed, scale: Scale) -> FigureAxis:
    """Give an axis for a file."""
    return FigureAxis(title, scale.low, scale.high, scale.is_log, axis_ticks(placed, scale, 8))
