"""A store that a file system of fsspec reaches, where the user has it: `hf://`, `sftp://`, `hdfs://` and what else there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from artui.content.stores.places import Place, without_query
from artui.content.stores.store import PIECE_BYTES, Pieces, Store
from artui.errors import ArtuiError, PackageMissing
from artui.foreign import ask

_PACKAGES = {"hf": "huggingface_hub", "sftp": "paramiko", "gcs": "gcsfs", "abfs": "adlfs", "dropbox": "dropboxdrivefs"}
_AT_CLOSE = ("hf",)
"""These write a file when it is closed, whole or not at all."""
_Answer = TypeVar("_Answer")


class ForeignStore(Store):
    """Objects below a folder of a file system of fsspec."""

    def __init__(self, place: Place) -> None:
        self.uri = place.uri
        self._is_whole_at_close = place.scheme in _AT_CLOSE
        package = _PACKAGES.get(place.scheme, "fsspec")
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise PackageMissing(f"{place.scheme}:// needs the package {package}, which is not installed here.", remedy=f"pip install {package}") from error  # fmt: skip

        def missing(error: Exception) -> None:
            if isinstance(error, ImportError):
                raise PackageMissing(
                    f"{place.scheme}:// needs the package {package}, which is not installed here.", remedy=f"pip install {package}"
                ) from error  # fmt: skip
            raise self.failed("", f"cannot be opened ({type(error).__name__})", remedy="Is its name right, and is its package there?") from error  # fmt: skip

        found: Any = ask(url_to_fs, without_query(place.secret_uri), otherwise=missing)
        self._system, root = found
        self._root = str(root).rstrip("/")

    def size(self, name: str) -> int | None:
        """Ask for the size of a file."""
        try:
            facts = self._tried(name, lambda: self._system.info(self._path(name)))
        except FileNotFoundError:
            return None
        return int(facts["size"]) if facts.get("type") == "file" else None

    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Read a file from `start` up to `stop`."""
        try:
            stream = self._tried(name, lambda: self._system.open(self._path(name), "rb", block_size=4 * PIECE_BYTES))
        except FileNotFoundError as error:
            raise self.failed(name, "is not there", remedy="`artui relocate` mends what was moved.") from error
        with contextlib.closing(stream):
            self._tried(name, lambda: stream.seek(start))
            place = start
            while place < stop and (piece := self._tried(name, partial(stream.read, min(PIECE_BYTES, stop - place)))):
                place += len(piece)
                yield bytes(piece)

    def put(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write a file, which has its name once all of it is there."""
        target = self._path(name)
        folder = target.rpartition("/")[0]
        part = target if self._is_whole_at_close else f"{folder}/.part-{os.urandom(8).hex()}"
        self._tried(name, lambda: self._system.makedirs(folder, exist_ok=True))
        stream = self._tried(name, lambda: self._system.open(part, "wb"))
        is_whole, there_bytes = False, 0
        try:
            for piece in pieces:
                there_bytes += len(piece)
                self._tried(name, partial(stream.write, piece))
            if there_bytes != size_bytes:
                raise self.failed(name, f"would have {there_bytes:,} instead of {size_bytes:,} bytes")
            self._tried(name, stream.close)
            is_whole = True
            if part != target:
                self._tried(name, lambda: self._system.mv(part, target))
        finally:
            if not is_whole:
                ask(getattr(stream, "discard", stream.close), otherwise=lambda _: None)
            if part != target:
                ask(lambda: self._system.rm(part) if self._system.exists(part) else None, otherwise=lambda _: None)
        if (kept_bytes := self.size(name)) != size_bytes:
            raise self.failed(name, f"has {kept_bytes or 0:,} instead of {size_bytes:,} bytes")

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """List the files below a folder."""
        try:
            found = self._tried("", lambda: self._system.find(self._path(folder), detail=True))
        except FileNotFoundError:
            return
        for path, facts in found.items():
            yield str(path)[len(self._root) + 1 :], int(facts["size"])

    def remove(self, name: str) -> None:
        """Remove a file."""
        with contextlib.suppress(FileNotFoundError):
            self._tried(name, lambda: self._system.rm_file(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _tried(self, name: str, action: Callable[[], _Answer]) -> _Answer:
        def translated(error: Exception) -> _Answer:
            if isinstance(error, FileNotFoundError | ArtuiError):
                raise error
            raise self.failed(name, f"fails ({type(error).__name__})", remedy="Try again; what is there is kept.") from error  # fmt: skip

        return ask(action, otherwise=translated)
