"""How programs end, and how their runs do: with the same exit code as without artui, and the status that is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import artui
from tests.reading import open_reader

START = "import artui, os, signal, sys, time\nrun = artui.start_run(name='r', catalog=sys.argv[1])\nrun.log({'x': 1})\n"
WITH = "import artui, os, signal, sys, time\nwith artui.start_run(name='r', catalog=sys.argv[1]) as run:\n    run.log({'x': 1})\n    "
PRESS = "os.kill(os.getpid(), signal.SIGINT); time.sleep(5)"
TERM = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)"
OWN_HANDLER = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"

ENDINGS: dict[str, tuple[str, int, str, str]] = {
    # the program, its exit code, the run's status, what its error says
    "end": (START, 0, "finished", ""),
    "exit": (START + "sys.exit()", 0, "finished", ""),
    "exit 0": (START + "sys.exit(0)", 0, "finished", ""),
    "exit 3": (START + "sys.exit(3)", 3, "failed", "exit code 3"),
    "exit with a text": (START + "sys.exit('no data')", 1, "failed", "no data"),
    "exit in a function": (START + "def f():\n    sys.exit(4)\ntry:\n    f()\nfinally:\n    pass", 4, "failed", "exit code 4"),
    "exit of the builtins": (START + "exit(5)", 5, "failed", "exit code 5"),
    "quit": (START + "quit()", 0, "finished", ""),
    "exit of argparse": (START + "import argparse\nargparse.ArgumentParser().parse_args(['--no'])", 2, "failed", "exit code 2"),
    "exit that is caught": (START + "try:\n    sys.exit(3)\nexcept SystemExit:\n    pass\nrun.log({'x': 2})", 0, "finished", ""),
    "exit of a thread": (START + "import threading\nt = threading.Thread(target=sys.exit, args=(3,))\nt.start(); t.join()", 0, "finished", ""),
    "exit in a with": (WITH + "sys.exit(3)", 3, "failed", "3"),
    "exception": (START + "raise ValueError('bad')", 1, "failed", "ValueError: bad"),
    "exception in a with": (WITH + "raise ValueError('bad')", 1, "failed", "ValueError: bad"),
    "os._exit": (START + "os._exit(6)", 6, "failed", "exit code 6"),
    "os._exit(0)": (START + "os._exit(0)", 0, "finished", ""),
    "os._exit in a hook": (START + "sys.excepthook = lambda *_: os._exit(7)\nraise ValueError('bad')", 7, "failed", "ValueError: bad"),
    "ctrl+C": (START + PRESS, -signal.SIGINT, "killed", "interrupted"),
    "ctrl+C in a with": (WITH + PRESS, -signal.SIGINT, "killed", "interrupted"),
    "SIGTERM": (START + TERM, -signal.SIGTERM, "killed", "SIGTERM"),
    "SIGTERM in a with": (WITH + TERM, -signal.SIGTERM, "killed", "SIGTERM"),
    "own handler that exits": (OWN_HANDLER + START + TERM, 143, "failed", "exit code 143 (SIGTERM)"),
}  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_run_ends_as_its_program_does(tmp_path: Path, ending: str) -> None:
    """The exit code is the one without artui, and the run says the same."""
    text, code, status, error = ENDINGS[ending]
    script = tmp_path / "job.py"
    script.write_text(text)
    done = subprocess.run([sys.executable, str(script), str(tmp_path / "c.artui")], capture_output=True, timeout=60)
    assert done.returncode == code
    with open_reader(tmp_path / "c.artui") as reader:
        detail = reader.run("r").detail()
    assert detail.head.status == status and error in detail.error and bool(error) == bool(detail.error)
    assert [name for name in os.listdir(tmp_path) if name != "job.py"] == ["c.artui"]


def test_exits_are_given_back(tmp_path: Path) -> None:
    """Once no run goes on, `sys.exit`, `os._exit` and the signals are as they were."""
    before = sys.exit, os._exit, exit, quit, signal.getsignal(signal.SIGTERM)
    with artui.start_run(catalog=tmp_path / "c.artui"):
        assert sys.exit is not before[0] and os._exit is not before[1]
        with pytest.raises(SystemExit):
            sys.exit(1)
    assert (sys.exit, os._exit, exit, quit, signal.getsignal(signal.SIGTERM)) == before


def test_end_says_where_the_run_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """One line on stderr: name, status, place, and what opens it; ranks that join, and who wants it quiet, say nothing."""
    monkeypatch.setenv("ARTUI_QUIET", "0")
    artui.settings.load_settings.cache_clear()
    monkeypatch.chdir(tmp_path)
    with artui.start_run(name="calm otter", catalog="c.artui") as run:
        pass
    assert (
        capsys.readouterr().err
        == f"artui: run calm otter finished. It is in {tmp_path}/c.artui: artui c.artui opens it.\n"
    )
    assert run.reference == run.id and "calm otter" in repr(run) and str(tmp_path) in repr(run)


def test_finish_refuses_what_has_ended(tmp_path: Path) -> None:
    """`artui finish` ends a run once: it never writes over how a run ended."""
    from artui.cli import run as cli

    path = tmp_path / "c.artui"
    with artui.start_run(name="r", catalog=path) as run:
        pass
    with open_reader(path) as reader:
        before = reader.run("r").detail()
    time.sleep(0.01)
    assert cli(["finish", "-r", run.id, "-c", str(path), "--status", "failed"]) == 2
    with open_reader(path) as reader:
        assert reader.run("r").detail() == before


def test_undo_leaves_what_programs_did(tmp_path: Path) -> None:
    """It takes back a person's alias, and not the script's, nor its note."""
    from artui.cli import run as cli

    path = tmp_path / "c.artui"
    (tmp_path / "m").write_text("weights")
    with artui.start_run(name="r", catalog=path) as run:
        run.save("model", tmp_path / "m", alias="production")
        run.set_note("by the script")
    assert cli(["alias", "model:v1", "mine", "-c", str(path)]) == 0
    assert cli(["undo", "-c", str(path)]) == 0
    cli(["undo", "-c", str(path)])
    with open_reader(path) as reader:
        detail = reader.run("r").detail()
        assert detail.note == "by the script" and set(detail.outputs[0].aliases) == {"latest", "production"}


def test_exec_says_where_its_run_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that was recorded without naming a catalog ends with the line that says where its run is."""
    monkeypatch.delenv("ARTUI_QUIET")
    (tmp_path / "project").mkdir()
    command = [sys.executable, "-m", "artui", "exec", "--name", "first", "--", sys.executable, "-c", "print(1)"]
    done = subprocess.run(command, cwd=tmp_path / "project", capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"
    assert "artui: run first finished. It is in " in done.stderr and ".artui" in done.stderr
