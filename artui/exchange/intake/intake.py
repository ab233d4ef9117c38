"""The one way from a foreign store into a catalog: what importers call.

    with Intake(catalog, "wandb", location) as intake:
        intake.take_runs([Candidate(logs, identity, name=…, project=…, source=…)], take)

    def take(run: RunIntake, logs: Logs) -> None:
        run.params({"lr": 0.1})
        run.points("loss", steps, times_ms, values)

A run is written whole or not at all, and runs whose fingerprint has not changed since the last import are skipped. Points
are written as they come, so memory stays flat however long a run is. Without a catalog nothing is written: that is
a dry run, which counts the same.
"""

from __future__ import annotations

import contextlib
import fnmatch
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from artui.catalog import Catalog, importing, opening
from artui.catalog.importing import ImportedRun
from artui.errors import CatalogError
from artui.exchange.formats import formats, title_of
from artui.exchange.intake.batches import Batches
from artui.exchange.intake.faults import FAULTS
from artui.exchange.intake.identity import History, Identity, assigned, logs_of
from artui.exchange.intake.options import Options, Progress
from artui.exchange.intake.report import Report
from artui.exchange.intake.run import RunIntake, Shared
from artui.exchange.intake.versions import Versions
from artui.exchange.intake.words import Words
from artui.model import DELETED_IN_SOURCE
from artui.secrets import Redactor

if TYPE_CHECKING:
    from artui.exchange.intake.candidates import Candidate, Part


class Intake:
    """Takes runs and versions of one store into one catalog."""

    def __init__(
        self, catalog: Catalog | None, format: str, location: str, *, options: Options | None = None, progress: Progress | None = None,
        earlier_runs: Mapping[str, ImportedRun] | None = None, history_of: Callable[[ImportedRun], History] | None = None,
        statuses: dict[str, str] | None = None, recorded_ids: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.report = Report(format, location, title=title_of(format))
        self.options = options or Options()
        self.words = Words(catalog.redactor if catalog is not None else Redactor(""), self.report)
        self._batches = Batches(catalog)
        self.versions = Versions(self._batches, self.words, self.report, self.options)
        self._shared = Shared(self.report, self.options, self.words, self._batches, self.versions, self._show)
        self._catalog = catalog
        self._format, self._location = format, location
        self._progress = progress
        self._runs: dict[str, ImportedRun] = dict(earlier_runs or {})
        self._history_of = history_of
        self._recorded_ids = recorded_ids
        """In a dry run, what the catalog has beside the earlier runs."""
        self._statuses: dict[str, str] = {} if statuses is None else statuses
        """The status of each run that this import has met in any of its stores, by id."""
        self._elsewhere: dict[str, dict[str, ImportedRun]] = {}
        """Runs of other formats, by format and id."""

    def __enter__(self) -> Intake:
        if self._catalog is not None:
            with self._catalog.transaction() as connection:
                by_format = importing.imported_runs_by_format(connection)
            self._runs = by_format.pop(self._format, {})
            self._elsewhere = by_format
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        catalog = self._catalog
        if catalog is None:
            return
        if not isinstance(error, CatalogError | sqlite3.Error):
            # What was finished before an interruption is kept, with its report.
            self._finish()
            return
        # An interrupted statement, as by ctrl+c, undoes its own run; a full disk may undo everything.
        try:
            if self._batches.is_open:
                self._finish()
        except (CatalogError, sqlite3.Error):
            pass  # the first error is the one that is raised
        finally:
            self._batches.abandon()
        with opening.border(catalog.path):
            raise error

    def _finish(self) -> None:
        connection = self._batches.begin()
        self.versions.number_by_time()
        has_news = self.report.has_news or self.versions.has_changes
        if has_news or not importing.has_report(connection, self._format, self._location):
            importing.put_report(connection, self._format, self._location, self.report.plain())
        self._batches.commit()

    def _show(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self.report, what)

    def project(self, name: str) -> None:
        """Make a project, even if it has no runs."""
        if self._catalog is not None and not self.options.project:
            name = self.words.referable(name, "imported", what="projects")
            importing.put_project(self._batches.begin(), name)

    def left(self, what: str, why: str, count: int = 1) -> None:
        """Count something of no run in particular that is not taken."""
        if count:
            self.report.left[what, why] += count

    # Which runs they are

    def run_id(self, *source_id: str) -> str:
        """Give the id of an imported run: always the same for the same ids in the source."""
        return importing.id_of("run", self._format, *source_id)

    def ids_of(self, identities: Sequence[Identity]) -> list[str]:
        """Give each run of the source the id of the same run in the catalog, or a new id; see `identity`."""
        stamped = [replace(identity, fingerprint=self._stamped(identity.fingerprint)) for identity in identities]
        logs = {log for identity in identities for log in logs_of(identity.witnesses)}
        # Logs may have been imported alone, before the run that they belong to existed.
        for format in formats():
            if format.may_be_parts:
                alone = self._elsewhere.get(format.name, {})
                self._runs |= {run_id: run for run_id, run in alone.items() if logs & run.witnesses}
        return assigned(stamped, self._runs, self._history, self.run_id)

    def owner_of(self, identity: Identity) -> str:
        """Give the title of the format that imported these logs as part of a run, as a trainer's run has event files; empty if none did."""
        logs = logs_of(identity.witnesses)
        for format, runs in self._elsewhere.items():
            if any(logs & run.witnesses for run in runs.values()):
                return title_of(format)
        return ""

    def _history(self, run: ImportedRun) -> History:
        if self._catalog is not None:
            return importing.points_of(self._batches.begin(), run.key)
        return self._history_of(run) if self._history_of is not None else {}

    def is_wanted(self, project: str, name: str) -> bool:
        """Say whether the options choose a run; counts it if not."""
        pattern = self.options.where
        if not pattern or any(fnmatch.fnmatchcase(text, pattern) for text in (name, f"{project}/{name}")):
            return True
        self.report.runs["not chosen"] += 1
        return False

    def is_its_own(self, run_id: str) -> bool:
        """Say whether the catalog has a run of this id that did not come from this format, and so stays as it is; counts it."""
        if self._catalog is None or run_id in self._runs:
            return False
        if importing.name_of(self._batches.begin(), run_id) is None:
            return False
        self.report.runs["kept"] += 1
        self._statuses.setdefault(run_id, "")
        self._show(run_id)
        return True

    def is_new(self, candidate: Candidate[Any]) -> bool:
        """Say whether the catalog lacks a run, or has it otherwise than the source."""
        earlier = self._runs.get(candidate.identity.id)
        return earlier is None or earlier.fingerprint != self._stamped(candidate.identity.fingerprint)

    def _is_unchanged(self, run_id: str, fingerprint: str) -> bool:
        """Say whether the catalog has the run as it is in the source; counts it if so."""
        earlier = self._runs.get(run_id)
        if earlier is None or earlier.fingerprint != self._stamped(fingerprint):
            return False
        self.report.runs["unchanged"] += 1
        self._statuses.setdefault(run_id, "")
        self._show(run_id)
        return True

    def _stamped(self, fingerprint: str) -> str:
        """Add the options that change the outcome to a fingerprint."""
        return f"{fingerprint}|{self.options.project}" if self.options.project else fingerprint

    def is_recorded_here(self, run_id: str) -> bool:
        """Whether the catalog has a run of this id that did not come by an import of this format: a source never overwrites that."""
        if run_id in self._runs or self._catalog is None:
            return run_id in self._recorded_ids
        return importing.name_of(self._batches.begin(), run_id) is not None

    # Taking them

    def take_runs(self, candidates: Sequence[Candidate[Part]], take: Callable[[RunIntake, Part], None]) -> None:
        """Take all wanted runs that are new or have changed: `take` reads one of them."""
        ids = self.ids_of([candidate.identity for candidate in candidates])
        parent_ids = {candidate.identity: run_id for candidate, run_id in zip(candidates, ids, strict=True)}
        for candidate, run_id in zip(candidates, ids, strict=True):
            if self.is_wanted(candidate.project, candidate.name):
                parent_id = parent_ids[candidate.parent] if candidate.parent is not None else None
                self.take_run(candidate, take, run_id=run_id, parent_id=parent_id)

    def take_run(
        self, candidate: Candidate[Part], take: Callable[[RunIntake, Part], None], *, run_id: str = "", parent_id: str | None = None
    ) -> None:  # fmt: skip
        """Take one run if it is new or has changed; `run_id` is by default that of its identity."""
        if self._is_unchanged(run_id or candidate.identity.id, candidate.identity.fingerprint):
            return
        with self.run(candidate, run_id=run_id) as run:
            run.about(parent_id=parent_id)
            take(run, candidate.part)

    @contextlib.contextmanager
    def run(self, candidate: Candidate[Any], *, run_id: str = "") -> Iterator[RunIntake]:
        """Write one run whole; or nothing, if this is interrupted or the run has fewer points than the catalog has of it.

        An error from damaged bytes ends the run there: what was read is written, and marked as damaged.
        """
        taken = RunIntake(self._shared, candidate, run_id or candidate.identity.id)
        fingerprint = self._stamped(candidate.identity.fingerprint)
        before = self.report.copy()
        self.versions.is_in_run = True
        self._batches.begin_run()
        is_written = is_copy = False
        try:
            try:
                yield taken
            except FAULTS as error:
                taken.fault(error)
            earlier = self._runs.get(taken.id)
            is_shorter = earlier is not None and taken.point_count < earlier.point_count and not taken.takes_back
            is_copy = not is_shorter and self._is_copy(taken, earlier)
            is_left = (is_shorter or is_copy) and not taken.has_gained()
            if not is_left:
                taken.finish(fingerprint)
                is_written = True
        finally:
            self.versions.is_in_run = False
            if not is_written:
                self._batches.undo_run()
                self.report.go_back(before)
        if is_written:
            self._batches.keep_run()
            self._statuses[taken.id] = taken.status_word
            self._count_taken(taken, is_new=taken.id not in self._runs)
            self._runs[taken.id] = ImportedRun(0, fingerprint, taken.point_count)
        elif is_copy:
            self.report.left["runs", "are copies of runs of another store of this import"] += 1
        else:
            self._count_shorter(taken, candidate.name)
        self._batches.commit_when_due()
        self._show(candidate.name)

    def _is_copy(self, taken: RunIntake, earlier: ImportedRun | None) -> bool:
        """Whether a run was already taken from another store of this import, and this one adds nothing."""
        before = self._statuses.get(taken.id)
        if earlier is None or before is None or taken.point_count > earlier.point_count:
            return False
        return before in ("", taken.status_word) or taken.status_word == "running"

    def _count_taken(self, taken: RunIntake, *, is_new: bool) -> None:
        self.report.runs["new" if is_new else "updated"] += 1
        if taken.is_damaged:
            self.report.add_damage(taken.name, taken.damage)
        if taken.is_deleted:
            self.report.changed["runs", DELETED_IN_SOURCE] += 1

    def _count_shorter(self, taken: RunIntake, name: str) -> None:
        self.report.runs["kept"] += 1
        self.report.left["runs", "have fewer points than in the catalog: what it has was kept"] += 1
        if taken.may_have_lost:
            self.report.add_damage(name, taken.damage or "it is cut off now")
