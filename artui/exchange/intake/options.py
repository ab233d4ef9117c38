"""What is asked of an import, and how it says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artui.exchange.intake.report import Report


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of an import."""

    project: str = ""
    """Put everything into this project; empty leaves it to the source."""
    where: str = ""
    """Take only runs whose name, or `project/name`, matches this pattern; empty takes all."""
    artifact_roots: tuple[Path, ...] = ()
    """Folders besides the store's own from which artifact files may be taken."""


Progress = Callable[[Report, str], None]
"""Called now and then with the report so far, and the name of the run that is being taken."""
