"""The spool of this process: what is logged goes into it with one `write(2)` a call.

A file is made under a name that begins with a dot, locked, and then renamed, so that nobody sees one that is not
locked yet. What is not folded yet is also kept in memory for as long as it is little: a file that somebody deletes
or cuts while it is in use is written anew, and nothing is lost.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.catalog.ids import new_id
from artui.catalog.journal import locks_are_local
from artui.catalog.locks import lock_file
from artui.catalog.spool import format as spool_format
from artui.catalog.spool.abandoned import turn_behind
from artui.catalog.spool.format import (
    ACTION,
    CONTENT,
    FOLLOWS,
    FOLLOWS_BODY,
    HEADER,
    MAGIC,
    NAMES,
    NUMBERED,
    POINTS,
    encode_json,
    record,
)
from artui.catalog.spool.owners import header_of, this_process
from artui.catalog.spool.place import folder_of, made_folder
from artui.errors import CatalogReadOnly

if TYPE_CHECKING:
    from artui.secrets import Redactor

MAX_WAITING_BYTES = 64 << 20
"""How much is kept in memory while the disk is full; points beyond that are counted and dropped."""
KEPT_BYTES = 8 << 20
"""How much of what was written but not folded yet is kept in memory, too."""
ROTATE_BYTES = 8 << 20
"""A spool that is folded whole and larger than this is followed by a new one."""
LOOK_SECONDS = 0.5
_COPY_BYTES = 1 << 20
_MAX_NAME_SETS = 10_000

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENFILE, errno.EMFILE, errno.ENOMEM})
"""Errors that may go away: until then records are kept in memory."""


class Spool:
    """The spool of this process for one catalog. Safe from any thread; of no use after a fork.

    `tell` is called, with a cause and a sentence, when somebody has taken the file away.
    """

    def __init__(
        self,
        catalog: Path,
        *,
        parent: str = "",
        tell: Callable[[str, str], None] = lambda cause, text: None,
        redactor: Redactor | None = None,
        folder: Path | None = None,
    ) -> None:
        from artui.secrets import Redactor

        self.folder = folder or folder_of(catalog)
        self.redactor = redactor or Redactor(str(catalog))
        """Takes secrets out of everything that is written to this file, since it may be left behind."""
        self.owner = this_process(parent)
        self._catalog_path = catalog
        self.lock = threading.Lock()
        self.dropped_points = 0
        self.is_closed = False
        self._tell = tell
        self._handle: int | None = None
        self._waiting: list[tuple[bytes, int]] = []
        self._waiting_bytes = 0
        self._streams: list[Stream] = []
        self._starts: dict[str, bytes] = {}
        self._names_count = 0
        self._definitions: dict[int, bytes] = {}
        """The definitions of this file's names, for a file that may have to be written in its place."""
        self._recent: list[bytes] = []
        self._older: deque[tuple[int, list[bytes]]] = deque()
        """Records that were written, with the offset behind them; `_recent` has the ones after those."""
        self._kept_from = 0
        """All records from this offset on are in memory."""
        self._begin_bytes = 0
        """Offset behind the header."""
        self._folded_bytes = 0
        self._is_child = bool(parent)
        self._looked_at = time.monotonic()
        self.id = ""
        self.size = 0
        """Bytes that were written: whole records only."""
        self.trouble: OSError | None = None
        """Why records had to be kept in memory, until they are written."""
        try:
            self._open()
        except OSError as error:
            if error.errno not in _FULL:
                raise CatalogReadOnly(
                    f"{str(self.folder)!a} cannot be made: {error.strerror}.",
                    remedy="Choose a folder that you may write to. It must not be a link.",
                ) from None
            self.trouble = error

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.folder / self.id

    @property
    def handle(self) -> int | None:
        """The open file, for the thread that folds it: it can be read even when its name is gone."""
        return self._handle

    @property
    def has_waiting(self) -> bool:
        """Whether records are still in memory only."""
        return bool(self._waiting)

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still unharmed under its name."""
        return self._handle is not None and not self._harm(self._handle)

    def _open(self, *, copied: _Copy | None = None) -> None:
        """Begin a new file, which is whole and locked before it gets its name."""
        spool_id = new_id()
        if not self.owner.turn and locks_are_local(self._catalog_path):
            self.owner = replace(self.owner, turn=turn_behind(self._catalog_path, spool_id))
        starts = b"".join(self._starts.values())
        begin = MAGIC + record(bytes([HEADER]) + encode_json(header_of(self.owner)))
        if copied is not None:
            starts += b"".join(self._definitions.values())
            place = len(begin) + spool_format.RECORD.size + FOLLOWS_BODY.size + len(starts)
            begin += record(FOLLOWS_BODY.pack(FOLLOWS, self.id.encode("ascii"), copied.start, copied.end, place))
        with contextlib.ExitStack() as undo:
            handle = self._made(f".{spool_id}.part")
            undo.callback(_unlink, self.folder / f".{spool_id}.part")
            undo.callback(os.close, handle)
            _write_all(handle, begin + starts)
            for part in copied.parts if copied is not None else ():
                _write_all(handle, part)
            with made_folder(self.folder) as folder:
                os.rename(f".{spool_id}.part", spool_id, src_dir_fd=folder, dst_dir_fd=folder)
            undo.pop_all()
        before, self._handle = self._handle, handle
        self.id, self.size = spool_id, os.fstat(handle).st_size
        self._begin_bytes, self._folded_bytes, self._kept_from = len(begin), 0, self.size
        self._recent, self._older = [], deque()
        if copied is not None:
            # What was copied is in memory again only if it is little.
            self._kept_from, self._recent = self.size - len(copied.kept), [copied.kept]
        for stream in self._streams:
            stream.forget()
        if before is not None:
            os.close(before)

    def _made(self, part: str) -> int:
        """Make a locked file in the folder of spools."""
        for attempt in range(100):
            with made_folder(self.folder) as folder:
                try:
                    handle = os.open(
                        part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666, dir_fd=folder
                    )
                except FileNotFoundError:
                    if attempt == 99:
                        raise
                    continue  # the last writer of another process has just removed the folder
            # A process that removes unfinished files may hold the lock for a moment.
            lock_file(handle, waits=True)
            return handle
        raise FileNotFoundError(errno.ENOENT, "the folder goes away again and again")

    def stream(self, run_id: str, labels: str) -> Stream:
        """Give what writes the points of one run."""
        stream = Stream(self, run_id, labels)
        with self.lock:
            self._streams.append(stream)
        return stream

    def remove_stream(self, stream: Stream) -> None:
        """Forget the stream of a run that has ended."""
        with self.lock, contextlib.suppress(ValueError):
            self._streams.remove(stream)

    def act(self, action: Mapping[str, Any], content: bytes = b"") -> None:
        """Write an action, with the bytes that belong to it if there are any."""
        action = self.redactor.tree(action)
        text = encode_json(action)
        body = bytes([ACTION]) + text if not content else NUMBERED.pack(CONTENT, len(text)) + text + content
        whole = record(body)
        with self.lock:
            if action["do"] == "start":
                self._starts[action["run"]["id"]] = record(bytes([ACTION]) + encode_json({**action, "mode": "again"}))
            elif action["do"] == "finish":
                self._starts.pop(action["id"], None)
            self.append(whole, 0)

    def define(self, run_id: str, labels: str, names: tuple[str, ...]) -> int:
        """Write a definition that gives names a number; to be called under the lock."""
        self._names_count += 1
        number = self._names_count
        definition = record(NUMBERED.pack(NAMES, number) + encode_json([run_id, labels, self._clean_names(names)]))
        self._definitions[number] = definition
        self.append(definition, 0)
        return number

    def _clean_names(self, names: tuple[str, ...]) -> list[str]:
        cleaned = [self.redactor.text(name) for name in names]
        times = Counter(cleaned)
        # Two metrics with the same name would become one series.
        return [
            name if times[name] == 1 or name == plain else f"{name}-{at}"
            for at, (name, plain) in enumerate(zip(cleaned, names, strict=True))
        ]

    def append(self, whole: bytes, points: int) -> None:
        """Write one record, or keep it for later; to be called under the lock."""
        if self._is_child:
            self._tend()  # a process without a writer's thread looks after the file here
        handle = self._handle
        if handle is not None and not self._waiting:
            try:
                written = os.write(handle, whole)
            except OSError as error:
                self.trouble = error
            else:
                if written == len(whole):
                    self._keep(whole)
                    return
                self._take_back(handle, written)
                self.trouble = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if points and self._waiting_bytes + len(whole) > MAX_WAITING_BYTES:
            self.dropped_points += points
            return
        self._waiting.append((whole, points))
        self._waiting_bytes += len(whole)

    def _take_back(self, handle: int, written: int) -> None:
        """Remove the part of a record that a full disk took, so that the next ones do not follow half of one."""
        # Where that is not possible, either, the file is seen to be too long, and written anew.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, os.fstat(handle).st_size - written)

    def _keep(self, whole: bytes) -> None:
        """Note a record that was written."""
        self.size += len(whole)
        self._recent.append(whole)
        if self.size - self._kept_from > KEPT_BYTES:
            if self._older:
                self._kept_from = self._older.popleft()[0]
            else:
                self._kept_from, self._recent = self.size, []

    def mark(self) -> None:
        """Begin a new group of records in memory, which is dropped as a whole once it is folded."""
        with self.lock:
            if self._recent:
                self._older.append((self.size, self._recent))
                self._recent = []

    def note_folded(self, folded_bytes: int) -> None:
        """Drop from memory what is in the catalog."""
        let_go = []
        with self.lock:
            self._folded_bytes = folded_bytes
            while self._older and self._older[0][0] <= folded_bytes:
                let_go.append(self._older.popleft())
                self._kept_from = let_go[-1][0]

    def touch(self) -> None:
        """Touch the file, to show other machines, which may not see the lock, that this process lives."""
        with self.lock, contextlib.suppress(OSError):
            if self._handle is not None:
                os.utime(self._handle)

    def look(self) -> bool:
        """Notice that the file was deleted, cut or moved, and write it anew; false when that is not possible now."""
        with self.lock:
            return self._look()

    def _tend(self) -> None:
        if self._waiting:
            self._flush()
        if (now := time.monotonic()) - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._look()

    def _look(self) -> bool:
        handle = self._handle
        if handle is None or self.is_closed:
            return True
        harm = self._harm(handle)
        if not harm:
            return True
        before = f"{self.folder.name}/{self.id}"
        try:
            lost_bytes = self._renew(handle)
        except OSError as error:
            self._tell("spool harmed", f"{before} {harm}, and cannot be written anew: {error.strerror}.")
            # The open file still has everything, unless it was cut.
            return _size_of(handle) == self.size
        self._tell_renewed(before, harm, lost_bytes)
        return True

    def _tell_renewed(self, before: str, harm: str, lost_bytes: int) -> None:
        lost = f" but for {lost_bytes:,} bytes, which are lost" if lost_bytes else ""
        self._tell("spool renewed", f"{before} {harm}: what the catalog does not hold yet was written anew{lost}.")

    def _harm(self, handle: int) -> str:
        """Say what somebody has done to the file; empty when nothing."""
        try:
            open_status = os.fstat(handle)
        except OSError as error:
            return f"could not be reached any more ({error.strerror})"
        if open_status.st_size != self.size:
            return "was cut or changed while it was in use"
        try:
            named_status = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return "was deleted or moved while it was in use"
        if (named_status.st_dev, named_status.st_ino) != (open_status.st_dev, open_status.st_ino):
            return "was replaced while it was in use"
        if open_status.st_nlink != 1:
            return "was given a second name while it was in use"
        if stat.S_IMODE(open_status.st_mode) & 0o600 != 0o600:
            return "was closed to its owner while it was in use"
        return ""

    def _renew(self, handle: int) -> int:
        """Continue in a new file that begins with what is not folded of this one; give how many bytes are lost."""
        start = max(self._folded_bytes, self._begin_bytes)
        kept = b"".join(part for _, parts in (*self._older, (0, self._recent)) for part in parts)
        kept_from = self._kept_from
        before = self.path
        is_cut = _size_of(handle) != self.size
        if start >= kept_from:
            kept, kept_from = kept[start - kept_from :], start
        lost_bytes = kept_from - start if is_cut else 0
        parts = iter([kept]) if is_cut or kept_from == start else _parts_of(handle, start, self.size)
        self._open(copied=_Copy(kept_from if is_cut else start, self.size, kept, parts))
        with contextlib.suppress(OSError):
            os.unlink(before)
        return lost_bytes

    def retry(self) -> bool:
        """Write what had to be kept in memory; true when nothing of it is left."""
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
        handle = self._handle
        if handle is None:
            return
        self._write_waiting(handle)
        if self._waiting and not self.is_closed and _size_of(handle) < 0:
            # Its file system was away. Once it is back, it may have the name, and never again this open file.
            try:
                before, lost_bytes = f"{self.folder.name}/{self.id}", self._renew(handle)
            except OSError:
                return
            self._tell_renewed(before, "could not be reached any more", lost_bytes)
            if (handle := self.handle) is not None:
                self._write_waiting(handle)

    def _write_waiting(self, handle: int) -> None:
        done = 0
        for whole, _ in self._waiting:
            try:
                written = os.write(handle, whole)
            except OSError as error:
                self.trouble = error
                break
            if written != len(whole):
                self._take_back(handle, written)
                break
            self._keep(whole)
            self._waiting_bytes -= written
            done += 1
        del self._waiting[:done]
        if not self._waiting:
            self.trouble = None

    def rotate(self, folded_bytes: int) -> Path | None:
        """Continue in a new file if this one is large and wholly folded; give the old one, which may be removed."""
        with self.lock:
            if self.size < ROTATE_BYTES or folded_bytes != self.size or self._waiting or self.is_closed:
                return None
            before = self.path
            try:
                self._open()
            except OSError:
                return None
            self._definitions.clear()
            return before

    def close(self) -> None:
        """Close the file; any process may now fold what is in it."""
        with self.lock:
            self.is_closed = True
            handle, self._handle = self._handle, None
        if handle is not None:
            if self.owner.turn:
                # Another machine, which sees no lock, has nothing to wait for any more.
                with contextlib.suppress(OSError):
                    os.utime(handle, (0, 0))
            os.close(handle)

    def abandon(self) -> None:
        """After a fork: close the parent's file, and release the child's hold on its lock."""
        self.lock = threading.Lock()
        self.is_closed = True
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)


class _Copy:
    """What a new file takes over from the one before it."""

    def __init__(self, start: int, end: int, kept: bytes, parts: Iterator[bytes]) -> None:
        self.start = start
        self.end = end
        self.kept = kept
        """Its last part, as it is in memory."""
        self.parts = parts


class Stream:
    """Writes the points of one run from the training loop to the file."""

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
            name_set = self._sets.get(names)
            if name_set is None:
                name_set = self._define(names)
            body = name_set[1](POINTS, name_set[0], step, time_ms, *values.values())
            spool.append(record(body), len(names))

    def _define(self, names: tuple[str, ...]) -> tuple[int, Callable[..., bytes]]:
        for name in names:
            if type(name) is not str:
                raise TypeError("names of metrics are texts")
        if len(self._sets) >= _MAX_NAME_SETS:
            self._sets.clear()
        number = self._spool.define(self._run_id, self._labels, names)
        name_set = self._sets[names] = number, struct.Struct(f"<BIqq{len(names)}d").pack
        return name_set


def _size_of(handle: int) -> int:
    """Give the size of an open file; -1 of one that its file system has lost, as a network one does whose server was away."""
    try:
        return os.fstat(handle).st_size
    except OSError:
        return -1


def _parts_of(handle: int, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        part = os.pread(handle, min(_COPY_BYTES, end - start), start)
        if not part:
            raise OSError(errno.EIO, "it changes while it is copied")
        yield part
        start += len(part)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
