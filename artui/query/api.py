"""What Python users call to read a catalog.

catalog = artui.open_catalog("team.artui")
for run in catalog.runs("val/loss < 0.3 and baseline", order="-started", limit=20): ...
steps, times_ms, values = catalog.run("calm-otter-7").series("val/loss").arrays()
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.query.reader import Reader

if TYPE_CHECKING:
    from artui.model import RunDetail, RunHead, Series


def open_catalog(path: str | os.PathLike[str]) -> CatalogReader:
    """Open a catalog for reading.

    Raises:
        CatalogError: it cannot be opened; the subclass says why, and each has a remedy.
    """
    return CatalogReader(path)


class CatalogReader(Reader):
    """A catalog that can be read from any thread."""

    def runs(
        self,
        where: str = "",
        *,
        contains: str = "",
        order: str | Sequence[str] = "-started",
        limit: int | None = None,
    ) -> list[RunHead]:
        """List the runs that a filter matches.

        Args:
            where: a filter such as `val/loss < 0.3 and status = finished`; the manual describes the language.
            contains: words that a run must contain in its name, note, tags, project, status or params.
            order: a column or several, named as in filters: `started`, `val/loss`, `params.lr`, `val/acc.max`; a leading `-` reverses it.
            limit: the greatest number of runs to give; all by default.

        Raises:
            FilterError: the filter cannot be understood, or means nothing in this catalog; it says where.
            UsageError: there is no such column, or there are several.
        """
        from artui.query.runs.listing import list_runs

        return list_runs(self, where=where, contains=contains, order=order, limit=limit)

    def run(self, reference: str) -> RunReader:
        """Give one run by its name or by the start of its id.

        Raises:
            UnknownReference, AmbiguousReference: there is none, or there are several.
        """
        from artui.query import references

        return RunReader(self, references.find_run(self, reference).id)


class RunReader:
    """One run of an open catalog."""

    def __init__(self, reader: Reader, run_id: str) -> None:
        self._reader = reader
        self.id = run_id

    def detail(self) -> RunDetail:
        """Give everything about the run but its points."""
        from artui.query.run import get_run

        return get_run(self._reader, self.id)

    def series(self, name: str, labels: str = "") -> Series:
        """Give all points of one metric, in order of arrival.

        Raises:
            UnknownReference: the run has no such metric.
        """
        from artui.query.series.points import get_series

        return get_series(self._reader, self.id, name, labels)
