"""What a program ends with when it is told to stop: the shell must see which signal it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import artui

KW = "catalog='c.artui', console=False, code=False, system_metrics=False"
WAYS = {
    "open": f"run = artui.start_run({KW})\nrun.log({{'x': 1}})\nSTOP",
    "with": f"with artui.start_run({KW}) as run:\n    run.log({{'x': 1}})\n    STOP",
    "two": f"run = artui.start_run({KW})\nother = artui.start_run({KW})\nother.log({{'x': 1}})\nSTOP",
}
HEAD = "import os, signal, sys, artui\n"


def _stopped(folder: Path, way: str, number: int, head: str = HEAD) -> int:
    press = f"os.kill(os.getpid(), {number}); signal.pause()"
    job = folder / "job.py"
    job.write_text(head + WAYS[way].replace("STOP", press))
    return subprocess.run(
        [sys.executable, str(job)], cwd=folder, stderr=subprocess.DEVNULL, timeout=60, check=False
    ).returncode


@pytest.mark.parametrize(
    ("way", "number"), [*((way, signal.SIGINT) for way in WAYS), ("open", signal.SIGTERM), ("with", signal.SIGHUP)]
)
def test_a_script_dies_of_its_signal(tmp_path: Path, way: str, number: int) -> None:
    """With a block or without one the run is killed, and the process ends as the signal ends it: a loop in a shell stops."""
    assert _stopped(tmp_path, way, number) == -number

    with artui.open_catalog(tmp_path / "c.artui") as catalog:
        assert {run.status for run in catalog.runs()} == {"killed"}


def test_what_others_do_at_the_exit_does_not_hide_it(tmp_path: Path) -> None:
    """Their goodbyes run as well, and the process still ends as SIGINT ends it."""
    head = (
        "import atexit\natexit.register(lambda: open('before', 'w').close())\n"
        + HEAD
        + "atexit.register(lambda: __import__('tarfile'))\n"
    )

    assert _stopped(tmp_path, "open", signal.SIGINT, head) == -signal.SIGINT

    assert (tmp_path / "before").exists()


@pytest.mark.parametrize("ending", ["pass", "os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt: pass"])
def test_an_interrupt_that_was_caught_is_none(tmp_path: Path, ending: str) -> None:
    """A program that takes ctrl+c for a wish and ends by itself has finished."""
    job = tmp_path / "job.py"
    body = f"try:\n    {ending}" if "except" in ending else ending
    job.write_text(f"{HEAD}run = artui.start_run({KW})\n{body}\n")

    code = subprocess.run([sys.executable, str(job)], cwd=tmp_path, check=False).returncode

    with artui.open_catalog(tmp_path / "c.artui") as catalog:
        assert (code, [run.status for run in catalog.runs()]) == (0, ["finished"])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog whose printing fills a pipe."""
    path = tmp_path_factory.mktemp("large") / "x.artui"
    params = {f"p{number}": "x" * 500 for number in range(800)}
    for name in ("r", "s"):
        values = {key: value + name for key, value in params.items()}
        artui.start_run(
            catalog=path, name=name, params=values, console=False, code=False, system_metrics=False
        ).finish()
    return path


@pytest.mark.parametrize(
    ("verb", "number"),
    [
        *((verb, signal.SIGINT) for verb in ("ls --json", "show r", "show r --json", "compare r s")),
        *(("show r", number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)),
    ],
)
def test_a_verb_that_is_stopped_says_so(large: Path, verb: str, number: int) -> None:
    """ctrl+c gives 130; the others, and a reader that has gone away, end it as they end any program: quietly."""
    command = [sys.executable, "-m", "artui", *verb.split(), "-c", str(large)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        # From its first byte on it waits for somebody to read the rest.
        os.read(child.stdout.fileno(), 1)
        child.stdout.close() if number == signal.SIGPIPE else child.send_signal(number)
        code, said = child.wait(20), child.stderr.read()

    assert code == (130 if number == signal.SIGINT else -number)
    assert not said.strip()
