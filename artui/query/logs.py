"""The logs of a run: which there are, and their bytes at random.

A log is a file of a version, inside the catalog or where it was left on this machine, or the console of a run that is
still running: its file lies beside the catalog, and counts only if it passes the checks of `artui.catalog.spool`.
"""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import os
import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog.blobs import CHUNK_BYTES, unpack
from artui.catalog.spool.place import console_of, folder_of, folders_of, open_file, opened_folder
from artui.content.reading import open_outside
from artui.content.stores.store import Object
from artui.errors import CatalogDamaged, ContentMissing
from artui.model import GOING, RunDetail
from artui.query.artifacts import Held, blob_or_reference
from artui.query.lines import LogSource

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_LOGS = 100
MAX_CHUNKS = 1 << 21
"""Chunks of a stored log: from 128 GiB up to two tebibytes, as they were cut."""
_KEPT_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class LogHead:
    """A log of a run, as it is listed."""

    artifact: str
    """The artifact that holds it, or will once the run has ended."""
    title: str
    is_live: bool = False
    """Whether it is the console of a running run, which may grow and change at its end."""
    version_key: int = 0
    path: str = ""
    """Inside the version; for a live log the name of its file."""


class StoredLog(LogSource):
    """A blob of the catalog: only the chunks that are read are unpacked, and a few of them are cached.

    Raises:
        CatalogDamaged: chunks are missing, or are not what their digests say.
    """

    def __init__(self, reader: Reader, blob_key: int) -> None:
        self._reader = reader
        self._keys, self._ends = array("q"), array("q")
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        with reader.snapshot() as connection:
            row = connection.execute("SELECT size_bytes FROM blob WHERE key = ?", (blob_key,)).fetchone()
            size_bytes, end = int(row[0]) if row else 0, 0
            for key, chunk_bytes in connection.execute(
                "SELECT c.key, c.size_bytes FROM blob_chunk AS b JOIN chunk AS c ON c.key = b.chunk_key "
                "WHERE b.blob_key = ? ORDER BY b.number LIMIT ?",
                (blob_key, MAX_CHUNKS),
            ):
                if not isinstance(chunk_bytes, int) or not 0 < chunk_bytes <= CHUNK_BYTES:
                    raise CatalogDamaged("A stored chunk has an impossible size.", remedy="Get an untouched copy.")
                end += chunk_bytes
                self._keys.append(key)
                self._ends.append(end)
        if end != size_bytes:
            raise CatalogDamaged(
                f"A stored file of {size_bytes:,} bytes lacks some of them.", remedy="Get an untouched copy."
            )

    def size(self) -> int:
        """Give the number of bytes."""
        return self._ends[-1] if self._ends else 0

    def read(self, offset: int, count: int) -> bytes:
        """Unpack the chunks that hold `count` bytes from `offset` on."""
        parts = []
        number = bisect.bisect_right(self._ends, offset)
        while count > 0 and number < len(self._keys):
            start = self._ends[number - 1] if number else 0
            part = self._chunk(number)[offset - start : offset - start + count]
            parts.append(part)
            offset, count, number = offset + len(part), count - len(part), number + 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _chunk(self, number: int) -> bytes:
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        size = self._ends[number] - (self._ends[number - 1] if number else 0)
        with self._reader.reading() as connection:
            row = connection.execute(
                "SELECT codec, digest, content FROM chunk WHERE key = ?", (self._keys[number],)
            ).fetchone()
        if row is None:
            raise CatalogDamaged("A stored chunk is gone.", remedy="Open the catalog again.")
        content = unpack(row[0], size, row[2])
        if hashlib.sha256(content).digest() != row[1]:
            raise CatalogDamaged(
                f"A stored chunk of {size:,} bytes is not what its digest says.", remedy="Get an untouched copy."
            )
        with self._lock:
            self._kept[number] = content
            while sum(map(len, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return content


class FileLog(LogSource):
    """An open file of this machine, up to the size that was recorded of it."""

    _handle: int | None = None

    def __init__(self, handle: int, *, size_bytes: int) -> None:
        self._lock = threading.Lock()
        self._handle = handle
        self._size_bytes = size_bytes

    def size(self) -> int:
        """Give the number of bytes, as of now; 0 once it is closed."""
        with self._lock:
            return min(self._size_bytes, os.fstat(self._handle).st_size) if self._handle is not None else 0

    def read(self, offset: int, count: int) -> bytes:
        """Read up to `count` bytes from `offset` on; nothing once it is closed."""
        # Reading and closing exclude each other: the number of a closed handle may be another file's already.
        with self._lock:
            count = min(count, self._size_bytes - offset)
            return os.pread(self._handle, count, offset) if self._handle is not None and count > 0 else b""

    @property
    def descriptor(self) -> int | None:
        """Its number while it is open; none if the file is longer than what was recorded, or it is closed."""
        with self._lock:
            whole = self._handle is not None and os.fstat(self._handle).st_size == self._size_bytes
            return self._handle if whole else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        if self._handle is not None:
            self.close()


class ObjectLog(LogSource):
    """An object of a store."""

    def __init__(self, content: Object) -> None:
        self._content = content

    def size(self) -> int:
        """Give the number of bytes; 0 once it is closed."""
        return self._content.size()

    def read(self, offset: int, count: int) -> bytes:
        """Read up to `count` bytes from `offset` on; nothing once it is closed."""
        return self._content.read(offset, count)

    def close(self) -> None:
        """End what is still being read."""
        self._content.close()


class LiveLog(FileLog):
    """The console of a running run. Once its file is gone, what it last held can still be read.

    Raises:
        OSError: there is no such file, or it is a link, a pipe or a device.
    """

    is_live = True

    def __init__(self, catalog: Path, name: str) -> None:
        self._folder, self._name = _folder_with(catalog, name), name
        self._token: tuple[int, ...] = ()
        self.is_gone = False
        super().__init__(self._open(), size_bytes=1 << 62)
        self.look()

    def look(self) -> bool:
        """Say whether it has changed since the last look: costs a `stat`."""
        try:
            status = os.stat(self._folder / self._name, follow_symlinks=False)
            token = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._token and token[0] != self._token[0]:
                handle = self._open()
                self.close()
                with self._lock:
                    self._handle = handle
        except OSError:
            self.is_gone = True
            return False
        is_changed, self._token, self.is_gone = token != self._token, token, False
        return is_changed

    def _open(self) -> int:
        with opened_folder(self._folder) as folder:
            return open_file(folder, self._name)


def log_sources(reader: Reader, detail: RunDetail) -> list[LogHead]:
    """List the logs of a run: the consoles of a running one, then all files of the versions of kind `log`."""
    versions = {head.key: head for head in detail.outputs if head.kind == "log"}
    saved_logs: list[LogHead] = []
    with reader.snapshot() as connection:
        for key, version in versions.items():
            rows = connection.execute(
                "SELECT path FROM file WHERE version_key = ? AND link_target IS NULL ORDER BY path LIMIT ?",
                (key, MAX_LOGS - len(saved_logs)),
            ).fetchall()
            saved_logs += [
                LogHead(version.artifact, version.reference, version_key=key, path=str(path))
                if len(rows) == 1
                else LogHead(version.artifact, f"{version.reference} {path}", version_key=key, path=str(path))
                for (path,) in rows
            ]
    # Between a run's end and the moment when its console has been saved, the file is all there is.
    is_open = detail.head.status in GOING
    saved_artifacts = {head.artifact for head in saved_logs}
    return [
        head for head in _consoles(reader, detail.head.id) if is_open or head.artifact not in saved_artifacts
    ] + saved_logs


def _consoles(reader: Reader, run_id: str) -> list[LogHead]:
    def is_wanted(name: str) -> bool:
        console = console_of(name)
        return console is not None and console[0] == run_id

    names: list[str] = []
    for place in folders_of(reader.path):
        with contextlib.suppress(OSError), opened_folder(place) as folder:
            names += filter(is_wanted, os.listdir(folder))
    return [
        LogHead(console[1], console[1], is_live=True, path=name)
        for name in sorted(names, key=lambda name: (len(name), name))[:MAX_LOGS]
        if (console := console_of(name)) is not None
    ]


def _folder_with(catalog: Path, name: str) -> Path:
    """Give the folder of spools that holds a console; the one beside the catalog if none does."""
    folders = folders_of(catalog)
    return next((folder for folder in folders if os.path.lexists(folder / name)), folder_of(catalog))


def open_log(reader: Reader, head: LogHead) -> LogSource:
    """Open a log of a run.

    Raises:
        ContentMissing: its bytes are not available, or not any more.
    """
    if not head.is_live:
        return open_file_log(reader, head.version_key, head.path)
    try:
        return LiveLog(reader.path, head.path)
    except PermissionError as error:
        raise ContentMissing(
            f"{head.title} is not opened: what lies in its place is {error.strerror or 'not to be read'}.",
            remedy=f"See what {folder_of(reader.path).name} holds.",
        ) from error
    except OSError as error:
        raise ContentMissing(f"{head.title} has just ended.", remedy="r reads the catalog again.") from error


def open_file_log(reader: Reader, version_key: int, path: str, *, is_checked: bool = True) -> LogSource:
    """Open a file of a version. With `is_checked` false the caller compares the digest of all that it reads.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: the bytes are not in the catalog, and not on this machine.
    """
    with reader.snapshot() as connection:
        place = blob_or_reference(reader, connection, version_key, path)
    if isinstance(place, int):
        return StoredLog(reader, place)
    if isinstance(place, Held):
        return StoredLog(*place)
    opened = open_outside(place, is_checked=is_checked)
    if isinstance(opened, Object):
        return ObjectLog(opened)
    with opened as stream:
        return FileLog(os.dup(stream.fileno()), size_bytes=place.size_bytes)
