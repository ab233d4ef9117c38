"""What the line at the bottom says instead of the keys: notices for a while, and errors until they are over.

An error belongs to the screen that asked and to the topic it asked about. It stays until that topic has an answer, or
until the user leaves the screen or presses esc there; answers to other questions do not wipe it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.errors import ArtuiError
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.cells import Span

NOTICE_SECONDS = 5.0
OLD_NOTICE_SECONDS = 0.5
"""A notice that is older is not taken along to another screen."""

EVERYWHERE = 0
"""In place of a screen: what the app itself asked for."""


@dataclass(frozen=True, slots=True)
class _Said:
    spans: tuple[Span, ...]
    at: float


class Notices:
    """What was said, and what went wrong, by screen and topic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notice: _Said | None = None
        self._errors: dict[tuple[Hashable, str], _Said] = {}

    def say(self, text: str, *, is_warning: bool = False) -> None:
        """Take a notice; it takes the place of the one before."""
        self._notice = _Said(((clean(text), "warn" if is_warning else "bar.text"),), self._clock())

    def unsay(self) -> None:
        """Forget the notice."""
        self._notice = None

    @property
    def is_old(self) -> bool:
        """Whether there is a notice that belongs to what was before."""
        return self._notice is not None and self._clock() - self._notice.at > OLD_NOTICE_SECONDS

    def fail(self, screen: Hashable, topic: str, error: Exception) -> None:
        """Take an error of a screen's topic, in place of the one before."""
        self._errors[screen, topic] = _Said(((clean(error_text(error)), "bad"),), self._clock())

    def succeed(self, screen: Hashable, topic: str) -> bool:
        """Forget the error of a topic that has an answer; say whether there was one."""
        return self._errors.pop((screen, topic), None) is not None

    def leave(self, screen: Hashable) -> bool:
        """Forget the errors of a screen; say whether there were any."""
        topics = [key for key in self._errors if key[0] == screen]
        for key in topics:
            del self._errors[key]
        return bool(topics)

    def spans(self, screen: Hashable) -> list[Span]:
        """Give what is to be said on a screen: the newest of the notice and its errors; empty for nothing."""
        said = [error for (owner, _), error in self._errors.items() if owner in (screen, EVERYWHERE)]
        said += [self._notice] if self._notice is not None else []
        return list(max(said, key=lambda each: each.at).spans) if said else []


def error_text(error: Exception) -> str:
    """Say an error in one line."""
    return str(error) if isinstance(error, ArtuiError) else f"{type(error).__name__}: {error}"
