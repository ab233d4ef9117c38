"""The folder that an export is written into: made beside its place, and put there whole.

A file `.artui-export.json` in it says what wrote it and every other file with its size and time. So the next export of the same
kind may replace it, and nothing else: a folder that somebody made, or put something into since, is left alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from artui.errors import ArtuiError, UsageError
from artui.exchange.leaving.order import Exported, Order, selection_text
from artui.paths import usable_path
from artui.version import VERSION

MARK = ".artui-export.json"
MAX_MARK_BYTES = 1 << 30
MAX_PATH_BYTES = 4000
_PART = ".artui-part-"
_WAS = ".artui-was-"
_BUFFER_BYTES = 1 << 16


class OutFolder:
    """One export into one folder."""

    def __init__(self, dest: str, format: str, catalog_id: str, order: Order) -> None:
        place = Path(os.path.realpath(usable_path(Path(dest))))
        if place.parent == place:
            raise UsageError(f"{dest!a} is no folder that an export could replace.", remedy="Name a folder of its own.")
        self.place = place
        """Where it will lie: an absolute path."""
        self._facts = {"format": format, "catalog": catalog_id, "selection": order.selection}
        _put_back(place)
        self._before = _before(place, format, self._facts, order)
        """What the export before wrote there, by path; empty where there is none."""
        self._part: Path | None = None
        self._files: dict[str, list[int]] = {}
        self._handle = -1
        self.size_bytes = 0
        self._made_folders: set[str] = set()

    @property
    def files(self) -> int:
        """How many files were written."""
        return len(self._files)

    @property
    def files_before(self) -> int:
        """How many files the export before wrote."""
        return len(self._before)

    def begin(self) -> None:
        """Make the folder beside its place.

        Raises:
            UsageError: it cannot be made there.
        """
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            _take_away_left_over(self.place)
            part = self.place.parent / f".{_short(self.place)}{_PART}{secrets.token_hex(4)}"
            part.mkdir()
            self._part = part
            # Held until the end: another export tells by it that somebody is writing here.
            self._handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            _lock(self._handle)
        except OSError as error:
            self.abandon()
            raise _cannot(self.place, error) from error

    @contextlib.contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """Open a new file of the folder for writing; one that is not written whole is taken away.

        Args:
            path: below the folder, with `/`, of names that were made safe.

        Raises:
            UsageError: the disk is full, or the folder cannot be written.
        """
        assert self._part is not None
        if path in self._files:
            raise ValueError(path)
        place = self._inside(path)
        above = path.rpartition("/")[0]
        try:
            if above and above not in self._made_folders:
                place.parent.mkdir(parents=True, exist_ok=True)
                self._made_folders.add(above)
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _cannot(self.place, error) from error
        is_whole = False
        try:
            with os.fdopen(handle, "wb", _BUFFER_BYTES) as stream:
                yield stream
                stream.flush()
                state = os.fstat(stream.fileno())
            is_whole = True
        except OSError as error:
            raise _cannot(self.place, error) from error
        finally:
            if not is_whole:
                with contextlib.suppress(OSError):
                    place.unlink()
        self._files[path] = [state.st_size, state.st_mtime_ns]
        self.size_bytes += state.st_size

    def write(self, path: str, content: bytes) -> None:
        """Write a file."""
        with self.writing(path) as stream:
            stream.write(content)

    def make(self, path: str) -> None:
        """Make a folder that may stay empty."""
        place = self._inside(path)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot(self.place, error) from error
        self._made_folders.add(path)

    def _inside(self, path: str) -> Path:
        """Give the place of a path below the folder; one that leads out of it is a fault of the caller."""
        assert self._part is not None
        if any(part in ("", ".", "..") or "\0" in part for part in path.split("/")):
            raise ValueError(path)
        return self._part / path

    def settle(self) -> None:
        """Put the folder where it belongs, in the place of what an earlier export left there.

        Raises:
            UsageError: it cannot be put there; what was there stays.
        """
        assert self._part is not None
        said = {**self._facts, "by": f"artui {VERSION}", "files": self._files}
        try:
            (self._part / MARK).write_bytes(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
            # Looked at once more: somebody may have put a file there meanwhile.
            _check_untouched(self.place, self._before)
            was = None
            if os.path.lexists(self.place):
                was = self.place.parent / f".{_short(self.place)}{_WAS}{secrets.token_hex(4)}"
                os.rename(self.place, was)
            try:
                os.rename(self._part, self.place)
            except OSError:
                if was is not None:
                    os.rename(was, self.place)
                raise
            self._part = None
            if was is not None:
                shutil.rmtree(was, ignore_errors=True)
        except OSError as error:
            raise _cannot(self.place, error) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Take away what is not settled."""
        part, self._part = self._part, None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def out_folder(dest: str, format: str, catalog_id: str, order: Order, made: Exported, *, is_dry: bool) -> Iterator[OutFolder | None]:  # fmt: skip
    """Give the folder to write an export into, None in a dry run; at the end it is put where it belongs, and counted.

    Raises:
        UsageError: something else is there, or it cannot be written.
    """
    folder = OutFolder(dest, format, catalog_id, order)
    made.place = str(folder.place)
    if is_dry:
        yield None
        return
    folder.begin()
    try:
        yield folder
        folder.settle()
    finally:
        folder.abandon()
    made.files = made.written_files = folder.files
    made.written_bytes = folder.size_bytes
    made.removed_files = folder.files_before


def _before(place: Path, format: str, facts: Mapping[str, Any], order: Order) -> dict[str, list[int]]:
    """Read what an earlier export left.

    Raises:
        UsageError: something else is there, or what must not be replaced.
    """
    if not os.path.lexists(place):
        return {}
    if not place.is_dir():
        raise UsageError(f"{str(place)!a} is no folder.", remedy="Name a folder that is not there yet.")
    with contextlib.suppress(OSError):
        if not os.listdir(place):
            return {}
    other = UsageError(f"{str(place)!a} is not empty, and no export is in it.", remedy="Name a folder that is not there yet.")  # fmt: skip
    try:
        with open(place / MARK, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)) as stream:  # fmt: skip
            said = orjson.loads(stream.read(MAX_MARK_BYTES))
        files = said["files"]
        if not isinstance(said["format"], str) or not isinstance(files, dict):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise other from None
    if said["format"] != format:
        raise UsageError(f"{str(place)!a} holds another export: {said['format'][:40]!a}.", remedy="Name another folder.")  # fmt: skip
    _check_untouched(place, files)
    if not order.replaces and said.get("catalog") != facts["catalog"]:
        raise UsageError(f"{str(place)!a} holds an export of another catalog.", remedy="Name another folder, or give --replace.")  # fmt: skip
    if not order.replaces and said.get("selection") != facts["selection"]:
        was = selection_text(said["selection"]) if isinstance(said.get("selection"), dict) else "something else"
        raise UsageError(f"{str(place)!a} holds another part of this catalog: {was}.", remedy="Give the same --where and --project, another folder, or --replace.")  # fmt: skip
    return files


def _check_untouched(place: Path, files: Mapping[str, Any]) -> None:
    """Refuse to replace what no export wrote; folders that others made and left empty do not count.

    Raises:
        UsageError: a file is there that somebody made or changed since.
    """
    for folder, _, names in os.walk(place):
        below = os.path.relpath(folder, place)
        for name in names:
            path = name if below == "." else f"{below}/{name}"
            if path == MARK:
                continue
            with contextlib.suppress(FileNotFoundError):
                state = os.lstat(os.path.join(folder, name))
                if files.get(path) != [state.st_size, state.st_mtime_ns]:
                    raise UsageError(
                        f"{str(place)!a} has something that no export wrote: {path[:200]!a}.",
                        remedy="Name another folder, or take it out first.",
                    )


def _put_back(place: Path) -> None:
    """Put the earlier export back that an export had moved aside when it was killed, before the new one was in its place."""
    if os.path.lexists(place):
        return
    with contextlib.suppress(OSError):
        aside = [name for name in os.listdir(place.parent) if name.startswith(f".{_short(place)}{_WAS}")]
        for name in sorted(aside, key=lambda name: os.lstat(place.parent / name).st_mtime_ns)[-1:]:
            os.rename(place.parent / name, place)


def _take_away_left_over(place: Path) -> None:
    """Take away what exports left beside the place that were killed."""
    begun = tuple(f".{_short(place)}{word}" for word in (_PART, *([_WAS] if (place / MARK).exists() else ())))
    for name in os.listdir(place.parent):
        left_over = place.parent / name
        if not name.startswith(begun) or left_over.is_symlink():
            continue
        with contextlib.suppress(OSError):
            handle = os.open(left_over, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if _lock(handle):
                    shutil.rmtree(left_over, ignore_errors=True)
            finally:
                os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open folder, if that can be; say whether it is this export's alone."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _short(place: Path) -> str:
    return place.name.encode("utf-8", "surrogateescape")[:200].decode("utf-8", "surrogateescape")


def _cannot(place: Path, error: OSError) -> ArtuiError:
    return UsageError(f"{str(place)!a} cannot be written: {error.strerror or error}.", remedy="Name another folder.")
