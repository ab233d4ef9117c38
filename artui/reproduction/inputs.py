"""What a run used, put where the run looks for it."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from artui.content.fetching import fetch
from artui.model.audit import NO_DATA_KINDS, Ingredient, State
from artui.query.artifacts import get_version, with_presence
from artui.query.opened import open_content
from artui.reproduction.command import INPUTS, mapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from artui.model import RunDetail, VersionDetail
    from artui.query.reader import Reader

_MOST_NAMED = 3
_MOST_LOOKED_AT = 20_000


@dataclass(slots=True)
class Inputs:
    """What came of it."""

    part: Ingredient
    moved: dict[str, str] = field(default_factory=dict)
    """By the path where an input lay, where it is now, relative to the folder."""
    notes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    written_count: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file that is there, as hex, by its path in the folder."""


def put_inputs(
    reader: Reader, run: RunDetail, folder: Path, *, root: str, may_replace: bool, tell: Callable[[int], None]
) -> Inputs:
    """Fetch all that a run used but its code and environment; each file is checked by its digest."""
    heads = [head for head in run.inputs if head.kind not in NO_DATA_KINDS]
    if not heads:
        return Inputs(Ingredient("data", "none", "none was used, or none was noted"))
    result = Inputs(Ingredient("data", "present", ""))
    whole: list[str] = []
    for head in heads:
        detail = with_presence(reader, get_version(reader, head.id))
        place, is_single = _place_of(detail, run.directory, root)
        if not place:
            # It lies where it lay, and with the recorded bytes: large data is not copied.
            if _is_as_recorded(detail):
                whole.append(head.reference)
                result.notes.append(f"{head.reference} is read where it lies, {detail.location}")
                continue
            place = posixpath.join(INPUTS, f"{head.artifact.replace('/', '-')}-v{head.number}")
        version_key = head.key
        fetched = fetch(
            detail.files, lambda file, key=version_key: open_content(reader, key, file.path, is_checked=False),  # type: ignore[misc]
            folder / place, may_replace=may_replace, tell=tell,
        )  # fmt: skip
        result.written_count += len(fetched.written)
        result.changed += [posixpath.join(place, path) for path in fetched.in_the_way]
        by_path = {file.path: file.digest for file in detail.files}
        for path in (*fetched.written, *fetched.present, *fetched.in_the_way):
            result.digests[posixpath.join(place, path)] = by_path[path]
        lost = {path: why for path, why in fetched.left_out.items() if path not in fetched.in_the_way}
        result.notes += [f"{head.reference}, {path}: {why}" for path, why in list(lost.items())[:5]]
        if len(lost) > 5:
            result.notes.append(f"{head.reference}: {len(lost) - 5:,} more files could not be had")
        if detail.files and not lost:
            whole.append(head.reference)
        if not detail.files:
            result.notes.append(f"{head.reference} has no files")
        if detail.location:
            result.moved[detail.location] = posixpath.join(place, detail.files[0].path) if is_single else place
    state: State = "present" if len(whole) == len(heads) else "partial" if whole else "missing"
    told = [f"{_named(whole)}, as recorded"] if whole else []
    lacking = [head.reference for head in heads if head.reference not in whole]
    told += [f"not all of {_named(lacking)}"] if lacking else []
    result.part = Ingredient("data", state, "; ".join(told))
    return result


def _named(references: list[str]) -> str:
    shown = ", ".join(references[:_MOST_NAMED])
    return f"{shown} and {len(references) - _MOST_NAMED} more" if len(references) > _MOST_NAMED else shown


def _place_of(detail: VersionDetail, directory: str, root: str) -> tuple[str, bool]:
    """Say where the files of a version go, relative to the folder, and whether it is one file; an empty place if they lay elsewhere."""
    location = detail.location
    is_single = len(detail.files) == 1 and posixpath.basename(location) == detail.files[0].path
    place = mapped(location, directory, root) if posixpath.isabs(location) else None
    if not place or posixpath.normpath(location) in (
        posixpath.normpath(root or "."),
        posixpath.normpath(directory or "."),
    ):
        return "", is_single
    return (posixpath.dirname(place) if is_single else place), is_single


def _is_as_recorded(detail: VersionDetail) -> bool:
    """Whether all files of a version lie where they lay; each is held against its digest."""
    import hashlib

    from artui.content.regular import open_regular

    place = detail.location
    if not posixpath.isabs(place) or not detail.files or not os.path.exists(place):
        return False
    is_single = len(detail.files) == 1 and posixpath.basename(place) == detail.files[0].path
    for file in detail.files:
        path = Path(place) if is_single else Path(place, file.path)
        if not file.digest or posixpath.isabs(file.path) or os.pardir in file.path.split("/"):
            return False
        try:
            with open_regular(path) as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.digest:  # type: ignore[arg-type]
                    return False
        except OSError:
            return False
    return True


def is_as_it_was(path: str, started_ms: int) -> bool:
    """Whether a file or folder was there before a run started, and nothing in it was written since.

    A folder of very many files counts as one that is not: looking would take too long.
    """
    try:
        if not os.path.isdir(path):
            return os.path.isfile(path) and os.stat(path).st_mtime_ns < started_ms * 1_000_000
        count = 0
        for folder, _, names in os.walk(path, onerror=_raise):
            for place in (folder, *(os.path.join(folder, name) for name in names)):
                count += 1
                if count > _MOST_LOOKED_AT or os.lstat(place).st_mtime_ns >= started_ms * 1_000_000:
                    return False
    except (OSError, ValueError):
        return False
    return True


def _raise(error: OSError) -> None:
    raise error
