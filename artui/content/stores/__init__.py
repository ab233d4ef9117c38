"""Stores of content: places outside of the catalog where files lie under their digests.

A folder, a folder of another machine by ssh, a bucket. `opened` gives one for a URI; its package is imported only then.
"""

from __future__ import annotations

from artui.content.stores.places import SCHEMES, place_of
from artui.content.stores.store import Store
from artui.errors import UsageError

__all__ = ["Store", "opened"]


def opened(uri: str) -> Store:
    """Give the store at a URI or the path of a folder; nothing is asked of it yet.

    Raises:
        UsageError: it cannot be a store.
        PackageMissing: it needs a package that is not installed.
        StoreFailed: it cannot be reached with what its URI and the environment say.
    """
    place = place_of(uri)
    if place.scheme == "file":
        from artui.content.stores.folder import FolderStore

        return FolderStore(place)
    if place.scheme == "ssh":
        from artui.content.stores.shell import ShellStore

        return ShellStore(place)
    if place.scheme in SCHEMES:
        from artui.content.stores.objects import ObjectStore

        return ObjectStore(place)
    from artui.content.stores.foreign import ForeignStore

    if not place.scheme:
        raise UsageError(f"{ascii(uri)[:80]} is not a store.", remedy="Give a folder, or a URI such as s3://bucket/path.")  # fmt: skip
    return ForeignStore(place)
