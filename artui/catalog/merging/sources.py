"""A catalog that is about to be merged: read with every limit of a reader, at one moment, as the newest schema has it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from artui.catalog import opening
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.translate import ascii_path
from artui.errors import CatalogTooNew


@dataclass(frozen=True, slots=True)
class Source:
    """A catalog to be merged, open for reading."""

    path: Path
    connection: sqlite3.Connection
    catalog_id: str
    notice: str
    """What was done to open it, and what the reader should know; may be empty."""


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a catalog and read it as it is at this moment, whoever writes to it meanwhile.

    One of an older schema is read from a private copy that was brought up to date: the file itself stays as it is.

    Raises:
        CatalogError: of its kinds, each with a remedy.
    """
    opened = opening.inspect(path)
    if opened.schema_version > SCHEMA_VERSION:
        raise CatalogTooNew(
            f"{ascii_path(opened.path)} has schema {opened.schema_version}, this artui knows up to {SCHEMA_VERSION}.",
            remedy="Upgrade artui to merge it.",
        )
    with contextlib.ExitStack() as stack:
        if opened.schema_version < SCHEMA_VERSION:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artui-")))
            file = opening.inspect(_brought_up_to_date(opened, folder / "older.artui"))
        else:
            file = opened
        connection = opening.connect(file)
        stack.callback(opening.disconnect, connection)
        with opening.border(opened.path):
            connection.execute("BEGIN")
            try:
                yield Source(opened.path, connection, opened.catalog_id, opened.notice)
            except BaseException as error:
                # Queries that were not read to their end would keep the file open, as long as anybody has the error.
                traceback.clear_frames(error.__traceback__)
                raise


def _brought_up_to_date(opened: opening.Opened, copy: Path) -> Path:
    from artui.catalog.writing import Catalog

    connection = opening.connect(opened)
    try:
        with opening.border(opened.path), contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as target:
            os.chmod(copy, 0o600)
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    finally:
        opening.disconnect(connection)
    Catalog(copy).close()
    return copy
