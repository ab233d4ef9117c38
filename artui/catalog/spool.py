"""What a process has logged and the catalog does not hold yet.

Every writing process appends to a file of its own in the folder `NAME.artui-spool` beside the catalog: one
`write(2)` a call, so that nothing that was logged is lost with the process, and no lock of the catalog is ever
waited for. `artui.catalog.folding` carries the records into the catalog.

Format, little-endian:

    file     the 8 bytes `ARTUISP1`, then records
    record   uint32 size of the body, uint32 CRC-32 of the body, body
    body     uint8 kind, then
             0 HEADER   JSON: who writes
             1 ACTION   JSON: something to do, such as starting a run
             2 NAMES    uint32 number, JSON [run id, labels, [name, …]]: what the values of points are of
             3 POINTS   uint32 number of the names, int64 step, int64 time in ms, a float64 for each name
             4 CONTENT  uint32 size of the JSON, JSON of an action, then bytes that belong to it

The writer holds `flock` on its file: one that can be locked has lost its writer. A file is made under a name that
begins with a dot, locked, and then renamed, so that nobody sees one that is not locked yet.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.catalog.beside import folder_of
from artui.catalog.ids import new_id
from artui.errors import CatalogReadOnly, UsageError

if TYPE_CHECKING:
    from artui.secrets import Redactor

MAGIC = b"ARTUISP1"
HEADER, ACTION, NAMES, POINTS, CONTENT = range(5)
RECORD = struct.Struct("<II")
POINTS_HEAD = struct.Struct("<BIqq")
_NUMBERED = struct.Struct("<BI")

MAX_BODY_BYTES = 64 << 20
MAX_WAITING_BYTES = 64 << 20
"""While the disk is full, so much is kept in memory; points beyond that are counted and dropped."""
ROTATE_BYTES = 8 << 20
"""A spool that is folded whole and larger than this is followed by a new one."""
_MAX_NAME_SETS = 10_000

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENFILE, errno.EMFILE, errno.ENOMEM})
"""Errors that may go away: until then records are kept in memory."""


def encode_json(value: Any) -> bytes:
    """Write JSON that keeps NaN, infinities, ints of any size and lone surrogates."""
    return json.dumps(value, separators=(",", ":"), default=str).encode("ascii")


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that writes a spool."""

    host: str
    pid: int
    boot: str
    """The machine's boot id, where it has one: a process of another boot is gone."""
    parent: str = ""
    """The spool of the process that this one was forked from, which folds for it."""


@cache
def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


class Spool:
    """The spool of this process for one catalog. Safe from any thread; of no use after a fork."""

    def __init__(self, catalog: Path, *, parent: str = "", redactor: Redactor | None = None) -> None:
        from artui.secrets import Redactor

        self.folder = folder_of(catalog)
        self.redactor = redactor or Redactor(str(catalog))
        """Nothing reaches this file that was not looked through for secrets: it is one that may be left behind."""
        self.owner = Owner(socket.gethostname(), os.getpid(), boot_id(), parent)
        self.lock = threading.Lock()
        self.dropped_points = 0
        self.is_closed = False
        self._handle: int | None = None
        self._waiting: list[tuple[bytes, int]] = []
        self._waiting_bytes = 0
        self._streams: list[Stream] = []
        self._starts: dict[str, bytes] = {}
        self._names_count = 0
        self.id = ""
        self.size = 0
        """Bytes written, all of them whole records."""
        self.trouble: OSError | None = None
        """Why records had to be kept in memory, until they are written."""
        try:
            self._open()
        except OSError as error:
            if error.errno not in _FULL:
                raise CatalogReadOnly(
                    f"{str(self.folder)!a} cannot be made: {error.strerror}.",
                    remedy="Choose a folder that you may write to.",
                ) from None
            self.trouble = error

    @property
    def path(self) -> Path:
        return self.folder / self.id

    @property
    def has_waiting(self) -> bool:
        """Whether records are still in memory only."""
        return bool(self._waiting)

    def _open(self) -> None:
        """Begin a new file: whole and locked before it has its name."""
        spool_id = new_id()
        header = record(bytes([HEADER]) + encode_json({"version": 1, **_plain(self.owner)}))
        part = self.folder / f".{spool_id}.part"
        handle = -1
        for _ in range(3):
            try:
                self.folder.mkdir(exist_ok=True)
                handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666)
                break
            except FileNotFoundError:
                continue  # the last writer of another process has just removed the folder
        if handle < 0:
            raise FileNotFoundError(errno.ENOENT, "the folder goes away again and again")
        try:
            # Whoever clears away old beginnings may have it, for a moment.
            lock_file(handle, waits=True)
            _write_all(handle, MAGIC + header + b"".join(self._starts.values()))
            os.rename(part, self.folder / spool_id)
        except BaseException:
            os.close(handle)
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        before, self._handle = self._handle, handle
        self.id, self.size = spool_id, os.fstat(handle).st_size
        for stream in self._streams:
            stream.forget()
        if before is not None:
            os.close(before)

    def stream(self, run_id: str, labels: str) -> Stream:
        """Give what writes the points of one run."""
        stream = Stream(self, run_id, labels)
        with self.lock:
            self._streams.append(stream)
        return stream

    def remove_stream(self, stream: Stream) -> None:
        with self.lock, contextlib.suppress(ValueError):
            self._streams.remove(stream)

    def act(self, action: Mapping[str, Any], content: bytes = b"") -> None:
        """Write something that is to be done; with `content`, bytes that belong to it."""
        action = self.redactor.tree(action)
        text = encode_json(action)
        body = bytes([ACTION]) + text if not content else _NUMBERED.pack(CONTENT, len(text)) + text + content
        whole = record(body)
        with self.lock:
            if action["do"] == "start":
                self._starts[action["run"]["id"]] = record(bytes([ACTION]) + encode_json({**action, "mode": "again"}))
            elif action["do"] == "finish":
                self._starts.pop(action["id"], None)
            self.append(whole, 0)

    def define(self, run_id: str, labels: str, names: tuple[str, ...]) -> int:
        """Give names a number; under the lock."""
        self._names_count += 1
        number = self._names_count
        self.append(record(_NUMBERED.pack(NAMES, number) + encode_json([run_id, labels, self._clean_names(names)])), 0)
        return number

    def _clean_names(self, names: tuple[str, ...]) -> list[str]:
        # Two metrics of one name would be one series.
        cleaned = [self.redactor.text(name) for name in names]
        return [name if cleaned.count(name) == 1 or name == plain else f"{name}-{at}" for at, (name, plain) in enumerate(zip(cleaned, names, strict=True))]  # fmt: skip

    def append(self, whole: bytes, points: int) -> None:
        """Write one record, or keep it for later; under the lock."""
        handle = self._handle
        if self._waiting and self.owner.parent:
            self._flush()  # a process without a writer of its own tries again itself
        if handle is not None and not self._waiting:
            try:
                written = os.write(handle, whole)
            except OSError as error:
                self.trouble = error
            else:
                if written == len(whole):
                    self.size += written
                    return
                # A full disk took a part: what is cut off must not stand before the records to come.
                os.ftruncate(handle, self.size)
                self.trouble = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if points and self._waiting_bytes + len(whole) > MAX_WAITING_BYTES:
            self.dropped_points += points
            return
        self._waiting.append((whole, points))
        self._waiting_bytes += len(whole)

    def retry(self) -> bool:
        """Write what had to be kept in memory; true when nothing is left of it."""
        with self.lock:
            if self._waiting or (self._handle is None and not self.is_closed):
                self._flush()
            return not self._waiting and (self._handle is not None or self.is_closed)

    def _flush(self) -> None:
        if self._handle is None and not self.is_closed:
            try:
                self._open()
            except OSError as error:
                self.trouble = error
        handle, done = self._handle, 0
        if handle is None:
            return
        for whole, _ in self._waiting:
            try:
                written = os.write(handle, whole)
            except OSError as error:
                self.trouble = error
                break
            if written != len(whole):
                os.ftruncate(handle, self.size)
                break
            self.size += written
            self._waiting_bytes -= written
            done += 1
        del self._waiting[:done]
        if not self._waiting:
            self.trouble = None

    def rotate(self, folded_bytes: int) -> Path | None:
        """Go on in a new file if this one is large and folded whole; give the old one, which may be removed."""
        with self.lock:
            if self.size < ROTATE_BYTES or folded_bytes != self.size or self._waiting or self.is_closed:
                return None
            before = self.path
            try:
                self._open()
            except OSError:
                return None
            return before

    def close(self) -> None:
        """Let go of the file; whatever is in it can now be folded by anybody."""
        with self.lock:
            self.is_closed = True
            handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def abandon(self) -> None:
        """After a fork: let go of the parent's file, and of the parent's lock with it."""
        self.lock = threading.Lock()
        self.is_closed = True
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)


class Stream:
    """Writes the points of one run: the way from the training loop to the file."""

    __slots__ = ("_labels", "_run_id", "_sets", "_spool")

    def __init__(self, spool: Spool, run_id: str, labels: str) -> None:
        self._spool = spool
        self._run_id = run_id
        self._labels = labels
        self._sets: dict[tuple[str, ...], tuple[int, Callable[..., bytes]]] = {}

    def forget(self) -> None:
        """Define names anew in the next file."""
        self._sets.clear()

    def add(self, values: Mapping[str, Any], step: int, time_ms: int) -> None:
        """Write one call's values: anything that `float` takes.

        Raises:
            struct.error, OverflowError, TypeError…: a value is no number, or the step has more than 64 bits.
        """
        names = tuple(values)
        spool = self._spool
        with spool.lock:
            found = self._sets.get(names)
            if found is None:
                found = self._define(names)
            body = found[1](POINTS, found[0], step, time_ms, *values.values())
            spool.append(record(body), len(names))

    def _define(self, names: tuple[str, ...]) -> tuple[int, Callable[..., bytes]]:
        for name in names:
            if type(name) is not str:
                raise TypeError("names of metrics are texts")
        if len(self._sets) >= _MAX_NAME_SETS:
            self._sets.clear()
        number = self._spool.define(self._run_id, self._labels, names)
        found = self._sets[names] = number, struct.Struct(f"<BIqq{len(names)}d").pack
        return found


def record(body: bytes) -> bytes:
    """Make a record of a body.

    Raises:
        UsageError: it is larger than a reader would take for a record.
    """
    if len(body) > MAX_BODY_BYTES:
        raise UsageError(
            f"{len(body):,} bytes are too much to be logged at once.", remedy="Write a file and save() it."
        )
    return RECORD.pack(len(body), zlib.crc32(body)) + body


class Lock(Enum):
    """What came of asking for the writer's lock on a spool."""

    MINE = 1
    TAKEN = 2
    UNKNOWN = 3
    """The file system, or the machine, has no such locks."""


def lock_file(handle: int, *, waits: bool = False) -> Lock:
    """Ask for the writer's lock on a spool; it goes with the open file."""
    try:
        import fcntl
    except ImportError:
        return Lock.UNKNOWN
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return Lock.TAKEN
    except OSError:
        return Lock.UNKNOWN
    return Lock.MINE


def _write_all(handle: int, content: bytes) -> None:
    if os.write(handle, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _plain(owner: Owner) -> dict[str, Any]:
    return {"host": owner.host, "pid": owner.pid, "boot": owner.boot, "parent": owner.parent}


# Reading

_READ_BYTES = 4 << 20

Values = tuple[Any, Any, Any]
"""Steps, times in ms and values: three arrays of one length."""


@dataclass(slots=True)
class Batch:
    """Some whole records of a spool, in order."""

    actions: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    points: dict[tuple[str, str, str], list[Values]] = field(default_factory=dict)
    """Parts of series, by (run id, labels, name)."""
    last_ms: dict[str, int] = field(default_factory=dict)
    """When a run was last heard of."""
    start: int = 0
    end: int = 0
    """Offset behind the last whole record."""
    is_last: bool = True
    """Whether there was nothing more to read."""


class SpoolFile:
    """A spool as it is read: by whoever folds it, and by readers of what is not folded yet."""

    def __init__(self, path: Path, *, is_trusted: bool = False) -> None:
        self.path = path
        self.id = path.name
        self.owner: Owner | None = None
        self._names: dict[int, tuple[str, str, tuple[str, ...]]] = {}
        self._known = len(MAGIC)
        """Definitions up to here have been read."""
        self._is_trusted = is_trusted

    def read(self, start: int, *, max_bytes: int = _READ_BYTES) -> Batch:
        """Read whole records from an offset on; the definitions before it are looked up as needed.

        Raises:
            OSError: the file cannot be read.
        """
        start = max(start, len(MAGIC))
        handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if os.pread(handle, len(MAGIC), 0) != MAGIC:
                return Batch(start=0, end=0)
            while self._known < start:
                behind = self._read(handle, self._known, start - self._known, is_wanted=False)
                if behind.end == self._known:
                    break
                self._known = behind.end
            batch = self._read(handle, start, max_bytes, is_wanted=True)
            self._known = max(self._known, batch.end)
            return batch
        finally:
            os.close(handle)

    def _read(self, handle: int, start: int, max_bytes: int, *, is_wanted: bool) -> Batch:
        batch = Batch(start=start, end=start)
        content = os.pread(handle, max_bytes, start)
        batch.is_last = len(content) < max_bytes
        place = 0
        while len(content) - place >= RECORD.size:
            size, check = RECORD.unpack_from(content, place)
            if not 0 < size <= MAX_BODY_BYTES:
                batch.is_last = True
                break
            end = place + RECORD.size + size
            if end > len(content):
                if place == 0 and len(content) == max_bytes:
                    # One record larger than what was asked for.
                    content = os.pread(handle, RECORD.size + size, start)
                    if len(content) == RECORD.size + size:
                        continue
                break
            body = memoryview(content)[place + RECORD.size : end]
            if not self._is_trusted and zlib.crc32(body) != check:
                batch.is_last = True
                break
            kind = body[0]
            if kind == POINTS and is_wanted:
                end = self._take_points(batch, content, place, size)
            elif kind != POINTS:
                with contextlib.suppress(ValueError, TypeError, KeyError, struct.error, RecursionError):
                    self._take(batch, kind, body, is_wanted=is_wanted)
            place = end
        batch.end = start + place
        return batch

    def _take(self, batch: Batch, kind: int, body: memoryview, *, is_wanted: bool) -> None:
        if kind == HEADER:
            found = json.loads(bytes(body[1:]))
            self.owner = Owner(str(found["host"]), int(found["pid"]), str(found["boot"]), str(found.get("parent", "")))
        elif kind == NAMES:
            number = _NUMBERED.unpack_from(body)[1]
            run_id, labels, names = json.loads(bytes(body[_NUMBERED.size :]))
            self._names[number] = str(run_id), str(labels), tuple(map(str, names))
        elif kind == ACTION and is_wanted:
            batch.actions.append((dict(json.loads(bytes(body[1:]))), b""))
        elif kind == CONTENT and is_wanted:
            middle = _NUMBERED.size + _NUMBERED.unpack_from(body)[1]
            batch.actions.append((dict(json.loads(bytes(body[_NUMBERED.size : middle]))), bytes(body[middle:])))

    def _take_points(self, batch: Batch, content: bytes, place: int, size: int) -> int:
        """Take as many records of the same names as follow each other; give the offset behind them."""
        import numpy as np

        stride = RECORD.size + size
        fit = (len(content) - place) // stride
        window, count = 8, 1
        # Same size, kind and names as the first: looked at in growing windows, since calls may take turns.
        while count < fit:
            width = min(window, fit - count)
            rows = np.frombuffer(content, np.uint8, (width + 1) * stride, place + (count - 1) * stride)
            rows = rows.reshape(width + 1, stride)
            same = (rows[1:, :4] == rows[0, :4]).all(axis=1) & (rows[1:, 8:13] == rows[0, 8:13]).all(axis=1)
            if not self._is_trusted:
                same &= np.array(_checks_hold(content, place + count * stride, stride, width, same))
            good = width if same.all() else int(same.argmin())
            count += good
            if good < width:
                break
            window *= 4
        number = POINTS_HEAD.unpack_from(content, place + RECORD.size)[1]
        known = self._names.get(number)
        end = place + count * stride
        if known is None or POINTS_HEAD.size + 8 * len(known[2]) != size:
            return end
        run_id, labels, names = known
        layout = np.dtype({
            "names": ["step", "time", "values"],
            "formats": ["<i8", "<i8", ("<f8", (len(names),))],
            "offsets": [RECORD.size + 5, RECORD.size + 13, RECORD.size + POINTS_HEAD.size],
            "itemsize": stride,
        })  # fmt: skip
        found: Any = np.frombuffer(content, layout, count, place)
        steps, times_ms, values = found["step"].astype(np.int64), found["time"].astype(np.int64), found["values"]
        for column, name in enumerate(names):
            batch.points.setdefault((run_id, labels, name), []).append(
                (steps, times_ms, values[:, column].astype(np.float64))
            )
        batch.last_ms[run_id] = max(batch.last_ms.get(run_id, 0), int(times_ms[-1]))
        return end


def _checks_hold(content: bytes, place: int, stride: int, count: int, wanted: Iterable[Any]) -> list[bool]:
    view = memoryview(content)
    found = []
    for number, is_wanted in zip(range(count), wanted, strict=False):
        start = place + number * stride
        check = RECORD.unpack_from(content, start)[1]
        found.append(bool(is_wanted) and zlib.crc32(view[start + RECORD.size : start + stride]) == check)
    return found


def joined(parts: list[Values]) -> Values:
    """Put parts of a series together."""
    if len(parts) == 1:
        return parts[0]
    import numpy as np

    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))  # type: ignore[return-value]


def spool_files(catalog: Path) -> list[Path]:
    """List the spools of a catalog, oldest first; none when there is no folder of them."""
    try:
        with os.scandir(folder_of(catalog)) as entries:
            names = [
                entry.name
                for entry in entries
                if len(entry.name) == 26 and entry.name.isalnum() and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return []
    return [folder_of(catalog) / name for name in sorted(names)]


def is_abandoned(path: Path) -> bool:
    """Say whether the process that writes a spool is gone for certain."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        lock = lock_file(handle)
        if lock is Lock.TAKEN:
            return False
        file = SpoolFile(path)
        file.read(0, max_bytes=4096)
        owner = file.owner
        if owner is None:
            return lock is Lock.MINE
        if owner.host == socket.gethostname():
            return lock is Lock.MINE or owner.boot != boot_id() or not _is_alive(owner.pid)
        # Locks of another host may not be seen here: only silence of some length is believed.
        return time.time() - os.fstat(handle).st_mtime > OTHER_HOST_SECONDS
    except OSError:
        return False
    finally:
        os.close(handle)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


OTHER_HOST_SECONDS = 600.0
