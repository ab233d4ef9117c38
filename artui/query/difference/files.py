"""What is in a file of two versions, and how that differs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from artui.content import profiles as making
from artui.errors import ArtuiError, UsageError
from artui.model.difference import (
    ChangedRow,
    ChangedRows,
    FileChange,
    FileDifference,
    RowsDifference,
    VersionDifference,
)
from artui.preview import preview
from artui.preview.pickles import NOT_OPENED
from artui.preview.text import as_utf8, is_text
from artui.profile.tables import FRAMED_ENDINGS, NotATable, TookTooLong, table_of
from artui.query.difference import pictures, tables, tensors, texts
from artui.query.difference.facts import PICKLE_NOTE, facts_changes, said_of_facts
from artui.query.opened import open_content

if TYPE_CHECKING:
    from artui.model import Preview
    from artui.profile.column import Profile
    from artui.profile.rows import Cells
    from artui.query.reader import Reader

_TENSORS = ("safetensors", "npy", "npz")
_HEAD_BYTES = 8192
NO_KEY = "there is no column"
"""Begins the note about a key that a table lacks."""
MAX_FRAMED_ROWS = 200_000
"""Rows of Parquet and Arrow files are compared up to so many."""
MOST_ROWS = 10_000
"""So many rows that were added are given, so many that were removed, and so many that changed."""


class Known:
    """What is kept of the files of two versions: previews and profiles, read once."""

    def __init__(self, reader: Reader, difference: VersionDifference) -> None:
        self.reader, self.difference = reader, difference
        self.keys = difference.before.key, difference.after.key
        self._previews: list[Mapping[str, Preview]] | None = None
        self._profiles: list[dict[str, Profile]] | None = None

    @property
    def previews(self) -> list[Mapping[str, Preview]]:
        """Of either version, by path."""
        if self._previews is None:
            from artui.query.artifacts import previews

            self._previews = [previews(self.reader, key) for key in self.keys]
        return self._previews

    @property
    def profiles(self) -> list[dict[str, Profile]]:
        """Of either version, by path."""
        if self._profiles is None:
            from artui.query.profiles import sketches

            self._profiles = [sketches(self.reader, key) for key in self.keys]
        return self._profiles

    def opened(self, side: int, path: str) -> BinaryIO:
        """Open a file of the first (0) or second (1) version.

        Raises:
            ArtuiError: its bytes are not at hand.
        """
        return open_content(self.reader, self.keys[side], path)


def file_difference(
    known: Known,
    change: FileChange,
    *,
    key: Sequence[str] = (),
    may_take_long: bool = True,
    is_wanted: Callable[[], bool] = lambda: True,
) -> FileDifference:
    """Compare what is in a file of both versions; of one that only one of them has, nothing.

    Args:
        key: the columns that name the rows of a table; guessed by default.
        may_take_long: whether tables without a profile are read for it, and rows of large ones are compared.
        is_wanted: asked now and then whether to go on.
    """
    old_path = change.old_path or change.path
    if change.change in ("added", "removed"):
        return FileDifference(
            change.path, "nothing", f"only in {'the second' if change.change == 'added' else 'the first'}"
        )
    if change.change == "moved":
        return FileDifference(change.path, "nothing", f"the same content, moved from {old_path}")
    if any(head.removed_ms is not None for head in (known.difference.before, known.difference.after)):
        # That is said once of the version, not of each of its files.
        return _of_previews(change.path, known.previews[0].get(old_path), known.previews[1].get(change.path), "")
    if change.path.lower().endswith(".npy") and (found := _of_arrays(known, change, old_path)) is not None:
        return found
    if table_of(change.path) is not None:
        found = _of_tables(known, change, key, may_take_long=may_take_long, is_wanted=is_wanted)
        if found is not None:
            return found
    before, after = known.previews[0].get(old_path), known.previews[1].get(change.path)
    try:
        with ExitStack() as stack:
            streams = [
                stack.enter_context(known.opened(side, path)) for side, path in enumerate((old_path, change.path))
            ]
            return _of_streams(change, streams[0], streams[1], before, after)
    except ArtuiError as error:
        return _of_previews(change.path, before, after, str(error))


def _of_arrays(known: Known, change: FileChange, old_path: str) -> FileDifference | None:
    """Compare two arrays of one shape value by value; None of others, which are compared as tables, or if they are not at hand."""
    try:
        with known.opened(0, old_path) as first, known.opened(1, change.path) as second:
            found = tensors.tensors_difference(change.path, first, second)
    except ArtuiError:
        return None
    return None if found is None or any(value.note == "another shape" for value in found.values) else found


def _of_streams(
    change: FileChange, first: BinaryIO, second: BinaryIO, before: Preview | None, after: Preview | None
) -> FileDifference:
    path = change.path
    if (
        path.lower().rpartition(".")[2] in _TENSORS
        and (found := tensors.tensors_difference(path, first, second)) is not None
    ):
        return found
    heads = []
    for stream in (first, second):
        stream.seek(0)
        heads.append(as_utf8(stream.read(_HEAD_BYTES)))
        stream.seek(0)
    sizes = (change.size_before or 0, change.size_after or 0)
    if all(is_text(head) for head in heads):
        if max(sizes) > texts.MAX_BYTES:
            return FileDifference(
                path,
                "bytes",
                _sizes(change),
                (f"texts over {texts.MAX_BYTES >> 20} MiB are not compared line by line",),
            )
        return texts.text_difference(path, as_utf8(first.read()), as_utf8(second.read()))
    shown = (before or preview(path, first, sizes[0]), after or preview(path, second, sizes[1]))
    if shown[0].kind == shown[1].kind == "image":
        return pictures.pictures_difference(path, shown, (first, second))
    return _of_previews(path, *shown, "", sizes=_sizes(change))


def _of_previews(
    path: str, before: Preview | None, after: Preview | None, why_not: str, *, sizes: str = ""
) -> FileDifference:
    """Compare what was seen of a file when it was saved."""
    notes = (why_not,) if why_not else ()
    if before is None or after is None:
        return FileDifference(path, "nothing", "not compared", notes)
    if (
        before.kind == after.kind == "tensors"
        and (found := tensors.headers_difference(path, before, after)) is not None
    ):
        return FileDifference(
            path, "tensors", found.summary, (*notes, *found.notes), values=found.values, hidden=found.hidden
        )
    if before.kind == after.kind == "image":
        return replace(pictures.pictures_difference(path, (before, after)), notes=notes)
    if before.text and after.text:
        found = texts.lines_difference(
            path, before.text.splitlines(keepends=True), after.text.splitlines(keepends=True)
        )
        seen = "only what was previewed is compared"
        return FileDifference(
            path,
            "text",
            found.summary,
            (*notes, *found.notes, seen),
            found.lines,
            found.added,
            found.removed,
            found.hidden,
        )
    if all(NOT_OPENED in seen.facts for seen in (before, after)):
        about = facts_changes(before, after)
        return FileDifference(
            path, "values", said_of_facts(about) or f"nothing differs of what is seen; {sizes or 'not opened'}",
            (*notes, PICKLE_NOTE), values=tuple(about),
        )  # fmt: skip
    return FileDifference(path, "bytes", sizes or f"{before.title} → {after.title}", notes)


def _sizes(change: FileChange) -> str:
    return f"{change.size_before or 0:,} → {change.size_after or 0:,} bytes"


def _of_tables(
    known: Known, change: FileChange, key: Sequence[str], *, may_take_long: bool, is_wanted: Callable[[], bool]
) -> FileDifference | None:
    """Compare two tables; None if one of them has no profile and none can be made."""
    paths = (change.old_path or change.path, change.path)
    notes: list[str] = []
    found: list[Profile] = []
    for side, path in enumerate(paths):
        profile = known.profiles[side].get(path)
        if profile is None:
            try:
                profile = _made(known, side, path, change, may_take_long=may_take_long, is_wanted=is_wanted)
            except (ArtuiError, NotATable, TookTooLong) as error:
                return (
                    None
                    if isinstance(error, NotATable)
                    else FileDifference(path, "nothing", "not compared", (_why(error, path),))
                )
        if profile.note:
            notes.append(
                f"{known.difference.before.reference if side == 0 else known.difference.after.reference}: {profile.note}"
            )
        found.append(profile)
    rows = _rows(known, paths, found, key, notes, may_take_long=may_take_long)
    table = tables.table_difference(found[0], found[1], rows)
    return FileDifference(change.path, "table", tables.summary_of(table), tuple(notes), table=table)


def _why(error: Exception, path: str) -> str:
    if isinstance(error, ArtuiError):
        return str(error)
    return f"{path}: its columns are not known yet, and counting them takes long: `artui preview` does it once"


def _made(
    known: Known, side: int, path: str, change: FileChange, *, may_take_long: bool, is_wanted: Callable[[], bool]
) -> Profile:
    size_bytes = (change.size_before, change.size_after)[side] or 0
    with known.opened(side, path) as stream:
        profile = making.at_once(path, stream, size_bytes)
        if profile is not None:
            return profile
        if not may_take_long:
            raise TookTooLong
        return making.apart(path, stream, size_bytes, is_wanted=is_wanted)


def _rows(
    known: Known,
    paths: tuple[str, str],
    found: Sequence[Profile],
    key: Sequence[str],
    notes: list[str],
    *,
    may_take_long: bool,
) -> RowsDifference | None:
    from artui.profile.rows import MAX_CELLS, TooLarge

    cells_count = max(profile.rows * max(1, len(profile.columns)) for profile in found)
    most = MAX_CELLS if may_take_long else MAX_CELLS // 20
    if cells_count > most:
        difference = known.difference
        command = f"artui diff {difference.before.reference} {difference.after.reference} --file {paths[1]}"
        does = "" if may_take_long else f": `{command}` compares them"
        notes.append(f"rows are not compared: {cells_count:,} cells are more than {most:,}{does}")
        return None
    if any(profile.left_out_columns for profile in found):
        notes.append("rows are not compared: not all columns are looked at")
        return None
    try:
        numeric = tables.numeric_columns(*found)
        sides = [_cells(known, side, path, found[side].rows, numeric) for side, path in enumerate(paths)]
    except (ArtuiError, NotATable) as error:
        notes.append(f"rows are not compared: {error}")
        return None
    except TooLarge:
        notes.append(f"rows are not compared: they have more than {MAX_CELLS:,} cells")
        return None
    missing = [name for name in key if any(name not in cells.names for cells in sides)]
    if missing:
        notes.append(f"{NO_KEY} {', '.join(missing)} in both: the key is guessed")
    types = {column.name: column.type for column in found[1].columns}
    used = tuple(key) if key and not missing else tables.key_of(sides[0], sides[1], types)
    return tables.rows_difference(sides[0], sides[1], used, numeric)


def changed_rows(known: Known, change: FileChange, rows: RowsDifference) -> ChangedRows:
    """Read the rows of a table that differ, as `file_difference` has paired and counted them; of each kind the first `MOST_ROWS`.

    Raises:
        ArtuiError: its bytes are not at hand any more.
    """
    from artui.profile.rows import TooLarge, paired

    paths = (change.old_path or change.path, change.path)
    try:
        sides = [_cells(known, side, path, 0, rows.numeric) for side, path in enumerate(paths)]
        found = paired(sides[0], sides[1], rows.key)
        changed = [places[:MOST_ROWS].tolist() for places in found.changed_places]
        added, removed = (places[:MOST_ROWS].tolist() for places in (found.added_places, found.removed_places))
        changed = changed if rows.key else [[], []]
        before = _picked(known, 0, paths[0], [*changed[0], *removed])
        after = _picked(known, 1, paths[1], [*changed[1], *added])
    except (NotATable, TooLarge) as error:
        raise UsageError(f"The rows of {change.path!a} cannot be read: {error}.") from error
    every = dict.fromkeys((*sides[1].names, *sides[0].names))
    differing = [name for name, _ in rows.changed_by_column]
    names = tuple(dict.fromkeys((*rows.key, *differing, *every)))
    pairs: list[tuple[Literal["added", "removed", "changed"], int | None, int | None]] = [
        *(("changed", first, second) for first, second in zip(*changed, strict=True)),
        *(("added", None, place) for place in added),
        *(("removed", place, None) for place in removed),
    ]
    shown = tuple(
        _changed_row(word, first, second, [(ours.get(name), theirs.get(name)) for name in names], is_numeric)
        for is_numeric in [[name in rows.numeric for name in names]]
        for word, first, second in pairs
        for ours, theirs in [(before.get(first, {}) if first is not None else {}, after.get(second, {}) if second is not None else {})]
    )  # fmt: skip
    return ChangedRows(rows.key, names, shown, rows)


def _changed_row(
    word: Literal["added", "removed", "changed"],
    first: int | None,
    second: int | None,
    cells: Sequence[tuple[str | None, str | None]],
    is_numeric: Sequence[bool],
) -> ChangedRow:
    from artui.profile.rows import is_same_cell

    differs = (not is_same_cell(*cell, is_numeric=is_number) for cell, is_number in zip(cells, is_numeric, strict=True))
    return ChangedRow(word, (second if second is not None else first or 0) + 1, tuple(cells), tuple(differs))


def _picked(known: Known, side: int, path: str, places: Sequence[int]) -> dict[int, dict[str, str | None]]:
    from artui.profile.rows import picked, picked_of_columns

    kind = table_of(path)
    assert kind is not None
    if kind.ending in FRAMED_ENDINGS:
        names, columns = _framed(known, side, path)
        return picked_of_columns(names, columns, places)
    with known.opened(side, path) as stream:
        return picked(kind, stream, places)


def _framed(known: Known, side: int, path: str) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """Read a table that only packages read."""
    from artui.profile.rows import TooLarge
    from artui.query.tablereading import read_beginning

    begun = read_beginning(lambda: known.opened(side, path), path, MAX_FRAMED_ROWS)
    if begun.has_more_rows or begun.left_out_columns:
        raise TooLarge
    columns = begun.table.columns()
    return begun.table.names, [columns[name] for name in begun.table.names]


def _cells(known: Known, side: int, path: str, row_count: int, numeric: Collection[str]) -> Cells:
    from artui.profile.rows import TooLarge, cells_of, cells_of_columns

    kind = table_of(path)
    assert kind is not None
    if kind.ending in FRAMED_ENDINGS:
        if row_count > MAX_FRAMED_ROWS:
            raise TooLarge
        return cells_of_columns(*_framed(known, side, path))
    with known.opened(side, path) as stream:
        return cells_of(kind, stream, numeric=numeric)
