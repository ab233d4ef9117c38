"""One run, one version, and what they lead to, for Python.

Both are here: a run leads to the versions that it used and made, and a version to the run that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

from artui.errors import ContentMissing, UnknownReference
from artui.model.criteria import REQUIREMENT

if TYPE_CHECKING:
    import os

    from artui.model import (
        Approval,
        Change,
        ManifestFile,
        ParamValue,
        Preview,
        RunDetail,
        RunHead,
        Series,
        Summary,
        VersionDetail,
        VersionHead,
    )
    from artui.model.criteria import Defined, Verdict
    from artui.model.profiles import TableProfile
    from artui.query.reader import Reader
    from artui.query.runs.several import Several
    from artui.query.tables import Table

MAX_LOG_BYTES = 4 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NAMED_MOST = 3
_FEW_FILES = 1_000
"""Of a version with more files only some are read at first."""


class Page:
    """Some runs that are read together: the params of the first one that is asked are read for all of them."""

    def __init__(self, reader: Reader, keys: Sequence[int]) -> None:
        self.reader = reader
        self._keys = keys

    def runs(self) -> Iterator[Run]:
        """Give those that are still there, in order."""
        from artui.query.runs.rows import run_rows

        rows = run_rows(self.reader, self._keys, [])
        for key in self._keys:
            if key in rows:
                yield Run(self, rows[key].head)

    @cached_property
    def several(self) -> Several:
        """Their params, metrics, tags and notes."""
        from artui.query.runs.several import several_runs

        return several_runs(self.reader, self._keys)


class Run:
    """One run. What it holds is read when it is first asked for, and stays as it was then."""

    def __init__(self, page: Page, head: RunHead) -> None:
        self._page = page
        self._head = head

    # What a list has of it

    @property
    def id(self) -> str:
        """Its id: a ULID, the same in all catalogs."""
        return self._head.id

    @property
    def name(self) -> str:
        """Its name, such as `calm-otter-7`."""
        return self._head.name

    @property
    def project(self) -> str:
        """Its project."""
        return self._head.project

    @property
    def status(self) -> str:
        """`running`, `finished`, `failed`, `killed`, or `lost` if it has not been heard of for a minute."""
        return self._head.status

    @property
    def stage(self) -> str:
        """`requirements`, `data`, `modelling` or `operations`."""
        return self._head.stage

    @property
    def started(self) -> datetime | None:
        """When it started, in UTC; None if that is not known."""
        return moment(self._head.started_ms or None)

    @property
    def ended(self) -> datetime | None:
        """When it ended, in UTC; None while it runs, or if that is not known."""
        return moment(self._head.ended_ms)

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None while it runs, or if that is not known."""
        return span(self._head.duration_ms)

    @property
    def damaged(self) -> tuple[str, ...]:
        """Words for the parts of it that are damaged in the catalog."""
        return self._detail.damaged

    # What it was given and what it measured

    @property
    def params(self) -> Mapping[str, ParamValue]:
        """Its params by name: numbers, texts, bools, lists, dicts or None."""
        return self._page.several.params.get(self._head.key, {})

    @property
    def metrics(self) -> Metrics:
        """Its metrics by name, each with its last value."""
        return Metrics(self, self._page.several.metrics.get(self._head.key, {}))

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags by name; one without a value is an empty text."""
        return self._page.several.tags.get(self._head.key, {})

    @property
    def note(self) -> str:
        """What somebody wrote about it."""
        return self._page.several.notes.get(self._head.key, "")

    def series(self, name: str, labels: str = "") -> Series:
        """Give all points of one metric in order of arrival; its `arrays()` are steps, times in ms and values.

        Args:
            labels: which of several processes, such as `rank=3`.

        Raises:
            UnknownReference: the run has no such metric.
        """
        from artui.query.series.points import get_series

        return get_series(self._page.reader, self.id, name, labels)

    def log(self, name: str = "", *, max_bytes: int = MAX_LOG_BYTES) -> str:
        """Give the end of what it printed, or of another of its logs.

        Args:
            name: one of `logs`; by default the first.
            max_bytes: a longer log is cut at its start.

        Raises:
            UnknownReference: the run has no log, or none of that name.
            ContentMissing: the bytes are not in the catalog, and not on this machine.
        """
        from artui.query.logs import open_log

        heads = {head.title: head for head in self._log_heads}
        if not heads or (name and name not in heads):
            raise UnknownReference(
                f"{self.name} has no log{f' {name!r}' if name else ''}.",
                remedy=f"It has {', '.join(heads)}." if heads else "",
            )
        source = open_log(self._page.reader, heads[name] if name else next(iter(heads.values())))
        try:
            size = source.size()
            start = max(0, size - max_bytes)
            return source.read(start, size - start).decode("utf-8", "replace")
        finally:
            source.close()

    @property
    def logs(self) -> tuple[str, ...]:
        """The names of its logs."""
        return tuple(head.title for head in self._log_heads)

    @cached_property
    def _log_heads(self) -> Sequence[Any]:
        from artui.query.logs import log_sources

        return log_sources(self._page.reader, self._detail)

    # Where it came from and what it belongs to

    @property
    def context(self) -> Mapping[str, Any]:
        """What surrounded it, by subject: `code`, `variables`, `seeds`, `hardware`, `job`, `exit`…"""
        return self._detail.context

    @property
    def user(self) -> str:
        """Who ran it."""
        return self._detail.user

    @property
    def host(self) -> str:
        """The machine that it ran on."""
        return self._detail.host

    @property
    def command(self) -> tuple[str, ...]:
        """The command line that started it."""
        return self._detail.command

    @property
    def commit(self) -> str:
        """The git commit of its code; empty if there was none."""
        return self._detail.git_commit

    @property
    def error(self) -> str:
        """What ended a failed run, with its traceback; empty otherwise."""
        return self._detail.error

    @property
    def inputs(self) -> tuple[Version, ...]:
        """The versions that it used."""
        return self._versions(self._detail.inputs)

    @property
    def outputs(self) -> tuple[Version, ...]:
        """The versions that it made."""
        return self._versions(self._detail.outputs)

    @property
    def parent(self) -> Run | None:
        """The run that it is part of; None if there is none in this catalog."""
        parent_id = self._head.parent_id
        return None if parent_id is None else run_of_id(self._page.reader, parent_id)

    @property
    def children(self) -> tuple[Run, ...]:
        """The runs that are part of it, in the order in which they started."""
        return runs_of(self._page.reader, self._detail.children)

    def _versions(self, heads: Sequence[Any]) -> tuple[Version, ...]:
        return tuple(Version(self._page.reader, head) for head in heads)

    @cached_property
    def _detail(self) -> RunDetail:
        from artui.query.run import get_run

        return get_run(self._page.reader, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Run {self.name}: {self.status}>"


class Metrics(Mapping[str, float]):
    """The metrics of a run: by name the last value, which may be NaN or infinite.

    Of a metric that several processes logged, this is the value of the first by labels.
    """

    def __init__(self, run: Run, lasts: Mapping[str, float]) -> None:
        self._run = run
        self._lasts = lasts

    def __getitem__(self, name: str) -> float:
        return self._lasts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lasts)

    def __len__(self) -> int:
        return len(self._lasts)

    def summary(self, name: str, labels: str | None = None) -> Summary:
        """Give what a series says at a glance: count, first, last, min, max, mean, and the steps of min and max.

        Args:
            labels: which of several processes; by default the one whose last value is given.

        Raises:
            UnknownReference: the run has no such metric.
        """
        for metric in self._run._detail.metrics:
            if metric.name == name and labels in (None, metric.labels):
                return metric.summary
        raise UnknownReference(
            f"{self._run.name} has no metric {name!r}{f' of {labels}' if labels else ''}.",
            remedy="`artui show RUN` lists them.",
        )

    def labels(self, name: str) -> tuple[str, ...]:
        """Give what tells the processes apart that logged a metric, such as `rank=3`; an empty text for one process."""
        return tuple(metric.labels for metric in self._run._detail.metrics if metric.name == name)

    def __repr__(self) -> str:
        return repr(dict(self._lasts))


class Version:
    """One state of an artifact, which never changes."""

    def __init__(self, reader: Reader, head: VersionHead) -> None:
        self._reader = reader
        self._head = head

    @property
    def id(self) -> str:
        """Its id: a ULID, the same in all catalogs."""
        return self._head.id

    @property
    def reference(self) -> str:
        """What names it: `digits-model:v3`."""
        return self._head.reference

    @property
    def artifact(self) -> str:
        """The name of its artifact."""
        return self._head.artifact

    @property
    def project(self) -> str:
        """Its project."""
        return self._head.project

    @property
    def kind(self) -> str:
        """What it is: `dataset`, `model`, `checkpoint`, `report`…"""
        return self._head.kind

    @property
    def stage(self) -> str:
        """`requirements`, `data`, `modelling` or `operations`."""
        return self._head.stage

    @property
    def number(self) -> int:
        """Its number: 1, 2, 3…"""
        return self._head.number

    @property
    def digest(self) -> str:
        """SHA-256 of its manifest as hex; empty while a file of it is not hashed."""
        return self._head.digest

    @property
    def size_bytes(self) -> int:
        """The size of all its files."""
        return self._head.size_bytes

    @property
    def created(self) -> datetime | None:
        """When it was saved, in UTC; None if that is not known."""
        return moment(self._head.created_ms or None)

    @property
    def storage(self) -> str:
        """`embedded` in the catalog, or `referenced`: left at `location`."""
        return self._head.storage

    @property
    def location(self) -> str:
        """The path that it was saved from, on `host`."""
        return self._about.location

    @property
    def host(self) -> str:
        """The machine on which it was saved."""
        return self._about.host

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that name it now; `latest` is that of the newest version."""
        return self._head.aliases

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What its maker said about it."""
        return self._about.metadata

    @property
    def note(self) -> str:
        """What somebody wrote about it."""
        return self._about.note

    @property
    def damaged(self) -> tuple[str, ...]:
        """Words for the parts of it that are damaged in the catalog."""
        return self._detail.damaged

    @property
    def facts(self) -> Mapping[str, str]:
        """What is declared of it: `licence`, `intended_use`…; its artifact's facts, and its own in their place."""
        return self._about.facts

    @property
    def is_retired(self) -> bool:
        """Whether lists leave it out."""
        return self._head.is_retired

    @property
    def deleted(self) -> datetime | None:
        """When it was deleted, in UTC; None if it is not."""
        return moment(self._head.deleted_ms)

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """Who approves it, newest first: author, when in ms, why."""
        return self._about.approvals

    @cached_property
    def history(self) -> tuple[Change, ...]:
        """What was done with it, newest first: what, from and to, when in ms, who and why."""
        from artui.query.history import version_history

        return tuple(version_history(self._reader, self._head))

    # Where it came from and what came of it

    @property
    def made_by(self) -> Run | None:
        """The run that made it; None if nobody knows."""
        return None if self._head.made_by is None else runs_of(self._reader, [self._head.made_by])[0]

    @property
    def used_by(self) -> tuple[Run, ...]:
        """The runs that used it, in the order in which they started."""
        return runs_of(self._reader, self._about.used_by)

    @property
    def derived_from(self) -> tuple[Version, ...]:
        """The versions that it was made from: derived from, trained on, fine-tuned from or pretrained on."""
        words = ("derived from", "trained on", "fine-tuned from", "pretrained on")
        return tuple(Version(self._reader, head) for word, head in self._about.related if word in words)

    # What is in it

    @cached_property
    def files(self) -> Files:
        """Its files, by path: a sequence that is read as far as it is asked for."""
        return Files(self)

    def file(self, path: str = "") -> File:
        """Give one of its files; without a path the only one it has.

        Raises:
            UnknownReference: there is no such file, or there are several and none was named.
        """
        for file in self.files:
            if file.path == path or (not path and len(self.files) == 1):
                return file
        names = ", ".join(file.path for file in self.files[:_NAMED_MOST]) + (
            " …" if len(self.files) > _NAMED_MOST else ""
        )
        what = f"no file {path!a}" if path else f"{len(self.files):,} files"
        raise UnknownReference(
            f"{self.reference} has {what}.",
            remedy=f"{'It has' if len(self.files) == 1 else 'Name one of'} {names}." if names else "",
        )

    def open(self, path: str = "") -> BinaryIO:
        """Open a file of it for reading, wherever its bytes lie; without a path the only one it has.

        Raises:
            UnknownReference: there is no such file, or there are several and none was named.
            ContentMissing: its bytes are neither in the catalog nor where it may read them.
        """
        return self.file(path).open()

    def read_table(self, path: str = "", *, limit: int | None = None) -> Table:
        """Read a table in it: CSV, TSV or JSON lines; Parquet with duckdb or pyarrow. Without a path the only file it has.

        Args:
            limit: the greatest number of rows to read; all by default.

        Raises:
            UsageError: the file is no table that artui reads.
            PackageMissing: the format needs a package that is not installed.
            UnknownReference, ContentMissing: as `open`.
        """
        from artui.query.tablereading import read_table

        file = self.file(path)
        return read_table(file.open, file.path, limit)

    def download(
        self,
        folder: str | os.PathLike[str],
        *,
        pattern: str = "",
        overwrite: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> list[Path]:
        """Write its files into a folder, each checked by its digest; one that is there already is kept, a part of one goes on.

        Args:
            pattern: only files whose path matches it, such as `*.csv`; all by default.
            overwrite: whether a file of other content in the way is replaced.
            progress: called with the bytes of each piece.

        Returns:
            The paths of these files in the folder.

        Raises:
            ContentMissing: some files could not be had or written; the message names them, and the others are there.
            UsageError: the folder cannot be written to.
        """
        from artui.content.fetching import fetch
        from artui.query.opened import open_content

        files = [file for file in self._detail.files if not pattern or fnmatchcase(file.path, pattern)]
        fetched = fetch(
            files,
            lambda file: open_content(self._reader, self._head.key, file.path, is_checked=False),
            Path(folder),
            may_replace=overwrite,
            tell=progress,
        )
        if fetched.left_out:
            named = "; ".join(f"{path!a}: {why}" for path, why in list(fetched.left_out.items())[:_NAMED_MOST])
            raise ContentMissing(
                f"{len(fetched.left_out):,} of {len(files):,} files of {self.reference} are not in {fetched.folder}: {named}",
                remedy=" ".join(
                    [
                        *(["The others are there."] if fetched.written or fetched.present else []),
                        *(["overwrite=True replaces files of other content."] if fetched.in_the_way else []),
                    ]
                ),
            )
        return [fetched.folder / path for path in sorted((*fetched.written, *fetched.present))]

    @cached_property
    def previews(self) -> Mapping[str, Preview]:
        """By path what its files hold, as it was captured when it was saved."""
        from artui.query.artifacts import previews

        return previews(self._reader, self._head.key)

    @cached_property
    def profiles(self) -> Mapping[str, TableProfile]:
        """By path what the columns of its tables are like: counts, moments, quantiles, most frequent values, as far as that was counted."""
        from artui.query.profiles import profiles

        return profiles(self._reader, self._head.key)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is found of each criterion that is about it, by the requirements of its project as they are now."""
        from artui.query.verdicts import verdicts_of

        return tuple(verdicts_of(self._reader, self._head))

    @cached_property
    def criteria(self) -> tuple[Defined, ...]:
        """Of a requirement what it asks for, each with since when; of other versions nothing."""
        from artui.query.verdicts import with_verdicts

        return with_verdicts(self._reader, self._about).criteria if self.kind == REQUIREMENT else ()

    @cached_property
    def _about(self) -> VersionDetail:
        """What is known beside the files: of a version of very many these are not read for it."""
        return self._detail if self._head.file_count <= _FEW_FILES else self._with_files(1)

    def _with_files(self, count: int) -> VersionDetail:
        """Read it with so many of its files."""
        from artui.query.artifacts import get_version

        return get_version(self._reader, self._head.id, max_files=count)

    @cached_property
    def _detail(self) -> VersionDetail:
        from artui.query.artifacts import get_version

        return get_version(self._reader, self._head.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Version {self.reference}: {self.kind}, {self._head.file_count:,} file{'' if self._head.file_count == 1 else 's'}>"


class Files(Sequence["File"]):
    """The files of a version, by path. Of very many only those are read that are asked for."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._read: tuple[File, ...] = ()
        self._is_whole = False

    def __len__(self) -> int:
        return len(self._all) if self._is_whole else self._version._head.file_count

    @overload
    def __getitem__(self, place: int) -> File: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[File, ...]: ...
    def __getitem__(self, place: int | slice) -> File | tuple[File, ...]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            needed = max(start, stop) if step > 0 else start + 1
            return self._first(needed)[place] if needed < len(self) else self._all[place]
        return self._first(place + 1)[place] if 0 <= place < len(self) else self._all[place]

    def __iter__(self) -> Iterator[File]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return self._all == tuple(other) if isinstance(other, Files | tuple) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self):,} files of {self._version.reference}>"

    def _first(self, count: int) -> tuple[File, ...]:
        """Give the first files, at least so many if there are."""
        if len(self._read) < count and not self._is_whole:
            if count > _FEW_FILES:
                return self._all
            self._read = tuple(File(self._version, file) for file in self._version._with_files(_FEW_FILES).files)
        return self._read

    @property
    def _all(self) -> tuple[File, ...]:
        if not self._is_whole:
            self._read = tuple(File(self._version, file) for file in self._version._detail.files)
            self._is_whole = True
        return self._read


class File:
    """One file of a version."""

    def __init__(self, version: Version, file: ManifestFile) -> None:
        self._version = version
        self._file = file

    @property
    def path(self) -> str:
        """Its path inside the version, with forward slashes."""
        return self._file.path

    @property
    def size_bytes(self) -> int:
        """Its size."""
        return self._file.size_bytes

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes as hex; empty for a link, and for what is not hashed."""
        return self._file.digest

    @property
    def media_type(self) -> str:
        """What it is, such as `text/csv`; may be empty."""
        return self._file.media_type

    @property
    def link_target(self) -> str:
        """Where a link leads; empty for a file."""
        return self._file.link_target

    @property
    def note(self) -> str:
        """What a reader should know, such as "changed while it was read"."""
        return self._file.note_text

    @property
    def preview(self) -> Preview | None:
        """What it holds, as it was captured when it was saved; None if it was not."""
        return self._version.previews.get(self.path)

    def open(self) -> BinaryIO:
        """Open it for reading, wherever its bytes lie.

        Raises:
            ContentMissing: its bytes are neither in the catalog nor where it may read them.
        """
        from artui.query.opened import open_content

        return open_content(self._version._reader, self._version._head.key, self.path)

    def read(self) -> bytes:
        """Give all its bytes.

        Raises:
            ContentMissing: as `open`.
        """
        with self.open() as stream:
            return stream.read()

    def __repr__(self) -> str:
        return f"<File {self.path}: {self.size_bytes:,} bytes>"


def run_of_id(reader: Reader, run_id: str) -> Run | None:
    """Give a run by its whole id; None if it is not there."""
    from artui.query.runs.rows import run_keys

    for run in Page(reader, run_keys(reader, [run_id])).runs():
        return run
    return None


def runs_of(reader: Reader, heads: Sequence[RunHead]) -> tuple[Run, ...]:
    """Give runs whose heads are known."""
    page = Page(reader, [head.key for head in heads])
    return tuple(Run(page, head) for head in heads)


def moment(time_ms: int | None) -> datetime | None:
    """Give a time as a datetime in UTC; None for none, and for one that no calendar holds."""
    try:
        return None if time_ms is None else _EPOCH + time_ms * _MILLISECOND
    except OverflowError:
        return None


def span(duration_ms: int | None) -> timedelta | None:
    """Give a duration in milliseconds as a timedelta; None for none."""
    try:
        return None if duration_ms is None else duration_ms * _MILLISECOND
    except OverflowError:
        return None
