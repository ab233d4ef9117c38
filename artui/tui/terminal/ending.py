"""The end of an app by a signal: Textual leaves these to the system, which would not give the terminal back."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def on_signals(end: Callable[[int], None]) -> None:
    """Have a function called with the number of a signal that tells the app to end.

    To be called before the terminal is taken, as on Textual's `Load`: one that comes in between would leave it as it is.
    """
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, end, int(number))
