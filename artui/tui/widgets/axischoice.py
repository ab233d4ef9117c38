"""Which columns are worth an axis of parallel coordinates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from artui.units import count_text

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.statistics import Placed

_FEWEST_AXES = 3
_NEARLY = 0.02
"""A column is nearly constant if at most this share of the runs, or one of them, has another value than the most frequent."""
_FEW_RUNS = 8
"""Of fewer runs than these each one counts."""


SEED, NO_ROOM = "a seed", "for lack of room"
"""Reasons to leave a column out; the first one is plain from its name."""
_MOST_NAMED = 6
"""More columns that are left out are not all named."""


class LeftOut(NamedTuple):
    """Columns that have no axis for the same reason."""

    reason: str
    columns: Sequence[Column]


def left_out_texts(left_out: Sequence[LeftOut], title_of: Callable[[Column], str]) -> list[str]:
    """Say which columns have no axis, and why, from the longest to the shortest text; none if there are none."""
    columns_by_reason: dict[str, list[Column]] = {}
    for reason, columns in left_out:
        columns_by_reason.setdefault(reason, []).extend(columns)
    some = [LeftOut(reason, columns) for reason, columns in columns_by_reason.items() if columns]
    some.sort(key=lambda part: part.reason == NO_ROOM)  # these matter least
    total = sum(len(part.columns) for part in some)
    if not total:
        return []
    named, left = [], _MOST_NAMED
    for part in some:
        names = ", ".join(title_of(column) for column in part.columns[:left])
        left -= min(left, len(part.columns))
        named += [names if part.reason == SEED else f"{names} ({part.reason})"] if names else []
    more = f" and {count_text(total - _MOST_NAMED)} more" if total > _MOST_NAMED else ""
    parts = [part.reason if len(some) == 1 else f"{count_text(len(part.columns))} {part.reason}" for part in some]
    counted = f"{count_text(total)} {'axis' if total == 1 else 'axes'} left out"
    return [f"left out: {', '.join(named)}{more}", f"{counted} ({', '.join(parts)})", counted]


def axes_of(
    placed_columns: Sequence[Placed], *, most: int, wanted: AbstractSet[str] = frozenset()
) -> tuple[list[Placed], list[LeftOut]]:
    """Choose the columns that are worth an axis, in their order, and give the others with the reasons to leave them out.

    What does not vary has no axis. What has one value in all but a few runs, or none in most, has one only if fewer than three others do;
    of too many the last ones are left out, except the very last, by which runs are judged.

    Args:
        most: so many axes at most.
        wanted: ids of columns that the user asked for: they are left out only if they do not vary.
    """
    varying = [placed for placed in placed_columns if _varies(placed)]
    near = {placed.column.id for placed in varying if _is_nearly_constant(placed)} - wanted
    judge = varying[-1].column.id if varying else ""
    near.discard(judge)
    lacking = _lacked_by_most(varying) - wanted - near
    kept = [placed for placed in varying if placed.column.id not in near | lacking]
    if len(kept) < _FEWEST_AXES:
        near, lacking, kept = set(), set(), varying
    free = most - sum(placed.column.id in wanted or placed.column.id == judge for placed in kept)
    chosen = []
    for placed in kept:
        if placed.column.id in wanted or placed.column.id == judge:
            chosen.append(placed)
        elif free > 0:
            chosen.append(placed)
            free -= 1
    columns_by_reason: dict[str, list[Column]] = {}
    for placed in placed_columns:
        if not any(placed is other for other in chosen):
            reason = (
                _constant_text(placed)
                if not _varies(placed)
                else "nearly constant"
                if placed.column.id in near
                else "lacked by most runs"
                if placed.column.id in lacking
                else NO_ROOM
            )
            columns_by_reason.setdefault(reason, []).append(placed.column)
    return chosen, [LeftOut(reason, columns) for reason, columns in columns_by_reason.items()]


def _constant_text(placed: Placed) -> str:
    """Say why a column does not vary: the runs without a value may be what is special about it."""
    import numpy as np

    count = int(np.isfinite(placed.values).sum())
    return "constant" if count == len(placed.values) else "one value or none" if count else "no value"


def _varies(placed: Placed) -> bool:
    ends = placed.ends
    return ends is not None and ends.low < ends.high


def _lacked_by_most(varying: Sequence[Placed]) -> set[str]:
    """Give the ids of the columns that most of the runs which have the last one lack: lines would end there."""
    import numpy as np

    is_judged = np.isfinite(varying[-1].values) if varying else np.zeros(0, bool)
    count = int(is_judged.sum())
    return {
        placed.column.id for placed in varying[:-1] if 2 * int((np.isfinite(placed.values) & is_judged).sum()) < count
    }


def _is_nearly_constant(placed: Placed) -> bool:
    import numpy as np

    finite = placed.values[np.isfinite(placed.values)]
    if len(finite) < _FEW_RUNS:
        return False
    others = len(finite) - int(np.unique(finite, return_counts=True)[1].max())
    return others <= max(1, _NEARLY * len(finite))
