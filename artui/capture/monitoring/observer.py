"""`artui.Observer`: a service says of each request what came in and what was answered.

    observer = artui.Observer("fraud-api/production", window="1h")
    observer.observe(features, prediction, id=request_id, latency=12.5, status=200)

An observation is a line that one `write(2)` appends to a file in the user's state folder before `observe` returns: it outlives the
process, however that ends. A thread folds these lines into windows a few times a minute; what a dead process left is
folded by the next one that observes the deployment. Nothing here raises into the service: what goes wrong is said once, and counted.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from artui import clock
from artui.capture.monitoring.places import Place, find_place, held
from artui.capture.warn import guarded, warn
from artui.catalog.ids import new_id
from artui.catalog.locks import lock_file
from artui.model.monitoring import ENDING, Report

if TYPE_CHECKING:
    from artui.capture.monitoring.writing import Writer

FOLD_SECONDS = 15.0
ROTATE_BYTES = 16 << 20
"""A file that is this large is folded at once."""
WAITING_BYTES = 32 << 20
"""So much is kept in memory while the disk is full; what comes then is counted and dropped."""
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_living: weakref.WeakSet[Observer] = weakref.WeakSet()


class Observer:
    """Observes the requests of one deployment, from any thread. As a context manager it folds what is left at its end."""

    def __init__(
        self, deployment: str, *, window: str | None = None, project: str | None = None, catalog: str | os.PathLike[str] | None = None,
        slices: Sequence[str] = (), features: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Begin to observe.

        Args:
            deployment: such as `fraud-api/production`; it is made with the first request.
            window: how long each is: `15m`, `1h`, `1d`; by default as before, or an hour.
            project, catalog: as of `artui.monitor`.
            slices: features whose values are looked at apart (`card`), or single values (`card=gift`).
            features: those to look at; by default all.

        Raises:
            UsageError: a name cannot be one, or several projects have the deployment and none is named.
            CatalogError: no project is named, and the catalog cannot be read to find it.
        """
        self.deployment = deployment
        self.lost = 0
        """Observations that could not be written anywhere."""
        self._place: Place = find_place(deployment, project=project, catalog=catalog)
        self.report = Report(deployment, window_ms=self._place.window_ms(window))
        """What this process has folded so far, also of others."""
        told = {"artui": 1, "window_ms": self.report.window_ms, "slices": list(slices), "features": None if features is None else list(features)}  # fmt: skip
        self._head = orjson.dumps(told) + b"\n"
        """The first line of each file: by it others count what this process left."""
        self._writers: dict[int, Writer] = {}
        self._lock = threading.Lock()
        self._folding = threading.Lock()
        self._handle: int | None = None
        self._path: Path | None = None
        self._size = 0
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        _living.add(self)
        atexit.register(_close_at_exit, weakref.ref(self))

    def observe(
        self, features: Mapping[str, Any] | Sequence[Any] | None = None, prediction: Any = None, *, truth: Any = None, id: Any = None,
        latency: float | None = None, status: Any = None, time: Any = None,
    ) -> None:  # fmt: skip
        """Say what came in and what was answered.

        Args:
            features: by name, or in order.
            prediction: a class or a number.
            truth: if it is known already; else `observe_truth` says it later.
            id: of the request, by which its truth is found later.
            latency: in milliseconds.
            status: a code as HTTP has it, where 400 or more is an error; a word; or whether it went well.
            time: when it was; by default now.
        """
        record: dict[str, Any] = {"time": clock.now_ms() if time is None else time}
        if features is not None:
            record["features"] = features
        if prediction is not None:
            record["prediction"] = prediction
        if truth is not None:
            record["truth"] = truth
        if id is not None:
            record["id"] = id
        if latency is not None:
            record["latency_ms"] = latency
        if status is not None:
            record["status"] = status
        try:
            line = orjson.dumps(record, _plain, _OPTIONS)
            if b"null" in line:  # what is NaN or infinite would be nothing
                line = _with_odd_numbers(record)
        except (TypeError, ValueError, RecursionError):
            line = _with_odd_numbers(record)
        line += b"\n"
        with self._lock:
            handle = self._handle
            if handle is None or self._waiting:
                self._append(line)
            else:
                try:
                    if os.write(handle, line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                except OSError as error:
                    self._keep(line, error)
            self._size += len(line)
        if self._size > ROTATE_BYTES:
            self._wake.set()

    def observe_truth(self, id: Any, truth: Any) -> None:
        """Say what was true of an earlier request: it counts in the window of its prediction."""
        self.observe(id=id, truth=truth)

    def flush(self) -> None:
        """Fold what was observed so far into the catalog; what cannot be folded now stays in its files."""
        with guarded("folding what was observed", self.deployment):
            self._fold(waits=True)

    def close(self) -> None:
        """Fold what is left, and end."""
        if self._is_closed:
            return
        self._is_closed = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=30)
        with guarded("folding what was observed", self.deployment):
            self._fold(waits=True, is_last=True)
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None
        if self.lost:
            warn("observations lost", f"{self.deployment}: {self.lost:,} observations could not be written.", subject=self.deployment)  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Nobody can close it any more: others fold what it wrote.
        handle = getattr(self, "_handle", None)
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)

    # The file; all of these are called under the lock

    def _append(self, line: bytes) -> None:
        """Write a line where there is no file yet, or earlier lines are still in memory."""
        try:
            if self._handle is None:
                self._begin_file()
            assert self._handle is not None
            while self._waiting:
                # What was written of it before, if anything, is a line of its own that nobody can read.
                whole = b"\n" + self._waiting[0]
                if os.write(self._handle, whole) != len(whole):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._waiting_bytes -= len(self._waiting.popleft())
            if os.write(self._handle, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._keep(line, error)

    def _keep(self, line: bytes, error: OSError) -> None:
        """Keep a line in memory until the disk takes it."""
        warn("observing", f"{self.deployment}: nothing can be written now: {error.strerror}. It is kept in memory.", subject=self.deployment)  # fmt: skip
        if self._waiting_bytes + len(line) > WAITING_BYTES:
            self.lost += 1
            return
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    def _begin_file(self) -> None:
        """Begin a new file, which is locked before it gets its name; and the thread with the first one."""
        path = self._place.folder / f"{new_id()}{ENDING}"
        part = path.with_name(f".{path.name}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        lock_file(handle, waits=True)
        os.write(handle, self._head)
        os.rename(part, path)
        self._handle, self._path, self._size = handle, path, 0
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=_work, args=(weakref.ref(self), self._wake), name="artui-observer", daemon=True)  # fmt: skip
            self._thread.start()

    # Folding

    def _fold(self, *, waits: bool = False, is_last: bool = False) -> bool:
        """Fold all files that nobody writes to any more, and what this process wrote; gives whether it was this one's turn."""
        # They need numpy, which a service that observes nothing does without.
        from artui.capture.monitoring.folding import fold_files

        with self._folding, held(self._place, waits=waits) as is_mine:
            if not is_mine:
                return False
            fold_files(self._place, self.report, self._writers, is_last=is_last, own=self._set_aside())
            return True

    def _set_aside(self) -> tuple[Path, int] | None:
        """Give the file that was written so far, and begin another with the next observation."""
        with self._lock:
            if self._waiting:
                self._append(b"\n")
            if self._handle is None or self._path is None or not self._size:
                return None
            own = self._path, self._handle
            self._handle = self._path = None
            self._size = 0
        return own

    def _after_fork(self) -> None:
        """Begin anew in a child: the parent folds its own file, whose lock both hold."""
        self._lock, self._folding, self._wake = threading.Lock(), threading.Lock(), threading.Event()
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
        self._handle = self._path = self._thread = None
        self._writers = {}
        self._waiting, self._waiting_bytes, self._size = deque(), 0, 0


def _work(reference: weakref.ref[Observer], wake: threading.Event) -> None:
    """Fold now and then, as long as the observer is there."""
    while True:
        wake.wait(FOLD_SECONDS)
        wake.clear()
        observer = reference()
        if observer is None or observer._is_closed:
            return
        with guarded("folding what was observed", observer.deployment):
            observer._fold()
        del observer


def _close_at_exit(reference: weakref.ref[Observer]) -> None:
    observer = reference()
    if observer is not None:
        observer.close()


_held_at_fork: list[Observer] = []


def _before_fork() -> None:
    """Wait until nothing is folded: a catalog that is open during a fork cannot be used in the child."""
    _held_at_fork[:] = list(_living)
    for observer in _held_at_fork:
        observer._folding.acquire()


def _after_fork_in_parent() -> None:
    for observer in _held_at_fork:
        observer._folding.release()
    _held_at_fork.clear()


def _after_fork_in_child() -> None:
    _held_at_fork.clear()
    for observer in list(_living):
        observer._after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


def _plain(value: Any) -> Any:
    """Give a value that JSON does not have as one that it has."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return list(value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)


def _with_odd_numbers(record: dict[str, Any]) -> bytes:
    """Write JSON that keeps NaN, infinite numbers and integers of any size."""
    try:
        return json.dumps(record, default=_plain, separators=(",", ":"), skipkeys=True).encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"time": clock.now_ms()}).encode()
