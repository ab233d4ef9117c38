"""What a run printed, as a file that can be read while it grows.

Text goes through a small model of a terminal: a carriage return begins the line anew, cursor movements up and down
work within the last lines, other escape sequences are dropped. So a progress bar is one line that changes, not ten
thousand. Finished lines are appended to the file; the last few, which may still change, are written behind them
about twice a second and replaced the next time.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from artui.capture.warn import guarded_silently
from artui.catalog.spool.place import make_file
from artui.content.console import Screen
from artui.foreign import attempt
from artui.secrets import begun_block, begun_secret

KEPT_BYTES = 8 << 20
"""How much of the file is kept in memory, too, in case somebody truncates it."""
MAX_HELD_CHARS = 1 << 20
"""How much of one stream waits for the end of another's line."""
MAX_KEPT_BACK_CHARS = 20_000
"""Longer than any private key."""


class ConsoleLog:
    """The file of a run's console. Safe from any thread.

    `redact` takes secrets out of finished lines. Lines of a private key are held back until its last line has come, and
    the beginning of a secret until its rest has. Above `limit_bytes` the middle is left out.
    """

    def __init__(self, path: Path, *, limit_bytes: int, redact: Callable[[str], str]) -> None:
        self.path = path
        self._limit_bytes = max(limit_bytes, 1 << 16)
        self._redact = redact
        self._lock = threading.RLock()
        self._screen = Screen()
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._speaker = ""
        """The stream whose line has not ended."""
        self._held: dict[str, str] = {}
        """What the other streams have printed meanwhile."""
        self._kept_back = ""
        """Finished lines of a block that has not ended."""
        self._settled_bytes = 0
        self._left_out_bytes = self._notice_bytes = 0
        self._shown = ""
        self._file_bytes = 0
        """Size of the file by our own writes: if it differs, somebody else has changed the file."""
        self._recent: deque[bytes] = deque()
        self._recent_bytes = 0
        self._handle: int | None = make_file(path)

    def feed(self, text: str | bytes, *, stream: str = "out") -> None:
        """Take what was printed."""
        with self._lock:
            if self._handle is None:
                return
            if isinstance(text, bytes):
                if stream not in self._decoders:
                    self._decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
                text = self._decoders[stream].decode(text)
            self._take(text, stream)

    def _take(self, text: str, stream: str) -> None:
        """Let a stream finish its line before another's is shown: pieces end where buffers are full, in the middle of words."""
        begins_anew = text[:1] in ("\r", "\n") and stream not in self._held
        if self._speaker not in ("", stream) and not begins_anew:
            self._held[stream] = self._held.get(stream, "") + text
            if len(self._held[stream]) > MAX_HELD_CHARS:
                self._release()
            return
        at = max(text.rfind("\n"), text.rfind("\r")) + 1
        if at:
            self._show(text[:at])
            self._speaker = ""
            if self._held:
                self._release()
        if not text[at:]:
            return
        if self._speaker not in ("", stream):
            self._held[stream] = self._held.get(stream, "") + text[at:]
            return
        self._show(text[at:])
        self._speaker = stream

    def _release(self) -> None:
        held, self._held, self._speaker = self._held, {}, ""
        for stream, text in held.items():
            self._take(text, stream)

    def _show(self, text: str) -> None:
        if done := self._screen.feed(text):
            self._append(done)

    def _append(self, done: str) -> None:
        done = self._kept_back + done
        begun = begun_block(done[-MAX_KEPT_BACK_CHARS:])
        at = len(done) if begun is None else max(0, len(done) - MAX_KEPT_BACK_CHARS) + begun
        done, self._kept_back = done[:at], done[at:]
        if not done:
            return
        content = self._redact(done).encode("utf-8", "backslashreplace")
        if self._handle is not None:
            self._settled_bytes += os.pwrite(self._handle, content, self._settled_bytes)
            self._file_bytes = max(self._file_bytes, self._settled_bytes)
            self._keep(content)
            self._shown = "\0"
            if self._settled_bytes > self._limit_bytes:
                self._leave_middle_out()

    def _leave_middle_out(self) -> None:
        """Keep the first quarter and the last half; say how much is missing between them."""
        handle = self._handle
        if handle is None:
            return
        head = os.pread(handle, self._limit_bytes // 4, 0)
        head = head[: head.rfind(b"\n") + 1]
        if (mark := head.find(_LEFT_OUT)) >= 0:
            head = head[:mark]
        tail = os.pread(handle, self._limit_bytes // 2, self._settled_bytes - self._limit_bytes // 2)
        tail = tail[tail.find(b"\n") + 1 :]
        self._left_out_bytes += self._settled_bytes - len(head) - len(tail) - self._notice_bytes
        notice = _LEFT_OUT + f"{self._left_out_bytes:,} bytes of the console are left out here]\n".encode()
        self._notice_bytes = len(notice)
        os.ftruncate(handle, 0)
        self._settled_bytes = self._file_bytes = os.pwrite(handle, head + notice + tail, 0)
        self._recent.clear()
        self._recent_bytes = 0
        self._keep(head + notice + tail)

    def _keep(self, content: bytes) -> None:
        """Keep the last part in memory, in case the file has to be written anew."""
        self._recent.append(content)
        self._recent_bytes += len(content)
        while self._recent_bytes > KEPT_BYTES and len(self._recent) > 1:
            self._recent_bytes -= len(self._recent.popleft())

    def _look(self) -> None:
        """Notice that somebody has deleted, moved or cut the file, and write it anew."""
        handle = self._handle
        if handle is None:
            return
        open_status = os.fstat(handle)
        with contextlib.suppress(OSError):
            named_status = os.stat(self.path, follow_symlinks=False)
            if (named_status.st_dev, named_status.st_ino, named_status.st_size, named_status.st_nlink) == (
                open_status.st_dev, open_status.st_ino, self._file_bytes, 1,
            ):  # fmt: skip
                return
        fresh = make_file(self.path)
        if open_status.st_size == self._file_bytes:
            parts = _parts_of(handle, self._settled_bytes)
        else:
            lost_bytes = self._settled_bytes - self._recent_bytes
            notice = _LEFT_OUT + f"{lost_bytes:,} bytes of the console were lost: its file was cut]\n".encode()
            parts = iter([*([notice] if lost_bytes else []), *self._recent])
        place = 0
        for part in parts:
            place += os.pwrite(fresh, part, place)
        self._settled_bytes = self._file_bytes = place
        self._handle, self._shown = fresh, "\0"
        os.close(handle)

    def tick(self, *, is_last: bool = False) -> None:
        """Show the lines that may still change."""
        with self._lock, contextlib.suppress(OSError):
            self._look()
            shown = self._kept_back + self._screen.open_text + "".join(self._held.values())
            if self._handle is None or shown == self._shown:
                return
            redacted = self._redact(shown)
            if not is_last:
                redacted = redacted[: begun_secret(redacted)]
            content = redacted.encode("utf-8", "backslashreplace")
            written = os.pwrite(self._handle, content, self._settled_bytes)
            os.ftruncate(self._handle, self._settled_bytes + written)
            self._file_bytes = self._settled_bytes + written
            self._shown = shown

    def close(self, *, is_whole: bool = True) -> None:
        """Write the last lines and close the file.

        `is_whole` is false if they may be cut off: then the beginning of what may be a secret is left out.
        """
        with self._lock:
            while self._held:
                self._release()
            self._shown = "\0"
            self.tick(is_last=is_whole)
            handle, self._handle = self._handle, None
            if handle is not None:
                os.close(handle)


_LEFT_OUT = b"[artui: "


def _parts_of(handle: int, size_bytes: int) -> Iterator[bytes]:
    place = 0
    while place < size_bytes and (part := os.pread(handle, min(1 << 20, size_bytes - place), place)):
        yield part
        place += len(part)


class _Tee:
    """Stands in for `sys.stdout` or `sys.stderr`: everything goes on to the original, and to the logs.

    All other attributes (`isatty`, `fileno`, `encoding`, …) are those of the original.
    """

    def __init__(self, original: Any, stream: str) -> None:
        self._artui_original = original
        self._artui_stream = stream

    def write(self, text: str) -> Any:
        written = self._artui_original.write(text)
        _feed(text, self._artui_stream)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._artui_original, name)

    def __iter__(self) -> Any:
        return iter(self._artui_original)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None


_logs: list[ConsoleLog] = []
_pid = 0


def _feed(text: str, stream: str) -> None:
    if _pid != os.getpid() or not isinstance(text, str):
        return
    for log in tuple(_logs):
        with guarded_silently() as guard:
            log.feed(text, stream=stream)
        if guard.has_failed:
            _logs.remove(log)


def listen(log: ConsoleLog) -> None:
    """Copy everything that this process prints from Python to a log."""
    global _pid
    _pid = os.getpid()
    _logs.append(log)
    for name, stream in (("stdout", "out"), ("stderr", "err")):
        current = getattr(sys, name)
        if current is not None and not isinstance(current, _Tee):
            tee = _Tee(current, stream)
            setattr(sys, name, tee)
            _replace_in_handlers(current, tee)


def _replace_in_handlers(before: Any, after: Any) -> None:
    """Give handlers of `logging` that hold a stream another one: they hold the object, not its name."""
    logging = sys.modules.get("logging")
    for reference in list(getattr(logging, "_handlerList", ())):
        handler = reference() if callable(reference) else None
        if handler is not None and getattr(handler, "stream", None) is before:
            attempt(setattr, handler, "stream", after)


def unlisten(log: ConsoleLog) -> None:
    """Stop copying to a log; after the last one the original streams are restored, unless somebody else has replaced them."""
    with contextlib.suppress(ValueError):
        _logs.remove(log)
    if _logs:
        return
    for name in ("stdout", "stderr"):
        current = getattr(sys, name)
        if isinstance(current, _Tee):
            setattr(sys, name, current._artui_original)
            _replace_in_handlers(current, current._artui_original)
