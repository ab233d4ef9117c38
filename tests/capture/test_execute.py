"""`artui exec`: the program does not notice, and everything about it is recorded."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artui.catalog.spool.place import spool_files
from artui.model import RunDetail
from artui.query.artifacts import file_text, get_version
from tests.reading import open_reader

PYTHON = sys.executable


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTUI_CONSOLE", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path / "x.artui"


def _exec(path: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    return subprocess.run(
        [PYTHON, "-m", "artui", "exec", "-c", str(path), *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )


def _detail(path: Path) -> RunDetail:
    with open_reader(path) as reader:
        return reader.run(reader.runs()[0].id).detail()


def _console(path: Path) -> str:
    with open_reader(path) as reader:
        head = next(head for head in reader.run(reader.runs()[0].id).detail().outputs if head.kind == "log")
        return file_text(reader, head.key, get_version(reader, head.id).files[0].path)[0]


def test_output_input_and_exit_code_pass_through(path: Path) -> None:
    """Bytes of stdout, stderr and stdin go through unchanged and apart, and the exit code is the command's."""
    code = "import sys; d=sys.stdin.buffer.read(); sys.stdout.buffer.write(d*2); sys.stderr.buffer.write(b'E\\xff\\n'); sys.exit(7)"
    noise = bytes(range(256)) * 300

    done = _exec(path, "--", PYTHON, "-c", code, input=noise)

    assert (done.stdout, done.stderr, done.returncode) == (noise * 2, b"E\xff\n", 7)
    detail = _detail(path)
    assert detail.head.status == "failed" and detail.error.endswith("exit code 7")
    assert detail.context["exit"] == {"code": 7}
    assert [entry for entry in os.listdir(path.parent) if entry != "work"] == ["x.artui"]


def test_metrics_params_and_files_are_found(path: Path) -> None:
    """Pairs, JSON lines and the user's expressions become metrics, options params, and files versions."""
    Path("train.sh").write_text(
        "echo 'INFO port=8080 pid=77'\n"
        'for i in 1 2 3; do echo "step $i: loss: 0.$i, val/acc=0.9$i"; echo "t,$i" >> log.csv; done\n'
        'echo \'{"step": 9, "eval": {"f1": 0.5}, "name": "x"}\'\n'
        "echo 'Reached 12.5 BLEU at 40'\n"
        "printf 'epoch,score,word\\n1,0.25,a\\n2,0.5,b\\n' > metrics.csv\n"
        "mkdir out && echo weights > out/best.pt\n"
    )

    done = _exec(
        path, "--metric", r"Reached (?P<bleu>[\d.]+) BLEU at (?P<step>\d+)", "--watch-csv", "metrics.csv", "--artifact", "out/*.pt:checkpoint",
        "--tag", "good=1", "--name", "shell", "--", "bash", "train.sh", "--lr", "0.1", "--layers=4", "--fast", "opt.name=adam", "input.txt",
    )  # fmt: skip

    assert done.returncode == 0
    detail = _detail(path)
    assert {param.name: param.value for param in detail.params} == {
        "lr": 0.1, "layers": 4, "fast": True, "opt.name": "adam",
    }  # fmt: skip
    metrics = {
        metric.name: (metric.summary.last, metric.summary.last_step, metric.summary.count) for metric in detail.metrics
    }
    assert metrics == {
        "loss": (0.3, 3, 3), "val/acc": (0.93, 3, 3), "eval/f1": (0.5, 9, 1), "bleu": (12.5, 40, 1), "score": (0.5, 2, 2), "epoch": (2.0, 2, 2),
    }  # fmt: skip
    assert detail.head.status == "finished" and detail.head.name == "shell"
    assert {(head.artifact, head.kind) for head in detail.outputs} == {("best", "checkpoint"), ("console", "log")}
    assert [tag.name for tag in detail.tags] == ["good"]


def test_progress_bars_are_one_line_of_the_console(path: Path) -> None:
    """A thousand carriage returns leave the last state, and the metrics in each are found."""
    code = "import sys\nfor i in range(1000): sys.stdout.write(f'\\r{i}/1000 loss={i}')\nprint('\\ndone')"
    done = _exec(path, "--", PYTHON, "-c", code)
    assert done.stdout.count(b"\r") == 1000
    assert _console(path).splitlines() == ["999/1000 loss=999", "done"]
    assert _detail(path).metrics[0].summary.count == 1000


def test_program_that_uses_artui_goes_on_with_the_run(path: Path) -> None:
    """start_run in the program joins: one run, its name and params of the program, one end; a second one is a child."""
    code = (
        "import artui\n"
        "with artui.start_run(project='vision', name='inner', params={'depth': 3}) as run: run.log({'x': 1.0}, step=5)\n"
        "with artui.start_run(project='vision', name='second') as run: run.log({'x': 2.0})\n"
    )
    done = _exec(path, "--", PYTHON, "-c", code)

    assert done.returncode == 0, done.stderr
    with open_reader(path) as reader:
        heads = {head.name: head for head in reader.runs()}
        assert set(heads) == {"inner", "second"} and heads["second"].parent_id == heads["inner"].id
        assert {head.status for head in heads.values()} == {"finished"}
        assert reader.run("inner").series("x").values.tolist() == [1.0]
        assert heads["inner"].project == "vision"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_passed_on(path: Path, number: int) -> None:
    """The program gets the signal and may answer it; how it ended is recorded."""
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(9))\nprint('ready', flush=True)\n"
        # Python notices a signal that comes just before a sleep only after it: many short ones.
        "for _ in range(300): time.sleep(0.1)"
    )
    process = subprocess.Popen(
        [PYTHON, "-m", "artui", "exec", "-c", str(path), "--", PYTHON, "-c", code],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(timeout=20) == 9
    assert _detail(path).head.status == ("failed" if number == signal.SIGUSR1 else "killed")


@pytest.mark.parametrize("moment", ["before", "after", "silent"])
def test_signals_that_come_while_the_program_starts_or_is_silent_reach_it(path: Path, moment: str) -> None:
    """None is lost: not before the program runs, not before we know its number, not when it has closed its outputs."""
    pressed = "os.kill(os.getpid(), signal.SIGTERM)"
    code = (
        "import os, signal, subprocess, sys, threading, time\n"
        "from artui.cli import main\n"
        "real = subprocess.Popen\n"
        "class Slow(real):\n"
        "    def __init__(self, command, **options):\n"
        f"        if command[0] == 'sleep' and {moment == 'before'}: {pressed}\n"
        "        super().__init__(command, **options)\n"
        f"        if command[0] == 'sleep' and {moment == 'after'}: {pressed}\n"
        f"        if command[0] == 'bash': threading.Timer(0.5, lambda: {pressed}).start()\n"
        "subprocess.Popen = Slow\n"
        "sys.argv[0] = 'artui'\n"
        "sys.exit(main())\n"
    )
    program = ["bash", "-c", "exec >&- 2>&-; exec sleep 30"] if moment == "silent" else ["sleep", "30"]
    arguments = [PYTHON, "-c", code, "exec", "-c", str(path), "--", *program]
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert _detail(path).head.status == "killed" and "SIGTERM" in _detail(path).error


def test_program_ended_by_a_signal_is_killed(path: Path) -> None:
    """A program that dies of a signal gives 128 and its number, as a shell does."""
    done = _exec(path, "--", "bash", "-c", "kill -SEGV $$")
    assert done.returncode == 128 + signal.SIGSEGV
    assert _detail(path).head.status == "killed" and "SIGSEGV" in _detail(path).error


def test_command_that_is_not_there_says_so(path: Path) -> None:
    """127, one line, and a failed run."""
    done = _exec(path, "--", "no-such-program-anywhere")
    assert done.returncode == 127 and done.stderr.count(b"\n") == 1 and b"no-such-program" in done.stderr
    assert _detail(path).head.status == "failed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--metric", "(", "--", "true"), b"not a regular expression"), (("--metric", "x", "--", "true"), b"names no group"),
     (("--artifact", "*.pt", "--", "true"), b"names no kind"), (("--param", "lr", "--", "true"), b"not NAME=VALUE"), ((), b"COMMAND")],
)  # fmt: skip
def test_options_that_mean_nothing_run_nothing(path: Path, arguments: tuple[str, ...], message: bytes) -> None:
    """A wrong option is told before anything runs, with what to write instead."""
    done = _exec(path, *arguments)
    assert done.returncode == 2 and message in done.stderr and not path.exists()


def test_catalog_that_cannot_be_written_does_not_stop_the_program(path: Path) -> None:
    """The program matters more than its record, which waits in a spool where there may be a catalog again."""
    path.write_bytes(b"no catalog at all, but some other file that was there")
    done = _exec(path, "--", "echo", "hello")
    assert done.stdout == b"hello\n" and done.returncode == 0 and b"Logging goes on beside it" in done.stderr
    assert path.read_bytes().startswith(b"no catalog at all") and len(spool_files(path)) == 1


def test_reader_of_the_output_may_go(path: Path) -> None:
    """`artui exec -- yes | head -1` ends, as it would without."""
    done = subprocess.run(
        f"{PYTHON} -m artui exec -c {path} --no-metrics -- yes | head -1",
        shell=True,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == b"y\n"


def test_on_a_terminal_the_program_has_one(path: Path) -> None:
    """In a terminal the program sees a terminal of its size, keys reach it, and ctrl+c interrupts it alone."""
    code = (
        "import os, signal, sys\n"
        "print(os.isatty(0), os.isatty(1), os.isatty(2), os.get_terminal_size().columns, flush=True)\n"
        # Waited for, as CPython notices a signal right before a call that blocks only after it.
        "keys = input()\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\nprint('got', keys, flush=True)\n"
        "signal.sigwait({signal.SIGINT})\nprint('interrupted', flush=True); sys.exit(5)\n"
    )
    child, master = pty.fork()
    if child == 0:
        os.execv(PYTHON, [PYTHON, "-m", "artui", "exec", "-c", str(path), "--", PYTHON, "-c", code])
    import fcntl
    import struct
    import termios

    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 91, 0, 0))
    try:
        output = _until(master, b"91")
        os.write(master, b"keys\n")
        output = _until(master, b"got keys")
        os.write(master, b"\x03")
        output = _until(master, b"interrupted")
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(child, 0)
        os.close(master)
    assert b"interrupted" in output and os.waitstatus_to_exitcode(status) == 5
    assert "True True True 91" in _console(path)


def _until(master: int, wanted: bytes) -> bytes:
    output, deadline = b"", time.monotonic() + 20
    while wanted not in output:
        assert time.monotonic() < deadline, output
        if select.select([master], [], [], 0.2)[0]:
            output += os.read(master, 4096)
    return output


def test_environment_of_the_program_is_recorded(path: Path) -> None:
    """The packages are those of the Python that runs, the script is kept where there is no git, and the exit too."""
    Path("train.py").write_text("print('token = \"hf_" + "aB" * 17 + "\"')\n")
    done = _exec(path, "--code", "--", PYTHON, "train.py", "--api-key", "CANARY12345")
    assert done.returncode == 0
    detail = _detail(path)
    inputs = {head.artifact: head for head in detail.inputs}
    with open_reader(path) as reader:
        environment = json.loads(file_text(reader, inputs["environment"].key, "environment.json")[0])
        code = file_text(reader, inputs["code"].key, "train.py")[0]
    assert "orjson" in environment["packages"] and environment["cpus"] == os.cpu_count()
    assert "print(" in code and "<redacted" in code and "aBaB" not in code
    assert "aBaB" not in _console(path) and b"CANARY" not in path.read_bytes()
