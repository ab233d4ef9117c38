"""Stores that lie elsewhere: a bucket or a folder of another machine, brought into the user's cache folder before it is imported.

The copy stays there under one place for one URI, so that an import of the same store again fetches what is new, and knows its
runs again. What a list of names leads to outside of that place is not fetched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from artui.content.stores import opened
from artui.content.stores.places import is_uri, place_of
from artui.content.stores.store import Store
from artui.errors import StoreFailed, UsageError
from artui.paths import file_stem
from artui.settings import cache_folder, private_folder

MAX_FILES = 200_000
ALWAYS_BYTES = 1 << 20
"""A file of at most so many bytes is fetched again, for it may have changed without growing."""
MOST_FAILURES = 3
"""After so many files in a row that cannot be fetched it is given up."""
_PART = ".artui-part"
_ROOM = 0.9
"""So much of the free room of the disk may be taken."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{1,20}):/+")
Tell = Callable[[str, int, int], None]
"""Told what is done, how many bytes are done and how many there are."""


@dataclass(slots=True)
class Fetched:
    """A store that was brought here."""

    uri: str
    """Where it lies, without what one signs in with."""
    folder: Path
    files: int = 0
    """How many there are; of these `new` were fetched now."""
    new: int = 0
    new_bytes: int = 0
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, why) of files that were not fetched."""


def uri_in(path: Path) -> str:
    """Give the URI that stands in a path, of which the two slashes have become one; empty if it is a path."""
    text = str(path)
    match = _SCHEME.match(text)
    if match is None or os.path.lexists(path):
        return ""
    uri = f"{match[1]}://{text[match.end() :]}"
    return uri if is_uri(uri) else ""


def fetch(uri: str, tell: Tell | None = None) -> Fetched:
    """Bring a store here, as far as it is not.

    Raises:
        UsageError: it is no store, it has too many files, or there is no room for it.
        StoreFailed: it cannot be reached, or not be read to its end.
        PackageMissing: it needs a package that is not installed.
    """
    place = place_of(uri)
    shown = place.uri
    store = opened(uri)
    key = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    home = private_folder(cache_folder() / "imports" / key)
    folder = home / (file_stem(shown.rstrip("/").rpartition("/")[2]) or "store")
    folder.mkdir(exist_ok=True)
    found = Fetched(shown, folder)
    wanted = _wanted(store, found)
    if not wanted and not found.left:
        raise UsageError(f"{shown} has no files.", remedy="Is it the right place?")
    _take_away_others(folder, wanted)
    coming = {name: size for name, size in wanted.items() if not _is_here(folder / name, size)}
    total = sum(coming.values())
    if total > shutil.disk_usage(folder).free * _ROOM:
        raise UsageError(f"{shown} has {total:,} bytes to be fetched, and there is no room for them in {folder}.", remedy="Make room, or import a part of it.")  # fmt: skip
    done = failures = 0
    for name, size in coming.items():
        if tell is not None:
            tell("fetching", done, total)
        try:
            _fetch_file(store, folder, name, size, found)
            failures = 0
        except StoreFailed as error:
            # One file may be locked, or gone by now; a store that is out of reach ends it.
            failures += 1
            if failures == MOST_FAILURES or len(coming) == 1:
                raise
            found.left["files", f"cannot be fetched: {error.message}"] += 1
        done += size
    found.files = len(wanted)
    return found


def _wanted(store: Store, found: Fetched) -> dict[str, int]:
    """List what is to be fetched: sizes by names below the store."""
    wanted: dict[str, int] = {}
    for name, size in store.listed(""):
        name = name.lstrip("/")
        if not is_plain(name):
            found.left["files", "have a name that no file here can have, or that leads elsewhere"] += 1
        elif len(wanted) == MAX_FILES:
            raise UsageError(f"{found.uri} has more than {MAX_FILES:,} files.", remedy="Import a part of it.")
        else:
            wanted[name] = size
    # What is a file there cannot be the folder of another here.
    folders = {name[:at] for name in wanted for at in _slashes(name)}
    for name in folders & wanted.keys():
        del wanted[name]
        found.left["files", "are called as a folder is"] += 1
    return wanted


def _slashes(name: str) -> list[int]:
    return [at for at, letter in enumerate(name) if letter == "/"]


def is_plain(name: str) -> bool:
    """Whether a name leads to a file below the folder it is for."""
    parts = name.split("/")
    return (
        bool(name) and "\0" not in name and len(os.fsencode(name)) < 4000 and not {"", ".", ".."} & set(parts)
        and all(len(os.fsencode(part)) < 255 - len(_PART) for part in parts) and not name.endswith(_PART)
    )  # fmt: skip


def _is_here(place: Path, size: int) -> bool:
    try:
        there = place.lstat().st_size
    except OSError:
        return False
    # The names of a lake's files say what is in them.
    return there == size and (size > ALWAYS_BYTES or place.suffix == ".parquet")


def _take_away_others(folder: Path, wanted: dict[str, int]) -> None:
    """Take away what is not there any more, and what was not fetched to its end."""
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            if os.path.relpath(path, folder) not in wanted:
                with contextlib.suppress(OSError):
                    path.unlink()


def _fetch_file(store: Store, folder: Path, name: str, size: int, found: Fetched) -> None:
    place = folder / name
    part = place.with_name(place.name + _PART)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            for piece in store.pieces(name, 0, size) if size else ():
                stream.write(piece)
        os.replace(part, place)
    except StoreFailed:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror or error}.", remedy="Make room there.") from error  # fmt: skip
    found.new += 1
    found.new_bytes += size
