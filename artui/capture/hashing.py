"""Digests of large files, made while the training goes on: one thread a process, one version after the other.

`save` puts the version into the catalog at once, marked as not hashed. The end of the run waits for its digests and
says so; ctrl+C then leaves the rest unhashed. A file that was changed after it was saved is never hashed: that would be
the digest of something else.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from artui.capture import writer as writers
from artui.capture.warn import guarded, warn
from artui.catalog import artifacts, unhashed
from artui.catalog import profiles as kept_profiles
from artui.content import profiles
from artui.content.files import MAX_PREVIEWS, NotHashable, Stamp, Unhashed, digest_now
from artui.content.keeping import Keeper
from artui.content.regular import open_regular
from artui.errors import CatalogLocked, DiskFull
from artui.model import NOT_HASHED
from artui.profile.tables import NotATable, TookTooLong

if TYPE_CHECKING:
    from pathlib import Path

    from artui.capture.writer import Writer
    from artui.catalog.artifacts import Saved
    from artui.model import Preview

QUIET_SECONDS = 0.3
"""How long the end of a run waits before it shows the progress."""
PROGRESS_SECONDS = 0.5
KILLED_SECONDS = 2.0
"""A run that is being killed waits no longer than this."""
RETRY_SECONDS = 1.0
PROFILE_SECONDS = 60.0
"""Tables of a version that take longer are profiled by `artui preview`."""
LAST_PROFILE_SECONDS = 10.0
"""So long the end of a run waits for them."""
COUNTING = "counting the columns of"
INTERRUPTED = "interrupted before its end"


class _Cancelled(Exception):
    """The digest is no longer wanted."""


@dataclass(slots=True, eq=False)
class Job:
    """One version whose files are to be hashed."""

    writer: Writer
    version_id: str
    reference: str
    files: Sequence[Unhashed]
    size_bytes: int
    keeper: Keeper | None = None
    """Puts the files into a store as well."""
    is_single: bool = False
    """The version is one file, not a folder."""
    place: tuple[str, str] = ("", "")
    """The folder, and the host, of what cannot be stored."""
    is_stored: bool = False
    """Some of it is in the store."""
    previews: Mapping[str, Preview] = field(default_factory=dict)
    """By path in the manifest; pictures get a small picture once all is hashed."""
    paths: Mapping[str, Path] = field(default_factory=dict)
    """Where these files lie."""
    is_complete: bool = False
    """The digests are in the catalog."""
    hashed_bytes: int = 0
    is_cancelled: bool = False
    tables: Sequence[Unhashed] = ()
    """Files whose columns are counted; those of `files` are, too."""
    until: float = float("inf")
    """When counting columns is left for later, in seconds of the monotonic clock: the run waits at its end."""
    is_done: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the digests are written, so that a cancellation comes either before that or after it."""

    def advance(self, size_bytes: int) -> None:
        """Count bytes that were hashed; stop the hashing if it was cancelled."""
        if self.is_cancelled:
            raise _Cancelled
        self.hashed_bytes += size_bytes

    def cancel(self) -> bool:
        """Cancel the hashing; false if the digests are in the catalog already."""
        self.is_cancelled = True
        with self.lock:
            self.is_done.set()
            return not self.is_complete


_jobs: deque[Job] = deque()
_lock = threading.Lock()
_thread: threading.Thread | None = None
_saved: dict[tuple[str, str, str], Job] = {}
"""The last version that was saved unhashed, by catalog, project and artifact."""


def begin(
    writer: Writer, saved: Saved, project: str, name: str, files: Sequence[Unhashed], *, keeper: Keeper | None = None, is_single: bool = False,
    place: tuple[str, str] = ("", ""), previews: Mapping[str, Preview] | None = None,
) -> Job:  # fmt: skip
    """Hash the files of a version that was just saved, after those that are waiting already; store them if there is a keeper.

    Then small pictures are made of its pictures, and the columns of its tables are counted.
    """
    size_bytes = sum(file.stamp.size_bytes for file in files) * (keeper.pass_count if keeper else 1)
    job = Job(
        writer,
        saved.id,
        f"{name}:v{saved.number}",
        files,
        size_bytes,
        keeper,
        is_single,
        place,
        previews=previews or {},
        paths={file.name: file.path for file in files},
    )
    _saved[str(writer.path), project, name] = job
    _start(job)
    return job


def look(
    writer: Writer, saved: Saved, name: str, *, previews: Mapping[str, Preview], paths: Mapping[str, Path], tables: Sequence[Unhashed]
) -> Job | None:  # fmt: skip
    """Look into a version that was just saved with all its digests: keep small pictures of its pictures, and count the columns of its tables.

    None where there is nothing to look at.

    Args:
        previews, paths: of pictures whose bytes are not in the catalog, by path.
        tables: those that were not counted when it was saved.
    """
    pictures = {path: preview for path, preview in previews.items() if preview.kind == "image"}
    if not pictures and not tables:
        return None
    reference = f"{name}:v{saved.number}"
    job = Job(writer, saved.id, reference, (), 0, previews=pictures, paths=paths, tables=tables, is_complete=True)
    _start(job)
    return job


def _start(job: Job) -> None:
    global _thread
    with _lock:
        _jobs.append(job)
        if _thread is None:
            _thread = threading.Thread(target=_work, name="artui-hashing", daemon=True)
            _thread.start()


def unchanged(writer: Writer, project: str, name: str, files: Sequence[Unhashed]) -> Saved | None:
    """Give the newest version of an artifact, if this process saved it unhashed and its files have not changed since."""
    job = _saved.get((str(writer.path), project, name))
    if job is None or job.is_cancelled or list(job.files) != list(files):
        return None
    if job.is_done.is_set() and job.keeper is not None and job.keeper.left_out:
        return None  # the store gets another chance
    return unhashed.is_newest(writer.catalog, job.version_id)


def wait(jobs: Sequence[Job], *, seconds: float | None = None) -> None:
    """Wait until versions are hashed, showing the progress; ctrl+C, or the end of the time, leaves the rest unhashed."""
    deadline = float("inf") if seconds is None else time.monotonic() + seconds
    for job in jobs:
        job.until = time.monotonic() + min(LAST_PROFILE_SECONDS, seconds or LAST_PROFILE_SECONDS)
    # The progress says what an interruption does: it ends only the waiting.
    with contextlib.suppress(KeyboardInterrupt), Progress("", 0, " ctrl+C leaves it unhashed.") as progress:
        while (left := [job for job in jobs if not job.is_done.is_set()]) and time.monotonic() < deadline:
            if all(job.is_complete for job in left):
                progress.what, progress.remedy = COUNTING, " ctrl+C leaves that to `artui preview`."
            progress.names = ", ".join(job.reference for job in left[:5])
            progress.size_bytes = sum(job.size_bytes for job in left)
            progress.hashed_bytes = sum(job.hashed_bytes for job in left)
            if progress.size_bytes or any(job.tables for job in left):
                progress.show()
            left[0].is_done.wait(0.1)
    cancelled = [job for job in jobs if job.cancel()]
    for job in cancelled:
        with guarded("marking what is not hashed"):
            unhashed.mark(job.writer.catalog, job.version_id, INTERRUPTED)
    if cancelled:
        warn("not hashed", f"left unhashed: {', '.join(job.reference for job in cancelled[:5])}")


_UNITS = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


class Progress:
    """The progress of hashing on stderr: a line that changes on a terminal, and one line elsewhere."""

    def __init__(self, names: str, size_bytes: int, remedy: str = "", *, what: str = "hashing") -> None:
        self.names, self.what = names, what
        self.hashed_bytes = 0
        self.size_bytes = size_bytes
        self.remedy = remedy
        self._is_terminal = False
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._is_terminal = sys.stderr.isatty()
        self._shown_at = time.monotonic() + QUIET_SECONDS - PROGRESS_SECONDS
        self._is_shown = False

    def advance(self, size_bytes: int) -> None:
        """Count bytes that were hashed, and show the progress."""
        self.hashed_bytes += size_bytes
        self.show()

    def reach(self, size_bytes: int) -> None:
        """Say how many bytes are done, and show the progress."""
        self.hashed_bytes = size_bytes
        self.show()

    def show(self) -> None:
        """Show the progress, if it is time to."""
        now = time.monotonic()
        if now - self._shown_at < PROGRESS_SECONDS or (self._is_shown and not self._is_terminal):
            return
        self._shown_at, self._is_shown = now, True
        names = ascii(self.names)[1:-1][:40]
        unit, size = next(((unit, size) for unit, size in _UNITS if self.size_bytes >= size), _UNITS[-1])
        done = f"{self.hashed_bytes / size:,.1f} of {self.size_bytes / size:,.1f} {unit}"
        line = f"artui: {self.what} {names}: {done}.{self.remedy}"
        self._write(f"\r\x1b[K{line}" if self._is_terminal else f"{line}\n")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._is_shown:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _work() -> None:
    global _thread
    while True:
        with _lock:
            if not _jobs:
                _thread = None
                return
            job = _jobs.popleft()
        with guarded("hashing"), contextlib.suppress(_Cancelled):
            _hash(job)
        job.is_done.set()


def _hash(job: Job) -> None:
    if not job.is_complete:
        _hash_files(job)
    _make_thumbnails(job)
    _make_profiles(job)


def _hash_files(job: Job) -> None:
    digests: dict[str, bytes] = {}
    faults: dict[str, str] = {}
    for file in job.files:
        try:
            digests[file.name] = digest_now(file, job.advance, job.keeper)
        except NotHashable as reason:
            faults[file.name] = str(reason)
        except OSError as error:
            faults[file.name] = f"it cannot be read any more ({error.strerror})"
    while not _complete(job, digests, faults):
        job.is_done.wait(RETRY_SECONDS)
    if job.keeper is not None:
        tell_not_stored(job.reference, job.keeper, len(job.files), is_stored=job.is_stored)


def _make_profiles(job: Job) -> None:
    """Keep what the columns of its tables are like: they are read by a program of its own."""
    tables = {table.name: table for table in (*job.tables, *job.files[:MAX_PREVIEWS])}
    sizes = {name: table.stamp.size_bytes for name, table in tables.items()}
    for name in profiles.wanting(sizes, {}, seconds=PROFILE_SECONDS):
        with (
            contextlib.suppress(NotATable, TookTooLong, OSError),
            open_regular(tables[name].path, may_be_link=False) as stream,
        ):
            made = profiles.apart(
                name, stream, sizes[name], is_wanted=lambda: not job.is_cancelled and time.monotonic() < job.until
            )
            # What was changed meanwhile is not what was saved.
            if Stamp.of(os.fstat(stream.fileno())) != tables[name].stamp:
                continue
            with contextlib.suppress(CatalogLocked, DiskFull), job.writer.catalog.transaction() as connection:
                kept_profiles.put(connection, job.version_id, {name: made})


def _make_thumbnails(job: Job) -> None:
    """Keep small pictures of the pictures of a version, which are not in the catalog themselves."""
    if not any(preview.kind == "image" for preview in job.previews.values()):
        return
    from artui.content import images

    def opened(name: str) -> BinaryIO:
        return open_regular(job.paths[name], may_be_link=False)

    previews = {name: preview for name, preview in job.previews.items() if name in job.paths}
    made = images.thumbnails(previews, opened, lambda: not job.is_cancelled)
    if made and not job.is_cancelled:
        with contextlib.suppress(CatalogLocked, DiskFull), job.writer.catalog.transaction() as connection:
            artifacts.put_previews(connection, job.version_id, made)


def tell_not_stored(reference: str, keeper: Keeper, file_count: int, *, is_stored: bool) -> None:
    """Say once that files of a version could not be stored, and where they lie instead; `is_stored` if others could be."""
    if keeper.left_out:
        name, why = next(iter(keeper.left_out.items()))
        where = "is stored but for what is recorded where it lies" if is_stored else "is recorded where it lies"
        warn(
            "not stored",
            f"{reference} {where}: {len(keeper.left_out):,} of {file_count:,} files could not be stored, the first {ascii(name)[:80]}: {why}",
            subject=reference,
        )  # fmt: skip


def _complete(job: Job, digests: dict[str, bytes], faults: dict[str, str]) -> bool:
    """Write the digests and faults; false if the catalog cannot be written to now."""
    with job.lock:
        job.advance(0)
        try:
            keeper, stored, notes = job.keeper, None, {}
            if keeper is not None and keeper.settled() and len(faults) < len(job.files):
                stored = keeper.place(is_single=job.is_single)
                notes = keeper.notes(*job.place, {path: f"{NOT_HASHED}: {fault}" for path, fault in faults.items()})
            job.is_stored = stored is not None
            unhashed.complete(job.writer.catalog, job.version_id, digests, faults, stored=stored, notes=notes)
        except (CatalogLocked, DiskFull):
            return False
        job.is_complete = True
        return True


def _forget() -> None:
    """In a forked child: forget the thread and its jobs, which are the parent's."""
    global _lock, _thread
    _lock, _thread = threading.Lock(), None
    _jobs.clear()
    _saved.clear()


writers.on_fork.append(_forget)
