"""The thread that carries logged points into the catalog.

One writer a process and catalog. The training loop only appends to a list in memory; about twice a second the
writer takes what has gathered and writes it in one transaction. What cannot be written now is kept, within
bounds, and tried again; nothing is raised, and each kind of trouble is told once.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog import Catalog
from artui.errors import ArtuiError

if TYPE_CHECKING:
    from artui.capture.run import Run

FLUSH_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
MAX_WAITING_POINTS = 2_000_000
"""When the catalog cannot be written to, this many points are kept in memory; later ones are counted and dropped."""


class Writer:
    """Writes for all runs of this process that go to one catalog."""

    def __init__(self, path: Path) -> None:
        self.catalog = Catalog(path)
        self.holders = 0
        self._runs: list[Run] = []
        self._wake = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="artui-writer", daemon=True)
        self._thread.start()

    def add(self, run: Run) -> None:
        self._runs = [*self._runs, run]

    def remove(self, run: Run) -> None:
        self._runs = [each for each in self._runs if each is not run]

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._is_closing = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=30)
        self.catalog.close()

    def _work(self) -> None:
        while not self._is_closing:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            for run in self._runs:
                with guarded("writing to the catalog"):
                    run.fold()
            with guarded("keeping the catalog small"):
                self.catalog.checkpoint()


_writers: dict[Path, Writer] = {}
_lock = threading.RLock()


def acquire(path: Path) -> Writer:
    """Give the writer of a catalog, opening it with its first run.

    Raises:
        CatalogError: the catalog cannot be written to.
    """
    real = Path(os.path.realpath(path))
    with _lock:
        writer = _writers.get(real)
        if writer is None:
            writer = _writers[real] = Writer(path)
        writer.holders += 1
        return writer


def release(writer: Writer) -> None:
    """Let go of a writer; with its last run it closes."""
    with _lock:
        writer.holders -= 1
        if writer.holders > 0:
            return
        for path, each in list(_writers.items()):
            if each is writer:
                del _writers[path]
    with guarded("closing the catalog"):
        writer.close()


_told: Counter[str] = Counter()


@contextlib.contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Let no error out of the logging API: tell of it once, count the rest."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a training loop must not die of its log
        warn(f"{doing}: {type(error).__name__}", f"{doing} failed: {_shown(error)}")


def warn(cause: str, message: str) -> None:
    """Tell of trouble on stderr, once a cause."""
    _told[cause] += 1
    if _told[cause] == 1:
        _tell(message)


def _tell(message: str) -> None:
    """Write a line on stderr, if there is one, with nothing in it that acts on a terminal."""
    text = message if message.isascii() and message.isprintable() else ascii(message)[1:-1]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"artui: {text}\n")


def _shown(error: Exception) -> str:
    text = str(error) if isinstance(error, ArtuiError) else f"{type(error).__name__}: {error}"
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def _tell_counts() -> None:
    for cause, count in _told.items():
        if count > 1:
            _tell(f"{cause} happened {count:,} times.")


def _after_fork() -> None:
    # The child has neither the thread nor the right to use the parent's connections.
    global _lock
    _lock = threading.RLock()
    _writers.clear()
    _told.clear()


on_exit: list[Callable[[], None]] = []


def _at_exit() -> None:
    # Each takes itself off the list.
    actions = tuple(on_exit)
    for action in actions:
        with guarded("finishing a run"):
            action()
    _tell_counts()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
