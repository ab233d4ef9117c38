"""Starting the app: checks the terminal, and reads the first rows while the app is loaded."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog.far import far_at
from artui.catalog.recent import remember
from artui.cli import past
from artui.errors import NoTerminal
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.travel.past import Past
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


PATIENCE_S = 1.0
"""After so long without a picture the terminal says what is waited for."""
_MUCH_LEFT_BYTES = 1 << 20


def open_app(
    path: str,
    *,
    importing: Importing | None = None,
    notice: str = "",
    sources: Sequence[Path] = (),
    why_not_writable: str = "",
) -> int:
    """Open the app; give its exit code. The first rows are read while Textual is being imported.

    Args:
        path: of the catalog.
        importing: the import that fills it.
        notice: what is said at the start.
        sources: catalogs of which it is a copy, without the bytes of files.
        why_not_writable: why it is only looked at.
    """
    import gc
    from concurrent.futures import ThreadPoolExecutor

    from artui.query.runs.order import FIRST_ROWS, first_view
    from artui.settings import load_settings

    # Garbage collection over 400 modules that stay loaded takes a tenth of the start.
    gc.disable()
    settings = load_settings()
    row_count = min(FIRST_ROWS, shutil.get_terminal_size().lines)
    with _said_if_slow(path), ThreadPoolExecutor(1) as pool:
        reader, was = _reader(path, sources, why_not_writable)
        first = pool.submit(first_view, reader, row_count)
        if (
            importing is None and not past.is_wanted() and far_at(path) is None
        ):  # cached catalogs of foreign stores are not remembered: they are opened by their store
            pool.submit(remember, reader.path)
        from artui.tui.app import run
    if (there := far_at(path)) is not None:
        there.follow()
    return run(reader, settings, first.result(), importing, notice, was)


def _reader(path: str, sources: Sequence[Path], why_not_writable: str) -> tuple[Reader, Past | None]:
    """Open a catalog as it is, or as it was at the time that the command line names."""
    from artui.query.reader import Reader

    if not past.is_wanted():
        return Reader(path, sources=sources, why_not_writable=why_not_writable), None
    was = past.past_of(Path(path))
    return Reader(was.path, **past.reader_options(was)), was


@contextmanager
def _said_if_slow(path: str) -> Iterator[None]:
    """Say on the terminal what takes long, and take that back before the first picture."""
    from threading import Event, Timer

    has_said = Event()

    def say() -> None:
        has_said.set()
        sys.stderr.write(_wait_text(path))
        sys.stderr.flush()

    timer = Timer(PATIENCE_S, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if has_said.is_set():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _wait_text(path: str) -> str:
    """Say which catalog is being opened, and that an interrupted write left much beside it if that is so."""
    from artui.units import bytes_text

    if (there := far_at(path)) is not None:
        return f"Opening {clean(there.title)}: of {bytes_text(_file_bytes(path))} what is shown is being fetched…"
    left_bytes = sum(_file_bytes(path + suffix) for suffix in ("-wal", "-journal"))
    reading = f"Opening {clean(os.path.basename(path))}, {bytes_text(_file_bytes(path))}"
    if left_bytes < _MUCH_LEFT_BYTES:
        return f"{reading}…"
    return f"{reading}: taking in the {bytes_text(left_bytes)} that a write left beside it…"


def _file_bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
