"""However often catalogs are opened, and whatever becomes of that, nothing is left open."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from artui.catalog import Catalog, opening, runs
from artui.errors import ArtuiError
from tests.counts import IS_LONG
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
    for _ in range(200 if IS_LONG else ROUNDS):
        open_all()
    assert _descriptors() == before
    assert not list(tmp_path.glob("*-wal"))


FEW = """
import os, resource, sys
from pathlib import Path
import artui
from artui.catalog import Catalog
from artui.cli import run as run_cli
from artui.errors import ArtuiError

rounds = int(sys.argv[1])
path = Path("x.artui")
Path("data.csv").write_text("a,b")


def train():
    with artui.start_run(catalog=path, name="run", system_metrics=True) as run:
        run.log({"x": 1.0})
        run.save("data", "data.csv", kind="dataset")
    assert run.is_recorded


def read():
    with artui.open_catalog(path) as catalog:
        assert catalog.runs()


def write():
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET note = 'x'")


def set_limit(count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, LIMIT))


LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
train(), read(), write()
open_count = len(os.listdir("/dev/fd"))
set_limit(64)
for _ in range(rounds):
    train(), read(), write()
    for words in (["ls"], ["ls", "--json"], ["check", "--data"], ["share", "out.artui", "--force"], ["merge", "out.artui", "--into", "merged.artui"]):
        assert run_cli([*words, *([] if words[0] == "merge" else ["-c", str(path)])]) == 0, words
    assert len(os.listdir("/dev/fd")) == open_count
refused = set()
for spare in range(6):
    for use in (read, write):
        try:
            set_limit(open_count - 1 + spare)
            use()
        except ArtuiError as error:
            refused.add(f"{use.__name__}: {error}")
        finally:
            set_limit(64)
    assert len(os.listdir("/dev/fd")) == open_count, spare
assert len(refused) == 2 and all("as many files open as it may" in text for text in refused), refused
read(), write()
"""


def test_few_descriptors_are_enough_and_none_is_said(tmp_path: Path) -> None:
    """With 64 of them everything works; with none left that is said, nothing else is wrong, and later all goes on."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", FEW, str(50 if IS_LONG else 1)]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert not done.stderr
