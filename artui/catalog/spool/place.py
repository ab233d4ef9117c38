"""The folder of spools and consoles beside a catalog that is written to, and the names in it.

Cheap to import, since every opening of a catalog looks for such a folder. Anybody may have put something there: a file
is opened relative to the folder's descriptor, without following links, and used only if it is a regular file with one
name that belongs to the folder's owner.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

_OPENING = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_MAX_NAME_CHARS = 255
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")
SPOOL_NAME_CHARS = 26
_CONSOLE = ".log"


def folder_of(catalog: Path) -> Path:
    """Give the folder of a catalog's spools, and of the consoles of live runs."""
    return catalog.with_name(catalog.name + "-spool")


def folders_of(catalog: Path) -> list[Path]:
    """Give the existing folders with spools of a catalog: the one beside it, and temporary ones."""
    beside = folder_of(catalog)
    folders = [beside] if beside.is_dir() else []
    for place in _temporary_places():
        if _is_private(place):
            folder = place / _temporary_name(catalog)
            folders += [folder] if folder.is_dir() else []
    return folders


def temporary_folder(catalog: Path) -> Path:
    """Make a temporary folder for the spools of a catalog beside which nothing can be written.

    Raises:
        OSError: nothing can be written anywhere, or somebody else has taken the places.
    """
    error: OSError = FileNotFoundError(errno.ENOENT, "there is no temporary folder")
    for place in _temporary_places():
        try:
            folder = _made_private(_made_private(place) / _temporary_name(catalog))
            (folder / CATALOG_FILE).write_bytes(os.fsencode(catalog))
        except OSError as trouble:
            error = trouble
        else:
            return folder
    raise error


def private_folder() -> Path:
    """Make a temporary folder of this user's own, with a name that the next process finds again.

    Raises:
        OSError: nothing can be written anywhere, or somebody else has taken the places.
    """
    error: OSError = FileNotFoundError(errno.ENOENT, "there is no temporary folder")
    for place in _temporary_places():
        try:
            return _made_private(place)
        except OSError as trouble:
            error = trouble
    raise error


def _made_private(folder: Path) -> Path:
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if not _is_private(folder):
        raise PermissionError(errno.EPERM, "somebody else has taken it", str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return folder


CATALOG_FILE = ".catalog"
"""In a temporary folder of spools: the path of the catalog that they belong to."""


def catalog_of(folder: Path) -> Path | None:
    """Give the catalog that a temporary folder of spools belongs to; None if it is no such folder of this user's."""
    try:
        if not _is_private(folder.parent) or not folder.name.endswith("-spool"):
            return None
        path = Path(os.fsdecode((folder / CATALOG_FILE).read_bytes()))
    except (OSError, ValueError):
        return None
    return path if path.is_absolute() and folder.name == _temporary_name(path) else None


def _temporary_places() -> list[Path]:
    named = os.environ.get("TMPDIR", "")
    folders = [named, *_TEMPORARY] if os.path.isabs(named) else list(_TEMPORARY)
    return [Path(folder) / f"artui-{os.getuid()}" for folder in dict.fromkeys(folders)] if hasattr(os, "getuid") else []


def _temporary_name(catalog: Path) -> str:
    path = os.path.realpath(catalog)
    digest = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return f"{digest}-{os.path.basename(path)[:100]}-spool"


def _is_private(folder: Path) -> bool:
    """Say whether nobody else can put anything into a folder."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def console_file(run_id: str, labels: str) -> str:
    """Name the file of a run's console; `labels` tell the processes of one run apart."""
    return f"{run_id}.{_plain(labels)}{_CONSOLE}" if labels else f"{run_id}{_CONSOLE}"


def console_artifact(labels: str) -> str:
    """Name the artifact that a console becomes when its run ends."""
    return f"console-{_plain(labels)}" if labels else "console"


def console_of(file: str) -> tuple[str, str] | None:
    """Give (run id, artifact) of a console's file; None when it is none."""
    if not file.endswith(_CONSOLE) or not is_plain_name(file):
        return None
    run_id, _, labels = file.removesuffix(_CONSOLE).partition(".")
    return (run_id, console_artifact(labels)) if run_id.isascii() and run_id.isalnum() else None


def _plain(labels: str) -> str:
    return labels.replace("=", "-")


def is_plain_name(name: str) -> bool:
    """Say whether this is the name of a file in the folder itself that is not hidden."""
    return 0 < len(name) <= _MAX_NAME_CHARS and name[0] != "." and not set(name) & {"/", "\0", "\\"}


def is_spool_name(name: str) -> bool:
    """Say whether a file's name is that of a spool."""
    return len(name) == SPOOL_NAME_CHARS and name.isascii() and name.isalnum()


@contextlib.contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """Open a folder of spools; a link is refused.

    Raises:
        OSError: there is none, or it is not a folder.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _OPENING)
    try:
        yield handle
    finally:
        os.close(handle)


def open_file(folder: int, name: str, *, may_write: bool = False, may_be_own: bool = False) -> int:
    """Open a file of an open folder, once every check has passed; `may_be_own` lets one of this user's pass, too.

    Raises:
        OSError: it does not exist, or it is not a file that artui can have made.
    """
    if not is_plain_name(name):
        raise PermissionError(errno.EPERM, "no name of a file in the folder", name)
    with contextlib.ExitStack() as undo:
        handle = os.open(name, (os.O_RDWR if may_write else os.O_RDONLY) | _OPENING, dir_fd=folder)
        undo.callback(os.close, handle)
        status = os.fstat(handle)
        if status.st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        if not is_ours(status, os.fstat(folder), may_be_own=may_be_own):
            raise PermissionError(errno.EPERM, "no regular file with one name, of the folder's owner", name)
        undo.pop_all()
    return handle


def is_ours(status: os.stat_result, folder: os.stat_result, *, may_be_own: bool = False) -> bool:
    """Say whether a file can be ours: a regular one, with one name, of the folder's owner."""
    owners = {folder.st_uid, os.getuid()} if may_be_own else {folder.st_uid}
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid in owners


@contextlib.contextmanager
def opened_file(path: Path, *, may_write: bool = False, may_be_own: bool = False) -> Iterator[int]:
    """Open a file in a folder of spools, with the checks of `opened_folder` and `open_file`."""
    with opened_folder(path.parent) as folder:
        handle = open_file(folder, path.name, may_write=may_write, may_be_own=may_be_own)
    try:
        yield handle
    finally:
        os.close(handle)


def make_file(path: Path) -> int:
    """Make an empty file and open it for writing, replacing whatever had its name; give its descriptor.

    Raises:
        OSError: the folder is a link or cannot be written to.
    """
    with made_folder(path.parent) as folder:
        for _ in range(10):
            with contextlib.suppress(FileNotFoundError):
                # A new file: processes that still read or write the old one keep it.
                os.unlink(path.name, dir_fd=folder)
            with contextlib.suppress(FileExistsError):
                return os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _OPENING, 0o666, dir_fd=folder)
    raise FileExistsError(errno.EEXIST, "comes back again and again", path.name)


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[int]:
    """Open a folder of spools, making it if there is none, also if another process is just removing it.

    Raises:
        OSError: it cannot be made, or a link or a file is in its place.
    """
    for attempt in range(100):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _OPENING)
            break
        except FileNotFoundError:
            if attempt == 99:
                raise
    try:
        yield handle
    finally:
        os.close(handle)


def file_names(folder: Path, is_wanted: Callable[[str], bool], *, may_be_own: bool = False) -> list[str]:
    """List the names of the files in a folder of spools that pass the checks; none when there is no such folder."""
    try:
        with opened_folder(folder) as handle:
            owner = os.fstat(handle)
            names = []
            for name in sorted(filter(is_wanted, os.listdir(handle))):
                with contextlib.suppress(OSError):
                    status = os.stat(name, dir_fd=handle, follow_symlinks=False)
                    if is_ours(status, owner, may_be_own=may_be_own):
                        names.append(name)
            return names
    except OSError:
        return []


def spool_files(catalog: Path) -> list[Path]:
    """List the spools of a catalog, oldest first; none when there is no folder of them."""
    return [
        folder / name for folder in folders_of(catalog) for name in file_names(folder, is_spool_name, may_be_own=True)
    ]


def remove_file(path: Path) -> None:
    """Remove a file of a folder of spools, if it is there."""
    with contextlib.suppress(FileNotFoundError), opened_folder(path.parent) as folder:
        os.unlink(path.name, dir_fd=folder)


def remove_folder(catalog: Path) -> None:
    """Remove the folder of spools when nothing is left in it."""
    for folder in folders_of(catalog):
        with contextlib.suppress(OSError):
            if folder.name != folder_of(catalog).name and os.listdir(folder) == [CATALOG_FILE]:
                os.unlink(folder / CATALOG_FILE)
            folder.rmdir()
