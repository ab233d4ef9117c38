"""Packs: small catalogs with news, each under a name of its own below `packs/` of a place that several share.

A pack never changes. Its name ends with the SHA-256 of all of it, so that what is half there, cut or changed is seen to be no
pack, and two that push at once never write the same name. Any store of content can hold packs.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artui.catalog.ids import new_id, time_of
from artui.content import stores
from artui.content.stores.places import place_of, written
from artui.content.stores.store import PIECE_BYTES, Store
from artui.errors import DiskFull, StoreDiffers, StoreFailed, UsageError
from artui.units import bytes_text

FOLDER = "packs"
MOST_BYTES = 256 << 30
"""A file that says it is larger is no pack of ours."""
_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
_NAME = re.compile(rf"{FOLDER}/({_ULID})/(({_ULID})-([0-9a-f]{{64}})\.pack)\Z")
_SPARE_BYTES = 16 << 20

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, order=True)
class Pack:
    """A pack as a store lists it."""

    name: str
    """Without its folders: unlike any other in the world."""
    path: str
    """Below the place."""
    catalog_id: str
    """Of the catalog that pushed it."""
    size_bytes: int

    @property
    def made_ms(self) -> int:
        """When it was made, by the clock of who made it."""
        return time_of(self.name)

    @property
    def digest(self) -> str:
        """The SHA-256 of all of it, as hex."""
        return self.name[27:91]


def place(text: str, *, is_written: bool) -> Store:
    """Give the store at a folder or a URI that holds packs, or is to hold them.

    Raises:
        UsageError: it cannot be one.
        ArtuiError: of its kinds: it cannot be reached.
    """
    found = place_of(text)
    shown = ascii(written(text))[1:-1][:120]
    if found.scheme in ("http", "https"):
        from artui.travel.indexing import WebStore

        if is_written:
            raise UsageError(f"{shown}: nothing can be written through a web server.", remedy="Give a folder, ssh:// or s3://; an MLflow server is written mlflow://HOST:5000.")  # fmt: skip
        return WebStore(found)
    if found.scheme == "file":
        folder = Path(found.path)
        if folder.is_file():
            raise UsageError(
                f"{shown} is a file, not a folder that is shared.", remedy="`artui merge` merges catalogs."
            )
        if not folder.is_dir() and not (is_written and folder.parent.is_dir()):
            raise UsageError(f"There is no folder {shown}.", remedy="Is it mounted? Make it, or name another.")
    return stores.opened(text)


def listed(store: Store) -> list[Pack]:
    """List the packs of a store, in the order of their making; other files are none of ours.

    Raises:
        StoreFailed: the store cannot be asked.
    """
    found = ((_NAME.match(path), path, size_bytes) for path, size_bytes in store.listed(FOLDER))
    return sorted(Pack(match[2], path, match[1], size_bytes) for match, path, size_bytes in found if match)


def fetched(store: Store, pack: Pack, folder: Path, tell: Tell | None = None) -> Path:
    """Copy a pack into a folder of this machine, held against the digest in its name.

    Raises:
        StoreDiffers: it is not what its name says, or of no size that a pack has.
        StoreFailed: it cannot be read.
        DiskFull: there is no room for it here.
    """
    if not 0 < pack.size_bytes <= MOST_BYTES:
        raise StoreDiffers(f"{pack.path} has {bytes_text(pack.size_bytes)}, and no pack has.", remedy=_AGAIN)
    if pack.size_bytes + _SPARE_BYTES > shutil.disk_usage(folder).free:
        raise DiskFull(
            f"There is no room here for {pack.path}, {bytes_text(pack.size_bytes)}.",
            remedy=f"Make room in {str(folder.parent)!a}, or set TMPDIR.",
        )
    whole, there_bytes, target = hashlib.sha256(), 0, folder / pack.name
    try:
        with open(target, "xb") as file:
            for piece in store.pieces(pack.path, 0, pack.size_bytes):
                whole.update(piece)
                file.write(piece)
                there_bytes += len(piece)
                if tell is not None and pack.size_bytes > _SPARE_BYTES:
                    tell("bytes of a pack", there_bytes, pack.size_bytes)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if there_bytes != pack.size_bytes or whole.hexdigest() != pack.digest:
        target.unlink()
        raise StoreDiffers(f"{pack.path} is not what its name says: it was cut or changed.", remedy=_AGAIN)
    return target


_AGAIN = "Whoever pushed it may remove it there and push again."


def named(file: Path, catalog_id: str) -> Pack:
    """Give the pack that a file is: each time under another name."""
    with open(file, "rb") as whole:
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
    name = f"{new_id()}-{digest}.pack"
    return Pack(name, f"{FOLDER}/{catalog_id}/{name}", catalog_id, file.stat().st_size)


def pieces_of(file: Path, doing: str, tell: Tell | None = None) -> Iterator[bytes]:
    """Read a file that goes elsewhere; of a large one say how far it is."""
    size_bytes, place_bytes = file.stat().st_size, 0
    with open(file, "rb") as content:
        while piece := content.read(PIECE_BYTES):
            place_bytes += len(piece)
            if tell is not None and size_bytes > _SPARE_BYTES:
                tell(doing, place_bytes, size_bytes)
            yield piece


def put(store: Store, file: Path, catalog_id: str, tell: Tell | None = None) -> Pack:
    """Put a file into a store as a pack, whole or not at all.

    Raises:
        StoreFailed: the store cannot be written to.
    """
    pack = named(file, catalog_id)
    store.put(pack.path, pack.size_bytes, pieces_of(file, "bytes of a pack", tell))
    store.settle()
    return pack


def is_whole(store: Store, pack: Pack) -> bool:
    """Read a pack where it is, and say whether it is what its name says."""
    try:
        if store.size(pack.path) != pack.size_bytes:
            return False
        digests = [each for each in store.digest(pack.path, pack.size_bytes) if isinstance(each, bytes)]
    except StoreFailed:
        return False
    return digests == [bytes.fromhex(pack.digest)]


def is_gone(store: Store, pack: Pack) -> bool:
    """Say whether a pack that was listed is no longer there."""
    return store.size(pack.path) is None
