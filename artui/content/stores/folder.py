"""A store that is a folder of this machine, or one that is mounted here."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from artui.content.stores.places import Place
from artui.content.stores.store import PIECE_BYTES, Pieces, Store, object_name
from artui.errors import StoreFailed

_ZEROS = bytes(PIECE_BYTES)
_LARGE_BYTES = 1 << 20
_PART = ".part-"
_DEAD_SECONDS = 86_400.0
_MANY = 200
"""More files than this are not asked about one by one: the system writes all that it holds."""


class FolderStore(Store):
    """Objects below a folder. What is half there is called `.part-…`, and gets its name once it is on the disk."""

    is_near = True

    def __init__(self, place: Place) -> None:
        self.uri = place.uri
        self._root = Path(place.path)
        self._unsynced: list[Path] = []
        self._is_cleared = False

    def size(self, name: str) -> int | None:
        """Give the size of a regular file in bytes."""
        status = self._status(name)
        return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None

    def open(self, name: str) -> BinaryIO:
        """Open an object, which is a regular file and no link.

        Raises:
            StoreFailed: it is not there, or cannot be read.
        """
        try:
            handle = os.open(self._root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)  # fmt: skip
        except OSError as error:
            raise self._trouble(name, error) from error
        with contextlib.ExitStack() as closing:
            stream = closing.enter_context(os.fdopen(handle, "rb"))
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise self.failed(name, "is no regular file", remedy="Somebody put something else there.")
            closing.pop_all()
            return stream

    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Read a file from `start` up to `stop`."""
        with self.open(name) as stream:
            place = start
            while place < stop:
                try:
                    piece = os.pread(stream.fileno(), min(PIECE_BYTES, stop - place), place)
                except OSError as error:
                    raise self._trouble(name, error) from error
                if not piece:
                    return
                place += len(piece)
                yield piece

    def put(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write an object under its name."""
        with self._part() as part:
            self._write(part, pieces)
            if (there_bytes := part.tell()) != size_bytes:
                raise self.failed(name, f"would have {there_bytes:,} instead of {size_bytes:,} bytes")
            self._name(part, name)

    def state(self, name: str) -> str | None:
        """Tell states apart by which file it is, when it was written, and how long it is."""
        status = self._status(name)
        if status is None:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise self.failed(name, "is no regular file", remedy="Somebody put something else there.")
        return f"{status.st_ino} {status.st_mtime_ns} {status.st_size}"

    def replace(self, name: str, size_bytes: int, pieces: Iterable[bytes], *, state: str | None) -> bool:
        """Rename a whole file to the name, with the permissions of the one that it replaces.

        A folder has no rename that compares: it is looked at right before. Where somebody writes in that moment one of
        both is not there; whoever wrote that one sees so when they look again.
        """
        with self._part() as part:
            self._write(part, pieces)
            if (there_bytes := part.tell()) != size_bytes:
                raise self.failed(name, f"would have {there_bytes:,} instead of {size_bytes:,} bytes")
            target = self._root / name
            try:
                os.fsync(part.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                if self.state(name) != state:
                    return False
                os.chmod(part.name, stat.S_IMODE(os.stat(target).st_mode) if state is not None else 0o666 & ~_umask())
                if state is None:
                    return self._link(part.name, target)
                os.rename(part.name, target)
                _sync(target.parent)
            except OSError as error:
                raise self._trouble(name, error) from error
        return True

    def _link(self, part: str, target: Path) -> bool:
        try:
            os.link(part, target)  # which another file of this name refuses
        except FileExistsError:
            return False
        except OSError:  # no hard links here
            os.rename(part, target)
        _sync(target.parent)
        return True

    def receive(self, pieces: Iterable[bytes]) -> tuple[bytes, int]:
        """Write an object and hash it in one pass."""
        whole = hashlib.sha256()

        def hashed() -> Iterator[bytes]:
            for piece in pieces:
                whole.update(piece)
                yield piece

        with self._part() as part:
            self._write(part, hashed())
            digest, size_bytes = whole.digest(), part.tell()
            name = object_name(digest)
            if self.size(name) != size_bytes:
                self._name(part, name)
        return digest, size_bytes

    def settle(self) -> None:
        """Wait until what was put is on the disk."""
        paths, self._unsynced = list(dict.fromkeys(self._unsynced)), []
        if len(paths) > _MANY:
            os.sync()
            return
        for path in paths:
            try:
                _sync(path)
            except OSError as error:
                raise self._trouble("", error) from error

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """List the regular files below a folder."""

        def refuse(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                raise self._trouble("", error) from error

        top = self._root / folder
        for place, folders, files in os.walk(top, onerror=refuse):
            folders.sort()
            for file in sorted(files):
                below = os.path.relpath(os.path.join(place, file), top)
                name = f"{folder}/{below}" if folder else below
                if (size_bytes := self.size(name)) is not None:
                    yield name, size_bytes

    def remove(self, name: str) -> None:
        """Remove a regular file."""
        try:
            if self.size(name) is not None:
                os.unlink(self._root / name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._trouble(name, error) from error

    def _status(self, name: str) -> os.stat_result | None:
        """Look at what lies under a name, and not at what a link leads to; None if there is nothing."""
        try:
            return os.stat(self._root / name, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._trouble(name, error) from error

    @contextlib.contextmanager
    def _part(self) -> Iterator[BinaryIO]:
        """Give a new file of the store that has no name yet; it is gone afterwards, unless it was given one."""
        path = self._root / f"{_PART}{os.urandom(8).hex()}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._clear()
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444)
        except OSError as error:
            raise self._trouble("", error) from error
        try:
            with contextlib.closing(os.fdopen(handle, "wb", buffering=0)) as part:
                yield _Named(part, path)  # type: ignore[misc]
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    def _clear(self) -> None:
        """Remove what processes left half written that died long ago: one that lives writes on."""
        if self._is_cleared:
            return
        self._is_cleared = True
        with contextlib.suppress(OSError), os.scandir(self._root) as entries:
            for entry in entries:
                if not entry.name.startswith(_PART) or not entry.is_file(follow_symlinks=False):
                    continue
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _DEAD_SECONDS:
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)

    def _write(self, part: BinaryIO, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            try:
                # Holes stay holes.
                if piece == _ZEROS:
                    part.seek(len(piece), os.SEEK_CUR)
                    continue
                rest = memoryview(piece)
                while rest:
                    rest = rest[part.write(rest) :]
            except OSError as error:
                raise self._trouble("", error) from error
        try:
            part.truncate(part.tell())
        except OSError as error:
            raise self._trouble("", error) from error

    def _name(self, part: BinaryIO, name: str) -> None:
        target = self._root / name
        try:
            is_large = part.tell() >= _LARGE_BYTES
            if is_large:
                os.fsync(part.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(part.name, target)
            # A disk takes as long for a small file as for a large one: these are made safe together.
            self._unsynced += [target.parent] if is_large else [target, target.parent]
        except OSError as error:
            raise self._trouble(name, error) from error

    def _trouble(self, name: str, error: OSError) -> StoreFailed:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            is_there = self._root.is_dir()
            return self.failed(name if is_there else "", "is not there", remedy="Is it mounted? `artui relocate` mends what was moved.")  # fmt: skip
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return self.failed("", "is full", remedy="Make room there.")
        return self.failed(name, f"cannot be used: {error.strerror or error}")


class _Named:
    """A file with the path that it has for now."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.write, self.seek, self.tell, self.truncate, self.fileno = file.write, file.seek, file.tell, file.truncate, file.fileno  # fmt: skip
        self.name = path


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that has no such thing
            raise
    finally:
        os.close(handle)
