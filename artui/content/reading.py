"""Reading files that a catalog only refers to, if it may reach them.

A path that a catalog names may lead anywhere on this machine. Its content is given only if what was just read, from
one descriptor, has the recorded digest, and if the path lies below the catalog's own folder or a root of the user's
settings, or the version carries the mark of this installation.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from artui.catalog import marks
from artui.catalog.artifacts import safe_join
from artui.errors import ContentMissing, UsageError
from artui.paths import usable_path
from artui.settings import load_settings

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a version's file should be, and what is recorded about it."""

    catalog: Path
    version_id: str
    version_digest: bytes
    mark: bytes | None
    location: str
    host: str
    is_single: bool
    """The location is the file itself, not its folder."""
    path: str
    size_bytes: int
    digest: bytes | None
    roots: tuple[str, ...] = ()
    """Folders that may be followed into, beside those of the settings."""


def open_referenced(reference: Reference) -> BinaryIO:
    """Open a file outside the catalog, after all of it was read and its digest was checked.

    Raises:
        ContentMissing: it does not exist, is not the recorded file, or the catalog may not reach it.
    """
    place = Path(reference.location)
    target = place if reference.is_single else safe_join(place, reference.path)
    missing = ContentMissing(
        f"{reference.path!r} is not in the catalog: it lies at {reference.location!r} on {reference.host or 'another machine'}.",
        remedy="Its preview and digest are here; fetch it from there.",
    )
    try:
        exists = os.path.isabs(usable_path(target)) and os.path.lexists(target)
    except UsageError:
        exists = False
    if not exists:
        raise missing
    real = Path(os.path.realpath(target))
    if not _may_reach(reference, place, real):
        if not _is_below(real, Path(os.path.realpath(_root(reference, place)))):
            raise ContentMissing(
                f"{reference.path!r} lies behind a link that leads out of {reference.location!r}.",
                remedy="If you know the folder that it leads to, add it to `roots` in settings.toml, or to `artui get` as --follow.",
            )
        raise ContentMissing(
            f"{reference.path!r} lies at {reference.location!r}, and this catalog was not recorded here.",
            remedy="If you know the folder, add it to `roots` in settings.toml, or to `artui get` as --follow.",
        )
    # Never open the catalog itself here: closing it would drop the locks that SQLite holds on it.
    if os.path.samefile(real, reference.catalog):
        raise missing
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        raise missing from None
    with ExitStack() as closing:
        stream = closing.enter_context(os.fdopen(handle, "rb"))
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise missing
        if status.st_size != reference.size_bytes or _sha256(stream) != reference.digest:
            raise ContentMissing(
                f"{reference.path!r} at {reference.location!r} is not what was recorded.",
                remedy="It was changed since: its preview and digest are here.",
            )
        stream.seek(0)
        closing.pop_all()  # it stays open for the caller
        return stream


def _may_reach(reference: Reference, place: Path, real: Path) -> bool:
    is_marked = reference.digest is not None and marks.is_marked(
        reference.mark, reference.version_id, reference.version_digest, reference.location
    )
    # A version recorded on this machine is read below its own location: no link may lead out of it.
    if is_marked and _is_below(real, Path(os.path.realpath(_root(reference, place)))):
        return True
    roots = [
        Path(os.path.realpath(os.path.expanduser(root_text)))
        for root_text in (*load_settings().roots, *reference.roots)
    ]
    if any(_is_below(real, root) for root in roots):
        return reference.digest is not None
    folder = Path(os.path.realpath(reference.catalog.parent))
    if reference.digest is None or not _is_root(folder) or not _is_below(real, folder):
        return False
    return not any(part.startswith(".") for part in real.relative_to(folder).parts)


def _root(reference: Reference, place: Path) -> Path:
    return place.parent if reference.is_single else place


def _is_root(folder: Path) -> bool:
    """Whether the files below a catalog's folder belong to it: not if that is a home, `/`, or a shared temporary folder."""
    shared = {
        Path(os.path.realpath(folder_name)) for folder_name in ("/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir())
    }
    homes = {Path(os.path.realpath(os.path.expanduser("~"))), Path("/root")}
    return folder != Path(folder.anchor) and folder not in shared | homes and folder.parent != Path("/home")


def _is_below(path: Path, root: Path) -> bool:
    return path.is_relative_to(root)


def _sha256(stream: BinaryIO) -> bytes:
    whole = hashlib.sha256()
    while content := stream.read(_READ_BYTES):
        whole.update(content)
    return whole.digest()
