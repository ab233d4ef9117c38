"""The thread that carries what was logged into the catalog.

One writer a process and catalog. The training loop appends to the process's spool; about twice a second the writer
folds that into the catalog. Whatever keeps the catalog from being written to (a lock, a full disk, a file that was
moved) leaves the records in the spool; nothing is raised, and each kind of trouble is reported once.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from artui.capture.warn import forget, guarded, guarded_silently, shown, tell_counts, warn
from artui.catalog import Catalog, opening
from artui.catalog.spool.place import remove_folder
from artui.errors import ArtuiError, CatalogError, CatalogLocked, CatalogNotFound, DiskFull
from artui.secrets import Redactor

if TYPE_CHECKING:
    from artui.catalog.spool.reading import SpoolFile
    from artui.catalog.spool.writing import Spool

FLUSH_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
ADOPT_SECONDS = 10.0
FOLD_SHARE = 0.1
"""Share of a core that the writer may use: many metrics are folded less often. Waiting for a lock does not count."""
START_SECONDS = 1.0
AGAIN_SECONDS, MAX_AGAIN_SECONDS = 0.4, 10.0
"""How long to wait before a catalog that cannot be opened is tried again; doubled each time."""
END_SECONDS = 30.0
"""How long the end of a run waits for the catalog; after that, what is left stays in the spool."""


class Ticked(Protocol):
    """A run that the thread looks after."""

    id: str

    def tick(self) -> None:
        """Do what is due, about twice a second."""


class Writer:
    """Writes for all runs of this process that go to one catalog.

    A catalog that cannot be written to now may be repaired or freed later, or need a newer artui: the spool keeps what
    is logged until then.

    Raises:
        CatalogError: the path can never be a catalog, or a spool cannot be made anywhere.
    """

    def __init__(self, path: Path, *, parent: str = "") -> None:
        self.path = Path(os.path.abspath(path))
        self.holders = 0
        self.is_child = bool(parent)
        self._catalog: Catalog | None = None
        self._error: Exception | None = None
        self._tried_at = time.monotonic()
        self._again_seconds = AGAIN_SECONDS
        if not self.is_child:
            try:
                self._catalog = Catalog(path)
            except (CatalogError, OSError) as error:
                if os.path.exists(path) and not os.path.isfile(path):
                    raise
                self._error = error
                warn(
                    "waiting",
                    f"{shown(error)} Logging goes on beside it, in {Path(os.path.realpath(path)).name}-spool; "
                    "it is written when that is possible.",
                )
            self.path = Path(os.path.realpath(path))
        self.redactor = Redactor(self._catalog.id if self._catalog is not None else str(self.path))
        with contextlib.ExitStack() as undo:
            if self._catalog is not None:
                undo.callback(self._catalog.close)
            self.spool = self._begin_spool(parent)
            undo.pop_all()
        self._file: SpoolFile | None = None
        self._spool_ids = {self.spool.id}
        self._runs: list[Ticked] = []
        self._wake = threading.Event()
        self._turn = threading.Condition()
        self._opening = threading.Lock()
        self._asked = self._answered = self._refused = 0
        self._is_closing = False
        self._folded_bytes = 0
        self._folded_at = self._beaten_at = 0.0
        self._adopted_at = time.monotonic()
        # Where SQLite had the file open during a fork, the child's locks do not hold: the parent folds for it.
        self._thread: threading.Thread | None = None
        if not self.is_child:
            self._thread = threading.Thread(target=self._work, name="artui-writer", daemon=True)
            self._thread.start()

    def _begin_spool(self, parent: str) -> Spool:
        """Make the spool: beside the catalog, or else where something can be written."""
        from artui.catalog.spool.place import temporary_folder
        from artui.catalog.spool.writing import Spool

        try:
            return Spool(self.path, parent=parent, tell=warn, redactor=self.redactor)
        except CatalogError:
            folder = temporary_folder(self.path)
            spool = Spool(self.path, parent=parent, tell=warn, redactor=self.redactor, folder=folder)
        warn(
            "spool elsewhere",
            f"Nothing can be written beside {self.path}: what is logged is in {spool.path} meanwhile. The next run that can "
            f"write to that catalog brings it in, or `artui settle {folder}`.",
            subject=str(self.path),
        )
        return spool

    @property
    def catalog(self) -> Catalog:
        """The catalog, for changes that cannot wait.

        Raises:
            CatalogError: it cannot be written to.
        """
        if self.is_child:
            raise CatalogError(
                "The catalog was in use while this process was forked: it cannot be written to from here.",
                remedy="Do it in the parent process.",
            )
        with self._opening:
            if self._catalog is None:
                self._catalog = Catalog(self.path, create=not self._folded_at)
            return self._catalog

    def add(self, run: Ticked) -> None:
        """Look after a run from now on."""
        self._runs = [*self._runs, run]

    def remove(self, run: Ticked) -> None:
        """Look after a run no longer."""
        self._runs = [other for other in self._runs if other is not run]

    def take_over(self) -> None:
        """Bring in what dead processes left beside the catalog.

        Raises:
            CatalogError: it cannot be written to.
        """
        from artui.catalog.spool import adopting

        adopting.adopt(self.catalog, own=frozenset(self._spool_ids), tell=warn)

    def fold_now(self, seconds: float) -> bool:
        """Have everything folded that was logged by now, and wait for it up to `seconds`; say whether it was folded."""
        if self._thread is None or threading.current_thread() is self._thread:
            return False
        with self._turn:
            self._asked += 1
            wanted = self._asked
            self._wake.set()
            self._turn.wait_for(lambda: max(self._answered, self._refused) >= wanted, timeout=seconds)
            return self._answered >= wanted

    def close(self) -> None:
        """Write what is left, and close the files."""
        self._is_closing = True
        self._wake.set()
        if self._thread is not None and threading.current_thread() is not self._thread:
            self._thread.join(timeout=END_SECONDS)
            if self._thread.is_alive():
                self._tell_left()
                return
        if self._thread is None:
            self.spool.retry()
            self._tell_dropped()
            self.spool.close()

    def _work(self) -> None:
        pause = FLUSH_SECONDS
        while not self._is_closing:
            self._wake.wait(pause)
            self._wake.clear()
            with self._turn:
                asked = self._asked
            began = time.thread_time()
            for run in self._runs:
                run.tick()
            is_done = self._fold()
            with contextlib.suppress(ArtuiError, OSError):
                self._adopt()
            with guarded("keeping the catalog small"):
                if self._catalog is not None:
                    self._catalog.checkpoint()
            with self._turn:
                if is_done:
                    self._answered = asked
                elif not isinstance(self._error, CatalogLocked | DiskFull | None):
                    self._refused = asked  # waiting would not help
                self._turn.notify_all()
            pause = max(FLUSH_SECONDS, (time.thread_time() - began) / FOLD_SHARE)
        self._end()

    def _fold(self) -> bool:
        """Fold what is new; false when something is left."""
        from artui.catalog.spool import folding

        spool = self.spool
        if not spool.retry():
            warn("spool", f"The disk cannot be written to ({spool.trouble}): what is logged is kept in memory.")
            return False
        now = time.monotonic()
        if now - self._beaten_at > HEARTBEAT_SECONDS:
            self._beaten_at = now
            spool.touch()
        if not spool.look():
            return False
        file = self._own_file()
        is_beat = bool(self._runs) and now - self._folded_at > HEARTBEAT_SECONDS
        if spool.size == self._folded_bytes and not is_beat:
            return True
        if not self._may_try(now):
            return False
        self._error = None
        end: int | None = None
        with guarded("folding the spool"):
            try:
                end = self._fold_into_catalog(file)
            except (CatalogError, OSError) as error:
                self._cannot(error)
        if end is None:
            return False
        self._folded_at, self._folded_bytes = now, end
        self._again_seconds = AGAIN_SECONDS
        if (before := spool.rotate(end)) is not None:
            with guarded("removing a spool"):
                folding.remove(self.catalog, before)
            self._folded_bytes = 0
        return spool.size == self._folded_bytes or not self._is_closing

    def _fold_into_catalog(self, file: SpoolFile) -> int:
        """Fold this process's spool; give the offset behind what is in the catalog now."""
        from artui.catalog.spool import folding

        catalog, spool = self.catalog, self.spool
        catalog.refuse_another_machine()
        spool.mark()
        try:
            end = folding.fold(catalog, file, beating=tuple(run.id for run in self._runs), tell=warn)
        finally:
            # Also after a fold that failed midway: what it committed is in the catalog.
            spool.note_folded(file.folded_bytes)
        if not catalog.is_in_place:
            raise CatalogNotFound(
                f"{self.path.name} was moved, deleted or replaced.", remedy="Put it back, and nothing is lost."
            )
        return end

    def _own_file(self) -> SpoolFile:
        """Give this process's spool for reading: from the open file, even if its name is gone."""
        from artui.catalog.spool.reading import SpoolFile

        if self._file is None or self._file.path != self.spool.path:
            self._file = SpoolFile(self.spool.path, handle=self.spool.handle, is_trusted=True)
            self._folded_bytes = 0
            self._spool_ids.add(self.spool.id)
        return self._file

    def _may_try(self, now: float) -> bool:
        """Whether to try the catalog now: one that cannot be opened at all is tried less and less often."""
        if self._is_closing or isinstance(self._error, CatalogLocked | DiskFull | None):
            return True
        if now - self._tried_at < self._again_seconds:
            return False
        self._tried_at, self._again_seconds = now, min(2 * self._again_seconds, MAX_AGAIN_SECONDS)
        return True

    def _cannot(self, error: Exception) -> None:
        """Warn why the catalog is not written to, and open it anew next time: it may have been replaced."""
        self._error = error
        warn(f"catalog: {type(error).__name__}", f"{shown(error)} What is logged is kept in the spool meanwhile.")
        if not isinstance(error, CatalogLocked | DiskFull):
            catalog, self._catalog = self._catalog, None
            if catalog is not None:
                with guarded_silently():
                    catalog.close()

    def _adopt(self) -> None:
        """Take over what dead processes left, now and then, and fold for forked children."""
        from artui.catalog.spool import adopting, folding
        from artui.catalog.spool.place import spool_files
        from artui.catalog.spool.reading import SpoolFile

        if self._catalog is None:
            return
        others = [path for path in spool_files(self.path) if path.name != self.spool.id]
        now = time.monotonic()
        if self._is_closing or (others and now - self._adopted_at > ADOPT_SECONDS):
            self._adopted_at = now
            adopting.adopt(self._catalog, own=frozenset({self.spool.id}), tell=warn)
            others = [path for path in others if path.exists()]
        for path in others:
            file = _children.get(path.name) or SpoolFile(path)
            _children[path.name] = file
            # One that has just disappeared does not stop the others.
            with contextlib.suppress(OSError):
                file.look()
                if file.owner is not None and file.owner.parent in self._spool_ids:
                    folding.fold(self._catalog, file, tell=warn)

    def _end(self) -> None:
        """At the end: fold everything, remove the spool, and bring the catalog back to one plain file."""
        from artui.catalog.spool import folding

        is_whole = False
        deadline = time.monotonic() + END_SECONDS / 2
        while not (is_whole := self._fold() and self.spool.size == self._folded_bytes):
            # What is in memory alone waits for a disk that has room again, whatever the catalog's trouble is.
            may_pass = isinstance(self._error, CatalogLocked | DiskFull | None) or self.spool.has_waiting
            if time.monotonic() > deadline or not may_pass:
                break
            time.sleep(0.05)
        self._tell_dropped()
        catalog = self._catalog
        if is_whole and catalog is not None:
            with guarded("tidying up"):
                folding.remove(catalog, self.spool.path)
                self._adopt()
                remove_folder(self.path)
        else:
            self._tell_left()
        self.spool.close()
        if catalog is not None:
            with guarded("closing the catalog"):
                catalog.close()
        with self._turn:
            self._answered = self._asked
            self._turn.notify_all()

    def _tell_dropped(self) -> None:
        if self.spool.dropped_points:
            warn(
                "dropped", f"{self.spool.dropped_points:,} points were dropped, since the disk could not be written to."
            )

    def _tell_left(self) -> None:
        if self.spool.has_waiting or not self.spool.is_in_place:
            warn("lost", "what was logged last could not be written anywhere, and is lost.")
        if self.spool.is_in_place:
            why = f" ({shown(self._error)})" if self._error is not None else ""
            warn(
                "left",
                f"{self.path.name} could not be written to{why}: {self.spool.folder.name}/{self.spool.id} beside it holds "
                "what is not in it. artui takes it over when it can next write to the catalog there.",
            )


_children: dict[str, SpoolFile] = {}
_writers: dict[Path, Writer] = {}
_lock = threading.RLock()


def acquire(path: Path) -> Writer:
    """Give the writer of a catalog, opening it with its first run.

    Raises:
        CatalogError: the catalog cannot be written to.
    """
    real = Path(os.path.realpath(path))
    with _lock:
        writer = _writers.get(real)
        if writer is None:
            writer = _writers[real] = Writer(path, parent=_parents.get(real, ""))
        writer.holders += 1
        return writer


def release(writer: Writer) -> None:
    """Release a writer, which closes with its last run."""
    with _lock:
        writer.holders -= 1
        if writer.holders > 0:
            return
        for path, open_writer in list(_writers.items()):
            if open_writer is writer:
                del _writers[path]
    with guarded("closing the catalog"):
        writer.close()


_parents: dict[Path, str] = {}
"""In a child that was forked while SQLite had a catalog open: the spool of the parent, by catalog."""
_suspended: list[Catalog] = []
on_fork: list[Callable[[], None]] = []
"""Called in a forked child."""
FORK_SECONDS = 1.0


def _before_fork() -> None:
    for writer in tuple(_writers.values()):
        catalog = writer._catalog
        if catalog is not None and catalog.suspend(seconds=FORK_SECONDS):
            _suspended.append(catalog)


def _after_fork_in_parent() -> None:
    while _suspended:
        _suspended.pop().resume()


def _after_fork_in_child() -> None:
    # The child has neither the thread nor the parent's spool.
    global _lock
    _lock = threading.RLock()
    suspended = {catalog.path for catalog in _suspended}
    _suspended.clear()
    for path, writer in _writers.items():
        if path not in suspended or opening.is_connected(path):
            _parents[path] = writer.spool.owner.parent or writer.spool.id
        writer.spool.abandon()
    _writers.clear()
    _children.clear()
    forget()
    for action in on_fork:
        action()


on_exit: list[Callable[[], None]] = []


def _at_exit() -> None:
    # Each removes itself from the list.
    actions = tuple(on_exit)
    for action in actions:
        with guarded("finishing a run"):
            action()
    tell_counts()


atexit.register(_at_exit)
os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
