"""Where files cannot be locked, as on a share whose lock server is gone: read-only, said, and nothing that is logged is lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import artui
from tests.catalog.test_opening import _die_in_transaction, _inside, _killed_writer
from tests.faults.injecting import compiler
from tests.reading import open_reader

SHIM = Path(__file__).parents[1] / "faults" / "nolock.c"
pytestmark = pytest.mark.skipif(compiler() is None or sys.platform != "linux", reason="no C compiler, or not Linux")

SCRIPT = """
import json, sys, time
from pathlib import Path
import artui
from artui.catalog import Catalog
from artui.catalog.diagnosing import diagnose
from artui.errors import ArtuiError

path, said = Path("x.artui"), {}


def read():
    with artui.open_catalog(path) as catalog:
        states = {remark.subject: remark.state for remark in diagnose(path)}
        assert states["file system"] == "wrong", states
        return [sorted(run.name for run in catalog.runs()), catalog._reader.notice, catalog._reader.why_not_writable]


def write():
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET note = 'x'")


def log():
    with artui.start_run(catalog=path, name="logged") as run:
        run.log({"x": 1.0})


for use in (read, write, log, read):
    try:
        said[use.__name__] = use()
    except ArtuiError as error:
        said[use.__name__] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shim") / "nolock.so"
    subprocess.run([str(compiler()), "-shared", "-fPIC", "-o", target, SHIM, "-ldl"], check=True)
    return target


def _without_locks(shim: Path, folder: Path, error: int) -> tuple[dict[str, object], str]:
    environment = os.environ | {
        "LD_PRELOAD": str(shim), "NO_LOCK_BELOW": str(folder), "NO_LOCK_ERROR": str(error), "PYTHONPATH": os.pathsep.join(sys.path)
    }  # fmt: skip
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(
    ("error", "left"),
    [*((errno.ENOLCK, left) for left in ("nothing", "a -wal", "a -journal", "no catalog")), (errno.ENOSYS, "nothing")],
)
def test_without_locks_a_catalog_is_read_and_logged_beside(shim: Path, tmp_path: Path, error: int, left: str) -> None:
    """It is read as it was last committed and never written to; a run goes to the spool, and into the file where locks work."""
    folder = tmp_path / "share"
    folder.mkdir()
    path = folder / "x.artui"
    names = ["before"]
    if left != "no catalog":
        artui.start_run(catalog=path, name="before").finish()
    if left == "a -wal":
        _killed_writer(path)
        names += ["newest"]
    elif left == "a -journal":
        _die_in_transaction(path)
    before = _inside(folder)

    said, told = _without_locks(shim, folder, error)

    if left == "no catalog":
        names = []
    else:
        assert _inside(folder) == before
    assert isinstance(said["read"], list), said
    runs, notice, why_not = said["read"]
    assert sorted({*runs} - {"logged"}) == names and "cannot be locked" in notice and "cannot be locked" in why_not
    assert str(said["write"]).startswith("CatalogReadOnly") and "cannot be locked" in str(said["write"])
    assert said["log"] is None and "beside it" in told and "locked" in told and "Traceback" not in told
    with open_reader(path) as reader:
        assert sorted(run.name for run in reader.runs()) == names
    artui.start_run(catalog=path, name="after").finish()
    with open_reader(path) as reader:
        assert {run.name: run.status for run in reader.runs()}.items() >= {"after": "finished", "logged": "finished"}.items()  # fmt: skip
    assert os.listdir(folder) == ["x.artui"]
