"""Starting the app: checks the terminal, and reads the first rows while the app is loaded."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from artui.catalog.recent import remember
from artui.errors import NoTerminal
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.tui.importing import Importing


def check_terminal(*, instead: str = "Use `artui ls`, `artui show` or `artui compare` in scripts.") -> None:
    """Refuse to start the app without a suitable terminal.

    Raises:
        NoTerminal: a standard stream is no terminal, or the terminal cannot position text.
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


def open_app(path: str, *, importing: Importing | None = None, notice: str = "") -> int:
    """Open the app; give its exit code. The first rows are read while Textual is being imported.

    Args:
        path: of the catalog.
        importing: the import that fills it.
        notice: what is said at the start.
    """
    import gc
    from concurrent.futures import ThreadPoolExecutor

    from artui.query.reader import Reader
    from artui.query.runs.order import FIRST_ROWS, first_view
    from artui.settings import load_settings

    # Garbage collection over 400 modules that stay loaded takes a tenth of the start.
    gc.disable()
    settings = load_settings()
    reader = Reader(path)
    row_count = min(FIRST_ROWS, shutil.get_terminal_size().lines)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(first_view, reader, row_count)
        if importing is None:  # cached catalogs of foreign stores are not remembered: they are opened by their store
            pool.submit(remember, reader.path)
        from artui.tui.app import run
    return run(reader, settings, first.result(), importing, notice)
