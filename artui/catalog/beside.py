"""What lies beside a catalog while something writes to it: the folder of spools and consoles, and their names.

Cheap to import: whoever opens a catalog looks whether there is such a folder.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from artui.errors import ArtuiError


def folder_of(catalog: Path) -> Path:
    """Give the folder of a catalog's spools, and of the consoles of runs that go on."""
    return catalog.with_name(catalog.name + "-spool")


def console_file(run_id: str, labels: str) -> str:
    """Name the file of a run's console; `labels` tell the processes of one run apart."""
    return f"{run_id}.{_plain(labels)}.log" if labels else f"{run_id}.log"


def console_artifact(labels: str) -> str:
    """Name the artifact that a console becomes when its run ends."""
    return f"console-{_plain(labels)}" if labels else "console"


def console_of(file: str) -> tuple[str, str] | None:
    """Give (run id, artifact) of a console's file; None when it is none."""
    if not file.endswith(".log"):
        return None
    run_id, _, labels = file.removesuffix(".log").partition(".")
    return run_id, console_artifact(labels)


def _plain(labels: str) -> str:
    return labels.replace("=", "-")


def take_over(catalog: Path) -> None:
    """Take over what dead processes left beside a catalog of ours; where that is not possible now, it stays."""
    if os.path.isdir(folder_of(catalog)):
        from artui.catalog import folding

        with contextlib.suppress(ArtuiError, OSError):
            folding.take_over(Path(os.path.realpath(catalog)))
