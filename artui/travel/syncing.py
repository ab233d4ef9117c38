"""`artui push`, `pull` and `sync`: a team without a server, by packs in a place that all of them reach.

A push writes what is new as one more pack; a pull merges the packs that are new. Nothing is locked and nothing written twice, so
whatever is killed or happens at once, what was pushed is there. In whatever order packs are merged, the same comes of it.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from artui import clock
from artui.catalog import Catalog, cells
from artui.catalog.ids import derived_id
from artui.catalog.merging.merge import DryRun, Merged, merge_one
from artui.catalog.merging.news import fingerprint, part_with, told
from artui.catalog.merging.noting import note_pack, pack_names
from artui.catalog.merging.sources import Source, open_source
from artui.catalog.opening import ascii_path
from artui.catalog.redacting import redact
from artui.content.stores.places import joined
from artui.content.stores.store import Store
from artui.errors import (
    CatalogDamaged,
    CatalogError,
    CatalogReadOnly,
    CatalogTooNew,
    NotACatalog,
    StoreDiffers,
    StoreFailed,
    UsageError,
)
from artui.settings import load_settings
from artui.travel import packs
from artui.travel.packs import Pack
from artui.travel.remembering import Memory
from artui.travel.sharing import check_copy

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""
MOST_PACKS = 64
"""If there are more, a push brings the smaller ones together in one."""
_SMALL_BYTES = 4 << 20
"""A pack up to this size is always worth bringing together with others."""
FEW_PACKS = 4
"""Of more than so many small packs a pull makes one before it merges them."""
_GROUP_BYTES = 128 << 20
_DAY_MS = 86_400_000
_LOOKS = 5
"""So often a place is looked at again that somebody else writes to meanwhile."""
_ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How a catalog is pushed."""

    has_content: bool = True
    redacted: frozenset[str] = frozenset()
    """The classes of facts that are taken out (`catalog.redacting.CLASSES`)."""
    brings_together: bool = True
    """Whether many packs become one, and those that it replaces are removed after their time."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A pack that was left alone."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    place: str
    pack: Pack | None = None
    """None if nothing was new there."""
    runs: int = 0
    """Those that are new there, or have changed."""
    versions: int = 0
    content_bytes: int = 0
    journal_entries: int = 0
    running: int = 0
    """How many of the runs were going on: what they log later goes with the next push."""
    damaged: tuple[str, ...] = ()
    """Ids of what is damaged in the catalog: it was left out."""
    troubles: tuple[Trouble, ...] = ()
    together: tuple[Pack, ...] = ()
    """Packs that were brought together in one more."""
    removed: tuple[Pack, ...] = ()
    """Packs that another one replaced long ago, and that were removed."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did."""

    place: str
    packs: tuple[tuple[Pack, Merged], ...] = ()
    """Those that were new here, with what they brought."""
    troubles: tuple[Trouble, ...] = ()
    there: int = 0
    """How many packs there are."""


@dataclass(slots=True)
class _Visit:
    """A place that is being pushed to or pulled from, and where things are put meanwhile."""

    store: Store
    memory: Memory
    folder: Path
    tell: Tell | None
    troubles: dict[str, Trouble] = field(default_factory=dict)
    gone: int = 0

    def take(self, pack: Pack, use: Callable[[Source], None]) -> bool:
        """Copy a pack here and open it for somebody; say whether there was one. What is no pack is noted and left alone."""
        file: Path | None = None
        try:
            file = packs.fetched(self.store, pack, self.folder, self.tell)
            with open_source(file) as source:
                use(source)
        except (StoreDiffers, CatalogDamaged, CatalogTooNew, NotACatalog) as error:
            shown = joined(self.store.uri, pack.path)
            text = str(error) if file is None else str(error).replace(ascii_path(file), shown)
            self.troubles[pack.name] = Trouble(pack.path, text)
            return False
        except StoreFailed:
            if not packs.is_gone(self.store, pack):
                raise
            self.gone += 1
            return False
        finally:
            if file is not None:
                file.unlink(missing_ok=True)
        return True

    def remember(self, wanted: Iterable[Pack]) -> None:
        """See to it that it is known what is in some packs, by reading those of which it is not."""
        unknown = [
            pack
            for pack in wanted
            if (known := self.memory.known(pack.name)) is None or known.size_bytes != pack.size_bytes
        ]
        for number, pack in enumerate(unknown):
            if self.tell is not None:
                self.tell("packs", number, len(unknown))
            self.take(pack, partial(self._keep, pack))

    def _keep(self, pack: Pack, source: Source) -> None:
        self.memory.keep(pack, told(source.connection), pack_names(source.connection))


@contextlib.contextmanager
def _visit(store: Store, tell: Tell | None) -> Iterator[_Visit]:
    with tempfile.TemporaryDirectory(prefix="artui-") as folder:
        yield _Visit(store, Memory(store.uri), Path(folder), tell)


# Push


def push(path: Path, store: Store, order: Outgoing, *, is_dry: bool = False, tell: Tell | None = None) -> Pushed:
    """Write what a catalog has, and the packs of a place have not, as one more pack; nothing if that is nothing.

    Args:
        path: the catalog, which may be being written.
        store: the place.
        is_dry: whether it is only said what would be in it.
        tell: told how far it is.

    Raises:
        UsageError: the place is gone that was pushed to before.
        CatalogError: of its kinds: the catalog cannot be read.
        StoreFailed: the place cannot be read or written to.
    """
    if load_settings().read_only:
        raise CatalogReadOnly("Nothing is pushed while artui only looks.", remedy="Leave out --read-only, and unset ARTUI_READ_ONLY.")  # fmt: skip
    with _visit(store, tell) as visit:
        _refuse_gone(visit)
        there = packs.listed(store)
        with open_source(path) as source:
            inside = pack_names(source.connection)
            owner = _owner(source.catalog_id)
            visit.remember(pack for pack in there if pack.catalog_id == owner or pack.name in inside)
            pushed = _push_news(visit, source, owner, there, order, is_dry=is_dry)
        if pushed.pack is not None and not is_dry:
            if not order.redacted:  # then it says what the catalog does not
                _note_own(path, store, pushed.pack)
            there.append(pushed.pack)
        if order.brings_together and not is_dry:
            together, removed = _bring_together(visit, owner, there), _remove_replaced(visit, there)
            pushed = replace(pushed, together=together, removed=removed)
        visit.memory.forget_others(packs.listed(store) if pushed.together or pushed.removed else there)
        return replace(pushed, troubles=tuple(visit.troubles.values()))


def _refuse_gone(visit: _Visit) -> None:
    store = visit.store
    if store.is_near and not Path(store.uri).is_dir() and visit.memory.names():
        raise UsageError(
            f"{ascii_path(Path(store.uri))} held packs, and is not there any more.",
            remedy="Is it mounted? To begin again, make the folder.",
        )


def _owner(catalog_id: str) -> str:
    """Give the name of a catalog's folder: its id, which a strange file may have made a path of."""
    return catalog_id if _ULID.fullmatch(catalog_id) else derived_id(catalog_id)


def _push_news(
    visit: _Visit, source: Source, owner: str, there: Sequence[Pack], order: Outgoing, *, is_dry: bool
) -> Pushed:
    nothing = Pushed(visit.store.uri)
    known, things = visit.memory.fingerprints(there), told(source.connection)
    if order.redacted:
        # What goes out is never what is here: so it is remembered what went out in this way.
        things = {fingerprint("redacted", sorted(order.redacted), mark): thing for mark, thing in things.items()}
    new = [thing for mark, thing in things.items() if mark not in known]
    if not order.has_content:
        new = [thing for thing in new if thing[0] != "content"]
    if not new:
        return nothing
    made, called = visit.folder / "news.artui", visit.memory.called()
    part = part_with(source.connection, new, without_deleted=bool(order.redacted))
    with Catalog(made) as catalog:
        with catalog.transaction() as connection:
            merged = merge_one(connection, source, visit.tell, only=part, has_content=order.has_content)
            if order.redacted:
                redact(connection, order.redacted, catalog_id=source.catalog_id, tell=visit.tell, called=called)
        if order.redacted:
            catalog.vacuum()
    check_copy(made, source, merged, visit.tell)
    with open_source(made) as result:
        marks = told(result.connection)
        # What is damaged is no news a second time.
        if not marks.keys() - known:
            return replace(nothing, damaged=(*merged.damaged, *merged.missing_content))
        pushed = _counted(nothing, result.connection, merged, new)
    pack = packs.put(visit.store, made, owner, visit.tell) if not is_dry else packs.named(made, owner)
    if not is_dry:
        visit.memory.keep(pack, marks.keys() | things.keys() if order.redacted else marks)
        if order.redacted:
            visit.memory.keep_called(called)
    made.unlink()
    return replace(pushed, pack=pack)


def _counted(pushed: Pushed, connection: sqlite3.Connection, merged: Merged, new: Iterable[tuple[str, Any]]) -> Pushed:
    def count(query: str) -> int:
        return cells.integer(connection.execute(query).fetchone()[0])

    things = {(kind, what) for kind, what in new}
    return replace(
        pushed, runs=sum(kind == "run" for kind, _ in things),
        versions=len({what for kind, what in things if kind in ("version", "content")}),
        content_bytes=count("SELECT sum(size_bytes) FROM blob"), journal_entries=sum(kind == "event" and what[0] != "" for kind, what in things),
        running=count("SELECT count(*) FROM run WHERE status = 0 AND deleted_ms IS NULL"), damaged=(*merged.damaged, *merged.missing_content),
    )  # fmt: skip


def _note_own(path: Path, store: Store, pack: Pack) -> None:
    """Note in the catalog that this pack need not be pulled. Where that cannot be, it is pulled once, and brings nothing."""
    with (
        contextlib.suppress(CatalogError),
        Catalog(path, create=False, migrates=False, busy_seconds=2.0) as catalog,
        catalog.transaction() as connection,
    ):
        note_pack(connection, joined(store.uri, pack.path), pack.catalog_id, {})


# Pull


def pull(path: Path, store: Store, *, is_dry: bool = False, tell: Tell | None = None) -> Pulled:
    """Merge the packs of a place that are new into a catalog, which is made if it is not there; each whole or not at all.

    Many small ones are merged with each other first: what came of them is said of the first one.

    Args:
        path: the catalog.
        store: the place.
        is_dry: whether nothing is kept, and only what would come is said.
        tell: told how far it is.

    Raises:
        CatalogError: of its kinds: the catalog cannot be changed.
        StoreFailed: the place cannot be read.
    """
    with _visit(store, tell) as visit, Catalog(path) as catalog:
        came: list[tuple[Pack, Merged]] = []
        try:
            with catalog.transaction() if is_dry else contextlib.nullcontext():
                there = _pull_all(visit, catalog, came)
                if is_dry:
                    raise DryRun
        except DryRun:
            there = packs.listed(store)
        else:
            visit.memory.forget_others(there)
        return Pulled(store.uri, tuple(came), tuple(visit.troubles.values()), len(there))


def _pull_all(visit: _Visit, catalog: Catalog, came: list[tuple[Pack, Merged]]) -> list[Pack]:
    for _ in range(_LOOKS):
        there, visit.gone = packs.listed(visit.store), 0
        with catalog.transaction() as connection:
            inside = pack_names(connection)
        # What brought others together was made later: then those need not be read.
        new = [pack for pack in reversed(there) if pack.name not in inside and pack.name not in visit.troubles]
        done = 0
        for group in _groups(new):
            left = _merge_together(visit, catalog, group, came, inside, (done, len(new))) if len(group) > FEW_PACKS else group  # fmt: skip
            for number, pack in enumerate(left):
                if visit.tell is not None:
                    visit.tell("packs", done + len(group) - len(left) + number, len(new))
                if pack.name not in inside:
                    visit.take(pack, partial(_merge_pack, visit, catalog, pack, came, inside))
            done += len(group)
        # Of those that are gone there is one that has all of them.
        if not visit.gone:
            break
    return there


def _groups(new: Sequence[Pack]) -> Iterator[list[Pack]]:
    """Split packs, in their order, into such as are merged together: small ones up to a bound, or one that is large."""
    group: list[Pack] = []
    for pack in new:
        is_large = pack.size_bytes > _SMALL_BYTES
        if group and (is_large or sum(each.size_bytes for each in group) + pack.size_bytes > _GROUP_BYTES):
            yield group
            group = []
        group.append(pack)
        if is_large:
            yield group
            group = []
    if group:
        yield group


class _IsOdd(Exception):
    """Something in a pack is damaged, or says what another one says otherwise: it is merged by itself."""


def _merge_together(
    visit: _Visit, catalog: Catalog, group: Sequence[Pack], came: list[tuple[Pack, Merged]], inside: set[str], place: tuple[int, int]
) -> list[Pack]:  # fmt: skip
    """Merge small packs with each other in a private catalog, then once into the catalog: a merge looks through all of both.

    Gives those that are to be merged one by one.
    """
    made = visit.folder / "pulled.artui"
    odd: list[Pack] = []
    taken: dict[Pack, set[str]] = {}
    covered = set(inside)

    def gather(pack: Pack, source: Source) -> None:
        replaces, marks = pack_names(source.connection), told(source.connection)
        with contextlib.suppress(_IsOdd):
            with gathered.transaction() as connection:
                merged = merge_one(connection, source)
                if merged.damaged or merged.missing_content or merged.left_out or merged.odd_changes:
                    odd.append(pack)
                    raise _IsOdd
            visit.memory.keep(pack, marks, replaces)
            taken[pack] = replaces
            covered.update({pack.name, *replaces})

    try:
        with Catalog(made) as gathered:
            for number, pack in enumerate(group):
                if visit.tell is not None:
                    visit.tell("packs", place[0] + number, place[1])
                if pack.name not in covered:
                    visit.take(pack, partial(gather, pack))
        if taken:
            with open_source(made) as source, catalog.transaction() as connection:
                _note_together(visit, connection, merge_one(connection, source, visit.tell), taken, came)
            inside |= covered
    finally:
        made.unlink(missing_ok=True)
    return odd


def _note_together(
    visit: _Visit, connection: sqlite3.Connection, merged: Merged, taken: dict[Pack, set[str]], came: list[tuple[Pack, Merged]]
) -> None:  # fmt: skip
    """Note that packs are inside: the first of them has what came of all."""
    nothing = Merged("", "", 0, 0, 0, 0, 0, 0, 0, 0, (), (), 0, (), 0, "")
    for number, (pack, replaces) in enumerate(taken.items()):
        its = replace(nothing if number else merged, path=pack.path, catalog_id=pack.catalog_id)
        note_pack(connection, joined(visit.store.uri, pack.path), pack.catalog_id, _counts(its), replaces=replaces)
        came.append((pack, its))


def _merge_pack(
    visit: _Visit, catalog: Catalog, pack: Pack, came: list[tuple[Pack, Merged]], inside: set[str], source: Source
) -> None:
    """Merge a pack, and note that it is inside with all packs that are in it."""
    replaces = pack_names(source.connection)
    marks = told(source.connection)
    with catalog.transaction() as connection:
        merged = merge_one(connection, source, visit.tell)
        note_pack(connection, joined(visit.store.uri, pack.path), pack.catalog_id, _counts(merged), replaces=replaces)
    visit.memory.keep(pack, marks, replaces)
    came.append((pack, replace(merged, path=pack.path, catalog_id=pack.catalog_id)))
    inside |= {pack.name, *replaces}


def _counts(merged: Merged) -> dict[str, Any]:
    return {"new_runs": merged.new_runs, "changed_runs": merged.changed_runs, "new_versions": merged.new_versions, "changes": merged.changes}  # fmt: skip


# Both


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did."""

    pulled: tuple[Pulled, ...]
    pushed: tuple[Pushed, ...]


def sync(path: Path, store: Store, order: Outgoing, *, is_dry: bool = False, tell: Tell | None = None) -> Synced:
    """Pull, then push, again as long as somebody else pushes meanwhile; errors as of both."""
    pulled, pushed = [pull(path, store, is_dry=is_dry, tell=tell)], [push(path, store, order, is_dry=is_dry, tell=tell)]
    for _ in range(0 if is_dry else _LOOKS):
        again = pull(path, store, tell=tell)
        if not again.packs:
            break
        pulled.append(again)
        pushed.append(push(path, store, order, tell=tell))
    return Synced(tuple(pulled), tuple(pushed))


# Packs that are brought together


def _bring_together(visit: _Visit, owner: str, there: list[Pack]) -> tuple[Pack, ...]:
    """Bring the smaller ones of many packs together in one more, which names them; they stay where they are for now."""
    replaced = {name for pack in there for name in _replaces(visit, pack)}
    live = sorted((pack for pack in there if pack.name not in replaced), key=lambda pack: (pack.size_bytes, pack.name))
    if len(live) <= MOST_PACKS:
        return ()
    chosen: list[Pack] = []
    for pack in live:
        if pack.size_bytes > max(_SMALL_BYTES, sum(each.size_bytes for each in chosen)):
            break
        chosen.append(pack)
    made = visit.folder / "together.artui"
    taken: list[Pack] = []

    with Catalog(made) as catalog:
        for number, pack in enumerate(chosen):
            if visit.tell is not None:
                visit.tell("packs brought together", number, len(chosen))
            visit.take(pack, partial(_merge_into, catalog, pack, taken))
    if len(taken) > 1:
        with open_source(made) as result:
            marks, inside = told(result.connection), pack_names(result.connection)
        one = packs.put(visit.store, made, owner, visit.tell)
        visit.memory.keep(one, marks, inside)
        there.append(one)
    made.unlink()
    return tuple(taken) if len(taken) > 1 else ()


def _merge_into(catalog: Catalog, pack: Pack, taken: list[Pack], source: Source) -> None:
    inside = pack_names(source.connection)
    with catalog.transaction() as connection:
        merged = merge_one(connection, source)
        if merged.damaged or merged.missing_content or merged.left_out:
            raise CatalogDamaged("It holds what is damaged.", remedy="It stays as it is.")
        note_pack(connection, pack.name, pack.catalog_id, {}, replaces=inside)
    taken.append(pack)


def _remove_replaced(visit: _Visit, there: list[Pack]) -> tuple[Pack, ...]:
    """Remove packs that another one has replaced for long: whoever listed them then has read them, or finds the other one."""
    removed: list[Pack] = []
    before_ms = clock.now_ms() - load_settings().pack_days * _DAY_MS
    for one in sorted(there, reverse=True):
        going = [pack for pack in there if pack.name in _replaces(visit, one)]
        if not going or one.made_ms > before_ms or not packs.is_whole(visit.store, one):
            continue
        for pack in going:
            visit.store.remove(pack.path)
            there.remove(pack)
        removed += going
    return tuple(removed)


def _replaces(visit: _Visit, pack: Pack) -> Collection[str]:
    known = visit.memory.known(pack.name)
    return known.replaces if known is not None and known.size_bytes == pack.size_bytes else ()
