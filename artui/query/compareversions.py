"""Versions side by side: how they stand, what is said of them and what the runs that made them are like as rows, versions as columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from artui.query.artifacts import get_version
from artui.query.collation import is_same
from artui.query.compare import Row, Rows, best_places, compare, only_place, plain_row, same_value
from artui.query.direction import Direction, guess_direction, has_direction

if TYPE_CHECKING:
    from artui.model import ParamValue, VersionDetail, VersionHead
    from artui.query.reader import Reader

_DIGEST_CHARS = 12
_MOST_NAMES = 1_000
"""So many names of a version's metadata are compared."""


@dataclass(frozen=True, slots=True)
class VersionComparison(Rows):
    """Versions side by side, with all rows about them."""

    versions: tuple[VersionDetail, ...]


def compare_versions(
    reader: Reader,
    version_ids: Sequence[str],
    *,
    directions: dict[str, Direction] | None = None,
    bests: Collection[str] = (),
) -> VersionComparison:
    """Put versions side by side, in the order given.

    First comes how they stand, then their metadata and declared facts, then the results, params and inputs of the runs that
    made them; what differs comes first in each.

    Args:
        reader: of the catalog.
        version_ids: of versions of any artifacts.
        directions: which way is better, for metrics whose names do not say so.
        bests: names of metrics of which the best value counts instead of the last one.
    """
    versions = tuple(get_version(reader, version_id) for version_id in version_ids)
    rows = [
        *_own_rows(versions),
        *_rows_of([_flat(version.metadata) for version in versions], "metadata"),
        *_rows_of([dict(version.facts) for version in versions], "facts"),
        *_rows_of_makers(reader, [version.head for version in versions], directions, bests),
    ]
    said = [row for row in rows if any(value is not None for value in row.values)]
    ordered = [row for _, group in groupby(said, key=lambda row: row.section) for row in sorted(group, key=lambda row: not row.differs)]  # fmt: skip
    return VersionComparison(tuple(ordered), versions)


def _own_rows(versions: Sequence[VersionDetail]) -> list[Row]:
    heads = [version.head for version in versions]
    makers = [head.made_by for head in heads]
    values_by_name: dict[str, list[ParamValue]] = {
        "artifact": [head.artifact for head in heads],
        "aliases": [" ".join(head.aliases) or None for head in heads],
        "state": [head.state or None for head in heads],
        "stage": [head.stage for head in heads],
        "kind": [head.kind for head in heads],
        "project": [head.project for head in heads],
        "made by": [maker.name if maker is not None else None for maker in makers],
        "saved": [head.created_ms for head in heads],
        "size": [head.size_bytes for head in heads],
        "files": [head.file_count for head in heads],
        "digest": [head.digest[:_DIGEST_CHARS] or None for head in heads],
        "storage": [head.storage for head in heads],
        "approved by": [", ".join(each.author for each in version.approvals) or None for version in versions],
        "used by": [len(version.used_by) or None for version in versions],
        "note": [version.note or None for version in versions],
    }
    return [plain_row("version", name, values) for name, values in values_by_name.items()]


def _flat(metadata: Mapping[str, Any]) -> dict[str, ParamValue]:
    """Give what metadata say by name; names inside of others are joined by dots, and lists are texts."""
    values: dict[str, ParamValue] = {}
    waiting = list(metadata.items())[::-1]
    while waiting and len(values) < _MOST_NAMES:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{inner}", nested) for inner, nested in value.items()][::-1]
        elif isinstance(value, str | int | float | bool):
            values[str(name)] = value
        elif value is not None:
            values[str(name)] = str(value)
    return values


def _rows_of(tables: Sequence[Mapping[str, ParamValue]], section: str) -> list[Row]:
    """Make a row of each name; of numbers that are better when lower or higher, the best ones are known."""
    rows = []
    for name in dict.fromkeys(name for table in tables for name in table):
        values = tuple(table.get(name) for table in tables)
        differs = any(not is_same(value, values[0]) for value in values[1:])
        numbers = [value for value in values if value is not None]
        is_result = has_direction(name) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers)  # fmt: skip
        direction = guess_direction(name) if is_result else None
        places = best_places(values, direction)
        rows.append(Row(section, name, values, differs, direction, only_place(places), places))
    return rows


def _rows_of_makers(
    reader: Reader, heads: Sequence[VersionHead], directions: dict[str, Direction] | None, bests: Collection[str]
) -> list[Row]:
    """Give the rows of the runs that made versions; one that made several stands below each of them."""
    # A run whose id is damaged cannot be read.
    makers = [head.made_by if head.made_by is not None and "id" not in head.made_by.damaged else None for head in heads]
    run_ids = list(dict.fromkeys(maker.id for maker in makers if maker is not None))
    if not run_ids:
        return []
    places = [run_ids.index(maker.id) if maker is not None else None for maker in makers]
    comparison = compare(reader, run_ids, directions=directions, bests=bests, in_depth=False)
    rows = []
    for row in comparison.rows:
        values = tuple(row.values[place] if place is not None else None for place in places)
        same = is_same if row.section == "params" else same_value
        columns = tuple(column for column, place in enumerate(places) if place is not None and place in row.bests)
        differs = any(not same(value, values[0]) for value in values[1:])
        rows.append(replace(row, values=values, differs=differs, bests=columns, best=only_place(columns)))
    return rows
