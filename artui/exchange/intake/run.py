"""One run on its way into a catalog: gathered from an importer, and written whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from artui import clock
from artui.catalog import artifacts, context, importing, keeping, runs
from artui.catalog.runs import NewRun
from artui.errors import SourceIsPointer
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.words import Words, bounded, bounded_ms, one_line, plain_value, storable
from artui.version import VERSION

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from artui.catalog.artifacts import Saved
    from artui.exchange.intake.batches import Batches
    from artui.exchange.intake.candidates import Candidate
    from artui.exchange.intake.options import Options
    from artui.exchange.intake.report import Report
    from artui.exchange.intake.versions import Versions
    from artui.model import ParamValue, Relation

    Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
    """Steps, times in milliseconds, values."""

FLUSH_POINTS = 1 << 18
SHOWN_DAMAGES = 3
"""How many damages of a run its line of the report names."""
REMARKED_DAMAGES = 20
"""How many damages become remarks of the run."""
_RUN_FACTS = frozenset({"note", "user", "host", "git_commit", "git_branch", "git_is_dirty", "python", "directory", "command", "parent_id", "stage"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """What all runs of one store have in common."""

    report: Report
    options: Options
    words: Words
    batches: Batches
    versions: Versions
    show: Callable[[str], None]
    """Says which run is being taken."""


class RunIntake:
    """Takes everything of one run. A value that is given again replaces the earlier one; points are kept in order of arrival."""

    def __init__(self, shared: Shared, candidate: Candidate[Any], run_id: str) -> None:
        self._report, self._words = shared.report, shared.words
        self._batches, self._versions = shared.batches, shared.versions
        self._show = shared.show
        self._forced_project = shared.options.project
        self.id = run_id
        self.name = one_line(self._words.text(candidate.name)) or "unnamed"
        self.project = self._forced_project or self._words.referable(candidate.project, "imported", what="projects")
        self.started_ms = bounded_ms(candidate.started_ms)
        self._source = candidate.source
        self._params: dict[str, ParamValue] = {}
        self._tags: dict[str, str] = {}
        self._facts: dict[str, Any] = {}
        self._contexts: dict[str, Any] = {}
        self._status, self._error = "finished", ""
        self._ended_ms: int | None = None
        self._heard_ms = 0
        self._duration_ms: int | None = None
        self._deleted_ms: int | None = None
        self._key: int | None = None
        self._waiting: dict[tuple[str, str], list[Columns]] = {}
        """Points that are not written yet, by name and labels."""
        self._waiting_count = 0
        self._series: set[tuple[str, str]] = set()
        self._links: list[tuple[Relation, Saved]] = []
        self._names: dict[str, str] = {}
        """Names of metrics without secrets, by their names in the source."""
        self._remarks: list[str] = []
        self._provenance: dict[str, Any] = {}
        self.point_count = 0
        self._damages: list[str] = []
        self._is_cut_off = False
        self._first_ms = self._about_ms = 0
        self.takes_back = False
        """Whether the source itself has taken back some of its points."""
        self.comes_again = False
        """Whether a part could not be had this time: the next import takes the run once more, though its source is as it was."""
        self.keeps_links = False
        """Whether the versions that the catalog links with it stay linked, since those of the source could not be had."""
        self.has_path_name = False
        """Whether its name is its path below the imported folder."""
        self.is_in_pieces = False
        """Whether the source keeps the run in several files: points from files that are gone stay in the catalog."""
        identity = candidate.identity
        self.provenance(
            place=identity.place, witnesses=sorted(identity.witnesses) or None, hints=sorted(identity.hints) or None
        )

    @property
    def is_damaged(self) -> bool:
        """Whether anything of the run was damaged."""
        return bool(self._damages)

    @property
    def damage(self) -> str:
        """What is wrong with the run, in one line; empty when nothing is."""
        more = len(self._damages) - SHOWN_DAMAGES
        return "; ".join(self._damages[:SHOWN_DAMAGES]) + (f"; and {more:,} more" if more > 0 else "")

    @property
    def may_have_lost(self) -> bool:
        """Whether the source may have had more than could be read."""
        return self.is_damaged or self._is_cut_off

    @property
    def is_deleted(self) -> bool:
        """Whether the source has deleted the run."""
        return self._deleted_ms is not None

    def params(self, params: Mapping[str, Any]) -> None:
        """Add params; nested ones are flattened with dots, secrets replaced."""
        for name, value in runs.flatten(params).items():
            if name == "":
                self._report.left["params", "have no name"] += 1
                continue
            if not self._words.is_kept("params", value, name) or not (kept := self._words.text(name)):
                continue
            if kept not in self._params:
                self._report.taken["params"] += 1
            self._params[kept] = self._words.value(name, value)

    def text_params(self, params: Mapping[str, str]) -> None:
        """Add params that the source keeps as text; numbers and truth values as Python writes them are converted."""
        for name, text in params.items():
            value = plain_value(text)
            if isinstance(value, float) and repr(value) != text:
                self._report.changed["params", "numbers written another way: 1e-3 is 0.001"] += 1
            self.params({name: value})

    def tags(self, tags: Mapping[str, str]) -> None:
        """Add tags, without secrets; one without a name is left out."""
        for name, value in tags.items():
            if not name:
                self._report.left["tags", "have no name"] += 1
                continue
            if not self._words.is_kept("tags", value, str(name)) or not (kept := self._words.text(str(name))):
                continue
            if kept not in self._tags:
                self._report.taken["tags"] += 1
            self._tags[kept] = str(self._words.value(str(name), str(value)))

    def about(self, **facts: Any) -> None:
        """Set facts of the run: note, user, host, git_commit, git_branch, python, directory, command, parent_id, stage."""
        for name, value in facts.items():
            if value in (None, "", ()):
                continue
            if isinstance(value, str):
                value = self._words.text(value)
            elif name == "command":
                value = self._words.command([str(part) for part in value])
            self._facts[name] = value
            if name == "note":
                self._report.taken["notes"] += 1

    def context(self, name: str, content: Any) -> None:
        """Keep what is known of the run's surroundings, by subject."""
        self._contexts[name] = self._words.value("", bounded(content))

    def provenance(self, **facts: Any) -> None:
        """Add to what is kept about the run's origin: the source's id, the client and its version, the store."""
        self._provenance.update(storable({name: fact for name, fact in facts.items() if fact not in (None, "")}))

    def status(self, status: str, *, ended_ms: int | None = None, heard_ms: int = 0, deleted_ms: int | None = None, error: str = "", duration_ms: int | None = None) -> None:  # fmt: skip
        """Set how the run ended; of one that is still running, when it last logged something. A duration is what a clock of its own says."""
        self._duration_ms = None if duration_ms is None else max(0, bounded_ms(duration_ms))
        self._status, self._error = status, self._words.text(error)
        self._ended_ms = None if ended_ms is None else bounded_ms(ended_ms)
        self._heard_ms = bounded_ms(heard_ms)
        self._deleted_ms = None if deleted_ms is None else bounded_ms(deleted_ms)

    def cleaned(self, text: str) -> str:
        """Take secrets out of a text that is about to be kept as a file."""
        return self._words.redacted(text)

    def started(self, started_ms: int) -> None:
        """Set when the run started."""
        self.started_ms = bounded_ms(started_ms)

    def started_about(self, time_ms: int) -> None:
        """Set an estimate of when the run started, such as a file's time; used if nothing else says it."""
        self._about_ms = bounded_ms(time_ms)

    def points(self, name: str, steps: ArrayLike, times_ms: ArrayLike, values: ArrayLike, *, labels: str = "") -> None:
        """Add points of one series: three columns of one length, in order of arrival."""
        columns = (
            np.asarray(steps, np.int64), np.asarray(times_ms, np.int64), np.asarray(values, np.float64)
        )  # fmt: skip
        count = len(columns[2])
        if not count:
            return
        if not (cleaned := self._clean_name(name)) and name:
            return  # larger than any real name: counted when it first came
        key = (cleaned or "unnamed", labels)
        self._waiting.setdefault(key, []).append(columns)
        self._series.add(key)
        self._waiting_count += count
        self.point_count += count
        if not self.started_ms and len(timed := columns[1][columns[1] > 0]):
            first_ms = int(timed.min())
            self._first_ms = min(first_ms, self._first_ms or first_ms)
        if self._waiting_count >= FLUSH_POINTS:
            self._flush()
            self._show(self.name)

    def _clean_name(self, name: str) -> str:
        """Take secrets out of a metric's name; they are counted once for each name."""
        if name not in self._names:
            self._names[name] = self._words.text(name)
        return self._names[name]

    def _flush(self) -> None:
        waiting, self._waiting, self._waiting_count = self._waiting, {}, 0
        for (name, labels), parts in waiting.items():
            joined = (
                parts[0] if len(parts) == 1 else tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
            )
            self._report.taken["points"] += len(joined[2])
            if not self._batches.is_dry:
                importing.add_points(
                    self._batches.begin(), self._stored_key(), name, labels, joined[0], joined[1], joined[2]
                )

    def output(self, name: str, *, kind: str, **version: Any) -> Saved | None:
        """Write a version that the run made; see `Versions.put`."""
        return self._put_linked("output", name, kind=kind, **version)

    def input(self, name: str, *, kind: str = "dataset", **version: Any) -> Saved | None:
        """Write a version that the run used; see `Versions.put`."""
        return self._put_linked("input", name, kind=kind, **version)

    def used(
        self, name: str, *, project: str, kind: str, stage: str, digest: str, number: int, size_bytes: int
    ) -> Saved | None:
        """Link a version that the run used, by the digest of its files: one that is here, else one that says no more than that."""
        saved = self._versions.find(project, name, digest)
        if saved is None and not self._versions.is_counted(project, name, digest):
            facts = {"project": project, "number": number, "digest": digest, "size_bytes": size_bytes}
            saved = self._versions.put(
                project, name, kind=kind, stage=stage, location=f"artui:{name}:v{number}", created_ms=self.started_ms, identity=("used", digest), metadata=facts
            )  # fmt: skip
        self.link("input", saved)
        return saved

    def _put_linked(self, relation: Relation, name: str, **version: Any) -> Saved | None:
        saved = self._versions.put(self.project, name, **version)
        if saved is not None:
            self._links.append((relation, saved))
        return saved

    def link(self, relation: Relation, saved: Saved | None) -> None:
        """Link a version that was written already as an input or output."""
        if saved is not None:
            self._links.append((relation, saved))

    def left(self, what: str, why: str, count: int = 1) -> None:
        """Count something that is not taken."""
        if count:
            self._report.left[what, why] += count

    def changed(self, what: str, why: str, count: int = 1) -> None:
        """Count something that is taken in another form."""
        if count:
            self._report.changed[what, why] += count

    def remark(self, text: str) -> None:
        """Add a remark for readers of the run."""
        if text not in self._remarks:
            self._remarks.append(text)

    def damaged(self, text: str) -> None:
        """Mark the run as damaged; it is taken as far as it can be read."""
        if text in self._damages:
            return
        self._damages.append(text)
        if len(self._damages) <= REMARKED_DAMAGES:
            self.remark(f"Imported as far as it goes: {text}")

    def fault(self, error: BaseException, what: str = "") -> None:
        """Note what reading a part of the run raised: only that part is not taken. A file that was not fetched is no damage."""
        if isinstance(error, SourceIsPointer):
            self._report.add_pointer(error.path, error.sentence)
            self.remark(f"{error.message}")
            self._is_cut_off = True
            return
        text = fault_text(error)
        self.damaged(f"{what}: {text}" if what else text)

    @contextlib.contextmanager
    def piece(self, what: str) -> Iterator[None]:
        """Read one piece of the run: if it is damaged, only that piece is lost."""
        try:
            yield
        except FAULTS as error:
            self.fault(error, what)

    def cut_off(self, log: str) -> None:
        """Note that a log ends within a record: its process was killed, or still writes."""
        self._is_cut_off = True
        self.remark(f"{log} ends within a record: its process was killed, or still writes.")
        self._report.left["ends of logs", "are cut off within a record: the process was killed, or still writes"] += 1

    def _stored_key(self) -> int:
        """Give the run's key in the catalog; writes the run if that was not done yet."""
        if self._key is None:
            self._keep_name()
            self._key = importing.put_run(self._batches.begin(), self._new_run())
        return self._key

    def _keep_name(self) -> None:
        """Keep the name that the catalog has, if the new one is a longer or shorter form of the same path."""
        before = importing.name_of(self._batches.begin(), self.id) if self.has_path_name else None
        if before is not None and (
            f"/{before[0]}".endswith(f"/{self.name}") or f"/{self.name}".endswith(f"/{before[0]}")
        ):
            self.name = before[0]
            self.project = self._forced_project or before[1]
            if before[2] is not None:
                self._facts["parent_id"] = before[2]

    def _new_run(self) -> NewRun:
        facts = {name: value for name, value in self._facts.items() if name in _RUN_FACTS}
        return NewRun(
            id=self.id, project=self.project, name=self.name, started_ms=self.started_ms or self._first_ms or self._about_ms, params=self._params, tags=self._tags,
            source=self._source, **facts,
        )  # fmt: skip

    @property
    def status_word(self) -> str:
        """How the run stands: `finished`, `failed`, `killed` or `running`."""
        return self._status

    def has_gained(self) -> bool:
        """Say whether a run that has fewer points than the catalog also has some that the catalog lacks."""
        if self._batches.is_dry or not self.point_count or not self.is_in_pieces or self.may_have_lost:
            return False
        self._flush()
        return keeping.has_gained(self._batches.begin(), self._stored_key())

    def finish(self, fingerprint: str) -> None:
        """Write everything that is not written yet."""
        was_there = self._key is not None
        self._flush()
        self._report.taken["series"] += len(self._series)
        if self._batches.is_dry:
            return
        connection, key = self._batches.begin(), self._stored_key()
        if was_there:  # more may be known than when its first points were written
            importing.complete_run(connection, key, self._new_run())
        kept_count = keeping.settle(connection, key, is_whole=self.takes_back or not self.is_in_pieces)
        self.left("points", "are not there any more: what the catalog had of them was kept", kept_count)
        if kept_count:
            importing.start_by_points(connection, key)
        self.point_count = max(self.point_count, importing.count_points(connection, key))
        if not self.keeps_links:
            importing.unlink_run(connection, key)
        for relation, saved in self._links:
            pair = (key, saved.key) if relation == "output" else (saved.key, key)
            artifacts.link(connection, relation, source_key=pair[0], target_key=pair[1])
        importing.end_run(
            connection, key, status=self._status, ended_ms=self._ended_ms, heard_ms=self._heard_ms or self._ended_ms or 0,
            deleted_ms=self._deleted_ms, error=self._error, duration_ms=self._duration_ms,
        )  # fmt: skip
        for name, content in self._contexts.items():
            if not importing.put_context(connection, key, name, content):
                self.left("facts about runs", f"are longer than {context.MAX_CHARS:,} characters: {name!a}")
        importing.put_context(connection, key, importing.SUBJECT, self._origin("" if self.comes_again else fingerprint))
        for text in self._remarks:
            importing.put_remark(connection, key, text)

    def _origin(self, fingerprint: str) -> dict[str, Any]:
        """Give what is kept about the run's origin, by which the next import recognises it."""
        return {
            "format": self._report.format,
            "title": self._report.title,
            **self._provenance,
            "store": storable(self._report.location),
            "imported_ms": clock.now_ms(),
            "by": f"artui {VERSION}",
            "fingerprint": fingerprint,
            "points": self.point_count,
        }
