"""Whether the terminal still exists: a closed window or a broken connection does not always send a signal."""

from __future__ import annotations

import select


def is_hung_up(fileno: int) -> bool:
    """Say whether nothing can be read from or written to a terminal any more; false where the system cannot tell."""
    if not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(fileno, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poller.poll(0))
