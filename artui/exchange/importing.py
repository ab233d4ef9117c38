"""Importing: the stores at some paths are taken into one catalog, with a report for each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog import Catalog, importing
from artui.catalog.importing import ImportedRun, imported_runs, points_of
from artui.exchange.finding import Findings, find_all, nothing_found
from artui.exchange.importer import importer_of
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.intake import Intake
from artui.exchange.intake.report import Report
from artui.model import UNREAD
from artui.query.reader import Reader

if TYPE_CHECKING:
    from artui.exchange.intake.identity import History
    from artui.exchange.intake.options import Options, Progress
    from artui.exchange.reading.store import Store


def import_paths(
    paths: Sequence[Path], catalog: Path, *, options: Options | None = None, progress: Progress | None = None,
    reports: list[Report] | None = None, is_dry: bool = False, uris: Mapping[Path, str] | None = None,
) -> list[Report]:  # fmt: skip
    """Import every store at or below the paths; give a report for each.

    Importing again adds only what is new. A dry run writes nothing, and its reports say what would be taken. After an
    interruption the catalog is whole and has every run that was finished; `reports` then says what was done.

    Stores and files that were found but cannot be read get one report, the last. If there is nothing else, no catalog is made.

    Args:
        paths: stores, or folders that are searched for them.
        catalog: the file of the catalog; made if it is not there.
        options: what is taken.
        progress: told how far it is.
        reports: filled on the way.
        is_dry: whether nothing is written.
        uris: of the paths that were fetched, where they lie: reports name them so.

    Raises:
        NothingToImport: no store is recognised there.
        StoreNotRead: there are only stores that artui does not read.
        CatalogError: the catalog cannot be written to.
    """
    findings = find_all(paths)
    if not findings.stores and (findings.unread or not findings.pointers):
        raise nothing_found(paths, findings)
    reports = [] if reports is None else reports
    unread = _report_of_unread(paths, findings)
    if not findings.stores:
        reports.append(unread)
        return reports
    with contextlib.ExitStack() as stack:
        opened = None if is_dry else stack.enter_context(Catalog(catalog))
        statuses: dict[str, dict[str, str]] = {}
        for store in findings.stores:
            past = _Past(catalog) if is_dry and catalog.exists() else None
            intake = Intake(
                opened, store.format, _location(store.path.resolve(), uris or {}), options=options, progress=progress,
                earlier_runs=past.runs(store.format) if past else None, history_of=past.history if past else None,
                statuses=statuses.setdefault(store.format, {}),
            )  # fmt: skip
            reports.append(intake.report)
            _take(store, intake)
        if unread.left:
            reports.append(unread)
        if opened is not None:
            _keep(opened, unread)
    return reports


def _location(path: Path, uris: Mapping[Path, str]) -> str:
    """Say where a store lies: by its URI, where it was fetched."""
    for folder, uri in uris.items():
        if path.is_relative_to(folder.resolve()):
            below = path.relative_to(folder.resolve()).as_posix()
            return uri if below == "." else f"{uri.rstrip('/')}/{below}"
    return str(path)


def _report_of_unread(paths: Sequence[Path], findings: Findings) -> Report:
    """Report the stores and files that were found but cannot be read."""
    place = paths[0].resolve() if len(paths) == 1 else Path(os.path.commonpath([path.resolve() for path in paths]))
    report = Report(UNREAD, str(place), title="Not read")
    for title in dict.fromkeys(store.title for store in findings.unread):
        stores = [store for store in findings.unread if store.title == title]
        where = os.path.relpath(stores[0].path.resolve(), place.parent)
        why = f"{where} and other folders" if len(stores) > 1 else where
        report.left[f"stores of {title}", f"are not read yet ({', '.join(stores[0].marks)}, in {why})"] += len(stores)
    for path, pointer in findings.pointers:
        report.add_pointer(path.resolve(), pointer.sentence)
    return report


def _keep(catalog: Catalog, report: Report) -> None:
    """Store the report of what was left, unless the catalog has the same one already."""
    with catalog.transaction() as connection:
        kept = importing.kept_report(connection, report.format, report.location)
        if kept != report.plain() and (report.left or kept is not None):
            importing.put_report(connection, report.format, report.location, report.plain())


def _take(store: Store, intake: Intake) -> None:
    with intake:
        try:
            importer_of(store.format).take(store, intake)
        except FAULTS as error:
            # Its list of runs cannot be read: the other stores are still imported.
            intake.report.add_damage("the whole store", fault_text(error))


class _Past:
    """Reads earlier imports from the catalog, for a dry run."""

    def __init__(self, catalog: Path) -> None:
        self._catalog = catalog

    def runs(self, format: str) -> dict[str, ImportedRun]:
        with Reader(self._catalog) as reader, reader.reading() as connection:
            return imported_runs(connection, format) if reader.schema_version >= 2 else {}

    def history(self, run: ImportedRun) -> History:
        with Reader(self._catalog) as reader, reader.reading() as connection:
            return points_of(connection, run.key)
