"""Programs of our own that look at content from anybody: apart, with limits, and told nothing of the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from artui.content import limiting

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
    """Run a module that imports nothing of artui for its `SECONDS` of processor time.

    Args:
        content: its standard input, or the descriptor of an open file that it is to be.
        seconds: how long it may take.
        arguments: what it finds behind the limits, from `sys.argv[4]` on.

    Raises:
        TimeoutExpired: it took longer than `seconds`, and was ended.
        OSError: it cannot be started.
    """
    limits = (str(program.SECONDS), str(memory_bytes))
    given: dict[str, Any] = {"input": content} if isinstance(content, bytes) else {"stdin": content}
    return subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(limiting.__file__), str(program.__file__), *limits, *arguments],
        **given,
        capture_output=True,
        timeout=seconds,
        cwd="/",
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
