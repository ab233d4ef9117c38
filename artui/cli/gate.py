"""The last step of the command line to the terminal: nothing that acts or hides leaves it, whatever a verb printed.

Verbs clean what they print themselves, where it still is one value. This is for what one of them forgets.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from artui.cli.trouble import is_utf8, write_anything
from artui.safetext import printable


class Gate:
    """A text stream that shows what is hidden in what is written to it, and takes every letter.

    Whatever its stream's encoding, it says UTF-8: click would write past a stream of another, and so past the gate.
    """

    encoding = "utf-8"

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.is_utf8 = is_utf8(stream)
        """Whether what is written here comes out as UTF-8."""

    def write(self, text: str) -> int:
        """Write text with what is hidden in it made visible; give the length of the text itself."""
        self._stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts, each as `write` does."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def gated() -> Iterator[None]:
    """Put a gate before standard output and standard error; both take any letter."""
    write_anything()
    out: Any = Gate(sys.stdout)
    err: Any = Gate(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
