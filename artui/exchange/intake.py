"""The one way from a foreign store into a catalog: what importers call, in the words of the design.

    with Intake(catalog, "wandb", location) as intake:
        with intake.run("g9dvvkua", fingerprint=…, name=…, project=…, started_ms=…) as run:
            run.params({"lr": 0.1})
            run.points("loss", steps, times_ms, values)

A run is written whole or not at all, and runs whose fingerprint is the one of the last import are passed over. Points
go to the catalog as they come, so memory stays flat however long a run is. With no catalog nothing is written: that is
the dry run, which counts the same.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from artui.capture import files as saved_files
from artui.capture.secrets import Redactor
from artui.capture.values import stage_of
from artui.catalog import Catalog, artifacts, blobs, importing, opening, runs
from artui.catalog.artifacts import NewFile, NewVersion, Saved
from artui.catalog.importing import Known
from artui.catalog.runs import NewRun
from artui.errors import CatalogError, SourceDamaged, UsageError
from artui.exchange.report import Report
from artui.model import ParamValue, Preview, Relation
from artui.preview import preview
from artui.reference import check_alias, check_name
from artui.settings import load_settings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

COMMIT_SECONDS = 0.5
FLUSH_POINTS = 1 << 18
MAX_NAME = 200
MAX_CHARS = 200_000
"""Of a param, tag, note or other text beside a run."""
_INT64 = 1 << 63
_MAX_TIME_MS = 1 << 48
"""About the year 10,900: later times are taken for none."""
_FAULTS = (SourceDamaged, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError, EOFError, struct.error, zlib.error)  # fmt: skip
"""What reading damaged bytes may raise: the run is then taken as far as it went."""
_UNFIT = re.compile(r"[:@\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an import."""

    project: str = ""
    """Put everything into this project; empty leaves it to the source."""
    where: str = ""
    """Take only runs whose name, or `project/name`, matches this pattern; empty takes all."""
    artifact_roots: tuple[Path, ...] = ()
    """Folders besides the store's own from which artifact files may be taken."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a version: bytes at hand, or a path inside the store."""

    path: str
    content: bytes | None = None
    place: Path | None = None


Progress = Callable[[Report, str], None]


class RunLeft(Exception):
    """Raised inside an importer's run to have nothing of it kept."""


class Intake:
    """Takes runs and versions of one store into one catalog."""

    def __init__(
        self, catalog: Catalog | None, format: str, location: str, *, options: Options | None = None, progress: Progress | None = None,
        known: Mapping[str, Known] | None = None,
    ) -> None:  # fmt: skip
        self.report = Report(format, location)
        self.options = options or Options()
        self._catalog = catalog
        self._format, self._location = format, location
        self._progress = progress
        self._redactor = Redactor(catalog.id if catalog is not None else "")
        self._known: dict[str, Known] = dict(known or {})
        self._open: contextlib.ExitStack | None = None
        self._connection: sqlite3.Connection | None = None
        self._opened_at = 0.0
        self._artifacts: set[int] = set()
        self._numbered: set[int] = set()
        self._has_changes = False
        self._is_in_run = False

    def __enter__(self) -> Intake:
        if self._catalog is not None:
            with self._catalog.transaction() as connection:
                self._known = importing.known_runs(connection, self._format)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        catalog = self._catalog
        if catalog is None:
            return
        if isinstance(error, CatalogError | sqlite3.Error):
            self._abandon()
            with opening.border(catalog.path):
                raise error
        # What was finished before an interruption is kept, with the report of it.
        connection = self._begin()
        importing.number_by_time(connection, self._artifacts - self._numbered)
        if (
            self.report.has_news or self._has_changes or not importing.has_report(connection, self._format, self._location)
        ):  # fmt: skip
            importing.put_report(connection, self._format, self._location, self.report.plain())
        self._commit()

    # Transactions: several small runs share one

    def _begin(self) -> sqlite3.Connection:
        if self._connection is None:
            assert self._catalog is not None
            stack = contextlib.ExitStack()
            self._connection = stack.enter_context(self._catalog.transaction())
            self._open, self._opened_at = stack, time.monotonic()
        return self._connection

    def _commit(self) -> None:
        stack, self._open, self._connection = self._open, None, None
        if stack is not None:
            stack.close()

    def _abandon(self) -> None:
        stack, self._open, self._connection = self._open, None, None
        if stack is not None:
            with contextlib.suppress(_Undo):
                stack.__exit__(_Undo, _Undo(), None)

    # Runs

    def run_id(self, *source_id: str) -> str:
        """Give the id of an imported run: the same for the same words of the source."""
        return importing.id_of("run", self._format, *source_id)

    def is_wanted(self, project: str, name: str) -> bool:
        """Say whether a run was chosen; counts those that were not."""
        pattern = self.options.where
        if not pattern or any(fnmatch.fnmatchcase(text, pattern) for text in (name, f"{project}/{name}")):
            return True
        self.report.runs["not chosen"] += 1
        return False

    def is_unchanged(self, run_id: str, fingerprint: str) -> bool:
        """Say whether the run is in the catalog as the source has it; counts those that are."""
        known = self._known.get(run_id)
        if known is None or known.fingerprint != self._stamped(fingerprint):
            return False
        self.report.runs["unchanged"] += 1
        self._tell(run_id)
        return True

    def _stamped(self, fingerprint: str) -> str:
        """Add what of the options changes the outcome."""
        return f"{fingerprint}|{self.options.project}" if self.options.project else fingerprint

    @contextlib.contextmanager
    def run(self, run_id: str, *, fingerprint: str, name: str, project: str, started_ms: int, source: str) -> Iterator[RunIntake]:  # fmt: skip
        """Take one run: all of it at the end, or nothing if it is broken off or left.

        What reading it may raise over damaged bytes ends it as far as it came, marked as damaged.
        """
        taken = RunIntake(self, run_id, name=name, project=project, started_ms=started_ms, source=source)
        before = replace_counters(self.report)
        self._is_in_run = True
        connection = self._begin() if self._catalog is not None else None
        if connection is not None:
            connection.execute("SAVEPOINT run")
        try:
            try:
                yield taken
            except _FAULTS as error:
                taken.damaged(_fault_text(error))
            known = self._known.get(run_id)
            if known is not None and taken.point_count < known.point_count:
                raise RunLeft("kept")
            taken._finish(self._stamped(fingerprint))
        except RunLeft as left:
            if connection is not None:
                connection.execute("ROLLBACK TO run")
            self.report = restored(self.report, before)
            if str(left) == "kept":
                self.report.runs["kept"] += 1
                self.report.left["runs", "have fewer points than in the catalog: what it has was kept"] += 1
                if taken.may_have_lost:
                    self.report.add_damage(name, taken.damage or "it is cut off now")
        except BaseException:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK TO run")
                connection.execute("RELEASE run")
            self.report = restored(self.report, before)
            raise
        else:
            self.report.runs["updated" if run_id in self._known else "new"] += 1
            if taken.is_damaged:
                self.report.add_damage(taken.name, taken.damage)
            if taken.is_deleted:
                self.report.changed["runs", "are deleted in the source: they are kept, and not shown"] += 1
            self._known[run_id] = Known(0, self._stamped(fingerprint), taken.point_count)
        finally:
            self._is_in_run = False
        if connection is not None:
            connection.execute("RELEASE run")
            if time.monotonic() - self._opened_at > COMMIT_SECONDS:
                self._commit()
        self._tell(name)

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self.report, what)

    def project(self, name: str) -> None:
        """Make a project, also one that has no runs."""
        if self._catalog is not None and not self.options.project:
            importing.put_project(self._begin(), self.name_of(name, "imported", what="projects"))

    # Words of the source that have to fit

    def name_of(self, text: Any, fallback: str, *, what: str) -> str:
        """Give a name that can be referred to; tells where the source's own had to be changed."""
        found = str(text or "").strip()
        fit = _UNFIT.sub("-", found).strip()[:MAX_NAME].strip()
        if not fit:
            fit = fallback
        elif fit != found:
            self.report.changed[what, "the name cannot be referred to as it was: characters replaced"] += 1
        return check_name(fit, what=what)

    def text(self, text: str) -> str:
        """Take secrets out of a text; one that is longer than any real one is cut."""
        if len(text) > MAX_CHARS:
            text = text[:MAX_CHARS]
            self.report.changed["texts", f"longer than {MAX_CHARS:,} characters: cut"] += 1
        return self.redacted(text)

    def redacted(self, text: str) -> str:
        """Take secrets out of a text of any length."""
        before = self._redactor.count
        cleaned = self._redactor.text(text)
        self._count_secrets(before)
        return cleaned

    def value(self, name: str, value: Any) -> Any:
        """Take secrets out of a value, whole if its name says that it is one."""
        if isinstance(value, str) and len(value) > MAX_CHARS:
            value = value[:MAX_CHARS]
            self.report.changed["texts", f"longer than {MAX_CHARS:,} characters: cut"] += 1
        before = self._redactor.count
        cleaned = self._redactor.value(name, value)
        self._count_secrets(before)
        return cleaned

    def _count_secrets(self, before: int) -> None:
        if self._redactor.count > before:
            self.report.changed["values", "were secrets by their form or name: replaced"] += (
                self._redactor.count - before
            )

    # Versions

    def version(
        self, project: str, name: str, *, kind: str, contents: Sequence[Content] = (), root: Path | None = None, location: str = "",
        created_ms: int = 0, number: int | None = None, identity: Sequence[str] = (), note: str = "", metadata: Mapping[str, Any] | None = None,
        stage: str = "", aliases: Iterable[str] = (),
    ) -> Saved | None:  # fmt: skip
        """Write one version; give what came of it, None in a dry run.

        Without contents it is a reference to `location`, known to be absent. `number` and `identity` are the source's
        own; without identity the same content of the same artifact is the same version.
        """
        name = self.name_of(name, "unnamed", what="artifacts")
        project = self.options.project or project
        facts = {str(key): self.value(str(key), value) for key, value in (metadata or {}).items()}
        size_bytes = sum(_size_of(each) for each in contents)
        embed = size_bytes <= load_settings().embed_limit_bytes
        connection = self._begin() if self._catalog is not None else None
        gathered, previews = self._gathered(connection if embed else None, contents, root)
        if contents and not gathered:
            self.report.left["versions", "none of their files could be read"] += 1
            return None
        is_absent = not gathered
        if connection is None:
            self._count_version(gathered, is_embedded=embed)
            return None
        saved = importing.put_version(
            connection,
            NewVersion(
                project=project, name=name, kind=kind or "files", stage=stage or stage_of(kind, "modelling"), files=gathered,
                storage="embedded" if embed and not is_absent else "referenced",
                location=location or _common_place(contents), note=self.text(note), metadata=facts,
                previews=previews, created_ms=_time_ms(created_ms),
            ),
            identity=identity, number=number,
        )  # fmt: skip
        if saved.is_new or self._is_in_run:
            self._count_version(gathered, is_embedded=embed)
        self._artifacts.add(saved.artifact_key)
        if number is not None:
            self._numbered.add(saved.artifact_key)
        self._has_changes = self._has_changes or saved.is_new
        for alias in aliases:
            self.alias(saved, alias)
        return saved

    def _count_version(self, gathered: Sequence[NewFile], *, is_embedded: bool) -> None:
        taken = self.report.taken
        taken["versions"] += 1
        taken["files"] += len(gathered)
        taken["bytes"] += sum(file.size_bytes for file in gathered)
        if not gathered:
            self.report.changed["versions", "their bytes are not here: kept as references"] += 1
        elif not is_embedded:
            self.report.changed["versions", "larger than the limit for embedding: referenced where they are"] += 1

    def alias(self, saved: Saved | None, alias: str) -> None:
        """Let an alias name a version as the source says."""
        try:
            check_alias(alias)
        except UsageError:
            if alias != "latest":
                self.report.left["aliases", "cannot be an alias here"] += 1
            return
        done = importing.put_alias(self._begin(), saved, alias) if saved is not None else True
        if done is None:
            self.report.left["aliases", "were moved in the catalog since"] += 1
        elif done:
            self.report.taken["aliases"] += 1
            self._has_changes = True

    def link(self, relation: Relation, source: Saved, target: Saved) -> None:
        """Note that one version rests on another."""
        artifacts.link(self._begin(), relation, source_key=source.key, target_key=target.key)

    def link_run(self, relation: Relation, run_id: str, saved: Saved) -> None:
        """Note a version as an input or output of a run that was taken before; a run that was not is passed over."""
        importing.link_run(self._begin(), relation, run_id, saved.key)

    def _gathered(
        self, connection: sqlite3.Connection | None, contents: Sequence[Content], root: Path | None
    ) -> tuple[list[NewFile], dict[str, Preview]]:
        found: list[NewFile] = []
        previews: dict[str, Preview] = {}
        names: set[str] = set()
        for each in contents:
            path = _manifest_path(each.path)
            if path is None or path in names:
                self.report.left["files", "their path leads out of the version, or is there twice"] += 1
                continue
            if each.content is not None:
                names.add(path)
                found.append(self._stored(connection, path, each.content))
                if len(previews) < saved_files.MAX_PREVIEWS:
                    previews[path] = preview(path, BytesIO(each.content), len(each.content))
                continue
            assert each.place is not None
            # Without a root, whoever gives the place has looked at it.
            if root is not None and not any(
                _is_within(home, each.place) for home in (root, *self.options.artifact_roots)
            ):
                self.report.left["files", "they lead out of the store"] += 1
                continue
            gathered = saved_files.gather(connection, [(path, each.place)])
            for skipped in gathered.skipped:
                self.report.left["files", f"cannot be read: {skipped.rpartition(': ')[2]}"] += 1
            if gathered.files:
                names.add(path)
                found += gathered.files
                if len(previews) < saved_files.MAX_PREVIEWS:
                    previews.update(gathered.previews)
        return found, previews

    def _stored(self, connection: sqlite3.Connection | None, path: str, content: bytes) -> NewFile:
        if connection is not None:
            blob_key, digest, size_bytes = blobs.store(connection, BytesIO(content))
            return NewFile(path, size_bytes, digest, blob_key, saved_files.media_type(path))
        import hashlib

        return NewFile(path, len(content), hashlib.sha256(content).digest(), None, saved_files.media_type(path))

    def folder_contents(
        self, folder: Path, *, root: Path, skip: Callable[[str], bool] = lambda _: False
    ) -> list[Content]:
        """List what a folder of the store holds, or the one file that it is, without following links."""
        if not _is_within(root, folder) and not any(_is_within(home, folder) for home in self.options.artifact_roots):
            self.report.left["files", "they lead out of the store"] += 1
            return []
        try:
            entries, secret = saved_files.entries_of(folder)
        except UsageError:
            return []
        if secret:
            self.report.left["files", "hold secrets by their names"] += len(secret)
        return [Content(name, place=place) for name, place in entries if not skip(name)]


class RunIntake:
    """Takes what belongs to one run. Whatever is given twice, the later counts; points are kept in order of arrival."""

    def __init__(self, intake: Intake, run_id: str, *, name: str, project: str, started_ms: int, source: str) -> None:
        self._intake = intake
        self.id = run_id
        self.name = _one_line(intake.text(name)) or "unnamed"
        self.project = intake.options.project or intake.name_of(project, "imported", what="projects")
        self.started_ms = _time_ms(started_ms)
        self._source = source
        self._params: dict[str, ParamValue] = {}
        self._tags: dict[str, str] = {}
        self._facts: dict[str, Any] = {}
        self._contexts: dict[str, Any] = {}
        self._status, self._ended_ms, self._heard_ms, self._deleted_ms, self._error = "finished", None, 0, None, ""  # type: tuple[str, int | None, int, int | None, str]
        self._key: int | None = None
        self._waiting: dict[
            tuple[str, str], list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]
        ] = {}
        self._waiting_count = 0
        self._series: dict[tuple[str, str], int] = {}
        self._links: list[tuple[Relation, Saved]] = []
        self._remarks: list[str] = []
        self._provenance: dict[str, Any] = {}
        self.point_count = 0
        self.damage = ""
        self._is_cut_off = False

    @property
    def is_damaged(self) -> bool:
        return bool(self.damage)

    @property
    def may_have_lost(self) -> bool:
        """Whether the source may have had more than could be read."""
        return bool(self.damage) or self._is_cut_off

    @property
    def is_deleted(self) -> bool:
        return self._deleted_ms is not None

    def params(self, params: Mapping[str, Any]) -> None:
        """Add params; nested ones are flattened with dots, secrets replaced."""
        for name, value in runs.flatten(params).items():
            if name == "":
                self._intake.report.left["params", "have no name"] += 1
                continue
            if name not in self._params:
                self._intake.report.taken["params"] += 1
            self._params[name] = self._intake.value(name, value)

    def text_params(self, params: Mapping[str, str]) -> None:
        """Add params that the source keeps as text: what is a number or truth value in Python's own writing becomes one."""
        for name, text in params.items():
            value = plain_value(text)
            if isinstance(value, float) and repr(value) != text:
                self._intake.report.changed["params", "numbers written another way: 1e-3 is 0.001"] += 1
            self.params({name: value})

    def tags(self, tags: Mapping[str, str]) -> None:
        for name, value in tags.items():
            if not name:
                continue
            if name not in self._tags:
                self._intake.report.taken["tags"] += 1
            self._tags[str(name)] = str(self._intake.value(name, str(value)))

    def about(self, **facts: Any) -> None:
        """Say what is known of the run: note, user, host, git_commit, git_branch, python, directory, command, parent_id, stage."""
        for name, value in facts.items():
            if value in (None, "", ()):
                continue
            if isinstance(value, str):
                value = self._intake.text(value)
            elif name == "command":
                value = [self._intake.text(str(part)) for part in value]
            self._facts[name] = value
            if name == "note":
                self._intake.report.taken["notes"] += 1

    def context(self, name: str, content: Any) -> None:
        """Keep what surrounded the run, by subject."""
        self._contexts[name] = _redacted(content, self._intake)

    def provenance(self, **facts: Any) -> None:
        """Say where the run came from: the source's id, the client and its version, the store."""
        self._provenance.update({name: value for name, value in facts.items() if value not in (None, "")})

    def status(self, status: str, *, ended_ms: int | None = None, heard_ms: int = 0, deleted_ms: int | None = None, error: str = "") -> None:  # fmt: skip
        """Say how the run ended, or that it goes on and was last heard of then."""
        self._status, self._error = status, self._intake.text(error)
        self._ended_ms = None if ended_ms is None else _time_ms(ended_ms)
        self._heard_ms = _time_ms(heard_ms)
        self._deleted_ms = None if deleted_ms is None else _time_ms(deleted_ms)

    def cleaned(self, text: str) -> str:
        """Take secrets out of a text that is about to be kept as a file."""
        return self._intake.redacted(text)

    def started(self, started_ms: int) -> None:
        """Correct when the run started, once it is known."""
        self.started_ms = _time_ms(started_ms)

    def points(self, name: str, steps: ArrayLike, times_ms: ArrayLike, values: ArrayLike, *, labels: str = "") -> None:
        """Add points of one series: three columns of one length, in order of arrival."""
        columns = (
            np.asarray(steps, np.int64), np.asarray(times_ms, np.int64), np.asarray(values, np.float64)
        )  # fmt: skip
        count = len(columns[2])
        if not count:
            return
        key = (name or "unnamed", labels)
        self._waiting.setdefault(key, []).append(columns)
        self._series[key] = self._series.get(key, 0) + count
        self._waiting_count += count
        self.point_count += count
        if self._waiting_count >= FLUSH_POINTS:
            self._flush()
            self._intake.report.taken["points"] += 0
            self._intake._tell(self.name)

    def _flush(self) -> None:
        waiting, self._waiting, self._waiting_count = self._waiting, {}, 0
        for (name, labels), parts in waiting.items():
            joined = (
                parts[0] if len(parts) == 1 else tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
            )
            self._intake.report.taken["points"] += len(joined[2])
            if self._intake._catalog is not None:
                importing.add_points(self._intake._begin(), self._here(), name, labels, joined[0], joined[1], joined[2])

    def output(self, name: str, *, kind: str, **told: Any) -> Saved | None:
        """Write a version that the run made; see `Intake.version`."""
        return self._linked("output", name, kind=kind, **told)

    def input(self, name: str, *, kind: str = "dataset", **told: Any) -> Saved | None:
        """Write a version that the run used; see `Intake.version`."""
        return self._linked("input", name, kind=kind, **told)

    def _linked(self, relation: Relation, name: str, **told: Any) -> Saved | None:
        saved = self._intake.version(told.pop("project", self.project), name, **told)
        if saved is not None:
            self._links.append((relation, saved))
        return saved

    def linked(self, relation: Relation, saved: Saved | None) -> None:
        """Note a version that is there already as an input or output."""
        if saved is not None:
            self._links.append((relation, saved))

    def left(self, what: str, why: str, count: int = 1) -> None:
        """Tell of something that is not taken."""
        if count:
            self._intake.report.left[what, why] += count

    def changed(self, what: str, why: str, count: int = 1) -> None:
        """Tell of something that is taken otherwise than it was."""
        if count:
            self._intake.report.changed[what, why] += count

    def remark(self, text: str) -> None:
        """Say something that the run's reader should know."""
        if text not in self._remarks:
            self._remarks.append(text)

    def damaged(self, text: str) -> None:
        """Mark the run: it is taken as far as it goes."""
        self.damage = self.damage or text
        self.remark(f"Imported as far as it goes: {text}")

    def cut_off(self, log: str) -> None:
        """Tell that a log ends within a record: its process was killed, or still writes."""
        self._is_cut_off = True
        self.remark(f"{log} ends within a record: its process was killed, or still writes.")
        self._intake.report.left[
            "ends of logs", "are cut off within a record: the process was killed, or still writes"
        ] += 1

    def _here(self) -> int:
        """Give the run's key, writing what is known of it if it is not there yet."""
        if self._key is None:
            self._key = importing.put_run(self._intake._begin(), self._new_run())
        return self._key

    def _new_run(self) -> NewRun:
        facts = {name: value for name, value in self._facts.items() if name in _RUN_FACTS}
        return NewRun(
            id=self.id, project=self.project, name=self.name, started_ms=self.started_ms, params=self._params, tags=self._tags,
            source=self._source, **facts,
        )  # fmt: skip

    def _finish(self, fingerprint: str) -> None:
        was_there = self._key is not None
        self._flush()
        self._intake.report.taken["series"] += len(self._series)
        if self._intake._catalog is None:
            return
        connection, key = self._intake._begin(), self._here()
        if was_there:  # since its first points, more may have been learnt
            importing.complete_run(connection, key, self._new_run())
        importing.unlink_run(connection, key)
        for relation, saved in self._links:
            pair = (key, saved.key) if relation == "output" else (saved.key, key)
            artifacts.link(connection, relation, source_key=pair[0], target_key=pair[1])
        importing.end_run(
            connection, key, status=self._status, ended_ms=self._ended_ms, heard_ms=self._heard_ms or self._ended_ms or 0,
            deleted_ms=self._deleted_ms, error=self._error,
        )  # fmt: skip
        for name, content in self._contexts.items():
            importing.put_context(connection, key, name, content)
        from artui import __version__

        importing.put_context(
            connection,
            key,
            importing.SUBJECT,
            {
                "format": self._intake._format,
                **self._provenance,
                "store": self._intake._location,
                "imported_ms": time.time_ns() // 1_000_000,
                "by": f"artui {__version__}",
                "fingerprint": fingerprint,
                "points": self.point_count,
            },
        )
        for text in self._remarks:
            importing.put_remark(connection, key, text)


_RUN_FACTS = frozenset({"note", "user", "host", "git_commit", "git_branch", "git_is_dirty", "python", "directory", "command", "parent_id", "stage"})  # fmt: skip
_EXPONENT = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")


class _Undo(Exception):
    """Rolls a transaction back."""


def plain_value(text: str) -> ParamValue:
    """Give the number or truth value that Python writes as this text, else the text itself."""
    if text in ("True", "False"):
        return text == "True"
    if _INTEGER.match(text):
        return int(text)
    if len(text) < 40:
        try:
            number = float(text)
        except ValueError:
            return text
        if repr(number) == text or (_EXPONENT.match(text) and abs(number) != float("inf")):
            return number
    return text


def replace_counters(report: Report) -> Report:
    """Copy a report, so that it can be gone back to."""
    return replace(
        report, runs=report.runs.copy(), taken=report.taken.copy(), changed=report.changed.copy(), left=report.left.copy(),
        damaged=list(report.damaged), facts=dict(report.facts),
    )  # fmt: skip


def restored(report: Report, before: Report) -> Report:
    """Go back to the counts of before, in the same object."""
    for name in ("runs", "taken", "changed", "left", "damaged", "damaged_count", "facts"):
        setattr(report, name, getattr(before, name))
    return report


def _fault_text(error: BaseException) -> str:
    if isinstance(error, SourceDamaged):
        return error.message
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return f"it is not what its format says ({type(error).__name__}: {ascii(str(error))[:120]})"


def _time_ms(time_ms: Any) -> int:
    try:
        found = int(time_ms)
    except (TypeError, ValueError, OverflowError):
        return 0
    return found if -_MAX_TIME_MS < found < _MAX_TIME_MS else 0


def _size_of(each: Content) -> int:
    if each.content is not None:
        return len(each.content)
    try:
        return each.place.lstat().st_size if each.place is not None else 0
    except OSError:
        return 0


def _is_within(root: Path, path: Path) -> bool:
    """Whether a path lies inside a folder once the links of its own folder are resolved; the last part may be a link, which is only listed."""
    home = os.path.realpath(root)
    try:
        real = os.path.realpath(path if path.is_dir() and not path.is_symlink() else path.parent)
    except (OSError, ValueError):
        return False
    return real == home or real.startswith(home.rstrip(os.sep) + os.sep)


def _common_place(contents: Sequence[Content]) -> str:
    """Give the folder, or the one file, that paths of a manifest are meant from."""
    first = contents[0] if contents else None
    if first is None or first.place is None:
        return ""
    whole = os.path.abspath(first.place)
    is_single = len(contents) == 1 and first.path == first.place.name
    return whole if is_single else whole.removesuffix(first.path).rstrip(os.sep)


def _manifest_path(path: str) -> str | None:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in path or path.startswith("/"):
        return None
    return runs.storable("/".join(parts))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_NAME]


def _redacted(content: Any, intake: Intake, name: str = "", depth: int = 0) -> Any:
    if depth > 20:
        return None
    if isinstance(content, str):
        return intake.value(name, content) if name else intake.text(content)
    if isinstance(content, Mapping):
        return {str(key): _redacted(value, intake, str(key), depth + 1) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_redacted(value, intake, name, depth + 1) for value in content]
    return content
