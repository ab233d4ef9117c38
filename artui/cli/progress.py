"""How far something is that takes a while."""

from __future__ import annotations

import sys
import time

import click

_SHOW_SECONDS = 0.1


class Bar:
    """How far something is: one line on a terminal, nothing in a pipe."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next = 0.0
        self._width = 0

    def tell(self, what: str, done: int, total: int) -> None:
        """Show how many things were looked at, of how many."""
        if not self._is_terminal or (time.monotonic() < self._next and done != total):
            return
        self._show(f"{what} {done:,} of {total:,}")

    def count(self, what: str, done: int) -> None:
        """Show how many things were looked at, where nobody knows of how many."""
        if self._is_terminal and time.monotonic() >= self._next:
            self._show(f"{what} {done:,}")

    def say(self, text: str) -> None:
        """Show something else than how far it is."""
        if self._is_terminal:
            self._show(text)

    def _show(self, line: str) -> None:
        self._next = time.monotonic() + _SHOW_SECONDS
        click.echo(f"\r{line.ljust(self._width)}", nl=False, err=True)
        self._width = len(line)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
