"""The process that passes on what a program prints, and keeps it: a separate one, so that nothing in the program delays it.

The program's descriptors 1 and 2 lead here while a run goes on, through a pipe, or a terminal where they were one. Each
piece goes on to where it would have gone, byte by byte, and then into the logs of the runs. This process ends when all
writers are gone, which may be long after the program, if its children go on printing. Requests come as lines of JSON:
`{"begin": …}` with a log's file, `{"end": …}`, which is answered once all that was printed is kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any

from artui.capture.console import ConsoleLog
from artui.capture.warn import guarded_silently
from artui.secrets import Redactor

READ_BYTES = 1 << 16
TICK_SECONDS = 0.5
DRAIN_SECONDS = 2.0
"""A program whose children print without end is not waited for longer than this."""


class Pump:
    """Copies from each source to its target, and into the logs.

    `sources` are (descriptor to read, descriptor to write, `out` or `err`); `control` is read, `answers` is written.
    """

    def __init__(self, control: int, answers: int, sources: list[tuple[int, int, str]]) -> None:
        self._control = control
        self._answers = answers
        self._sources = {source: (target, stream) for source, target, stream in sources}
        self._terminals = [(source, target) for source, target, _ in sources if os.isatty(source)]
        self._logs: dict[str, ConsoleLog] = {}
        self._begun_request = b""
        self._is_connected = True
        self._ticked_at = 0.0

    def run(self) -> None:
        """Pass on and keep what is printed, until all writers and the program are gone."""
        while self._sources or self._is_connected:
            handles = [*self._sources, *([self._control] if self._is_connected else [])]
            ready = select.select(handles, [], [], TICK_SECONDS)[0]
            for handle in ready:
                if handle != self._control:
                    self._pass(handle)
            if self._control in ready:
                self._listen()
            if (now := time.monotonic()) - self._ticked_at > TICK_SECONDS:
                self._ticked_at = now
                self._tick()
        for log_id in list(self._logs):
            self._end(log_id, is_whole=False)

    def _pass(self, source: int) -> None:
        target, stream = self._sources[source]
        try:
            content = os.read(source, READ_BYTES)
        except OSError:  # the last end of a terminal was closed
            content = b""
        if not content or not _write(target, content):
            # The program's next write fails, as it would have without us.
            del self._sources[source]
            os.close(source)
        for log_id, log in list(self._logs.items()):
            with guarded_silently() as guard:
                log.feed(content, stream=stream)
            if guard.has_failed:
                del self._logs[log_id]

    def _listen(self) -> None:
        content = os.read(self._control, READ_BYTES)
        if not content:  # the program is gone
            self._is_connected = False
            for log_id in list(self._logs):
                self._end(log_id, is_whole=False)
            return
        *lines, self._begun_request = (self._begun_request + content).split(b"\n")
        for line in lines:
            self._do(json.loads(line))

    def _do(self, request: dict[str, Any]) -> None:
        is_done = True
        if "begin" in request:
            try:
                self._logs[request["begin"]] = ConsoleLog(
                    Path(request["path"]), limit_bytes=request["limit_bytes"], redact=Redactor(request["key"]).text
                )
            except OSError:
                is_done = False
        elif "end" in request:
            self._end(request["end"])
        with contextlib.suppress(OSError):
            os.write(self._answers, json.dumps({"is_done": is_done}).encode() + b"\n")

    def _end(self, log_id: str, *, is_whole: bool = True) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._sources and time.monotonic() < deadline:
            ready = select.select(list(self._sources), [], [], 0)[0]
            if not ready:
                break
            for source in ready:
                self._pass(source)
        if (log := self._logs.pop(log_id, None)) is not None:
            with guarded_silently():  # the disk may be full
                log.close(is_whole=is_whole)

    def _tick(self) -> None:
        for log in self._logs.values():
            with guarded_silently():
                log.tick()
        for source, target in self._terminals:
            if source in self._sources:
                copy_size(target, source)


def copy_size(shown: int, terminal: int) -> None:
    """Give a terminal the size of the one that its text is shown on."""
    with contextlib.suppress(OSError):
        wanted = fcntl.ioctl(shown, termios.TIOCGWINSZ, bytes(8))
        if struct.unpack("HHHH", wanted)[0] and fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)) != wanted:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, wanted)


def _write(target: int, content: bytes) -> bool:
    """Write all of it; false when there is no reader any more."""
    while content:
        try:
            content = content[os.write(target, content) :]
        except BlockingIOError:
            select.select([], [target], [], 1)
        except OSError:
            return False
    return True


def main() -> None:
    """Pump until the end, with the descriptors that the first argument names."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTOU", "SIGPIPE", "SIGUSR1", "SIGUSR2"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    channels = json.loads(sys.argv[1])
    Pump(channels["control"], channels["answers"], [tuple(source) for source in channels["sources"]]).run()
