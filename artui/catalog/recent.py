"""Which catalogs this user has used lately: those that runs went to, and those that were looked at."""

from __future__ import annotations

import os
from pathlib import Path

from artui.settings import keep_state, read_state

MAX_CATALOGS = 10
_STATE = "catalogs.json"


def remember(path: Path) -> None:
    """Note that a catalog was used; where that cannot be kept, it is not."""
    used = os.path.realpath(path)
    before = [each for each in _told() if each != used]
    if [used, *before][:MAX_CATALOGS] != _told():
        keep_state(_STATE, [used, *before][:MAX_CATALOGS])


def used_lately() -> list[Path]:
    """Give the catalogs that were used lately and are still there, the last one first."""
    return [Path(each) for each in _told() if os.path.isfile(each)]


def _told() -> list[str]:
    told = read_state(_STATE)
    return [each for each in told if isinstance(each, str)] if isinstance(told, list) else []
