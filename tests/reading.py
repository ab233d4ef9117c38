"""A catalog as the layers below the Python API see it: for tests of these, which look at rows and keys."""

from __future__ import annotations

import os
from collections.abc import Sequence

from artui.model import RunDetail, RunHead, Series
from artui.query.reader import Reader
from artui.query.references import find_run
from artui.query.run import get_run
from artui.query.runs.listing import list_runs
from artui.query.series.points import get_series


class OpenReader(Reader):
    """A reader that gives runs as the model has them."""

    def runs(
        self, where: str = "", *, contains: str = "", order: str | Sequence[str] = "-started", limit: int | None = None
    ) -> list[RunHead]:
        """List the heads of runs."""
        return list_runs(self, where=where, contains=contains, order=order, limit=limit)

    def run(self, reference: str) -> OpenRun:
        """Give one run by its name or by the start of its id."""
        return OpenRun(self, find_run(self, reference).id)


class OpenRun:
    """One run of an open catalog."""

    def __init__(self, reader: Reader, run_id: str) -> None:
        self._reader = reader
        self.id = run_id

    def detail(self) -> RunDetail:
        """Give everything about it but its points."""
        return get_run(self._reader, self.id)

    def series(self, name: str, labels: str = "") -> Series:
        """Give all points of one metric."""
        return get_series(self._reader, self.id, name, labels)


def open_reader(path: str | os.PathLike[str]) -> OpenReader:
    """Open a catalog for reading."""
    return OpenReader(path)
