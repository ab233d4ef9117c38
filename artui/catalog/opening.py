"""Opening a catalog, whoever made it, without being hurt by it.

A catalog from elsewhere is hostile until its schema has been compared with ours: it is looked at before
SQLite sees it, opened read-only, with limits on every size and on time, and with an authorizer that lets
nothing through but reading. What sits beside it is not trusted at all: a crafted `-journal` could make
SQLite delete files.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from artui.catalog import ownership
from artui.catalog.migrations import APPLICATION_ID, SCHEMA_VERSION, VIEWS, schema_is_known
from artui.errors import (
    ArtuiError,
    CatalogDamaged,
    CatalogError,
    CatalogLocked,
    CatalogNotFound,
    CatalogReadOnly,
    DiskFull,
    NotACatalog,
    QueryTooSlow,
    UsageError,
)
from artui.model import Trust
from artui.paths import usable_path

QUICK_CHECK_BYTES = 64 << 20
"""A foreign catalog up to this size is checked for damage before it is shown, a larger one behind the screen."""
PRIVATE_COPY_BYTES = 4 << 30
"""A foreign catalog with a `-wal` is copied before it is opened, up to this size."""
STATEMENT_SECONDS = 20.0
_OPCODES_A_TICK = 1000

if TYPE_CHECKING:
    import tempfile

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
COMMIT_SECONDS = 1.0
"""So long a commit is waited for by whoever finds the file in the middle of it."""
_KNOWN_APPLICATIONS = {
    0x0F055111: "a Fossil repository",
    0x47504B47: "a GeoPackage",
    0x4D504258: "an MBTiles set",
    0x42654462: "a Bentley database",
}

_LIMITS = (
    ("SQLITE_LIMIT_LENGTH", 64 << 20),
    ("SQLITE_LIMIT_SQL_LENGTH", 1 << 20),
    ("SQLITE_LIMIT_COLUMN", 200),
    ("SQLITE_LIMIT_EXPR_DEPTH", 200),
    ("SQLITE_LIMIT_COMPOUND_SELECT", 50),
    ("SQLITE_LIMIT_VDBE_OP", 100_000),
    ("SQLITE_LIMIT_FUNCTION_ARG", 16),
    ("SQLITE_LIMIT_ATTACHED", 0),
    ("SQLITE_LIMIT_LIKE_PATTERN_LENGTH", 4096),
    ("SQLITE_LIMIT_TRIGGER_DEPTH", 1),
    ("SQLITE_LIMIT_WORKER_THREADS", 0),
)
_READ_PRAGMAS = [
    "trusted_schema=0",
    "cell_size_check=1",
    "mmap_size=0",
    "query_only=1",
    "temp_store=2",
    "recursive_triggers=0",
    "cache_size=-2048",
]
_FUNCTIONS = frozenset(
    [
        "abs",
        "avg",
        "coalesce",
        "count",
        "group_concat",
        "hex",
        "ifnull",
        "instr",
        "json_each",
        "json_extract",
        "json_group_array",
        "length",
        "like",
        "lower",
        "max",
        "min",
        "nullif",
        "round",
        "substr",
        "sum",
        "total",
        "trim",
        "typeof",
        "unhex",
        "upper",
        "match",
        "bm25",
        "rank",
    ]
)
_OUR_EXPRESSIONS = frozenset({"seen"})
"""Names of common table expressions in our own queries: SQLite reports them as it does views."""
_PRAGMAS = frozenset(
    {
        "data_version",
        "page_count",
        "page_size",
        "freelist_count",
        "user_version",
        "application_id",
        "busy_timeout",
        "journal_mode",
    }
)

_connected: dict[int, tuple[int, int]] = {}
_connected_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 100 bytes of the file say."""

    is_wal: bool
    application_id: int
    schema_version: int
    size_bytes: int


@dataclass(slots=True)
class Opened:
    """How a catalog was found and may be opened again, by any thread."""

    path: Path
    """The real path, which the user sees."""
    file: Path
    """The file that is read: the same, or a private copy."""
    trust: Trust
    schema_version: int
    is_immutable: bool
    notice: str
    """What the reader should know; may be empty."""
    catalog_id: str = ""
    is_unchecked: bool = False
    """Too large to be looked through for damage before it is shown: `check_damage` does."""
    private: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @property
    def may_write(self) -> bool:
        return self.trust is Trust.OWN and self.schema_version == SCHEMA_VERSION


def look(path: Path) -> Header:
    """Look at the file before SQLite does, without waiting on anything it might be.

    A commit through a rollback journal writes the header before the pages at the end: while one goes on, a file
    that is shorter than its header says is looked at again.

    Raises:
        CatalogNotFound, NotACatalog, CatalogDamaged: each says what is there instead.
    """
    usable_path(path)
    journal = path.with_name(path.name + "-journal")
    deadline = time.monotonic() + COMMIT_SECONDS
    while True:
        is_written = journal.exists()
        try:
            return _look_once(path)
        except CatalogDamaged:
            # Its journal goes away as a commit ends, so one that was there before counts.
            if not (is_written or journal.exists()) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _look_once(path: Path) -> Header:
    shown = ascii_path(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        if path.is_symlink():
            raise CatalogNotFound(f"{shown} is a link to a file that is not there.", remedy="Mend the link.") from None
        raise CatalogNotFound(f"There is no file {shown}.", remedy="`artui demo` makes one to look at.") from None
    except PermissionError:
        raise CatalogError(f"{shown} may not be read by this user.", remedy="Ask its owner for `chmod +r`.") from None
    except OSError as error:
        raise CatalogError(f"{shown} cannot be opened: {error.strerror}.", remedy="Check the path.") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise NotACatalog(
                f"{shown} is {_file_kind(found.st_mode)}, not a catalog.",
                remedy="Give the path of an .artui file.",
            )
        head = os.read(handle, 100)
        # After the header: a file that grows in between is no shorter than that says.
        size_bytes = os.fstat(handle).st_size
    finally:
        os.close(handle)
    return _header(head, size_bytes, shown)


def _header(head: bytes, size_bytes: int, shown: str) -> Header:
    if size_bytes == 0:
        raise NotACatalog(f"{shown} is empty (0 bytes).", remedy="The copy failed, or nothing was written yet.")
    if not head.startswith(_MAGIC):
        for magic, what, remedy in _KNOWN_FILES:
            if head.startswith(magic):
                raise NotACatalog(f"{shown} is {what}.", remedy=remedy)
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
        what = _KNOWN_APPLICATIONS.get(application, "a SQLite database of another program")
        raise NotACatalog(f"{shown} is {what}, not an artui catalog.", remedy="Give the path of an .artui file.")
    if encoding != 1:
        raise CatalogDamaged(f"{shown} has a damaged header (encoding {encoding}).", remedy="Copy it again.")
    if counter == valid_for and page_count * page_bytes > size_bytes:
        raise CatalogDamaged(
            f"{shown} has {size_bytes:,} of {page_count * page_bytes:,} bytes: the copy is incomplete.",
            remedy="Copy it again.",
        )
    return Header(is_wal=head[19] == 2, application_id=application, schema_version=version, size_bytes=size_bytes)


def inspect(path: Path) -> Opened:
    """Find out what a catalog is and how it may be read, and prove that it can be.

    Raises:
        CatalogError: of its many kinds, each with a remedy.
    """
    if not usable_path(path).exists():
        look(path)
    real = Path(os.path.realpath(path))
    # Closing any descriptor of a database drops this process's locks on it: never look while connected.
    header = None if is_connected(real) else look(real)
    opened = _find_way(real, header)
    connection = connect(opened)
    try:
        with border(real):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            opened.schema_version = version
            if version < 1:
                raise CatalogDamaged(f"{ascii_path(real)} has no schema version.", remedy="Copy it again.")
            if version <= SCHEMA_VERSION:
                if not schema_is_known(connection, version):
                    raise NotACatalog(
                        f"{ascii_path(real)} is not laid out as artui's schema {version}.",
                        remedy="It was changed by another program: ask its sender for an untouched copy.",
                    )
            else:
                opened.notice = f"Schema {version} is newer than this artui knows ({SCHEMA_VERSION}): read-only. Upgrade artui to write to it."
            if opened.trust is Trust.FOREIGN:
                if real.stat().st_size <= QUICK_CHECK_BYTES:
                    _quick_check(connection, real)
                else:
                    opened.is_unchecked = True
            row = connection.execute("SELECT id FROM catalog").fetchone()
        opened.catalog_id = str(row[0]) if row else ""
        if opened.trust is Trust.OWN and not ownership.is_own(real, opened.catalog_id):
            raise CatalogReadOnly(f"{ascii_path(real)} changed while it was opened.", remedy="Open it again.")
    finally:
        disconnect(connection)
    return opened


def _find_way(real: Path, header: Header | None) -> Opened:
    """Decide, by where it came from and what lies beside it, how the file is read."""
    shown = ascii_path(real)
    trust = Trust.OWN if ownership.is_own(real) else Trust.FOREIGN
    wal_bytes, has_journal = _size(f"{real}-wal"), _size(f"{real}-journal") > 0
    opened = Opened(real, real, trust, header.schema_version if header else 0, is_immutable=False, notice="")
    if trust is Trust.OWN:
        if has_journal and not is_connected(real):
            _roll_back_own(real)
        return opened
    if has_journal:
        raise CatalogDamaged(
            f"{shown} came with a -journal, which artui does not trust.",
            remedy="Ask its sender for a copy made while nothing writes to it.",
        )
    if wal_bytes > 0:
        if real.stat().st_size > PRIVATE_COPY_BYTES:
            raise CatalogError(
                f"{shown} came with a -wal and is too large to be copied.",
                remedy="Ask its sender for a copy made while nothing writes to it.",
            )
        import shutil
        import tempfile

        opened.private = tempfile.TemporaryDirectory(prefix="artui-")
        opened.file = Path(opened.private.name) / "copy.artui"
        shutil.copyfile(real, opened.file)
        shutil.copyfile(f"{real}-wal", f"{opened.file}-wal")
    elif (header is not None and header.is_wal) or not os.access(real.parent, os.W_OK):
        # Opening a file in WAL mode would make a -shm beside it. Whoever reads watches for changes and opens again.
        opened.is_immutable = True
    return opened


def _roll_back_own(real: Path) -> None:
    """Let SQLite undo what a writer of ours left half done. Only for a journal that this user wrote."""
    journal = Path(f"{real}-journal")
    if hasattr(os, "getuid") and journal.stat().st_uid != os.getuid():
        raise CatalogDamaged(
            f"{ascii_path(journal)} was written by another user.",
            remedy="Move it away if you do not know it.",
        )
    with border(real), contextlib.closing(sqlite3.connect(real, timeout=2)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def connect(opened: Opened) -> sqlite3.Connection:
    """Open one read-only connection, for one thread, with every limit in place."""
    flags = "?mode=ro&immutable=1" if opened.is_immutable else "?mode=ro"
    with border(opened.path):
        connection = sqlite3.connect(
            "file:" + quote(os.fsencode(opened.file)) + flags,
            uri=True,
            isolation_level=None,
            timeout=2,
            check_same_thread=False,
        )
        note_connection(connection, opened.file)
        try:
            harden(connection)
            for pragma in _READ_PRAGMAS:
                connection.execute("PRAGMA " + pragma)
            # The constructor of a virtual table is refused once the authorizer stands.
            if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'search' AND type = 'table'").fetchone():
                connection.execute("SELECT 1 FROM search LIMIT 0")
            connection.execute("SELECT 1 FROM json_each('[]')").fetchone()
            connection.set_authorizer(_authorize)
        except BaseException:
            disconnect(connection)
            raise
    return connection


def disconnect(connection: sqlite3.Connection) -> None:
    connection.close()
    forget_connection(connection)


def harden(connection: sqlite3.Connection) -> None:
    """Bound sizes and depths, and decode text that is not UTF-8 instead of failing on it."""
    for name, limit in _LIMITS:
        connection.setlimit(getattr(sqlite3, name), limit)
    connection.text_factory = _decode


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@contextlib.contextmanager
def time_limit(connection: sqlite3.Connection, seconds: float = STATEMENT_SECONDS) -> Iterator[None]:
    """Stop whatever runs inside once the time is over."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: 1 if time.monotonic() > deadline else 0, _OPCODES_A_TICK)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


@contextlib.contextmanager
def border(path: Path) -> Iterator[None]:
    """Translate what SQLite and Python raise over a file into our own errors, with a remedy."""
    shown = ascii_path(path)
    try:
        yield
    except ArtuiError:
        raise
    except sqlite3.Error as error:
        raise _translated(error, shown) from error
    except (MemoryError, UnicodeError, OverflowError, TypeError, ValueError, struct.error) as error:
        # Reading makes text of bytes and ints of 64 bits: only what somebody asks for fails the other way round.
        if isinstance(error, UnicodeEncodeError) or "to SQLite INTEGER" in str(error):
            raise UsageError(
                f"That cannot be looked for in a catalog: {ascii(str(error))[:120]}.",
                remedy="Ask for ordinary text, and for numbers of at most 64 bits.",
            ) from error
        raise CatalogDamaged(
            f"{shown} holds something that cannot be read: {ascii(str(error))[:120]}.",
            remedy="Get an untouched copy.",
        ) from error


TOO_MUCH = ("expression tree", "too many", "too complex", "parser stack", "too large", "too long")
"""What SQLite says of a statement that is beyond its limits: ours are only by what a user asks for."""
_CANNOT_WRITE = frozenset(
    f"SQLITE_IOERR_{what}"
    for what in ("WRITE", "FSYNC", "DIR_FSYNC", "TRUNCATE", "DELETE", "SHMSIZE", "SHMOPEN", "SHMMAP")
)


def _translated(error: sqlite3.Error, shown: str) -> ArtuiError:
    name = str(getattr(error, "sqlite_errorname", "") or "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return CatalogLocked(f"{shown} is locked by another process.", remedy="Wait for it to finish, then try again.")
    if name.startswith("SQLITE_FULL"):
        return DiskFull(f"The disk that holds {shown} is full.", remedy="Make room; the catalog is as it was.")
    if name in _CANNOT_WRITE:
        return DiskFull(
            f"The disk that holds {shown} cannot be written to ({name.removeprefix('SQLITE_IOERR_').lower()} failed).",
            remedy="See to the disk; the catalog is as it was.",
        )
    if name == "SQLITE_READONLY_DBMOVED":
        return CatalogNotFound(
            f"{shown} was moved or deleted while it was open.", remedy="Put it back or open it again."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return CatalogReadOnly(
            f"{shown} may not be written to.", remedy="Check its permissions, and those of its folder."
        )
    if name == "SQLITE_INTERRUPT":
        return QueryTooSlow(f"Reading {shown} took too long and was stopped.", remedy="Ask for less, or try again.")
    if name.startswith("SQLITE_CANTOPEN"):
        return CatalogNotFound(
            f"{shown} cannot be opened.", remedy="Check that it and its folder are there and can be read."
        )
    if any(sign in str(error).lower() for sign in TOO_MUCH):
        return UsageError("That is more than one question can hold.", remedy="Ask for less at once.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG", "SQLITE_IOERR", "SQLITE_NOMEM")):
        return CatalogDamaged(
            f"{shown} is damaged ({name.removeprefix('SQLITE_').lower()}).", remedy="Get an untouched copy."
        )
    return CatalogDamaged(f"{shown} cannot be read: {ascii(str(error))[:200]}.", remedy="Get an untouched copy.")


def check_damage(opened: Opened) -> None:
    """Look through the whole file for damage.

    Raises:
        CatalogDamaged: SQLite found some; the message says what.
    """
    connection = connect(opened)
    try:
        with border(opened.path):
            _quick_check(connection, opened.path, seconds=600)
    finally:
        disconnect(connection)


def _quick_check(connection: sqlite3.Connection, real: Path, *, seconds: float = STATEMENT_SECONDS) -> None:
    connection.set_authorizer(None)
    try:
        with time_limit(connection, seconds):
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.set_authorizer(_authorize)
    if found is None or found[0] != "ok":
        detail = ascii(str(found[0] if found else ""))[1:100].replace("\\n", " ")
        raise CatalogDamaged(f"{ascii_path(real)} is damaged: {detail}", remedy="Copy it again from its source.")


def _authorize(action: int, first: str | None, second: str | None, database: str | None, inside: str | None) -> int:
    if inside is not None and inside not in VIEWS and inside not in _OUR_EXPRESSIONS:
        return sqlite3.SQLITE_DENY
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if (second or "").lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_RECURSIVE:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if (first or "").lower() in _PRAGMAS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def ascii_path(path: Path | str) -> str:
    """Show a path in a message: nothing in it can act on a terminal or hide."""
    text = os.fspath(path)
    return text if text.isascii() and text.isprintable() else ascii(text)


def file_token(path: Path) -> tuple[int, ...]:
    """Say what the file looks like from outside: differs once anything was written to it."""
    token: list[int] = []
    for name in (path, f"{path}-wal"):
        try:
            found = os.stat(name)
            token += (found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError:
            token.append(0)
    return tuple(token)


def _file_kind(mode: int) -> str:
    for test, what in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return what
    return "no regular file"


def _size(name: str) -> int:
    try:
        return os.lstat(name).st_size
    except OSError:
        return 0


def is_connected(path: Path) -> bool:
    """Say whether this process has the file open through SQLite."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    with _connected_lock:
        return (found.st_dev, found.st_ino) in _connected.values()


def note_connection(connection: sqlite3.Connection, path: Path) -> None:
    """Note that this process has a connection to the file, until `forget_connection`."""
    found = os.stat(path)
    with _connected_lock:
        _connected[id(connection)] = (found.st_dev, found.st_ino)


def forget_connection(connection: sqlite3.Connection) -> None:
    with _connected_lock:
        _connected.pop(id(connection), None)


def _forget_all() -> None:
    global _connected_lock
    _connected_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_all)
