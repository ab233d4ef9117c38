"""`artui move`: a catalog in another place, with what lies beside it, whole or not at all.

On one file system it gets its new name at once. Elsewhere it is copied, compared, and on the disk before it has its name
there; only then is it removed here, and what is broken off in between is completed by the same command. SQLite's own
lock keeps everybody out meanwhile.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artui.catalog import connections, journal, leftovers, opening, recent
from artui.catalog.locks import lock_file
from artui.catalog.opening import Opened, ascii_path, border
from artui.catalog.relocating import Lying, lying_below
from artui.catalog.settling import settle_all
from artui.catalog.spool.abandoned import read_owner
from artui.catalog.spool.orphans import take_over
from artui.catalog.spool.place import folders_of, opened_file, remove_folder, spool_files
from artui.content.reading import Reference, is_single, may_be_read
from artui.errors import CatalogError, CatalogLocked, CatalogReadOnly, DiskFull, UsageError
from artui.settings import default_catalog, load_settings
from artui.travel.placing import put, refuse
from artui.travel.signing import signature_of

Tell = Callable[[str, int, int], None]
_READ_BYTES = 1 << 20
_SPARE_BYTES = 16 << 20
_BESIDE = (".schema-", "-wal.", "-journal.")
"""Behind a catalog's name: backups, and journals that were set aside."""
_NEVER_BESIDE = ("-wal", "-journal", "-shm", "-spool")
_CURRENT_FOLDER, _NO_REPLACE = -100, 1
"""AT_FDCWD and RENAME_NOREPLACE of Linux."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did, or would do."""

    old: Path
    new: Path
    catalog_id: str
    size_bytes: int
    is_renamed: bool
    """It stays on its file system; else it is copied."""
    beside: tuple[str, ...]
    """Names of what goes along: backups, journals that were set aside, a signature."""
    unreachable: tuple[str, ...]
    """Versions whose files were read since they lay below its folder, which they do not any more."""
    is_default: bool
    """It was the catalog that is used when none is named."""
    notice: str
    """What was done to make it one plain file; may be empty."""


def move(path: Path, target: Path, *, replaces: bool = False, is_dry: bool = False, tell: Tell | None = None) -> Moved:
    """Move a catalog with what lies beside it; a folder as target gets it under its own name.

    Args:
        replaces: whether a file that is there is replaced.
        is_dry: whether nothing is done, and only said what would be.

    Raises:
        UsageError: it cannot be put there.
        CatalogLocked: somebody uses it, or writes a run to it; who, as far as that is known.
        DiskFull: there is no room for it.
        CatalogError: of its other kinds: it is none, or may not be moved.
    """
    old, new = _places(path, target)
    is_broken_off = _are_same(old, new)
    _refuse_places(old, new, replaces=replaces or is_broken_off)
    notices = [] if is_dry else _settled(old)
    _refuse_runs(old)
    if leftovers.is_used(old):
        raise _in_use(old)
    opened = opening.inspect(old)
    if opened.notice and opened.notice not in notices:
        notices.append(opened.notice)
    pairs = [(each, new.with_name(new.name + each.name.removeprefix(old.name))) for each in _beside(old)]
    for each, other in pairs:
        if os.path.lexists(other) and not replaces and not _is_there(each, other):
            raise UsageError(
                f"{ascii_path(other)} is there already.", remedy="Choose another name, or replace it with --force."
            )
    moved = Moved(
        old=old, new=new, catalog_id=opened.catalog_id, size_bytes=old.stat().st_size, is_renamed=is_one_disk(old, new.parent),
        beside=tuple(each.name for each, _ in pairs), unreachable=_unreachable(opened, new), is_default=_is_default(old), notice=" ".join(notices),
    )  # fmt: skip
    if is_dry:
        return moved
    with border(old), _only_user(old) as source:
        with _disk_errors(old, new):
            for each, other in pairs:
                _copy_beside(each, other)
            if not is_broken_off:
                _move_file(source, moved, replaces=replaces, tell=tell)
        _remove(old, new, [each for each, _ in pairs])
    remove_folder(old)
    recent.follow(old, new)
    return moved


def is_one_disk(path: Path, folder: Path) -> bool:
    """Say whether a file can get a name in a folder without being copied."""
    return path.stat().st_dev == folder.stat().st_dev


# Before


def _places(path: Path, target: Path) -> tuple[Path, Path]:
    """Give where the catalog is and where it is to be, with the links of their folders resolved."""
    if load_settings().read_only:
        raise CatalogReadOnly(
            "Nothing is moved while artui only looks.", remedy="Leave out --read-only, and unset ARTUI_READ_ONLY."
        )
    old = Path(os.path.realpath(path))
    opening.look(path)
    if path.is_symlink():
        raise UsageError(f"{ascii_path(path)} is a link.", remedy=f"Move {ascii_path(old)} itself.")
    if target.is_dir():
        target = target / old.name
    return old, Path(os.path.realpath(target.parent)) / target.name


def _are_same(one: Path, other: Path) -> bool:
    """Say whether two files hold the same, as when a move was broken off before its last step."""
    if not other.is_file() or other.is_symlink() or os.path.samefile(one, other):
        return False
    if one.stat().st_size != other.stat().st_size or any(map(connections.is_connected, (one, other))):
        return False
    return _digest(one) == _digest(other)


def _is_there(each: Path, other: Path) -> bool:
    """Say whether a file that lies beside the catalog is at its new place already."""
    return other.is_file() and (os.path.samefile(each, other) or _are_same(each, other))


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_places(old: Path, new: Path, *, replaces: bool) -> None:
    refuse(old, new, replaces=replaces, word="moved")
    for ending in _NEVER_BESIDE:
        left = new.with_name(new.name + ending)
        if os.path.lexists(left):
            raise UsageError(
                f"{ascii_path(left)} is there, of another catalog of this name.",
                remedy=f"If that one is there, `artui settle {ascii_path(new)}`; else move it away.",
            )
    for folder in (old.parent, new.parent):
        if not os.access(folder, os.W_OK):
            raise CatalogReadOnly(f"You may not write to {ascii_path(folder)}.", remedy="Ask its owner for `chmod +w`.")
    if old.stat().st_nlink > 1 and not leftovers.is_own_leftover(old):
        raise CatalogReadOnly(
            f"{ascii_path(old)} has more than one name (hard links).", remedy="Remove the others, or copy it."
        )


def _settled(old: Path) -> list[str]:
    """Bring in what dead processes left, and make it one plain file; give what was done, in sentences."""
    said: list[str] = []
    take_over(old, tell=said.append)
    if not spool_files(old) and not leftovers.is_used(old):
        said += settle_all(old)
        leftovers.clear(old)
    return said


def _refuse_runs(old: Path) -> None:
    """Refuse while there are spools, or anything else beside the catalog that belongs to runs."""
    folder = next((folder for folder in folders_of(old) if any(True for _ in os.scandir(folder))), None)
    if folder is None:
        return
    writers = "; ".join(filter(None, map(_writer, spool_files(old))))
    raise CatalogLocked(
        f"A run is being written to {ascii_path(old)}{f' ({writers})' if writers else ''}: {ascii_path(folder)} is not empty.",
        remedy="Move it once that has ended: `artui ls -w 'status = running'`.",
    )


def _writer(spool: Path) -> str:
    with contextlib.suppress(OSError), opened_file(spool, may_be_own=True) as handle:
        owner = read_owner(handle)
        if owner is not None:
            return f"process {owner.pid} on {ascii_path(owner.host)}"
    return ""


def _in_use(old: Path) -> CatalogLocked:
    pid, name = leftovers.user_of(old), ""
    if pid:
        with contextlib.suppress(OSError):
            name = f" {ascii_path(Path(f'/proc/{pid}/comm').read_text('utf-8', 'replace').strip())}"
    return CatalogLocked(
        f"{ascii_path(old)} is open in another process{f' ({pid}{name})' if pid else ''}.",
        remedy="Close the app and whatever reads it.",
    )


def _beside(old: Path) -> list[Path]:
    """List what belongs to a catalog and lies beside it, regular files alone."""
    signature = signature_of(old)
    return [
        each
        for each in sorted(old.parent.iterdir())
        if (each == signature or each.name.startswith(tuple(old.name + begins for begins in _BESIDE)))
        and stat.S_ISREG(each.lstat().st_mode)
    ]


def _unreachable(opened: Opened, new: Path) -> tuple[str, ...]:
    """Name the versions that may be read only since they lie below the catalog's folder, and not below the new one."""
    titles = []
    connection = opening.connect(opened)
    try:
        with border(opened.path):
            for version in lying_below(connection, str(opened.path.parent), ""):
                (mark,) = connection.execute("SELECT mark FROM version WHERE id = ?", (version.id,)).fetchone()
                if _is_readable(version, mark, opened.path) and not _is_readable(version, mark, new):
                    titles.append(version.title)
    finally:
        opening.disconnect(connection)
    return tuple(titles)


def _is_readable(version: Lying, mark: bytes | None, catalog: Path) -> bool:
    """Say whether the first file may be read: all of a version lie below one folder."""
    return any(
        may_be_read(Reference(
            catalog=catalog, version_id=version.id, version_digest=version.digest, mark=mark, location=version.location, host=version.host,
            is_single=is_single(version.location, file.path, len(version.files)), path=file.path, size_bytes=file.size_bytes, digest=file.digest,
            is_stored=version.is_stored,
        ))
        for file in version.files[:1]
    )  # fmt: skip


def _is_default(old: Path) -> bool:
    with contextlib.suppress(RuntimeError, OSError):  # a user without a home
        return os.path.realpath(os.environ.get("ARTUI_CATALOG") or default_catalog()) == str(old)
    return False


# The move itself


@contextlib.contextmanager
def _only_user(old: Path) -> Iterator[int]:
    """Hold SQLite's exclusive lock on a catalog, and give a descriptor of it.

    Closing any descriptor of it would drop the lock: none is closed before the end.
    """
    connection = connections.open_writing(old, busy_seconds=1.0)
    with contextlib.ExitStack() as undo:
        undo.callback(connections.disconnect, connection)
        try:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise CatalogLocked(f"{ascii_path(old)} is open in another process.", remedy="Close the app and whatever reads it.") from None  # fmt: skip
            raise
        _refuse_runs(old)
        handle = os.open(old, os.O_RDONLY | os.O_CLOEXEC)
        undo.callback(os.close, handle)
        yield handle


@contextlib.contextmanager
def _disk_errors(old: Path, new: Path) -> Iterator[None]:
    """Translate what the disk answers before the catalog has its new name."""
    try:
        yield
    except OSError as error:
        kind = DiskFull if error.errno in _FULL else CatalogError
        raise kind(
            f"{ascii_path(old)} cannot be moved to {ascii_path(new)}: {error.strerror}.",
            remedy="See to the disk, or choose another place. The catalog is as it was.",
        ) from error


def _move_file(source: int, moved: Moved, *, replaces: bool, tell: Tell | None) -> None:
    if moved.is_renamed:
        _rename(moved.old, moved.new, replaces=replaces)
        with contextlib.suppress(OSError):  # some file systems cannot sync folders
            journal.fsync(moved.new.parent)
    else:
        _copy(source, moved, replaces=replaces, tell=tell)


def _rename(old: Path, new: Path, *, replaces: bool) -> None:
    if replaces:
        os.replace(old, new)
        return
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None and not rename(
        _CURRENT_FOLDER, os.fsencode(old), _CURRENT_FOLDER, os.fsencode(new), _NO_REPLACE
    ):
        return
    code = ctypes.get_errno() if rename is not None else errno.ENOSYS
    if code in (errno.ENOSYS, errno.EINVAL) and not os.path.lexists(new):  # such a rename is not known here
        os.rename(old, new)
        return
    code = errno.EEXIST if code in (errno.ENOSYS, errno.EINVAL) else code
    raise OSError(code, os.strerror(code), str(new))


def _copy(source: int, moved: Moved, *, replaces: bool, tell: Tell | None) -> None:
    """Copy the file, compare what the disk has of it, and give it its name."""
    old, new = moved.old, moved.new
    status = os.fstat(source)
    if status.st_size + _SPARE_BYTES > shutil.disk_usage(new.parent).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(new))
    leftovers.remove_stale_parts(new)
    part = new.with_name(f".{new.name}.{os.getpid()}-{threading.get_ident()}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        lock_file(handle)  # as long as this process lives, nobody takes it for an unfinished file that was left behind
        digest, done = hashlib.sha256(), 0
        while piece := os.pread(source, _READ_BYTES, done):
            digest.update(piece)
            _write(handle, piece)
            done += len(piece)
            if tell is not None:
                tell("bytes", done, status.st_size)
        os.fsync(handle)
        with contextlib.suppress(AttributeError, OSError):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        if _digest(part) != digest.hexdigest():
            raise CatalogError(f"What was written to {ascii_path(new.parent)} is not what was read.", remedy=f"See to that disk. {ascii_path(old)} is as it was.")  # fmt: skip
        with contextlib.suppress(OSError):
            os.chown(part, status.st_uid, status.st_gid)
        with contextlib.suppress(OSError):
            os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
        put(part, new, mode=stat.S_IMODE(status.st_mode), replaces=replaces)
    finally:
        with contextlib.suppress(OSError):  # the next writer removes it
            part.unlink(missing_ok=True)
        os.close(handle)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def _copy_beside(old: Path, new: Path) -> None:
    """Give a file that lies beside the catalog its new name, too; its old one goes once the catalog is there."""
    if _is_there(old, new):
        return
    part = new.with_name(f".{new.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        try:
            os.link(old, part)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(old, part)
            journal.fsync(part)
        os.replace(part, new)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _remove(old: Path, new: Path, beside: list[Path]) -> None:
    """Remove what was copied; where that fails, the same command does it later."""
    try:
        for each in (old, *beside):
            each.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            journal.fsync(old.parent)
    except OSError as error:
        raise CatalogError(
            f"The catalog is at {ascii_path(new)} now, but {ascii_path(error.filename or old)} cannot be removed: {error.strerror}.",
            remedy="Both hold the same: remove that one.",
        ) from error
