"""A lake in a bucket is the same as one in a folder, and what goes wrong there is said in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from artui.errors import StoreFailed
from artui.exchange.lake.exporter import export
from artui.exchange.leaving.order import Exported
from artui.query.reader import Reader
from tests.content.stores import test_buckets as buckets
from tests.exchange.lake.test_exporter import exported, files, write

serving = buckets.bucket


@pytest.fixture
def kept(serving: type[buckets._Bucket]) -> Iterator[dict[str, bytes]]:
    """What lies in a bucket, by name."""
    serving._name = lambda self: unquote(self.path.partition("?")[0]).removeprefix("/bucket/team/")  # type: ignore[method-assign]
    yield serving.kept


def _exported(catalog: Path) -> Exported:
    with Reader(catalog) as reader:
        return export(reader, "s3://bucket/team")


def test_a_bucket_has_the_files_of_a_folder(kept: dict[str, bytes], tmp_path: Path) -> None:
    """Under the same names, whatever letters a project has; again, nothing is written, and what is replaced goes."""
    write(tmp_path / "c.artui", 3)
    write(tmp_path / "c.artui", 2, first=3, project="a/b=ü%2F")
    exported(tmp_path / "c.artui", tmp_path / "lake")

    made = _exported(tmp_path / "c.artui")

    assert set(kept) == set(files(tmp_path / "lake")) and made.written_files == len(kept) - 1
    before = dict(kept)
    assert not _exported(tmp_path / "c.artui").written_files and kept == before
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        connection.execute("UPDATE run SET deleted_ms = 1 WHERE name = 'run-1'")
    exported(tmp_path / "c.artui", tmp_path / "lake")
    assert _exported(tmp_path / "c.artui").removed_files == 5
    assert set(kept) == set(files(tmp_path / "lake"))


def test_a_bucket_that_refuses_is_said(serving: type[buckets._Bucket], kept: dict[str, bytes], tmp_path: Path) -> None:
    """Nothing is half there: the next export goes on."""
    write(tmp_path / "c.artui", 3)
    serving.trouble = "403"

    with pytest.raises(StoreFailed, match="is refused"):
        _exported(tmp_path / "c.artui")

    serving.trouble = ""
    assert not kept and _exported(tmp_path / "c.artui").written_files == 5
