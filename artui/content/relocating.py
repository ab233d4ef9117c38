"""Looking for files in another place than the recorded one: what is there, and whether it is the same.

A version is taken over as a whole: when each of its files is there with the recorded size and digest. What has no
digest is compared by its size, which is said.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from artui.catalog.artifacts import NewFile, safe_join
from artui.catalog.relocating import Lying
from artui.content import stores
from artui.content.reading import is_single
from artui.content.regular import open_regular
from artui.content.stores import Store
from artui.content.stores.places import is_uri, joined, place_of
from artui.content.stores.store import object_name
from artui.errors import UsageError

_READ_BYTES = 1 << 20

Tell = Callable[[int], None]
"""Called with the number of bytes of each piece that was read."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A folder here, a folder of another host, or a URI."""

    place: str
    """A path or URI, as a catalog has it."""
    host: str = ""
    """As it was named; empty if none was."""

    @property
    def title(self) -> str:
        """As it is written."""
        return f"{self.host}:{self.place}" if self.host else self.place


@dataclass(slots=True)
class Look:
    """What was found of one version in the other place."""

    version: Lying
    location: str
    """Where it would lie."""
    host: str
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    by_size: list[str] = field(default_factory=list)
    """Files without a digest, of the recorded size."""

    @property
    def is_same(self) -> bool:
        """Whether all of it is there as recorded."""
        return not self.missing and not self.differing


def spot_of(text: str) -> Spot:
    """Read a folder, `host:/folder` or a URI.

    Raises:
        UsageError: it is none of them.
    """
    host, colon, path = text.partition(":")
    if colon and path.startswith("/") and not is_uri(text) and "/" not in host:
        if not host or host.startswith("-"):
            raise UsageError(f"{ascii(text)[:80]} names no host.", remedy="Write host:/folder, or a folder.")
        return Spot(os.path.normpath(path), host)
    if not text:
        raise UsageError("An empty text is no place.", remedy="Give a folder, host:/folder or a URI.")
    return Spot(place_of(text).uri)


def look(version: Lying, old: Spot, new: Spot, tell: Tell, opened: dict[str, Store]) -> Look:
    """Look for a version that lies below `old` in the same place below `new`; `opened` keeps what was connected to.

    Raises:
        StoreFailed: a store or host cannot be asked.
        PackageMissing, UsageError: it cannot be one.
    """
    rest = version.location[len(old.place.rstrip("/")) :].lstrip("/")
    location = joined(new.place, rest) if rest else new.place
    is_here = not is_uri(location) and new.host in ("", socket.gethostname())
    found = Look(version, location, "" if is_uri(location) else new.host or socket.gethostname())
    if not version.files and not (is_here and os.path.lexists(location)):
        found.missing.append(location)
    for file in version.files:
        try:
            if is_here:
                sizes = _here(Path(_file(version, location, file)), file)
            else:
                uri = f"ssh://{new.host}{location}" if new.host else location
                sizes = _there(uri, version, file, opened)
            size_bytes = next(sizes)
            if size_bytes is None:
                found.missing.append(file.path)
            elif size_bytes != file.size_bytes:
                found.differing.append(file.path)
            elif file.digest is None:
                found.by_size.append(file.path)
            elif _digest(sizes, tell) != file.digest:
                found.differing.append(file.path)
        except (OSError, UsageError):
            found.missing.append(file.path)
    return found


def take_over(looks: Sequence[Look]) -> list[Look]:
    """Choose what can be taken over: all of it is there, and somewhere else than before."""
    return [found for found in looks if found.is_same and (found.location, found.host) != (found.version.location, found.version.host)]  # fmt: skip


def _digest(sizes: Iterator[int | bytes | None], tell: Tell) -> bytes:
    for answer in sizes:
        if isinstance(answer, bytes):
            return answer
        tell(answer or 0)
    return b""


def _file(version: Lying, location: str, file: NewFile) -> str:
    """Give the path or URI of a file of a version that lies at a location."""
    if version.is_stored:
        name = object_name(file.digest or b"")
        return location if location.endswith(f"/{name}") else joined(location, name)
    # Whether it lies alone is said by where it lies now: the new folder may be called anything.
    if is_single(version.location, file.path, len(version.files)):
        return location
    safe_join(Path("."), file.path)
    return joined(location, file.path)


def _here(path: Path, file: NewFile) -> Iterator[int | bytes | None]:
    """Give the size of a file, or None; then the sizes of its pieces, and its digest."""
    if not path.is_file():
        yield None
        return
    with open_regular(path) as stream:
        yield os.fstat(stream.fileno()).st_size
        whole, left_bytes = hashlib.sha256(), file.size_bytes
        while left_bytes and (piece := stream.read(min(_READ_BYTES, left_bytes))):
            whole.update(piece)
            left_bytes -= len(piece)
            yield len(piece)
        yield whole.digest()


def _there(uri: str, version: Lying, file: NewFile, opened: dict[str, Store]) -> Iterator[int | bytes | None]:
    """Give the same of a file in a store."""
    whole = _file(version, uri, file)
    name = whole[len(uri) + 1 :]
    if not name or version.is_stored:
        name = object_name(file.digest or b"") if version.is_stored else whole.rpartition("/")[2]
        uri = whole[: -len(name) - 1]
    if uri not in opened:
        opened[uri] = stores.opened(uri)
    store = opened[uri]
    size_bytes = store.size(name)
    yield size_bytes
    if size_bytes is not None:
        yield from store.digest(name, size_bytes)
