"""What is exported, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Tell = Callable[[str, int, int], None]
"""Called with what is done, how many of them are, and how many there are."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is exported."""

    where: str = ""
    project: str = ""
    replaces: bool = False
    """Whether what the place has of another selection, or of another catalog, is replaced."""

    @property
    def selection(self) -> dict[str, str]:
        """What is chosen, in words that a later export is held against; empty for everything."""
        return {key: text for key, text in (("where", self.where), ("project", self.project)) if text}


def selection_text(selection: dict[str, str]) -> str:
    """Say what a selection is."""
    return ", ".join(f"{key} {text!a}" for key, text in selection.items()) or "all of it"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A text that looks like a secret, and goes out."""

    table: str
    column: str
    name: str
    """The id of the run, version or artifact, or of the entry of the journal, that it is said of."""
    kind: str
    """What it looks like: `github-token` …"""


@dataclass(slots=True)
class Exported:
    """What came of an export."""

    place: str
    format: str = "parquet"
    rows: Counter[str] = field(default_factory=Counter)
    """By table, how many rows of the catalog are there."""
    written: Counter[str] = field(default_factory=Counter)
    """By table, how many of them were written now."""
    files: int = 0
    """Files of the catalog that are there."""
    written_files: int = 0
    written_bytes: int = 0
    removed_files: int = 0
    """Files that were replaced, or whose rows are gone."""
    damaged_points: int = 0
    left_out: int = 0
    """Runs whose rows are damaged, so that they have no place."""
    suspects: list[Suspect] = field(default_factory=list)
    running: int = 0
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, how) of what is there in another form; artui reads it back as it was."""
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, why) of what the format has no place for, or what cannot be had."""
    refused: int = 0
    """How many of these could not be written, though the format has a place for them."""

    def refuse(self, what: str, why: str, count: int = 1) -> None:
        """Count what could not be written."""
        if count:
            self.left[what, why] += count
            self.refused += count
