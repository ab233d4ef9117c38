"""An older catalog is asked with the views of this artui, which say what they will say once it is brought up to date."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog, guard
from artui.catalog.migrations import fill
from artui.catalog.schema import STAND_INS, temporary_views
from artui.errors import UsageError
from artui.query.reader import Reader
from artui.query.sql.asking import asking
from artui.query.sql.relations import VIEWS, relations

DATA = Path(__file__).parent.parent.parent / "data"
RELEASE, MODEL, PLACE, NEEDS = (f"01M0000000000000000000000{letter}" for letter in "RMPN")
EVENTS = (
    (1000, "release", PLACE, None, [RELEASE, MODEL, "a-model:v1", "live", 1.0, 900, 0, "first", "ada"]),
    (
        2000,
        "incident",
        PLACE,
        None,
        ["01M0000000000000000000000C", 1900, 0, "high", "it is wrong", "", "", RELEASE, ""],
    ),
    (1500, "criterion", NEEDS, None, ["R1", "size > 0", "version", "a-model"]),
)
CRITERIA_SINCE = 8
"""No catalog of an older schema can have criteria."""


def _with_lifecycle(path: Path) -> None:
    """Write a model, a deployment and a requirement into it, with what the journal says of them, as far as its schema goes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        columns = {str(row[1]) for row in connection.execute("PRAGMA table_info(event)")}
        (project,) = connection.execute("SELECT min(key) FROM project").fetchone()
        for key, (id, name, kind) in enumerate(((MODEL, "a-model", "model"), (PLACE, "a-place", "deployment"), (NEEDS, "a-need", "requirement")), 1000):  # fmt: skip
            connection.execute(
                "INSERT INTO artifact (key, id, project_key, name, stage, kind, created_ms) VALUES (?, ?, ?, ?, 2, ?, 5)",
                (key, id, project, name, kind),
            )
            connection.execute(
                "INSERT INTO version (key, id, artifact_key, number, digest, size_bytes, file_count, created_ms, storage) VALUES (?, ?, ?, 1, x'00', 7, 1, 5, 'embedded')",
                (key, id, key),
            )
        for number, (time_ms, action, subject_id, before, after) in enumerate(
            EVENTS[: None if schema >= CRITERIA_SINCE else -1]
        ):
            row = {"id": f"01M00000000000000000000EV{number}", "time_ms": time_ms, "author": "ada", "action": action, "subject": "version", "subject_id": subject_id, "before": json.dumps(before), "after": json.dumps(after, separators=(",", ":"))}  # fmt: skip
            row |= {"stamp": time_ms} if "stamp" in columns else {}
            connection.execute(f"INSERT INTO event ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()])  # fmt: skip


def _said(path: Path) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    with Reader(path) as reader:
        for view in VIEWS:
            with asking(reader, f"SELECT * FROM {view}", seconds=10) as answer:
                yield view, answer.names, sorted(map(repr, answer.rows))


@pytest.mark.parametrize("schema", range(1, 9))
def test_every_view_says_what_it_will_say(tmp_path: Path, schema: int) -> None:
    """Columns and rows; what the catalog is asked leaves it as it is."""
    path = tmp_path / "old.artui"
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))
    _with_lifecycle(path)
    newer = Path(shutil.copy(path, tmp_path / "new.artui"))
    Catalog(newer).close()
    before = path.read_bytes()

    old = list(_said(path))

    assert old == list(_said(newer)) and path.read_bytes() == before
    rows = {view: rows for view, _, rows in old}
    assert all(rows[view] for view in ("releases", "incidents", "deployments", "requirements"))
    assert bool(rows["criteria"]) == bool(rows["verdicts"]) == (schema >= CRITERIA_SINCE)
    assert any("deployed_as" in row for row in rows["lineage"])
    with Reader(path) as reader, Reader(newer) as newer_reader:
        views = [one for one in relations(reader) if one.is_view]
        assert views == [one for one in relations(newer_reader) if one.is_view] and len(views) == len(VIEWS)


def test_a_table_that_came_later_is_said_to(tmp_path: Path) -> None:
    """With the command that brings it; the catalog is asked on once it is there."""
    path = tmp_path / "old.artui"
    path.write_bytes(gzip.decompress((DATA / "schema-7.artui.gz").read_bytes()))
    with Reader(path) as reader:
        with pytest.raises(UsageError, match="has no table merged") as error, asking(reader, "SELECT * FROM merged", seconds=5):  # fmt: skip
            pass
        assert "artui compact" in error.value.remedy
        Catalog(path).close()
        with asking(reader, "SELECT count(*) FROM merged", seconds=5) as answer:
            assert next(answer.rows) == (0,)
    assert temporary_views(max(STAND_INS)) == ()


def test_temporary_views_change_nothing_else(tmp_path: Path) -> None:
    """A connection that has them still refuses to write, into itself, too."""
    path = tmp_path / "old.artui"
    with closing(sqlite3.connect(path)) as connection:
        fill(connection, version=4)
        connection.execute("PRAGMA application_id = 1095914581")
        connection.execute("PRAGMA user_version = 4")
    for refused in ("DROP VIEW temp.lineage", "INSERT INTO temp.context VALUES (1, '', '')", "CREATE TEMP TABLE x (y)"):
        with pytest.raises(UsageError, match="something else than read"), Reader(path) as reader, asking(reader, refused, seconds=5):  # fmt: skip
            pass
    with Reader(path) as reader, reader.reading() as connection, guard.questions(connection):
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("WITH a AS (SELECT 1) INSERT INTO temp.context SELECT 1, '', ''")
        assert connection.execute("PRAGMA schema_version").fetchone() is not None
