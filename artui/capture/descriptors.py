"""What goes to the descriptors 1 and 2 of this process, from Python, C and subprocesses, kept as the console of its runs.

The descriptors lead to a separate process (`pump`) while a run goes on, and back to where they went afterwards, unless
somebody else has redirected them meanwhile. The pump is started with the first run and used for all later ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from artui.foreign import attempt

ANSWER_SECONDS = 5.0
"""How long the beginning of a log, and its end, wait for the pump."""
PIPE_BYTES = 1 << 20
_DEBUGGERS = ("debugpy", "pydevd", "_pydevd_bundle")
_SOMEBODY_ELSES = ("ipykernel", "pytest", "_pytest", "IPython", "google.colab")
"""With one of these modules, something else already keeps what is printed, or shows it elsewhere."""


def may_turn() -> bool:
    """Say whether the descriptors may be redirected: those of a script's main process that nothing else redirects."""
    if sys.platform == "win32" or not sys.executable or any(name in sys.modules for name in _SOMEBODY_ELSES):
        return False
    if sys.gettrace() is not None or any(name in sys.modules for name in _DEBUGGERS):
        return False
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        return False
    return (
        not hasattr(sys, "ps1") and threading.current_thread() is threading.main_thread() and any(map(is_open, (1, 2)))
    )


class PumpedLog:
    """The file of a run's console, which the pump writes.

    Raises:
        OSError: the pump cannot be started, or cannot make the file.
    """

    def __init__(self, path: Path, *, limit_bytes: int, key: str) -> None:
        global _pump
        self.path = path
        with _lock:
            if _pump is None or not _pump.is_alive or _pump.pid != os.getpid():
                _pump = _Pump()
            self._pump = _pump
            self._pump.begin(self, limit_bytes=limit_bytes, key=key)

    def tick(self) -> None:
        """Check that the pump still reads what is printed; if not, restore the descriptors."""
        with _lock:
            self._pump.look()

    def close(self) -> None:
        """Wait until everything that was printed by now is kept."""
        with _lock:
            self._pump.end(self)


class _Pump:
    """The pump, as the program sees it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._logs: list[PumpedLog] = []
        self._before: dict[int, int] = {}
        """By descriptor: a copy of what it was."""
        self._ends: dict[int, int] = {}
        """By descriptor: the end that leads to the pump."""
        self._is_turned = False
        reading: list[tuple[int, int, str]] = []
        with contextlib.ExitStack() as stack:
            for number, end, source in _ends_of([number for number in (1, 2) if is_open(number)], stack):
                self._ends[number] = end
                self._before[number] = _kept(number)
                if source is not None:
                    reading.append((source, self._before[number], "out" if number == 1 else "err"))
            control, self._control = os.pipe()
            self._answers, answers = os.pipe()
            for handle in (control, answers):
                stack.callback(os.close, handle)
            channels = {"control": control, "answers": answers, "sources": reading}
            begin = "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from artui.capture.pump import main; main()"
            package_root = str(Path(__file__).parents[2])
            path = [package_root, *(entry for entry in sys.path if entry and entry != package_root)]
            self._process = subprocess.Popen(
                [sys.executable, "-c", begin, json.dumps(channels), json.dumps(path)], stdin=subprocess.DEVNULL, start_new_session=True,
                pass_fds=[control, answers, *(handle for source, target, _ in reading for handle in (source, target))],
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, cwd="/",
            )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def begin(self, log: PumpedLog, *, limit_bytes: int, key: str) -> None:
        request = {"begin": str(log.path), "path": str(log.path.absolute()), "limit_bytes": limit_bytes, "key": key}
        if not self._ask(request):
            raise OSError(f"{log.path.name} cannot be made")
        self._logs.append(log)
        self._turn()

    def end(self, log: PumpedLog) -> None:
        if log not in self._logs or self.pid != os.getpid():
            return
        self._logs.remove(log)
        _flush()
        if not self._logs:
            self._turn_back()
        self._ask({"end": str(log.path)})

    def look(self) -> None:
        if self._is_turned and self.pid == os.getpid() and not self.is_alive:
            self._turn_back()

    def _turn(self) -> None:
        if self._is_turned:
            return
        _flush()
        for number, end in self._ends.items():
            os.dup2(end, number)
        self._is_turned = True

    def _turn_back(self) -> None:
        for number, end in self._ends.items():
            with contextlib.suppress(OSError):
                # If somebody else has redirected it since, it stays so.
                if os.path.samestat(os.fstat(number), os.fstat(end)):
                    os.dup2(self._before[number], number)
        self._is_turned = False

    def _ask(self, request: dict[str, Any]) -> bool:
        """Tell the pump something, and wait until it is done."""
        try:
            os.write(self._control, json.dumps(request).encode() + b"\n")
            if not select.select([self._answers], [], [], ANSWER_SECONDS)[0]:
                return False
            return bool(json.loads(os.read(self._answers, 4096).split(b"\n")[0] or b"{}").get("is_done"))
        except (OSError, ValueError):
            return False


_pump: _Pump | None = None
_lock = threading.RLock()


def _forked() -> None:
    # The child inherits the redirected descriptors, and prints through the parent's pump, which only the parent may end.
    global _pump, _lock
    _pump, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_forked)


def _ends_of(numbers: list[int], stack: contextlib.ExitStack) -> Iterator[tuple[int, int, int | None]]:
    """Give (descriptor, end to write to, end to read from) for each; two that lead to one place share the ends, which keeps their order."""
    made: list[tuple[os.stat_result, int]] = []
    for number in numbers:
        status = os.fstat(number)
        if (shared := next((end for other, end in made if os.path.samestat(status, other)), None)) is not None:
            yield number, shared, None
            continue
        source, end = _terminal(number) if stat.S_ISCHR(status.st_mode) and os.isatty(number) else _pipe()
        stack.callback(os.close, source)
        made.append((status, end))
        yield number, end, source


def _pipe() -> tuple[int, int]:
    import fcntl

    source, end = os.pipe()
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return source, end


def _terminal(number: int) -> tuple[int, int]:
    """Make a terminal with the modes and the size of another. It passes on what is written unchanged: the other one changes it."""
    import termios

    from artui.capture.pump import copy_size

    source, end = os.openpty()
    with contextlib.suppress(termios.error, OSError):
        modes = termios.tcgetattr(number)
        modes[1] &= ~termios.OPOST
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(end, termios.TCSANOW, modes)
    copy_size(number, end)
    return source, end


def _kept(number: int) -> int:
    """Copy a descriptor to a high number, which no program expects to be its own."""
    import fcntl

    return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 20)


def _flush() -> None:
    """Flush what Python and C still buffer, before the descriptors change."""
    for name in ("stdout", "stderr"):
        attempt(_flush_stream, name)
    if (ctypes := sys.modules.get("ctypes")) is not None:
        attempt(lambda: ctypes.CDLL(None).fflush(None))


def _flush_stream(name: str) -> None:
    getattr(sys, name).flush()


def is_open(number: int) -> bool:
    """Say whether a descriptor is open."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
