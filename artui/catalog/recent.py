"""Which catalogs this user has used lately: those that runs went to, and those that were opened."""

from __future__ import annotations

import os
from pathlib import Path

from artui.settings import keep_state, read_state

MAX_CATALOGS = 10
_STATE = "catalogs.json"


def remember(path: Path) -> None:
    """Note that a catalog was used, if that can be stored."""
    used = os.path.realpath(path)
    before = [other for other in _remembered() if other != used]
    if [used, *before][:MAX_CATALOGS] != _remembered():
        keep_state(_STATE, [used, *before][:MAX_CATALOGS])


def follow(old: Path, new: Path) -> None:
    """Remember a catalog by another path, to which it was moved, if it is remembered at all."""
    before = _remembered()
    if str(old) in before:
        keep_state(_STATE, [str(new) if path == str(old) else path for path in before if path != str(new)])


def used_lately() -> list[Path]:
    """Give the catalogs that were used lately and are still there, the last one first."""
    return [Path(path) for path in _remembered() if os.path.isfile(path)]


def _remembered() -> list[str]:
    paths = read_state(_STATE)
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
