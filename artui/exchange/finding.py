"""Recognising foreign stores by what is in them: a file, a folder, or a whole tree with several kinds of them.

What is there and cannot be read is found as well, and told: stores of kinds that artui does not know how to read, and
files that version control has not fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from artui.errors import NothingToImport, StoreNotRead
from artui.exchange.reading.database import DATABASES
from artui.exchange.reading.files import MAX_DEPTH, Folder, is_clutter, walk
from artui.exchange.reading.pointers import Pointer, pointer_of
from artui.exchange.reading.store import Store
from artui.exchange.unread import Unread, unread_database, unread_file, unread_in

ORDER = ("mlflow", "wandb", "lightning", "huggingface", "tensorboard")
"""Lightning before TensorBoard: event files in its folders are part of its runs."""
READ = "mlruns folders and mlflow.db, wandb folders, TensorBoard event files, lightning_logs, trainer_state.json and Hugging Face model folders"


@dataclass(slots=True)
class Found:
    """What lies at some paths."""

    stores: list[Store] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    """Stores of kinds that are not read."""
    pointers: list[tuple[Path, Pointer]] = field(default_factory=list)
    """Files of stores that are not here, with what lies in their places."""


def importer(format: str) -> ModuleType:
    """Give the module that reads a format."""
    from importlib import import_module

    return import_module(f"artui.exchange.{format}.importer")


def find_stores(paths: Iterable[Path], *, depth: int = MAX_DEPTH) -> list[Store]:
    """Find every store at or below the paths, at most so many folders deep, in the order in which they are met.

    Raises:
        NothingToImport: a path is not there, or none of them leads to a store.
        StoreNotRead: it leads to one that is not read.
    """
    paths = list(paths)
    found = find_all(paths, depth=depth)
    if not found.stores:
        raise nothing_found(paths, found)
    return found.stores


def find_all(paths: Sequence[Path], *, depth: int = MAX_DEPTH) -> Found:
    """Find every store at or below the paths, those too that are not read.

    Raises:
        NothingToImport: a path is not there.
    """
    whole = Found()
    for path in paths:
        if not path.exists():
            raise NothingToImport(
                f"There is nothing at {str(path)!a}.", remedy="Give the path of a file or folder that is there."
            )
        found = _in_file(path) if path.is_file() else _in_folder(path, depth)
        whole.stores += [store for store in found.stores if store not in whole.stores]
        whole.unread += [each for each in found.unread if each not in whole.unread]
        whole.pointers += [each for each in found.pointers if each not in whole.pointers]
    return whole


def nothing_found(paths: Sequence[Path], found: Found) -> NothingToImport:
    """Make the error that says why there is nothing to import."""
    shown = ", ".join(ascii(str(path)) for path in paths[:3])
    if found.unread:
        kinds = list({each.title: each.words for each in reversed(found.unread)}.values())[::-1]
        said = f"{shown} holds runs of {', of '.join(kinds[:-1])}{' and of ' if kinds[1:] else ''}{kinds[-1]}"
        return StoreNotRead(
            f"{said}, which artui does not read yet.",
            remedy=f"It reads {READ}.",
            stores=tuple((str(each.path), each.words) for each in found.unread),
        )
    if found.pointers:
        path, pointer = found.pointers[0]
        more = len(found.pointers) - 1
        return StoreNotRead(
            f"{str(path)!a} {pointer.sentence}{f', and so are {more:,} more' if more else ''}.",
            stores=tuple((str(path), pointer.sentence) for path, pointer in found.pointers[:1000]),
        )
    return NothingToImport(f"No store was recognised at {shown}.", remedy=f"artui reads {READ}.")


def _in_file(path: Path) -> Found:
    if is_clutter(path.name):
        return Found()
    if (pointer := pointer_of(path)) is not None:
        return Found(pointers=[(path, pointer)])
    for format in ORDER:
        if (store := importer(format).find_file(path)) is not None:
            return Found([store])
    unread = unread_file(path)
    return Found(unread=[unread] if unread is not None else [])


def _in_folder(path: Path, depth: int) -> Found:
    found = Found()
    for folder in walk(path, depth=depth):
        _set_pointers_apart(folder, found)
        # Before an importer takes folders away: what it takes is its own.
        unread = unread_in(folder, is_root=folder.path == path)
        stores: list[Store] = []
        for format in ORDER:
            stores += [
                store for each in importer(format).find_folder(folder) if (store := _here(each, found)) is not None
            ]
        read = {store.path for store in stores}
        databases = [folder.path / name for name in folder.files if name.endswith(DATABASES)]
        unread += [each for place in databases if place not in read and (each := unread_database(place)) is not None]
        found.unread += [each for each in unread if each.path not in read]
        found.stores += stores
    found.stores = merged(found.stores, path)
    return found


def _set_pointers_apart(folder: Folder, found: Found) -> None:
    """Take files that are not here out of those that importers look at."""
    are_read = [importer(format).reads for format in ORDER]
    for name in list(folder.files):
        if any(is_read(name) for is_read in are_read) and (pointer := pointer_of(folder.path / name)):
            folder.files.remove(name)
            folder.pointers.append(name)
            found.pointers.append((folder.path / name, pointer))


def _here(store: Store, found: Found) -> Store | None:
    """Give a store without those of its logs that are not here; None when none is."""
    gone = {part: pointer for part in store.parts if (pointer := pointer_of(part)) is not None}
    found.pointers += [each for each in gone.items() if each not in found.pointers]
    parts = tuple(part for part in store.parts if part not in gone)
    if gone and not parts:
        return None
    return replace(store, parts=parts) if gone else store


def merged(found: list[Store], root: Path) -> list[Store]:
    """Let formats whose runs are single folders, such as TensorBoard, be one store for the whole tree."""
    for format in ORDER:
        merge = getattr(importer(format), "merge", None)
        mine = [store for store in found if store.format == format]
        if merge is not None and mine:
            others = [store for store in found if store.format != format]
            found = [*others, *merge(mine, root)]
    return found
