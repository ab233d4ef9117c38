"""Starting the app: whether the terminal can show it, and reading its first rows while it is loaded."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from artui.catalog.recent import remember
from artui.errors import NoTerminal
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.importing import Importing


def check_terminal(*, instead: str = "Use `artui ls`, `artui show` or `artui compare` in scripts.") -> None:
    """Refuse to start the app where it could not work.

    Raises:
        NoTerminal: keys could not arrive, or the terminal cannot place text.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty() or not sys.stdout.isatty():
        raise NoTerminal(
            "The app needs a terminal for its screen and its keys.",
            remedy=instead,
        )
    if os.environ.get("TERM", "") in ("dumb", ""):
        raise NoTerminal(
            f"This terminal (TERM={clean(os.environ.get('TERM', ''))!r}) cannot show the app.",
            remedy="Use `artui ls`, or set TERM to what it really is.",
        )


def open_app(path: str, *, importing: Importing | None = None) -> int:
    """Open the app; give its exit code. The first rows are read while Textual is being imported."""
    import gc
    from concurrent.futures import ThreadPoolExecutor

    from artui.query.reader import Reader
    from artui.query.runs.order import FIRST_ROWS, first_view
    from artui.settings import load_settings

    # Collecting garbage among 400 modules that stay costs a tenth of the start.
    gc.disable()
    settings = load_settings()
    reader = Reader(path)
    if importing is None:  # a cached one of another tool's store is opened by that store
        remember(reader.path)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(first_view, reader, FIRST_ROWS)
        from artui.tui.app import run
    return run(reader, settings, first.result(), importing)
