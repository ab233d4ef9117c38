"""What served over time as a line of cells: a band for each release, in the colour that its version keeps, with incidents on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.model.deployments import Deployment, Recorded
from artui.safetext import cells_of, clean
from artui.tui.cells import BLOCKS, Span
from artui.tui.colouring import CURVE_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping

WHOLE, SHARED, NOTHING = "━", "╍", " "
"""What one version alone answers, what several answer, and what nothing does."""
BACK, WENT_WRONG = "╳", "!"
"""Where a rollback began, and where an incident did."""
LEAST_CELLS = 8


class Window(NamedTuple):
    """The time that the cells of a band stand for."""

    from_ms: int
    to_ms: int

    def cell_of(self, time_ms: int, cells: int) -> int:
        """Give the cell that a moment lies in; it may lie outside."""
        return int((time_ms - self.from_ms) * cells // max(1, self.to_ms - self.from_ms))

    def moment_of(self, cell: int, cells: int) -> int:
        """Give the middle of the time that a cell stands for; of the last one its end, which is now."""
        if cell == cells - 1:
            return self.to_ms
        return self.from_ms + (2 * cell + 1) * (self.to_ms - self.from_ms) // (2 * cells)


def colours_of(places: Sequence[Deployment]) -> dict[str, str]:
    """Give each version that was ever released a colour of its own, the same everywhere, in the order in which they came."""
    every = sorted(
        (one for place in places for one in place.releases), key=lambda one: (one.release.from_ms, one.time_ms)
    )
    ids = dict.fromkeys(one.release.version_id for one in every)
    return {version_id: f"curve{number % CURVE_COLOURS}" for number, version_id in enumerate(ids)}


def band_spans(
    place: Deployment, window: Window, cells: int, *, names: Mapping[str, str], colours: Mapping[str, str]
) -> list[Span]:
    """Draw what answered requests in a deployment over time, as so many cells.

    Where a version begins to answer most of them its name stands, if there is room up to the next one.

    Args:
        names: short names of versions by their ids: `v3`.
        colours: styles of versions by their ids.
    """
    if cells < LEAST_CELLS:
        return [(" " * max(0, cells), "text")]
    mains = [_main(place, window.moment_of(cell, cells)) for cell in range(cells)]
    letters = [NOTHING if main is None else SHARED if main[1] else WHOLE for main in mains]
    styles = ["text" if main is None else colours[main[0].release.version_id] for main in mains]
    for cell, end in _stretches(mains):
        main = mains[cell]
        if main is None:
            continue
        release = main[0].release
        begins_here = abs(window.cell_of(release.from_ms, cells) - cell) <= 1
        at = cell
        if release.reason == "rollback" and begins_here and end - cell > 1:
            letters[at], styles[at], at = BACK, "bad", at + 1
        name = clean(names.get(release.version_id, ""), max_chars=40)
        if name and name.isascii() and cells_of(name) < end - at:
            letters[at : at + len(name)] = list(name)
    for noted in place.incidents:
        cell = window.cell_of(noted.incident.opened_ms, cells)
        if 0 <= cell < cells:
            letters[cell], styles[cell] = WENT_WRONG, "bad" if noted.incident.is_open else "warn"
    return _joined(letters, styles)


def course_text(
    points: Sequence[tuple[int, float | None]], window: Window, cells: int, *, length_ms: int, from_zero: bool
) -> str:
    """Draw values over time as so many cells below a band: each cell is the mean of the windows that lie in it.

    Args:
        points: when each window begins, and its value.
        length_ms: how long a window is: a cell that lies within one shows that one.
        from_zero: whether a cell's height is from zero; else from just below the lowest value.
    """
    sums, counts = [0.0] * cells, [0] * cells
    for begin_ms, value in points:
        if value is None:
            continue
        first, last = window.cell_of(begin_ms, cells), window.cell_of(begin_ms + max(0, length_ms - 1), cells)
        for cell in range(max(0, first), min(cells - 1, last) + 1):
            sums[cell] += value
            counts[cell] += 1
    means = [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    known = [value for value in means if value is not None]
    if not known:
        return " " * cells
    low, high = min(known), max(known)
    floor = 0.0 if from_zero or low < 0.5 * high else low - (high - low) / (len(BLOCKS) - 1)
    reach = (high - floor) or 1.0
    return "".join(
        " "
        if value is None
        else BLOCKS[max(0, min(len(BLOCKS) - 1, round((value - floor) / reach * (len(BLOCKS) - 1))))]
        for value in means
    )


def _main(place: Deployment, time_ms: int) -> tuple[Recorded, bool] | None:
    """Give the release that answered most requests at a moment, and whether others answered as well; None for none."""
    answering = [one for one in place.served(time_ms) if one.release.role != "shadow"]
    return (max(answering, key=lambda one: one.share), len(answering) > 1) if answering else None


def _stretches(mains: Sequence[tuple[Recorded, bool] | None]) -> list[tuple[int, int]]:
    """Give the beginnings and ends of the cells in which one release is the main one."""
    ids = [None if main is None else main[0].release.id for main in mains]
    starts = [cell for cell in range(len(ids)) if not cell or ids[cell] != ids[cell - 1]]
    return list(zip(starts, [*starts[1:], len(ids)], strict=True))


def _joined(letters: Sequence[str], styles: Sequence[str]) -> list[Span]:
    spans: list[Span] = []
    for letter, style in zip(letters, styles, strict=True):
        if spans and spans[-1][1] == style:
            spans[-1] = (spans[-1][0] + letter, style)
        else:
            spans.append((letter, style))
    return spans
