"""Lists of runs for Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from artui.errors import UnknownReference
from artui.query.api.records import Page, Run, moment, span
from artui.query.tables import Frame

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.reader import Reader

RUNS_A_PAGE = 500
_USUAL = ("id", "name", "project", "status", "stage", "started", "ended", "duration", "parent")


class Runs(Frame, Sequence["Run"]):
    """Runs in order: a sequence, and a frame of columns. Runs that are deleted meanwhile are left out when it is walked through."""

    def __init__(self, reader: Reader, keys: Sequence[int], notes: tuple[str, ...] = ()) -> None:
        self._reader = reader
        self._keys = keys
        self.notes = notes
        """What the filter has to say, such as that no run has a metric of a name in it."""

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: Any) -> Any:
        """Give one run, or several as another list.

        Raises:
            UnknownReference: it has been removed since the list was made.
        """
        if isinstance(place, slice):
            return Runs(self._reader, self._keys[place], self.notes)
        key = self._keys[place]
        for run in Page(self._reader, [key]).runs():
            return run
        raise UnknownReference("This run is not in the catalog any more.", remedy="List the runs again.")

    def __iter__(self) -> Iterator[Run]:
        for start in range(0, len(self._keys), RUNS_A_PAGE):
            yield from Page(self._reader, list(self._keys[start : start + RUNS_A_PAGE])).runs()

    def columns(self, *names: str) -> dict[str, list[Any]]:
        """Give columns as lists, one value a run in order, None where a run has none.

        Args:
            names: columns as filters name them: `started`, `lr`, `val/loss`, `val/acc.max`, `tags.best`. Without any these are
                `id name project status stage started ended duration parent`, then each tag as `tags.NAME`, each param as
                `params.NAME`, each metric with its last value as `metrics.NAME`.

        Returns:
            By name as it was given. `started` and `ended` are datetimes in UTC, `duration` is a timedelta, a tag without a
            value is an empty text, a metric a float; 100,000 runs of 20 params and 20 metrics take two to three seconds.

        Raises:
            UsageError: a name means nothing in this catalog, or several things.
        """
        from artui.query.runs.whole import column_values

        named = self._named(names) if names else self._all_columns()
        values = column_values(self._reader, self._keys, [column for _, column in named])
        return {name: _natural(column, values[column.id]) for name, column in named}

    def _numbers(self, *names: str) -> set[str]:
        named = self._named(names) if names else self._all_columns()
        return {name for name, column in named if column.source == "metric"}

    def _named(self, names: Sequence[str]) -> list[tuple[str, Column]]:
        from artui.query.runs.naming import column_named

        return [(name, column_named(self._reader, name)) for name in names]

    def _all_columns(self) -> list[tuple[str, Column]]:
        from artui.model import Column
        from artui.query.runs.columns import columns, tag_columns
        from artui.query.runs.export import header_of

        params, metrics, _ = columns(self._reader)
        usual = [Column("attribute", name) for name in _USUAL]
        by_name = sorted((*params, *metrics), key=lambda column: (column.source == "metric", column.name))
        tags = sorted(tag_columns(self._reader), key=lambda column: column.name)
        return [(header_of(column), column) for column in (*usual, *tags, *by_name)]

    def __repr__(self) -> str:
        if not self._keys:
            return "<no runs>"
        names = [run.name for run in self[:4]]
        return f"<{len(self):,} run{'' if len(self) == 1 else 's'}: {', '.join(names[:3])}{', …' if len(self) > 3 else ''}>"


def _natural(column: Column, values: list[Any]) -> list[Any]:
    """Make times datetimes, and durations timedeltas."""
    if column.source != "attribute":
        return values
    from artui.query.attributes import ATTRIBUTES

    kind = ATTRIBUTES[column.name].kind
    make = {"time": moment, "duration": span}.get(kind)
    return values if make is None else [make(value) if isinstance(value, int) else None for value in values]
