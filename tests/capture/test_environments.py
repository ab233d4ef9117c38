"""Wherever a program runs, its run is recorded: without a home, as a user whom nobody knows, where nothing can be written.

Each environment is real: a child of this process changes its user, home, folder and variables, and then records.
"""

from __future__ import annotations

import getpass
import json
import multiprocessing
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.catalog.spool.place import spool_files
from artui.query.artifacts import file_text
from tests.capture import environments
from tests.reading import open_reader

NOBODY = 54321
"""A user without an entry in the list of users."""
ANOTHER = 54322
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may write to, as a shared disk has it."""
    folder = Path(tempfile.mkdtemp(prefix="artui-test-", dir="/var/tmp"))
    folder.chmod(0o777)
    yield folder
    for place, folders, _ in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(place, name), 0o700)
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def _record(box: Path, *, uid: int | None = None, home: str | None = None, folder: Path | None = None, prepare: Callable[[], object] = lambda: None, **wanted: object) -> dict[str, object]:  # fmt: skip
    """Record a run in a child of its own; give what it says of it."""
    _load_all(box)
    answers, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(answers)
            os.chdir(folder or box)
            environments.become(uid, home, box)
            prepare()
            run = artui.start_run(name="r", **wanted)  # type: ignore[arg-type]
            for step in range(20):
                run.log({"x": step / 2}, step=step)
            run.finish()
            os.write(tell, json.dumps({"is_recorded": run.is_recorded, "path": str(run.catalog_path)}).encode())
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child tells of whatever it was
            import traceback

            os.write(tell, traceback.format_exc().encode())
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(answers) as stream:
        text = stream.read()
    assert os.waitpid(child, 0)[1] == 0, text
    return dict(json.loads(text))


def _load_all(box: Path) -> None:
    """Import all that a run needs: a child that is somebody else may not be allowed to read it."""
    with tempfile.TemporaryDirectory() as folder:
        with artui.start_run(catalog=f"{folder}/c.artui", params={"lr": 0.1}) as run:
            run.log({"x": 1})
        with open_reader(Path(folder) / "c.artui") as reader:
            reader.run(run.id).series("x")
    getpass.getuser()


def _points(path: Path, run: str = "r") -> list[float]:
    with open_reader(path) as reader:
        return list(reader.run(run).series("x").values.tolist())


HOMES: dict[str, Callable[[Path], Any]] = {
    "unknown": lambda box: None,
    "the root": lambda box: "/",
    "gone": lambda box: f"{box}/gone",
    "read-only": lambda box: environments.made(box / "ro", 0o555),
    "with a folder of root's": lambda box: environments.with_locked_local(box / "locked", NOBODY),
    "a file": lambda box: environments.made_file(box / "file"),
}


@as_root
@pytest.mark.parametrize("home", HOMES)
def test_home_is_no_condition(box: Path, home: str) -> None:
    """A catalog in a folder that can be written to takes the run, whatever the user's home is."""
    answer = _record(box, uid=NOBODY, home=HOMES[home](box), catalog="c.artui")
    assert answer == {"is_recorded": True, "path": str(box / "c.artui")}
    assert _points(box / "c.artui") == [step / 2 for step in range(20)]


@as_root
@pytest.mark.parametrize("home", ["unknown", "the root", "read-only"])
def test_where_nothing_is_named_a_place_is_found(box: Path, home: str) -> None:
    """Started in a folder that cannot be written to, without a home, the run is in a catalog of its own that is said."""
    locked = box / "locked-work"
    locked.mkdir(mode=0o755)
    answer = _record(box, uid=NOBODY, home=HOMES[home](box), folder=locked)
    path = Path(str(answer["path"]))
    assert answer["is_recorded"] and path.is_file() and len(_points(path)) == 20
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@as_root
def test_where_nothing_beside_the_catalog_can_be_written_the_spool_lies_elsewhere(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Another user's catalog in another user's folder: the run waits in a temporary folder, and `artui settle` brings it in."""
    shared = box / "shared"
    shared.mkdir(mode=0o755)
    with artui.start_run(name="first", catalog=shared / "team.artui"):
        pass
    answer = _record(box, uid=NOBODY, home=None, catalog=shared / "team.artui")
    assert answer == {"is_recorded": True, "path": str(shared / "team.artui")}
    monkeypatch.setenv("TMPDIR", str(box / "tmp"))
    [folder] = (box / "tmp" / f"artui-{NOBODY}").iterdir()
    assert [run.status for run in open_reader(shared / "team.artui").runs()] == ["finished"]

    # The folder is opened to that user, who settles it.
    shared.chmod(0o777)
    (shared / "team.artui").chmod(0o666)
    environments.in_child(lambda: environments.settle(folder), uid=NOBODY, box=box)
    assert len(_points(shared / "team.artui")) == 20 and not folder.exists()


@as_root
def test_two_users_share_a_catalog(box: Path) -> None:
    """Both may write to the file and its folder: both runs are in it, and it is one plain file."""
    for uid in (NOBODY, ANOTHER):
        answer = _record(box, uid=uid, home=None, catalog="c.artui", prepare=lambda: os.umask(0))
        assert answer["is_recorded"]
    with open_reader(box / "c.artui") as reader:
        assert [len(reader.run(run.id).series("x").values) for run in reader.runs()] == [20, 20]
    assert not spool_files(box / "c.artui") and not (box / "c.artui-wal").exists()


def test_removed_folder(box: Path, home: Path) -> None:
    """The current folder is gone: the run goes to the user's default catalog, or to the one that is named whole."""
    gone = box / "gone"

    def remove() -> None:
        gone.rmdir()

    gone.mkdir()
    assert _record(box, folder=gone, prepare=remove, catalog=box / "c.artui")["path"] == str(box / "c.artui")
    gone.mkdir()
    answer = _record(box, home=str(box / "home"), folder=gone, prepare=remove, catalog="relative.artui")
    assert answer["is_recorded"] and len(_points(Path(str(answer["path"])))) == 20


def test_no_temporary_folder(box: Path) -> None:
    """TMPDIR names what is not there."""
    answer = _record(box, prepare=lambda: os.environ.__setitem__("TMPDIR", "/nowhere"), catalog="c.artui")
    assert answer["is_recorded"] and len(_points(box / "c.artui")) == 20


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing(box: Path, method: str) -> None:
    """A process that was made by any method records a run of its own, and goes on with one that it was given."""
    context: Any = multiprocessing.get_context(method)
    with artui.start_run(name="parent", catalog=box / "c.artui") as run:
        run.log({"x": 0.5})
        child = context.Process(target=environments.child_run, args=(str(box / "c.artui"), run))
        child.start()
        child.join(60)
        assert child.exitcode == 0
    assert sorted(_points(box / "c.artui", "parent")) == [0.5, 1.5] and _points(box / "c.artui", "child") == [2.5]


def test_notebook(box: Path) -> None:
    """A cell starts a run, a later one logs into it, the kernel's end ends it."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    done = subprocess.run(
        [sys.executable, "-c", environments.NOTEBOOK, str(box / "c.artui")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(_points(box / "c.artui")) == 3
    with open_reader(box / "c.artui") as reader:
        detail = reader.run("r").detail()
        code = max((head for head in detail.inputs if head.artifact == "code"), key=lambda head: head.number)
        text = file_text(reader, code.key, "notebook.py")[0]
    assert detail.context["code"]["notebook"] == "/work/first.ipynb"
    assert text.index("# In [1]:\nimport artui") < text.index("# In [2]:\nrun.log") < text.index("run.finish()")
