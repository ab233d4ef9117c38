"""`push`, `pull` and `sync` with one file that several keep: a catalog in a shared folder, behind `ssh` or in a bucket.

It is never written in place. Whoever pushes merges it with their own catalog here, and puts the whole in its place if it is still
as they fetched it: a bucket compares in the same request, a folder right before the rename. If somebody else was quicker,
all is done again with what they wrote. What one had pushed and is not there, as after a lost race of two folders, is news
again at the next push: each keeps their own catalog.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from artui.catalog import Catalog, cells
from artui.catalog.finding import ENDING
from artui.catalog.merging.merge import DryRun, Merged, merge_one, note
from artui.catalog.merging.sources import Source, open_source
from artui.catalog.opening import ascii_path
from artui.content import stores
from artui.content.stores.places import joined, place_of, written
from artui.content.stores.store import Store
from artui.errors import (
    CatalogDamaged,
    CatalogReadOnly,
    CatalogTooNew,
    DiskFull,
    NotACatalog,
    StoreFailed,
    UsageError,
)
from artui.settings import load_settings
from artui.travel.indexing import WebStore
from artui.travel.packs import MOST_BYTES, Pack, pieces_of
from artui.travel.sharing import check_copy
from artui.travel.syncing import Outgoing, Pulled, Pushed, Synced, Tell
from artui.units import bytes_text

_LOOKS = 8
"""So often all is done again when somebody else was quicker."""
_SPARE_BYTES = 16 << 20
_BESIDE = ("-wal", "-journal")


@dataclass(slots=True)
class OneFile:
    """A catalog at a place that several keep."""

    store: Store
    """Its folder."""
    name: str
    tell: Tell | None = None
    folder: Path = field(default_factory=Path)

    @property
    def uri(self) -> str:
        """Where it lies, as it may be written down."""
        return joined(self.store.uri, self.name)


def is_one_file(text: str) -> bool:
    """Say whether a place is a catalog, by its name, and no folder for packs."""
    place = place_of(text)
    if place.scheme == "file":
        return place.path.endswith(ENDING) and not os.path.isdir(place.path)
    return urlsplit(written(text)).path.endswith(ENDING)


def one_file(text: str, *, is_written: bool) -> OneFile:
    """Give the catalog at a path or a URI.

    Raises:
        UsageError: it cannot be kept there; or it is open here, and would be replaced under whoever has it open.
        ArtuiError: of its kinds: the place cannot be reached.
    """
    place = place_of(text)
    shown = ascii(written(text))[1:-1][:120]
    if place.scheme == "file":
        path = Path(place.path)
        if not path.parent.is_dir():
            raise UsageError(f"There is no folder {ascii_path(path.parent)}.", remedy="Is it mounted? Make it, or name another.")  # fmt: skip
        if os.path.lexists(path) and not path.is_file():
            raise UsageError(f"{shown} is no file.", remedy="Name another.")
        if is_written and any(os.path.lexists(f"{path}{ending}") for ending in _BESIDE):
            raise UsageError(
                f"{shown} is open in a program: it would be replaced under it.",
                remedy="Close it there; or, if it lies on this machine: `artui merge YOURS --into THAT`.",
            )
        return OneFile(stores.opened(os.path.realpath(path.parent)), path.name)
    if is_written and place.scheme in ("http", "https"):
        raise UsageError(f"{shown}: nothing can be written through a web server.", remedy="Give a folder, ssh:// or s3://; an MLflow server is written mlflow://HOST:5000.")  # fmt: skip
    parts = urlsplit(text)
    folder, _, name = parts.path.rpartition("/")
    if not folder.strip("/") and place.scheme in ("ssh", "file"):
        folder = "/."
    uri = urlunsplit((parts.scheme, parts.netloc, folder, parts.query, ""))
    return OneFile(WebStore(place_of(uri)) if place.scheme in ("http", "https") else stores.opened(uri), unquote(name))


@dataclass(frozen=True, slots=True)
class _There:
    """The file as it was fetched."""

    state: str | None
    path: Path | None
    """None if there is none."""
    size_bytes: int = 0


def push(path: Path, to: OneFile, order: Outgoing, *, is_dry: bool = False, tell: Tell | None = None) -> Pushed:
    """Bring what is new in a catalog into the file, which is made if it is not there.

    Raises:
        UsageError: something is to be taken out of what goes there.
        CatalogError: of its kinds: one of both cannot be read.
        StoreFailed: the place cannot be read or written to, or others write to it all the time.
    """
    _refuse(order)
    _refuse_itself(path, to)
    with _visit(to, tell):
        for _ in range(_LOOKS):
            there = _fetched(to)
            pushed = _put(path, to, there, order, is_dry=is_dry)
            if pushed is not None:
                return pushed
    raise _busy(to)


def pull(path: Path, of: OneFile, *, is_dry: bool = False, tell: Tell | None = None) -> Pulled:
    """Merge the file into a catalog, which is made if it is not there.

    Raises:
        CatalogError: of its kinds: one of both cannot be read, or the catalog cannot be changed.
        StoreFailed: the place cannot be read.
    """
    _refuse_itself(path, of)
    with _visit(of, tell):
        there = _fetched(of)
        if there.path is None:
            remedy = "Check the URI." if isinstance(of.store, WebStore) else "`artui push` makes it."
            raise of.store.failed(of.name, "is not there", remedy=remedy)
        return _merged(path, of, there, is_dry=is_dry)


def sync(path: Path, with_file: OneFile, order: Outgoing, *, is_dry: bool = False, tell: Tell | None = None) -> Synced:
    """Pull, then push, again when somebody else was quicker; errors as of both."""
    _refuse(order)
    _refuse_itself(path, with_file)
    pulled: list[Pulled] = []
    with _visit(with_file, tell):
        for _ in range(_LOOKS):
            there = _fetched(with_file)
            if there.path is not None:
                pulled.append(_merged(path, with_file, there, is_dry=is_dry))
            else:
                pulled.append(Pulled(with_file.uri))
                Catalog(path).close()
            pushed = _put(path, with_file, there, order, is_dry=is_dry)
            if pushed is not None:
                nothing = Pushed(with_file.uri)
                return Synced(tuple(pulled), (*(nothing for _ in pulled[1:]), pushed))
    raise _busy(with_file)


def _refuse(order: Outgoing) -> None:
    if load_settings().read_only:
        raise CatalogReadOnly("Nothing is pushed while artui only looks.", remedy="Leave out --read-only, and unset ARTUI_READ_ONLY.")  # fmt: skip
    if order.redacted:
        raise UsageError("What goes into one file is not redacted.", remedy="Share a redacted copy, or push packs into a folder.")  # fmt: skip


def _refuse_itself(path: Path, one: OneFile) -> None:
    there = Path(one.uri)
    if one.store.is_near and path.exists() and there.exists() and os.path.samefile(path, there):
        raise UsageError(f"{ascii_path(path)} is the catalog itself.", remedy="Name the one that others keep, or a folder for packs.")  # fmt: skip


@contextlib.contextmanager
def _visit(one: OneFile, tell: Tell | None) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="artui-") as folder:
        one.folder, one.tell = Path(folder), tell
        yield


def _fetched(one: OneFile) -> _There:
    """Copy the file here as it is in one state."""
    is_web = isinstance(one.store, WebStore)
    target = one.folder / f"there{ENDING}"
    for _ in range(_LOOKS):
        state = None if is_web else one.store.state(one.name)
        size_bytes = one.store.size(one.name)
        if size_bytes is None:
            return _There(None, None)
        if size_bytes > MOST_BYTES:
            raise one.store.failed(one.name, f"has {bytes_text(size_bytes)}, and no catalog has")
        if size_bytes + _SPARE_BYTES > shutil.disk_usage(one.folder).free:
            raise DiskFull(f"There is no room here for {one.uri}, {bytes_text(size_bytes)}.", remedy="Make room, or set TMPDIR.")  # fmt: skip
        there_bytes = 0
        with open(target, "wb") as file:
            for piece in one.store.pieces(one.name, 0, size_bytes):
                file.write(piece)
                there_bytes += len(piece)
                if one.tell is not None and size_bytes > _SPARE_BYTES:
                    one.tell("bytes fetched", there_bytes, size_bytes)
        if there_bytes == size_bytes and (is_web or one.store.state(one.name) == state):
            return _There(state, target, size_bytes)
    raise _busy(one)


def _busy(one: OneFile) -> StoreFailed:
    return one.store.failed(one.name, "is written by others all the time", remedy="Try again; a team of many shares packs: leave the name of the file out.")  # fmt: skip


@contextlib.contextmanager
def _source(one: OneFile, there: _There) -> Iterator[Source]:
    """Open what was fetched; what is wrong with it is said of where it lies."""
    assert there.path is not None
    try:
        with open_source(there.path) as source:
            yield source
    except (CatalogDamaged, CatalogTooNew, NotACatalog) as error:
        raise type(error)(error.message.replace(ascii_path(there.path), one.uri), remedy=error.remedy) from error


def _merged(path: Path, of: OneFile, there: _There, *, is_dry: bool) -> Pulled:
    with Catalog(path) as catalog, _source(of, there) as source:
        try:
            with catalog.transaction() as connection:
                merged = replace(merge_one(connection, source, of.tell), path=of.uri)
                if merged.is_news:
                    note(connection, merged)
                if is_dry:
                    raise DryRun
        except DryRun:
            pass
    pack = Pack("", of.name, merged.catalog_id, there.size_bytes)
    return Pulled(of.uri, ((pack, merged),) if merged.is_news or _is_odd(merged) else (), there=1)


def _is_odd(merged: Merged) -> bool:
    return bool(merged.damaged or merged.missing_content)


def _put(path: Path, to: OneFile, there: _There, order: Outgoing, *, is_dry: bool) -> Pushed | None:
    """Put both together in the place of the file; None if it has changed since it was fetched."""
    made = to.folder / f"both{ENDING}"
    for left in to.folder.glob(f"{made.name}*"):
        left.unlink()
    try:
        with open_source(path) as ours, Catalog(made) as both:
            with both.transaction() as connection:
                if there.path is not None:
                    with _source(to, there) as theirs:
                        _refuse_damaged(to, merge_one(connection, theirs, to.tell))
                merged = merge_one(connection, ours, to.tell, has_content=order.has_content)
            running = _count(ours, "SELECT count(*) FROM run WHERE status = 0 AND deleted_ms IS NULL")
            both.close()
            if there.path is None or merged.is_news:
                check_copy(made, ours, merged, to.tell)
        size_bytes = made.stat().st_size
        odd = (*merged.damaged, *merged.missing_content)
        if there.path is not None and not merged.is_news:
            return Pushed(to.uri, damaged=odd)
        if not is_dry and not to.store.replace(
            to.name, size_bytes, pieces_of(made, "bytes written", to.tell), state=there.state
        ):
            return None
        return Pushed(
            to.uri, Pack("", to.name, merged.catalog_id, size_bytes), runs=merged.new_runs + merged.changed_runs, versions=merged.new_versions + merged.changed_versions,
            content_bytes=merged.content_bytes, journal_entries=merged.changes, running=running, damaged=odd,
        )  # fmt: skip
    finally:
        made.unlink(missing_ok=True)


def _refuse_damaged(to: OneFile, merged: Merged) -> None:
    """What is damaged there would be left out of the file that takes its place.

    Raises:
        CatalogDamaged: something is.
    """
    if _is_odd(merged) or merged.left_out:
        raise CatalogDamaged(
            f"{to.uri} holds what is damaged: it is left as it is.",
            remedy=f"`artui check {PurePosixPath(to.name)}` names it, `artui salvage` makes a new one of what can be read.",
        )


def _count(source: Source, query: str) -> int:
    return cells.integer(source.connection.execute(query).fetchone()[0])
