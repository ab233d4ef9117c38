"""Opening a catalog by its URI: `ssh://box/path/x.artui`, `s3://bucket/x.artui`, `https://host/x.artui`.

A private file stands in for it while this process runs; what was fetched stays in the cache.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path

from artui.catalog import far
from artui.catalog.finding import ENDING
from artui.content.stores.places import Place, is_uri, place_of, without_query
from artui.errors import ArtuiError, UsageError
from artui.settings import cache_folder, load_settings, private_folder
from artui.travel.far.following import FarCatalog, FarView, Tell
from artui.travel.far.source import Source

_HEADER_BYTES = 64 << 10
_SECONDS = 2.0
_LONGEST_SECONDS = 30.0
"""A catalog to which nothing is written is asked about this often at least."""
_SLOWER = 1.5
_DAY_SECONDS = 86_400
KEPT_DAYS = 30
"""What was fetched of a catalog that nobody has opened for so long is removed from the cache."""


def is_far_catalog(word: str) -> bool:
    """Say whether a word is the URI of a catalog."""
    scheme = word.partition("://")[0].lower()
    return is_uri(word) and scheme in ("ssh", "s3", "gs", "az", "http", "https") and re.split("[?#]", word, maxsplit=1)[0].endswith(ENDING)  # fmt: skip


class Reached:
    """A catalog that lies elsewhere, and the file that stands in for it."""

    def __init__(self, catalog: FarCatalog, path: Path) -> None:
        self.catalog, self.path = catalog, path
        self.title, self.why_not_writable = catalog.title, catalog.why_not_writable
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self.refresh()

    @property
    def note(self) -> str:
        """What is to be known of it right now."""
        return self.catalog.note

    def view(self) -> FarView:
        """Give the newest state that is known."""
        return self.catalog.view()

    def wake(self) -> None:
        """Let it be asked soon how it is."""
        self.catalog.is_outdated.set()

    def refresh(self) -> None:
        """Let the file be as long as the newest state, with its header; whoever looks at it sees that something was written."""
        view = self.catalog.view()
        part = self.path.with_name(".part")
        with open(part, "wb") as stream:
            stream.write(view.read(0, min(_HEADER_BYTES, view.size_bytes)))
            stream.truncate(view.size_bytes)
        part.replace(self.path)

    def follow(self) -> None:
        """Ask from now on again and again how it is, less often while nothing is written."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="artui-far", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End it, and take the stand-in away."""
        self._ends.set()
        self.catalog.close()
        far.forget(self.path)
        shutil.rmtree(self.path.parent, ignore_errors=True)

    def _follow(self) -> None:
        first_seconds = max(_SECONDS, load_settings().refresh_seconds)
        seconds = first_seconds
        while True:
            # A read that found an older state gone wants the newer one at once.
            if self.catalog.is_outdated.wait(seconds):
                self.catalog.is_outdated.clear()
            if self._ends.is_set():
                return
            is_news = False
            with contextlib.suppress(ArtuiError, OSError):
                is_news = self.catalog.look()
                if is_news:
                    self.refresh()
            seconds = first_seconds if is_news else min(_LONGEST_SECONDS, seconds * _SLOWER)


def reach(uri: str, *, tell: Tell | None = None, may_ask: bool = False) -> Reached:
    """Reach a catalog that lies elsewhere; what stands in for it is taken away when the process ends.

    Args:
        uri: where it lies.
        tell: told how far it is.
        may_ask: whether `ssh` may ask for a password or a host's key on the terminal.

    Raises:
        UsageError: the URI cannot be one.
        PackageMissing: a package or program that is needed is not installed.
        CatalogError: it is not there, or cannot be reached, and nothing of it is in the cache.
    """
    place = place_of(uri)
    name = place.uri.rpartition("/")[2] or f"catalog{ENDING}"
    folder = _folder_of(place, name)
    catalog = FarCatalog(_source(place, may_ask=may_ask), folder)
    try:
        catalog.look(tell)
        beside = Path(tempfile.mkdtemp(prefix="artui-far-"))
        path = Path(os.path.realpath(beside)) / name
        reached = Reached(catalog, path)
        far.stand_in(path, reached)
    except BaseException:
        catalog.close()
        raise
    atexit.register(reached.close)
    return reached


def _source(place: Place, *, may_ask: bool) -> Source:
    if place.scheme == "ssh":
        from artui.travel.far.shell import ShellSource

        return ShellSource(place, may_ask=may_ask)
    if not place.path.strip("/"):
        raise UsageError(f"{place.uri!a} names no catalog.", remedy=f"Such as {place.scheme}://bucket/x{ENDING}.")
    from artui.travel.far.bucket import BucketSource

    return BucketSource(place)


def _folder_of(place: Place, name: str) -> Path:
    """Give the folder of the cache for a catalog: the same for the same place, whoever is allowed to read it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "") if place.scheme == "s3" else ""
    key = "\0".join((place.scheme, place.user, place.host, str(place.port), without_query(place.uri), endpoint))
    stem = re.sub("[^A-Za-z0-9._-]+", "-", name.removesuffix(ENDING))[:40].strip(".-") or "catalog"
    home = private_folder(cache_folder() / "far")
    folder = private_folder(home / f"{stem}-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}")
    _remove_unused(home, folder)
    return folder


def _remove_unused(home: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(folder)
        before = time.time() - KEPT_DAYS * _DAY_SECONDS
        for other in home.iterdir():
            if other.is_dir() and not other.is_symlink() and other.stat().st_mtime < before:
                shutil.rmtree(other, ignore_errors=True)
