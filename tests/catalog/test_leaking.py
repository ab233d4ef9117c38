"""However often catalogs are opened, and whatever becomes of that, nothing is left open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from artui.catalog import Catalog, opening, runs
from artui.errors import ArtuiError
from tests.faults.hostile import naming_journal
from tests.reading import open_reader

ROUNDS = 5
"""Of five kinds of catalogs; 200 with `ARTUI_TEST_LONG=1`."""


def _descriptors() -> list[str]:
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    return sorted(os.listdir(folder))


def test_a_thousand_openings_leave_no_descriptor(tmp_path: Path) -> None:
    """Read, written to, refused at once or in the middle, read from a private copy: as many files are open as before."""
    whole = tmp_path / "whole.artui"
    with Catalog(whole) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run"))
    content = whole.read_bytes()
    for name, changed in (("cut", content[:5000]), ("text", b"x" * 5000), ("noise", content[:100] + os.urandom(len(content) - 100))):  # fmt: skip
        (tmp_path / f"{name}.artui").write_bytes(changed)
    shutil.copyfile(whole, tmp_path / "journal.artui")
    (tmp_path / "journal.artui-journal").write_bytes(naming_journal(tmp_path / "nothing", whole))

    def open_all() -> None:
        for path in sorted(tmp_path.glob("*.artui")):
            try:
                opening.look(path)
                with open_reader(path) as reader:
                    reader.runs()
                with Catalog(path) as catalog, catalog.transaction() as connection:
                    connection.execute("UPDATE run SET note = 'x'")
            except ArtuiError:
                continue

    open_all()  # what is opened once a process
    before = _descriptors()
    for _ in range(200 if os.environ.get("ARTUI_TEST_LONG") else ROUNDS):
        open_all()
    assert _descriptors() == before
    assert not list(tmp_path.glob("*-wal"))
