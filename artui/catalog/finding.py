"""Which catalog is used when none is named, and where a run goes when there is none yet.

A run goes where its owner will look: to the nearest catalog upwards, or else to a new one that is named after its
folder. The search ends at the root of a git repository, below the home, at a mount point and at a folder that everybody
may write to. A run never goes to the home, `/` or `/tmp` themselves, or to a catalog of `artui demo`, unless it is told
to; commands that only read also find a catalog in the current folder there.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from artui import started
from artui.catalog.header import is_demo
from artui.catalog.spool.place import private_folder
from artui.errors import ArtuiError, UsageError
from artui.foreign import answer_of
from artui.paths import usable_path
from artui.settings import default_catalog, load_settings

ENDING = ".artui"
DEFAULT = "the default"
NAMED = "named"
_MAX_STEM_BYTES = 200
_MAX_CATALOGS = 1000


class Place(NamedTuple):
    """A catalog that was chosen; it need not exist yet."""

    path: Path
    why: str
    """In words: `named`, `found in /work/vision`, `new in …`, `the default`."""
    is_new: bool = False
    """Made for a run that begins, since there is none yet that it belongs to."""


def find_catalog(named: str | os.PathLike[str] | None = None, *, folder: Path | None = None) -> tuple[Path, str]:
    """Choose a catalog: the one named, else `ARTUI_CATALOG`, else the nearest `*.artui` upwards, else the user's default.

    Gives the path, which need not exist, and why it was chosen, in words.

    Raises:
        UsageError: what was named can be no path, or the current folder is gone.
    """
    place = _named_place(named)
    if place is None and _start(folder) is None:
        raise UsageError("The current folder no longer exists.", remedy="Change to one that exists, or name a catalog.")
    place = place or _nearest_place([_start(folder)]) or _place_beside(folder)
    return (place.path, place.why) if place is not None else (usable_path(default_catalog()), DEFAULT)


def place_for_run(named: str | os.PathLike[str] | None = None, *, folder: Path | None = None) -> Place:
    """Choose where a new run goes: as `find_catalog` does, but to a new catalog where there is none, unless the
    settings name one.

    If a folder is named, the run goes to the catalog in it, or to a new one that is named after it.

    Raises:
        UsageError: what was named can be no path.
    """
    place = _named_place(named) or _nearest_place([_start(folder), folder or launch_folder()])
    if place is not None:
        if place.path.is_dir():
            return Place(catalog_in(place.path) or _named_after(place.path.absolute()), f"in {place.path}")
        return place
    with suppress(ArtuiError, OSError, RuntimeError, ValueError):
        if load_settings().catalog:
            return _default()
    return _new(folder) or _default()


def temporary_catalog() -> Path:
    """Give the catalog of a user who has neither a folder of their own nor a home; its folder is made, for them alone.

    Raises:
        OSError: nothing can be written there either.
    """
    try:
        folder = private_folder()
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="artui-"))
    return folder / f"default{ENDING}"


def catalog_in(folder: Path) -> Path | None:
    """Give the catalog of a folder: of several, the one named after the folder, else the last that was written."""
    catalogs = _catalogs_in(folder)
    return catalogs[0] if catalogs else None


def catalogs_in(folder: Path) -> list[Path]:
    """Give the catalogs of a folder, demos too, in the order in which they would be chosen; none if it cannot be read."""
    return _catalogs_in(folder, takes_demos=True)


def launch_folder() -> Path | None:
    """Give the folder in which this program was started, even if a launcher has changed the working folder since."""
    by_tune = os.environ.get("TUNE_ORIG_WORKING_DIR", "")
    # Hydra raises before its configuration is there.
    for folder in (answer_of(_hydra_folder, default="") or by_tune, started.folder):
        if folder and os.path.isdir(folder):
            return Path(folder)
    return _current_folder()


def _hydra_folder() -> str:
    hydra = sys.modules.get("hydra.core.hydra_config")
    return "" if hydra is None else str(hydra.HydraConfig.get().runtime.cwd)


def _named_place(named: str | os.PathLike[str] | None) -> Place | None:
    if named:
        return Place(usable_path(Path(named).expanduser()), NAMED)
    if from_environment := os.environ.get("ARTUI_CATALOG"):
        return Place(usable_path(Path(from_environment).expanduser()), "from ARTUI_CATALOG")
    return None


def _start(folder: Path | None) -> Path | None:
    return folder.absolute() if folder is not None else _current_folder()


def _nearest_place(starts: list[Path | None]) -> Place | None:
    """Find the nearest catalog upwards from some folders."""
    for start in dict.fromkeys(folder for folder in starts if folder is not None):
        for place in _upwards(start):
            if catalogs := _catalogs_in(place):
                return _found(catalogs, place)
    return None


def _place_beside(folder: Path | None) -> Place | None:
    """Find a catalog in the current folder, for commands that only read: also in the home and in `/tmp`, also a demo."""
    start = _start(folder)
    catalogs = _catalogs_in(start, takes_demos=True) if start is not None else []
    catalogs = [path for path in catalogs if _is_mine(path)]
    return _found(catalogs, start) if start is not None and catalogs else None


def _found(catalogs: list[Path], folder: Path) -> Place:
    """Take the first catalog of a folder, and say of how many it is."""
    several = f", {_which(catalogs[0], folder)} of {len(catalogs)}" if len(catalogs) > 1 else ""
    return Place(catalogs[0], f"found in {folder}{several}")


def is_one_of_several(why: str) -> bool:
    """Say whether a catalog was chosen among several, by why it was."""
    return re.search(r", the (one named after it|last written) of \d+$", why) is not None


def _which(path: Path, folder: Path) -> str:
    return "the one named after it" if path == _named_after(folder) else "the last written"


def _upwards(start: Path) -> Iterator[Path]:
    """Give the folders, from this one upwards, in which a catalog of the same work may be."""
    for place in (start, *start.parents):
        if _is_nobodys(place):
            return
        yield place
        if (place / ".git").exists() or os.path.ismount(place) or _is_open_to_all(place):
            return


def _catalogs_in(folder: Path, *, takes_demos: bool = False) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            paths = [
                folder / entry.name
                for entry in entries
                if entry.name.endswith(ENDING) and not entry.name.startswith(".") and entry.is_file()
            ]
    except OSError:
        return []
    if paths and _is_open_to_all(folder):
        paths = [path for path in paths if _is_mine(path)]
    if not takes_demos:
        paths = [path for path in paths[:_MAX_CATALOGS] if not is_demo(path)]
    return sorted(paths, key=lambda path: (path != _named_after(folder), -_written_at(path), path.name))


def _new(folder: Path | None) -> Place | None:
    """Give a new catalog in the root of the repository, or in the folder that the program was started in."""
    start = folder.absolute() if folder is not None else launch_folder()
    if start is None:
        return None
    root = next((place for place in _upwards(start) if (place / ".git").exists()), start)
    for place in dict.fromkeys((root, start)):
        path = _named_after(place)
        if not _is_nobodys(place) and os.access(place, os.W_OK | os.X_OK) and not path.is_dir():
            return Place(path, f"new in {place}", is_new=True)
    return None


def _default() -> Place:
    """Give the user's default catalog, or a temporary one where the home cannot be written to."""
    with suppress(ArtuiError, OSError, RuntimeError):
        path = default_catalog().absolute()
        if path.exists() or _may_make(path.parent):
            return Place(path, DEFAULT)
    return Place(temporary_catalog(), "a temporary folder, as there is no home that can be written to")


def _may_make(folder: Path) -> bool:
    nearest = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return nearest is not None and nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _named_after(folder: Path) -> Path:
    stem = (
        folder.name.lstrip(".")
        .removesuffix(ENDING)
        .encode("utf-8", "surrogateescape")[:_MAX_STEM_BYTES]
        .decode("utf-8", "ignore")
    )
    return folder / f"{stem or 'runs'}{ENDING}"


def _is_nobodys(folder: Path) -> bool:
    """Say whether nobody works in a folder itself: the home, the root, a folder of temporary files."""
    others = {"/", "/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir(), *_homes()}
    return str(folder) in others or os.path.realpath(folder) in others or folder == folder.parent


def _homes() -> set[str]:
    homes = {os.environ.get("HOME", "")}
    with suppress(ImportError, KeyError):
        import pwd

        homes.add(pwd.getpwuid(os.getuid()).pw_dir)
    return {os.path.realpath(home) for home in homes if os.path.isabs(home)} | homes


def _is_open_to_all(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o002)
    except OSError:
        return True


def _is_mine(path: Path) -> bool:
    try:
        return not hasattr(os, "getuid") or path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return None
