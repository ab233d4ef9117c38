"""The files at a path that is saved, and those that the links in it lead to.

A link is followed wherever it leads, since people keep data behind links: the snapshots of a model hub, what DVC and
git-annex check out, `latest -> step-100`. Four kinds of links are never followed: to files of the kernel and its devices,
to files whose names mark them as secrets, to a folder that contains the link itself, and to nothing. These are listed
as links. Nothing is read or reported here: what was left out is part of the answer.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from artui.errors import UsageError
from artui.paths import manifest_name, usable_path
from artui.secrets import is_secret_file

Follow = Literal["outside", "inside", "nothing"]
"""Whether links are followed wherever they lead, only where they stay within the folder, or not at all."""

MAX_HOPS = 40
"""A link that leads to a link, and so on: the kernel goes no further either."""
MAX_VISITS = 32
MANY_VISITS = 10_000
"""Once this many folders behind links were entered, repeats included, each is entered at most `MAX_VISITS` times.
Otherwise folders that each link to the next one twice would be a billion after thirty steps."""
_NOT_FOLLOWED = ("/proc", "/sys", "/dev")
_MEMORY = "/dev/shm"
"""Where people keep data in memory: ordinary files."""

_Folder = tuple[int, int]
"""Device and inode."""


@dataclass(slots=True)
class Listing:
    """The files at a path, and what is left out of them."""

    entries: list[tuple[str, Path]] = field(default_factory=list)
    """(manifest path, real path), sorted. Where a link is followed the real path is what it leads to."""
    secret: list[str] = field(default_factory=list)
    """Manifest paths of files whose names mark them as secrets."""
    leading_out: list[str] = field(default_factory=list)
    """Manifest paths of links that were followed out of the folder."""
    not_followed: list[tuple[str, str]] = field(default_factory=list)
    """Manifest paths of links that are listed as links, each with why."""
    unlisted: list[OSError] = field(default_factory=list)
    """Why folders could not be listed; each names its folder."""


class NotFollowed(Exception):
    """Why a link is not followed."""


def listed(path: Path, *, follow: Follow) -> Listing:
    """List what is saved of a path: a folder, or a single file under its own name.

    If the path itself is a link, it stands for what it leads to.

    Raises:
        UsageError: there is nothing at the path, or it is neither file nor folder, or a link to what is never followed.
    """
    try:
        status = usable_path(path).stat()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be saved: {error.strerror}.",
            remedy="Give the path of a file or folder that exists.",
        ) from None
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{str(path)!r} is neither a file nor a folder.", remedy="Give the path of a file or folder.")
    real = os.path.realpath(path)
    if path.is_symlink():
        try:
            real = _end_of(str(path))
        except NotFollowed as reason:
            raise UsageError(
                f"{str(path)!r} is a link that {reason}.", remedy="Name what it leads to, if it is to be saved."
            ) from None
    if stat.S_ISREG(status.st_mode):
        return Listing([(manifest_name(path.name), Path(real))])
    return _walked(path, Path(real), follow)


def entries_of(path: Path) -> Listing:
    """List a folder, or a file under its own name, of a store that is imported: links are listed, never followed."""
    if not path.is_dir() or path.is_symlink():
        return Listing([(manifest_name(path.name), path)] if os.path.lexists(path) else [])
    return _walked(path, path, "nothing")


def location_of(path: Path) -> str:
    """Give the location of content that stays in place; for a link to a folder, where it leads now."""
    return os.path.realpath(path) if path.is_symlink() and path.is_dir() else os.path.abspath(path)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder that is still to be listed."""

    path: str
    name: str
    """From the folder that is saved; empty for that one itself."""
    judged_paths: tuple[str, ...]
    """The paths whose names decide whether its files hold secrets."""
    way: frozenset[_Folder]
    """The folders on the way to it, and their parents."""


def _walked(path: Path, start: Path, follow: Follow) -> Listing:
    listing = Listing()
    root = os.path.realpath(start)
    # The last two parts are enough to recognise files of ~/.config/gcloud.
    judged_paths = {"/".join(Path(folder).parts[-2:]) for folder in (os.path.abspath(path), root)}
    waiting = [_Place(str(start), "", tuple(sorted(judged_paths)), _ids([root, *map(str, Path(root).parents)]))]
    visits: Counter[_Folder] = Counter()
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place.path) as scan:
                entries = list(scan)
        except OSError as error:
            listing.unlisted.append(error)
            continue
        for entry in entries:
            name = f"{place.name}/{entry.name}" if place.name else entry.name
            judged_file_paths = [f"{parent}/{entry.name}" for parent in place.judged_paths]
            if _is_folder(entry):
                ids = _ids([entry.path]) if follow != "nothing" else frozenset()
                waiting.append(_Place(entry.path, name, tuple(judged_file_paths), place.way | ids))
                continue
            is_link = entry.is_symlink()
            if not (is_link and _leads_to_folder(entry)) and any(map(is_secret_file, judged_file_paths)):
                listing.secret.append(manifest_name(name))
                continue
            if not is_link or follow == "nothing":
                listing.entries.append((manifest_name(name), Path(entry.path)))
                continue
            try:
                end = _end_of(entry.path)
                leads_out = end != root and not end.startswith(root.rstrip("/") + "/")
                if leads_out and follow == "inside":
                    raise NotFollowed("leads out of the folder")
                if os.path.isdir(end):
                    waiting.append(_entered(end, name, judged_file_paths, place.way, visits))
                else:
                    listing.entries.append((manifest_name(name), Path(end)))
                if leads_out:
                    listing.leading_out.append(manifest_name(name))
            except NotFollowed as reason:
                listing.entries.append((manifest_name(name), Path(entry.path)))
                listing.not_followed.append((manifest_name(name), str(reason)))
    for names in (listing.entries, listing.secret, listing.leading_out, listing.not_followed):
        names.sort()
    return listing


def _entered(end: str, name: str, judged_paths: list[str], way: frozenset[_Folder], visits: Counter[_Folder]) -> _Place:
    """Give the folder that a link leads to as a place to list.

    Raises:
        NotFollowed: following the link would never end.
    """
    folder = _ids([end])
    if folder & way:
        raise NotFollowed("leads to a folder that it lies in")
    visits.update(folder)
    if visits.total() > MANY_VISITS and any(visits[folder_id] > MAX_VISITS for folder_id in folder):
        raise NotFollowed(f"leads where more than {MAX_VISITS} others do")
    return _Place(end, name, (*judged_paths, end), way | folder)


def _end_of(link: str) -> str:
    """Give the file or folder that a link leads to.

    Raises:
        NotFollowed: it leads nowhere, or passes something that is never followed.
    """
    try:
        end = os.path.realpath(link, strict=True)
        mode = os.stat(end).st_mode
        for place in (*_hops(link), end):
            if _is_kernels(place):
                raise NotFollowed(f"leads into /{place.split('/')[1]}")
            if not stat.S_ISDIR(mode) and is_secret_file(place):
                raise NotFollowed("leads to a file that by its name holds secrets")
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotFollowed("leads nowhere") from None
    except OSError as error:
        why = "leads nowhere" if error.errno == errno.ELOOP else f"cannot be followed ({error.strerror})"
        raise NotFollowed(why) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise NotFollowed("leads to what is neither file nor folder")
    return end


def _hops(link: str) -> Iterator[str]:
    """Give each path on the way of a link: as written, and with all links but its last part resolved."""
    path = link
    for _ in range(MAX_HOPS):
        if not os.path.islink(path):
            return
        path = os.path.join(os.path.dirname(path), os.readlink(path))
        yield os.path.normpath(path)
        head, name = os.path.split(path.rstrip("/") or "/")
        path = os.path.realpath(path) if name in ("", ".", "..") else os.path.join(os.path.realpath(head), name)
        yield path


def _is_kernels(path: str) -> bool:
    is_below = any(path == top or path.startswith(f"{top}/") for top in _NOT_FOLLOWED)
    return is_below and path != _MEMORY and not path.startswith(f"{_MEMORY}/")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _ids(paths: list[str]) -> frozenset[_Folder]:
    ids = set()
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        ids.add((status.st_dev, status.st_ino))
    return frozenset(ids)
