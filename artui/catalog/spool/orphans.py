"""Taking over what dead processes left beside a catalog, if there is anything; cheap to import."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from artui.catalog.spool.place import folders_of
from artui.errors import ArtuiError


def take_over(catalog: Path, *, tell: Callable[[str], None] = lambda _: None) -> None:
    """Take over what dead processes of this user left beside a catalog; if that is not possible now, it stays."""
    if folders_of(catalog):
        from artui.catalog.spool import adopting

        with contextlib.suppress(ArtuiError, OSError):
            adopting.take_over(Path(os.path.realpath(catalog)), tell=tell)
