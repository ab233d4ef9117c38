"""What the logging API says on stderr when something could not be recorded as it was asked for.

Each cause and subject is reported once: the second file that was left out is named like the first, up to a limit; the
rest is counted, and reported when the program ends. Nothing here raises: a training loop must not die of its log.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from artui.errors import ArtuiError
from artui.foreign import answer_of
from artui.settings import Settings, load_settings

MAX_SUBJECTS = 5
"""How many subjects of one cause are named."""


@dataclass(slots=True)
class _Tally:
    subjects: set[str] = field(default_factory=set)
    count: int = 0
    unnamed: int = 0


_tallies: dict[str, _Tally] = {}
_lock = threading.Lock()


def warn(cause: str, message: str, *, subject: str = "") -> None:
    """Warn on stderr, once for each cause and subject; of many subjects only the first ones are named."""
    with _lock:
        tally = _tallies.setdefault(cause, _Tally())
        tally.count += 1
        if subject in tally.subjects:
            return
        if len(tally.subjects) >= MAX_SUBJECTS:
            tally.unnamed += 1
            return
        tally.subjects.add(subject)
    tell(message)


class Guard:
    """Ends every error of its block: a training loop, a thread or printing must not die of its log.

    `KeyboardInterrupt` and `SystemExit` pass through. `has_failed` says afterwards whether there was an error.
    """

    __slots__ = ("_report", "has_failed")

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self.has_failed = False

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.has_failed = True
        self._report(error)
        return True


def guarded(doing: str, subject: str = "") -> Guard:
    """Let no error out of the block: report it once, count the rest. `subject` names what it was done to, if anything."""

    def report(error: Exception) -> None:
        named = f"{doing} {ascii(subject)[:80]}" if subject else doing
        warn(f"{doing}: {type(error).__name__}", f"{named} failed: {shown(error)}", subject=subject)

    return Guard(report)


def guarded_silently() -> Guard:
    """Let no error out of the block, and report nothing."""
    return Guard(lambda _: None)


def tell(message: str) -> None:
    """Write a line to stderr, if there is one, without anything that acts on a terminal."""
    text = message if message.isascii() and message.isprintable() else ascii(message)[1:-1]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"artui: {text}\n")


def tell_counts() -> None:
    """Report how often each cause happened, or how many subjects were not named."""
    for cause, tally in list(_tallies.items()):
        if tally.unnamed:
            tell(f"{cause}: {tally.unnamed:,} more of these were not named.")
        elif tally.count > len(tally.subjects):
            tell(f"{cause} happened {tally.count:,} times.")


def forget() -> None:
    """Forget all causes, as in a forked child."""
    global _lock
    _lock = threading.Lock()
    _tallies.clear()


def shown(error: BaseException) -> str:
    """Give an error as one plain line."""
    name = type(error).__name__
    words = answer_of(str, error, default=None)
    text = name if words is None else words if isinstance(error, ArtuiError) else f"{name}: {words}"
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def settings_or_default() -> Settings:
    """Give the user's settings; the defaults, with a warning, if they cannot be read."""
    try:
        return load_settings()
    except (ArtuiError, OSError, RuntimeError, ValueError) as error:
        warn("settings", f"{shown(error)} The defaults are used.")
        return Settings()
