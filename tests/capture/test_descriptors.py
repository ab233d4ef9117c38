"""What goes to the descriptors of a program is kept, whoever writes it, and nothing of the program changes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from artui.catalog.spool import adopting
from artui.content.console import _CUT, MAX_LINE_CHARS, Screen
from artui.query.artifacts import file_text, get_version
from tests.reading import open_reader

START = "import artui, ctypes, logging, os, subprocess, sys, time\nrun = artui.start_run(name='r', catalog=sys.argv[1], code=False)\n"


def _environment() -> dict[str, str]:
    return {**os.environ, "ARTUI_CONSOLE": "1", "PYTHONPATH": str(Path(__file__).parents[2])}


def _program(tmp_path: Path, text: str) -> list[str]:
    script = tmp_path / "job.py"
    script.write_text(text)
    return [sys.executable, str(script), str(tmp_path / "c.artui")]


def _run(tmp_path: Path, text: str, **how: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(_program(tmp_path, text), env=_environment(), capture_output=True, timeout=90, **how)  # type: ignore[call-overload,no-any-return]


def _kept(tmp_path: Path) -> str:
    with open_reader(tmp_path / "c.artui") as reader:
        [head] = [head for head in reader.run("r").detail().outputs if head.artifact == "console"]
        return file_text(reader, head.key, get_version(reader, head.id).files[0].path)[0]


def test_everything_that_is_printed_is_kept(tmp_path: Path) -> None:
    """Print, handlers and streams made before, subprocesses, the shell, C, and the buffers: in order, and passed on."""
    text = (
        "import logging, sys\nlogging.basicConfig(level='INFO', format='%(message)s', stream=sys.stdout)\nheld = sys.stdout\n" + START
        + "print('0 print', flush=True)\nlogging.info('1 handler')\nprint('2 held', file=held, flush=True)\n"
        + "subprocess.run(['echo', '3 subprocess'])\nos.system('echo 4 shell')\nos.write(1, b'5 descriptor\\n')\n"
        + "sys.stdout.buffer.write(b'6 buffer\\n'); sys.stdout.flush()\nctypes.CDLL(None).puts(b'7 C')\nrun.finish()\nprint('after')\n"
    )  # fmt: skip
    done = _run(tmp_path, text)
    lines = ["0 print", "1 handler", "2 held", "3 subprocess", "4 shell", "5 descriptor", "6 buffer", "7 C"]
    assert done.returncode == 0 and done.stdout.decode().splitlines() == [*lines, "after"], done.stderr
    assert _kept(tmp_path).splitlines() == lines


def test_ten_megabytes_from_c_that_holds_the_interpreter(tmp_path: Path) -> None:
    """A thread of this process could not read them: the pipe would be full for ever."""
    text = START + (
        "write = ctypes.PyDLL(None).write\nline = b'x' * 99 + b'\\n'\n"
        "for _ in range(100_000 // 10):\n    write(1, line * 10, 1000)\nrun.finish()\n"
    )
    done = _run(tmp_path, text)
    assert done.returncode == 0 and len(done.stdout) == 10_000_000
    with open_reader(tmp_path / "c.artui") as reader:
        [head] = [head for head in reader.run("r").detail().outputs if head.artifact == "console"]
        assert get_version(reader, head.id).files[0].size_bytes == 10_000_000


def test_child_that_goes_on_delays_nothing(tmp_path: Path) -> None:
    """It prints until long after the end: what came before the end is kept, what comes after it still arrives."""
    text = START + (
        "subprocess.Popen(['sh', '-c', 'for i in 1 2 3 4 5 6; do echo child $i; sleep 0.5; done'])\ntime.sleep(0.7)\n"
        "began = time.time()\nrun.finish()\nprint('took', time.time() - began < 2)\n"
    )
    done = _run(tmp_path, text)
    assert b"took True" in done.stdout and b"child 6" in done.stdout and done.returncode == 0
    assert "child 1" in _kept(tmp_path) and "child 6" not in _kept(tmp_path)


def test_killed_program(tmp_path: Path) -> None:
    """What it had printed arrives, and the next who writes keeps it."""
    text = START + "print('before', flush=True)\nos.system('echo shell')\ntime.sleep(1.2)\nos.kill(os.getpid(), 9)\n"
    done = _run(tmp_path, text)
    assert done.returncode == -9 and done.stdout == b"before\nshell\n"
    assert adopting.take_over(tmp_path / "c.artui") == 1
    assert _kept(tmp_path) == "before\nshell\n"


def test_streams_that_are_one_keep_their_order(tmp_path: Path) -> None:
    text = START + "for i in range(50):\n    os.write(1 + i % 2, b'%d\\n' % i)\nrun.finish()\n"
    done = subprocess.run(_program(tmp_path, text), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)  # fmt: skip
    numbers = "".join(f"{number}\n" for number in range(50))
    assert done.stdout.decode() == numbers == _kept(tmp_path)


def test_output_goes_to_a_file_or_nowhere(tmp_path: Path) -> None:
    """A file that is appended to has what was there before and after; closed descriptors stay closed."""
    text = START + "print('within', flush=True)\nrun.finish()\nprint('after')\n"
    with open(tmp_path / "out.txt", "ab") as file:
        file.write(b"earlier\n")
        file.flush()
        subprocess.run(
            _program(tmp_path, "print('before', flush=True)\n" + text), env=_environment(), stdout=file, timeout=60
        )
    assert (tmp_path / "out.txt").read_text() == "earlier\nbefore\nwithin\nafter\n"
    command = " ".join(_program(tmp_path, START + "os.system('echo x')\nrun.finish()\n"))
    assert subprocess.run(["sh", "-c", f"{command} >&- 2>&-"], env=_environment(), timeout=60).returncode == 0


def test_reader_that_goes_ends_the_program_as_before(tmp_path: Path) -> None:
    text = START + "for i in range(200_000):\n    print(i)\n"
    command = " ".join(_program(tmp_path, text))
    done = subprocess.run(["bash", "-c", f"{command} 2>err.txt | head -1; exit ${{PIPESTATUS[0]}}"], cwd=tmp_path, env=_environment(), capture_output=True, timeout=60)  # fmt: skip
    assert done.stdout == b"0\n" and done.returncode != 0
    with open_reader(tmp_path / "c.artui") as reader:
        assert reader.run("r").detail().head.status == "failed"


def test_descriptor_that_somebody_else_has_turned_stays_theirs(tmp_path: Path) -> None:
    text = START + (
        "mine = os.open('mine.txt', os.O_RDWR | os.O_CREAT)\nos.write(1, b'a\\n')\nos.dup2(mine, 1)\nos.write(1, b'b\\n')\n"
        "run.finish()\nos.write(1, b'c\\n')\n"
    )
    done = _run(tmp_path, text, cwd=tmp_path)
    assert done.stdout == b"a\n" and (tmp_path / "mine.txt").read_bytes() == b"b\nc\n"


def test_many_runs_share_one_pump(tmp_path: Path) -> None:
    """Runs one after the other and one within the other have their own consoles; no descriptor is left over."""
    text = (
        "import artui, os, sys\nkw = dict(catalog=sys.argv[1], code=False)\n"
        "def job(i):\n    with artui.start_run(name=f'n{i}', **kw):\n        os.system(f'echo run {i}')\n"
        "job(0)\ncount = len(os.listdir('/proc/self/fd'))\nfor i in range(1, 6): job(i)\n"
        "assert len(os.listdir('/proc/self/fd')) == count\n"
        "with artui.start_run(name='outer', **kw):\n    job(6)\n    os.system('echo outer')\n"
    )
    done = _run(tmp_path, text)
    assert done.returncode == 0, done.stderr
    with open_reader(tmp_path / "c.artui") as reader:
        for name, wanted in {**{f"n{i}": f"run {i}\n" for i in range(7)}, "outer": "run 6\nouter\n"}.items():
            [head] = reader.run(name).detail().outputs
            assert file_text(reader, head.key, "console.log")[0] == wanted


def test_setting_leaves_the_descriptors_alone(tmp_path: Path) -> None:
    """`console = "python"`: print and handlers made before are kept, the shell's words are not."""
    text = (
        "import logging, sys\nlogging.basicConfig(level='INFO', format='%(message)s')\n" + START
        + "print('print')\nlogging.info('handler')\nos.system('echo shell')\nrun.finish()\nlogging.info('after')\n"
    )  # fmt: skip
    done = subprocess.run(_program(tmp_path, text), env={**_environment(), "ARTUI_CONSOLE": "python"}, capture_output=True, timeout=60)  # fmt: skip
    assert _kept(tmp_path) == "print\nhandler\n" and b"shell" in done.stdout and done.stderr == b"handler\nafter\n"


@pytest.mark.parametrize("option", [[], ["-s"]])
def test_under_pytest_the_descriptors_are_pytests(tmp_path: Path, option: list[str]) -> None:
    (tmp_path / "test_job.py").write_text(
        "import artui, os\ndef test_job(capfd):\n"
        f"    with artui.start_run(name='r', catalog={str(tmp_path / 'c.artui')!r}, code=False):\n        print('print')\n        os.system('echo shell')\n"
        "    assert capfd.readouterr().out == 'print\\nshell\\n'\n"
    )
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *option, str(tmp_path)], env=_environment(), capture_output=True, timeout=90)  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert _kept(tmp_path) == "print\n"


def _on_terminal(tmp_path: Path, text: str, typed: bytes = b"", *, after: bytes = b"") -> str:
    """Run a program on a terminal of 30 lines of 70 cells; type something once it shows `after`. Gives all that is shown."""
    command = _program(tmp_path, text)
    child, master = pty.fork()
    if child == 0:
        os.execve(command[0], command, _environment())
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 70, 0, 0))
    shown, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
        if typed and after in shown:
            os.write(master, typed)
            typed = b""
    assert os.waitpid(child, 0)[1] == 0, shown
    os.close(master)
    return shown.decode()


def test_terminal_stays_one(tmp_path: Path) -> None:
    """The program sees a terminal of the same size, a progress bar is one line in the log, and bytes arrive as they were."""
    text = START + (
        "time.sleep(0.2)\nprint(sys.stdout.isatty(), os.get_terminal_size(1), flush=True)\n"
        "for i in range(5):\n    print(f'\\rstep {i}', end='', flush=True)\nprint()\nos.system('test -t 1 && echo tty')\nrun.finish()\n"
    )
    shown = _on_terminal(tmp_path, "import time\ntime.sleep(0.3)\n" + text)
    assert "True os.terminal_size(columns=70, lines=30)\r\n" in shown and "\rstep 4\r\n" in shown and "tty\r\n" in shown
    assert _kept(tmp_path) == "True os.terminal_size(columns=70, lines=30)\nstep 4\ntty\n"


def test_debugger_on_a_terminal(tmp_path: Path) -> None:
    """`breakpoint()` shows its prompt, takes what is typed, and goes on."""
    text = START + "value = 41\nbreakpoint()\nprint('done', value)\nrun.finish()\n"
    shown = _on_terminal(tmp_path, text, b"value = 42\nc\n", after=b"(Pdb)")
    assert "(Pdb)" in shown and "done 42" in shown


def test_long_line_that_is_cut_says_so() -> None:
    screen = Screen()
    done = screen.feed("x" * (MAX_LINE_CHARS + 5) + "\n" + "y\n" * 40)
    line = done.split("\n")[0]
    assert len(line) == MAX_LINE_CHARS and line.endswith(_CUT)
