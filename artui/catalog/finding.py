"""Which catalog is meant when none is named."""

from __future__ import annotations

import os
from pathlib import Path

from artui.errors import UsageError
from artui.paths import usable_path
from artui.settings import default_catalog


def find_catalog(named: str | os.PathLike[str] | None = None, *, folder: Path | None = None) -> tuple[Path, str]:
    """Choose a catalog: the one named, else `ARTUI_CATALOG`, else the nearest `*.artui` upwards, else the user's default.

    Gives the path, which need not exist, and why it was chosen, in words.

    Raises:
        UsageError: the nearest folder with catalogs has more than one of them.
    """
    if named:
        return usable_path(Path(named).expanduser()), "named"
    if from_environment := os.environ.get("ARTUI_CATALOG"):
        return usable_path(Path(from_environment).expanduser()), "from ARTUI_CATALOG"
    here = (folder or Path.cwd()).absolute()
    for place in (here, *here.parents):
        try:
            found = sorted(path for path in place.glob("*.artui") if path.is_file() and not path.name.startswith("."))
        except OSError:
            continue
        if len(found) > 1:
            names = ", ".join(path.name for path in found[:5])
            raise UsageError(f"{place} has {len(found)} catalogs: {names}.", remedy="Name one, or set ARTUI_CATALOG.")
        if found:
            return found[0], f"found in {place}"
    return usable_path(default_catalog()), "the default"
