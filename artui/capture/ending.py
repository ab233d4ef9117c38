"""How programs that have runs end: by signals, by `sys.exit`, by `os._exit`, at the interpreter's end.

A run that the program does not end is ended here, by how the program ended: a signal is `killed`, an exit code other
than 0 is `failed`. The exit code cannot be read later, so that `sys.exit` is wrapped to note it; an exit that the
program catches is forgotten. All wrappers and handlers are removed with the last run.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from artui.capture import writer as writers
from artui.capture.values import error_text

INTERRUPTED = "interrupted from the keyboard"
SIGNAL_SECONDS = 5
"""How long a signal, or `os._exit`, waits for the runs to be ended."""

Finish = Callable[[str, str], None]
"""Ends a run with a status and an error."""

_ends: dict[int, Finish] = {}
_watched: dict[int, Any] = {}
_replaced: dict[str, Any] = {}
_exit_code: object = None
"""What was given to the `sys.exit` that is ending the program."""


def watch(key: int, finish: Finish) -> None:
    """Call `finish` when the program ends in any way that can be noticed."""
    _ends[key] = finish
    _watch_signals()
    _watch_exits()


def unwatch(key: int) -> None:
    """Forget a run that has ended; after the last one, restore signals and exits."""
    _ends.pop(key, None)
    if not _ends:
        _unwatch_signals()
        _unwatch_exits()


def forget() -> None:
    """In a forked child: forget all runs, which the parent ends."""
    _ends.clear()
    _unwatch_signals()
    _unwatch_exits()


def end_of_program() -> tuple[str, str]:
    """Give the status and error for the runs of a program that is ending."""
    # The interpreter has noted an exception that ended the program; in a notebook it did not end it.
    fault = None if hasattr(sys, "ps1") or "IPython" in sys.modules else getattr(sys, "last_value", None)
    if isinstance(fault, KeyboardInterrupt):
        return "killed", INTERRUPTED
    if fault is not None:
        return "failed", error_text(fault)
    return outcome_of(_exit_code)


def remind_of_interrupt() -> None:
    """Let the interpreter end as SIGINT does, if that is what has ended the program, so that a shell's loop stops, too.

    CPython forgets it when a module is imported at its end that runs code from text, as named tuples do. Running one
    more text that raises it restores it.
    """
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        with contextlib.suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")


def outcome_of(code: object) -> tuple[str, str]:
    """Give the status and error for what was given to `sys.exit`."""
    if code is None or code is False or (isinstance(code, int) and code == 0):
        return "finished", ""
    if not isinstance(code, int):
        return "failed", f"{code!s}\nexit code 1".strip()
    name = ""
    if code > 128:
        with contextlib.suppress(ValueError):
            name = f" ({signal.Signals(code - 128).name})"
    return "failed", f"exit code {code}{name}"


# Exits


class _Leaving:
    """An object that lives as long as one SystemExit does."""

    __slots__ = ("__weakref__",)


def _watch_exits() -> None:
    if _replaced:
        return
    _replace(sys, "exit", _exit)
    _replace(os, "_exit", _exit_at_once)
    for name in ("exit", "quit"):
        if name in vars(builtins):
            _replace(builtins, name, _Quitter(getattr(builtins, name)))


def _replace(owner: Any, name: str, instead: Any) -> None:
    _replaced[f"{owner.__name__}.{name}"] = (owner, name, getattr(owner, name), instead)
    setattr(owner, name, instead)


def _unwatch_exits() -> None:
    for owner, name, before, instead in list(_replaced.values()):
        if getattr(owner, name, None) is instead:
            setattr(owner, name, before)
    _replaced.clear()


def _exit(status: object = None, /) -> NoReturn:
    """Exit the interpreter by raising SystemExit(status)."""
    leaving, error = _Leaving(), SystemExit(status)
    if threading.current_thread() is threading.main_thread():
        error.__dict__["_artui"] = leaving
        weakref.finalize(leaving, _let_go, status).atexit = False
    try:
        raise error
    finally:
        # The traceback holds this frame: what the frame holds would live for ever.
        del error, leaving


def _let_go(status: object) -> None:
    """Note that a SystemExit is gone: if nothing of the program is left to run, it has ended the program."""
    global _exit_code
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") in (__name__, "weakref"):
        frame = frame.f_back
    if frame is None:
        _exit_code = status


class _Quitter:
    """`exit` and `quit` of the builtins, which raise SystemExit by themselves."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __repr__(self) -> str:
        return repr(self._before)

    def __call__(self, code: object = None) -> NoReturn:
        try:
            self._before(code)
        except SystemExit:
            pass
        _exit(code)


def _exit_at_once(status: int, /) -> NoReturn:
    """Exit to the system with specified status, without normal exit processing."""
    before = _replaced.get("os._exit")
    fault = getattr(sys, "last_value", None)
    code, error = outcome_of(status)
    if fault is not None and status:
        error = error_text(fault)
    _end_all(code, error)
    (before[2] if before is not None else os._exit)(status)
    raise SystemExit(status)  # not reached


# Signals


def _watch_signals() -> None:
    """Record SIGTERM as `killed`, where the program has no handler of its own."""
    if _watched or threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) is signal.SIG_DFL:
            _watched[number] = signal.signal(number, _on_signal)


def _unwatch_signals() -> None:
    """Restore the signal handlers after the last run, and in a forked child.

    A handler in Python runs only when the interpreter gets to it. A worker of a pool never does if the signal comes
    just before it waits for work, and the pool would wait for it for ever.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number, before in list(_watched.items()):
        del _watched[number]
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, before)


def _on_signal(number: int, frame: FrameType | None) -> None:
    _end_all("killed", f"ended by {signal.Signals(number).name}")
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end_all(status: str, error: str) -> None:
    """End every run, for a bounded time. The interrupted code may hold our locks: another thread does the writing."""
    if not _ends:
        return

    def end() -> None:
        for finish in list(_ends.values()):
            finish(status, error)

    worker = threading.Thread(target=end, daemon=True)
    worker.start()
    worker.join(timeout=SIGNAL_SECONDS)


writers.on_fork.append(forget)
