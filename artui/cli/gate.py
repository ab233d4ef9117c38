"""The last step before the terminal: control and hidden characters in any output are made visible.

Verbs clean single values before they print them. This catches what a verb forgets.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from artui.cli.trouble import is_utf8, write_anything
from artui.safetext import printable


class Gate:
    """A text stream that makes hidden characters visible, and takes every character.

    It claims to be UTF-8, whatever the encoding of its stream: with another, click would bypass it.
    """

    encoding = "utf-8"

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.is_utf8 = is_utf8(stream)
        """Whether the stream behind it is UTF-8."""

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
    """Put a gate before standard output and standard error; both then take any character."""
    write_anything()
    out: Any = Gate(sys.stdout)
    err: Any = Gate(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield
