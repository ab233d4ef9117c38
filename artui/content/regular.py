"""Opening files that somebody else may have replaced: never a pipe that waits, never a device."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, *, may_be_link: bool = True) -> BinaryIO:
    """Open a regular file for reading, and nothing else: a pipe would wait, a device may do anything.

    Unless it `may_be_link`, a link that has taken its place in the meantime is not followed.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(None, "not a regular file")
    # It may have been replaced since: open it without waiting, and check it again.
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    handle = os.open(path, flags if may_be_link else flags | getattr(os, "O_NOFOLLOW", 0))
    with ExitStack() as closing:
        closing.callback(os.close, handle)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(None, "not a regular file")
        stream = os.fdopen(handle, "rb")
        closing.pop_all()  # the stream closes it from here on
        return stream
