"""Recording a program in any language without changing it: what `artui exec` does.

The program runs as it would without artui: on a terminal it gets a terminal, its output passes through byte by byte,
signals are passed on, and its exit code becomes ours. A run is recorded at the same time: command line and params,
code, console, metrics that it prints or writes to CSV files, files that it makes, what it takes of the machine.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artui.capture import joining
from artui.capture.console import ConsoleLog
from artui.capture.descriptors import is_open
from artui.capture.names import new_name
from artui.capture.patterns import CsvTail, Patterns, params_of
from artui.capture.recording import Program
from artui.capture.run import Run
from artui.capture.start import Start, fitting_name
from artui.capture.values import tag_values
from artui.capture.warn import guarded, warn
from artui.errors import UsageError

_READ_BYTES = 1 << 16
_WAIT_SECONDS = 0.2
AFTERWARDS_SECONDS = 1.0
"""How long output of the program's children is still waited for after it has ended."""
WATCH_SECONDS = 1.0
TAIL_LINES = 20
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT")


@dataclass(frozen=True, slots=True)
class Order:
    """The program to run, and what to record of it."""

    command: Sequence[str]
    project: str | None = None
    name: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    note: str = ""
    stage: str = "modelling"
    parent: str | None = None
    catalog: str | None = None
    metrics: Sequence[str] = ()
    """Regular expressions, as for `Patterns`."""
    finds_metrics: bool = True
    reads_params: bool = True
    watched_csv: Sequence[str] = ()
    artifacts: Sequence[str] = ()
    """`GLOB:KIND` or `GLOB:KIND:NAME`."""
    console: bool | None = None
    code: bool | None = None
    system_metrics: bool | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files that the program is expected to make."""

    pattern: str
    kind: str
    name: str


def execute(order: Order) -> int:
    """Run a program and record it; give its exit code, or 128 plus the number of the signal that ended it.

    Raises:
        UsageError: an option cannot mean anything; then nothing was run.
    """
    if not order.command:
        raise UsageError("There is no command to run.", remedy="Write it behind `--`: artui exec -- python train.py.")
    patterns = Patterns(order.metrics, is_automatic=order.finds_metrics)
    wanted = [parse_wanted(text) for text in order.artifacts]
    command = [str(part) for part in order.command]
    run = Run(project=fitting_name(order.project, what="a project", otherwise="default"), name=order.name or new_name())
    run._program = Program(
        command=tuple(command),
        scripts=tuple(_scripts(command)),
        is_name_made_up=order.name is None and order.project is None,
        options=_options(order),
    )
    params = {**(params_of(command) if order.reads_params else {}), **order.params}
    with guarded("starting the run (it is not recorded)"):
        run._start(
            Start(
                project=run.project, name=run.name, params=params, tags=tags_of(order.tags), note=order.note, stage=order.stage,
                parent=order.parent or _outer_run(), catalog=order.catalog,
                wants={"console": order.console, "code": order.code, "system": order.system_metrics},
            )
        )  # fmt: skip
    began = time.time()
    program = _Program(run, patterns, [CsvTail(Path(path)) for path in order.watched_csv])
    try:
        code = program.run(command)
    except OSError as error:
        code = 127 if error.errno == errno.ENOENT else 126
        sys.stderr.write(f"artui: {command[0]!a} cannot be run: {error.strerror}\n")
        run.finish("failed", error=f"{command[0]!a} cannot be run: {error.strerror}")
        return code
    with guarded("saving files"):
        _save_files(run, wanted, began)
    _finish(run, code, program)
    return code if code >= 0 else 128 - code


def _options(order: Order) -> dict[str, Any]:
    """Give what an order says about recording, as far as it is not what is done anyway."""
    lists = {"metrics": order.metrics, "watched_csv": order.watched_csv, "artifacts": order.artifacts}
    switches = {"finds_metrics": order.finds_metrics, "reads_params": order.reads_params}
    return {
        **{name: [str(text) for text in texts] for name, texts in lists.items() if texts},
        **{name: False for name, is_on in switches.items() if not is_on},
    }


def parse_wanted(text: str) -> Wanted:
    """Parse `out/*.pt:checkpoint` or `out/*.pt:checkpoint:NAME`.

    Raises:
        UsageError: there is no kind.
    """
    pattern, _, rest = text.partition(":")
    kind, _, name = rest.partition(":")
    if not pattern or not kind:
        raise UsageError(f"{text!r} names no kind.", remedy="Write it as in 'out/*.pt:checkpoint'.")
    return Wanted(pattern, kind, name)


def _outer_run() -> str | None:
    """Give the id of the run that this one is part of: that of an `artui exec` around this one."""
    return os.environ.get(joining.RUN) or None


def _scripts(command: Sequence[str]) -> list[str]:
    """Name the files of a command line that are its source."""
    endings = (".py", ".sh", ".r", ".R", ".jl", ".pl", ".rb", ".js", ".lua", ".m")
    scripts = [part for part in command[:10] if part.endswith(endings) and os.path.isfile(part)]
    first = shutil.which(command[0])
    if not scripts and first is not None and os.path.isfile(first):
        with contextlib.suppress(OSError), open(first, "rb") as stream:
            if stream.read(2) == b"#!" and not first.startswith(("/usr/", "/bin/")):
                scripts.append(first)
    return scripts


def _finish(run: Run, code: int, program: _Program) -> None:
    tail = "\n".join(program.tail)
    recording = run._recording
    if recording is not None:
        recording.act("context", name="exit", content={"code": code if code >= 0 else 128 - code})
    if code == 0:
        run.finish()
    elif code < 0:
        run.finish("killed", error=f"ended by {_signal_name(-code)}")
    elif program.passed_on in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        run.finish("killed", error=f"ended with exit code {code} after {_signal_name(program.passed_on)}")
    else:
        run.finish("failed", error=f"{tail}\nexit code {code}".strip())


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _save_files(run: Run, wanted: Sequence[Wanted], began: float) -> None:
    for expected in wanted:
        paths = sorted(glob.glob(expected.pattern, recursive=True))
        fresh = [path for path in paths if _changed_at(path) >= began - 1]
        if not fresh:
            warn(f"artifact {expected.pattern}", f"no file that the program made matches {expected.pattern!a}.")
        for path in fresh:
            run.save(expected.name or _artifact_name(path), path, kind=expected.kind)


def _changed_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _artifact_name(path: str) -> str:
    name = Path(path).stem if os.path.isfile(path) else Path(path).name
    return "".join("-" if letter in ":@\\" or not letter.isprintable() else letter for letter in name).strip() or "file"


class _Program:
    """A running program: its output is passed on, and searched for metrics."""

    def __init__(self, run: Run, patterns: Patterns, tails: list[CsvTail]) -> None:
        self._run = run
        self._recording = run._recording
        self._patterns = patterns
        self._tails = tails
        self._lines = {1: b"", 2: b""}
        self.tail: list[str] = []
        self.passed_on = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        """Signals that came before there was a program to pass them on to."""
        self._is_leader = False
        self._watched_at = time.monotonic()

    def run(self, command: list[str]) -> int:
        """Run it to its end; give its return code, negative for a signal.

        Raises:
            OSError: it cannot be started.
        """
        environment = {name: value for name, value in os.environ.items() if name != joining.JOINED}
        if self._run.is_recorded:
            environment |= {joining.RUN: self._run.id, "ARTUI_CATALOG": str(self._run.catalog_path)}
        with contextlib.ExitStack() as stack:
            sources, keyboard = self._start(command, environment, stack)
            process = self._process
            assert process is not None
            if self._recording is not None and self._recording.wants_system:
                with guarded("sampling the system"):
                    self._recording.begin_sampling(process.pid)
            self._copy(process, sources, keyboard)
            for stream in (1, 2):
                self._look(self._lines[stream])
            code = _wait(process)
        for tail in self._tails:
            self._read_csv(tail)
        return code

    def _start(
        self, command: list[str], environment: dict[str, str], stack: contextlib.ExitStack
    ) -> tuple[dict[int, int], int | None]:
        """Start the program with a terminal where there is one; give what to read (with where it goes), and our keyboard."""
        is_terminal = {number: _is_terminal(number) for number in (0, 1, 2)}
        sources: dict[int, int] = {}
        ends: dict[int, int] = {}
        keyboard: int | None = None
        if is_terminal[1]:
            master, slave = os.openpty()
            _copy_terminal(slave)
            sources[master] = 1
            ends[1] = slave
            if is_terminal[2]:
                ends[2] = slave
            if is_terminal[0]:
                ends[0], keyboard, self._is_leader = slave, master, True
        for number in (1, 2):
            if number not in ends and is_open(number):
                out, into = os.pipe()
                sources[out] = number
                ends[number] = into
        for handle in sources:
            stack.callback(_close, handle)
        self._pass_signals_on(stack)
        try:
            self._process = subprocess.Popen(
                command, env=environment, stdin=ends.get(0), stdout=ends.get(1), stderr=ends.get(2),
                start_new_session=self._is_leader, preexec_fn=_take_terminal if self._is_leader else None,
            )  # fmt: skip
        finally:
            for handle in set(ends.values()):
                _close(handle)
        while self._early:
            self._send(self._early.pop(0))
        if keyboard is not None:
            _make_raw(stack)
            self._follow_size(keyboard, stack)
        return sources, keyboard

    def _pass_signals_on(self, stack: contextlib.ExitStack) -> None:
        if threading.current_thread() is not threading.main_thread():
            return

        def pass_on(number: int, _: Any) -> None:
            self.passed_on = number
            if self._process is None:
                self._early.append(number)
            else:
                self._send(number)

        def noted(number: int, _: Any) -> None:
            # A terminal that we share with a running program sends it to that as well; otherwise only we can.
            if self._process is not None and _is_terminal(0) and not self._is_leader:
                self.passed_on = number
            else:
                pass_on(number, _)

        for name in _PASSED_ON:
            if hasattr(signal, name):
                self._handle(getattr(signal, name), pass_on, stack)
        self._handle(signal.SIGINT, noted, stack)

    def _send(self, number: int) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number) if self._is_leader else os.kill(process.pid, number)

    @staticmethod
    def _handle(number: int, handler: Callable[[int, Any], None], stack: contextlib.ExitStack) -> None:
        before = signal.getsignal(number)
        if before is signal.SIG_IGN:
            return  # ignored under nohup: the program inherits that
        signal.signal(number, handler)
        stack.callback(signal.signal, number, before if before is not None else signal.SIG_DFL)

    def _follow_size(self, master: int, stack: contextlib.ExitStack) -> None:
        def resized(*_: Any) -> None:
            _copy_size(master)

        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGWINCH, resized)
            stack.callback(signal.signal, signal.SIGWINCH, before)

    def _copy(self, process: subprocess.Popen[bytes], sources: dict[int, int], keyboard: int | None) -> None:
        """Pass bytes on until the program has ended and its output has, too."""
        open_sources = dict(sources)
        ended_at: float | None = None
        listens = keyboard is not None
        while open_sources:
            handles = [*open_sources, 0] if listens else list(open_sources)
            ready = select.select(handles, [], [], _WAIT_SECONDS)[0]
            for handle in ready:
                if handle == 0 and keyboard is not None:
                    listens = _type(keyboard)
                elif not self._pass(handle, open_sources[handle]):
                    del open_sources[handle]
                    _close(handle)
            if process.poll() is not None:
                ended_at = ended_at or time.monotonic()
                is_quiet = not any(handle in open_sources for handle in ready)
                if is_quiet and time.monotonic() - ended_at > AFTERWARDS_SECONDS:
                    break
            if time.monotonic() - self._watched_at > WATCH_SECONDS:
                self._watched_at = time.monotonic()
                for tail in self._tails:
                    self._read_csv(tail)

    def _pass(self, source: int, target: int) -> bool:
        """Pass on what can be read; false at the end, or when the reader of our output is gone."""
        try:
            content = os.read(source, _READ_BYTES)
        except OSError:
            return False  # a terminal whose last program has ended
        if not content:
            return False
        view = memoryview(content)
        while view:
            try:
                view = view[os.write(target, view) :]
            except BlockingIOError:
                select.select([], [target], [], 1.0)
            except OSError:
                return False  # the program gets SIGPIPE, as it would without us
        self._take(content, target)
        return True

    def _take(self, content: bytes, stream: int) -> None:
        recording = self._recording
        if recording is not None and isinstance(log := recording.console, ConsoleLog):
            with guarded("keeping the console"):
                log.feed(content, stream=str(stream))
        whole = self._lines[stream] + content
        *lines, rest = whole.replace(b"\r", b"\n").split(b"\n")
        self._lines[stream] = rest[-_READ_BYTES:]
        for line in lines:
            if line:
                self._look(line)

    def _look(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        if not text.strip():
            return
        self.tail = [*self.tail[-TAIL_LINES:], text[:1000]]
        with guarded("finding metrics"):
            values, step = self._patterns.find(_without_escapes(text))
            if values:
                self._run.log(values, step=step)

    def _read_csv(self, tail: CsvTail) -> None:
        with guarded("reading CSV"):
            for values, step in tail.rows():
                if values:
                    self._run.log(values, step=step)


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for its end, a moment at a time: a signal that comes just before a wait is noticed only after it."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_WAIT_SECONDS)


def _without_escapes(text: str) -> str:
    if "\x1b" not in text:
        return text
    from artui.content.console import Screen

    screen = Screen()
    return screen.feed(text) + screen.open_text


def _is_terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False


def _close(handle: int) -> None:
    with contextlib.suppress(OSError):
        os.close(handle)


def _type(keyboard: int) -> bool:
    """Pass typed keys on; false when there will be no more."""
    try:
        typed = os.read(0, _READ_BYTES)
        if not typed:
            os.write(keyboard, b"\x04")
            return False
        os.write(keyboard, typed)
    except OSError:
        return False
    return True


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _copy_terminal(slave: int) -> None:
    """Give a new terminal the modes and the size of ours."""
    import termios

    with contextlib.suppress(termios.error, OSError):
        termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(0 if _is_terminal(0) else 1))
    _copy_size(slave)


def _copy_size(terminal: int) -> None:
    import fcntl
    import termios

    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(1, termios.TIOCGWINSZ, b"\0" * 8))


def _make_raw(stack: contextlib.ExitStack) -> None:
    """Make our terminal pass on keys as they are typed; its modes are restored at the end."""
    import termios
    import tty

    with contextlib.suppress(termios.error, OSError):
        before = termios.tcgetattr(0)
        stack.callback(termios.tcsetattr, 0, termios.TCSADRAIN, before)
        tty.setraw(0, termios.TCSANOW)


def tags_of(texts: Sequence[str]) -> dict[str, str]:
    """Read `--tag NAME` and `--tag NAME=VALUE`."""
    pairs = [text.partition("=") for text in texts]
    return tag_values({name: value for name, _, value in pairs})
