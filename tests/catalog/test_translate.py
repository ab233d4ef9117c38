"""What SQLite says of a file, in our own errors."""

from __future__ import annotations

import sqlite3

import pytest

from artui.catalog.translate import translated
from artui.errors import CatalogDamaged, CatalogError, CatalogReadOnly, DiskFull


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("SQLITE_CORRUPT", CatalogDamaged, "is damaged"), ("SQLITE_IOERR_READ", CatalogDamaged, "does not answer (read failed)"),
        ("SQLITE_IOERR_FSTAT", CatalogError, "does not answer (fstat failed)"), ("SQLITE_IOERR_DELETE_NOENT", CatalogError, "does not answer"),
        ("SQLITE_IOERR_WRITE", DiskFull, "cannot be written to (write failed)"), ("SQLITE_IOERR_LOCK", CatalogReadOnly, "cannot be locked"),
    ],
)  # fmt: skip
def test_a_server_that_does_not_answer_is_no_damage(name: str, kind: type[CatalogError], words: str) -> None:
    """A call that failed is said; a page that cannot be read counts as damaged, since nothing else is known of it."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name

    said = translated(error, "x.artui")

    assert type(said) is kind and words in str(said)
