"""Tables that differ: columns, how far each drifted, and rows by key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.model.difference import RowsDifference, TableDifference
from artui.model.profiles import ColumnDrift
from artui.query.profiles import of_sketch

if TYPE_CHECKING:
    from artui.profile.column import Profile
    from artui.profile.drift import Drift
    from artui.profile.rows import Cells

_NUMBER_TYPES = ("integer", "number")
KEY_TYPES = ("integer", "text", "time")
_KEY_NAMES = ("id", "key", "uuid", "index", "name", "path", "file", "filename")


def table_difference(before: Profile, after: Profile, rows: RowsDifference | None) -> TableDifference:
    """Compare the profiles of two tables."""
    from artui.profile.drift import WORDS, drifts

    first, second = of_sketch(before), of_sketch(after)
    before_names = [column.name for column in first.columns]
    after_names = [column.name for column in second.columns]
    found = sorted(drifts(before, after), key=lambda drift: (WORDS.index(drift.word), -(drift.psi or 0)))
    return TableDifference(
        first,
        second,
        tuple(name for name in after_names if name not in before_names),
        tuple(name for name in before_names if name not in after_names),
        tuple(column_drift(drift, is_key=rows is not None and drift.name in rows.key) for drift in found),
        rows,
    )


def column_drift(drift: Drift, *, is_key: bool = False) -> ColumnDrift:
    """Give what is said of how far a column drifted."""
    from artui.profile.column import Profile
    from artui.profile.together import spreads

    before, after = (of_sketch(Profile(column.rows, (column,))).columns[0] for column in (drift.before, drift.after))
    return ColumnDrift(
        drift.name, drift.word, before, after, drift.psi, drift.psi_by_chance, drift.jensen_shannon, drift.ks, drift.wasserstein,
        drift.null_shift, drift.outside, drift.is_of_nulls, drift.moved_value, drift.new_values, drift.gone_values,
        spreads(drift.before, drift.after), is_key,
    )  # fmt: skip


def summary_of(table: TableDifference) -> str:
    """Say in a few words how a table differs: `+96 rows, 1 column added, drift high in 2 of 12 columns`."""
    parts = []
    rows, more = table.rows, table.after.rows - table.before.rows
    if rows is not None and (rows.added or rows.removed or rows.changed):
        counts = ((rows.added, "+", ""), (rows.removed, "−", ""), (rows.changed, "", " changed"))
        parts.append(
            ", ".join(f"{sign}{count:,}{word}" for count, sign, word in counts if count)
            + _rows(sum(count for count, _, _ in counts))
        )
    elif rows is not None:
        has_order = not table.added_columns and not table.removed_columns and table.before.rows == table.after.rows
        parts.append("the same rows, in another order or written otherwise" if has_order else "the same rows")
    elif more:
        parts.append(f"{'+' if more > 0 else '−'}{abs(more):,}{_rows(abs(more))}")
    for names, word in ((table.added_columns, "added"), (table.removed_columns, "removed")):
        if names:
            parts.append(f"{len(names):,} column{'' if len(names) == 1 else 's'} {word}")
    # A key names rows: that there are other rows is said already.
    counted = [drift for drift in table.drifts if not drift.is_key]
    if counted:
        worst = counted[0].word
        count = sum(drift.word == worst for drift in counted)
        what = "another type" if worst == "type" else f"drift {worst}"
        parts.append(what if worst == "none" else f"{what} in {count:,} of {len(counted):,} columns")
    return ", ".join(parts) or "the same"


def _rows(count: int) -> str:
    return " row" if count == 1 else " rows"


def numeric_columns(before: Profile, after: Profile) -> frozenset[str]:
    """Name the columns that hold numbers in both tables: they are the same whatever their spelling."""
    first, second = (
        {column.name for column in profile.columns if column.type in _NUMBER_TYPES} for profile in (before, after)
    )
    return frozenset(first & second)


def rows_difference(
    before: Cells, after: Cells, key: Sequence[str], numeric: frozenset[str] = frozenset()
) -> RowsDifference:
    """Pair the rows of two tables by the columns of `key`; whole rows if it is empty."""
    from artui.profile.rows import paired

    found = paired(before, after, key)
    by_column = sorted(found.changed_by_column.items(), key=lambda item: (-item[1], item[0])) if key else []
    return RowsDifference(
        tuple(key), found.added, found.removed, found.changed, found.same, tuple(by_column), found.repeated, numeric
    )


def key_of(before: Cells, after: Cells, types: dict[str, str]) -> tuple[str, ...]:
    """Guess the column that names the rows: filled and without repetition in both tables, no measured number.

    One that is called as keys are comes before the others, and these in their order. Empty if there is none.
    """
    from artui.profile.rows import is_unique

    names = [name for name in after.names if name in before.names and types.get(name) in KEY_TYPES]
    names.sort(key=lambda name: not _sounds_like_key(name))
    for name in names:
        if (types[name] != "integer" or _sounds_like_key(name)) and is_unique(before, name) and is_unique(after, name):
            return (name,)
    return ()


def _sounds_like_key(name: str) -> bool:
    word = name.lower()
    return word in _KEY_NAMES or word.endswith(("_id", "-id", ".id", "_key", "_uuid")) or name.endswith("Id")
