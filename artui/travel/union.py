"""Several catalogs as one: what a merge of them would give, in a private copy that follows them, and is only looked at.

The copy holds rows and points. The bytes of files stay where they are, and are read from there.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from artui.catalog import Catalog, cells, opening, origins
from artui.catalog.far import far_at
from artui.catalog.finding import ENDING
from artui.catalog.locks import Lock, lock_file
from artui.catalog.merging.merge import merge_one
from artui.catalog.merging.sources import open_source
from artui.catalog.spool.orphans import take_over
from artui.catalog.translate import ascii_path
from artui.errors import ArtuiError, CatalogError, CatalogLocked, UsageError
from artui.query.reader import Reader
from artui.settings import cache_folder, private_folder

Tell = Callable[[int, int], None]
"""Called with how many catalogs were looked at, and of how many."""
WHY_READ_ONLY = (
    "Several catalogs are shown as one: open one of them to change it, or bring them together with `artui merge`."
)
WAIT_SECONDS = 600.0
"""So long a question waits for another process that brings the same catalogs together."""
_LAYOUT = 1
"""Of the notes beside the copy: what was noted otherwise is gathered anew."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of looking at several catalogs."""

    news: int
    """How many had something new."""
    unread: tuple[tuple[str, str], ...]
    """Paths of those that cannot be read, with why."""


def catalogs_in(words: Sequence[str]) -> list[Path] | None:
    """Give the catalogs that words stand for: paths, patterns and folders; None if that is no more than one path.

    Raises:
        UsageError: nothing matches a pattern.
    """
    paths: list[Path] = []
    is_several = len({os.path.abspath(os.path.expanduser(word)) for word in words}) > 1
    for word in words:
        expanded = os.path.expanduser(word)
        if os.path.isdir(expanded):
            inside = sorted(name for name in os.listdir(expanded) if name.endswith(ENDING) and not name.startswith("."))
            paths += [Path(expanded) / name for name in inside]
            is_several |= len(inside) > 1
        elif glob.has_magic(expanded) and not os.path.lexists(expanded):
            matching = sorted(glob.glob(expanded, recursive=True))
            if not matching:
                raise UsageError(f"Nothing matches {word!a}.", remedy="Name catalogs, or a folder that has some.")
            paths += [Path(each) for each in matching if not os.path.isdir(each)]
            is_several = True
        else:
            paths.append(Path(expanded))
    by_place = {os.path.realpath(path): path for path in paths}
    return list(by_place.values()) if is_several and by_place else None


def copy_of(paths: Sequence[Path]) -> Path:
    """Give where the copy of some catalogs is: the same for the same files."""
    reals = sorted(os.path.realpath(path) for path in paths)
    name = re.sub("[^A-Za-z0-9._-]+", "-", os.path.basename(os.path.dirname(reals[0])))[:40].strip(".-") or "catalogs"
    digest = hashlib.sha256(b"\0".join(os.fsencode(real) for real in reals)).hexdigest()[:12]
    return private_folder(cache_folder() / "unions") / f"{name}-{digest}{ENDING}"


def make_ready(copy: Path) -> None:
    """Make the copy if it is missing, of an older schema, or cannot be written to: it can be gathered again at any time."""
    try:
        Catalog(copy, migrates=False).close()
    except CatalogError:
        with _lock(copy, waits=True):
            for path in copy.parent.glob(f"{copy.name}*"):
                if not path.name.endswith(".lock"):
                    path.unlink(missing_ok=True)
        Catalog(copy).close()


def open_as_one(paths: Sequence[Path], *, tell: Tell | None = None, seconds: float = WAIT_SECONDS) -> Reader:
    """Bring what is new in some catalogs into their copy, and open that, which is only looked at.

    Raises:
        CatalogError: one of them cannot be read, lies elsewhere, or another process gathers them for longer than `seconds`.
    """
    for path in paths:
        if far_at(path) is not None:
            raise CatalogError(
                "A catalog that lies elsewhere is asked alone.", remedy="`artui merge A B --into C` brings several into one."
            )  # fmt: skip
        opening.look(path)
        # What a process that died had logged last belongs to it, too.
        take_over(path)
    copy = copy_of(paths)
    make_ready(copy)
    deadline = time.monotonic() + seconds
    while (gathered := gather(paths, copy, tell=tell)) is None:
        if time.monotonic() > deadline:
            raise CatalogLocked("Another artui is still bringing these catalogs together.", remedy="Ask again when it is done.")  # fmt: skip
        time.sleep(0.05)
    if gathered.unread:
        path_text, why = gathered.unread[0]
        raise CatalogError(f"{ascii_path(Path(path_text))} cannot be asked with the others: {why}", remedy="Leave it out, or ask it alone.")  # fmt: skip
    return Reader(copy, sources=paths, why_not_writable=WHY_READ_ONLY, title=title_of([], paths))


def gather(paths: Sequence[Path], copy: Path, *, tell: Tell | None = None) -> Gathered | None:
    """Bring what is new in some catalogs into their copy, one by one; None while another process does so.

    What cannot be read is left as it was, and named.
    """
    with _lock(copy, waits=False) as is_ours:
        if not is_ours:
            return None
        notes = _notes(copy)
        news, unread = 0, []
        for number, path in enumerate(paths):
            if tell is not None:
                tell(number, len(paths))
            try:
                news += _take(path, copy, notes, paths)
            except (ArtuiError, OSError) as error:
                unread.append((str(path), error.message if isinstance(error, ArtuiError) else str(error.strerror)))
        if tell is not None:
            tell(len(paths), len(paths))
        return Gathered(news, tuple(unread))


@dataclass(slots=True)
class _Note:
    """What is known of one catalog."""

    token: list[int]
    origin_ids: list[str]
    own_origin_id: str


def _take(path: Path, copy: Path, notes: dict[str, _Note], paths: Sequence[Path]) -> int:
    """Merge one catalog unless its file is as it was; say whether that was news."""
    real = os.path.realpath(path)
    token = list(opening.file_token(Path(real)))
    known = notes.get(real)
    if known is not None and known.token == token:
        return 0
    with open_source(path) as source, Catalog(copy, create=False) as catalog:
        origin_ids = [cells.text(row[0]) for row in source.connection.execute("SELECT id FROM origin ORDER BY id")]
        # Under which it is written itself: a copy of it has that origin, too.
        own = source.connection.execute(
            "SELECT id FROM origin WHERE place = ? ORDER BY key DESC LIMIT 1", (origins.place_of(Path(real)),)
        ).fetchone()
        with catalog.transaction() as connection:
            merged = merge_one(connection, source, has_content=False)
            notes[real] = _Note(token, origin_ids, cells.text(own[0]) if own is not None else "")
            _name_origins(connection, notes, paths)
    _keep(copy, notes)
    return int(merged.is_news)


def _name_origins(connection: sqlite3.Connection, notes: dict[str, _Note], paths: Sequence[Path]) -> None:
    """Say of each origin in which of the catalogs it is, if that is one, or one that still writes under it."""
    names = names_of(paths)
    holders: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}
    for real, note in notes.items():
        for origin_id in note.origin_ids:
            holders.setdefault(origin_id, set()).add(real)
        owners.setdefault(note.own_origin_id, set()).add(real)
    for origin_id, reals in holders.items():
        only = reals if len(reals) == 1 else owners.get(origin_id, set())
        if len(only) == 1:
            origins.name(connection, origin_id, names[next(iter(only))])


def names_of(paths: Sequence[Path]) -> dict[str, str]:
    """Give short names of files, which tell them apart: by real path."""
    names: dict[str, str] = {}
    for path in paths:
        same = [other for other in paths if other.name == path.name]
        names[os.path.realpath(path)] = path.name if len(same) == 1 else f"{path.parent.name}/{path.name}"
    return names


# Beside the copy


@contextlib.contextmanager
def _lock(copy: Path, *, waits: bool) -> Iterator[bool]:
    handle = os.open(f"{copy}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock_file(handle, waits=waits) is not Lock.TAKEN
    finally:
        os.close(handle)


def _notes_path(copy: Path) -> Path:
    return copy.with_name(f"{copy.name}.sources.json")


def _notes(copy: Path) -> dict[str, _Note]:
    try:
        kept = json.loads(_notes_path(copy).read_text("utf-8"))
        if kept["layout"] != _LAYOUT or kept["catalog"] != opening.inspect(copy).catalog_id:
            return {}
        return {real: _Note(**note) for real, note in kept["sources"].items()}
    except (OSError, ValueError, KeyError, TypeError, CatalogError):
        return {}


def _keep(copy: Path, notes: dict[str, _Note]) -> None:
    content = {
        "layout": _LAYOUT, "catalog": opening.inspect(copy).catalog_id, "sources": {real: asdict(note) for real, note in notes.items()},
    }  # fmt: skip
    part = _notes_path(copy).with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(content), "utf-8")
    part.replace(_notes_path(copy))


def title_of(words: Sequence[str], paths: Sequence[Path]) -> str:
    """Name several catalogs in short."""
    if len(words) == 1:
        inside = Path(os.path.abspath(os.path.expanduser(words[0])))
        shown = inside.name if inside.is_dir() else f"{inside.parent.name}/{inside.name}"
        return f"{ascii_path(Path(shown))} ({len(paths)} catalogs)"
    names = list(names_of(paths).values())
    return " + ".join(names) if len(names) <= 2 else f"{names[0]} + {len(names) - 1} more"
