"""Reading files that lie outside of a catalog, in their place or in a store, if it may reach them.

A path that a catalog names may lead anywhere on this machine. Its content is given only if what was just read, from
one descriptor, has the recorded digest, and if the path lies below the catalog's own folder or a root of the user's
settings, or the version carries the mark of this installation. A URI, and so the network, is reached only with such a
mark or below such a root. Whoever checks all bytes anyway, as a copy does, lets them be read only once.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from artui.catalog import marks
from artui.catalog.artifacts import StoredVersion, lying_at, safe_join
from artui.catalog.outside import left_in
from artui.content.stores.places import is_below, is_uri, place_of
from artui.content.stores.store import Object, object_name
from artui.errors import ArtuiError, ContentMissing, UsageError
from artui.paths import manifest_name, usable_path
from artui.seeking import Seeking
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
    """Folders and URIs that may be followed into, beside those of the settings."""
    is_stored: bool = False
    """It is in a store, under its digest: the location is the store, or of a single file its object there."""


def placed(reference: Reference, note: object) -> Reference:
    """Give where a file is, as its note says: not everything could be put into the store of its version."""
    left = left_in(note) if reference.is_stored else None
    if left is None:
        return reference
    return replace(reference, location=left[0], host=left[1], is_single=False, is_stored=False)


class Source(Protocol):
    """Bytes at random."""

    def size(self) -> int:
        """Give the number of bytes."""
        ...

    def read(self, offset: int, count: int) -> bytes:
        """Give `count` bytes from `offset` on, or as many as there are."""
        ...

    def close(self) -> None:
        """Release what is held open."""
        ...


class SourceStream(Seeking):
    """A source of bytes at random as a read-only, seekable stream; it may be read in any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def size(self) -> int:
        """Give the size in bytes."""
        return self._source.size()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer; give how many bytes."""
        wanted = min(len(buffer), self._source.size() - self._position)
        if wanted <= 0:
            return 0
        content = self._source.read(self._position, wanted)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    @property
    def descriptor(self) -> int | None:
        """That of the file which the source reads all of; its position is another one. None for what is no file."""
        number: int | None = getattr(self._source, "descriptor", None)
        return number

    def close(self) -> None:
        """Close the source, too."""
        if not self.closed:
            self._source.close()
        super().close()


def open_outside(reference: Reference, *, is_checked: bool = True) -> BinaryIO | Object:
    """Open a file outside the catalog: one of this machine, or an object of a store or at a URI.

    Of a file of this machine all is read and checked before it is given, unless the caller does that: `is_checked` false.
    An object is checked as it is read in order.

    Raises:
        ContentMissing: it does not exist, is not the recorded file, or the catalog may not reach it.
    """
    if not reference.is_stored and not is_uri(reference.location):
        return open_referenced(reference, is_checked=is_checked)
    from artui.content import stores

    root, name = _object_of(reference)
    if reference.digest is None:
        raise ContentMissing(f"{reference.path!r} at {reference.location!r} has no digest to be checked by.", remedy="Fetch it from there.")  # fmt: skip
    try:
        store = stores.opened(_reachable(reference, root))
    except UsageError as error:
        raise ContentMissing(
            f"{reference.path!r} is not in the catalog: {error.message}", remedy=error.remedy
        ) from error
    there_bytes = store.size(name)
    if there_bytes is None:
        raise ContentMissing(
            f"{reference.path!r} is not there any more: it was in {root!r} as {name!r}.",
            remedy="Its preview and digest are here; `artui relocate` mends what was moved.",
        )
    if there_bytes != reference.size_bytes:
        raise store.failed(name, f"has {there_bytes:,} instead of {reference.size_bytes:,} bytes", remedy="It was changed: get another copy.")  # fmt: skip
    return Object(store, name, reference.size_bytes, reference.digest)


def outside_files(connection: sqlite3.Connection, version: StoredVersion, catalog: Path) -> list[Reference]:
    """List the files of a version that lies outside of the catalog, without its links."""
    (mark,) = connection.execute("SELECT mark FROM version WHERE key = ?", (version.key,)).fetchone()
    rows = connection.execute(
        "SELECT path, size_bytes, digest, note FROM file WHERE version_key = ? AND link_target IS NULL ORDER BY path", (version.key,)
    ).fetchall()  # fmt: skip
    return [
        placed(Reference(
            catalog=catalog, version_id=version.id, version_digest=version.digest, mark=mark, location=version.location, host=version.host,
            is_single=is_single(version.location, path, len(rows)), path=path, size_bytes=size_bytes, digest=digest,
            is_stored=version.storage == "stored",
        ), note)
        for path, size_bytes, digest, note in rows
    ]  # fmt: skip


def is_single(location: str, path: str, file_count: int) -> bool:
    """Say whether a location is that of a version's only file, not of its folder."""
    name = location.rstrip("/").rpartition("/")[2]
    return file_count == 1 and path in (name, manifest_name(name))


def _object_of(reference: Reference) -> tuple[str, str]:
    """Give the URI of the store, and the name of the object in it."""
    location = reference.location
    if reference.is_stored:
        name = object_name(reference.digest or b"")
        return location.removesuffix(f"/{name}") if location.endswith(f"/{name}") else location, name
    if reference.is_single:
        root, _, name = location.rstrip("/").rpartition("/")
        return root, name
    safe_join(Path("."), reference.path)  # it never leads out of its folder
    return location, reference.path


def _reachable(reference: Reference, root: str) -> str:
    """Give the URI by which a store may be reached: that of the settings if it is the same, which may hold credentials.

    Raises:
        ContentMissing: the catalog may not reach it.
    """
    known = [*_known(reference)]
    as_known = next((uri for uri in known if _place(uri) == root), root)
    is_marked = reference.digest is not None and marks.is_marked(
        reference.mark, reference.version_id, reference.version_digest, reference.location
    )
    if is_marked or any(place and is_below(root, place) for place in map(_place, known)):
        return as_known
    if not is_uri(root):
        folder, real = Path(os.path.realpath(reference.catalog.parent)), Path(os.path.realpath(root))
        if _is_root(folder) and _is_below(real, folder):
            return root
    raise ContentMissing(
        f"{reference.path!r} lies in {root!r}, and this catalog was not recorded here.",
        remedy="If you know that place, add it to `roots` in settings.toml, or to `artui get` as --follow.",
    )


def _known(reference: Reference) -> Iterator[str]:
    settings = load_settings()
    yield from (settings.store, *settings.roots, *reference.roots)


def _place(uri: str) -> str:
    try:
        return place_of(uri).uri if uri else ""
    except UsageError:
        return ""


def open_referenced(reference: Reference, *, is_checked: bool = True) -> BinaryIO:
    """Open a file of this machine, after all of it was read and its digest was checked; its size alone if the caller does that.

    Raises:
        ContentMissing: it does not exist, is not the recorded file, or the catalog may not reach it.
    """
    place = Path(reference.location)
    target = place if reference.is_single else lying_at(place, reference.path)
    missing = ContentMissing(
        f"{reference.path!r} is not in the catalog: it lies at {reference.location!r} on {reference.host or 'another machine'}.",
        remedy="Its preview and digest are here; fetch it from there.",
    )
    if is_gone(reference) and not os.path.lexists(target):
        missing = ContentMissing(
            f"{reference.path!r} is gone: it was at {reference.location!r}.",
            remedy="Its preview and digest are here. If it was moved, `artui relocate` says where to.",
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
        if status.st_size != reference.size_bytes or (is_checked and _sha256(stream) != reference.digest):
            raise ContentMissing(
                f"{reference.path!r} at {reference.location!r} is not what was recorded.",
                remedy="It was changed since: its preview and digest are here.",
            )
        stream.seek(0)
        closing.pop_all()  # it stays open for the caller
        return stream


def may_be_read(reference: Reference) -> bool:
    """Whether a file may be read unasked from where it is said to lie, be it there or not: by its mark, the settings, or the catalog's folder."""
    try:
        if reference.is_stored or is_uri(reference.location):
            _reachable(reference, _object_of(reference)[0])
            return True
        place = Path(reference.location)
        target = place if reference.is_single else lying_at(place, reference.path)
        return place.is_absolute() and _may_reach(reference, place, Path(os.path.realpath(target)))
    except (ArtuiError, OSError, ValueError):
        return False


def is_known_here(reference: Reference) -> bool:
    """Whether this installation recorded a file on this machine, so that its path may be looked at unasked."""
    is_ours = reference.host in ("", socket.gethostname()) and marks.is_marked(
        reference.mark, reference.version_id, reference.version_digest, reference.location
    )
    return is_ours and not reference.is_stored and Path(reference.location).is_absolute()


def is_gone(reference: Reference) -> bool:
    """Whether a file that this installation recorded on this machine is no longer there, or has another size; false if nobody may know."""
    place = Path(reference.location)
    if not is_known_here(reference):
        return False
    try:
        target = usable_path(place if reference.is_single else lying_at(place, reference.path))
        return os.stat(target).st_size != reference.size_bytes
    except FileNotFoundError:
        return True
    except (OSError, UsageError):
        return False


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
