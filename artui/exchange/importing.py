"""Importing: stores found at some paths, each taken into one catalog, with a report of each."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from artui.catalog import Catalog
from artui.catalog.importing import Known, known_runs, points_of
from artui.errors import SourceDamaged
from artui.exchange.finding import find_stores, importer
from artui.exchange.identity import History
from artui.exchange.intake import Intake, Options, Progress
from artui.exchange.report import Report
from artui.exchange.store import Store
from artui.query import Reader


def import_paths(
    paths: Sequence[Path], catalog: Path, *, options: Options | None = None, progress: Progress | None = None,
    reports: list[Report] | None = None, is_dry: bool = False,
) -> list[Report]:  # fmt: skip
    """Import every store at or below the paths; give a report of each.

    Importing again brings only the news. A dry run writes nothing, and its reports say what would be taken. An interruption leaves a whole catalog with what was finished; `reports` then has what came of that.

    Raises:
        NothingToImport: no store is recognised there.
        CatalogError: the catalog cannot be written to.
    """
    stores = find_stores(paths)
    done: list[Report] = [] if reports is None else reports
    with contextlib.ExitStack() as stack:
        opened = None if is_dry else stack.enter_context(Catalog(catalog))
        for store in stores:
            past = _Past(catalog) if is_dry and catalog.exists() else None
            intake = Intake(
                opened, store.format, str(store.path.resolve()), options=options, progress=progress,
                known=past.known(store.format) if past else None, history_of=past.history if past else None,
            )  # fmt: skip
            done.append(intake.report)
            _take(store, intake)
    return done


def _take(store: Store, intake: Intake) -> None:
    with intake:
        try:
            importer(store.format).take(store, intake)
        except SourceDamaged as error:
            # Not even its list of runs can be read: other stores go on.
            intake.report.add_damage("the whole store", error.message)


class _Past:
    """What a dry run asks the catalog: it writes nothing, so it only reads."""

    def __init__(self, catalog: Path) -> None:
        self._catalog = catalog

    def known(self, format: str) -> dict[str, Known]:
        with Reader(self._catalog) as reader, reader.reading() as connection:
            return known_runs(connection, format) if reader.schema_version >= 2 else {}

    def history(self, known: Known) -> History:
        with Reader(self._catalog) as reader, reader.reading() as connection:
            return points_of(connection, known.key)
