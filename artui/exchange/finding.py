"""Recognising foreign stores by what is in them: a file, a folder, or a whole tree with several kinds of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from artui.errors import NothingToImport
from artui.exchange.reading import MAX_DEPTH, walk
from artui.exchange.store import Store

ORDER = ("mlflow", "wandb", "lightning", "huggingface", "tensorboard")
"""Lightning before TensorBoard: event files in its folders are part of its runs."""


def importer(format: str) -> ModuleType:
    """Give the module that reads a format."""
    from importlib import import_module

    return import_module(f"artui.exchange.from_{format}")


def find_stores(paths: Iterable[Path], *, depth: int = MAX_DEPTH) -> list[Store]:
    """Find every store at or below the paths, at most so many folders deep, in the order in which they are met.

    Raises:
        NothingToImport: a path is not there, or none of them leads to a store.
    """
    paths = list(paths)
    found: list[Store] = []
    for path in paths:
        if not path.exists():
            raise NothingToImport(
                f"There is nothing at {str(path)!a}.", remedy="Give the path of a file or folder that is there."
            )
        found += [store for store in _at(path, depth) if store not in found]
    if not found:
        shown = ", ".join(ascii(str(path)) for path in paths[:3])
        raise NothingToImport(
            f"No store was recognised at {shown}.",
            remedy="artui reads mlruns folders and mlflow.db, wandb folders, TensorBoard event files, lightning_logs, trainer_state.json and Hugging Face model folders.",
        )
    return found


def _at(path: Path, depth: int) -> list[Store]:
    if path.is_file():
        for format in ORDER:
            if (store := importer(format).find_file(path)) is not None:
                return [store]
        return []
    found: list[Store] = []
    for folder in walk(path, depth=depth):
        for format in ORDER:
            found += importer(format).find_folder(folder)
    return merged(found, path)


def merged(found: list[Store], root: Path) -> list[Store]:
    """Let formats whose runs are single folders, such as TensorBoard, be one store for the whole tree."""
    for format in ORDER:
        merge = getattr(importer(format), "merge", None)
        mine = [store for store in found if store.format == format]
        if merge is not None and mine:
            others = [store for store in found if store.format != format]
            found = [*others, *merge(mine, root)]
    return found
