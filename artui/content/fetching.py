"""Files of a version, written into a folder: checked by their digests, never outside, never over another.

A manifest may come from anybody. Each path is checked, each folder on the way is opened by itself and through no link,
and a file gets its name once all its bytes are there and are the recorded ones. Until then it is called `.NAME.part`,
and goes on from there the next time. What cannot be had or written is left out and named; the rest is written.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from artui.catalog.artifacts import StoredVersion, copy_folder, safe_join
from artui.catalog.locks import lock_file
from artui.content.reading import Reference, SourceStream, open_outside
from artui.content.stores.store import Object
from artui.errors import ArtuiError, ContentMissing, StoreDiffers, UsageError
from artui.model import ManifestFile
from artui.paths import usable_path

_PIECE_BYTES = 1 << 20
PART_BYTES = 240
"""The name of a file that is not whole yet is cut to this length."""

Open = Callable[[ManifestFile], BinaryIO]
"""Gives the bytes of a file of the version; an ArtuiError from it says why they cannot be had."""
Tell = Callable[[int], None]
"""Called with the number of bytes of each piece that is there; an exception from it ends the fetching."""


@dataclass(slots=True)
class Fetched:
    """What came of fetching files into a folder."""

    folder: Path
    written: list[str] = field(default_factory=list)
    """Paths of files that were written, relative to the folder, as the manifest has them."""
    present: list[str] = field(default_factory=list)
    """Those that were there already, with the recorded bytes."""
    left_out: dict[str, str] = field(default_factory=dict)
    """By path why a file was not written."""
    in_the_way: list[str] = field(default_factory=list)
    """Paths of those that were left out because a file of other content is there, which could be replaced."""


class _Refused(Exception):
    """Why a file is left out."""


class _InTheWay(_Refused):
    """A file of other content is there."""

    def __init__(self) -> None:
        super().__init__("another file of that name is there")


def fetch(
    files: Iterable[ManifestFile], open_file: Open, folder: Path, *, may_replace: bool = False, tell: Tell | None = None
) -> Fetched:
    """Write files of a version into a folder, which is made if it does not exist.

    Args:
        may_replace: whether a file of other content that is in the way is replaced.

    Raises:
        UsageError: the folder cannot be made or written to.
    """
    fetched = Fetched(usable_path(folder))
    own_paths: dict[str, str] = {}
    with _opened(fetched.folder) as handle:
        for file in files:
            same = unicodedata.normalize("NFC", file.path).casefold()
            try:
                is_new = _fetch(file, open_file, handle, may_replace=may_replace, tell=tell or _ignore, namesake=own_paths.get(same, ""))  # fmt: skip
            except _Refused as refusal:
                fetched.left_out[file.path] = str(refusal)
                if isinstance(refusal, _InTheWay):
                    fetched.in_the_way.append(file.path)
            except ArtuiError as error:
                fetched.left_out[file.path] = str(error)
            except OSError as error:
                fetched.left_out[file.path] = f"it cannot be written: {error.strerror or error}"
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    fetched.left_out[file.path] = "the disk is full; what is there is kept for the next time"
            else:
                (fetched.written if is_new else fetched.present).append(file.path)
                own_paths.setdefault(same, file.path)
    return fetched


def copy(version: StoredVersion, files: Sequence[Reference], cache: Path) -> None:
    """Put a copy of a version that is in a store into the cache, unless it is there; what was broken off goes on.

    Of several processes one gets it, the others wait.

    Raises:
        ContentMissing: a file of it cannot be had.
    """
    home = copy_folder(version, cache)
    if home.is_dir():
        return
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = home.with_name(f".get-{home.name}")
    by_path = {file.path: file for file in files}
    manifest = [ManifestFile(file.path, file.size_bytes, (file.digest or b"").hex(), "", "") for file in files]

    def opened(file: ManifestFile) -> BinaryIO:
        found = open_outside(by_path[file.path], is_checked=False)
        return io.BufferedReader(SourceStream(found), _PIECE_BYTES) if isinstance(found, Object) else found

    with open(home.with_name(f".get-{home.name}.lock"), "wb") as lock:
        lock_file(lock.fileno(), waits=True)
        if home.is_dir():
            return
        fetched = fetch(manifest, opened, part)
        if fetched.left_out:
            path, why = next(iter(fetched.left_out.items()))
            raise ContentMissing(
                f"{len(fetched.left_out):,} of {len(files):,} files of {version.reference} cannot be had; {path!a}: {why}",
                remedy="What could be had is kept for the next time.",
            )
        part.rename(home)
    with contextlib.suppress(OSError):
        os.unlink(lock.name)


def _ignore(_: int) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"{ascii(str(folder))[1:-1]} cannot be written to: {error.strerror}.", remedy="Choose another folder."
        ) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _fetch(file: ManifestFile, open_file: Open, folder: int, *, may_replace: bool, tell: Tell, namesake: str) -> bool:
    """Write one file; false if it was there already."""
    if file.damaged:
        raise _Refused(f"damaged in the catalog: {', '.join(file.damaged)}")
    if file.link_target:
        raise _Refused(f"a link to {file.link_target!a}: links are listed, never made")
    if not file.digest:
        raise _Refused(f"{file.note_text}: nobody can say whether it is the recorded one")
    parts = safe_join(Path("."), file.path).parts
    with _inside(folder, parts[:-1]) as place:
        name = parts[-1]
        status = _status(name, place)
        if status is not None:
            if stat.S_ISREG(status.st_mode) and _is_same(name, place, file):
                tell(file.size_bytes)
                return False
            if namesake:
                raise _Refused(f"collides with {namesake!a}, which has the same name here")
            if not stat.S_ISREG(status.st_mode):
                raise _Refused("something that is no file has that name there")
            if not may_replace:
                raise _InTheWay
        part = _part_name(name)
        _complete(file, open_file, part, place, tell)
        _name(part, name, place, may_replace=may_replace)
    return True


@contextlib.contextmanager
def _inside(folder: int, parts: Iterable[str]) -> Iterator[int]:
    """Open a folder below another one, made where it is missing, through no link."""
    handle = os.dup(folder)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=handle)
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    raise _Refused(f"{part!a} is no folder here, or a link") from error
                raise
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _status(name: str, place: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=place, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_same(name: str, place: int, file: ManifestFile) -> bool:
    """Say whether a file that is there has the recorded bytes."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    with os.fdopen(handle, "rb") as stream:
        if os.fstat(handle).st_size != file.size_bytes:
            return False
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.digest


def _part_name(name: str) -> str:
    encoded = os.fsencode(name)
    # A long name is cut; its digest keeps two of them apart.
    if len(encoded) > PART_BYTES:
        name = f"{os.fsdecode(encoded[: PART_BYTES - 20])}-{hashlib.sha256(encoded).hexdigest()[:12]}"
    return f".{name}.part"


def _complete(file: ManifestFile, open_file: Open, part: str, place: int, tell: Tell) -> None:
    """Write what is missing of a file under its temporary name, and check all of it."""
    try:
        _write_missing(file, open_file, part, place, tell)
    except StoreDiffers:
        with contextlib.suppress(OSError):
            os.unlink(part, dir_fd=place)
        raise


def _write_missing(file: ManifestFile, open_file: Open, part: str, place: int, tell: Tell) -> None:
    with open_file(file) as source, _part(part, place) as target:
        whole = hashlib.sha256()
        # What is there already was had before, and is checked with the rest at the end: it is not had again.
        begun_bytes = there_bytes = _hash_beginning(target, whole, file.size_bytes)
        source.seek(there_bytes)
        tell(there_bytes)
        while piece := source.read(_PIECE_BYTES):
            there_bytes += len(piece)
            if there_bytes > file.size_bytes:
                break
            target.write(piece)
            whole.update(piece)
            tell(len(piece))
        target.flush()
        if begun_bytes and whole.hexdigest() != file.digest:
            target.seek(0)
            target.truncate()
            there_bytes, whole = _anew(source, target, file.size_bytes)
        if there_bytes != file.size_bytes or whole.hexdigest() != file.digest:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=place)
            raise _Refused("what could be had is not what was recorded: it was changed since")


@contextlib.contextmanager
def _part(part: str, place: int) -> Iterator[BinaryIO]:
    """Open a file that is not whole yet, for going on; one that is not ours alone is made anew."""
    status = _status(part, place)
    is_ours = status is not None and stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == os.geteuid()  # fmt: skip
    if status is not None and not is_ours:
        os.unlink(part, dir_fd=place)
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666, dir_fd=place)
    with os.fdopen(handle, "r+b") as stream:
        yield stream


def _hash_beginning(target: BinaryIO, whole: hashlib._Hash, size_bytes: int) -> int:
    """Hash what is there of a file already; the file stands behind it afterwards, and ends there."""
    there_bytes = 0
    while there_bytes < size_bytes and (piece := target.read(min(_PIECE_BYTES, size_bytes - there_bytes))):
        whole.update(piece)
        there_bytes += len(piece)
    target.seek(there_bytes)
    target.truncate()
    return there_bytes


def _anew(source: BinaryIO, target: BinaryIO, size_bytes: int) -> tuple[int, hashlib._Hash]:
    """Write all of a file, since what was there of it was of something else."""
    whole, there_bytes = hashlib.sha256(), 0
    source.seek(0)
    while there_bytes <= size_bytes and (piece := source.read(_PIECE_BYTES)):
        target.write(piece)
        whole.update(piece)
        there_bytes += len(piece)
    target.flush()
    return there_bytes, whole


def _name(part: str, name: str, place: int, *, may_replace: bool) -> None:
    """Give a whole file its name."""
    if may_replace:
        os.rename(part, name, src_dir_fd=place, dst_dir_fd=place)
        return
    try:
        os.link(part, name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=False)
    except FileExistsError:
        raise _InTheWay from None
    except OSError:
        # A file system without hard links.
        if _status(name, place) is not None:
            raise _InTheWay from None
        os.rename(part, name, src_dir_fd=place, dst_dir_fd=place)
        return
    os.unlink(part, dir_fd=place)
