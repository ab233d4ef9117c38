"""Choosing another catalog: one used lately, one beside the open one, or any by its path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from artui.catalog.finding import ENDING, catalogs_in
from artui.catalog.recent import used_lately
from artui.tui.choosing import about, short_path
from artui.tui.screens.pick import Choice, PickScreen

_MOST_IN_FOLDER = 50
"""So many catalogs of one folder are offered."""


def other_catalogs(path: Path) -> list[Choice]:
    """Give the catalogs that were used lately, then those in the folder of the open one, without that."""
    here = Path(os.path.realpath(path))
    lately = [other for other in used_lately() if other != here]
    beside = [other for other in catalogs_in(here.parent)[:_MOST_IN_FOLDER] if other not in (here, *lately)]
    return [_choice(other) for other in lately] + [_choice(other, "beside this one") for other in beside]


def catalogs_at(typed: str) -> list[Choice]:
    """Give the catalogs that a path stands for as it is typed: the file, those of the folder, or those whose names begin so."""
    if not _is_path(typed):
        return []
    path = Path(os.path.abspath(os.path.expanduser(typed)))
    if path.is_file():
        return [_choice(path)]
    folder, start = (path, "") if path.is_dir() else (path.parent, path.name)
    found = [other for other in catalogs_in(folder) if other.name.startswith(start)]
    return [_choice(other) for other in found[:_MOST_IN_FOLDER]]


def _is_path(typed: str) -> bool:
    return os.sep in typed or typed[:1] in ("~", ".")


def _choice(path: Path, where: str = "") -> Choice:
    return Choice(str(path), short_path(path), " · ".join(part for part in (where, about(path)) if part))


class CatalogsScreen(PickScreen):
    """Gives the path of the catalog that is chosen; None if it was left."""

    PLACEHOLDER = f"type to find, or the path of a {ENDING} file or of a folder"

    def __init__(self, choices: Sequence[Choice], *, title: str = "open another catalog") -> None:
        super().__init__(title, choices)

    def nothing(self, typed: str) -> str:
        """Say of a path what is not there: the file, or a catalog in the folder."""
        if not typed:
            return "none was used lately or is beside this one: type a path, such as ~/"
        if not (_is_path(typed) or typed.endswith(ENDING)):
            return "none of these has it in its name: a path has a / in it, or begins with ~ or ."
        path = os.path.expanduser(typed)
        return "there is no catalog in this folder" if os.path.isdir(path) else "there is no such file"

    def more(self, typed: str) -> Sequence[Choice]:
        """Give the catalogs at a path that is typed."""
        shown = {choice.key for choice in self._shown}
        return [choice for choice in catalogs_at(typed) if choice.key not in shown]
