"""Keeping catalogs out of git: what is recorded in a repository must not be in the way of its own tools.

`git clean -fd` would delete a new catalog, `git stash -u` take it away and `git add .` commit it. A line in
`.git/info/exclude` keeps it from all three, and changes no file of the repository.
"""

from __future__ import annotations

from pathlib import Path

PATTERN = "*.artui*"


def exclude_from_git(root: Path) -> bool:
    """Have git ignore the catalogs of a repository; say whether that was added now. Errors of writing are ignored."""
    try:
        folder = _git_folder(root)
        if folder is None:
            return False
        path = folder / "info" / "exclude"
        text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
        if PATTERN in text.split():
            return False
        path.parent.mkdir(exist_ok=True)
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(f"{'' if not text or text.endswith(chr(10)) else chr(10)}{PATTERN}\n")
    except (OSError, ValueError):
        return False
    return True


def _git_folder(root: Path) -> Path | None:
    """Find the folder that all work trees of a repository have in common; a work tree and a submodule have a file `.git`."""
    place = root / ".git"
    if place.is_file():
        pointer = place.read_text("utf-8", "surrogateescape").strip()
        if not pointer.startswith("gitdir:"):
            return None
        place = root / pointer.removeprefix("gitdir:").strip()
    common = place / "commondir"
    if common.is_file():
        place = place / common.read_text("utf-8", "surrogateescape").strip()
    return place if place.is_dir() else None
