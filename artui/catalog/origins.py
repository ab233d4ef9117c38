"""Where rows come from: an installation of artui, and a file that it writes to.

The catalog names the origin that is written under. A row is added whenever the installation or the file is not that of
this one, so that two copies of a catalog that were both written to can be told apart.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import socket
import sqlite3
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

from artui import clock
from artui.catalog.ids import new_id
from artui.settings import private_folder, state_folder

_INSTALLATION_FILE = "installation"
_ID_LETTERS = 32
ORIGINS_SINCE = 5
"""The first schema that names origins, and under which stamp a change was made."""
HOSTS_SINCE = 8
"""The first schema whose origins name user and host."""
LAST_WRITTEN_UNDER = """
    SELECT o.key, o.installation, o.place
    FROM origin AS o
    WHERE o.key = coalesce((SELECT c.origin_key FROM catalog AS c), (SELECT max(n.key) FROM origin AS n))
"""
_places: WeakKeyDictionary[sqlite3.Connection, tuple[str, str]] = WeakKeyDictionary()
"""Installation and place of each writing connection: looked up once."""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Note which file a connection writes to."""
    _places[connection] = installation(), place_of(path)


def current(connection: sqlite3.Connection, path: Path | None = None) -> int | None:
    """Give the key of the origin of what is about to be written, adding a row if it is not the newest one.

    A connection whose file was named neither by `prepare` nor by `path` writes under the newest origin.
    """
    if path is not None and connection not in _places:
        prepare(connection, path)
    last = connection.execute(LAST_WRITTEN_UNDER).fetchone()
    wanted = _places.get(connection)
    if last is not None and (wanted is None or last[1:] == wanted):
        return int(last[0])
    if wanted is None:
        return None
    user, _, host = author().partition("@")
    cursor = connection.execute(
        "INSERT INTO origin (id, installation, place, created_ms, user, host) VALUES (?, ?, ?, ?, ?, ?)",
        (new_id(), *wanted, clock.now_ms(), user, host),
    )
    key = int(cursor.lastrowid or 0)
    connection.execute("UPDATE catalog SET origin_key = ?", (key,))
    return key


NAMED = "="
"""Begins the place of an origin that is called something: of several catalogs that are shown as one, the file."""


def name(connection: sqlite3.Connection, origin_id: str, text: str) -> None:
    """Call an origin something, in a copy that is only looked at."""
    connection.execute(
        "UPDATE origin SET place = :place WHERE id = :id AND place <> :place",
        {"id": origin_id, "place": f"{NAMED}{text}"},
    )


def author() -> str:
    """Name who makes a change: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def place_of(path: Path) -> str:
    """Name a file by its device and inode, which a copy does not share."""
    status = os.stat(path)
    return f"{status.st_dev:x}:{status.st_ino:x}"


def installation() -> str:
    """Give this installation's random id; empty where there is none and none can be kept."""
    try:
        return _installation_in(state_folder())
    except RuntimeError:  # a user without a home
        return ""


@cache
def _installation_in(folder: Path) -> str:
    place = folder / _INSTALLATION_FILE
    if installation_id := _read(place):
        return installation_id
    part = place.with_name(f"{_INSTALLATION_FILE}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with contextlib.suppress(OSError):
            private_folder(folder)
            part.write_text(secrets.token_hex(_ID_LETTERS // 2), "ascii")
            # If two processes make it at once, both get the id of the first.
            os.link(part, place)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return _read(place)


def _read(place: Path) -> str:
    try:
        installation_id = place.read_text("ascii")
    except (OSError, ValueError):
        return ""
    return installation_id if len(installation_id) == _ID_LETTERS and installation_id.isalnum() else ""
