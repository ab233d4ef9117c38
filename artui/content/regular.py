"""Opening files that somebody else may have put there: none waits, none is a device."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, *, may_be_link: bool = True) -> BinaryIO:
    """Open a file for reading, and nothing that is not one: a pipe would wait, a device may do anything.

    Where it may be no link, one that was put in its place since it was looked at is not followed.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(None, "not a regular file")
    # It may have been replaced since: without waiting, and looked at again.
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    handle = os.open(path, flags if may_be_link else flags | getattr(os, "O_NOFOLLOW", 0))
    with ExitStack() as closing:
        closing.callback(os.close, handle)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(None, "not a regular file")
        stream = os.fdopen(handle, "rb")
        closing.pop_all()  # the stream closes it from here on
        return stream
