"""The journal mode by file system, and one plain file at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artui.catalog import Catalog, journal, runs, settle
from tests.reading import open_reader

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /home rw,relatime - nfs4 box:/home rw
41 40 0:36 / /home/ada/local rw - xfs /dev/sdb1 rw
42 22 0:37 / /mnt/with\\040space rw - cifs //box/share rw
43 22 0:38 / /mnt/sshfs rw - fuse.sshfs ada@box: rw
44 22 0:39 / /mnt/p9 rw - 9p share rw
45 22 0:40 / /mnt/over rw - overlay overlay rw
46 22 0:41 / /mnt/over rw - nfs box:/x rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_safe"),
    [
        ("/var/x.artui", "ext4", True), ("/home/ada/x.artui", "nfs4", False), ("/home/ada/local/x.artui", "xfs", True), ("/homework/x.artui", "ext4", True),
        ("/mnt/with space/x.artui", "cifs", False), ("/mnt/sshfs/x.artui", "fuse.sshfs", False), ("/mnt/p9/x.artui", "9p", False), ("/mnt/over/x.artui", "nfs", False),
    ],
)  # fmt: skip
def test_journal_mode_follows_the_mount_table(path: str, kind: str, is_safe: bool) -> None:
    """The innermost and latest mount decides; network and FUSE file systems get no WAL."""
    assert journal.file_system_of(Path(path), mount_table=MOUNTS) == kind
    assert journal.wal_is_safe(Path(path), mount_table=MOUNTS) is is_safe


def _start(catalog: Catalog, name: str) -> None:
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=name))


@pytest.mark.parametrize("is_safe", [True, False])
def test_last_writer_leaves_one_plain_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_safe: bool) -> None:
    """Two writers close one after the other: afterwards there is the file, without -wal, -shm or -journal."""
    monkeypatch.setattr(journal, "wal_is_safe", lambda path: is_safe)
    path = tmp_path / "x.artui"
    first, second = Catalog(path), Catalog(path)
    _start(first, "a")
    _start(second, "b")
    first.close()
    _start(second, "c")
    second.close()
    assert os.listdir(tmp_path) == ["x.artui"]
    assert path.read_bytes()[18] == 1
    with open_reader(path) as reader:
        assert {run.name for run in reader.runs()} == {"a", "b", "c"}


def test_reader_does_not_keep_the_file_from_being_tidied(tmp_path: Path) -> None:
    """When a reader was open as the last writer closed, letting go of it makes the file plain again."""
    path = tmp_path / "x.artui"
    catalog = Catalog(path)
    _start(catalog, "a")
    with open_reader(path) as reader:
        assert len(reader.runs()) == 1
        catalog.close()
        assert len(reader.runs()) == 1
        assert reader.release()
        settle(path)
        assert os.listdir(tmp_path) == ["x.artui"]
        assert len(reader.runs()) == 1


def test_catalog_gets_smaller_as_blocks_are_rewritten(tmp_path: Path) -> None:
    """Pages that are free at the end are given back."""
    import numpy as np

    from artui.catalog import points

    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="p", name="r"))
            name = runs.name_key(connection, "x")
        for start in range(0, 1000, 50):
            with catalog.transaction() as connection:
                ints = np.arange(start, start + 50)
                points.append(connection, key, name, "", ints, ints, np.random.default_rng(start).random(50))
    with open_reader(path) as reader, reader.reading() as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0


def test_index_that_stayed_alone_goes_with_the_next_reader_but_not_from_under_a_writer(tmp_path: Path) -> None:
    """A `-shm` whose `-wal` is gone, as on a disk that fails, is nobody's; one that a writer has is left."""
    path = tmp_path / "c.artui"
    Catalog(path).close()
    Path(f"{path}-shm").write_bytes(bytes(32768))

    with open_reader(path) as reader:
        reader.runs()
    assert sorted(os.listdir(tmp_path)) == ["c.artui"]

    script = "import sys, artui.catalog as c; k = c.Catalog(sys.argv[1]); k.transaction().__enter__(); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "1\n"
        assert Path(f"{path}-shm").exists()
        with open_reader(path) as reader:
            reader.runs()
        assert Path(f"{path}-shm").exists()
        writer.kill()
