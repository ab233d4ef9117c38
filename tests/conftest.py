"""Fixtures: a home of its own for every test run, and the demo's catalog, made once."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import itertools
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from textual import constants

from artui import clock, started
from artui.capture import warn
from artui.settings import load_settings
from tests.counts import tried
from tests.servers import moto, ssh_server

__all__ = ["moto", "ssh_server"]

# What is compiled is kept, whatever the shell says: six processes and all that they start would each compile all of it again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Small matrices are multiplied by one thread: several only wait for each other, at three times the price.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Screens are pictured in true colour, whatever terminal the tests run in.
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
# The snapshot plug-in may have imported Textual before this was set.
constants.COLOR_SYSTEM = "truecolor"  # type: ignore[misc]

# A property that holds, holds on a busy machine, too: no test fails on a time.
EXAMPLES = tried(25, 500)
hypothesis.settings.register_profile("artui", hypothesis.settings(), deadline=None, max_examples=EXAMPLES)
hypothesis.settings.load_profile("artui")

HOME_PARTS = ("state", "cache", "config", "data")
# One home a test: a list of catalogs used lately, a kept filter or a default catalog of one is nothing to the next.
HOMES = itertools.count(1)

# Whoever starts the tests behind their back (`nohup`, a shell's `&`) has these ignored, and children inherit that: what
# is tested of ctrl+c would wait for ever.
for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three times as many processes as there are cores: a test of a screen waits for more than half of its time."""
    return 3 * len(os.sched_getaffinity(0))


def pytest_configure(config: pytest.Config) -> None:
    """Let each of several processes import another part of the tests first: of what one has compiled the others have the result.

    On a clean checkout each would compile all of them else, which is most of what it takes to begin.
    """
    worker, count = os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if not worker or count < 2:
        return
    files = sorted(config.rootpath.glob("tests/**/test_*.py"), key=lambda path: path.stat().st_size)
    for path in files[int(worker.removeprefix("gw")) :: count]:
        with contextlib.suppress(BaseException):  # whatever is wrong with it is said when it is collected
            importlib.import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


@pytest.fixture(scope="session", autouse=True)
def nothing_left(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a test, a fixture of a module or a child of theirs keeps at home or puts aside goes to pytest's own folder."""
    base = tmp_path_factory.getbasetemp()
    for part in ("home", "aside"):
        (base / part).mkdir(exist_ok=True)
    os.environ |= {
        "HOME": str(base / "home"),
        "TMPDIR": str(base / "aside"),
        "IPYTHONDIR": str(base / "home" / "ipython"),
    }
    os.environ |= {f"XDG_{part.upper()}_HOME": str(base / "home" / part) for part in HOME_PARTS}
    tempfile.tempdir = None


@pytest.fixture
def same_surroundings() -> Iterator[None]:
    """A test that changes the folder, the variables or the mask of its process fails: the next one would not know."""

    def surroundings() -> tuple[str, dict[str, str], int]:
        mask = os.umask(0o022)
        os.umask(mask)
        return os.getcwd(), {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}, mask

    before = surroundings()
    yield
    after = surroundings()
    os.chdir(before[0])
    assert after == before


@pytest.fixture(autouse=True)
def home(
    same_surroundings: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Keep state, cache and settings of each test apart from the user's and from those of every other test."""
    # A test that looks at a catalog as it was leaves the next one its own time.
    clock.stop_at(None)
    # A verb that ran in this process lets it die of a closed pipe, as a program of the shell does: the next test does not.
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    folder = tmp_path_factory.getbasetemp() / "homes" / str(next(HOMES))
    for part in HOME_PARTS:
        monkeypatch.setenv(f"XDG_{part.upper()}_HOME", str(folder / part))
    ours = [name for name in os.environ if name.startswith("ARTUI_") and not name.startswith("ARTUI_TEST_")]
    for name in [*ours, "NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    # What goes on beside a run is looked at by the tests that are about it.
    for name in ("CONSOLE", "SYSTEM_SECONDS", "CODE"):
        monkeypatch.setenv(f"ARTUI_{name}", "0")
    # No run of a test goes to the folder that the tests were started in.
    monkeypatch.setattr(started, "folder", "")
    # The line that says where a run is, too.
    monkeypatch.setenv("ARTUI_QUIET", "1")
    load_settings.cache_clear()
    # Each trouble is told once a process: here, once a test.
    warn.forget()
    yield folder
    load_settings.cache_clear()


def _on_a_terminal(words: list[str], folder: Path, env: dict[str, str]) -> tuple[bytes, bytes]:
    """Run a program whose messages go to a terminal of 80 cells; give these, and what it printed elsewhere."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave
    ) as process:
        os.close(slave)
        said = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 65536):
                said += part
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(master)
    assert process.returncode == 0, said
    return said, printed


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's catalog as `artui demo` left it in an empty folder: made once for all test processes.

    Its messages went to a terminal of 80 cells, and are kept beside the folder. Others may be copying the catalog: open
    `built_demo`.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-demo"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "folder").exists():
            folder = Path(tempfile.mkdtemp(dir=shared))
            env = {name: value for name, value in os.environ.items() if not name.startswith(("ARTUI_", "XDG_"))}
            env |= {f"XDG_{part.upper()}_HOME": str(shared / "home" / part) for part in HOME_PARTS}
            said, printed = _on_a_terminal([sys.executable, "-m", "artui", "demo", "--no-app"], folder, env)
            (shared / "said").write_bytes(said)
            (shared / "printed").write_bytes(printed)
            folder.rename(shared / "folder")
    return shared / "folder" / "demo.artui"


@pytest.fixture(scope="session")
def built_demo(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's catalog, once a test process. Do not write to it: copy it."""
    return Path(shutil.copyfile(made_demo, tmp_path_factory.mktemp("demo") / "demo.artui"))


@pytest.fixture
def demo_catalog(built_demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's catalog, as from elsewhere."""
    target = tmp_path / "demo.artui"
    shutil.copyfile(built_demo, target)
    return target
