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
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

from artui.catalog import Catalog, blobs, importing, opening, runs
from artui.catalog.artifacts import NewFile, NewVersion, Saved
from artui.catalog.importing import Known
from artui.content import files as saved_files
from artui.content import walking
from artui.errors import CatalogError, UsageError
from artui.exchange.intake.faults import FAULTS
from artui.exchange.intake.identity import History, Identity, assigned, logs_of
from artui.exchange.intake.report import Report
from artui.exchange.intake.run import MAX_NAME, RunIntake, bounded_ms
from artui.exchange.reading import files as reading
from artui.exchange.reading.files import is_clutter
from artui.exchange.reading.pointers import pointer_of
from artui.model import DELETED_IN_SOURCE, Preview, Relation, stage_of
from artui.preview import preview
from artui.reference import check_alias, check_name
from artui.secrets import Redactor
from artui.settings import load_settings

__all__ = ["Content", "Intake", "Options", "Progress", "Saved"]

COMMIT_SECONDS = 0.5
MAX_TEXT_BYTES = reading.MAX_TEXT_BYTES
"""Of a param, tag, note or other text beside a run: as large as a file of them may be. A larger one is left, and none is cut:
the half of a JSON text is none."""
NOT_HERE = "not here: a "
"""How the note begins of a file of which only a pointer is here."""
PLAIN_LOGS = "tensorboard"
"""The format whose logs others have, too, as a part of their runs."""
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


class Intake:
    """Takes runs and versions of one store into one catalog."""

    def __init__(
        self, catalog: Catalog | None, format: str, location: str, *, options: Options | None = None, progress: Progress | None = None,
        known: Mapping[str, Known] | None = None, history_of: Callable[[Known], History] | None = None,
        statuses: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.report = Report(format, location)
        self.options = options or Options()
        self._catalog = catalog
        self._format, self._location = format, location
        self._progress = progress
        self._redactor = catalog.redactor if catalog is not None else Redactor("")
        self._known: dict[str, Known] = dict(known or {})
        self._history_of = history_of
        self._statuses: dict[str, str] = {} if statuses is None else statuses
        """By id how each run stands that this import, of several stores, has met."""
        self._elsewhere: dict[str, dict[str, Known]] = {}
        """Runs of other formats, by format and id."""
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
                by_format = importing.known_by_format(connection)
            self._known = by_format.pop(self._format, {})
            self._elsewhere = by_format
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        catalog = self._catalog
        if catalog is None:
            return
        if not isinstance(error, CatalogError | sqlite3.Error):
            # What was finished before an interruption is kept, with the report of it.
            self._finish()
            return
        # A statement that was broken off, as by ctrl+c within it, undoes its own run; a full disk may undo all.
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._finish()
        except (CatalogError, sqlite3.Error):
            pass
        finally:
            self._abandon()
        with opening.border(catalog.path):
            raise error

    def _finish(self) -> None:
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

    def ids_of(self, identities: Sequence[Identity]) -> list[str]:
        """Give each run of the source the id of the run of the catalog that it is, or a new one; see `identity`."""
        stamped = [replace(each, fingerprint=self._stamped(each.fingerprint)) for each in identities]
        logs = {mark for each in identities for mark in logs_of(each.witnesses)}
        # Event files may have been imported by themselves, before what they belong to was there.
        alone = self._elsewhere.get(PLAIN_LOGS, {})
        self._known |= {run_id: run for run_id, run in alone.items() if logs & run.witnesses}
        return assigned(stamped, self._known, self._history, self.run_id)

    def belongs_to(self, identity: Identity) -> str:
        """Give the format of the run that has these logs already, as a trainer's has its event files; empty if none has."""
        logs = logs_of(identity.witnesses)
        return next(
            (
                format
                for format, known in self._elsewhere.items()
                if any(logs & run.witnesses for run in known.values())
            ),
            "",
        )

    def _history(self, known: Known) -> History:
        if self._catalog is not None:
            return importing.points_of(self._begin(), known.key)
        return self._history_of(known) if self._history_of is not None else {}

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
        self._statuses.setdefault(run_id, "")
        self._tell(run_id)
        return True

    def _stamped(self, fingerprint: str) -> str:
        """Add what of the options changes the outcome."""
        return f"{fingerprint}|{self.options.project}" if self.options.project else fingerprint

    @contextlib.contextmanager
    def run(
        self, run_id: str, *, fingerprint: str, name: str, project: str, started_ms: int, source: str, identity: Identity | None = None
    ) -> Iterator[RunIntake]:  # fmt: skip
        """Take one run: all of it at the end, or nothing if it is broken off, or has fewer points than the catalog.

        What reading it may raise over damaged bytes ends it as far as it came, marked as damaged.
        """
        taken = RunIntake(self, run_id, name=name, project=project, started_ms=started_ms, source=source)
        if identity is not None:
            taken.provenance(place=identity.place, witnesses=sorted(identity.witnesses), hints=sorted(identity.hints))
        before = self.report.copy()
        self._is_in_run = True
        connection = self._begin() if self._catalog is not None else None
        if connection is not None:
            connection.execute("SAVEPOINT run")
        try:
            try:
                yield taken
            except FAULTS as error:
                taken.fault(error)
            known = self._known.get(run_id)
            is_shorter = known is not None and taken.point_count < known.point_count and not taken.takes_back
            is_copy = not is_shorter and self._is_copy(taken, known)
            is_shorter = (is_shorter or is_copy) and not taken.has_gained()
            if not is_shorter:
                taken._finish(self._stamped(fingerprint))
        except BaseException:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK TO run")
                connection.execute("RELEASE run")
            self.report.go_back(before)
            raise
        finally:
            self._is_in_run = False
        if is_shorter:
            if connection is not None:
                connection.execute("ROLLBACK TO run")
            self.report.go_back(before)
            if is_copy:
                self.report.left["runs", "are copies of runs of another store of this import"] += 1
            else:
                self._count_shorter(taken, name)
        else:
            self._statuses[run_id] = taken.status_word
            self._count_taken(taken, is_new=run_id not in self._known)
            self._known[run_id] = Known(0, self._stamped(fingerprint), taken.point_count)
        if connection is not None:
            connection.execute("RELEASE run")
            if time.monotonic() - self._opened_at > COMMIT_SECONDS:
                self._commit()
        self._tell(name)

    def _is_copy(self, taken: RunIntake, known: Known | None) -> bool:
        """Whether a run has come from another store of this import, which may say more of how it ended."""
        before = self._statuses.get(taken.id)
        if known is None or before is None or taken.point_count > known.point_count:
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
        found = self.word(str(text or "").strip())
        fit = _UNFIT.sub("-", found).strip()[:MAX_NAME].strip()
        if not fit:
            fit = fallback
        elif fit != found:
            self.report.changed[what, "the name cannot be referred to as it was: characters replaced"] += 1
        return check_name(fit, what=what)

    def word(self, text: str) -> str:
        """Take secrets out of a name that references are made of."""
        before = self._redactor.count
        cleaned = self._redactor.name(text)
        self._count_secrets(before)
        return cleaned

    def command(self, parts: Sequence[str]) -> list[str]:
        """Take secrets out of a command line."""
        before = self._redactor.count
        cleaned = self._redactor.command(parts)
        self._count_secrets(before)
        return cleaned

    def text(self, text: str) -> str:
        """Take secrets out of a text; one that is larger than any real one is left."""
        return self.redacted(text) if self.is_kept("texts", text) else ""

    def is_kept(self, what: str, text: Any, name: str = "") -> bool:
        """Say whether a text is not too large to be kept; one that is, is told of by its name."""
        if not isinstance(text, str) or len(text) * 4 <= MAX_TEXT_BYTES:
            return True
        if len(text.encode("utf-8", "surrogatepass")) <= MAX_TEXT_BYTES:
            return True
        said = f"are larger than {MAX_TEXT_BYTES:,} bytes"
        self.report.left[what, f"{said}: {name[:200]!a}" if name else said] += 1
        return False

    def redacted(self, text: str) -> str:
        """Take secrets out of a text of any length."""
        before = self._redactor.count
        cleaned = self._redactor.text(text)
        self._count_secrets(before)
        return cleaned

    def value(self, name: str, value: Any) -> Any:
        """Take secrets out of a value, whole if its name says that it is one."""
        if not self.is_kept("texts", value):
            return ""
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
        facts = {
            str(key): self.value(str(key), value)
            for key, value in (metadata or {}).items()
            if self.is_kept("metadata", value, str(key))
        }
        size_bytes = sum(_size_of(each) for each in contents)
        embed = size_bytes <= load_settings().embed_limit_bytes
        connection = self._begin() if self._catalog is not None else None
        gathered, previews = self._gathered(connection if embed else None, contents, root)
        if contents and not gathered:
            self.report.left["versions", "none of their files could be read"] += 1
            return None
        is_absent = not gathered
        # Their bytes may be fetched yet, to where the others are.
        has_pointers = any(file.note.startswith(NOT_HERE) for file in gathered)
        if connection is None:
            self._count_version(gathered, is_embedded=embed)
            return None
        saved = importing.put_version(
            connection,
            NewVersion(
                project=project, name=name, kind=kind or "files", stage=stage or stage_of(kind, "modelling"), files=gathered,
                storage="embedded" if embed and not is_absent and not has_pointers else "referenced",
                location=location or _common_place(contents), note=self.text(note), metadata=facts,
                previews=previews, created_ms=bounded_ms(created_ms),
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
        elif any(file.note.startswith(NOT_HERE) for file in gathered):
            self.report.changed["versions", "hold files that were not fetched: kept as references"] += 1
        elif not is_embedded:
            self.report.changed["versions", "larger than the limit for embedding: referenced where they are"] += 1

    def alias(self, saved: Saved | None, alias: str) -> None:
        """Let an alias name a version as the source says."""
        alias = self.word(alias)
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

    def keep_aliases(self, saved: Saved | None, names: Iterable[str]) -> None:
        """Let an artifact have no aliases but these, which are all that its source has, and those that people gave."""
        if saved is not None and importing.keep_aliases(
            self._begin(), saved.artifact_key, map(self._redactor.name, names)
        ):
            self._has_changes = True

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
            if (pointer := pointer_of(each.place)) is not None:
                names.add(path)
                found.append(
                    NewFile(
                        path,
                        pointer.size_bytes,
                        pointer.digest,
                        None,
                        saved_files.media_type(path),
                        note=f"{NOT_HERE}{pointer.title} pointer",
                    )
                )
                self.report.add_pointer(each.place, pointer.sentence)
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
            listing = walking.entries_of(folder)
        except UsageError:
            return []
        if listing.secret:
            self.report.left["files", "hold secrets by their names"] += len(listing.secret)
        if listing.unlisted:
            self.report.left["folders", "cannot be listed"] += len(listing.unlisted)
        return [
            Content(name, place=place)
            for name, place in listing.entries
            if not skip(name) and not any(map(is_clutter, name.split("/")))
        ]


class _Undo(Exception):
    """Rolls a transaction back."""


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
