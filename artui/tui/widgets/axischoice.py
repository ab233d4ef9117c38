"""Which columns are worth an axis of parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from artui.units import count_text

if TYPE_CHECKING:
    from artui.query.runs.statistics import Placed

_FEWEST_AXES = 3
_NEARLY = 0.02
"""A column is nearly constant if at most this share of the runs, or one of them, has another value than the most frequent."""
_FEW_RUNS = 8
"""Of fewer runs than these each one counts."""


def axes_of(
    placed_columns: Sequence[Placed], *, most: int, wanted: AbstractSet[str] = frozenset()
) -> tuple[list[Placed], str]:
    """Choose the columns that are worth an axis, in their order, and say in words which ones are left out.

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
    counts = (
        (len(placed_columns) - len(varying), "constant"),
        (len(near), "nearly constant"),
        (len(lacking), "lacked by most runs"),
        (len(kept) - len(chosen), "for lack of room"),
    )
    reasons = [(count, reason) for count, reason in counts if count]
    total = sum(count for count, _ in reasons)
    parts = [reason if len(reasons) == 1 else f"{count_text(count)} {reason}" for count, reason in reasons]
    axes = "axis" if total == 1 else "axes"
    return chosen, f"{count_text(total)} {axes} left out ({', '.join(parts)})" if parts else ""


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
