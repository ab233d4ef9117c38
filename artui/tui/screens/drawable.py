"""What of a version can be drawn: a table as a whole, the spread of one of its columns, a picture, or tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from artui.content.images import is_picture
from artui.errors import ArtuiError
from artui.query.columns import is_telling, spread
from artui.query.tensors import has_tensors
from artui.safetext import clean
from artui.tui.screens.rows import is_table, read_rows

if TYPE_CHECKING:
    from artui.model import Preview, VersionDetail
    from artui.query.pictures import TablePicture
    from artui.query.reader import Reader
    from artui.query.runs.statistics import Description

MAX_FILES = 50
"""So many files of a version are tried."""
NONE = "No file of this version can be drawn: f draws tables (.csv, .jsonl, .parquet …), pictures (.png, .jpg …) and tensors (.npy, .npz, .safetensors)."


class Drawn(NamedTuple):
    """A file, and what it is drawn as; as itself if it is neither."""

    path: str
    picture: TablePicture | None = None
    spread: Description | None = None
    recount: Callable[..., Description | None] = lambda **_: None
    """Counts that column anew, with `is_log` on that axis."""
    about: str = ""
    """Which column is drawn, and what is to be known of it."""


def drawable_paths(detail: VersionDetail, previews: Mapping[str, Preview], *, first: str = "") -> list[str]:
    """Name the files of a version that can be drawn, by their names and by what was seen of them; `first` comes before the others."""

    def is_drawable(path: str) -> bool:
        seen = previews.get(path)
        if is_picture(path):
            return seen is None or seen.kind == "image"
        if has_tensors(path) and not is_table(path):
            return seen is None or seen.kind == "tensors"
        return is_table(path) and (seen is None or (seen.table is not None and bool(seen.table.rows)))

    paths = [file.path for file in detail.files if is_drawable(file.path)]
    return sorted(paths, key=lambda path: path != first)[:MAX_FILES]


def read_drawn(reader: Reader, version_key: int, paths: Sequence[str], *, first: str = "") -> Drawn | None:
    """Read the first file that can be drawn: `first` in any way, else a whole table before a column or a picture of any file."""
    groups = [[path for path in paths if path == first], [path for path in paths if path != first]]
    for group in groups:
        for read in (_as_table, _as_itself, _as_column, _as_tensors):
            for path in group:
                if (drawn := read(reader, version_key, path)) is not None:
                    return drawn
    return None


def _as_table(reader: Reader, version_key: int, path: str) -> Drawn | None:
    from artui.query.pictures import read_picture

    try:
        picture = read_picture(reader, version_key, path)
    except ArtuiError:
        return None
    return Drawn(path, picture) if picture is not None else None


def _as_itself(reader: Reader, version_key: int, path: str) -> Drawn | None:
    return Drawn(path) if is_picture(path) else None


def _as_tensors(reader: Reader, version_key: int, path: str) -> Drawn | None:
    """Each tensor of a file has a histogram on its screen."""
    return Drawn(path) if has_tensors(path) else None


def _as_column(reader: Reader, version_key: int, path: str) -> Drawn | None:
    """Count the values of the first column that tells something: one of ids does not. Else of the first that has any."""
    content = read_rows(reader, version_key, path) if is_table(path) else None
    if content is None:
        return None
    first = None
    for place, (name, cells) in enumerate(zip(content.names, content.columns, strict=True)):
        count = partial(spread, clean(name) or str(place + 1), cells)
        described = count()
        if described is not None:
            drawn = Drawn(path, spread=described, recount=count, about=content.column_text(place))
            if is_telling(described):
                return drawn
            first = first or drawn
    return first
