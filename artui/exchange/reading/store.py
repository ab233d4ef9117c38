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
    """The file or folder of the store."""
    detail: str = ""
    """Its layout, for formats with several."""
    root: Path | None = None
    """The folder that its files may be taken from, if that is more than `path`."""
    parts: tuple[Path, ...] = ()
    """Its runs' folders or logs, for formats that keep runs apart."""

    @property
    def home(self) -> Path:
        """The folder that all files of the store must lie in."""
        return self.root or (self.path if self.path.is_dir() else self.path.parent)
