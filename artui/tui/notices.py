"""What the line at the bottom shows instead of the keys: notices for a while, and errors until they are resolved.

An error belongs to the screen that asked and to the topic it asked about. It stays until that topic has an answer, or
until the user leaves the screen or presses esc there; answers about other topics do not clear it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

from artui.errors import ArtuiError
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.cells import Span

NOTICE_SECONDS = 5.0
OLD_NOTICE_SECONDS = 0.25
"""A notice older than this is not carried over to another screen."""

UNDO_OFFER = " · u "
"""In a notice that says which key takes back what was done."""

EVERYWHERE = 0
"""Stands for a screen in errors of what the app itself asked for."""


class _Shown(NamedTuple):
    """One line, and when it was put there."""

    spans: tuple[Span, ...]
    at: float
    lasts: bool = False
    """Whether it stays when a key does something."""
    is_of_key: bool = False
    """Whether the very next key ends it."""


class Notices:
    """The current notice, and the errors by screen and topic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notice: _Shown | None = None
        self._errors: dict[tuple[Hashable, str], _Shown] = {}

    def say(self, text: str, *, is_warning: bool = False, lasts: bool = False, is_of_key: bool = False) -> None:
        """Replace the notice; one that offers to take something back lasts."""
        style = "warn" if is_warning else "bar.text"
        self._notice = _Shown(((clean(text), style),), self._clock(), lasts or UNDO_OFFER in text, is_of_key)

    def unsay(self) -> None:
        """Remove the notice."""
        self._notice = None

    def unsay_text(self, text: str) -> bool:
        """Remove the notice if it has this text; say whether it had."""
        is_said = self._notice is not None and self._notice.spans[0][0] == clean(text)
        if is_said:
            self._notice = None
        return is_said

    @property
    def is_over(self) -> bool:
        """Whether there is a notice that ends with a key: one that was said by the key itself does not."""
        return self.is_old and self._notice is not None and not self._notice.lasts

    @property
    def is_old(self) -> bool:
        """Whether there is a notice too old to carry over to another screen."""
        notice = self._notice
        return notice is not None and (notice.is_of_key or self._clock() - notice.at > OLD_NOTICE_SECONDS)

    def fail(self, screen: Hashable, topic: str, error: Exception) -> None:
        """Replace the error of a screen's topic."""
        self._errors[screen, topic] = _Shown(((clean(error_text(error)), "bad"),), self._clock())

    def succeed(self, screen: Hashable, topic: str) -> bool:
        """Remove the error of a topic that has an answer; say whether there was one."""
        return self._errors.pop((screen, topic), None) is not None

    def leave(self, screen: Hashable) -> bool:
        """Remove the errors of a screen; say whether there were any."""
        topics = [key for key in self._errors if key[0] == screen]
        for key in topics:
            del self._errors[key]
        return bool(topics)

    def spans(self, screen: Hashable) -> list[Span]:
        """Give the line for a screen: the newest among the notice and the screen's errors; empty if there is neither."""
        candidates = [error for (owner, _), error in self._errors.items() if owner in (screen, EVERYWHERE)]
        candidates += [self._notice] if self._notice is not None else []
        return list(max(candidates, key=lambda candidate: candidate.at).spans) if candidates else []


def error_text(error: Exception) -> str:
    """Describe an error in one line."""
    return str(error) if isinstance(error, ArtuiError) else f"{type(error).__name__}: {error}"
