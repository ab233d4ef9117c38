"""How far a long question is, for whoever waits for it, and how it is given up.

The question says `said(done, total)` as it goes; the caller listens with `heard_by`. Without a listener nothing happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Listener = Callable[[int, int], None]
"""Takes how many parts of how many are done; may raise NotWanted."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


class NotWanted(Exception):
    """Nobody waits for the answer any more."""


@contextlib.contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let questions that are asked inside, on this thread, tell a listener how far they are."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def said(done: int, total: int) -> None:
    """Say how many parts of the question are done.

    Raises:
        NotWanted: the answer is not wanted any more.
    """
    listener = _listener.get()
    if listener is not None:
        listener(done, total)
