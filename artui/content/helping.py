"""Programs of our own that look at content from anybody: apart, with limits, and told nothing of the environment."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, BinaryIO

from artui.content import limiting
from artui.content.reading import SourceStream

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""All of the environment that such a program is told."""


MEMORY_BYTES = 1 << 30


def helped(
    program: ModuleType,
    content: bytes | int,
    *,
    seconds: float,
    arguments: Sequence[str] = (),
    memory_bytes: int = MEMORY_BYTES,
) -> subprocess.CompletedProcess[bytes]:
    """Run a module for its `SECONDS` of processor time.

    Args:
        content: its standard input, or the descriptor of an open file that it is to be.
        seconds: how long it may take.
        arguments: what it finds behind the limits, from `sys.argv[4]` on.

    Raises:
        TimeoutExpired: it took longer than `seconds`, and was ended.
        OSError: it cannot be started.
    """
    given: dict[str, Any] = {"input": content} if isinstance(content, bytes) else {"stdin": content}
    return subprocess.run(
        command(program, arguments, memory_bytes=memory_bytes),
        **given,
        capture_output=True,
        timeout=seconds,
        cwd="/",
        env=environment(),
    )


def command(program: ModuleType, arguments: Sequence[str] = (), *, memory_bytes: int = MEMORY_BYTES) -> list[str]:
    """Give the command that runs a module with its limits."""
    limits = (str(program.SECONDS), str(memory_bytes))
    return [sys.executable, "-I", "-X", "utf8", str(limiting.__file__), str(program.__file__), *limits, *arguments]


def environment() -> dict[str, str]:
    """Give all that such a program is told of the environment."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


@contextlib.contextmanager
def descriptor_of(stream: BinaryIO) -> Iterator[int]:
    """Give an open file with what a stream gives: its own, or that of a copy."""
    raw = stream.raw if isinstance(stream, io.BufferedReader) else None
    if isinstance(raw, SourceStream) and raw.descriptor is not None:
        yield raw.descriptor
    elif isinstance(raw, io.FileIO):
        yield raw.fileno()
    else:
        with tempfile.TemporaryFile(prefix="artui-") as copy:
            stream.seek(0)
            shutil.copyfileobj(stream, copy, 1 << 20)
            copy.flush()
            yield copy.fileno()
