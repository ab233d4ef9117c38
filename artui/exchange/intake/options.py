"""The options of an import, and the function that it reports progress to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artui.exchange.intake.report import Report


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an import."""

    project: str = ""
    """The project of all imported runs; empty keeps those of the source."""
    where: str = ""
    """Take only runs whose name, or `project/name`, matches this pattern; empty takes all."""
    artifact_roots: tuple[Path, ...] = ()
    """Folders outside the store from which artifact files may be taken."""


Progress = Callable[[Report, str], None]
"""Called now and then with the report so far and the name of the current run."""
