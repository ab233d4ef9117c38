"""Tensors of two models that differ: names, types, shapes, and how far the values are from each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from artui.model.difference import FileDifference, TensorDistance, ValueChange
from artui.preview.pickles import NOT_OPENED
from artui.query.difference.facts import PICKLE_NOTE, facts_changes, said_of_facts
from artui.query.tensors import READ_FAULTS, Tensor, tensors_in, values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.model import Preview

MAX_TENSORS = 2000
"""So many that differ are given; the others are counted."""


def tensors_difference(path: str, before: BinaryIO, after: BinaryIO) -> FileDifference | None:
    """Compare two files of tensors value by value, in bounded memory; None if they are not such files."""
    ours, theirs = tensors_in(path, before), tensors_in(path, after)
    if ours is None or theirs is None or not all(each.is_plain for each in (*ours.values(), *theirs.values())):
        return None
    changes: list[ValueChange] = []
    same = changed = 0
    for name in dict.fromkeys((*ours, *theirs)):
        first, second = ours.get(name), theirs.get(name)
        if first is None or second is None:
            word = "added" if first is None else "removed"
            changes.append(ValueChange(name, first.words if first else None, second.words if second else None, word))
        elif first.shape != second.shape:
            changes.append(ValueChange(name, first.words, second.words, "another shape"))
        else:
            found = _distance(before, first, after, second)
            if found is not None or first.type != second.type:
                changed += 1
                distance = found if isinstance(found, TensorDistance) else None
                note = found if isinstance(found, str) else _said(distance) if distance else "the same values"
                changes.append(ValueChange(name, first.words, second.words, note, distance))
            else:
                same += 1
    return _difference(path, changes, same, changed)


def headers_difference(path: str, before: Preview, after: Preview) -> FileDifference | None:
    """Compare the tensors that two previews list: their values are not known."""
    ours, theirs = _listed(before), _listed(after)
    if ours is None or theirs is None:
        return None
    changes = [
        ValueChange(
            name,
            ours.get(name),
            theirs.get(name),
            "" if name in ours and name in theirs else "added" if name in theirs else "removed",
        )
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name)
    ]
    found = _difference(path, changes, len({*ours, *theirs}) - len(changes), sum(not change.note for change in changes))
    shown = [preview.table for preview in (before, after) if preview.table is not None]
    is_pickle = any(NOT_OPENED in preview.facts for preview in (before, after))
    notes = [PICKLE_NOTE if is_pickle else "values are not compared: only what was previewed is known"]
    if any(table.row_count is None or table.row_count > len(table.rows) for table in shown):
        notes.append("only the first tensors are known")
    count = len({*ours, *theirs})
    same = "" if changes else f"{count:,} tensor{'' if count == 1 else 's'} of the same type and shape"
    about = facts_changes(before, after) if is_pickle else []
    summary = found.summary if changes else same if about else f"values not compared; {same}"
    return FileDifference(
        path, "tensors", "; ".join(filter(None, (said_of_facts(about), summary))), tuple(notes), values=(*about, *found.values), hidden=found.hidden
    )  # fmt: skip


def _difference(path: str, changes: Sequence[ValueChange], same: int, changed: int) -> FileDifference:
    counts = (
        ("changed", changed),
        ("of another shape", sum(change.note == "another shape" for change in changes)),
        ("added", sum(change.note == "added" for change in changes)),
        ("removed", sum(change.note == "removed" for change in changes)),
    )
    total = len(changes) + same - sum(change.note == "added" for change in changes)
    tensors = f"{total:,} tensor{'' if total == 1 else 's'}"
    parts = [f"{count:,} {word}" for word, count in counts if count]
    if parts:
        # Of how many is said once: of those before, to which others may have been added.
        number, _, word = parts[0].partition(" ")
        of = f"{number} of {tensors}" if number != f"{total:,}" else f"all {tensors}" if total > 1 else tensors
        parts[0] = f"{number} added to {tensors}" if word == "added" else f"{of} {word}"
    summary = ", ".join(parts) or (f"the same {tensors}" if total else "no tensors")
    return FileDifference(
        path, "tensors", summary, values=tuple(changes[:MAX_TENSORS]), hidden=max(0, len(changes) - MAX_TENSORS)
    )


def _listed(preview: Preview) -> dict[str, str] | None:
    table = preview.table
    if preview.kind != "tensors" or table is None or not {"tensor", "shape"} <= set(table.columns):
        return None
    name, shape = table.columns.index("tensor"), table.columns.index("shape")
    kind = table.columns.index("type") if "type" in table.columns else shape
    return {row[name]: f"{row[kind]} {row[shape]}" for row in table.rows}


def _distance(before: BinaryIO, first: Tensor, after: BinaryIO, second: Tensor) -> TensorDistance | str | None:
    """Measure how far the values of two tensors of one shape are from each other.

    None: they are the same; a text: why they are not compared.
    """
    import numpy as np

    if first.is_by_columns != second.is_by_columns:
        return "stored in another order: not compared"
    norm = total = largest = 0.0
    differing = nan_count = 0
    try:
        for exact, other in zip(values_of(before, first), values_of(after, second), strict=True):
            # Large whole numbers that differ may be the same float.
            is_other = exact != other if exact.dtype == other.dtype else None
            ours, theirs = (each if each.dtype.kind == "c" else each.astype(np.float64) for each in (exact, other))
            with np.errstate(over="ignore", invalid="ignore"):
                is_nan = np.isnan(ours) & np.isnan(theirs)
                differs = (ours != theirs if is_other is None else is_other) & ~is_nan
                if not differs.any():
                    norm += float(np.square(np.abs(ours[np.isfinite(ours)])).sum())
                    continue
                differing += int(differs.sum())
                finite = np.isfinite(ours) & np.isfinite(theirs)
                nan_count += int((differs & ~finite).sum())
                distance = (
                    _whole_distance(exact, other)
                    if exact.dtype.kind in "iu" and is_other is not None
                    else np.abs(ours[finite] - theirs[finite])
                )
                total += float(np.square(distance).sum())
                norm += float(np.square(np.abs(ours[finite])).sum())
                largest = max(largest, float(distance.max(initial=0)))
    except READ_FAULTS:
        return "cut off or damaged: not compared"
    if not differing:
        return None
    relative = math.sqrt(total / norm) if norm else None
    return TensorDistance(first.count, differing, math.sqrt(total), relative, largest, nan_count)


def _whole_distance(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
    """Measure how far whole numbers of one type are from each other, which may be more than the type holds."""
    import numpy as np

    kind = ours.dtype.newbyteorder("=")
    ours, theirs = ours.astype(kind), theirs.astype(kind)
    with np.errstate(over="ignore"):
        distance = np.where(ours > theirs, ours - theirs, theirs - ours)
    return np.asarray(distance.view(f"u{kind.itemsize}"), np.float64)


def _said(distance: TensorDistance) -> str:
    share = f"{100 * distance.changed / distance.count:.3g} % of values"
    change = f"norm of the change {distance.norm:.3g}"
    if distance.relative is not None:
        change = f"change {distance.relative:.3g} of the norm"
    odd = f", {distance.odd:,} to or from NaN or infinity" if distance.odd else ""
    return f"{change}, largest {distance.largest:.3g}, {share}{odd}"
