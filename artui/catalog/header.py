"""What the first 100 bytes of a file say: read before SQLite opens it, without blocking, whatever kind of file it is."""

from __future__ import annotations

import os
import re
import stat
import struct
import time
from pathlib import Path
from typing import NamedTuple

from artui.catalog.schema import APPLICATION_ID
from artui.catalog.translate import USED_UP, ascii_path, too_many_open
from artui.errors import CatalogDamaged, CatalogError, CatalogNotFound, NotACatalog
from artui.paths import usable_path

COMMIT_SECONDS = 2.0
"""How long a reader waits for a commit, a checkpoint or a switch of journals that is going on."""
HEADER_BYTES = 100
CHANGE_COUNTER_AT = 24

_MAGIC = b"SQLite format 3\x00"
_KNOWN_FILES = (
    (b"version https://git-lfs", "a Git LFS pointer: the real file was not fetched", "Run `git lfs pull`."),
    (b"\x1f\x8b", "gzip-compressed", "Unpack it first."),
    (b"PK\x03\x04", "a zip archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it first."),
    (b"SQLite format 3\n", "mangled by a text-mode transfer", "Copy it again in binary mode."),
    (b"SQLite format 3\r", "mangled by a text-mode transfer", "Copy it again in binary mode."),
    (b"\x89HDF", "an HDF5 file", ""),
    (b"PAR1", "a Parquet file", ""),
)
_KNOWN_APPLICATIONS = {
    0x0F055111: "a Fossil repository",
    0x47504B47: "a GeoPackage",
    0x4D504258: "an MBTiles set",
    0x42654462: "a Bentley database",
}


class Header(NamedTuple):
    """What the header says about the file."""

    is_wal: bool
    schema_version: int
    size_bytes: int
    page_bytes: int
    stated_bytes: int
    """What the size should be; 0 where the header does not say."""

    @property
    def is_short(self) -> bool:
        """Shorter than the header says: normal while a `-wal` has the rest."""
        return self.size_bytes < self.stated_bytes


DEMO = "artui demo"
"""The program that made a catalog, as its first row names it, if that was `artui demo`."""

_MADE_BY_DEMO = re.compile(rb"[0-9A-HJKMNP-TV-Z]{26}[\x00-\xff]{4,8}" + DEMO.encode())
"""Id, time and program, as the row of the table `catalog` has them one behind the other."""
_FIRST_PAGES_BYTES = 64 << 10


def is_demo(path: Path) -> bool:
    """Say whether `artui demo` made a catalog: without SQLite, by the row of its first table, which is on one of the first pages."""
    try:
        with open(path, "rb") as stream:
            return _MADE_BY_DEMO.search(stream.read(_FIRST_PAGES_BYTES)) is not None
    except OSError:
        return False


def look(path: Path) -> Header:
    """Read the header before SQLite opens the file.

    A commit through a rollback journal writes the header before the pages at the end, and so does a checkpoint: while
    one goes on, a file that is shorter than its header says is looked at again; beside a `-wal`, or a hot
    `-journal`, it is normal.

    Raises:
        CatalogNotFound, NotACatalog, CatalogDamaged: each says what the path is instead.
    """
    usable_path(path)
    beside = [path.with_name(path.name + ending) for ending in ("-journal", "-wal")]
    deadline = time.monotonic() + COMMIT_SECONDS
    while True:
        # A journal disappears when its commit ends: one that was there before counts, too.
        was_written = any(companion.exists() for companion in beside)
        header = _look_once(path)
        if not header.is_short or has_content(beside[1]) or is_hot(beside[0]):
            return header
        if not (was_written or any(companion.exists() for companion in beside)) or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    raise CatalogDamaged(
        f"{ascii_path(path)} has {header.size_bytes:,} of {header.stated_bytes:,} bytes: the copy is incomplete.",
        remedy="Copy it again.",
    )


def has_content(path: Path | str) -> bool:
    """Whether there is a file of at least one byte; a link does not count."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def is_hot(journal: Path | str) -> bool:
    """Whether a `-journal` holds something: one that its writer is done with begins with zero bytes, or is gone."""
    try:
        with open(journal, "rb") as file:
            return file.read(1) not in (b"", b"\0")
    except OSError:
        return False


def _look_once(path: Path) -> Header:
    shown = ascii_path(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        if path.is_symlink():
            raise CatalogNotFound(f"{shown} is a link to a file that is not there.", remedy="Mend the link.") from None
        raise CatalogNotFound(
            f"There is no file {shown}.",
            remedy="artui.start_run(catalog=…) and `artui import PATH -c FILE` make it; `artui demo` makes one to look at.",
        ) from None
    except PermissionError:
        raise CatalogError(f"{shown} may not be read by this user.", remedy="Ask its owner for `chmod +r`.") from None
    except OSError as error:
        if error.errno in USED_UP:
            raise too_many_open(shown) from None
        raise CatalogError(f"{shown} cannot be opened: {error.strerror}.", remedy="Check the path.") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotACatalog(
                f"{shown} is {_file_kind(status.st_mode)}, not a catalog.",
                remedy="Give the path of an .artui file.",
            )
        head = os.read(handle, HEADER_BYTES)
        # After the header: a file that grows in between is no shorter than that says.
        size_bytes = os.fstat(handle).st_size
    finally:
        os.close(handle)
    return _header(head, size_bytes, shown)


def _header(head: bytes, size_bytes: int, shown: str) -> Header:
    if size_bytes == 0:
        raise NotACatalog(f"{shown} is empty (0 bytes).", remedy="The copy failed, or nothing was written yet.")
    if not head.startswith(_MAGIC):
        for magic, kind, remedy in _KNOWN_FILES:
            if head.startswith(magic):
                raise NotACatalog(f"{shown} is {kind}.", remedy=remedy)
        if not head.strip(b"\x00"):
            raise NotACatalog(f"{shown} holds only zero bytes.", remedy="The copy or the disk failed: get it again.")
        raise NotACatalog(f"{shown} is not a SQLite database.", remedy="Give the path of an .artui file.")
    if len(head) < 100:
        raise CatalogDamaged(f"{shown} ends after {size_bytes} bytes: the copy is incomplete.", remedy="Copy it again.")
    page_bytes = struct.unpack_from(">H", head, 16)[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    counter, page_count, valid_for = (
        struct.unpack_from(">I", head, 24)[0],
        struct.unpack_from(">I", head, 28)[0],
        struct.unpack_from(">I", head, 92)[0],
    )
    encoding, version, application = (
        struct.unpack_from(">I", head, 56)[0],
        struct.unpack_from(">I", head, 60)[0],
        struct.unpack_from(">I", head, 68)[0],
    )
    if page_bytes < 512 or page_bytes & (page_bytes - 1) or head[18] > 2 or head[19] > 2:
        raise CatalogDamaged(f"{shown} has a damaged header.", remedy="Copy it again.")
    if application != APPLICATION_ID:
        kind = _KNOWN_APPLICATIONS.get(application, "a SQLite database of another program")
        raise NotACatalog(f"{shown} is {kind}, not an artui catalog.", remedy="Give the path of an .artui file.")
    if encoding != 1:
        raise CatalogDamaged(f"{shown} has a damaged header (encoding {encoding}).", remedy="Copy it again.")
    return Header(
        is_wal=head[19] == 2,
        schema_version=version,
        size_bytes=size_bytes,
        page_bytes=page_bytes,
        stated_bytes=page_count * page_bytes if counter == valid_for else 0,
    )


def _file_kind(mode: int) -> str:
    for test, kind in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return kind
    return "no regular file"
