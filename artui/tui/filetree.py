"""The files of a version by folder: each folder is one line with what it holds, until it is unfolded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.model import ManifestFile

FEWEST_FOLDED = 20
"""So many files are folded at first, if they are in folders."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A line: a file, or a folder with all that is below it."""

    label: str
    """The name; of a folder that holds one folder and nothing else, the names of both."""
    depth: int
    file: ManifestFile | None = None
    """None for a folder."""
    path: str = ""
    """Of a folder, with a slash at its end."""
    count: int = 0
    """Files in a folder, near and far."""
    size_bytes: int = 0
    is_folded: bool = False


@dataclass(slots=True)
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[tuple[str, ManifestFile]] = field(default_factory=list)
    count: int = 0
    size_bytes: int = 0


def tree_rows(files: Sequence[ManifestFile], unfolded: Collection[str] | None) -> list[TreeRow]:
    """Give the lines of files that are ordered by path: folders first, then files. `unfolded` are paths of folders, None for all."""
    return list(_rows(_tree(files), unfolded, "", 0))


def folders_above(path: str) -> frozenset[str]:
    """Give the paths of all folders that a file is in."""
    parts = path.split("/")[:-1]
    return frozenset("/".join(parts[: count + 1]) + "/" for count in range(len(parts)))


def _tree(files: Sequence[ManifestFile]) -> _Folder:
    top = _Folder()
    for file in files:
        *names, name = file.path.split("/")
        here = top
        for part in (None, *names):
            here = here if part is None else here.folders.setdefault(part, _Folder())
            here.count += 1
            here.size_bytes += file.size_bytes
        here.files.append((name, file))
    return top


def _rows(folder: _Folder, unfolded: Collection[str] | None, path: str, depth: int) -> Iterator[TreeRow]:
    for name, inner in folder.folders.items():
        label = f"{name}/"
        while len(inner.folders) == 1 and not inner.files:
            ((next_name, inner),) = inner.folders.items()
            label += f"{next_name}/"
        own = path + label
        is_folded = unfolded is not None and own not in unfolded
        yield TreeRow(label, depth, None, own, inner.count, inner.size_bytes, is_folded)
        if not is_folded:
            yield from _rows(inner, unfolded, own, depth + 1)
    for name, file in folder.files:
        yield TreeRow(name, depth, file)
