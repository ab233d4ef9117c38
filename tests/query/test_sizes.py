"""What a catalog holds: its pages add up to the file, and what projects and artifacts take is what SQL says."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog, compacting, guard
from artui.query.reader import Reader
from artui.query.sizes import GROUPS, read_sizes
from tests import mutating


@pytest.mark.parametrize("is_exact", [True, False])
def test_groups_add_up_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_exact: bool) -> None:
    """With pages that SQLite counts, and with estimates where it cannot; what compact frees is what it gives back."""
    path = mutating.build(tmp_path / "x.artui")
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("DELETE FROM preview")
        connection.execute("DELETE FROM context")
    if not is_exact:
        monkeypatch.setattr(guard, "pages_by_name", lambda connection: None)
    with Reader(path) as reader:
        sizes = read_sizes(reader)
        # What the connection may do is as narrow as before.
        with reader.reading() as connection, pytest.raises(sqlite3.DatabaseError):
            connection.execute("SELECT load_extension('x')")
    assert tuple(sizes.groups) == GROUPS and sizes.is_exact == is_exact
    assert sum(sizes.groups.values()) == sizes.file_bytes == os.stat(path).st_size
    assert all(size >= 0 for size in sizes.groups.values())
    room = compacting.room_in(path)
    assert (sizes.groups["free"], sizes.unnamed_bytes, sizes.waste_bytes) == (room.free_bytes, room.unnamed_bytes, room.waste_bytes)  # fmt: skip


def test_shares_are_what_is_stored(tmp_path: Path) -> None:
    """Points of a project, content of an artifact with each piece once, previews: as plain Python adds them."""
    path = mutating.build(tmp_path / "x.artui")
    with Reader(path) as reader:
        sizes = read_sizes(reader)
    with closing(sqlite3.connect(path)) as connection:
        points: dict[int, int] = {}
        for project, payload in connection.execute("SELECT r.project_key, b.payload FROM block b JOIN series s ON s.key = b.series_key JOIN run r ON r.key = s.run_key"):  # fmt: skip
            points[project] = points.get(project, 0) + len(payload)
        pieces: dict[int, dict[int, int]] = {}
        for artifact, chunk, content in connection.execute("SELECT v.artifact_key, c.key, c.content FROM file f JOIN version v ON v.key = f.version_key JOIN blob_chunk p ON p.blob_key = f.blob_key JOIN chunk c ON c.key = p.chunk_key"):  # fmt: skip
            pieces.setdefault(artifact, {})[chunk] = len(content)
        counts = dict(connection.execute("SELECT artifact_key, count(*) FROM version GROUP BY 1"))
    assert {share.key: share.points_bytes for share in sizes.projects if share.points_bytes} == points
    assert {share.key: share.content_bytes for share in sizes.artifacts if share.content_bytes} == {key: sum(each.values()) for key, each in pieces.items()}  # fmt: skip
    assert {share.key: share.count for share in sizes.artifacts} == counts
    assert [share.size_bytes for share in sizes.artifacts] == sorted((share.size_bytes for share in sizes.artifacts), reverse=True)  # fmt: skip
    for share in (*sizes.projects, *sizes.artifacts):
        assert share.size_bytes == share.points_bytes + share.content_bytes + share.preview_bytes
