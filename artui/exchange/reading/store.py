"""What importers find: stores of a format, and the runs in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Store:
    """One foreign store that was recognised."""

    format: str
    """The name of its format."""
    path: Path
    """The file or folder that it is."""
    detail: str = ""
    """Which of several layouts of the format it has."""
    root: Path | None = None
    """The folder that its files may be taken from, where that is more than `path`."""
    parts: tuple[Path, ...] = ()
    """Folders of its runs, for formats whose runs are single folders."""

    @property
    def home(self) -> Path:
        """The folder that nothing of the store may lead out of."""
        return self.root or (self.path if self.path.is_dir() else self.path.parent)
