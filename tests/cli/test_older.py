"""Catalogs of older schemas: every verb that reads answers, or says what it needs; none finds a column missing."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import mutating

DATA = Path(__file__).parent.parent / "data"
UNDOING = (("merge", "--undo", "nobody", "--dry-run"), ("merge", "--undo", "unknown", "--dry-run"))


@pytest.mark.parametrize("schema", [1, 4, 7])
def test_every_verb_reads_an_older_catalog(tmp_path: Path, schema: int) -> None:
    """The file stays as it is."""
    path = tmp_path / "old.artui"
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        (run,) = connection.execute("SELECT name FROM run").fetchone()
        artifact = (
            (connection.execute("SELECT name FROM artifact").fetchone() or ("none",))[0] if schema > 1 else "none"
        )
    names = {mutating.VICTIM: run, mutating.BASELINE: run, mutating.MODEL: artifact, mutating.OTHER_MODEL: artifact, "train-set": artifact}  # fmt: skip
    for words in (*mutating.READING, *UNDOING):
        places = {"catalog": str(path), "other": str(path), "file": str(path), "out": str(tmp_path)}
        asked = [names.get(word, word.format(**places)) for word in words]
        outcome = mutating.say(asked, path)
        assert "no such column" not in outcome.err and "no such table" not in outcome.err, (asked, outcome.err)
        assert outcome.code is not None and "cannot be read" not in outcome.err, (asked, outcome)
    assert path.read_bytes() == before
