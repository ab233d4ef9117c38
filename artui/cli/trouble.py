"""Unexpected errors as one line that says what to do, with a traceback only on request."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from typing import Any

from artui.errors import ArtuiError, DiskFull, UsageError

TRACEBACK = "ARTUI_TRACEBACK"
"""The environment variable that, set to 1, prints unexpected errors with their traceback."""
MAX_CHARS = 300


def foreseen(error: Exception) -> ArtuiError:
    """Translate any error into one of artui's, with a remedy."""
    if isinstance(error, ArtuiError):
        return error
    if not _has_folder():
        return UsageError(
            "The current folder no longer exists.",
            remedy="Change to another with `cd`, or name the catalog by its absolute path.",
        )
    if os.environ.get(TRACEBACK, "") not in ("", "0"):
        import traceback

        from artui.safetext import clean_lines

        print("\n".join(clean_lines("".join(traceback.format_exception(error)).rstrip())), file=sys.stderr)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DiskFull("There is no room left on the device.", remedy="Free some space, and try again.")
    message = " ".join(f"{type(error).__name__}: {error}".split())
    message = message if len(message) <= MAX_CHARS else message[: MAX_CHARS - 1] + "…"
    if isinstance(error, OSError):
        remedy = f"Check that the file or folder can be used, and try again; {TRACEBACK}=1 shows where this came from."
    else:
        remedy = f"This is a bug in artui: please report it with the output of {TRACEBACK}=1."
    return ArtuiError(f"{message}{'' if message.endswith(('.', '…')) else '.'}", remedy=remedy)


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def write_anything() -> None:
    """Let the standard streams take every character: one that their encoding lacks is written as its `\\u` escape.

    JSON is then the same document in any encoding.
    """
    codecs.register_error("artui", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and not is_utf8(stream):
            stream.reconfigure(errors="artui")


def is_utf8(stream: Any) -> bool:
    """Say whether a stream is encoded as UTF-8."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name == "utf-8"


def _escaped(error: Any) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end
