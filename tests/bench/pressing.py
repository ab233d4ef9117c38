"""A terminal program as somebody sits before it: when it shows something, and how long after a key its screen comes to rest.

What is waited for is that nothing has come for a while and that the program's threads do no more work: an answer that takes
seconds is waited for, one that is there at once is not.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyte

COLUMNS, ROWS = 120, 36
QUIET_SECONDS = 0.25
BUSY_SHARE = 0.1
"""Of a core: a program that takes less is at rest."""
_ANSWERS = (
    (re.compile(rb"\x1b\[c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
)
_TICKS = os.sysconf("SC_CLK_TCK")


class _Stream(pyte.ByteStream):
    """pyte's stream, which knows how rows are moved."""

    csi = pyte.ByteStream.csi | {"S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


class _Screen(pyte.Screen):
    """pyte's screen, which moves rows."""

    def scroll_up(self, count: int = 1, **_: object) -> None:
        self._scroll(count or 1, is_up=True)

    def scroll_down(self, count: int = 1, **_: object) -> None:
        self._scroll(count or 1, is_up=False)

    def _scroll(self, count: int, *, is_up: bool) -> None:
        y = self.cursor.y
        margins = self.margins or pyte.screens.Margins(0, self.lines - 1)
        self.cursor.y = margins.bottom if is_up else margins.top
        for _ in range(count):
            (self.index if is_up else self.reverse_index)()
        self.cursor.y = y


@dataclass(frozen=True, slots=True)
class Press:
    """What came of a key."""

    first_seconds: float
    """Until something changed."""
    settled_seconds: float
    """Until the last change before all was quiet."""


@dataclass
class Program:
    """A program in a terminal in memory; a context manager, which ends it."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Program:
        self.screen = _Screen(COLUMNS, ROWS)
        self._stream = _Stream(self.screen)
        self.began = time.perf_counter()
        self.changed = 0.0
        """When the program last wrote."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            settings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
            os.execvpe(self.command[0], self.command, settings | self.env)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def peak_mb(self) -> float:
        """The most memory that the program has had."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii", "replace")
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024

    @property
    def worked(self) -> float:
        """The seconds of processor that the program and those that it started have had."""
        total = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                except OSError:
                    continue
                if int(entry.name) == self.pid or int(fields[1]) == self.pid:
                    total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def wait(self, pattern: str, *, seconds: float = 120.0) -> float:
        """Give the seconds since the start when a pattern is on the screen.

        Raises:
            TimeoutError: it is not by then.
        """
        deadline = time.perf_counter() + seconds
        while not re.search(pattern, self.text):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"no {pattern} on\n{self.text}")
            self._take(0.2)
        return self.changed - self.began

    def watch(self, seconds: float) -> None:
        """Show what comes within some seconds."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._take(left)

    def settle(self, *, seconds: float = 300.0) -> bool:
        """Wait until nothing has come for a while and the program rests; say whether it does."""
        deadline = time.perf_counter() + seconds
        worked, since = self.worked, time.perf_counter()
        while time.perf_counter() < deadline:
            if self._take(QUIET_SECONDS):
                worked, since = self.worked, time.perf_counter()
                continue
            now, work = time.perf_counter(), self.worked
            if now - since >= QUIET_SECONDS:
                if work - worked <= BUSY_SHARE * (now - since):
                    return True
                worked, since = work, now
        return False

    def press(self, keys: str, *, seconds: float = 300.0) -> Press:
        """Press keys at once, as they are sent by a terminal; give what came of them.

        Raises:
            TimeoutError: the program does not come to rest by then.
        """
        sent = time.perf_counter()
        os.write(self._master, keys.encode())
        self.changed = 0.0
        while not self.changed and time.perf_counter() < sent + 1.0:
            self._take(0.1)
        first = self.changed
        if not self.settle(seconds=seconds):
            raise TimeoutError(f"{keys!r} comes to no end:\n{self.text}")
        return Press((first or sent) - sent, (self.changed or sent) - sent)

    def _take(self, seconds: float) -> bool:
        """Show what comes within some seconds; say whether anything did."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            raise EOFError(f"the program has ended:\n{self.text}") from None
        self.changed = time.perf_counter()
        self._stream.feed(data)
        for pattern, answer in _ANSWERS:
            if pattern.search(data):
                os.write(self._master, answer)
        return True
