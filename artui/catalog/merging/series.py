"""Joining the series of two copies of a run: the longer one if the other is its beginning, else both.

Of several that went on apart the one with the most points has the labels as they were, each other one `from=ORIGIN` beside them,
after who wrote its end. Which has which depends only on what there is, not on the order of merging.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from artui.catalog import cells, points
from artui.catalog.copies import TOTALS, Series, label, labelled
from artui.catalog.merging.target import Target
from artui.errors import PointsDamaged

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

BLOCK = (*(column.strip() for column in points.HEAD_COLUMNS.split(",")), "codec", "digest", "payload")
ONE = "SELECT codec, count, payload, digest FROM block WHERE series_key = ? AND number = ?"


def merge_series(
    target: Target,
    run_key: int,
    theirs: Sequence[Series],
    ours: Sequence[Series],
    origin_of: Callable[[str], int | None],
    run_origin_id: str,
) -> int:
    """Join the series of a run that both have; say how many points came.

    Args:
        ours: as they were before anything of the run was joined.
        origin_of: gives our key of an origin by its id.
        run_origin_id: of the run, as it is by now.
    """
    by_name: dict[tuple[str, str], list[Series]] = {}
    for one in (*ours, *theirs):
        by_name.setdefault((one.name, one.base), []).append(one)
    came = 0
    for (name, base), copies in by_name.items():
        before = sum(one.count for one in copies if one.is_ours)
        kept = _apart(copies)
        wanted = labelled(kept, base)
        if [(one.labels, one.is_ours) for one in kept] != [(labels, True) for labels in wanted] or len(kept) != sum(
            one.is_ours for one in copies
        ):
            _write(target, run_key, name, copies, kept, wanted)
        for one in kept:
            key = None if one.origin_id == run_origin_id else origin_of(one.origin_id)
            target.execute(
                "UPDATE series SET origin_key = :origin WHERE run_key = :run AND name_key = :name AND labels = :labels AND origin_key IS NOT :origin",
                {"origin": key, "run": run_key, "name": target.name_key(name), "labels": wanted[kept.index(one)]},
            )
        came += max(0, sum(one.count for one in kept) - before)
    return came


def _apart(copies: Iterable[Series]) -> list[Series]:
    """Leave out each copy that is the beginning of another; the largest comes first."""
    kept: list[Series] = []
    for one in sorted(copies, key=lambda one: (one.rank, one.is_ours), reverse=True):
        if not any(_begins(one, other) for other in kept):
            kept.append(one)
    return kept


def _begins(one: Series, other: Series) -> bool:
    """Say whether a series is the beginning of another, which is as long or longer, or the same."""
    if not one.blocks or not other.blocks:
        # Points of one were removed: what is summed up of them is all there is to compare, and tells no beginning.
        return one.totals == other.totals
    if len(one.blocks) > len(other.blocks):
        return False
    *full, last = range(len(one.blocks))
    if any(one.blocks[place] != other.blocks[place] for place in full):
        return _begins_point_by_point(one, other)
    if one.blocks[last] == other.blocks[last]:
        return True
    return _begins_at(one, other, one.blocks[last][0], other.blocks[last][0])


def _begins_at(one: Series, other: Series, number: int, other_number: int) -> bool:
    import numpy as np

    try:
        columns, others = _block(one, number), _block(other, other_number)
    except PointsDamaged:
        # A damaged copy is no beginning of another, but for one that is whole and as long.
        return one.count <= other.count and not _is_whole(one, number)
    count = len(columns[0])
    return count <= len(others[0]) and all(
        np.array_equal(mine.view(np.int64), theirs[:count].view(np.int64))
        for mine, theirs in zip(columns, others, strict=True)
    )


def _begins_point_by_point(one: Series, other: Series) -> bool:
    """Compare series whose blocks do not end at the same points, or are packed in another way."""
    import numpy as np

    try:
        columns, others = _whole(one), _whole(other)
    except PointsDamaged:
        return False
    count = len(columns[0])
    return count <= len(others[0]) and all(
        np.array_equal(mine.view(np.int64), theirs[:count].view(np.int64))
        for mine, theirs in zip(columns, others, strict=True)
    )


def _whole(one: Series) -> tuple[Ints, Ints, Floats]:
    import numpy as np

    parts = [_block(one, number) for number, _, _ in one.blocks]
    steps, times_ms, values = zip(*parts, strict=True)
    return np.concatenate(steps), np.concatenate(times_ms), np.concatenate(values)


def _block(one: Series, number: int) -> tuple[Ints, Ints, Floats]:
    row = one.connection.execute(ONE, (one.key, number)).fetchone()
    if row is None or type(row[1]) is not int or not isinstance(row[2], bytes):
        raise PointsDamaged("A block of points is damaged.", remedy="Get an untouched copy.")
    return points.decode(cells.text(row[0]), row[1], row[2])


def _is_whole(one: Series, number: int) -> bool:
    row = one.connection.execute(ONE, (one.key, number)).fetchone()
    return row is not None and points.is_whole(*row)


def _write(
    target: Target, run_key: int, name: str, copies: Sequence[Series], kept: Sequence[Series], wanted: Sequence[str]
) -> None:
    """Bring the series of one name to what is kept, under the labels that are wanted."""
    ours_kept = {one.key for one in kept if one.is_ours}
    going = [one for one in copies if one.is_ours and one.key not in ours_kept]
    target.executemany("DELETE FROM series WHERE key = ?", [(one.key,) for one in going])
    label(target.connection, [(labels, one) for labels, one in zip(wanted, kept, strict=True) if one.is_ours])
    for labels, one in zip(wanted, kept, strict=True):
        if not one.is_ours:
            copy_series(target, one, run_key, target.name_key(name), labels)


def copy_series(target: Target, one: Series, run_key: int, name_key: int, labels: str) -> None:
    """Copy a series with its blocks."""
    key = target.new_key("series")
    is_there = target.insert(
        "series", ("key", "run_key", "name_key", "labels", *TOTALS), [(key, run_key, name_key, labels, *one.totals)]
    )
    if not is_there:
        return
    rows = one.connection.execute(
        f"SELECT {', '.join(BLOCK)} FROM block WHERE series_key = ? ORDER BY number", (one.key,)
    )
    target.insert("block", ("key", "series_key", *BLOCK), ((target.new_key("block"), key, *row) for row in rows))
