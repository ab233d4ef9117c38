"""Numbers in the metadata of an artifact's versions, by which they can be told apart: the loss of each checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.catalog import cells as cell_of
from artui.query.series.ranking import metric_rank

if TYPE_CHECKING:
    from artui.query.reader import Reader

MOST = 6
_METADATA = "SELECT key, metadata FROM version WHERE artifact_key = :artifact AND deleted_ms IS NULL"


class Measure(NamedTuple):
    """A number that most versions of an artifact have in their metadata."""

    name: str
    """Nested names have dots."""
    values: Mapping[int, float | int]
    """By the key of the version."""


def version_measures(reader: Reader, artifact_key: int) -> list[Measure]:
    """Give the numbers that at least half of the versions have and that differ between them; what they are judged by comes first."""
    values: dict[str, dict[int, float | int]] = {}
    count = 0
    with reader.snapshot() as connection:
        for key, metadata in connection.execute(_METADATA, {"artifact": artifact_key}):
            count += 1
            for name, value in _numbers(cell_of.object_of(metadata) or {}):
                values.setdefault(name, {})[key] = value
    measures = [
        Measure(name, by_key)
        for name, by_key in values.items()
        if 2 * len(by_key) >= count and len(set(by_key.values())) > 1
    ]
    return sorted(measures, key=lambda measure: metric_rank(measure.name))[:MOST]


def _numbers(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float | int]]:
    for name, value in content.items():
        if isinstance(value, dict) and before.count(".") < 3:
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield before + name, value
