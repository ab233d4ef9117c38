"""Files on their way into a catalog: hashed, stored, previewed.

Each file is opened once, and what is hashed is what is stored. Links that are listed are recorded as links: which ones
are followed is known before (`walking.py`). Special files are never opened, and a file that changes while it is read is read again and else marked.
Nothing is read without an end: of a file that grows, what it held when it was opened; of a hole, nothing.
"""

from __future__ import annotations

import errno
import hashlib
import io
import mimetypes
import os
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from artui.catalog import blobs
from artui.catalog.artifacts import NewFile
from artui.content.regular import open_regular
from artui.content.walking import manifest_name
from artui.model import NOT_HASHED, Preview
from artui.preview import preview

MAX_PREVIEWS = 20
"""Of a folder, this many files are previewed: the first by path."""
AT_ONCE_BYTES = 64 << 20
"""Referenced content up to this size is hashed before `save` returns: it takes about 0.2 s where SHA-256 is slow."""
AT_ONCE_FILES = 2_000
MAX_HOLE_BYTES = 16 << 30
"""A file with larger holes than this is left unhashed: SHA-256 has no shorter way over zeros, 0.7 s a GiB."""
MAX_HOLES = 10_000
"""So many holes are counted before a file is hashed."""
_READ_BYTES = 1 << 20
_UNTOLD_BYTES = 1 << 20
"""So much is read of a file that says it is empty, as those do which the kernel makes up."""
_TRIES = 2
_ZEROS = bytes(_READ_BYTES)

_MEDIA_TYPES = {
    ".safetensors": "application/x-safetensors", ".npz": "application/x-npz", ".npy": "application/x-npy", ".md": "text/markdown",
    ".jsonl": "application/jsonl", ".parquet": "application/vnd.apache.parquet", ".log": "text/plain", ".yaml": "application/yaml",
    ".yml": "application/yaml", ".toml": "application/toml", ".gguf": "application/x-gguf", ".onnx": "application/x-onnx",
}  # fmt: skip

Tell = Callable[[int], None]
"""Told of each piece how many bytes it had; what it raises ends the reading."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file is the one from before, unchanged."""

    device: int
    inode: int
    size_bytes: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Unhashed:
    """A file whose digest is still to come."""

    name: str
    path: Path
    stamp: Stamp


@dataclass(slots=True)
class Gathered:
    """What was found at a path."""

    files: list[NewFile] = field(default_factory=list)
    previews: dict[str, Preview] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    """Paths left out, each with why."""
    unhashed: list[Unhashed] = field(default_factory=list)
    """Files that were not read, since that would have taken too long."""


class NotHashable(Exception):
    """Why a file is left without a digest; shown after `not hashed: `."""


def size_of(entries: list[tuple[str, Path]]) -> int:
    """Sum up what lies at the paths, without reading it."""
    total = 0
    for _, path in entries:
        try:
            total += path.lstat().st_size
        except OSError:
            continue
    return total


def gather(
    connection: sqlite3.Connection | None,
    entries: list[tuple[str, Path]],
    *,
    may_wait: bool = True,
    tell: Tell | None = None,
) -> Gathered:
    """Hash every file, store the bytes if there is a connection to embed them by, and preview the first ones.

    With `may_wait` false, files that stay where they are, and together take long to read, are listed as unhashed.
    """
    gathered = Gathered()
    is_later = not may_wait and connection is None and takes_long(entries)
    for name, path in entries:
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                gathered.files.append(NewFile(name, 0, None, link_target=manifest_name(os.readlink(path))))
            elif not stat.S_ISREG(status.st_mode):
                gathered.skipped.append(f"{name}: not a regular file")
            else:
                with open_regular(path, may_be_link=False) as stream:
                    if is_later:
                        gathered.unhashed.append(Unhashed(name, path, Stamp.of(os.fstat(stream.fileno()))))
                        gathered.files.append(_unread(name, status.st_size, " yet"))
                    else:
                        gathered.files.append(_read(connection, name, stream, tell or _say_nothing))
                    if len(gathered.previews) < MAX_PREVIEWS:
                        stream.seek(0)
                        gathered.previews[name] = preview(name, stream, status.st_size)
        except OSError as error:
            gathered.skipped.append(f"{name}: {error.strerror}")
    return gathered


def takes_long(entries: list[tuple[str, Path]]) -> bool:
    """Whether reading what lies at the paths takes so long that a training loop would notice."""
    return len(entries) > AT_ONCE_FILES or size_of(entries) > AT_ONCE_BYTES


def _unread(name: str, size_bytes: int, why: str) -> NewFile:
    return NewFile(name, size_bytes, None, None, media_type(name), note=f"{NOT_HASHED}{why}")


def _say_nothing(_: int) -> None:
    """Nobody waits for the progress."""


def _read(connection: sqlite3.Connection | None, name: str, stream: BinaryIO, tell: Tell) -> NewFile:
    note = ""
    for attempt in range(_TRIES):
        before = os.fstat(stream.fileno())
        blob_key: int | None = None
        stream.seek(0)
        if connection is not None:
            head = io.BufferedReader(_Head(stream, max(before.st_size, _UNTOLD_BYTES)), blobs.CHUNK_BYTES)
            blob_key, digest, size_bytes = blobs.store(connection, head)
        else:
            try:
                digest, size_bytes = digest_of(stream.fileno(), max(before.st_size, _UNTOLD_BYTES), tell)
            except NotHashable as reason:
                return _unread(name, before.st_size, f": {reason}")
        after = os.fstat(stream.fileno())
        if Stamp.of(before) == Stamp.of(after) and size_bytes == after.st_size:
            break
        note = "changed while it was read" if attempt == _TRIES - 1 else ""
    return NewFile(name, size_bytes, digest, blob_key, media_type(name), note=note)


def digest_now(file: Unhashed, tell: Tell) -> bytes:
    """Hash a file that was saved earlier, if it still is what it was then.

    Raises:
        NotHashable: it is not, or has too large holes.
        OSError: it cannot be read any more.
    """
    changed = NotHashable("it was changed after it was saved")
    with open_regular(file.path, may_be_link=False) as stream:
        if Stamp.of(os.fstat(stream.fileno())) != file.stamp:
            raise changed
        digest, size_bytes = digest_of(stream.fileno(), file.stamp.size_bytes, tell)
        if Stamp.of(os.fstat(stream.fileno())) != file.stamp or size_bytes != file.stamp.size_bytes:
            raise changed
    return digest


def digest_of(handle: int, max_bytes: int, tell: Tell) -> tuple[bytes, int]:
    """Give the SHA-256 of a file's beginning, and how long that is; holes are hashed and not read.

    Raises:
        NotHashable: its holes are larger than can be hashed in a reasonable time.
    """
    size = min(os.fstat(handle).st_size, max_bytes)
    if (hole_bytes := _hole_bytes(handle, size)) > MAX_HOLE_BYTES:
        raise NotHashable(f"{hole_bytes / 1e9:,.1f} GB of it are holes")
    whole, place = hashlib.sha256(), 0
    while place < max_bytes:
        data = _next_data(handle, place, size) if place < size else place
        while place < data:
            zeros = _ZEROS[: data - place]
            whole.update(zeros)
            place += len(zeros)
            tell(len(zeros))
        hole = _next_hole(handle, place, size) if place < size else max_bytes
        while place < hole:
            content = os.pread(handle, min(_READ_BYTES, hole - place), place)
            if not content:
                return whole.digest(), place
            whole.update(content)
            place += len(content)
            tell(len(content))
    return whole.digest(), place


def _hole_bytes(handle: int, size: int) -> int:
    """Add up the holes of a file, of the first ones if it has very many."""
    total = place = 0
    for _ in range(MAX_HOLES):
        data = _next_data(handle, place, size)
        total += data - place
        place = _next_hole(handle, data, size)
        if place >= size:
            break
    return total


def _next_data(handle: int, place: int, size: int) -> int:
    """Find where data begin, from a place on; where the system knows of no holes, all is data."""
    try:
        return min(size, os.lseek(handle, place, os.SEEK_DATA)) if place < size else size
    except AttributeError:
        return place
    except OSError as error:
        return size if error.errno == errno.ENXIO else place


def _next_hole(handle: int, place: int, size: int) -> int:
    """Find where the next hole begins; the end of the file when there is none."""
    try:
        return min(size, os.lseek(handle, place, os.SEEK_HOLE)) if place < size else size
    except (AttributeError, OSError):
        return size


class _Head(io.RawIOBase):
    """The beginning of a stream, which then ends although more may have been written."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._stream = stream
        self._left_bytes = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._stream.read(min(len(buffer), self._left_bytes)) or b""
        buffer[: len(content)] = content
        self._left_bytes -= len(content)
        return len(content)


def media_type(name: str) -> str:
    """Guess a media type from a file's ending; empty when it says nothing."""
    ending = os.path.splitext(name)[1].lower()
    return _MEDIA_TYPES.get(ending) or mimetypes.guess_type(name, strict=False)[0] or ""
