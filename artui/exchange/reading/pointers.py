"""Pointers that version control puts in the place of large files that were not fetched.

A clone of a Hugging Face repository without git-lfs, or an archive made by GitHub, has a text of a hundred bytes in the place
of a model or log, with the digest and size of the real file. The formats are those of
https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md and https://git-annex.branchable.com/internals/pointer_file/.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1024
"""By the specification a pointer is shorter."""
_MAX_SIZE = (1 << 63) - 1
_LFS = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v\d+\r?\n(?:[a-z0-9.-]+ [^\r\n]+\r?\n)*?"
    rb"oid sha256:(?P<digest>[0-9a-f]{64})\r?\nsize (?P<size>\d{1,19})\s*\Z"
)
_ANNEX = re.compile(rb"/annex/objects/SHA256E?(?:-s(?P<size>\d{1,19}))?(?:-m\d+)?--(?P<digest>[0-9a-f]{64})[^\n/]*\n")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer that lies in the place of a file."""

    digest: bytes
    """SHA-256 of the file that it stands for."""
    size_bytes: int
    """Of that file; 0 if the pointer does not say."""
    title: str
    """The program that made the pointer: `Git LFS`."""
    command: str
    """The command that fetches the file."""

    @property
    def sentence(self) -> str:
        """What to say of the file behind its name: `is a … pointer, not the file`."""
        return f"is a {self.title} pointer, not the file: `{self.command}` fetches it"


def pointer_in(content: bytes) -> Pointer | None:
    """Read a file's whole content as a pointer; None if it is not one."""
    if len(content) >= MAX_BYTES:
        return None
    for form, title, command in ((_LFS, "Git LFS", "git lfs pull"), (_ANNEX, "git-annex", "git annex get")):
        if (match := form.match(content)) and (size_bytes := int(match["size"] or 0)) <= _MAX_SIZE:
            return Pointer(bytes.fromhex(match["digest"].decode()), size_bytes, title, command)
    return None


def pointer_of(path: Path) -> Pointer | None:
    """Give the pointer at a path; None if there is a real file, or nothing."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size < MAX_BYTES:
            return None
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        return pointer_in(os.read(handle, MAX_BYTES))
    except OSError:
        return None
    finally:
        os.close(handle)
