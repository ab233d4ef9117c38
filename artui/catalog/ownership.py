"""Which catalogs were made here: one empty file each in the user's state folder.

Its name holds device, inode and the catalog's id, so that a file put in the place of ours is foreign again.
"""

from __future__ import annotations

from pathlib import Path

from artui.settings import private_folder, state_folder


def is_own(path: Path, catalog_id: str | None = None) -> bool:
    """Say whether this user made the catalog, or once wrote to it on purpose, on this machine."""
    prefix = _prefix(path)
    folder = state_folder() / "own"
    if prefix is None or not folder.is_dir():
        return False
    if catalog_id is not None:
        return (folder / f"{prefix}{catalog_id}").exists()
    return any(folder.glob(f"{prefix}*"))


def claim(path: Path, catalog_id: str) -> None:
    """Remember a catalog as made here."""
    prefix = _prefix(path)
    if prefix is None or not catalog_id.isalnum():
        return
    folder = private_folder(state_folder() / "own")
    mine = folder / f"{prefix}{catalog_id}"
    # At no moment is it not ours: other processes may be opening it.
    if not mine.exists():
        mine.touch(mode=0o600)
    for stale in folder.glob(f"{prefix}*"):
        if stale != mine:
            stale.unlink(missing_ok=True)


def disclaim(path: Path) -> None:
    """Forget a catalog that is about to be removed."""
    if prefix := _prefix(path):
        for mine in (state_folder() / "own").glob(f"{prefix}*"):
            mine.unlink(missing_ok=True)


def _prefix(path: Path) -> str | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_dev}-{found.st_ino}-"
