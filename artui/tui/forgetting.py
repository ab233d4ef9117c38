"""Forgetting a run or a version while the app is closed: nobody may have the catalog open, the app itself neither."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from artui.errors import ArtuiError

if TYPE_CHECKING:
    from artui.query.forgotten import Forgotten


def forget(path: Path, forgotten: Forgotten) -> tuple[str, bool]:
    """Take a run or a version out for good; give what is to be said of it, and whether that is a warning."""
    from artui.catalog import Catalog, forgetting

    try:
        forgetting.check_alone(path)
        with Catalog(path) as catalog:
            take_out = forgetting.forget_run if forgotten.kind == "run" else forgetting.forget_version
            take_out(catalog, forgotten.id)
    except ArtuiError as error:
        return f"Nothing was forgotten. {error}", True
    return "Forgotten. The journal says when and by whom, not what.", False
