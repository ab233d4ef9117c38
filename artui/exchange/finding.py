"""Recognising foreign stores by their content: a file, a folder, or a whole tree with stores of several kinds.

Stores and files that cannot be imported are found as well: stores of kinds that artui does not read, and files that version
control has not fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from artui.errors import NothingToImport, StoreNotRead
from artui.exchange.formats import listed, stores_text
from artui.exchange.importer import importers
from artui.exchange.reading.database import DATABASES
from artui.exchange.reading.files import MAX_DEPTH, Folder, is_clutter, walk
from artui.exchange.reading.pointers import Pointer, pointer_of
from artui.exchange.reading.store import Store
from artui.exchange.unread import Unread, unread_database, unread_file, unread_in

MAX_POINTERS = 1000
"""How many files that were not fetched the error lists."""


@dataclass(slots=True)
class Findings:
    """What lies at some paths."""

    stores: list[Store] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    """Stores of kinds that are not read."""
    pointers: list[tuple[Path, Pointer]] = field(default_factory=list)
    """Files of stores that were not fetched, with the pointers that lie in their places."""

    def add(self, other: Findings) -> None:
        """Add the findings of another path, each once."""
        self.stores += [store for store in other.stores if store not in self.stores]
        self.unread += [store for store in other.unread if store not in self.unread]
        self.pointers += [pointer for pointer in other.pointers if pointer not in self.pointers]


def find_stores(paths: Iterable[Path], *, depth: int = MAX_DEPTH) -> list[Store]:
    """Find every store at or below the paths, at most `depth` folders deep, in the order of the walk.

    Raises:
        NothingToImport: a path does not exist, or there is no store at any of them.
        StoreNotRead: there are only stores that artui does not read.
    """
    paths = list(paths)
    findings = find_all(paths, depth=depth)
    if not findings.stores:
        raise nothing_found(paths, findings)
    return findings.stores


def find_all(paths: Sequence[Path], *, depth: int = MAX_DEPTH) -> Findings:
    """Find every store at or below the paths, including those that artui does not read.

    Raises:
        NothingToImport: a path does not exist.
    """
    findings = Findings()
    for path in paths:
        if not path.exists():
            raise NothingToImport(
                f"There is nothing at {str(path)!a}.", remedy="Give the path of a file or folder that exists."
            )
        findings.add(_in_file(path) if path.is_file() else _in_tree(path, depth))
    return findings


def nothing_found(paths: Sequence[Path], findings: Findings) -> NothingToImport:
    """Build the error that says why there is nothing to import."""
    shown = ", ".join(ascii(str(path)) for path in paths[:3])
    if findings.unread:
        # The first store of each kind, in the order of the walk.
        by_title = {store.title: store.words for store in reversed(findings.unread)}
        kinds = [f"of {words}" for words in reversed(by_title.values())]
        return StoreNotRead(
            f"{shown} holds runs {listed(kinds)}, which artui does not read yet.",
            remedy=f"It reads {stores_text()}.",
            stores=tuple((str(store.path), store.words) for store in findings.unread),
        )
    if findings.pointers:
        path, pointer = findings.pointers[0]
        more = len(findings.pointers) - 1
        return StoreNotRead(
            f"{str(path)!a} {pointer.sentence}{f', and so are {more:,} more' if more else ''}.",
            stores=tuple((str(path), pointer.sentence) for path, pointer in findings.pointers[:MAX_POINTERS]),
        )
    return NothingToImport(f"No store was recognised at {shown}.", remedy=f"artui reads {stores_text()}.")


def _in_file(path: Path) -> Findings:
    if is_clutter(path.name):
        return Findings()
    if (pointer := pointer_of(path)) is not None:
        return Findings(pointers=[(path, pointer)])
    for importer in importers():
        if (store := importer.find_file(path)) is not None:
            return Findings([store])
    unread = unread_file(path)
    return Findings(unread=[unread] if unread is not None else [])


def _in_tree(path: Path, depth: int) -> Findings:
    findings = Findings()
    for folder in walk(path, depth=depth):
        _set_pointers_apart(folder, findings)
        # Asked before an importer takes its own folders out of this one.
        unread = unread_in(folder, is_root=folder.path == path)
        stores: list[Store] = []
        for importer in importers():
            recognised = [_without_pointers(store, findings) for store in importer.find_folder(folder)]
            stores += [store for store in recognised if store is not None]
        read = {store.path for store in stores}
        databases = [folder.path / name for name in folder.files if name.endswith(DATABASES)]
        unread += [store for place in databases if place not in read and (store := unread_database(place)) is not None]
        findings.unread += [store for store in unread if store.path not in read]
        findings.stores += stores
    findings.stores = _joined(findings.stores, path)
    return findings


def _set_pointers_apart(folder: Folder, findings: Findings) -> None:
    """Take pointers of version control out of the files that importers look at."""
    for name in list(folder.files):
        if any(importer.reads(name) for importer in importers()) and (pointer := pointer_of(folder.path / name)):
            folder.files.remove(name)
            folder.pointers.append(name)
            findings.pointers.append((folder.path / name, pointer))


def _without_pointers(store: Store, findings: Findings) -> Store | None:
    """Give a store without the parts that were not fetched; None when none was."""
    pointers = {part: pointer for part in store.parts if (pointer := pointer_of(part)) is not None}
    findings.pointers += [pair for pair in pointers.items() if pair not in findings.pointers]
    parts = tuple(part for part in store.parts if part not in pointers)
    if pointers and not parts:
        return None
    return replace(store, parts=parts) if pointers else store


def _joined(stores: list[Store], root: Path) -> list[Store]:
    """Join the stores of each format whose runs are single folders, such as TensorBoard, into one store."""
    for importer in importers():
        format = importer.format.name
        parts = tuple(part for store in stores if store.format == format for part in store.parts)
        if importer.is_one_store and parts:
            stores = [store for store in stores if store.format != format]
            stores.append(Store(format, root, parts=parts))
    return stores
