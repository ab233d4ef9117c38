"""Whether the terminal still exists: a closed window or a broken connection does not always send a signal."""

from __future__ import annotations

import select


def is_hung_up(fileno: int) -> bool:
    """Say whether the other end of a terminal was closed; false where the system cannot tell."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(fileno, 0)
    # Nothing but a hang-up counts: macOS answers POLLNVAL for every terminal.
    return any(event & select.POLLHUP for _, event in poller.poll(0))
