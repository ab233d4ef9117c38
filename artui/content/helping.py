"""Programs of our own that look at content from anybody: apart, with limits, and told nothing of the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType

from artui.content import limiting

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""All of the environment that such a program is told."""


def helped(program: ModuleType, content: bytes, *, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Run a module that imports nothing of artui with `content` as its standard input, for its `SECONDS` of processor time.

    Raises:
        TimeoutExpired: it took longer than `seconds`, and was ended.
        OSError: it cannot be started.
    """
    return subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(limiting.__file__), str(program.__file__), str(program.SECONDS)],
        input=content,
        capture_output=True,
        timeout=seconds,
        cwd="/",
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
