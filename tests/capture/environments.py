"""Environments that tests record in: what a child process does to be somewhere else, or somebody else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import artui
from artui.capture import environment
from artui.settings import load_settings

XDG = ("STATE", "CACHE", "CONFIG", "DATA")


def become(uid: int | None, home: str | None, box: Path) -> None:
    """Be another user with another home, or with none, and with a temporary folder of the box's."""
    for name in XDG:
        os.environ.pop(f"XDG_{name}_HOME", None)
    os.environ.pop("HOME", None)
    if home is not None:
        os.environ["HOME"] = home
    temporary = box / "tmp"
    with contextlib.suppress(FileExistsError):
        temporary.mkdir()
        temporary.chmod(0o1777)
    os.environ["TMPDIR"] = str(temporary)
    import tempfile

    tempfile.tempdir = None
    if uid is not None:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    load_settings.cache_clear()
    environment.surroundings.cache_clear()


def in_child(work: Callable[[], object], *, uid: int, box: Path) -> None:
    """Do something as another user."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            become(uid, None, box)
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - a child tells of whatever it was
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def settle(folder: Path) -> None:
    """Run `artui settle FOLDER`."""
    from artui.cli import run

    assert run(["settle", str(folder)]) == 0


def made(folder: Path, mode: int) -> str:
    folder.mkdir()
    folder.chmod(mode)
    return str(folder)


def made_file(path: Path) -> str:
    path.write_text("no folder")
    return str(path)


def with_locked_local(folder: Path, uid: int) -> str:
    """Make a home whose `.local` belongs to root, as `sudo pip` leaves it."""
    folder.mkdir()
    (folder / ".local").mkdir(mode=0o755)
    os.chown(folder, uid, uid)
    return str(folder)


def child_run(catalog: str, run: artui.Run) -> None:
    """Record a run, and go on with another process's."""
    run.log({"x": 1.5})
    with artui.start_run(name="child", catalog=catalog) as own:
        own.log({"x": 2.5})


NOTEBOOK = """
import os
import sys
import nbformat
from nbclient import NotebookClient

cells = [
    f"import artui; run = artui.start_run(name='r', catalog={sys.argv[1]!r}); run.log({{'x': 1}})",
    "run.log({'x': 2})",
    "run.log({'x': 3}); run.finish()",
]
os.environ |= {"JPY_SESSION_NAME": "/work/first.ipynb", "ARTUI_CODE": "1"}
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
NotebookClient(book, timeout=60).execute()
"""
