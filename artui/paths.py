"""Paths as users give them: one that no file can have is refused at once, in plain words."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from artui.errors import UsageError

PATH_BYTES = 4096
NAME_BYTES = 255
"""No file system in use takes a longer name."""
_DRIVE = re.compile("[A-Za-z]:")
_ESCAPED_BYTE = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


def usable_path(path: str | os.PathLike[str]) -> Path:
    """Make a path that the system accepts, whether or not it exists.

    Raises:
        UsageError: it holds a NUL or half a surrogate pair, or is longer than the file system takes.
    """
    try:
        os.lstat(path)
    except ValueError:
        raise UsageError(
            f"{ascii(os.fspath(path))[:80]} cannot be a path: it holds a letter that no file name may have.",
            remedy="Take it away.",
        ) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UsageError(
                f"{ascii(os.fspath(path))[:80]}… is too long for a path ({len(os.fspath(path)):,} characters).",
                remedy="Give a shorter one.",
            ) from None
    return Path(path)


def is_argument(text: str) -> bool:
    """Say whether a text can be an argument of a command."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def text_bytes(text: str) -> bytes:
    """Write text for a file: bytes that were no UTF-8 as they were, and half of any other character as `?`."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def file_stem(text: str, *, most_chars: int = 80) -> str:
    """Make a part of a file name of any text: letters, digits, `-`, `_` and `.`, none of them first; empty if none is left."""
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text)
    return plain.strip(".-")[:most_chars]


def manifest_name(name: str) -> str:
    """Make a path that any database and any system takes, with forward slashes.

    Bytes that are no UTF-8 become `\\xff` forms, and so do a backslash and the colon of what would be a drive elsewhere.
    """
    raw = name.replace("\\", "\\x5c").encode("utf-8", "surrogateescape")
    path = raw.decode("utf-8", "backslashreplace").replace(os.sep, "/")
    return f"{path[0]}\\x3a{path[2:]}" if begins_with_drive(path) else path


def system_name(path: str) -> str:
    """Give a path of a manifest as the file system has it: the reverse of `manifest_name`.

    No folder more or other comes of that: no `/` and no `.` is written as such a form by us, and none is read from one.
    """
    if re.match(r"[A-Za-z]\\x3a", path):
        path = f"{path[0]}:{path[5:]}"
    raw = _ESCAPED_BYTE.sub(lambda form: bytes.fromhex(form[1].decode()), path.encode("utf-8", "surrogateescape"))
    return os.fsdecode(raw)


def begins_with_drive(path: str) -> bool:
    """Say whether a path would lead to another drive, or to another stream of a file, on a system that has these."""
    return _DRIVE.match(path) is not None


def is_file_name(name: str) -> bool:
    """Say whether a file can have this name at all."""
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return 0 < len(encoded) <= NAME_BYTES and b"\0" not in encoded
